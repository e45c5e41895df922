/* SPDX-License-Identifier: Apache-2.0 */
#include "instruction.h"

#include <stdio.h>
#include <string.h>

enum { ALIASES_MAX = 512 };

static struct {
    char zydis[MNEMONIC_MAX];
    char ours[MNEMONIC_MAX];
} aliases[ALIASES_MAX];
static size_t alias_count;

const char *difference_name(Difference difference)
{
    static const char *const names[DIFFERENCE_END] = {"none", "ours-invalid", "zydis-invalid",
            "length", "mnemonic", "prefix", "operand-count", "operand-kind", "register", "address",
            "displacement", "size", "immediate", "decoration"};
    return names[difference];
}

bool aliases_read(const char *path)
{
    char line[256];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        perror(path);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL && alias_count < ALIASES_MAX) {
        line[strcspn(line, "#")] = 0;
        if (sscanf(line, "%31s %31s", aliases[alias_count].zydis, aliases[alias_count].ours) == 2)
            alias_count++;
    }
    (void)fclose(file);
    return true;
}

static bool same_mnemonic(const char *ours, const char *zydis)
{
    if (strcmp(ours, zydis) == 0)
        return true;
    for (size_t i = 0; i < alias_count; i++)
        if (strcmp(aliases[i].zydis, zydis) == 0 && strcmp(aliases[i].ours, ours) == 0)
            return true;
    return false;
}

/* The low `bits` of both are the same. */
static bool same_number(uint64_t left, uint64_t right, unsigned bits)
{
    return bits == 0 || bits >= 64 ? left == right : ((left ^ right) << (64 - bits)) == 0;
}

/* The segment that memory is in: in 64-bit mode all but FS and GS begin at 0. */
static uint16_t segment_of(const Operand *operand, bool wide)
{
    if (operand->segment == ZYDIS_REGISTER_FS || operand->segment == ZYDIS_REGISTER_GS)
        return operand->segment;
    if (wide)
        return 0;
    if (operand->segment != 0)
        return operand->segment;
    bool stack = operand->reg == ZYDIS_REGISTER_ESP || operand->reg == ZYDIS_REGISTER_EBP ||
                 operand->reg == ZYDIS_REGISTER_BP;
    return stack ? ZYDIS_REGISTER_SS : ZYDIS_REGISTER_DS;
}

/* Without a base, an index that is not scaled is one. */
static void settle_base(Operand *operand)
{
    if (operand->reg == 0 && operand->scale == 1 && operand->index < ZYDIS_REGISTER_XMM0) {
        operand->reg = operand->index;
        operand->index = 0;
        operand->scale = 0;
    }
}

static bool has_name(unsigned bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 6 || bytes == 8 || bytes == 10 ||
           bytes == 16 || bytes == 32 || bytes == 64;
}

static Difference compare_memory(Operand ours, Operand zydis, bool wide, uint64_t next)
{
    if (segment_of(&ours, wide) != segment_of(&zydis, wide))
        return DIFFERENCE_ADDRESS;
    bool relative = zydis.reg == ZYDIS_REGISTER_RIP || zydis.reg == ZYDIS_REGISTER_EIP;
    if (relative && ours.reg == 0) { /* ours may name the address itself */
        zydis.reg = 0;
        zydis.value += next;
    }
    settle_base(&ours);
    settle_base(&zydis);
    if (ours.reg != zydis.reg || ours.index != zydis.index || ours.scale != zydis.scale)
        return DIFFERENCE_ADDRESS;
    if (!same_number(ours.value, zydis.value, zydis.number_bits))
        return DIFFERENCE_DISPLACEMENT;
    if (ours.bytes != zydis.bytes && !zydis.address_only &&
            (ours.bytes != 0 || has_name(zydis.bytes)))
        return DIFFERENCE_SIZE;
    return ours.broadcast == zydis.broadcast ? DIFFERENCE_NONE : DIFFERENCE_DECORATION;
}

static Difference compare_operand(
        const Operand *ours, const Operand *zydis, bool wide, uint64_t next)
{
    if (ours->kind != zydis->kind)
        return DIFFERENCE_KIND;
    switch (ours->kind) {
    case OPERAND_REGISTER:
        return ours->reg == zydis->reg ? DIFFERENCE_NONE : DIFFERENCE_REGISTER;
    case OPERAND_MEMORY:
        return compare_memory(*ours, *zydis, wide, next);
    case OPERAND_NUMBER:
        return same_number(ours->value, zydis->value, zydis->number_bits) ? DIFFERENCE_NONE
                                                                          : DIFFERENCE_IMMEDIATE;
    default:
        return ours->value == zydis->value && ours->segment == zydis->segment
                       ? DIFFERENCE_NONE
                       : DIFFERENCE_IMMEDIATE;
    }
}

Difference instruction_compare(
        const Instruction *ours, const Instruction *zydis, bool wide, uint64_t next)
{
    if (!same_mnemonic(ours->mnemonic, zydis->mnemonic))
        return DIFFERENCE_MNEMONIC;
    if (ours->prefixes != zydis->prefixes)
        return DIFFERENCE_PREFIX;
    if (ours->count != zydis->count)
        return DIFFERENCE_COUNT;
    for (unsigned i = 0; i < ours->count; i++) {
        Difference found = compare_operand(&ours->operands[i], &zydis->operands[i], wide, next);
        if (found != DIFFERENCE_NONE)
            return found;
    }
    if (ours->mask != zydis->mask || ours->zeroing != zydis->zeroing ||
            ours->rounding != zydis->rounding)
        return DIFFERENCE_DECORATION;
    return DIFFERENCE_NONE;
}
