/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parser.h"

#include "sleigh/compiler/constructor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void parser_fail(Parser *parser, SourcePosition position, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    compiler_error(parser->compiler, position, "%s", text);
    longjmp(*parser->recover, 1);
}

SourcePosition parser_here(Parser *parser)
{
    return lexer_peek(parser->lexer)->position;
}

void parser_unexpected(Parser *parser, const char *expected)
{
    char found[160];
    const Token *token = lexer_peek(parser->lexer);
    parser_fail(parser, token->position, "%s was expected, not %s", expected,
            lexer_describe(token, found, sizeof found));
}

bool parser_at_operator(Parser *parser, int op)
{
    const Token *token = lexer_peek(parser->lexer);
    return token->kind == TOKEN_OPERATOR && token->op == op;
}

bool parser_at_word(Parser *parser, const char *word)
{
    const Token *token = lexer_peek(parser->lexer);
    return token->kind == TOKEN_NAME && strcmp(token->name->text, word) == 0;
}

bool parser_accept(Parser *parser, int op)
{
    if (!parser_at_operator(parser, op))
        return false;
    (void)lexer_next(parser->lexer);
    return true;
}

bool parser_accept_word(Parser *parser, const char *word)
{
    if (!parser_at_word(parser, word))
        return false;
    (void)lexer_next(parser->lexer);
    return true;
}

void parser_expect(Parser *parser, int op)
{
    if (parser_accept(parser, op))
        return;
    char expected[32];
    Token token = {.kind = TOKEN_OPERATOR, .op = op};
    parser_unexpected(parser, lexer_describe(&token, expected, sizeof expected));
}

Name *parser_name(Parser *parser, const char *what)
{
    if (lexer_peek(parser->lexer)->kind != TOKEN_NAME)
        parser_unexpected(parser, what);
    return lexer_next(parser->lexer).name;
}

uint64_t parser_integer(Parser *parser, uint64_t largest, const char *what)
{
    const Token *token = lexer_peek(parser->lexer);
    if (token->kind != TOKEN_INTEGER)
        parser_unexpected(parser, what);
    if (token->overflow || token->integer > largest)
        parser_fail(parser, token->position, "%s is too large; at most %llu is possible", what,
                (unsigned long long)largest);
    return lexer_next(parser->lexer).integer;
}

void parser_enter(Parser *parser)
{
    if (++parser->nesting > SLEIGH_LIMIT_NESTING)
        compiler_limit(parser->compiler, parser_here(parser), "nesting, SLEIGH_LIMIT_NESTING",
                SLEIGH_LIMIT_NESTING);
}

/* After an error: goes to where the next definition or constructor can begin. */
static void skip_statement(Parser *parser)
{
    unsigned depth = 0;
    lexer_set_mode(parser->lexer, LEXER_PLAIN);
    for (;;) {
        if (depth == 0 && !parser->in_constructor && parser_at_operator(parser, '}'))
            return; /* belongs to the block around */
        Token token = lexer_next(parser->lexer);
        if (token.kind == TOKEN_END)
            return;
        if (token.kind == TOKEN_NAME && depth == 0 && strcmp(token.name->text, "unimpl") == 0)
            return;
        if (token.kind != TOKEN_OPERATOR)
            continue;
        if (token.op == ';' && depth == 0 && !parser->in_constructor)
            return;
        if (token.op == '{')
            depth++;
        if (token.op == '}' && (depth == 0 || --depth == 0))
            return;
    }
}

static Symbol *find_or_create_table(Parser *parser, Name *name, SourcePosition position)
{
    if (name->global == NULL)
        return model_table(parser->compiler, name, position);
    if (name->global->kind != SYMBOL_TABLE)
        parser_fail(parser, position, "'%s' is a %s, so it cannot have constructors", name->text,
                model_kind_text(name->global->kind));
    return name->global;
}

static Symbol *current_table(Parser *parser)
{
    for (const WithBlock *with = parser->with; with != NULL; with = with->outer)
        if (with->table != NULL)
            return with->table;
    return parser->compiler->model->root;
}

static void parse_display(Parser *parser, RawConstructor *raw)
{
    for (;;) {
        DisplayPiece piece = lexer_next_display(parser->lexer);
        if (piece.kind == DISPLAY_IS)
            return;
        if (piece.kind == DISPLAY_END)
            parser_fail(parser, piece.position, "the display section has no 'is'");
        if (raw->piece_count >= SLEIGH_LIMIT_NAME_LIST)
            compiler_limit(parser->compiler, piece.position, "pieces of a display section",
                    SLEIGH_LIMIT_NAME_LIST);
        COMPILER_PUSH(parser->compiler, raw->pieces, raw->piece_count, piece);
    }
}

/* The innermost block's pattern and actions come right before the constructor's own. */
static void apply_with_blocks(Parser *parser, RawConstructor *raw)
{
    for (const WithBlock *with = parser->with; with != NULL; with = with->outer) {
        if (with->equation != NULL) {
            Equation *both = compiler_alloc(parser->compiler, sizeof *both);
            *both = (Equation){.kind = EQUATION_AND,
                    .position = raw->position,
                    .left = with->equation,
                    .right = raw->equation};
            raw->equation = both;
        }
        Action *own = raw->actions;
        Action **tail = &raw->actions;
        for (const Action *action = with->actions; action != NULL; action = action->next) {
            *tail = compiler_copy(parser->compiler, action, sizeof *action);
            tail = &(*tail)->next;
        }
        *tail = own;
    }
}

/* Behind "[table] :". */
static void parse_constructor(Parser *parser, Symbol *table, SourcePosition position)
{
    RawConstructor raw = {.table = table, .position = position};
    parser->in_constructor = true;
    parse_display(parser, &raw);
    lexer_set_mode(parser->lexer, LEXER_PATTERN);
    raw.equation = parse_pattern(parser);
    if (parser_accept(parser, '['))
        raw.actions = parse_actions(parser);
    if (parser_accept_word(parser, "unimpl")) {
        raw.unimplemented = true;
    } else {
        if (!parser_at_operator(parser, '{'))
            parser_unexpected(parser, "'[', '{' or unimpl");
        (void)lexer_next(parser->lexer);
        lexer_set_mode(parser->lexer, LEXER_SEMANTIC);
        raw.body = parse_body(parser);
    }
    lexer_set_mode(parser->lexer, LEXER_PLAIN);
    parser->in_constructor = false;
    apply_with_blocks(parser, &raw);
    constructor_create(parser->compiler, &raw);
}

static void parse_macro(Parser *parser)
{
    Compiler *compiler = parser->compiler;
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "the macro's name");
    MacroDefinition *macro = compiler_alloc(compiler, sizeof *macro);
    parser->in_constructor = true;
    parser_expect(parser, '(');
    while (!parser_at_operator(parser, ')')) {
        if (macro->parameter_count > 0)
            parser_expect(parser, ',');
        COMPILER_PUSH(compiler, macro->parameters, macro->parameter_count,
                parser_name(parser, "a parameter's name"));
    }
    parser_expect(parser, ')');
    if (!parser_at_operator(parser, '{'))
        parser_unexpected(parser, "'{'");
    (void)lexer_next(parser->lexer);
    lexer_set_mode(parser->lexer, LEXER_SEMANTIC);
    macro->body = parse_body(parser);
    lexer_set_mode(parser->lexer, LEXER_PLAIN);
    parser->in_constructor = false;
    model_define(compiler, SYMBOL_MACRO, name, position)->macro = macro;
}

static void parse_items(Parser *parser, bool in_block);

static void parse_with(Parser *parser)
{
    WithBlock with = {.outer = parser->with};
    model_freeze_context(parser->compiler);
    if (!parser_at_operator(parser, ':')) {
        SourcePosition position = parser_here(parser);
        Name *name = parser_name(parser, "a table's name or ':'");
        with.table = find_or_create_table(parser, name, position);
    }
    lexer_set_mode(parser->lexer, LEXER_PLAIN);
    if (!parser_at_operator(parser, ':'))
        parser_unexpected(parser, "':'");
    (void)lexer_next(parser->lexer);
    lexer_set_mode(parser->lexer, LEXER_PATTERN);
    if (!parser_at_operator(parser, '{') && !parser_at_operator(parser, '['))
        with.equation = parse_pattern(parser);
    if (parser_accept(parser, '['))
        with.actions = parse_actions(parser);
    lexer_set_mode(parser->lexer, LEXER_PLAIN);
    parser_expect(parser, '{');
    parser_enter(parser);
    parser->with = &with;
    parse_items(parser, true);
    parser->with = with.outer;
    parser->nesting--;
}

static void parse_item(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    if (parser_accept_word(parser, "define")) {
        parse_definition(parser);
    } else if (parser_accept_word(parser, "attach")) {
        model_freeze_context(parser->compiler);
        parse_attach(parser);
    } else if (parser_accept_word(parser, "macro")) {
        parse_macro(parser);
    } else if (parser_accept_word(parser, "with")) {
        parse_with(parser);
    } else {
        Symbol *table = current_table(parser);
        if (!parser_at_operator(parser, ':')) {
            Name *name = parser_name(parser, "a definition or a constructor");
            if (!parser_at_operator(parser, ':'))
                parser_unexpected(parser, "':' behind a table's name");
            table = find_or_create_table(parser, name, position);
        }
        (void)lexer_next(parser->lexer);
        model_freeze_context(parser->compiler);
        parse_constructor(parser, table, position);
    }
}

/* Definitions and constructors to the end of the block or the file. */
static void parse_items(Parser *parser, bool in_block)
{
    jmp_buf *outer_recover = parser->recover;
    WithBlock *with = parser->with;
    unsigned nesting = parser->nesting;
    jmp_buf recover;
    if (setjmp(recover) != 0) {
        skip_statement(parser);
        parser->in_constructor = false;
        parser->with = with;
        parser->nesting = nesting;
    }
    parser->recover = &recover;
    for (;;) {
        if (lexer_peek(parser->lexer)->kind == TOKEN_END) {
            if (in_block)
                compiler_error(parser->compiler, parser_here(parser), "a with block is not closed");
            break;
        }
        if (in_block && parser_accept(parser, '}'))
            break;
        parse_item(parser);
    }
    parser->recover = outer_recover;
}

void parse_specification(Compiler *compiler)
{
    Parser parser = {.compiler = compiler, .lexer = compiler->lexer};
    jmp_buf recover;
    if (setjmp(recover) == 0) {
        parser.recover = &recover;
        bool begins =
                parser_accept_word(&parser, "define") && parser_accept_word(&parser, "endian");
        if (!begins)
            parser_fail(&parser, parser_here(&parser),
                    "a specification begins with 'define endian=big;' or 'define endian=little;'");
        parser_expect(&parser, '=');
        Name *endian = parser_name(&parser, "big or little");
        compiler->model->big_endian = strcmp(endian->text, "big") == 0;
        compiler->model->endian_known = true;
        parser_expect(&parser, ';');
    } else {
        return;
    }
    parse_items(&parser, false);
}
