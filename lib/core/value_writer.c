/* SPDX-License-Identifier: Apache-2.0 */
#include "core/value_writer.h"

#include "core/buffer.h"
#include "core/value_format.h"

#include <stdlib.h>
#include <string.h>

/* A container that is open. Tuples and variant lists are ext values around an array; their length
 * stands before it and is filled in at the end. */
typedef struct Level {
    bool is_ext;
    size_t offset;          /* of the ext head */
    size_t borrowed_before; /* bytes borrowed when it was opened */
} Level;

/* Borrowed bytes, which belong at `offset` of the copied ones. */
typedef struct Piece {
    size_t offset;
    const void *data;
    size_t size;
} Piece;

struct ProWriter {
    Buffer bytes;
    Piece *pieces;
    size_t piece_count;
    size_t piece_capacity;
    size_t borrowed; /* bytes in pieces */
    struct iovec *segments;
    Buffer joined;
    ProStatus status;
    unsigned depth;
    Level levels[PRO_VALUE_DEPTH_MAX];
};

ProWriter *pro_writer_new(void)
{
    return calloc(1, sizeof(ProWriter));
}

void pro_writer_free(ProWriter *writer)
{
    if (writer == NULL)
        return;
    buffer_fini(&writer->bytes);
    buffer_fini(&writer->joined);
    free(writer->pieces);
    free(writer->segments);
    free(writer);
}

void pro_writer_clear(ProWriter *writer)
{
    enum { KEEP_BYTES = 1 << 20 };
    if (writer->bytes.capacity > KEEP_BYTES)
        buffer_fini(&writer->bytes);
    else
        buffer_clear(&writer->bytes);
    if (writer->joined.capacity > 0)
        buffer_fini(&writer->joined);
    writer->piece_count = 0;
    writer->borrowed = 0;
    writer->status = PRO_OK;
    writer->depth = 0;
}

size_t pro_writer_size(const ProWriter *writer)
{
    return writer->bytes.size + writer->borrowed;
}

static void fail(ProWriter *writer, ProStatus status)
{
    if (writer->status == PRO_OK)
        writer->status = status;
}

ProStatus pro_writer_status(const ProWriter *writer)
{
    if (writer->status == PRO_OK && writer->bytes.failed)
        return PRO_ERR_NO_MEMORY;
    return writer->status;
}

/* ---- heads ---- */

/* A first byte and `width` big-endian bytes. */
static void put(ProWriter *writer, uint8_t first, uint64_t value, unsigned width)
{
    uint8_t bytes[9] = {first};
    for (unsigned i = 0; i < width; i++)
        bytes[1 + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    buffer_append(&writer->bytes, bytes, 1 + width);
}

/* A count or length in the smallest of up to three widths. first8: 0 if there is no such form. */
static void put_count(
        ProWriter *writer, size_t count, uint8_t first8, uint8_t first16, uint8_t first32)
{
    if (count > UINT32_MAX)
        fail(writer, PRO_ERR_LIMIT);
    else if (first8 != 0 && count <= UINT8_MAX)
        put(writer, first8, count, 1);
    else if (count <= UINT16_MAX)
        put(writer, first16, count, 2);
    else
        put(writer, first32, count, 4);
}

/* ---- scalars ---- */

void pro_write_nil(ProWriter *writer)
{
    buffer_append_u8(&writer->bytes, MSGPACK_NIL);
}

void pro_write_bool(ProWriter *writer, bool value)
{
    buffer_append_u8(&writer->bytes, value ? MSGPACK_TRUE : MSGPACK_FALSE);
}

void pro_write_uint(ProWriter *writer, uint64_t value)
{
    if (value < 0x80)
        buffer_append_u8(&writer->bytes, (uint8_t)value);
    else if (value <= UINT8_MAX)
        put(writer, MSGPACK_UINT8, value, 1);
    else if (value <= UINT16_MAX)
        put(writer, MSGPACK_UINT16, value, 2);
    else if (value <= UINT32_MAX)
        put(writer, MSGPACK_UINT32, value, 4);
    else
        put(writer, MSGPACK_UINT64, value, 8);
}

void pro_write_int(ProWriter *writer, int64_t value)
{
    if (value >= 0)
        pro_write_uint(writer, (uint64_t)value);
    else if (value >= -32)
        buffer_append_u8(&writer->bytes, (uint8_t)value);
    else if (value >= INT8_MIN)
        put(writer, MSGPACK_INT8, (uint64_t)value, 1);
    else if (value >= INT16_MIN)
        put(writer, MSGPACK_INT16, (uint64_t)value, 2);
    else if (value >= INT32_MIN)
        put(writer, MSGPACK_INT32, (uint64_t)value, 4);
    else
        put(writer, MSGPACK_INT64, (uint64_t)value, 8);
}

/* The head of an ext value that is `size` bytes long behind its type. */
static void put_ext(ProWriter *writer, uint8_t type, size_t size)
{
    put_count(writer, size, MSGPACK_EXT8, MSGPACK_EXT16, MSGPACK_EXT32);
    buffer_append_u8(&writer->bytes, type);
}

void pro_write_big_int(ProWriter *writer, bool negative, const void *magnitude, size_t size_bytes)
{
    const uint8_t *bytes = magnitude;
    while (size_bytes > 0 && bytes[0] == 0) {
        bytes++;
        size_bytes--;
    }
    if (size_bytes <= 8) {
        uint64_t value = 0;
        for (size_t i = 0; i < size_bytes; i++)
            value = value << 8 | bytes[i];
        if (!negative) {
            pro_write_uint(writer, value);
            return;
        }
        if (value <= (uint64_t)INT64_MAX + 1) {
            pro_write_int(writer, (int64_t)(0 - value));
            return;
        }
    }
    put_ext(writer, EXT_BIG_INT, size_bytes + 1);
    buffer_append_u8(&writer->bytes, negative);
    buffer_append(&writer->bytes, bytes, size_bytes);
}

void pro_write_double(ProWriter *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(writer, MSGPACK_FLOAT64, bits, 8);
}

void pro_write_text(ProWriter *writer, const char *utf8, size_t size_bytes)
{
    if (size_bytes < 32)
        buffer_append_u8(&writer->bytes, (uint8_t)(MSGPACK_FIXSTR | size_bytes));
    else
        put_count(writer, size_bytes, MSGPACK_STR8, MSGPACK_STR16, MSGPACK_STR32);
    buffer_append(&writer->bytes, utf8, size_bytes);
}

void pro_write_bytes(ProWriter *writer, const void *data, size_t size_bytes)
{
    put_count(writer, size_bytes, MSGPACK_BIN8, MSGPACK_BIN16, MSGPACK_BIN32);
    buffer_append(&writer->bytes, data, size_bytes);
}

void pro_write_bytes_borrowed(ProWriter *writer, const void *data, size_t size_bytes)
{
    if (size_bytes < VALUE_BORROW_MIN) {
        pro_write_bytes(writer, data, size_bytes);
        return;
    }
    if (writer->piece_count == writer->piece_capacity) {
        size_t capacity = writer->piece_capacity == 0 ? 4 : writer->piece_capacity * 2;
        Piece *grown = realloc(writer->pieces, capacity * sizeof *grown);
        if (grown == NULL) {
            fail(writer, PRO_ERR_NO_MEMORY);
            return;
        }
        writer->pieces = grown;
        writer->piece_capacity = capacity;
    }
    put_count(writer, size_bytes, MSGPACK_BIN8, MSGPACK_BIN16, MSGPACK_BIN32);
    writer->pieces[writer->piece_count++] =
            (Piece){.offset = writer->bytes.size, .data = data, .size = size_bytes};
    writer->borrowed += size_bytes;
}

void pro_write_encoded(ProWriter *writer, const void *data, size_t size_bytes)
{
    buffer_append(&writer->bytes, data, size_bytes);
}

/* ---- containers ---- */

static bool open_level(ProWriter *writer, bool is_ext)
{
    if (writer->depth >= PRO_VALUE_DEPTH_MAX)
        fail(writer, PRO_ERR_LIMIT);
    if (writer->status != PRO_OK)
        return false;
    writer->levels[writer->depth++] = (Level){
            .is_ext = is_ext, .offset = writer->bytes.size, .borrowed_before = writer->borrowed};
    return true;
}

static void put_array(ProWriter *writer, size_t count)
{
    if (count < 16)
        buffer_append_u8(&writer->bytes, (uint8_t)(MSGPACK_FIXARRAY | count));
    else
        put_count(writer, count, 0, MSGPACK_ARRAY16, MSGPACK_ARRAY32);
}

void pro_write_list(ProWriter *writer, size_t count)
{
    if (open_level(writer, false))
        put_array(writer, count);
}

enum { EXT_HEAD_LARGE = 6, EXT_HEAD_SMALL = 3 }; /* first byte, length, type */

static void open_ext(ProWriter *writer, uint8_t type, size_t count)
{
    if (!open_level(writer, true))
        return;
    put(writer, MSGPACK_EXT32, 0, 4);
    buffer_append_u8(&writer->bytes, type);
    put_array(writer, count);
}

void pro_write_tuple(ProWriter *writer, size_t count)
{
    open_ext(writer, EXT_TUPLE, count);
}

void pro_write_variant_list(ProWriter *writer, size_t count)
{
    open_ext(writer, EXT_VARIANT_LIST, count);
}

void pro_write_map(ProWriter *writer, size_t count)
{
    if (!open_level(writer, false))
        return;
    if (count < 16)
        buffer_append_u8(&writer->bytes, (uint8_t)(MSGPACK_FIXMAP | count));
    else
        put_count(writer, count, 0, MSGPACK_MAP16, MSGPACK_MAP32);
}

static void close_ext(ProWriter *writer, const Level *level)
{
    uint8_t *head = writer->bytes.data + level->offset;
    size_t copied = writer->bytes.size - level->offset - EXT_HEAD_LARGE;
    size_t borrowed = writer->borrowed - level->borrowed_before;
    size_t size = copied + borrowed;
    if (size > UINT32_MAX) {
        fail(writer, PRO_ERR_LIMIT);
    } else if (size <= UINT8_MAX) { /* then nothing in it is borrowed */
        uint8_t type = head[EXT_HEAD_LARGE - 1];
        memmove(head + EXT_HEAD_SMALL, head + EXT_HEAD_LARGE, copied);
        head[0] = MSGPACK_EXT8;
        head[1] = (uint8_t)size;
        head[2] = type;
        writer->bytes.size -= EXT_HEAD_LARGE - EXT_HEAD_SMALL;
    } else {
        for (unsigned i = 0; i < 4; i++)
            head[1 + i] = (uint8_t)(size >> (8 * (3 - i)));
    }
}

void pro_write_end(ProWriter *writer)
{
    if (writer->depth == 0) {
        fail(writer, PRO_ERR_INVALID);
        return;
    }
    const Level *level = &writer->levels[--writer->depth];
    if (level->is_ext && pro_writer_status(writer) == PRO_OK)
        close_ext(writer, level);
}

/* ---- the result ---- */

const struct iovec *value_writer_segments(ProWriter *writer, size_t *ret_count)
{
    *ret_count = 0;
    if (pro_writer_status(writer) != PRO_OK || pro_writer_size(writer) == 0)
        return NULL;
    struct iovec *segments =
            realloc(writer->segments, (2 * writer->piece_count + 1) * sizeof *segments);
    if (segments == NULL) {
        fail(writer, PRO_ERR_NO_MEMORY);
        return NULL;
    }
    writer->segments = segments;
    size_t count = 0;
    size_t offset = 0;
    for (size_t i = 0; i < writer->piece_count; i++) {
        const Piece *piece = &writer->pieces[i];
        segments[count++] = (struct iovec){
                .iov_base = writer->bytes.data + offset, .iov_len = piece->offset - offset};
        segments[count++] = (struct iovec){.iov_base = (void *)piece->data, .iov_len = piece->size};
        offset = piece->offset;
    }
    if (offset < writer->bytes.size)
        segments[count++] = (struct iovec){
                .iov_base = writer->bytes.data + offset, .iov_len = writer->bytes.size - offset};
    *ret_count = count;
    return segments;
}

ProStatus pro_writer_data(ProWriter *writer, const void **ret_data, size_t *ret_size)
{
    ProStatus status = pro_writer_status(writer);
    if (status == PRO_OK && writer->piece_count > 0) {
        size_t count;
        const struct iovec *segments = value_writer_segments(writer, &count);
        buffer_clear(&writer->joined);
        for (size_t i = 0; i < count; i++)
            buffer_append(&writer->joined, segments[i].iov_base, segments[i].iov_len);
        status = writer->joined.failed || segments == NULL ? PRO_ERR_NO_MEMORY : PRO_OK;
    }
    if (status != PRO_OK)
        return status;
    const Buffer *bytes = writer->piece_count > 0 ? &writer->joined : &writer->bytes;
    *ret_data = bytes->data;
    *ret_size = bytes->size;
    return PRO_OK;
}
