/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "sleigh/sla_ids.h"

#include <stdlib.h>
#include <string.h>

typedef struct Kind {
    unsigned body;
    SymKind kind;
} Kind;

static const Kind kinds[] = {{SLA_E_USEROP, SYM_USEROP}, {SLA_E_VARNODE_SYM, SYM_VARNODE},
        {SLA_E_VALUE_SYM, SYM_VALUE}, {SLA_E_CONTEXT_SYM, SYM_CONTEXT},
        {SLA_E_VALUEMAP_SYM, SYM_VALUEMAP}, {SLA_E_NAME_SYM, SYM_NAMES},
        {SLA_E_VARLIST_SYM, SYM_VARLIST}, {SLA_E_START_SYM, SYM_START}, {SLA_E_END_SYM, SYM_NEXT},
        {SLA_E_NEXT2_SYM, SYM_NEXT2}, {SLA_E_EPSILON_SYM, SYM_EPSILON},
        {SLA_E_OPERAND_SYM, SYM_OPERAND}, {SLA_E_SUBTABLE_SYM, SYM_TABLE}};

static SymKind kind_of(unsigned body)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].body == body)
            return kinds[i].kind;
    return SYM_NONE;
}

static bool load_head(Loader *loader)
{
    unsigned element = packed_peek(&loader->cursor);
    SymKind kind = element == 0 ? SYM_NONE : kind_of(element - 1);
    Attributes attributes;
    uint32_t id;
    if (kind == SYM_NONE)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                "the head of a symbol was expected, not element %u", element);
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_ID, loader->language->syms_count,
                    "a symbol's id", &id))
        return false;
    Sym *sym = &loader->language->syms[id];
    if (sym->kind != SYM_NONE)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "symbol %u is given twice", id);
    sym->kind = (uint8_t)kind;
    sym->name = load_text(loader, &attributes, SLA_A_NAME);
    sym->expr = sym->index = sym->defines = NO_INDEX;
    if (kind == SYM_TABLE) {
        sym->index = (uint32_t)loader->language->tables_count;
        Table table = {.symbol = id};
        if (!LOAD_PUSH(loader, tables, table))
            return false;
    }
    return sym->name != NULL && packed_leave(&loader->cursor, element);
}

static bool load_varnode_place(Loader *loader, const Attributes *attributes, Sym *sym)
{
    if (!load_number(loader, attributes, SLA_A_SPACE, loader->language->space_count,
                "a register's space", &sym->place.space) ||
            !load_number(
                    loader, attributes, SLA_A_SIZE, 1 << 20, "a register's size", &sym->place.size))
        return false;
    sym->place.offset = load_has(attributes, SLA_A_OFF) ? attributes->number[SLA_A_OFF] : 0;
    return true;
}

static bool load_list_entry(Loader *loader, const Sym *sym)
{
    unsigned element = packed_peek(&loader->cursor);
    Attributes attributes;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes))
        return false;
    if (sym->kind == SYM_VALUEMAP && element == SLA_E_VALUETAB) {
        int64_t value =
                load_has(&attributes, SLA_A_VAL) ? (int64_t)attributes.number[SLA_A_VAL] : 0;
        if (!LOAD_PUSH(loader, values, value))
            return false;
    } else if (sym->kind == SYM_NAMES && element == SLA_E_NAMETAB) {
        const char *text = load_has(&attributes, SLA_A_NAME)
                                   ? load_text(loader, &attributes, SLA_A_NAME)
                                   : NULL;
        if (text != NULL && strcmp(text, "_") == 0)
            text = NULL;
        if (!LOAD_PUSH(loader, names, text))
            return false;
    } else if (sym->kind == SYM_VARLIST && (element == SLA_E_VAR || element == SLA_E_NULL)) {
        uint32_t id = NO_INDEX;
        if (element == SLA_E_VAR && !load_number(loader, &attributes, SLA_A_ID,
                                            loader->language->syms_count, "a register's id", &id))
            return false;
        if (id != NO_INDEX && loader->language->syms[id].kind != SYM_VARNODE)
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "symbol %u is no register", id);
        if (!LOAD_PUSH(loader, links, id))
            return false;
    } else {
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "element %u does not belong here", element);
    }
    return packed_leave(&loader->cursor, element);
}

static bool load_field_body(Loader *loader, Sym *sym)
{
    ProSleighLanguage *language = loader->language;
    if (!load_expression(loader, &sym->expr))
        return false;
    uint8_t kind = language->exprs[sym->expr].kind;
    if (kind != EXPR_TOKEN_FIELD && kind != EXPR_CONTEXT_FIELD)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "a field was expected");
    sym->first = (uint32_t)(sym->kind == SYM_VALUEMAP ? language->values_count
                            : sym->kind == SYM_NAMES  ? language->names_count
                                                      : language->links_count);
    while (packed_peek(&loader->cursor) != 0) {
        if (!load_list_entry(loader, sym))
            return false;
        sym->count++;
    }
    return true;
}

static bool load_operand_body(Loader *loader, const Attributes *attributes, Sym *sym)
{
    uint32_t minimum;
    if (load_has(attributes, SLA_A_SUBSYM) &&
            !load_number(loader, attributes, SLA_A_SUBSYM, loader->language->syms_count,
                    "an operand's symbol", &sym->defines))
        return false;
    if (!load_number(loader, attributes, SLA_A_OFF, 1 << 16, "an operand's offset", &sym->offset) ||
            !load_number(
                    loader, attributes, SLA_A_MINLEN, 1 << 16, "an operand's length", &minimum) ||
            !load_number(loader, attributes, SLA_A_INDEX, SLEIGH_LIMIT_OPERANDS,
                    "an operand's index", &sym->index))
        return false;
    int64_t base = load_has(attributes, SLA_A_BASE) ? (int64_t)attributes->number[SLA_A_BASE] : -1;
    if (base < -1 || base >= (int64_t)sym->index)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                "an operand starts behind operand %lld, which comes later", (long long)base);
    sym->base = (int32_t)base;
    sym->minimum_bytes = minimum;
    sym->is_code = load_has(attributes, SLA_A_CODE) && attributes->number[SLA_A_CODE] != 0;
    if (packed_peek(&loader->cursor) == SLA_E_OPERAND_EXP && !packed_skip(&loader->cursor))
        return false;
    if (packed_peek(&loader->cursor) != 0 && !load_expression(loader, &sym->expr))
        return false;
    if (sym->expr == NO_INDEX && sym->defines == NO_INDEX)
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "operand '%s' is not defined", sym->name);
    return true;
}

static bool load_table_body(Loader *loader, const Attributes *attributes, Sym *sym)
{
    ProSleighLanguage *language = loader->language;
    uint32_t count;
    if (!load_number(loader, attributes, SLA_A_NUMCT, SLEIGH_LIMIT_CONSTRUCTORS,
                "the number of constructors", &count))
        return false;
    uint32_t first = (uint32_t)language->ctors_count;
    while (packed_peek(&loader->cursor) == SLA_E_CONSTRUCTOR)
        if (!load_constructor(loader, sym->index))
            return false;
    Table *table = &language->tables[sym->index];
    table->first_ctor = first;
    table->ctor_count = (uint32_t)language->ctors_count - first;
    if (table->ctor_count != count)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                "table '%s' has %u constructors; %u were expected", sym->name, table->ctor_count,
                count);
    table->tree = (uint32_t)language->decisions_count;
    Table copy = *table;
    Decision none = {0};
    return LOAD_PUSH(loader, decisions, none) && load_decision(loader, &copy, copy.tree);
}

static bool load_body(Loader *loader)
{
    unsigned element = packed_peek(&loader->cursor);
    Attributes attributes;
    uint32_t id;
    if (element == 0 || !packed_enter(&loader->cursor, element) ||
            !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_ID, loader->language->syms_count,
                    "a symbol's id", &id))
        return false;
    Sym *sym = &loader->language->syms[id];
    if (sym->kind != kind_of(element) || sym->has_body)
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "symbol %u: its body does not fit its head", id);
    sym->has_body = true;
    bool loaded = true;
    switch (sym->kind) {
    case SYM_USEROP:
        loaded = load_number(loader, &attributes, SLA_A_INDEX, SLEIGH_LIMIT_SYMBOLS,
                "an operation's number", &sym->index);
        break;
    case SYM_VARNODE:
        loaded = load_varnode_place(loader, &attributes, sym);
        break;
    case SYM_OPERAND:
        loaded = load_operand_body(loader, &attributes, sym);
        break;
    case SYM_TABLE:
        loaded = load_table_body(loader, &attributes, sym);
        break;
    case SYM_CONTEXT:
        sym->flows = !load_has(&attributes, SLA_A_FLOW) || attributes.number[SLA_A_FLOW] != 0;
        loaded = load_field_body(loader, sym);
        break;
    case SYM_VALUE:
    case SYM_VALUEMAP:
    case SYM_NAMES:
    case SYM_VARLIST:
        loaded = load_field_body(loader, sym);
        break;
    default:
        break;
    }
    return loaded && packed_leave(&loader->cursor, element);
}

bool load_symbols(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    uint32_t scopes, count;
    if (!packed_enter(&loader->cursor, SLA_E_SYMBOL_TABLE) || !load_attributes(loader, &attributes))
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "the table of symbols was expected");
    if (!load_number(loader, &attributes, SLA_A_SCOPESIZE, SLEIGH_LIMIT_SYMBOLS,
                "the number of scopes", &scopes) ||
            !load_number(loader, &attributes, SLA_A_SYMBOLSIZE, SLEIGH_LIMIT_SYMBOLS,
                    "the number of symbols", &count))
        return false;
    if (count > loader->cursor.size)
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "%u symbols cannot be in this file", count);
    for (uint32_t i = 0; i < scopes; i++)
        if (packed_peek(&loader->cursor) != SLA_E_SCOPE || !packed_skip(&loader->cursor))
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "a scope was expected");
    Sym none = {0};
    for (uint32_t i = 0; i < count; i++)
        if (!LOAD_PUSH(loader, syms, none))
            return false;
    for (uint32_t i = 0; i < count; i++)
        if (!load_head(loader))
            return false;
    while (packed_peek(&loader->cursor) != 0)
        if (!load_body(loader))
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "a symbol's body is malformed");
    (void)language;
    return packed_leave(&loader->cursor, SLA_E_SYMBOL_TABLE);
}
