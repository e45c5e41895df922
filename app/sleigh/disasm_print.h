/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_DISASM_PRINT_H
#define SLEIGH_DISASM_PRINT_H

#include "code.h"

#include <promp/sleigh.h>

/* Writes instructions to standard output: lines for people, or one JSON object a line. */
typedef struct Printer {
    const Code *code;
    ProSleighLanguage *language;
    ProSleighDecoder *decoder;
    bool pcode;
    bool json;
} Printer;

void printer_begin_region(const Printer *printer, const CodeRegion *region);
/* The instruction that the decoder holds, or its absence; it takes `size` of `bytes`. */
void printer_instruction(const Printer *printer, const CodeRegion *region,
        const ProSleighInstruction *instruction, const uint8_t *bytes, size_t size);

#endif
