/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/packed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TYPE_BOOL = 1,
    TYPE_POSITIVE = 2,
    TYPE_NEGATIVE = 3,
    TYPE_UNSIGNED = 4,
    TYPE_SPACE = 5,
    TYPE_SPECIAL_SPACE = 6,
    TYPE_TEXT = 7,
    LARGEST_INTEGER_BYTES = 10
};

static void write_header(Buffer *buffer, unsigned kind, unsigned id)
{
    if (id < PACKED_RECORD_LONG_ID) {
        buffer_append_u8(buffer, (uint8_t)(kind | id));
        return;
    }
    buffer_append_u8(buffer, (uint8_t)(kind | PACKED_RECORD_LONG_ID | (id >> 7)));
    buffer_append_u8(buffer, (uint8_t)(0x80 | (id & 0x7F)));
}

static void write_integer(Buffer *buffer, unsigned type, uint64_t value)
{
    unsigned length = 0;
    for (uint64_t rest = value; rest != 0; rest >>= 7)
        length++;
    buffer_append_u8(buffer, (uint8_t)(type << 4 | length));
    for (unsigned i = length; i > 0; i--)
        buffer_append_u8(buffer, (uint8_t)(0x80 | (value >> (7 * (i - 1)) & 0x7F)));
}

void packed_open(Buffer *buffer, unsigned element)
{
    write_header(buffer, PACKED_RECORD_ELEMENT, element);
}

void packed_close(Buffer *buffer, unsigned element)
{
    write_header(buffer, PACKED_RECORD_END, element);
}

void packed_bool(Buffer *buffer, unsigned attribute, bool value)
{
    write_header(buffer, PACKED_RECORD_ATTRIBUTE, attribute);
    buffer_append_u8(buffer, (uint8_t)(TYPE_BOOL << 4 | (value ? 1 : 0)));
}

void packed_signed(Buffer *buffer, unsigned attribute, int64_t value)
{
    write_header(buffer, PACKED_RECORD_ATTRIBUTE, attribute);
    if (value < 0)
        write_integer(buffer, TYPE_NEGATIVE, 0 - (uint64_t)value);
    else
        write_integer(buffer, TYPE_POSITIVE, (uint64_t)value);
}

void packed_unsigned(Buffer *buffer, unsigned attribute, uint64_t value)
{
    write_header(buffer, PACKED_RECORD_ATTRIBUTE, attribute);
    write_integer(buffer, TYPE_UNSIGNED, value);
}

void packed_space(Buffer *buffer, unsigned attribute, unsigned space_index)
{
    write_header(buffer, PACKED_RECORD_ATTRIBUTE, attribute);
    write_integer(buffer, TYPE_SPACE, space_index);
}

void packed_text(Buffer *buffer, unsigned attribute, const char *text)
{
    size_t length = strlen(text);
    write_header(buffer, PACKED_RECORD_ATTRIBUTE, attribute);
    write_integer(buffer, TYPE_TEXT, length);
    buffer_append(buffer, text, length);
}

bool packed_fail(PackedCursor *cursor, ProStatus status, const char *format, ...)
{
    if (cursor->failed)
        return false;
    cursor->failed = true;
    cursor->error.status = status;
    cursor->error.system_error = 0;
    int used = snprintf(cursor->error.text, sizeof cursor->error.text,
            "compiled specification, byte %zu: ", cursor->offset);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(
            cursor->error.text + used, sizeof cursor->error.text - (size_t)used, format, args);
    va_end(args);
    return false;
}

static bool truncated(PackedCursor *cursor)
{
    return packed_fail(cursor, PRO_ERR_FORMAT, "the data ends here, but more was expected");
}

static bool read_integer(PackedCursor *cursor, unsigned length, uint64_t *ret)
{
    if (length > LARGEST_INTEGER_BYTES)
        return packed_fail(
                cursor, PRO_ERR_FORMAT, "an integer of %u bytes; at most 10 were expected", length);
    if (length > cursor->size - cursor->offset)
        return truncated(cursor);
    uint64_t value = 0;
    for (unsigned i = 0; i < length; i++)
        value = value << 7 | (cursor->data[cursor->offset + i] & 0x7F);
    cursor->offset += length;
    *ret = value;
    return true;
}

bool packed_value(PackedCursor *cursor, PackedAttribute *ret)
{
    if (cursor->offset >= cursor->size)
        return truncated(cursor);
    unsigned type = cursor->data[cursor->offset] >> 4;
    unsigned length = cursor->data[cursor->offset] & 0x0F;
    cursor->offset++;
    ret->text = NULL;
    ret->number = length;
    ret->kind = PACKED_INTEGER;
    switch (type) {
    case TYPE_BOOL:
        ret->kind = PACKED_BOOL;
        return true;
    case TYPE_SPECIAL_SPACE:
        ret->kind = PACKED_SPECIAL_SPACE;
        return true;
    case TYPE_POSITIVE:
    case TYPE_UNSIGNED:
        return read_integer(cursor, length, &ret->number);
    case TYPE_NEGATIVE:
        if (!read_integer(cursor, length, &ret->number))
            return false;
        ret->number = 0 - ret->number;
        return true;
    case TYPE_SPACE:
        ret->kind = PACKED_SPACE;
        return read_integer(cursor, length, &ret->number);
    case TYPE_TEXT:
        ret->kind = PACKED_TEXT;
        if (!read_integer(cursor, length, &ret->number))
            return false;
        if (ret->number > cursor->size - cursor->offset)
            return truncated(cursor);
        ret->text = (const char *)cursor->data + cursor->offset;
        cursor->offset += (size_t)ret->number;
        return true;
    default:
        return packed_fail(cursor, PRO_ERR_FORMAT, "attribute type %u; 1 to 7 was expected", type);
    }
}

bool packed_skip(PackedCursor *cursor)
{
    size_t depth = 0;
    do {
        unsigned id = 0;
        size_t after = 0;
        unsigned kind = packed_record(cursor, &id, &after);
        if (cursor->failed)
            return false;
        if (kind == 0)
            return packed_fail(cursor, PRO_ERR_FORMAT, "a record of an element was expected");
        if (kind == PACKED_RECORD_ATTRIBUTE) {
            PackedAttribute ignored;
            if (!packed_next_attribute(cursor, &ignored))
                return false;
            continue;
        }
        cursor->offset = after;
        if (kind == PACKED_RECORD_ELEMENT)
            depth++;
        else if (depth > 0)
            depth--;
    } while (depth > 0);
    return true;
}
