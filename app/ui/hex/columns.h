/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_COLUMNS_H
#define UI_HEX_COLUMNS_H

#include "grid.h"

/*
 * The columns of a hex view's row, counted in characters:
 *
 *     00000010  4D 5A 90 00 03 00 00 00  04 00 00 00 FF FF 00 00  MZ..............
 *     address   hex                                               text
 */
typedef struct HexColumns {
    unsigned per_row;
    unsigned digits; /* of the address */
    unsigned hex;    /* where the first byte's digits stand */
    unsigned text;   /* where its character stands */
    unsigned end;
} HexColumns;

enum { HEX_COLUMNS_GAP = 2, HEX_COLUMNS_MAX = 16 + 2 * HEX_COLUMNS_GAP + 5 * HEX_PER_ROW_MAX };

typedef struct HexSpot {
    unsigned byte; /* in the row */
    bool on_text;
} HexSpot;

HexColumns hex_columns(unsigned digits, unsigned per_row);
unsigned hex_columns_byte(const HexColumns *columns, unsigned byte); /* of its first digit */
/* The byte at a column, the nearest one if there is none. */
HexSpot hex_columns_spot(const HexColumns *columns, int column);
/* The most bytes, in whole groups, at least one, that fit `width` columns; at most `limit`. */
unsigned hex_columns_fitting(unsigned digits, unsigned limit, unsigned width);

#endif
