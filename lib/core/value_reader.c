/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "core/value_format.h"

#include <promp/value.h>
#include <string.h>

/* What follows the first bytes 0xC0 to 0xDF. */
typedef enum Shape {
    SHAPE_UNUSED,
    SHAPE_NIL,
    SHAPE_FALSE,
    SHAPE_TRUE,
    SHAPE_UINT,
    SHAPE_INT,
    SHAPE_FLOAT,
    SHAPE_TEXT,
    SHAPE_BYTES,
    SHAPE_EXT,
    SHAPE_FIX_EXT,
    SHAPE_LIST,
    SHAPE_MAP
} Shape;

typedef struct Head {
    uint8_t shape;
    uint8_t width; /* bytes of the number or size behind the first byte; of a fixext's payload */
} Head;

static const Head heads[] = {
        [VALUE_NIL - VALUE_NIL] = {SHAPE_NIL, 0},
        [VALUE_FALSE - VALUE_NIL] = {SHAPE_FALSE, 0},
        [VALUE_TRUE - VALUE_NIL] = {SHAPE_TRUE, 0},
        [VALUE_BYTES_8 - VALUE_NIL] = {SHAPE_BYTES, 1},
        [VALUE_BYTES_16 - VALUE_NIL] = {SHAPE_BYTES, 2},
        [VALUE_BYTES_32 - VALUE_NIL] = {SHAPE_BYTES, 4},
        [VALUE_EXT_8 - VALUE_NIL] = {SHAPE_EXT, 1},
        [VALUE_EXT_16 - VALUE_NIL] = {SHAPE_EXT, 2},
        [VALUE_EXT_32 - VALUE_NIL] = {SHAPE_EXT, 4},
        [VALUE_FLOAT_32 - VALUE_NIL] = {SHAPE_FLOAT, 4},
        [VALUE_FLOAT_64 - VALUE_NIL] = {SHAPE_FLOAT, 8},
        [VALUE_UINT_8 - VALUE_NIL] = {SHAPE_UINT, 1},
        [VALUE_UINT_16 - VALUE_NIL] = {SHAPE_UINT, 2},
        [VALUE_UINT_32 - VALUE_NIL] = {SHAPE_UINT, 4},
        [VALUE_UINT_64 - VALUE_NIL] = {SHAPE_UINT, 8},
        [VALUE_INT_8 - VALUE_NIL] = {SHAPE_INT, 1},
        [VALUE_INT_16 - VALUE_NIL] = {SHAPE_INT, 2},
        [VALUE_INT_32 - VALUE_NIL] = {SHAPE_INT, 4},
        [VALUE_INT_64 - VALUE_NIL] = {SHAPE_INT, 8},
        [VALUE_FIX_EXT_1 - VALUE_NIL] = {SHAPE_FIX_EXT, 1},
        [VALUE_FIX_EXT_2 - VALUE_NIL] = {SHAPE_FIX_EXT, 2},
        [VALUE_FIX_EXT_4 - VALUE_NIL] = {SHAPE_FIX_EXT, 4},
        [VALUE_FIX_EXT_8 - VALUE_NIL] = {SHAPE_FIX_EXT, 8},
        [VALUE_FIX_EXT_16 - VALUE_NIL] = {SHAPE_FIX_EXT, 16},
        [VALUE_TEXT_8 - VALUE_NIL] = {SHAPE_TEXT, 1},
        [VALUE_TEXT_16 - VALUE_NIL] = {SHAPE_TEXT, 2},
        [VALUE_TEXT_32 - VALUE_NIL] = {SHAPE_TEXT, 4},
        [VALUE_LIST_16 - VALUE_NIL] = {SHAPE_LIST, 2},
        [VALUE_LIST_32 - VALUE_NIL] = {SHAPE_LIST, 4},
        [VALUE_MAP_16 - VALUE_NIL] = {SHAPE_MAP, 2},
        [VALUE_MAP_32 - VALUE_NIL] = {SHAPE_MAP, 4},
};

static const char *const kind_names[] = {
        [PRO_VALUE_NIL] = "nil",
        [PRO_VALUE_BOOL] = "a boolean",
        [PRO_VALUE_INT] = "an integer",
        [PRO_VALUE_UINT] = "an integer above the signed 64 bits",
        [PRO_VALUE_BIG_INT] = "an integer beyond 64 bits",
        [PRO_VALUE_DOUBLE] = "a float",
        [PRO_VALUE_TEXT] = "text",
        [PRO_VALUE_BYTES] = "bytes",
        [PRO_VALUE_CONTAINER] = "a ProContainer",
        [PRO_VALUE_LIST] = "a list",
        [PRO_VALUE_TUPLE] = "a tuple",
        [PRO_VALUE_VARIANT_LIST] = "a variant list",
        [PRO_VALUE_MAP] = "a map",
};

void pro_reader_init(ProReader *reader, const void *data, size_t size_bytes)
{
    *reader = (ProReader){.data = data, .size = data == NULL ? 0 : size_bytes};
}

size_t pro_reader_left(const ProReader *reader)
{
    return reader->size - reader->offset;
}

static uint64_t big_endian(const uint8_t *bytes, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++)
        number = number << 8 | bytes[i];
    return number;
}

/*
 * Each of the following reads the value whose head is `head_bytes` (already known to be there) from
 * reader->offset on, and moves the reader past what it read; not when it fails.
 */

static ProStatus cut_off(const ProReader *reader, const char *what, uint64_t size, ProError *reterr)
{
    return error_set(reterr, PRO_ERR_FORMAT,
            "value at offset %zu: %s of %llu bytes, but the bytes end at offset %zu",
            reader->offset, what, (unsigned long long)size, reader->size);
}

static ProStatus take_data(ProReader *reader, size_t head_bytes, ProValueKind kind, uint64_t size,
        ProValue *ret_value, ProError *reterr)
{
    if (size > pro_reader_left(reader) - head_bytes)
        return cut_off(reader, kind_names[kind], size, reterr);
    *ret_value = (ProValue){
            .kind = kind, .data = reader->data + reader->offset + head_bytes, .size = size};
    reader->offset += head_bytes + size;
    return PRO_OK;
}

static ProStatus take_container(ProReader *reader, size_t head_bytes, ProValueKind kind,
        uint64_t count, ProValue *ret_value, ProError *reterr)
{
    uint64_t least = kind == PRO_VALUE_MAP ? 2 * count : count;
    size_t behind = pro_reader_left(reader) - head_bytes;
    if (least > behind)
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: %s of %llu elements, but only %zu bytes follow",
                reader->offset, kind_names[kind], (unsigned long long)count, behind);
    *ret_value = (ProValue){.kind = kind, .count = count};
    reader->offset += head_bytes;
    return PRO_OK;
}

static void set_uint(ProValue *ret_value, uint64_t number)
{
    if (number <= INT64_MAX)
        *ret_value = (ProValue){.kind = PRO_VALUE_INT, .integer = (int64_t)number};
    else
        *ret_value = (ProValue){.kind = PRO_VALUE_UINT, .unsigned_integer = number};
}

static void set_int(ProValue *ret_value, uint64_t number, size_t width)
{
    int64_t integer = width == 1   ? (int8_t)number
                      : width == 2 ? (int16_t)number
                      : width == 4 ? (int32_t)number
                                   : (int64_t)number;
    *ret_value = (ProValue){.kind = PRO_VALUE_INT, .integer = integer};
}

static void set_float(ProValue *ret_value, uint64_t bits, size_t width)
{
    *ret_value = (ProValue){.kind = PRO_VALUE_DOUBLE};
    if (width == sizeof(float)) {
        uint32_t narrow_bits = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &narrow_bits, sizeof narrow);
        ret_value->number = (double)narrow;
    } else {
        memcpy(&ret_value->number, &bits, sizeof ret_value->number);
    }
}

/* ---- ext types ---- */

/* An integer has one encoding, so whoever reads BIG_INT need not think of small ones. */
static bool is_canonical(const uint8_t *magnitude, size_t size, bool negative)
{
    if (size < 8 || magnitude[0] == 0)
        return false;
    if (size > 8)
        return true;
    return negative && big_endian(magnitude, 8) > (uint64_t)INT64_MAX + 1;
}

static ProStatus take_big_int(
        ProReader *reader, size_t head_bytes, size_t size, ProValue *ret_value, ProError *reterr)
{
    const uint8_t *payload = reader->data + reader->offset + head_bytes;
    if (size == 0 || payload[0] > 1)
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: an integer beyond 64 bits without a sign byte of 0 or 1",
                reader->offset);
    if (!is_canonical(payload + 1, size - 1, payload[0] == 1))
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: an integer encoded as beyond 64 bits that fits them, or has "
                "leading zeros",
                reader->offset);
    *ret_value = (ProValue){.kind = PRO_VALUE_BIG_INT,
            .negative = payload[0] == 1,
            .data = payload + 1,
            .size = size - 1};
    reader->offset += head_bytes + size;
    return PRO_OK;
}

/* Tuple or variant list: an array fills the payload; reads the array's head. */
static ProStatus take_sequence(ProReader *reader, size_t head_bytes, ProValueKind kind, size_t size,
        ProValue *ret_value, ProError *reterr)
{
    ProReader payload = {.data = reader->data,
            .size = reader->offset + head_bytes + size,
            .offset = reader->offset + head_bytes};
    uint8_t first = size == 0 ? VALUE_NIL : payload.data[payload.offset];
    size_t width = first == VALUE_LIST_32 ? 4 : first == VALUE_LIST_16 ? 2 : 0;
    bool is_list = width > 0 || (first & 0xF0) == VALUE_FIX_LIST;
    if (!is_list || size < 1 + width)
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: %s whose payload is not an array", reader->offset,
                kind_names[kind]);
    uint64_t count = width > 0 ? big_endian(payload.data + payload.offset + 1, width)
                               : first & VALUE_FIX_CONTAINER_MAX;
    ProStatus status = take_container(&payload, 1 + width, kind, count, ret_value, reterr);
    if (status == PRO_OK)
        reader->offset = payload.offset;
    return status;
}

static ProStatus take_attached(
        ProReader *reader, size_t head_bytes, size_t size, ProValue *ret_value, ProError *reterr)
{
    if (size != 4)
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: a ProContainer whose index has %zu bytes", reader->offset,
                size);
    const uint8_t *payload = reader->data + reader->offset + head_bytes;
    *ret_value =
            (ProValue){.kind = PRO_VALUE_CONTAINER, .unsigned_integer = big_endian(payload, size)};
    reader->offset += head_bytes + size;
    return PRO_OK;
}

/* `head_bytes` includes the type. *ret_end: where the payload ends. */
static ProStatus take_ext(ProReader *reader, size_t head_bytes, uint64_t size, ProValue *ret_value,
        size_t *ret_end, ProError *reterr)
{
    size_t payload = reader->offset + head_bytes;
    if (size > reader->size - payload)
        return cut_off(reader, "an ext value", size, reterr);
    *ret_end = payload + size;
    uint8_t type = reader->data[payload - 1];
    switch (type) {
    case VALUE_EXT_BIG_INT:
        return take_big_int(reader, head_bytes, size, ret_value, reterr);
    case VALUE_EXT_TUPLE:
        return take_sequence(reader, head_bytes, PRO_VALUE_TUPLE, size, ret_value, reterr);
    case VALUE_EXT_VARIANT_LIST:
        return take_sequence(reader, head_bytes, PRO_VALUE_VARIANT_LIST, size, ret_value, reterr);
    case VALUE_EXT_CONTAINER:
        return take_attached(reader, head_bytes, size, ret_value, reterr);
    default:
        return error_set(reterr, PRO_ERR_FORMAT, "value at offset %zu: unknown ext type %u",
                reader->offset, type);
    }
}

/* ---- any value ---- */

static ProStatus take_number(
        ProReader *reader, Head head, uint64_t number, ProValue *ret_value, ProError *reterr)
{
    switch ((Shape)head.shape) {
    case SHAPE_NIL:
        *ret_value = (ProValue){.kind = PRO_VALUE_NIL};
        break;
    case SHAPE_FALSE:
    case SHAPE_TRUE:
        *ret_value = (ProValue){.kind = PRO_VALUE_BOOL, .boolean = head.shape == SHAPE_TRUE};
        break;
    case SHAPE_UINT:
        set_uint(ret_value, number);
        break;
    case SHAPE_INT:
        set_int(ret_value, number, head.width);
        break;
    case SHAPE_FLOAT:
        set_float(ret_value, number, head.width);
        break;
    default:
        return error_set(reterr, PRO_ERR_FORMAT,
                "value at offset %zu: no value starts with the byte %#x", reader->offset,
                reader->data[reader->offset]);
    }
    reader->offset += 1 + (size_t)head.width;
    return PRO_OK;
}

/* A value that starts with 0xC0 to 0xDF. */
static ProStatus take_headed(
        ProReader *reader, ProValue *ret_value, size_t *ret_end, ProError *reterr)
{
    const uint8_t *at = reader->data + reader->offset;
    Head head = heads[at[0] - VALUE_NIL];
    bool is_ext = head.shape == SHAPE_EXT || head.shape == SHAPE_FIX_EXT;
    size_t width = head.shape == SHAPE_FIX_EXT ? 0 : head.width;
    size_t head_bytes = 1 + width + is_ext;
    if (head_bytes > pro_reader_left(reader))
        return cut_off(reader, "a head", head_bytes, reterr);
    uint64_t number = head.shape == SHAPE_FIX_EXT ? head.width : big_endian(at + 1, width);
    switch ((Shape)head.shape) {
    case SHAPE_TEXT:
        return take_data(reader, head_bytes, PRO_VALUE_TEXT, number, ret_value, reterr);
    case SHAPE_BYTES:
        return take_data(reader, head_bytes, PRO_VALUE_BYTES, number, ret_value, reterr);
    case SHAPE_LIST:
        return take_container(reader, head_bytes, PRO_VALUE_LIST, number, ret_value, reterr);
    case SHAPE_MAP:
        return take_container(reader, head_bytes, PRO_VALUE_MAP, number, ret_value, reterr);
    case SHAPE_EXT:
    case SHAPE_FIX_EXT:
        return take_ext(reader, head_bytes, number, ret_value, ret_end, reterr);
    default:
        return take_number(reader, head, number, ret_value, reterr);
    }
}

/* *ret_end is set for tuples and variant lists: the offset at which their last element ends. */
static ProStatus take_value(
        ProReader *reader, ProValue *ret_value, size_t *ret_end, ProError *reterr)
{
    if (reader->offset >= reader->size)
        return error_set(
                reterr, PRO_ERR_EMPTY, "no value at offset %zu: the bytes end", reader->offset);
    uint8_t first = reader->data[reader->offset];
    if (first <= VALUE_FIX_UINT_MAX || first >= VALUE_FIX_INT_MIN) {
        *ret_value = (ProValue){.kind = PRO_VALUE_INT, .integer = (int8_t)first};
        reader->offset++;
        return PRO_OK;
    }
    if (first >= VALUE_NIL)
        return take_headed(reader, ret_value, ret_end, reterr);
    if (first >= VALUE_FIX_TEXT)
        return take_data(reader, 1, PRO_VALUE_TEXT, first & VALUE_FIX_TEXT_MAX, ret_value, reterr);
    ProValueKind kind = first >= VALUE_FIX_LIST ? PRO_VALUE_LIST : PRO_VALUE_MAP;
    return take_container(reader, 1, kind, first & VALUE_FIX_CONTAINER_MAX, ret_value, reterr);
}

ProStatus pro_read(ProReader *reader, ProValue *ret_value, ProError *reterr)
{
    size_t end;
    return take_value(reader, ret_value, &end, reterr);
}

/* ---- whole values ---- */

typedef struct Open {
    uint64_t left;     /* values of the container not yet read */
    size_t outer_size; /* the reader's before; inside a tuple it ends with the payload */
    bool bounded;      /* the elements must end where the payload does */
} Open;

static ProStatus open_container(ProReader *reader, const ProValue *value, size_t start, size_t end,
        Open *open, size_t *depth, ProError *reterr)
{
    if (*depth == PRO_VALUE_DEPTH_MAX)
        return error_set(reterr, PRO_ERR_LIMIT,
                "value at offset %zu: containers nested deeper than %d", start,
                PRO_VALUE_DEPTH_MAX);
    bool bounded = value->kind == PRO_VALUE_TUPLE || value->kind == PRO_VALUE_VARIANT_LIST;
    open[(*depth)++] = (Open){
            .left = value->kind == PRO_VALUE_MAP ? 2 * (uint64_t)value->count : value->count,
            .outer_size = reader->size,
            .bounded = bounded,
    };
    if (bounded)
        reader->size = end;
    return PRO_OK;
}

/* Leaves the containers whose last element was read. */
static ProStatus close_containers(
        ProReader *reader, const Open *open, size_t *depth, ProError *reterr)
{
    while (*depth > 0 && open[*depth - 1].left == 0) {
        const Open *innermost = &open[--*depth];
        if (innermost->bounded && reader->offset != reader->size)
            return error_set(reterr, PRO_ERR_FORMAT,
                    "offset %zu: bytes behind the last element of a tuple or variant list",
                    reader->offset);
        reader->size = innermost->outer_size;
    }
    return PRO_OK;
}

ProStatus pro_read_skip(ProReader *reader, ProError *reterr)
{
    ProReader at = *reader;
    Open open[PRO_VALUE_DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        ProValue value = {0};
        size_t start = at.offset;
        size_t end = 0;
        ProStatus status = take_value(&at, &value, &end, reterr);
        if (status == PRO_ERR_EMPTY && depth > 0)
            return error_set(reterr, PRO_ERR_FORMAT,
                    "offset %zu: a container ends before its last element", at.offset);
        if (status == PRO_OK && value.kind >= PRO_VALUE_LIST)
            status = open_container(&at, &value, start, end, open, &depth, reterr);
        if (status == PRO_OK)
            status = close_containers(&at, open, &depth, reterr);
        if (status != PRO_OK)
            return status;
        if (depth == 0)
            break;
        open[depth - 1].left--;
    }
    reader->offset = at.offset;
    return PRO_OK;
}

ProStatus pro_value_check(const void *data, size_t size_bytes, ProError *reterr)
{
    if (data == NULL && size_bytes > 0)
        return error_set(reterr, PRO_ERR_INVALID, "data is NULL");
    ProReader reader;
    pro_reader_init(&reader, data, size_bytes);
    ProStatus status = pro_read_skip(&reader, reterr);
    if (status == PRO_ERR_EMPTY)
        return error_set(reterr, PRO_ERR_FORMAT, "no value at offset 0: there are no bytes");
    if (status == PRO_OK && reader.offset != reader.size)
        return error_set(reterr, PRO_ERR_FORMAT, "offset %zu: %zu bytes behind the value",
                reader.offset, pro_reader_left(&reader));
    return status;
}

/* ---- one kind ---- */

static ProStatus unexpected(
        const ProReader *reader, const ProValue *value, const char *wanted, ProError *reterr)
{
    return error_set(reterr, PRO_ERR_FORMAT, "value at offset %zu: %s expected, %s found",
            reader->offset, wanted, kind_names[value->kind]);
}

ProStatus pro_read_int(ProReader *reader, int64_t *ret_value, ProError *reterr)
{
    ProReader at = *reader;
    ProValue value = {0};
    ProStatus status = pro_read(&at, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != PRO_VALUE_INT)
        return unexpected(reader, &value, "an integer of 64 bits", reterr);
    *ret_value = value.integer;
    *reader = at;
    return PRO_OK;
}

static ProStatus read_data(ProReader *reader, ProValueKind kind, const void **ret_data,
        size_t *ret_size, ProError *reterr)
{
    ProReader at = *reader;
    ProValue value = {0};
    ProStatus status = pro_read(&at, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind != kind)
        return unexpected(reader, &value, kind_names[kind], reterr);
    *ret_data = value.data;
    *ret_size = value.size;
    *reader = at;
    return PRO_OK;
}

ProStatus pro_read_text(
        ProReader *reader, const char **ret_text, size_t *ret_size, ProError *reterr)
{
    const void *data = NULL;
    ProStatus status = read_data(reader, PRO_VALUE_TEXT, &data, ret_size, reterr);
    if (status == PRO_OK)
        *ret_text = data;
    return status;
}

ProStatus pro_read_bytes(
        ProReader *reader, const void **ret_data, size_t *ret_size, ProError *reterr)
{
    return read_data(reader, PRO_VALUE_BYTES, ret_data, ret_size, reterr);
}

ProStatus pro_read_sequence(ProReader *reader, size_t *ret_count, ProError *reterr)
{
    ProReader at = *reader;
    ProValue value = {0};
    ProStatus status = pro_read(&at, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind < PRO_VALUE_LIST || value.kind == PRO_VALUE_MAP)
        return unexpected(reader, &value, "a list, tuple or variant list", reterr);
    *ret_count = value.count;
    *reader = at;
    return PRO_OK;
}
