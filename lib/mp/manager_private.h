/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_MANAGER_PRIVATE_H
#define MP_MANAGER_PRIVATE_H

#include "core/buffer.h"
#include "core/list.h"
#include "mp/blob.h"
#include "mp/board.h"
#include "mp/death.h"
#include "mp/ending.h"
#include "mp/frame.h"
#include "mp/launcher.h"
#include "mp/message.h"
#include "mp/owner_thread.h"
#include "mp/port.h"

#include <limits.h>
#include <promp/container.h>
#include <promp/manager.h>
#include <promp/text.h>
#include <promp/worker.h>

/*
 * The inside of a manager. Its files, by noun:
 *   manager.c          the object: creation, options, close, the calls' guards
 *   manager_engine.c   the native thread: waits, deadlines
 *   manager_protocol.c what workers say: frames, records, violations
 *   manager_launch.c   how a slot gets a process, and what the launcher says of it
 *   manager_hosts.c    other machines: the gateway, who is there
 *   manager_slots.c    worker ids and the processes behind them: stop, death, replacement
 *   manager_workers.c  the public calls on workers
 *   manager_tasks.c    tasks: giving, dispatch, windows, endings
 *   manager_abort.c    the ladder of cancel
 *   manager_output.c   the workers' stdout and stderr
 *   manager_delivery.c what the owner thread gets: events, results; the calls that wait
 *   manager_messages.c the program's own messages, both ways
 *   manager_shares.c   containers that workers may ask for
 *   manager_blocks.c   those of them that are read in blocks
 *   manager_desks.c    the memory through which local workers get blocks
 *   manager_servers.c  the threads that read blocks for workers
 *   manager_attached.c containers among a task's arguments and results
 *   manager_waits.c    wait objects
 *   manager_boxes.c    boxes of workers that have no window
 *
 * Two threads: the owner (the port's front thread) and the engine (its background thread).
 * Everything is guarded by the port's lock unless it is marked "owner". Functions here expect the
 * lock to be held unless they say otherwise.
 */

typedef struct Slot Slot;
typedef struct Shares Shares;
typedef struct Attachments Attachments;
typedef struct Desk Desk;
typedef struct Hosts Hosts;

/* ---- what waits for the owner ---- */

typedef enum EventKind { EVENT_OUTPUT, EVENT_ENDING } EventKind;

typedef struct Event {
    ListLink link; /* ProManager::events */
    EventKind kind;
    ProWorkerId worker; /* 0: the manager's own notice */
    int stream;         /* OUTPUT: 0 stdout, 1 stderr */
    Buffer output;
    ProEnding *ending; /* ENDING, whose event stands inside its Task; NULL without memory */
} Event;

/* ---- tasks and messages on their way to a worker ---- */

/* Encoded bytes, shared by the copies of what is given to PRO_WORKER_ALL. Counted. */
typedef struct Parcel {
    unsigned references;
    int blob_fd; /* -1: the bytes stand in data */
    uint64_t size;
    uint8_t data[];
} Parcel;

typedef struct Task {
    ListLink link; /* ProManager::any_tasks, Slot::queued or Slot::in_flight */
    Event event;   /* its ending, so that delivering it needs no memory */
    ProTaskId id;
    bool may_move; /* given to PRO_WORKER_ANY */
    bool want_result;
    int abort_ms;    /* -1; else the ladder's time once it is the oldest in flight */
    unsigned deaths; /* workers that died of it */
    Parcel *parcel;
    Attachments *attachments;  /* containers of the arguments; NULL: none */
    ProContainer **containers; /* of the result that is on its way; NULLs that failed */
    size_t container_count;
    size_t container_base; /* where those of the present run begin */
} Task;

/* A message that could not be sent yet: the worker starts, or too many blobs are under way. */
typedef struct OutgoingMessage {
    ListLink link; /* Slot::outgoing */
    uint32_t id;
    Parcel *parcel;
} OutgoingMessage;

/* ---- slots: a worker's id, and the process that stands behind it now ---- */

typedef enum SlotState {
    SLOT_REQUESTED, /* the launcher was asked; no pid yet */
    SLOT_STARTED,   /* there is a process, whose pid is known; it has not said hello */
    SLOT_READY,     /* it takes tasks */
    SLOT_DEAD       /* no process, and none will come */
} SlotState;

/* Output of one stream that does not make a whole packet or line yet. */
typedef struct OutputStream {
    int fd; /* read end; -1 when at its end */
    Buffer line;
} OutputStream;

typedef enum AbortStage {
    ABORT_NONE,
    ABORT_FLAG,
    ABORT_INTERRUPT,
    ABORT_TERM,
    ABORT_KILL
} AbortStage;

typedef struct Abort {
    AbortStage stage; /* reached */
    ProTaskId task;   /* 0 with a stage: the worker itself is being stopped */
    uint64_t start_ns;
    uint64_t total_ns;
} Abort;

/* In all, since the process began. */
typedef struct UnreadCount {
    uint64_t message_cost; /* as credit counts it, large ones only with what is in the frame */
    uint64_t bytes;        /* of all other records */
    uint64_t descriptors;  /* of answers */
    uint64_t descriptor_bytes;
} UnreadCount;

/* What the process behind a slot was sent, and how much of that it has shown to have read. */
typedef struct Unread {
    UnreadCount sent;
    UnreadCount read;
    UnreadCount asked;    /* what had been sent when `receipt` was */
    uint64_t receipt;     /* that the worker has yet to send back; 0: none */
    size_t message_bytes; /* of message records in the frame being built */
} Unread;

struct Slot {
    ProManager *manager;
    ProWorkerId id;
    SlotState state;
    bool spare;    /* not given out yet */
    bool stopping; /* the id is gone; the process is on its way */
    bool stop_sent;
    bool far; /* its processes are on other machines */

    /* the process */
    uint32_t generation; /* counts processes; part of the launch request */
    pid_t pid;
    int pidfd;
    bool is_child;   /* exec'd by us: we reap it */
    bool launching;  /* its request is being sent */
    uint32_t host;   /* 0: this machine */
    int64_t far_pid; /* on that machine; pid is its stand-in's here */
    Board *board;
    int channel;
    OutputStream streams[2]; /* stdout, stderr */
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    uint8_t secret[MP_SECRET_BYTES];
    uint64_t start_deadline_ns;
    uint64_t status_deadline_ns; /* seen dead, exit status still to come; 0: not */
    unsigned launch_attempts;
    unsigned start_failures; /* in a row */
    unsigned barren_deaths;  /* in a row, with tasks sent and none ever begun or ended */
    bool ended_any;          /* the process has ended a task */
    unsigned restarts;
    bool violated;
    int signal_sent; /* by the ladder, the last; 0: none */
    char *death_detail;
    ProDeath *last_death;

    /* the protocol */
    Buffer frame;   /* the batch being built */
    ListLink dirty; /* ProManager::dirty, while the batch may hold records */
    uint32_t sequence;
    uint32_t expected_sequence;
    uint64_t lane_received;
    Unread unread;

    /* tasks */
    ListLink queued;    /* Task::link, bound to this slot, not sent */
    ListLink waiting;   /* ProManager::waiting, while queued is not empty */
    ListLink in_flight; /* Task::link, sent, oldest first */
    size_t queued_count;
    size_t in_flight_count;
    uint64_t in_flight_bytes;
    size_t window; /* tasks that may be in flight */
    uint64_t busy_since_ns;
    uint64_t average_ns; /* of a task, lately */
    bool recall_pending;
    uint64_t blocked_until_ns; /* the fd channel is full: try again then; 0: it is not */
    Abort abort;

    /* messages */
    ListLink messages;      /* ProMessage::worker_link */
    ListLink outgoing;      /* OutgoingMessage::link */
    bool sender_waits;      /* the program was refused: tell it when there is room */
    uint64_t received_cost; /* from the worker, in all */
    uint64_t popped_cost;   /* of those, popped by the program */
    uint64_t told_cost;     /* of those, told to the worker */
    uint64_t sent_cost;     /* to the worker, in all */
    uint64_t consumed_cost; /* of those, read by the worker */

    /* output */
    size_t output_pending;
    bool output_paused;
    bool output_settled;          /* for the frame that is handled now */
    Event *last_event;            /* the newest one of this slot, if it is output ... */
    uint64_t last_event_delivery; /* ... and this is the number of the delivery to come */
    char tail[MP_OUTPUT_TAIL_BYTES];
    size_t tail_size; /* in all; the ring's end is tail_size modulo */

    /* wait object and boxes */
    ProRemoteWait *wait;
    size_t box_count;
    unsigned box_notices; /* told of boxes that nobody could answer */

    size_t share_reads; /* blocks it asked for by frames and did not get yet */
    Desk *desk;         /* through which it gets the others; NULL until it was sent */
};

struct ProRemoteWait {
    ListLink link;       /* ProManager::waits */
    ProManager *manager; /* NULL once that is freed, or the worker */
    ProWorkerId worker;
    const ProWaitOps *ops;
    void *user;
    bool dirty;
    bool has_value;
    bool has_text;
    int64_t value;
    char text[PRO_WAIT_TEXT_MAX + 1];
    bool stopped;
    bool abort_told;
    bool replaced;   /* a later wait object took over */
    uint64_t serial; /* ascending: the order of delivery */
};

struct ProManager {
    Port port;
    pthread_t owner;
    uint32_t process; /* process_generation() */
    pthread_t engine;
    bool engine_runs;
    int engine_wake; /* an eventfd: deadlines changed, or end */
    pthread_cond_t slots_changed;
    char socket_path[108];
    bool closing;
    bool end_engine;
    bool draining; /* frames are being received: whoever sends now need not look for input */

    /* settings */
    uint32_t options;
    unsigned spare_count;
    uint64_t spares_ns;     /* when the engine starts spares for those that were taken; 0: not */
    char program[PATH_MAX]; /* "": search */
    uint64_t memory_limit;
    uint64_t pending_limit;
    Buffer setup;

    /* workers */
    Launcher launcher;
    Launcher gateway;  /* to other machines; not connected before pro_manager_listen() */
    int gateway_pidfd; /* -1: none */
    Hosts *hosts;      /* NULL: it does not listen */
    bool places_far;   /* workers to come go to other machines */
    Slot **slots;      /* ids ascending */
    size_t slot_count;
    ProWorkerId next_worker;
    int64_t oom_kills;
    bool stranger_told;

    /* tasks */
    ProTaskId next_task;
    ListLink any_tasks; /* Task::link, for the first worker that is free */
    ListLink waiting;   /* Slot::waiting */
    ListLink dirty;     /* Slot::dirty */
    size_t in_flight_total;
    uint64_t rebalance_ns; /* when the engine looks again whether tasks should move; 0: not */

    Shares *shares; /* NULL until the first */

    /* delivery */
    int deliver_fd;    /* an eventfd, readable while `deliverable` */
    bool deliverable;  /* something waits for the owner */
    uint64_t delivery; /* counts what was taken from `events` */
    bool fd_raised;    /* deliver_fd is readable */
    OwnerLink owned;   /* among all managers of the owner thread */
    bool owner_pumps;  /* the owner looks anyway: no need to make deliver_fd readable */
    ListLink events;   /* Event::link */
    ListLink messages; /* ProMessage::link */
    ListLink waits;    /* ProRemoteWait::link */
    ListLink boxes;    /* ProShownBox::link; the first may be on the screen */
    uint64_t next_box;
    atomic_bool interrupted;

    /* owner */
    size_t busy_count;
    ListLink results; /* ProEnding::link */
    bool delivering;
    int box_fd;     /* readable when the box that is out may be answered; -1: none */
    bool box_looks; /* nothing tells: look */
    char typed[16]; /* of a line on the terminal, for a box */
    size_t typed_size;
    ProOutputFn output_handler;
    void *output_user;
};

/* epoll tags of the engine: a kind and a slot's id */
typedef enum Tag {
    TAG_SOCKET,
    TAG_WAKE,
    TAG_LAUNCHER,
    TAG_GATEWAY,
    TAG_PROCESS,
    TAG_STDOUT,
    TAG_STDERR
} Tag;
#define MANAGER_TAG(kind, id) ((uint64_t)(kind) << 32 | (id))

/* ---- manager.c ---- */

/* Not locked. Every public call begins here. */
ProStatus manager_enter(const ProManager *manager, ProError *reterr);
/* The slot of an id that the program may use; NULL (and reterr) if it never was, or is gone. */
Slot *manager_find_slot(ProManager *manager, ProWorkerId worker, ProError *reterr);
Slot *manager_any_slot_by_id(ProManager *manager, ProWorkerId worker); /* stopping ones as well */
bool slot_is_public(const Slot *slot);

/* ---- manager_engine.c ---- */

ProStatus engine_start(ProManager *manager, ProError *reterr);
void engine_stop(ProManager *manager); /* not locked */
void engine_wake(ProManager *manager);

/* ---- manager_protocol.c ---- */

/* Handles frames that have come, at most MP_DRAIN_FRAMES_MAX; true if there may be more. */
bool protocol_drain(ProManager *manager);
/* The frames that a dead worker left on its board. */
void protocol_salvage(Slot *slot);
/* Appends a record; flushed by protocol_flush() or when the batch is full. */
void protocol_post(Slot *slot, FrameType type, uint64_t id, const void *payload, size_t size);
/* PRO_ERR_FULL: too many blobs under way; nothing was posted. */
ProStatus protocol_post_blob(Slot *slot, FrameType type, uint64_t id, int fd, uint64_t size);
void protocol_flush(Slot *slot);
void protocol_reset(Slot *slot); /* for a new process */
/* The payload, inside the packet or from the fd channel; false after a violation. */
bool protocol_take_payload(
        Slot *slot, Packet *packet, const FrameRecord *record, Payload *ret_payload);
/* The worker did what no worker of ours does: say so, kill it. */
void protocol_violation(Slot *slot, const char *what);

/* ---- manager_unread.c ---- */

/* A message's record was appended to the batch. */
void unread_add_message(Slot *slot, size_t size);
/* A descriptor was sent that goes with an answer; `size`: of memory that was made for it. */
void unread_add_descriptor(Slot *slot, uint64_t size);
/* Whether there may be one more; if not, the answer is to ask again: that is a refusal. */
bool unread_takes_descriptor(const Slot *slot);
void unread_add_refusal(Slot *slot);
/* The batch is about to be sent: may append to it; kills a worker that leaves too much unread. */
void unread_on_flush(Slot *slot);
void unread_on_receipt(Slot *slot, uint64_t receipt);

/* ---- manager_launch.c ---- */

/* Starts a process for the slot, which has none. On failure the slot is SLOT_DEAD. */
ProStatus slot_start_process(Slot *slot, ProError *reterr);
void slots_on_launcher(ProManager *manager, Launcher *launcher);
/* Closes the connection to the nursery; what it was asked for is asked of another. A gateway's
 * workers are gone with it. */
void slots_launcher_lost(ProManager *manager, Launcher *launcher);
Launcher *slot_launcher(const Slot *slot);
int64_t slot_pid(const Slot *slot); /* on its machine; 0: not known yet */
void slot_start_failed(Slot *slot, const char *text);

/* ---- manager_hosts.c ---- */

/* Of a host, or a notice. */
void hosts_on_event(ProManager *manager, const LaunchEvent *event);
void hosts_lost(ProManager *manager); /* the gateway is gone */
void hosts_free(ProManager *manager);

/* ---- manager_slots.c ---- */

ProStatus slot_new(ProManager *manager, bool spare, Slot **ret_slot, ProError *reterr);
void slots_keep_spares(ProManager *manager);
void slots_abandon(
        ProManager *manager); /* at the end of close: forgets those that did not die in time */
void slot_remove(Slot *slot);
void slot_drop_process(Slot *slot);
void slot_replace_process(Slot *slot);
/* wait_status: NULL if it is not known. */
void slot_bury(Slot *slot, const int *wait_status, uint64_t peak_rss_bytes);
void slot_on_process_exit(Slot *slot);
void slot_on_deadline(Slot *slot, uint64_t now_ns);
uint64_t slot_next_deadline(const Slot *slot);
/* SIGKILL, SIGTERM: its whole group. Nothing where no process is known yet: one that is not wanted
 * any more ends with its channel. */
void slot_kill(Slot *slot, int signal_number);
void slot_begin_stop(Slot *slot, int timeout_ms);
/* A stopping slot that has nothing to do any more is asked to exit. */
void slot_stop_if_idle(Slot *slot);
bool slot_takes_work(const Slot *slot); /* now or once it has started */

/* ---- manager_tasks.c ---- */

void tasks_dispatch(ProManager *manager); /* to whoever has room; flushes */
/* Puts a task that is in no list into the slot's queue, at its id's place. */
void tasks_queue(Slot *slot, Task *task);
/* Not locked: it may release containers. Locked only where somebody else has the attachments. */
void task_free(ProManager *manager, Task *task);
/* The task in flight with that id, or NULL. */
Task *tasks_find_in_flight(Slot *slot, ProTaskId id);
void tasks_returned(Slot *slot, Task *task);
/* Removes the task from its list and queues its ending for the owner. Takes `ending` and `task`. */
void tasks_end(Slot *slot, Task *task, ProEnding *ending);
/* The same for a task that is in no slot's count, with an ending made here. */
void tasks_end_as(ProManager *manager, ProWorkerId worker, Task *task, ProEndingKind kind,
        ProAbortRung rung, const ProDeath *death, const char *message);
void tasks_window_update(Slot *slot, size_t endings);
/* What was in flight when the process died. */
void tasks_on_death(Slot *slot, const ProDeath *death);
/* Everything that is queued for the slot ends as aborted. */
void tasks_cancel_queued(Slot *slot);
/* The slot stays dead: what is queued for it ends as died. */
void tasks_bury_queued(Slot *slot);
/* Tasks for any worker end if there is none left that could ever take them. */
void tasks_end_stranded(ProManager *manager, const ProDeath *death);

/* ---- manager_give.c ---- */

Parcel *parcel_new(const struct iovec *segments, size_t count, ProError *reterr);
void parcel_unref(Parcel *parcel);

/* ---- manager_abort.c ---- */

void abort_begin(Slot *slot, ProTaskId task, int timeout_ms);
void abort_on_deadline(Slot *slot, uint64_t now_ns);
uint64_t abort_next_deadline(const Slot *slot);
ProAbortRung abort_rung(const Slot *slot);

/* ---- manager_output.c ---- */

ProStatus output_open(Slot *slot, int ret_write_fds[2], ProError *reterr);
/* Reads what is there; `all`: to the end, whatever is pending. */
void output_read(Slot *slot, int stream, bool all);
/* At a task's end: everything written so far, unfinished lines included. */
void output_settle(Slot *slot);
/* The same once per frame, however many tasks end in it. */
void output_settle_once(Slot *slot);
void output_close(Slot *slot);
void output_delivered(ProManager *manager, ProWorkerId worker, size_t size);
char *output_tail(const Slot *slot); /* caller frees; NULL if there is none */
/* One line on the manager's stderr, unless PRO_OPT_QUIET. */
void output_notice(ProManager *manager, const char *format, ...) PRO_PRINTF(2, 3);

/* ---- manager_delivery.c ---- */

void delivery_signal(ProManager *manager); /* something waits for the owner */
void delivery_free_all(ProManager *manager);
/* Not locked, owner: delivers what is there; true if there was anything. */
bool delivery_run(ProManager *manager);
/* Not locked, owner: waits for more. PRO_ERR_TIMEOUT, PRO_ERR_ABORTED. */
ProStatus delivery_wait(ProManager *manager, uint64_t deadline_ns);

/* ---- manager_messages.c ---- */

void messages_send_outgoing(Slot *slot);
/* The process is gone: what was sent to it is lost with it; what was not goes to the next. */
void messages_forget_counts(Slot *slot);
/* The id is gone: its messages stay until they are read. */
void messages_part(Slot *slot);

/* ---- manager_shares.c ---- */

void shares_on_get(Slot *slot, const FrameRecord *record);
void shares_on_list(Slot *slot, const FrameRecord *record);
void shares_on_read(Slot *slot, const FrameRecord *record);
void shares_end(ProManager *manager);  /* not locked: nothing is served any more */
void shares_free(ProManager *manager); /* not locked */

/* ---- manager_desks.c ---- */

void desk_forget(Slot *slot); /* the process is gone, or comes */

/* ---- manager_attached.c ---- */

/* The containers that were written into `arguments`; NULL if there are none. Not locked. */
ProStatus attachments_new(ProManager *manager, const ProWriter *arguments,
        Attachments **ret_attachments, ProError *reterr);
Attachments *attachments_ref(Attachments *attachments);
/* Not locked if it may be the last reference. NULL is allowed. */
void attachments_unref(ProManager *manager, Attachments *attachments);
void attached_on_take(Slot *slot, const FrameRecord *record);
void attached_on_container(Slot *slot, Packet *packet, const FrameRecord *record);

/* ---- manager_waits.c ---- */

void waits_on_progress(Slot *slot, const FrameProgress *progress);
void waits_deliver(ProManager *manager); /* not locked, owner */
void waits_free_all(ProManager *manager);

/* ---- manager_boxes.c ---- */

void boxes_on_box(Slot *slot, const FrameRecord *record);
void boxes_on_drop(Slot *slot, uint64_t id);
void boxes_forget(Slot *slot);           /* the process is gone */
void boxes_deliver(ProManager *manager); /* not locked, owner */
/* Descriptors that wake the owner for boxes; returns how many (at most 1). `timeout_ms`, of the
 * wait, becomes shorter where there is none. */
size_t boxes_wait_fds(const ProManager *manager, int ret_fds[1], int *timeout_ms);
void boxes_free_all(ProManager *manager); /* not locked, owner */

#endif
