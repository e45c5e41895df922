/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parser.h"

#include <string.h>

static Expression *parse_expression(Parser *parser, bool in_action, unsigned level);

static Expression *new_expression(Parser *parser, ExpressionKind kind, SourcePosition position)
{
    Expression *expression = compiler_alloc(parser->compiler, sizeof *expression);
    expression->kind = kind;
    expression->position = position;
    return expression;
}

static Expression *parse_unary(Parser *parser, bool in_action)
{
    SourcePosition position = parser_here(parser);
    Expression *expression;
    parser_enter(parser);
    if (parser_at_operator(parser, '-') || parser_at_operator(parser, '~')) {
        bool minus = parser_accept(parser, '-');
        if (!minus)
            parser_expect(parser, '~');
        expression = new_expression(parser, minus ? EXPRESSION_MINUS : EXPRESSION_NOT, position);
        expression->left = parse_unary(parser, in_action);
    } else if (parser_accept(parser, '(')) {
        expression = parse_expression(parser, in_action, 0);
        parser_expect(parser, ')');
    } else if (lexer_peek(parser->lexer)->kind == TOKEN_INTEGER) {
        expression = new_expression(parser, EXPRESSION_INTEGER, position);
        expression->integer = (int64_t)parser_integer(parser, UINT64_MAX, "the integer");
    } else {
        expression = new_expression(parser, EXPRESSION_NAME, position);
        expression->name = parser_name(parser, "an integer, a name or '('");
    }
    parser->nesting--;
    return expression;
}

typedef struct ExpressionOperator {
    int op;
    bool only_in_action; /* in patterns '&' and '|' join patterns */
    unsigned level;
    ExpressionKind kind;
} ExpressionOperator;

enum { EXPRESSION_LEVELS = 6 };

static const ExpressionOperator expression_operators[] = {
        {OP_DOLLAR_OR, false, 0, EXPRESSION_OR},
        {'|', true, 0, EXPRESSION_OR},
        {OP_DOLLAR_XOR, false, 1, EXPRESSION_XOR},
        {'^', true, 1, EXPRESSION_XOR},
        {OP_DOLLAR_AND, false, 2, EXPRESSION_AND},
        {'&', true, 2, EXPRESSION_AND},
        {OP_SHIFT_LEFT, false, 3, EXPRESSION_LSHIFT},
        {OP_SHIFT_RIGHT, false, 3, EXPRESSION_RSHIFT},
        {'+', false, 4, EXPRESSION_PLUS},
        {'-', false, 4, EXPRESSION_SUB},
        {'*', false, 5, EXPRESSION_MULT},
        {'/', false, 5, EXPRESSION_DIV},
};

static const ExpressionOperator *find_operator(Parser *parser, bool in_action, unsigned level)
{
    for (size_t i = 0; i < sizeof expression_operators / sizeof expression_operators[0]; i++) {
        const ExpressionOperator *candidate = &expression_operators[i];
        if (candidate->level == level && (in_action || !candidate->only_in_action) &&
                parser_at_operator(parser, candidate->op))
            return candidate;
    }
    return NULL;
}

static Expression *parse_expression(Parser *parser, bool in_action, unsigned level)
{
    if (level == EXPRESSION_LEVELS)
        return parse_unary(parser, in_action);
    Expression *left = parse_expression(parser, in_action, level + 1);
    const ExpressionOperator *found;
    unsigned nesting = parser->nesting;
    while ((found = find_operator(parser, in_action, level)) != NULL) {
        parser_enter(parser); /* a chain becomes a deep tree */
        Token token = lexer_next(parser->lexer);
        Expression *both = new_expression(parser, found->kind, token.position);
        both->left = left;
        both->right = parse_expression(parser, in_action, level + 1);
        left = both;
    }
    parser->nesting = nesting;
    return left;
}

static Equation *new_equation(Parser *parser, EquationKind kind, SourcePosition position)
{
    Equation *equation = compiler_alloc(parser->compiler, sizeof *equation);
    equation->kind = kind;
    equation->position = position;
    return equation;
}

static bool is_relation(int op)
{
    return op == '=' || op == OP_NOT_EQUAL || op == '<' || op == '>' || op == OP_LESS_EQUAL ||
           op == OP_GREATER_EQUAL;
}

static Equation *parse_atom(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    if (parser_accept(parser, '(')) {
        parser_enter(parser);
        Equation *inner = parse_pattern(parser);
        parser_expect(parser, ')');
        parser->nesting--;
        return inner;
    }
    Equation *equation = new_equation(parser, EQUATION_NAME, position);
    equation->name = parser_name(parser, "a field, a table or '('");
    const Token *token = lexer_peek(parser->lexer);
    if (token->kind == TOKEN_OPERATOR && is_relation(token->op)) {
        equation->kind = EQUATION_CONSTRAINT;
        equation->op = lexer_next(parser->lexer).op;
        equation->value = parse_expression(parser, false, 0);
    }
    return equation;
}

/* "x", "x ...", "... x", "... x ..." */
static Equation *parse_open(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    bool left = parser_accept(parser, OP_ELLIPSIS);
    Equation *equation = parse_atom(parser);
    if (parser_accept(parser, OP_ELLIPSIS)) {
        Equation *open = new_equation(parser, EQUATION_OPEN_RIGHT, position);
        open->left = equation;
        equation = open;
    }
    if (left) {
        Equation *open = new_equation(parser, EQUATION_OPEN_LEFT, position);
        open->left = equation;
        equation = open;
    }
    return equation;
}

static Equation *parse_joined(Parser *parser, unsigned level)
{
    static const struct {
        int op;
        EquationKind kind;
    } levels[] = {{'|', EQUATION_OR}, {';', EQUATION_SEQUENCE}, {'&', EQUATION_AND}};
    if (level == sizeof levels / sizeof levels[0])
        return parse_open(parser);
    Equation *left = parse_joined(parser, level + 1);
    unsigned nesting = parser->nesting;
    while (parser_at_operator(parser, levels[level].op)) {
        parser_enter(parser);
        Equation *both =
                new_equation(parser, levels[level].kind, lexer_next(parser->lexer).position);
        both->left = left;
        both->right = parse_joined(parser, level + 1);
        left = both;
    }
    parser->nesting = nesting;
    return left;
}

Equation *parse_pattern(Parser *parser)
{
    return parse_joined(parser, 0);
}

static Action *parse_action(Parser *parser)
{
    Action *action = compiler_alloc(parser->compiler, sizeof *action);
    action->position = parser_here(parser);
    Name *name = parser_name(parser, "an assignment or globalset");
    if (parser_accept(parser, '(')) {
        if (strcmp(name->text, "globalset") != 0)
            parser_fail(parser, action->position,
                    "only globalset(address, variable) can be called here, not '%s'", name->text);
        action->kind = ACTION_GLOBALSET;
        action->target = parser_name(parser, "the address");
        parser_expect(parser, ',');
        action->context = parser_name(parser, "a context variable");
        parser_expect(parser, ')');
    } else {
        action->kind = ACTION_ASSIGN;
        action->target = name;
        parser_expect(parser, '=');
        action->value = parse_expression(parser, true, 0);
    }
    parser_expect(parser, ';');
    return action;
}

Action *parse_actions(Parser *parser)
{
    Action *first = NULL;
    Action **tail = &first;
    while (!parser_accept(parser, ']')) {
        *tail = parse_action(parser);
        tail = &(*tail)->next;
    }
    return first;
}
