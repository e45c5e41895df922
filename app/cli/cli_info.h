/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_INFO_H
#define CLI_CLI_INFO_H

#include <promp/elf.h>
#include <promp/pe.h>
#include <stdio.h>

/* The parts of `promp info`: cli_info.c (arguments), cli_info_text.c (for people), cli_json.c. */

/* Bytes of the UTF-8 character at `bytes`, of which `left` are there; 0 if it is none. */
size_t info_utf8_size(const uint8_t *bytes, size_t left);

/* Names come from hostile files: whatever could move a terminal's cursor is printed as \xNN. */
void info_print_name(const char *name);
void info_print_pe(const ProPe *pe, uint64_t file_size);
void info_print_elf(const ProElf *elf);

/*
 * Prints an encoded value as JSON, without a line's end. Bytes are printed as text: what is no
 * UTF-8 in them as lone surrogates (\udc80 to \udcff), as Python's surrogateescape does; those of
 * the keys "guid" and "build_id" as hexadecimal digits. Lists of the keys that json_columns() knows
 * become objects. False if it is malformed.
 */
bool json_print(ProReader *reader);

#endif
