/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <promp/pcode.h>

#include <stdlib.h>
#include <string.h>

typedef struct Shape {
    uint8_t output; /* 0 none, 1 always, 2 possible; 3: no such operation */
    uint8_t least;
    uint8_t most;
} Shape;

static const Shape shapes[PRO_PCODE_END] = {
#define PRO_PCODE(code, name, output, least, most) [code] = {output, least, most},
#include <promp/pcode.def>
#undef PRO_PCODE
};

typedef struct Verifier {
    const ProPcodeOp *ops;
    size_t count;
    const ProSpace *spaces;
    size_t space_count;
    size_t at;
    ProError *reterr;
} Verifier;

static ProStatus refuse(const Verifier *verifier, const char *what)
{
    const char *name = pro_pcode_name(verifier->ops[verifier->at].code);
    return error_set(verifier->reterr, PRO_ERR_FORMAT, "operation %zu (%s): %s", verifier->at,
            name == NULL ? "unknown" : name, what);
}

static bool is_unique(const Verifier *verifier, const ProVarnode *varnode)
{
    return varnode->space < verifier->space_count &&
           strcmp(verifier->spaces[varnode->space].name, "unique") == 0;
}

/* The end of what is written in one piece from `offset` on; `offset` itself if nothing is. */
static uint64_t written_until(const Verifier *verifier, uint32_t space, uint64_t offset)
{
    uint64_t end = offset;
    for (size_t i = 0; i < verifier->at; i++) {
        const ProVarnode *output = &verifier->ops[i].output;
        if (output->size != 0 && output->space == space && output->offset <= offset &&
                offset - output->offset < output->size && output->offset + output->size > end)
            end = output->offset + output->size;
    }
    return end;
}

/* A value may have been put together from several parts. */
static bool is_written_before(const Verifier *verifier, const ProVarnode *varnode)
{
    uint64_t at = varnode->offset, end = varnode->offset + varnode->size;
    while (at < end) {
        uint64_t until = written_until(verifier, varnode->space, at);
        if (until <= at)
            return false;
        at = until;
    }
    return true;
}

static bool sizes_agree(const ProPcodeOp *op)
{
    const ProVarnode *in = op->inputs;
    switch (op->code) {
    case PRO_PCODE_COPY:
    case PRO_PCODE_INT_2COMP:
    case PRO_PCODE_INT_NEGATE:
        return op->output.size == in[0].size;
    case PRO_PCODE_INT_ADD:
    case PRO_PCODE_INT_SUB:
    case PRO_PCODE_INT_XOR:
    case PRO_PCODE_INT_AND:
    case PRO_PCODE_INT_OR:
    case PRO_PCODE_INT_MULT:
    case PRO_PCODE_INT_DIV:
    case PRO_PCODE_INT_SDIV:
    case PRO_PCODE_INT_REM:
    case PRO_PCODE_INT_SREM:
    case PRO_PCODE_FLOAT_ADD:
    case PRO_PCODE_FLOAT_SUB:
    case PRO_PCODE_FLOAT_MULT:
    case PRO_PCODE_FLOAT_DIV:
        return op->output.size == in[0].size && in[0].size == in[1].size;
    case PRO_PCODE_INT_LEFT:
    case PRO_PCODE_INT_RIGHT:
    case PRO_PCODE_INT_SRIGHT:
        return op->output.size == in[0].size;
    case PRO_PCODE_INT_ZEXT:
    case PRO_PCODE_INT_SEXT:
        return op->output.size > in[0].size;
    case PRO_PCODE_PIECE:
        return op->output.size == in[0].size + in[1].size;
    case PRO_PCODE_CBRANCH:
        return in[1].size == 1;
    default:
        break;
    }
    bool compares = (op->code >= PRO_PCODE_INT_EQUAL && op->code <= PRO_PCODE_INT_LESSEQUAL) ||
                    (op->code >= PRO_PCODE_INT_CARRY && op->code <= PRO_PCODE_INT_SBORROW) ||
                    (op->code >= PRO_PCODE_BOOL_NEGATE && op->code <= PRO_PCODE_FLOAT_NAN);
    return !compares || (op->output.size == 1 && (op->input_count < 2 || in[0].size == in[1].size));
}

static ProStatus check_branch(const Verifier *verifier, const ProPcodeOp *op)
{
    const ProVarnode *target = &op->inputs[0];
    if ((op->code != PRO_PCODE_BRANCH && op->code != PRO_PCODE_CBRANCH) ||
            target->space != PRO_SPACE_CONST)
        return PRO_OK;
    unsigned unused = target->size >= 8 ? 0 : 64 - 8 * target->size;
    int64_t distance = (int64_t)(target->offset << unused) >> unused;
    if (distance < -(int64_t)verifier->at || distance > (int64_t)(verifier->count - verifier->at))
        return refuse(verifier, "the relative branch leaves the instruction");
    return PRO_OK;
}

static ProStatus check_op(const Verifier *verifier)
{
    const ProPcodeOp *op = &verifier->ops[verifier->at];
    if (pro_pcode_name(op->code) == NULL)
        return refuse(verifier, "there is no such operation");
    const Shape *shape = &shapes[op->code];
    if (op->input_count < shape->least || op->input_count > shape->most)
        return refuse(verifier, "wrong number of inputs");
    if ((shape->output == 1) != (op->output.size != 0) && shape->output != 2)
        return refuse(
                verifier, shape->output == 1 ? "an output is missing" : "an output is too much");
    if (op->output.size != 0 &&
            (op->output.space == PRO_SPACE_CONST || op->output.space >= verifier->space_count))
        return refuse(verifier, "the output is in no space that can be written");
    for (size_t i = 0; i < op->input_count; i++) {
        const ProVarnode *input = &op->inputs[i];
        if (input->space >= verifier->space_count)
            return refuse(verifier, "an input is in an unknown space");
        if (input->size == 0 && op->code != PRO_PCODE_CALLOTHER)
            return refuse(verifier, "an input has no size");
        if (is_unique(verifier, input) && !is_written_before(verifier, input))
            return refuse(verifier, "a temporary is read before it is written");
    }
    bool access = op->code == PRO_PCODE_LOAD || op->code == PRO_PCODE_STORE;
    if (access && (op->inputs[0].space != PRO_SPACE_CONST ||
                          op->inputs[0].offset >= verifier->space_count ||
                          op->inputs[0].offset == PRO_SPACE_CONST))
        return refuse(verifier, "input 0 is no space");
    if (!sizes_agree(op))
        return refuse(verifier, "the sizes do not agree");
    return check_branch(verifier, op);
}

ProStatus pro_pcode_verify(const ProPcodeOp *ops, size_t count, const ProSpace *spaces,
        size_t space_count, ProError *reterr)
{
    Verifier verifier = {.ops = ops,
            .count = count,
            .spaces = spaces,
            .space_count = space_count,
            .reterr = reterr};
    ProStatus status = PRO_OK;
    for (; status == PRO_OK && verifier.at < count; verifier.at++)
        status = check_op(&verifier);
    return status;
}
