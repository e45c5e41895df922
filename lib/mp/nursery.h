/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_NURSERY_H
#define MP_NURSERY_H

#include "mp/worker_config.h"

#include <promp/runner.h>
#include <stdint.h>

/*
 * The nursery's own side, and what it and the launcher say to each other: packets of an fd channel
 * that begin with a NurseryHead. Host and nursery are the same build of the same user, so the
 * packets are plain structs; their sizes are checked all the same.
 */

/* Descriptors of the worker program, by its first argument. */
#define NURSERY_ARGUMENT "--promp-nursery"
/* The dynamic linker binds every symbol when the nursery starts, not in each worker after the fork:
 * that is a tenth of a worker's start. The value tells ours from a person's; workers and what they
 * start do not see it. */
#define NURSERY_BINDING_NAME "LD_BIND_NOW"
#define NURSERY_BINDING_VALUE "promp-nursery"
#define WORKER_ARGUMENT "--promp-worker"
#define GATEWAY_ARGUMENT "--promp-gateway"
enum {
    NURSERY_CONTROL_FD = 3, /* packets NURSERY_CONNECT */
    NURSERY_HOST_FD = 4,    /* the host's pidfd */
    WORKER_CONFIG_FD = 3,   /* a memfd; the descriptors of WorkerFd follow from 4 on */
    GATEWAY_CHANNEL_FD = 3, /* packets, as a manager's channel to a nursery */
    GATEWAY_HOST_FD = 4,    /* the host's pidfd */
};

typedef enum NurseryPacket {
    NURSERY_CONNECT =
            1,     /* host: one descriptor, a channel for one manager; the runtime folder's path */
    NURSERY_START, /* host: WORKER_FD_COUNT descriptors; the worker's configuration */
    NURSERY_STARTED, /* nursery: one descriptor, the pidfd */
    NURSERY_FAILED,  /* nursery: a text */
    NURSERY_EXITED,  /* nursery */
    /* a gateway's (far/gateway.h), beside those above */
    NURSERY_LOST,       /* a text: why the worker's exit status is not known */
    GATEWAY_FAR_PID,    /* the worker's pid on its machine */
    GATEWAY_LISTENS,    /* a text: the endpoint */
    GATEWAY_HOST_CAME,  /* a text: its name; pid of its agent, processors in wait_status, memory in
                           peak_rss_bytes */
    GATEWAY_HOST_WENT,  /* the same */
    GATEWAY_NOTICE,     /* a text for people */
    GATEWAY_LISTEN = 32 /* host: GatewayStart */
} NurseryPacket;

typedef struct NurseryHead {
    uint32_t packet;
    int32_t wait_status;
    uint64_t request;
    int64_t pid;
    uint64_t peak_rss_bytes;
    uint64_t host; /* a gateway's number of it; 0: this one */
} NurseryHead;

/* Serves until the host is gone, then kills every worker and what they left behind. In a forked
 * child it returns as well, with that worker's exit status. */
int nursery_run(const ProRunnerOps *ops, void *user);

/* Runs one worker in this process; the descriptors are now its own. Returns the exit status. */
int worker_run(const void *config_bytes, size_t config_size, const int fds[WORKER_FD_COUNT],
        const ProRunnerOps *ops, void *user);

#endif
