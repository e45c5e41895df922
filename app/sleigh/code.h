/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_CODE_H
#define SLEIGH_CODE_H

#include "objects.h"
#include "symbols.h"

/*
 * What there is to disassemble: the executable parts of an ELF or PE file with its symbols, or all
 * of any other file.
 */
typedef struct CodeRegion {
    char name[64];
    uint64_t address;
    uint64_t offset; /* in the container */
    uint64_t size;
} CodeRegion;

typedef struct Code {
    ProContainer *container;
    struct ProElf *elf; /* or NULL */
    struct ProPe *pe;   /* or NULL */
    CodeRegion *regions;
    size_t region_count;
    Symbols symbols;
    Fixups fixups;                /* of an ELF file that is not linked */
    const char *const *languages; /* ids that fit the machine, the best first; NULL-terminated */
} Code;

/* `path` may be "-": standard input. `base`: the address of a raw file's first byte, what is added
 * to the addresses of an ELF file, or (if not 0) the base of a PE image. */
ProStatus code_open(const char *path, uint64_t base, Code *ret_code, ProError *reterr);
void code_close(Code *code);

#endif
