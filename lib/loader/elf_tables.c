/* SPDX-License-Identifier: Apache-2.0 */

/* The tables that sections hold: symbols, dynamic entries, relocations, notes. */

#include "loader/elf_private.h"

#include <elf.h>
#include <string.h>

/* All of one kind of table in the file, so that the array is allocated once. */
static size_t count_entries(
        ProElf *elf, uint32_t type, uint32_t other_type, const size_t entry_sizes[2], size_t max)
{
    size_t total = 0;
    for (size_t i = 0; i < elf->section_count; i++) {
        const ProElfSection *section = &elf->sections[i];
        if (section->type == type)
            total += elf_entries(elf, section, entry_sizes[0], max - total);
        else if (section->type == other_type)
            total += elf_entries(elf, section, entry_sizes[1], max - total);
    }
    return total;
}

void elf_read_symbols(ProElf *elf, const ProElfSection *section, const ProElfSection *strings,
        uint32_t table, size_t limit)
{
    bool wide = elf->header.is_64;
    size_t size = wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    size_t lost = 0;
    for (size_t i = 0; i < section->size / size && elf->symbol_count < limit; i++) {
        uint8_t bytes[sizeof(Elf64_Sym)];
        if (!elf_read(elf, section->offset + i * size, bytes, size))
            return;
        uint32_t name = (uint32_t)elf_integer(elf, bytes, 4);
        const char *text = name == 0 ? "" : elf_string(elf, strings, name);
        lost += text == NULL;
        elf->symbols[elf->symbol_count++] = (ProElfSymbol){
                .name = text == NULL ? "" : text,
                .value = wide ? elf_integer(elf, bytes + 8, 8) : elf_integer(elf, bytes + 4, 4),
                .size = wide ? elf_integer(elf, bytes + 16, 8) : elf_integer(elf, bytes + 8, 4),
                .info = bytes[wide ? 4 : 12],
                .other = bytes[wide ? 5 : 13],
                .section = (uint16_t)elf_integer(elf, bytes + (wide ? 6 : 14), 2),
                .table = table,
        };
    }
    if (lost > 0)
        elf_warn(elf, "%zu names of symbols of %s lie outside the file", lost, section->name);
}

void elf_parse_symbols(ProElf *elf)
{
    size_t size = elf->header.is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    size_t limit = count_entries(
            elf, SHT_SYMTAB, SHT_DYNSYM, (const size_t[]){size, size}, ELF_SYMBOLS_MAX);
    elf->symbols = arena_alloc_array(&elf->arena, limit + 1, sizeof *elf->symbols);
    for (uint32_t i = 0; i < elf->section_count && elf->symbols != NULL; i++)
        if (elf->sections[i].type == SHT_SYMTAB || elf->sections[i].type == SHT_DYNSYM)
            elf_read_symbols(
                    elf, &elf->sections[i], elf_section(elf, elf->sections[i].link), i, limit);
}

void elf_read_dynamic(ProElf *elf, const ProElfSection *section, const ProElfSection *strings)
{
    size_t word = elf->header.is_64 ? 8 : 4;
    size_t count = elf_entries(elf, section, 2 * word, ELF_DYNAMIC_MAX);
    elf->dynamic = arena_alloc_array(&elf->arena, count + 1, sizeof *elf->dynamic);
    for (size_t i = 0; i < count && elf->dynamic != NULL; i++) {
        uint8_t bytes[16];
        if (!elf_read(elf, section->offset + i * 2 * word, bytes, 2 * word))
            return;
        ProElfDynamic entry = {.tag = (int64_t)elf_integer(elf, bytes, word),
                .value = elf_integer(elf, bytes + word, word)};
        if (word == 4)
            entry.tag = (int32_t)entry.tag;
        bool is_text = entry.tag == DT_NEEDED || entry.tag == DT_SONAME || entry.tag == DT_RPATH ||
                       entry.tag == DT_RUNPATH;
        if (is_text && strings != NULL)
            entry.text = elf_string(elf, strings, entry.value);
        elf->dynamic[elf->dynamic_count++] = entry;
        if (entry.tag == DT_NULL)
            return;
    }
}

void elf_parse_dynamic(ProElf *elf)
{
    for (size_t i = 0; i < elf->section_count && elf->dynamic == NULL; i++)
        if (elf->sections[i].type == SHT_DYNAMIC)
            elf_read_dynamic(elf, &elf->sections[i], elf_section(elf, elf->sections[i].link));
}

/* ---- relocations ---- */

/* Where a table's symbols begin in the list of all; the tables were read in the order of sections.
 */
static const ProElfSymbol *symbol_of(const ProElf *elf, uint32_t table, uint32_t index)
{
    size_t low = 0;
    size_t high = elf->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (elf->symbols[middle].table < table)
            low = middle + 1;
        else
            high = middle;
    }
    if (index >= elf->symbol_count - low || elf->symbols[low + index].table != table)
        return NULL;
    return &elf->symbols[low + index];
}

void elf_read_relocations(ProElf *elf, const ProElfSection *section, uint32_t table,
        uint32_t symbol_table, size_t limit)
{
    size_t word = elf->header.is_64 ? 8 : 4;
    bool has_addend = section->type == SHT_RELA;
    size_t size = word * (has_addend ? 3 : 2);
    for (size_t i = 0; i < section->size / size && elf->relocation_count < limit; i++) {
        uint8_t bytes[24];
        if (!elf_read(elf, section->offset + i * size, bytes, size))
            return;
        uint64_t info = elf_integer(elf, bytes + word, word);
        ProElfRelocation relocation = {.offset = elf_integer(elf, bytes, word),
                .type = word == 8 ? (uint32_t)info : (uint32_t)(info & 0xFF),
                .symbol = word == 8 ? (uint32_t)(info >> 32) : (uint32_t)(info >> 8),
                .name = "",
                .table = table};
        if (has_addend)
            relocation.addend = word == 8 ? (int64_t)elf_integer(elf, bytes + 16, 8)
                                          : (int32_t)elf_integer(elf, bytes + 8, 4);
        const ProElfSymbol *symbol = symbol_of(elf, symbol_table, relocation.symbol);
        if (symbol != NULL)
            relocation.name = symbol->name;
        elf->relocations[elf->relocation_count++] = relocation;
    }
}

void elf_parse_relocations(ProElf *elf)
{
    size_t word = elf->header.is_64 ? 8 : 4;
    size_t limit = count_entries(
            elf, SHT_REL, SHT_RELA, (const size_t[]){2 * word, 3 * word}, ELF_RELOCATIONS_MAX);
    elf->relocations = arena_alloc_array(&elf->arena, limit + 1, sizeof *elf->relocations);
    for (uint32_t i = 0; i < elf->section_count && elf->relocations != NULL; i++)
        if (elf->sections[i].type == SHT_REL || elf->sections[i].type == SHT_RELA)
            elf_read_relocations(elf, &elf->sections[i], i, elf->sections[i].link, limit);
}

/* ---- notes ---- */

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static void read_notes(ProElf *elf, const ProElfSection *section)
{
    uint64_t alignment = section->alignment == 8 ? 8 : 4;
    uint64_t offset = 0;
    while (section->size - offset >= 12 && elf->note_count < ELF_NOTES_MAX) {
        uint8_t bytes[12];
        char name[64] = {0};
        if (!elf_read(elf, section->offset + offset, bytes, sizeof bytes))
            return;
        uint32_t name_size = (uint32_t)elf_integer(elf, bytes, 4);
        uint32_t size = (uint32_t)elf_integer(elf, bytes + 4, 4);
        uint64_t description = align_up(offset + 12 + name_size, alignment);
        if (description > section->size || size > section->size - description) {
            elf_warn(elf, "a note in section %s reaches past its end", section->name);
            return;
        }
        size_t kept = name_size < sizeof name ? name_size : sizeof name - 1;
        if (!elf_read(elf, section->offset + offset + 12, name, kept))
            return;
        elf->notes[elf->note_count++] =
                (ProElfNote){.name = arena_copy_text(&elf->arena, name, strnlen(name, kept)),
                        .type = (uint32_t)elf_integer(elf, bytes + 8, 4),
                        .offset = section->offset + description,
                        .size = size};
        offset = align_up(description + size, alignment);
        if (offset > section->size)
            return;
    }
}

/* Segments tell of notes where no section does. */
void elf_parse_notes(ProElf *elf)
{
    elf->notes = arena_alloc_array(&elf->arena, ELF_NOTES_MAX, sizeof *elf->notes);
    for (size_t i = 0; i < elf->section_count && elf->notes != NULL; i++)
        if (elf->sections[i].type == SHT_NOTE)
            read_notes(elf, &elf->sections[i]);
    for (size_t i = 0; i < elf->segment_count && elf->section_count == 0 && elf->notes != NULL;
            i++) {
        const ProElfSegment *segment = &elf->segments[i];
        const ProElfSection notes = {.name = "of notes",
                .offset = segment->offset,
                .size = segment->file_size,
                .alignment = segment->alignment};
        if (segment->type == PT_NOTE)
            read_notes(elf, &notes);
    }
}
