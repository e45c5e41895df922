/* SPDX-License-Identifier: Apache-2.0 */
/* zydis_bench ELF-FILE: million instructions a second that Zydis decodes and formats (Intel syntax)
 * of the file's .text; the shortest of a few runs. */
#include "code_section.h"

#include <Zydis/Zydis.h>

enum { RUNS = 5 };

static uint64_t run(const CodeSection *code)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    uint64_t count = 0;
    if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
            ZYAN_FAILED(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)))
        exit(1);
    for (size_t offset = 0; offset < code->size;) {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        char text[256];
        if (ZYAN_FAILED(ZydisDecoderDecodeFull(
                    &decoder, code->bytes + offset, code->size - offset, &instruction, operands))) {
            offset++;
            continue;
        }
        if (ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &instruction, operands,
                    instruction.operand_count_visible, text, sizeof text, code->address + offset,
                    ZYAN_NULL)))
            exit(1);
        offset += instruction.length;
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    CodeSection code = code_section_open(argv[1]);
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_used_ns();
        double count = (double)run(&code);
        double here = count * 1e3 / (double)(bench_used_ns() - begin);
        if (here > best)
            best = here;
    }
    (void)printf("%.4f\n", best);
    return 0;
}
