/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/template.h"

#include "core/error.h"
#include "sleigh/sla_ids.h"

#include <stdlib.h>

enum { LARGEST_CODE = 128, LARGEST_INPUTS = 255 };

/* A template while it is read; the scratch has room for everything that its bytes can hold. */
typedef struct OpsReader {
    TplReader base;
    const Tpl *tpl;
    TplScratch scratch;
} OpsReader;

static bool malformed(OpsReader *reader, const char *expected)
{
    return packed_fail(&reader->base.cursor, PRO_ERR_FORMAT, "%s was expected", expected);
}

/* ---- places ---- */

static bool is_settled(const ProSleighLanguage *language, uint32_t space)
{
    return space == PRO_SPACE_CONST ||
           (space == language->unique_space ? language->unique_mask == 0
                                            : language->spaces[space].is_register);
}

static bool is_handle(const Const *constant, unsigned selector)
{
    return constant->kind == CONST_HANDLE && constant->selector == selector;
}

/* The form of a varnode; PLACE_GENERAL if it fits no other. */
static PlaceTpl classify(const ProSleighLanguage *language, const VarnodeTpl *varnode)
{
    const Const *space = &varnode->space, *offset = &varnode->offset, *size = &varnode->size;
    PlaceTpl tpl = {.form = PLACE_GENERAL};
    bool in_constants = space->kind == CONST_SPACE && space->space == PRO_SPACE_CONST;
    bool same_operand =
            is_handle(space, 0) && is_handle(offset, 1) && space->operand == offset->operand &&
            (size->kind == CONST_REAL || (is_handle(size, 2) && size->operand == offset->operand));
    if (size->kind == CONST_REAL)
        tpl.place.size = (uint32_t)size->value;
    if (same_operand && (size->kind != CONST_REAL || size->value != 0)) {
        tpl.form = PLACE_OPERAND;
        tpl.operand = offset->operand;
    } else if (size->kind != CONST_REAL || space->kind != CONST_SPACE) {
        return tpl;
    } else if (in_constants && is_handle(offset, 1)) {
        tpl.form = PLACE_VALUE;
        tpl.operand = offset->operand;
    } else if (in_constants && offset->kind == CONST_RELATIVE) {
        tpl.form = PLACE_LABEL;
        tpl.place.offset = offset->value;
    } else if (offset->kind == CONST_SPACE ||
               (offset->kind == CONST_REAL && is_settled(language, space->space))) {
        tpl.form = PLACE_FIXED;
        tpl.place.space = space->space;
        tpl.place.offset = offset->kind == CONST_SPACE ? offset->space : offset->value;
        if (in_constants && size->value < 8 && size->value != 0)
            tpl.place.offset &= ((uint64_t)1 << 8 * size->value) - 1;
        if (!in_constants && tpl.place.offset > language->spaces[space->space].highest)
            tpl.form = PLACE_GENERAL;
    }
    return tpl;
}

static bool read_place(OpsReader *reader)
{
    VarnodeTpl varnode;
    if (!template_varnode(&reader->base, &varnode))
        return false;
    PlaceTpl tpl = classify(reader->base.language, &varnode);
    if (tpl.form == PLACE_GENERAL) {
        tpl.place.offset = reader->scratch.varnode_count;
        reader->scratch.varnodes[reader->scratch.varnode_count++] = varnode;
    }
    reader->scratch.places[reader->scratch.place_count++] = tpl;
    return true;
}

/* ---- operations ---- */

static bool check_build(OpsReader *reader, uint64_t operand)
{
    const ProSleighLanguage *language = reader->base.language;
    const Ctor *ctor = &language->ctors[reader->tpl->ctor];
    if (operand < ctor->operand_count &&
            language->operands[ctor->operands + operand].kind == OPERAND_TABLE)
        return true;
    return packed_fail(&reader->base.cursor, PRO_ERR_FORMAT,
            "a constructor builds operand %llu, which is no table", (unsigned long long)operand);
}

static bool check_op(OpsReader *reader, const OpTpl *op)
{
    const PlaceTpl *inputs = reader->scratch.places + op->places + (op->has_output ? 1 : 0);
    bool directive =
            op->code == SLA_OP_BUILD || op->code == SLA_OP_DELAY_SLOT || op->code == SLA_OP_LABEL;
    if (directive && (op->input_count != 1 || op->has_output || inputs[0].form != PLACE_FIXED))
        return malformed(reader, "one constant as the input of a directive");
    if (op->code == SLA_OP_CROSSBUILD &&
            (op->input_count != 2 || op->has_output || inputs[1].form != PLACE_FIXED))
        return malformed(reader, "an address and a section as the inputs of a crossbuild");
    if (!directive && op->code != SLA_OP_CROSSBUILD &&
            (pro_pcode_name(op->code) == NULL || op->code == PRO_PCODE_CAST ||
                    op->code == PRO_PCODE_PTRSUB))
        return packed_fail(
                &reader->base.cursor, PRO_ERR_FORMAT, "operation %u does not exist", op->code);
    if (op->code >= PRO_PCODE_BRANCH && op->code <= PRO_PCODE_RETURN && op->input_count == 0)
        return malformed(reader, "a destination");
    for (uint32_t i = 0; i < op->input_count; i++)
        if ((inputs[i].form == PLACE_LABEL || op->code == SLA_OP_LABEL) &&
                inputs[i].place.offset >= reader->tpl->label_count)
            return malformed(reader, "a label of the template");
    return op->code != SLA_OP_BUILD || check_build(reader, inputs[0].place.offset);
}

static bool read_code(OpsReader *reader, OpTpl *op)
{
    PackedAttribute attribute;
    uint64_t code = LARGEST_CODE;
    if (!packed_enter(&reader->base.cursor, SLA_E_OP_TPL))
        return malformed(reader, "an operation");
    while (packed_next_attribute(&reader->base.cursor, &attribute))
        if (attribute.id == SLA_A_CODE)
            code = attribute.number;
    if (code >= LARGEST_CODE)
        return malformed(reader, "an operation's code");
    op->code = (uint16_t)code;
    return !reader->base.cursor.failed;
}

static bool read_op(OpsReader *reader)
{
    PackedCursor *cursor = &reader->base.cursor;
    OpTpl op = {.places = (uint32_t)reader->scratch.place_count};
    if (!read_code(reader, &op))
        return false;
    if (packed_peek(cursor) == SLA_E_NULL) {
        if (!packed_skip(cursor))
            return false;
    } else if (packed_peek(cursor) == SLA_E_VARNODE_TPL) {
        op.has_output = true;
        if (!read_place(reader))
            return false;
    }
    for (; packed_peek(cursor) == SLA_E_VARNODE_TPL; op.input_count++) {
        if (op.input_count >= LARGEST_INPUTS)
            return malformed(reader, "at most 255 inputs of an operation");
        if (!read_place(reader))
            return false;
    }
    if (!packed_leave(cursor, SLA_E_OP_TPL) || !check_op(reader, &op))
        return false;
    reader->scratch.ops[reader->scratch.op_count++] = op;
    return true;
}

static bool read_ops(OpsReader *reader)
{
    while (!reader->base.cursor.failed && reader->base.cursor.offset < reader->tpl->end)
        if (!read_op(reader))
            return false;
    return !reader->base.cursor.failed;
}

/* An operation has at least 4 bytes (start, code, end), a varnode 8 (of three constants). */
static bool make_scratch(OpsReader *reader)
{
    size_t bytes = reader->tpl->end - reader->tpl->begin;
    TplScratch *scratch = &reader->scratch;
    scratch->ops = malloc((bytes / 4 + 1) * sizeof *scratch->ops);
    scratch->places = malloc((bytes / 8 + 1) * sizeof *scratch->places);
    scratch->varnodes = malloc((bytes / 8 + 1) * sizeof *scratch->varnodes);
    if (scratch->ops != NULL && scratch->places != NULL && scratch->varnodes != NULL)
        return true;
    return packed_fail(&reader->base.cursor, PRO_ERR_NO_MEMORY, "no memory");
}

static void free_scratch(TplScratch *scratch)
{
    free(scratch->ops);
    free(scratch->places);
    free(scratch->varnodes);
}

/* Of threads that made the same at the same time one publishes its own; all use that. */
static TplOps *publish(const ProSleighLanguage *language, Tpl *tpl, TplOps *made, size_t bytes)
{
    TplOps *published = NULL;
    if (!atomic_compare_exchange_strong_explicit(
                &tpl->ops, &published, made, memory_order_acq_rel, memory_order_acquire)) {
        free(made);
        return published;
    }
    /* The one counter of the language that changes; it belongs to nobody who reads the language. */
    atomic_size_t *total = (atomic_size_t *)(uintptr_t)&language->template_bytes;
    atomic_fetch_add_explicit(total, bytes, memory_order_relaxed);
    return made;
}

TplOps *template_read(const ProSleighLanguage *language, Tpl *tpl, ProError *reterr)
{
    OpsReader reader = {.tpl = tpl,
            .base = {.cursor = {.data = language->document, .size = tpl->end, .offset = tpl->begin},
                    .language = language,
                    .operand_count = language->ctors[tpl->ctor].operand_count}};
    TplOps *made = NULL;
    size_t bytes = 0;
    if (make_scratch(&reader) && read_ops(&reader)) {
        made = template_lay_out(language, &language->ctors[tpl->ctor], &reader.scratch, &bytes);
        if (made == NULL)
            (void)packed_fail(&reader.base.cursor, PRO_ERR_NO_MEMORY, "no memory");
    }
    free_scratch(&reader.scratch);
    if (made != NULL)
        return publish(language, tpl, made, bytes);
    (void)error_set(reterr, reader.base.cursor.error.status, "%s", reader.base.cursor.error.text);
    return NULL;
}

ProStatus pro_sleigh_language_check(const ProSleighLanguage *language, ProError *reterr)
{
    for (size_t i = 0; i < language->tpls_count; i++) {
        ProError error = {0};
        if (template_ops(language, &language->tpls[i], &error) == NULL)
            return error_set(reterr, error.status, "%s", error.text);
    }
    return PRO_OK;
}
