/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/handle.h"

#include "core/error.h"
#include "sleigh/runtime/template.h"
#include "sleigh/sla_ids.h"

#include <stdlib.h>
#include <string.h>

enum { MAIN_SECTION = -1, EFFECTIVE_ADDRESS = 0x100 };

typedef struct Lifter {
    ProSleighDecoder *decoder;
    Parse *parse; /* whose templates are expanded */
    ProError *reterr;
    ProStatus status;
    bool is_told; /* reterr has it */
    bool unimplemented;
    bool in_delay_slot;
    unsigned depth;
} Lifter;

/* A template that is expanded for a node. */
typedef struct Frame {
    const TplOps *tpl;
    const Handle *operands;
    size_t label_base;
} Frame;

/* What is left of a template's runs. */
typedef struct Run {
    const ProPcodeOp *ops;
    const ProVarnode *inputs;
    const Patch *patches;
} Run;

static bool lift_fail(Lifter *lifter, ProStatus status)
{
    if (lifter->status == PRO_OK)
        lifter->status = status;
    return false;
}

/* Room for `more` elements behind `count`; slow, since it is rarely needed. */
static __attribute__((noinline)) bool grow(Lifter *lifter, void **items, size_t count, size_t more,
        size_t *capacity, size_t element_size, size_t limit)
{
    size_t grown = *capacity == 0 ? 64 : *capacity;
    if (count + more > limit)
        return lift_fail(lifter, PRO_ERR_LIMIT);
    while (grown < count + more)
        grown *= 2;
    void *memory = realloc(*items, grown * element_size);
    if (memory == NULL)
        return lift_fail(lifter, PRO_ERR_NO_MEMORY);
    *items = memory;
    *capacity = grown;
    return true;
}

#define MAKE_ROOM(lifter, items, item, more, limit)                                                \
    ((lifter)->decoder->item##_count + (more) <= (lifter)->decoder->item##_capacity ||             \
            grow((lifter), (void **)(void *)&(lifter)->decoder->items,                             \
                    (lifter)->decoder->item##_count, (more), &(lifter)->decoder->item##_capacity,  \
                    sizeof *(lifter)->decoder->items, (limit)))

static bool add_varnode(Lifter *lifter, ProVarnode varnode)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!MAKE_ROOM(lifter, varnodes, varnode, 1, 16u * SLEIGH_LIMIT_LIFT_OPS))
        return false;
    decoder->varnodes[decoder->varnode_count++] = varnode;
    return true;
}

/* Inputs are those added since `first_input`; pointers are set at the end, when nothing moves. */
static bool add_op(Lifter *lifter, unsigned code, ProVarnode output, size_t first_input)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!MAKE_ROOM(lifter, ops, op, 1, SLEIGH_LIMIT_LIFT_OPS))
        return false;
    decoder->ops[decoder->op_count++] = (ProPcodeOp){.code = (uint16_t)code,
            .input_count = (uint16_t)(decoder->varnode_count - first_input),
            .output = output};
    return true;
}

static bool add_two(
        Lifter *lifter, unsigned code, ProVarnode output, ProVarnode first, ProVarnode second)
{
    size_t first_input = lifter->decoder->varnode_count;
    return add_varnode(lifter, first) && add_varnode(lifter, second) &&
           add_op(lifter, code, output, first_input);
}

static inline uint64_t settle_offset(
        const Lifter *lifter, uint32_t space, uint64_t offset, uint32_t size)
{
    const ProSleighLanguage *language = lifter->parse->language;
    if (space == PRO_SPACE_CONST)
        return size >= 8 || size == 0 ? offset : offset & (((uint64_t)1 << 8 * size) - 1);
    if (space == language->unique_space)
        return offset | (lifter->parse->address & language->unique_mask) << 8;
    return parse_wrap(language, space, offset);
}

static const VarnodeTpl *general(const Frame *frame, const PlaceTpl *tpl)
{
    return &frame->tpl->varnodes[tpl->place.offset];
}

static ProVarnode resolve_general(
        const Lifter *lifter, const VarnodeTpl *tpl, const Handle *operands)
{
    ProVarnode varnode = {.space = handle_space(lifter->parse, &tpl->space, operands),
            .size = (uint32_t)handle_number(lifter->parse, &tpl->size, operands)};
    varnode.offset = settle_offset(lifter, varnode.space,
            handle_number(lifter->parse, &tpl->offset, operands), varnode.size);
    return varnode;
}

static inline ProVarnode resolve(const Lifter *lifter, const Frame *frame, const PlaceTpl *tpl)
{
    if (tpl->form <= PLACE_LABEL)
        return tpl->place;
    if (tpl->form == PLACE_GENERAL)
        return resolve_general(lifter, general(frame, tpl), frame->operands);
    const Handle *handle = &frame->operands[tpl->operand];
    bool is_static = handle->offset_space == NO_INDEX;
    ProVarnode varnode = {.space = PRO_SPACE_CONST,
            .offset = is_static ? handle->offset : handle->temp_offset,
            .size = tpl->place.size};
    if (tpl->form == PLACE_OPERAND) {
        varnode.space = is_static ? handle->space : handle->temp_space;
        if (varnode.size == 0)
            varnode.size = handle->size;
    }
    varnode.offset = settle_offset(lifter, varnode.space, varnode.offset, varnode.size);
    return varnode;
}

/* The handle of an operand that is reached through a pointer; else NULL. */
static inline const Handle *dynamic_handle(const Frame *frame, const PlaceTpl *tpl)
{
    unsigned operand = tpl->operand;
    if (tpl->form <= PLACE_LABEL)
        return NULL;
    if (tpl->form == PLACE_GENERAL) {
        const Const *offset = &general(frame, tpl)->offset;
        if (offset->kind != CONST_HANDLE)
            return NULL;
        operand = offset->operand;
    }
    const Handle *handle = &frame->operands[operand];
    return handle->offset_space == NO_INDEX ? NULL : handle;
}

/* The pointer of a dynamic operand; a part of it begins some bytes later. */
static bool dynamic_pointer(Lifter *lifter, const Frame *frame, const PlaceTpl *tpl,
        const Handle *handle, ProVarnode *ret)
{
    const ProSleighLanguage *language = lifter->parse->language;
    *ret = (ProVarnode){.space = handle->offset_space, .size = handle->offset_size};
    ret->offset = settle_offset(lifter, ret->space, handle->offset, ret->size);
    const Const *offset = tpl->form == PLACE_GENERAL ? &general(frame, tpl)->offset : NULL;
    uint64_t plus = offset != NULL && offset->selector == 3 ? offset->value & 0xFFFF : 0;
    if (plus == 0)
        return true;
    ProVarnode moved = {.space = language->unique_space, .size = ret->size};
    moved.offset = settle_offset(
            lifter, moved.space, language->unique_base + EFFECTIVE_ADDRESS, moved.size);
    ProVarnode amount = {.space = PRO_SPACE_CONST, .offset = plus, .size = ret->size};
    bool added = add_two(lifter, PRO_PCODE_INT_ADD, moved, *ret, amount);
    *ret = moved;
    return added;
}

static ProVarnode space_id(const Handle *handle)
{
    return (ProVarnode){.space = PRO_SPACE_CONST, .offset = handle->space, .size = 8};
}

static bool load_dynamic(
        Lifter *lifter, const Frame *frame, const PlaceTpl *tpl, const Handle *handle)
{
    ProVarnode pointer;
    return dynamic_pointer(lifter, frame, tpl, handle, &pointer) &&
           add_two(lifter, PRO_PCODE_LOAD, resolve(lifter, frame, tpl), space_id(handle), pointer);
}

static bool store_dynamic(Lifter *lifter, const Frame *frame, const PlaceTpl *tpl,
        const Handle *handle, ProVarnode value)
{
    ProVarnode pointer;
    if (!dynamic_pointer(lifter, frame, tpl, handle, &pointer))
        return false;
    size_t first = lifter->decoder->varnode_count;
    return add_varnode(lifter, space_id(handle)) && add_varnode(lifter, pointer) &&
           add_varnode(lifter, value) && add_op(lifter, PRO_PCODE_STORE, (ProVarnode){0}, first);
}

static bool note_label(Lifter *lifter, uint64_t label)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!MAKE_ROOM(lifter, fixes, fix, 1, SLEIGH_LIMIT_LIFT_OPS))
        return false;
    decoder->fixes[decoder->fix_count++] = (LabelFix){(uint32_t)decoder->op_count, (uint32_t)label};
    return true;
}

static bool emit_op(Lifter *lifter, const Frame *frame, const OpTpl *op)
{
    ProSleighDecoder *decoder = lifter->decoder;
    const PlaceTpl *places = frame->tpl->places + op->places;
    const PlaceTpl *inputs = places + (op->has_output ? 1 : 0);
    const Handle *handle;
    for (unsigned i = 0; i < op->input_count; i++)
        if ((handle = dynamic_handle(frame, &inputs[i])) != NULL &&
                !load_dynamic(lifter, frame, &inputs[i], handle))
            return false;
    if (!MAKE_ROOM(lifter, varnodes, varnode, op->input_count, 16u * SLEIGH_LIMIT_LIFT_OPS))
        return false;
    size_t first_input = decoder->varnode_count;
    for (unsigned i = 0; i < op->input_count; i++)
        decoder->varnodes[first_input + i] = resolve(lifter, frame, &inputs[i]);
    decoder->varnode_count += op->input_count;
    if (op->input_count > 0 && inputs[0].form == PLACE_LABEL &&
            !note_label(lifter, frame->label_base + inputs[0].place.offset))
        return false;
    ProVarnode output = {0};
    if (op->has_output)
        output = resolve(lifter, frame, &places[0]);
    if (!add_op(lifter, op->code, output, first_input))
        return false;
    handle = op->has_output ? dynamic_handle(frame, &places[0]) : NULL;
    return handle == NULL || store_dynamic(lifter, frame, &places[0], handle, output);
}

static bool expand_node(Lifter *lifter, uint32_t node, int section);

static bool expand_delay_slots(Lifter *lifter)
{
    ProSleighDecoder *decoder = lifter->decoder;
    Parse *outer = lifter->parse;
    if (lifter->in_delay_slot)
        return lift_fail(lifter, PRO_ERR_UNSUPPORTED); /* a delay slot within a delay slot */
    lifter->in_delay_slot = true;
    bool expanded = true;
    for (uint32_t i = 0; expanded && i < decoder->delayed_count; i++) {
        lifter->parse = decoder->delayed[i];
        parse_handles(lifter->parse);
        expanded = expand_node(lifter, 0, MAIN_SECTION);
    }
    lifter->parse = outer;
    lifter->in_delay_slot = false;
    return expanded;
}

/* The section of another instruction, with this one's addresses. */
static bool expand_crossbuild(Lifter *lifter, const Frame *frame, const OpTpl *op)
{
    ProSleighDecoder *decoder = lifter->decoder;
    const PlaceTpl *inputs = frame->tpl->places + op->places;
    uint64_t address = resolve(lifter, frame, &inputs[0]).offset;
    Parse *outer = lifter->parse;
    uint64_t behind = address - outer->address;
    if (behind >= decoder->window_size)
        return lift_fail(lifter, PRO_ERR_UNSUPPORTED); /* its bytes are not at hand */
    Parse *other = calloc(1, sizeof *other);
    if (other == NULL)
        return lift_fail(lifter, PRO_ERR_NO_MEMORY);
    parse_instruction(other, decoder->language, address, decoder->window + behind,
            decoder->window_size - behind, context_at(decoder, address));
    bool expanded = other->outcome == PRO_SLEIGH_DECODED;
    if (!expanded) {
        (void)lift_fail(lifter, PRO_ERR_FORMAT);
    } else {
        parse_handles(other); /* they keep the addresses of its own */
        other->tpl_start = outer->tpl_start;
        other->tpl_next = outer->tpl_next;
        other->next2 = outer->next2;
        lifter->parse = other;
        expanded = expand_node(lifter, 0, (int)inputs[1].place.offset);
        lifter->parse = outer;
    }
    free(other);
    return expanded;
}

static const TplOps *get_ops(Lifter *lifter, Tpl *tpl)
{
    const TplOps *ops = atomic_load_explicit(&tpl->ops, memory_order_acquire);
    if (__builtin_expect(ops != NULL, 1))
        return ops;
    ProError error = {0};
    ops = template_read(lifter->decoder->language, tpl, &error);
    if (ops == NULL) {
        (void)lift_fail(lifter, error.status);
        (void)error_set(lifter->reterr, error.status, "%s", error.text);
        lifter->is_told = true;
    }
    return ops;
}

static bool allocate_labels(Lifter *lifter, uint32_t count, size_t *ret_base)
{
    ProSleighDecoder *decoder = lifter->decoder;
    *ret_base = decoder->label_count;
    if (count > 0 && !MAKE_ROOM(lifter, labels, label, count, SLEIGH_LIMIT_LIFT_OPS))
        return false;
    for (uint32_t i = 0; i < count; i++)
        decoder->labels[decoder->label_count++] = NO_INDEX;
    return true;
}

/* A run: copied, and its holes filled. */
static bool expand_run(Lifter *lifter, const Frame *frame, const Step *run, const Run *from)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!MAKE_ROOM(lifter, ops, op, run->count, SLEIGH_LIMIT_LIFT_OPS) ||
            !MAKE_ROOM(lifter, varnodes, varnode, run->input_count, 16u * SLEIGH_LIMIT_LIFT_OPS))
        return false;
    ProPcodeOp *ops = decoder->ops + decoder->op_count;
    ProVarnode *inputs = decoder->varnodes + decoder->varnode_count;
    memcpy(ops, from->ops, run->count * sizeof *ops);
    if (run->input_count > 0)
        memcpy(inputs, from->inputs, run->input_count * sizeof *inputs);
    for (uint32_t i = 0; i < run->patch_count; i++) {
        const Patch *patch = &from->patches[i];
        ProVarnode *place = patch->is_output ? &ops[patch->slot].output : &inputs[patch->slot];
        *place = resolve(lifter, frame, &patch->place);
    }
    decoder->op_count += run->count;
    decoder->varnode_count += run->input_count;
    return true;
}

static bool expand_step(
        Lifter *lifter, const Frame *frame, const Node *node, const Step *step, int section)
{
    ProSleighDecoder *decoder = lifter->decoder;
    switch (step->kind) {
    case STEP_BUILD:
        return expand_node(lifter, node->first_child + step->count, section);
    case STEP_LABEL:
        decoder->labels[frame->label_base + step->count] = (uint32_t)decoder->op_count;
        return true;
    case STEP_DELAY_SLOT:
        return expand_delay_slots(lifter);
    case STEP_CROSSBUILD:
        return expand_crossbuild(lifter, frame, &frame->tpl->ops[step->count]);
    default:
        return emit_op(lifter, frame, &frame->tpl->ops[step->count]);
    }
}

static bool expand_template(Lifter *lifter, uint32_t node_index, Tpl *tpl, int section)
{
    const Node *node = &lifter->parse->nodes[node_index];
    const TplOps *ops = get_ops(lifter, tpl);
    Frame frame = {.tpl = ops, .operands = lifter->parse->handles + node->first_child};
    if (ops == NULL ||
            (tpl->label_count > 0 && !allocate_labels(lifter, tpl->label_count, &frame.label_base)))
        return false;
    Run run = {ops->run_ops, ops->run_inputs, ops->patches};
    for (uint32_t i = 0; i < ops->step_count; i++) {
        const Step *step = &ops->steps[i];
        if (step->kind != STEP_RUN) {
            if (!expand_step(lifter, &frame, node, step, section))
                return false;
            continue;
        }
        if (!expand_run(lifter, &frame, step, &run))
            return false;
        run.ops += step->count;
        run.inputs += step->input_count;
        run.patches += step->patch_count;
    }
    return true;
}

/* A node without the section passes the search on to its operands that are tables. */
static bool expand_section(Lifter *lifter, uint32_t index, int section)
{
    const ProSleighLanguage *language = lifter->parse->language;
    const Node *node = &lifter->parse->nodes[index];
    for (uint32_t i = 0; i < node->ctor->section_count; i++) {
        Tpl *tpl = &language->tpls[node->ctor->sections + i];
        if (tpl->section == section)
            return expand_template(lifter, index, tpl, section);
    }
    for (uint32_t i = 0; i < node->ctor->operand_count; i++)
        if (lifter->parse->nodes[node->first_child + i].ctor != NULL &&
                !expand_node(lifter, node->first_child + i, section))
            return false;
    return true;
}

static bool expand_node(Lifter *lifter, uint32_t index, int section)
{
    const Node *node = &lifter->parse->nodes[index];
    if (lifter->depth >= 4 * SLEIGH_LIMIT_PARSE_DEPTH)
        return lift_fail(lifter, PRO_ERR_LIMIT);
    lifter->depth++;
    bool expanded = false;
    if (section != MAIN_SECTION)
        expanded = expand_section(lifter, index, section);
    else if (node->ctor->main == NO_INDEX)
        lifter->unimplemented = true;
    else
        expanded = expand_template(
                lifter, index, &lifter->parse->language->tpls[node->ctor->main], section);
    lifter->depth--;
    return expanded;
}

static void finish_ops(ProSleighDecoder *decoder)
{
    const ProVarnode *inputs = decoder->varnodes;
    for (size_t i = 0; i < decoder->op_count; i++) {
        decoder->ops[i].inputs = inputs;
        inputs += decoder->ops[i].input_count;
    }
    for (size_t i = 0; i < decoder->fix_count; i++) {
        const LabelFix *fix = &decoder->fixes[i];
        ProVarnode *target = &decoder->varnodes[decoder->ops[fix->op].inputs - decoder->varnodes];
        uint64_t distance = (uint64_t)decoder->labels[fix->label] - fix->op;
        target->offset =
                target->size >= 8 ? distance : distance & (((uint64_t)1 << 8 * target->size) - 1);
    }
}

static void add_target(ProSleighLift *lift, const ProPcodeOp *op)
{
    uint64_t target = op->inputs[0].offset;
    for (unsigned i = 0; i < lift->target_count; i++)
        if (lift->targets[i] == target)
            return;
    if (lift->target_count < PRO_SLEIGH_TARGETS)
        lift->targets[lift->target_count++] = target;
}

static void add_flow(ProSleighLift *lift, const ProPcodeOp *op)
{
    static const uint8_t flows[] = {[PRO_PCODE_BRANCH] = PRO_FLOW_BRANCH,
            [PRO_PCODE_CBRANCH] = PRO_FLOW_BRANCH | PRO_FLOW_CONDITIONAL,
            [PRO_PCODE_BRANCHIND] = PRO_FLOW_BRANCH | PRO_FLOW_INDIRECT,
            [PRO_PCODE_CALL] = PRO_FLOW_CALL,
            [PRO_PCODE_CALLIND] = PRO_FLOW_CALL | PRO_FLOW_INDIRECT,
            [PRO_PCODE_CALLOTHER] = 0,
            [PRO_PCODE_RETURN] = PRO_FLOW_RETURN};
    lift->flow |= flows[op->code];
    if (op->code == PRO_PCODE_BRANCH || op->code == PRO_PCODE_CBRANCH || op->code == PRO_PCODE_CALL)
        add_target(lift, op);
}

/* What kinds of flow the operations contain, and whether their end can be reached. */
static void find_flow(ProSleighLift *lift)
{
    for (size_t i = 0; i < lift->count; i++) {
        const ProPcodeOp *op = &lift->ops[i];
        if (op->code < PRO_PCODE_BRANCH || op->code > PRO_PCODE_RETURN)
            continue;
        bool is_relative = op->code <= PRO_PCODE_CBRANCH && op->inputs[0].space == PRO_SPACE_CONST;
        if (!is_relative)
            add_flow(lift, op);
        else if (i + (uint64_t)(int64_t)(int32_t)op->inputs[0].offset >= lift->count)
            lift->flow |= PRO_FLOW_FALL_THROUGH;
    }
    unsigned last = lift->count == 0 ? 0 : lift->ops[lift->count - 1].code;
    if (last != PRO_PCODE_BRANCH && last != PRO_PCODE_BRANCHIND && last != PRO_PCODE_RETURN)
        lift->flow |= PRO_FLOW_FALL_THROUGH;
}

ProStatus pro_sleigh_lift(ProSleighDecoder *decoder, ProSleighLift *ret_lift, ProError *reterr)
{
    if (decoder->parse->outcome != PRO_SLEIGH_DECODED)
        return error_set(reterr, PRO_ERR_INVALID, "no instruction is decoded");
    Lifter lifter = {.decoder = decoder, .parse = decoder->parse, .reterr = reterr};
    decoder->op_count = decoder->varnode_count = decoder->label_count = decoder->fix_count = 0;
    parse_handles(decoder->parse);
    bool expanded = expand_node(&lifter, 0, MAIN_SECTION);
    *ret_lift = (ProSleighLift){0};
    if (lifter.unimplemented) {
        ret_lift->flow = PRO_FLOW_UNIMPLEMENTED | PRO_FLOW_FALL_THROUGH;
        return PRO_OK;
    }
    if (!expanded && lifter.is_told)
        return lifter.status;
    if (!expanded)
        return error_set(reterr, lifter.status,
                lifter.status == PRO_ERR_LIMIT
                        ? "the instruction at 0x%llx has more than %u operations (SLEIGH_LIMIT_LIFT_OPS)"
                        : "the instruction at 0x%llx cannot be lifted (status of %u)",
                (unsigned long long)decoder->parse->address,
                lifter.status == PRO_ERR_LIMIT ? SLEIGH_LIMIT_LIFT_OPS : (unsigned)lifter.status);
    finish_ops(decoder);
    ret_lift->ops = decoder->ops;
    ret_lift->count = decoder->op_count;
    find_flow(ret_lift);
    return PRO_OK;
}
