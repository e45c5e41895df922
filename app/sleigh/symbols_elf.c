/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols of an ELF file: its symbol tables (System V ABI, chapter 4), the slots of its relocations
 * (chapter 5), and the entries of the procedure linkage table that jump through them. */
#include "symbols.h"

#include <elf.h>
#include <string.h>

enum {
    PLT_ENTRY_BYTES = 16,
    PLT_ENTRIES_MAX = 1 << 20, /* of all sections; no program has so many */
    JUMP_REACH = 10            /* from an entry's start to its jump's end */
};

/* ---- symbol tables ---- */

static unsigned rank_of(unsigned binding)
{
    return binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2;
}

static bool is_named(const ProElfSymbol *symbol, bool in_code)
{
    unsigned type = symbol->info & 15;
    bool mapping = symbol->name[0] == '$'; /* marks of ARM and RISC-V */
    if (symbol->name[0] == 0 || mapping)
        return false;
    return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT ||
           (type == STT_NOTYPE && in_code);
}

static bool add_tables(
        Symbols *symbols, const ProElf *elf, const uint64_t *addresses, uint64_t base)
{
    size_t count, section_count;
    const ProElfSymbol *table = pro_elf_symbols(elf, &count);
    const ProElfSection *sections = pro_elf_sections(elf, &section_count);
    bool is_object = pro_elf_header(elf)->type == ET_REL;
    for (size_t i = 0; i < count; i++) {
        if (table[i].section == SHN_UNDEF || table[i].section >= section_count)
            continue;
        const ProElfSection *section = &sections[table[i].section];
        bool in_code = (section->flags & SHF_EXECINSTR) != 0;
        if ((section->flags & SHF_ALLOC) == 0 || !is_named(&table[i], in_code))
            continue;
        Symbol symbol = {.name = table[i].name,
                .address = table[i].value + (is_object ? addresses[table[i].section] : base),
                .kind = in_code ? SYMBOL_FUNCTION : SYMBOL_OBJECT,
                .rank = (uint8_t)rank_of(table[i].info >> 4)};
        symbol.end = symbol.address + table[i].size;
        if (in_code && table[i].size == 0)
            symbol.end = addresses[table[i].section] + section->size;
        if (!symbols_add(symbols, symbol))
            return false;
    }
    return true;
}

/* ---- slots ---- */

/* Relocations of pointers to functions and objects of other files. */
static bool fills_slot(unsigned machine, uint32_t type)
{
    switch (machine) {
    case EM_X86_64:
        return type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT;
    case EM_386:
        return type == R_386_GLOB_DAT || type == R_386_JMP_SLOT;
    case EM_AARCH64:
        return type == R_AARCH64_GLOB_DAT || type == R_AARCH64_JUMP_SLOT;
    case EM_ARM:
        return type == R_ARM_GLOB_DAT || type == R_ARM_JUMP_SLOT;
    case EM_RISCV:
        return type == R_RISCV_JUMP_SLOT;
    default:
        return false;
    }
}

static bool add_slots(Symbols *symbols, const ProElf *elf, uint64_t base)
{
    size_t count;
    const ProElfHeader *header = pro_elf_header(elf);
    const ProElfRelocation *relocations = pro_elf_relocations(elf, &count);
    for (size_t i = 0; i < count && header->type != ET_REL; i++) {
        if (relocations[i].name[0] == 0 || !fills_slot(header->machine, relocations[i].type))
            continue;
        uint64_t address = base + relocations[i].offset;
        Symbol symbol = {.address = address,
                .end = address + (header->is_64 ? 8 : 4),
                .name = relocations[i].name,
                .kind = SYMBOL_SLOT};
        if (!symbols_add(symbols, symbol))
            return false;
    }
    return true;
}

/* ---- the procedure linkage table of x86 ---- */

static uint64_t global_offset_table(const ProElf *elf)
{
    size_t count;
    const ProElfDynamic *dynamic = pro_elf_dynamic(elf, &count);
    for (size_t i = 0; i < count; i++)
        if (dynamic[i].tag == DT_PLTGOT)
            return dynamic[i].value;
    return 0;
}

/* What the entries of one table are read with. */
typedef struct Linkage {
    Symbols *symbols;
    Symbols slots; /* what is ordered of them; more is added behind */
    const ProContainer *container;
    const ProElf *elf;
    uint64_t base;
    uint64_t got;
    unsigned left; /* entries that may still be read */
} Linkage;

/* The slot that an entry at `address` jumps through: FF 25 (absolute, or relative to RIP) or FF A3
 * (relative to EBX, which holds the address of the global offset table). False: it does not. */
static bool find_jump(const Linkage *linkage, const uint8_t *bytes, size_t size, uint64_t address,
        uint64_t *ret_slot)
{
    for (size_t at = 0; at + 6 <= size && at + 6 <= JUMP_REACH + 1; at++) {
        if (bytes[at] != 0xFF || (bytes[at + 1] != 0x25 && bytes[at + 1] != 0xA3))
            continue;
        const uint8_t *number = bytes + at + 2;
        uint32_t displacement = number[0] | (uint32_t)number[1] << 8 | (uint32_t)number[2] << 16 |
                                (uint32_t)number[3] << 24;
        uint64_t distance = (uint64_t)(int64_t)(int32_t)displacement;
        if (bytes[at + 1] == 0xA3)
            *ret_slot = (uint32_t)(linkage->got + distance);
        else if (pro_elf_header(linkage->elf)->machine == EM_386)
            *ret_slot = displacement;
        else
            *ret_slot = address + at + 6 + distance;
        return true;
    }
    return false;
}

static const Symbol *slot_at(const Symbols *symbols, uint64_t address)
{
    const Symbol *symbol = symbols_at(symbols, address);
    const Symbol *end = symbols->items + symbols->count;
    while (symbol != NULL && symbol->kind != SYMBOL_SLOT) {
        symbol++;
        if (symbol == end || symbol->address != address)
            symbol = NULL;
    }
    return symbol;
}

static bool add_linkage(Linkage *linkage, const ProElfSection *section)
{
    uint64_t step = section->entry_size == 8 ? 8 : PLT_ENTRY_BYTES;
    uint64_t count = section->size / step;
    for (uint64_t i = 0; i < count && linkage->left > 0; i++, linkage->left--) {
        uint8_t bytes[PLT_ENTRY_BYTES];
        uint64_t slot, place = section->address + i * step;
        if (pro_container_read(linkage->container, section->offset + i * step, bytes, step, NULL) !=
                PRO_OK)
            break; /* the file is shorter */
        if (!find_jump(linkage, bytes, step, place, &slot))
            continue;
        linkage->slots.items = linkage->symbols->items; /* which may have moved */
        const Symbol *filled = slot_at(&linkage->slots, linkage->base + slot);
        if (filled == NULL)
            continue;
        Symbol symbol = {.address = linkage->base + place,
                .end = linkage->base + place + step,
                .name = filled->name,
                .kind = SYMBOL_PLT};
        if (!symbols_add(linkage->symbols, symbol))
            return false;
    }
    return true;
}

static bool add_linkages(
        Symbols *symbols, const ProContainer *container, const ProElf *elf, uint64_t base)
{
    size_t count;
    unsigned machine = pro_elf_header(elf)->machine;
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    if (machine != EM_X86_64 && machine != EM_386)
        return true;
    symbols_sort(symbols);
    Linkage linkage = {.symbols = symbols,
            .slots = *symbols,
            .container = container,
            .elf = elf,
            .base = base,
            .got = global_offset_table(elf),
            .left = PLT_ENTRIES_MAX};
    for (size_t i = 0; i < count; i++)
        if (strncmp(sections[i].name, ".plt", 4) == 0 && sections[i].type == SHT_PROGBITS &&
                !add_linkage(&linkage, &sections[i]))
            return false;
    return true;
}

bool symbols_read_elf(Symbols *symbols, const ProContainer *container, const ProElf *elf,
        const uint64_t *addresses, uint64_t base)
{
    bool good = add_tables(symbols, elf, addresses, base) && add_slots(symbols, elf, base) &&
                add_linkages(symbols, container, elf, base);
    symbols_sort(symbols);
    return good;
}
