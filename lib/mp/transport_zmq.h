/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_TRANSPORT_ZMQ_H
#define MP_TRANSPORT_ZMQ_H

#include "mp/limits.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ZeroMQ in a box: a manager's Router with one peer per worker, a worker's Link to it, and the
 * Packets they receive. Nothing outside transport_zmq.c and transport_tcp.c
 * sees zmq.h.
 *
 * Threads: one at a time per socket (its users hold a lock); packets may be freed in any thread.
 * What a manager has not handled yet is bounded by MP_INCOMING_FRAMES_MAX for each worker. The
 * other queues have no high-water mark: what may be under way is bounded by the protocol (windows,
 * credit, receipts), and a peer's frame by MP_FRAME_MAX.
 */

typedef struct Socket Socket;
typedef struct Packet Packet; /* one received frame; counted */

/* One process has one ZeroMQ context; it is made by the first socket, anew after a fork. */
void socket_allow_many(int count); /* before the first: more than ZeroMQ's 1023 */
ProStatus socket_open_router(const char *endpoint, Socket **ret_socket, ProError *reterr);
ProStatus socket_open_link(const char *endpoint, const uint8_t routing_id[MP_ROUTING_ID_BYTES],
        Socket **ret_socket, ProError *reterr);
void socket_close(Socket *socket); /* NULL is allowed; what is unsent is dropped */
/* Gives what is unsent `timeout_ms` to leave, then ends the process' context. For a process' end.
 */
void socket_close_flushed(Socket *socket, int timeout_ms);

/* Readable when something may have come: then receive until there is nothing more. Sending may
 * swallow the signal, so after sending ask socket_has_input(). */
int socket_fd(const Socket *socket);
bool socket_has_input(Socket *socket);

/* Sends a copy. PRO_ERR_WORKER_GONE if the router knows no such peer (any more). */
ProStatus socket_send_to(Socket *router, const uint8_t routing_id[MP_ROUTING_ID_BYTES],
        const void *data, size_t size);
ProStatus socket_send(Socket *link, const void *data, size_t size);
/* Without a copy: consumes the packet, which nobody else refers to. `routing_id`: NULL at a link.
 */
ProStatus socket_send_packet(
        Socket *socket, const uint8_t routing_id[MP_ROUTING_ID_BYTES], Packet *packet);

/* NULL if nothing is there. At a router, ret_routing_id is filled and ret_routing_size is its
 * length, which a foreign peer chooses: anything but MP_ROUTING_ID_BYTES is nobody of ours. */
Packet *socket_receive(
        Socket *socket, uint8_t ret_routing_id[MP_ROUTING_ID_BYTES], size_t *ret_routing_size);

Packet *packet_new(size_t size); /* to be filled and sent; NULL: no memory */
uint8_t *packet_fill(Packet *packet);
Packet *packet_new_copy(const void *data, size_t size); /* for frames that came by other means */
Packet *packet_ref(Packet *packet);
void packet_unref(Packet *packet);
const uint8_t *packet_data(const Packet *packet);
size_t packet_size(const Packet *packet);

#endif
