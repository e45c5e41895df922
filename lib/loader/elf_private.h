/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOADER_ELF_PRIVATE_H
#define LOADER_ELF_PRIVATE_H

#include "core/arena.h"

#include <promp/elf.h>

/* The inside of a ProElf: elf.c (header, sections, segments), elf_tables.c (symbols, dynamic,
 * relocations, notes), elf_dynamic.c (what the dynamic segment tells), elf_frames.c (.eh_frame),
 * elf_write.c (as a value). */

/* What a file may make us do. */
enum {
    ELF_SECTIONS_MAX = 1 << 16,
    ELF_SEGMENTS_MAX = 1 << 16,
    ELF_SYMBOLS_MAX = 1 << 21,
    ELF_RELOCATIONS_MAX = 1 << 22,
    ELF_DYNAMIC_MAX = 1 << 16,
    ELF_NOTES_MAX = 1 << 12,
    ELF_FRAMES_MAX = 1 << 21,
    ELF_NAME_MAX = 4096,
    ELF_WARNINGS_MAX = 64,
    ELF_MEMORY_MAX = 512 << 20,
};

struct ProElf {
    ProContainer *file; /* reads small pieces fast */
    Arena arena;
    ProElfHeader header;
    uint64_t section_table, segment_table;
    uint32_t section_entry, segment_entry;
    uint32_t name_section;
    ProElfSection *sections;
    size_t section_count;
    ProElfSegment *segments;
    size_t segment_count;
    ProElfSymbol *symbols;
    size_t symbol_count;
    ProElfDynamic *dynamic;
    size_t dynamic_count;
    ProElfRelocation *relocations;
    size_t relocation_count;
    ProElfNote *notes;
    size_t note_count;
    ProElfFrame *frames;
    size_t frame_count;
    const char *warnings[ELF_WARNINGS_MAX];
    size_t warning_count;
};

void elf_warn(ProElf *elf, const char *format, ...) PRO_PRINTF(2, 3);
bool elf_read(const ProElf *elf, uint64_t offset, void *ret_data, size_t size);
/* An integer of `size` bytes in the file's byte order. */
uint64_t elf_integer(const ProElf *elf, const uint8_t *bytes, size_t size);
/* Text at `index` of a string section; NULL if it lies outside. Lives in the arena. */
const char *elf_string(ProElf *elf, const ProElfSection *strings, uint64_t index);
/* The section with that number, or NULL. */
const ProElfSection *elf_section(const ProElf *elf, uint32_t index);
/* How many entries of `entry_size` a section has in the file, at most `max` (with a warning). */
size_t elf_entries(ProElf *elf, const ProElfSection *section, size_t entry_size, size_t max);

/* The offset of an address and how many bytes of the file lie behind it in its segment. */
uint64_t elf_locate(const ProElf *elf, uint64_t address, uint64_t *ret_left);

void elf_parse_symbols(ProElf *elf);
void elf_parse_dynamic(ProElf *elf);
void elf_parse_relocations(ProElf *elf);
void elf_parse_notes(ProElf *elf);
void elf_parse_frames(ProElf *elf);

/* Tables that no section describes: `section` is made up, `table` is its number or
 * PRO_ELF_NO_SECTION. At most `limit` symbols or relocations in all. */
void elf_read_symbols(ProElf *elf, const ProElfSection *section, const ProElfSection *strings,
        uint32_t table, size_t limit);
/* symbol_table: the number of the table whose symbols they name. */
void elf_read_relocations(ProElf *elf, const ProElfSection *section, uint32_t table,
        uint32_t symbol_table, size_t limit);
void elf_read_dynamic(ProElf *elf, const ProElfSection *section, const ProElfSection *strings);
/* Without a table of sections: dynamic entries, symbols and relocations by the dynamic segment. */
void elf_parse_dynamic_segment(ProElf *elf);

#endif
