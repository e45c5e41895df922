/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_AGENT_H
#define MP_FAR_AGENT_H

#include "mp/board.h"
#include "mp/far/far_stream.h"
#include "mp/launcher.h"
#include "mp/transport_tcp.h"

#include <sys/types.h>

/*
 * The inside of an agent: agent.c (the process: gateway, nursery, time), agent_worker.c (one worker
 * of it). To its workers the agent is the manager's host: it has the manager's ends of their
 * sockets, boards, channels and pipes, and passes everything on to the gateway.
 */

typedef struct Agent Agent;

typedef struct AgentWorker {
    ListLink link; /* Agent::workers */
    Agent *agent;
    uint64_t id; /* as the gateway calls it */
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    pid_t pid;
    int pidfd; /* -1: not started yet */
    int channel;
    int board_fd;
    Board *board;
    int streams[2]; /* stdout, stderr: read ends; -1 at their end */
    FarStream stream;
    uint32_t expected_sequence; /* of its frames */
    FarBoard told;              /* to the worker */
    uint64_t told_running;      /* to the gateway */
    bool task_sent;             /* it may begin one any moment, which nothing tells */
    int ready_fd;               /* a value that waits for room in the channel; -1: none */
    bool blocked;
    bool kill_owed;
    bool abandoned; /* the gateway wants to hear no more of it */
    bool exited;    /* its end stands in the stream */
} AgentWorker;

struct Agent {
    Socket *far;
    Socket *monitor;
    Socket *local; /* a router: the workers */
    Launcher launcher;
    char program[4096];
    char socket_path[108];
    int host_pidfd; /* of this process */
    ListLink workers;
    uint64_t connect_until_ns;
    bool connected;
    bool ended;
    const char *why;
};

/* ---- agent.c ---- */

ProStatus agent_send(Agent *agent, Packet *packet);

/* ---- agent_worker.c ---- */

void agent_worker_start(Agent *agent, const FarMessage *message);
void agent_worker_on_started(AgentWorker *worker, pid_t pid, int pidfd);
void agent_worker_failed(AgentWorker *worker, const char *text);
/* wait_status: NULL if it is not known. */
void agent_worker_on_exit(AgentWorker *worker, const int *wait_status, uint64_t peak_rss_bytes);
void agent_worker_on_message(AgentWorker *worker, const FarMessage *message, Packet *packet);
void agent_worker_on_frame(AgentWorker *worker, const Packet *frame);
void agent_worker_signal(AgentWorker *worker, int signal_number);
/* False: it is gone. */
bool agent_worker_go_on(AgentWorker *worker);
/* True while it must be looked after soon, without an event that would tell. */
bool agent_worker_waits(const AgentWorker *worker);
/* Whether its output is to be read now. */
bool agent_worker_reads_output(const AgentWorker *worker);
void agent_worker_free(AgentWorker *worker);

#endif
