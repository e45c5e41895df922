/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/emit.h"

#include "sleigh/compiler/constructor.h"
#include "sleigh/packed.h"
#include "sleigh/sla_ids.h"

#include <string.h>

static bool is_kept(const Symbol *symbol)
{
    switch (symbol->kind) {
    case SYMBOL_SPACE:
    case SYMBOL_TOKEN:
    case SYMBOL_SECTION:
    case SYMBOL_BITRANGE:
    case SYMBOL_MACRO:
    case SYMBOL_EPSILON:
        return false;
    case SYMBOL_TABLE:
        return symbol->table->pattern_state == BUILD_DONE;
    default:
        return true;
    }
}

static bool is_used(const Constructor *constructor)
{
    return constructor->table->table->pattern_state == BUILD_DONE;
}

/* Dense ids: global symbols, then operands by constructor; scopes likewise. */
static Symbol **number_symbols(Compiler *compiler, size_t *ret_count, uint32_t *ret_scopes)
{
    Model *model = compiler->model;
    Symbol **kept = NULL;
    size_t count = 0;
    uint32_t scopes = 1;
    for (size_t i = 0; i < model->symbol_count; i++)
        if (is_kept(model->symbols[i]))
            COMPILER_PUSH(compiler, kept, count, model->symbols[i]);
    for (size_t i = 0; i < model->constructor_count; i++) {
        Constructor *constructor = model->constructors[i];
        if (!is_used(constructor))
            continue;
        constructor->scope = scopes++;
        for (size_t k = 0; k < constructor->operand_count; k++) {
            constructor->operands[k]->scope = constructor->scope;
            COMPILER_PUSH(compiler, kept, count, constructor->operands[k]);
        }
    }
    for (size_t i = 0; i < count; i++)
        kept[i]->id = (uint32_t)i;
    *ret_count = count;
    *ret_scopes = scopes;
    return kept;
}

static void emit_sources(Compiler *compiler, Buffer *buffer)
{
    packed_open(buffer, SLA_E_SOURCEFILES);
    for (size_t i = 0; i < compiler->file_count; i++) {
        const char *slash = strrchr(compiler->files[i].path, '/');
        packed_open(buffer, SLA_E_SOURCEFILE);
        packed_text(buffer, SLA_A_NAME, slash == NULL ? compiler->files[i].path : slash + 1);
        packed_signed(buffer, SLA_A_INDEX, (int64_t)i);
        packed_close(buffer, SLA_E_SOURCEFILE);
    }
    packed_close(buffer, SLA_E_SOURCEFILES);
}

static void emit_spaces(const Model *model, Buffer *buffer)
{
    packed_open(buffer, SLA_E_SPACES);
    packed_text(buffer, SLA_A_DEFAULTSPACE, model->default_space->name->text);
    for (size_t i = SPACE_OTHER; i < model->space_count; i++) {
        const Space *space = &model->spaces[i];
        unsigned element = i == SPACE_OTHER    ? SLA_E_SPACE_OTHER
                           : i == SPACE_UNIQUE ? SLA_E_SPACE_UNIQUE
                                               : SLA_E_SPACE;
        packed_open(buffer, element);
        packed_text(buffer, SLA_A_NAME, space->name->text);
        packed_signed(buffer, SLA_A_INDEX, space->index);
        packed_bool(buffer, SLA_A_BIGENDIAN, i != SPACE_OTHER && model->big_endian);
        packed_signed(buffer, SLA_A_DELAY, space->is_register ? 0 : 1);
        packed_signed(buffer, SLA_A_SIZE, space->address_bytes);
        if (space->word_bytes > 1)
            packed_signed(buffer, SLA_A_WORDSIZE, space->word_bytes);
        packed_bool(buffer, SLA_A_PHYSICAL, i >= SPACE_FIRST_DEFINED);
        packed_close(buffer, element);
    }
    packed_close(buffer, SLA_E_SPACES);
}

static void emit_symbol_table(Compiler *compiler, Buffer *buffer)
{
    size_t count;
    uint32_t scopes;
    Symbol **kept = number_symbols(compiler, &count, &scopes);
    packed_open(buffer, SLA_E_SYMBOL_TABLE);
    packed_signed(buffer, SLA_A_SCOPESIZE, scopes);
    packed_signed(buffer, SLA_A_SYMBOLSIZE, (int64_t)count);
    for (uint32_t i = 0; i < scopes; i++) {
        packed_open(buffer, SLA_E_SCOPE);
        packed_unsigned(buffer, SLA_A_ID, i);
        packed_unsigned(buffer, SLA_A_PARENT, 0);
        packed_close(buffer, SLA_E_SCOPE);
    }
    for (size_t i = 0; i < count; i++)
        emit_symbol_head(buffer, kept[i]);
    for (size_t i = 0; i < count; i++)
        emit_symbol_body(compiler, buffer, kept[i]);
    packed_close(buffer, SLA_E_SYMBOL_TABLE);
}

void emit_specification(Compiler *compiler, Buffer *buffer)
{
    const Model *model = compiler->model;
    uint64_t base = model->next_temporary << (model->uses_crossbuild ? 16 : 8);
    packed_open(buffer, SLA_E_SLEIGH);
    packed_signed(buffer, SLA_A_VERSION, SLA_FORMAT_VERSION);
    packed_bool(buffer, SLA_A_BIGENDIAN, model->big_endian);
    packed_signed(buffer, SLA_A_ALIGN, model->alignment);
    packed_unsigned(buffer, SLA_A_UNIQBASE, base);
    if (model->largest_delay > 0)
        packed_unsigned(buffer, SLA_A_MAXDELAY, model->largest_delay);
    if (model->uses_crossbuild)
        packed_unsigned(buffer, SLA_A_UNIQMASK, 0xFF);
    if (model->section_count > 0)
        packed_unsigned(buffer, SLA_A_NUMSECTIONS, model->section_count);
    emit_sources(compiler, buffer);
    emit_spaces(model, buffer);
    emit_symbol_table(compiler, buffer);
    packed_close(buffer, SLA_E_SLEIGH);
}
