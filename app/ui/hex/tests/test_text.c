/* SPDX-License-Identifier: Apache-2.0 */

/* What is typed, copied, inspected and found. */

#include "support/test.h"

#include "ui/hex/copy.h"
#include "ui/hex/expression.h"
#include "ui/hex/find.h"
#include "ui/hex/inspect.h"

#include <stdlib.h>
#include <string.h>

/* ---- expressions ---- */

static void expect_offset(const HexPlace *place, const char *text, uint64_t expected)
{
    uint64_t offset = UINT64_MAX;
    ProError error = {0};
    ProStatus status = hex_expression_offset(text, place, &offset, &error);
    if (status != PRO_OK)
        fail_msg("\"%s\": %s", text, error.text);
    assert_int_equal(offset, expected);
}

static void expect_refusal(const HexPlace *place, const char *text, ProStatus expected)
{
    uint64_t offset = 77;
    ProError error = {0};
    assert_int_equal(hex_expression_offset(text, place, &offset, &error), expected);
    assert_int_equal(offset, 77);
    assert_true(error.text[0] != '\0');
}

static void offsets_are_typed_in_many_ways(void **state)
{
    (void)state;
    HexPlace place = {.size = 0x10000, .cursor = 0x100};
    expect_offset(&place, "1F4", 0x1F4);
    expect_offset(&place, " 0x1f4 ", 0x1F4);
    expect_offset(&place, "1F4h", 0x1F4);
    expect_offset(&place, "0n500", 500);
    expect_offset(&place, "1_000", 0x1000);
    expect_offset(&place, "+10", 0x110);
    expect_offset(&place, "-0n16", 0xF0);
    expect_offset(&place, ". - 10", 0xF0);
    expect_offset(&place, "end", 0xFFFF);
    expect_offset(&place, "end - 40 + 2*8", 0xFFFF - 0x40 + 16);
    expect_offset(&place, "(2+2)*10", 0x40);
    expect_offset(&place, "50%", 0x8000);
    expect_offset(&place, "100%", 0xFFFF);
    place.decimal = true;
    expect_offset(&place, "500", 500);
    expect_offset(&place, "0x500", 0x500);
    expect_offset(&place, "+16", 0x110);
}

static void addresses_have_their_base_taken_off(void **state)
{
    (void)state;
    HexPlace place = {.size = 0x1000, .base = 0x140000000, .cursor = 0x10};
    expect_offset(&place, "140000020", 0x20);
    expect_offset(&place, "+8", 0x18);
    expect_offset(&place, "end", 0xFFF);
    expect_refusal(&place, "20", PRO_ERR_INVALID);
    place = (HexPlace){.size = PRO_CONTAINER_SIZE_MAX, .base = (uint64_t)1 << 63};
    expect_offset(&place, "fffffffffffffffe", PRO_CONTAINER_SIZE_MAX - 1);
    expect_refusal(&place, "ffffffffffffffff", PRO_ERR_INVALID);
}

static void nonsense_is_refused_with_a_reason(void **state)
{
    (void)state;
    HexPlace place = {.size = 0x1000, .cursor = 0x10};
    static const char *const malformed[] = {"", "  ", "x", "0x", "1 2", "1+", "(1", "1)", "*2",
            "12g", "1,000", "0n1F", "%", "50 % 2", "\xC3\xA4"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        expect_refusal(&place, malformed[i], PRO_ERR_FORMAT);
    expect_refusal(&place, "1000", PRO_ERR_INVALID);
    expect_refusal(&place, "-11", PRO_ERR_INVALID);
    expect_refusal(&place, "101%", PRO_ERR_INVALID);
    expect_refusal(&place, "ffffffffffffffffffffffffffffffff", PRO_ERR_INVALID);
    expect_refusal(&place, "fffffffffffffff*fffffffffffffff*fffffffffffffff", PRO_ERR_INVALID);
    char deep[200];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    expect_refusal(&place, deep, PRO_ERR_LIMIT);
    place = (HexPlace){0};
    expect_offset(&place, "0", 0);
    expect_offset(&place, "end", 0);
    expect_refusal(&place, "1", PRO_ERR_INVALID);
}

/* ---- copies ---- */

static void expect_copy(HexCopyFormat format, const char *data, size_t size, const char *expected)
{
    char *text = hex_copy_text(format, (const uint8_t *)data, size);
    assert_string_equal(text, expected);
    free(text);
}

static void bytes_are_copied_as_text_in_four_ways(void **state)
{
    (void)state;
    expect_copy(HEX_COPY_HEX, "MZ\x90\0", 4, "4D 5A 90 00");
    expect_copy(HEX_COPY_HEX, "", 0, "");
    expect_copy(HEX_COPY_TEXT, "MZ\x90\0", 4, "MZ..");
    expect_copy(HEX_COPY_C, "MZ\x90", 3,
            "const unsigned char data[3] = {\n    0x4D, 0x5A, 0x90,\n};\n");
    expect_copy(HEX_COPY_PYTHON, "a\"\\\n", 4, "data = (\n    b\"a\\\"\\\\\\x0a\"\n)\n");
    expect_copy(HEX_COPY_PYTHON, "", 0, "data = (b\"\"\n)\n");
}

static void the_longest_forms_fit(void **state)
{
    (void)state;
    enum { COUNT = 100003 };
    uint8_t *data = malloc(COUNT);
    memset(data, 0xFF, COUNT);
    for (HexCopyFormat format = 0; format < HEX_COPY_FORMATS; format++) {
        char *text = hex_copy_text(format, data, COUNT);
        assert_true(strlen(text) >= COUNT);
        free(text);
    }
    free(data);
}

/* ---- the inspector ---- */

static void expect_field(
        const char *name, const void *data, size_t size, bool big_endian, const char *expected)
{
    char text[HEX_INSPECT_TEXT_BYTES];
    for (size_t field = 0; field < hex_inspect_count(); field++)
        if (strcmp(hex_inspect_name(field), name) == 0) {
            hex_inspect_text(field, data, size, big_endian, text);
            assert_string_equal(text, expected);
            return;
        }
    fail_msg("no field %s", name);
}

static void integers_and_floats_in_both_orders(void **state)
{
    (void)state;
    static const char bytes[] = "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    expect_field("Binary", "\xA5", 1, false, "10100101");
    expect_field("Unsigned 8", bytes, 8, false, "254");
    expect_field("Signed 8", bytes, 8, false, "-2");
    expect_field("Unsigned 16", bytes, 8, true, "65279");
    expect_field("Signed 32", bytes, 8, false, "-2");
    expect_field("Unsigned 64", bytes, 8, false, "18446744073709551614");
    expect_field("Signed 64", bytes, 8, true, "-72057594037927937");
    expect_field("Unsigned 64", bytes, 7, false, "");
    expect_field("Float 32", "\x00\x00\x80\x3F", 4, false, "1");
    expect_field("Float 64", "\x40\x09\x21\xFB\x54\x44\x2D\x18", 8, true, "3.1415926535897931");
    expect_field("Float 16", "\x00\x3C", 2, false, "1");
    expect_field("Float 16", "\x00\xFC", 2, false, "-inf");
    expect_field("LEB128", "\xE5\x8E\x26", 3, false, "624485 (3 bytes)");
    expect_field("LEB128", "\xFF\xFF", 2, false, "");
}

static void text_and_times(void **state)
{
    (void)state;
    expect_field("UTF-8", "h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0x", 12, false,
            "h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    expect_field("UTF-8", "\xC0\x80", 2, false, "");
    expect_field("UTF-8", "a\xE2\x80\xAE", 4, false, "a"); /* no override of direction */
    expect_field("UTF-16", "M\0Z\0\0\0", 6, false, "MZ");
    expect_field("UTF-16", "\0M\0Z", 4, true, "MZ");
    expect_field("UTF-16", "\x3D\xD8\x00\xDE", 4, false, "\xF0\x9F\x98\x80");
    expect_field("UTF-16", "\x3D\xD8", 2, false, "");
    expect_field("UTC, Unix 32", "\x00\x00\x00\x00", 4, false, "1970-01-01 00:00:00");
    expect_field("UTC, Unix 64", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 8, false, "");
    expect_field(
            "UTC, FILETIME", "\x00\x80\x3E\xD5\xDE\xB1\x9D\x01", 8, false, "1970-01-01 00:00:00");
    expect_field("DOS time", "\x21\x43\x65\x57", 4, false, "2023-11-05 08:25:02");
    expect_field("DOS time", "\xFF\xFF\xFF\xFF", 4, false, "");
    expect_field("GUID", "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF", 16,
            false, "{00112233-4455-6677-8899-AABBCCDDEEFF}");
}

/* ---- finding ---- */

static ProContainer *container_of(const void *data, size_t size)
{
    ProContainer *container;
    assert_int_equal(pro_container_new_copy(data, size, &container, NULL), PRO_OK);
    return container;
}

static void expect_found(ProContainer *container, HexFindKind kind, const char *text,
        bool ignore_case, bool backwards, uint64_t from, uint64_t offset, uint64_t size,
        bool wrapped)
{
    ProPattern *pattern;
    ProError error = {0};
    ProMatch match = {0};
    bool did_wrap = false;
    assert_int_equal(hex_find_compile(kind, text, ignore_case, &pattern, &error), PRO_OK);
    ProStatus status =
            backwards ? hex_find_previous(
                                container, pattern, kind, from, NULL, &match, &did_wrap, &error)
                      : hex_find_next(container, pattern, from, NULL, &match, &did_wrap, &error);
    assert_int_equal(status, PRO_OK);
    assert_int_equal(match.offset, offset);
    assert_int_equal(match.size, size);
    assert_int_equal(did_wrap, wrapped);
    pro_pattern_unref(pattern);
}

static void finding_goes_both_ways_and_round_the_ends(void **state)
{
    (void)state;
    ProContainer *container = container_of("Abab--aB--a\0b\0--word", 20);
    expect_found(container, HEX_FIND_TEXT, "ab", false, false, 0, 2, 2, false);
    expect_found(container, HEX_FIND_TEXT, "ab", true, false, 0, 0, 2, false);
    expect_found(container, HEX_FIND_TEXT, "ab", true, false, 3, 6, 2, false);
    expect_found(container, HEX_FIND_TEXT, "ab", false, false, 3, 2, 2, true);
    expect_found(container, HEX_FIND_TEXT, "ab", true, true, 6, 2, 2, false);
    expect_found(container, HEX_FIND_TEXT, "ab", true, true, 0, 6, 2, true);
    expect_found(container, HEX_FIND_UTF16, "AB", true, false, 0, 10, 4, false);
    expect_found(container, HEX_FIND_HEX, "2d 2? ??", false, false, 0, 4, 3, false);
    expect_found(container, HEX_FIND_REGEX, "[a-z]{3,}", false, true, 20, 16, 4, false);
    pro_container_unref(container);
}

static void matches_that_overlap_are_found_backwards(void **state)
{
    (void)state;
    ProContainer *container = container_of("xaaaax", 6);
    expect_found(container, HEX_FIND_TEXT, "aa", false, true, 6, 3, 2, false);
    expect_found(container, HEX_FIND_TEXT, "aa", false, true, 3, 2, 2, false);
    expect_found(container, HEX_FIND_TEXT, "aa", false, true, 1, 3, 2, true);
    pro_container_unref(container);
}

/* A match that lies across two windows, which are 1 MiB. */
static void windows_hide_nothing(void **state)
{
    (void)state;
    enum { SIZE = (3 << 20) + 77 };
    uint8_t *data = calloc(1, SIZE);
    uint64_t at = SIZE - (1 << 20) - 3;
    memcpy(data + at, "needle", 6);
    ProContainer *container = container_of(data, SIZE);
    expect_found(container, HEX_FIND_TEXT, "needle", false, true, SIZE, at, 6, false);
    expect_found(container, HEX_FIND_TEXT, "needle", false, true, at + 1, at, 6, false);
    expect_found(container, HEX_FIND_TEXT, "needle", false, true, at, at, 6, true);
    expect_found(container, HEX_FIND_TEXT, "needle", false, false, at + 1, at, 6, true);
    pro_container_unref(container);
    free(data);
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void a_search_can_be_cancelled(void **state)
{
    (void)state;
    static const ProWaitOps stop = {.was_aborted = always};
    const ProProgress progress = {&stop, NULL};
    ProPattern *pattern;
    ProMatch match;
    bool wrapped;
    ProError error = {0};
    ProContainer *container = container_of("nothing", 7);
    assert_int_equal(hex_find_compile(HEX_FIND_TEXT, "x", false, &pattern, &error), PRO_OK);
    assert_int_equal(hex_find_previous(container, pattern, HEX_FIND_TEXT, 7, &progress, &match,
                             &wrapped, &error),
            PRO_ERR_ABORTED);
    assert_int_equal(
            hex_find_previous(container, pattern, HEX_FIND_TEXT, 7, NULL, &match, &wrapped, &error),
            PRO_ERR_NOT_FOUND);
    assert_int_equal(
            hex_find_compile(HEX_FIND_HEX, "4D 5", false, &pattern, &error), PRO_ERR_INVALID);
    assert_int_equal(hex_find_compile(HEX_FIND_TEXT, "", false, &pattern, &error), PRO_ERR_INVALID);
    pro_pattern_unref(pattern);
    pro_container_unref(container);
}

TEST_MAIN(cmocka_unit_test(offsets_are_typed_in_many_ways),
        cmocka_unit_test(addresses_have_their_base_taken_off),
        cmocka_unit_test(nonsense_is_refused_with_a_reason),
        cmocka_unit_test(bytes_are_copied_as_text_in_four_ways),
        cmocka_unit_test(the_longest_forms_fit),
        cmocka_unit_test(integers_and_floats_in_both_orders), cmocka_unit_test(text_and_times),
        cmocka_unit_test(finding_goes_both_ways_and_round_the_ends),
        cmocka_unit_test(matches_that_overlap_are_found_backwards),
        cmocka_unit_test(windows_hide_nothing), cmocka_unit_test(a_search_can_be_cancelled))
