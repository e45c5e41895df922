/* SPDX-License-Identifier: Apache-2.0 */
#include "instruction.h"

#include <string.h>

static void read_memory(
        const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *from, Operand *operand)
{
    operand->kind = OPERAND_MEMORY;
    operand->bytes = (uint16_t)(from->size / 8);
    operand->address_only = from->mem.type == ZYDIS_MEMOP_TYPE_AGEN;
    operand->reg = (uint16_t)from->mem.base;
    operand->index = (uint16_t)from->mem.index;
    operand->scale = from->mem.index == ZYDIS_REGISTER_NONE ? 0 : from->mem.scale;
    operand->segment = (uint16_t)from->mem.segment;
    operand->value = (uint64_t)from->mem.disp.value;
    operand->number_bits = decoded->address_width;
}

static void read_number(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *from,
        uint64_t address, const ZydisDecodedOperand *first, Operand *operand)
{
    ZyanU64 target;
    operand->kind = OPERAND_NUMBER;
    operand->value = from->imm.value.u;
    unsigned bits = first == from ? decoded->operand_width : first->size;
    operand->number_bits = (uint8_t)(bits < from->size ? from->size : bits > 64 ? 64 : bits);
    if (from->imm.is_relative &&
            ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(decoded, from, address, &target))) {
        operand->value = target;
        operand->number_bits = decoded->operand_width;
    }
}

static void read_decorations(const ZydisDecodedInstruction *decoded, Instruction *instruction)
{
    static const uint8_t broadcasts[] = {0, 2, 4, 8, 16, 32, 64};
    if (decoded->avx.mask.reg != ZYDIS_REGISTER_K0)
        instruction->mask = (uint16_t)decoded->avx.mask.reg;
    instruction->zeroing =
            decoded->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX && decoded->raw.evex.z != 0;
    instruction->rounding = (Rounding)decoded->avx.rounding.mode;
    if (decoded->avx.has_sae && instruction->rounding == ROUNDING_NONE)
        instruction->rounding = ROUNDING_SAE;
    if (decoded->avx.broadcast.is_static ||
            decoded->avx.broadcast.mode >= sizeof broadcasts / sizeof *broadcasts)
        return;
    for (unsigned i = 0; i < instruction->count; i++)
        if (instruction->operands[i].kind == OPERAND_MEMORY)
            instruction->operands[i].broadcast = broadcasts[decoded->avx.broadcast.mode];
}

static unsigned prefixes_of(const ZydisDecodedInstruction *decoded)
{
    unsigned bits = 0;
    if (decoded->attributes & ZYDIS_ATTRIB_HAS_LOCK)
        bits |= PREFIX_LOCK;
    if (decoded->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE))
        bits |= PREFIX_REP;
    if (decoded->attributes & ZYDIS_ATTRIB_HAS_REPNE)
        bits |= PREFIX_REPNE;
    return bits;
}

static bool is_cache_line(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_CLFLUSH || mnemonic == ZYDIS_MNEMONIC_CLFLUSHOPT ||
           mnemonic == ZYDIS_MNEMONIC_CLWB;
}

void instruction_from_zydis(const ZydisDecodedInstruction *decoded,
        const ZydisDecodedOperand *operands, uint64_t address, Instruction *ret_instruction)
{
    *ret_instruction = (Instruction){.prefixes = prefixes_of(decoded)};
    const char *name = ZydisMnemonicGetString(decoded->mnemonic);
    if (decoded->mnemonic == ZYDIS_MNEMONIC_RET &&
            decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        name = "retf";
    size_t length = strlen(name);
    memcpy(ret_instruction->mnemonic, name, length < MNEMONIC_MAX ? length : MNEMONIC_MAX - 1);
    for (unsigned i = 0; i < decoded->operand_count_visible; i++) {
        const ZydisDecodedOperand *from = &operands[i];
        if (from->encoding == ZYDIS_OPERAND_ENCODING_MASK || ret_instruction->count == OPERANDS_MAX)
            continue;
        Operand *operand = &ret_instruction->operands[ret_instruction->count++];
        switch (from->type) {
        case ZYDIS_OPERAND_TYPE_REGISTER:
            operand->kind = OPERAND_REGISTER;
            operand->reg = (uint16_t)from->reg.value;
            break;
        case ZYDIS_OPERAND_TYPE_MEMORY:
            read_memory(decoded, from, operand);
            break;
        case ZYDIS_OPERAND_TYPE_IMMEDIATE:
            read_number(decoded, from, address, &operands[0], operand);
            break;
        default:
            operand->kind = OPERAND_FAR;
            operand->segment = from->ptr.segment;
            operand->value = from->ptr.offset;
        }
    }
    if (decoded->mnemonic == ZYDIS_MNEMONIC_NOP && ret_instruction->count == 2)
        ret_instruction->count = 1; /* SDM: NOP r/m; what ModRM.reg says is nobody's operand */
    if (ret_instruction->count == 1 && is_cache_line(decoded->mnemonic))
        ret_instruction->operands[0].bytes = 1; /* SDM: m8 */
    read_decorations(decoded, ret_instruction);
}
