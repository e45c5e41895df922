/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols of a PE file: exports, the slots of imports, the entry. */
#include "symbols.h"

#include <stddef.h>

enum { SECTION_EXECUTE = 0x20000000, MAGIC_PE32_PLUS = 0x20B };

static const ProPeSection *section_of(const ProPe *pe, uint32_t rva)
{
    size_t count;
    const ProPeSection *sections = pro_pe_sections(pe, &count);
    for (size_t i = 0; i < count; i++)
        if (rva >= sections[i].virtual_address &&
                rva - sections[i].virtual_address < sections[i].virtual_size)
            return &sections[i];
    return NULL;
}

/* Where the function at `rva` ends: as its unwind information says, which leaf functions do not
 * have; a file without any: where its section ends. */
static uint32_t end_of_function(const ProPe *pe, const ProPeSection *section, uint32_t rva)
{
    size_t count, low = 0;
    const ProPeException *functions = pro_pe_exceptions(pe, &count); /* by begin_rva */
    if (count == 0)
        return section->virtual_address + section->virtual_size;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (functions[middle].begin_rva < rva)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < count && functions[low].begin_rva == rva && functions[low].end_rva > rva;
    return found ? functions[low].end_rva : rva + 1;
}

static bool add_function(
        Symbols *symbols, const ProPe *pe, uint64_t base, uint32_t rva, Symbol symbol)
{
    const ProPeSection *section = section_of(pe, rva);
    if (section == NULL)
        return true;
    symbol.address = base + rva;
    symbol.end = symbol.address + 1;
    if ((section->characteristics & SECTION_EXECUTE) != 0)
        symbol.end = base + end_of_function(pe, section, rva);
    else
        symbol.kind = SYMBOL_OBJECT;
    return symbols_add(symbols, symbol);
}

static bool add_imports(Symbols *symbols, const ProPe *pe, uint64_t base)
{
    size_t count;
    const ProPeImport *imports = pro_pe_imports(pe, &count);
    unsigned bytes = pro_pe_headers(pe)->magic == MAGIC_PE32_PLUS ? 8 : 4;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < imports[i].function_count; k++) {
            const ProPeFunction *function = &imports[i].functions[k];
            Symbol symbol = {.address = base + function->slot_rva,
                    .end = base + function->slot_rva + bytes,
                    .name = function->name,
                    .module = imports[i].module,
                    .ordinal = function->ordinal,
                    .kind = SYMBOL_IMPORT};
            if (!symbols_add(symbols, symbol))
                return false;
        }
    return true;
}

bool symbols_read_pe(Symbols *symbols, const ProPe *pe, uint64_t base)
{
    size_t count;
    const ProPeExport *exports = pro_pe_exports(pe, &count);
    bool good = add_imports(symbols, pe, base);
    for (size_t i = 0; good && i < count; i++)
        if (exports[i].name != NULL && exports[i].forwarder == NULL)
            good = add_function(symbols, pe, base, exports[i].rva,
                    (Symbol){.name = exports[i].name, .kind = SYMBOL_FUNCTION});
    uint32_t entry = pro_pe_headers(pe)->entry_rva;
    if (good && entry != 0)
        good = add_function(
                symbols, pe, base, entry, (Symbol){.name = "entry", .kind = SYMBOL_ENTRY});
    symbols_sort(symbols);
    return good;
}
