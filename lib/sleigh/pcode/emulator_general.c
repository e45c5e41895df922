/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/emulator_private.h"

/* Steps that do not depend on sizes: anything that is computed, any space, branches. */

static ProStatus read_varnode(
        ProPcodeEmulator *emulator, const ProVarnode *varnode, Number *ret_number)
{
    ret_number->wide = 0;
    if (varnode->size > LARGEST_WIDE_BYTES)
        *ret_number = (Number){0};
    return place_read(emulator, varnode->space, varnode->offset, varnode->size, ret_number->bytes);
}

const Step *step_general(ProPcodeEmulator *emulator, const Step *step)
{
    const ProPcodeOp *op = step->op;
    /* A small operand beside a large one is read as a large one. */
    Number inputs[2] = {0}, result;
    ProStatus status = PRO_OK;
    for (unsigned i = 0; i < op->input_count && i < 2 && status == PRO_OK; i++)
        status = read_varnode(emulator, &op->inputs[i], &inputs[i]);
    if (status == PRO_OK)
        status = evaluate(op, inputs, &result);
    if (status == PRO_OK)
        status = place_write(
                emulator, op->output.space, op->output.offset, op->output.size, result.bytes);
    return status == PRO_OK ? step + 1 : step_fail(emulator, step, status);
}

/* The byte offset that the pointer says. */
static ProStatus locate(ProPcodeEmulator *emulator, const ProPcodeOp *op, uint64_t *ret_offset)
{
    Number pointer;
    uint64_t space = op->inputs[0].offset;
    if (space >= emulator->space_count || op->inputs[1].size > sizeof(uint64_t))
        return PRO_ERR_INVALID;
    ProStatus status = read_varnode(emulator, &op->inputs[1], &pointer);
    if (status == PRO_OK)
        *ret_offset = pointer.limbs[0] * emulator->spaces[space].word_bytes;
    return status;
}

const Step *step_load(ProPcodeEmulator *emulator, const Step *step)
{
    const ProPcodeOp *op = step->op;
    uint8_t bytes[LARGEST_NUMBER_BYTES];
    uint64_t offset = 0;
    ProStatus status = locate(emulator, op, &offset);
    if (status == PRO_OK)
        status = place_read(
                emulator, (uint32_t)op->inputs[0].offset, offset, op->output.size, bytes);
    if (status == PRO_OK)
        status = place_write(emulator, op->output.space, op->output.offset, op->output.size, bytes);
    return status == PRO_OK ? step + 1 : step_fail(emulator, step, status);
}

const Step *step_store(ProPcodeEmulator *emulator, const Step *step)
{
    const ProPcodeOp *op = step->op;
    Number value;
    uint64_t offset = 0;
    ProStatus status = locate(emulator, op, &offset);
    if (status == PRO_OK)
        status = read_varnode(emulator, &op->inputs[2], &value);
    if (status == PRO_OK)
        status = place_write(
                emulator, (uint32_t)op->inputs[0].offset, offset, op->inputs[2].size, value.bytes);
    return status == PRO_OK ? step + 1 : step_fail(emulator, step, status);
}

const Step *step_user_operation(ProPcodeEmulator *emulator, const Step *step)
{
    const ProPcodeOp *op = step->op;
    ProStatus status = emulator->calls.user_operation == NULL
                               ? PRO_ERR_UNSUPPORTED
                               : emulator->calls.user_operation(emulator->calls.data, emulator,
                                         op->inputs[0].offset, op->inputs + 1, op->input_count - 1u,
                                         op->output);
    return status == PRO_OK ? step + 1 : step_fail(emulator, step, status);
}

const Step *step_invalid(ProPcodeEmulator *emulator, const Step *step)
{
    return step_fail(emulator, step, PRO_ERR_INVALID);
}

/* ---- flow ---- */

const Step *step_end(ProPcodeEmulator *emulator, const Step *step)
{
    emulator->next_address = step->address;
    emulator->operations--; /* this step is none */
    return NULL;
}

const Step *step_branch(ProPcodeEmulator *emulator, const Step *step)
{
    emulator->next_address = step->address;
    return NULL;
}

const Step *step_branch_relative(ProPcodeEmulator *emulator, const Step *step)
{
    if (emulator->loop_budget-- == 0)
        return step_fail(emulator, step, PRO_ERR_LIMIT);
    return step->target;
}

const Step *step_branch_if(ProPcodeEmulator *emulator, const Step *step)
{
    return *step->inputs[1] != 0 ? step_branch(emulator, step) : step + 1;
}

const Step *step_branch_relative_if(ProPcodeEmulator *emulator, const Step *step)
{
    return *step->inputs[1] != 0 ? step_branch_relative(emulator, step) : step + 1;
}

const Step *step_branch_computed(ProPcodeEmulator *emulator, const Step *step)
{
    Number target;
    ProStatus status = read_varnode(emulator, &step->op->inputs[0], &target);
    if (status != PRO_OK)
        return step_fail(emulator, step, status);
    emulator->next_address = target.limbs[0] * emulator->spaces[emulator->code_space].word_bytes;
    return NULL;
}
