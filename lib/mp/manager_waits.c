/* SPDX-License-Identifier: Apache-2.0 */

/* Wait objects: what workers report. */

#include "mp/manager_private.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- wait objects: what workers report ---- */

static void acknowledge(Slot *slot)
{
    protocol_post(slot, FRAME_PROGRESS_ACK, 0, NULL, 0);
    protocol_flush(slot);
}

void waits_on_progress(Slot *slot, const FrameProgress *progress)
{
    ProRemoteWait *wait = slot->wait;
    if (wait == NULL) {
        acknowledge(slot);
        return;
    }
    if (progress->has_value) {
        wait->has_value = true;
        wait->value = progress->value;
    }
    if (progress->has_text) {
        size_t size =
                progress->text_size < PRO_WAIT_TEXT_MAX ? progress->text_size : PRO_WAIT_TEXT_MAX;
        wait->has_text = true;
        memcpy(wait->text, progress->text, size);
        wait->text[size] = '\0';
    }
    wait->dirty = true;
    delivery_signal(slot->manager);
}

/* Raises the flag of what runs; the ladder is for those who give a time. False: nothing runs. */
static bool raise_flag_of(ProManager *manager, ProWorkerId worker)
{
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    bool runs = slot != NULL && slot->in_flight_count > 0;
    if (runs) {
        protocol_post(slot, FRAME_ABORT, list_entry(slot->in_flight.next, Task, link)->id, NULL, 0);
        protocol_flush(slot);
    }
    port_unlock(&manager->port);
    return runs;
}

static void tell(ProRemoteWait *wait, const ProRemoteWait *news)
{
    if (news->has_text && wait->ops->msg != NULL)
        wait->ops->msg(wait->user, news->text);
    if (news->has_value && wait->ops->progress != NULL)
        wait->ops->progress(wait->user, news->value);
}

static void pass_abort_on(ProRemoteWait *wait)
{
    if (wait->manager == NULL || wait->replaced || wait->abort_told)
        return;
    if (pro_remote_wait_was_aborted(wait))
        wait->abort_told = raise_flag_of(wait->manager, wait->worker); /* else once a task runs */
}

static void deliver_one(ProManager *manager, ProRemoteWait *wait)
{
    ProRemoteWait news = {0};
    port_lock(&manager->port);
    bool dirty = wait->dirty;
    if (dirty) {
        news = *wait;
        wait->dirty = wait->has_value = wait->has_text = false;
        Slot *slot = manager_any_slot_by_id(manager, wait->worker);
        if (slot != NULL && slot->wait == wait)
            acknowledge(slot);
    }
    port_unlock(&manager->port);
    if (dirty)
        tell(wait, &news);
    pass_abort_on(wait);
}

/* The callbacks may free wait objects, also those that come next: look each up again. */
void waits_deliver(ProManager *manager)
{
    for (uint64_t serial = 0;;) {
        ProRemoteWait *next = NULL;
        list_each(link, &manager->waits)
        {
            ProRemoteWait *wait = list_entry(link, ProRemoteWait, link);
            if (wait->serial > serial && (next == NULL || wait->serial < next->serial))
                next = wait;
        }
        if (next == NULL)
            return;
        serial = next->serial;
        deliver_one(manager, next);
    }
}

void waits_free_all(ProManager *manager)
{
    for (ListLink *link = list_pop(&manager->waits); link != NULL; link = list_pop(&manager->waits))
        list_entry(link, ProRemoteWait, link)->manager = NULL;
}

/* ---- wait objects: public ---- */

ProStatus pro_manager_create_wait(ProManager *manager, ProWorkerId worker, const ProWaitOps *ops,
        void *user, ProRemoteWait **ret_wait, ProError *reterr)
{
    ProError error = {0};
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    ProRemoteWait *wait = calloc(1, sizeof *wait);
    if (wait == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a wait object");
    port_lock(&manager->port);
    Slot *slot = manager_find_slot(manager, worker, &error);
    if (slot != NULL) {
        static atomic_uint_fast64_t serials;
        *wait = (ProRemoteWait){.manager = manager, .worker = worker, .ops = ops, .user = user};
        wait->serial = atomic_fetch_add(&serials, 1) + 1;
        if (slot->wait != NULL)
            slot->wait->replaced = true;
        slot->wait = wait;
        list_append(&manager->waits, &wait->link);
    }
    port_unlock(&manager->port);
    if (slot == NULL) {
        free(wait);
        return error_set(reterr, error.status, "%s", error.text);
    }
    *ret_wait = wait;
    return PRO_OK;
}

bool pro_remote_wait_was_aborted(const ProRemoteWait *wait)
{
    return wait->ops->was_aborted != NULL && wait->ops->was_aborted(wait->user);
}

void pro_remote_wait_abort(ProRemoteWait *wait)
{
    if (wait->ops->abort != NULL)
        wait->ops->abort(wait->user);
    if (wait->manager != NULL && !wait->replaced)
        wait->abort_told = raise_flag_of(wait->manager, wait->worker);
}

/* Cancel is pressed in here: the task hears of it at once. */
void pro_remote_wait_process_events(ProRemoteWait *wait)
{
    if (wait->ops->process_events != NULL)
        wait->ops->process_events(wait->user);
    pass_abort_on(wait);
}

void pro_remote_wait_stop(ProRemoteWait *wait)
{
    if (!wait->stopped && wait->ops->stop != NULL)
        wait->ops->stop(wait->user);
    wait->stopped = true;
}

void pro_remote_wait_free(ProRemoteWait *wait)
{
    if (wait == NULL)
        return;
    ProManager *manager = wait->manager;
    if (manager != NULL) {
        port_lock(&manager->port);
        Slot *slot = manager_any_slot_by_id(manager, wait->worker);
        if (slot != NULL && slot->wait == wait) {
            slot->wait = NULL;
            if (wait->dirty)
                acknowledge(slot);
        }
        list_remove(&wait->link);
        port_unlock(&manager->port);
    }
    free(wait);
}
