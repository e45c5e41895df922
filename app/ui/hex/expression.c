/* SPDX-License-Identifier: Apache-2.0 */
#include "expression.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Values are signed and wide, so that "end + 10 - 20" is exact; each step is checked. */
typedef __int128 Wide;
#define WIDE_MAX ((Wide)1 << 100)

typedef struct Parser {
    const char *text;
    const char *at;
    const HexPlace *place;
    unsigned depth;
    bool relative; /* names or a leading sign: the value is an offset already */
    ProError *error;
    ProStatus status; /* of the first failure */
} Parser;

PRO_PRINTF(3, 4) static Wide fail(Parser *parser, ProStatus status, const char *format, ...)
{
    if (parser->status != PRO_OK)
        return 0;
    parser->status = status;
    if (parser->error == NULL)
        return 0;
    va_list arguments;
    va_start(arguments, format);
    *parser->error = (ProError){.status = status};
    (void)vsnprintf(parser->error->text, sizeof parser->error->text, format, arguments);
    va_end(arguments);
    return 0;
}

static void skip_space(Parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t')
        parser->at++;
}

static bool accept(Parser *parser, char wanted)
{
    skip_space(parser);
    if (*parser->at != wanted)
        return false;
    parser->at++;
    return true;
}

static Wide bounded(Parser *parser, Wide value)
{
    if (value > WIDE_MAX || value < -WIDE_MAX)
        return fail(parser, PRO_ERR_INVALID, "a number is too large");
    return value;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    int lower = tolower((unsigned char)digit);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/* The digits of [begin, end); `_` between them is skipped. */
static Wide read_digits(Parser *parser, const char *begin, const char *end, int radix)
{
    Wide value = 0;
    bool any = false;
    for (const char *at = begin; at < end; at++) {
        if (*at == '_' && any)
            continue;
        if (digit_value(*at) >= radix)
            return fail(parser, PRO_ERR_FORMAT, "'%c' is not a %s digit", *at,
                    radix == 16 ? "hexadecimal" : "decimal");
        value = bounded(parser, value * radix + digit_value(*at));
        any = true;
    }
    return any ? value : fail(parser, PRO_ERR_FORMAT, "a number without digits");
}

static Wide read_number(Parser *parser, const char *begin, const char *end)
{
    if (end - begin > 2 && begin[0] == '0' && tolower((unsigned char)begin[1]) == 'x')
        return read_digits(parser, begin + 2, end, 16);
    if (end - begin > 2 && begin[0] == '0' && tolower((unsigned char)begin[1]) == 'n')
        return read_digits(parser, begin + 2, end, 10);
    if (end - begin > 1 && tolower((unsigned char)end[-1]) == 'h')
        return read_digits(parser, begin, end - 1, 16);
    return read_digits(parser, begin, end, parser->place->decimal ? 10 : 16);
}

static bool is_word(const char *begin, const char *end, const char *word)
{
    size_t size = (size_t)(end - begin);
    return strlen(word) == size && strncasecmp(begin, word, size) == 0;
}

static Wide read_word(Parser *parser)
{
    const char *begin = parser->at;
    while (isalnum((unsigned char)*parser->at) || *parser->at == '_')
        parser->at++;
    const char *end = parser->at;
    uint64_t size = parser->place->size;
    bool here = is_word(begin, end, "here");
    bool last = is_word(begin, end, "end");
    if (here || last || is_word(begin, end, "start")) {
        parser->relative = true;
        return here ? parser->place->cursor : last && size > 0 ? size - 1 : 0;
    }
    return read_number(parser, begin, end);
}

static Wide read_sum(Parser *parser);

static Wide read_operand(Parser *parser)
{
    if (parser->status != PRO_OK)
        return 0;
    if (++parser->depth > HEX_EXPRESSION_DEPTH_MAX)
        return fail(parser, PRO_ERR_LIMIT, "too many parentheses and signs");
    Wide value;
    if (accept(parser, '(')) {
        value = read_sum(parser);
        if (!accept(parser, ')'))
            value = fail(parser, PRO_ERR_FORMAT, "a ')' is missing");
    } else if (accept(parser, '-')) {
        value = -read_operand(parser);
    } else if (accept(parser, '.') || accept(parser, '$')) {
        parser->relative = true;
        value = parser->place->cursor;
    } else if (isalnum((unsigned char)*parser->at)) {
        value = read_word(parser);
    } else if (*parser->at == '\0') {
        value = fail(parser, PRO_ERR_FORMAT, "a number is missing at the end");
    } else {
        value = fail(parser, PRO_ERR_FORMAT, "'%c' was not expected", *parser->at);
    }
    parser->depth--;
    return value;
}

static Wide read_product(Parser *parser)
{
    Wide value = read_operand(parser);
    while (parser->status == PRO_OK && accept(parser, '*')) {
        Wide factor = read_operand(parser);
        Wide product;
        if (__builtin_mul_overflow(value, factor, &product))
            return fail(parser, PRO_ERR_INVALID, "a number is too large");
        value = bounded(parser, product);
    }
    return value;
}

static Wide read_sum(Parser *parser)
{
    Wide value = read_product(parser);
    while (parser->status == PRO_OK) {
        if (accept(parser, '+'))
            value = bounded(parser, value + read_product(parser));
        else if (accept(parser, '-'))
            value = bounded(parser, value - read_product(parser));
        else
            break;
    }
    return value;
}

static bool read_percent(Parser *parser, Wide *ret_value)
{
    unsigned percent;
    int used = 0;
    if (sscanf(parser->at, " %3u %% %n", &percent, &used) != 1 || used == 0 ||
            parser->at[used] != '\0')
        return false;
    if (percent > 100)
        *ret_value = fail(parser, PRO_ERR_INVALID, "%u%% is more than all", percent);
    else
        *ret_value = (Wide)parser->place->size * percent / 100;
    if (*ret_value > 0 && *ret_value == parser->place->size)
        *ret_value -= 1;
    return true;
}

static Wide read_all(Parser *parser)
{
    Wide value;
    if (read_percent(parser, &value))
        return value;
    bool plus = accept(parser, '+');
    skip_space(parser);
    bool moves = plus || *parser->at == '-';
    value = read_sum(parser);
    skip_space(parser);
    if (parser->status == PRO_OK && *parser->at != '\0')
        return fail(parser, PRO_ERR_FORMAT, "'%c' was not expected", *parser->at);
    if (moves)
        return value + (parser->relative ? 0 : parser->place->cursor);
    return parser->relative ? value : value - parser->place->base;
}

ProStatus hex_expression_offset(
        const char *text, const HexPlace *place, uint64_t *ret_offset, ProError *reterr)
{
    Parser parser = {.text = text, .at = text, .place = place, .error = reterr};
    if (strnlen(text, HEX_EXPRESSION_MAX + 1) > HEX_EXPRESSION_MAX) {
        (void)fail(&parser, PRO_ERR_LIMIT, "longer than %d characters", HEX_EXPRESSION_MAX);
        return parser.status;
    }
    Wide offset = read_all(&parser);
    if (parser.status != PRO_OK)
        return parser.status;
    if (offset < 0)
        (void)fail(&parser, PRO_ERR_INVALID, "that lies before the first byte");
    else if (offset > 0 && offset >= place->size)
        (void)fail(&parser, PRO_ERR_INVALID, "that lies behind the last byte, at %" PRIX64,
                place->base + (place->size > 0 ? place->size - 1 : 0));
    else
        *ret_offset = (uint64_t)offset;
    return parser.status;
}
