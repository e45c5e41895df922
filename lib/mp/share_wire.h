/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_SHARE_WIRE_H
#define MP_SHARE_WIRE_H

#include "container/file.h"
#include "core/buffer.h"

#include <promp/status.h>

/*
 * How a shared container is described to a worker: the answer to its question, and the question for
 * a block. Threads: no state.
 */

enum {
    SHARE_READ_MAX = 1 << 20, /* bytes of one block answer */
    SHARE_QUESTIONS_MAX = 64  /* that one worker may have open: then its threads wait */
};

typedef enum ShareCarrier {
    SHARE_BYTES = 1, /* the bytes follow */
    SHARE_MEMFD,     /* the next descriptor in the channel is a sealed memfd of base.size bytes */
    SHARE_FILE,      /* the next descriptor in the channel is a file in the state `base` */
    SHARE_BLOCKS,    /* ask for blocks by `number` */
    SHARE_NAMES,     /* an encoded list follows */
    SHARE_AGAIN,     /* too many descriptors are under way: ask again */
    SHARE_FAILED,    /* a text follows; `number` is the ProStatus */
    SHARE_DESK       /* as SHARE_BLOCKS, and the next packet in the channel is the worker's desk:
                        sheet, tray (live memory) and bell */
} ShareCarrier;

typedef struct ShareAnswer {
    ShareCarrier carrier;
    uint64_t number;
    uint64_t offset; /* in what the descriptor shows */
    uint64_t size;
    FileState base;
    const uint8_t *tail; /* what follows; lent */
    size_t tail_size;
} ShareAnswer;

enum { SHARE_ANSWER_HEAD_BYTES = 72, SHARE_READ_BYTES = 24 };

/* The head; the caller appends the tail. */
void share_answer_write(Buffer *buffer, const ShareAnswer *answer);
/* PRO_ERR_FORMAT unless everything in it is possible. */
ProStatus share_answer_read(
        const uint8_t *data, size_t size, ShareAnswer *ret_answer, ProError *reterr);

typedef struct ShareRead {
    uint64_t number;
    uint64_t offset;
    uint64_t size;
} ShareRead;

void share_read_write(Buffer *buffer, const ShareRead *read);
ProStatus share_read_read(const uint8_t *data, size_t size, ShareRead *ret_read, ProError *reterr);

#endif
