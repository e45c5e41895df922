/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/port.h"

#include "core/clock.h"
#include "core/error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

ProStatus port_init(Port *port, Socket *socket, uint64_t tag, ProError *reterr)
{
    *port = (Port){.socket = socket, .epoll = -1, .front_wake = -1, .keep_timer = -1, .tag = tag};
    (void)pthread_mutex_init(&port->lock, NULL);
    port->epoll = epoll_create1(EPOLL_CLOEXEC);
    port->front_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    port->keep_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (port->epoll < 0 || port->front_wake < 0 || port->keep_timer < 0) {
        ProStatus status = error_system(reterr, errno, "cannot make an epoll set");
        port_fini(port);
        return status;
    }
    ProStatus status = port_watch(port, socket_fd(socket), tag, reterr);
    if (status == PRO_OK)
        status = port_watch(port, port->keep_timer, tag, reterr);
    if (status != PRO_OK)
        port_fini(port);
    return status;
}

void port_fini(Port *port)
{
    if (port->epoll >= 0)
        (void)close(port->epoll);
    if (port->front_wake >= 0)
        (void)close(port->front_wake);
    if (port->keep_timer >= 0)
        (void)close(port->keep_timer);
    port->epoll = -1;
    port->front_wake = -1;
    port->keep_timer = -1;
    socket_close(port->socket);
    port->socket = NULL;
    (void)pthread_mutex_destroy(&port->lock);
}

ProStatus port_watch(Port *port, int fd, uint64_t tag, ProError *reterr)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    if (epoll_ctl(port->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return error_system(reterr, errno, "cannot watch file descriptor %d", fd);
    return PRO_OK;
}

void port_unwatch(Port *port, int fd)
{
    (void)epoll_ctl(port->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void port_pause(Port *port, int fd, uint64_t tag, bool paused)
{
    struct epoll_event event = {.events = paused ? 0 : EPOLLIN, .data.u64 = tag};
    (void)epoll_ctl(port->epoll, EPOLL_CTL_MOD, fd, &event);
}

void port_take_back(Port *port)
{
    if (!port->front_keeps)
        return;
    port->front_keeps = false;
    port_pause(port, socket_fd(port->socket), port->tag, false);
}

static void arm_timer(Port *port, uint64_t delay_ns)
{
    const struct itimerspec when = {.it_value.tv_nsec = (long)delay_ns};
    port->keep_timer_armed = timerfd_settime(port->keep_timer, 0, &when, NULL) == 0;
    if (!port->keep_timer_armed)
        port_take_back(port);
}

void port_on_timer(Port *port)
{
    uint64_t expirations;
    if (read(port->keep_timer, &expirations, sizeof expirations) != sizeof expirations)
        return; /* the socket itself was reported */
    port->keep_timer_armed = false;
    if (!port->front_keeps || port->front_waits)
        return; /* a wait under way arms it anew at its end */
    uint64_t left_ns = clock_now_ns() - port->front_left_ns;
    if (left_ns < PORT_KEEP_NS)
        arm_timer(port, PORT_KEEP_NS - left_ns);
    else
        port_take_back(port);
}

static void leave_front(Port *port)
{
    port->front_waits = false;
    port->front_left_ns = clock_now_ns();
    if (port->front_keeps && !port->keep_timer_armed)
        arm_timer(port, PORT_KEEP_NS);
}

PortWait port_front_wait(Port *port, int timeout_ms, const int *extra_fds, size_t extra_count)
{
    /* Sending may have swallowed the socket's signal; then there is no need to wait. */
    if (socket_has_input(port->socket))
        return PORT_READY;
    struct pollfd fds[2 + PORT_EXTRA_FDS_MAX] = {
            {.fd = socket_fd(port->socket), .events = POLLIN},
            {.fd = port->front_wake, .events = POLLIN},
    };
    for (size_t i = 0; i < extra_count; i++)
        fds[2 + i] = (struct pollfd){.fd = extra_fds[i], .events = POLLIN};
    port->front_waits = true;
    if (!port->front_keeps)
        port_pause(port, fds[0].fd, port->tag, true);
    port->front_keeps = true;
    port_unlock(port);
    int ready = poll(fds, 2 + extra_count, timeout_ms);
    bool interrupted = ready < 0 && errno == EINTR;
    if (ready > 0 && fds[1].revents != 0) {
        uint64_t count;
        ssize_t taken = read(port->front_wake, &count, sizeof count);
        (void)taken;
    }
    port_lock(port);
    leave_front(port);
    if (interrupted)
        return PORT_INTERRUPTED;
    return ready == 0 ? PORT_TIMED_OUT : PORT_READY;
}

void port_wake_front(Port *port)
{
    const uint64_t one = 1;
    ssize_t written = write(port->front_wake, &one, sizeof one);
    (void)written; /* full means that it is awake already */
}
