/* SPDX-License-Identifier: Apache-2.0 */

/* The ladder of cancel: flag, interrupt, SIGTERM, SIGKILL. A stop climbs it too, for whatever runs.
 */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"

#include <signal.h>

ProAbortRung abort_rung(const Slot *slot)
{
    static const ProAbortRung rungs[] = {
            [ABORT_NONE] = PRO_RUNG_NONE,
            [ABORT_FLAG] = PRO_RUNG_FLAG,
            [ABORT_INTERRUPT] = PRO_RUNG_INTERRUPT,
            [ABORT_TERM] = PRO_RUNG_TERM,
            [ABORT_KILL] = PRO_RUNG_KILL,
    };
    return rungs[slot->abort.stage];
}

/*
 * A stop may begin before the launcher has told the worker's pid. Nobody can send it a signal until
 * then, so the ladder waits below the first rung that needs one: on_started() goes on.
 */
uint64_t abort_next_deadline(const Slot *slot)
{
    const Abort *abort = &slot->abort;
    bool can_signal = slot->pidfd >= 0;
    switch (abort->stage) {
    case ABORT_FLAG:
        return abort->start_ns + abort->total_ns / 2;
    case ABORT_INTERRUPT:
        return can_signal ? abort->start_ns + abort->total_ns / 4 * 3 : UINT64_MAX;
    case ABORT_TERM:
        return can_signal ? abort->start_ns + abort->total_ns : UINT64_MAX;
    case ABORT_NONE:
    case ABORT_KILL:
        break;
    }
    return UINT64_MAX;
}

/* Tells the worker: drop it if it has not begun, raise its flag if it has. */
static void ask(Slot *slot, ProTaskId id)
{
    protocol_post(slot, FRAME_CANCEL, id, NULL, 0);
    protocol_post(slot, FRAME_ABORT, id, NULL, 0);
}

static void ask_for_all(Slot *slot)
{
    list_each(link, &slot->in_flight) ask(slot, list_entry(link, Task, link)->id);
}

static void climb(Slot *slot)
{
    slot->abort.stage++;
    switch (slot->abort.stage) {
    case ABORT_INTERRUPT:
        if (slot->in_flight_count > 0)
            protocol_post(slot, FRAME_INTERRUPT,
                    slot->abort.task != 0 ? slot->abort.task
                                          : list_entry(slot->in_flight.next, Task, link)->id,
                    NULL, 0);
        protocol_flush(slot);
        break;
    case ABORT_TERM:
        slot->signal_sent = SIGTERM;
        slot_kill(slot, SIGTERM);
        break;
    case ABORT_KILL:
        slot->signal_sent = SIGKILL;
        slot_kill(slot, SIGKILL);
        break;
    case ABORT_NONE:
    case ABORT_FLAG:
        break;
    }
}

void abort_on_deadline(Slot *slot, uint64_t now_ns)
{
    /* Without time to climb there is no point in the rungs between. */
    if (slot->abort.stage != ABORT_NONE && slot->abort.stage < ABORT_TERM &&
            slot->abort.total_ns == 0)
        slot->abort.stage = ABORT_TERM;
    while (abort_next_deadline(slot) <= now_ns)
        climb(slot);
}

void abort_begin(Slot *slot, ProTaskId task, int timeout_ms)
{
    uint64_t now = clock_now_ns();
    uint64_t total = (uint64_t)timeout_ms * 1000000u;
    Abort *abort = &slot->abort;
    bool same = abort->stage != ABORT_NONE && abort->task == task;
    /* Who is killed at once is not asked: it could end the task, begin the next, and die in that.
     */
    bool is_asked = timeout_ms > 0;
    if (is_asked && task == 0)
        ask_for_all(slot);
    else if (is_asked)
        ask(slot, task);
    protocol_flush(slot);
    bool sooner_already = same && abort->start_ns + abort->total_ns <= now + total;
    if (!sooner_already)
        *abort = (Abort){.stage = ABORT_FLAG, .task = task, .start_ns = now, .total_ns = total};
    abort_on_deadline(slot, now);
    engine_wake(slot->manager);
}

/* ---- public ---- */

static ProStatus check_time(int timeout_ms, ProError *reterr)
{
    if (timeout_ms >= 0)
        return PRO_OK;
    return error_set(reterr, PRO_ERR_INVALID, "a time of %d ms is negative", timeout_ms);
}

static void cancel_queued(Slot *slot, Task *task)
{
    slot->queued_count--;
    tasks_end_as(slot->manager, slot->id, task, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE, NULL,
            "cancelled before it began");
}

/* What the worker would do now: the oldest in flight, or what waits for its start. */
static void abort_slot(Slot *slot, int timeout_ms)
{
    if (slot->in_flight_count > 0)
        abort_begin(slot, list_entry(slot->in_flight.next, Task, link)->id, timeout_ms);
    else if (!list_empty(&slot->queued))
        cancel_queued(slot, list_entry(slot->queued.next, Task, link));
}

ProStatus pro_manager_abort_operation(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_time(timeout_ms, reterr);
    if (status != PRO_OK)
        return status;
    ProError error = {0};
    port_lock(&manager->port);
    if (worker == PRO_WORKER_ALL) {
        for (size_t i = 0; i < manager->slot_count; i++)
            if (slot_takes_work(manager->slots[i]))
                abort_slot(manager->slots[i], timeout_ms);
    } else {
        Slot *slot = manager_find_slot(manager, worker, &error);
        if (slot != NULL)
            abort_slot(slot, timeout_ms);
    }
    port_unlock(&manager->port);
    return error.status == PRO_OK ? PRO_OK : error_set(reterr, error.status, "%s", error.text);
}

static Task *find(ListLink *tasks, ProTaskId id)
{
    list_each(link, tasks)
    {
        Task *task = list_entry(link, Task, link);
        if (task->id == id)
            return task;
    }
    return NULL;
}

/* The ladder kills a process, so it waits until the task is the one that runs there. */
static void abort_in_flight(Slot *slot, Task *task, int timeout_ms)
{
    if (slot->in_flight.next == &task->link) {
        abort_begin(slot, task->id, timeout_ms);
        return;
    }
    task->abort_ms = timeout_ms;
    ask(slot, task->id);
    protocol_flush(slot);
}

static bool abort_anywhere(ProManager *manager, ProTaskId id, int timeout_ms)
{
    Task *task = find(&manager->any_tasks, id);
    if (task != NULL) {
        tasks_end_as(manager, PRO_WORKER_INVALID, task, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE, NULL,
                "cancelled before it began");
        return true;
    }
    for (size_t i = 0; i < manager->slot_count; i++) {
        Slot *slot = manager->slots[i];
        if ((task = find(&slot->in_flight, id)) != NULL) {
            abort_in_flight(slot, task, timeout_ms);
            return true;
        }
        if ((task = find(&slot->queued, id)) != NULL) {
            cancel_queued(slot, task);
            return true;
        }
    }
    return false;
}

ProStatus pro_manager_abort_task(
        ProManager *manager, ProTaskId task, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_time(timeout_ms, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    bool found = abort_anywhere(manager, task, timeout_ms);
    port_unlock(&manager->port);
    return found ? PRO_OK
                 : error_set(reterr, PRO_ERR_NOT_FOUND, "task %llu has ended or never was",
                           (unsigned long long)task);
}
