/* SPDX-License-Identifier: Apache-2.0 */
#include "code_machine.h"

#include <elf.h>
#include <stddef.h>

enum { IDS = 4, ANY = 2 };

typedef struct Machine {
    unsigned number;
    unsigned is_64; /* ANY: does not matter */
    unsigned big_endian;
    const char *ids[IDS];
} Machine;

static const Machine elf_machines[] = {
        {EM_X86_64, true, ANY, {"x86:LE:64:default"}},
        {EM_X86_64, false, ANY, {"x86:LE:64:default"}}, /* x32 */
        {EM_386, ANY, ANY, {"x86:LE:32:default"}},
        {EM_RISCV, true, ANY, {"RISCV:LE:64:RV64GC", "RISCV:LE:64:default"}},
        {EM_RISCV, false, ANY, {"RISCV:LE:32:RV32GC", "RISCV:LE:32:default"}},
        {EM_AARCH64, ANY, false, {"AARCH64:LE:64:v8A"}},
        {EM_AARCH64, ANY, true, {"AARCH64:BE:64:v8A"}},
        {EM_ARM, ANY, false, {"ARM:LE:32:v8"}},
        {EM_ARM, ANY, true, {"ARM:BE:32:v8"}},
        {EM_MIPS, false, true, {"MIPS:BE:32:default"}},
        {EM_MIPS, false, false, {"MIPS:LE:32:default"}},
        {EM_MIPS, true, true, {"MIPS:BE:64:default"}},
        {EM_MIPS, true, false, {"MIPS:LE:64:default"}},
        {EM_PPC, ANY, ANY, {"PowerPC:BE:32:default"}},
        {EM_PPC64, ANY, true, {"PowerPC:BE:64:default"}},
        {EM_PPC64, ANY, false, {"PowerPC:LE:64:default"}},
        {EM_SPARC, ANY, ANY, {"sparc:BE:32:default"}},
        {EM_SPARCV9, ANY, ANY, {"sparc:BE:64:default"}},
        {EM_68K, ANY, ANY, {"68000:BE:32:default"}},
        {EM_SH, ANY, false, {"SuperH4:LE:32:default"}},
        {EM_SH, ANY, true, {"SuperH4:BE:32:default"}},
        {EM_AVR, ANY, ANY, {"avr8:LE:16:extended"}},
        {EM_MSP430, ANY, ANY, {"TI_MSP430:LE:16:default"}},
        {EM_BPF, ANY, ANY, {"eBPF:LE:64:default"}},
        {EM_LOONGARCH, true, ANY, {"Loongarch:LE:64:lp64d"}},
        {EM_LOONGARCH, false, ANY, {"Loongarch:LE:32:ilp32d"}},
};

static const Machine pe_machines[] = {
        {0x8664, ANY, ANY, {"x86:LE:64:default"}},
        {0x014C, ANY, ANY, {"x86:LE:32:default"}},
        {0xAA64, ANY, ANY, {"AARCH64:LE:64:v8A"}},
        {0x01C0, ANY, ANY, {"ARM:LE:32:v8"}},
        {0x01C4, ANY, ANY, {"ARM:LE:32:v8"}},
        {0x5032, ANY, ANY, {"RISCV:LE:32:RV32GC", "RISCV:LE:32:default"}},
        {0x5064, ANY, ANY, {"RISCV:LE:64:RV64GC", "RISCV:LE:64:default"}},
};

static const char *const *find(
        const Machine *machines, size_t count, unsigned number, bool is_64, bool big_endian)
{
    for (size_t i = 0; i < count; i++)
        if (machines[i].number == number &&
                (machines[i].is_64 == ANY || machines[i].is_64 == is_64) &&
                (machines[i].big_endian == ANY || machines[i].big_endian == big_endian))
            return machines[i].ids;
    return NULL;
}

const char *const *code_elf_languages(unsigned machine, bool is_64, bool big_endian)
{
    return find(
            elf_machines, sizeof elf_machines / sizeof elf_machines[0], machine, is_64, big_endian);
}

const char *const *code_pe_languages(unsigned machine)
{
    return find(pe_machines, sizeof pe_machines / sizeof pe_machines[0], machine, false, false);
}
