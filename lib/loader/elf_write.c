/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/elf_private.h"

#include <string.h>

/* A ProElf as one map. Names are bytes of no known encoding: they are written as bytes. Long tables
 * are lists of tuples. */

static void key(ProWriter *writer, const char *name)
{
    pro_write_text(writer, name, strlen(name));
}

static void bytes_or_nil(ProWriter *writer, const char *value)
{
    if (value == NULL)
        pro_write_nil(writer);
    else
        pro_write_bytes(writer, value, strlen(value));
}

static void write_header(const ProElf *elf, ProWriter *writer)
{
    const ProElfHeader *header = &elf->header;
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
            {"class", header->is_64 ? 64 : 32},
            {"big_endian", header->big_endian},
            {"os_abi", header->os_abi},
            {"abi_version", header->abi_version},
            {"type", header->type},
            {"machine", header->machine},
            {"version", header->version},
            {"entry", header->entry},
            {"segment_offset", header->segment_offset},
            {"section_offset", header->section_offset},
            {"flags", header->flags},
            {"header_size", header->header_size},
            {"segment_entry_size", header->segment_entry_size},
            {"segment_count", header->segment_count},
            {"section_entry_size", header->section_entry_size},
            {"section_count", header->section_count},
            {"name_section", header->name_section},
    };
    key(writer, "header");
    pro_write_map(writer, sizeof fields / sizeof fields[0]);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        key(writer, fields[i].name);
        pro_write_uint(writer, fields[i].value);
    }
    pro_write_end(writer);
}

static void tuple(ProWriter *writer, size_t count, const uint64_t *values)
{
    for (size_t i = 0; i < count; i++)
        pro_write_uint(writer, values[i]);
    pro_write_end(writer);
}

static void write_layout(const ProElf *elf, ProWriter *writer)
{
    key(writer, "sections"); /* name, type, flags, address, offset, size, link, info, alignment,
                                entry */
    pro_write_list(writer, elf->section_count);
    for (size_t i = 0; i < elf->section_count; i++) {
        const ProElfSection *section = &elf->sections[i];
        const uint64_t values[] = {section->type, section->flags, section->address, section->offset,
                section->size, section->link, section->info, section->alignment,
                section->entry_size};
        pro_write_tuple(writer, 10);
        bytes_or_nil(writer, section->name);
        tuple(writer, 9, values);
    }
    pro_write_end(writer);
    key(writer, "segments"); /* type, flags, offset, virtual, physical, file size, memory size,
                                alignment */
    pro_write_list(writer, elf->segment_count);
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ProElfSegment *segment = &elf->segments[i];
        const uint64_t values[] = {segment->type, segment->flags, segment->offset,
                segment->virtual_address, segment->physical_address, segment->file_size,
                segment->memory_size, segment->alignment};
        pro_write_tuple(writer, 8);
        tuple(writer, 8, values);
    }
    pro_write_end(writer);
}

static void write_symbols(const ProElf *elf, ProWriter *writer)
{
    key(writer, "symbols"); /* name, value, size, info, other, section, table */
    pro_write_list(writer, elf->symbol_count);
    for (size_t i = 0; i < elf->symbol_count; i++) {
        const ProElfSymbol *symbol = &elf->symbols[i];
        const uint64_t values[] = {symbol->value, symbol->size, symbol->info, symbol->other,
                symbol->section, symbol->table};
        pro_write_tuple(writer, 7);
        bytes_or_nil(writer, symbol->name);
        tuple(writer, 6, values);
    }
    pro_write_end(writer);
    key(writer, "relocations"); /* name, addend, offset, type, symbol, table */
    pro_write_list(writer, elf->relocation_count);
    for (size_t i = 0; i < elf->relocation_count; i++) {
        const ProElfRelocation *relocation = &elf->relocations[i];
        const uint64_t values[] = {
                relocation->offset, relocation->type, relocation->symbol, relocation->table};
        pro_write_tuple(writer, 6);
        bytes_or_nil(writer, relocation->name);
        pro_write_int(writer, relocation->addend);
        tuple(writer, 4, values);
    }
    pro_write_end(writer);
}

static void write_dynamic(const ProElf *elf, ProWriter *writer)
{
    key(writer, "dynamic"); /* tag, value, text */
    pro_write_list(writer, elf->dynamic_count);
    for (size_t i = 0; i < elf->dynamic_count; i++) {
        pro_write_tuple(writer, 3);
        pro_write_int(writer, elf->dynamic[i].tag);
        pro_write_uint(writer, elf->dynamic[i].value);
        bytes_or_nil(writer, elf->dynamic[i].text);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_notes(const ProElf *elf, ProWriter *writer)
{
    uint8_t id[64];
    key(writer, "notes"); /* name, type, offset, size */
    pro_write_list(writer, elf->note_count);
    for (size_t i = 0; i < elf->note_count; i++) {
        const uint64_t values[] = {elf->notes[i].type, elf->notes[i].offset, elf->notes[i].size};
        pro_write_tuple(writer, 4);
        bytes_or_nil(writer, elf->notes[i].name);
        tuple(writer, 3, values);
    }
    pro_write_end(writer);
    key(writer, "build_id");
    pro_write_bytes(writer, id, pro_elf_build_id(elf, id, sizeof id));
}

static void write_frames(const ProElf *elf, ProWriter *writer)
{
    key(writer, "frames"); /* begin, size, offset */
    pro_write_list(writer, elf->frame_count);
    for (size_t i = 0; i < elf->frame_count; i++) {
        const ProElfFrame *frame = &elf->frames[i];
        const uint64_t values[] = {frame->begin, frame->size, frame->offset};
        pro_write_tuple(writer, 3);
        tuple(writer, 3, values);
    }
    pro_write_end(writer);
}

void pro_elf_write(const ProElf *elf, ProWriter *writer)
{
    pro_write_map(writer, 10);
    write_header(elf, writer);
    write_layout(elf, writer);
    write_symbols(elf, writer);
    write_dynamic(elf, writer);
    write_notes(elf, writer);
    write_frames(elf, writer);
    key(writer, "warnings");
    pro_write_list(writer, elf->warning_count);
    for (size_t i = 0; i < elf->warning_count; i++)
        pro_write_text(writer, elf->warnings[i], strlen(elf->warnings[i]));
    pro_write_end(writer);
    pro_write_end(writer);
}
