/* SPDX-License-Identifier: Apache-2.0 */
#include "core/value_writer.h"

#include "core/buffer.h"
#include "core/value_format.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and counts that have 32 bits on the wire. */
#define WIRE_COUNT_MAX UINT32_MAX

#define EXT_8_HEAD_BYTES 3
#define EXT_32_HEAD_BYTES 6

/* A container that is open; level 0 stands for what is outside of all. */
typedef struct Level {
    uint64_t left;         /* values still to come; wraps below 0 when there are too many */
    bool counted;          /* false once pro_write_encoded() brought values nobody counted */
    uint8_t ext_type;      /* 0: list or map, which need nothing at their end */
    size_t head_offset;    /* of the ext head among the own bytes */
    size_t borrowed_bytes; /* the writer's when the container was opened */
} Level;

typedef struct Borrow {
    size_t offset; /* how many own bytes stand before it */
    const void *data;
    size_t size;
} Borrow;

/*
 * Own bytes are data..next, with room up to end; borrowed ones are inserted when segments are made.
 * After a failure end is next, so that the one capacity check of the hot path stops everything.
 */
struct ProWriter {
    uint8_t *data;
    uint8_t *next;
    uint8_t *end;
    Level *level;
    size_t capacity;
    ProStatus status;
    size_t borrow_count;
    size_t borrow_capacity;
    size_t borrowed_bytes;
    Borrow *borrows;
    struct iovec *segments; /* room for 2 * borrow_capacity + 1 */
    struct iovec single;    /* the only segment when nothing is borrowed */
    Buffer assembled;       /* pro_writer_data(): current if as large as the whole */
    void **attached;        /* room for VALUE_WRITER_ATTACHED_MAX; NULL until the first */
    size_t attached_count;
    void (*attached_unref)(void *object);
    Level levels[PRO_VALUE_DEPTH_MAX + 1];
};

/* ---- the object ---- */

ProWriter *pro_writer_new(void)
{
    ProWriter *writer = calloc(1, sizeof *writer);
    if (writer != NULL)
        writer->level = writer->levels;
    return writer;
}

static void drop_attached(ProWriter *writer)
{
    while (writer->attached_count > 0)
        writer->attached_unref(writer->attached[--writer->attached_count]);
}

void pro_writer_free(ProWriter *writer)
{
    if (writer == NULL)
        return;
    drop_attached(writer);
    free(writer->attached);
    free(writer->data);
    free(writer->borrows);
    free(writer->segments);
    buffer_fini(&writer->assembled);
    free(writer);
}

void pro_writer_clear(ProWriter *writer)
{
    writer->next = writer->data;
    if (writer->capacity > 0)
        writer->end = writer->data + writer->capacity;
    writer->level = writer->levels;
    writer->status = PRO_OK;
    writer->borrow_count = 0;
    writer->borrowed_bytes = 0;
    buffer_clear(&writer->assembled);
    drop_attached(writer);
}

static size_t own_bytes(const ProWriter *writer)
{
    return (size_t)(writer->next - writer->data);
}

size_t pro_writer_size(const ProWriter *writer)
{
    return own_bytes(writer) + writer->borrowed_bytes;
}

ProStatus pro_writer_status(const ProWriter *writer)
{
    return writer->status;
}

static void fail(ProWriter *writer, ProStatus status)
{
    if (writer->status == PRO_OK)
        writer->status = status;
    writer->end = writer->next;
}

/* ---- room ---- */

static bool grow(ProWriter *writer, size_t extra)
{
    if (writer->status != PRO_OK)
        return false;
    size_t used = own_bytes(writer);
    size_t capacity = writer->capacity < 256 ? 256 : writer->capacity;
    while (capacity - used < extra && capacity <= SIZE_MAX / 4)
        capacity *= 2;
    uint8_t *data = capacity - used < extra ? NULL : realloc(writer->data, capacity);
    if (data == NULL) {
        fail(writer, PRO_ERR_NO_MEMORY);
        return false;
    }
    writer->data = data;
    writer->next = data + used;
    writer->end = data + capacity;
    writer->capacity = capacity;
    return true;
}

/* Where the next value starts, with room for `size` bytes; NULL if the writer has failed. */
static inline uint8_t *begin_value(ProWriter *writer, size_t size)
{
    if (__builtin_expect((size_t)(writer->end - writer->next) < size, 0) && !grow(writer, size))
        return NULL;
    writer->level->left--;
    return writer->next;
}

static inline uint8_t *put_u8(uint8_t *at, unsigned first, uint8_t number)
{
    at[0] = (uint8_t)first;
    at[1] = number;
    return at + 2;
}

static inline uint8_t *put_u16(uint8_t *at, unsigned first, uint16_t number)
{
    at[0] = (uint8_t)first;
    number = htobe16(number);
    memcpy(at + 1, &number, sizeof number);
    return at + 1 + sizeof number;
}

static inline uint8_t *put_u32(uint8_t *at, unsigned first, uint32_t number)
{
    at[0] = (uint8_t)first;
    number = htobe32(number);
    memcpy(at + 1, &number, sizeof number);
    return at + 1 + sizeof number;
}

static inline uint8_t *put_u64(uint8_t *at, unsigned first, uint64_t number)
{
    at[0] = (uint8_t)first;
    number = htobe64(number);
    memcpy(at + 1, &number, sizeof number);
    return at + 1 + sizeof number;
}

/* ---- values without a length ---- */

static inline void write_byte(ProWriter *writer, unsigned byte)
{
    uint8_t *at = begin_value(writer, 1);
    if (at == NULL)
        return;
    *at = (uint8_t)byte;
    writer->next = at + 1;
}

void pro_write_nil(ProWriter *writer)
{
    write_byte(writer, VALUE_NIL);
}

void pro_write_bool(ProWriter *writer, bool value)
{
    write_byte(writer, value ? VALUE_TRUE : VALUE_FALSE);
}

static inline uint8_t *put_uint(uint8_t *at, uint64_t value)
{
    if (value <= VALUE_FIX_UINT_MAX) {
        *at = (uint8_t)value;
        return at + 1;
    }
    if (value <= UINT8_MAX)
        return put_u8(at, VALUE_UINT_8, (uint8_t)value);
    if (value <= UINT16_MAX)
        return put_u16(at, VALUE_UINT_16, (uint16_t)value);
    if (value <= UINT32_MAX)
        return put_u32(at, VALUE_UINT_32, (uint32_t)value);
    return put_u64(at, VALUE_UINT_64, value);
}

static inline uint8_t *put_negative(uint8_t *at, int64_t value)
{
    if (value >= -32) {
        *at = (uint8_t)value;
        return at + 1;
    }
    if (value >= INT8_MIN)
        return put_u8(at, VALUE_INT_8, (uint8_t)value);
    if (value >= INT16_MIN)
        return put_u16(at, VALUE_INT_16, (uint16_t)value);
    if (value >= INT32_MIN)
        return put_u32(at, VALUE_INT_32, (uint32_t)value);
    return put_u64(at, VALUE_INT_64, (uint64_t)value);
}

void pro_write_int(ProWriter *writer, int64_t value)
{
    uint8_t *at = begin_value(writer, 9);
    if (at == NULL)
        return;
    writer->next = value >= 0 ? put_uint(at, (uint64_t)value) : put_negative(at, value);
}

void pro_write_uint(ProWriter *writer, uint64_t value)
{
    uint8_t *at = begin_value(writer, 9);
    if (at != NULL)
        writer->next = put_uint(at, value);
}

void pro_write_double(ProWriter *writer, double value)
{
    uint8_t *at = begin_value(writer, 9);
    if (at == NULL)
        return;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    writer->next = put_u64(at, VALUE_FLOAT_64, bits);
}

/* ---- values with a length ---- */

static uint8_t *put_ext_head(uint8_t *at, uint32_t size, uint8_t type)
{
    unsigned fix = size == 1    ? VALUE_FIX_EXT_1
                   : size == 2  ? VALUE_FIX_EXT_2
                   : size == 4  ? VALUE_FIX_EXT_4
                   : size == 8  ? VALUE_FIX_EXT_8
                   : size == 16 ? VALUE_FIX_EXT_16
                                : 0;
    if (fix != 0)
        return put_u8(at, fix, type);
    if (size <= UINT8_MAX)
        at = put_u8(at, VALUE_EXT_8, (uint8_t)size);
    else
        at = put_u32(at, VALUE_EXT_32, size);
    *at = type;
    return at + 1;
}

static uint64_t small_magnitude(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

void pro_write_big_int(ProWriter *writer, bool negative, const void *magnitude, size_t size_bytes)
{
    const uint8_t *bytes = magnitude;
    while (size_bytes > 0 && *bytes == 0) {
        bytes++;
        size_bytes--;
    }
    if (size_bytes <= 8) {
        uint64_t small = small_magnitude(bytes, size_bytes);
        if (!negative) {
            pro_write_uint(writer, small);
            return;
        }
        if (small <= (uint64_t)INT64_MAX + 1) {
            pro_write_int(writer, (int64_t)(0 - small));
            return;
        }
    }
    if (size_bytes >= WIRE_COUNT_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return;
    }
    uint8_t *at = begin_value(writer, EXT_32_HEAD_BYTES + 1 + size_bytes);
    if (at == NULL)
        return;
    at = put_ext_head(at, (uint32_t)size_bytes + 1, VALUE_EXT_BIG_INT);
    *at++ = negative;
    memcpy(at, bytes, size_bytes);
    writer->next = at + size_bytes;
}

static inline void append(ProWriter *writer, uint8_t *at, const void *data, size_t size)
{
    if (size > 0)
        memcpy(at, data, size);
    writer->next = at + size;
}

void pro_write_text(ProWriter *writer, const char *utf8, size_t size_bytes)
{
    if (size_bytes > WIRE_COUNT_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return;
    }
    uint8_t *at = begin_value(writer, 5 + size_bytes);
    if (at == NULL)
        return;
    if (size_bytes <= VALUE_FIX_TEXT_MAX)
        *at++ = (uint8_t)(VALUE_FIX_TEXT | size_bytes);
    else if (size_bytes <= UINT8_MAX)
        at = put_u8(at, VALUE_TEXT_8, (uint8_t)size_bytes);
    else if (size_bytes <= UINT16_MAX)
        at = put_u16(at, VALUE_TEXT_16, (uint16_t)size_bytes);
    else
        at = put_u32(at, VALUE_TEXT_32, (uint32_t)size_bytes);
    append(writer, at, utf8, size_bytes);
}

static inline uint8_t *put_bytes_head(uint8_t *at, uint32_t size)
{
    if (size <= UINT8_MAX)
        return put_u8(at, VALUE_BYTES_8, (uint8_t)size);
    if (size <= UINT16_MAX)
        return put_u16(at, VALUE_BYTES_16, (uint16_t)size);
    return put_u32(at, VALUE_BYTES_32, size);
}

void pro_write_bytes(ProWriter *writer, const void *data, size_t size_bytes)
{
    if (size_bytes > WIRE_COUNT_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return;
    }
    uint8_t *at = begin_value(writer, 5 + size_bytes);
    if (at == NULL)
        return;
    append(writer, put_bytes_head(at, (uint32_t)size_bytes), data, size_bytes);
}

static bool reserve_borrow(ProWriter *writer)
{
    if (writer->borrow_count < writer->borrow_capacity)
        return true;
    size_t capacity = writer->borrow_capacity == 0 ? 8 : writer->borrow_capacity * 2;
    Borrow *borrows = realloc(writer->borrows, capacity * sizeof *borrows);
    if (borrows == NULL)
        return false;
    writer->borrows = borrows;
    struct iovec *segments = realloc(writer->segments, (2 * capacity + 1) * sizeof *segments);
    if (segments == NULL)
        return false;
    writer->segments = segments;
    writer->borrow_capacity = capacity;
    return true;
}

void pro_write_bytes_borrowed(ProWriter *writer, const void *data, size_t size_bytes)
{
    if (size_bytes < VALUE_WRITER_BORROW_BYTES) {
        pro_write_bytes(writer, data, size_bytes);
        return;
    }
    if (size_bytes > WIRE_COUNT_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return;
    }
    uint8_t *at = begin_value(writer, 5);
    if (at == NULL)
        return;
    if (!reserve_borrow(writer)) {
        fail(writer, PRO_ERR_NO_MEMORY);
        return;
    }
    writer->next = put_bytes_head(at, (uint32_t)size_bytes);
    writer->borrows[writer->borrow_count++] =
            (Borrow){.offset = own_bytes(writer), .data = data, .size = size_bytes};
    writer->borrowed_bytes += size_bytes;
}

void pro_write_encoded(ProWriter *writer, const void *data, size_t size_bytes)
{
    uint8_t *at = begin_value(writer, size_bytes);
    if (at == NULL)
        return;
    append(writer, at, data, size_bytes);
    writer->level->counted = false;
}

/* ---- objects beside the value ---- */

static ProStatus keep_attached(ProWriter *writer, void *object)
{
    if (writer->attached_count == VALUE_WRITER_ATTACHED_MAX)
        return PRO_ERR_LIMIT;
    if (writer->attached == NULL)
        writer->attached = calloc(VALUE_WRITER_ATTACHED_MAX, sizeof *writer->attached);
    if (writer->attached == NULL)
        return PRO_ERR_NO_MEMORY;
    writer->attached[writer->attached_count++] = object;
    return PRO_OK;
}

void value_writer_attach(ProWriter *writer, void *object, void (*unref)(void *object))
{
    enum { PLACE_BYTES = 6 };
    uint8_t *at = begin_value(writer, PLACE_BYTES);
    uint32_t index = htobe32((uint32_t)writer->attached_count);
    ProStatus status = at == NULL ? writer->status : keep_attached(writer, object);
    if (status != PRO_OK) {
        fail(writer, status);
        unref(object);
        return;
    }
    writer->attached_unref = unref;
    append(writer, put_ext_head(at, sizeof index, VALUE_EXT_CONTAINER), &index, sizeof index);
}

void *const *value_writer_attached(const ProWriter *writer, size_t *ret_count)
{
    *ret_count = writer->attached_count;
    return writer->attached;
}

/* ---- containers ---- */

/* Room for a container's head; its level becomes the current one. NULL if the writer has failed. */
static inline uint8_t *open_container(ProWriter *writer, size_t count, size_t values)
{
    if (count > WIRE_COUNT_MAX || writer->level == writer->levels + PRO_VALUE_DEPTH_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return NULL;
    }
    uint8_t *at = begin_value(writer, EXT_32_HEAD_BYTES + 5);
    if (at == NULL)
        return NULL;
    Level *level = ++writer->level;
    level->left = values;
    level->counted = true;
    level->ext_type = 0;
    return at;
}

static inline uint8_t *put_list_head(uint8_t *at, size_t count)
{
    if (count <= VALUE_FIX_CONTAINER_MAX) {
        *at = (uint8_t)(VALUE_FIX_LIST | count);
        return at + 1;
    }
    if (count <= UINT16_MAX)
        return put_u16(at, VALUE_LIST_16, (uint16_t)count);
    return put_u32(at, VALUE_LIST_32, (uint32_t)count);
}

void pro_write_list(ProWriter *writer, size_t count)
{
    uint8_t *at = open_container(writer, count, count);
    if (at != NULL)
        writer->next = put_list_head(at, count);
}

void pro_write_map(ProWriter *writer, size_t count)
{
    uint8_t *at = open_container(writer, count, count * 2);
    if (at == NULL)
        return;
    if (count <= VALUE_FIX_CONTAINER_MAX) {
        *at = (uint8_t)(VALUE_FIX_MAP | count);
        writer->next = at + 1;
    } else if (count <= UINT16_MAX) {
        writer->next = put_u16(at, VALUE_MAP_16, (uint16_t)count);
    } else {
        writer->next = put_u32(at, VALUE_MAP_32, (uint32_t)count);
    }
}

/* The ext head needs the payload's size, which pro_write_end() knows: room for the largest one. */
static void open_ext(ProWriter *writer, size_t count, uint8_t type)
{
    uint8_t *at = open_container(writer, count, count);
    if (at == NULL)
        return;
    Level *level = writer->level;
    level->ext_type = type;
    level->head_offset = (size_t)(at - writer->data);
    level->borrowed_bytes = writer->borrowed_bytes;
    writer->next = put_list_head(at + EXT_32_HEAD_BYTES, count);
}

void pro_write_tuple(ProWriter *writer, size_t count)
{
    open_ext(writer, count, VALUE_EXT_TUPLE);
}

void pro_write_variant_list(ProWriter *writer, size_t count)
{
    open_ext(writer, count, VALUE_EXT_VARIANT_LIST);
}

/* Small payloads move up to a small head; they hold no borrowed bytes, whose places would move. */
static void close_ext(ProWriter *writer, const Level *level)
{
    uint8_t *head = writer->data + level->head_offset;
    size_t own = (size_t)(writer->next - head) - EXT_32_HEAD_BYTES;
    size_t size = own + (writer->borrowed_bytes - level->borrowed_bytes);
    if (size > WIRE_COUNT_MAX) {
        fail(writer, PRO_ERR_LIMIT);
        return;
    }
    uint8_t *payload = put_ext_head(head, (uint32_t)size, level->ext_type);
    if (payload == head + EXT_32_HEAD_BYTES)
        return;
    memmove(payload, head + EXT_32_HEAD_BYTES, size);
    writer->next = payload + size;
}

void pro_write_end(ProWriter *writer)
{
    if (writer->status != PRO_OK)
        return;
    const Level *level = writer->level;
    if (level == writer->levels || (level->counted && level->left != 0)) {
        fail(writer, PRO_ERR_INVALID);
        return;
    }
    writer->level--;
    if (level->ext_type != 0)
        close_ext(writer, level);
}

/* ---- what was written ---- */

static bool finished(ProWriter *writer)
{
    if (writer->level != writer->levels)
        fail(writer, PRO_ERR_INVALID);
    return writer->status == PRO_OK;
}

const struct iovec *value_writer_segments(ProWriter *writer, size_t *ret_count)
{
    *ret_count = 0;
    if (!finished(writer) || writer->next == writer->data)
        return NULL;
    if (writer->borrow_count == 0) {
        writer->single = (struct iovec){.iov_base = writer->data, .iov_len = own_bytes(writer)};
        *ret_count = 1;
        return &writer->single;
    }
    size_t count = 0;
    size_t done = 0;
    for (size_t i = 0; i < writer->borrow_count; i++) {
        const Borrow *borrow = &writer->borrows[i];
        writer->segments[count++] =
                (struct iovec){.iov_base = writer->data + done, .iov_len = borrow->offset - done};
        writer->segments[count++] =
                (struct iovec){.iov_base = (void *)borrow->data, .iov_len = borrow->size};
        done = borrow->offset;
    }
    if (done < own_bytes(writer))
        writer->segments[count++] = (struct iovec){
                .iov_base = writer->data + done, .iov_len = own_bytes(writer) - done};
    *ret_count = count;
    return writer->segments;
}

ProStatus pro_writer_data(ProWriter *writer, const void **ret_data, size_t *ret_size)
{
    size_t count;
    const struct iovec *segments = value_writer_segments(writer, &count);
    if (writer->status != PRO_OK)
        return writer->status;
    size_t total = pro_writer_size(writer);
    if (count <= 1) {
        *ret_data = count == 0 ? (const void *)"" : segments[0].iov_base;
        *ret_size = total;
        return PRO_OK;
    }
    Buffer *assembled = &writer->assembled;
    if (assembled->size != total) {
        buffer_clear(assembled);
        (void)buffer_reserve(assembled, total);
        for (size_t i = 0; i < count; i++)
            buffer_append(assembled, segments[i].iov_base, segments[i].iov_len);
    }
    if (assembled->failed)
        return PRO_ERR_NO_MEMORY;
    *ret_data = assembled->data;
    *ret_size = total;
    return PRO_OK;
}
