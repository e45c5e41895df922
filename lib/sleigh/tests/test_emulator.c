/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <promp/emulator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 0x3000 };

typedef struct Fixture {
    ProSleighLanguage *language;
    ProPcodeEmulator *emulator;
    uint8_t memory[MEMORY_BYTES];
    uint64_t last_operation;
} Fixture;

static ProStatus read_memory(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    Fixture *fixture = data;
    (void)space;
    if (address > MEMORY_BYTES || size > MEMORY_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(bytes, fixture->memory + address, size);
    return PRO_OK;
}

static ProStatus write_memory(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    Fixture *fixture = data;
    (void)space;
    if (address > MEMORY_BYTES || size > MEMORY_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(fixture->memory + address, bytes, size);
    return PRO_OK;
}

static ProStatus user_operation(void *data, ProPcodeEmulator *emulator, uint64_t number,
        const ProVarnode *arguments, size_t count, ProVarnode output)
{
    Fixture *fixture = data;
    uint64_t value = 0;
    fixture->last_operation = number;
    if (count > 0)
        assert_int_equal(pro_pcode_emulator_get(emulator, arguments[0], &value), PRO_OK);
    return output.size == 0 ? PRO_OK : pro_pcode_emulator_set(emulator, output, value + 77);
}

static int begin(void **state)
{
    static Fixture fixture;
    ProSleighCompileOptions options = {.path = SPECS_FOLDER "/toy.slaspec", .quiet = true};
    ProPcodeEmulatorCalls calls = {&fixture, read_memory, write_memory, user_operation};
    uint8_t *sla = NULL;
    size_t size = 0;
    ProError error;
    memset(&fixture, 0, sizeof fixture);
    if (pro_sleigh_compile(&options, &sla, &size, NULL, &error) != PRO_OK ||
            pro_sleigh_language_load(sla, size, &fixture.language, &error) != PRO_OK ||
            pro_pcode_emulator_new(fixture.language, &calls, &fixture.emulator, &error) != PRO_OK)
        return -1;
    free(sla);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    Fixture *fixture = *state;
    pro_pcode_emulator_free(fixture->emulator);
    pro_sleigh_language_unref(fixture->language);
    return 0;
}

static ProVarnode place_of(const Fixture *fixture, const char *name)
{
    const ProSleighRegister *found = pro_sleigh_language_register(fixture->language, name);
    assert_non_null(found);
    return found->place;
}

static void set(Fixture *fixture, const char *name, uint64_t value)
{
    assert_int_equal(
            pro_pcode_emulator_set(fixture->emulator, place_of(fixture, name), value), PRO_OK);
}

static uint64_t get(Fixture *fixture, const char *name)
{
    uint64_t value = 0;
    assert_int_equal(
            pro_pcode_emulator_get(fixture->emulator, place_of(fixture, name), &value), PRO_OK);
    return value;
}

static void place_code(Fixture *fixture, uint64_t address, const char *bytes, size_t size)
{
    memcpy(fixture->memory + address, bytes, size);
    pro_pcode_emulator_set_address(fixture->emulator, address);
}

static void step(Fixture *fixture)
{
    ProError error = {0};
    if (pro_pcode_emulator_step(fixture->emulator, &error) != PRO_OK)
        fail_msg("%s", error.text);
}

static void registers_and_memory_change(void **state)
{
    Fixture *fixture = *state;
    place_code(fixture, 0x1000, "\x1e\x21\x80\x00\x20\x20\x80\x00\x20",
            9); /* mov r2,r3; add [0x2000],r0; add r0,[0x2000] */
    set(fixture, "r3", 0x11223344);
    set(fixture, "r0", 5);
    fixture->memory[0x2000] = 7;
    step(fixture);
    assert_int_equal(get(fixture, "r2"), 0x11223344);
    step(fixture);
    assert_int_equal(fixture->memory[0x2000], 12);
    step(fixture);
    assert_int_equal(get(fixture, "r0"), 17);
    assert_int_equal(pro_pcode_emulator_address(fixture->emulator), 0x1009);
}

static void a_loop_within_an_instruction_ends(void **state)
{
    Fixture *fixture = *state;
    place_code(fixture, 0x1000, "\x80", 1);
    set(fixture, "r0", 1000);
    step(fixture);
    assert_int_equal(get(fixture, "r0"), 0);
    assert_int_equal(pro_pcode_emulator_operations(fixture->emulator), 3000);
}

static void calls_branches_and_delay_slots(void **state)
{
    Fixture *fixture = *state;
    place_code(fixture, 0x1000, "\x60\x02", 2); /* call 0x1004 */
    step(fixture);
    assert_int_equal(pro_pcode_emulator_address(fixture->emulator), 0x1004);
    assert_int_equal(get(fixture, "lr"), 0x1002);
    place_code(fixture, 0x1004, "\x61", 1); /* ret */
    step(fixture);
    assert_int_equal(pro_pcode_emulator_address(fixture->emulator), 0x1002);
    place_code(fixture, 0x1100, "\xa3\x10\x1e", 3); /* delay 0x1112: mov r2,r3 first */
    set(fixture, "r3", 9);
    step(fixture);
    assert_int_equal(get(fixture, "r2"), 9);
    assert_int_equal(pro_pcode_emulator_address(fixture->emulator), 0x1112);
}

static void user_operations_reach_the_hook(void **state)
{
    Fixture *fixture = *state;
    place_code(fixture, 0x1000, "\xa1\x05", 2); /* trap(5, r0); r1 = halt(); */
    step(fixture);
    assert_int_equal(fixture->last_operation, 0);
    assert_int_equal(get(fixture, "r1"), 77);
}

static void code_that_is_written_over_is_read_again(void **state)
{
    Fixture *fixture = *state;
    place_code(fixture, 0x1000, "\x00", 1);
    step(fixture);
    pro_pcode_emulator_set_address(fixture->emulator, 0x1000);
    ProVarnode code = {.space = pro_sleigh_language_default_space(fixture->language),
            .offset = 0x1000,
            .size = 1};
    assert_int_equal(pro_pcode_emulator_set(fixture->emulator, code, 0x1e), PRO_OK);
    set(fixture, "r3", 4);
    step(fixture);
    assert_int_equal(get(fixture, "r2"), 4);
}

static void failures_name_the_instruction(void **state)
{
    Fixture *fixture = *state;
    ProError error;
    uint64_t done = 99;
    place_code(fixture, 0x1000, "\x00\xa2\xff", 3);
    assert_int_equal(
            pro_pcode_emulator_run(fixture->emulator, 10, &done, &error), PRO_ERR_UNSUPPORTED);
    assert_int_equal(done, 1);
    assert_non_null(strstr(error.text, "0x1001"));
    pro_pcode_emulator_set_address(fixture->emulator, 0x1002);
    assert_int_equal(pro_pcode_emulator_step(fixture->emulator, &error), PRO_ERR_FORMAT);
    assert_non_null(strstr(error.text, "invalid"));
    pro_pcode_emulator_set_address(fixture->emulator, MEMORY_BYTES);
    assert_int_equal(pro_pcode_emulator_step(fixture->emulator, &error), PRO_ERR_FORMAT);
    assert_non_null(strstr(error.text, "truncated"));
}

/* Each line is an operation on (register,0x0,8) and (register,0x8,4), then the expected result. */
typedef struct OperationCase {
    const char *text;
    uint64_t expected;
} OperationCase;

static const OperationCase operation_cases[] = {
        {"(register,0x0,4) = INT_SDIV (const,0x80000000,4), (const,0xffffffff,4)", 0x80000000},
        {"(register,0x0,4) = INT_SREM (const,0xfffffff9,4), (const,0x2,4)", 0xffffffff},
        {"(register,0x0,4) = INT_SRIGHT (const,0x80000000,4), (const,0x40,1)", 0xffffffff},
        {"(register,0x0,4) = INT_LEFT (const,0x1,4), (const,0x20,4)", 0},
        {"(register,0x0,1) = INT_CARRY (const,0xff,1), (const,0x1,1)", 1},
        {"(register,0x0,1) = INT_SCARRY (const,0x7f,1), (const,0x1,1)", 1},
        {"(register,0x0,1) = INT_SBORROW (const,0x80,1), (const,0x1,1)", 1},
        {"(register,0x0,1) = INT_SLESS (const,0xff,1), (const,0x0,1)", 1},
        {"(register,0x0,4) = LZCOUNT (const,0x0,2)", 16},
        {"(register,0x0,4) = POPCOUNT (const,0xf0f,2)", 8},
        {"(register,0x0,2) = SUBPIECE (const,0x11223344,4), (const,0x1,4)", 0x2233},
        {"(register,0x0,4) = PIECE (const,0x1122,2), (const,0x3344,2)", 0x11223344},
        {"(register,0x0,4) = FLOAT_ADD (const,0x3f800000,4), (const,0x40000000,4)", 0x40400000},
        {"(register,0x0,1) = FLOAT_LESS (const,0x7fc00000,4), (const,0x40000000,4)", 0},
        {"(register,0x0,1) = FLOAT_NOTEQUAL (const,0x7fc00000,4), (const,0x7fc00000,4)", 1},
        {"(register,0x0,4) = FLOAT_INT2FLOAT (const,0xff,1)", 0xbf800000},
        {"(register,0x0,4) = FLOAT_TRUNC (const,0xc0200000,4)", 0xfffffffe},
        {"(register,0x0,4) = FLOAT_ROUND (const,0x40200000,4)", 0x40400000},
        {"(register,0x0,4) = FLOAT_FLOAT2FLOAT (const,0x3ff0000000000000,8)", 0x3f800000},
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0x3f800000,4)", 0x3c00},
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0x477ff000,4)", 0x7c00}, /* 65520 */
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0x477fefff,4)", 0x7bff},
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0xb3000000,4)", 0x8000}, /* -2^-25 */
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0x33000001,4)", 0x0001},
        {"(register,0x0,2) = FLOAT_FLOAT2FLOAT (const,0x387fffff,4)", 0x0400},
        {"(register,0x0,4) = FLOAT_FLOAT2FLOAT (const,0x3ff,2)", 0x387fc000},
        {"(register,0x0,4) = FLOAT_FLOAT2FLOAT (const,0xfc01,2)", 0xffc02000},
        {"(register,0x0,8) = FLOAT_FLOAT2FLOAT (const,0x7f800001,4)", 0x7ff8000020000000},
        {"(register,0x0,4) = FLOAT_SUB (const,0x7f800000,4), (const,0x7f800000,4)", 0xffc00000},
        {"(register,0x0,4) = FLOAT_ADD (const,0x3f800000,4), (const,0xff800001,4)", 0xffc00001},
        {"(register,0x0,4) = FLOAT_ADD (const,0x7f800002,4), (const,0x7fc00001,4)", 0x7fc00002},
        {"(register,0x0,4) = FLOAT_SQRT (const,0xbf800000,4)", 0xffc00000},
        {"(register,0x0,4) = FLOAT_TRUNC (const,0x4f000000,4)", 0x80000000},
};

/* The same for values beyond 8 bytes, as operations on them and the 64 bits that are looked at. The
 * registers from 0 on are used as one place of 16 bytes. */
static const char *const wide_setup = "(unique,0x0,8) = COPY (const,0x8000000000000001,8)\n"
                                      "(unique,0x10,8) = COPY (const,0xfffffffffffffffe,8)\n"
                                      "(unique,0x100,16) = PIECE (unique,0x0,8), (unique,0x10,8)\n"
                                      "(unique,0x200,32) = INT_SEXT (unique,0x100,16)\n"
                                      "(unique,0x300,32) = INT_ZEXT (unique,0x100,16)\n";

static const OperationCase wide_cases[] = {
        {"(register,0x0,8) = SUBPIECE (unique,0x200,32), (const,0x0,4)", 0xfffffffffffffffe},
        {"(register,0x0,8) = SUBPIECE (unique,0x200,32), (const,0x10,4)", UINT64_MAX},
        {"(register,0x0,8) = SUBPIECE (unique,0x300,32), (const,0x10,4)", 0},
        {"(unique,0x400,32) = INT_ADD (unique,0x200,32), (unique,0x300,32)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x8,4)",
                3},
        {"(unique,0x400,32) = INT_SUB (unique,0x300,32), (unique,0x200,32)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x10,4)",
                1},
        {"(unique,0x400,32) = INT_XOR (unique,0x300,32), (unique,0x200,32)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0xc,4)",
                UINT64_C(0xffffffff00000000)},
        {"(unique,0x400,32) = INT_LEFT (unique,0x300,32), (const,0x44,4)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x10,4)",
                0x1f},
        {"(unique,0x400,32) = INT_RIGHT (unique,0x200,32), (const,0xc0,4)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x0,4)",
                UINT64_MAX},
        {"(unique,0x400,32) = INT_SRIGHT (unique,0x200,32), (const,0x40,1)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x0,4)",
                0x8000000000000001},
        {"(unique,0x400,16) = INT_MULT (unique,0x100,16), (unique,0x100,16)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,16), (const,0x8,4)",
                0xfffffffffffffff8},
        {"(unique,0x400,16) = INT_DIV (unique,0x100,16), (const,0x10,16)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,16), (const,0x0,4)",
                0x1fffffffffffffff},
        {"(register,0x0,1) = INT_SLESS (unique,0x200,32), (unique,0x300,32)", 1},
        {"(register,0x0,1) = INT_LESS (unique,0x200,32), (unique,0x300,32)", 0},
        {"(register,0x0,1) = INT_CARRY (unique,0x200,32), (unique,0x200,32)", 1},
        {"(register,0x0,1) = INT_SCARRY (unique,0x200,32), (unique,0x200,32)", 0},
        {"(register,0x0,1) = INT_SBORROW (unique,0x200,32), (unique,0x300,32)", 0},
        {"(register,0x0,2) = POPCOUNT (unique,0x300,32)", 65},
        {"(register,0x0,2) = LZCOUNT (unique,0x300,32)", 128},
        {"STORE (const,0x3,8), (const,0x2ffe,4), (const,0x1234,2)\n"
         "STORE (const,0x3,8), (const,0x2fc0,4), (unique,0x200,32)\n"
         "(unique,0x400,32) = LOAD (const,0x3,8), (const,0x2fc8,4)\n"
         "(register,0x0,8) = SUBPIECE (unique,0x400,32), (const,0x8,4)",
                UINT64_MAX},
        {"(unique,0x400,10) = FLOAT_INT2FLOAT (const,0x3,4)\n"
         "(unique,0x410,10) = FLOAT_INT2FLOAT (const,0x2,4)\n"
         "(unique,0x420,10) = FLOAT_DIV (unique,0x400,10), (unique,0x410,10)\n"
         "(register,0x0,8) = FLOAT_FLOAT2FLOAT (unique,0x420,10)",
                0x3ff8000000000000},
};

static void run_case(Fixture *fixture, const char *before, const OperationCase *one)
{
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(fixture->language, &space_count);
    char text[2048];
    ProPcodeList list;
    ProError error;
    int length = snprintf(text, sizeof text, "%s%s", before, one->text);
    assert_in_range(length, 1, sizeof text - 1);
    if (pro_pcode_parse(text, (size_t)length, spaces, space_count, &list, &error) != PRO_OK ||
            pro_pcode_emulator_execute(fixture->emulator, list.ops, list.count, &error) != PRO_OK)
        fail_msg("%s: %s", one->text, error.text);
    uint64_t value = 0;
    ProVarnode result = list.ops[list.count - 1].output;
    assert_int_equal(pro_pcode_emulator_get(fixture->emulator, result, &value), PRO_OK);
    if (value != one->expected)
        fail_msg("%s: 0x%llx", one->text, (unsigned long long)value);
    pro_pcode_list_free(&list);
}

static void operations_compute(void **state)
{
    for (size_t i = 0; i < sizeof operation_cases / sizeof operation_cases[0]; i++)
        run_case(*state, "", &operation_cases[i]);
}

static void wide_operations_compute(void **state)
{
    for (size_t i = 0; i < sizeof wide_cases / sizeof wide_cases[0]; i++)
        run_case(*state, wide_setup, &wide_cases[i]);
}

static void wide_places_are_numbers(void **state)
{
    Fixture *fixture = *state;
    uint8_t bytes[PRO_EMULATOR_LARGEST], back[PRO_EMULATOR_LARGEST];
    ProVarnode place = {.offset = 0x2000,
            .space = pro_sleigh_language_default_space(fixture->language),
            .size = sizeof bytes};
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i + 1);
    assert_int_equal(pro_pcode_emulator_set_bytes(fixture->emulator, place, bytes), PRO_OK);
    assert_int_equal(pro_pcode_emulator_get_bytes(fixture->emulator, place, back), PRO_OK);
    assert_memory_equal(bytes, back, sizeof bytes);
    assert_memory_equal(bytes, fixture->memory + 0x2000, sizeof bytes);
    place.size++;
    assert_int_equal(pro_pcode_emulator_get_bytes(fixture->emulator, place, back), PRO_ERR_INVALID);
}

static void code_that_was_changed_behind_is_read_again(void **state)
{
    Fixture *fixture = *state;
    set(fixture, "r3", 4);
    for (uint64_t size = 1; size < UINT64_C(1) << 40; size <<= 20) {
        place_code(fixture, 0x1000, "\x00", 1);
        step(fixture);
        place_code(fixture, 0x1000, "\x1e", 1);
        set(fixture, "r2", 0);
        step(fixture);
        assert_int_equal(get(fixture, "r2"), 0); /* nobody told */
        place_code(fixture, 0x1000, "\x1e", 1);
        pro_pcode_emulator_memory_changed(fixture->emulator, 0x1000, size);
        step(fixture);
        assert_int_equal(get(fixture, "r2"), 4);
        pro_pcode_emulator_memory_changed(fixture->emulator, 0x1000, 1);
    }
}

static const char *const wrong_pcode[] = {
        "(register,0x0,4) = INT_ADD (register,0x0,4), (register,0x8,2)",
        "(register,0x0,4) = COPY (unique,0x0,4)",
        "COPY (register,0x0,4)",
        "BRANCH (const,0x2,4)",
        "(const,0x0,4) = COPY (register,0x0,4)",
        "STORE (const,0x0,8), (register,0x0,4), (register,0x0,4)",
        "(register,0x0,4) = LOAD (register,0x0,8), (register,0x0,4)",
};

static void the_verifier_refuses(void **state)
{
    Fixture *fixture = *state;
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(fixture->language, &space_count);
    for (size_t i = 0; i < sizeof wrong_pcode / sizeof wrong_pcode[0]; i++) {
        ProPcodeList list;
        ProError error;
        assert_int_equal(pro_pcode_parse(wrong_pcode[i], strlen(wrong_pcode[i]), spaces,
                                 space_count, &list, &error),
                PRO_OK);
        if (pro_pcode_verify(list.ops, list.count, spaces, space_count, &error) != PRO_ERR_FORMAT)
            fail_msg("accepted: %s", wrong_pcode[i]);
        assert_non_null(strstr(error.text, "operation 0"));
        pro_pcode_list_free(&list);
    }
}

TEST_MAIN(cmocka_unit_test_setup_teardown(registers_and_memory_change, begin, end),
        cmocka_unit_test_setup_teardown(a_loop_within_an_instruction_ends, begin, end),
        cmocka_unit_test_setup_teardown(calls_branches_and_delay_slots, begin, end),
        cmocka_unit_test_setup_teardown(user_operations_reach_the_hook, begin, end),
        cmocka_unit_test_setup_teardown(code_that_is_written_over_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(failures_name_the_instruction, begin, end),
        cmocka_unit_test_setup_teardown(operations_compute, begin, end),
        cmocka_unit_test_setup_teardown(wide_operations_compute, begin, end),
        cmocka_unit_test_setup_teardown(wide_places_are_numbers, begin, end),
        cmocka_unit_test_setup_teardown(code_that_was_changed_behind_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(the_verifier_refuses, begin, end))
