/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_GRID_H
#define UI_HEX_GRID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Where the bytes of a hex view stand: rows, the cursor, the selection, the scroll position. Plain
 * arithmetic without a user interface, exact up to PRO_CONTAINER_SIZE_MAX bytes; whatever is asked
 * for ends inside the data.
 *
 * Invariants: the cursor and the anchor are below `size` (0 if there are no bytes); `top` is at
 * most hex_grid_top_max().
 */

enum { HEX_PER_ROW_MAX = 64, HEX_GROUP_BYTES = 8 };

typedef struct HexGrid {
    uint64_t size;      /* bytes */
    uint64_t base;      /* the address of offset 0; addresses wrap at 2^64 */
    unsigned per_row;   /* bytes: 1 to HEX_PER_ROW_MAX */
    unsigned rows;      /* that fit the window as a whole, at least 1 */
    uint64_t top;       /* the first row that is shown */
    uint64_t cursor;    /* an offset */
    uint64_t anchor;    /* the selection's other end */
    bool has_selection; /* both ends belong to it */
} HexGrid;

typedef enum HexMove {
    HEX_MOVE_LEFT,
    HEX_MOVE_RIGHT,
    HEX_MOVE_UP,
    HEX_MOVE_DOWN,
    HEX_MOVE_PAGE_UP,
    HEX_MOVE_PAGE_DOWN,
    HEX_MOVE_ROW_BEGIN,
    HEX_MOVE_ROW_END,
    HEX_MOVE_GROUP_LEFT, /* HEX_GROUP_BYTES */
    HEX_MOVE_GROUP_RIGHT,
    HEX_MOVE_BEGIN,
    HEX_MOVE_END
} HexMove;

typedef struct HexRange {
    uint64_t offset;
    uint64_t size;
} HexRange;

void hex_grid_init(HexGrid *grid, uint64_t size, uint64_t base, unsigned per_row);
/* Keep what is at the top, and the cursor. */
void hex_grid_set_per_row(HexGrid *grid, unsigned per_row);
void hex_grid_set_rows(HexGrid *grid, unsigned rows);

uint64_t hex_grid_row_count(const HexGrid *grid); /* 0 if there are no bytes */
uint64_t hex_grid_top_max(const HexGrid *grid);
/* The part of row `row` that has bytes; size 0 behind the end. */
HexRange hex_grid_row(const HexGrid *grid, uint64_t row);
/* What `rows` rows from the top on show, and a row cut off below. */
HexRange hex_grid_visible(const HexGrid *grid);
unsigned hex_grid_address_digits(const HexGrid *grid); /* 8 to 16, the same for all rows */

/* `extend`: the selection follows; else it goes. The cursor stays in sight. */
void hex_grid_move(HexGrid *grid, HexMove move, bool extend);
void hex_grid_move_to(HexGrid *grid, uint64_t offset, bool extend);
/* Puts the cursor on the first byte; what is beyond the end is cut off. Size 0: no selection. */
void hex_grid_select(HexGrid *grid, uint64_t offset, uint64_t size);
HexRange hex_grid_selection(const HexGrid *grid); /* size 0 if there is none */

/* By rows, downwards if positive; the cursor stays where it is. True if something moved. */
bool hex_grid_scroll(HexGrid *grid, int64_t rows);
bool hex_grid_set_top(HexGrid *grid, uint64_t row);
/* So that the cursor is in sight; as little as possible, or, if it was far away, a third down. */
void hex_grid_reveal(HexGrid *grid);

/*
 * A scroll bar counts in double, which is not exact beyond 2^53 rows: it is shown where the grid
 * is, and what it says is taken only when the person moved it; its end is the end.
 */
typedef struct HexSlider {
    double value;
    double upper;
    double page;
} HexSlider;

HexSlider hex_grid_slider(const HexGrid *grid);
bool hex_grid_follow_slider(HexGrid *grid, double value);

#endif
