/* SPDX-License-Identifier: Apache-2.0 */
/* What a .pspec changes: defaults of context variables, the longest instruction. */
#include "support/test.h"

#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char specification[] =
        "define endian=little;\ndefine space ram type=ram_space size=4 default;\n"
        "define space register type=register_space size=4;\n"
        "define register offset=0 size=4 [ ctx ];\ndefine context ctx mode=(0,1);\n"
        "define token t(8) op=(0,7);\n"
        ":^instruction is op=0x66; instruction { }\n:zero is op=1 & mode=0 { }\n:two is op=1 & mode=2 { }\n";

static void write_temporary(char *path, const void *bytes, size_t size)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static ProSleighLanguage *load_with(const char *pspec)
{
    char sla_path[] = "/tmp/promp-pspec-XXXXXX", pspec_path[] = "/tmp/promp-pspec-XXXXXX";
    ProSleighCompileOptions options = {
            .source = specification, .source_size = strlen(specification)};
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProSleighLanguage *language = NULL;
    ProError error;
    assert_int_equal(pro_sleigh_compile(&options, &sla, &size, &messages, &error), PRO_OK);
    write_temporary(sla_path, sla, size);
    write_temporary(pspec_path, pspec, strlen(pspec));
    assert_int_equal(
            pro_sleigh_language_load_file(sla_path, pspec_path, &language, &error), PRO_OK);
    (void)unlink(sla_path);
    (void)unlink(pspec_path);
    free(messages);
    free(sla);
    return language;
}

static ProSleighInstruction decode(
        ProSleighLanguage *language, const char *bytes, size_t size, char *ret_mnemonic)
{
    ProSleighDecoder *decoder = NULL;
    ProSleighInstruction instruction;
    ProError error;
    const char *mnemonic = "", *body;
    assert_int_equal(pro_sleigh_decoder_new(language, &decoder, &error), PRO_OK);
    assert_int_equal(pro_sleigh_decode(decoder, 0, bytes, size, &instruction), PRO_OK);
    if (instruction.outcome == PRO_SLEIGH_DECODED)
        assert_int_equal(pro_sleigh_text(decoder, &mnemonic, &body), PRO_OK);
    (void)snprintf(ret_mnemonic, 8, "%s", mnemonic);
    pro_sleigh_decoder_free(decoder);
    return instruction;
}

static void context_has_its_default(void **state)
{
    (void)state;
    char mnemonic[8];
    ProSleighLanguage *language = load_with(
            "<processor_spec><context_data><context_set space=\"ram\"><set name=\"mode\" val=\"2\"/>"
            "</context_set></context_data></processor_spec>");
    assert_int_equal(decode(language, "\1", 1, mnemonic).length, 1);
    assert_string_equal(mnemonic, "two");
    pro_sleigh_language_unref(language);
}

static void too_long_is_invalid(void **state)
{
    (void)state;
    char mnemonic[8];
    ProSleighLanguage *language = load_with(
            "<processor_spec><properties><property key=\"maximumInstructionBytes\" value=\"3\"/>"
            "</properties></processor_spec>");
    assert_int_equal(decode(language, "\x66\x66\1", 3, mnemonic).length, 3);
    assert_int_equal(decode(language, "\x66\x66\x66\1", 4, mnemonic).outcome, PRO_SLEIGH_INVALID);
    assert_int_equal(decode(language, "\x66\x66\x66", 3, mnemonic).outcome, PRO_SLEIGH_INVALID);
    assert_int_equal(decode(language, "\x66\x66", 2, mnemonic).outcome, PRO_SLEIGH_TRUNCATED);
    pro_sleigh_language_unref(language);
}

TEST_MAIN(cmocka_unit_test(context_has_its_default), cmocka_unit_test(too_long_is_invalid))
