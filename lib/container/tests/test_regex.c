/* SPDX-License-Identifier: Apache-2.0 */
#include "container/regex.h"
#include "support/regex_reference.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* ---- random expressions and data ---- */

typedef struct Text {
    char bytes[512];
    size_t size;
} Text;

static void append(Text *text, const char *piece)
{
    size_t size = strlen(piece);
    if (text->size + size > sizeof text->bytes - 1)
        return;
    memcpy(text->bytes + text->size, piece, size + 1);
    text->size += size;
}

#define PICK(list) ((list)[random_below(sizeof(list) / sizeof((list)[0]))])

static void append_expression(Text *text, int depth);

static void append_group(Text *text, int depth)
{
    static const char *const begins[] = {
            "(", "(?:", "(?:", "(?>", "(?=", "(?!", "(?<name>", "(?P<nom>"};
    static const char *const behind[] = {"(?<=a)", "(?<!ab)", "(?<=[0-9]b|c)", "(?<!\\w)"};
    if (random_below(6) == 0) {
        append(text, PICK(behind));
        return;
    }
    append(text, PICK(begins));
    append_expression(text, depth - 1);
    append(text, ")");
}

static void append_atom(Text *text, int depth)
{
    static const char *const literals[] = {
            "a", "b", "c", "ab", "bca", "X", "x", "0", "1", "\n", "\\.", "\\x61", "\\n", "-"};
    static const char *const sets[] = {"[ab]", "[^a]", "[a-c]", "[0-9]", "[^\\d]", "\\d", "\\w",
            "\\s", "\\D", "\\W", "\\S", ".", "[\\w.-]", "[]a]", "[^]]", "[-a]", "[x-z0\\n]",
            "[\\W_]"};
    static const char *const places[] = {"^", "$", "\\b", "\\B", "\\z", "\\Z", "\\A"};
    static const char *const unknown[] = {"\\h", "[[:digit:]]", "\\1", "(?i)", "\\Qa\\E", "\\K"};
    uint32_t kind = random_below(40);
    if (kind < 20)
        append(text, PICK(literals));
    else if (kind < 31)
        append(text, PICK(sets));
    else if (kind < 33)
        append(text, PICK(places));
    else if (kind < 39 && depth > 0)
        append_group(text, depth);
    else if (random_below(4) == 0)
        append(text, PICK(unknown));
}

static void append_expression(Text *text, int depth)
{
    static const char *const quantifiers[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", "*?",
            "+?", "??", "*+", "++", "{1,2}?", "{0}", "{18}"};
    uint32_t alternatives = random_below(4) == 0 ? 1 + random_below(4) : 1;
    for (uint32_t i = 0; i < alternatives; i++) {
        if (i > 0)
            append(text, "|");
        for (uint32_t atoms = 1 + random_below(4); atoms > 0; atoms--) {
            append_atom(text, depth);
            if (random_below(3) == 0)
                append(text, PICK(quantifiers));
        }
    }
}

static size_t random_data(uint8_t *data, size_t capacity)
{
    static const char letters[] = "abcabcabcaXx01 \n.-_";
    size_t size = random_below((uint32_t)capacity) + 1;
    uint32_t used = 1 + random_below(sizeof letters - 1);
    for (size_t i = 0; i < size; i++)
        data[i] = random_below(50) == 0 ? (uint8_t)random_below(256)
                                        : (uint8_t)letters[random_below(used)];
    return size;
}

static void finds_what_pcre2_alone_finds(void **state)
{
    (void)state;
    static ReferenceMatches expected, found;
    int filtered = 0;
    int with_matches = 0;
    for (int round = 0; round < 20000; round++) {
        Text text = {.size = 0};
        uint8_t data[600];
        uint32_t flags = random_below(8);
        append(&text, random_below(20) == 0 ? "(?is)" : "");
        append_expression(&text, 3);
        size_t size = random_data(data, sizeof data);
        Regex *regex;
        if (regex_compile(text.bytes, text.size, flags, &regex, NULL) != PRO_OK)
            continue;
        if (regex_filter(regex) != NULL &&
                reference_plain(text.bytes, text.size, flags, data, size, &expected)) {
            filtered++;
            with_matches += expected.count > 0;
            for (int i = 0; i < 3; i++) {
                size_t window = i == 0 ? sizeof data : 1 + random_below(100);
                if (reference_ours(regex, data, size, window, true, &found) &&
                        !reference_same(&expected, &found))
                    fail_msg("round %d: /%s/ flags %u, windows of %zu: %zu matches, PCRE2 %zu",
                            round, text.bytes, flags, window, found.count, expected.count);
            }
        }
        regex_free(regex);
    }
    /* Else the test is about nothing. */
    assert_true(filtered > 5000);
    assert_true(with_matches > 2000);
}

/* Where it is not always the filter, the clock decides. Matches are dense, then rare, then dense.
 */
static void choosing_by_the_clock_changes_nothing(void **state)
{
    (void)state;
    enum { SIZE = 6 << 20 };
    static const char *const texts[] = {"word[0-9]", "(?:nine|w.rd)[19]", "[a-v]+rd1", "q[0-9]{2}",
            "w(?=ord[a-z]{2}).*?7", "(?<=wor)d\\d"};
    static ReferenceMatches expected, found;
    uint8_t *data = malloc(SIZE);
    assert_non_null(data);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t) "wordstuv\n"[random_below(9)];
    for (size_t i = 0; i + 8 < SIZE; i += i / (1 << 20) % 2 == 0 ? 7001 : 131071)
        memcpy(data + i, random_below(2) == 0 ? "word1" : "nine9", 5);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Regex *regex;
        size_t size = strlen(texts[i]);
        assert_int_equal(regex_compile(texts[i], size, 0, &regex, NULL), PRO_OK);
        assert_true(reference_plain(texts[i], size, 0, data, SIZE, &expected));
        assert_true(reference_ours(regex, data, SIZE, SIZE, false, &found));
        assert_true(reference_same(&expected, &found));
        assert_true(reference_ours(regex, data, SIZE, 256 << 10, false, &found));
        assert_true(reference_same(&expected, &found));
        regex_free(regex);
    }
    free(data);
}

/* ---- what is known ---- */

/* "{min,max}" of each step and the size of its set, "|" between branches. */
static void print_shape(const Shape *shape, char text[1024])
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < shape->count; i++) {
        used += (size_t)snprintf(text + used, 1024 - used, "%s", i > 0 ? "| " : "");
        for (size_t k = 0; k < shape->branches[i].count; k++) {
            const ShapeStep *step = &shape->branches[i].steps[k];
            used += (size_t)snprintf(text + used, 1024 - used, "%u{%u,%d} ",
                    byte_set_count(&step->set), step->min, (int)step->max);
        }
    }
}

static void shapes_are_what_matches_look_like(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *shape;
    } cases[] = {
            {"ab", "1{1,1} 1{1,1} "},
            {"(?i)a1", "2{1,1} 1{1,1} "},
            {"a+b?", "1{1,-1} 1{0,1} "},
            {"a{2,3}?b{4}+", "1{2,3} 1{4,4} "},
            {"foo|[xy]", "1{1,1} 1{1,1} 1{1,1} | 2{1,1} "},
            {"(a|b)c", "1{1,1} 1{1,1} | 1{1,1} 1{1,1} "},
            {"(ab)+c", "1{1,1} 1{1,1} 2{0,-1} 1{1,1} "},
            {"(?:abc){0,2}", "3{0,6} "},
            {"(?<=x)a(?!y)$", "1{1,1} "},
            {"(?<n>a)(?P<m>.)", "1{1,1} 256{1,1} "},
            {"(a|b|c|d|e|f|g|h|i)z", "9{1,1} 1{1,1} "},
            {"[]a-c-]\\x41[^\\s]", "5{1,1} 1{1,1} 250{1,1} "},
            {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static Shape shape;
        char text[1024];
        assert_true(shape_parse(cases[i].text, strlen(cases[i].text), 0, &shape));
        print_shape(&shape, text);
        assert_string_equal(text, cases[i].shape);
    }
}

static void what_is_not_known_is_not_guessed(void **state)
{
    (void)state;
    static const char *const unknown[] = {"\\Qa.b\\E", "a(?i)b", "(?i:a)b", "(?x)a b", "(a)\\1",
            "(?<n>a)\\k<n>", "(a)(?1)", "(?R)?a", "(?(?=a)b|c)", "(*ACCEPT)a", "(*UTF)a", "a\\Kb",
            "\\Gab", "\\x{41}", "\\x4", "\\012", "\\cA", "\\h", "\\R", "\\X", "\\N", "\\p{L}",
            "[[:alpha:]]", "[\\d-z]", "[a-\\d]", "[a-c-e]", "[\\Qa\\E]", "(?#comment)a", "(?C1)a",
            "a{,3}", "a{ 1}", "a{x", "(?|a|b)", "(?'n'a)", "a\\", "a{2}{3}", "\\E", "\\ea\\g1"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        static Shape shape;
        if (shape_parse(unknown[i], strlen(unknown[i]), 0, &shape))
            fail_msg("something is known of %s", unknown[i]);
    }
}

static void groups_may_nest_only_so_deep(void **state)
{
    (void)state;
    static Shape shape;
    char text[100];
    memset(text, '(', 40);
    text[40] = 'a';
    memset(text + 41, ')', 40);
    assert_false(shape_parse(text, 81, 0, &shape));
    assert_true(shape_parse(text + 30, 21, 0, &shape));
}

/* ---- the scan for sets ---- */

static void sets_are_found_where_they_stand(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        ClassScan scan = {0};
        uint8_t sequences[8][CLASS_SCAN_PLACES];
        uint8_t data[200];
        size_t count = 1 + random_below(8);
        for (size_t s = 0; s < count; s++) {
            for (size_t place = 0; place < CLASS_SCAN_PLACES; place++) {
                ByteSet set = {0};
                sequences[s][place] = (uint8_t)(random_below(3) + 0x40 * random_below(4));
                byte_set_add(&set, sequences[s][place]);
                class_scan_set(&scan, s, place, byte_halves(&set));
            }
        }
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)(random_below(3) + 0x40 * random_below(4));
        size_t to = sizeof data - (CLASS_SCAN_PLACES - 1);
        size_t from = random_below(20);
        for (size_t at = from; at < to; at++) {
            unsigned expected = 0;
            for (size_t s = 0; s < count; s++)
                if (memcmp(data + at, sequences[s], CLASS_SCAN_PLACES) == 0)
                    expected |= 1u << s;
            if (expected == 0)
                continue;
            unsigned found;
            assert_int_equal(class_scan_find(&scan, data, from, to, &found), at);
            assert_int_equal(found, expected);
            from = at + 1;
        }
        unsigned found;
        assert_int_equal(class_scan_find(&scan, data, from, to, &found), to);
    }
}

TEST_MAIN(cmocka_unit_test(finds_what_pcre2_alone_finds),
        cmocka_unit_test(choosing_by_the_clock_changes_nothing),
        cmocka_unit_test(shapes_are_what_matches_look_like),
        cmocka_unit_test(what_is_not_known_is_not_guessed),
        cmocka_unit_test(groups_may_nest_only_so_deep),
        cmocka_unit_test(sets_are_found_where_they_stand))
