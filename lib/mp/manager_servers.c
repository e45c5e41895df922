/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The threads that read shared containers for workers. A read may block in a container's callbacks,
 * so neither owner nor engine does it. One thread always listens, as long as there may be more: so
 * a source that takes long for one worker is read for others meanwhile.
 */

#include "mp/manager_shares.h"

#include "core/error.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Other tags are the desks'. */
#define TAG_END UINT64_MAX
#define TAG_ASKED (UINT64_MAX - 1)

static void *serve(void *argument);

void servers_init(Servers *servers)
{
    servers->epoll = servers->asked_bell = servers->end_bell = -1;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void servers_fini(Servers *servers)
{
    close_fd(&servers->epoll);
    close_fd(&servers->asked_bell);
    close_fd(&servers->end_bell);
}

static ProStatus open_bells(Servers *servers, ProError *reterr)
{
    struct epoll_event end = {.events = EPOLLIN, .data.u64 = TAG_END};
    struct epoll_event asked = {.events = EPOLLIN | EPOLLET, .data.u64 = TAG_ASKED};
    if (servers->epoll >= 0)
        return PRO_OK;
    servers->epoll = epoll_create1(EPOLL_CLOEXEC);
    servers->asked_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    servers->end_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (servers->epoll >= 0 && servers->asked_bell >= 0 && servers->end_bell >= 0 &&
            epoll_ctl(servers->epoll, EPOLL_CTL_ADD, servers->end_bell, &end) == 0 &&
            epoll_ctl(servers->epoll, EPOLL_CTL_ADD, servers->asked_bell, &asked) == 0)
        return PRO_OK;
    ProStatus status = error_system(reterr, errno, "cannot serve shared containers");
    servers_fini(servers);
    return status;
}

static void ring(int bell)
{
    const uint64_t one = 1;
    ssize_t written = write(bell, &one, sizeof one);
    (void)written; /* full: it rings already */
}

void servers_ring(const Servers *servers)
{
    ring(servers->asked_bell);
}

/* Signals are the program's: its threads handle them. */
static int add_server(ProManager *manager)
{
    Servers *servers = &manager->shares->servers;
    sigset_t all, before;
    if (servers->count == SERVERS_MAX || atomic_load(&servers->end))
        return 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&servers->threads[servers->count], NULL, serve, manager);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    servers->count += error == 0;
    return error;
}

ProStatus servers_start(ProManager *manager, ProError *reterr)
{
    Servers *servers = &manager->shares->servers;
    ProStatus status = open_bells(servers, reterr);
    int error = status == PRO_OK && servers->count == 0 ? add_server(manager) : 0;
    return error == 0 ? status
                      : error_system(reterr, error,
                                "cannot start the thread that serves shared containers");
}

/* Not locked. The tag of what rang. */
static uint64_t listen(const Servers *servers)
{
    struct epoll_event event;
    while (epoll_wait(servers->epoll, &event, 1, -1) <= 0)
        ;
    return event.data.u64;
}

static void serve_questions(ProManager *manager)
{
    int turn = 0;
    while (turn < SERVER_TURN && blocks_serve(manager))
        turn++;
    if (turn == SERVER_TURN)
        servers_ring(&manager->shares->servers);
}

static void *serve(void *argument)
{
    ProManager *manager = argument;
    Servers *servers = &manager->shares->servers;
    (void)prctl(PR_SET_NAME, "promp-blocks");
    port_lock(&manager->port);
    while (!atomic_load(&servers->end)) {
        atomic_fetch_add(&servers->listening, 1);
        port_unlock(&manager->port);
        uint64_t tag = listen(servers);
        port_lock(&manager->port);
        if (atomic_fetch_sub(&servers->listening, 1) == 1 && tag != TAG_END)
            (void)add_server(manager); /* without one, what comes next waits for this one */
        if (tag == TAG_ASKED) {
            serve_questions(manager);
        } else if (tag != TAG_END) {
            port_unlock(&manager->port);
            desk_serve(manager, tag);
            port_lock(&manager->port);
        }
    }
    port_unlock(&manager->port);
    return NULL;
}

void servers_end(ProManager *manager)
{
    Servers *servers = &manager->shares->servers;
    port_lock(&manager->port);
    atomic_store(&servers->end, true); /* none is added from here on */
    port_unlock(&manager->port);
    if (servers->end_bell >= 0)
        ring(servers->end_bell); /* which nobody silences: all of them hear it */
    for (size_t i = 0; i < servers->count; i++)
        (void)pthread_join(servers->threads[i], NULL);
    servers->count = 0;
}
