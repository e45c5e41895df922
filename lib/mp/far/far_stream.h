/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_STREAM_H
#define MP_FAR_STREAM_H

#include "core/list.h"
#include "mp/far/far_wire.h"

/*
 * One worker's traffic between gateway and agent, both ways, the same on both sides. What goes out
 * waits here while FAR_WINDOW_BYTES are under way; what came in waits here while its place (a pipe,
 * a channel, a board) is full. So a worker that reads or is read slowly holds up nobody else, and
 * memory is bounded: the peer is told (FAR_ACK) only what was used.
 *
 * Threads: one.
 */

typedef enum StreamUse {
    STREAM_USED,    /* the message found its place */
    STREAM_BLOCKED, /* there is no room: once more, later */
    STREAM_BROKEN   /* the message is impossible */
} StreamUse;

typedef struct FarStream {
    uint64_t worker;
    ListLink out; /* Item::link */
    size_t out_count;
    uint64_t sent;
    uint64_t acknowledged;
    ListLink in; /* Item::link */
    uint64_t received;
    uint64_t used;
    uint64_t told;
    int value_fd; /* that comes in parts; -1: none */
    uint64_t value_size;
} FarStream;

typedef ProStatus (*StreamSend)(void *user, Packet *packet); /* consumes it */
typedef StreamUse (*StreamTake)(void *user, const FarMessage *message);

void stream_init(FarStream *stream, uint64_t worker);
void stream_fini(FarStream *stream);

/* ---- out ---- */

/* Consumes the packet; NULL (no memory for it) is PRO_ERR_NO_MEMORY. */
ProStatus stream_put(FarStream *stream, Packet *packet);
/* The bytes of a memfd, which the stream closes, as FAR_VALUE messages. PRO_ERR_LIMIT,
 * PRO_ERR_FORMAT if it is none. */
ProStatus stream_put_value(FarStream *stream, int fd, ProError *reterr);
/* Sends what may go. */
ProStatus stream_pump(FarStream *stream, StreamSend send, void *user);
bool stream_on_ack(FarStream *stream, const FarMessage *message); /* false: impossible */

/* ---- in ---- */

/* Consumes the packet. PRO_ERR_LIMIT: the peer sent more than it may. */
ProStatus stream_receive(FarStream *stream, Packet *packet);
/* Gives what has come to `take`, in order, until one is blocked. STREAM_BLOCKED, STREAM_BROKEN. */
StreamUse stream_take(FarStream *stream, StreamTake take, void *user);
/* The acknowledgement that is due, or NULL. */
Packet *stream_ack_due(FarStream *stream);

/* For `take`: a part of a value. With the last one *ret_fd is a sealed memfd, else -1. False if it
 * is impossible, or there is no memory. */
bool stream_value_part(FarStream *stream, const FarMessage *message, int *ret_fd);

#endif
