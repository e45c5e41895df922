/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/transport_tcp.h"

#include "core/error.h"
#include "mp/transport_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

static const char doorman_endpoint[] = "inproc://zeromq.zap.01";
static const char domain[] = "promp";

enum { KEY_TEXT_BYTES = 41 }; /* Z85, with its NUL */

static ProStatus zmq_error(ProError *reterr, const char *what)
{
    int system_error = errno;
    return error_set(reterr, PRO_ERR_SYSTEM, "%s: %s", what, zmq_strerror(system_error));
}

ProStatus tcp_keys_new(TcpKeys *ret_keys, ProError *reterr)
{
    char public_text[KEY_TEXT_BYTES];
    char secret_text[KEY_TEXT_BYTES];
    if (zmq_curve_keypair(public_text, secret_text) != 0)
        return zmq_error(reterr, "cannot make keys (does libzmq have CURVE?)");
    (void)zmq_z85_decode(ret_keys->public_key, public_text);
    (void)zmq_z85_decode(ret_keys->secret_key, secret_text);
    explicit_bzero(secret_text, sizeof secret_text);
    return PRO_OK;
}

ProStatus tcp_keys_complete(TcpKeys *keys, ProError *reterr)
{
    char public_text[KEY_TEXT_BYTES];
    char secret_text[KEY_TEXT_BYTES];
    (void)zmq_z85_encode(secret_text, keys->secret_key, TCP_KEY_BYTES);
    int error = zmq_curve_public(public_text, secret_text);
    explicit_bzero(secret_text, sizeof secret_text);
    if (error != 0)
        return zmq_error(reterr, "cannot use a secret key");
    (void)zmq_z85_decode(keys->public_key, public_text);
    return PRO_OK;
}

static bool set(Socket *socket, int option, const void *value, size_t size)
{
    return zmq_setsockopt(socket->zmq, option, value, size) == 0;
}

static bool set_int(Socket *socket, int option, int value)
{
    return set(socket, option, &value, sizeof value);
}

static bool set_keys(Socket *socket, const TcpKeys *keys)
{
    return set(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, TCP_KEY_BYTES) &&
           set(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, TCP_KEY_BYTES);
}

static bool set_heartbeat(Socket *socket)
{
    return set_int(socket, ZMQ_HEARTBEAT_IVL, TCP_HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, TCP_SILENCE_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TTL, TCP_SILENCE_MS);
}

/* On failure the socket is closed. */
static ProStatus finish(Socket *socket, bool done, const char *what, const char *endpoint,
        Socket **ret_socket, ProError *reterr)
{
    if (done) {
        *ret_socket = socket;
        return PRO_OK;
    }
    int system_error = errno;
    socket_close(socket);
    return error_set(
            reterr, PRO_ERR_SYSTEM, "%s %s: %s", what, endpoint, zmq_strerror(system_error));
}

ProStatus socket_open_gateway(const char *endpoint, const TcpKeys *keys, Socket **ret_socket,
        char ret_endpoint[TCP_ENDPOINT_MAX], ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_ROUTER, &socket, reterr);
    if (status != PRO_OK)
        return status;
    size_t size = TCP_ENDPOINT_MAX;
    bool done = set_int(socket, ZMQ_CURVE_SERVER, 1) && set_keys(socket, keys) &&
                set(socket, ZMQ_ZAP_DOMAIN, domain, sizeof domain - 1) && set_heartbeat(socket) &&
                set_int(socket, ZMQ_ROUTER_MANDATORY, 1) && zmq_bind(socket->zmq, endpoint) == 0 &&
                zmq_getsockopt(socket->zmq, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) == 0;
    return finish(socket, done, "cannot listen at", endpoint, ret_socket, reterr);
}

ProStatus socket_open_agent(const uint8_t server_key[TCP_KEY_BYTES], const TcpKeys *keys,
        const uint8_t routing_id[MP_ROUTING_ID_BYTES], Socket **ret_socket, ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_DEALER, &socket, reterr);
    if (status != PRO_OK)
        return status;
    bool done = set(socket, ZMQ_CURVE_SERVERKEY, server_key, TCP_KEY_BYTES) &&
                set_keys(socket, keys) && set_heartbeat(socket) &&
                set_int(socket, ZMQ_RECONNECT_IVL, -1) &&
                set(socket, ZMQ_ROUTING_ID, routing_id, MP_ROUTING_ID_BYTES);
    return finish(socket, done, "cannot make a socket for", "an agent", ret_socket, reterr);
}

ProStatus socket_connect(Socket *socket, const char *endpoint, ProError *reterr)
{
    if (zmq_connect(socket->zmq, endpoint) == 0)
        return PRO_OK;
    int system_error = errno;
    return error_set(reterr, PRO_ERR_SYSTEM, "cannot connect to %s: %s", endpoint,
            zmq_strerror(system_error));
}

/* ---- the doorman ---- */

/* A request has eight parts: version, request id, domain, address, identity, mechanism, the
 * client's key, and for other mechanisms more. */
enum { ZAP_PARTS_MAX = 16, ZAP_REQUEST_ID = 1, ZAP_DOMAIN = 2, ZAP_MECHANISM = 5, ZAP_KEY = 6 };

ProStatus socket_open_doorman(Socket **ret_doorman, ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_REP, &socket, reterr);
    if (status != PRO_OK)
        return status;
    return finish(socket, zmq_bind(socket->zmq, doorman_endpoint) == 0, "cannot answer at",
            doorman_endpoint, ret_doorman, reterr);
}

typedef struct ZapRequest {
    zmq_msg_t parts[ZAP_PARTS_MAX];
    size_t count;
} ZapRequest;

static bool receive_request(Socket *doorman, ZapRequest *request)
{
    bool more = true;
    for (request->count = 0; more && request->count < ZAP_PARTS_MAX;) {
        zmq_msg_t *part = &request->parts[request->count];
        (void)zmq_msg_init(part);
        if (zmq_msg_recv(part, doorman->zmq, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(part);
            return request->count > 0;
        }
        request->count++;
        more = zmq_msg_more(part) != 0;
    }
    return true;
}

static bool part_is(ZapRequest *request, size_t index, const void *bytes, size_t size)
{
    return index < request->count && zmq_msg_size(&request->parts[index]) == size &&
           memcmp(zmq_msg_data(&request->parts[index]), bytes, size) == 0;
}

static void send_answer(Socket *doorman, ZapRequest *request, bool welcome)
{
    const char *const parts[] = {
            "1.0", NULL, welcome ? "200" : "400", welcome ? "OK" : "No entry", "", ""};
    enum { COUNT = sizeof parts / sizeof parts[0] };
    for (size_t i = 0; i < COUNT; i++) {
        bool id = i == ZAP_REQUEST_ID && request->count > ZAP_REQUEST_ID;
        const void *data = id ? zmq_msg_data(&request->parts[i]) : parts[i];
        size_t size =
                id ? zmq_msg_size(&request->parts[i]) : strlen(parts[i] == NULL ? "" : parts[i]);
        (void)zmq_send(doorman->zmq, data, size, ZMQ_DONTWAIT | (i + 1 < COUNT ? ZMQ_SNDMORE : 0));
    }
}

void doorman_answer(Socket *doorman, const uint8_t client_key[TCP_KEY_BYTES], unsigned *turned_away)
{
    ZapRequest request;
    while (receive_request(doorman, &request)) {
        bool welcome = part_is(&request, ZAP_DOMAIN, domain, sizeof domain - 1) &&
                       part_is(&request, ZAP_MECHANISM, "CURVE", 5) &&
                       part_is(&request, ZAP_KEY, client_key, TCP_KEY_BYTES);
        *turned_away += !welcome;
        send_answer(doorman, &request, welcome);
        for (size_t i = 0; i < request.count; i++)
            (void)zmq_msg_close(&request.parts[i]);
    }
}

/* ---- the monitor ---- */

ProStatus socket_open_monitor(Socket *watched, Socket **ret_monitor, ProError *reterr)
{
    enum {
        EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |
                 ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    };
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "inproc://promp-monitor-%p", (void *)watched);
    if (zmq_socket_monitor(watched->zmq, endpoint, EVENTS) != 0)
        return zmq_error(reterr, "cannot watch a socket");
    Socket *socket = NULL;
    ProStatus status = transport_open(ZMQ_PAIR, &socket, reterr);
    if (status != PRO_OK)
        return status;
    return finish(socket, zmq_connect(socket->zmq, endpoint) == 0, "cannot connect to", endpoint,
            ret_monitor, reterr);
}

TcpEvent monitor_receive(Socket *monitor)
{
    for (;;) {
        uint16_t event = 0;
        Packet *packet = socket_receive(monitor, NULL, NULL);
        if (packet == NULL)
            return TCP_NOTHING;
        if (packet_size(packet) >= sizeof event)
            memcpy(&event, packet_data(packet), sizeof event);
        packet_unref(packet);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return TCP_CONNECTED;
        if (event == ZMQ_EVENT_DISCONNECTED)
            return TCP_DISCONNECTED;
        if (event != 0)
            return TCP_REFUSED;
    }
}
