/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parse_semantic.h"

#include <string.h>

enum { LARGEST_VALUE_BYTES = 1 << 12, UNARY_LEVEL = 10 };

typedef struct BinaryOperator {
    int op;
    unsigned level;
    unsigned opcode;
    bool swapped;
} BinaryOperator;

static const BinaryOperator binary_operators[] = {
        {OP_BOOL_OR, 0, PRO_PCODE_BOOL_OR, false},
        {OP_BOOL_AND, 1, PRO_PCODE_BOOL_AND, false},
        {OP_BOOL_XOR, 1, PRO_PCODE_BOOL_XOR, false},
        {'|', 2, PRO_PCODE_INT_OR, false},
        {'^', 3, PRO_PCODE_INT_XOR, false},
        {'&', 4, PRO_PCODE_INT_AND, false},
        {OP_EQUAL, 5, PRO_PCODE_INT_EQUAL, false},
        {OP_NOT_EQUAL, 5, PRO_PCODE_INT_NOTEQUAL, false},
        {OP_F_EQUAL, 5, PRO_PCODE_FLOAT_EQUAL, false},
        {OP_F_NOT_EQUAL, 5, PRO_PCODE_FLOAT_NOTEQUAL, false},
        {'<', 6, PRO_PCODE_INT_LESS, false},
        {OP_LESS_EQUAL, 6, PRO_PCODE_INT_LESSEQUAL, false},
        {'>', 6, PRO_PCODE_INT_LESS, true},
        {OP_GREATER_EQUAL, 6, PRO_PCODE_INT_LESSEQUAL, true},
        {OP_S_LESS, 6, PRO_PCODE_INT_SLESS, false},
        {OP_S_LESS_EQUAL, 6, PRO_PCODE_INT_SLESSEQUAL, false},
        {OP_S_GREATER, 6, PRO_PCODE_INT_SLESS, true},
        {OP_S_GREATER_EQUAL, 6, PRO_PCODE_INT_SLESSEQUAL, true},
        {OP_F_LESS, 6, PRO_PCODE_FLOAT_LESS, false},
        {OP_F_LESS_EQUAL, 6, PRO_PCODE_FLOAT_LESSEQUAL, false},
        {OP_F_GREATER, 6, PRO_PCODE_FLOAT_LESS, true},
        {OP_F_GREATER_EQUAL, 6, PRO_PCODE_FLOAT_LESSEQUAL, true},
        {OP_SHIFT_LEFT, 7, PRO_PCODE_INT_LEFT, false},
        {OP_SHIFT_RIGHT, 7, PRO_PCODE_INT_RIGHT, false},
        {OP_S_SHIFT_RIGHT, 7, PRO_PCODE_INT_SRIGHT, false},
        {'+', 8, PRO_PCODE_INT_ADD, false},
        {'-', 8, PRO_PCODE_INT_SUB, false},
        {OP_F_ADD, 8, PRO_PCODE_FLOAT_ADD, false},
        {OP_F_SUBTRACT, 8, PRO_PCODE_FLOAT_SUB, false},
        {'*', 9, PRO_PCODE_INT_MULT, false},
        {'/', 9, PRO_PCODE_INT_DIV, false},
        {'%', 9, PRO_PCODE_INT_REM, false},
        {OP_S_DIVIDE, 9, PRO_PCODE_INT_SDIV, false},
        {OP_S_REMAINDER, 9, PRO_PCODE_INT_SREM, false},
        {OP_F_MULTIPLY, 9, PRO_PCODE_FLOAT_MULT, false},
        {OP_F_DIVIDE, 9, PRO_PCODE_FLOAT_DIV, false},
};

typedef struct Function {
    const char *name;
    unsigned opcode;
    unsigned least;
    unsigned most;
} Function;

static const Function functions[] = {
        {"zext", PRO_PCODE_INT_ZEXT, 1, 1},
        {"sext", PRO_PCODE_INT_SEXT, 1, 1},
        {"carry", PRO_PCODE_INT_CARRY, 2, 2},
        {"scarry", PRO_PCODE_INT_SCARRY, 2, 2},
        {"sborrow", PRO_PCODE_INT_SBORROW, 2, 2},
        {"nan", PRO_PCODE_FLOAT_NAN, 1, 1},
        {"abs", PRO_PCODE_FLOAT_ABS, 1, 1},
        {"sqrt", PRO_PCODE_FLOAT_SQRT, 1, 1},
        {"ceil", PRO_PCODE_FLOAT_CEIL, 1, 1},
        {"floor", PRO_PCODE_FLOAT_FLOOR, 1, 1},
        {"round", PRO_PCODE_FLOAT_ROUND, 1, 1},
        {"int2float", PRO_PCODE_FLOAT_INT2FLOAT, 1, 1},
        {"float2float", PRO_PCODE_FLOAT_FLOAT2FLOAT, 1, 1},
        {"trunc", PRO_PCODE_FLOAT_TRUNC, 1, 1},
        {"popcount", PRO_PCODE_POPCOUNT, 1, 1},
        {"lzcount", PRO_PCODE_LZCOUNT, 1, 1},
        {"cpool", PRO_PCODE_CPOOLREF, 1, 255},
        {"newobject", PRO_PCODE_NEW, 1, 2},
};

static Term *new_term(Parser *parser, TermKind kind, SourcePosition position)
{
    Term *term = compiler_alloc(parser->compiler, sizeof *term);
    term->kind = kind;
    term->position = position;
    return term;
}

static Term *new_operation(
        Parser *parser, SourcePosition position, unsigned opcode, Term *left, Term *right)
{
    Term *term = new_term(parser, TERM_OPERATION, position);
    term->opcode = opcode;
    COMPILER_PUSH(parser->compiler, term->terms, term->term_count, left);
    if (right != NULL)
        COMPILER_PUSH(parser->compiler, term->terms, term->term_count, right);
    return term;
}

Term **parse_arguments(Parser *parser, size_t *ret_count)
{
    Term **terms = NULL;
    *ret_count = 0;
    while (!parser_at_operator(parser, ')')) {
        if (*ret_count > 0)
            parser_expect(parser, ',');
        if (*ret_count >= 254)
            compiler_limit(parser->compiler, parser_here(parser), "arguments", 254);
        COMPILER_PUSH(parser->compiler, terms, *ret_count, parse_term(parser));
    }
    parser_expect(parser, ')');
    return terms;
}

static const Function *find_function(const Name *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name->text) == 0)
            return &functions[i];
    return NULL;
}

/* Behind "name(": a function, "x(n)", or a user operation. */
static Term *parse_call(Parser *parser, Name *name, SourcePosition position)
{
    const Function *function = find_function(name);
    bool is_userop = name->global != NULL &&
                     (name->global->kind == SYMBOL_USEROP || name->global->kind == SYMBOL_MACRO);
    if (function == NULL && !is_userop && lexer_peek(parser->lexer)->kind == TOKEN_INTEGER) {
        Term *term = new_term(parser, TERM_DROP, position);
        term->name = name;
        term->low = (unsigned)parser_integer(parser, LARGEST_VALUE_BYTES, "the bytes to drop");
        parser_expect(parser, ')');
        return term;
    }
    Term *term = new_term(parser, TERM_CALL, position);
    term->name = name;
    term->terms = parse_arguments(parser, &term->term_count);
    if (function == NULL)
        return term;
    if (term->term_count < function->least || term->term_count > function->most)
        parser_fail(parser, position, "%s() takes %u %s, not %zu", function->name, function->least,
                function->least == 1 ? "value" : "values", term->term_count);
    bool variadic = function->opcode == PRO_PCODE_CPOOLREF || function->opcode == PRO_PCODE_NEW;
    term->kind = variadic ? TERM_VARIADIC : TERM_OPERATION;
    term->opcode = function->opcode;
    return term;
}

unsigned parse_byte_count(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    unsigned bytes = (unsigned)parser_integer(parser, LARGEST_VALUE_BYTES, "the size in bytes");
    if (bytes == 0)
        parser_fail(parser, position, "a size is at least 1 byte");
    return bytes;
}

/* Behind "name[": "low,bits]". */
void parse_bit_range(Parser *parser, unsigned *ret_low, unsigned *ret_bits)
{
    *ret_low = (unsigned)parser_integer(parser, 8 * LARGEST_VALUE_BYTES, "the lowest bit");
    parser_expect(parser, ',');
    SourcePosition position = parser_here(parser);
    *ret_bits = (unsigned)parser_integer(parser, 8 * LARGEST_VALUE_BYTES, "the number of bits");
    if (*ret_bits == 0)
        parser_fail(parser, position, "a bit range has at least one bit");
    parser_expect(parser, ']');
}

static Term *parse_named(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "a value");
    if (parser_accept(parser, '('))
        return parse_call(parser, name, position);
    Term *term = new_term(parser, TERM_NAME, position);
    term->name = name;
    if (parser_accept(parser, ':')) {
        term->kind = TERM_RANGE;
        term->bits = 8 * parse_byte_count(parser);
    } else if (parser_accept(parser, '[')) {
        term->kind = TERM_RANGE;
        parse_bit_range(parser, &term->low, &term->bits);
    }
    return term;
}

void parse_dereference(Parser *parser, Name **ret_space, unsigned *ret_bytes)
{
    *ret_space = NULL;
    *ret_bytes = 0;
    if (parser_accept(parser, '[')) {
        *ret_space = parser_name(parser, "a space's name");
        parser_expect(parser, ']');
    }
    if (parser_accept(parser, ':'))
        *ret_bytes = parse_byte_count(parser);
}

static Term *parse_address_of(Parser *parser, SourcePosition position)
{
    Term *term = new_term(parser, TERM_ADDRESS, position);
    if (parser_accept(parser, ':'))
        term->bytes = parse_byte_count(parser);
    term->name = parser_name(parser, "a register, operand or variable");
    return term;
}

static Term *parse_primary(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    if (parser_accept(parser, '(')) {
        Term *inner = parse_term(parser);
        parser_expect(parser, ')');
        return inner;
    }
    if (parser_accept(parser, '&'))
        return parse_address_of(parser, position);
    if (lexer_peek(parser->lexer)->kind != TOKEN_INTEGER)
        return parse_named(parser);
    Term *term = new_term(parser, TERM_INTEGER, position);
    term->integer = parser_integer(parser, UINT64_MAX, "the integer");
    if (parser_accept(parser, ':'))
        term->bytes = parse_byte_count(parser);
    return term;
}

static Term *parse_unary(Parser *parser)
{
    static const struct {
        int op;
        unsigned opcode;
    } prefixes[] = {{'!', PRO_PCODE_BOOL_NEGATE}, {'~', PRO_PCODE_INT_NEGATE},
            {'-', PRO_PCODE_INT_2COMP}, {OP_F_SUBTRACT, PRO_PCODE_FLOAT_NEG}};
    SourcePosition position = parser_here(parser);
    Term *term = NULL;
    parser_enter(parser);
    for (size_t i = 0; term == NULL && i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (parser_accept(parser, prefixes[i].op))
            term = new_operation(parser, position, prefixes[i].opcode, parse_unary(parser), NULL);
    if (term == NULL && parser_accept(parser, '*')) {
        Term *load = new_term(parser, TERM_LOAD, position);
        parse_dereference(parser, &load->space, &load->bytes);
        COMPILER_PUSH(parser->compiler, load->terms, load->term_count, parse_unary(parser));
        term = load;
    }
    if (term == NULL)
        term = parse_primary(parser);
    parser->nesting--;
    return term;
}

static const BinaryOperator *find_binary(Parser *parser, unsigned level)
{
    const Token *token = lexer_peek(parser->lexer);
    if (token->kind != TOKEN_OPERATOR)
        return NULL;
    for (size_t i = 0; i < sizeof binary_operators / sizeof binary_operators[0]; i++)
        if (binary_operators[i].op == token->op && binary_operators[i].level == level)
            return &binary_operators[i];
    return NULL;
}

static Term *parse_level(Parser *parser, unsigned level)
{
    if (level == UNARY_LEVEL)
        return parse_unary(parser);
    Term *left = parse_level(parser, level + 1);
    const BinaryOperator *found;
    unsigned nesting = parser->nesting;
    while ((found = find_binary(parser, level)) != NULL) {
        parser_enter(parser);
        SourcePosition position = lexer_next(parser->lexer).position;
        Term *right = parse_level(parser, level + 1);
        left = found->swapped ? new_operation(parser, position, found->opcode, right, left)
                              : new_operation(parser, position, found->opcode, left, right);
    }
    parser->nesting = nesting;
    return left;
}

Term *parse_term(Parser *parser)
{
    return parse_level(parser, 0);
}
