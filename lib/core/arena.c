/* SPDX-License-Identifier: Apache-2.0 */
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 4096, LARGEST_BLOCK_BYTES = 1 << 20 };

struct ArenaBlock {
    ArenaBlock *older;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(Arena *arena, size_t limit_bytes)
{
    *arena = (Arena){.limit_bytes = limit_bytes};
}

void arena_fini(Arena *arena)
{
    ArenaBlock *block = arena->newest;
    while (block != NULL) {
        ArenaBlock *older = block->older;
        free(block);
        block = older;
    }
    arena->newest = NULL;
    arena->total_bytes = 0;
}

void arena_reset(Arena *arena)
{
    ArenaBlock *kept = arena->newest;
    if (kept == NULL)
        return;
    arena->newest = kept->older;
    arena_fini(arena);
    kept->older = NULL;
    kept->used = 0;
    arena->newest = kept;
}

static ArenaBlock *add_block(Arena *arena, size_t least)
{
    size_t capacity = FIRST_BLOCK_BYTES;
    if (arena->newest != NULL)
        capacity = arena->newest->capacity * 2;
    if (capacity > LARGEST_BLOCK_BYTES)
        capacity = LARGEST_BLOCK_BYTES;
    if (capacity < least)
        capacity = least;
    ArenaBlock *block = malloc(sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    *block = (ArenaBlock){.older = arena->newest, .capacity = capacity};
    arena->newest = block;
    return block;
}

void *arena_alloc(Arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + alignment - 1) / alignment * alignment;
    if (arena->limit_bytes != 0 && size > arena->limit_bytes - arena->total_bytes)
        return NULL;
    ArenaBlock *block = arena->newest;
    if (block == NULL || size > block->capacity - block->used)
        block = add_block(arena, size);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += size;
    arena->total_bytes += size;
    return memset(memory, 0, size);
}

void *arena_alloc_array(Arena *arena, size_t count, size_t element_size)
{
    if (element_size != 0 && count > SIZE_MAX / element_size)
        return NULL;
    return arena_alloc(arena, count * element_size);
}

void *arena_copy(Arena *arena, const void *bytes, size_t size)
{
    void *memory = arena_alloc(arena, size);
    if (memory != NULL && size > 0)
        memcpy(memory, bytes, size);
    return memory;
}

char *arena_copy_text(Arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}
