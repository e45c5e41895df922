/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Containers that workers may ask for. A question for a container is answered at once, by whoever
 * reads the socket. Questions for blocks may block in a container's callbacks, so a thread of their
 * own serves them; it exists once a container without memory is shared.
 *
 * Containers are released without the lock: the last reference may call the program.
 */

#include "mp/manager_private.h"

#include "container/file.h"
#include "container/memory.h"
#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/share_wire.h"

#include <inttypes.h>
#include <poll.h>
#include <promp/share.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Share {
    ProContainer *container;
    ShareAnswer answer; /* without tail, but for bytes: lent from the container */
    int fd;             /* the container's, or -1 */
    char name[];
} Share;

typedef struct BlockQuestion {
    ListLink link; /* Shares::questions */
    ProWorkerId worker;
    uint32_t generation;
    uint64_t request;
    ShareRead read;
    ProContainer *container; /* counted */
} BlockQuestion;

/* Guarded by the port's lock. */
struct Shares {
    Share **items; /* by name, ascending */
    size_t count;
    size_t capacity;
    uint64_t next_number;
    ListLink questions; /* BlockQuestion::link */
    pthread_cond_t asked;
    pthread_t server;
    bool server_runs;
    bool end;
};

/* ---- the table ---- */

/* Where `name` stands or would stand. */
static size_t find_place(const Shares *shares, const char *name, bool *ret_found)
{
    size_t low = 0;
    size_t high = shares->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(shares->items[middle]->name, name);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

static Share *find_number(const Shares *shares, uint64_t number)
{
    for (size_t i = 0; i < shares->count; i++)
        if (shares->items[i]->answer.number == number)
            return shares->items[i];
    return NULL;
}

static void share_free(Share *share)
{
    pro_container_unref(share->container);
    free(share);
}

/* How the container will cross; may copy it into a memfd. Not locked. */
static ProStatus describe(Share *share, ProError *reterr)
{
    uint64_t offset;
    const ProContainer *base = container_base(share->container, &offset);
    uint64_t size = pro_container_size(share->container);
    ShareAnswer *answer = &share->answer;
    *answer = (ShareAnswer){.offset = offset, .size = size, .base.size = pro_container_size(base)};
    bool small_and_fixed = memory_is_fixed(base) && size < MEMORY_MEMFD_MIN;
    ProStatus status = PRO_OK;
    if (size == 0 || small_and_fixed) {
        answer->carrier = SHARE_BYTES;
        answer->tail = pro_container_data(share->container);
        answer->tail_size = answer->tail == NULL ? 0 : (size_t)size;
    } else if (pro_container_kind(base) == PRO_CONTAINER_MEMORY) {
        answer->carrier = SHARE_MEMFD;
        status = memory_fd(base, &share->fd, reterr);
    } else if (pro_container_kind(base) == PRO_CONTAINER_FILE) {
        answer->carrier = SHARE_FILE;
        status = file_export(base, &share->fd, &answer->base, reterr);
    } else {
        answer->carrier = SHARE_BLOCKS;
    }
    return status;
}

static ProStatus check_name(const char *name, ProError *reterr)
{
    size_t size = name == NULL ? 0 : strnlen(name, PRO_SHARE_NAME_MAX + 1);
    if (size > 0 && size <= PRO_SHARE_NAME_MAX)
        return PRO_OK;
    return error_set(reterr, PRO_ERR_INVALID,
            "a shared container's name has 1 to %d bytes, not %zu", PRO_SHARE_NAME_MAX, size);
}

static ProStatus insert(Shares *shares, Share *share, ProError *reterr)
{
    bool found;
    size_t place = find_place(shares, share->name, &found);
    if (found)
        return error_set(reterr, PRO_ERR_INVALID,
                "a container is already shared as \"%s\"; unshare it first, or use another name",
                share->name);
    if (shares->count == shares->capacity) {
        size_t capacity = shares->capacity == 0 ? 16 : shares->capacity * 2;
        Share **items = realloc(shares->items, capacity * sizeof *items);
        if (items == NULL)
            return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
        shares->items = items;
        shares->capacity = capacity;
    }
    memmove(shares->items + place + 1, shares->items + place,
            (shares->count - place) * sizeof *shares->items);
    shares->items[place] = share;
    shares->count++;
    share->answer.number = shares->next_number++;
    return PRO_OK;
}

/* ---- answers ---- */

static void post_failure(Slot *slot, uint64_t request, ProStatus status, const char *text)
{
    Buffer payload = {0};
    const ShareAnswer answer = {.carrier = SHARE_FAILED, .number = (uint64_t)status};
    share_answer_write(&payload, &answer);
    buffer_append_text(&payload, text);
    if (!payload.failed)
        protocol_post(slot, FRAME_SHARED, request, payload.data, payload.size);
    else
        protocol_violation(slot, "cannot be answered: no memory");
    buffer_fini(&payload);
}

static void post_again(Slot *slot, uint64_t request)
{
    uint8_t head[SHARE_ANSWER_HEAD_BYTES] = {SHARE_AGAIN};
    protocol_post(slot, FRAME_SHARED, request, head, sizeof head);
}

/* Made without the lock where it may be large. */
static Parcel *answer_parcel(
        const ShareAnswer *answer, const void *tail, size_t tail_size, ProError *reterr)
{
    Buffer head = {0};
    share_answer_write(&head, answer);
    const struct iovec segments[] = {
            {.iov_base = head.data, .iov_len = head.size},
            {.iov_base = (void *)tail, .iov_len = tail_size},
    };
    Parcel *parcel = head.failed ? NULL : parcel_new(segments, 2, reterr);
    if (head.failed)
        (void)error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to answer a worker");
    buffer_fini(&head);
    return parcel;
}

/* PRO_ERR_FULL if the worker must take descriptors first. */
static ProStatus post_parcel(Slot *slot, uint64_t request, const Parcel *parcel)
{
    if (slot->state != SLOT_READY)
        return PRO_OK;
    if (parcel->blob_fd >= 0)
        return protocol_post_blob(slot, FRAME_SHARED, request, parcel->blob_fd, parcel->size);
    protocol_post(slot, FRAME_SHARED, request, parcel->data, (size_t)parcel->size);
    return PRO_OK;
}

static void answer_with(
        Slot *slot, uint64_t request, const ShareAnswer *answer, const void *tail, size_t tail_size)
{
    ProError error = {0};
    Parcel *parcel = answer_parcel(answer, tail, tail_size, &error);
    if (parcel == NULL)
        post_failure(slot, request, error.status, error.text);
    else if (post_parcel(slot, request, parcel) != PRO_OK)
        post_again(slot, request);
    parcel_unref(parcel);
}

/* The answer is made before its descriptor is sent: one without the other would shift all that
 * follow. */
static void answer_share(Slot *slot, uint64_t request, const Share *share)
{
    ProError error = {0};
    const ShareAnswer *answer = &share->answer;
    Parcel *parcel = answer_parcel(answer, answer->tail, answer->tail_size, &error);
    ProStatus status = parcel == NULL ? error.status : PRO_OK;
    if (status == PRO_OK && share->fd >= 0)
        status = fd_channel_send(slot->channel, "c", 1, &share->fd, 1, &error);
    if (status == PRO_OK)
        status = post_parcel(slot, request, parcel);
    if (status == PRO_ERR_FULL)
        post_again(slot, request);
    else if (status != PRO_OK)
        post_failure(slot, request, status, error.text);
    parcel_unref(parcel);
}

void shares_on_get(Slot *slot, const FrameRecord *record)
{
    const Shares *shares = slot->manager->shares;
    char name[PRO_SHARE_NAME_MAX + 1];
    if (record->place != FRAME_INSIDE || record->payload_size == 0 ||
            record->payload_size > PRO_SHARE_NAME_MAX) {
        protocol_violation(slot, "it asked for a container with an impossible name");
        return;
    }
    memcpy(name, record->payload, record->payload_size);
    name[record->payload_size] = 0;
    bool found = false;
    size_t place = shares == NULL ? 0 : find_place(shares, name, &found);
    if (!found) {
        char text[PRO_SHARE_NAME_MAX + 64];
        (void)snprintf(text, sizeof text, "no container is shared as \"%s\"", name);
        post_failure(slot, record->id, PRO_ERR_NOT_FOUND, text);
    } else {
        answer_share(slot, record->id, shares->items[place]);
    }
    protocol_flush(slot);
}

void shares_on_list(Slot *slot, const FrameRecord *record)
{
    const Shares *shares = slot->manager->shares;
    size_t count = shares == NULL ? 0 : shares->count;
    ProWriter *names = pro_writer_new();
    const void *data = NULL;
    size_t size = 0;
    if (names != NULL) {
        pro_write_list(names, count);
        for (size_t i = 0; i < count; i++)
            pro_write_text(names, shares->items[i]->name, strlen(shares->items[i]->name));
        pro_write_end(names);
    }
    const ShareAnswer answer = {.carrier = SHARE_NAMES};
    if (names == NULL || pro_writer_data(names, &data, &size) != PRO_OK)
        post_failure(
                slot, record->id, PRO_ERR_NO_MEMORY, "the manager has no memory to list names");
    else
        answer_with(slot, record->id, &answer, data, size);
    pro_writer_free(names);
    protocol_flush(slot);
}

/* ---- blocks ---- */

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
    const Share *share = shares == NULL ? NULL : find_number(shares, read.number);
    BlockQuestion *question = share == NULL ? NULL : malloc(sizeof *question);
    if (share == NULL)
        post_failure(slot, record->id, PRO_ERR_NOT_FOUND, "the container is not shared any more");
    else if (question == NULL)
        post_failure(slot, record->id, PRO_ERR_NO_MEMORY, "the manager has no memory for a read");
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
        parcel = answer_parcel(&answer, data, size, reterr);
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
            post_failure(slot, question->request, error->status, error->text);
        else if (post_parcel(slot, question->request, parcel) == PRO_ERR_FULL) {
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
static ProStatus start_server(ProManager *manager, ProError *reterr)
{
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

/* ---- the calls ---- */

static ProStatus shares_ensure(ProManager *manager, bool server, ProError *reterr)
{
    if (manager->shares == NULL) {
        Shares *shares = calloc(1, sizeof *shares);
        if (shares == NULL)
            return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
        shares->next_number = 1;
        list_init(&shares->questions);
        (void)pthread_cond_init(&shares->asked, NULL);
        manager->shares = shares;
    }
    return server && !manager->shares->server_runs ? start_server(manager, reterr) : PRO_OK;
}

ProStatus pro_manager_share_container(
        ProManager *manager, const char *name, ProContainer *container, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_name(name, reterr);
    if (status != PRO_OK)
        return status;
    size_t name_size = strlen(name) + 1;
    Share *share = calloc(1, sizeof *share + name_size);
    if (share == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
    memcpy(share->name, name, name_size);
    share->container = pro_container_ref(container);
    share->fd = -1;
    status = describe(share, reterr);
    if (status == PRO_OK) {
        port_lock(&manager->port);
        status = shares_ensure(manager, share->answer.carrier == SHARE_BLOCKS, reterr);
        if (status == PRO_OK)
            status = insert(manager->shares, share, reterr);
        port_unlock(&manager->port);
    }
    if (status != PRO_OK)
        share_free(share);
    return status;
}

ProStatus pro_manager_unshare_container(ProManager *manager, const char *name, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_name(name, reterr);
    if (status != PRO_OK)
        return status;
    Share *share = NULL;
    bool found = false;
    port_lock(&manager->port);
    Shares *shares = manager->shares;
    size_t place = shares == NULL ? 0 : find_place(shares, name, &found);
    if (found) {
        share = shares->items[place];
        shares->count--;
        memmove(shares->items + place, shares->items + place + 1,
                (shares->count - place) * sizeof *shares->items);
    }
    port_unlock(&manager->port);
    if (share == NULL)
        return error_set(reterr, PRO_ERR_NOT_FOUND, "no container is shared as \"%s\"", name);
    share_free(share);
    return PRO_OK;
}

/* Not locked; the engine has ended, or ends next. */
void shares_free(ProManager *manager)
{
    Shares *shares = manager->shares;
    if (shares == NULL)
        return;
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
    for (size_t i = 0; i < shares->count; i++)
        share_free(shares->items[i]);
    (void)pthread_cond_destroy(&shares->asked);
    free(shares->items);
    free(shares);
    manager->shares = NULL;
}
