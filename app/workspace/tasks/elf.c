/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of an ELF file. Numbers and names: System V ABI, "Object Files". */

#include "task.h"

#include <elf.h>
#include <promp/elf.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct Name {
    uint64_t value;
    const char *text;
} Name;

static void cell_name(TaskDocument *document, uint64_t value, const Name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].value == value) {
            task_cell_text(document, names[i].text);
            return;
        }
    task_cell_hex(document, value);
}

static const Name machines[] = {{EM_386, "x86"}, {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},
        {EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"}, {EM_MIPS, "MIPS"}, {EM_PPC, "PowerPC"},
        {EM_PPC64, "PowerPC 64"}, {EM_S390, "S/390"}, {EM_SPARCV9, "SPARC 64"}, {EM_BPF, "BPF"}};
static const Name file_types[] = {{ET_REL, "relocatable"}, {ET_EXEC, "executable"},
        {ET_DYN, "shared or position independent"}, {ET_CORE, "core"}};
static const Name segment_types[] = {{PT_NULL, "NULL"}, {PT_LOAD, "LOAD"}, {PT_DYNAMIC, "DYNAMIC"},
        {PT_INTERP, "INTERP"}, {PT_NOTE, "NOTE"}, {PT_PHDR, "PHDR"}, {PT_TLS, "TLS"},
        {PT_GNU_EH_FRAME, "GNU_EH_FRAME"}, {PT_GNU_STACK, "GNU_STACK"}, {PT_GNU_RELRO, "GNU_RELRO"},
        {0x6474E553, "GNU_PROPERTY"}};
static const Name section_types[] = {{SHT_NULL, "NULL"}, {SHT_PROGBITS, "PROGBITS"},
        {SHT_SYMTAB, "SYMTAB"}, {SHT_STRTAB, "STRTAB"}, {SHT_RELA, "RELA"}, {SHT_HASH, "HASH"},
        {SHT_DYNAMIC, "DYNAMIC"}, {SHT_NOTE, "NOTE"}, {SHT_NOBITS, "NOBITS"}, {SHT_REL, "REL"},
        {SHT_DYNSYM, "DYNSYM"}, {SHT_INIT_ARRAY, "INIT_ARRAY"}, {SHT_FINI_ARRAY, "FINI_ARRAY"},
        {SHT_GNU_HASH, "GNU_HASH"}, {SHT_GNU_verneed, "VERNEED"}, {SHT_GNU_versym, "VERSYM"},
        {SHT_GNU_verdef, "VERDEF"}};
static const Name symbol_types[] = {{STT_NOTYPE, "-"}, {STT_OBJECT, "object"},
        {STT_FUNC, "function"}, {STT_SECTION, "section"}, {STT_FILE, "file"}, {STT_TLS, "TLS"},
        {STT_GNU_IFUNC, "ifunc"}};
static const Name symbol_bindings[] = {
        {STB_LOCAL, "local"}, {STB_GLOBAL, "global"}, {STB_WEAK, "weak"}};
static const Name dynamic_tags[] = {{DT_NEEDED, "NEEDED"}, {DT_SONAME, "SONAME"},
        {DT_RPATH, "RPATH"}, {DT_RUNPATH, "RUNPATH"}, {DT_INIT, "INIT"}, {DT_FINI, "FINI"},
        {DT_INIT_ARRAY, "INIT_ARRAY"}, {DT_INIT_ARRAYSZ, "INIT_ARRAYSZ"},
        {DT_FINI_ARRAY, "FINI_ARRAY"}, {DT_FINI_ARRAYSZ, "FINI_ARRAYSZ"}, {DT_GNU_HASH, "GNU_HASH"},
        {DT_STRTAB, "STRTAB"}, {DT_SYMTAB, "SYMTAB"}, {DT_STRSZ, "STRSZ"}, {DT_SYMENT, "SYMENT"},
        {DT_DEBUG, "DEBUG"}, {DT_PLTGOT, "PLTGOT"}, {DT_PLTRELSZ, "PLTRELSZ"},
        {DT_PLTREL, "PLTREL"}, {DT_JMPREL, "JMPREL"}, {DT_RELA, "RELA"}, {DT_RELASZ, "RELASZ"},
        {DT_RELAENT, "RELAENT"}, {DT_FLAGS, "FLAGS"}, {DT_FLAGS_1, "FLAGS_1"},
        {DT_VERNEED, "VERNEED"}, {DT_VERNEEDNUM, "VERNEEDNUM"}, {DT_VERSYM, "VERSYM"},
        {DT_RELACOUNT, "RELACOUNT"}, {DT_NULL, "NULL"}};

static void cell_flags(TaskDocument *document, uint64_t flags, const char *letters)
{
    char text[8];
    size_t used = 0;
    for (size_t bit = 0; letters[bit] != '\0'; bit++)
        if (flags >> bit & 1)
            text[used++] = letters[bit];
    text[used] = '\0';
    task_cell_text(document, text);
}

/* ---- the header: fields where they lie ---- */

static void header_row(TaskDocument *document, const char *field, uint64_t offset, uint64_t size)
{
    task_row_begin(document, (TaskBytes){offset, size}, 2);
    task_cell_text(document, field);
}

static void write_header(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {"Field", "Value"};
    const ProElfHeader *header = pro_elf_header(elf);
    unsigned wide = header->is_64 ? 8 : 4;
    (void)task_table_begin(document, "ELF header", -1,
            (TaskBytes){0, header->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)}, columns,
            COUNT(columns), 7);
    header_row(document, "Class", EI_CLASS, 1);
    task_cell_text(document, header->is_64 ? "64 bits" : "32 bits");
    task_row_end(document);
    header_row(document, "Byte order", EI_DATA, 1);
    task_cell_text(document, header->big_endian ? "big endian" : "little endian");
    task_row_end(document);
    header_row(document, "OS ABI", EI_OSABI, 1);
    task_cell_hex(document, header->os_abi);
    task_row_end(document);
    header_row(document, "Type", 16, 2);
    cell_name(document, header->type, file_types, COUNT(file_types));
    task_row_end(document);
    header_row(document, "Machine", 18, 2);
    cell_name(document, header->machine, machines, COUNT(machines));
    task_row_end(document);
    header_row(document, "Entry", 24, wide);
    task_cell_hex(document, header->entry);
    task_row_end(document);
    header_row(document, "Flags", 24 + 3 * wide, 4);
    task_cell_hex(document, header->flags);
    task_row_end(document);
    task_table_end(document);
}

/* ---- segments and sections ---- */

static void write_segments(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {
            "Type", "Flags", "Address", "Size in memory", "Offset", "Size in file"};
    size_t count;
    const ProElfSegment *segments = pro_elf_segments(elf, &count);
    (void)task_table_begin(document, "Segments", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(
                document, (TaskBytes){segments[i].offset, segments[i].file_size}, COUNT(columns));
        cell_name(document, segments[i].type, segment_types, COUNT(segment_types));
        cell_flags(document, segments[i].flags, "XWR");
        task_cell_hex(document, segments[i].virtual_address);
        task_cell_hex(document, segments[i].memory_size);
        task_cell_hex(document, segments[i].offset);
        task_cell_hex(document, segments[i].file_size);
        task_row_end(document);
    }
    task_table_end(document);
}

static TaskBytes section_bytes(const ProElfSection *section)
{
    return section->type == SHT_NOBITS ? TASK_NO_BYTES
                                       : (TaskBytes){section->offset, section->size};
}

static void write_sections(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {
            "Name", "Type", "Flags", "Address", "Offset", "Size", "Alignment"};
    size_t count;
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    (void)task_table_begin(document, "Sections", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, section_bytes(&sections[i]), COUNT(columns));
        task_cell_text(document, sections[i].name);
        cell_name(document, sections[i].type, section_types, COUNT(section_types));
        cell_flags(document, sections[i].flags, "WAX");
        task_cell_hex(document, sections[i].address);
        task_cell_hex(document, sections[i].offset);
        task_cell_hex(document, sections[i].size);
        task_cell_hex(document, sections[i].alignment);
        task_row_end(document);
    }
    task_table_end(document);
}

/* ---- what lies at addresses ---- */

/* Where the bytes of an address are, by the segments; sections of a file without any have 0. */
static TaskBytes bytes_at(const ProElf *elf, uint64_t address, uint64_t size)
{
    size_t count;
    const ProElfSegment *segments = pro_elf_segments(elf, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t into = address - segments[i].virtual_address;
        if (segments[i].type == PT_LOAD && address >= segments[i].virtual_address &&
                into < segments[i].file_size)
            return (TaskBytes){segments[i].offset + into, size};
    }
    return TASK_NO_BYTES;
}

static TaskBytes symbol_bytes(const ProElf *elf, const ProElfSymbol *symbol)
{
    size_t count;
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    if (symbol->section == SHN_UNDEF || symbol->section >= count)
        return TASK_NO_BYTES;
    const ProElfSection *section = &sections[symbol->section];
    uint64_t into = symbol->value - section->address; /* 0 in relocatable files */
    if (section->type == SHT_NOBITS || symbol->value < section->address || into >= section->size)
        return TASK_NO_BYTES;
    return (TaskBytes){section->offset + into, symbol->size > 0 ? symbol->size : 1};
}

static void write_symbols(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {"Name", "Value", "Size", "Type", "Binding", "Section"};
    size_t count;
    const ProElfSymbol *symbols = pro_elf_symbols(elf, &count);
    if (count == 0)
        return;
    (void)task_table_begin(document, "Symbols", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, symbol_bytes(elf, &symbols[i]), COUNT(columns));
        task_cell_text(document, symbols[i].name);
        task_cell_hex(document, symbols[i].value);
        task_cell_hex(document, symbols[i].size);
        cell_name(document, symbols[i].info & 15, symbol_types, COUNT(symbol_types));
        cell_name(document, symbols[i].info >> 4, symbol_bindings, COUNT(symbol_bindings));
        if (symbols[i].section == SHN_UNDEF)
            task_cell_text(document, "undefined");
        else
            task_cell_hex(document, symbols[i].section);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_dynamic(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {"Tag", "Value", "Text"};
    size_t count;
    const ProElfDynamic *entries = pro_elf_dynamic(elf, &count);
    if (count == 0)
        return;
    (void)task_table_begin(document, "Dynamic", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, TASK_NO_BYTES, COUNT(columns));
        cell_name(document, (uint64_t)entries[i].tag, dynamic_tags, COUNT(dynamic_tags));
        task_cell_hex(document, entries[i].value);
        task_cell_text(document, entries[i].text);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_relocations(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {"Address", "Type", "Symbol", "Addend"};
    size_t count;
    const ProElfRelocation *relocations = pro_elf_relocations(elf, &count);
    if (count == 0)
        return;
    uint64_t wide = pro_elf_header(elf)->is_64 ? 8 : 4;
    (void)task_table_begin(
            document, "Relocations", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, bytes_at(elf, relocations[i].offset, wide), COUNT(columns));
        task_cell_hex(document, relocations[i].offset);
        task_cell_hex(document, relocations[i].type);
        task_cell_text(document, relocations[i].name);
        task_cell_hex(document, (uint64_t)relocations[i].addend);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_notes(TaskDocument *document, const ProElf *elf)
{
    static const char *const columns[] = {"Owner", "Type", "Size"};
    size_t count;
    const ProElfNote *notes = pro_elf_notes(elf, &count);
    if (count == 0)
        return;
    (void)task_table_begin(document, "Notes", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, (TaskBytes){notes[i].offset, notes[i].size}, COUNT(columns));
        task_cell_text(document, notes[i].name);
        task_cell_hex(document, notes[i].type);
        task_cell_hex(document, notes[i].size);
        task_row_end(document);
    }
    task_table_end(document);
}

static void format_name(const ProElf *elf, char *ret_text, size_t text_bytes)
{
    const ProElfHeader *header = pro_elf_header(elf);
    const char *machine = NULL;
    for (size_t i = 0; i < COUNT(machines); i++)
        if (machines[i].value == header->machine)
            machine = machines[i].text;
    (void)snprintf(ret_text, text_bytes, "ELF, %s bits, %s", header->is_64 ? "64" : "32",
            machine != NULL ? machine : "unknown machine");
}

ProStatus task_write_elf(ProContainer *container, ProWriter *result, ProError *reterr)
{
    ProElf *elf = NULL;
    TaskDocument document;
    char format[80];
    size_t warning_count;
    ProStatus status = pro_elf_open(container, &elf, reterr);
    if (status != PRO_OK)
        return status;
    task_document_begin(&document);
    write_header(&document, elf);
    write_segments(&document, elf);
    write_sections(&document, elf);
    write_symbols(&document, elf);
    write_dynamic(&document, elf);
    write_relocations(&document, elf);
    write_notes(&document, elf);
    format_name(elf, format, sizeof format);
    const char *const *warnings = pro_elf_warnings(elf, &warning_count);
    task_document_end(&document, format, warnings, warning_count, result);
    pro_elf_free(elf);
    return PRO_OK;
}
