/* SPDX-License-Identifier: Apache-2.0 */
/* Machine code is hostile. What decodes has text, and its p-code passes the verifier. The language
 * is that of $SLEIGH_FUZZ_SPEC (a .slaspec). */
#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ProSleighLanguage *load_language(void)
{
    const char *path = getenv("SLEIGH_FUZZ_SPEC");
    ProSleighCompileOptions options = {.path = path == NULL ? "data/riscv/riscv64.slaspec" : path};
    uint8_t *sla = NULL;
    size_t size = 0;
    ProSleighLanguage *language = NULL;
    ProError error;
    if (pro_sleigh_compile(&options, &sla, &size, NULL, &error) != PRO_OK ||
            pro_sleigh_language_load(sla, size, &language, &error) != PRO_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    free(sla);
    return language;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ProSleighLanguage *language;
    ProSleighDecoder *decoder;
    ProError error;
    if (language == NULL)
        language = load_language();
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(language, &space_count);
    if (pro_sleigh_decoder_new(language, &decoder, &error) != PRO_OK)
        return 0;
    for (size_t offset = 0; offset < size;) {
        ProSleighInstruction instruction;
        ProSleighLift lift;
        const char *mnemonic, *body;
        if (pro_sleigh_decode(
                    decoder, 0x1000 + offset, data + offset, size - offset, &instruction) != PRO_OK)
            break;
        if (instruction.outcome != PRO_SLEIGH_DECODED) {
            offset += pro_sleigh_language_alignment(language);
            continue;
        }
        if (instruction.length > size - offset ||
                pro_sleigh_text(decoder, &mnemonic, &body) != PRO_OK)
            abort();
        if (pro_sleigh_lift(decoder, &lift, &error) == PRO_OK &&
                pro_pcode_verify(lift.ops, lift.count, spaces, space_count, &error) != PRO_OK) {
            (void)fprintf(stderr, "%s %s: %s\n", mnemonic, body, error.text);
            abort();
        }
        offset += instruction.length;
    }
    pro_sleigh_decoder_free(decoder);
    return 0;
}
