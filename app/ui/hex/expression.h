/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_EXPRESSION_H
#define UI_HEX_EXPRESSION_H

#include <promp/status.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a person types to go somewhere: "1F40", "0x400 + 3*10", "+200", "-0n16", "end - 40", "50%".
 *
 *   numbers     hexadecimal, or decimal if `decimal` is set; 0x1F and 1Fh are always hexadecimal,
 *               0n31 always decimal; `_` may stand between digits
 *   + - * ( )   with the usual precedence
 *   + or - in front of all: relative to the cursor
 *   . end start the cursor, the last byte, the first byte (also: $, here)
 *   N% alone    that part of the data, N decimal
 *
 * Numbers are addresses: the base is taken off the sum, unless it is relative or made of names
 * only.
 */

enum { HEX_EXPRESSION_MAX = 256 /* characters */, HEX_EXPRESSION_DEPTH_MAX = 32 };

typedef struct HexPlace {
    uint64_t size; /* bytes of the data */
    uint64_t base; /* the address of offset 0 */
    uint64_t cursor;
    bool decimal;
} HexPlace;

/* PRO_ERR_FORMAT (the text names the character), PRO_ERR_INVALID (it lies outside the data). */
ProStatus hex_expression_offset(
        const char *text, const HexPlace *place, uint64_t *ret_offset, ProError *reterr);

#endif
