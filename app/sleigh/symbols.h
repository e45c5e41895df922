/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_SYMBOLS_H
#define SLEIGH_SYMBOLS_H

#include <promp/container.h>
#include <promp/elf.h>
#include <promp/pe.h>

/*
 * Names of addresses, as a file tells them: functions, objects, entries of the procedure linkage
 * table, and the slots through which imported functions are called.
 */

typedef enum SymbolKind {
    SYMBOL_FUNCTION,
    SYMBOL_PLT,   /* printed as name@plt */
    SYMBOL_ENTRY, /* the file's entry, if nothing else has its address */
    SYMBOL_OBJECT,
    SYMBOL_SLOT,  /* pointer of an ELF file that the loader fills: name@got */
    SYMBOL_IMPORT /* the same of a PE file: module!name, module!#ordinal */
} SymbolKind;

typedef struct Symbol {
    uint64_t address;   /* stays first: addresses_below() */
    uint64_t end;       /* what lies below it belongs to the symbol */
    const char *name;   /* lent by the file; NULL: by ordinal */
    const char *module; /* of an import; lent by the file */
    uint16_t ordinal;
    uint8_t kind; /* SymbolKind; of those at one address the lowest comes first */
    uint8_t rank; /* then the lowest of these: global, weak, local */
} Symbol;

typedef struct Symbols {
    Symbol *items; /* by address */
    size_t count;
    size_t capacity;
} Symbols;

enum { SYMBOL_TEXT_MAX = 1024 }; /* longer names are cut */

/* `base` is added to the addresses of an ELF file, whose sections lie at `addresses` (objects.h),
 * and is that of a PE image. False: no memory. The caller frees with symbols_fini() in both cases.
 */
bool symbols_read_elf(Symbols *symbols, const ProContainer *container, const ProElf *elf,
        const uint64_t *addresses, uint64_t base);
bool symbols_read_pe(Symbols *symbols, const ProPe *pe, uint64_t base);
void symbols_fini(Symbols *symbols);

/* What those two are made of. */
bool symbols_add(Symbols *symbols, Symbol symbol);
void symbols_sort(Symbols *symbols);

/* The best of those that begin there; NULL: none does. */
const Symbol *symbols_at(const Symbols *symbols, uint64_t address);
/* The one that the address belongs to; NULL: to none. */
const Symbol *symbols_around(const Symbols *symbols, uint64_t address);

bool symbol_is_code(const Symbol *symbol);
/* Writes its name, NUL-terminated. Whatever the file has in it comes along: it may be hostile. */
void symbol_text(const Symbol *symbol, char text[SYMBOL_TEXT_MAX]);

#endif
