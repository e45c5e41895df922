/* SPDX-License-Identifier: Apache-2.0 */

/* The program's own messages, both ways, within the credit that each side gives the other. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/lane.h"

#include <stdlib.h>

/* ---- sending ---- */

static bool has_credit(const Slot *slot, uint64_t cost)
{
    uint64_t unread = slot->sent_cost - slot->consumed_cost;
    return unread == 0 || unread + cost <= slot->manager->pending_limit;
}

/* False if the fd channel is full. */
static bool post(Slot *slot, uint32_t id, const Parcel *parcel)
{
    if (parcel->blob_fd < 0) {
        protocol_post(slot, FRAME_MESSAGE, id, parcel->data, (size_t)parcel->size);
        return true;
    }
    if (protocol_post_blob(slot, FRAME_MESSAGE, id, parcel->blob_fd, parcel->size) == PRO_OK)
        return true;
    slot->blocked_until_ns = clock_now_ns() + MP_BLOCKED_RETRY_NS;
    engine_wake(slot->manager);
    return false;
}

void messages_send_outgoing(Slot *slot)
{
    while (slot->state == SLOT_READY && slot->blocked_until_ns == 0 &&
            !list_empty(&slot->outgoing)) {
        OutgoingMessage *message = list_entry(slot->outgoing.next, OutgoingMessage, link);
        if (!post(slot, message->id, message->parcel))
            break;
        list_remove(&message->link);
        parcel_unref(message->parcel);
        free(message);
    }
    protocol_flush(slot);
}

static ProStatus send_later(Slot *slot, uint32_t id, Parcel *parcel, ProError *reterr)
{
    OutgoingMessage *message = malloc(sizeof *message);
    if (message == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a message");
    parcel->references++;
    *message = (OutgoingMessage){.id = id, .parcel = parcel};
    list_append(&slot->outgoing, &message->link);
    return PRO_OK;
}

static ProStatus send_one(Slot *slot, uint32_t id, Parcel *parcel, ProError *reterr)
{
    slot->sent_cost += message_cost((size_t)parcel->size);
    bool at_once =
            slot->state == SLOT_READY && list_empty(&slot->outgoing) && slot->blocked_until_ns == 0;
    if (!at_once || !post(slot, id, parcel))
        return send_later(slot, id, parcel, reterr);
    protocol_flush(slot);
    return PRO_OK;
}

static ProStatus check_credit(Slot *slot, uint64_t cost, ProError *reterr)
{
    if (has_credit(slot, cost))
        return PRO_OK;
    slot->sender_waits = true;
    return error_set(reterr, PRO_ERR_FULL, "worker %u has %llu message bytes unread", slot->id,
            (unsigned long long)(slot->sent_cost - slot->consumed_cost));
}

/* All or none. */
static ProStatus send_to_all(ProManager *manager, uint32_t id, Parcel *parcel, ProError *reterr)
{
    size_t receivers = 0;
    for (size_t i = 0; i < manager->slot_count; i++) {
        if (!slot_takes_work(manager->slots[i]))
            continue;
        ProStatus status =
                check_credit(manager->slots[i], message_cost((size_t)parcel->size), reterr);
        if (status != PRO_OK)
            return status;
        receivers++;
    }
    if (receivers == 0)
        return error_set(reterr, PRO_ERR_INVALID, "there is no worker: start one first");
    ProStatus status = PRO_OK;
    for (size_t i = 0; i < manager->slot_count && status == PRO_OK; i++)
        if (slot_takes_work(manager->slots[i]))
            status = send_one(manager->slots[i], id, parcel, reterr);
    return status;
}

static ProStatus send_to(
        ProManager *manager, ProWorkerId worker, uint32_t id, Parcel *parcel, ProError *reterr)
{
    if (worker == PRO_WORKER_ALL)
        return send_to_all(manager, id, parcel, reterr);
    Slot *slot = manager_find_slot(manager, worker, reterr);
    if (slot == NULL)
        return reterr->status;
    ProStatus status = check_credit(slot, message_cost((size_t)parcel->size), reterr);
    return status == PRO_OK ? send_one(slot, id, parcel, reterr) : status;
}

ProStatus pro_manager_send_message(ProManager *manager, ProWorkerId worker, uint32_t id,
        const void *data, size_t size, ProError *reterr)
{
    ProError error = {0};
    ProStatus status = manager_enter(manager, &error);
    if (status == PRO_OK && id > PRO_MESSAGE_ID_MAX)
        status = error_set(&error, PRO_ERR_INVALID, "message id 0x%x is above 0x7FFFFFFF", id);
    if (status == PRO_OK && size > PRO_MESSAGE_SIZE_MAX)
        status = error_set(
                &error, PRO_ERR_LIMIT, "a message of %zu bytes is larger than 2 GiB", size);
    if (status == PRO_OK) {
        const struct iovec segment = {.iov_base = (void *)data, .iov_len = size};
        Parcel *parcel = parcel_new(&segment, 1, &error);
        status = parcel == NULL ? error.status : PRO_OK;
        port_lock(&manager->port);
        if (status == PRO_OK)
            status = send_to(manager, worker, id, parcel, &error);
        parcel_unref(parcel);
        port_unlock(&manager->port);
    }
    return status == PRO_OK ? PRO_OK : error_set(reterr, status, "%s", error.text);
}

/* ---- receiving ---- */

/* Locked. Of a worker that is gone: its messages stay until they are read. */
static ProMessage *oldest_of_gone(ProManager *manager, ProWorkerId worker)
{
    list_each(link, &manager->messages)
    {
        ProMessage *message = list_entry(link, ProMessage, link);
        if (message->worker == worker)
            return message;
    }
    return NULL;
}

/* Locked. The oldest of the worker, or of any. */
static ProMessage *oldest(ProManager *manager, ProWorkerId worker)
{
    if (worker == PRO_WORKER_ANY || worker == PRO_WORKER_ALL)
        return list_empty(&manager->messages)
                       ? NULL
                       : list_entry(manager->messages.next, ProMessage, link);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot == NULL)
        return oldest_of_gone(manager, worker);
    return list_empty(&slot->messages) ? NULL
                                       : list_entry(slot->messages.next, ProMessage, worker_link);
}

bool pro_manager_has_message(ProManager *manager, ProWorkerId worker)
{
    if (manager_enter(manager, NULL) != PRO_OK)
        return false;
    port_lock(&manager->port);
    bool has = oldest(manager, worker) != NULL;
    port_unlock(&manager->port);
    return has;
}

/* Locked. Gives the worker new credit when a good part of it was used. */
static void count_popped(ProManager *manager, const ProMessage *message)
{
    Slot *slot = manager_any_slot_by_id(manager, message->worker);
    if (slot == NULL || slot->generation != message->generation || slot->board == NULL)
        return;
    lane_give_back(slot->board, message->payload.lane_bytes);
    slot->popped_cost += message_cost(message->payload.size);
    if (slot->popped_cost - slot->told_cost <= manager->pending_limit / 4)
        return;
    slot->told_cost = slot->popped_cost;
    protocol_post(slot, FRAME_CREDIT, slot->popped_cost, NULL, 0);
    protocol_flush(slot);
}

ProStatus pro_manager_pop_message(
        ProManager *manager, ProWorkerId worker, ProMessage **ret_message, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    ProMessage *message = oldest(manager, worker);
    if (message != NULL) {
        list_remove(&message->link);
        list_remove(&message->worker_link);
        count_popped(manager, message);
    }
    port_unlock(&manager->port);
    if (message == NULL)
        return error_set(reterr, PRO_ERR_EMPTY, "no message is there");
    *ret_message = message;
    return PRO_OK;
}

/* Locked. PRO_OK while a message of `worker` may still come. */
static ProStatus check_sender(ProManager *manager, ProWorkerId worker, ProError *reterr)
{
    bool any = worker == PRO_WORKER_ANY || worker == PRO_WORKER_ALL;
    if (!any)
        return manager_find_slot(manager, worker, reterr) == NULL ? reterr->status : PRO_OK;
    for (size_t i = 0; i < manager->slot_count; i++)
        if (slot_takes_work(manager->slots[i]))
            return PRO_OK;
    return error_set(reterr, PRO_ERR_WORKER_GONE, "there is no worker that could send a message");
}

/* The short way for a stream of messages: one is there, and nothing else waits to be delivered. */
static bool message_is_next(ProManager *manager, ProWorkerId worker)
{
    port_lock(&manager->port);
    bool next = list_empty(&manager->events) && oldest(manager, worker) != NULL;
    port_unlock(&manager->port);
    return next;
}

ProStatus pro_manager_wait_message(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    ProError error = {0};
    ProStatus status = manager_enter(manager, &error);
    if (status == PRO_OK && message_is_next(manager, worker))
        return PRO_OK;
    uint64_t deadline = clock_deadline_ns(timeout_ms);
    while (status == PRO_OK) {
        (void)delivery_run(manager);
        port_lock(&manager->port);
        bool has = oldest(manager, worker) != NULL;
        status = has ? PRO_OK : check_sender(manager, worker, &error);
        port_unlock(&manager->port);
        if (has)
            return PRO_OK;
        if (status == PRO_OK)
            status = delivery_wait(manager, deadline);
        if (status == PRO_ERR_TIMEOUT)
            (void)error_set(&error, status, "no message within %d ms", timeout_ms);
        else if (status == PRO_ERR_ABORTED)
            (void)error_set(&error, status, "interrupted while waiting for a message");
    }
    return error_set(reterr, status, "%s", error.text);
}

/* ---- when a process or a slot goes ---- */

void messages_forget_counts(Slot *slot)
{
    slot->sent_cost = slot->consumed_cost = 0;
    slot->received_cost = slot->popped_cost = slot->told_cost = 0;
    list_each(link, &slot->outgoing) slot->sent_cost +=
            message_cost((size_t)list_entry(link, OutgoingMessage, link)->parcel->size);
    if (slot->sender_waits)
        delivery_signal(slot->manager);
    slot->sender_waits = false;
}

void messages_part(Slot *slot)
{
    while (list_pop(&slot->messages) != NULL)
        continue;
    for (ListLink *link = list_pop(&slot->outgoing); link != NULL;
            link = list_pop(&slot->outgoing)) {
        OutgoingMessage *message = list_entry(link, OutgoingMessage, link);
        parcel_unref(message->parcel);
        free(message);
    }
}
