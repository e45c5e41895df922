/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/far/far_wire.h"

#include "core/buffer.h"
#include "core/bytes.h"
#include "core/error.h"
#include "mp/board.h"

#include <string.h>

static void put_little_endian(uint8_t *place, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

Packet *far_packet(FarType type, uint32_t number, uint64_t worker, size_t size, uint8_t **ret_body)
{
    Packet *packet = packet_new(FAR_HEAD_BYTES + size);
    if (packet == NULL)
        return NULL;
    uint8_t *head = packet_fill(packet);
    put_little_endian(head, (uint64_t)type, 4);
    put_little_endian(head + 4, number, 4);
    put_little_endian(head + 8, worker, 8);
    if (ret_body != NULL)
        *ret_body = head + FAR_HEAD_BYTES;
    return packet;
}

static bool is_type(uint32_t type)
{
    return (type >= FAR_HELLO && type <= FAR_RUNNING) || (type >= FAR_START && type <= FAR_PING) ||
           (type >= FAR_FRAME && type <= FAR_ACK);
}

ProStatus far_open(const Packet *packet, FarMessage *ret_message, ProError *reterr)
{
    ByteReader bytes = byte_reader(packet_data(packet), packet_size(packet));
    uint32_t type = bytes_u32(&bytes);
    FarMessage message = {.number = bytes_u32(&bytes)};
    message.worker = bytes_u64(&bytes);
    message.size = bytes_left(&bytes);
    message.body = bytes.data + bytes.offset;
    if (bytes.failed || !is_type(type) || packet_size(packet) > FAR_MESSAGE_MAX)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed message of %zu bytes, type %u",
                packet_size(packet), type);
    message.type = (FarType)type;
    *ret_message = message;
    return PRO_OK;
}

bool far_is_streamed(FarType type)
{
    return type == FAR_EXITED || type == FAR_OUTPUT || type == FAR_LANE || type == FAR_FRAME ||
           type == FAR_VALUE;
}

/* Consumes the body. */
static Packet *packet_of(FarType type, uint32_t number, uint64_t worker, Buffer *body)
{
    uint8_t *place = NULL;
    Packet *packet = body->failed ? NULL : far_packet(type, number, worker, body->size, &place);
    if (packet != NULL && body->size > 0)
        memcpy(place, body->data, body->size);
    buffer_fini(body);
    return packet;
}

/* ---- hello ---- */

Packet *far_hello_packet(const FarHello *hello)
{
    Buffer body = {0};
    buffer_append_u32(&body, hello->cpus);
    buffer_append_u64(&body, hello->memory_bytes);
    buffer_append_u64(&body, (uint64_t)hello->pid);
    buffer_append_text(&body, hello->name);
    return packet_of(FAR_HELLO, FAR_VERSION, 0, &body);
}

/* A name goes to terminals and logs: nothing but what host names consist of. */
static bool is_host_name(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = text[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '.' && byte != '_')
            return false;
    }
    return size > 0 && size <= FAR_HOST_NAME_MAX;
}

ProStatus far_hello_read(const FarMessage *message, FarHello *ret_hello, ProError *reterr)
{
    ByteReader bytes = byte_reader(message->body, message->size);
    if (message->number != FAR_VERSION)
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "the agent speaks version %u of the protocol, this is version %d", message->number,
                FAR_VERSION);
    FarHello hello = {.cpus = bytes_u32(&bytes)};
    hello.memory_bytes = bytes_u64(&bytes);
    hello.pid = (int64_t)bytes_u64(&bytes);
    size_t size = bytes_left(&bytes);
    const uint8_t *name = bytes_take(&bytes, size);
    if (bytes.failed || hello.cpus == 0 || hello.cpus > FAR_CPUS_MAX || !is_host_name(name, size))
        return error_set(reterr, PRO_ERR_FORMAT, "malformed hello of %zu bytes", message->size);
    memcpy(hello.name, name, size);
    *ret_hello = hello;
    return PRO_OK;
}

/* ---- exit ---- */

Packet *far_exit_packet(uint64_t worker, const FarExit *exit)
{
    Buffer body = {0};
    buffer_append_u32(&body, exit->known);
    buffer_append_u32(&body, (uint32_t)exit->wait_status);
    buffer_append_u64(&body, exit->peak_rss_bytes);
    buffer_append_u64(&body, exit->running);
    buffer_append(&body, exit->crash, exit->crash_size);
    return packet_of(FAR_EXITED, 0, worker, &body);
}

ProStatus far_exit_read(const FarMessage *message, FarExit *ret_exit, ProError *reterr)
{
    ByteReader bytes = byte_reader(message->body, message->size);
    uint32_t known = bytes_u32(&bytes);
    FarExit exit = {.known = known == 1, .wait_status = (int32_t)bytes_u32(&bytes)};
    exit.peak_rss_bytes = bytes_u64(&bytes);
    exit.running = bytes_u64(&bytes);
    exit.crash_size = bytes_left(&bytes);
    exit.crash = (const char *)bytes.data + bytes.offset;
    if (bytes.failed || known > 1 || exit.crash_size >= BOARD_CRASH_BYTES)
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed end of a worker of %zu bytes", message->size);
    *ret_exit = exit;
    return PRO_OK;
}

/* ---- board ---- */

Packet *far_board_packet(uint64_t worker, const FarBoard *board)
{
    uint8_t *body;
    Packet *packet = far_packet(FAR_BOARD, board->received_frames, worker, 8, &body);
    if (packet != NULL)
        put_little_endian(body, board->lane_returned, 8);
    return packet;
}

ProStatus far_board_read(const FarMessage *message, FarBoard *ret_board, ProError *reterr)
{
    uint64_t returned;
    if (!far_number_read(message, &returned))
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed state of a board of %zu bytes", message->size);
    *ret_board = (FarBoard){.received_frames = message->number, .lane_returned = returned};
    return PRO_OK;
}

Packet *far_number_packet(FarType type, uint64_t worker, uint64_t number)
{
    uint8_t *body;
    Packet *packet = far_packet(type, 0, worker, 8, &body);
    if (packet != NULL)
        put_little_endian(body, number, 8);
    return packet;
}

bool far_number_read(const FarMessage *message, uint64_t *ret_number)
{
    ByteReader bytes = byte_reader(message->body, message->size);
    *ret_number = bytes_u64(&bytes);
    return !bytes.failed && bytes_left(&bytes) == 0;
}
