/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_EXCLUSIONS_H
#define PROVE_X86_EXCLUSIONS_H

#include <Zydis/Zydis.h>
#include <stdint.h>

/* Why an instruction can't be proven by executing it here; a constant string, NULL if it can. */
const char *exclusion_of(
        const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands);

/*
 * Status flags that are undefined after the instruction, so that they are not compared (the
 * manual's section stands beside each row). `count`: the masked amount of a shift or rotation in
 * bits, `bits` the operand's size; 0 for other instructions.
 */
uint64_t undefined_flags(const char *mnemonic, unsigned count, unsigned bits);

/* The bits of the x87 status word that the instruction defines: of C0 to C3 only comparisons have
 * any. C1 tells how a result was rounded, which p-code does not have. */
unsigned defined_status(const char *mnemonic);

#endif
