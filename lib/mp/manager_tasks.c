/* SPDX-License-Identifier: Apache-2.0 */

/* Tasks on their way: queues, dispatch, windows, endings, and what a death does to them. */

#include "mp/manager_private.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

void task_free(ProManager *manager, Task *task)
{
    parcel_unref(task->parcel);
    attachments_unref(manager, task->attachments);
    for (size_t i = 0; i < task->container_count; i++)
        pro_container_unref(task->containers[i]);
    free(task->containers);
    pro_ending_free(task->event.ending);
    free(task);
}

Task *tasks_find_in_flight(Slot *slot, ProTaskId id)
{
    list_each(link, &slot->in_flight)
    {
        Task *task = list_entry(link, Task, link);
        if (task->id == id)
            return task;
    }
    return NULL;
}

/* Tasks that come back take their old place: ids ascend. */
static void insert_by_id(ListLink *tasks, Task *task)
{
    bool newest = list_empty(tasks) || list_entry(tasks->previous, Task, link)->id < task->id;
    ListLink *place = newest ? tasks : tasks->next;
    while (place != tasks && list_entry(place, Task, link)->id < task->id)
        place = place->next;
    list_insert_before(place, &task->link);
}

void tasks_queue(Slot *slot, Task *task)
{
    insert_by_id(&slot->queued, task);
    slot->queued_count++;
    if (slot->waiting.next == NULL)
        list_append(&slot->manager->waiting, &slot->waiting);
}

/* ---- endings ---- */

/* The task becomes its own event; it is freed with its delivery. */
static void queue_ending(ProManager *manager, ProWorkerId worker, Task *task, ProEnding *ending)
{
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot != NULL)
        slot->last_event = NULL; /* output that comes later stands behind the ending */
    task->event = (Event){.kind = EVENT_ENDING, .worker = worker, .ending = ending};
    parcel_unref(task->parcel);
    task->parcel = NULL;
    list_append(&manager->events, &task->event.link);
    delivery_signal(manager);
}

static void leave_flight(Slot *slot, Task *task)
{
    list_remove(&task->link);
    slot->in_flight_count--;
    slot->manager->in_flight_total--;
    slot->in_flight_bytes -= task->parcel->size;
    if (slot->abort.task == task->id)
        slot->abort = (Abort){0};
}

void tasks_end(Slot *slot, Task *task, ProEnding *ending)
{
    leave_flight(slot, task);
    slot->ended_any = true;
    slot->barren_deaths = 0;
    output_settle_once(slot);
    queue_ending(slot->manager, slot->id, task, ending);
    if (slot->in_flight_count == 0)
        return;
    Task *next = list_entry(slot->in_flight.next, Task, link);
    if (next->abort_ms >= 0)
        abort_begin(slot, next->id, next->abort_ms);
}

void tasks_end_as(ProManager *manager, ProWorkerId worker, Task *task, ProEndingKind kind,
        ProAbortRung rung, const ProDeath *death, const char *message)
{
    list_remove(&task->link);
    ProEnding *ending = ending_new(task->id, worker, kind);
    if (ending != NULL) {
        ending->rung = rung;
        ending_set_death(ending, death, message);
    }
    queue_ending(manager, worker, task, ending);
}

/* ---- dispatch ---- */

static bool has_room(const Slot *slot, const Task *task)
{
    if (slot->state != SLOT_READY || slot->stopping || slot->violated ||
            slot->blocked_until_ns != 0)
        return false;
    if (slot->in_flight_count == 0)
        return true;
    return slot->in_flight_count < slot->window &&
           slot->in_flight_bytes + task->parcel->size <= MP_WINDOW_BYTES;
}

/* The task has just left its queue. If the fd channel is full it goes back and the slot rests. */
static void send_task(Slot *slot, Task *task)
{
    const Parcel *parcel = task->parcel;
    if (parcel->blob_fd < 0) {
        protocol_post(slot, FRAME_TASK, task->id, parcel->data, (size_t)parcel->size);
    } else if (protocol_post_blob(slot, FRAME_TASK, task->id, parcel->blob_fd, parcel->size) !=
               PRO_OK) {
        slot->blocked_until_ns = clock_now_ns() + MP_BLOCKED_RETRY_NS;
        engine_wake(slot->manager);
        if (task->may_move) {
            list_prepend(&slot->manager->any_tasks, &task->link);
        } else {
            tasks_queue(slot, task);
        }
        return;
    }
    if (slot->in_flight_count == 0)
        slot->busy_since_ns = clock_now_ns();
    list_append(&slot->in_flight, &task->link);
    slot->in_flight_count++;
    slot->manager->in_flight_total++;
    slot->in_flight_bytes += parcel->size;
}

static void dispatch_queued(Slot *slot)
{
    while (!list_empty(&slot->queued)) {
        Task *task = list_entry(slot->queued.next, Task, link);
        if (!has_room(slot, task))
            break;
        list_remove(&task->link);
        slot->queued_count--;
        send_task(slot, task);
        if (slot->blocked_until_ns != 0)
            break;
    }
    if (list_empty(&slot->queued))
        list_remove(&slot->waiting);
}

static Slot *least_loaded(const ProManager *manager, const Task *task)
{
    Slot *best = NULL;
    for (size_t i = 0; i < manager->slot_count; i++) {
        Slot *slot = manager->slots[i];
        if (slot->spare || !has_room(slot, task))
            continue;
        if (best == NULL || slot->in_flight_count < best->in_flight_count)
            best = slot;
        if (best->in_flight_count == 0)
            break;
    }
    return best;
}

static bool is_idle(const Slot *slot)
{
    return slot->state == SLOT_READY && slot_takes_work(slot) && slot->in_flight_count == 0;
}

/* Taking tasks back costs about as much as running short ones. */
enum { RECALL_WORTH_NS = 1000000 };

/* Of the busy, the one whose tasks that have not begun will wait longest; NULL if it does not
 * matter. ret_later: it may matter soon. */
static Slot *most_loaded(const ProManager *manager, bool *ret_later)
{
    Slot *most = NULL;
    uint64_t longest_ns = RECALL_WORTH_NS;
    uint64_t now = clock_now_ns();
    for (size_t i = 0; i < manager->slot_count; i++) {
        Slot *slot = manager->slots[i];
        if (slot->in_flight_count < 2 || slot->recall_pending || slot->state != SLOT_READY)
            continue;
        /* The task that runs may be the first long one: count how long it runs already. */
        uint64_t waited_ns = now - slot->busy_since_ns;
        uint64_t expected_ns = (slot->in_flight_count - 1) * slot->average_ns + waited_ns;
        if (!list_entry(slot->in_flight.previous, Task, link)->may_move)
            continue;
        *ret_later = true;
        if (expected_ns < longest_ns)
            continue;
        longest_ns = expected_ns;
        most = slot;
    }
    return most;
}

/* Somebody has nothing to do while tasks that were sent ahead wait behind another's running one. */
static void rebalance(ProManager *manager)
{
    if (!list_empty(&manager->any_tasks) || manager->in_flight_total < 2)
        return;
    for (size_t i = 0; i < manager->slot_count; i++) {
        if (!is_idle(manager->slots[i]))
            continue;
        bool later = false;
        Slot *victim = most_loaded(manager, &later);
        if (victim == NULL) {
            if (later && manager->rebalance_ns == 0) {
                manager->rebalance_ns = clock_now_ns() + RECALL_WORTH_NS;
                engine_wake(manager);
            }
            return;
        }
        victim->recall_pending = true;
        victim->window = victim->window > 1 ? victim->window / 2 : 1;
        protocol_post(victim, FRAME_RECALL, 0, NULL, 0);
    }
}

void tasks_dispatch(ProManager *manager)
{
    /* With many workers, those that have nothing to do with it are not even looked at. */
    list_each(link, &manager->waiting) dispatch_queued(list_entry(link, Slot, waiting));
    while (!list_empty(&manager->any_tasks)) {
        Task *task = list_entry(manager->any_tasks.next, Task, link);
        Slot *slot = least_loaded(manager, task);
        if (slot == NULL)
            break;
        list_remove(&task->link);
        send_task(slot, task);
    }
    rebalance(manager);
    list_each(link, &manager->dirty) protocol_flush(list_entry(link, Slot, dirty));
}

/* It is to be cancelled. What has not begun then never begins, wherever it would go next. */
static bool cancel_is_asked(const Abort *abort, const Task *task)
{
    return task->abort_ms >= 0 || (abort->stage != ABORT_NONE && abort->task == task->id);
}

static void end_unbegun(Slot *slot, Task *task)
{
    tasks_end_as(slot->manager, slot->id, task, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE, NULL,
            "cancelled before it began");
}

void tasks_returned(Slot *slot, Task *task)
{
    bool cancelled = cancel_is_asked(&slot->abort, task);
    leave_flight(slot, task);
    if (cancelled)
        end_unbegun(slot, task);
    else
        insert_by_id(&slot->manager->any_tasks, task);
}

/* Short tasks are sent ahead in numbers, long ones one at a time: what is under way should run for
 * about MP_WINDOW_TARGET_NS. It grows slowly and falls at once. */
void tasks_window_update(Slot *slot, size_t endings)
{
    uint64_t now = clock_now_ns();
    slot->average_ns = (now - slot->busy_since_ns) / endings;
    slot->busy_since_ns = now;
    uint64_t target = MP_WINDOW_MAX;
    if (slot->average_ns > 0)
        target = MP_WINDOW_TARGET_NS / slot->average_ns + (slot->average_ns < MP_WINDOW_TARGET_NS);
    if (target < 1)
        target = 1;
    if (target > slot->window * 2)
        target = slot->window * 2;
    slot->window = target > MP_WINDOW_MAX ? MP_WINDOW_MAX : (size_t)target;
}

/* ---- death ---- */

static void requeue(Slot *slot, Task *task)
{
    task->container_base = task->container_count;
    if (task->may_move) {
        insert_by_id(&slot->manager->any_tasks, task);
    } else {
        tasks_queue(slot, task);
    }
}

static const char *death_text(const ProDeath *death)
{
    return death == NULL ? "its worker died" : pro_death_text(death);
}

/* The task that ran: aborted if we killed for that, else dead with its worker, or run once more. */
static void end_running(
        Slot *slot, Task *task, const ProDeath *death, const Abort *abort, ProAbortRung rung)
{
    ProManager *manager = slot->manager;
    bool retries = (manager->options & PRO_OPT_RETRY_TASKS) != 0;
    if (slot->stopping || (abort->stage >= ABORT_TERM && abort->task == task->id)) {
        tasks_end_as(manager, slot->id, task, PRO_ENDING_ABORTED, rung, death,
                "cancelled; its worker was killed");
        return;
    }
    task->deaths++;
    bool quarantined = retries && task->deaths >= MP_TASK_DEATHS_MAX;
    if (retries && !quarantined && !cancel_is_asked(abort, task))
        requeue(slot, task);
    else
        tasks_end_as(manager, slot->id, task,
                quarantined ? PRO_ENDING_QUARANTINED : PRO_ENDING_DIED, PRO_RUNG_NONE, death,
                death_text(death));
}

void tasks_on_death(Slot *slot, const ProDeath *death)
{
    const Abort abort = slot->abort;
    ProAbortRung rung = abort_rung(slot);
    ProTaskId running = death != NULL ? death->task : atomic_load(&slot->board->running_task);
    ListLink tasks;
    list_init(&tasks);
    list_append_all(&tasks, &slot->in_flight);
    slot->manager->in_flight_total -= slot->in_flight_count;
    slot->in_flight_count = 0;
    slot->in_flight_bytes = 0;
    for (ListLink *link = list_pop(&tasks); link != NULL; link = list_pop(&tasks)) {
        Task *task = list_entry(link, Task, link);
        bool aborted = abort.stage >= ABORT_TERM && abort.task == task->id;
        if (task->id == running || aborted)
            end_running(slot, task, death, &abort, rung);
        else if (slot->stopping || cancel_is_asked(&abort, task))
            end_unbegun(slot, task);
        else
            requeue(slot, task);
    }
}

void tasks_cancel_queued(Slot *slot)
{
    for (ListLink *link = list_pop(&slot->queued); link != NULL; link = list_pop(&slot->queued))
        end_unbegun(slot, list_entry(link, Task, link));
    slot->queued_count = 0;
}

void tasks_bury_queued(Slot *slot)
{
    for (ListLink *link = list_pop(&slot->queued); link != NULL; link = list_pop(&slot->queued))
        tasks_end_as(slot->manager, slot->id, list_entry(link, Task, link), PRO_ENDING_DIED,
                PRO_RUNG_NONE, slot->last_death, death_text(slot->last_death));
    slot->queued_count = 0;
}

void tasks_end_stranded(ProManager *manager, const ProDeath *death)
{
    for (size_t i = 0; i < manager->slot_count; i++)
        if (slot_takes_work(manager->slots[i]))
            return;
    ListLink *tasks = &manager->any_tasks;
    for (ListLink *link = list_pop(tasks); link != NULL; link = list_pop(tasks)) {
        Task *task = list_entry(link, Task, link);
        if (death == NULL)
            tasks_end_as(manager, PRO_WORKER_INVALID, task, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE,
                    NULL, "the last worker was stopped before it began");
        else
            tasks_end_as(manager, death->worker, task, PRO_ENDING_DIED, PRO_RUNG_NONE, death,
                    death_text(death));
    }
}
