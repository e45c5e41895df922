/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_LAUNCHER_H
#define MP_LAUNCHER_H

#include "mp/worker_config.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How worker processes come to be: forked by the nursery (a small single-threaded process with the
 * language ready, one per host process and worker program, started by the first request), or by
 * exec.
 *
 * A Launcher is one manager's connection to a nursery. It is asynchronous: requests are sent,
 * events come back on launcher_fd().
 *
 * Threads: one at a time per launcher; the nurseries behind are shared and locked.
 */

typedef struct Launcher {
    int channel; /* -1: not connected */
} Launcher;

/* Connects to the program's nursery, starting it if it does not run. */
ProStatus launcher_open(Launcher *ret_launcher, const char *program, ProError *reterr);
void launcher_close(Launcher *launcher);
/* Starts a gateway (far/gateway.h), which answers to this manager alone, and tells it `start`. */
ProStatus launcher_open_gateway(Launcher *ret_launcher, const char *program, const void *start,
        size_t start_size, int *ret_pidfd, ProError *reterr);
/* Closes the channel, so that it ends, and reaps it. */
void launcher_close_gateway(Launcher *launcher, int *pidfd);
int launcher_fd(const Launcher *launcher);

/* Asks for one worker. `fds` stay the caller's. PRO_ERR_CLOSED if the nursery is gone. */
ProStatus launcher_start(Launcher *launcher, uint64_t request, const Buffer *config,
        const int fds[WORKER_FD_COUNT], ProError *reterr);

typedef enum LaunchEventKind {
    LAUNCH_STARTED, /* request, pid, pidfd (now yours) */
    LAUNCH_FAILED,  /* request, text */
    LAUNCH_EXITED,  /* pid, wait_status, peak_rss_bytes */
    /* of a gateway */
    LAUNCH_LOST,      /* pid, text: how it ended is not known */
    LAUNCH_FAR_PID,   /* request, pid: the worker's, on its machine */
    LAUNCH_LISTENS,   /* text: the endpoint */
    LAUNCH_HOST_CAME, /* host, text: its name; wait_status: processors, pid: its agent,
                         peak_rss_bytes: memory */
    LAUNCH_HOST_WENT, /* host, text */
    LAUNCH_NOTICE     /* text */
} LaunchEventKind;

typedef struct LaunchEvent {
    LaunchEventKind kind;
    uint64_t request;
    pid_t pid;
    int pidfd;
    int wait_status;
    uint64_t peak_rss_bytes;
    uint64_t host; /* where it started; 0: here */
    char text[256];
} LaunchEvent;

/* PRO_ERR_EMPTY: nothing now. PRO_ERR_CLOSED: the nursery is gone; its workers live on. */
ProStatus launcher_receive(Launcher *launcher, LaunchEvent *ret_event, ProError *reterr);

/* Starts one worker by exec; it is a child of this process. */
ProStatus launcher_exec(const char *program, const Buffer *config, const int fds[WORKER_FD_COUNT],
        pid_t *ret_pid, int *ret_pidfd, ProError *reterr);

/* A pidfd of this very process, for its children to watch; made once, shared, never closed. -1 on
 * error. */
int launcher_host_pidfd(void);

#endif
