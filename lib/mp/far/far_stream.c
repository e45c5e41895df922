/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/far/far_stream.h"

#include "container/memory.h"
#include "core/error.h"
#include "mp/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A message, or a value that is read when its turn comes. */
typedef struct Item {
    ListLink link;
    Packet *packet;
    int fd; /* -1: it is a packet */
    uint64_t size;
    uint64_t offset;
} Item;

void stream_init(FarStream *stream, uint64_t worker)
{
    *stream = (FarStream){.worker = worker, .value_fd = -1};
    list_init(&stream->out);
    list_init(&stream->in);
}

static void item_free(Item *item)
{
    packet_unref(item->packet);
    if (item->fd >= 0)
        (void)close(item->fd);
    free(item);
}

static void free_items(ListLink *items)
{
    for (ListLink *link = list_pop(items); link != NULL; link = list_pop(items))
        item_free(list_entry(link, Item, link));
}

void stream_fini(FarStream *stream)
{
    free_items(&stream->out);
    free_items(&stream->in);
    if (stream->value_fd >= 0)
        (void)close(stream->value_fd);
    stream->value_fd = -1;
}

static Item *item_new(ListLink *items)
{
    Item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->fd = -1;
    list_append(items, &item->link);
    return item;
}

/* ---- out ---- */

ProStatus stream_put(FarStream *stream, Packet *packet)
{
    Item *item = packet == NULL ? NULL : item_new(&stream->out);
    if (item == NULL) {
        packet_unref(packet);
        return PRO_ERR_NO_MEMORY;
    }
    item->packet = packet;
    stream->out_count++;
    return PRO_OK;
}

ProStatus stream_put_value(FarStream *stream, int fd, ProError *reterr)
{
    uint64_t size;
    bool live;
    ProStatus status = PRO_OK;
    if (!memory_fd_is_sealed(fd, &size, &live) || live || size == 0)
        status = error_set(reterr, PRO_ERR_FORMAT, "a large value is no sealed memory");
    else if (size > FAR_VALUE_MAX)
        status = error_set(reterr, PRO_ERR_LIMIT,
                "a value of %llu bytes is larger than the %llu that may go to another machine",
                (unsigned long long)size, (unsigned long long)FAR_VALUE_MAX);
    Item *item = status == PRO_OK ? item_new(&stream->out) : NULL;
    if (item == NULL) {
        (void)close(fd);
        return status != PRO_OK ? status : error_set(reterr, PRO_ERR_NO_MEMORY, "no memory");
    }
    item->fd = fd;
    item->size = size;
    stream->out_count++;
    return PRO_OK;
}

/* The item's next message; NULL: no memory, or the memfd cannot be read. */
static Packet *next_packet(const FarStream *stream, Item *item)
{
    if (item->fd < 0) {
        Packet *packet = item->packet;
        item->packet = NULL;
        return packet;
    }
    uint64_t left = item->size - item->offset;
    size_t size = left < FAR_CHUNK_BYTES ? (size_t)left : FAR_CHUNK_BYTES;
    uint8_t *body;
    Packet *packet = far_packet(FAR_VALUE, size == left, stream->worker, size, &body);
    if (packet != NULL && pread(item->fd, body, size, (off_t)item->offset) != (ssize_t)size) {
        packet_unref(packet);
        return NULL;
    }
    item->offset += size;
    return packet;
}

ProStatus stream_pump(FarStream *stream, StreamSend send, void *user)
{
    while (!list_empty(&stream->out) && stream->sent - stream->acknowledged < FAR_WINDOW_BYTES) {
        Item *item = list_entry(stream->out.next, Item, link);
        Packet *packet = next_packet(stream, item);
        if (packet == NULL)
            return PRO_ERR_NO_MEMORY;
        stream->sent += packet_size(packet);
        ProStatus status = send(user, packet);
        if (item->fd < 0 || item->offset == item->size) {
            list_remove(&item->link);
            item_free(item);
            stream->out_count--;
        }
        if (status != PRO_OK)
            return status;
    }
    return PRO_OK;
}

bool stream_on_ack(FarStream *stream, const FarMessage *message)
{
    uint64_t used;
    if (!far_number_read(message, &used) || used < stream->acknowledged || used > stream->sent)
        return false;
    stream->acknowledged = used;
    return true;
}

/* ---- in ---- */

ProStatus stream_receive(FarStream *stream, Packet *packet)
{
    size_t size = packet_size(packet);
    if (stream->received + size - stream->told > FAR_WINDOW_BYTES + FAR_MESSAGE_MAX) {
        packet_unref(packet);
        return PRO_ERR_LIMIT;
    }
    Item *item = item_new(&stream->in);
    if (item == NULL) {
        packet_unref(packet);
        return PRO_ERR_NO_MEMORY;
    }
    item->packet = packet;
    stream->received += size;
    return PRO_OK;
}

StreamUse stream_take(FarStream *stream, StreamTake take, void *user)
{
    while (!list_empty(&stream->in)) {
        Item *item = list_entry(stream->in.next, Item, link);
        FarMessage message;
        if (far_open(item->packet, &message, NULL) != PRO_OK)
            return STREAM_BROKEN;
        StreamUse use = take(user, &message);
        if (use != STREAM_USED)
            return use;
        stream->used += packet_size(item->packet);
        list_remove(&item->link);
        item_free(item);
    }
    return STREAM_USED;
}

Packet *stream_ack_due(FarStream *stream)
{
    if (stream->used - stream->told < FAR_ACK_BYTES)
        return NULL;
    Packet *packet = far_number_packet(FAR_ACK, stream->worker, stream->used);
    if (packet != NULL)
        stream->told = stream->used;
    return packet;
}

static bool write_whole(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return true;
}

bool stream_value_part(FarStream *stream, const FarMessage *message, int *ret_fd)
{
    enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
    *ret_fd = -1;
    if (message->size == 0 || stream->value_size + message->size > FAR_VALUE_MAX)
        return false;
    if (stream->value_fd < 0)
        stream->value_fd = memfd_create("promp-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (stream->value_fd < 0 || !write_whole(stream->value_fd, message->body, message->size))
        return false;
    stream->value_size += message->size;
    if (message->number == 0)
        return true;
    if (fcntl(stream->value_fd, F_ADD_SEALS, SEALS) != 0)
        return false;
    *ret_fd = stream->value_fd;
    stream->value_fd = -1;
    stream->value_size = 0;
    return true;
}
