/* SPDX-License-Identifier: Apache-2.0 */

/* The manager as an object: creation, options, close. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/process.h"
#include "mp/runtime_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

ProStatus manager_enter(const ProManager *manager, ProError *reterr)
{
    if (manager->process != process_generation())
        return error_set(
                reterr, PRO_ERR_CLOSED, "the manager belongs to the process that forked this one");
    if (!pthread_equal(manager->owner, pthread_self()))
        return error_set(reterr, PRO_ERR_WRONG_THREAD,
                "the manager belongs to the thread that made it; another one called it");
    if (manager->closing)
        return error_set(reterr, PRO_ERR_CLOSED, "the manager is closed");
    return PRO_OK;
}

ProStatus pro_manager_check(const ProManager *manager, ProError *reterr)
{
    return manager_enter(manager, reterr);
}

bool slot_is_public(const Slot *slot)
{
    return !slot->spare && !slot->stopping;
}

Slot *manager_any_slot_by_id(ProManager *manager, ProWorkerId worker)
{
    size_t low = 0;
    size_t high = manager->slot_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (manager->slots[middle]->id < worker)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < manager->slot_count && manager->slots[low]->id == worker)
        return manager->slots[low];
    return NULL;
}

Slot *manager_find_slot(ProManager *manager, ProWorkerId worker, ProError *reterr)
{
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot != NULL && slot_is_public(slot) && slot->state != SLOT_DEAD)
        return slot;
    if (slot != NULL && slot_is_public(slot))
        (void)error_set(reterr, PRO_ERR_WORKER_GONE, "worker %u is gone: %s", worker,
                slot->last_death == NULL ? "it could not start" : pro_death_text(slot->last_death));
    else if (worker == PRO_WORKER_INVALID || worker >= manager->next_worker ||
             (slot != NULL && slot->spare))
        (void)error_set(
                reterr, PRO_ERR_INVALID, "worker %u was never started by this manager", worker);
    else
        (void)error_set(reterr, PRO_ERR_WORKER_GONE, "worker %u is gone: it was stopped", worker);
    return NULL;
}

static void init_lists(ProManager *manager)
{
    list_init(&manager->any_tasks);
    list_init(&manager->waiting);
    list_init(&manager->dirty);
    list_init(&manager->events);
    list_init(&manager->messages);
    list_init(&manager->waits);
    list_init(&manager->boxes);
    list_init(&manager->results);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&manager->slots_changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static ProStatus open_port(ProManager *manager, ProError *reterr)
{
    ProStatus status =
            runtime_folder_acquire(manager->socket_path, sizeof manager->socket_path, reterr);
    if (status != PRO_OK)
        return status;
    char endpoint[sizeof manager->socket_path + 8];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", manager->socket_path);
    Socket *socket = NULL;
    status = socket_open_router(endpoint, &socket, reterr);
    if (status == PRO_OK)
        status = port_init(&manager->port, socket, MANAGER_TAG(TAG_SOCKET, 0), reterr);
    if (status != PRO_OK)
        runtime_folder_release(manager->socket_path);
    return status;
}

ProStatus pro_manager_new(ProManager **ret_manager, ProError *reterr)
{
    ProManager *manager = calloc(1, sizeof *manager);
    if (manager == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a manager");
    manager->owner = pthread_self();
    manager->process = process_generation();
    manager->launcher.channel = -1;
    manager->gateway.channel = -1;
    manager->gateway_pidfd = -1;
    manager->next_worker = 1;
    manager->next_task = 1;
    manager->pending_limit = MP_PENDING_DEFAULT;
    manager->oom_kills = death_oom_kills();
    init_lists(manager);
    ProStatus status = open_port(manager, reterr);
    if (status != PRO_OK) {
        free(manager);
        return status;
    }
    manager->box_fd = -1;
    manager->deliver_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    manager->engine_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (manager->deliver_fd < 0 || manager->engine_wake < 0)
        status = error_system(reterr, errno, "cannot make an eventfd for a manager");
    if (status == PRO_OK)
        status = port_watch(&manager->port, manager->engine_wake, MANAGER_TAG(TAG_WAKE, 0), reterr);
    if (status == PRO_OK)
        status = engine_start(manager, reterr);
    if (status != PRO_OK) {
        pro_manager_free(manager);
        return status;
    }
    owner_thread_join(&manager->owned, manager, manager->deliver_fd);
    *ret_manager = manager;
    return PRO_OK;
}

/* ---- close ---- */

/* `ret_tasks` gets those that have not begun, to be freed without the lock. */
static void begin_close(ProManager *manager, ListLink *ret_tasks)
{
    enum { EXIT_GRACE_MS = 300 };
    manager->closing = true;
    port_take_back(&manager->port);
    list_append_all(ret_tasks, &manager->any_tasks);
    for (size_t i = manager->slot_count; i > 0;
            i--) { /* from the end: one that is dead goes at once */
        Slot *slot = manager->slots[i - 1];
        bool busy = slot->in_flight_count > 0;
        slot_begin_stop(slot, busy ? 0 : EXIT_GRACE_MS);
    }
    engine_wake(manager);
}

/* The engine reaps; past the deadline the processes are on their own, and end with this one. */
static void wait_until_gone(ProManager *manager)
{
    uint64_t deadline_ns = clock_deadline_ns(PRO_CLOSE_TIMEOUT_MS);
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
            .tv_nsec = (long)(deadline_ns % 1000000000u)};
    while (manager->slot_count > 0)
        if (pthread_cond_timedwait(&manager->slots_changed, &manager->port.lock, &deadline) ==
                ETIMEDOUT)
            break;
}

void pro_manager_close(ProManager *manager)
{
    if (manager == NULL || manager->closing || manager->process != process_generation())
        return;
    ListLink tasks;
    list_init(&tasks);
    port_lock(&manager->port);
    begin_close(manager, &tasks);
    if (manager->engine_runs)
        wait_until_gone(manager);
    port_unlock(&manager->port);
    engine_stop(manager);
    for (ListLink *link = list_pop(&tasks); link != NULL; link = list_pop(&tasks))
        task_free(manager, list_entry(link, Task, link));
    shares_end(manager);
    slots_abandon(manager);
    launcher_close(&manager->launcher);
    launcher_close_gateway(&manager->gateway, &manager->gateway_pidfd);
    hosts_free(manager);
    delivery_free_all(manager);
    shares_free(manager); /* what the tasks brought was among them */
    waits_free_all(manager);
    boxes_free_all(manager);
    port_fini(&manager->port);
    runtime_folder_release(manager->socket_path);
    owner_thread_leave(&manager->owned);
    if (manager->deliver_fd >= 0)
        (void)close(manager->deliver_fd);
    if (manager->engine_wake >= 0)
        (void)close(manager->engine_wake);
    manager->deliver_fd = -1;
    manager->engine_wake = -1;
}

void pro_manager_free(ProManager *manager)
{
    if (manager == NULL)
        return;
    pro_manager_close(manager);
    if (manager->process == process_generation())
        waits_free_all(manager);
    buffer_fini(&manager->setup);
    free(manager->slots);
    free(manager);
}

/* ---- settings ---- */

ProStatus pro_manager_set_options(ProManager *manager, uint32_t options, ProError *reterr)
{
    const uint32_t known = PRO_OPT_REDIRECT_OUTPUT | PRO_OPT_ATOMIC_OUTPUT | PRO_OPT_NO_REPLACE |
                           PRO_OPT_RETRY_TASKS | PRO_OPT_QUIET | PRO_OPT_EXEC_WORKERS;
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if ((options & ~known) != 0)
        return error_set(reterr, PRO_ERR_INVALID, "unknown options 0x%x", options & ~known);
    port_lock(&manager->port);
    manager->options = options;
    port_unlock(&manager->port);
    return PRO_OK;
}

uint32_t pro_manager_options(const ProManager *manager)
{
    return manager->options;
}

ProStatus pro_manager_set_spares(ProManager *manager, unsigned count, ProError *reterr)
{
    enum { SPARES_MAX = 1024 };
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (count > SPARES_MAX)
        return error_set(reterr, PRO_ERR_LIMIT, "%u spares are more than %d", count, SPARES_MAX);
    port_lock(&manager->port);
    manager->spare_count = count;
    slots_keep_spares(manager);
    port_unlock(&manager->port);
    return PRO_OK;
}

ProStatus pro_manager_set_worker_program(ProManager *manager, const char *path, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (path != NULL && access(path, X_OK) != 0)
        return error_system(reterr, errno, "cannot use %s as the worker program", path);
    if (path != NULL && strlen(path) >= sizeof manager->program)
        return error_set(reterr, PRO_ERR_LIMIT, "the worker program's path is too long");
    port_lock(&manager->port);
    (void)strcpy(manager->program, path == NULL ? "" : path);
    slots_launcher_lost(manager, &manager->launcher); /* of the program before */
    port_unlock(&manager->port);
    return PRO_OK;
}

ProStatus pro_manager_set_memory_limit(ProManager *manager, uint64_t bytes, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        manager->memory_limit = bytes;
    return status;
}

ProStatus pro_manager_set_pending_limit(ProManager *manager, uint64_t bytes, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (bytes < MP_INLINE_PAYLOAD_MAX)
        return error_set(reterr, PRO_ERR_INVALID, "a pending limit of %llu bytes is below %d",
                (unsigned long long)bytes, MP_INLINE_PAYLOAD_MAX);
    if (manager->slot_count > 0)
        return error_set(
                reterr, PRO_ERR_INVALID, "set the pending limit before the first worker starts");
    manager->pending_limit = bytes;
    return PRO_OK;
}

ProStatus pro_manager_set_setup(
        ProManager *manager, const void *value, size_t size_bytes, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK && size_bytes > 0)
        status = pro_value_check(value, size_bytes, reterr);
    if (status != PRO_OK)
        return status;
    if (size_bytes > MP_CONFIG_MAX / 2)
        return error_set(reterr, PRO_ERR_LIMIT, "a setup value of %zu bytes is larger than %d",
                size_bytes, MP_CONFIG_MAX / 2);
    port_lock(&manager->port);
    buffer_clear(&manager->setup);
    buffer_append(&manager->setup, value, size_bytes);
    bool failed = manager->setup.failed;
    port_unlock(&manager->port);
    return failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a setup value") : PRO_OK;
}
