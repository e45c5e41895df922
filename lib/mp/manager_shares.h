/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_MANAGER_SHARES_H
#define MP_MANAGER_SHARES_H

#include "mp/desk.h"
#include "mp/manager_private.h"
#include "mp/share_wire.h"

#include <promp/container.h>

/*
 * What a manager's files know of shared containers: manager_shares.c (by name), manager_blocks.c,
 * manager_desks.c and manager_servers.c (read in blocks), manager_attached.c (those that travel
 * with tasks and results).
 *
 * Guarded by the port's lock; functions expect it to be held unless they say otherwise.
 */

typedef struct Share {
    ProContainer *container;
    ShareAnswer answer; /* without tail, but for bytes: lent from the container */
    int fd;             /* the container's, or -1 */
    bool attached;      /* to a task: not for every worker */
    char name[];        /* "" if attached */
} Share;

enum {
    SERVERS_MAX = 8,
    SERVER_TURN = 64 /* blocks for one worker; then those that wait for a server are looked for */
};

/* The threads that read blocks: as many as are busy at once, and one that listens. */
typedef struct Servers {
    pthread_t threads[SERVERS_MAX];
    size_t count;
    atomic_size_t listening; /* changed with the lock held */
    atomic_bool end;
    int epoll;      /* the desks' bells and the two below, or -1 */
    int asked_bell; /* an eventfd: there is a question in Shares::questions */
    int end_bell;
} Servers;

struct Shares {
    Share **items; /* by name, ascending */
    size_t count;
    size_t capacity;
    uint64_t next_number;
    Share **numbered; /* these and those of tasks, by number, ascending */
    size_t numbered_count;
    size_t numbered_capacity;
    ListLink questions; /* BlockQuestion::link */
    Servers servers;
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
void share_answer(Slot *slot, uint64_t request, const Share *share);
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

/* Gives it its number, by which blocks of it are asked for. PRO_ERR_NO_MEMORY. */
ProStatus blocks_add(Shares *shares, Share *share, ProError *reterr);
void blocks_remove(Shares *shares, const Share *share); /* one that is not there is allowed */
/* The share that the slot's worker may read in blocks under that number, or NULL. */
const Share *blocks_find(const Slot *slot, uint64_t number);
/* A server's work: answers the oldest question that came by a frame. Lets the lock go meanwhile.
 * False if there was none. */
bool blocks_serve(ProManager *manager);
void blocks_free(Shares *shares); /* not locked: questions that nobody will answer */

/* ---- manager_desks.c ---- */

/* The descriptors of a desk for the slot's worker, which it is to be sent: the first time and if
 * that is possible. They stay the desk's. */
bool desk_prepare(Slot *slot, int ret_fds[DESK_FDS]);
/* A server's work, not locked: answers what is asked at the desk that has the tag. */
void desk_serve(ProManager *manager, uint64_t tag);

/* ---- manager_servers.c ---- */

/* Starts the first thread if there is none. */
ProStatus servers_start(ProManager *manager, ProError *reterr);
void servers_init(Servers *servers);
void servers_ring(const Servers *servers); /* for Shares::questions */
void servers_end(ProManager *manager);     /* not locked; joins them */
void servers_fini(Servers *servers);

#endif
