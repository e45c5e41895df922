/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions choose which constructor the byte 01 has; its mnemonic tells. */
#include "support/test.h"

#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ConditionCase {
    const char *text;
    const char *mnemonic;
} ConditionCase;

static const ConditionCase condition_cases[] = {
        {"@ifdef OUTSIDE\n:yes is op=1 { }\n@else\n:no is op=1 { }\n@endif", "yes"},
        {"@ifndef OUTSIDE\n:yes is op=1 { }\n@else\n:no is op=1 { }\n@endif", "no"},
        {"@if OUTSIDE == \"seven\"\n:yes is op=1 { }\n@endif", "yes"},
        {"@if OUTSIDE != \"seven\"\n:no is op=1 { }\n@elif defined(OUTSIDE)\n:yes is op=1 { }\n@else\n:no "
         "is op=1 { }\n@endif",
                "yes"},
        {"@if OUTSIDE == \"seven\"\n:yes is op=1 { }\n@elif defined(OUTSIDE)\n:no is op=1 { }\n@endif",
                "yes"},
        {"@if defined(OUTSIDE) ^^ defined(EMPTY)\n:no is op=1 { }\n@else\n:yes is op=1 { }\n@endif",
                "yes"},
        {"@if defined(NONE) && defined(NONE) || defined(EMPTY)\n:yes is op=1 { }\n@endif", "yes"},
        {"@if !(defined(NONE) || OUTSIDE == \"six\")\n:yes is op=1 { }\n@endif", "yes"},
        {"@if defined(NONE) && (NONE == \"1\")\n:no is op=1 { }\n@else\n:yes is op=1 { }\n@endif",
                "yes"},
        {"@if defined(EMPTY) || NONE == \"1\"\n:yes is op=1 { }\n@endif", "yes"},
        {"@undef OUTSIDE\n@ifdef OUTSIDE\n:no is op=1 { }\n@else\n:yes is op=1 { }\n@endif", "yes"},
        {"@ifdef NONE\n@if not a condition\n@endif\n@include \"nothing\"\n@else\n:yes is op=1 { }\n@endif",
                "yes"},
        {"@define WHICH \"op=1 & op=1\"\n@define BODY \"$(WHICH)\"\n:yes is $(BODY) { }", "yes"},
        {":y^\"es\" is\n@ifdef OUTSIDE\nop=1\n@else\nop=2\n@endif\n{ } # comment $(NONE)", "yes"},
        {"@define LATE a\n:$(LATE) is op=1 { }\n@define LATE \"c\"", "a"},
};

static void conditions_choose(void **state)
{
    (void)state;
    static const char *const defines[] = {"OUTSIDE=seven", "EMPTY"};
    for (size_t i = 0; i < sizeof condition_cases / sizeof condition_cases[0]; i++) {
        char text[2048];
        (void)snprintf(text, sizeof text,
                "define endian=big;\ndefine space ram type=ram_space size=4 default;\n"
                "define token t(8) op=(0,7);\n%s\n",
                condition_cases[i].text);
        ProSleighCompileOptions options = {
                .source = text, .source_size = strlen(text), .defines = defines, .define_count = 2};
        uint8_t *sla = NULL;
        size_t size = 0;
        char *messages = NULL;
        ProError error;
        ProSleighLanguage *language = NULL;
        ProSleighDecoder *decoder = NULL;
        ProSleighInstruction instruction;
        const char *mnemonic = "", *body = "";
        if (pro_sleigh_compile(&options, &sla, &size, &messages, &error) != PRO_OK)
            fail_msg("%s\n%s", condition_cases[i].text, messages);
        assert_int_equal(pro_sleigh_language_load(sla, size, &language, &error), PRO_OK);
        assert_int_equal(pro_sleigh_decoder_new(language, &decoder, &error), PRO_OK);
        assert_int_equal(pro_sleigh_decode(decoder, 0, "\1", 1, &instruction), PRO_OK);
        assert_int_equal(instruction.outcome, PRO_SLEIGH_DECODED);
        assert_int_equal(pro_sleigh_text(decoder, &mnemonic, &body), PRO_OK);
        assert_string_equal(mnemonic, condition_cases[i].mnemonic);
        assert_string_equal(body, "");
        pro_sleigh_decoder_free(decoder);
        pro_sleigh_language_unref(language);
        free(messages);
        free(sla);
    }
}

TEST_MAIN(cmocka_unit_test(conditions_choose))
