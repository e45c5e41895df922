/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_PARSER_H
#define SLEIGH_PARSER_H

#include "sleigh/compiler/syntax.h"

/* Shared by the parser's files. A syntax error is reported and leaves by longjmp to the innermost
 * statement loop, which skips to where a statement can begin again. */
typedef struct WithBlock {
    struct WithBlock *outer;
    Symbol *table;      /* NULL: the outer block's */
    Equation *equation; /* NULL: adds nothing */
    Action *actions;
} WithBlock;

typedef struct Parser {
    Compiler *compiler;
    Lexer *lexer;
    jmp_buf *recover;
    bool in_constructor; /* an error is skipped to the end of the body, not to the next ';' */
    unsigned nesting;
    WithBlock *with;
} Parser;

/* A constructor as written, before its names mean anything. */
typedef struct RawConstructor {
    Symbol *table;
    SourcePosition position;
    DisplayPiece *pieces;
    size_t piece_count;
    Equation *equation;
    Action *actions;
    Statement *body;
    bool unimplemented;
} RawConstructor;

void parse_specification(Compiler *compiler);

_Noreturn void parser_fail(Parser *parser, SourcePosition position, const char *format, ...)
        PRO_PRINTF(3, 4);
_Noreturn void parser_unexpected(Parser *parser, const char *expected);
bool parser_at_operator(Parser *parser, int op);
bool parser_at_word(Parser *parser, const char *word);
bool parser_accept(Parser *parser, int op);
bool parser_accept_word(Parser *parser, const char *word);
void parser_expect(Parser *parser, int op);
Name *parser_name(Parser *parser, const char *what);
uint64_t parser_integer(Parser *parser, uint64_t largest, const char *what);
void parser_enter(Parser *parser); /* one level of nesting deeper */
SourcePosition parser_here(Parser *parser);

void parse_definition(Parser *parser); /* behind "define" */
void parse_attach(Parser *parser);     /* behind "attach" */
Equation *parse_pattern(Parser *parser);
Action *parse_actions(Parser *parser); /* behind "[" */
Statement *parse_body(Parser *parser); /* behind "{", to the "}" included */

#endif
