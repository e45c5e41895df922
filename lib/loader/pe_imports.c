/* SPDX-License-Identifier: Apache-2.0 */

/* Imports, delayed imports and exports. */

#include "loader/pe_private.h"

#include <string.h>

enum { IMPORT_BYTES = 20, DELAY_BYTES = 32, EXPORT_BYTES = 40 };

/* One entry of a thunk table; false at its end. */
static bool read_function(
        ProPe *pe, uint32_t table, uint32_t slots, size_t index, ProPeFunction *ret_function)
{
    uint8_t bytes[8] = {0};
    size_t width = pe_is_64(pe) ? 8 : 4;
    uint64_t at = (uint64_t)table + index * width;
    if (at > UINT32_MAX || !pe_read_rva(pe, (uint32_t)at, bytes, width))
        return false;
    uint64_t thunk = width == 8 ? pe_u64(bytes) : pe_u32(bytes);
    if (thunk == 0)
        return false;
    ProPeFunction function = {.slot_rva = (uint32_t)(slots + index * width)};
    if (thunk >> (width * 8 - 1) != 0) {
        function.ordinal = (uint16_t)thunk;
    } else {
        uint8_t hint[2] = {0};
        uint32_t rva = (uint32_t)thunk & 0x7FFFFFFF;
        (void)pe_read_rva(pe, rva, hint, sizeof hint);
        function.ordinal = pe_u16(hint);
        function.name = pe_text(pe, rva + 2);
        if (function.name == NULL) {
            pe_warn(pe, "an imported function's name at 0x%x lies outside the file", rva);
            function.name = "";
        }
    }
    *ret_function = function;
    return true;
}

static void read_functions(ProPe *pe, ProPeImport *import, uint32_t table, uint32_t slots)
{
    ProPeFunction *functions = NULL;
    size_t count = 0;
    ProPeFunction function;
    while (pe->function_count < PE_FUNCTIONS_MAX &&
            read_function(pe, table, slots, count, &function)) {
        functions = pe_grow(pe, functions, count, sizeof *functions);
        if (functions == NULL) {
            pe_warn(pe, "the imports need too much memory");
            count = 0;
            break;
        }
        functions[count++] = function;
        pe->function_count++;
    }
    if (pe->function_count == PE_FUNCTIONS_MAX)
        pe_warn(pe, "more than %d functions are imported", PE_FUNCTIONS_MAX);
    import->functions = functions;
    import->function_count = count;
}

static bool add_import(ProPe *pe, ProPeImport *import, uint32_t name)
{
    import->module = pe_text(pe, name);
    if (import->module == NULL || import->module[0] == 0) {
        pe_warn(pe, "the name of imported module %zu at 0x%x lies outside the file or is empty",
                pe->import_count, name);
        return false;
    }
    pe->imports = pe_grow(pe, pe->imports, pe->import_count, sizeof *pe->imports);
    if (pe->imports == NULL) {
        pe->import_count = 0;
        return false;
    }
    pe->imports[pe->import_count++] = *import;
    return true;
}

void pe_parse_imports(ProPe *pe)
{
    uint32_t rva = pe->directories[PRO_PE_IMPORTS].rva;
    if (rva == 0)
        return;
    for (size_t i = 0; i < PE_MODULES_MAX; i++) {
        uint8_t bytes[IMPORT_BYTES];
        uint32_t at = rva + (uint32_t)i * IMPORT_BYTES;
        if (!pe_read_rva(pe, at, bytes, sizeof bytes)) {
            pe_warn(pe, "the import directory leaves the file at 0x%x", at);
            return;
        }
        uint32_t name = pe_u32(bytes + 12);
        uint32_t slots = pe_u32(bytes + 16);
        if (name == 0 || slots == 0)
            return;
        uint32_t names = pe_u32(bytes);
        /* Without a table of names the slots hold them until the file is loaded. */
        if (names == 0 || pe_bytes_at(pe, names) == 0)
            names = slots;
        ProPeImport import = {.descriptor_offset = pro_pe_rva_to_offset(pe, at)};
        read_functions(pe, &import, names, slots);
        if (!add_import(pe, &import, name))
            return;
    }
    pe_warn(pe, "more than %d modules are imported", PE_MODULES_MAX);
}

void pe_parse_delay_imports(ProPe *pe)
{
    uint32_t rva = pe->directories[PRO_PE_DELAY_IMPORTS].rva;
    if (rva == 0)
        return;
    for (size_t i = 0; i < PE_MODULES_MAX; i++) {
        uint8_t bytes[DELAY_BYTES];
        uint32_t at = rva + (uint32_t)i * DELAY_BYTES;
        if (!pe_read_rva(pe, at, bytes, sizeof bytes)) {
            pe_warn(pe, "the delayed imports leave the file at 0x%x", at);
            return;
        }
        uint32_t name = pe_u32(bytes + 4);
        if (name == 0)
            return;
        /* The old form, attributes 0, holds addresses instead of RVAs. */
        uint32_t base = pe_u32(bytes) & 1 ? 0 : (uint32_t)pe->headers.image_base;
        ProPeImport import = {.delayed = true, .descriptor_offset = pro_pe_rva_to_offset(pe, at)};
        read_functions(pe, &import, pe_u32(bytes + 16) - base, pe_u32(bytes + 12) - base);
        if (!add_import(pe, &import, name - base))
            return;
    }
}

/* ---- exports ---- */

typedef struct ExportTable {
    uint32_t base;
    uint32_t functions, function_count;
    uint32_t names, name_count;
    uint32_t ordinals;
} ExportTable;

static bool read_export_table(ProPe *pe, ExportTable *table)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_EXPORTS];
    uint8_t bytes[EXPORT_BYTES];
    if (directory->rva == 0)
        return false;
    if (!pe_read_rva(pe, directory->rva, bytes, sizeof bytes)) {
        pe_warn(pe, "the export directory at 0x%x lies outside the file", directory->rva);
        return false;
    }
    pe->export_table = (ProPeExportTable){.module = pe_text(pe, pe_u32(bytes + 12)),
            .time_stamp = pe_u32(bytes + 4),
            .major = pe_u16(bytes + 8),
            .minor = pe_u16(bytes + 10),
            .base = pe_u32(bytes + 16),
            .function_count = pe_u32(bytes + 20),
            .name_count = pe_u32(bytes + 24)};
    *table = (ExportTable){.base = pe_u32(bytes + 16),
            .function_count = pe_u32(bytes + 20),
            .name_count = pe_u32(bytes + 24),
            .functions = pe_u32(bytes + 28),
            .names = pe_u32(bytes + 32),
            .ordinals = pe_u32(bytes + 36)};
    uint64_t possible = pe_bytes_at(pe, table->functions) / 4;
    if (table->function_count > possible || table->function_count > PE_EXPORTS_MAX) {
        pe_warn(pe, "%u functions are exported; there is room for %llu", table->function_count,
                (unsigned long long)possible);
        table->function_count = possible < PE_EXPORTS_MAX ? (uint32_t)possible : PE_EXPORTS_MAX;
    }
    possible = pe_bytes_at(pe, table->names) / 4;
    if (table->name_count > possible || table->name_count > PE_EXPORTS_MAX) {
        pe_warn(pe, "%u names are exported; there is room for %llu", table->name_count,
                (unsigned long long)possible);
        table->name_count = possible < PE_EXPORTS_MAX ? (uint32_t)possible : PE_EXPORTS_MAX;
    }
    return true;
}

static void add_export(ProPe *pe, const ExportTable *table, uint32_t index, const char *name)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_EXPORTS];
    uint8_t bytes[4];
    if (!pe_read_rva(pe, table->functions + 4 * index, bytes, sizeof bytes))
        return;
    ProPeExport export = {.ordinal = table->base + index, .rva = pe_u32(bytes), .name = name};
    if (export.rva == 0 && name == NULL)
        return;
    if (export.rva >= directory->rva && export.rva - directory->rva < directory->size)
        export.forwarder = pe_text(pe, export.rva);
    ProPeExport *exports = pe_grow(pe, pe->exports, pe->export_count, sizeof export);
    if (exports == NULL)
        return;
    pe->exports = exports;
    pe->exports[pe->export_count++] = export;
}

/* Named ones in the order of their names, then those that have none. */
void pe_parse_exports(ProPe *pe)
{
    ExportTable table;
    if (!read_export_table(pe, &table))
        return;
    uint8_t *named = arena_alloc(&pe->arena, (size_t)table.function_count + 1);
    if (named == NULL)
        return;
    size_t lost = 0;
    for (uint32_t i = 0; i < table.name_count; i++) {
        uint8_t name[4], ordinal[2];
        if (!pe_read_rva(pe, table.names + 4 * i, name, sizeof name) ||
                !pe_read_rva(pe, table.ordinals + 2 * i, ordinal, sizeof ordinal))
            break;
        uint32_t index = pe_u16(ordinal);
        const char *text = pe_text(pe, pe_u32(name));
        if (text == NULL || index >= table.function_count) {
            lost++;
            continue;
        }
        named[index] = 1;
        add_export(pe, &table, index, text);
    }
    if (lost > 0)
        pe_warn(pe, "%zu exported names lie outside the file or name no function", lost);
    for (uint32_t i = 0; i < table.function_count; i++)
        if (!named[i])
            add_export(pe, &table, i, NULL);
}
