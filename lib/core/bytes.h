/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A bounded reader over bytes from outside. Reading past the end yields zeros and sets `failed`,
 * which stays set: a parser may read a whole structure and check once. Little-endian.
 *
 * The bytes are borrowed. Threads: one at a time.
 */
typedef struct ByteReader {
    const uint8_t *data;
    size_t size;
    size_t offset; /* never beyond size */
    bool failed;
} ByteReader;

static inline ByteReader byte_reader(const void *data, size_t size)
{
    return (ByteReader){.data = data, .size = size};
}

static inline size_t bytes_left(const ByteReader *reader)
{
    return reader->size - reader->offset;
}

/* The next `size` bytes, lent from the source; NULL (and failed) if there are fewer. */
static inline const uint8_t *bytes_take(ByteReader *reader, size_t size)
{
    if (reader->failed || size > bytes_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *start = reader->data + reader->offset;
    reader->offset += size;
    return start;
}

static inline uint64_t bytes_little_endian(ByteReader *reader, size_t size)
{
    const uint8_t *bytes = bytes_take(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline uint64_t bytes_big_endian(ByteReader *reader, size_t size)
{
    const uint8_t *bytes = bytes_take(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static inline uint8_t bytes_u8(ByteReader *reader)
{
    return (uint8_t)bytes_little_endian(reader, 1);
}

static inline uint16_t bytes_u16(ByteReader *reader)
{
    return (uint16_t)bytes_little_endian(reader, 2);
}

static inline uint32_t bytes_u32(ByteReader *reader)
{
    return (uint32_t)bytes_little_endian(reader, 4);
}

static inline uint64_t bytes_u64(ByteReader *reader)
{
    return bytes_little_endian(reader, 8);
}

#endif
