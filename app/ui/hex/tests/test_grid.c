/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "ui/hex/grid.h"

#include <promp/container.h>
#include <stdlib.h>

#define HUGE_SIZE PRO_CONTAINER_SIZE_MAX /* 2^63 - 1 */

static HexGrid grid_of(uint64_t size, unsigned per_row, unsigned rows)
{
    HexGrid grid;
    hex_grid_init(&grid, size, 0, per_row);
    hex_grid_set_rows(&grid, rows);
    return grid;
}

static void expect_invariants(const HexGrid *grid)
{
    assert_true(grid->cursor < grid->size || (grid->size == 0 && grid->cursor == 0));
    assert_true(grid->anchor < grid->size || (grid->size == 0 && grid->anchor == 0));
    assert_true(grid->top <= hex_grid_top_max(grid));
    HexRange selection = hex_grid_selection(grid);
    assert_true(selection.offset + selection.size <= grid->size);
    HexRange visible = hex_grid_visible(grid);
    assert_true(visible.offset + visible.size <= grid->size);
}

static void nothing_to_show_has_no_rows(void **state)
{
    (void)state;
    HexGrid grid = grid_of(0, 16, 20);
    assert_int_equal(hex_grid_row_count(&grid), 0);
    assert_int_equal(hex_grid_visible(&grid).size, 0);
    for (HexMove move = HEX_MOVE_LEFT; move <= HEX_MOVE_END; move++) {
        hex_grid_move(&grid, move, true);
        expect_invariants(&grid);
        assert_int_equal(grid.cursor, 0);
        assert_int_equal(hex_grid_selection(&grid).size, 0);
    }
}

static void rows_are_counted_to_the_last_byte(void **state)
{
    (void)state;
    HexGrid grid = grid_of(33, 16, 2);
    assert_int_equal(hex_grid_row_count(&grid), 3);
    assert_int_equal(hex_grid_row(&grid, 2).size, 1);
    assert_int_equal(hex_grid_row(&grid, 3).size, 0);
    grid = grid_of(HUGE_SIZE, 16, 40);
    assert_int_equal(hex_grid_row_count(&grid), (uint64_t)1 << 59);
    HexRange last = hex_grid_row(&grid, ((uint64_t)1 << 59) - 1);
    assert_int_equal(last.offset, HUGE_SIZE - 15);
    assert_int_equal(last.size, 15);
    assert_int_equal(hex_grid_row(&grid, UINT64_MAX).size, 0);
}

static void up_and_down_keep_the_column(void **state)
{
    (void)state;
    HexGrid grid = grid_of(40, 16, 10);
    hex_grid_move_to(&grid, 5, false);
    hex_grid_move(&grid, HEX_MOVE_DOWN, false);
    assert_int_equal(grid.cursor, 21);
    hex_grid_move(&grid, HEX_MOVE_DOWN, false);
    assert_int_equal(grid.cursor, 37);
    hex_grid_move(&grid, HEX_MOVE_DOWN, false);
    assert_int_equal(grid.cursor, 37);
    hex_grid_move_to(&grid, 30, false);
    hex_grid_move(&grid, HEX_MOVE_DOWN, false);
    assert_int_equal(grid.cursor, 39); /* the last row is shorter */
    hex_grid_move(&grid, HEX_MOVE_UP, false);
    hex_grid_move(&grid, HEX_MOVE_ROW_BEGIN, false);
    assert_int_equal(grid.cursor, 16);
    hex_grid_move(&grid, HEX_MOVE_ROW_END, false);
    assert_int_equal(grid.cursor, 31);
}

static void a_page_scrolls_by_what_is_shown(void **state)
{
    (void)state;
    HexGrid grid = grid_of(16 * 1000, 16, 40);
    hex_grid_move(&grid, HEX_MOVE_PAGE_DOWN, false);
    assert_int_equal(grid.top, 40);
    assert_int_equal(grid.cursor, 40 * 16);
    hex_grid_move(&grid, HEX_MOVE_PAGE_UP, false);
    assert_int_equal(grid.top, 0);
    assert_int_equal(grid.cursor, 0);
    hex_grid_move(&grid, HEX_MOVE_END, false);
    assert_int_equal(grid.top, 960);
    hex_grid_move(&grid, HEX_MOVE_PAGE_DOWN, false);
    assert_int_equal(grid.top, 960);
    assert_int_equal(grid.cursor, 16 * 1000 - 1);
}

static void the_ends_of_the_largest_container_are_reached(void **state)
{
    (void)state;
    HexGrid grid = grid_of(HUGE_SIZE, 16, 40);
    hex_grid_move(&grid, HEX_MOVE_END, false);
    assert_int_equal(grid.cursor, HUGE_SIZE - 1);
    assert_int_equal(grid.top, ((uint64_t)1 << 59) - 40);
    assert_int_equal(hex_grid_visible(&grid).size, 40 * 16 - 1);
    hex_grid_move(&grid, HEX_MOVE_BEGIN, true);
    assert_int_equal(hex_grid_selection(&grid).offset, 0);
    assert_int_equal(hex_grid_selection(&grid).size, HUGE_SIZE);
    hex_grid_move(&grid, HEX_MOVE_END, false);
    hex_grid_move(&grid, HEX_MOVE_PAGE_UP, false);
    assert_int_equal(grid.top, ((uint64_t)1 << 59) - 80);
}

static void shift_extends_on_both_sides_of_the_anchor(void **state)
{
    (void)state;
    HexGrid grid = grid_of(100, 16, 10);
    hex_grid_move_to(&grid, 50, false);
    hex_grid_move(&grid, HEX_MOVE_RIGHT, true);
    assert_int_equal(hex_grid_selection(&grid).offset, 50);
    assert_int_equal(hex_grid_selection(&grid).size, 2);
    hex_grid_move(&grid, HEX_MOVE_UP, true);
    assert_int_equal(hex_grid_selection(&grid).offset, 35);
    assert_int_equal(hex_grid_selection(&grid).size, 16);
    hex_grid_move(&grid, HEX_MOVE_LEFT, false);
    assert_int_equal(hex_grid_selection(&grid).size, 0);
    assert_int_equal(grid.cursor, 34);
}

static void what_is_selected_ends_with_the_data(void **state)
{
    (void)state;
    HexGrid grid = grid_of(HUGE_SIZE, 16, 10);
    hex_grid_select(&grid, HUGE_SIZE - 3, UINT64_MAX);
    assert_int_equal(hex_grid_selection(&grid).size, 3);
    assert_int_equal(grid.cursor, HUGE_SIZE - 3);
    hex_grid_select(&grid, UINT64_MAX, 10);
    assert_int_equal(grid.cursor, HUGE_SIZE - 1);
    assert_int_equal(hex_grid_selection(&grid).size, 0);
}

static void scrolling_stops_at_the_ends(void **state)
{
    (void)state;
    HexGrid grid = grid_of(HUGE_SIZE, 16, 40);
    assert_true(hex_grid_scroll(&grid, INT64_MAX));
    assert_int_equal(grid.top, hex_grid_top_max(&grid));
    assert_false(hex_grid_scroll(&grid, 1));
    assert_true(hex_grid_scroll(&grid, -1));
    assert_int_equal(grid.top, hex_grid_top_max(&grid) - 1);
    assert_true(hex_grid_scroll(&grid, INT64_MIN));
    assert_int_equal(grid.top, 0);
    assert_false(hex_grid_scroll(&grid, INT64_MIN));
}

static void a_scroll_bar_reaches_both_ends_whatever_its_precision(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {
            1, 16, 641, (uint64_t)100 << 30, (uint64_t)1 << 53, (uint64_t)1 << 58, HUGE_SIZE};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        HexGrid grid = grid_of(sizes[i], 16, 40);
        HexSlider slider = hex_grid_slider(&grid);
        (void)hex_grid_follow_slider(&grid, slider.upper - slider.page);
        assert_int_equal(grid.top, hex_grid_top_max(&grid));
        (void)hex_grid_follow_slider(&grid, slider.upper);
        assert_int_equal(grid.top, hex_grid_top_max(&grid));
        (void)hex_grid_follow_slider(&grid, 0);
        assert_int_equal(grid.top, 0);
        (void)hex_grid_follow_slider(&grid, -1);
        assert_int_equal(grid.top, 0);
    }
}

static void a_scroll_bar_is_exact_where_a_double_is(void **state)
{
    (void)state;
    HexGrid grid = grid_of((uint64_t)1 << 56, 16, 40);
    uint64_t row = ((uint64_t)1 << 52) - 12345;
    (void)hex_grid_follow_slider(&grid, (double)row);
    assert_int_equal(grid.top, row);
    assert_true(hex_grid_slider(&grid).value == (double)row);
}

static void revealing_moves_as_little_as_it_can(void **state)
{
    (void)state;
    HexGrid grid = grid_of(16 * 1000, 16, 30);
    hex_grid_move_to(&grid, 16 * 30, false);
    assert_int_equal(grid.top, 1);
    hex_grid_move_to(&grid, 0, false);
    assert_int_equal(grid.top, 0);
    hex_grid_move_to(&grid, 16 * 500, false); /* far: with something above it */
    assert_int_equal(grid.top, 490);
    hex_grid_move_to(&grid, 16 * 510, false); /* in sight */
    assert_int_equal(grid.top, 490);
}

static void another_row_width_keeps_the_place(void **state)
{
    (void)state;
    HexGrid grid = grid_of(HUGE_SIZE, 16, 40);
    hex_grid_move_to(&grid, (uint64_t)1 << 62, false);
    uint64_t first = hex_grid_visible(&grid).offset;
    hex_grid_set_per_row(&grid, 32);
    assert_int_equal(hex_grid_visible(&grid).offset, first - first % 32);
    hex_grid_set_per_row(&grid, 0);
    assert_int_equal(grid.per_row, 1);
    hex_grid_set_per_row(&grid, 1000);
    assert_int_equal(grid.per_row, HEX_PER_ROW_MAX);
    expect_invariants(&grid);
}

static void addresses_have_the_digits_of_the_highest(void **state)
{
    (void)state;
    HexGrid grid;
    hex_grid_init(&grid, 100, 0, 16);
    assert_int_equal(hex_grid_address_digits(&grid), 8);
    hex_grid_init(&grid, (uint64_t)1 << 32, 0, 16);
    assert_int_equal(hex_grid_address_digits(&grid), 8);
    hex_grid_init(&grid, ((uint64_t)1 << 32) + 1, 0, 16);
    assert_int_equal(hex_grid_address_digits(&grid), 9);
    hex_grid_init(&grid, 100, 0x140000000, 16);
    assert_int_equal(hex_grid_address_digits(&grid), 9);
    hex_grid_init(&grid, 100, UINT64_MAX - 10, 16);
    assert_int_equal(hex_grid_address_digits(&grid), 16);
}

/* Anything that can be done, in any order, on sizes around the edges. */
static void random_walks_stay_inside(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 15, 16, 17, 1000, (uint64_t)1 << 57, HUGE_SIZE};
    srand(1);
    for (unsigned step = 0; step < 20000; step++) {
        static HexGrid grid;
        if (step % 100 == 0)
            grid = grid_of(sizes[step / 100 % 7], 1 + (unsigned)rand() % 64, (unsigned)rand() % 90);
        uint64_t any = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 10 ^ (uint64_t)rand();
        switch (rand() % 5) {
        case 0:
            hex_grid_move_to(&grid, any, any % 3 == 0);
            break;
        case 1:
            hex_grid_select(&grid, any % (grid.size + 2), any);
            break;
        case 2:
            (void)hex_grid_scroll(&grid, (int64_t)any);
            break;
        case 3:
            (void)hex_grid_follow_slider(&grid, (double)any);
            break;
        default:
            hex_grid_move(&grid, (HexMove)(any % (HEX_MOVE_END + 1)), any % 2 == 0);
            assert_true(grid.cursor / grid.per_row >= grid.top);
            assert_true(grid.cursor / grid.per_row - grid.top < grid.rows);
        }
        expect_invariants(&grid);
    }
}

TEST_MAIN(cmocka_unit_test(nothing_to_show_has_no_rows),
        cmocka_unit_test(rows_are_counted_to_the_last_byte),
        cmocka_unit_test(up_and_down_keep_the_column),
        cmocka_unit_test(a_page_scrolls_by_what_is_shown),
        cmocka_unit_test(the_ends_of_the_largest_container_are_reached),
        cmocka_unit_test(shift_extends_on_both_sides_of_the_anchor),
        cmocka_unit_test(what_is_selected_ends_with_the_data),
        cmocka_unit_test(scrolling_stops_at_the_ends),
        cmocka_unit_test(a_scroll_bar_reaches_both_ends_whatever_its_precision),
        cmocka_unit_test(a_scroll_bar_is_exact_where_a_double_is),
        cmocka_unit_test(revealing_moves_as_little_as_it_can),
        cmocka_unit_test(another_row_width_keeps_the_place),
        cmocka_unit_test(addresses_have_the_digits_of_the_highest),
        cmocka_unit_test(random_walks_stay_inside))
