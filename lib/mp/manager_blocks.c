/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shared containers without memory, which workers read in blocks: which of them a worker may read,
 * and questions that come by frames: of a worker without a desk, or whose desk is full.
 */

#include "mp/manager_shares.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct BlockQuestion {
    ListLink link; /* Shares::questions */
    ProWorkerId worker;
    uint32_t generation;
    uint64_t request;
    ShareRead read;
    ProContainer *container; /* counted */
} BlockQuestion;

/* ---- which ---- */

/* Where `number` stands or would stand. */
static size_t number_place(const Shares *shares, uint64_t number)
{
    size_t low = 0;
    size_t high = shares->numbered_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (shares->numbered[middle]->answer.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ProStatus blocks_add(Shares *shares, Share *share, ProError *reterr)
{
    if (shares->numbered_count == shares->numbered_capacity) {
        size_t capacity = shares->numbered_capacity == 0 ? 16 : shares->numbered_capacity * 2;
        Share **numbered = realloc(shares->numbered, capacity * sizeof *numbered);
        if (numbered == NULL)
            return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
        shares->numbered = numbered;
        shares->numbered_capacity = capacity;
    }
    share->answer.number = shares->next_number++;
    shares->numbered[shares->numbered_count++] = share; /* numbers ascend */
    return PRO_OK;
}

void blocks_remove(Shares *shares, const Share *share)
{
    size_t place = shares == NULL ? 0 : number_place(shares, share->answer.number);
    if (shares == NULL || place == shares->numbered_count || shares->numbered[place] != share)
        return;
    shares->numbered_count--;
    memmove(shares->numbered + place, shares->numbered + place + 1,
            (shares->numbered_count - place) * sizeof *shares->numbered);
}

/* What came with a task is for the workers that have the task. */
static bool may_read(const Slot *slot, const Share *share)
{
    if (!share->attached)
        return true;
    list_each(link, &slot->in_flight)
    {
        const Attachments *attachments = list_entry(link, Task, link)->attachments;
        for (size_t i = 0; attachments != NULL && i < attachments->count; i++)
            if (attachments->shares[i] == share)
                return true;
    }
    return false;
}

const Share *blocks_find(const Slot *slot, uint64_t number)
{
    const Shares *shares = slot->manager->shares;
    size_t place = shares == NULL ? 0 : number_place(shares, number);
    if (shares == NULL || place == shares->numbered_count)
        return NULL;
    const Share *share = shares->numbered[place];
    bool in_blocks = share_is_blocks(share) || slot->far;
    return share->answer.number == number && in_blocks && may_read(slot, share) ? share : NULL;
}

/* ---- questions by frames ---- */

void shares_on_read(Slot *slot, const FrameRecord *record)
{
    Shares *shares = slot->manager->shares;
    ShareRead read;
    ProError error = {0};
    if (record->place != FRAME_INSIDE ||
            share_read_read(record->payload, record->payload_size, &read, &error) != PRO_OK) {
        protocol_violation(slot, "it asked for a block with a malformed question");
        return;
    }
    if (slot->share_reads >= SHARE_QUESTIONS_MAX) {
        protocol_violation(slot, "it asked for more blocks at once than are allowed");
        return;
    }
    const Share *share = blocks_find(slot, read.number);
    BlockQuestion *question = share == NULL ? NULL : malloc(sizeof *question);
    if (share == NULL)
        share_post_failure(
                slot, record->id, PRO_ERR_NOT_FOUND, "the container is not shared any more");
    else if (question == NULL)
        share_post_failure(
                slot, record->id, PRO_ERR_NO_MEMORY, "the manager has no memory for a read");
    if (question == NULL) {
        protocol_flush(slot);
        return;
    }
    *question = (BlockQuestion){.worker = slot->id,
            .generation = slot->generation,
            .request = record->id,
            .read = read,
            .container = pro_container_ref(share->container)};
    slot->share_reads++;
    list_append(&shares->questions, &question->link);
    servers_ring(&shares->servers);
}

/* Not locked. Its parcel. */
static ProStatus read_block(const BlockQuestion *question, Parcel **ret_parcel, ProError *reterr)
{
    const ShareRead *read = &question->read;
    size_t size = (size_t)read->size;
    uint8_t *bytes = malloc(size);
    *ret_parcel = NULL;
    if (bytes == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "the manager has no memory for a block");
    ProStatus status = pro_container_read(question->container, read->offset, bytes, size, reterr);
    if (status == PRO_OK) {
        const ShareAnswer answer = {.carrier = SHARE_BYTES, .size = size};
        *ret_parcel = share_answer_parcel(&answer, bytes, size, reterr);
        status = *ret_parcel == NULL ? reterr->status : PRO_OK;
    }
    free(bytes);
    return status;
}

/* The worker, if it is still the process that asked. */
static Slot *asker(ProManager *manager, const BlockQuestion *question)
{
    Slot *slot = manager_any_slot_by_id(manager, question->worker);
    return slot != NULL && slot->generation == question->generation && slot->board != NULL ? slot
                                                                                           : NULL;
}

static void deliver_block(ProManager *manager, const BlockQuestion *question, const Parcel *parcel,
        const ProError *error)
{
    Slot *slot = asker(manager, question);
    if (slot == NULL || slot->state != SLOT_READY)
        return;
    ProStatus status = PRO_OK;
    if (error->status != PRO_OK)
        share_post_failure(slot, question->request, error->status, error->text);
    else
        status = share_post_parcel(slot, question->request, parcel);
    if (status == PRO_ERR_FULL) /* no waiting for this worker: others wait behind it */
        share_post_again(slot, question->request);
    else if (status != PRO_OK)
        share_post_failure(slot, question->request, status, "the block cannot be sent");
    slot->share_reads--;
    protocol_flush(slot);
}

static void question_free(BlockQuestion *question)
{
    pro_container_unref(question->container);
    free(question);
}

bool blocks_serve(ProManager *manager)
{
    ListLink *link = list_pop(&manager->shares->questions);
    if (link == NULL)
        return false;
    BlockQuestion *question = list_entry(link, BlockQuestion, link);
    port_unlock(&manager->port);
    ProError error = {0};
    Parcel *parcel;
    /* A callback may have set the text only. */
    error.status = read_block(question, &parcel, &error);
    port_lock(&manager->port);
    if (!atomic_load(&manager->shares->servers.end))
        deliver_block(manager, question, parcel, &error);
    port_unlock(&manager->port);
    parcel_unref(parcel);
    question_free(question);
    port_lock(&manager->port);
    return true;
}

void blocks_free(Shares *shares)
{
    for (ListLink *link = list_pop(&shares->questions); link != NULL;
            link = list_pop(&shares->questions))
        question_free(list_entry(link, BlockQuestion, link));
    free(shares->numbered);
}
