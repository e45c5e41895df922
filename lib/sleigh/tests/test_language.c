/* SPDX-License-Identifier: Apache-2.0 */
/* A loaded language: shared by threads, its templates read at their first use. */
#include "support/test.h"

#include <libdeflate.h>
#include <promp/sleigh.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, CODE_BYTES = 30000 };

static void compile(const char *path, const char *source, uint8_t **ret_sla, size_t *ret_size)
{
    ProSleighCompileOptions options = {.path = path,
            .source = source,
            .source_size = source == NULL ? 0 : strlen(source),
            .quiet = true};
    ProError error = {0};
    if (pro_sleigh_compile(&options, ret_sla, ret_size, NULL, &error) != PRO_OK)
        fail_msg("%s", error.text);
}

static ProSleighLanguage *load(const uint8_t *sla, size_t size)
{
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    if (pro_sleigh_language_load(sla, size, &language, &error) != PRO_OK)
        fail_msg("%s", error.text);
    return language;
}

/* ---- threads ---- */

typedef struct Work {
    ProSleighLanguage *language;
    const uint8_t *code;
    pthread_barrier_t *begin; /* NULL: alone */
    uint64_t digest;          /* of all p-code */
    size_t lifted;
} Work;

static void digest(uint64_t *value, uint64_t number)
{
    *value = (*value ^ number) * 0x100000001B3u;
}

static void digest_place(uint64_t *value, ProVarnode place)
{
    digest(value, place.offset);
    digest(value, (uint64_t)place.space << 32 | place.size);
}

static void digest_lift(uint64_t *value, const ProSleighLift *lift)
{
    for (size_t i = 0; i < lift->count; i++) {
        const ProPcodeOp *op = &lift->ops[i];
        digest(value, op->code);
        digest_place(value, op->output);
        for (unsigned k = 0; k < op->input_count; k++)
            digest_place(value, op->inputs[k]);
    }
}

/* No assertions: cmocka's are for its own thread. A thread that fails has lifted too little. */
static void *lift_all(void *data)
{
    Work *work = data;
    ProSleighDecoder *decoder = NULL;
    if (work->begin != NULL)
        (void)pthread_barrier_wait(work->begin);
    if (pro_sleigh_decoder_new(work->language, &decoder, NULL) != PRO_OK)
        return NULL;
    for (size_t offset = 0; offset < CODE_BYTES;) {
        ProSleighInstruction instruction;
        ProSleighLift lift;
        if (pro_sleigh_decode(decoder, offset, work->code + offset, CODE_BYTES - offset,
                    &instruction) != PRO_OK)
            break;
        if (instruction.outcome == PRO_SLEIGH_DECODED &&
                pro_sleigh_lift(decoder, &lift, NULL) == PRO_OK) {
            digest_lift(&work->digest, &lift);
            work->lifted++;
        }
        offset += instruction.length > 0 ? instruction.length : 1;
    }
    pro_sleigh_decoder_free(decoder);
    return NULL;
}

static void fill(uint8_t *code, size_t size)
{
    uint64_t random = 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        code[i] = (uint8_t)(random >> 56);
    }
}

static void threads_that_begin_at_once_lift_what_one_alone_does(void **state)
{
    (void)state;
    static uint8_t code[CODE_BYTES];
    uint8_t *sla;
    size_t size;
    pthread_t threads[THREADS];
    Work works[THREADS];
    pthread_barrier_t begin;
    compile(DATA_FOLDER "/x86/x86-64.slaspec", NULL, &sla, &size);
    fill(code, sizeof code);
    ProSleighLanguage *shared = load(sla, size);
    assert_int_equal(pthread_barrier_init(&begin, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        works[i] = (Work){.language = shared, .code = code, .begin = &begin};
        assert_int_equal(pthread_create(&threads[i], NULL, lift_all, &works[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pro_sleigh_language_unref(shared);
    (void)pthread_barrier_destroy(&begin);
    ProSleighLanguage *own = load(sla, size);
    Work alone = {.language = own, .code = code};
    (void)lift_all(&alone);
    pro_sleigh_language_unref(own);
    free(sla);
    assert_true(alone.lifted > 1000);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(works[i].lifted, alone.lifted);
        assert_true(works[i].digest == alone.digest);
    }
}

/* ---- templates ---- */

static void every_template_of_our_languages_can_be_read(void **state)
{
    (void)state;
    static const char *const paths[] = {DATA_FOLDER "/x86/x86-64.slaspec",
            DATA_FOLDER "/riscv/riscv64.slaspec", SPECS_FOLDER "/toy.slaspec",
            SPECS_FOLDER "/big.slaspec"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        uint8_t *sla;
        size_t size;
        ProError error = {0};
        compile(paths[i], NULL, &sla, &size);
        ProSleighLanguage *language = load(sla, size);
        size_t before = pro_sleigh_language_bytes(language);
        if (pro_sleigh_language_check(language, &error) != PRO_OK)
            fail_msg("%s: %s", paths[i], error.text);
        size_t after = pro_sleigh_language_bytes(language);
        assert_true(after > before && after < 16u << 20);
        assert_int_equal(pro_sleigh_language_check(language, &error), PRO_OK);
        assert_int_equal(pro_sleigh_language_bytes(language), after); /* they were there already */
        pro_sleigh_language_unref(language);
        free(sla);
    }
}

/* The same compiled specification with one byte of its document changed. */
static void change_document(uint8_t **sla, size_t *size, const char *from, size_t count, uint8_t to)
{
    uint8_t document[1 << 14];
    size_t document_size = 0, found = 0;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_zlib_decompress(decompressor, *sla + 4, *size - 4, document,
                             sizeof document, &document_size),
            LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(decompressor);
    for (size_t i = 0; i + count <= document_size; i++)
        if (memcmp(document + i, from, count) == 0) {
            document[i + count - 1] = to;
            found++;
        }
    assert_int_equal(found, 1);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    *sla = realloc(*sla, sizeof document);
    assert_non_null(*sla);
    *size = 4 + libdeflate_zlib_compress(
                        compressor, document, document_size, *sla + 4, sizeof document - 4);
    libdeflate_free_compressor(compressor);
}

static ProStatus lift_one(ProSleighLanguage *language, uint8_t byte, ProError *error)
{
    ProSleighDecoder *decoder = NULL;
    ProSleighInstruction instruction;
    ProSleighLift lift;
    const char *mnemonic, *body;
    assert_int_equal(pro_sleigh_decoder_new(language, &decoder, NULL), PRO_OK);
    assert_int_equal(pro_sleigh_decode(decoder, 0, &byte, 1, &instruction), PRO_OK);
    assert_int_equal(instruction.outcome, PRO_SLEIGH_DECODED);
    assert_int_equal(pro_sleigh_text(decoder, &mnemonic, &body), PRO_OK);
    ProStatus status = pro_sleigh_lift(decoder, &lift, error);
    pro_sleigh_decoder_free(decoder);
    return status;
}

static void a_damaged_template_is_told_when_it_is_used(void **state)
{
    (void)state;
    const char *source = "define endian=little;\n"
                         "define space ram type=ram_space size=4 default;\n"
                         "define space register type=register_space size=4;\n"
                         "define register offset=0 size=4 [ r0 r1 ];\n"
                         "define token instr(8) op=(0,7);\n"
                         ":right is op=1 { r0 = r1; }\n"
                         ":wrong is op=2 { r0 = r1 * r0; }\n";
    uint8_t *sla;
    size_t size;
    ProError error = {0};
    compile(NULL, source, &sla, &size);
    /* An operation begins, its code is that of INT_MULT (32). */
    change_document(&sla, &size, "\x45\xC7\x21\xA0", 4, 0x80 | 127);
    ProSleighLanguage *language = load(sla, size);
    assert_int_equal(lift_one(language, 1, &error), PRO_OK);
    for (int i = 0; i < 2; i++) {
        error = (ProError){0};
        assert_int_equal(lift_one(language, 2, &error), PRO_ERR_FORMAT);
        assert_int_equal(error.status, PRO_ERR_FORMAT);
        assert_non_null(strstr(error.text, "operation 127 does not exist"));
        assert_non_null(strstr(error.text, "byte "));
    }
    assert_int_equal(lift_one(language, 1, &error), PRO_OK);
    assert_int_equal(pro_sleigh_language_check(language, &error), PRO_ERR_FORMAT);
    assert_non_null(strstr(error.text, "operation 127 does not exist"));
    pro_sleigh_language_unref(language);
    free(sla);
}

TEST_MAIN(cmocka_unit_test(threads_that_begin_at_once_lift_what_one_alone_does),
        cmocka_unit_test(every_template_of_our_languages_can_be_read),
        cmocka_unit_test(a_damaged_template_is_told_when_it_is_used))
