/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parse_semantic.h"

#include <string.h>

static Statement *new_statement(Parser *parser, StatementKind kind, SourcePosition position)
{
    Statement *statement = compiler_alloc(parser->compiler, sizeof *statement);
    statement->kind = kind;
    statement->position = position;
    return statement;
}

/* Where a branch or call goes: a symbol, "N", "N[space]", "<label>", or "[value]". */
static Statement *parse_destination(
        Parser *parser, SourcePosition position, unsigned direct, unsigned indirect)
{
    Statement *statement = new_statement(parser, STATEMENT_BRANCH, position);
    statement->opcode = direct;
    if (indirect != 0 && parser_accept(parser, '[')) {
        statement->kind = STATEMENT_INDIRECT;
        statement->opcode = indirect;
        statement->value = parse_term(parser);
        parser_expect(parser, ']');
    } else if (direct == 0) {
        parser_unexpected(parser, "'[' (return needs the address: return [x];)");
    } else if (parser_accept(parser, '<')) {
        statement->destination = DESTINATION_LABEL;
        statement->name = parser_name(parser, "a label's name");
        parser_expect(parser, '>');
    } else if (lexer_peek(parser->lexer)->kind == TOKEN_INTEGER) {
        statement->destination = DESTINATION_INTEGER;
        statement->integer = parser_integer(parser, UINT64_MAX, "the address");
        if (parser_accept(parser, '[')) {
            statement->space = parser_name(parser, "a space's name");
            parser_expect(parser, ']');
        }
    } else {
        statement->destination = DESTINATION_NAME;
        statement->name = parser_name(parser, "a destination");
    }
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_if(Parser *parser, SourcePosition position)
{
    Term *condition = parse_term(parser);
    if (!parser_accept_word(parser, "goto"))
        parser_unexpected(parser, "goto");
    Statement *statement = parse_destination(parser, position, PRO_PCODE_CBRANCH, 0);
    statement->value = condition;
    return statement;
}

static Statement *parse_export(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_EXPORT, position);
    if (parser_accept(parser, '*')) {
        statement->kind = STATEMENT_EXPORT_LOAD;
        parse_dereference(parser, &statement->space, &statement->bytes);
    }
    statement->value = parse_term(parser);
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_store(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_STORE, position);
    parse_dereference(parser, &statement->space, &statement->bytes);
    statement->pointer = parse_term(parser);
    parser_expect(parser, '=');
    statement->value = parse_term(parser);
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_label(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_LABEL, position);
    statement->name = parser_name(parser, "a label's name");
    parser_expect(parser, '>');
    return statement;
}

static Statement *parse_section(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_SECTION, position);
    statement->name = parser_name(parser, "a section's name");
    parser_expect(parser, OP_SHIFT_RIGHT);
    return statement;
}

/* Behind a name, or "local" and a name. */
static Statement *parse_assignment(
        Parser *parser, Name *name, SourcePosition position, bool is_local)
{
    Statement *statement = new_statement(parser, STATEMENT_ASSIGN, position);
    statement->name = name;
    statement->is_local = is_local;
    if (parser_accept(parser, ':')) {
        statement->bytes = parse_byte_count(parser);
    } else if (!is_local && parser_accept(parser, '[')) {
        statement->kind = STATEMENT_ASSIGN_RANGE;
        parse_bit_range(parser, &statement->low, &statement->bits);
    } else if (!is_local && parser_accept(parser, '(')) {
        statement->kind = STATEMENT_INVOKE;
        statement->terms = parse_arguments(parser, &statement->term_count);
        parser_expect(parser, ';');
        return statement;
    }
    if (is_local && parser_accept(parser, ';')) {
        statement->kind = STATEMENT_DECLARE;
        return statement;
    }
    parser_expect(parser, '=');
    statement->value = parse_term(parser);
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_delayslot(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_DELAYSLOT, position);
    parser_expect(parser, '(');
    statement->integer = parser_integer(parser, 64, "the delay slot's bytes");
    parser_expect(parser, ')');
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_crossbuild(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_CROSSBUILD, position);
    statement->value = parse_term(parser);
    parser_expect(parser, ',');
    statement->name = parser_name(parser, "a section's name");
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_build(Parser *parser, SourcePosition position)
{
    Statement *statement = new_statement(parser, STATEMENT_BUILD, position);
    statement->name = parser_name(parser, "an operand");
    parser_expect(parser, ';');
    return statement;
}

static Statement *parse_worded(Parser *parser, Name *word, SourcePosition position)
{
    const char *text = word->text;
    if (strcmp(text, "goto") == 0)
        return parse_destination(parser, position, PRO_PCODE_BRANCH, PRO_PCODE_BRANCHIND);
    if (strcmp(text, "call") == 0)
        return parse_destination(parser, position, PRO_PCODE_CALL, PRO_PCODE_CALLIND);
    if (strcmp(text, "return") == 0)
        return parse_destination(parser, position, 0, PRO_PCODE_RETURN);
    if (strcmp(text, "if") == 0)
        return parse_if(parser, position);
    if (strcmp(text, "export") == 0)
        return parse_export(parser, position);
    if (strcmp(text, "build") == 0)
        return parse_build(parser, position);
    if (strcmp(text, "crossbuild") == 0)
        return parse_crossbuild(parser, position);
    if (strcmp(text, "delayslot") == 0)
        return parse_delayslot(parser, position);
    if (strcmp(text, "local") == 0)
        return parse_assignment(parser, parser_name(parser, "a variable's name"), position, true);
    return parse_assignment(parser, word, position, false);
}

static Statement *parse_statement(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    if (parser_accept(parser, '*'))
        return parse_store(parser, position);
    if (parser_accept(parser, '<'))
        return parse_label(parser, position);
    if (parser_accept(parser, OP_SHIFT_LEFT))
        return parse_section(parser, position);
    Name *word = parser_name(parser, "a statement or '}'");
    return parse_worded(parser, word, position);
}

/* After an error in a statement: behind its ';', or at the '}' of the body. */
static void skip_to_statement(Parser *parser)
{
    for (;;) {
        const Token *token = lexer_peek(parser->lexer);
        if (token->kind == TOKEN_END)
            return;
        if (token->kind == TOKEN_OPERATOR && token->op == '}')
            return;
        if (lexer_next(parser->lexer).op == ';')
            return;
    }
}

typedef struct BodyState {
    Statement *first;
    Statement **tail;
} BodyState;

Statement *parse_body(Parser *parser)
{
    jmp_buf *outer_recover = parser->recover;
    unsigned nesting = parser->nesting;
    BodyState *body = compiler_alloc(parser->compiler, sizeof *body);
    body->tail = &body->first;
    jmp_buf recover;
    if (setjmp(recover) != 0) {
        skip_to_statement(parser);
        parser->nesting = nesting;
    }
    parser->recover = &recover;
    for (;;) {
        if (lexer_peek(parser->lexer)->kind == TOKEN_END) {
            compiler_error(parser->compiler, parser_here(parser), "the '{' has no '}'");
            break;
        }
        if (parser_accept(parser, '}'))
            break;
        *body->tail = parse_statement(parser);
        body->tail = &(*body->tail)->next;
    }
    parser->recover = outer_recover;
    return body->first;
}
