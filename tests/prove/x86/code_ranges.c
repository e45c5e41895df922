/* SPDX-License-Identifier: Apache-2.0 */
#include "code_ranges.h"

#include <promp/elf.h>
#include <promp/pe.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS_MAX = 4096, PE_EXECUTABLE = 0x20000000, PE_I386 = 0x14C, PE_AMD64 = 0x8664 };

typedef struct Section {
    uint64_t address;
    uint64_t size;
    uint64_t offset;
} Section;

typedef struct Builder {
    CodeRanges *ranges;
    Section sections[SECTIONS_MAX]; /* executable ones */
    size_t count;
    bool failed; /* no memory */
} Builder;

static void add_section(Builder *builder, uint64_t address, uint64_t size, uint64_t offset)
{
    if (builder->count < SECTIONS_MAX && size > 0)
        builder->sections[builder->count++] = (Section){address, size, offset};
}

static void add_range(void *data, uint64_t address, uint64_t size)
{
    Builder *builder = data;
    CodeRanges *ranges = builder->ranges;
    const Section *section = NULL;
    for (size_t i = 0; i < builder->count && section == NULL; i++)
        if (address - builder->sections[i].address < builder->sections[i].size)
            section = &builder->sections[i];
    if (section == NULL)
        return;
    if (ranges->count == ranges->capacity) {
        size_t capacity = ranges->capacity == 0 ? 4096 : ranges->capacity * 2;
        CodeRange *grown = realloc(ranges->ranges, capacity * sizeof *grown);
        if (grown == NULL) {
            builder->failed = true;
            return;
        }
        ranges->ranges = grown;
        ranges->capacity = capacity;
    }
    uint64_t left = section->size - (address - section->address);
    ranges->ranges[ranges->count++] = (CodeRange){.address = address,
            .size = size < left ? size : left,
            .offset = section->offset + (address - section->address),
            .section_end = section->address + section->size};
}

/* ---- ELF ---- */

static void read_elf_eh_frame(
        const ProElf *elf, ProContainer *file, const ProElfSection *section, Builder *builder)
{
    uint8_t *bytes = malloc(section->size + 1);
    if (bytes != NULL &&
            pro_container_read(file, section->offset, bytes, section->size, NULL) == PRO_OK)
        eh_frame_read(bytes, section->size, section->address, pro_elf_header(elf)->is_64, add_range,
                builder);
    free(bytes);
}

static const char *read_elf(const ProElf *elf, ProContainer *file, Builder *builder)
{
    const ProElfHeader *header = pro_elf_header(elf);
    size_t section_count, symbol_count;
    const ProElfSection *sections = pro_elf_sections(elf, &section_count);
    const ProElfSymbol *symbols = pro_elf_symbols(elf, &symbol_count);
    if (header->machine != EM_X86_64 && header->machine != EM_386)
        return "not x86";
    builder->ranges->wide = header->machine == EM_X86_64;
    for (size_t i = 0; i < section_count; i++)
        if (sections[i].type == SHT_PROGBITS && (sections[i].flags & SHF_EXECINSTR) != 0 &&
                sections[i].offset <= pro_container_size(file) &&
                sections[i].size <= pro_container_size(file) - sections[i].offset)
            add_section(builder, sections[i].address, sections[i].size, sections[i].offset);
    for (size_t i = 0; i < symbol_count; i++)
        if (((symbols[i].info & 15) == STT_FUNC || (symbols[i].info & 15) == STT_GNU_IFUNC) &&
                symbols[i].section != SHN_UNDEF && header->type != ET_REL)
            add_range(builder, symbols[i].value, symbols[i].size);
    for (size_t i = 0; i < section_count; i++)
        if (strcmp(sections[i].name, ".eh_frame") == 0 && sections[i].type != SHT_NOBITS &&
                sections[i].size <= pro_container_size(file))
            read_elf_eh_frame(elf, file, &sections[i], builder);
    return header->type == ET_REL ? "an object file: its addresses overlap" : NULL;
}

/* ---- PE ---- */

static const char *read_pe(const ProPe *pe, Builder *builder)
{
    const ProPeHeaders *headers = pro_pe_headers(pe);
    size_t count;
    if (headers->machine != PE_AMD64 && headers->machine != PE_I386)
        return "not x86";
    builder->ranges->wide = headers->machine == PE_AMD64;
    const ProPeSection *sections = pro_pe_sections(pe, &count);
    for (size_t i = 0; i < count; i++)
        if ((sections[i].characteristics & PE_EXECUTABLE) != 0) {
            uint32_t size = sections[i].raw_size < sections[i].virtual_size
                                    ? sections[i].raw_size
                                    : sections[i].virtual_size;
            add_section(builder, headers->image_base + sections[i].virtual_address, size,
                    sections[i].raw_offset);
        }
    const ProPeException *exceptions = pro_pe_exceptions(pe, &count);
    for (size_t i = 0; i < count; i++)
        if (exceptions[i].end_rva > exceptions[i].begin_rva)
            add_range(builder, headers->image_base + exceptions[i].begin_rva,
                    exceptions[i].end_rva - exceptions[i].begin_rva);
    const ProPeExport *exports = pro_pe_exports(pe, &count);
    for (size_t i = 0; i < count; i++)
        if (exports[i].forwarder == NULL)
            add_range(builder, headers->image_base + exports[i].rva, 0);
    if (headers->entry_rva != 0)
        add_range(builder, headers->image_base + headers->entry_rva, 0);
    return NULL;
}

/* ---- all ---- */

static int compare_ranges(const void *left, const void *right)
{
    const CodeRange *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return a->size > b->size ? -1 : a->size < b->size;
}

/* Gives every range a size and cuts off what an earlier one covers. */
static void settle(CodeRanges *ranges)
{
    size_t kept = 0;
    uint64_t covered = 0;
    if (ranges->count > 0)
        qsort(ranges->ranges, ranges->count, sizeof *ranges->ranges, compare_ranges);
    for (size_t i = 0; i < ranges->count; i++) {
        CodeRange range = ranges->ranges[i];
        if (range.size == 0) {
            size_t next = i + 1;
            while (next < ranges->count && ranges->ranges[next].address == range.address)
                next++;
            uint64_t end = range.section_end;
            if (next < ranges->count && ranges->ranges[next].address < end)
                end = ranges->ranges[next].address;
            range.size = end - range.address;
        }
        uint64_t end = range.address + range.size;
        if (end <= covered)
            continue;
        if (range.address < covered) {
            range.offset += covered - range.address;
            range.size = end - covered;
            range.address = covered;
        }
        covered = end;
        ranges->ranges[kept++] = range;
    }
    ranges->count = kept;
}

static bool read_ranges(
        ProContainer *file, CodeRanges *ret_ranges, const char **ret_reason, ProError *error)
{
    static Builder builder;
    ProElf *elf = NULL;
    ProPe *pe = NULL;
    const char *reason;
    *ret_ranges = (CodeRanges){0};
    builder = (Builder){.ranges = ret_ranges};
    if (pro_elf_open(file, &elf, error) == PRO_OK)
        reason = read_elf(elf, file, &builder);
    else if (pro_pe_open(file, &pe, error) == PRO_OK)
        reason = read_pe(pe, &builder);
    else
        reason = "neither ELF nor PE";
    pro_elf_free(elf);
    pro_pe_free(pe);
    if (builder.failed)
        reason = "no memory";
    settle(ret_ranges);
    *ret_reason = reason;
    return reason == NULL;
}

/* A file may be shorter than its sections. */
static void drop_what_is_not_there(CodeRanges *ranges, uint64_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        const CodeRange *range = &ranges->ranges[i];
        if (range->offset + (range->section_end - range->address) <= size)
            ranges->ranges[kept++] = *range;
    }
    ranges->count = kept;
}

bool code_file_open(CodeFile *ret_file, const char *path)
{
    ProContainer *file = NULL;
    ProError error = {0};
    const char *reason = error.text;
    *ret_file = (CodeFile){0};
    bool opened = pro_container_open_file(path, 0, &file, &error) == PRO_OK &&
                  pro_container_copy(file, NULL, &ret_file->file, &error) == PRO_OK &&
                  read_ranges(ret_file->file, &ret_file->ranges, &reason, &error);
    pro_container_unref(file);
    if (!opened) {
        (void)printf("S\t%s\t%s\n", path, reason);
        return false;
    }
    ret_file->bytes = pro_container_data(ret_file->file);
    drop_what_is_not_there(&ret_file->ranges, pro_container_size(ret_file->file));
    return true;
}

void code_file_close(CodeFile *file)
{
    free(file->ranges.ranges);
    pro_container_unref(file->file);
}
