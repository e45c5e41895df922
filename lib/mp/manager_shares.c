/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Containers that workers may ask for, by name. A question for a container is answered at once, by
 * whoever reads the socket.
 *
 * Containers are released without the lock: the last reference may call the program.
 */

#include "mp/manager_shares.h"

#include "container/file.h"
#include "container/memory.h"
#include "core/error.h"
#include "mp/fd_channel.h"

#include <promp/share.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void share_free(Share *share)
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

ProStatus share_new(const char *name, ProContainer *container, Share **ret_share, ProError *reterr)
{
    size_t name_size = strlen(name) + 1;
    Share *share = calloc(1, sizeof *share + name_size);
    if (share == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
    memcpy(share->name, name, name_size);
    share->container = pro_container_ref(container);
    share->fd = -1;
    ProStatus status = describe(share, reterr);
    if (status != PRO_OK)
        share_free(share);
    else
        *ret_share = share;
    return status;
}

bool share_is_blocks(const Share *share)
{
    return share->answer.carrier == SHARE_BLOCKS;
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
    ProStatus status = blocks_add(shares, share, reterr);
    if (status != PRO_OK)
        return status;
    memmove(shares->items + place + 1, shares->items + place,
            (shares->count - place) * sizeof *shares->items);
    shares->items[place] = share;
    shares->count++;
    return PRO_OK;
}

/* ---- answers ---- */

void share_post_failure(Slot *slot, uint64_t request, ProStatus status, const char *text)
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

void share_post_again(Slot *slot, uint64_t request)
{
    uint8_t head[SHARE_ANSWER_HEAD_BYTES] = {SHARE_AGAIN};
    unread_add_refusal(slot);
    protocol_post(slot, FRAME_SHARED, request, head, sizeof head);
}

Parcel *share_answer_parcel(
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

ProStatus share_send_fd(Slot *slot, int fd, uint64_t size, ProError *reterr)
{
    if (!unread_takes_descriptor(slot))
        return PRO_ERR_FULL;
    ProStatus status = fd_channel_send(slot->channel, "c", 1, &fd, 1, reterr);
    if (status == PRO_OK)
        unread_add_descriptor(slot, size);
    return status;
}

ProStatus share_post_parcel(Slot *slot, uint64_t request, const Parcel *parcel)
{
    if (slot->state != SLOT_READY)
        return PRO_OK;
    if (parcel->blob_fd < 0) {
        protocol_post(slot, FRAME_SHARED, request, parcel->data, (size_t)parcel->size);
        return PRO_OK;
    }
    if (!unread_takes_descriptor(slot))
        return PRO_ERR_FULL;
    ProStatus status =
            protocol_post_blob(slot, FRAME_SHARED, request, parcel->blob_fd, parcel->size);
    if (status == PRO_OK)
        unread_add_descriptor(slot, parcel->size);
    return status;
}

static void answer_with(
        Slot *slot, uint64_t request, const ShareAnswer *answer, const void *tail, size_t tail_size)
{
    ProError error = {0};
    Parcel *parcel = share_answer_parcel(answer, tail, tail_size, &error);
    if (parcel == NULL)
        share_post_failure(slot, request, error.status, error.text);
    else if (share_post_parcel(slot, request, parcel) != PRO_OK)
        share_post_again(slot, request);
    parcel_unref(parcel);
}

/* No descriptor reaches another machine: there, everything but bytes is read in blocks. */
static ProStatus answer_far(
        ProManager *manager, const Share *share, ShareAnswer *ret_answer, ProError *reterr)
{
    *ret_answer = (ShareAnswer){
            .carrier = SHARE_BLOCKS, .number = share->answer.number, .size = share->answer.size};
    return shares_ensure(manager, true, reterr);
}

/* The first one that is read in blocks brings the desk along. False if it cannot. */
static bool answer_with_desk(Slot *slot, uint64_t request, const Share *share)
{
    int fds[DESK_FDS];
    ShareAnswer answer = share->answer;
    if (!unread_takes_descriptor(slot) || !desk_prepare(slot, fds))
        return false;
    answer.carrier = SHARE_DESK;
    Parcel *parcel = share_answer_parcel(&answer, NULL, 0, NULL);
    bool sent =
            parcel != NULL && fd_channel_send(slot->channel, "d", 1, fds, DESK_FDS, NULL) == PRO_OK;
    if (sent) {
        unread_add_descriptor(slot, 0);
        (void)share_post_parcel(slot, request, parcel); /* small: cannot be refused */
    } else {
        desk_forget(slot);
    }
    parcel_unref(parcel);
    return sent;
}

/* The answer is made before its descriptor is sent: one without the other would shift all that
 * follow. */
void share_answer(Slot *slot, uint64_t request, const Share *share)
{
    if (!slot->far && share_is_blocks(share) && answer_with_desk(slot, request, share))
        return;
    ProError error = {0};
    ShareAnswer far;
    const ShareAnswer *answer = &share->answer;
    if (slot->far && share->fd >= 0) {
        if (answer_far(slot->manager, share, &far, &error) != PRO_OK) {
            share_post_failure(slot, request, error.status, error.text);
            return;
        }
        answer = &far;
    }
    Parcel *parcel = share_answer_parcel(answer, answer->tail, answer->tail_size, &error);
    ProStatus status = parcel == NULL ? error.status : PRO_OK;
    if (status == PRO_OK && share->fd >= 0 && answer == &share->answer)
        status = share_send_fd(slot, share->fd, 0, &error);
    if (status == PRO_OK)
        status = share_post_parcel(slot, request, parcel);
    if (status == PRO_ERR_FULL)
        share_post_again(slot, request);
    else if (status != PRO_OK)
        share_post_failure(slot, request, status, error.text);
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
        share_post_failure(slot, record->id, PRO_ERR_NOT_FOUND, text);
    } else {
        share_answer(slot, record->id, shares->items[place]);
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
        share_post_failure(
                slot, record->id, PRO_ERR_NO_MEMORY, "the manager has no memory to list names");
    else
        answer_with(slot, record->id, &answer, data, size);
    pro_writer_free(names);
    protocol_flush(slot);
}

/* ---- the calls ---- */

ProStatus shares_ensure(ProManager *manager, bool server, ProError *reterr)
{
    if (manager->shares == NULL) {
        Shares *shares = calloc(1, sizeof *shares);
        if (shares == NULL)
            return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to share a container");
        shares->next_number = 1;
        list_init(&shares->questions);
        servers_init(&shares->servers);
        manager->shares = shares;
    }
    return server ? servers_start(manager, reterr) : PRO_OK;
}

ProStatus pro_manager_share_container(
        ProManager *manager, const char *name, ProContainer *container, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_name(name, reterr);
    if (status != PRO_OK)
        return status;
    Share *share;
    status = share_new(name, container, &share, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    status = shares_ensure(manager, share_is_blocks(share), reterr);
    if (status == PRO_OK)
        status = insert(manager->shares, share, reterr);
    port_unlock(&manager->port);
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
        blocks_remove(shares, share);
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

void shares_end(ProManager *manager)
{
    if (manager->shares != NULL)
        servers_end(manager);
}

void shares_free(ProManager *manager)
{
    Shares *shares = manager->shares;
    if (shares == NULL)
        return;
    for (size_t i = 0; i < shares->count; i++)
        share_free(shares->items[i]);
    blocks_free(shares);
    servers_fini(&shares->servers);
    free(shares->items);
    free(shares);
    manager->shares = NULL;
}
