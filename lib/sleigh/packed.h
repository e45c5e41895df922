/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_PACKED_H
#define SLEIGH_PACKED_H

#include "core/buffer.h"

#include <promp/status.h>

/*
 * The packed encoding of a tree of elements: each has an id, attributes, then children.
 *
 * Writing never fails visibly; the Buffer's `failed` is read once at the end.
 *
 * Reading: a cursor over borrowed bytes. The first violation is kept with its byte offset and what
 * was expected; afterwards every call answers "nothing more".
 */
void packed_open(Buffer *buffer, unsigned element);
void packed_close(Buffer *buffer, unsigned element);
void packed_bool(Buffer *buffer, unsigned attribute, bool value);
void packed_signed(Buffer *buffer, unsigned attribute, int64_t value);
void packed_unsigned(Buffer *buffer, unsigned attribute, uint64_t value);
void packed_space(Buffer *buffer, unsigned attribute, unsigned space_index);
void packed_text(Buffer *buffer, unsigned attribute, const char *text);

typedef enum PackedKind {
    PACKED_BOOL,
    PACKED_INTEGER, /* signed or unsigned; in `number` as 64 bits */
    PACKED_SPACE,
    PACKED_SPECIAL_SPACE,
    PACKED_TEXT
} PackedKind;

typedef struct PackedAttribute {
    unsigned id;
    PackedKind kind;
    uint64_t number; /* the value; for text its length */
    const char *text;
} PackedAttribute;

typedef struct PackedCursor {
    const uint8_t *data;
    size_t size;
    size_t offset;
    bool failed;
    ProError error;
} PackedCursor;

/* Keeps the first failure. Always false. */
bool packed_fail(PackedCursor *cursor, ProStatus status, const char *format, ...) PRO_PRINTF(3, 4);

/* The value at the cursor, behind an attribute's header. */
bool packed_value(PackedCursor *cursor, PackedAttribute *ret);

enum {
    PACKED_RECORD_KIND_MASK = 0xC0,
    PACKED_RECORD_ELEMENT = 0x40,
    PACKED_RECORD_END = 0x80,
    PACKED_RECORD_ATTRIBUTE = 0xC0,
    PACKED_RECORD_LONG_ID = 0x20
};

/* The record at the cursor: kind and id, and in ret_after where its header ends. */
static inline unsigned packed_record(PackedCursor *cursor, unsigned *ret_id, size_t *ret_after)
{
    if (cursor->failed || cursor->offset >= cursor->size)
        return 0;
    unsigned header = cursor->data[cursor->offset];
    *ret_id = header & 0x1F;
    *ret_after = cursor->offset + 1;
    if (header & PACKED_RECORD_LONG_ID) {
        if (*ret_after >= cursor->size)
            return 0;
        *ret_id = *ret_id << 7 | (cursor->data[*ret_after] & 0x7F);
        *ret_after += 1;
    }
    return header & PACKED_RECORD_KIND_MASK;
}

/* The id of the element that starts here; 0 if there is none (its parent ends, or the data). */
static inline unsigned packed_peek(PackedCursor *cursor)
{
    unsigned id = 0;
    size_t after = 0;
    return packed_record(cursor, &id, &after) == PACKED_RECORD_ELEMENT ? id : 0;
}

/* False: another element starts here. */
static inline bool packed_enter(PackedCursor *cursor, unsigned element)
{
    unsigned id = 0;
    size_t after = 0;
    if (packed_record(cursor, &id, &after) != PACKED_RECORD_ELEMENT || id != element)
        return false;
    cursor->offset = after;
    return true;
}

/* Most attributes have a short id and are a non-negative integer: 2, 4 and 5 are its types. False:
 * another one, or the end is near. */
static inline bool packed_next_integer(PackedCursor *cursor, PackedAttribute *ret)
{
    enum { LARGEST_RECORD = 16, SHORT_ATTRIBUTE = 0xC0, LARGEST_INTEGER = 10 };
    if (cursor->failed || cursor->size - cursor->offset < LARGEST_RECORD)
        return false;
    const uint8_t *at = cursor->data + cursor->offset;
    unsigned type = at[1] >> 4, length = at[1] & 0x0F;
    if ((at[0] & 0xE0) != SHORT_ATTRIBUTE || (type != 2 && type != 4 && type != 5) ||
            length > LARGEST_INTEGER)
        return false;
    uint64_t value = 0;
    for (unsigned i = 0; i < length; i++)
        value = value << 7 | (at[2 + i] & 0x7F);
    *ret = (PackedAttribute){
            .id = at[0] & 0x1F, .kind = type == 5 ? PACKED_SPACE : PACKED_INTEGER, .number = value};
    cursor->offset += 2 + length;
    return true;
}

/*
 * For what makes up most of a document: elements whose ids are below 32 and whose attributes are
 * integers in the order in which writers put them. A PackedQuick goes over bytes that are there
 * (PACKED_QUICK_BYTES were asked for); where it meets something else it fails, and the element is
 * read again from its start by the functions above.
 */
enum { PACKED_QUICK_BYTES = 128 };

typedef struct PackedQuick {
    const uint8_t *at;
    bool failed;
} PackedQuick;

static inline bool packed_quick_begin(const PackedCursor *cursor, PackedQuick *ret)
{
    ret->at = cursor->data + cursor->offset;
    ret->failed = cursor->failed || cursor->size - cursor->offset < PACKED_QUICK_BYTES;
    return !ret->failed;
}

/* Whether the byte is the header of an element's start or end; then goes behind it. */
static inline bool packed_quick_accept(PackedQuick *quick, unsigned header)
{
    bool accepted = *quick->at == header;
    quick->at += accepted;
    return accepted;
}

static inline uint64_t packed_quick_integer(PackedQuick *quick, unsigned attribute)
{
    enum { LARGEST_INTEGER = 10 };
    const uint8_t *at = quick->at;
    unsigned type = at[1] >> 4, length = at[1] & 0x0F;
    if (at[0] == (PACKED_RECORD_ATTRIBUTE | attribute) && (at[1] == 0x41 || at[1] == 0x21)) {
        quick->at += 3; /* below 128, most of all */
        return at[2] & 0x7F;
    }
    if (at[0] != (PACKED_RECORD_ATTRIBUTE | attribute) || (type != 2 && type != 4 && type != 5) ||
            length > LARGEST_INTEGER) {
        quick->failed = true;
        return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < length; i++)
        value = value << 7 | (at[2 + i] & 0x7F);
    quick->at += 2 + length;
    return value;
}

static inline bool packed_next_attribute(PackedCursor *cursor, PackedAttribute *ret)
{
    if (packed_next_integer(cursor, ret))
        return true;
    size_t after = 0;
    if (packed_record(cursor, &ret->id, &after) != PACKED_RECORD_ATTRIBUTE)
        return false;
    cursor->offset = after;
    return packed_value(cursor, ret);
}

static inline bool packed_leave(PackedCursor *cursor, unsigned element)
{
    unsigned id = 0;
    size_t after = 0;
    unsigned kind = packed_record(cursor, &id, &after);
    if (cursor->failed)
        return false;
    if (kind != PACKED_RECORD_END || id != element)
        return packed_fail(cursor, PRO_ERR_FORMAT, "the end of element %u was expected", element);
    cursor->offset = after;
    return true;
}

bool packed_skip(PackedCursor *cursor); /* the whole element that starts here */

#endif
