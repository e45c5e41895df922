/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FRAME_H
#define MP_FRAME_H

#include "core/buffer.h"
#include "core/bytes.h"

#include <promp/box.h>
#include <promp/ending.h>
#include <promp/manager.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The wire format: bytes <-> records. docs/mp-protocol.md is the specification.
 *
 * A frame is one ZeroMQ message: a head with the protocol's version and the frame's number, then
 * records. A record is a type, an id, and a payload, which travels inside the frame or, if it is
 * large, as a sealed memfd through the fd channel or, a worker's, in the lane on its board (then
 * the frame holds its size). Everything in here comes from another process and is checked before it
 * is believed.
 *
 * Threads: no state.
 */

#define FRAME_PROTOCOL_VERSION 4
enum { FRAME_HEAD_BYTES = 8, FRAME_RECORD_HEAD_BYTES = 16 };

typedef enum FrameType {
    /* manager to worker */
    FRAME_TASK = 1,     /* id: task; FrameTask */
    FRAME_ABORT,        /* id: task; raise its abort flag */
    FRAME_INTERRUPT,    /* id: task; interrupt the main thread if it still runs */
    FRAME_CANCEL,       /* id: task; if it has not begun, end it as aborted */
    FRAME_RECALL,       /* hand back tasks that have not begun and may run elsewhere */
    FRAME_PROGRESS_ACK, /* the last progress was delivered */
    FRAME_BOX_CLOSED,   /* id: box; the button that was pressed, u8 */
    FRAME_STOP,         /* exit in good order */
    FRAME_SHARED,       /* id: the worker's request; ShareAnswer (share_wire.h) */
    /* worker to manager */
    FRAME_HELLO = 32, /* id: pid; the secret */
    FRAME_ENDING,     /* id: task; FrameEnding */
    FRAME_RETURNED,   /* id: task; answer to FRAME_RECALL */
    FRAME_PROGRESS,   /* id: task; FrameProgress */
    FRAME_BOX,        /* id: box, chosen by the worker; FrameBox */
    FRAME_SHARE_GET,  /* id: request, chosen by the worker; a shared container's name */
    FRAME_SHARE_LIST, /* id: request */
    FRAME_SHARE_READ, /* id: request; ShareRead */
    FRAME_SHARE_TAKE, /* id: request; task (u64) and index (u32) of a container of its arguments */
    FRAME_CONTAINER,  /* id: task; ShareAnswer: the result's next container, before the ending */
    FRAME_BOX_DROP,   /* id: box; nobody waits for its answer any more */
    /* both ways */
    FRAME_MESSAGE = 64, /* id: the message's id; its bytes */
    FRAME_CREDIT,       /* id: message bytes read so far, in all */
    FRAME_RECEIPT       /* id: a random number, which a worker sends back as soon as it reads it */
} FrameType;

enum {
    FRAME_FLAG_BLOB = 1, /* the payload is the next memfd; here stands its size, a u64 */
    FRAME_FLAG_LANE = 2, /* it lies in the lane; here stand its position and size, each a u64 */
};

typedef enum FramePlace { FRAME_INSIDE, FRAME_IN_BLOB, FRAME_IN_LANE } FramePlace;

typedef struct FrameRecord {
    FrameType type;
    uint64_t id;
    FramePlace place;
    uint64_t far_size; /* of a payload that is not inside; not 0 */
    uint64_t lane_position;
    const uint8_t *payload; /* lent from the frame; empty if it is not inside */
    size_t payload_size;
} FrameRecord;

/* ---- writing: into a Buffer that starts with frame_begin() ---- */

void frame_begin(Buffer *frame, uint32_t sequence);
void frame_record(Buffer *frame, FrameType type, uint64_t id, const void *payload, size_t size);
/* Opens a record whose payload is appended by the caller; frame_record_end() fills in its size. */
size_t frame_record_begin(Buffer *frame, FrameType type, uint64_t id);
void frame_record_end(Buffer *frame, size_t record_offset);
void frame_record_blob(Buffer *frame, FrameType type, uint64_t id, uint64_t blob_size);
void frame_record_lane(
        Buffer *frame, FrameType type, uint64_t id, uint64_t position, uint64_t size);

/* ---- reading ---- */

typedef struct FrameReader {
    ByteReader bytes;
    uint32_t sequence;
} FrameReader;

/* Checks the head. The frame is borrowed. */
ProStatus frame_open(FrameReader *reader, const void *data, size_t size, ProError *reterr);
/* PRO_ERR_EMPTY after the last record. */
ProStatus frame_next(FrameReader *reader, FrameRecord *ret_record, ProError *reterr);

/* ---- payloads with parts ---- */

/* The size of the longest part of `text` that fits and does not end inside a UTF-8 character. */
size_t frame_text_part(const char *text, size_t limit);

typedef struct FrameTask {
    ProTaskKind kind;
    bool want_result;
    bool may_move; /* given to any worker: FRAME_RECALL applies */
    const char *text;
    size_t text_size; /* a NUL stands behind text and behind name */
    const char *name;
    const uint8_t *arguments;
    size_t arguments_size;
} FrameTask;

/* Writes what stands before the arguments, which the caller appends. text (with size 0) and name
 * may be NULL. */
void frame_task_head(Buffer *payload, ProTaskKind kind, bool want_result, bool may_move,
        const char *text, size_t text_size, const char *name);
ProStatus frame_task_read(
        const uint8_t *payload, size_t size, FrameTask *ret_task, ProError *reterr);

typedef struct FrameEnding {
    ProEndingKind kind; /* RESULT, ERROR or ABORTED */
    ProAbortRung rung;
    const uint8_t *value; /* RESULT */
    size_t value_size;
    const char *type; /* ERROR and ABORTED: three texts, not NUL-terminated */
    size_t type_size;
    const char *message;
    size_t message_size;
    const char *traceback;
    size_t traceback_size;
} FrameEnding;

/* For a RESULT the caller appends the value. */
void frame_ending_head(Buffer *payload, ProEndingKind kind, ProAbortRung rung);
void frame_ending_texts(
        Buffer *payload, const char *type, const char *message, const char *traceback);
ProStatus frame_ending_read(
        const uint8_t *payload, size_t size, FrameEnding *ret_ending, ProError *reterr);

typedef struct FrameProgress {
    bool has_value;
    int64_t value;
    bool has_text;
    const char *text; /* not NUL-terminated */
    size_t text_size;
} FrameProgress;

void frame_progress_write(Buffer *frame, uint64_t task, const FrameProgress *progress);
ProStatus frame_progress_read(
        const uint8_t *payload, size_t size, FrameProgress *ret_progress, ProError *reterr);

typedef struct FrameBox {
    unsigned buttons; /* as they were offered: at least one, all known */
    ProBoxIcon icon;
    const char *title; /* as they came, not NUL-terminated */
    size_t title_size;
    const char *text;
    size_t text_size;
} FrameBox;

/* What is longer than the limits is cut between characters. */
void frame_box_write(Buffer *payload, const ProBox *box);
ProStatus frame_box_read(const uint8_t *payload, size_t size, FrameBox *ret_box, ProError *reterr);
/* One known button. */
ProStatus frame_box_answer_read(
        const uint8_t *payload, size_t size, ProBoxButtons *ret_button, ProError *reterr);

#endif
