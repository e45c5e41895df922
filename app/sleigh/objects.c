/* SPDX-License-Identifier: Apache-2.0 */
#include "objects.h"

#include "addresses.h"

#include <elf.h>
#include <stdlib.h>

enum { ALIGNMENT_MIN = 16, ALIGNMENT_MAX = 4096, SECTION_BYTES_MAX = 1 << 30 };

uint64_t *object_addresses(const ProElf *elf, uint64_t base)
{
    size_t count;
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    bool is_object = pro_elf_header(elf)->type == ET_REL;
    uint64_t *addresses = calloc(count + 1, sizeof *addresses);
    uint64_t next = base;
    for (size_t i = 0; addresses != NULL && i < count; i++) {
        addresses[i] = base + sections[i].address;
        if (!is_object || (sections[i].flags & SHF_ALLOC) == 0)
            continue;
        uint64_t alignment = sections[i].alignment, size = sections[i].size;
        if (alignment < ALIGNMENT_MIN || alignment > ALIGNMENT_MAX ||
                (alignment & (alignment - 1)) != 0)
            alignment = ALIGNMENT_MIN;
        next = (next + alignment - 1) & ~(alignment - 1);
        addresses[i] = next;
        next += size < SECTION_BYTES_MAX ? size : SECTION_BYTES_MAX;
    }
    return addresses;
}

static int compare(const void *left, const void *right)
{
    const Fixup *a = left;
    const Fixup *b = right;
    return a->address == b->address ? 0 : a->address < b->address ? -1 : 1;
}

/* Relocations of x86-64 that are relative to their place, which is at most the last operand but
 * one of an instruction: their addends count from its end (psABI, 4.4.1). */
static bool is_relative(unsigned machine, uint32_t type)
{
    return machine == EM_X86_64 &&
           (type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_GOTPCREL ||
                   type == R_X86_64_GOTPCRELX || type == R_X86_64_REX_GOTPCRELX);
}

bool object_fixups(const ProElf *elf, const uint64_t *addresses, Fixups *ret_fixups)
{
    size_t count, section_count;
    const ProElfRelocation *relocations = pro_elf_relocations(elf, &count);
    const ProElfSection *sections = pro_elf_sections(elf, &section_count);
    const ProElfHeader *header = pro_elf_header(elf);
    Fixups fixups = {0};
    *ret_fixups = fixups;
    if (header->type != ET_REL)
        return true;
    fixups.items = calloc(count + 1, sizeof *fixups.items);
    for (size_t i = 0; fixups.items != NULL && i < count; i++) {
        const ProElfRelocation *relocation = &relocations[i];
        uint32_t table = relocation->table;
        uint32_t target = table < section_count ? sections[table].info : UINT32_MAX;
        if (target < section_count && (sections[target].flags & SHF_EXECINSTR) != 0)
            fixups.items[fixups.count++] =
                    (Fixup){.address = addresses[target] + relocation->offset,
                            .name = relocation->name,
                            .addend = relocation->addend,
                            .from_end = is_relative(header->machine, relocation->type)};
    }
    if (fixups.count > 0)
        qsort(fixups.items, fixups.count, sizeof *fixups.items, compare);
    *ret_fixups = fixups;
    return fixups.items != NULL;
}

const Fixup *fixups_within(const Fixups *fixups, uint64_t address, uint64_t size)
{
    size_t place = addresses_below(fixups->items, fixups->count, sizeof *fixups->items, address);
    bool found = place < fixups->count && fixups->items[place].address - address < size;
    return found ? &fixups->items[place] : NULL;
}

int64_t fixup_offset(const Fixup *fixup, uint64_t end)
{
    uint64_t distance = fixup->from_end ? end - fixup->address : 0;
    return (int64_t)((uint64_t)fixup->addend + distance);
}
