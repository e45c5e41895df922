/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(Buffer *buffer)
{
    *buffer = (Buffer){0};
}

void buffer_fini(Buffer *buffer)
{
    free(buffer->data);
    *buffer = (Buffer){0};
}

void buffer_clear(Buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

bool buffer_reserve(Buffer *buffer, size_t extra)
{
    if (buffer->failed)
        return false;
    if (extra <= buffer->capacity - buffer->size)
        return true;
    if (extra > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return false;
    }
    size_t needed = buffer->size + extra;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(Buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_append_text(Buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_format(Buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* vsnprintf writes a NUL, so room for one more byte that is not counted. */
    if (length >= 0 && buffer_reserve(buffer, (size_t)length + 1)) {
        (void)vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
}

static void append_little_endian(Buffer *buffer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buffer_append(buffer, bytes, size);
}

void buffer_append_u8(Buffer *buffer, uint8_t value)
{
    append_little_endian(buffer, value, 1);
}

void buffer_append_u16(Buffer *buffer, uint16_t value)
{
    append_little_endian(buffer, value, 2);
}

void buffer_append_u32(Buffer *buffer, uint32_t value)
{
    append_little_endian(buffer, value, 4);
}

void buffer_append_u64(Buffer *buffer, uint64_t value)
{
    append_little_endian(buffer, value, 8);
}

void buffer_patch_u32(Buffer *buffer, size_t offset, uint32_t value)
{
    if (buffer->failed)
        return;
    assert(offset + 4 <= buffer->size);
    for (size_t i = 0; i < 4; i++)
        buffer->data[offset + i] = (uint8_t)(value >> (8 * i));
}

const char *buffer_text(Buffer *buffer)
{
    if (!buffer_reserve(buffer, 1))
        return "";
    buffer->data[buffer->size] = '\0';
    return (const char *)buffer->data;
}

uint8_t *buffer_take(Buffer *buffer, size_t *ret_size)
{
    uint8_t *data = buffer->data;
    *ret_size = buffer->size;
    *buffer = (Buffer){0};
    return data;
}
