/* SPDX-License-Identifier: Apache-2.0 */
#include "container/regex_shape.h"

#include <promp/search.h>
#include <stdlib.h>
#include <string.h>

/*
 * The parser knows what is common and gives up at all else: what it took for something else than
 * PCRE2 does would hide matches. Sources: pcre2pattern(3).
 */
typedef struct Parser {
    const uint8_t *text;
    size_t size;
    size_t at;
    bool ignore_case;
    int depth;
} Parser;

/* One group's: allocated, because they are large and groups nest. */
typedef struct Level {
    Shape whole;    /* the alternatives so far */
    Shape sequence; /* of this alternative, so far */
    Shape atom;     /* what a quantifier may follow */
} Level;

/* ---- shapes ---- */

uint32_t shape_add(uint32_t a, uint32_t b)
{
    uint64_t sum = (uint64_t)a + b;
    return sum > SHAPE_LENGTH_MAX ? SHAPE_UNBOUNDED : (uint32_t)sum;
}

static uint32_t bounded(uint32_t length)
{
    return length > SHAPE_LENGTH_MAX ? SHAPE_LENGTH_MAX : length;
}

uint32_t shape_at_least(uint32_t a, uint32_t b)
{
    return bounded(shape_add(a, b));
}

static uint32_t times(uint32_t a, uint32_t b)
{
    uint64_t product = (uint64_t)a * b;
    return product > SHAPE_LENGTH_MAX ? SHAPE_UNBOUNDED : (uint32_t)product;
}

static void set_empty(Shape *shape)
{
    shape->count = 1;
    shape->branches[0].count = 0;
}

static void set_bytes(Shape *shape, const ByteSet *set)
{
    shape->count = 1;
    shape->branches[0].count = 1;
    shape->branches[0].steps[0] = (ShapeStep){.set = *set, .min = 1, .max = 1};
}

/* Any of the branches as one step. */
static ShapeStep summary(const Shape *shape)
{
    ShapeStep all = {.min = SHAPE_UNBOUNDED};
    for (size_t i = 0; i < shape->count; i++) {
        const ShapeBranch *branch = &shape->branches[i];
        uint32_t min = 0;
        uint32_t max = 0;
        for (size_t k = 0; k < branch->count; k++) {
            byte_set_unite(&all.set, &branch->steps[k].set);
            min = shape_at_least(min, branch->steps[k].min);
            max = shape_add(max, branch->steps[k].max);
        }
        all.min = min < all.min ? min : all.min;
        all.max = max > all.max ? max : all.max;
    }
    return all;
}

static void append_step(ShapeBranch *branch, const ShapeStep *step)
{
    if (step->max == 0)
        return;
    if (branch->count < SHAPE_STEPS_MAX) {
        branch->steps[branch->count++] = *step;
        return;
    }
    ShapeStep *last = &branch->steps[branch->count - 1];
    byte_set_unite(&last->set, &step->set);
    last->min = shape_at_least(last->min, step->min);
    last->max = shape_add(last->max, step->max);
}

/* `shape` and then `tail`: each branch with each. */
static void append_shape(Shape *shape, const Shape *tail)
{
    if (shape->count * tail->count > SHAPE_BRANCHES_MAX) {
        ShapeStep step = summary(tail);
        for (size_t i = 0; i < shape->count; i++)
            append_step(&shape->branches[i], &step);
        return;
    }
    size_t count = shape->count;
    for (size_t t = 1; t < tail->count; t++)
        memcpy(&shape->branches[t * count], shape->branches, count * sizeof shape->branches[0]);
    shape->count = count * tail->count;
    for (size_t i = 0; i < shape->count; i++)
        for (size_t k = 0; k < tail->branches[i / count].count; k++)
            append_step(&shape->branches[i], &tail->branches[i / count].steps[k]);
}

/* `shape` or `other`. */
static void add_alternatives(Shape *shape, const Shape *other)
{
    if (shape->count + other->count <= SHAPE_BRANCHES_MAX) {
        memcpy(&shape->branches[shape->count], other->branches,
                other->count * sizeof other->branches[0]);
        shape->count += other->count;
        return;
    }
    ShapeStep all = summary(shape);
    ShapeStep more = summary(other);
    byte_set_unite(&all.set, &more.set);
    all.min = more.min < all.min ? more.min : all.min;
    all.max = more.max > all.max ? more.max : all.max;
    set_empty(shape);
    append_step(&shape->branches[0], &all);
}

/* `shape`, min to max times. */
static void repeat(Shape *shape, uint32_t min, uint32_t max)
{
    if (min == 1 && max == 1)
        return;
    ShapeBranch *only = &shape->branches[0];
    if (shape->count == 1 && only->count == 1 && only->steps[0].min == 1 &&
            only->steps[0].max == 1) {
        only->steps[0].min = min;
        only->steps[0].max = max;
        only->count = max > 0 ? 1 : 0;
        return;
    }
    /* Once as it is, as it must be there; the others as any bytes of it. */
    ShapeStep others = summary(shape);
    if (min == 0) {
        set_empty(shape);
    } else {
        min--;
        max = max == SHAPE_UNBOUNDED ? max : max - 1;
    }
    others.min = bounded(times(others.min, min));
    others.max = times(others.max, max);
    for (size_t i = 0; i < shape->count; i++)
        append_step(&shape->branches[i], &others);
}

/* ---- sets ---- */

static void add_range(ByteSet *set, uint8_t first, uint8_t last)
{
    for (unsigned byte = first; byte <= last; byte++)
        byte_set_add(set, (uint8_t)byte);
}

/* PCRE2's own tables, which are those of the C locale: only ASCII letters have another case. */
static void add_other_case(ByteSet *set)
{
    for (uint8_t lower = 'a'; lower <= 'z'; lower++) {
        uint8_t upper = (uint8_t)(lower - 'a' + 'A');
        if (byte_set_has(set, lower) || byte_set_has(set, upper)) {
            byte_set_add(set, lower);
            byte_set_add(set, upper);
        }
    }
}

/* \d \D \w \W \s \S; false if `letter` is none of them. */
static bool add_named(ByteSet *set, uint8_t letter)
{
    ByteSet named = {0};
    switch (letter | 0x20) {
    case 'd':
        add_range(&named, '0', '9');
        break;
    case 'w':
        add_range(&named, '0', '9');
        add_range(&named, 'a', 'z');
        add_range(&named, 'A', 'Z');
        byte_set_add(&named, '_');
        break;
    case 's':
        add_range(&named, 9, 13);
        byte_set_add(&named, ' ');
        break;
    default:
        return false;
    }
    if (letter < 'a')
        byte_set_invert(&named);
    byte_set_unite(set, &named);
    return true;
}

static int hex_digit(uint8_t letter)
{
    return letter >= '0' && letter <= '9'                     ? letter - '0'
           : (letter | 0x20) >= 'a' && (letter | 0x20) <= 'f' ? (letter | 0x20) - 'a' + 10
                                                              : -1;
}

static bool is_alphanumeric(uint8_t letter)
{
    return (letter >= '0' && letter <= '9') || ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z');
}

/* The byte that an escape stands for; parser->at is behind the backslash, then behind all of it. */
static bool escaped_byte(Parser *parser, uint8_t *ret_byte)
{
    static const char letters[] = "nrtfea";
    static const char bytes[] = "\n\r\t\f\x1B\a";
    if (parser->at == parser->size)
        return false;
    uint8_t letter = parser->text[parser->at++];
    if (letter == 'x') {
        int high = parser->size - parser->at < 2 ? -1 : hex_digit(parser->text[parser->at]);
        int low = high < 0 ? -1 : hex_digit(parser->text[parser->at + 1]);
        if (low < 0)
            return false;
        parser->at += 2;
        *ret_byte = (uint8_t)(high << 4 | low);
        return true;
    }
    if (!is_alphanumeric(letter)) {
        *ret_byte = letter;
        return letter < 0x80;
    }
    const char *found = strchr(letters, letter);
    if (found != NULL)
        *ret_byte = (uint8_t)bytes[found - letters];
    return found != NULL;
}

static bool next_is(const Parser *parser, uint8_t byte)
{
    return parser->at < parser->size && parser->text[parser->at] == byte;
}

/* One byte of a class, or a named set, which goes into `set` at once. */
static bool class_item(Parser *parser, ByteSet *set, uint8_t *ret_byte, bool *ret_is_byte)
{
    if (parser->at == parser->size)
        return false;
    uint8_t byte = parser->text[parser->at++];
    *ret_is_byte = true;
    *ret_byte = byte;
    if (byte == '[') /* [:alpha:] and the like */
        return parser->at < parser->size && strchr(":.=", parser->text[parser->at]) == NULL;
    if (byte != '\\')
        return true;
    if (parser->at < parser->size && add_named(set, parser->text[parser->at])) {
        parser->at++;
        *ret_is_byte = false;
        return true;
    }
    return escaped_byte(parser, ret_byte);
}

/* Behind "[". A hyphen is known between two bytes, first and last only. */
static bool parse_class(Parser *parser, ByteSet *ret_set)
{
    ByteSet set = {0};
    bool inverted = next_is(parser, '^');
    parser->at += inverted;
    for (bool first = true; first || !next_is(parser, ']'); first = false) {
        uint8_t begin, end;
        bool is_byte;
        bool is_hyphen = next_is(parser, '-');
        if (!class_item(parser, &set, &begin, &is_byte))
            return false;
        if (is_hyphen && !first && !next_is(parser, ']'))
            return false;
        bool is_range = next_is(parser, '-') &&
                        !(parser->at + 1 < parser->size && parser->text[parser->at + 1] == ']');
        if (is_range) {
            parser->at++;
            if (!is_byte || is_hyphen || !class_item(parser, &set, &end, &is_byte) || !is_byte)
                return false;
            add_range(&set, begin, end);
        } else if (is_byte) {
            byte_set_add(&set, begin);
        }
    }
    parser->at++;
    if (parser->ignore_case)
        add_other_case(&set);
    if (inverted)
        byte_set_invert(&set);
    *ret_set = set;
    return true;
}

/* ---- expressions ---- */

static bool parse_alternatives(Parser *parser, Shape *ret_shape);

/* Behind "(?": what kind of group it is. */
static bool parse_group_kind(Parser *parser, bool *ret_no_bytes)
{
    *ret_no_bytes = false;
    if (next_is(parser, ':') || next_is(parser, '>')) {
        parser->at++;
        return true;
    }
    if (next_is(parser, 'P'))
        parser->at++;
    else if (next_is(parser, '=') || next_is(parser, '!')) {
        *ret_no_bytes = true;
        parser->at++;
        return true;
    }
    if (!next_is(parser, '<'))
        return false;
    parser->at++;
    bool named = parser->text[parser->at - 2] == 'P';
    if (!named && (next_is(parser, '=') || next_is(parser, '!'))) {
        *ret_no_bytes = true;
        parser->at++;
        return true;
    }
    while (parser->at < parser->size &&
            (is_alphanumeric(parser->text[parser->at]) || parser->text[parser->at] == '_'))
        parser->at++;
    return parser->at < parser->size && parser->text[parser->at++] == '>';
}

/* Behind "(". */
static bool parse_group(Parser *parser, Shape *ret_shape)
{
    bool no_bytes = false;
    if (next_is(parser, '*')) /* a verb */
        return false;
    if (next_is(parser, '?')) {
        parser->at++;
        if (!parse_group_kind(parser, &no_bytes))
            return false;
    }
    if (!parse_alternatives(parser, ret_shape) || !next_is(parser, ')'))
        return false;
    parser->at++;
    if (no_bytes)
        set_empty(ret_shape);
    return true;
}

/* Behind a backslash. */
static bool parse_escape(Parser *parser, Shape *ret_shape)
{
    ByteSet set = {0};
    uint8_t byte;
    if (parser->at == parser->size)
        return false;
    uint8_t letter = parser->text[parser->at];
    if (letter != 0 && strchr("bBAzZ", letter) != NULL) {
        parser->at++;
        set_empty(ret_shape);
        return true;
    }
    if (add_named(&set, letter)) {
        parser->at++;
    } else {
        if (!escaped_byte(parser, &byte))
            return false;
        byte_set_add(&set, byte);
        if (parser->ignore_case)
            add_other_case(&set);
    }
    set_bytes(ret_shape, &set);
    return true;
}

static bool parse_atom(Parser *parser, Shape *ret_shape)
{
    ByteSet set = {0};
    uint8_t byte = parser->text[parser->at++];
    switch (byte) {
    case '(':
        return parse_group(parser, ret_shape);
    case '\\':
        return parse_escape(parser, ret_shape);
    case '^':
    case '$':
        set_empty(ret_shape);
        return true;
    case '[':
        if (!parse_class(parser, &set))
            return false;
        break;
    case '.':
        byte_set_invert(&set); /* what a line's end is depends on how PCRE2 was built */
        break;
    case '*':
    case '+':
    case '?':
    case '{':
        return false;
    default:
        byte_set_add(&set, byte);
        if (parser->ignore_case)
            add_other_case(&set);
    }
    set_bytes(ret_shape, &set);
    return true;
}

/* Digits; false if there are none, or too many for PCRE2. */
static bool parse_number(Parser *parser, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t begin = parser->at;
    while (parser->at < parser->size && parser->text[parser->at] >= '0' &&
            parser->text[parser->at] <= '9' && number < 65536)
        number = number * 10 + parser->text[parser->at++] - '0';
    *ret_number = number;
    return parser->at > begin && number < 65536;
}

/* None is 1 to 1. Greedy, lazy and possessive ones find matches of the same shape. */
static bool parse_quantifier(Parser *parser, uint32_t *ret_min, uint32_t *ret_max)
{
    *ret_min = 1;
    *ret_max = 1;
    if (parser->at == parser->size || strchr("*+?{", parser->text[parser->at]) == NULL ||
            parser->text[parser->at] == 0)
        return true;
    uint8_t kind = parser->text[parser->at++];
    if (kind == '{') {
        if (!parse_number(parser, ret_min))
            return false;
        *ret_max = *ret_min;
        if (next_is(parser, ',')) {
            parser->at++;
            *ret_max = SHAPE_UNBOUNDED;
            if (!next_is(parser, '}') && !parse_number(parser, ret_max))
                return false;
        }
        if (!next_is(parser, '}') || *ret_max < *ret_min)
            return false;
        parser->at++;
    } else {
        *ret_min = kind == '+';
        *ret_max = kind == '?' ? 1 : SHAPE_UNBOUNDED;
    }
    if (next_is(parser, '?') || next_is(parser, '+'))
        parser->at++;
    return !(next_is(parser, '*') || next_is(parser, '+') || next_is(parser, '?') ||
             next_is(parser, '{'));
}

static bool parse_sequence(Parser *parser, Level *level)
{
    set_empty(&level->sequence);
    while (parser->at < parser->size && !next_is(parser, '|') && !next_is(parser, ')')) {
        uint32_t min, max;
        if (!parse_atom(parser, &level->atom) || !parse_quantifier(parser, &min, &max))
            return false;
        repeat(&level->atom, min, max);
        append_shape(&level->sequence, &level->atom);
    }
    return true;
}

/* Up to the end or a ")", which is left. */
static bool parse_alternatives(Parser *parser, Shape *ret_shape)
{
    Level *level = parser->depth < SHAPE_DEPTH_MAX ? malloc(sizeof *level) : NULL;
    if (level == NULL)
        return false;
    parser->depth++;
    bool known = parse_sequence(parser, level);
    if (known)
        level->whole = level->sequence;
    while (known && next_is(parser, '|')) {
        parser->at++;
        known = parse_sequence(parser, level);
        if (known)
            add_alternatives(&level->whole, &level->sequence);
    }
    if (known)
        *ret_shape = level->whole;
    parser->depth--;
    free(level);
    return known;
}

/* "(?i)" and the like, at the very beginning, where it holds for all. */
static void parse_first_flags(Parser *parser)
{
    if (parser->size < 2 || memcmp(parser->text, "(?", 2) != 0)
        return;
    size_t end = 2;
    bool ignore_case = parser->ignore_case;
    for (; end < parser->size && strchr("ims", parser->text[end]) != NULL && parser->text[end] != 0;
            end++)
        ignore_case = ignore_case || parser->text[end] == 'i';
    if (end == parser->size || parser->text[end] != ')' || end == 2)
        return; /* another kind of group, or none that is known */
    parser->ignore_case = ignore_case;
    parser->at = end + 1;
}

bool shape_parse(const char *text, size_t size, uint32_t flags, Shape *ret_shape)
{
    Parser parser = {.text = (const uint8_t *)text,
            .size = size,
            .ignore_case = (flags & PRO_REGEX_IGNORE_CASE) != 0};
    parse_first_flags(&parser);
    return parse_alternatives(&parser, ret_shape) && parser.at == parser.size;
}
