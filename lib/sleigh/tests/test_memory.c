/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No memory: each allocation of loading and decoding fails once, and each time a status tells it,
 * nothing leaks (the sanitizer build sees that), and the same call works afterwards. The linker
 * lets the library's allocations come here first (--wrap); what libc allocates by itself does not.
 */
#include "support/test.h"

#include <libdeflate.h>
#include <promp/sleigh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
struct libdeflate_decompressor *__real_libdeflate_alloc_decompressor(void);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
struct libdeflate_decompressor *__wrap_libdeflate_alloc_decompressor(void);

static size_t left = SIZE_MAX; /* allocations until the one that fails; SIZE_MAX: none does */
static bool has_failed;

static bool fails(void)
{
    if (left == SIZE_MAX || left-- > 0)
        return false;
    left = SIZE_MAX;
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

struct libdeflate_decompressor *__wrap_libdeflate_alloc_decompressor(void)
{
    return fails() ? NULL : __real_libdeflate_alloc_decompressor();
}

static void fail_after(size_t allocations)
{
    left = allocations;
    has_failed = false;
}

static void stop_failing(void)
{
    left = SIZE_MAX;
}

/* Delay slots, another instruction's section, context by address, a pointer, labels. */
static const char specification[] =
        "define endian=little;\ndefine space ram type=ram_space size=4 default;\n"
        "define space register type=register_space size=4;\n"
        "define register offset=0 size=4 [ r0 r1 r2 r3 ctx ];\ndefine context ctx mode=(0,1);\n"
        "define token t(8) op=(0,7);\ndefine token i(8) simm=(0,7) signed;\n"
        "dest: x is simm [ x = inst_next + simm; ] { export *[ram]:4 x; }\n"
        "at: simm is simm { local p = r1 + simm; export *:4 p; }\n"
        ":jump dest is op=1; dest { r0 = inst_next; delayslot(1); goto dest; }\n"
        ":cross dest is op=2; dest { crossbuild dest, late; r0 = r1 * 2; }\n"
        ":late is op=3 { r1 = 1; <<late>> r2 = inst_start; }\n"
        ":mode dest is op=4; dest [ mode = 1; globalset(dest, mode); ] { }\n"
        ":add at is op=5; at { at = at + 1; if (at == 0) goto <end>; r0 = 1; <end> }\n"
        ":skip is op=6 { r0 = inst_next2; }\n";
static const uint8_t code[] = {
        6, 1, 2, 3, 3, 2, 0, 3, 4, 1, 4, 2, 4, 3, 5, 9, 1, 0, 5, 7, 6, 1, 0, 3};

static uint8_t *sla;
static size_t sla_size;

static int compile(void **state)
{
    (void)state;
    ProSleighCompileOptions options = {
            .source = specification, .source_size = strlen(specification)};
    char *messages = NULL;
    if (pro_sleigh_compile(&options, &sla, &sla_size, &messages, NULL) != PRO_OK)
        fail_msg("%s", messages);
    free(messages);
    return 0;
}

static int free_sla(void **state)
{
    (void)state;
    free(sla);
    return 0;
}

static ProSleighLanguage *load(void)
{
    ProSleighLanguage *language = NULL;
    ProError error;
    if (pro_sleigh_language_load(sla, sla_size, &language, &error) != PRO_OK)
        fail_msg("%s", error.text);
    return language;
}

/* A failure that only would have saved memory is none. */
static void assert_told(ProStatus status, const ProError *error)
{
    assert_true(status == PRO_ERR_NO_MEMORY || status == PRO_OK);
    if (status != PRO_OK && error != NULL)
        assert_int_equal(error->status, PRO_ERR_NO_MEMORY);
}

static void loading_tells_that_there_is_no_memory(void **state)
{
    (void)state;
    size_t told = 0;
    has_failed = true;
    for (size_t n = 0; has_failed; n++) {
        ProSleighLanguage *language = NULL;
        ProError error = {0};
        fail_after(n);
        ProStatus status = pro_sleigh_language_load(sla, sla_size, &language, &error);
        stop_failing();
        assert_told(status, &error);
        assert_true((status == PRO_OK) == (language != NULL));
        told += status != PRO_OK;
        pro_sleigh_language_unref(language);
    }
    assert_true(told > 10);
}

static void write_file(char *path, const void *bytes, size_t size)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static void loading_files_tells_that_there_is_no_memory(void **state)
{
    (void)state;
    static const char pspec[] = "<processor_spec><context_data><context_set space=\"ram\">"
                                "<set name=\"mode\" val=\"1\"/></context_set></context_data>"
                                "</processor_spec>";
    char sla_path[] = "/tmp/promp-memory-XXXXXX", pspec_path[] = "/tmp/promp-memory-XXXXXX";
    size_t told = 0;
    write_file(sla_path, sla, sla_size);
    write_file(pspec_path, pspec, strlen(pspec));
    has_failed = true;
    for (size_t n = 0; has_failed; n++) {
        ProSleighLanguage *language = NULL;
        ProError error = {0};
        fail_after(n);
        ProStatus status = pro_sleigh_language_load_file(sla_path, pspec_path, &language, &error);
        stop_failing();
        assert_told(status, &error);
        told += status != PRO_OK;
        pro_sleigh_language_unref(language);
    }
    assert_true(told > 10);
    (void)unlink(sla_path);
    (void)unlink(pspec_path);
}

/* Decodes and lifts everything. Calls that fail are tried again: then there is memory. The result
 * is a number for all of the p-code. */
static uint64_t lift_all(ProSleighDecoder *decoder, size_t *told)
{
    uint64_t digest = 0;
    for (size_t offset = 0; offset < sizeof code;) {
        ProSleighInstruction instruction;
        ProSleighLift lift;
        ProError error = {0};
        ProStatus status = pro_sleigh_decode(
                decoder, offset, code + offset, sizeof code - offset, &instruction);
        if (status != PRO_OK) {
            assert_told(status, NULL);
            (*told)++;
            continue;
        }
        assert_int_equal(instruction.outcome, PRO_SLEIGH_DECODED);
        status = pro_sleigh_lift(decoder, &lift, &error);
        if (status != PRO_OK) {
            assert_told(status, &error);
            (*told)++;
            continue;
        }
        for (size_t i = 0; i < lift.count; i++)
            for (unsigned k = 0; k < lift.ops[i].input_count; k++)
                digest = (digest * 31 + lift.ops[i].inputs[k].offset) * 31 + lift.ops[i].code;
        offset += instruction.length;
    }
    return digest;
}

static void decoding_tells_it_and_goes_on(void **state)
{
    (void)state;
    size_t told = 0;
    ProSleighLanguage *language = load();
    ProSleighDecoder *decoder = NULL;
    assert_int_equal(pro_sleigh_decoder_new(language, &decoder, NULL), PRO_OK);
    uint64_t wanted = lift_all(decoder, &told);
    assert_int_equal(told, 0);
    pro_sleigh_decoder_free(decoder);
    pro_sleigh_language_unref(language);
    has_failed = true;
    for (size_t n = 0; has_failed; n++) {
        ProError error = {0};
        language = load(); /* none of its templates is read yet */
        decoder = NULL;
        fail_after(n);
        ProStatus status = pro_sleigh_decoder_new(language, &decoder, &error);
        assert_told(status, &error);
        told += status != PRO_OK;
        if (status == PRO_OK)
            assert_true(lift_all(decoder, &told) == wanted);
        stop_failing();
        pro_sleigh_decoder_free(decoder);
        pro_sleigh_language_unref(language);
    }
    assert_true(told > 10);
}

static void context_and_check_tell_it(void **state)
{
    (void)state;
    size_t told = 0;
    has_failed = true;
    for (size_t n = 0; has_failed; n++) {
        ProSleighLanguage *language = load();
        ProSleighDecoder *decoder = NULL;
        ProStatus status = pro_sleigh_decoder_new(language, &decoder, NULL);
        assert_int_equal(status, PRO_OK);
        fail_after(n);
        for (uint64_t address = 0; status == PRO_OK && address < 100; address += 2)
            status =
                    pro_sleigh_decoder_set_context(decoder, "mode", address, address / 2 & 1, NULL);
        assert_told(status, NULL);
        told += status != PRO_OK;
        status = pro_sleigh_language_check(language, NULL);
        assert_told(status, NULL);
        told += status != PRO_OK;
        stop_failing();
        pro_sleigh_decoder_free(decoder);
        pro_sleigh_language_unref(language);
    }
    assert_true(told > 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(loading_tells_that_there_is_no_memory),
            cmocka_unit_test(loading_files_tells_that_there_is_no_memory),
            cmocka_unit_test(decoding_tells_it_and_goes_on),
            cmocka_unit_test(context_and_check_tell_it)};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, compile, free_sla);
}
