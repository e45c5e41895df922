/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

enum { COLUMNS_A_BYTE = 3, COLUMNS_A_GROUP = HEX_GROUP_BYTES * COLUMNS_A_BYTE + 1 };

HexColumns hex_columns(unsigned digits, unsigned per_row)
{
    HexColumns columns = {.per_row = per_row, .digits = digits, .hex = digits + HEX_COLUMNS_GAP};
    columns.text = hex_columns_byte(&columns, per_row - 1) + 2 + HEX_COLUMNS_GAP;
    columns.end = columns.text + per_row;
    return columns;
}

unsigned hex_columns_byte(const HexColumns *columns, unsigned byte)
{
    return columns->hex + byte * COLUMNS_A_BYTE + byte / HEX_GROUP_BYTES;
}

HexSpot hex_columns_spot(const HexColumns *columns, int column)
{
    bool on_text = column >= (int)columns->text - 1;
    int from = column - (int)(on_text ? columns->text : columns->hex);
    if (from < 0)
        from = 0;
    unsigned byte = (unsigned)from;
    if (!on_text) {
        unsigned in_group = byte % COLUMNS_A_GROUP / COLUMNS_A_BYTE;
        byte = byte / COLUMNS_A_GROUP * HEX_GROUP_BYTES +
               (in_group < HEX_GROUP_BYTES ? in_group : HEX_GROUP_BYTES - 1);
    }
    return (HexSpot){byte < columns->per_row ? byte : columns->per_row - 1, on_text};
}

unsigned hex_columns_fitting(unsigned digits, unsigned limit, unsigned width)
{
    unsigned fitting = limit < HEX_GROUP_BYTES ? limit : HEX_GROUP_BYTES;
    for (unsigned count = fitting; count <= limit; count += HEX_GROUP_BYTES)
        if (hex_columns(digits, count).end <= width)
            fitting = count;
    return limit > 0 && hex_columns(digits, limit).end <= width ? limit : fitting;
}
