/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_GATEWAY_PRIVATE_H
#define MP_FAR_GATEWAY_PRIVATE_H

#include "mp/board.h"
#include "mp/far/far_stream.h"
#include "mp/far/gateway.h"
#include "mp/nursery.h"

#include <sys/types.h>

/*
 * The inside of a gateway: gateway.c (the process: agents, manager, time), gateway_worker.c (one
 * far worker as the manager sees it), standin.c (its process).
 */

typedef struct Gateway Gateway;

typedef struct GatewayAgent {
    ListLink link; /* Gateway::agents */
    uint64_t id;
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    FarHello hello;
    unsigned workers;
} GatewayAgent;

typedef struct GatewayWorker {
    ListLink link; /* Gateway::workers */
    Gateway *gateway;
    GatewayAgent *agent;
    uint64_t id; /* the manager's request */
    pid_t pid;   /* of its stand-in */
    int fds[WORKER_FD_COUNT];
    Board *board;
    Outbox outbox;
    Socket *socket; /* to the manager */
    FarStream stream;
    FarBoard told; /* to the agent */
    int ready_fd;  /* a value that waits for room in the channel; -1: none */
    bool blocked;
    bool ended; /* the agent told its end */
} GatewayWorker;

struct Gateway {
    Socket *far;
    Socket *doorman;
    Socket *monitor;
    uint8_t client_key[TCP_KEY_BYTES];
    char endpoint[120]; /* of the manager's socket */
    int epoll;
    int signals;  /* a signalfd of SIGCHLD */
    int terms[2]; /* a pipe: which stand-in got a SIGTERM */
    ListLink agents;
    ListLink workers;
    uint64_t next_agent;
    unsigned turned_away;
    uint64_t look_until_ns; /* an agent may be gone: look often until then */
};

/* ---- gateway.c ---- */

void gateway_say(NurseryPacket packet, const GatewayWorker *worker, const NurseryHead *head,
        const char *text);
ProStatus gateway_send(const GatewayAgent *agent, Gateway *gateway, Packet *packet);

/* ---- gateway_worker.c ---- */

/* Takes the descriptors in any case. Tells the manager of a failure itself. */
void gateway_worker_start(Gateway *gateway, GatewayAgent *agent, uint64_t id, const void *config,
        size_t config_size, const int fds[WORKER_FD_COUNT]);
/* From the agent. */
void gateway_worker_on_message(GatewayWorker *worker, const FarMessage *message, Packet *packet);
/* Whatever has come from the manager, and whatever can go on now. False: it is gone. */
bool gateway_worker_go_on(GatewayWorker *worker);
/* True while it must be looked after soon, without an event that would tell. */
bool gateway_worker_waits(const GatewayWorker *worker);
/* Its stand-in died: killed by the manager. */
void gateway_worker_killed(GatewayWorker *worker, int wait_status);
/* The agent can serve it no more; `text` tells why. */
void gateway_worker_lost(GatewayWorker *worker, const char *text);
void gateway_worker_free(GatewayWorker *worker);

/* ---- standin.c ---- */

/* A process that does nothing but live; a SIGTERM it writes `id` to `terms`. Returns its pid, or -1
 * and errno; *ret_pidfd is the caller's. */
pid_t standin_fork(uint64_t id, int terms, int *ret_pidfd);

#endif
