/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_LEXER_H
#define SLEIGH_LEXER_H

#include "sleigh/compiler/preprocessor.h"

/*
 * Cuts the lines into tokens and replaces $(NAME). The parser says in which section it is, since
 * each has rules of its own. One token may be peeked; it is cut in the mode of that moment.
 */
typedef enum LexerMode {
    LEXER_PLAIN,    /* definitions */
    LEXER_PATTERN,  /* patterns and actions: "...", $and */
    LEXER_SEMANTIC, /* "s<", "f+", ">>" */
} LexerMode;

typedef enum TokenKind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_INTEGER,
    TOKEN_STRING,
    TOKEN_OPERATOR /* `op` */
} TokenKind;

/* Operators of one byte are that byte. */
typedef enum Operator {
    OP_SHIFT_LEFT = 256,
    OP_SHIFT_RIGHT,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS_EQUAL,
    OP_GREATER_EQUAL,
    OP_BOOL_AND,
    OP_BOOL_OR,
    OP_BOOL_XOR,
    OP_ELLIPSIS,
    OP_DOLLAR_AND,
    OP_DOLLAR_OR,
    OP_DOLLAR_XOR,
    OP_S_LESS,
    OP_S_LESS_EQUAL,
    OP_S_GREATER,
    OP_S_GREATER_EQUAL,
    OP_S_SHIFT_RIGHT,
    OP_S_DIVIDE,
    OP_S_REMAINDER,
    OP_F_EQUAL,
    OP_F_NOT_EQUAL,
    OP_F_LESS,
    OP_F_LESS_EQUAL,
    OP_F_GREATER,
    OP_F_GREATER_EQUAL,
    OP_F_ADD,
    OP_F_SUBTRACT,
    OP_F_MULTIPLY,
    OP_F_DIVIDE
} Operator;

typedef struct Token {
    TokenKind kind;
    int op;
    Name *name; /* TOKEN_NAME, TOKEN_STRING (the text) */
    uint64_t integer;
    bool overflow; /* the integer does not fit 64 bits */
    SourcePosition position;
} Token;

/* A piece of a display section. */
typedef enum DisplayKind {
    DISPLAY_IS,    /* the word that ends the section */
    DISPLAY_NAME,  /* an identifier */
    DISPLAY_TEXT,  /* literal text */
    DISPLAY_SPACE, /* white space of any length; `text` is set if it was quoted */
    DISPLAY_CARET,
    DISPLAY_END /* the file ends */
} DisplayKind;

typedef struct DisplayPiece {
    DisplayKind kind;
    Name *text; /* DISPLAY_NAME, DISPLAY_TEXT */
    SourcePosition position;
} DisplayPiece;

Lexer *lexer_new(Compiler *compiler, Preprocessor *preprocessor);
void lexer_set_mode(Lexer *lexer, LexerMode mode); /* nothing may be peeked */
const Token *lexer_peek(Lexer *lexer);
Token lexer_next(Lexer *lexer);
DisplayPiece lexer_next_display(Lexer *lexer); /* nothing may be peeked */

const char *lexer_describe(const Token *token, char *buffer, size_t size);

#endif
