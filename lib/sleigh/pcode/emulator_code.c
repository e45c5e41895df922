/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "sleigh/pcode/emulator_private.h"

#include <string.h>

/* From instructions to steps, and the cache of them. */

enum { FETCH_BYTES = 64 };

/* Specifications come from outside, and what they compile to may have too few inputs. */
static const uint8_t least_inputs[PRO_PCODE_END] = {
#define PRO_PCODE(code, name, output, least, most) [code] = least,
#include <promp/pcode.def>
#undef PRO_PCODE
};

/* ---- one operation ---- */

/* Where a step reads the value from; NULL if it has to be asked for. */
static const uint8_t *place_input(
        ProPcodeEmulator *emulator, Arena *arena, const ProVarnode *varnode, uint64_t *constant)
{
    if (varnode->space != PRO_SPACE_CONST)
        return place_direct(emulator, varnode);
    *constant = varnode->offset & (uint64_t)wide_mask(varnode->size);
    if (varnode->size <= sizeof *constant)
        return (const uint8_t *)constant;
    const Number wide = {.limbs = {*constant}}; /* larger constants have 64 bits that count, too */
    return varnode->size > LARGEST_NUMBER_BYTES ? NULL
                                                : arena_copy(arena, wide.bytes, sizeof wide.bytes);
}

static bool is_memory_access(unsigned code)
{
    return code == PRO_PCODE_LOAD || code == PRO_PCODE_STORE;
}

static StepFunction general_function(unsigned code)
{
    return code == PRO_PCODE_LOAD ? step_load : code == PRO_PCODE_STORE ? step_store : step_general;
}

/* SUBPIECE becomes a copy from further up; beyond the input's end it stays what it is. */
static bool drop_low_bytes(Step *step)
{
    const ProPcodeOp *op = step->op;
    if (op->code != PRO_PCODE_SUBPIECE)
        return true;
    const ProVarnode *drop = &op->inputs[1];
    if (drop->space != PRO_SPACE_CONST || drop->offset > op->inputs[0].size ||
            op->output.size > op->inputs[0].size - drop->offset)
        return false;
    step->inputs[0] += drop->offset;
    return true;
}

static void build_computation(ProPcodeEmulator *emulator, Arena *arena, Step *step)
{
    const ProPcodeOp *op = step->op;
    bool access = is_memory_access(op->code);
    step->run = general_function(op->code);
    if (access && (!emulator->direct_memory || op->inputs[0].offset != emulator->code_space))
        return;
    /* A memory access has its space first. */
    const ProVarnode *varnodes = access ? op->inputs + 1 : op->inputs;
    unsigned count = access ? op->input_count - 1u : op->input_count;
    for (unsigned i = 0; i < count && i < 2; i++) {
        step->inputs[i] = place_input(emulator, arena, &varnodes[i], &step->constants[i]);
        if (step->inputs[i] == NULL)
            return;
    }
    if (op->code != PRO_PCODE_STORE) {
        step->output = place_direct(emulator, &op->output);
        if (step->output == NULL)
            return;
    }
    StepFunction found = step_find(op);
    if (found != NULL && drop_low_bytes(step))
        step->run = found;
}

/* A jump by a number of operations. */
static void build_relative(Step *step, const Step *steps, size_t count)
{
    const ProVarnode *distance = &step->op->inputs[0];
    unsigned unused = distance->size >= 8 ? 0 : 64 - 8 * distance->size;
    int64_t index = (step - steps) + ((int64_t)(distance->offset << unused) >> unused);
    if (index < 0 || index > (int64_t)count)
        return;
    step->target = &steps[index];
    step->run =
            step->op->code == PRO_PCODE_CBRANCH ? step_branch_relative_if : step_branch_relative;
}

static void build_branch(
        ProPcodeEmulator *emulator, Arena *arena, Step *step, const Step *steps, size_t count)
{
    const ProPcodeOp *op = step->op;
    bool conditional = op->code == PRO_PCODE_CBRANCH;
    if (conditional) {
        step->inputs[1] = place_input(emulator, arena, &op->inputs[1], &step->constants[1]);
        if (step->inputs[1] == NULL || op->inputs[1].size != 1)
            return;
    }
    if (op->inputs[0].space == PRO_SPACE_CONST && op->code != PRO_PCODE_CALL) {
        build_relative(step, steps, count);
        return;
    }
    step->address = op->inputs[0].offset;
    step->run = conditional ? step_branch_if : step_branch;
}

static void build_step(
        ProPcodeEmulator *emulator, Arena *arena, Step *step, const Step *steps, size_t count)
{
    const ProPcodeOp *op = step->op;
    step->run = step_invalid;
    if (op->code >= PRO_PCODE_END || op->input_count < least_inputs[op->code] ||
            op->input_count == 0)
        return;
    switch (op->code) {
    case PRO_PCODE_BRANCH:
    case PRO_PCODE_CBRANCH:
    case PRO_PCODE_CALL:
        build_branch(emulator, arena, step, steps, count);
        return;
    case PRO_PCODE_BRANCHIND:
    case PRO_PCODE_CALLIND:
    case PRO_PCODE_RETURN:
        step->run = step_branch_computed;
        return;
    case PRO_PCODE_CALLOTHER:
        step->run = step_user_operation;
        return;
    default:
        build_computation(emulator, arena, step);
    }
}

const Step *code_steps(ProPcodeEmulator *emulator, Arena *arena, const ProPcodeOp *ops,
        size_t count, uint64_t fall_through)
{
    size_t inputs = 0;
    for (size_t i = 0; i < count; i++)
        inputs += ops[i].input_count;
    Step *steps = arena_alloc(arena, (count + 1) * sizeof *steps);
    ProPcodeOp *copies = arena_alloc(arena, (count + 1) * sizeof *copies);
    ProVarnode *varnodes = arena_alloc(arena, (inputs + 1) * sizeof *varnodes);
    if (steps == NULL || copies == NULL || varnodes == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        copies[i] = ops[i];
        copies[i].inputs = varnodes;
        memcpy(varnodes, ops[i].inputs, ops[i].input_count * sizeof *varnodes);
        varnodes += ops[i].input_count;
        steps[i].op = &copies[i];
        build_step(emulator, arena, &steps[i], steps, count);
    }
    steps[count].run = step_end;
    steps[count].address = fall_through;
    return steps;
}

/* ---- the cache ---- */

void code_forget_all(ProPcodeEmulator *emulator)
{
    memset(emulator->cache, 0, CACHE_SLOTS * sizeof *emulator->cache);
    memset(emulator->code_pages, 0, sizeof emulator->code_pages);
    arena_fini(&emulator->cache_arena);
    emulator->longest_code = 0;
}

static void forget_slot(CachedCode *slot, uint64_t address, uint64_t size)
{
    bool overlaps = address < slot->address ? slot->address - address < size
                                            : address - slot->address < slot->fall_through;
    if (slot->fall_through != 0 && overlaps)
        slot->fall_through = 0;
}

void code_forget(ProPcodeEmulator *emulator, uint64_t address, uint64_t size)
{
    if (size == 0 || emulator->longest_code == 0)
        return;
    if (size >= CACHE_SLOTS) {
        for (size_t i = 0; i < CACHE_SLOTS; i++)
            forget_slot(&emulator->cache[i], address, size);
        return;
    }
    uint64_t before = emulator->longest_code - 1;
    for (uint64_t i = 0; i < size + before; i++) {
        CachedCode *slots = code_slots(emulator, address - before + i);
        for (unsigned way = 0; way < CACHE_WAYS; way++)
            forget_slot(&slots[way], address, size);
    }
}

static void mark_code(ProPcodeEmulator *emulator, uint64_t address, uint32_t size)
{
    uint64_t last = (address + size - 1) >> PAGE_SHIFT;
    for (uint64_t number = address >> PAGE_SHIFT; number <= last; number++) {
        emulator->code_pages[number % CODE_FILTER_BITS / 64] |= UINT64_C(1) << number % 64;
        DirectPage *page = &emulator->writable[number & (PAGE_SLOTS - 1)];
        if (page->number == number)
            page->bytes = NULL;
    }
    if (size > emulator->longest_code)
        emulator->longest_code = size;
}

/* As many bytes as can be read, at most FETCH_BYTES. */
static size_t fetch(ProPcodeEmulator *emulator, uint8_t *bytes)
{
    if (emulator->calls.read == NULL)
        return 0;
    for (size_t size = FETCH_BYTES; size > 0; size = size > 16 ? 16 : size - 1)
        if (emulator->calls.read(emulator->calls.data, emulator->code_space, emulator->address,
                    bytes, size) == PRO_OK)
            return size;
    return 0;
}

static ProStatus translate(ProPcodeEmulator *emulator, CachedCode *slot, ProError *reterr)
{
    uint8_t bytes[FETCH_BYTES];
    ProSleighInstruction instruction;
    ProSleighLift lift;
    unsigned long long address = emulator->address;
    size_t size = fetch(emulator, bytes);
    slot->fall_through = 0;
    ProStatus status =
            pro_sleigh_decode(emulator->decoder, emulator->address, bytes, size, &instruction);
    if (status != PRO_OK)
        return error_set(reterr, status, "0x%llx: no memory", address);
    if (instruction.outcome != PRO_SLEIGH_DECODED)
        return error_set(reterr, PRO_ERR_FORMAT, "0x%llx: %s instruction", address,
                instruction.outcome == PRO_SLEIGH_INVALID ? "invalid" : "truncated");
    status = pro_sleigh_lift(emulator->decoder, &lift, reterr);
    if (status != PRO_OK)
        return status;
    if ((lift.flow & PRO_FLOW_UNIMPLEMENTED) != 0)
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "0x%llx: the specification leaves this instruction's meaning open", address);
    uint64_t next = emulator->address + instruction.fall_through;
    const Step *steps = code_steps(emulator, &emulator->cache_arena, lift.ops, lift.count, next);
    if (steps == NULL) {
        code_forget_all(emulator);
        steps = code_steps(emulator, &emulator->cache_arena, lift.ops, lift.count, next);
    }
    if (steps == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "0x%llx: no memory", address);
    *slot = (CachedCode){
            .address = emulator->address, .steps = steps, .fall_through = instruction.fall_through};
    mark_code(emulator, emulator->address, instruction.fall_through);
    return PRO_OK;
}

ProStatus code_find(ProPcodeEmulator *emulator, CachedCode **ret_code, ProError *reterr)
{
    uint64_t address = emulator->address;
    CachedCode *slots = code_slots(emulator, address);
    for (unsigned way = 0; way < CACHE_WAYS; way++) {
        if (code_is_at(&slots[way], address)) {
            *ret_code = &slots[way];
            return PRO_OK;
        }
    }
    /* An unused one; else the next in turn. */
    CachedCode *chosen = &slots[emulator->replaced++ % CACHE_WAYS];
    for (unsigned way = 0; way < CACHE_WAYS; way++)
        if (slots[way].fall_through == 0)
            chosen = &slots[way];
    *ret_code = chosen;
    return translate(emulator, chosen, reterr);
}
