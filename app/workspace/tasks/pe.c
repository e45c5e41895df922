/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of a PE file. Numbers and names: Microsoft, "PE Format". */

#include "task.h"

#include <promp/pe.h>
#include <stdio.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { MODULE_TABLES_MAX = 4096, OPTIONAL_HEADER = 24 /* from the signature on */ };

static const struct {
    uint16_t value;
    const char *text;
} machines[] = {{0x14C, "x86"}, {0x8664, "x86-64"}, {0x1C0, "ARM"}, {0x1C4, "ARM Thumb"},
        {0xAA64, "AArch64"}, {0x5064, "RISC-V 64"}, {0x200, "Itanium"}};

static const char *machine_text(uint16_t machine)
{
    for (size_t i = 0; i < COUNT(machines); i++)
        if (machines[i].value == machine)
            return machines[i].text;
    return "unknown machine";
}

static TaskBytes bytes_at(const ProPe *pe, uint32_t rva, uint64_t size)
{
    uint64_t offset = pro_pe_rva_to_offset(pe, rva);
    return offset == PRO_PE_NO_OFFSET || rva == 0 ? TASK_NO_BYTES : (TaskBytes){offset, size};
}

/* ---- headers ---- */

typedef struct Field {
    const char *name;
    uint64_t offset;
    unsigned size;
    uint64_t value;
} Field;

static void write_time(TaskDocument *document, uint32_t stamp)
{
    struct tm parts;
    time_t time = stamp;
    char text[40] = "";
    if (gmtime_r(&time, &parts) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    task_cell_text(document, text);
}

static void write_headers(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Field", "Value", "Meaning"};
    const ProPeHeaders *header = pro_pe_headers(pe);
    uint64_t file = header->pe_offset;
    uint64_t optional = file + OPTIONAL_HEADER;
    bool plus = header->magic == 0x20B;
    const Field fields[] = {{"Machine", file + 4, 2, header->machine},
            {"Sections", file + 6, 2, header->section_count},
            {"Time stamp", file + 8, 4, header->time_stamp},
            {"Characteristics", file + 22, 2, header->characteristics},
            {"Magic", optional, 2, header->magic},
            {"Entry point", optional + 16, 4, header->entry_rva},
            {"Image base", optional + (plus ? 24 : 28), plus ? 8 : 4, header->image_base},
            {"Section alignment", optional + 32, 4, header->section_alignment},
            {"File alignment", optional + 36, 4, header->file_alignment},
            {"Image size", optional + 56, 4, header->image_size},
            {"Headers' size", optional + 60, 4, header->headers_size},
            {"Checksum", optional + 64, 4, header->checksum},
            {"Subsystem", optional + 68, 2, header->subsystem},
            {"DLL characteristics", optional + 70, 2, header->dll_characteristics}};
    (void)task_table_begin(document, "Headers", -1, (TaskBytes){file, OPTIONAL_HEADER + 72},
            columns, COUNT(columns), COUNT(fields));
    for (size_t i = 0; i < COUNT(fields); i++) {
        task_row_begin(document, (TaskBytes){fields[i].offset, fields[i].size}, COUNT(columns));
        task_cell_text(document, fields[i].name);
        task_cell_hex(document, fields[i].value);
        if (i == 0)
            task_cell_text(document, machine_text(header->machine));
        else if (i == 2)
            write_time(document, header->time_stamp);
        else
            task_cell_text(document, "");
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_sections(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {
            "Name", "Address", "Size in memory", "Offset", "Size in file", "Flags"};
    size_t count;
    const ProPeSection *sections = pro_pe_sections(pe, &count);
    (void)task_table_begin(document, "Sections", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, (TaskBytes){sections[i].raw_offset, sections[i].raw_size},
                COUNT(columns));
        task_cell_text(document, sections[i].name);
        task_cell_hex(document, sections[i].virtual_address);
        task_cell_hex(document, sections[i].virtual_size);
        task_cell_hex(document, sections[i].raw_offset);
        task_cell_hex(document, sections[i].raw_size);
        task_cell_hex(document, sections[i].characteristics);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_directories(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Directory", "Address", "Size"};
    static const char *const names[PRO_PE_DIRECTORIES] = {"Exports", "Imports", "Resources",
            "Exceptions", "Certificates", "Relocations", "Debug", "Architecture", "Global pointer",
            "TLS", "Load configuration", "Bound imports", "Import addresses", "Delayed imports",
            "CLR", "Reserved"};
    size_t count = pro_pe_headers(pe)->directory_count;
    (void)task_table_begin(
            document, "Directories", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        ProPeDirectory directory = pro_pe_directory(pe, i);
        TaskBytes bytes = i == PRO_PE_CERTIFICATES ? (TaskBytes){directory.rva, directory.size}
                                                   : bytes_at(pe, directory.rva, directory.size);
        task_row_begin(document, bytes, COUNT(columns));
        task_cell_text(document, names[i]);
        task_cell_hex(document, directory.rva);
        task_cell_hex(document, directory.size);
        task_row_end(document);
    }
    task_table_end(document);
}

/* ---- imports and exports ---- */

static void write_module(
        TaskDocument *document, const ProPe *pe, const ProPeImport *module, int parent)
{
    static const char *const columns[] = {"Function", "Ordinal or hint", "Slot"};
    unsigned wide = pro_pe_headers(pe)->magic == 0x20B ? 8 : 4;
    (void)task_table_begin(document, module->module, parent,
            (TaskBytes){module->descriptor_offset, 20}, columns, COUNT(columns),
            module->function_count);
    for (size_t i = 0; i < module->function_count; i++) {
        const ProPeFunction *function = &module->functions[i];
        task_row_begin(document, bytes_at(pe, function->slot_rva, wide), COUNT(columns));
        if (function->name != NULL)
            task_cell_text(document, function->name);
        else
            task_cell_format(document, "#%u", function->ordinal);
        task_cell_hex(document, function->ordinal);
        task_cell_hex(document, function->slot_rva);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_imports(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Module", "Functions", "Kind"};
    size_t count;
    const ProPeImport *imports = pro_pe_imports(pe, &count);
    if (count == 0)
        return;
    int parent = task_table_begin(
            document, "Imports", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, (TaskBytes){imports[i].descriptor_offset, 20}, COUNT(columns));
        task_cell_text(document, imports[i].module);
        task_cell_format(document, "%zu", imports[i].function_count);
        task_cell_text(document, imports[i].delayed ? "delayed" : "");
        task_row_end(document);
    }
    task_table_end(document);
    for (size_t i = 0; i < count && i < MODULE_TABLES_MAX; i++)
        write_module(document, pe, &imports[i], parent);
}

static void write_exports(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Name", "Ordinal", "Address", "Forwarded to"};
    size_t count;
    const ProPeExport *exports = pro_pe_exports(pe, &count);
    if (count == 0)
        return;
    (void)task_table_begin(document, "Exports", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, bytes_at(pe, exports[i].rva, 1), COUNT(columns));
        task_cell_text(document, exports[i].name);
        task_cell_format(document, "%u", exports[i].ordinal);
        task_cell_hex(document, exports[i].rva);
        task_cell_text(document, exports[i].forwarder);
        task_row_end(document);
    }
    task_table_end(document);
}

/* ---- the rest ---- */

static void write_resources(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Type", "Id", "Language", "Address", "Size"};
    size_t count;
    const ProPeResource *resources = pro_pe_resources(pe, &count);
    if (count == 0)
        return;
    (void)task_table_begin(
            document, "Resources", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, bytes_at(pe, resources[i].rva, resources[i].size), COUNT(columns));
        task_cell_hex(document, resources[i].type);
        task_cell_hex(document, resources[i].id);
        task_cell_hex(document, resources[i].language);
        task_cell_hex(document, resources[i].rva);
        task_cell_hex(document, resources[i].size);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_debug(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Type", "Address", "Offset", "Size", "PDB"};
    size_t count;
    const ProPeDebug *entries = pro_pe_debug(pe, &count);
    if (count == 0)
        return;
    (void)task_table_begin(document, "Debug", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, (TaskBytes){entries[i].offset, entries[i].size}, COUNT(columns));
        task_cell_hex(document, entries[i].type);
        task_cell_hex(document, entries[i].rva);
        task_cell_hex(document, entries[i].offset);
        task_cell_hex(document, entries[i].size);
        task_cell_text(document, entries[i].pdb);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_exceptions(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Begin", "End", "Unwind data"};
    size_t count;
    const ProPeException *entries = pro_pe_exceptions(pe, &count);
    if (count == 0)
        return;
    (void)task_table_begin(
            document, "Exceptions", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        uint64_t size = entries[i].end_rva > entries[i].begin_rva
                                ? entries[i].end_rva - entries[i].begin_rva
                                : 1;
        task_row_begin(document, bytes_at(pe, entries[i].begin_rva, size), COUNT(columns));
        task_cell_hex(document, entries[i].begin_rva);
        task_cell_hex(document, entries[i].end_rva);
        task_cell_hex(document, entries[i].unwind_rva);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_relocations(TaskDocument *document, const ProPe *pe)
{
    static const char *const columns[] = {"Address", "Type"};
    size_t count;
    const ProPeRelocation *relocations = pro_pe_relocations(pe, &count);
    if (count == 0)
        return;
    unsigned wide = pro_pe_headers(pe)->magic == 0x20B ? 8 : 4;
    (void)task_table_begin(
            document, "Relocations", -1, TASK_NO_BYTES, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        task_row_begin(document, bytes_at(pe, relocations[i].rva, wide), COUNT(columns));
        task_cell_hex(document, relocations[i].rva);
        task_cell_hex(document, relocations[i].type);
        task_row_end(document);
    }
    task_table_end(document);
}

static void write_overlay(TaskDocument *document, const ProPe *pe, uint64_t file_size)
{
    uint64_t offset = pro_pe_overlay_offset(pe);
    if (offset >= file_size)
        return;
    (void)task_table_begin(
            document, "Overlay", -1, (TaskBytes){offset, file_size - offset}, NULL, 0, 0);
    task_table_end(document);
}

ProStatus task_write_pe(ProContainer *container, ProWriter *result, ProError *reterr)
{
    ProPe *pe = NULL;
    TaskDocument document;
    char format[80];
    size_t warning_count;
    ProStatus status = pro_pe_open(container, &pe, reterr);
    if (status != PRO_OK)
        return status;
    task_document_begin(&document);
    write_headers(&document, pe);
    write_sections(&document, pe);
    write_directories(&document, pe);
    write_imports(&document, pe);
    write_exports(&document, pe);
    write_resources(&document, pe);
    write_debug(&document, pe);
    write_exceptions(&document, pe);
    write_relocations(&document, pe);
    write_overlay(&document, pe, pro_container_size(container));
    (void)snprintf(format, sizeof format, "PE32%s, %s",
            pro_pe_headers(pe)->magic == 0x20B ? "+" : "",
            machine_text(pro_pe_headers(pe)->machine));
    const char *const *warnings = pro_pe_warnings(pe, &warning_count);
    task_document_end(&document, format, warnings, warning_count, result);
    pro_pe_free(pe);
    return PRO_OK;
}
