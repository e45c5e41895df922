/* SPDX-License-Identifier: Apache-2.0 */
/* What waste.c counts, on p-code that is written out. */
#include "support/test.h"

#include "waste.h"

#include <string.h>

static const ProSpace spaces[] = {{"const", 0, 8, 1, UINT64_MAX, false, false},
        {"unique", 1, 4, 1, UINT32_MAX, false, false},
        {"register", 2, 4, 1, UINT32_MAX, true, false}, {"ram", 3, 8, 1, UINT64_MAX, false, false}};

static Waste waste_of(const char *text)
{
    ProPcodeList list;
    ProError error = {0};
    if (pro_pcode_parse(text, strlen(text), spaces, 4, &list, &error) != PRO_OK)
        fail_msg("%s", error.text);
    Waste waste = waste_find(list.ops, list.count, 1);
    pro_pcode_list_free(&list);
    return waste;
}

static void expect(const char *text, unsigned dead, unsigned copies, unsigned constants)
{
    Waste waste = waste_of(text);
    assert_int_equal(waste.dead, dead);
    assert_int_equal(waste.copies, copies);
    assert_int_equal(waste.constants, constants);
    assert_false(waste.too_long);
}

static void lean_code_has_none(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = INT_ADD (register,0x0,8), (const,0x8,8)\n"
           "(register,0x8,8) = LOAD (const,0x3,8), (unique,0x0,8)\n",
            0, 0, 0);
}

static void a_temporary_that_nobody_reads_is_dead(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = INT_ADD (register,0x0,8), (register,0x8,8)\n", 1, 0, 0);
    expect("(unique,0x0,8) = INT_ADD (register,0x0,8), (register,0x8,8)\n"
           "(unique,0x0,8) = INT_SUB (register,0x0,8), (register,0x8,8)\n"
           "(register,0x0,8) = INT_NEGATE (unique,0x0,8)\n",
            1, 0, 0);
}

static void one_that_is_read_on_one_path_is_not(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = INT_ADD (register,0x0,8), (register,0x8,8)\n"
           "CBRANCH (const,0x2,4), (register,0x200,1)\n"
           "(unique,0x0,8) = INT_SUB (register,0x0,8), (register,0x8,8)\n"
           "(register,0x0,8) = INT_NEGATE (unique,0x0,8)\n",
            0, 0, 0);
    expect("(unique,0x0,8) = INT_ADD (register,0x0,8), (register,0x8,8)\n" /* read in the next turn
                                                                            */
           "(register,0x0,8) = INT_NEGATE (unique,0x10,8)\n"
           "(unique,0x10,8) = INT_SUB (unique,0x0,8), (register,0x8,8)\n"
           "CBRANCH (const,0xfffffffe,4), (register,0x200,1)\n",
            0, 0, 0);
}

static void a_copy_of_what_stays_could_be_folded(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = COPY (register,0x0,8)\n"
           "(register,0x8,8) = INT_NEGATE (unique,0x0,8)\n",
            0, 1, 0);
    expect("(unique,0x0,4) = SUBPIECE (register,0x0,8), (const,0x4,4)\n"
           "(register,0x8,4) = INT_NEGATE (unique,0x0,4)\n",
            0, 1, 0);
}

static void a_copy_of_what_changes_could_not(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = COPY (register,0x0,8)\n"
           "(register,0x0,8) = INT_NEGATE (register,0x8,8)\n"
           "(register,0x8,8) = INT_NEGATE (unique,0x0,8)\n",
            0, 0, 0);
}

static void a_copy_of_a_part_of_something_could_not(void **state)
{
    (void)state;
    expect("(unique,0x0,4) = COPY (register,0x0,4)\n"
           "(unique,0x4,4) = COPY (register,0x10,4)\n"
           "(register,0x8,8) = INT_NEGATE (unique,0x0,8)\n",
            0, 0, 0);
}

static void a_result_could_be_written_where_it_goes(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = LOAD (const,0x3,8), (register,0x0,8)\n"
           "(register,0x8,8) = COPY (unique,0x0,8)\n",
            0, 1, 0);
}

static void but_not_across_what_can_fault(void **state)
{
    (void)state;
    expect("(unique,0x0,8) = INT_SUB (register,0x20,8), (const,0x8,8)\n" /* PUSH */
           "STORE (const,0x3,8), (unique,0x0,8), (register,0x0,8)\n"
           "(register,0x20,8) = COPY (unique,0x0,8)\n",
            0, 0, 0);
}

static void operations_on_constants_are_counted(void **state)
{
    (void)state;
    expect("(register,0x0,8) = INT_AND (const,0x11,8), (const,0xf,8)\n", 0, 0, 1);
    expect("(register,0x0,8) = INT_ADD (register,0x8,8), (const,0x0,8)\n", 0, 0, 1);
    expect("(register,0x0,4) = INT_AND (register,0x8,4), (const,0xffffffff,4)\n", 0, 0, 1);
    expect("(register,0x0,4) = COPY (register,0x0,4)\n", 0, 0, 1);
}

TEST_MAIN(cmocka_unit_test(lean_code_has_none),
        cmocka_unit_test(a_temporary_that_nobody_reads_is_dead),
        cmocka_unit_test(one_that_is_read_on_one_path_is_not),
        cmocka_unit_test(a_copy_of_what_stays_could_be_folded),
        cmocka_unit_test(a_copy_of_what_changes_could_not),
        cmocka_unit_test(a_copy_of_a_part_of_something_could_not),
        cmocka_unit_test(a_result_could_be_written_where_it_goes),
        cmocka_unit_test(but_not_across_what_can_fault),
        cmocka_unit_test(operations_on_constants_are_counted))
