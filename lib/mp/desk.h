/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_DESK_H
#define MP_DESK_H

#include "mp/share_wire.h"

#include <promp/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The desk: memory through which one worker asks its manager for blocks of containers, and gets
 * them, without a frame and the threads that it passes. The worker writes a question at a place of
 * the sheet and posts the place; a server of the manager takes it, fills the place's bytes in the
 * tray, and counts an answer there. Who looks already sees it; who sleeps is woken: a server by its
 * bell, an eventfd, a thread of the worker by a futex, the answers' count.
 *
 * The sheet both can write, the tray the worker can only read: what a container's callback does
 * with the bytes while it makes them, nobody can change under its hands. A worker may be
 * compromised: a question is copied before it is checked.
 */

enum {
    DESK_PLACES = 16, /* questions that a worker may have open here */
    DESK_PLACE_BYTES = 256 << 10,
    DESK_TEXT_BYTES = PRO_ERROR_TEXT_BYTES, /* of a failure */
    DESK_SHEET_BYTES = 4096,
    DESK_TRAY_HEAD_BYTES = 4096,
    DESK_TRAY_BYTES = DESK_TRAY_HEAD_BYTES + DESK_PLACES * DESK_PLACE_BYTES,
    DESK_FDS = 3, /* sheet, tray, bell: how a worker gets them */
    DESK_SPIN_NS = 50000
};

typedef struct DeskQuestion {
    _Alignas(64) _Atomic uint64_t number;
    _Atomic uint64_t offset;
    _Atomic uint64_t size; /* 1 to DESK_PLACE_BYTES */
} DeskQuestion;

/* Written by the worker; the manager clears bits of `posted`. */
typedef struct DeskSheet {
    _Alignas(64) _Atomic uint32_t posted;   /* bits of places: asked, and taken by nobody */
    _Alignas(64) _Atomic uint32_t sleepers; /* bits: wake who waits for the answer there */
    DeskQuestion questions[DESK_PLACES];
} DeskSheet;

typedef struct DeskAnswer {
    _Alignas(64) _Atomic uint32_t count; /* answers given at this place, in all; a futex */
    _Atomic uint32_t status;             /* a ProStatus; of a failure the place holds the text */
} DeskAnswer;

/* Written by the manager. */
typedef struct DeskTrayHead {
    _Alignas(64) _Atomic uint32_t watchers; /* servers that look without a bell */
    DeskAnswer answers[DESK_PLACES];
} DeskTrayHead;

/* One end's view. */
typedef struct DeskView {
    DeskSheet *sheet;
    DeskTrayHead *tray; /* read-only in the worker */
    int bell;
} DeskView;

/* A sheet's memfd, which can neither grow nor shrink, and its mapping. */
ProStatus desk_sheet_new(int *ret_fd, DeskSheet **ret_sheet, ProError *reterr);
/* Consumes `fd`. */
ProStatus desk_sheet_map(int fd, DeskSheet **ret_sheet, ProError *reterr);
void desk_sheet_unmap(DeskSheet *sheet); /* NULL is allowed */

static inline uint8_t *desk_place(const DeskView *view, uint32_t place)
{
    return (uint8_t *)view->tray + DESK_TRAY_HEAD_BYTES + (size_t)place * DESK_PLACE_BYTES;
}

/* Wakes a server. */
void desk_ring(const DeskView *view);

/* ---- the worker's side ---- */

void desk_post(const DeskView *view, uint32_t place, const ShareRead *question);
/* After posting: rings unless a server looks anyway. */
void desk_call(const DeskView *view);

bool desk_is_answered(const DeskView *view, uint32_t place, uint32_t count);
/* Looks whether the place has `count` answers for as long as that pays, which `spin_ns` learns. */
bool desk_look(const DeskView *view, uint32_t place, uint32_t count, _Atomic uint32_t *spin_ns);
/* Sleeps until it may have them, or for a while. If a question was not taken by now, it rings for
 * one more server. True if a signal handler ran. */
bool desk_sleep(const DeskView *view, uint32_t place, uint32_t count);

/* ---- the manager's side ---- */

/* A posted place, which is not posted any more; -1 if there is none. */
int desk_take(const DeskView *view);
void desk_answer(const DeskView *view, uint32_t place, uint32_t count, ProStatus status);
/* Looks whether something is posted for as long as that pays; true if so. */
bool desk_watch(const DeskView *view, _Atomic uint32_t *spin_ns);

#endif
