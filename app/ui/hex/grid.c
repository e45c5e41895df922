/* SPDX-License-Identifier: Apache-2.0 */
#include "grid.h"

#include <promp/container.h>

void hex_grid_init(HexGrid *grid, uint64_t size, uint64_t base, unsigned per_row)
{
    *grid = (HexGrid){.size = size < PRO_CONTAINER_SIZE_MAX ? size : PRO_CONTAINER_SIZE_MAX,
            .base = base,
            .per_row = 16,
            .rows = 1};
    hex_grid_set_per_row(grid, per_row);
}

void hex_grid_set_per_row(HexGrid *grid, unsigned per_row)
{
    uint64_t first = grid->top * grid->per_row;
    grid->per_row = per_row == 0 ? 1 : per_row < HEX_PER_ROW_MAX ? per_row : HEX_PER_ROW_MAX;
    (void)hex_grid_set_top(grid, first / grid->per_row);
}

void hex_grid_set_rows(HexGrid *grid, unsigned rows)
{
    grid->rows = rows > 0 ? rows : 1;
    (void)hex_grid_set_top(grid, grid->top);
}

uint64_t hex_grid_row_count(const HexGrid *grid)
{
    return grid->size / grid->per_row + (grid->size % grid->per_row != 0);
}

uint64_t hex_grid_top_max(const HexGrid *grid)
{
    uint64_t count = hex_grid_row_count(grid);
    return count > grid->rows ? count - grid->rows : 0;
}

HexRange hex_grid_row(const HexGrid *grid, uint64_t row)
{
    if (row >= hex_grid_row_count(grid))
        return (HexRange){.offset = grid->size};
    uint64_t offset = row * grid->per_row;
    uint64_t left = grid->size - offset;
    return (HexRange){offset, left < grid->per_row ? left : grid->per_row};
}

HexRange hex_grid_visible(const HexGrid *grid)
{
    HexRange first = hex_grid_row(grid, grid->top);
    uint64_t wanted = ((uint64_t)grid->rows + 1) * grid->per_row;
    uint64_t left = grid->size - first.offset;
    return (HexRange){first.offset, left < wanted ? left : wanted};
}

unsigned hex_grid_address_digits(const HexGrid *grid)
{
    uint64_t last = grid->size > 0 ? grid->size - 1 : 0;
    uint64_t highest = UINT64_MAX - grid->base < last ? UINT64_MAX : grid->base + last;
    unsigned digits = 8;
    while (digits < 16 && highest >> (4 * digits) != 0)
        digits++;
    return digits;
}

static uint64_t last_offset(const HexGrid *grid)
{
    return grid->size > 0 ? grid->size - 1 : 0;
}

static uint64_t back_by(uint64_t offset, uint64_t count)
{
    return offset > count ? offset - count : 0;
}

static uint64_t forth_by(const HexGrid *grid, uint64_t offset, uint64_t count)
{
    uint64_t left = last_offset(grid) - offset;
    return left > count ? offset + count : last_offset(grid);
}

/* Up and down keep to the column; where there is no such row, the cursor goes to the last one. */
static uint64_t rows_away(const HexGrid *grid, uint64_t offset, uint64_t rows, bool down)
{
    uint64_t row = offset / grid->per_row;
    uint64_t column = offset % grid->per_row;
    uint64_t last_row = last_offset(grid) / grid->per_row;
    if (down)
        row = last_row - row > rows ? row + rows : last_row;
    else
        row = back_by(row, rows);
    uint64_t target = row * grid->per_row + column;
    return target < last_offset(grid) ? target : last_offset(grid);
}

static uint64_t move_target(const HexGrid *grid, HexMove move)
{
    uint64_t cursor = grid->cursor;
    uint64_t row_begin = cursor - cursor % grid->per_row;
    switch (move) {
    case HEX_MOVE_LEFT:
        return back_by(cursor, 1);
    case HEX_MOVE_RIGHT:
        return forth_by(grid, cursor, 1);
    case HEX_MOVE_UP:
        return rows_away(grid, cursor, 1, false);
    case HEX_MOVE_DOWN:
        return rows_away(grid, cursor, 1, true);
    case HEX_MOVE_PAGE_UP:
        return rows_away(grid, cursor, grid->rows, false);
    case HEX_MOVE_PAGE_DOWN:
        return rows_away(grid, cursor, grid->rows, true);
    case HEX_MOVE_ROW_BEGIN:
        return row_begin;
    case HEX_MOVE_ROW_END:
        return forth_by(grid, row_begin, grid->per_row - 1);
    case HEX_MOVE_GROUP_LEFT:
        return back_by(cursor, HEX_GROUP_BYTES);
    case HEX_MOVE_GROUP_RIGHT:
        return forth_by(grid, cursor, HEX_GROUP_BYTES);
    case HEX_MOVE_BEGIN:
        return 0;
    case HEX_MOVE_END:
        return last_offset(grid);
    }
    return cursor;
}

static void put_cursor(HexGrid *grid, uint64_t offset, bool extend)
{
    if (extend && !grid->has_selection)
        grid->anchor = grid->cursor;
    grid->cursor = offset < grid->size ? offset : last_offset(grid);
    grid->has_selection = extend && grid->size > 0;
    if (!extend)
        grid->anchor = grid->cursor;
}

void hex_grid_move(HexGrid *grid, HexMove move, bool extend)
{
    put_cursor(grid, move_target(grid, move), extend);
    if (move == HEX_MOVE_PAGE_UP || move == HEX_MOVE_PAGE_DOWN)
        (void)hex_grid_scroll(
                grid, move == HEX_MOVE_PAGE_DOWN ? (int64_t)grid->rows : -(int64_t)grid->rows);
    hex_grid_reveal(grid);
}

void hex_grid_move_to(HexGrid *grid, uint64_t offset, bool extend)
{
    put_cursor(grid, offset, extend);
    hex_grid_reveal(grid);
}

void hex_grid_select(HexGrid *grid, uint64_t offset, uint64_t size)
{
    put_cursor(grid, offset, false);
    if (size > 0 && offset < grid->size) {
        grid->anchor = forth_by(grid, grid->cursor, size - 1);
        grid->has_selection = true;
    }
    hex_grid_reveal(grid);
}

HexRange hex_grid_selection(const HexGrid *grid)
{
    if (!grid->has_selection)
        return (HexRange){.offset = grid->cursor};
    uint64_t begin = grid->cursor < grid->anchor ? grid->cursor : grid->anchor;
    uint64_t end = grid->cursor < grid->anchor ? grid->anchor : grid->cursor;
    return (HexRange){begin, end - begin + 1};
}

bool hex_grid_set_top(HexGrid *grid, uint64_t row)
{
    uint64_t before = grid->top;
    uint64_t top_max = hex_grid_top_max(grid);
    grid->top = row < top_max ? row : top_max;
    return grid->top != before;
}

bool hex_grid_scroll(HexGrid *grid, int64_t rows)
{
    uint64_t distance = rows < 0 ? -(uint64_t)rows : (uint64_t)rows;
    if (rows < 0)
        return hex_grid_set_top(grid, back_by(grid->top, distance));
    uint64_t left = hex_grid_top_max(grid) - grid->top;
    return hex_grid_set_top(grid, grid->top + (left < distance ? left : distance));
}

void hex_grid_reveal(HexGrid *grid)
{
    uint64_t row = grid->cursor / grid->per_row;
    if (row >= grid->top && row - grid->top < grid->rows)
        return;
    uint64_t away = row < grid->top ? grid->top - row : row - grid->top - grid->rows + 1;
    if (away > grid->rows)
        (void)hex_grid_set_top(grid, back_by(row, grid->rows / 3));
    else if (row < grid->top)
        (void)hex_grid_set_top(grid, row);
    else
        (void)hex_grid_set_top(grid, row - grid->rows + 1);
}

HexSlider hex_grid_slider(const HexGrid *grid)
{
    uint64_t count = hex_grid_row_count(grid);
    return (HexSlider){.value = (double)grid->top,
            .upper = (double)(count > grid->rows ? count : grid->rows),
            .page = (double)grid->rows};
}

bool hex_grid_follow_slider(HexGrid *grid, double value)
{
    HexSlider slider = hex_grid_slider(grid);
    if (!(value > 0))
        return hex_grid_set_top(grid, 0);
    if (value >= slider.upper - slider.page)
        return hex_grid_set_top(grid, hex_grid_top_max(grid));
    return hex_grid_set_top(grid, (uint64_t)value);
}
