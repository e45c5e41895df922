/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_WORKER_PRIVATE_H
#define MP_WORKER_PRIVATE_H

#include "core/buffer.h"
#include "core/list.h"
#include "mp/blob.h"
#include "mp/board.h"
#include "mp/frame.h"
#include "mp/lane.h"
#include "mp/message.h"
#include "mp/port.h"
#include "mp/share_wire.h"
#include "mp/worker_config.h"

#include <promp/container.h>
#include <promp/runner.h>
#include <promp/wait.h>
#include <stdatomic.h>

/*
 * The inside of a worker, shared by worker.c (messages, wait object), worker_link.c (the link
 * thread and the protocol) and worker_tasks.c (the main thread's loop).
 *
 * The main thread is the port's front thread, the link thread its background thread. What is below
 * "locked" is guarded by the port's lock.
 */

typedef struct WorkerTask {
    ListLink link; /* ProWorker::tasks */
    uint64_t id;
    FrameTask frame; /* points into payload */
    Payload payload;
    bool aborted; /* before it began: it begins with its flag raised */
} WorkerTask;

typedef struct WorkerBox {
    ListLink link; /* ProWorker::boxes */
    uint64_t id;
    ProBoxButtons answer; /* 0: not answered */
    int notify_fd;        /* an eventfd to write to when it is, or -1 */
} WorkerBox;

/* A question to the manager that somebody waits for. */
typedef struct WorkerRequest {
    ListLink link; /* ProWorker::requests */
    uint64_t id;
    bool answered;
    Payload payload;
    ShareAnswer answer; /* points into the payload */
    int fd;             /* that came with it, or -1 */
} WorkerRequest;

/* Through which blocks come without frames; worker_blocks.c knows it. */
typedef struct WorkerDesk WorkerDesk;
/* The containers of a result; worker_results.c knows them. */
typedef struct ResultContainers ResultContainers;

struct ProWorker {
    Port port;
    ProWorkerId id;
    int level;
    bool far;         /* the manager is on another machine */
    uint32_t process; /* process_generation() */
    int fds[WORKER_FD_COUNT];
    int timer_fd; /* flushes a batch that is not full */
    Board *board;
    pthread_t main_thread;
    pthread_t link_thread;
    pthread_cond_t changed; /* messages, credit, boxes: for threads that are not the front */
    atomic_bool aborted;
    atomic_bool abort_seen; /* the task looked and saw it */
    atomic_uint interrupts; /* sent to the main thread */

    /* locked */
    Buffer frame; /* the batch being built */
    Outbox outbox;
    LaneWriter lane;
    uint32_t sequence;
    uint32_t expected_sequence; /* of the manager's frames */
    uint64_t last_flush_ns;
    bool timer_armed;
    bool draining;  /* frames are being received: whoever sends now need not look for input */
    ListLink tasks; /* WorkerTask::link, not begun */
    uint64_t running;
    bool interrupt_sent;
    bool interrupt_here; /* the main thread took the record itself: its wait under way must end */
    ListLink messages;   /* ProMessage::link */
    uint64_t read_cost;  /* of messages popped, in all */
    uint64_t told_cost;  /* of those, told to the manager */
    uint64_t sent_cost;  /* of messages sent, in all */
    uint64_t consumed_cost; /* of those, read by the manager's program */
    uint64_t pending_limit;
    FrameProgress progress; /* not yet sent */
    char progress_text[PRO_WAIT_TEXT_MAX];
    bool progress_in_flight;
    ListLink boxes; /* WorkerBox::link */
    uint64_t next_box;
    ListLink requests; /* WorkerRequest::link */
    uint64_t next_request;
    unsigned questions_open; /* not answered, whether somebody still waits or not */
    WorkerDesk *desk;        /* set once; NULL until the manager sends it */
    bool stopping;
};

enum { WORKER_TAG_SOCKET = 1, WORKER_TAG_HOST, WORKER_TAG_TIMER };

/* ---- worker_link.c ---- */

ProStatus worker_link_start(ProWorker *worker, const WorkerConfig *config, ProError *reterr);

/* All with the lock held. */
void worker_drain(ProWorker *worker); /* handles what has come */
void worker_flush(ProWorker *worker);
void worker_flush_within(ProWorker *worker, uint64_t delay_ns); /* now if the last is longer ago */
/* Appends a record of segments, through the lane or as a blob if it is large. May let the lock go
 * to wait for the fd channel. `batch`: more comes soon. */
ProStatus worker_post(ProWorker *worker, FrameType type, uint64_t id, const struct iovec *segments,
        size_t count, ProError *reterr);
/* Sends a descriptor ahead of the record that goes with it. May let the lock go. */
ProStatus worker_send_fd(ProWorker *worker, int fd, ProError *reterr);
void worker_post_progress(ProWorker *worker);
/* Lets the lock go until something changed. PORT_TIMED_OUT, PORT_INTERRUPTED (front thread only).
 */
PortWait worker_block(ProWorker *worker, uint64_t deadline_ns);
bool worker_is_front(const ProWorker *worker);

/* ---- worker_tasks.c ---- */

void worker_serve(ProWorker *worker, const ProRunnerOps *ops, void *user);

/* ---- worker_shares.c ---- */

/* Locked. Takes the payload, and the descriptor that goes with it; false if it is malformed. */
bool worker_on_shared(ProWorker *worker, uint64_t id, Payload *payload);
/* Not locked: asks and waits for the answer, which is no failure. On success the caller ends the
 * request with worker_request_fini(). */
ProStatus worker_ask(ProWorker *worker, FrameType type, const void *data, size_t size,
        WorkerRequest *request, ProError *reterr);
void worker_request_fini(WorkerRequest *request);
/* The same in steps, so that several are under way: each that was posted is waited for, and ended,
 * or dropped. The answer may be SHARE_AGAIN. */
ProStatus worker_request_post(ProWorker *worker, FrameType type, const void *data, size_t size,
        WorkerRequest *request, ProError *reterr);
ProStatus worker_request_wait(ProWorker *worker, WorkerRequest *request, ProError *reterr);
void worker_request_drop(ProWorker *worker, WorkerRequest *request);

/* ---- worker_blocks.c ---- */

/* Locked. The desk's descriptors are next in the channel; false if they are not. Without room for
 * them there is no desk. */
bool worker_take_desk(ProWorker *worker);
/* Not locked. A container that the manager reads. */
ProStatus worker_open_blocks(ProWorker *worker, const ShareAnswer *answer,
        ProContainer **ret_container, ProError *reterr);
/* True for a container that the manager reads for this worker in blocks: its number. */
bool worker_blocks_number(
        const ProWorker *worker, const ProContainer *container, uint64_t *ret_number);

/* ---- worker_results.c ---- */

/* Not locked: may copy. *ret_results is NULL if the result holds no containers. */
ProStatus worker_results_prepare(const ProWorker *worker, const ProWriter *result,
        ResultContainers **ret_results, ProError *reterr);
/* Locked; before the ending. NULL is allowed. */
ProStatus worker_results_post(
        ProWorker *worker, uint64_t task, const ResultContainers *results, ProError *reterr);
void worker_results_free(ResultContainers *results); /* not locked; NULL is allowed */

/* ---- worker_boxes.c ---- */

/* Not locked. Opens a box without waiting for it; `notify_fd` is written to when it is answered.
 * PRO_ERR_FULL: too many are open. */
ProStatus worker_box_open(
        ProWorker *worker, const ProBox *box, int notify_fd, uint64_t *ret_box, ProError *reterr);
/* Not locked. True once (and then forgotten) when it was answered. */
bool worker_box_take_answer(ProWorker *worker, uint64_t box, ProBoxButtons *ret_button);
/* Not locked. Forgets it, answered or not: nobody waits for it any more. */
void worker_box_drop(ProWorker *worker, uint64_t box);
/* Locked. False if it is malformed. */
bool worker_on_box_closed(ProWorker *worker, const FrameRecord *record);

/* ---- worker.c ---- */

/* This process' worker, whatever thread asks; set once. */
void worker_set_current(ProWorker *worker);

/* ---- crash.c ---- */

/* Fatal signals write the native stack to `fd` before they do their work. */
void crash_install(int fd);

#endif
