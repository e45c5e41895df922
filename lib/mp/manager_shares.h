/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_MANAGER_SHARES_H
#define MP_MANAGER_SHARES_H

#include "mp/manager_private.h"
#include "mp/share_wire.h"

#include <promp/container.h>

/*
 * What a manager's files know of shared containers: manager_shares.c (by name), manager_blocks.c
 * (read in blocks), manager_attached.c (those that travel with tasks and results).
 *
 * Guarded by the port's lock; functions expect it to be held unless they say otherwise.
 */

typedef struct Share {
    ListLink link; /* Shares::blocks, if it is read in blocks, or was by a far worker */
    ProContainer *container;
    ShareAnswer answer; /* without tail, but for bytes: lent from the container */
    int fd;             /* the container's, or -1 */
    bool attached;      /* to a task: not for every worker */
    char name[];        /* "" if attached */
} Share;

struct Shares {
    Share **items; /* by name, ascending */
    size_t count;
    size_t capacity;
    uint64_t next_number;
    ListLink blocks;    /* Share::link */
    ListLink questions; /* BlockQuestion::link */
    pthread_cond_t asked;
    pthread_t server;
    bool server_runs;
    bool end;
};

/* The arguments' containers of one task, or of its copies for several workers. Counted. */
struct Attachments {
    atomic_uint references;
    size_t count;
    Share *shares[];
};

/* ---- manager_shares.c ---- */

/* Not locked. `name`: "" if it is attached. May copy the bytes into a memfd. */
ProStatus share_new(const char *name, ProContainer *container, Share **ret_share, ProError *reterr);
void share_free(Share *share); /* not locked */
bool share_is_blocks(const Share *share);
/* Makes the table if there is none, and the thread that serves blocks if it is needed. */
ProStatus shares_ensure(ProManager *manager, bool server, ProError *reterr);

/* Answers to a worker's question. */
void share_answer(Slot *slot, uint64_t request, Share *share);
void share_post_failure(Slot *slot, uint64_t request, ProStatus status, const char *text);
/* Made without the lock where it may be large. */
Parcel *share_answer_parcel(
        const ShareAnswer *answer, const void *tail, size_t tail_size, ProError *reterr);
void share_post_again(Slot *slot, uint64_t request);
/* A descriptor that the answer to come refers to; `size`: of memory made for it. PRO_ERR_FULL if
 * the worker must take others first. */
ProStatus share_send_fd(Slot *slot, int fd, uint64_t size, ProError *reterr);
/* PRO_ERR_FULL as well. */
ProStatus share_post_parcel(Slot *slot, uint64_t request, const Parcel *parcel);

/* ---- manager_blocks.c ---- */

void blocks_add(Shares *shares, Share *share); /* gives it its number */
/* The share that the slot's worker may read in blocks under that number, or NULL. */
const Share *blocks_find(const Slot *slot, uint64_t number);
ProStatus blocks_serve(ProManager *manager, ProError *reterr); /* starts the thread */
void blocks_end(ProManager *manager);                          /* not locked */

#endif
