/* SPDX-License-Identifier: Apache-2.0 */
#include "waste.h"

#include <string.h>

typedef struct Code {
    const ProPcodeOp *ops;
    size_t count;
    unsigned unique;
} Code;

/* ---- places ---- */

static bool overlap(const ProVarnode *a, const ProVarnode *b)
{
    return a->size > 0 && b->size > 0 && a->space == b->space && a->offset < b->offset + b->size &&
           b->offset < a->offset + a->size;
}

static bool covers(const ProVarnode *outer, const ProVarnode *inner)
{
    return outer->space == inner->space && outer->offset <= inner->offset &&
           inner->offset + inner->size <= outer->offset + outer->size;
}

static bool reads(const ProPcodeOp *op, const ProVarnode *place)
{
    for (unsigned i = 0; i < op->input_count; i++)
        if (op->inputs[i].space != PRO_SPACE_CONST && overlap(&op->inputs[i], place))
            return true;
    return false;
}

/* Reads more than the place, together with it. */
static bool reads_beyond(const ProPcodeOp *op, const ProVarnode *place)
{
    for (unsigned i = 0; i < op->input_count; i++)
        if (op->inputs[i].space != PRO_SPACE_CONST && overlap(&op->inputs[i], place) &&
                !covers(place, &op->inputs[i]))
            return true;
    return false;
}

/* ---- paths ---- */

static bool is_relative(const ProPcodeOp *op)
{
    return (op->code == PRO_PCODE_BRANCH || op->code == PRO_PCODE_CBRANCH) &&
           op->inputs[0].space == PRO_SPACE_CONST;
}

/* Where execution goes behind operation `at`, within the instruction; at most two. */
static unsigned successors(const Code *code, size_t at, size_t ret[2])
{
    const ProPcodeOp *op = &code->ops[at];
    unsigned count = 0;
    if (op->code != PRO_PCODE_BRANCH && op->code != PRO_PCODE_BRANCHIND &&
            op->code != PRO_PCODE_RETURN && at + 1 < code->count)
        ret[count++] = at + 1;
    size_t target = is_relative(op) ? at + (size_t)(int32_t)op->inputs[0].offset : code->count;
    if (target < code->count)
        ret[count++] = target;
    return count;
}

/* An operation that may end the instruction here, or be seen from outside. */
static bool is_seen(const ProPcodeOp *op)
{
    return op->code == PRO_PCODE_LOAD || op->code == PRO_PCODE_STORE ||
           (op->code >= PRO_PCODE_BRANCH && op->code <= PRO_PCODE_RETURN);
}

/* A walk over the paths behind an operation: each operation is met at most once with the source
 * still as it was, and once with it changed. */
typedef struct Walk {
    const Code *code;
    const ProVarnode *written;
    const ProVarnode *source; /* or NULL */
    size_t stack[2 * WASTE_OPERATIONS_MAX];
    size_t height;
    bool met[2][WASTE_OPERATIONS_MAX];
    unsigned reads;
    size_t last_read;
    bool tied; /* somebody reads it when the source is not what it was, or as part of a whole */
} Walk;

static void walk_push(Walk *walk, size_t from, bool changed)
{
    size_t next[2];
    unsigned count = successors(walk->code, from, next);
    for (unsigned i = 0; i < count; i++)
        if (!walk->met[changed][next[i]]) {
            walk->met[changed][next[i]] = true;
            walk->stack[walk->height++] = next[i] << 1 | changed;
        }
}

static void walk_from(Walk *walk, size_t from)
{
    memset(walk->met[0], 0, walk->code->count);
    memset(walk->met[1], 0, walk->code->count);
    walk->height = walk->reads = 0;
    walk->tied = false;
    walk_push(walk, from, false);
    while (walk->height > 0) {
        size_t top = walk->stack[--walk->height], at = top >> 1;
        bool changed = (top & 1) != 0;
        const ProPcodeOp *op = &walk->code->ops[at];
        if (reads(op, walk->written)) {
            walk->reads++;
            walk->last_read = at;
            walk->tied |= changed || reads_beyond(op, walk->written);
        }
        if (op->output.size > 0 && covers(&op->output, walk->written))
            continue; /* written anew: this path ends */
        if (walk->source != NULL && op->output.size > 0 && overlap(&op->output, walk->source))
            changed = true;
        walk_push(walk, at, changed);
    }
}

/* ---- what is waste ---- */

static bool has_one_writer(const Code *code, const ProVarnode *place)
{
    unsigned count = 0;
    for (size_t i = 0; i < code->count; i++)
        count += overlap(&code->ops[i].output, place);
    return count == 1;
}

/* What COPY or SUBPIECE takes, as a place of the output's size. */
static bool copy_source(const ProPcodeOp *op, ProVarnode *ret_source)
{
    bool piece = op->code == PRO_PCODE_SUBPIECE && op->inputs[0].space != PRO_SPACE_CONST;
    *ret_source = op->inputs[0];
    if (piece)
        ret_source->offset += op->inputs[1].offset;
    ret_source->size = op->output.size;
    return op->code == PRO_PCODE_COPY || piece;
}

/* A copy into a temporary whose readers could read the source. */
static bool is_copy_in(const Code *code, size_t at, Walk *walk)
{
    const ProPcodeOp *op = &code->ops[at];
    ProVarnode source;
    if (op->output.space != code->unique || !copy_source(op, &source) ||
            !has_one_writer(code, &op->output))
        return false;
    walk->written = &op->output;
    walk->source = &source;
    walk_from(walk, at);
    return walk->reads > 0 && !walk->tied;
}

static bool is_target(const Code *code, size_t at)
{
    for (size_t i = 0; i < code->count; i++)
        if (is_relative(&code->ops[i]) && i + (size_t)(int32_t)code->ops[i].inputs[0].offset == at)
            return true;
    return false;
}

/* A copy out of a temporary that could have been computed where it goes to. */
static bool is_copy_out(const Code *code, size_t at, Walk *walk)
{
    const ProPcodeOp *copy = &code->ops[at];
    const ProVarnode *from = &copy->inputs[0];
    if (copy->code != PRO_PCODE_COPY || from->space != code->unique ||
            !has_one_writer(code, from) || is_target(code, at))
        return false;
    size_t writer = at;
    while (writer > 0) {
        const ProPcodeOp *op = &code->ops[--writer];
        if (op->output.size > 0 && overlap(&op->output, from))
            break;
        if (is_seen(op) || is_target(code, writer) || reads(op, &copy->output) ||
                overlap(&op->output, &copy->output))
            return false;
    }
    if (code->ops[writer].output.offset != from->offset ||
            code->ops[writer].output.size != from->size ||
            code->ops[writer].output.space != from->space)
        return false;
    walk->written = from;
    walk->source = NULL;
    walk_from(walk, writer);
    return walk->reads == 1 && walk->last_read == at;
}

static bool is_constant(const ProPcodeOp *op)
{
    if (op->output.size == 0 || op->code == PRO_PCODE_COPY || op->code == PRO_PCODE_LOAD ||
            op->code == PRO_PCODE_CALLOTHER)
        return false;
    for (unsigned i = 0; i < op->input_count; i++)
        if (op->inputs[i].space != PRO_SPACE_CONST)
            return false;
    return true;
}

/* The output is the first input. */
static bool is_identity(const ProPcodeOp *op)
{
    if (op->code == PRO_PCODE_COPY)
        return covers(&op->output, &op->inputs[0]);
    if (op->input_count == 1)
        return (op->code == PRO_PCODE_INT_ZEXT || op->code == PRO_PCODE_INT_SEXT) &&
               op->output.size == op->inputs[0].size;
    if (op->input_count != 2 || op->inputs[1].space != PRO_SPACE_CONST || op->output.size > 8)
        return false;
    uint64_t number = op->inputs[1].offset, ones = UINT64_MAX >> (64 - 8 * op->output.size);
    switch (op->code) {
    case PRO_PCODE_INT_ADD:
    case PRO_PCODE_INT_SUB:
    case PRO_PCODE_INT_OR:
    case PRO_PCODE_INT_XOR:
    case PRO_PCODE_INT_LEFT:
    case PRO_PCODE_INT_RIGHT:
    case PRO_PCODE_INT_SRIGHT:
        return number == 0;
    case PRO_PCODE_SUBPIECE:
        return number == 0 && op->inputs[0].size == op->output.size;
    case PRO_PCODE_INT_MULT:
        return number == 1;
    case PRO_PCODE_INT_AND:
        return (number & ones) == ones;
    default:
        return false;
    }
}

static bool is_dead(const Code *code, size_t at, Walk *walk)
{
    const ProPcodeOp *op = &code->ops[at];
    if (op->output.size == 0 || op->output.space != code->unique || op->code == PRO_PCODE_CALLOTHER)
        return false;
    walk->written = &op->output;
    walk->source = NULL;
    walk_from(walk, at);
    return walk->reads == 0;
}

Waste waste_find(const ProPcodeOp *ops, size_t count, unsigned unique)
{
    static Walk walk;
    Code code = {ops, count, unique};
    Waste waste = {.too_long = count > WASTE_OPERATIONS_MAX};
    walk.code = &code;
    for (size_t i = 0; i < count && !waste.too_long; i++) {
        if (is_dead(&code, i, &walk))
            waste.dead++;
        else if (is_copy_in(&code, i, &walk) || is_copy_out(&code, i, &walk))
            waste.copies++;
        else if (is_constant(&ops[i]) || is_identity(&ops[i]))
            waste.constants++;
    }
    return waste;
}
