/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

/*
 * Memory that is freed all at once: for what lives exactly as long as one compilation, one
 * function, one parsed file. Threads: one at a time. Zero-initialised memory is a valid empty
 * arena.
 */
typedef struct ArenaBlock ArenaBlock;
typedef struct Arena {
    ArenaBlock *newest;
    size_t total_bytes; /* handed out since the last reset */
    size_t limit_bytes; /* 0: none; beyond it arena_alloc answers NULL */
} Arena;

void arena_init(Arena *arena, size_t limit_bytes);
void arena_fini(Arena *arena);
void arena_reset(Arena *arena); /* everything handed out is gone; keeps one block */

/* `size` zeroed bytes, aligned for any object; NULL without memory or beyond the limit. */
void *arena_alloc(Arena *arena, size_t size);
void *arena_alloc_array(Arena *arena, size_t count, size_t element_size); /* NULL on overflow too */
void *arena_copy(Arena *arena, const void *bytes, size_t size);
char *arena_copy_text(Arena *arena, const char *text, size_t length); /* adds a NUL */

#endif
