/* SPDX-License-Identifier: Apache-2.0 */

/* What workers say. Nothing of it is believed before it is checked: a worker may run hostile code.
 */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/lane.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- sending ---- */

void protocol_reset(Slot *slot)
{
    slot->share_reads = 0;
    desk_forget(slot);
    slot->sequence = 0;
    slot->expected_sequence = 0;
    slot->lane_received = 0;
    slot->unread = (Unread){0};
    buffer_clear(&slot->frame);
    frame_begin(&slot->frame, 0);
}

void protocol_flush(Slot *slot)
{
    list_remove(&slot->dirty);
    if (slot->frame.size <= FRAME_HEAD_BYTES || slot->state != SLOT_READY || slot->violated)
        return;
    unread_on_flush(slot);
    /* A peer that is gone is noticed by its pidfd. */
    (void)socket_send_to(
            slot->manager->port.socket, slot->routing_id, slot->frame.data, slot->frame.size);
    buffer_clear(&slot->frame);
    frame_begin(&slot->frame, ++slot->sequence);
    /* Sending may have taken the signal of input that came meanwhile. Who receives now, or pumps,
     * looks again before it waits; but who waits already must be told (the server of blocks sends,
     * too), and if nobody pumps, the engine. */
    ProManager *manager = slot->manager;
    bool front_waits = manager->port.front_waits;
    if (manager->draining || (manager->owner_pumps && !front_waits) ||
            !socket_has_input(manager->port.socket))
        return;
    if (front_waits)
        port_wake_front(&manager->port);
    else
        engine_wake(manager);
}

static void flush_if_full(Slot *slot)
{
    if (slot->dirty.next == NULL)
        list_append(&slot->manager->dirty, &slot->dirty);
    if (slot->frame.failed) /* no memory for a record: the worker would wait for it forever */
        protocol_violation(slot, "cannot be told anything: no memory");
    else if (slot->frame.size >= MP_BATCH_BYTES)
        protocol_flush(slot);
}

void protocol_post(Slot *slot, FrameType type, uint64_t id, const void *payload, size_t size)
{
    if (slot->state != SLOT_READY)
        return;
    frame_record(&slot->frame, type, id, payload, size);
    if (type == FRAME_MESSAGE)
        unread_add_message(slot, size);
    flush_if_full(slot);
}

ProStatus protocol_post_blob(Slot *slot, FrameType type, uint64_t id, int fd, uint64_t size)
{
    ProStatus status = fd_channel_send(slot->channel, "b", 1, &fd, 1, NULL);
    if (status != PRO_OK)
        return status;
    frame_record_blob(&slot->frame, type, id, size);
    flush_if_full(slot);
    return PRO_OK;
}

void protocol_violation(Slot *slot, const char *what)
{
    if (slot->violated)
        return;
    slot->violated = true;
    free(slot->death_detail);
    slot->death_detail = strdup(what);
    output_notice(slot->manager, "worker %u (pid %d) broke the protocol and is killed: %s",
            slot->id, (int)slot->pid, what);
    slot_kill(slot, SIGKILL);
}

/* ---- records ---- */

static ProStatus take_blob(
        Slot *slot, const FrameRecord *record, Payload *ret_payload, ProError *reterr)
{
    char mark;
    size_t size;
    size_t fd_count = 0;
    int fd = -1;
    ProStatus status =
            fd_channel_receive(slot->channel, &mark, 1, &size, &fd, 1, &fd_count, reterr);
    if (status != PRO_OK || fd_count != 1)
        return error_set(reterr, PRO_ERR_FORMAT, "it announced a large value that did not come");
    return payload_map_blob(fd, record->far_size, ret_payload, reterr);
}

bool protocol_take_payload(
        Slot *slot, Packet *packet, const FrameRecord *record, Payload *ret_payload)
{
    ProStatus status = PRO_OK;
    ProError error = {0};
    switch (record->place) {
    case FRAME_INSIDE:
        *ret_payload = payload_in_packet(packet, record->payload, record->payload_size);
        break;
    case FRAME_IN_BLOB:
        status = take_blob(slot, record, ret_payload, &error);
        break;
    case FRAME_IN_LANE:
        status = lane_read(slot->board, &slot->lane_received, record->lane_position,
                record->far_size, ret_payload, &error);
        break;
    }
    /* Tasks under way are few; a message's bytes go back when the program has read it. */
    if (status == PRO_OK && record->type != FRAME_MESSAGE)
        lane_give_back(slot->board, ret_payload->lane_bytes);
    if (status == PRO_ERR_FORMAT)
        protocol_violation(slot, error.text);
    else if (status != PRO_OK) {
        output_notice(slot->manager, "worker %u: %s", slot->id, error.text);
        slot_kill(slot, SIGKILL);
    }
    return status == PRO_OK;
}

static void on_ending(Slot *slot, Packet *packet, const FrameRecord *record, size_t *endings)
{
    Task *task = tasks_find_in_flight(slot, record->id);
    Payload payload;
    if (task == NULL) {
        protocol_violation(slot, "it ended a task that it does not have");
        return;
    }
    if (!protocol_take_payload(slot, packet, record, &payload))
        return;
    FrameEnding frame;
    ProError error = {0};
    ProStatus status = frame_ending_read(payload.data, payload.size, &frame, &error);
    if (status == PRO_OK && frame.kind == PRO_ENDING_RESULT)
        status = pro_value_check(frame.value, frame.value_size, &error);
    if (status != PRO_OK) {
        payload_release(&payload);
        protocol_violation(slot, error.text);
        return;
    }
    ProEnding *ending = ending_from_frame(task->id, slot->id, &frame, &payload);
    if (ending != NULL && ending->kind == PRO_ENDING_RESULT)
        ending_take_containers(
                ending, &task->containers, &task->container_count, task->container_base);
    tasks_end(slot, task, ending);
    (*endings)++;
}

static void on_returned(Slot *slot, uint64_t id)
{
    if (id == 0) {
        slot->recall_pending = false;
        return;
    }
    Task *task = tasks_find_in_flight(slot, id);
    if (task == NULL || !task->may_move || !slot->recall_pending)
        protocol_violation(slot, "it handed back a task that it was not asked for");
    else
        tasks_returned(slot, task);
}

static void on_message(Slot *slot, Packet *packet, const FrameRecord *record)
{
    uint64_t size = record->place == FRAME_INSIDE ? record->payload_size : record->far_size;
    uint64_t unread = slot->received_cost - slot->popped_cost;
    uint64_t cost = message_cost(size);
    if (record->id > PRO_MESSAGE_ID_MAX || size > PRO_MESSAGE_SIZE_MAX ||
            (unread > 0 && unread + cost > slot->manager->pending_limit)) {
        protocol_violation(slot, "it sent a message beyond the limits");
        return;
    }
    Payload payload;
    if (!protocol_take_payload(slot, packet, record, &payload))
        return;
    ProMessage *message = message_new((uint32_t)record->id, slot->id, &payload);
    if (message == NULL) {
        output_notice(slot->manager, "worker %u: no memory for its message of %llu bytes", slot->id,
                (unsigned long long)size);
        slot_kill(slot, SIGKILL);
        return;
    }
    message->generation = slot->generation;
    slot->received_cost += cost;
    list_append(&slot->manager->messages, &message->link);
    list_append(&slot->messages, &message->worker_link);
    delivery_signal(slot->manager);
}

static void on_credit(Slot *slot, uint64_t consumed)
{
    if (consumed < slot->consumed_cost || consumed > slot->sent_cost)
        protocol_violation(slot, "it read more than it was sent");
    else
        slot->consumed_cost = consumed;
    if (slot->sender_waits) {
        slot->sender_waits = false;
        delivery_signal(slot->manager);
    }
}

static void on_progress(Slot *slot, const FrameRecord *record)
{
    FrameProgress progress;
    ProError error = {0};
    if (record->place != FRAME_INSIDE ||
            frame_progress_read(record->payload, record->payload_size, &progress, &error) != PRO_OK)
        protocol_violation(slot, "it reported malformed progress");
    else
        waits_on_progress(slot, &progress);
}

static void on_record(Slot *slot, Packet *packet, const FrameRecord *record, size_t *endings)
{
    switch (record->type) {
    case FRAME_ENDING:
        on_ending(slot, packet, record, endings);
        break;
    case FRAME_MESSAGE:
        on_message(slot, packet, record);
        break;
    case FRAME_RETURNED:
        on_returned(slot, record->id);
        break;
    case FRAME_CREDIT:
        on_credit(slot, record->id);
        break;
    case FRAME_RECEIPT:
        unread_on_receipt(slot, record->id);
        break;
    case FRAME_PROGRESS:
        on_progress(slot, record);
        break;
    case FRAME_BOX:
        boxes_on_box(slot, record);
        break;
    case FRAME_BOX_DROP:
        boxes_on_drop(slot, record->id);
        break;
    case FRAME_SHARE_GET:
        shares_on_get(slot, record);
        break;
    case FRAME_SHARE_LIST:
        shares_on_list(slot, record);
        break;
    case FRAME_SHARE_READ:
        shares_on_read(slot, record);
        break;
    case FRAME_SHARE_TAKE:
        attached_on_take(slot, record);
        break;
    case FRAME_CONTAINER:
        attached_on_container(slot, packet, record);
        break;
    default:
        protocol_violation(slot, "it sent a record that only managers send, or a second hello");
    }
}

/* ---- frames ---- */

/* Secrets are compared in constant time: a stranger may try as often as it likes. */
static bool secret_matches(const Slot *slot, const FrameRecord *record)
{
    if (record->place != FRAME_INSIDE || record->payload_size != MP_SECRET_BYTES)
        return false;
    uint8_t difference = 0;
    for (size_t i = 0; i < MP_SECRET_BYTES; i++)
        difference |= (uint8_t)(slot->secret[i] ^ record->payload[i]);
    return difference == 0;
}

static void on_stranger(ProManager *manager, const char *why)
{
    if (!manager->stranger_told)
        output_notice(manager,
                "somebody who is no worker of this manager wrote to it (%s); ignored", why);
    manager->stranger_told = true;
}

/* The first record of a worker's first frame. */
static bool greet(Slot *slot, FrameReader *reader)
{
    FrameRecord record;
    if (frame_next(reader, &record, NULL) != PRO_OK || record.type != FRAME_HELLO ||
            !secret_matches(slot, &record)) {
        on_stranger(slot->manager, "it did not know the secret");
        return false;
    }
    if (slot->pidfd < 0) {
        on_stranger(slot->manager, "the nursery has not told of its process");
        return false;
    }
    slot->state = SLOT_READY;
    slot->start_failures = 0;
    slot->launch_attempts = 0;
    slot->start_deadline_ns = UINT64_MAX;
    messages_send_outgoing(slot);
    slot_stop_if_idle(slot);
    return true;
}

static void on_frame(Slot *slot, Packet *packet)
{
    FrameReader reader;
    FrameRecord record;
    ProError error = {0};
    bool known = slot->state == SLOT_READY;
    if (packet_size(packet) > MP_FRAME_MAX && known) {
        protocol_violation(slot, "it sent a frame larger than any of ours");
        return;
    }
    ProStatus status = frame_open(&reader, packet_data(packet), packet_size(packet), &error);
    if (status != PRO_OK || reader.sequence != slot->expected_sequence) {
        if (!known)
            on_stranger(slot->manager, "its first frame was malformed");
        else
            protocol_violation(
                    slot, status != PRO_OK ? error.text : "it sent a frame twice or out of order");
        return;
    }
    if (!known && !greet(slot, &reader))
        return;
    slot->expected_sequence++;
    board_received(slot->board, slot->expected_sequence);
    size_t endings = 0;
    slot->output_settled = false;
    while (!slot->violated && (status = frame_next(&reader, &record, &error)) == PRO_OK)
        on_record(slot, packet, &record, &endings);
    if (status != PRO_ERR_EMPTY && !slot->violated)
        protocol_violation(slot, error.text);
    if (endings > 0)
        tasks_window_update(slot, endings);
    slot_stop_if_idle(slot);
}

/* The slot's id stands in the routing id; the rest of it is random and proves the peer. */
static Slot *slot_of(ProManager *manager, const uint8_t routing_id[MP_ROUTING_ID_BYTES])
{
    ProWorkerId worker;
    memcpy(&worker, routing_id + 1, sizeof worker);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot == NULL || slot->board == NULL || slot->violated ||
            memcmp(slot->routing_id, routing_id, MP_ROUTING_ID_BYTES) != 0)
        return NULL;
    return slot;
}

/* The nursery tells of a worker before it lets it begin: who has its hello finds that in the
 * launcher's channel. What stands behind may be of its death: the slot is looked up again. */
static Slot *sender_of(ProManager *manager, const uint8_t routing_id[MP_ROUTING_ID_BYTES])
{
    Slot *slot = slot_of(manager, routing_id);
    if (slot == NULL || slot_pid(slot) != 0)
        return slot;
    slots_on_launcher(manager, slot_launcher(slot));
    return slot_of(manager, routing_id);
}

/* Whether there ever was a worker with the id that stands in the routing id. */
static bool was_given_out(const ProManager *manager, const uint8_t routing_id[MP_ROUTING_ID_BYTES])
{
    ProWorkerId worker;
    memcpy(&worker, routing_id + 1, sizeof worker);
    return worker != PRO_WORKER_INVALID && worker < manager->next_worker;
}

bool protocol_drain(ProManager *manager)
{
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    size_t routing_size = 0;
    int received = 0;
    manager->draining = true;
    for (; received < MP_DRAIN_FRAMES_MAX; received++) {
        Packet *packet = socket_receive(manager->port.socket, routing_id, &routing_size);
        if (packet == NULL)
            break;
        Slot *slot = routing_size == MP_ROUTING_ID_BYTES ? sender_of(manager, routing_id) : NULL;
        if (slot != NULL)
            on_frame(slot, packet);
        else if (routing_size != MP_ROUTING_ID_BYTES || !was_given_out(manager, routing_id))
            on_stranger(manager, "its identity is none of ours");
        /* else a frame of a process that is dead: its board told us already */
        packet_unref(packet);
    }
    manager->draining = false;
    if (received > 0)
        tasks_dispatch(manager);
    return received == MP_DRAIN_FRAMES_MAX;
}

void protocol_salvage(Slot *slot)
{
    if (slot->state != SLOT_READY || slot->violated)
        return;
    uint8_t *bytes = malloc(MP_FRAME_MAX);
    size_t size;
    for (int i = 0; bytes != NULL && i <= BOARD_FRAMES && !slot->violated; i++) {
        if (!board_salvage(slot->board, slot->expected_sequence, bytes, MP_FRAME_MAX, &size))
            break;
        Packet *packet = packet_new_copy(bytes, size);
        if (packet == NULL)
            break;
        on_frame(slot, packet);
        packet_unref(packet);
    }
    free(bytes);
}
