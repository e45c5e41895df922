/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_LIMITS_H
#define MP_LIMITS_H

/* Every number that bounds the manager/worker engine, in one place. Sizes are bytes. */

enum {
    MP_ROUTING_ID_BYTES = 16,
    MP_SECRET_BYTES = 32,

    /* Larger payloads travel as sealed memfds beside the frame. */
    MP_INLINE_PAYLOAD_MAX = 64 << 10,
    /* A batch is sent once it has grown to this. */
    MP_BATCH_BYTES = 32 << 10,
    /* What a peer may send in one ZeroMQ message: a batch, one more record, and its head. */
    MP_FRAME_MAX = MP_BATCH_BYTES + MP_INLINE_PAYLOAD_MAX + 4096,

    /* Beyond this ZeroMQ itself drops the connection, unheard; between the two the manager says
       why. */
    MP_TRANSPORT_MAX = 16 << 20,

    MP_NAME_MAX = 4096,          /* a function's name */
    MP_BOX_TITLE_MAX = 256,      /* a message box's title */
    MP_BOX_TEXT_MAX = 16 << 10,  /* and its text */
    MP_ERROR_TEXT_MAX = 4 << 20, /* an ending's type, message and traceback together */
    MP_CONFIG_MAX = 128 << 10,   /* what a worker is told at its start */

    MP_WINDOW_MAX = 256,       /* tasks a worker has beyond the one that runs */
    MP_WINDOW_BYTES = 1 << 20, /* the same in argument bytes */
    MP_OUTPUT_PENDING_MAX =
            1 << 20,              /* undelivered output of one worker; then it waits in write() */
    MP_OUTPUT_LINE_MAX = 1 << 20, /* a longer line is cut */
    MP_OUTPUT_TAIL_BYTES = 4096,  /* last output kept for a death's report */
    MP_OUTPUT_PIPE_BYTES = 256 << 10, /* asked from the kernel */
    MP_BOXES_MAX = 64,                /* open boxes of one worker */
    MP_BOX_NOTICES_MAX = 8,           /* times that one process is told of as unanswered */

    MP_START_FAILURES_MAX = 3, /* deaths before hello in a row; then the worker stays dead */
    MP_START_TIMEOUT_MS = 30000,
    MP_STATUS_WAIT_MS = 50, /* for the exit status of a process that is seen dead */
    MP_TASK_DEATHS_MAX = 2, /* a task that killed as many workers is quarantined */

    /* What a worker may leave unread beside messages; an honest one has less than a window of tasks
       and SHARE_QUESTIONS_MAX answers of MP_INLINE_PAYLOAD_MAX. */
    MP_UNREAD_MAX = 16 << 20,
    MP_UNREAD_DESCRIPTORS_MAX = 64, /* of answers; then they say "ask again" */
    MP_UNREAD_DESCRIPTOR_BYTES_MAX = 8 << 20,
    MP_RECEIPT_BYTES = 64 << 10, /* between two receipts */

    /* Frames of one worker that wait to be handled; beyond, they wait in the worker. */
    MP_INCOMING_FRAMES_MAX = 256,

    MP_DRAIN_FRAMES_MAX = 512, /* frames handled before the lock is let go */
};

/* Unread message bytes between two ends, unless pro_manager_set_pending_limit() says otherwise;
 * each message counts MP_MESSAGE_OVERHEAD on top, so that empty ones are bounded too. */
#define MP_PENDING_DEFAULT ((uint64_t)256 << 20)
#define MP_MESSAGE_OVERHEAD 64

/* Delays before a batch that is not full is sent, in nanoseconds. */
#define MP_FLUSH_MESSAGES_NS 100000
#define MP_FLUSH_ENDINGS_NS 300000

/* Before a taken spare is replaced. */
#define MP_SPARES_DELAY_NS 20000000

/* After the fd channel was full. */
#define MP_BLOCKED_RETRY_NS 2000000

/* Tasks are sent ahead of need as long as together they run for about this long. */
#define MP_WINDOW_TARGET_NS 5000000

#endif
