/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "core/value_format.h"

#include <promp/value.h>

#include <string.h>

void pro_reader_init(ProReader *reader, const void *data, size_t size_bytes)
{
    *reader = (ProReader){.data = data, .size = size_bytes};
}

size_t pro_reader_left(const ProReader *reader)
{
    return reader->size - reader->offset;
}

static ProStatus malformed(const ProReader *reader, const char *what, ProError *reterr)
{
    return error_set(
            reterr, PRO_ERR_FORMAT, "malformed value at byte %zu: %s", reader->offset, what);
}

/* `width` big-endian bytes; false if there are fewer. */
static bool take_number(ProReader *reader, unsigned width, uint64_t *ret_number)
{
    if (pro_reader_left(reader) < width)
        return false;
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++)
        number = number << 8 | reader->data[reader->offset + i];
    reader->offset += width;
    *ret_number = number;
    return true;
}

static ProStatus truncated(const ProReader *reader, ProError *reterr)
{
    return malformed(reader, "it ends too early", reterr);
}

/* ---- scalars ---- */

static void set_unsigned(ProValue *value, uint64_t number)
{
    value->kind = number <= INT64_MAX ? PRO_VALUE_INT : PRO_VALUE_UINT;
    value->integer = (int64_t)number;
    value->unsigned_integer = number;
}

static void set_signed(ProValue *value, uint64_t number, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    value->kind = PRO_VALUE_INT;
    value->integer = (int64_t)(number << shift) >> shift;
    value->negative = value->integer < 0;
}

static ProStatus read_integer(ProReader *reader, uint8_t first, ProValue *value, ProError *reterr)
{
    bool is_signed = first >= MSGPACK_INT8;
    unsigned width = 1u << (first - (is_signed ? MSGPACK_INT8 : MSGPACK_UINT8));
    uint64_t number;
    if (!take_number(reader, width, &number))
        return truncated(reader, reterr);
    if (is_signed)
        set_signed(value, number, width);
    else
        set_unsigned(value, number);
    return PRO_OK;
}

static ProStatus read_float(ProReader *reader, uint8_t first, ProValue *value, ProError *reterr)
{
    uint64_t bits;
    if (!take_number(reader, first == MSGPACK_FLOAT32 ? 4 : 8, &bits))
        return truncated(reader, reterr);
    value->kind = PRO_VALUE_DOUBLE;
    if (first == MSGPACK_FLOAT32) {
        uint32_t narrow = (uint32_t)bits;
        float number;
        memcpy(&number, &narrow, sizeof number);
        value->number = (double)number;
    } else {
        memcpy(&value->number, &bits, sizeof value->number);
    }
    return PRO_OK;
}

static ProStatus take_run(
        ProReader *reader, ProValueKind kind, uint64_t size, ProValue *value, ProError *reterr)
{
    if (size > pro_reader_left(reader))
        return truncated(reader, reterr);
    value->kind = kind;
    value->data = reader->data + reader->offset;
    value->size = (size_t)size;
    reader->offset += (size_t)size;
    return PRO_OK;
}

static ProStatus read_run(
        ProReader *reader, ProValueKind kind, unsigned width, ProValue *value, ProError *reterr)
{
    uint64_t size;
    if (!take_number(reader, width, &size))
        return truncated(reader, reterr);
    return take_run(reader, kind, size, value, reterr);
}

/* ---- containers ---- */

/* Every element takes a byte at least: a count beyond that is a lie, told before memory is spent on
 * it. */
static ProStatus set_container(
        ProReader *reader, ProValueKind kind, uint64_t count, ProValue *value, ProError *reterr)
{
    uint64_t elements = kind == PRO_VALUE_MAP ? 2 * count : count;
    if (elements > pro_reader_left(reader))
        return malformed(reader, "a container counts more elements than bytes follow", reterr);
    value->kind = kind;
    value->count = (size_t)count;
    return PRO_OK;
}

static ProStatus read_container(
        ProReader *reader, ProValueKind kind, unsigned width, ProValue *value, ProError *reterr)
{
    uint64_t count;
    if (!take_number(reader, width, &count))
        return truncated(reader, reterr);
    return set_container(reader, kind, count, value, reterr);
}

/* The array inside a tuple or variant list. That its elements end where the ext value does is for
 * pro_value_check(), which walks them. */
static ProStatus read_inner_array(
        ProReader *reader, ProValueKind kind, ProValue *value, ProError *reterr)
{
    uint64_t first;
    if (!take_number(reader, 1, &first))
        return truncated(reader, reterr);
    if (first >= MSGPACK_FIXARRAY && first < MSGPACK_FIXSTR)
        return set_container(reader, kind, first & 15, value, reterr);
    if (first == MSGPACK_ARRAY16)
        return read_container(reader, kind, 2, value, reterr);
    if (first == MSGPACK_ARRAY32)
        return read_container(reader, kind, 4, value, reterr);
    return malformed(reader, "a tuple holds something else than one array", reterr);
}

static ProStatus read_big_int(ProReader *reader, uint64_t size, ProValue *value, ProError *reterr)
{
    const uint8_t *bytes = reader->data + reader->offset;
    if (size < 9 || bytes[0] > 1 || bytes[1] == 0)
        return malformed(reader, "a big integer is not in its shortest form", reterr);
    value->negative = bytes[0] == 1;
    reader->offset++;
    return take_run(reader, PRO_VALUE_BIG_INT, size - 1, value, reterr);
}

static ProStatus read_ext(ProReader *reader, uint64_t size, ProValue *value, ProError *reterr)
{
    uint64_t type;
    if (!take_number(reader, 1, &type) || size > pro_reader_left(reader))
        return truncated(reader, reterr);
    switch (type) {
    case EXT_BIG_INT:
        return read_big_int(reader, size, value, reterr);
    case EXT_TUPLE:
        value->size = (size_t)size;
        return read_inner_array(reader, PRO_VALUE_TUPLE, value, reterr);
    case EXT_VARIANT_LIST:
        value->size = (size_t)size;
        return read_inner_array(reader, PRO_VALUE_VARIANT_LIST, value, reterr);
    default:
        return malformed(reader, "an ext type that promp does not know", reterr);
    }
}

static ProStatus read_sized_ext(
        ProReader *reader, unsigned width, ProValue *value, ProError *reterr)
{
    uint64_t size;
    if (!take_number(reader, width, &size))
        return truncated(reader, reterr);
    return read_ext(reader, size, value, reterr);
}

/* ---- one value ---- */

static ProStatus read_short(ProReader *reader, uint8_t first, ProValue *value, ProError *reterr)
{
    if (first < MSGPACK_FIXMAP) {
        set_unsigned(value, first);
        return PRO_OK;
    }
    if (first >= MSGPACK_NEGATIVE_FIXINT) {
        set_signed(value, first, 1);
        return PRO_OK;
    }
    if (first < MSGPACK_FIXARRAY)
        return set_container(reader, PRO_VALUE_MAP, first & 15, value, reterr);
    if (first < MSGPACK_FIXSTR)
        return set_container(reader, PRO_VALUE_LIST, first & 15, value, reterr);
    return take_run(reader, PRO_VALUE_TEXT, first & 31, value, reterr);
}

static ProStatus read_marked(ProReader *reader, uint8_t first, ProValue *value, ProError *reterr)
{
    switch (first) {
    case MSGPACK_NIL:
        value->kind = PRO_VALUE_NIL;
        return PRO_OK;
    case MSGPACK_FALSE:
    case MSGPACK_TRUE:
        value->kind = PRO_VALUE_BOOL;
        value->boolean = first == MSGPACK_TRUE;
        return PRO_OK;
    case MSGPACK_BIN8:
    case MSGPACK_BIN16:
    case MSGPACK_BIN32:
        return read_run(reader, PRO_VALUE_BYTES, 1u << (first - MSGPACK_BIN8), value, reterr);
    case MSGPACK_EXT8:
    case MSGPACK_EXT16:
    case MSGPACK_EXT32:
        return read_sized_ext(reader, 1u << (first - MSGPACK_EXT8), value, reterr);
    case MSGPACK_FLOAT32:
    case MSGPACK_FLOAT64:
        return read_float(reader, first, value, reterr);
    case MSGPACK_FIXEXT1:
    case MSGPACK_FIXEXT2:
    case MSGPACK_FIXEXT4:
    case MSGPACK_FIXEXT8:
    case MSGPACK_FIXEXT16:
        return read_ext(reader, 1u << (first - MSGPACK_FIXEXT1), value, reterr);
    case MSGPACK_STR8:
    case MSGPACK_STR16:
    case MSGPACK_STR32:
        return read_run(reader, PRO_VALUE_TEXT, 1u << (first - MSGPACK_STR8), value, reterr);
    case MSGPACK_ARRAY16:
    case MSGPACK_ARRAY32:
        return read_container(
                reader, PRO_VALUE_LIST, 2u << (first - MSGPACK_ARRAY16), value, reterr);
    case MSGPACK_MAP16:
    case MSGPACK_MAP32:
        return read_container(reader, PRO_VALUE_MAP, 2u << (first - MSGPACK_MAP16), value, reterr);
    case MSGPACK_NEVER:
        return malformed(reader, "the byte 0xC1 begins no value", reterr);
    default:
        return read_integer(reader, first, value, reterr);
    }
}

ProStatus pro_read(ProReader *reader, ProValue *ret_value, ProError *reterr)
{
    if (reader->offset >= reader->size)
        return error_set(reterr, PRO_ERR_EMPTY, "no value is left at byte %zu", reader->offset);
    ProReader ahead = *reader;
    ProValue value = {0};
    uint8_t first = ahead.data[ahead.offset++];
    bool marked = first >= MSGPACK_NIL && first < MSGPACK_NEGATIVE_FIXINT;
    ProStatus status = marked ? read_marked(&ahead, first, &value, reterr)
                              : read_short(&ahead, first, &value, reterr);
    if (status != PRO_OK)
        return status;
    *reader = ahead;
    *ret_value = value;
    return PRO_OK;
}

/* ---- whole values ---- */

typedef struct OpenContainer {
    size_t left; /* elements */
    size_t end;  /* where a tuple must end; 0: anywhere */
} OpenContainer;

static size_t element_count(const ProValue *value)
{
    switch (value->kind) {
    case PRO_VALUE_LIST:
    case PRO_VALUE_TUPLE:
    case PRO_VALUE_VARIANT_LIST:
        return value->count;
    case PRO_VALUE_MAP:
        return 2 * value->count;
    default:
        return 0;
    }
}

static bool is_ext_container(const ProValue *value)
{
    return value->kind == PRO_VALUE_TUPLE || value->kind == PRO_VALUE_VARIANT_LIST;
}

/* Where the payload of the ext container ends whose head was just read from `start` on. */
static size_t ext_end(const ProReader *reader, size_t start, const ProValue *value)
{
    uint8_t first = reader->data[start];
    size_t head = first == MSGPACK_EXT8    ? 3
                  : first == MSGPACK_EXT16 ? 4
                  : first == MSGPACK_EXT32 ? 6
                                           : 2;
    return start + head + value->size;
}

/* Walks one value without recursion: `open` are the containers that are not finished. */
static ProStatus walk(ProReader *reader, ProError *reterr)
{
    OpenContainer open[PRO_VALUE_DEPTH_MAX];
    size_t depth = 0;
    do {
        ProValue value;
        size_t start = reader->offset;
        ProStatus status = pro_read(reader, &value, reterr);
        if (status == PRO_ERR_EMPTY && depth > 0)
            return truncated(reader, reterr);
        if (status != PRO_OK)
            return status;
        bool container = value.kind >= PRO_VALUE_LIST;
        if (container) {
            if (depth == PRO_VALUE_DEPTH_MAX)
                return malformed(reader, "containers are nested too deep", reterr);
            open[depth++] = (OpenContainer){.left = element_count(&value),
                    .end = is_ext_container(&value) ? ext_end(reader, start, &value) : 0};
        } else if (depth > 0) {
            open[depth - 1].left--;
        }
        while (depth > 0 && open[depth - 1].left == 0) {
            if (open[depth - 1].end != 0 && open[depth - 1].end != reader->offset)
                return malformed(reader, "a tuple's length does not fit its elements", reterr);
            if (--depth > 0)
                open[depth - 1].left--;
        }
    } while (depth > 0);
    return PRO_OK;
}

ProStatus pro_read_skip(ProReader *reader, ProError *reterr)
{
    ProReader ahead = *reader;
    ProStatus status = walk(&ahead, reterr);
    if (status == PRO_OK)
        *reader = ahead;
    return status;
}

ProStatus pro_value_check(const void *data, size_t size_bytes, ProError *reterr)
{
    ProReader reader;
    pro_reader_init(&reader, data, size_bytes);
    ProStatus status = walk(&reader, reterr);
    if (status == PRO_ERR_EMPTY)
        return malformed(&reader, "there is no value", reterr);
    if (status == PRO_OK && pro_reader_left(&reader) > 0)
        return malformed(&reader, "bytes follow the value", reterr);
    return status;
}

/* ---- one expected kind ---- */

static const char *kind_text(ProValueKind kind)
{
    static const char *const texts[] = {"nil", "a boolean", "an integer",
            "an integer above 63 bits", "an integer above 64 bits", "a float", "text", "bytes",
            "a list", "a tuple", "a variant list", "a map"};
    return texts[kind];
}

static ProStatus unexpected(
        const ProReader *reader, const char *wanted, ProValueKind found, ProError *reterr)
{
    return error_set(reterr, PRO_ERR_FORMAT, "expected %s at byte %zu, found %s", wanted,
            reader->offset, kind_text(found));
}

ProStatus pro_read_int(ProReader *reader, int64_t *ret_value, ProError *reterr)
{
    ProReader ahead = *reader;
    ProValue value;
    ProStatus status = pro_read(&ahead, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != PRO_VALUE_INT)
        return unexpected(reader, "an integer", value.kind, reterr);
    *reader = ahead;
    *ret_value = value.integer;
    return PRO_OK;
}

ProStatus pro_read_text(
        ProReader *reader, const char **ret_text, size_t *ret_size, ProError *reterr)
{
    ProReader ahead = *reader;
    ProValue value;
    ProStatus status = pro_read(&ahead, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != PRO_VALUE_TEXT)
        return unexpected(reader, "text", value.kind, reterr);
    *reader = ahead;
    *ret_text = value.data;
    *ret_size = value.size;
    return PRO_OK;
}

ProStatus pro_read_bytes(
        ProReader *reader, const void **ret_data, size_t *ret_size, ProError *reterr)
{
    ProReader ahead = *reader;
    ProValue value;
    ProStatus status = pro_read(&ahead, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != PRO_VALUE_BYTES)
        return unexpected(reader, "bytes", value.kind, reterr);
    *reader = ahead;
    *ret_data = value.data;
    *ret_size = value.size;
    return PRO_OK;
}

ProStatus pro_read_sequence(ProReader *reader, size_t *ret_count, ProError *reterr)
{
    ProReader ahead = *reader;
    ProValue value;
    ProStatus status = pro_read(&ahead, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != PRO_VALUE_LIST && value.kind != PRO_VALUE_TUPLE &&
            value.kind != PRO_VALUE_VARIANT_LIST)
        return unexpected(reader, "a list", value.kind, reterr);
    *reader = ahead;
    *ret_count = value.count;
    return PRO_OK;
}
