/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_PAYLOAD_H
#define MP_PAYLOAD_H

#include "mp/transport_zmq.h"

#include <promp/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Payload: received bytes, wherever they lie. Zeroed is empty.
 *
 * Threads: a payload belongs to one thread at a time, and may be released in any.
 */

typedef enum PayloadMemory {
    PAYLOAD_IN_PACKET,
    PAYLOAD_MAPPED, /* a mapping of ours */
    PAYLOAD_COPIED, /* memory of ours */
} PayloadMemory;

typedef struct Payload {
    const uint8_t *data;
    size_t size;
    PayloadMemory memory;
    Packet *packet;    /* counted; PAYLOAD_IN_PACKET only */
    size_t lane_bytes; /* what it took of its worker's lane (lane.h), to be given back */
} Payload;

/* A part of a packet; takes a reference on it. */
Payload payload_in_packet(Packet *packet, const uint8_t *data, size_t size);
ProStatus payload_copy(const void *data, size_t size, Payload *ret_payload, ProError *reterr);
void payload_release(Payload *payload);

#endif
