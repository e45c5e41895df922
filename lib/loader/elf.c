/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/elf_private.h"

#include "container/container.h"
#include "core/error.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void elf_warn(ProElf *elf, const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (elf->warning_count == ELF_WARNINGS_MAX)
        return;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    const char *copy = arena_copy_text(&elf->arena, text, size);
    if (copy != NULL)
        elf->warnings[elf->warning_count++] = copy;
}

bool elf_read(const ProElf *elf, uint64_t offset, void *ret_data, size_t size)
{
    return pro_container_read(elf->file, offset, ret_data, size, NULL) == PRO_OK;
}

uint64_t elf_integer(const ProElf *elf, const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[elf->header.big_endian ? i : size - 1 - i];
    return value;
}

const ProElfSection *elf_section(const ProElf *elf, uint32_t index)
{
    return index < elf->section_count ? &elf->sections[index] : NULL;
}

const char *elf_string(ProElf *elf, const ProElfSection *strings, uint64_t index)
{
    char whole[ELF_NAME_MAX];
    size_t length = 0;
    uint64_t file_size = pro_container_size(elf->file);
    if (strings == NULL || strings->type == SHT_NOBITS || index >= strings->size ||
            strings->offset >= file_size)
        return NULL;
    uint64_t left = strings->size - index;
    if (index >= file_size - strings->offset)
        return NULL;
    if (left > file_size - strings->offset - index)
        left = file_size - strings->offset - index;
    while (length < sizeof whole && left > 0) {
        size_t piece = left < 64 ? (size_t)left : 64;
        if (piece > sizeof whole - length)
            piece = sizeof whole - length;
        if (!elf_read(elf, strings->offset + index + length, whole + length, piece))
            return NULL;
        size_t here = strnlen(whole + length, piece);
        length += here;
        left -= piece;
        if (here < piece)
            break;
    }
    return arena_copy_text(&elf->arena, whole, length);
}

size_t elf_entries(ProElf *elf, const ProElfSection *section, size_t entry_size, size_t max)
{
    uint64_t file_size = pro_container_size(elf->file);
    uint64_t count = section->size / entry_size;
    uint64_t left = section->offset < file_size ? file_size - section->offset : 0;
    if (count > left / entry_size || count > max) {
        elf_warn(elf, "section %s announces %" PRIu64 " entries; %" PRIu64 " are read",
                section->name, count, left / entry_size < max ? left / entry_size : max);
        count = left / entry_size < max ? left / entry_size : max;
    }
    return (size_t)count;
}

static ProStatus read_header(
        ProElf *elf, uint64_t *ret_sections, uint64_t *ret_segments, ProError *reterr)
{
    uint8_t bytes[sizeof(Elf64_Ehdr)] = {0};
    ProElfHeader *header = &elf->header;
    if (!elf_read(elf, 0, bytes, EI_NIDENT) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return error_set(reterr, PRO_ERR_FORMAT, "no ELF file: it does not begin with 7F 45 4C 46");
    if ((bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64) ||
            (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB))
        return error_set(reterr, PRO_ERR_FORMAT,
                "no ELF file: class %u and byte order %u are unknown", bytes[EI_CLASS],
                bytes[EI_DATA]);
    header->is_64 = bytes[EI_CLASS] == ELFCLASS64;
    header->big_endian = bytes[EI_DATA] == ELFDATA2MSB;
    header->os_abi = bytes[EI_OSABI];
    header->abi_version = bytes[EI_ABIVERSION];
    size_t word = header->is_64 ? 8 : 4;
    if (!elf_read(elf, 0, bytes, header->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return error_set(reterr, PRO_ERR_FORMAT, "the ELF file ends in its header");
    header->type = (uint16_t)elf_integer(elf, bytes + 16, 2);
    header->machine = (uint16_t)elf_integer(elf, bytes + 18, 2);
    header->version = (uint32_t)elf_integer(elf, bytes + 20, 4);
    header->entry = elf_integer(elf, bytes + 24, word);
    header->segment_offset = elf_integer(elf, bytes + 24 + word, word);
    header->section_offset = elf_integer(elf, bytes + 24 + 2 * word, word);
    const uint8_t *rest = bytes + 24 + 3 * word;
    header->flags = (uint32_t)elf_integer(elf, rest, 4);
    uint16_t *const halves[] = {&header->header_size, &header->segment_entry_size,
            &header->segment_count, &header->section_entry_size, &header->section_count,
            &header->name_section};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++)
        *halves[i] = (uint16_t)elf_integer(elf, rest + 4 + 2 * i, 2);
    elf->segment_table = header->segment_offset;
    elf->section_table = header->section_offset;
    elf->segment_entry = header->segment_entry_size;
    elf->section_entry = header->section_entry_size;
    elf->name_section = header->name_section;
    *ret_segments = header->segment_count;
    *ret_sections = header->section_count;
    return PRO_OK;
}

static bool read_section(ProElf *elf, uint64_t index, ProElfSection *section, uint32_t *ret_name)
{
    uint8_t bytes[sizeof(Elf64_Shdr)];
    size_t word = elf->header.is_64 ? 8 : 4;
    size_t size = elf->header.is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    uint64_t offset = index * elf->section_entry;
    if (elf->section_entry < size || elf->section_table > UINT64_MAX - offset ||
            !elf_read(elf, elf->section_table + offset, bytes, size))
        return false;
    const uint8_t *next = bytes + 8;
    *ret_name = (uint32_t)elf_integer(elf, bytes, 4);
    *section = (ProElfSection){.name = "", .type = (uint32_t)elf_integer(elf, bytes + 4, 4)};
    section->flags = elf_integer(elf, next, word);
    section->address = elf_integer(elf, next + word, word);
    section->offset = elf_integer(elf, next + 2 * word, word);
    section->size = elf_integer(elf, next + 3 * word, word);
    section->link = (uint32_t)elf_integer(elf, next + 4 * word, 4);
    section->info = (uint32_t)elf_integer(elf, next + 4 * word + 4, 4);
    section->alignment = elf_integer(elf, next + 4 * word + 8, word);
    section->entry_size = elf_integer(elf, next + 5 * word + 8, word);
    return true;
}

/* With more than fits the header, the first section's fields hold the counts. */
static void read_sections(ProElf *elf, uint64_t count, uint64_t *segment_count)
{
    ProElfSection first;
    uint32_t name;
    if (elf->section_table == 0)
        return;
    if (!read_section(elf, 0, &first, &name)) {
        elf_warn(elf, "the table of sections at 0x%" PRIx64 " lies outside the file",
                elf->section_table);
        return;
    }
    if (count == 0)
        count = first.size;
    if (elf->name_section == SHN_XINDEX)
        elf->name_section = first.link;
    if (*segment_count == PN_XNUM)
        *segment_count = first.info;
    uint64_t possible = (pro_container_size(elf->file) - elf->section_table) / elf->section_entry;
    if (count > possible || count > ELF_SECTIONS_MAX) {
        elf_warn(elf, "%" PRIu64 " sections are announced; there is room for %" PRIu64, count,
                possible);
        count = possible < ELF_SECTIONS_MAX ? possible : ELF_SECTIONS_MAX;
    }
    elf->sections = arena_alloc_array(&elf->arena, (size_t)count + 1, sizeof *elf->sections);
    uint32_t *names = arena_alloc_array(&elf->arena, (size_t)count + 1, sizeof *names);
    if (elf->sections == NULL || names == NULL)
        return;
    while (elf->section_count < count &&
            read_section(elf, elf->section_count, &elf->sections[elf->section_count],
                    &names[elf->section_count]))
        elf->section_count++;
    for (size_t i = 0; i < elf->section_count; i++) {
        const char *text = elf_string(elf, elf_section(elf, elf->name_section), names[i]);
        if (text != NULL)
            elf->sections[i].name = text;
        else if (names[i] != 0)
            elf_warn(elf, "the name of section %zu lies outside the file", i);
    }
}

static void read_segments(ProElf *elf, uint64_t count)
{
    size_t word = elf->header.is_64 ? 8 : 4;
    size_t size = elf->header.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (elf->segment_table == 0 || count == 0)
        return;
    if (count > ELF_SEGMENTS_MAX || elf->segment_entry < size) {
        elf_warn(elf, "%" PRIu64 " segments of %u bytes are announced", count, elf->segment_entry);
        return;
    }
    elf->segments = arena_alloc_array(&elf->arena, (size_t)count, sizeof *elf->segments);
    for (uint64_t i = 0; i < count && elf->segments != NULL; i++) {
        uint8_t bytes[sizeof(Elf64_Phdr)];
        uint64_t offset = i * elf->segment_entry;
        if (elf->segment_table > UINT64_MAX - offset ||
                !elf_read(elf, elf->segment_table + offset, bytes, size)) {
            elf_warn(elf, "segment %" PRIu64 " of %" PRIu64 " lies outside the file", i, count);
            return;
        }
        /* The flags stand second with 64 bits, second to last with 32. */
        const uint8_t *next = bytes + word;
        elf->segments[elf->segment_count++] = (ProElfSegment){
                .type = (uint32_t)elf_integer(elf, bytes, 4),
                .flags = (uint32_t)elf_integer(elf, bytes + (elf->header.is_64 ? 4 : 24), 4),
                .offset = elf_integer(elf, next, word),
                .virtual_address = elf_integer(elf, next + word, word),
                .physical_address = elf_integer(elf, next + 2 * word, word),
                .file_size = elf_integer(elf, next + 3 * word, word),
                .memory_size = elf_integer(elf, next + 4 * word, word),
                .alignment = elf_integer(elf, bytes + size - word, word),
        };
    }
}

static ProStatus parse(ProElf *elf, ProError *reterr)
{
    uint64_t sections = 0;
    uint64_t segments = 0;
    ProStatus status = read_header(elf, &sections, &segments, reterr);
    if (status != PRO_OK)
        return status;
    read_sections(elf, sections, &segments);
    read_segments(elf, segments);
    if (elf->section_count > 0) {
        elf_parse_symbols(elf);
        elf_parse_dynamic(elf);
        elf_parse_relocations(elf);
    } else {
        elf_parse_dynamic_segment(elf);
    }
    elf_parse_notes(elf);
    elf_parse_frames(elf);
    return PRO_OK;
}

ProStatus pro_elf_open(ProContainer *container, ProElf **ret_elf, ProError *reterr)
{
    ProElf *elf = calloc(1, sizeof *elf);
    if (elf == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an ELF file");
    arena_init(&elf->arena, ELF_MEMORY_MAX);
    ProStatus status = container_cached(container, &elf->file, reterr);
    if (status == PRO_OK)
        status = parse(elf, reterr);
    if (status != PRO_OK) {
        pro_elf_free(elf);
        return status;
    }
    *ret_elf = elf;
    return PRO_OK;
}

void pro_elf_free(ProElf *elf)
{
    if (elf == NULL)
        return;
    pro_container_unref(elf->file);
    arena_fini(&elf->arena);
    free(elf);
}

const ProElfHeader *pro_elf_header(const ProElf *elf)
{
    return &elf->header;
}

uint64_t elf_locate(const ProElf *elf, uint64_t address, uint64_t *ret_left)
{
    uint64_t file_size = pro_container_size(elf->file);
    *ret_left = 0;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ProElfSegment *segment = &elf->segments[i];
        uint64_t delta = address - segment->virtual_address;
        if (segment->type != PT_LOAD || address < segment->virtual_address ||
                delta >= segment->file_size || segment->offset >= file_size ||
                delta >= file_size - segment->offset)
            continue;
        *ret_left = segment->file_size - delta;
        if (*ret_left > file_size - segment->offset - delta)
            *ret_left = file_size - segment->offset - delta;
        return segment->offset + delta;
    }
    return PRO_ELF_NO_OFFSET;
}

uint64_t pro_elf_address_to_offset(const ProElf *elf, uint64_t address)
{
    uint64_t left;
    return elf_locate(elf, address, &left);
}

size_t pro_elf_build_id(const ProElf *elf, uint8_t *ret_id, size_t capacity)
{
    for (size_t i = 0; i < elf->note_count; i++) {
        const ProElfNote *note = &elf->notes[i];
        if (note->type != NT_GNU_BUILD_ID || strcmp(note->name, "GNU") != 0)
            continue;
        size_t size = note->size < capacity ? note->size : capacity;
        return elf_read(elf, note->offset, ret_id, size) ? size : 0;
    }
    return 0;
}

#define LIST_GETTER(type, name, count)                                                             \
    type pro_elf_##name(const ProElf *elf, size_t *ret_count)                                      \
    {                                                                                              \
        *ret_count = elf->count;                                                                   \
        return elf->name;                                                                          \
    }

LIST_GETTER(const ProElfSection *, sections, section_count)
LIST_GETTER(const ProElfSegment *, segments, segment_count)
LIST_GETTER(const ProElfSymbol *, symbols, symbol_count)
LIST_GETTER(const ProElfDynamic *, dynamic, dynamic_count)
LIST_GETTER(const ProElfRelocation *, relocations, relocation_count)
LIST_GETTER(const ProElfNote *, notes, note_count)
LIST_GETTER(const ProElfFrame *, frames, frame_count)
LIST_GETTER(const char *const *, warnings, warning_count)
