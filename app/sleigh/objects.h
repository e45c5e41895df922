/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_OBJECTS_H
#define SLEIGH_OBJECTS_H

#include <promp/elf.h>

/*
 * ELF files that are not linked yet (.o): all their sections begin at 0, and what their code refers
 * to is told by relocations alone. Here their sections lie one behind the other.
 */

/* Where each section begins: address by number; the caller frees with free(). NULL: no memory. Of
 * linked files these are the sections' own, `base` added in both cases. */
uint64_t *object_addresses(const ProElf *elf, uint64_t base);

/* What the linker will put at a place: the address of a symbol, and a number added to it. */
typedef struct Fixup {
    uint64_t address; /* stays first: addresses_below() */
    const char *name; /* lent by the file; "": of a section */
    int64_t addend;
    bool from_end; /* counted from the end of the instruction */
} Fixup;

typedef struct Fixups {
    Fixup *items; /* by address */
    size_t count;
} Fixups;

/* None if the file is linked. False: no memory. The caller frees items with free(). */
bool object_fixups(const ProElf *elf, const uint64_t *addresses, Fixups *ret_fixups);

/* The first within `size` bytes from `address` on; NULL: there is none. */
const Fixup *fixups_within(const Fixups *fixups, uint64_t address, uint64_t size);
/* What is added to the symbol's address, if the instruction ends at `end`. */
int64_t fixup_offset(const Fixup *fixup, uint64_t end);

#endif
