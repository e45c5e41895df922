/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_BYTE_SET_H
#define CONTAINER_BYTE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of byte values; {0} is the empty one. */
typedef struct ByteSet {
    uint64_t words[4];
} ByteSet;

static inline void byte_set_add(ByteSet *set, uint8_t byte)
{
    set->words[byte >> 6] |= (uint64_t)1 << (byte & 63);
}

static inline bool byte_set_has(const ByteSet *set, uint8_t byte)
{
    return (set->words[byte >> 6] >> (byte & 63) & 1) != 0;
}

static inline void byte_set_unite(ByteSet *set, const ByteSet *other)
{
    for (size_t i = 0; i < 4; i++)
        set->words[i] |= other->words[i];
}

static inline void byte_set_invert(ByteSet *set)
{
    for (size_t i = 0; i < 4; i++)
        set->words[i] = ~set->words[i];
}

static inline unsigned byte_set_count(const ByteSet *set)
{
    unsigned count = 0;
    for (size_t i = 0; i < 4; i++)
        count += (unsigned)__builtin_popcountll(set->words[i]);
    return count;
}

#endif
