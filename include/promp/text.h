/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_TEXT_H
#define PROMP_TEXT_H

/* Texts of hostile origin. Threads: no state. */

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Copies a text out of a hostile file or process for a person to see: valid UTF-8, without control
 * characters and without those that turn the direction of what follows; each of them becomes one
 * U+FFFD. `keep_lines`: line feeds and tabs stay; else they go too, and it is one line. Ends with a
 * NUL and is cut between characters to fit `capacity` bytes, which is not 0; three times `size` and
 * one are always enough. Returns its length.
 */
PRO_API size_t pro_text_printable(
        char *ret_text, size_t capacity, const void *data, size_t size, bool keep_lines);

#ifdef __cplusplus
}
#endif

#endif
