/* SPDX-License-Identifier: Apache-2.0 */
#include "core/arena.h"
#include "support/test.h"

#include <stdalign.h>
#include <string.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 0);
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        unsigned char *memory = arena_alloc(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xAA, size);
    }
    arena_fini(&arena);
}

static void the_limit_holds(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 100);
    assert_non_null(arena_alloc(&arena, 64));
    assert_null(arena_alloc(&arena, 64));
    assert_non_null(arena_alloc(&arena, 16));
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 96));
    arena_fini(&arena);
}

static void an_overflowing_size_is_refused(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 4, 8));
    arena_fini(&arena);
}

TEST_MAIN(cmocka_unit_test(memory_is_zeroed_and_aligned), cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(an_overflowing_size_is_refused))
