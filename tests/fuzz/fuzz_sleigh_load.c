/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled specifications come from other programs. The input is the document inside of the
 * container; if it loads, some bytes are decoded and lifted with it. */
#include <promp/sleigh.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_some(ProSleighLanguage *language, const uint8_t *data, size_t size)
{
    ProSleighDecoder *decoder;
    ProError error;
    if (pro_sleigh_decoder_new(language, &decoder, &error) != PRO_OK)
        return;
    for (size_t offset = 0; offset < size && offset < 64; offset++) {
        ProSleighInstruction instruction;
        ProSleighLift lift;
        const char *mnemonic, *body;
        if (pro_sleigh_decode(decoder, offset, data + offset, size - offset, &instruction) !=
                        PRO_OK ||
                instruction.outcome != PRO_SLEIGH_DECODED)
            continue;
        if (pro_sleigh_text(decoder, &mnemonic, &body) != PRO_OK)
            abort();
        (void)!pro_sleigh_lift(decoder, &lift, &error);
    }
    pro_sleigh_decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uLongf packed = compressBound(size);
    uint8_t *sla = malloc(packed + 4);
    ProSleighLanguage *language = NULL;
    ProError error;
    if (sla == NULL)
        return 0;
    memcpy(sla, "sla\4", 4);
    if (compress2(sla + 4, &packed, data, size, 0) == Z_OK &&
            pro_sleigh_language_load(sla, packed + 4, &language, &error) == PRO_OK)
        decode_some(language, data, size);
    pro_sleigh_language_unref(language);
    free(sla);
    /* The container itself. */
    if (pro_sleigh_language_load(data, size, &language, &error) == PRO_OK)
        pro_sleigh_language_unref(language);
    return 0;
}
