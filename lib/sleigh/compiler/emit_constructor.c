/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/emit.h"

#include "sleigh/packed.h"
#include "sleigh/sla_ids.h"

static void emit_handle_constant(Buffer *buffer, const Constant *constant)
{
    packed_open(buffer, SLA_E_CONST_HANDLE);
    packed_signed(buffer, SLA_A_VAL, constant->operand->operand.index);
    packed_signed(buffer, SLA_A_S, constant->selector);
    if (constant->selector == HANDLE_OFFSET_PLUS)
        packed_unsigned(buffer, SLA_A_PLUS, constant->plus);
    packed_close(buffer, SLA_E_CONST_HANDLE);
}

static void emit_empty(Buffer *buffer, unsigned element)
{
    packed_open(buffer, element);
    packed_close(buffer, element);
}

static void emit_value_constant(Buffer *buffer, unsigned element, uint64_t value)
{
    packed_open(buffer, element);
    packed_unsigned(buffer, SLA_A_VAL, value);
    packed_close(buffer, element);
}

static void emit_constant(Buffer *buffer, const Constant *constant)
{
    switch (constant->kind) {
    case CONSTANT_REAL:
        emit_value_constant(buffer, SLA_E_CONST_REAL, constant->value);
        break;
    case CONSTANT_INDEX:
        emit_value_constant(buffer, SLA_E_CONST_REAL, constant->operand->operand.index);
        break;
    case CONSTANT_RELATIVE:
        emit_value_constant(buffer, SLA_E_CONST_RELATIVE, constant->value);
        break;
    case CONSTANT_SPACE:
        packed_open(buffer, SLA_E_CONST_SPACEID);
        packed_space(buffer, SLA_A_SPACE, (unsigned)constant->value);
        packed_close(buffer, SLA_E_CONST_SPACEID);
        break;
    case CONSTANT_HANDLE:
        emit_handle_constant(buffer, constant);
        break;
    case CONSTANT_START:
        emit_empty(buffer, SLA_E_CONST_START);
        break;
    case CONSTANT_NEXT:
        emit_empty(buffer, SLA_E_CONST_NEXT);
        break;
    case CONSTANT_NEXT2:
        emit_empty(buffer, SLA_E_CONST_NEXT2);
        break;
    case CONSTANT_CURSPACE:
        emit_empty(buffer, SLA_E_CONST_CURSPACE);
        break;
    case CONSTANT_CURSPACE_SIZE:
        emit_empty(buffer, SLA_E_CONST_CURSPACE_SIZE);
        break;
    }
}

static void emit_varnode(Buffer *buffer, const Varnode *varnode)
{
    if (varnode == NULL) {
        emit_empty(buffer, SLA_E_NULL);
        return;
    }
    packed_open(buffer, SLA_E_VARNODE_TPL);
    emit_constant(buffer, &varnode->space);
    emit_constant(buffer, &varnode->offset);
    emit_constant(buffer, &varnode->size);
    packed_close(buffer, SLA_E_VARNODE_TPL);
}

static void emit_real(Buffer *buffer, uint64_t value)
{
    emit_value_constant(buffer, SLA_E_CONST_REAL, value);
}

static void emit_space_constant(Buffer *buffer, unsigned index)
{
    Constant space = {.kind = CONSTANT_SPACE, .value = index};
    emit_constant(buffer, &space);
}

static void emit_export(Buffer *buffer, const Template *template)
{
    const Varnode *exported = template->exported;
    if (template->export_kind == EXPORT_NONE) {
        emit_empty(buffer, SLA_E_NULL);
        return;
    }
    packed_open(buffer, SLA_E_HANDLE_TPL);
    if (template->export_kind == EXPORT_VARNODE) {
        emit_constant(buffer, &exported->space);
        emit_constant(buffer, &exported->size);
        emit_real(buffer, 0);
        emit_constant(buffer, &exported->offset);
        emit_real(buffer, 0);
        emit_real(buffer, 0);
        emit_real(buffer, 0);
    } else {
        emit_space_constant(buffer, template->export_space->index);
        emit_real(buffer, template->export_bytes);
        emit_constant(buffer, &exported->space);
        emit_constant(buffer, &exported->offset);
        emit_constant(buffer, &exported->size);
        emit_space_constant(buffer, SPACE_UNIQUE);
        emit_real(buffer, template->export_temporary->offset);
    }
    packed_close(buffer, SLA_E_HANDLE_TPL);
}

void emit_template(Buffer *buffer, const Template *template, int section)
{
    packed_open(buffer, SLA_E_CONSTRUCT_TPL);
    if (section >= 0)
        packed_signed(buffer, SLA_A_SECTION, section);
    if (template->delay_bytes > 0)
        packed_signed(buffer, SLA_A_DELAY, template->delay_bytes);
    if (template->label_count > 0)
        packed_signed(buffer, SLA_A_LABELS, template->label_count);
    emit_export(buffer, template);
    for (size_t i = 0; i < template->op_count; i++) {
        const TemplateOp *op = template->ops[i];
        if (op->removed)
            continue;
        packed_open(buffer, SLA_E_OP_TPL);
        packed_signed(buffer, SLA_A_CODE, op->opcode);
        emit_varnode(buffer, op->output);
        for (size_t k = 0; k < op->input_count; k++)
            emit_varnode(buffer, op->inputs[k]);
        packed_close(buffer, SLA_E_OP_TPL);
    }
    packed_close(buffer, SLA_E_CONSTRUCT_TPL);
}

static uint32_t context_mask(const Field *field)
{
    unsigned bits = model_field_bits(field);
    uint32_t mask = bits >= 32 ? UINT32_MAX : (1u << bits) - 1;
    return mask << (31 - field->high % 32);
}

static void emit_action(Buffer *buffer, const Constructor *constructor, const Action *action)
{
    const Field *field = &action->symbol->field;
    if (action->kind == ACTION_CONTEXT) {
        packed_open(buffer, SLA_E_CONTEXT_OP);
        packed_signed(buffer, SLA_A_I, field->high / 32);
        packed_signed(buffer, SLA_A_SHIFT, 31 - field->high % 32);
        packed_unsigned(buffer, SLA_A_MASK, context_mask(field));
        emit_expression(buffer, constructor, action->value);
        packed_close(buffer, SLA_E_CONTEXT_OP);
        return;
    }
    packed_open(buffer, SLA_E_COMMIT);
    packed_unsigned(buffer, SLA_A_ID, action->address->id);
    packed_signed(buffer, SLA_A_NUMBER, field->high / 32);
    packed_unsigned(buffer, SLA_A_MASK, context_mask(field));
    packed_bool(buffer, SLA_A_FLOW, !field->no_flow);
    packed_close(buffer, SLA_E_COMMIT);
}

static void emit_display(Buffer *buffer, const Constructor *constructor)
{
    for (size_t i = 0; i < constructor->piece_count; i++) {
        const PrintPiece *piece = &constructor->pieces[i];
        unsigned element = piece->text != NULL ? SLA_E_PRINT : SLA_E_OPPRINT;
        packed_open(buffer, element);
        if (piece->text != NULL)
            packed_text(buffer, SLA_A_PIECE, piece->text->text);
        else
            packed_signed(buffer, SLA_A_ID, piece->operand->operand.index);
        packed_close(buffer, element);
    }
}

void emit_constructor(Compiler *compiler, Buffer *buffer, const Constructor *constructor)
{
    (void)compiler;
    packed_open(buffer, SLA_E_CONSTRUCTOR);
    packed_unsigned(buffer, SLA_A_PARENT, constructor->table->id);
    packed_signed(buffer, SLA_A_FIRST, constructor->first_space);
    packed_signed(buffer, SLA_A_LENGTH, constructor->pattern.bytes);
    packed_signed(buffer, SLA_A_SOURCE, constructor->position.file);
    packed_signed(buffer, SLA_A_LINE, constructor->position.line);
    for (size_t i = 0; i < constructor->operand_count; i++) {
        packed_open(buffer, SLA_E_OPER);
        packed_unsigned(buffer, SLA_A_ID, constructor->operands[i]->id);
        packed_close(buffer, SLA_E_OPER);
    }
    emit_display(buffer, constructor);
    for (const Action *action = constructor->actions; action != NULL; action = action->next)
        emit_action(buffer, constructor, action);
    if (constructor->main != NULL)
        emit_template(buffer, constructor->main, -1);
    for (size_t i = 0; i < constructor->section_count; i++)
        if (constructor->sections[i] != NULL)
            emit_template(buffer, constructor->sections[i], (int)i);
    packed_close(buffer, SLA_E_CONSTRUCTOR);
}
