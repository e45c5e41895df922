/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <promp/text.h>
#include <string.h>

static void expect_printable(const char *data, size_t capacity, const char *expected)
{
    char text[64];
    size_t size = pro_text_printable(text, capacity, data, strlen(data), false);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
}

static void texts_of_hostile_origin_are_made_harmless(void **state)
{
    (void)state;
    expect_printable("plain \xC3\xA4\xE2\x82\xAC", 64, "plain \xC3\xA4\xE2\x82\xAC");
    expect_printable("a\nb\x1B[2J", 64,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[2J");
    expect_printable("\xFF\xC0\x80", 64, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    expect_printable("exe.\xE2\x80\xAEtxt", 64, "exe.\xEF\xBF\xBDtxt");
    expect_printable("\xE2\x82", 64, "\xEF\xBF\xBD\xEF\xBF\xBD");
    expect_printable("\xED\xA0\x80", 64, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    expect_printable("abc\xC3\xA4", 5, "abc");
    expect_printable("abc", 1, "");
}

static void lines_stay_if_they_may(void **state)
{
    (void)state;
    char text[64];
    const char bad[] = "one\n\ttwo\r\xE2\x80\xAEthree\0four";
    (void)pro_text_printable(text, sizeof text, bad, sizeof bad - 1, true);
    assert_string_equal(text, "one\n\ttwo\xEF\xBF\xBD\xEF\xBF\xBDthree\xEF\xBF\xBD"
                              "four");
}

TEST_MAIN(cmocka_unit_test(texts_of_hostile_origin_are_made_harmless),
        cmocka_unit_test(lines_stay_if_they_may))
