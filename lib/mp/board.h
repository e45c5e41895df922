/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_BOARD_H
#define MP_BOARD_H

#include "core/buffer.h"

#include <promp/ending.h>
#include <promp/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The board: memory that a worker shares with its manager, so that the manager can tell after any
 * death which task ran, can read the worker's last frames even if they never left its process, and
 * finds the stack that the crash handlers wrote.
 *
 * The worker writes, the manager reads (it writes received_frames, sender_waits and lane_returned
 * only). A worker may be compromised: everything here is a hint to the manager, copied before it is
 * parsed, and parsed like any frame.
 */

enum {
    BOARD_FRAMES = 128,           /* sent frames that stay readable */
    BOARD_OUTBOX_BYTES = 2 << 20, /* where they lie */
    BOARD_CRASH_BYTES = 64 << 10, /* text of the crash handlers; last, so that it cannot overflow */
    BOARD_HEAD_BYTES = 4096,
    BOARD_OUTBOX_OFFSET = BOARD_HEAD_BYTES,
    BOARD_LANE_BYTES = 8 << 20, /* lane.h; memory is there from the first use of a page on */
    BOARD_LANE_OFFSET = BOARD_OUTBOX_OFFSET + BOARD_OUTBOX_BYTES,
    BOARD_CRASH_OFFSET = BOARD_LANE_OFFSET + BOARD_LANE_BYTES,
    BOARD_BYTES = BOARD_CRASH_OFFSET + BOARD_CRASH_BYTES,
};

typedef struct BoardFrame {
    _Atomic uint32_t sequence;
    _Atomic uint32_t offset; /* in the outbox */
    _Atomic uint32_t size;   /* 0: not readable any more */
} BoardFrame;

typedef struct Board {
    _Atomic uint64_t running_task;    /* 0: none */
    _Atomic uint32_t next_sequence;   /* of the frame being built */
    _Atomic uint32_t received_frames; /* by the manager */
    _Atomic uint32_t open_offset;     /* the frame being built */
    _Atomic uint32_t open_size;       /* whole records of it */
    _Atomic uint64_t lane_returned;   /* by the manager: bytes of the lane, in all */
    _Atomic uint32_t sender_waits;    /* 1: wake the futex received_frames; the manager clears it */
    BoardFrame frames[BOARD_FRAMES];  /* by sequence, modulo */
} Board;

/* The memfd, sealed against a change of size; its file offset stands at the crash text. */
ProStatus board_create(int *ret_fd, ProError *reterr);
ProStatus board_map(int fd, Board **ret_board, ProError *reterr);
void board_unmap(Board *board); /* NULL is allowed */
uint8_t *board_lane(Board *board);

/* ---- the worker's side: mirror what is built in `frame` ---- */

typedef struct Outbox {
    Board *board;
    uint32_t offset;   /* of the open frame */
    uint32_t mirrored; /* its bytes that are on the board */
} Outbox;

/* After whole records were appended to the open frame. */
void outbox_mirror(Outbox *outbox, const Buffer *frame);
/* The open frame goes out; the next one begins. */
void outbox_close_frame(Outbox *outbox, const Buffer *frame);
/* True if what the manager has not received might have to be given up for the next frames: a death
 * would lose them, and with an ending the news that its task must not run again. */
bool outbox_is_crowded(const Outbox *outbox);
uint32_t outbox_received(const Outbox *outbox); /* frames, in all */
/* Until the manager has received more than that, or a millisecond long. Needs no lock. */
void outbox_wait(const Outbox *outbox, uint32_t received);

/* ---- the manager's side ---- */

void board_received(Board *board, uint32_t frames); /* so many, in all */
/*
 * Reads frame number `sequence` of a dead worker, sent or still open. False if it is not there.
 * ret_data: `capacity` bytes.
 */
bool board_salvage(
        const Board *board, uint32_t sequence, void *ret_data, size_t capacity, size_t *ret_size);
/* The crash text, NUL-terminated, printable; caller frees. NULL if there is none. */
char *board_crash_text(const Board *board);

#endif
