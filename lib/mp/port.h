/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_PORT_H
#define MP_PORT_H

#include "mp/transport_zmq.h"

#include <promp/status.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>

/*
 * A Port is one end's socket, shared by two threads under one lock: the background thread, which
 * must react while the program computes, and the front thread, which blocks in a call and wants the
 * answer without another thread's detour. Whoever waits, watches the socket: the front thread takes
 * the watch from the background thread's epoll set when it waits, and keeps it for PORT_KEEP_NS
 * after its last wait. So in a conversation the background thread is not woken at all.
 *
 * The lock also guards everything that the owner of the port hangs on it. It is a leaf: never held
 * over a callback or a blocking call.
 */
typedef struct Port {
    pthread_mutex_t lock;
    Socket *socket;
    int epoll;      /* of the background thread */
    int front_wake; /* an eventfd: wakes the front thread while it waits */
    bool front_waits;
    int keep_timer; /* a timerfd in the epoll set: does the front thread still need the watch? */
    bool keep_timer_armed;
    bool front_keeps; /* the background thread does not watch the socket */
    uint64_t front_left_ns;
    uint64_t tag; /* of the socket */
} Port;

enum { PORT_KEEP_NS = 2000000 };

/* Takes `socket` over, also on failure. `tag` is the epoll data of its readiness and of the timer,
 * on which the background thread calls port_on_timer(): both mean that it should look for input. */
ProStatus port_init(Port *port, Socket *socket, uint64_t tag, ProError *reterr);
void port_fini(Port *port); /* closes the socket too */

static inline void port_lock(Port *port)
{
    (void)pthread_mutex_lock(&port->lock);
}

static inline void port_unlock(Port *port)
{
    (void)pthread_mutex_unlock(&port->lock);
}

/* Watches one more descriptor in the background thread, with EPOLLIN. */
ProStatus port_watch(Port *port, int fd, uint64_t tag, ProError *reterr);
void port_unwatch(Port *port, int fd);
/* Stops or resumes a watched descriptor. */
void port_pause(Port *port, int fd, uint64_t tag, bool paused);

enum { PORT_EXTRA_FDS_MAX = 4 };

typedef enum PortWait { PORT_READY, PORT_TIMED_OUT, PORT_INTERRUPTED } PortWait;

/*
 * Front thread, locked on entry and on exit, unlocked between: waits for input on the socket, for
 * port_wake_front() or until one of `extra_fds` is readable. timeout_ms -1: without end.
 * PORT_INTERRUPTED: a signal handler ran.
 */
PortWait port_front_wait(Port *port, int timeout_ms, const int *extra_fds, size_t extra_count);
/* Background thread, locked, whenever the socket's tag was reported: takes the watch back if the
 * front thread has not waited for a while. */
void port_on_timer(Port *port);
/* Locked: the background thread watches from now on. */
void port_take_back(Port *port);
/* Any thread; the lock may be held. Harmless if nobody waits. */
void port_wake_front(Port *port);

#endif
