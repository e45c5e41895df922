/* SPDX-License-Identifier: Apache-2.0 */

/* The public calls on workers. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

ProStatus pro_manager_start_worker(ProManager *manager, ProWorkerId *ret_worker, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    Slot *chosen = NULL;
    for (size_t i = 0; i < manager->slot_count; i++) {
        Slot *slot = manager->slots[i];
        bool usable = slot->spare && !slot->stopping && slot->state != SLOT_DEAD;
        if (usable && (chosen == NULL || slot->state > chosen->state))
            chosen = slot;
    }
    if (chosen != NULL) {
        chosen->spare = false;
        /* Not now: a fork would stand in the way of the first task. */
        manager->spares_ns = clock_now_ns() + MP_SPARES_DELAY_NS;
        engine_wake(manager);
    } else {
        status = slot_new(manager, false, &chosen, reterr);
    }
    if (status == PRO_OK)
        *ret_worker = chosen->id;
    tasks_dispatch(manager);
    port_unlock(&manager->port);
    return status;
}

ProStatus pro_manager_stop_worker(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (timeout_ms < 0)
        return error_set(reterr, PRO_ERR_INVALID, "a time of %d ms is negative", timeout_ms);
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot == NULL || !slot_is_public(slot))
        slot = manager_find_slot(manager, worker, reterr); /* for the error's text */
    if (slot == NULL)
        status = reterr == NULL ? PRO_ERR_INVALID : reterr->status;
    else
        slot_begin_stop(slot, timeout_ms);
    port_unlock(&manager->port);
    engine_wake(manager);
    return status;
}

const char *pro_worker_state_text(ProWorkerState state)
{
    static const char *const texts[] = {"starting", "idle", "busy", "dead"};
    return (size_t)state < sizeof texts / sizeof texts[0] ? texts[state] : "unknown";
}

size_t pro_manager_workers(ProManager *manager, ProWorkerId *ret_ids, size_t capacity)
{
    size_t count = 0;
    if (manager_enter(manager, NULL) != PRO_OK)
        return 0;
    port_lock(&manager->port);
    for (size_t i = 0; i < manager->slot_count; i++) {
        if (!slot_is_public(manager->slots[i]))
            continue;
        if (count < capacity)
            ret_ids[count] = manager->slots[i]->id;
        count++;
    }
    port_unlock(&manager->port);
    return count;
}

/* From /proc; zero if the process is gone meanwhile. */
static void read_usage(ProWorkerInfo *info)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)info->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    char line[1024];
    size_t size = fread(line, 1, sizeof line - 1, file);
    (void)fclose(file);
    line[size] = '\0';
    const char *after_name = strrchr(line, ')');
    unsigned long user_ticks = 0;
    unsigned long system_ticks = 0;
    long pages = 0;
    if (after_name == NULL ||
            sscanf(after_name + 1,
                    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
                    "%*u %ld",
                    &user_ticks, &system_ticks, &pages) != 3)
        return;
    info->cpu_seconds = (double)(user_ticks + system_ticks) / (double)sysconf(_SC_CLK_TCK);
    info->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static ProWorkerState public_state(const Slot *slot)
{
    if (slot->state == SLOT_DEAD)
        return PRO_WORKER_DEAD;
    if (slot->state != SLOT_READY)
        return PRO_WORKER_STARTING;
    return slot->in_flight_count + slot->queued_count > 0 ? PRO_WORKER_BUSY : PRO_WORKER_IDLE;
}

ProStatus pro_manager_worker_info(
        ProManager *manager, ProWorkerId worker, ProWorkerInfo *ret_info, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot != NULL && !slot_is_public(slot))
        slot = NULL;
    if (slot == NULL && manager_find_slot(manager, worker, reterr) == NULL) {
        port_unlock(&manager->port);
        return reterr == NULL ? PRO_ERR_INVALID : reterr->status;
    }
    ProWorkerInfo info = {
            .id = slot->id,
            .state = public_state(slot),
            .pid = slot_pid(slot),
            .host = slot->host,
            .level = pro_worker_process_level() + 1,
            .queued_tasks = slot->in_flight_count + slot->queued_count,
            .restarts = slot->restarts,
            .death = pro_death_ref(slot->last_death),
    };
    if (slot->board != NULL) {
        ProTaskId running = atomic_load(&slot->board->running_task);
        info.task = tasks_find_in_flight(slot, running) != NULL ? running : 0;
    }
    port_unlock(&manager->port);
    if (info.pid != 0 && info.host == 0)
        read_usage(&info);
    *ret_info = info;
    return PRO_OK;
}
