/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/transport_zmq.h"

#include "core/error.h"
#include "mp/transport_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct Packet {
    atomic_uint references;
    zmq_msg_t message;
};

static pthread_mutex_t context_lock = PTHREAD_MUTEX_INITIALIZER;
static void *context;
static pid_t context_pid;

/* A context does not survive fork(): its threads are gone. The child forgets it and makes its own.
 */
static void *process_context(void)
{
    (void)pthread_mutex_lock(&context_lock);
    if (context == NULL || context_pid != getpid()) {
        context = zmq_ctx_new();
        context_pid = getpid();
    }
    void *current = context;
    (void)pthread_mutex_unlock(&context_lock);
    return current;
}

void socket_allow_many(int count)
{
    void *zmq_context = process_context();
    if (zmq_context != NULL)
        (void)zmq_ctx_set(zmq_context, ZMQ_MAX_SOCKETS, count);
}

ProStatus transport_open(int type, Socket **ret_socket, ProError *reterr)
{
    void *zmq_context = process_context();
    void *zmq = zmq_context == NULL ? NULL : zmq_socket(zmq_context, type);
    if (zmq == NULL)
        return error_set(
                reterr, PRO_ERR_SYSTEM, "cannot make a ZeroMQ socket: %s", zmq_strerror(errno));
    const int none = 0;
    const int64_t frame_max = MP_TRANSPORT_MAX;
    (void)zmq_setsockopt(zmq, ZMQ_LINGER, &none, sizeof none);
    (void)zmq_setsockopt(zmq, ZMQ_SNDHWM, &none, sizeof none);
    (void)zmq_setsockopt(zmq, ZMQ_RCVHWM, &none, sizeof none);
    (void)zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
    Socket *socket = malloc(sizeof *socket);
    size_t fd_size = sizeof socket->fd;
    if (socket == NULL || zmq_getsockopt(zmq, ZMQ_FD, &socket->fd, &fd_size) != 0) {
        free(socket);
        (void)zmq_close(zmq);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a ZeroMQ socket");
    }
    socket->zmq = zmq;
    *ret_socket = socket;
    return PRO_OK;
}

ProStatus socket_open_router(const char *endpoint, Socket **ret_socket, ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_ROUTER, &socket, reterr);
    if (status != PRO_OK)
        return status;
    const int yes = 1;
    const int incoming = MP_INCOMING_FRAMES_MAX; /* per worker */
    (void)zmq_setsockopt(socket->zmq, ZMQ_RCVHWM, &incoming, sizeof incoming);
    (void)zmq_setsockopt(socket->zmq, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
    if (zmq_bind(socket->zmq, endpoint) != 0) {
        int system_error = errno;
        socket_close(socket);
        return error_set(reterr, PRO_ERR_SYSTEM, "cannot listen at %s: %s", endpoint,
                zmq_strerror(system_error));
    }
    *ret_socket = socket;
    return PRO_OK;
}

ProStatus socket_open_link(const char *endpoint, const uint8_t routing_id[MP_ROUTING_ID_BYTES],
        Socket **ret_socket, ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_DEALER, &socket, reterr);
    if (status != PRO_OK)
        return status;
    /* A manager that is gone does not come back; reconnecting would only hide it. */
    const int never = -1;
    (void)zmq_setsockopt(socket->zmq, ZMQ_RECONNECT_IVL, &never, sizeof never);
    (void)zmq_setsockopt(socket->zmq, ZMQ_ROUTING_ID, routing_id, MP_ROUTING_ID_BYTES);
    if (zmq_connect(socket->zmq, endpoint) != 0) {
        int system_error = errno;
        socket_close(socket);
        return error_set(reterr, PRO_ERR_SYSTEM, "cannot connect to %s: %s", endpoint,
                zmq_strerror(system_error));
    }
    *ret_socket = socket;
    return PRO_OK;
}

void socket_close(Socket *socket)
{
    if (socket == NULL)
        return;
    (void)zmq_close(socket->zmq);
    free(socket);
}

void socket_close_flushed(Socket *socket, int timeout_ms)
{
    if (socket == NULL)
        return;
    (void)zmq_setsockopt(socket->zmq, ZMQ_LINGER, &timeout_ms, sizeof timeout_ms);
    socket_close(socket);
    (void)pthread_mutex_lock(&context_lock);
    void *last = context_pid == getpid() ? context : NULL;
    context = NULL;
    (void)pthread_mutex_unlock(&context_lock);
    if (last != NULL)
        (void)zmq_ctx_term(last);
}

int socket_fd(const Socket *socket)
{
    return socket->fd;
}

bool socket_has_input(Socket *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* With a non-blocking send zmq fails with EAGAIN only at a high-water mark, which is off. */
static ProStatus send_part(Socket *socket, const void *data, size_t size, int flags)
{
    int sent;
    do
        sent = zmq_send(socket->zmq, data, size, ZMQ_DONTWAIT | flags);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return PRO_OK;
    return errno == ENOMEM ? PRO_ERR_NO_MEMORY : PRO_ERR_WORKER_GONE;
}

ProStatus socket_send_to(Socket *router, const uint8_t routing_id[MP_ROUTING_ID_BYTES],
        const void *data, size_t size)
{
    ProStatus status = send_part(router, routing_id, MP_ROUTING_ID_BYTES, ZMQ_SNDMORE);
    return status != PRO_OK ? status : send_part(router, data, size, 0);
}

ProStatus socket_send(Socket *link, const void *data, size_t size)
{
    return send_part(link, data, size, 0);
}

ProStatus socket_send_packet(
        Socket *socket, const uint8_t routing_id[MP_ROUTING_ID_BYTES], Packet *packet)
{
    ProStatus status = PRO_OK;
    if (routing_id != NULL)
        status = send_part(socket, routing_id, MP_ROUTING_ID_BYTES, ZMQ_SNDMORE);
    int sent = -1;
    while (status == PRO_OK &&
            (sent = zmq_msg_send(&packet->message, socket->zmq, ZMQ_DONTWAIT)) < 0)
        if (errno != EINTR)
            status = errno == ENOMEM ? PRO_ERR_NO_MEMORY : PRO_ERR_WORKER_GONE;
    packet_unref(packet);
    return status;
}

static bool receive_part(Socket *socket, zmq_msg_t *message)
{
    int received;
    do
        received = zmq_msg_recv(message, socket->zmq, ZMQ_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received >= 0;
}

/* Reads away the rest of a message of more parts than ours have. */
static void skip_parts(Socket *socket, const zmq_msg_t *message)
{
    bool more = zmq_msg_more(message) != 0;
    while (more) {
        zmq_msg_t part;
        (void)zmq_msg_init(&part);
        more = receive_part(socket, &part) && zmq_msg_more(&part) != 0;
        (void)zmq_msg_close(&part);
    }
}

Packet *socket_receive(
        Socket *socket, uint8_t ret_routing_id[MP_ROUTING_ID_BYTES], size_t *ret_routing_size)
{
    Packet *packet = malloc(sizeof *packet);
    if (packet == NULL)
        return NULL;
    atomic_init(&packet->references, 1);
    (void)zmq_msg_init(&packet->message);
    bool received = receive_part(socket, &packet->message);
    if (received && ret_routing_id != NULL) {
        *ret_routing_size = zmq_msg_size(&packet->message);
        if (*ret_routing_size == MP_ROUTING_ID_BYTES)
            memcpy(ret_routing_id, zmq_msg_data(&packet->message), MP_ROUTING_ID_BYTES);
        if (zmq_msg_more(&packet->message))
            received = receive_part(socket, &packet->message);
        else
            *ret_routing_size = 0; /* an identity with nothing behind it: nobody of ours */
    }
    if (!received) {
        packet_unref(packet);
        return NULL;
    }
    skip_parts(socket, &packet->message);
    return packet;
}

Packet *packet_new(size_t size)
{
    Packet *packet = malloc(sizeof *packet);
    if (packet == NULL)
        return NULL;
    atomic_init(&packet->references, 1);
    if (zmq_msg_init_size(&packet->message, size) != 0) {
        free(packet);
        return NULL;
    }
    return packet;
}

uint8_t *packet_fill(Packet *packet)
{
    return zmq_msg_data(&packet->message);
}

Packet *packet_new_copy(const void *data, size_t size)
{
    Packet *packet = packet_new(size);
    if (packet != NULL)
        memcpy(packet_fill(packet), data, size);
    return packet;
}

Packet *packet_ref(Packet *packet)
{
    (void)atomic_fetch_add_explicit(&packet->references, 1, memory_order_relaxed);
    return packet;
}

void packet_unref(Packet *packet)
{
    if (packet == NULL ||
            atomic_fetch_sub_explicit(&packet->references, 1, memory_order_acq_rel) != 1)
        return;
    (void)zmq_msg_close(&packet->message);
    free(packet);
}

const uint8_t *packet_data(const Packet *packet)
{
    return zmq_msg_data((zmq_msg_t *)&packet->message);
}

size_t packet_size(const Packet *packet)
{
    return zmq_msg_size(&packet->message);
}
