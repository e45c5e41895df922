/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_TRANSPORT_TCP_H
#define MP_TRANSPORT_TCP_H

#include "mp/transport_zmq.h"

/*
 * Sockets that leave this machine: always TCP, always CURVE (RFC 26), which encrypts and proves
 * both ends' keys. A gateway listens; an agent connects. Whoever does not know the agent's secret
 * key is turned away by the doorman (RFC 27, ZAP) before any of his bytes reach a socket.
 *
 * Dead peers are found by ZeroMQ's own heartbeats (RFC 37), which its I/O threads answer, however
 * busy the programs are.
 *
 * Threads: as in transport_zmq.h.
 */

enum {
    TCP_KEY_BYTES = 32,
    TCP_ENDPOINT_MAX = 256,
    TCP_HEARTBEAT_MS = 2000,
    TCP_SILENCE_MS = 10000, /* then a peer counts as gone */
};

typedef struct TcpKeys {
    uint8_t public_key[TCP_KEY_BYTES];
    uint8_t secret_key[TCP_KEY_BYTES];
} TcpKeys;

ProStatus tcp_keys_new(TcpKeys *ret_keys, ProError *reterr);
/* The public key that belongs to a secret one. */
ProStatus tcp_keys_complete(TcpKeys *keys, ProError *reterr);

/* A router at `endpoint` ("tcp://127.0.0.1:*"); ret_endpoint: with the port it got. Make the
 * doorman first: without one ZeroMQ lets everybody in who knows the server's public key. */
ProStatus socket_open_gateway(const char *endpoint, const TcpKeys *keys, Socket **ret_socket,
        char ret_endpoint[TCP_ENDPOINT_MAX], ProError *reterr);
/* A dealer, which socket_connect() connects once its monitor is there. It does not connect again: a
 * connection that broke has lost what was under way. */
ProStatus socket_open_agent(const uint8_t server_key[TCP_KEY_BYTES], const TcpKeys *keys,
        const uint8_t routing_id[MP_ROUTING_ID_BYTES], Socket **ret_socket, ProError *reterr);
ProStatus socket_connect(Socket *socket, const char *endpoint, ProError *reterr);

/* Answers who may come in: those with this public key. One per process. */
ProStatus socket_open_doorman(Socket **ret_doorman, ProError *reterr);
/* Answers all that ask now. `turned_away` counts the others. */
void doorman_answer(
        Socket *doorman, const uint8_t client_key[TCP_KEY_BYTES], unsigned *turned_away);

/* Tells what happens to a socket's connections; readable when something did. */
ProStatus socket_open_monitor(Socket *watched, Socket **ret_monitor, ProError *reterr);
typedef enum TcpEvent {
    TCP_NOTHING, /* more */
    TCP_CONNECTED,
    TCP_DISCONNECTED,
    TCP_REFUSED, /* the handshake failed: a key is wrong, or nobody of ours listens there */
} TcpEvent;
TcpEvent monitor_receive(Socket *monitor);

#endif
