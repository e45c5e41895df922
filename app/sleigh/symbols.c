/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols.h"

#include "addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256, STEPS_BACK = 16 };

bool symbols_add(Symbols *symbols, Symbol symbol)
{
    if (symbols->count == symbols->capacity) {
        size_t capacity = symbols->capacity == 0 ? FIRST_CAPACITY : 2 * symbols->capacity;
        Symbol *grown = realloc(symbols->items, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        symbols->items = grown;
        symbols->capacity = capacity;
    }
    symbols->items[symbols->count++] = symbol;
    return true;
}

void symbols_fini(Symbols *symbols)
{
    free(symbols->items);
    *symbols = (Symbols){0};
}

static int compare(const void *left, const void *right)
{
    const Symbol *a = left;
    const Symbol *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind - b->kind;
    if (a->rank != b->rank)
        return a->rank - b->rank;
    if (a->name == NULL || b->name == NULL)
        return a->ordinal - b->ordinal;
    return strcmp(a->name, b->name);
}

void symbols_sort(Symbols *symbols)
{
    if (symbols->count > 0)
        qsort(symbols->items, symbols->count, sizeof *symbols->items, compare);
}

/* How many begin below the address. */
static size_t count_below(const Symbols *symbols, uint64_t address)
{
    return addresses_below(symbols->items, symbols->count, sizeof *symbols->items, address);
}

const Symbol *symbols_at(const Symbols *symbols, uint64_t address)
{
    size_t place = count_below(symbols, address);
    bool found = place < symbols->count && symbols->items[place].address == address;
    return found ? &symbols->items[place] : NULL;
}

const Symbol *symbols_around(const Symbols *symbols, uint64_t address)
{
    const Symbol *symbol = symbols_at(symbols, address);
    size_t place = count_below(symbols, address);
    for (unsigned step = 0; symbol == NULL && place > 0 && step < STEPS_BACK; step++) {
        const Symbol *before = &symbols->items[--place];
        if (before->end > address) /* the first of its equals */
            symbol = symbols_at(symbols, before->address);
    }
    return symbol != NULL && (symbol->address == address || symbol->end > address) ? symbol : NULL;
}

bool symbol_is_code(const Symbol *symbol)
{
    return symbol->kind <= SYMBOL_ENTRY;
}

void symbol_text(const Symbol *symbol, char text[SYMBOL_TEXT_MAX])
{
    const char *suffix = symbol->kind == SYMBOL_PLT    ? "@plt"
                         : symbol->kind == SYMBOL_SLOT ? "@got"
                                                       : "";
    const char *module = symbol->module == NULL ? "" : symbol->module;
    const char *mark = symbol->module == NULL ? "" : "!";
    if (symbol->name == NULL)
        (void)snprintf(text, SYMBOL_TEXT_MAX, "%s%s#%u", module, mark, symbol->ordinal);
    else
        (void)snprintf(text, SYMBOL_TEXT_MAX, "%s%s%s%s", module, mark, symbol->name, suffix);
}
