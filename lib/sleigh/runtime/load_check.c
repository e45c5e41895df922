/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include <string.h>

/* What can only be checked, or found out, with everything at hand. */

static bool check_operands(Loader *loader, const Ctor *ctor)
{
    const ProSleighLanguage *language = loader->language;
    for (uint32_t i = 0; i < ctor->operand_count; i++) {
        const Sym *sym = &language->syms[language->links[ctor->operand_symbols + i]];
        if (sym->kind != SYM_OPERAND || sym->index != i || !sym->has_body)
            return packed_fail(
                    &loader->cursor, PRO_ERR_FORMAT, "operand %u of a constructor is malformed", i);
        SymKind defines = sym->defines == NO_INDEX ? SYM_NONE : language->syms[sym->defines].kind;
        if (defines == SYM_OPERAND || defines == SYM_USEROP ||
                (sym->defines != NO_INDEX && !language->syms[sym->defines].has_body &&
                        defines != SYM_EPSILON))
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                    "operand '%s' is defined by something without a value", sym->name);
    }
    for (uint32_t i = 0; i < ctor->change_count; i++) {
        const Change *change = &language->changes[ctor->changes + i];
        if (change->word >= SLEIGH_LIMIT_CONTEXT_WORDS)
            return packed_fail(&loader->cursor, PRO_ERR_LIMIT,
                    "context word %u; at most %u are possible", change->word,
                    SLEIGH_LIMIT_CONTEXT_WORDS);
    }
    return true;
}

static bool check_expressions(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    for (size_t i = 0; i < language->exprs_count; i++) {
        Expr *expr = &language->exprs[i];
        if (expr->kind == EXPR_CONTEXT_FIELD && expr->last_byte / 4u + 1 > language->context_words)
            language->context_words = expr->last_byte / 4u + 1;
        if (expr->kind != EXPR_OPERAND)
            continue;
        const Sym *table = &language->syms[expr->left];
        if (table->kind != SYM_TABLE)
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                    "an expression names symbol %u, which is no table", expr->left);
        const Table *found = &language->tables[table->index];
        if ((uint64_t)expr->value >= found->ctor_count ||
                expr->right >=
                        language->ctors[found->first_ctor + (uint32_t)expr->value].operand_count)
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                    "an expression names an operand that does not exist");
        expr->left = found->first_ctor + (uint32_t)expr->value;
    }
    return true;
}

static Operand make_operand(const ProSleighLanguage *language, const Sym *sym)
{
    static const uint8_t operand_kinds[] = {[SYM_VALUE] = OPERAND_EXPRESSION,
            [SYM_CONTEXT] = OPERAND_EXPRESSION,
            [SYM_VALUEMAP] = OPERAND_VALUEMAP,
            [SYM_NAMES] = OPERAND_NAMES,
            [SYM_VARLIST] = OPERAND_VARLIST,
            [SYM_VARNODE] = OPERAND_REGISTER,
            [SYM_TABLE] = OPERAND_TABLE,
            [SYM_START] = OPERAND_START,
            [SYM_NEXT] = OPERAND_NEXT,
            [SYM_NEXT2] = OPERAND_NEXT2,
            [SYM_EPSILON] = OPERAND_EPSILON};
    Operand operand = {.kind = OPERAND_EXPRESSION,
            .base = (int8_t)sym->base,
            .offset = (uint16_t)sym->offset,
            .minimum_bytes = (uint16_t)sym->minimum_bytes,
            .expr = sym->expr};
    if (sym->defines == NO_INDEX)
        return operand;
    const Sym *defines = &language->syms[sym->defines];
    operand.kind = operand_kinds[defines->kind];
    operand.expr = defines->expr;
    operand.first = defines->kind == SYM_TABLE     ? language->tables[defines->index].tree
                    : defines->kind == SYM_VARNODE ? sym->defines
                                                   : defines->first;
    operand.count = defines->count;
    operand.may_point = defines->kind == SYM_TABLE && language->tables[defines->index].may_point;
    if (defines->expr != NO_INDEX)
        operand.bits = language->exprs[defines->expr].bits;
    return operand;
}

static bool operand_points(const ProSleighLanguage *language, const Ctor *ctor, uint32_t index)
{
    const Sym *sym = &language->syms[language->links[ctor->operand_symbols + index]];
    return sym->defines != NO_INDEX && language->syms[sym->defines].kind == SYM_TABLE &&
           language->tables[language->syms[sym->defines].index].may_point;
}

static bool export_points(const ProSleighLanguage *language, const Ctor *ctor)
{
    const Tpl *tpl = ctor->main == NO_INDEX ? NULL : &language->tpls[ctor->main];
    if (tpl == NULL || tpl->export_index == NO_INDEX)
        return false;
    const ExportTpl *exported = &language->exports[tpl->export_index];
    if (exported->pointer_space.kind != CONST_REAL)
        return true;
    return exported->pointer_offset.kind == CONST_HANDLE &&
           operand_points(language, ctor, exported->pointer_offset.operand);
}

/* Which tables may give a value that is reached through a pointer: those that export one, and those
 * that export what one of these gives. */
static void find_pointers(ProSleighLanguage *language)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < language->ctors_count; i++) {
            Table *table = &language->tables[language->ctors[i].table];
            if (!table->may_point && export_points(language, &language->ctors[i]))
                table->may_point = changed = true;
        }
    }
}

/* Everything is checked: the operands of a constructor become neighbours. */
static bool make_operands(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    for (size_t i = 0; i < language->ctors_count; i++) {
        Ctor *ctor = &language->ctors[i];
        ctor->operands = (uint32_t)language->operands_count;
        for (uint32_t k = 0; k < ctor->operand_count; k++) {
            const Sym *sym = &language->syms[language->links[ctor->operand_symbols + k]];
            if (!LOAD_PUSH(loader, operands, make_operand(language, sym)))
                return false;
        }
    }
    return true;
}

bool load_check(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    language->root = NO_INDEX;
    for (uint32_t i = 0; i < language->tables_count; i++) {
        const Sym *sym = &language->syms[language->tables[i].symbol];
        if (!sym->has_body)
            return packed_fail(
                    &loader->cursor, PRO_ERR_FORMAT, "table '%s' has no body", sym->name);
        if (strcmp(sym->name, "instruction") == 0)
            language->root = i;
    }
    if (language->root == NO_INDEX)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "there is no table 'instruction'");
    for (size_t i = 0; i < language->ctors_count; i++) {
        if (!check_operands(loader, &language->ctors[i]))
            return false;
        language->looks_behind = language->looks_behind || language->ctors[i].delay > 0;
    }
    for (size_t i = 0; i < language->exprs_count; i++)
        if (language->exprs[i].kind == EXPR_NEXT2)
            language->uses_next2 = true;
    /* Only a specification that uses crossbuild has the mask, or named sections. */
    language->looks_behind = language->looks_behind || language->uses_next2 ||
                             language->unique_mask != 0 || language->section_total > 0;
    if (!check_expressions(loader))
        return false;
    find_pointers(language);
    return make_operands(loader);
}
