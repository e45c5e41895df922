/* SPDX-License-Identifier: Apache-2.0 */

/* The manager's native thread: reacts to workers while the program does something else. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 64 };

void engine_wake(ProManager *manager)
{
    const uint64_t one = 1;
    ssize_t written = write(manager->engine_wake, &one, sizeof one);
    (void)written;
}

static int wait_time_ms(const ProManager *manager)
{
    uint64_t deadline = manager->rebalance_ns != 0 ? manager->rebalance_ns : UINT64_MAX;
    if (manager->spares_ns != 0 && manager->spares_ns < deadline)
        deadline = manager->spares_ns;
    for (size_t i = 0; i < manager->slot_count; i++) {
        uint64_t next = slot_next_deadline(manager->slots[i]);
        if (next < deadline)
            deadline = next;
    }
    return clock_left_ms(deadline);
}

static void on_deadlines(ProManager *manager)
{
    uint64_t now = clock_now_ns();
    if (manager->rebalance_ns <= now)
        manager->rebalance_ns = 0; /* the dispatch that follows looks */
    if (manager->spares_ns != 0 && manager->spares_ns <= now) {
        manager->spares_ns = 0;
        slots_keep_spares(manager);
    }
    /* From the last on: a slot may go away. */
    for (size_t i = manager->slot_count; i > 0; i--)
        if (i <= manager->slot_count && slot_next_deadline(manager->slots[i - 1]) <= now)
            slot_on_deadline(manager->slots[i - 1], now);
}

static void on_event(ProManager *manager, uint64_t tag)
{
    Slot *slot = manager_any_slot_by_id(manager, (ProWorkerId)tag);
    switch ((Tag)(tag >> 32)) {
    case TAG_SOCKET:
        port_on_timer(&manager->port);
        if (protocol_drain(manager))
            engine_wake(manager);
        break;
    case TAG_WAKE: {
        uint64_t count;
        ssize_t taken = read(manager->engine_wake, &count, sizeof count);
        (void)taken;
        if (protocol_drain(manager))
            engine_wake(manager);
        break;
    }
    case TAG_LAUNCHER:
        slots_on_launcher(manager, &manager->launcher);
        break;
    case TAG_GATEWAY:
        slots_on_launcher(manager, &manager->gateway);
        break;
    case TAG_PROCESS:
        if (slot != NULL)
            slot_on_process_exit(slot);
        break;
    case TAG_STDOUT:
        if (slot != NULL)
            output_read(slot, 0, false);
        break;
    case TAG_STDERR:
        if (slot != NULL)
            output_read(slot, 1, false);
        break;
    }
}

static void *engine_main(void *argument)
{
    ProManager *manager = argument;
    struct epoll_event events[EVENTS_AT_ONCE];
    (void)prctl(PR_SET_NAME, "promp-manager");
    port_lock(&manager->port);
    while (!manager->end_engine) {
        int timeout_ms = wait_time_ms(manager);
        port_unlock(&manager->port);
        int count = epoll_wait(manager->port.epoll, events, EVENTS_AT_ONCE, timeout_ms);
        port_lock(&manager->port);
        for (int i = 0; i < count; i++)
            on_event(manager, events[i].data.u64);
        on_deadlines(manager);
        tasks_dispatch(manager);
        /* What the engine took off the socket, the owner may just have begun to wait for; and
         * sending may have taken the signal of input that came meanwhile. */
        bool unseen = socket_has_input(manager->port.socket);
        if (manager->port.front_waits && (manager->deliverable || unseen))
            port_wake_front(&manager->port);
        else if (unseen)
            engine_wake(manager);
    }
    port_unlock(&manager->port);
    return NULL;
}

ProStatus engine_start(ProManager *manager, ProError *reterr)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&manager->engine, NULL, engine_main, manager);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return error_system(reterr, error, "cannot start the manager's thread");
    manager->engine_runs = true;
    return PRO_OK;
}

void engine_stop(ProManager *manager)
{
    if (!manager->engine_runs)
        return;
    port_lock(&manager->port);
    manager->end_engine = true;
    port_unlock(&manager->port);
    engine_wake(manager);
    (void)pthread_join(manager->engine, NULL);
    manager->engine_runs = false;
}
