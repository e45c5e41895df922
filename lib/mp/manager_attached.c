/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Containers that travel with tasks: those of the arguments, which the worker asks for by task and
 * index, and those of the result, which it sends ahead of the task's ending.
 */

#include "mp/manager_shares.h"

#include "container/file.h"
#include "container/memory.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/value_writer.h"
#include "mp/fd_channel.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- arguments ---- */

static void attachments_free(ProManager *manager, Attachments *attachments)
{
    port_lock(&manager->port);
    for (size_t i = 0; i < attachments->count; i++)
        blocks_remove(manager->shares, attachments->shares[i]);
    port_unlock(&manager->port);
    for (size_t i = 0; i < attachments->count; i++)
        share_free(attachments->shares[i]);
    free(attachments);
}

Attachments *attachments_ref(Attachments *attachments)
{
    if (attachments != NULL)
        atomic_fetch_add(&attachments->references, 1);
    return attachments;
}

void attachments_unref(ProManager *manager, Attachments *attachments)
{
    if (attachments != NULL && atomic_fetch_sub(&attachments->references, 1) == 1)
        attachments_free(manager, attachments);
}

ProStatus attachments_new(ProManager *manager, const ProWriter *arguments,
        Attachments **ret_attachments, ProError *reterr)
{
    size_t count = 0;
    void *const *containers = arguments == NULL ? NULL : value_writer_attached(arguments, &count);
    *ret_attachments = NULL;
    if (count == 0)
        return PRO_OK;
    Attachments *attachments = calloc(1, sizeof *attachments + count * sizeof(Share *));
    if (attachments == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a task");
    atomic_init(&attachments->references, 1);
    ProStatus status = PRO_OK;
    bool blocks = false;
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        status = share_new("", containers[i], &attachments->shares[i], reterr);
        attachments->count += status == PRO_OK;
        blocks = blocks || (status == PRO_OK && share_is_blocks(attachments->shares[i]));
    }
    port_lock(&manager->port);
    if (status == PRO_OK)
        status = shares_ensure(manager, blocks, reterr);
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        attachments->shares[i]->attached = true;
        status = blocks_add(manager->shares, attachments->shares[i], reterr);
    }
    port_unlock(&manager->port);
    if (status == PRO_OK)
        *ret_attachments = attachments;
    else
        attachments_free(manager, attachments);
    return status;
}

void attached_on_take(Slot *slot, const FrameRecord *record)
{
    ByteReader bytes = byte_reader(record->payload, record->payload_size);
    uint64_t id = bytes_u64(&bytes);
    uint32_t index = bytes_u32(&bytes);
    if (record->place != FRAME_INSIDE || bytes.failed || bytes_left(&bytes) != 0) {
        protocol_violation(slot, "it asked for a task's container with a malformed question");
        return;
    }
    const Task *task = tasks_find_in_flight(slot, id);
    const Attachments *attachments = task == NULL ? NULL : task->attachments;
    if (attachments == NULL || index >= attachments->count)
        share_post_failure(slot, record->id, PRO_ERR_NOT_FOUND,
                "the task has no such container among its arguments, or it has ended");
    else
        share_answer(slot, record->id, attachments->shares[index]);
    protocol_flush(slot);
}

/* ---- results ---- */

/* A part of what the manager itself shared. PRO_ERR_NOT_FOUND if it is shared no longer. */
static ProStatus open_own(
        const Slot *slot, const ShareAnswer *answer, ProContainer **ret_container, ProError *reterr)
{
    const Share *share = blocks_find(slot, answer->number);
    if (share == NULL)
        return error_set(reterr, PRO_ERR_NOT_FOUND,
                "the result is a part of a container that is not shared any more");
    return container_part(pro_container_ref(share->container), answer->offset, answer->size,
            ret_container, reterr);
}

/* What a descriptor of the worker's shows. Consumes it. */
static ProStatus open_fd(
        int fd, const ShareAnswer *answer, ProContainer **ret_container, ProError *reterr)
{
    ProContainer *base;
    ProStatus status = answer->carrier == SHARE_FILE
                               ? file_from_stranger(fd, &answer->base, &base, reterr)
                               : memory_from_fd(fd, answer->base.size, false, &base, reterr);
    return status == PRO_OK
                   ? container_part(base, answer->offset, answer->size, ret_container, reterr)
                   : status;
}

static ProStatus open_result(
        Slot *slot, const ShareAnswer *answer, ProContainer **ret_container, ProError *reterr)
{
    int fd = -1;
    switch (answer->carrier) {
    case SHARE_BYTES:
        return pro_container_new_copy(answer->tail, answer->tail_size, ret_container, reterr);
    case SHARE_BLOCKS:
        return open_own(slot, answer, ret_container, reterr);
    case SHARE_MEMFD:
    case SHARE_FILE:
        fd = fd_channel_take(slot->channel);
        return fd >= 0 ? open_fd(fd, answer, ret_container, reterr)
                       : error_set(reterr, PRO_ERR_FORMAT,
                                 "it announced a container whose descriptor did not come");
    default:
        return error_set(reterr, PRO_ERR_FORMAT, "it sent no container among its results");
    }
}

/* Room for one more that belongs to this run of the task: those of a run that died stay where they
 * are, since releasing them may call the program. */
static ProContainer **result_place(Task *task)
{
    if (task->container_count - task->container_base >= VALUE_WRITER_ATTACHED_MAX)
        return NULL;
    size_t size = (task->container_count + 1) * sizeof *task->containers;
    ProContainer **containers = realloc(task->containers, size);
    if (containers == NULL)
        return NULL;
    task->containers = containers;
    return &containers[task->container_count];
}

void attached_on_container(Slot *slot, Packet *packet, const FrameRecord *record)
{
    Payload payload;
    ShareAnswer answer;
    ProError error = {0};
    Task *task = tasks_find_in_flight(slot, record->id);
    ProContainer **place = task == NULL || !task->want_result ? NULL : result_place(task);
    if (place == NULL) {
        protocol_violation(slot, "it returned containers beyond the limits, or for no task");
        return;
    }
    if (!protocol_take_payload(slot, packet, record, &payload))
        return;
    ProContainer *container = NULL;
    ProStatus status = share_answer_read(payload.data, payload.size, &answer, &error);
    if (status == PRO_OK)
        status = open_result(slot, &answer, &container, &error);
    payload_release(&payload);
    if (status == PRO_ERR_FORMAT) {
        protocol_violation(slot, error.text);
        return;
    }
    *place = container; /* NULL: pro_ending_container() tells */
    task->container_count++;
}
