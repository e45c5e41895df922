/* SPDX-License-Identifier: Apache-2.0 */
#include "trials.h"

#include "values.h"

#include <string.h>

enum { BACKGROUND_BYTES = 3 * DATA_BYTES, VALID_FLAGS = 2 | FLAG_IF };

static uint8_t background[BACKGROUND_BYTES];

void trial_data(const Trial *trial, uint8_t *data)
{
    if (background[0] == 0) {
        Random random = {.state = 1};
        for (unsigned i = 0; i < BACKGROUND_BYTES; i++)
            background[i] = (uint8_t)(random_next(&random) >> 56);
        background[0] = 1;
    }
    memcpy(data, background + trial->pattern, DATA_BYTES);
    for (unsigned i = 0; i < trial->placed_count; i++) {
        const Placed *placed = &trial->placed[i];
        for (unsigned k = 0; k < OPERAND_BYTES; k++) {
            uint64_t at = placed->address + k - DATA_ADDRESS;
            if (at < DATA_BYTES)
                data[at] = placed->bytes[k];
        }
    }
}

/* ---- addresses ---- */

static int gpr_of(ZydisRegister reg)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);
    if (class != ZYDIS_REGCLASS_GPR64 && class != ZYDIS_REGCLASS_GPR32 &&
            class != ZYDIS_REGCLASS_GPR16)
        return -1;
    return ZydisRegisterGetId(reg);
}

static bool is_access(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN;
}

static bool named(const Encoding *encoding, const char *beginning)
{
    const char *name = ZydisMnemonicGetString(encoding->instruction.mnemonic);
    return strncmp(name, beginning, strlen(beginning)) == 0;
}

static bool has_raw_prefix(const Encoding *encoding, unsigned value)
{
    for (unsigned i = 0; i < encoding->instruction.raw.prefix_count; i++)
        if (encoding->instruction.raw.prefixes[i].value == value)
            return true;
    return false;
}

/* AMD's processors obey 66 before a near branch of 64-bit mode, Intel's ignore it, and so does the
 * specification (SDM volume 2, 2.2.1.6; APM volume 3, 1.2.2). In 32-bit mode VEX.W is ignored
 * before VPEXTRD and VPINSRD (SDM volume 2, PEXTRD), but this one's refuse it before memory. */
static bool depends_on_vendor(const Encoding *encoding)
{
    const ZydisDecodedInstruction *instruction = &encoding->instruction;
    if (instruction->machine_mode != ZYDIS_MACHINE_MODE_LONG_64)
        return instruction->raw.vex.W != 0 &&
               (named(encoding, "vpextrd") || named(encoding, "vpinsrd"));
    return instruction->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE &&
           has_raw_prefix(encoding, 0x66);
}

/* A register of the x87 stack is free for what is pushed: ST7. */
static bool pushes(const Encoding *encoding)
{
    return named(encoding, "fld") || named(encoding, "fild") || named(encoding, "fbld") ||
           named(encoding, "fptan") || named(encoding, "fsincos") || named(encoding, "fxtract");
}

bool encoding_is_usable(const Encoding *encoding)
{
    /* The segment of code cannot be written; p-code does not know what segments allow. */
    bool code_segment = encoding->instruction.machine_mode != ZYDIS_MACHINE_MODE_LONG_64 &&
                        has_raw_prefix(encoding, 0x2E);
    if (code_segment || depends_on_vendor(encoding) ||
            (pushes(encoding) && encoding->operands[0].reg.value == ZYDIS_REGISTER_ST7))
        return false;
    for (unsigned i = 0; i < encoding->instruction.operand_count; i++) {
        const ZydisDecodedOperandMem *memory = &encoding->operands[i].mem;
        if (encoding->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                memory->base != ZYDIS_REGISTER_NONE &&
                ZydisRegisterGetId(memory->base) == ZydisRegisterGetId(memory->index) &&
                ZydisRegisterGetClass(memory->base) == ZydisRegisterGetClass(memory->index))
            return false;
    }
    return true;
}

static uint64_t segment_base(const ZydisDecodedOperand *operand)
{
    return operand->mem.segment == ZYDIS_REGISTER_GS ? GS_ADDRESS : 0;
}

/* Mostly inside the data, often across the pages' border, sometimes outside. */
static uint64_t choose_address(Random *random, unsigned bytes)
{
    if (bytes == 0 || bytes > 512)
        bytes = 64;
    switch (random_below(random, 32)) {
    case 0:
        return DATA_ADDRESS + DATA_BYTES - random_below(random, bytes + 2);
    case 1:
        return DATA_ADDRESS - random_below(random, bytes + 2);
    case 2:
        return random_next(random);
    default:
        break;
    }
    switch (random_below(random, 4)) {
    case 0:
        return DATA_MIDDLE - 1 - random_below(random, bytes);
    case 1:
        return DATA_MIDDLE - 2000 + random_below(random, 4000 - bytes);
    default:
        return DATA_MIDDLE - 1024 + 64 * random_below(random, 32);
    }
}

void encoding_place(Encoding *encoding, unsigned slot, Random *random, uint8_t *code)
{
    uint64_t next = CODE_ADDRESS + slot * CODE_SLOT + encoding->length;
    for (unsigned i = 0; i < encoding->instruction.operand_count; i++) {
        ZydisDecodedOperand *operand = &encoding->operands[i];
        bool relative =
                operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP;
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
                encoding->instruction.raw.disp.size == 0 ||
                (operand->mem.base != ZYDIS_REGISTER_NONE && !relative))
            continue;
        uint64_t address = DATA_MIDDLE - 512 + 16 * random_below(random, 64);
        if (random_below(random, 2) == 0)
            address -= random_below(random, 16);
        uint64_t value = address - segment_base(operand) - (relative ? next : 0);
        memcpy(encoding->bytes + encoding->instruction.raw.disp.offset, &value,
                encoding->instruction.raw.disp.size / 8);
        operand->mem.disp.value = (ZyanI64)(address - segment_base(operand));
    }
    memcpy(code + slot * CODE_SLOT, encoding->bytes, CODE_SLOT);
}

static uint64_t index_part(const ZydisDecodedOperand *operand, const Trial *trial)
{
    int index = gpr_of(operand->mem.index);
    return index < 0 ? 0 : trial->in.gpr[index] * operand->mem.scale;
}

/* Small numbers in the vector of a gather's addresses. */
static void set_vector_index(
        const Encoding *encoding, const ZydisDecodedOperand *operand, Random *random, Trial *trial)
{
    const char *name = strstr(ZydisMnemonicGetString(encoding->instruction.mnemonic), "gather");
    unsigned bytes = name != NULL && name[6] == 'q' ? 8 : 4;
    uint8_t *vector = trial->in.vector[ZydisRegisterGetId(operand->mem.index)];
    for (unsigned at = 0; at < VECTOR_BYTES; at += bytes) {
        int64_t value = (int64_t)random_below(random, 64) - 32;
        memcpy(vector + at, &value, bytes);
    }
}

static void place(Trial *trial, uint64_t address, const uint8_t *bytes)
{
    if (trial->placed_count == MEMORY_OPERANDS)
        return;
    Placed *placed = &trial->placed[trial->placed_count++];
    placed->address = address;
    memcpy(placed->bytes, bytes, OPERAND_BYTES);
}

/* Chooses the address, and the base register so that it results. `fixed`: bases that are taken. */
static void set_address(const Encoding *encoding, const ZydisDecodedOperand *operand,
        Random *random, unsigned *fixed, const uint8_t *bytes, Trial *trial)
{
    const ZydisDecodedOperandMem *memory = &operand->mem;
    int base = gpr_of(memory->base), index = gpr_of(memory->index);
    uint64_t offset = segment_base(operand) + (uint64_t)memory->disp.value;
    uint64_t address = choose_address(random, operand->size / 8);
    if (memory->type == ZYDIS_MEMOP_TYPE_VSIB) {
        set_vector_index(encoding, operand, random, trial);
        address = DATA_MIDDLE - 64 + random_below(random, 128);
    } else if (memory->index == ZYDIS_REGISTER_AL) {
        offset += trial->in.gpr[RAX] & 0xFF; /* XLAT */
    } else if (index >= 0 && (*fixed >> index & 1) == 0) {
        trial->in.gpr[index] = (uint64_t)random_below(random, 17) - 8;
        *fixed |= 1u << index;
    }
    offset += index_part(operand, trial);
    if (base >= 0 && (*fixed >> base & 1) == 0) {
        trial->in.gpr[base] = address - offset;
        *fixed |= 1u << base;
    } else {
        address = offset + (base >= 0 ? trial->in.gpr[base] : 0);
    }
    if (operand->size >= 128 && address % (operand->size / 8) != 0)
        trial->may_fault = true;
    place(trial, address, bytes);
}

/* ---- values ---- */

static Lanes lanes_of(const ZydisDecodedOperand *operand, Random *random)
{
    if (random_below(random, 8) == 0)
        return random_below(random, LANES_EXTENDED);
    switch (operand->element_type) {
    case ZYDIS_ELEMENT_TYPE_FLOAT16:
        return LANES_HALF;
    case ZYDIS_ELEMENT_TYPE_FLOAT32:
        return LANES_SINGLE;
    case ZYDIS_ELEMENT_TYPE_FLOAT64:
        return LANES_DOUBLE;
    case ZYDIS_ELEMENT_TYPE_FLOAT80:
        return LANES_EXTENDED;
    case ZYDIS_ELEMENT_TYPE_LONGBCD:
        return LANES_DECIMAL;
    default:
        break;
    }
    unsigned size = operand->element_size;
    return size == 8 ? LANES_8 : size == 16 ? LANES_16 : size == 32 ? LANES_32 : LANES_64;
}

/* The kind of the first operand that is a vector or in memory. */
static Lanes vector_lanes(const Encoding *encoding, Random *random)
{
    unsigned skip = random_below(random, 3);
    for (unsigned i = 0; i < encoding->instruction.operand_count; i++) {
        const ZydisDecodedOperand *operand = &encoding->operands[i];
        bool vector = operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      ZydisRegisterGetClass(operand->reg.value) >= ZYDIS_REGCLASS_X87;
        if (vector && skip-- == 0)
            return lanes_of(operand, random);
    }
    return random_below(random, LANES_EXTENDED);
}

static void set_registers(
        const Encoding *encoding, Random *random, uint64_t same, bool all_same, Trial *trial)
{
    static const uint8_t widths[] = {8, 16, 32, 64, 64, 32};
    State *state = &trial->in;
    for (unsigned i = 0; i < GPRS; i++) {
        unsigned bits = widths[random_below(random, sizeof widths)];
        uint64_t value = value_integer(random, bits);
        if (random_below(random, 2) == 0 && bits < 64)
            value |= random_next(random) << bits;
        state->gpr[i] = all_same ? same : value;
    }
    for (unsigned i = 0; i < VECTORS; i++)
        value_fill(random, vector_lanes(encoding, random), state->vector[i], VECTOR_BYTES);
    bool x87 = instruction_is_x87(&encoding->instruction);
    for (unsigned i = 0; i < STACK_REGISTERS; i++) {
        value_fill(random, x87 ? LANES_EXTENDED : vector_lanes(encoding, random), state->st[i], 10);
        if (!x87) /* as MMX instructions leave it */
            memset(state->st[i] + 8, 0xFF, 2);
    }
    state->flags = VALID_FLAGS | FLAG_TF | (random_next(random) & (FLAGS_STATUS | FLAG_DF));
    state->mxcsr = 0x1F80;
    state->control = 0x37F;
    state->tags = x87 && pushes(encoding) ? 0x7F : 0xFF;
    state->status = (uint16_t)(random_next(random) & 0x4700);
}

/* Operands that would all end alike if they were random. */
static void adjust(const Encoding *encoding, bool wide, Random *random, Trial *trial)
{
    State *state = &trial->in;
    ZydisBranchType branch = encoding->instruction.meta.branch_type;
    const ZydisDecodedOperand *operands = encoding->operands;
    if ((named(encoding, "div") || named(encoding, "idiv")) && random_below(random, 4) != 0) {
        uint64_t high = random_below(random, 2) == 0 ? random_below(random, 16) : 0;
        state->gpr[RDX] = named(encoding, "idiv") && random_below(random, 2) == 0 ? ~high : high;
        if (encoding->instruction.operand_width == 8)
            state->gpr[RAX] = value_integer(random, 10);
    }
    if (named(encoding, "bt") && operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER && random_below(random, 8) != 0) {
        unsigned reg = (unsigned)ZydisRegisterGetId(operands[1].reg.value);
        state->gpr[reg] = (uint64_t)random_below(random, 8192) - 4096;
    }
    if (wide && branch == ZYDIS_BRANCH_TYPE_NONE)
        return;
    if (branch != ZYDIS_BRANCH_TYPE_NONE) /* addresses that the processor accepts */
        for (unsigned i = 0; i < GPRS; i++)
            state->gpr[i] &= UINT64_MAX >> 17;
}

/* Bytes for memory operands; addresses and flags that are popped must be acceptable ones. */
static void make_bytes(const Encoding *encoding, const ZydisDecodedOperand *operand, Random *random,
        const uint64_t *same, uint8_t *bytes)
{
    value_fill(random, lanes_of(operand, random), bytes, OPERAND_BYTES);
    uint64_t mask = encoding->instruction.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE
                            ? UINT64_MAX >> 17
                    : named(encoding, "popf") ? FLAGS_STATUS | FLAG_DF
                    : named(encoding, "ldmxcsr") || named(encoding, "vldmxcsr")
                            ? UINT64_C(0xFFFF0000FFFF) /* the rest is reserved */
                            : UINT64_MAX;
    for (unsigned at = 0; at < OPERAND_BYTES; at += sizeof mask) {
        uint64_t value;
        memcpy(&value, bytes + at, sizeof value);
        value = (same != NULL ? *same : value) & mask;
        memcpy(bytes + at, &value, sizeof value);
    }
    /* Of a quiet NaN and a signalling one in memory the x87 takes the quiet one; p-code, which
     * makes it quiet when it loads it, the one with the larger significand. */
    bool x87 = instruction_is_x87(&encoding->instruction);
    if (x87 && operand->size == 32)
        bytes[2] |= 0x40;
    else if (x87 && operand->size == 64)
        bytes[6] |= 0x08;
}

void trial_make(const Encoding *encoding, unsigned slot, bool wide, Random *random, Trial *trial)
{
    static const ZydisInstructionAttributes repeated =
            ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    uint8_t bytes[OPERAND_BYTES];
    unsigned fixed = 0;
    uint64_t same = value_integer(random, 64);
    bool all_same = random_below(random, 8) == 0;
    memset(trial, 0, sizeof *trial);
    set_registers(encoding, random, same, all_same, trial);
    adjust(encoding, wide, random, trial);
    /* Whether bytes that are masked out fault is the processor's choice (SDM volume 2, MASKMOVQ).
     */
    trial->may_fault = named(encoding, "maskmov") || named(encoding, "vmaskmovdqu");
    trial->encoding = slot;
    trial->pattern = random_below(random, BACKGROUND_BYTES - DATA_BYTES);
    trial->in.rip = CODE_ADDRESS + slot * CODE_SLOT;
    trial->repeats = (encoding->instruction.attributes & repeated) != 0;
    if (trial->repeats)
        trial->in.gpr[RCX] =
                (trial->in.gpr[RCX] & ~UINT64_C(0xFFFFFFFF)) | random_below(random, 20);
    if (trial->repeats && encoding->instruction.address_width == 64)
        trial->in.gpr[RCX] &= 0xFF;
    if (trial->repeats || named(encoding, "popf"))
        trial->in.flags &= ~(uint64_t)FLAG_TF;
    for (unsigned i = 0; i < encoding->instruction.operand_count; i++) {
        if (!is_access(&encoding->operands[i]))
            continue;
        make_bytes(encoding, &encoding->operands[i], random, all_same ? &same : NULL, bytes);
        set_address(encoding, &encoding->operands[i], random, &fixed, bytes, trial);
    }
    for (unsigned i = 0; i < GPRS && !wide; i++)
        trial->in.gpr[i] &= UINT32_MAX;
    for (unsigned i = 0; i < GPRS / 2 && !wide; i++)
        trial->in.gpr[GPRS / 2 + i] = 0;
}

unsigned trial_shift_count(const Encoding *encoding, const Trial *trial)
{
    unsigned last = encoding->instruction.operand_count_visible;
    if (last < 2)
        return 0;
    const ZydisDecodedOperand *operand = &encoding->operands[last - 1];
    uint64_t count = operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? operand->imm.value.u
                                                                   : trial->in.gpr[RCX];
    return (unsigned)count & (encoding->instruction.operand_width == 64 ? 63 : 31);
}
