/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled specifications come from other programs. The input is the document inside of the
 * container; if it loads, some bytes are decoded and lifted with it. An input that begins with 0xFF
 * is changes of a document that is right, three bytes each: place (of 16 bits) and new value.
 */
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

/* The document of the specification that has one of each construct. */
static size_t right_document(const uint8_t **ret)
{
    static uint8_t document[1 << 18];
    static uLongf size;
    *ret = document;
    if (size > 0)
        return size;
    ProSleighCompileOptions options = {.path = "lib/sleigh/tests/specs/toy.slaspec"};
    uint8_t *sla = NULL;
    size_t sla_size = 0;
    ProError error;
    size = sizeof document;
    if (pro_sleigh_compile(&options, &sla, &sla_size, NULL, &error) != PRO_OK ||
            uncompress(document, &size, sla + 4, sla_size - 4) != Z_OK)
        abort(); /* run it from the project's folder */
    free(sla);
    return size;
}

static void load_packed(const uint8_t *data, size_t size)
{
    uLongf packed = compressBound(size);
    uint8_t *sla = malloc(packed + 4);
    ProSleighLanguage *language = NULL;
    ProError error;
    if (sla == NULL)
        return;
    memcpy(sla, "sla\4", 4);
    if (compress2(sla + 4, &packed, data, size, 0) == Z_OK &&
            pro_sleigh_language_load(sla, packed + 4, &language, &error) == PRO_OK) {
        decode_some(language, data, size);
        (void)!pro_sleigh_language_check(language, &error);
    }
    pro_sleigh_language_unref(language);
    free(sla);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProSleighLanguage *language = NULL;
    ProError error;
    if (size > 0 && data[0] == 0xFF) {
        const uint8_t *right;
        size_t right_size = right_document(&right);
        uint8_t *changed = malloc(right_size);
        if (changed == NULL)
            return 0;
        memcpy(changed, right, right_size);
        for (size_t i = 1; i + 2 < size; i += 3)
            changed[(size_t)(data[i] << 8 | data[i + 1]) % right_size] = data[i + 2];
        load_packed(changed, right_size);
        free(changed);
        return 0;
    }
    load_packed(data, size);
    /* The container itself. */
    if (pro_sleigh_language_load(data, size, &language, &error) == PRO_OK)
        pro_sleigh_language_unref(language);
    return 0;
}
