/* SPDX-License-Identifier: Apache-2.0 */
#include "support/kinds.h"
#include "support/test.h"

#include <promp/container_ops.h>
#include <promp/search.h>
#include <stdio.h>

typedef struct Matches {
    ProMatch items[64];
    size_t count;
} Matches;

static bool collect(void *user, const ProMatch *match)
{
    Matches *matches = user;
    assert_true(matches->count < 64);
    matches->items[matches->count++] = *match;
    return true;
}

/* Finds all in every kind of container; what they find must be the same. */
static Matches find_everywhere(const ProPattern *pattern, const void *data, size_t size)
{
    Matches first = {0};
    for (Kind kind = 0; kind < KIND_COUNT; kind++) {
        ProContainer *container = kind_make(kind, data, size);
        Matches matches = {0};
        ProError error = {0};
        ProStatus status = pro_container_find_all(
                container, pattern, 0, PRO_TO_END, NULL, collect, &matches, &error);
        assert_string_equal(error.text, "");
        assert_int_equal(status, PRO_OK);
        if (kind == 0)
            first = matches;
        assert_int_equal(matches.count, first.count);
        for (size_t i = 0; i < first.count; i++) {
            assert_true(matches.items[i].offset == first.items[i].offset);
            assert_true(matches.items[i].size == first.items[i].size);
        }
        /* find_first and find_next walk over the same. */
        ProMatch match;
        status = pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, NULL);
        for (size_t i = 0; i < first.count; i++) {
            assert_int_equal(status, PRO_OK);
            assert_true(match.offset == first.items[i].offset && match.size == first.items[i].size);
            status = pro_container_find_next(container, pattern, &match, NULL, &match, NULL);
        }
        assert_int_equal(status, PRO_ERR_NOT_FOUND);
        pro_container_unref(container);
    }
    return first;
}

enum { BIG = 1 << 20 };

/* 1 MiB of 'x' with `text` around the borders of windows, at the beginning and at the end. */
static uint8_t *haystack(const char *text, uint64_t *places)
{
    size_t size = strlen(text);
    static const size_t windows[] = {256 << 10, 512 << 10, (768 << 10) + 5};
    uint8_t *data = malloc(BIG);
    memset(data, 'x', BIG);
    places[0] = 0;
    for (size_t i = 0; i < 3; i++)
        places[i + 1] = windows[i] - size / 2;
    places[4] = BIG - size;
    for (size_t i = 0; i < 5; i++)
        memcpy(data + places[i], text, size);
    return data;
}

static void expect_places(ProPattern *pattern, const char *text)
{
    uint64_t places[5];
    uint8_t *data = haystack(text, places);
    Matches matches = find_everywhere(pattern, data, BIG);
    assert_int_equal(matches.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(matches.items[i].offset == places[i]);
        assert_true(matches.items[i].size == strlen(text));
    }
    free(data);
    pro_pattern_unref(pattern);
}

static void bytes_hex_and_regex_find_the_same(void **state)
{
    (void)state;
    ProPattern *pattern;
    assert_int_equal(pro_pattern_new_bytes("signature", 9, &pattern, NULL), PRO_OK);
    expect_places(pattern, "signature");
    assert_int_equal(pro_pattern_new_hex("73 69 67 ?? 6? ?4 75 72 65", &pattern, NULL), PRO_OK);
    expect_places(pattern, "signature");
    assert_int_equal(pro_pattern_new_regex("sig[a-n]+.ure", 13, 0, &pattern, NULL), PRO_OK);
    expect_places(pattern, "signature");
    assert_int_equal(
            pro_pattern_new_regex("SIGNATURE(?=x|\\z)", 17, PRO_REGEX_IGNORE_CASE, &pattern, NULL),
            PRO_OK);
    expect_places(pattern, "signature");
}

static void lookbehind_sees_what_lies_before_a_window(void **state)
{
    (void)state;
    ProPattern *pattern;
    assert_int_equal(pro_pattern_new_regex("(?<=abcdefgh)ij", 15, 0, &pattern, NULL), PRO_OK);
    uint64_t places[5];
    uint8_t *data = haystack("abcdefghij", places);
    Matches matches = find_everywhere(pattern, data, BIG);
    assert_int_equal(matches.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(matches.items[i].offset == places[i] + 8);
    pro_pattern_unref(pattern);
    assert_int_equal(pro_pattern_new_regex("\\Aabc", 5, 0, &pattern, NULL), PRO_OK);
    matches = find_everywhere(pattern, data, BIG);
    assert_int_equal(matches.count, 1);
    assert_true(matches.items[0].offset == 0);
    pro_pattern_unref(pattern);
    free(data);
}

static void a_match_longer_than_a_window_is_found(void **state)
{
    (void)state;
    ProPattern *pattern;
    uint8_t *data = malloc(BIG);
    memset(data, 'x', BIG);
    data[1000] = '<';
    data[BIG - 1000] = '>';
    assert_int_equal(pro_pattern_new_regex("<[^>]*>", 7, 0, &pattern, NULL), PRO_OK);
    Matches matches = find_everywhere(pattern, data, BIG);
    assert_int_equal(matches.count, 1);
    assert_true(matches.items[0].offset == 1000 && matches.items[0].size == BIG - 1999);
    pro_pattern_unref(pattern);
    free(data);
}

static void matches_do_not_overlap(void **state)
{
    (void)state;
    ProPattern *pattern;
    assert_int_equal(pro_pattern_new_bytes("aa", 2, &pattern, NULL), PRO_OK);
    Matches matches = find_everywhere(pattern, "aaaaa", 5);
    assert_int_equal(matches.count, 2);
    pro_pattern_unref(pattern);
    /* An empty match at every place, and the search ends. */
    assert_int_equal(pro_pattern_new_regex("b*", 2, 0, &pattern, NULL), PRO_OK);
    matches = find_everywhere(pattern, "aba", 3);
    assert_int_equal(matches.count, 4);
    assert_true(matches.items[1].offset == 1 && matches.items[1].size == 1);
    assert_true(matches.items[3].offset == 3 && matches.items[3].size == 0);
    pro_pattern_unref(pattern);
}

static void a_range_bounds_the_match(void **state)
{
    (void)state;
    ProPattern *pattern;
    assert_int_equal(pro_pattern_new_bytes("cd", 2, &pattern, NULL), PRO_OK);
    ProMatch match;
    ProError error;
    for (Kind kind = 0; kind < KIND_COUNT; kind++) {
        ProContainer *container = kind_make(kind, "abcdefcd", 8);
        assert_int_equal(
                pro_container_find_first(container, pattern, 3, PRO_TO_END, NULL, &match, NULL),
                PRO_OK);
        assert_true(match.offset == 6);
        assert_int_equal(pro_container_find_first(container, pattern, 3, 4, NULL, &match, NULL),
                PRO_ERR_NOT_FOUND);
        assert_int_equal(pro_container_find_first(container, pattern, 8, 0, NULL, &match, NULL),
                PRO_ERR_NOT_FOUND);
        assert_int_equal(
                pro_container_find_first(container, pattern, 9, PRO_TO_END, NULL, &match, &error),
                PRO_ERR_INVALID);
        assert_int_equal(pro_container_find_first(container, pattern, 3, 6, NULL, &match, &error),
                PRO_ERR_INVALID);
        const ProMatch wrong = {7, 2};
        assert_int_equal(pro_container_find_next(container, pattern, &wrong, NULL, &match, &error),
                PRO_ERR_INVALID);
        pro_container_unref(container);
    }
    pro_pattern_unref(pattern);
}

static void bad_patterns_say_what_is_wrong(void **state)
{
    (void)state;
    ProPattern *pattern;
    ProError error;
    assert_int_equal(pro_pattern_new_bytes("", 0, &pattern, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "empty"));
    assert_int_equal(pro_pattern_new_hex("", &pattern, &error), PRO_ERR_INVALID);
    assert_int_equal(pro_pattern_new_hex("   ", &pattern, &error), PRO_ERR_INVALID);
    assert_int_equal(pro_pattern_new_hex("?? ??", &pattern, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "matches anything"));
    assert_int_equal(pro_pattern_new_hex("4D 5", &pattern, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "character 4"));
    assert_int_equal(pro_pattern_new_hex("4D GG", &pattern, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "character 3"));
    assert_int_equal(pro_pattern_new_regex("a(b", 3, 0, &pattern, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "character 3"));
    assert_int_equal(pro_pattern_new_regex("a", 1, 0x1000, &pattern, &error), PRO_ERR_INVALID);
}

static void a_regex_that_explodes_is_stopped(void **state)
{
    (void)state;
    ProPattern *pattern;
    ProMatch match;
    ProError error;
    char data[5001];
    memset(data, 'a', 5000);
    assert_int_equal(pro_pattern_new_regex("(a+)+b|(a|aa)+$x", 16, 0, &pattern, NULL), PRO_OK);
    ProContainer *container = kind_make(KIND_SMALL_OR_SEALED, data, 5000);
    assert_int_equal(
            pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, &error),
            PRO_ERR_LIMIT);
    assert_non_null(strstr(error.text, "backtracks"));
    pro_container_unref(container);
    pro_pattern_unref(pattern);
}

/* ---- what a search reads ---- */

static ProStatus read_counted(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)reterr;
    *(uint64_t *)user += size;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = (offset + i) % 100 == 0 ? 'x' : '.';
    return PRO_OK;
}

static bool count_match(void *user, const ProMatch *match)
{
    assert_int_equal(match->offset % 100, 0);
    ++*(size_t *)user;
    return true;
}

/* A source may be slow: a match in it costs no reading of its own. */
static void many_matches_read_the_source_once(void **state)
{
    (void)state;
    enum { SIZE = 3000000 };
    static const ProContainerOps ops = {.read = read_counted};
    uint64_t bytes = 0;
    size_t matches = 0;
    ProContainer *container;
    ProPattern *pattern;
    ProError error = {0};
    assert_int_equal(pro_container_new_callback(&ops, &bytes, SIZE, &container, &error), PRO_OK);
    assert_int_equal(pro_pattern_new_regex("x[.]", 4, 0, &pattern, &error), PRO_OK);
    assert_int_equal(pro_container_find_all(container, pattern, 0, PRO_TO_END, NULL, count_match,
                             &matches, &error),
            PRO_OK);
    assert_int_equal(matches, SIZE / 100);
    assert_in_range(bytes, SIZE, SIZE + SIZE / 2);
    pro_pattern_unref(pattern);
    pro_container_unref(container);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void searches_can_be_cancelled(void **state)
{
    (void)state;
    static const ProWaitOps wait = {.was_aborted = at_once};
    const ProProgress progress = {&wait, NULL};
    enum { SIZE = 40 << 20 };
    uint8_t *data = calloc(1, SIZE);
    ProContainer *container;
    assert_int_equal(pro_container_new_borrow(data, SIZE, NULL, NULL, &container, NULL), PRO_OK);
    const char *const regexes[] = {NULL, "abc", "x.*y"};
    for (size_t i = 0; i < 3; i++) {
        ProPattern *pattern;
        ProMatch match;
        ProError error;
        assert_int_equal(
                i == 0 ? pro_pattern_new_bytes("abc", 3, &pattern, NULL)
                       : pro_pattern_new_regex(regexes[i], strlen(regexes[i]), 0, &pattern, NULL),
                PRO_OK);
        assert_int_equal(pro_container_find_first(
                                 container, pattern, 0, PRO_TO_END, &progress, &match, &error),
                PRO_ERR_ABORTED);
        pro_pattern_unref(pattern);
    }
    pro_container_unref(container);
    free(data);
}

TEST_MAIN(cmocka_unit_test(bytes_hex_and_regex_find_the_same),
        cmocka_unit_test(lookbehind_sees_what_lies_before_a_window),
        cmocka_unit_test(a_match_longer_than_a_window_is_found),
        cmocka_unit_test(matches_do_not_overlap), cmocka_unit_test(a_range_bounds_the_match),
        cmocka_unit_test(bad_patterns_say_what_is_wrong),
        cmocka_unit_test(a_regex_that_explodes_is_stopped),
        cmocka_unit_test(many_matches_read_the_source_once),
        cmocka_unit_test(searches_can_be_cancelled))
