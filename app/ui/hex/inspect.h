/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_INSPECT_H
#define UI_HEX_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the bytes at the cursor could mean: integers, floats, text, times. Fields come in the order
 * of an enumeration from 0 on.
 */

enum { HEX_INSPECT_BYTES = 64 /* are looked at */, HEX_INSPECT_TEXT_BYTES = 160 };

size_t hex_inspect_count(void);
const char *hex_inspect_name(size_t field);
/* Bytes that the value covers; 0 if that depends on them (text). */
size_t hex_inspect_size(size_t field);
bool hex_inspect_has_order(size_t field); /* does byte order matter? */
/* UTF-8, printable; "" if `size` bytes are too few or mean nothing. */
void hex_inspect_text(size_t field, const uint8_t *data, size_t size, bool big_endian,
        char ret_text[HEX_INSPECT_TEXT_BYTES]);

#endif
