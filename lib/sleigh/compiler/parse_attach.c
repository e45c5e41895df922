/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parser.h"
#include "sleigh/sla_ids.h"

#include <string.h>

typedef struct FieldList {
    Symbol **items;
    size_t count;
} FieldList;

static bool is_blank_name(const Name *name)
{
    return name->length == 1 && name->text[0] == '_';
}

static void add_field(Parser *parser, FieldList *fields)
{
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "a field's name");
    Symbol *symbol = name->global;
    if (symbol == NULL || !model_is_family(symbol))
        parser_fail(parser, position, "'%s' is not a field, so nothing can be attached to it",
                name->text);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i] == symbol) {
            compiler_warning(parser->compiler, position, "'%s' is named twice", name->text);
            return;
        }
    }
    if (symbol->kind != SYMBOL_VALUE && symbol->kind != SYMBOL_CONTEXT)
        parser_fail(parser, position, "'%s' has an attached meaning already", name->text);
    COMPILER_PUSH(parser->compiler, fields->items, fields->count, symbol);
}

static FieldList parse_field_list(Parser *parser)
{
    FieldList fields = {0};
    if (!parser_accept(parser, '[')) {
        add_field(parser, &fields);
        return fields;
    }
    while (!parser_accept(parser, ']'))
        add_field(parser, &fields);
    return fields;
}

/* The list must have one entry for each value of each field. */
static void check_count(Parser *parser, SourcePosition position, FieldList fields, size_t count)
{
    for (size_t i = 0; i < fields.count; i++) {
        unsigned bits = model_field_bits(&fields.items[i]->field);
        if (bits > SLEIGH_LIMIT_ATTACH_BITS)
            compiler_limit(parser->compiler, position,
                    "bits of a field with attached meaning, SLEIGH_LIMIT_ATTACH_BITS",
                    SLEIGH_LIMIT_ATTACH_BITS);
        if (count != (size_t)1 << bits)
            compiler_error(parser->compiler, position,
                    "%zu entries are given, but field '%s' has %u bits and needs %zu", count,
                    fields.items[i]->name->text, bits, (size_t)1 << bits);
    }
}

static void check_length(Parser *parser, size_t count)
{
    if (count >= SLEIGH_LIMIT_NAME_LIST)
        compiler_limit(parser->compiler, parser_here(parser),
                "entries of a list, SLEIGH_LIMIT_NAME_LIST", SLEIGH_LIMIT_NAME_LIST);
}

static void attach_variables(Parser *parser)
{
    FieldList fields = parse_field_list(parser);
    SourcePosition position = parser_here(parser);
    Symbol **items = NULL;
    size_t count = 0;
    unsigned bytes = 0;
    bool is_list = parser_accept(parser, '[');
    do {
        SourcePosition item_position = parser_here(parser);
        Name *name = parser_name(parser, "a register's name");
        Symbol *item = is_blank_name(name) ? NULL : name->global;
        if (!is_blank_name(name) && (item == NULL || item->kind != SYMBOL_VARNODE))
            parser_fail(parser, item_position, "'%s' is not a register", name->text);
        if (item != NULL && bytes != 0 && item->varnode.bytes != bytes)
            compiler_error(parser->compiler, item_position,
                    "'%s' has %u bytes, but the registers before it have %u; all of a list must have "
                    "one size",
                    name->text, item->varnode.bytes, bytes);
        if (item != NULL && bytes == 0)
            bytes = item->varnode.bytes;
        check_length(parser, count);
        COMPILER_PUSH(parser->compiler, items, count, item);
    } while (is_list && !parser_accept(parser, ']'));
    check_count(parser, position, fields, count);
    for (size_t i = 0; i < fields.count; i++) {
        fields.items[i]->kind = SYMBOL_VARLIST;
        fields.items[i]->registers.items = items;
        fields.items[i]->registers.count = count;
        fields.items[i]->registers.bytes = bytes;
    }
}

static int64_t parse_value(Parser *parser)
{
    if (parser_at_word(parser, "_")) {
        (void)lexer_next(parser->lexer);
        return SLA_ILLEGAL_VALUE;
    }
    bool negative = parser_accept(parser, '-');
    uint64_t value = parser_integer(parser, UINT64_MAX, "an integer");
    return (int64_t)(negative ? 0 - value : value);
}

static void attach_values(Parser *parser)
{
    FieldList fields = parse_field_list(parser);
    SourcePosition position = parser_here(parser);
    int64_t *items = NULL;
    size_t count = 0;
    bool is_list = parser_accept(parser, '[');
    do {
        int64_t value = parse_value(parser);
        check_length(parser, count);
        COMPILER_PUSH(parser->compiler, items, count, value);
    } while (is_list && !parser_accept(parser, ']'));
    check_count(parser, position, fields, count);
    for (size_t i = 0; i < fields.count; i++) {
        fields.items[i]->kind = SYMBOL_VALUEMAP;
        fields.items[i]->values.items = items;
        fields.items[i]->values.count = count;
    }
}

static void attach_names(Parser *parser)
{
    FieldList fields = parse_field_list(parser);
    SourcePosition position = parser_here(parser);
    Name **items = NULL;
    size_t count = 0;
    bool is_list = parser_accept(parser, '[');
    do {
        Token token = *lexer_peek(parser->lexer);
        if (token.kind != TOKEN_NAME && token.kind != TOKEN_STRING)
            parser_unexpected(parser, "a text or a name");
        (void)lexer_next(parser->lexer);
        check_length(parser, count);
        Name *item = is_blank_name(token.name) ? NULL : token.name;
        COMPILER_PUSH(parser->compiler, items, count, item);
    } while (is_list && !parser_accept(parser, ']'));
    check_count(parser, position, fields, count);
    for (size_t i = 0; i < fields.count; i++) {
        fields.items[i]->kind = SYMBOL_NAMES;
        fields.items[i]->names.items = items;
        fields.items[i]->names.count = count;
    }
}

void parse_attach(Parser *parser)
{
    if (parser_accept_word(parser, "variables"))
        attach_variables(parser);
    else if (parser_accept_word(parser, "values"))
        attach_values(parser);
    else if (parser_accept_word(parser, "names"))
        attach_names(parser);
    else
        parser_unexpected(parser, "variables, values or names");
    parser_expect(parser, ';');
}
