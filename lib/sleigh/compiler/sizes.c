/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/template_values.h"

#include "sleigh/sla_ids.h"

/* How the sizes of an operation's varnodes hang together. */
typedef enum SizeRule {
    SIZES_FREE,
    SIZES_EQUAL,   /* output and inputs */
    SIZES_COMPARE, /* the inputs */
    SIZES_SHIFT,   /* output and input 0; an unknown amount gets 4 bytes */
    SIZES_PIECE,   /* an unknown amount gets 4 bytes */
    SIZES_POOL     /* output and input 0; other unknown inputs get 8 bytes */
} SizeRule;

static SizeRule size_rule(unsigned opcode)
{
    if ((opcode >= PRO_PCODE_INT_EQUAL && opcode <= PRO_PCODE_INT_LESSEQUAL) ||
            (opcode >= PRO_PCODE_INT_CARRY && opcode <= PRO_PCODE_INT_SBORROW) ||
            (opcode >= PRO_PCODE_BOOL_NEGATE && opcode <= PRO_PCODE_FLOAT_NAN))
        return SIZES_COMPARE;
    if (opcode == PRO_PCODE_COPY || opcode == PRO_PCODE_INT_ADD || opcode == PRO_PCODE_INT_SUB ||
            (opcode >= PRO_PCODE_INT_2COMP && opcode <= PRO_PCODE_INT_OR) ||
            (opcode >= PRO_PCODE_INT_MULT && opcode <= PRO_PCODE_INT_SREM) ||
            (opcode >= PRO_PCODE_FLOAT_ADD && opcode <= PRO_PCODE_FLOAT_SQRT) ||
            (opcode >= PRO_PCODE_FLOAT_CEIL && opcode <= PRO_PCODE_FLOAT_ROUND))
        return SIZES_EQUAL;
    switch (opcode) {
    case PRO_PCODE_INT_LEFT:
    case PRO_PCODE_INT_RIGHT:
    case PRO_PCODE_INT_SRIGHT:
        return SIZES_SHIFT;
    case PRO_PCODE_SUBPIECE:
        return SIZES_PIECE;
    case PRO_PCODE_CPOOLREF:
        return SIZES_POOL;
    default:
        return SIZES_FREE;
    }
}

static bool is_unknown(const Varnode *varnode)
{
    return varnode != NULL && constant_unknown(varnode_size(varnode));
}

/* Gives all of the varnodes the first known size among them; true if one got it. */
static bool share_size(Varnode *output, Varnode **inputs, size_t count)
{
    Constant size = {0};
    bool changed = false;
    if (output != NULL)
        size = varnode_size(output);
    for (size_t i = 0; constant_unknown(size) && i < count; i++)
        size = varnode_size(inputs[i]);
    if (constant_unknown(size))
        return false;
    if (is_unknown(output)) {
        generate_force_size(output, size);
        changed = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_unknown(inputs[i]))
            continue;
        generate_force_size(inputs[i], size);
        changed = true;
    }
    return changed;
}

static bool give_size(Varnode *varnode, unsigned bytes)
{
    if (!is_unknown(varnode))
        return false;
    generate_force_size(varnode, constant_real(bytes));
    return true;
}

static bool infer_op(TemplateOp *op)
{
    bool changed = false;
    switch (size_rule(op->opcode)) {
    case SIZES_EQUAL:
        return share_size(op->output, op->inputs, op->input_count);
    case SIZES_COMPARE:
        changed = share_size(NULL, op->inputs, op->input_count);
        return give_size(op->output, 1) || changed;
    case SIZES_SHIFT:
        changed = share_size(op->output, op->inputs, 1);
        return give_size(op->inputs[1], 4) || changed;
    case SIZES_PIECE:
        return give_size(op->inputs[1], 4);
    case SIZES_POOL:
        changed = share_size(op->output, op->inputs, 1);
        for (size_t i = 1; i < op->input_count; i++)
            changed = give_size(op->inputs[i], 8) || changed;
        return changed;
    default:
        return false;
    }
}

static void run_to_fixpoint(Template *template)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < template->op_count; i++)
            changed = infer_op(template->ops[i]) || changed;
    }
}

/* Boolean inputs and conditions are one byte; addresses of instructions have an address' size. */
static void apply_defaults(Compiler *compiler, TemplateOp *op)
{
    const Space *space = compiler->model->default_space;
    for (size_t i = 0; i < op->input_count; i++)
        if (op->inputs[i]->address_sized && is_unknown(op->inputs[i]) && space != NULL)
            generate_force_size(op->inputs[i], constant_real(space->address_bytes));
    if (op->opcode == PRO_PCODE_CBRANCH && op->input_count == 2)
        (void)give_size(op->inputs[1], 1);
}

static bool op_resolved(const TemplateOp *op)
{
    if (is_unknown(op->output))
        return false;
    for (size_t i = 0; i < op->input_count; i++) {
        const Varnode *input = op->inputs[i];
        bool is_zero = input->offset.kind == CONSTANT_REAL && input->offset.value == 0 &&
                       input->temporary == NULL;
        if (is_unknown(input) && !(op->opcode == PRO_PCODE_CALLOTHER && is_zero))
            return false;
    }
    return true;
}

void template_infer_sizes(Compiler *compiler, Template *template)
{
    run_to_fixpoint(template);
    for (size_t i = 0; i < template->op_count; i++)
        apply_defaults(compiler, template->ops[i]);
    run_to_fixpoint(template);
    unsigned errors = compiler->error_count;
    for (size_t i = 0; i < template->op_count && compiler->error_count == errors; i++)
        if (!op_resolved(template->ops[i]))
            compiler_error(compiler, template->ops[i]->position,
                    "the size of a value here cannot be found; write it behind the value (x:4)");
    if (template->exported != NULL && is_unknown(template->exported))
        compiler_error(compiler, template->position,
                "the size of the exported value cannot be found; "
                "write it behind the value (x:4)");
}
