/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/template.h"

#include "sleigh/sla_ids.h"

#include <stdlib.h>
#include <string.h>

/* What a template consists of: counted first, then written into one block of that size. */
typedef struct Layout {
    const ProSleighLanguage *language;
    const Ctor *ctor;
    const TplScratch *scratch;
    size_t steps, run_ops, run_inputs, patches, ops, places;
    TplOps *made; /* NULL: it is counted */
} Layout;

/* Where a block's arrays are while it is written. */
typedef struct Arrays {
    Step *steps;
    ProPcodeOp *run_ops;
    ProVarnode *run_inputs;
    Patch *patches;
    OpTpl *ops;
    PlaceTpl *places;
} Arrays;

static Arrays arrays_of(const TplOps *made)
{
    return (Arrays){(Step *)(uintptr_t)made->steps, (ProPcodeOp *)(uintptr_t)made->run_ops,
            (ProVarnode *)(uintptr_t)made->run_inputs, (Patch *)(uintptr_t)made->patches,
            (OpTpl *)(uintptr_t)made->ops, (PlaceTpl *)(uintptr_t)made->places};
}

static StepKind step_kind(const Layout *layout, const OpTpl *op)
{
    const PlaceTpl *places = layout->scratch->places + op->places;
    if (op->code == SLA_OP_BUILD)
        return STEP_BUILD;
    if (op->code == SLA_OP_LABEL)
        return STEP_LABEL;
    if (op->code == SLA_OP_DELAY_SLOT)
        return STEP_DELAY_SLOT;
    if (op->code == SLA_OP_CROSSBUILD)
        return STEP_CROSSBUILD;
    for (uint32_t i = 0; i < op->input_count + (op->has_output ? 1u : 0u); i++) {
        const PlaceTpl *place = &places[i];
        if (place->form == PLACE_LABEL)
            return STEP_OP;
        if (place->form == PLACE_FIXED)
            continue;
        const Const *offset = &layout->scratch->varnodes[place->place.offset].offset;
        bool has_operand = place->form != PLACE_GENERAL || offset->kind == CONST_HANDLE;
        uint32_t operand = place->form != PLACE_GENERAL ? place->operand : offset->operand;
        if (has_operand && layout->language->operands[layout->ctor->operands + operand].may_point)
            return STEP_OP;
    }
    return STEP_RUN;
}

static void add_place(Layout *layout, const PlaceTpl *place, bool is_output, Step *run)
{
    size_t slot = is_output ? run->count : run->input_count;
    if (layout->made != NULL) {
        Arrays arrays = arrays_of(layout->made);
        if (is_output)
            arrays.run_ops[layout->run_ops].output = place->place;
        else
            arrays.run_inputs[layout->run_inputs] = place->place;
        if (place->form != PLACE_FIXED)
            arrays.patches[layout->patches] = (Patch){(uint32_t)slot, is_output, *place};
    }
    if (place->form != PLACE_FIXED) {
        layout->patches++;
        run->patch_count++;
    }
    if (!is_output) {
        layout->run_inputs++;
        run->input_count++;
    }
}

static void add_to_run(Layout *layout, const OpTpl *op, Step *run)
{
    const PlaceTpl *places = layout->scratch->places + op->places;
    if (layout->made != NULL)
        arrays_of(layout->made).run_ops[layout->run_ops] =
                (ProPcodeOp){.code = op->code, .input_count = op->input_count};
    if (op->has_output)
        add_place(layout, &places[0], true, run);
    for (uint32_t i = 0; i < op->input_count; i++)
        add_place(layout, &places[i + (op->has_output ? 1 : 0)], false, run);
    layout->run_ops++;
    run->count++;
}

/* An operation that is kept as it is. */
static void keep_op(Layout *layout, const OpTpl *op)
{
    size_t count = op->input_count + (op->has_output ? 1u : 0u);
    if (layout->made != NULL) {
        Arrays arrays = arrays_of(layout->made);
        arrays.ops[layout->ops] = *op;
        arrays.ops[layout->ops].places = (uint32_t)layout->places;
        memcpy(arrays.places + layout->places, layout->scratch->places + op->places,
                count * sizeof(PlaceTpl));
    }
    layout->ops++;
    layout->places += count;
}

static void end_step(Layout *layout, const Step *step)
{
    if (layout->made != NULL)
        arrays_of(layout->made).steps[layout->steps] = *step;
    layout->steps++;
}

static void lay_out(Layout *layout)
{
    Step run = {.kind = STEP_RUN};
    for (size_t i = 0; i < layout->scratch->op_count; i++) {
        const OpTpl *op = &layout->scratch->ops[i];
        Step step = {.kind = (uint8_t)step_kind(layout, op)};
        if (step.kind == STEP_RUN) {
            add_to_run(layout, op, &run);
            continue;
        }
        if (run.count > 0)
            end_step(layout, &run);
        run = (Step){.kind = STEP_RUN};
        step.count = (uint32_t)layout->scratch->places[op->places].place.offset;
        if (step.kind == STEP_OP || step.kind == STEP_CROSSBUILD) {
            step.count = (uint32_t)layout->ops;
            keep_op(layout, op);
        }
        end_step(layout, &step);
    }
    if (run.count > 0)
        end_step(layout, &run);
}

/* Takes `count` elements of `size` bytes off a block. All are multiples of 4 bytes; those that need
 * an alignment of 8 come first. */
static void *take(uint8_t **block, size_t count, size_t size)
{
    void *taken = *block;
    *block += count * size;
    return taken;
}

static TplOps *make_block(const Layout *counted, size_t *ret_bytes)
{
    size_t varnodes = counted->scratch->varnode_count;
    size_t bytes = sizeof(TplOps) + counted->run_ops * sizeof(ProPcodeOp) +
                   counted->run_inputs * sizeof(ProVarnode) + counted->patches * sizeof(Patch) +
                   counted->places * sizeof(PlaceTpl) + varnodes * sizeof(VarnodeTpl) +
                   counted->steps * sizeof(Step) + counted->ops * sizeof(OpTpl);
    TplOps *made = malloc(bytes);
    if (made == NULL)
        return NULL;
    uint8_t *block = (uint8_t *)(made + 1);
    made->step_count = (uint32_t)counted->steps;
    made->run_ops = take(&block, counted->run_ops, sizeof(ProPcodeOp));
    made->run_inputs = take(&block, counted->run_inputs, sizeof(ProVarnode));
    made->patches = take(&block, counted->patches, sizeof(Patch));
    made->places = take(&block, counted->places, sizeof(PlaceTpl));
    made->varnodes = take(&block, varnodes, sizeof(VarnodeTpl));
    made->steps = take(&block, counted->steps, sizeof(Step));
    made->ops = take(&block, counted->ops, sizeof(OpTpl));
    *ret_bytes = bytes;
    return made;
}

TplOps *template_lay_out(const ProSleighLanguage *language, const Ctor *ctor,
        const TplScratch *scratch, size_t *ret_bytes)
{
    Layout counted = {.language = language, .ctor = ctor, .scratch = scratch};
    lay_out(&counted);
    TplOps *made = make_block(&counted, ret_bytes);
    if (made == NULL)
        return NULL;
    if (scratch->varnode_count > 0)
        memcpy((VarnodeTpl *)(uintptr_t)made->varnodes, scratch->varnodes,
                scratch->varnode_count * sizeof(VarnodeTpl));
    Layout written = {.language = language, .ctor = ctor, .scratch = scratch, .made = made};
    lay_out(&written);
    return made;
}
