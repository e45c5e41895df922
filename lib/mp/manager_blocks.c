/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shared containers without memory, which workers read in blocks. A read may block in a container's
 * callbacks, so a thread of its own serves them; it exists once such a container is shared.
 */

#include "mp/manager_shares.h"

#include "container/memory.h"
#include "core/error.h"

#include <signal.h>
#include <stdlib.h>

typedef struct BlockQuestion {
    ListLink link; /* Shares::questions */
    ProWorkerId worker;
    uint32_t generation;
    uint64_t request;
    ShareRead read;
    ProContainer *container; /* counted */
    BlockArea *area;         /* counted; NULL: the block goes as bytes */
} BlockQuestion;

/* Memory that is shared with one worker: the server fills a place, the worker, which cannot write,
 * copies it out, and says with its next question which place is free. Counted, by the port's lock.
 */
struct BlockArea {
    unsigned references;
    ProMemory *memory;
    ProContainer *shown; /* as the worker gets it */
};

static void area_unref(BlockArea *area)
{
    if (area == NULL || --area->references > 0)
        return;
    pro_container_unref(area->shown);
    pro_memory_free(area->memory);
    free(area);
}

static BlockArea *area_new(void)
{
    BlockArea *area = calloc(1, sizeof *area);
    if (area == NULL)
        return NULL;
    area->references = 1;
    if (pro_memory_new(SHARE_AREA_BYTES, &area->memory, NULL) == PRO_OK &&
            pro_container_new_live(area->memory, &area->shown, NULL) == PRO_OK)
        return area;
    area_unref(area);
    return NULL;
}

void shares_forget(Slot *slot)
{
    area_unref(slot->block_area);
    slot->block_area = NULL;
    slot->block_area_told = false;
    slot->share_reads = 0;
}

/* NULL where it is not wanted, or there is no memory for it. */
static BlockArea *area_for(Slot *slot, const ShareRead *read)
{
    if (read->place == SHARE_NO_PLACE)
        return NULL;
    if (slot->block_area == NULL)
        slot->block_area = area_new();
    if (slot->block_area != NULL)
        slot->block_area->references++;
    return slot->block_area;
}

void blocks_add(Shares *shares, Share *share)
{
    share->answer.number = shares->next_number++;
    if (share_is_blocks(share))
        list_append(&shares->blocks, &share->link);
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
    if (shares == NULL)
        return NULL;
    list_each(link, &shares->blocks)
    {
        const Share *share = list_entry(link, Share, link);
        if (share->answer.number == number)
            return may_read(slot, share) ? share : NULL;
    }
    return NULL;
}

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
            .container = pro_container_ref(share->container),
            .area = area_for(slot, &read)};
    slot->share_reads++;
    list_append(&shares->questions, &question->link);
    (void)pthread_cond_signal(&shares->asked);
}

/* Not locked. The parcel of a block that goes as bytes; NULL and PRO_OK if it lies in the area. */
static ProStatus read_block(const BlockQuestion *question, Parcel **ret_parcel, ProError *reterr)
{
    const ShareRead *read = &question->read;
    size_t size = (size_t)read->size;
    uint8_t *bytes = question->area == NULL ? malloc(size) : NULL;
    uint8_t *data = question->area == NULL ? bytes
                                           : (uint8_t *)pro_memory_data(question->area->memory) +
                                                     (size_t)read->place * SHARE_READ_MAX;
    *ret_parcel = NULL;
    if (data == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "the manager has no memory for a block");
    ProStatus status = pro_container_read(question->container, read->offset, data, size, reterr);
    if (status == PRO_OK && bytes != NULL) {
        const ShareAnswer answer = {.carrier = SHARE_BYTES, .size = size};
        *ret_parcel = share_answer_parcel(&answer, data, size, reterr);
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

/* PRO_ERR_FULL while the area itself cannot be sent. */
static ProStatus post_area(Slot *slot, const BlockQuestion *question)
{
    Buffer head = {0};
    int fd;
    ShareAnswer answer = {
            .carrier = SHARE_AREA, .number = question->read.place, .size = question->read.size};
    ProStatus status = PRO_OK;
    if (!slot->block_area_told) {
        answer.base.size = SHARE_AREA_BYTES;
        status = memory_fd(question->area->shown, &fd, NULL);
        if (status == PRO_OK)
            status = share_send_fd(slot, fd, 0, NULL);
        if (status != PRO_OK)
            return status;
        slot->block_area_told = true;
    }
    share_answer_write(&head, &answer);
    if (!head.failed)
        protocol_post(slot, FRAME_SHARED, question->request, head.data, head.size);
    else
        protocol_violation(slot, "cannot be answered: no memory");
    buffer_fini(&head);
    return PRO_OK;
}

static void post_block(
        Slot *slot, const BlockQuestion *question, const Parcel *parcel, const ProError *error)
{
    ProStatus status = PRO_OK;
    if (error->status != PRO_OK)
        share_post_failure(slot, question->request, error->status, error->text);
    else if (question->area == NULL)
        status = share_post_parcel(slot, question->request, parcel);
    else
        status = post_area(slot, question);
    if (status == PRO_ERR_FULL) /* no waiting for this worker: others wait behind it */
        share_post_again(slot, question->request);
    else if (status != PRO_OK)
        share_post_failure(slot, question->request, status, "the block cannot be sent");
}

static void deliver_block(ProManager *manager, const BlockQuestion *question, const Parcel *parcel,
        const ProError *error)
{
    Slot *slot = asker(manager, question);
    if (slot == NULL || slot->state != SLOT_READY || manager->shares->end)
        return;
    post_block(slot, question, parcel, error);
    slot->share_reads--;
    protocol_flush(slot);
}

static void *serve_blocks(void *argument)
{
    ProManager *manager = argument;
    Shares *shares = manager->shares;
    port_lock(&manager->port);
    while (!shares->end) {
        ListLink *link = list_pop(&shares->questions);
        if (link == NULL) {
            (void)pthread_cond_wait(&shares->asked, &manager->port.lock);
            continue;
        }
        BlockQuestion *question = list_entry(link, BlockQuestion, link);
        port_unlock(&manager->port);
        ProError error = {0};
        Parcel *parcel;
        /* A callback may have set the text only. */
        error.status = read_block(question, &parcel, &error);
        port_lock(&manager->port);
        deliver_block(manager, question, parcel, &error);
        area_unref(question->area);
        port_unlock(&manager->port);
        parcel_unref(parcel);
        pro_container_unref(question->container);
        free(question);
        port_lock(&manager->port);
    }
    port_unlock(&manager->port);
    return NULL;
}

/* Signals are the program's: its threads handle them. */
ProStatus blocks_serve(ProManager *manager, ProError *reterr)
{
    if (manager->shares->server_runs)
        return PRO_OK;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&manager->shares->server, NULL, serve_blocks, manager);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return error_system(reterr, error, "cannot start the thread that serves shared containers");
    manager->shares->server_runs = true;
    return PRO_OK;
}

/* Not locked. */
void blocks_end(ProManager *manager)
{
    Shares *shares = manager->shares;
    port_lock(&manager->port);
    shares->end = true;
    (void)pthread_cond_signal(&shares->asked);
    port_unlock(&manager->port);
    if (shares->server_runs)
        (void)pthread_join(shares->server, NULL);
    for (ListLink *link = list_pop(&shares->questions); link != NULL;
            link = list_pop(&shares->questions)) {
        BlockQuestion *question = list_entry(link, BlockQuestion, link);
        pro_container_unref(question->container);
        area_unref(question->area);
        free(question);
    }
}
