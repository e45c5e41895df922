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

/* The id of the element that starts here; 0 if there is none (its parent ends, or the data). */
unsigned packed_peek(PackedCursor *cursor);
bool packed_enter(PackedCursor *cursor, unsigned element); /* false: another one starts here */
bool packed_next_attribute(PackedCursor *cursor, PackedAttribute *ret);
bool packed_leave(PackedCursor *cursor, unsigned element);
bool packed_skip(PackedCursor *cursor); /* the whole element that starts here */

/* Keeps the first failure. Always false. */
bool packed_fail(PackedCursor *cursor, ProStatus status, const char *format, ...) PRO_PRINTF(3, 4);

#endif
