/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/handle.h"

#include "core/error.h"
#include "sleigh/sla_ids.h"

#include <stdlib.h>

enum { MAIN_SECTION = -1, EFFECTIVE_ADDRESS = 0x100 };

typedef struct Lifter {
    ProSleighDecoder *decoder;
    Parse *parse; /* whose templates are expanded */
    ProStatus status;
    bool unimplemented;
    bool in_delay_slot;
    unsigned depth;
} Lifter;

static bool lift_fail(Lifter *lifter, ProStatus status)
{
    if (lifter->status == PRO_OK)
        lifter->status = status;
    return false;
}

static bool make_room(Lifter *lifter, void **items, size_t count, size_t *capacity,
        size_t element_size, size_t limit)
{
    if (count < *capacity)
        return true;
    size_t grown = *capacity == 0 ? 64 : *capacity * 2;
    if (count >= limit)
        return lift_fail(lifter, PRO_ERR_LIMIT);
    void *memory = realloc(*items, grown * element_size);
    if (memory == NULL)
        return lift_fail(lifter, PRO_ERR_NO_MEMORY);
    *items = memory;
    *capacity = grown;
    return true;
}

static bool add_varnode(Lifter *lifter, ProVarnode varnode)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!make_room(lifter, (void **)(void *)&decoder->varnodes, decoder->varnode_count,
                &decoder->varnode_capacity, sizeof varnode, 16u * SLEIGH_LIMIT_LIFT_OPS))
        return false;
    decoder->varnodes[decoder->varnode_count++] = varnode;
    return true;
}

/* Inputs are those added since `first_input`; pointers are set at the end, when nothing moves. */
static bool add_op(Lifter *lifter, unsigned code, ProVarnode output, size_t first_input)
{
    ProSleighDecoder *decoder = lifter->decoder;
    if (!make_room(lifter, (void **)(void *)&decoder->ops, decoder->op_count, &decoder->op_capacity,
                sizeof(ProPcodeOp), SLEIGH_LIMIT_LIFT_OPS))
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

static uint64_t settle_offset(const Lifter *lifter, uint32_t space, uint64_t offset, uint32_t size)
{
    const ProSleighLanguage *language = lifter->parse->language;
    if (space == PRO_SPACE_CONST)
        return size >= 8 || size == 0 ? offset : offset & (((uint64_t)1 << 8 * size) - 1);
    if (space == language->unique_space)
        return offset | (lifter->parse->address & language->unique_mask) << 8;
    return parse_wrap(language, space, offset);
}

static ProVarnode resolve(const Lifter *lifter, const VarnodeTpl *tpl, const Handle *operands)
{
    ProVarnode varnode = {.space = handle_space(lifter->parse, &tpl->space, operands),
            .size = (uint32_t)handle_number(lifter->parse, &tpl->size, operands)};
    varnode.offset = settle_offset(lifter, varnode.space,
            handle_number(lifter->parse, &tpl->offset, operands), varnode.size);
    return varnode;
}

static const Handle *dynamic_handle(const VarnodeTpl *tpl, const Handle *operands)
{
    if (tpl->offset.kind != CONST_HANDLE)
        return NULL;
    const Handle *handle = &operands[tpl->offset.operand];
    return handle->offset_space == NO_INDEX ? NULL : handle;
}

/* The pointer of a dynamic operand; a part of it begins some bytes later. */
static bool dynamic_pointer(
        Lifter *lifter, const VarnodeTpl *tpl, const Handle *handle, ProVarnode *ret)
{
    const ProSleighLanguage *language = lifter->parse->language;
    *ret = (ProVarnode){.space = handle->offset_space, .size = handle->offset_size};
    ret->offset = settle_offset(lifter, ret->space, handle->offset, ret->size);
    uint64_t plus = tpl->offset.selector == 3 ? tpl->offset.value & 0xFFFF : 0;
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

static bool load_dynamic_inputs(
        Lifter *lifter, const OpTpl *op, const VarnodeTpl *inputs, const Handle *operands)
{
    for (unsigned i = 0; i < op->input_count; i++) {
        const Handle *handle = dynamic_handle(&inputs[i], operands);
        ProVarnode pointer;
        if (handle == NULL)
            continue;
        if (!dynamic_pointer(lifter, &inputs[i], handle, &pointer) ||
                !add_two(lifter, PRO_PCODE_LOAD, resolve(lifter, &inputs[i], operands),
                        space_id(handle), pointer))
            return false;
    }
    return true;
}

static bool store_dynamic_output(
        Lifter *lifter, const VarnodeTpl *output, const Handle *operands, ProVarnode value)
{
    const Handle *handle = dynamic_handle(output, operands);
    ProVarnode pointer;
    if (handle == NULL)
        return true;
    if (!dynamic_pointer(lifter, output, handle, &pointer))
        return false;
    size_t first = lifter->decoder->varnode_count;
    return add_varnode(lifter, space_id(handle)) && add_varnode(lifter, pointer) &&
           add_varnode(lifter, value) && add_op(lifter, PRO_PCODE_STORE, (ProVarnode){0}, first);
}

static bool emit_op(Lifter *lifter, const OpTpl *op, const Handle *operands, size_t label_base)
{
    ProSleighDecoder *decoder = lifter->decoder;
    const VarnodeTpl *varnodes = lifter->parse->language->varnodes + op->varnodes;
    const VarnodeTpl *inputs = varnodes + (op->has_output ? 1 : 0);
    ProVarnode output = {0};
    if (!load_dynamic_inputs(lifter, op, inputs, operands))
        return false;
    size_t first_input = decoder->varnode_count;
    for (unsigned i = 0; i < op->input_count; i++)
        if (!add_varnode(lifter, resolve(lifter, &inputs[i], operands)))
            return false;
    if (op->has_output)
        output = resolve(lifter, &varnodes[0], operands);
    if (op->input_count > 0 && inputs[0].offset.kind == CONST_RELATIVE) {
        if (!make_room(lifter, (void **)(void *)&decoder->fixes, decoder->fix_count,
                    &decoder->fix_capacity, sizeof(LabelFix), SLEIGH_LIMIT_LIFT_OPS))
            return false;
        decoder->fixes[decoder->fix_count++] = (LabelFix){
                (uint32_t)decoder->op_count, (uint32_t)(label_base + inputs[0].offset.value)};
    }
    if (!add_op(lifter, op->code, output, first_input))
        return false;
    return !op->has_output || store_dynamic_output(lifter, &varnodes[0], operands, output);
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
static bool expand_crossbuild(Lifter *lifter, const OpTpl *op, const Handle *operands)
{
    ProSleighDecoder *decoder = lifter->decoder;
    const VarnodeTpl *inputs = decoder->language->varnodes + op->varnodes;
    uint64_t address = resolve(lifter, &inputs[0], operands).offset;
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
        expanded = expand_node(lifter, 0, (int)inputs[1].offset.value);
        lifter->parse = outer;
    }
    free(other);
    return expanded;
}

static bool allocate_labels(Lifter *lifter, uint32_t count, size_t *ret_base)
{
    ProSleighDecoder *decoder = lifter->decoder;
    *ret_base = decoder->label_count;
    for (uint32_t i = 0; i < count; i++) {
        if (!make_room(lifter, (void **)(void *)&decoder->labels, decoder->label_count,
                    &decoder->label_capacity, sizeof *decoder->labels, SLEIGH_LIMIT_LIFT_OPS))
            return false;
        decoder->labels[decoder->label_count++] = NO_INDEX;
    }
    return true;
}

static bool expand_template(Lifter *lifter, uint32_t node_index, const Tpl *tpl, int section)
{
    ProSleighDecoder *decoder = lifter->decoder;
    const ProSleighLanguage *language = decoder->language;
    const Node *node = &lifter->parse->nodes[node_index];
    const Handle *operands = lifter->parse->handles + node->first_child;
    size_t label_base;
    if (!allocate_labels(lifter, tpl->label_count, &label_base))
        return false;
    for (uint32_t i = 0; i < tpl->op_count; i++) {
        const OpTpl *op = &language->ops[tpl->first_op + i];
        uint64_t number = language->varnodes[op->varnodes].offset.value;
        bool expanded;
        switch (op->code) {
        case SLA_OP_BUILD:
            expanded = expand_node(lifter, node->first_child + (uint32_t)number, section);
            break;
        case SLA_OP_DELAY_SLOT:
            expanded = expand_delay_slots(lifter);
            break;
        case SLA_OP_LABEL:
            decoder->labels[label_base + number] = (uint32_t)decoder->op_count;
            expanded = true;
            break;
        case SLA_OP_CROSSBUILD:
            expanded = expand_crossbuild(lifter, op, operands);
            break;
        default:
            expanded = emit_op(lifter, op, operands, label_base);
        }
        if (!expanded)
            return false;
    }
    return true;
}

/* A node without the section passes the search on to its operands that are tables. */
static bool expand_section(Lifter *lifter, uint32_t index, int section)
{
    const ProSleighLanguage *language = lifter->parse->language;
    const Node *node = &lifter->parse->nodes[index];
    for (uint32_t i = 0; i < node->ctor->section_count; i++) {
        const Tpl *tpl = &language->tpls[node->ctor->sections + i];
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

/* What kinds of flow the operations contain, and whether their end can be reached. */
static void find_flow(const ProSleighDecoder *decoder, ProSleighLift *lift)
{
    bool ends = false;
    for (size_t i = 0; i < lift->count; i++) {
        const ProPcodeOp *op = &lift->ops[i];
        bool relative = (op->code == PRO_PCODE_BRANCH || op->code == PRO_PCODE_CBRANCH) &&
                        op->inputs[0].space == PRO_SPACE_CONST;
        ends = false;
        if (relative) {
            uint64_t target = (i + (uint64_t)(int64_t)(int32_t)op->inputs[0].offset);
            if (target >= lift->count)
                lift->flow |= PRO_FLOW_FALL_THROUGH;
            ends = op->code == PRO_PCODE_BRANCH;
            continue;
        }
        switch (op->code) {
        case PRO_PCODE_BRANCH:
            lift->flow |= PRO_FLOW_BRANCH;
            add_target(lift, op);
            ends = true;
            break;
        case PRO_PCODE_CBRANCH:
            lift->flow |= PRO_FLOW_BRANCH | PRO_FLOW_CONDITIONAL;
            add_target(lift, op);
            break;
        case PRO_PCODE_BRANCHIND:
            lift->flow |= PRO_FLOW_BRANCH | PRO_FLOW_INDIRECT;
            ends = true;
            break;
        case PRO_PCODE_CALL:
            lift->flow |= PRO_FLOW_CALL;
            add_target(lift, op);
            break;
        case PRO_PCODE_CALLIND:
            lift->flow |= PRO_FLOW_CALL | PRO_FLOW_INDIRECT;
            break;
        case PRO_PCODE_RETURN:
            lift->flow |= PRO_FLOW_RETURN;
            ends = true;
            break;
        default:
            break;
        }
    }
    if (!ends)
        lift->flow |= PRO_FLOW_FALL_THROUGH;
    (void)decoder;
}

ProStatus pro_sleigh_lift(ProSleighDecoder *decoder, ProSleighLift *ret_lift, ProError *reterr)
{
    if (decoder->parse->outcome != PRO_SLEIGH_DECODED)
        return error_set(reterr, PRO_ERR_INVALID, "no instruction is decoded");
    Lifter lifter = {.decoder = decoder, .parse = decoder->parse};
    decoder->op_count = decoder->varnode_count = decoder->label_count = decoder->fix_count = 0;
    parse_handles(decoder->parse);
    bool expanded = expand_node(&lifter, 0, MAIN_SECTION);
    *ret_lift = (ProSleighLift){0};
    if (lifter.unimplemented) {
        ret_lift->flow = PRO_FLOW_UNIMPLEMENTED | PRO_FLOW_FALL_THROUGH;
        return PRO_OK;
    }
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
    find_flow(decoder, ret_lift);
    return PRO_OK;
}
