/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shared containers without memory, which workers read in blocks. A read may block in a container's
 * callbacks, so a thread of its own serves them; it exists once such a container is shared.
 */

#include "mp/manager_shares.h"

#include "core/error.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

typedef struct BlockQuestion {
    ListLink link; /* Shares::questions */
    ProWorkerId worker;
    uint32_t generation;
    uint64_t request;
    ShareRead read;
    ProContainer *container; /* counted */
} BlockQuestion;

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
            share_read_read(record->payload, record->payload_size, &read, &error) != PRO_OK ||
            slot->share_reads >= SHARE_READS_PENDING_MAX) {
        protocol_violation(slot, "it asked for blocks beyond the limits");
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
    (void)pthread_cond_signal(&shares->asked);
}

/* Not locked. */
static Parcel *read_block(const BlockQuestion *question, ProError *reterr)
{
    size_t size = (size_t)question->read.size;
    uint8_t *data = malloc(size);
    Parcel *parcel = NULL;
    ProStatus status = PRO_ERR_NO_MEMORY;
    if (data == NULL)
        (void)error_set(reterr, status, "the manager has no memory for a block");
    else
        status = pro_container_read(question->container, question->read.offset, data, size, reterr);
    if (status == PRO_OK) {
        const ShareAnswer answer = {.carrier = SHARE_BYTES, .size = size};
        parcel = share_answer_parcel(&answer, data, size, reterr);
    } else {
        reterr->status = status; /* a callback may have set the text only */
    }
    free(data);
    return parcel;
}

/* The worker, if it is still the process that asked. */
static Slot *asker(ProManager *manager, const BlockQuestion *question)
{
    Slot *slot = manager_any_slot_by_id(manager, question->worker);
    return slot != NULL && slot->generation == question->generation && slot->board != NULL ? slot
                                                                                           : NULL;
}

/* Locked, and let go while the channel is full. */
static void deliver_block(ProManager *manager, const BlockQuestion *question, const Parcel *parcel,
        const ProError *error)
{
    for (;;) {
        Slot *slot = asker(manager, question);
        if (slot == NULL || manager->shares->end)
            return;
        if (parcel == NULL)
            share_post_failure(slot, question->request, error->status, error->text);
        else if (share_post_parcel(slot, question->request, parcel) == PRO_ERR_FULL) {
            struct pollfd channel = {.fd = slot->channel, .events = POLLOUT};
            protocol_flush(slot);
            port_unlock(&manager->port);
            (void)poll(&channel, 1, 10); /* too many under way is not signalled: look again */
            port_lock(&manager->port);
            continue;
        }
        slot->share_reads--;
        protocol_flush(slot);
        return;
    }
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
        Parcel *parcel = read_block(question, &error);
        port_lock(&manager->port);
        deliver_block(manager, question, parcel, &error);
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
        free(question);
    }
}
