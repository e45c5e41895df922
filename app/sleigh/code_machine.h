/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_CODE_MACHINE_H
#define SLEIGH_CODE_MACHINE_H

#include <stdbool.h>

/* Ids of languages for a machine, ours and Ghidra's, the best first; NULL-terminated. NULL: the
 * machine is not known. */
const char *const *code_elf_languages(unsigned machine, bool is_64, bool big_endian);
const char *const *code_pe_languages(unsigned machine);

#endif
