/* SPDX-License-Identifier: Apache-2.0 */
#include "exclusions.h"

#include "processor.h"

#include <string.h>

static const struct {
    ZydisInstructionCategory category;
    const char *reason;
} categories[] = {
        {ZYDIS_CATEGORY_SYSTEM, "system"},
        {ZYDIS_CATEGORY_SYSCALL, "system"},
        {ZYDIS_CATEGORY_SYSRET, "system"},
        {ZYDIS_CATEGORY_INTERRUPT, "enters the kernel"},
        {ZYDIS_CATEGORY_IO, "system"},
        {ZYDIS_CATEGORY_IOSTRINGOP, "system"},
        {ZYDIS_CATEGORY_VTX, "system"},
        {ZYDIS_CATEGORY_SGX, "system"},
        {ZYDIS_CATEGORY_SMAP, "system"},
        {ZYDIS_CATEGORY_SEGOP, "loads segment registers"},
        {ZYDIS_CATEGORY_XSAVE, "the area depends on the processor"},
        {ZYDIS_CATEGORY_XSAVEOPT, "the area depends on the processor"},
        {ZYDIS_CATEGORY_PKU, "system"},
        {ZYDIS_CATEGORY_RDRAND, "another value each time"},
        {ZYDIS_CATEGORY_RDSEED, "another value each time"},
        {ZYDIS_CATEGORY_RDPID, "another value each time"},
        {ZYDIS_CATEGORY_RDPRU, "another value each time"},
        {ZYDIS_CATEGORY_RDWRFSGS, "system"},
        {ZYDIS_CATEGORY_CET, "depends on the kernel"},
        {ZYDIS_CATEGORY_WAITPKG, "waits"},
        {ZYDIS_CATEGORY_CLZERO, "works on cache lines"},
};

static const struct {
    const char *mnemonic; /* a whole name, or with * its beginning */
    const char *reason;
} mnemonics[] = {
        {"rdtsc*", "another value each time"},
        {"cpuid", "depends on the processor"},
        {"xgetbv", "depends on the kernel"},
        {"rdpmc", "another value each time"},
        {"int*", "enters the kernel"},
        {"iret*", "system"},
        {"sys*", "system"},
        {"vmcall", "system"},
        {"vmmcall", "system"},
        {"vmfunc", "system"},
        {"vmrun", "system"},
        {"lar", "reads descriptor tables"},
        {"lsl", "reads descriptor tables"},
        {"verr", "reads descriptor tables"},
        {"verw", "reads descriptor tables"},
        {"str", "reads descriptor tables"},
        {"sldt", "reads descriptor tables"},
        {"sgdt", "reads descriptor tables"},
        {"sidt", "reads descriptor tables"},
        {"smsw", "system"},
        {"ud0", "has no defined length"},
        {"monitor*", "waits"},
        {"mwait*", "waits"},
        {"xabort", "transactions"},
        {"xbegin", "transactions"},
        {"xend", "transactions"},
        {"xtest", "transactions"},
        {"fxsave*", "the area depends on the processor"},
        {"fxrstor*", "the area depends on the processor"},
        {"fnstenv", "tags, addresses of the last x87 instruction"},
        {"fldenv", "tags, addresses of the last x87 instruction"},
        {"clui", "other instructions where it is absent"},
        {"stui", "other instructions where it is absent"},
        {"testui", "other instructions where it is absent"},
        {"getsec", "system"},
        {"hlt", "system"},
        {"cli", "system"},
        {"sti", "system"},
        {"clac", "system"},
        {"stac", "system"},
        {"clgi", "system"},
        {"stgi", "system"},
        {"skinit", "system"},
        {"invlpga*", "system"},
        {"lds", "loads segment registers"},
        {"les", "loads segment registers"},
        {"lfs", "loads segment registers"},
        {"lgs", "loads segment registers"},
        {"lss", "loads segment registers"},
};

static bool has_name(const char *name, const char *pattern)
{
    size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                      : strcmp(name, pattern) == 0;
}

const char *exclusion_of(
        const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands)
{
    const char *name = ZydisMnemonicGetString(instruction->mnemonic);
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++)
        if (instruction->meta.category == categories[i].category)
            return categories[i].reason;
    for (size_t i = 0; i < sizeof mnemonics / sizeof mnemonics[0]; i++)
        if (has_name(name, mnemonics[i].mnemonic))
            return mnemonics[i].reason;
    if (instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return "loads segment registers";
    for (unsigned i = 0; i < instruction->operand_count_visible; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        ZydisRegisterClass class = ZydisRegisterGetClass(operands[i].reg.value);
        if (class == ZYDIS_REGCLASS_SEGMENT)
            return "loads segment registers";
        if (class == ZYDIS_REGCLASS_CONTROL || class == ZYDIS_REGCLASS_DEBUG)
            return "system";
    }
    return NULL;
}

/* ---- undefined flags ---- */

static const struct {
    const char *mnemonic;
    uint64_t flags;
} undefined[] = {
        /* SDM volume 2, the instruction's "Flags Affected". */
        {"and", FLAG_AF},
        {"or", FLAG_AF},
        {"xor", FLAG_AF},
        {"test", FLAG_AF},
        {"mul", FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF},
        {"imul", FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF},
        {"div", FLAGS_STATUS},
        {"idiv", FLAGS_STATUS},
        {"bsf", FLAG_CF | FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"bsr", FLAG_CF | FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"bt", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"bts", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"btr", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"btc", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"lzcnt", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"tzcnt", FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF},
        {"andn", FLAG_AF | FLAG_PF},
        {"blsi", FLAG_AF | FLAG_PF},
        {"blsr", FLAG_AF | FLAG_PF},
        {"blsmsk", FLAG_AF | FLAG_PF},
        {"bextr", FLAG_AF | FLAG_SF | FLAG_PF},
        {"bzhi", FLAG_AF | FLAG_PF},
        {"aaa", FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF},
        {"aas", FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF},
        {"aam", FLAG_OF | FLAG_AF | FLAG_CF},
        {"aad", FLAG_OF | FLAG_AF | FLAG_CF},
        {"daa", FLAG_OF},
        {"das", FLAG_OF},
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

uint64_t undefined_flags(const char *mnemonic, unsigned count, unsigned bits)
{
    static const char *const shifts[] = {"shl", "shr", "sar", "sal", NULL};
    static const char *const rotations[] = {"rol", "ror", "rcl", "rcr", NULL};
    static const char *const doubles[] = {"shld", "shrd", NULL};
    for (size_t i = 0; i < sizeof undefined / sizeof undefined[0]; i++)
        if (strcmp(mnemonic, undefined[i].mnemonic) == 0)
            return undefined[i].flags;
    if (count == 0)
        return 0; /* a shift by nothing changes no flag */
    uint64_t overflow = count != 1 ? FLAG_OF : 0;
    if (is_one_of(mnemonic, rotations))
        return overflow;
    if (is_one_of(mnemonic, shifts))
        return overflow | FLAG_AF | (count >= bits && mnemonic[1] != 'a' ? FLAG_CF : 0);
    if (is_one_of(mnemonic, doubles)) /* beyond the operand's size the result is undefined too */
        return count > bits ? FLAGS_STATUS : overflow | FLAG_AF;
    return 0;
}

unsigned defined_status(const char *mnemonic)
{
    if (strcmp(mnemonic, "fxam") == 0)
        return 0x4700;
    bool compares = strncmp(mnemonic, "fcom", 4) == 0 || strncmp(mnemonic, "fucom", 5) == 0 ||
                    strncmp(mnemonic, "ficom", 5) == 0 || strcmp(mnemonic, "ftst") == 0;
    bool by_flags = strstr(mnemonic, "comi") != NULL && mnemonic[1] != 'i';
    return compares && !by_flags ? 0x4500 : 0;
}
