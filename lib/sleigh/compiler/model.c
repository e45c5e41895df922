/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/model.h"

#include <stdlib.h>
#include <string.h>

static Name *intern_text(Compiler *compiler, const char *text)
{
    return compiler_intern(compiler, text, strlen(text));
}

static void define_fixed_space(Compiler *compiler, const char *text, unsigned address_bytes)
{
    Model *model = compiler->model;
    Symbol *symbol =
            model_define(compiler, SYMBOL_SPACE, intern_text(compiler, text), (SourcePosition){0});
    unsigned index = (unsigned)model->space_count;
    model->spaces[index] = (Space){.name = symbol->name,
            .index = index,
            .address_bytes = address_bytes,
            .word_bytes = 1,
            .is_register = true};
    symbol->space = &model->spaces[index];
    model->space_count++;
}

Model *model_new(Compiler *compiler)
{
    Model *model = compiler_alloc(compiler, sizeof *model);
    compiler->model = model;
    model->alignment = 1;
    model->scope_count = 1;
    model->spaces = compiler_alloc_array(compiler, SLEIGH_LIMIT_SPACES, sizeof(Space));
    define_fixed_space(compiler, "const", 8);
    define_fixed_space(compiler, "OTHER", 8);
    define_fixed_space(compiler, "unique", 4);
    SourcePosition nowhere = {0};
    model->root = model_table(compiler, intern_text(compiler, "instruction"), nowhere);
    (void)model_define(compiler, SYMBOL_START, intern_text(compiler, "inst_start"), nowhere);
    (void)model_define(compiler, SYMBOL_NEXT, intern_text(compiler, "inst_next"), nowhere);
    (void)model_define(compiler, SYMBOL_NEXT2, intern_text(compiler, "inst_next2"), nowhere);
    (void)model_define(compiler, SYMBOL_EPSILON, intern_text(compiler, "epsilon"), nowhere);
    return model;
}

const char *model_kind_text(SymbolKind kind)
{
    static const char *const texts[] = {"space", "token", "field", "context variable", "value map",
            "name list", "register list", "register", "bit range", "user operation", "macro",
            "table", "instruction address", "instruction address", "instruction address", "epsilon",
            "section", "operand"};
    return texts[kind];
}

Symbol *model_define(Compiler *compiler, SymbolKind kind, Name *name, SourcePosition position)
{
    Model *model = compiler->model;
    Symbol *symbol = compiler_alloc(compiler, sizeof *symbol);
    symbol->kind = kind;
    symbol->name = name;
    symbol->position = position;
    if (name->global != NULL) {
        compiler_error(compiler, position, "'%s' is already defined as a %s", name->text,
                model_kind_text(name->global->kind));
        if (name->global->position.line != 0)
            compiler_note(compiler, name->global->position, "the first definition is here");
        return symbol;
    }
    if (model->symbol_count >= SLEIGH_LIMIT_SYMBOLS)
        compiler_limit(compiler, position, "symbols, SLEIGH_LIMIT_SYMBOLS", SLEIGH_LIMIT_SYMBOLS);
    name->global = symbol;
    COMPILER_PUSH(compiler, model->symbols, model->symbol_count, symbol);
    return symbol;
}

bool model_is_family(const Symbol *symbol)
{
    return symbol->kind >= SYMBOL_VALUE && symbol->kind <= SYMBOL_VARLIST;
}

Symbol *model_table(Compiler *compiler, Name *name, SourcePosition position)
{
    Symbol *symbol = model_define(compiler, SYMBOL_TABLE, name, position);
    symbol->table = compiler_alloc(compiler, sizeof *symbol->table);
    return symbol;
}

unsigned model_field_bits(const Field *field)
{
    return field->high - field->low + 1;
}

static int compare_context_fields(const void *left, const void *right)
{
    const Symbol *a = *(Symbol *const *)left;
    const Symbol *b = *(Symbol *const *)right;
    int order =
            strcmp(a->field.context_register->name->text, b->field.context_register->name->text);
    if (order != 0)
        return order;
    if (a->field.declared_low != b->field.declared_low)
        return a->field.declared_low < b->field.declared_low ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1; /* keeps the order of definition */
    return 0;
}

/* Places the fields [first, last) that overlap each other. */
static void place_group(Model *model, Symbol **fields, size_t first, size_t last, unsigned highest)
{
    unsigned lowest = fields[first]->field.declared_low;
    unsigned bits = highest - lowest + 1;
    unsigned start = model->context_bits;
    if (start / 32 != (start + bits - 1) / 32)
        start = (start + 31) / 32 * 32;
    for (size_t i = first; i < last; i++) {
        Field *field = &fields[i]->field;
        field->low = field->declared_low - lowest + start;
        field->high = field->declared_high - lowest + start;
    }
    model->context_bits = start + bits;
}

void model_freeze_context(Compiler *compiler)
{
    Model *model = compiler->model;
    if (model->context_frozen)
        return;
    model->context_frozen = true;
    size_t count = model->context_field_count;
    Symbol **fields = model->context_fields;
    for (size_t i = 0; i < count; i++)
        fields[i]->id = (uint32_t)i;
    if (count > 0)
        qsort(fields, count, sizeof *fields, compare_context_fields);
    for (size_t first = 0, last; first < count; first = last) {
        unsigned highest = fields[first]->field.declared_high;
        for (last = first + 1; last < count; last++) {
            const Field *field = &fields[last]->field;
            if (field->context_register != fields[first]->field.context_register ||
                    field->declared_low > highest)
                break;
            if (field->declared_high > highest)
                highest = field->declared_high;
        }
        place_group(model, fields, first, last, highest);
    }
    if (model->context_bits > DISJUNCT_CONTEXT_WORDS * 32)
        compiler_limit(compiler, (SourcePosition){0}, "context bits", DISJUNCT_CONTEXT_WORDS * 32);
}
