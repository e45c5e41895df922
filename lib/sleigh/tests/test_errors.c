/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong specifications: every error is reported with its place, and none ends in a crash. */
#include "support/test.h"

#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROLOGUE                                                                                   \
    "define endian=little;\n"                                                                      \
    "define space ram type=ram_space size=4 default;\n"                                            \
    "define space register type=register_space size=4;\n"                                          \
    "define register offset=0 size=4 [ r0 r1 ctx ];\n"                                             \
    "define register offset=0 size=2 [ h0 ];\n"                                                    \
    "define token t8(8) op=(0,7) hi=(4,7) lo=(0,3) r=(0,0);\n"                                     \
    "define token u8(8) imm=(0,7);\n"                                                              \
    "define context ctx m=(0,1);\n"                                                                \
    "attach variables r [ r0 r1 ];\n" /* ends on line 9; the case's text begins on line 10 */

typedef struct BadCase {
    const char *text;
    const char *message; /* a part of the messages */
} BadCase;

static const BadCase bad_cases[] = {
        {":a is op=256 { }", "<text>:10:7: error: no value of field 'op'"},
        {":a is op=1 & imm=2 { }", "<text>:10:12: error: mismatched tokens"},
        {":a x is op=1 { }", "<text>:10:4: error: operand 'x' is undefined"},
        {":a lo is op=1 & lo & lo { }", "<text>:10:22: error: operand 'lo' is defined twice"},
        {":a is op=1 & nothing { }", "<text>:10:14: error: 'nothing' is not defined"},
        {":a is op=1 { r0 = x; }", "<text>:10:19: error: 'x' is not defined"},
        {":a is op=1 { local x; r0 = x; }", "variable 'x' is read but never written"},
        {":a is op=1 { r0 = h0; }", "<text>:10:14: error: COPY: the values have different sizes"},
        {":a is op=1 { local x = zext(h0); *r0 = x; }", "the size of a value here cannot be found"},
        {":a is op=1 { <here> r0 = 1; }", "label <here> is never used"},
        {":a is op=1 { goto <there>; }", "label <there> is not placed"},
        {":a is op=1 { export r0; }", "a constructor of the root table exports to nobody"},
        {":a is op=1 { h0 = r0:4; }", "superfluous truncation"},
        {":a is op=1 { r0[0,32] = r1; }", "superfluous bit range"},
        {":a is op=1 { r0[24,16] = h0; }", "bits 24 to 39 cannot be assigned"},
        {":a is op=1 { r0[30,4] = 1; }", "bits 30 to 33 cannot be assigned"},
        {":a is op=1 { r0 = r1[30,4]; }", "bits 30 to 33 lie outside"},
        {":a is op=1 { r0 = *:4 h0; }", "a pointer into space 'ram' has 4 bytes, this value has 2"},
        {":a is op=1 { if (r0) goto inst_next; }", "a condition has one byte"},
        {":a is op=1 { }\n:b is op=1 { }",
                "<text>:11:1: error: this constructor of table 'instruction' has the same"},
        {":a is op=1 { }\n:b is op=1 { }", "<text>:10:1: note: the other one is here"},
        {"s: is lo=1 { export r0; }\ns: is lo=2 { export h0; }\n:a s is hi=1 & s { r1 = s; }",
                "exports 2 bytes, but others export 4"},
        {"s: is lo=1 { export r0; }\ns: is lo=2 { }\n:a s is hi=1 & s { r1 = s; }",
                "does not export"},
        {"s: is lo=1 { }\n:a s is hi=1 & s { r1 = s; }", "table 's' does not export"},
        {":a is op=1 { build lo; }", "build needs an operand"},
        {"macro mac(x) { r0 = x; }\n:a is op=1 { mac(r0, r1); }",
                "macro 'mac' takes 1 parameters, not 2"},
        {"macro mac(x) { mac(x); }\n:a is op=1 { mac(r0); }", "SLEIGH_LIMIT_MACRO_DEPTH"},
        {"@define A \"$(A)\"\n:a is $(A) { }", "SLEIGH_LIMIT_EXPANSION_DEPTH"},
        {":a is $(B) { }", "<text>:10:7: error: $(B) is not defined"},
        {"@if X == \"1\"\n@endif\n:a is op=1 { }", "this name is not defined"},
        {"@ifdef X\n:a is op=1 { }", "<text>:10:1: error: this @if has no @endif"},
        {"@endif\n:a is op=1 { }", "there is no @if for this"},
        {"@frob\n:a is op=1 { }", "unknown directive"},
        {"@include \"other.sinc\"\n:a is op=1 { }", "cannot include"},
        {"attach variables lo [ r0 r1 ];",
                "2 entries are given, but field 'lo' has 4 bits and needs 16"},
        {"attach variables [ hi ] [ r0 h0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 ];",
                "all of a list must have one size"},
        {"define register offset=4 size=4 other;\n:a is op=1 { }",
                "'other' and 'r1' are the same place"},
        {"define space more size=4 default;", "is the default space already"},
        {"define pcodeop r0;", "'r0' is already defined as a register"},
        {"define token odd(7) q=(0,1);", "a multiple of 8 bits"},
        {"define token w(16) q=(3,1);", "high bit is below its low bit"},
        {":a is op=1 [ m=inst_next; ] { }", "uses inst_next"},
        {":a is op=1 [ r0=1; ] { }", "neither an operand of the display nor a context variable"},
        {"s: is lo=1 { }\ns: is lo=2; imm { }\n:a s is s & hi=1 { }",
                "the pattern's size cannot vary here"},
        {":a is op=1", "'[', '{' or unimpl was expected"},
        {":a is op=1 { r0 = ; }\n:b is op=2 { r0 = ); }", "<text>:11:19: error:"},
        {":a is op=1 { r0 = 1 ", "the '{' has no '}'"},
        {":a", "the display section has no 'is'"},
        {":a is op=1 { r0 = 99999999999999999999; }", "is too large"},
        {":a lo is hi=1 & lo { goto lo; }", "the size of a value here cannot be found"},
        {":a m is op=1 & m [ m=1; ] { }", "operand 'm' is defined twice"},
        {":a lo is hi=1 & lo & lo=3 { }", "define a second field over the same bits"},
        {":a is op=1 & lo=hi & lo=16 { }", "no value of field 'lo'"},
        {":a is hi=1 & lo=(0-1) { }", "no value of field 'lo'"},
        {":a is op=1 ... & imm=1 { }", "mismatched tokens"},
        {":a is op=1 ... & op=1 { }", "the pattern's size cannot vary here"},
        {":a is op=1; imm=1 & op=1; imm=2 { }", "mismatched tokens"},
        {":a is (op=1; imm=1) & op=1 { }", "mismatched pattern sizes"},
        {"s: is lo=1 { }\ns: is lo=2; imm { }\n:a s is hi=1 ... & s; imm=3 { }",
                "interior ellipsis"},
        {"s: is lo=1 { }\n:a s is hi=1 & s { build s; build s; }", "operand 's' is built twice"},
        {":a is op=1 { <x> goto <x>; <x> }", "label <x> is placed twice"},
        {":a is op=1 { return; }", "return needs the address"},
        {":a is op=1 { r0 = r1:0; }", "a size is at least 1 byte"},
        {":a is op=1 { r0 = r1(4); }", "more bytes are taken than the value has"},
        {":a is op=1 { delayslot(1); delayslot(1); }", "a second delayslot"},
        {"macro m1() { delayslot(1); }\n:a is op=1 { m1(); }", "not possible in a macro"},
        {"s: is lo=1 { export *:4 r0; r1 = 2; }\n:a s is hi=1 & s { }",
                "export must be the last statement"},
        {"s: is lo=1 { }\n^x: is lo=2 { }", "error:"},
        {"s: ^lo is lo { }\n:a s is hi=1 & s { }", "'^' can begin only the display"},
        {":a is op=1 { h0 = zext(r0); }", "the result is smaller than the value"},
        {"define context r0 late=(0,1);\n:a is op=1 { }", "contexts must be defined before"},
        {"t: is lo=1 { }", "the specification has no instruction"},
        {":a z is op=1 & z { }\nz: is lo=1 { }", "tables must come before their use"},
        {"with : m=1 {\n:a is op=1 { }", "a with block is not closed"},
        {"", "the specification has no instruction"},
};

static char *compile_text(const char *text, ProStatus *ret_status)
{
    ProSleighCompileOptions options = {.source = text, .source_size = strlen(text)};
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error;
    *ret_status = pro_sleigh_compile(&options, &sla, &size, &messages, &error);
    free(sla);
    assert_non_null(messages);
    return messages;
}

static void errors_name_place_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        char text[4096];
        ProStatus status;
        (void)snprintf(text, sizeof text, "%s%s\n", PROLOGUE, bad_cases[i].text);
        char *messages = compile_text(text, &status);
        if (status == PRO_OK || strstr(messages, bad_cases[i].message) == NULL)
            fail_msg("%s\nwanted: %s\ngot (%d):\n%s", bad_cases[i].text, bad_cases[i].message,
                    status, messages);
        free(messages);
    }
}

static void all_errors_of_a_file_come_in_one_run(void **state)
{
    (void)state;
    ProStatus status;
    char *messages = compile_text(PROLOGUE ":a is op=1 { r0 = x1; r0 = ); r0 = x2; }\n"
                                           "define nonsense;\n"
                                           ":b y is op=2 { }\n"
                                           ":c is op=3 { goto <l>; }\n",
            &status);
    assert_int_equal(status, PRO_ERR_FORMAT);
    assert_non_null(strstr(messages, "'x1' is not defined"));
    assert_non_null(strstr(messages, "<text>:10:28: error:"));
    assert_non_null(strstr(messages, "'x2' is not defined"));
    assert_non_null(strstr(messages, "'nonsense' is neither a space"));
    assert_non_null(strstr(messages, "operand 'y' is undefined"));
    assert_non_null(strstr(messages, "label <l> is not placed"));
    free(messages);
}

static void a_memory_limit_is_a_status(void **state)
{
    (void)state;
    const char *text = PROLOGUE ":a is op=1 { }\n";
    for (size_t limit = 1; limit < 400000; limit = limit * 3 / 2 + 1) {
        ProSleighCompileOptions options = {
                .source = text, .source_size = strlen(text), .memory_limit = limit};
        uint8_t *sla = NULL;
        size_t size = 0;
        ProError error;
        ProStatus status = pro_sleigh_compile(&options, &sla, &size, NULL, &error);
        assert_true(status == PRO_OK || status == PRO_ERR_NO_MEMORY);
        free(sla);
    }
}

static void damaged_files_name_the_byte(void **state)
{
    (void)state;
    const char *text = PROLOGUE ":a lo is hi=1 & lo { r0 = lo; }\n";
    ProSleighCompileOptions options = {.source = text, .source_size = strlen(text)};
    uint8_t *sla = NULL;
    size_t size = 0;
    ProError error;
    ProSleighLanguage *language = NULL;
    assert_int_equal(pro_sleigh_compile(&options, &sla, &size, NULL, &error), PRO_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(pro_sleigh_language_load(sla, cut, &language, &error), PRO_OK);
        assert_non_null(strstr(error.text, "byte "));
    }
    sla[3] = 5;
    assert_int_equal(pro_sleigh_language_load(sla, size, &language, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "format version 5"));
    assert_int_equal(
            pro_sleigh_language_load("<sleigh", 7, &language, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "11.1"));
    free(sla);
}

static void unknown_languages_name_the_nearest(void **state)
{
    (void)state;
    ProSleighLanguage *language = NULL;
    ProError error;
    assert_int_equal(setenv("PROMP_SPECS", DATA_FOLDER, 1), 0);
    assert_int_equal(
            pro_sleigh_language_open("RISCV:LE:64:RV64GX", &language, &error), PRO_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "RISCV:LE:64:RV64GC"));
    assert_non_null(strstr(error.text, DATA_FOLDER));
}

TEST_MAIN(cmocka_unit_test(errors_name_place_and_reason),
        cmocka_unit_test(all_errors_of_a_file_come_in_one_run),
        cmocka_unit_test(a_memory_limit_is_a_status), cmocka_unit_test(damaged_files_name_the_byte),
        cmocka_unit_test(unknown_languages_name_the_nearest))
