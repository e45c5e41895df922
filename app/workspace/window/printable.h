/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_PRINTABLE_H
#define WORKSPACE_PRINTABLE_H

#include <stddef.h>

/*
 * Copies a text out of a hostile file for a person to see: valid UTF-8 in one line, without control
 * characters and without those that turn the direction of what follows; each of them becomes one
 * U+FFFD. Ends with a NUL and is cut between characters to fit `capacity` bytes.
 */
void printable_copy(char *ret_text, size_t capacity, const void *data, size_t size);

#endif
