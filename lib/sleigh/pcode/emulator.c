/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/evaluate.h"

#include "core/arena.h"
#include "core/error.h"
#include "sleigh/limits.h"

#include <promp/emulator.h>

#include <stdlib.h>
#include <string.h>

enum { CACHE_SLOTS = 1 << 14, CACHE_BYTES = 64 << 20, FETCH_BYTES = 64, OP_INPUTS = 256 };

/* The p-code of the instruction at an address. */
typedef struct CachedCode {
    uint64_t address;
    ProPcodeOp *ops;
    uint32_t count;
    uint32_t fall_through; /* 0: slot unused */
} CachedCode;

typedef struct Storage {
    uint8_t *bytes; /* NULL: memory of the callbacks */
    uint64_t size;
} Storage;

struct ProPcodeEmulator {
    ProSleighLanguage *language;
    ProSleighDecoder *decoder;
    ProPcodeEmulatorCalls calls;
    const ProSpace *spaces;
    size_t space_count;
    Storage storage[SLEIGH_LIMIT_SPACES];
    uint32_t code_space;
    uint64_t address;
    uint64_t operations;
    CachedCode *cache;
    Arena cache_arena;
    uint64_t code_low; /* what is cached lies within */
    uint64_t code_high;
    bool stale; /* code was written to */
};

static void size_register_spaces(ProPcodeEmulator *emulator)
{
    size_t count;
    const ProSleighRegister *registers = pro_sleigh_language_registers(emulator->language, &count);
    for (size_t i = 0; i < count; i++) {
        Storage *storage = &emulator->storage[registers[i].place.space];
        uint64_t end = registers[i].place.offset + registers[i].place.size;
        bool holds = emulator->spaces[registers[i].place.space].is_register &&
                     end >= registers[i].place.offset;
        if (holds && end > storage->size && end <= SLEIGH_LIMIT_EMULATOR_BYTES)
            storage->size = end;
    }
    uint32_t unique = pro_sleigh_language_unique_space(emulator->language);
    emulator->storage[unique].size = SLEIGH_LIMIT_EMULATOR_BYTES;
}

ProStatus pro_pcode_emulator_new(ProSleighLanguage *language, const ProPcodeEmulatorCalls *calls,
        ProPcodeEmulator **ret_emulator, ProError *reterr)
{
    ProPcodeEmulator *emulator = calloc(1, sizeof *emulator);
    if (emulator == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an emulator");
    emulator->calls = *calls;
    emulator->language = pro_sleigh_language_ref(language);
    emulator->spaces = pro_sleigh_language_spaces(language, &emulator->space_count);
    emulator->code_space = pro_sleigh_language_default_space(language);
    arena_init(&emulator->cache_arena, CACHE_BYTES);
    emulator->code_low = UINT64_MAX;
    size_register_spaces(emulator);
    bool good = true;
    for (size_t i = 1; i < emulator->space_count; i++) {
        Storage *storage = &emulator->storage[i];
        if (storage->size > 0)
            storage->bytes = calloc(1, storage->size + LARGEST_WIDE_BYTES);
        good = good && (storage->size == 0 || storage->bytes != NULL);
    }
    emulator->cache = calloc(CACHE_SLOTS, sizeof *emulator->cache);
    if (!good || emulator->cache == NULL ||
            pro_sleigh_decoder_new(language, &emulator->decoder, reterr) != PRO_OK) {
        pro_pcode_emulator_free(emulator);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an emulator");
    }
    *ret_emulator = emulator;
    return PRO_OK;
}

void pro_pcode_emulator_free(ProPcodeEmulator *emulator)
{
    if (emulator == NULL)
        return;
    for (size_t i = 0; i < SLEIGH_LIMIT_SPACES; i++)
        free(emulator->storage[i].bytes);
    pro_sleigh_decoder_free(emulator->decoder);
    pro_sleigh_language_unref(emulator->language);
    arena_fini(&emulator->cache_arena);
    free(emulator->cache);
    free(emulator);
}

ProSleighDecoder *pro_pcode_emulator_decoder(ProPcodeEmulator *emulator)
{
    return emulator->decoder;
}

uint64_t pro_pcode_emulator_address(const ProPcodeEmulator *emulator)
{
    return emulator->address;
}

void pro_pcode_emulator_set_address(ProPcodeEmulator *emulator, uint64_t address)
{
    emulator->address = address;
}

uint64_t pro_pcode_emulator_operations(const ProPcodeEmulator *emulator)
{
    return emulator->operations;
}

/* ---- places ---- */

static Wide decode_number(const uint8_t *bytes, uint32_t size, bool big_endian)
{
    Wide value = 0;
    if (!big_endian) {
        memcpy(&value, bytes, size);
        return value;
    }
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void encode_number(uint8_t *bytes, uint32_t size, bool big_endian, Wide value)
{
    if (!big_endian) {
        memcpy(bytes, &value, size);
        return;
    }
    for (uint32_t i = size; i > 0; i--, value >>= 8)
        bytes[i - 1] = (uint8_t)value;
}

static ProStatus check_place(
        const ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size)
{
    if (space >= emulator->space_count || size == 0 || size > LARGEST_WIDE_BYTES)
        return PRO_ERR_INVALID;
    const Storage *storage = &emulator->storage[space];
    if (storage->bytes != NULL && (offset > storage->size || size > storage->size - offset))
        return PRO_ERR_INVALID;
    return PRO_OK;
}

static ProStatus read_place(
        ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size, Wide *ret)
{
    if (space == PRO_SPACE_CONST) {
        *ret = offset & wide_mask(size);
        return PRO_OK;
    }
    ProStatus status = check_place(emulator, space, offset, size);
    if (status != PRO_OK)
        return status;
    bool big_endian = emulator->spaces[space].big_endian;
    const uint8_t *bytes = emulator->storage[space].bytes;
    if (bytes != NULL) {
        *ret = decode_number(bytes + offset, size, big_endian);
        return PRO_OK;
    }
    uint8_t copy[LARGEST_WIDE_BYTES];
    status = emulator->calls.read == NULL
                     ? PRO_ERR_UNSUPPORTED
                     : emulator->calls.read(emulator->calls.data, space, offset, copy, size);
    if (status == PRO_OK)
        *ret = decode_number(copy, size, big_endian);
    return status;
}

static ProStatus write_place(
        ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size, Wide value)
{
    ProStatus status =
            space == PRO_SPACE_CONST ? PRO_ERR_INVALID : check_place(emulator, space, offset, size);
    if (status != PRO_OK)
        return status;
    bool big_endian = emulator->spaces[space].big_endian;
    if (emulator->storage[space].bytes != NULL) {
        encode_number(emulator->storage[space].bytes + offset, size, big_endian, value);
        return PRO_OK;
    }
    uint8_t copy[LARGEST_WIDE_BYTES];
    encode_number(copy, size, big_endian, value);
    if (space == emulator->code_space && offset < emulator->code_high &&
            offset + size > emulator->code_low)
        emulator->stale = true;
    return emulator->calls.write == NULL
                   ? PRO_ERR_UNSUPPORTED
                   : emulator->calls.write(emulator->calls.data, space, offset, copy, size);
}

ProStatus pro_pcode_emulator_get(ProPcodeEmulator *emulator, ProVarnode place, uint64_t *ret_value)
{
    Wide value = 0;
    if (place.size > 8)
        return PRO_ERR_INVALID;
    ProStatus status = read_place(emulator, place.space, place.offset, place.size, &value);
    if (status == PRO_OK)
        *ret_value = (uint64_t)value;
    return status;
}

ProStatus pro_pcode_emulator_set(ProPcodeEmulator *emulator, ProVarnode place, uint64_t value)
{
    return place.size > 8 ? PRO_ERR_INVALID
                          : write_place(emulator, place.space, place.offset, place.size, value);
}

/* ---- code ---- */

static void forget_code(ProPcodeEmulator *emulator)
{
    memset(emulator->cache, 0, CACHE_SLOTS * sizeof *emulator->cache);
    arena_fini(&emulator->cache_arena);
    emulator->code_low = UINT64_MAX;
    emulator->code_high = 0;
    emulator->stale = false;
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

static ProStatus copy_code(ProPcodeEmulator *emulator, CachedCode *slot, const ProSleighLift *lift)
{
    size_t inputs = 0;
    for (size_t i = 0; i < lift->count; i++)
        inputs += lift->ops[i].input_count;
    ProPcodeOp *ops = arena_alloc(&emulator->cache_arena, (lift->count + 1) * sizeof *ops);
    ProVarnode *varnodes = arena_alloc(&emulator->cache_arena, (inputs + 1) * sizeof *varnodes);
    if (ops == NULL || varnodes == NULL)
        return PRO_ERR_NO_MEMORY;
    for (size_t i = 0; i < lift->count; i++) {
        ops[i] = lift->ops[i];
        ops[i].inputs = varnodes;
        memcpy(varnodes, lift->ops[i].inputs, lift->ops[i].input_count * sizeof *varnodes);
        varnodes += lift->ops[i].input_count;
    }
    slot->ops = ops;
    slot->count = (uint32_t)lift->count;
    return PRO_OK;
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
    if (copy_code(emulator, slot, &lift) != PRO_OK) {
        forget_code(emulator);
        if (copy_code(emulator, slot, &lift) != PRO_OK)
            return error_set(reterr, PRO_ERR_NO_MEMORY, "0x%llx: no memory", address);
    }
    slot->address = emulator->address;
    slot->fall_through = instruction.fall_through;
    if (emulator->address < emulator->code_low)
        emulator->code_low = emulator->address;
    if (emulator->address + instruction.fall_through > emulator->code_high)
        emulator->code_high = emulator->address + instruction.fall_through;
    return PRO_OK;
}

/* ---- operations ---- */

typedef struct Flow {
    bool leaves;      /* to another instruction */
    uint64_t address; /* there */
    int64_t next;     /* or the index of the next operation */
} Flow;

static ProStatus jump(ProPcodeEmulator *emulator, const ProPcodeOp *op, Flow *flow, int64_t index)
{
    const ProVarnode *target = &op->inputs[0];
    bool direct = op->code == PRO_PCODE_BRANCH || op->code == PRO_PCODE_CBRANCH ||
                  op->code == PRO_PCODE_CALL;
    if (direct && target->space == PRO_SPACE_CONST) {
        unsigned unused = target->size >= 8 ? 0 : 64 - 8 * target->size;
        flow->next = index + ((int64_t)(target->offset << unused) >> unused);
        return PRO_OK;
    }
    flow->leaves = true;
    flow->address = target->offset;
    if (direct)
        return PRO_OK;
    Wide value = 0;
    ProStatus status = read_place(emulator, target->space, target->offset, target->size, &value);
    flow->address = (uint64_t)value * emulator->spaces[emulator->code_space].word_bytes;
    return status;
}

static ProStatus access_memory(ProPcodeEmulator *emulator, const ProPcodeOp *op)
{
    const ProVarnode *inputs = op->inputs;
    Wide pointer = 0, value = 0;
    uint32_t space = (uint32_t)inputs[0].offset;
    if (space >= emulator->space_count)
        return PRO_ERR_INVALID;
    ProStatus status =
            read_place(emulator, inputs[1].space, inputs[1].offset, inputs[1].size, &pointer);
    if (status != PRO_OK)
        return status;
    uint64_t offset = (uint64_t)pointer * emulator->spaces[space].word_bytes;
    if (op->code == PRO_PCODE_LOAD) {
        status = read_place(emulator, space, offset, op->output.size, &value);
        return status != PRO_OK ? status
                                : write_place(emulator, op->output.space, op->output.offset,
                                          op->output.size, value);
    }
    status = read_place(emulator, inputs[2].space, inputs[2].offset, inputs[2].size, &value);
    return status != PRO_OK ? status : write_place(emulator, space, offset, inputs[2].size, value);
}

static ProStatus compute(ProPcodeEmulator *emulator, const ProPcodeOp *op)
{
    Wide inputs[2] = {0}, result = 0;
    for (unsigned i = 0; i < op->input_count && i < 2; i++) {
        const ProVarnode *input = &op->inputs[i];
        ProStatus status =
                read_place(emulator, input->space, input->offset, input->size, &inputs[i]);
        if (status != PRO_OK)
            return status;
    }
    ProStatus status = evaluate(op, inputs, &result);
    return status != PRO_OK ? status
                            : write_place(emulator, op->output.space, op->output.offset,
                                      op->output.size, result);
}

static ProStatus user_operation(ProPcodeEmulator *emulator, const ProPcodeOp *op)
{
    if (emulator->calls.user_operation == NULL)
        return PRO_ERR_UNSUPPORTED;
    return emulator->calls.user_operation(emulator->calls.data, emulator, op->inputs[0].offset,
            op->inputs + 1, op->input_count - 1u, op->output);
}

static ProStatus execute_op(
        ProPcodeEmulator *emulator, const ProPcodeOp *op, Flow *flow, int64_t index)
{
    Wide condition = 0;
    ProStatus status;
    switch (op->code) {
    case PRO_PCODE_LOAD:
    case PRO_PCODE_STORE:
        return access_memory(emulator, op);
    case PRO_PCODE_CBRANCH:
        status = read_place(emulator, op->inputs[1].space, op->inputs[1].offset, op->inputs[1].size,
                &condition);
        return status != PRO_OK || condition == 0 ? status : jump(emulator, op, flow, index);
    case PRO_PCODE_BRANCH:
    case PRO_PCODE_BRANCHIND:
    case PRO_PCODE_CALL:
    case PRO_PCODE_CALLIND:
    case PRO_PCODE_RETURN:
        return jump(emulator, op, flow, index);
    case PRO_PCODE_CALLOTHER:
        return user_operation(emulator, op);
    default:
        return compute(emulator, op);
    }
}

static ProStatus explain(
        ProPcodeEmulator *emulator, const ProPcodeOp *op, ProStatus status, ProError *reterr)
{
    const char *name =
            op->code == PRO_PCODE_CALLOTHER
                    ? pro_sleigh_language_user_operation(emulator->language, op->inputs[0].offset)
                    : pro_pcode_name(op->code);
    return error_set(reterr, status, "0x%llx: %s: %s", (unsigned long long)emulator->address,
            name == NULL ? "an operation" : name, pro_status_text(status));
}

static ProStatus execute(ProPcodeEmulator *emulator, const ProPcodeOp *ops, size_t count,
        Flow *flow, ProError *reterr)
{
    uint64_t budget = SLEIGH_LIMIT_EMULATOR_LOOP;
    for (int64_t index = 0; index < (int64_t)count && !flow->leaves; index = flow->next) {
        if (budget-- == 0)
            return error_set(reterr, PRO_ERR_LIMIT,
                    "0x%llx: one instruction takes more than %u operations (SLEIGH_LIMIT_EMULATOR_LOOP)",
                    (unsigned long long)emulator->address, SLEIGH_LIMIT_EMULATOR_LOOP);
        flow->next = index + 1;
        emulator->operations++;
        ProStatus status = execute_op(emulator, &ops[index], flow, index);
        if (status == PRO_OK && flow->next < 0)
            status = PRO_ERR_INVALID;
        if (status != PRO_OK)
            return explain(emulator, &ops[index], status, reterr);
    }
    return PRO_OK;
}

ProStatus pro_pcode_emulator_execute(
        ProPcodeEmulator *emulator, const ProPcodeOp *ops, size_t count, ProError *reterr)
{
    Flow flow = {0};
    ProStatus status =
            pro_pcode_verify(ops, count, emulator->spaces, emulator->space_count, reterr);
    if (status == PRO_OK)
        status = execute(emulator, ops, count, &flow, reterr);
    if (status == PRO_OK && flow.leaves)
        emulator->address = flow.address;
    return status;
}

ProStatus pro_pcode_emulator_step(ProPcodeEmulator *emulator, ProError *reterr)
{
    if (emulator->stale)
        forget_code(emulator);
    CachedCode *slot = &emulator->cache[(emulator->address >> 1 ^ emulator->address >> 15) &
                                        (CACHE_SLOTS - 1)];
    Flow flow = {0};
    if (slot->fall_through == 0 || slot->address != emulator->address) {
        ProStatus status = translate(emulator, slot, reterr);
        if (status != PRO_OK)
            return status;
    }
    ProStatus status = execute(emulator, slot->ops, slot->count, &flow, reterr);
    if (status == PRO_OK)
        emulator->address = flow.leaves ? flow.address : emulator->address + slot->fall_through;
    return status;
}

ProStatus pro_pcode_emulator_run(
        ProPcodeEmulator *emulator, uint64_t budget, uint64_t *ret_done, ProError *reterr)
{
    ProStatus status = PRO_OK;
    uint64_t done = 0;
    while (done < budget && (status = pro_pcode_emulator_step(emulator, reterr)) == PRO_OK)
        done++;
    *ret_done = done;
    return status;
}
