/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/port.h"

#include "core/error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

ProStatus port_init(Port *port, Socket *socket, uint64_t tag, ProError *reterr)
{
    *port = (Port){.socket = socket, .epoll = -1, .front_wake = -1};
    (void)pthread_mutex_init(&port->lock, NULL);
    port->epoll = epoll_create1(EPOLL_CLOEXEC);
    port->front_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (port->epoll < 0 || port->front_wake < 0) {
        ProStatus status = error_system(reterr, errno, "cannot make an epoll set");
        port_fini(port);
        return status;
    }
    ProStatus status = port_watch(port, socket_fd(socket), tag, reterr);
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
    port->epoll = -1;
    port->front_wake = -1;
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

PortWait port_front_wait(
        Port *port, int timeout_ms, const int *extra_fds, size_t extra_count, uint64_t socket_tag)
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
    port_pause(port, fds[0].fd, socket_tag, true);
    port_unlock(port);
    int ready = poll(fds, 2 + extra_count, timeout_ms);
    bool interrupted = ready < 0 && errno == EINTR;
    if (ready > 0 && fds[1].revents != 0) {
        uint64_t count;
        ssize_t taken = read(port->front_wake, &count, sizeof count);
        (void)taken;
    }
    port_lock(port);
    port->front_waits = false;
    port_pause(port, fds[0].fd, socket_tag, false);
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
