/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/lexer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A line, or the value of a name inside of one. */
typedef struct LexerFrame {
    const char *cursor;
    const char *end;
} LexerFrame;

struct Lexer {
    Compiler *compiler;
    Preprocessor *preprocessor;
    LexerMode mode;
    LexerFrame frames[SLEIGH_LIMIT_EXPANSION_DEPTH];
    size_t depth;
    SourceLine line;
    size_t expansions;
    bool at_end;
    bool has_peeked;
    Token peeked;
};

typedef struct OperatorText {
    const char *text;
    int op;
} OperatorText;

/* Longer texts first. */
static const OperatorText pattern_operators[] = {
        {"$and", OP_DOLLAR_AND},
        {"$xor", OP_DOLLAR_XOR},
        {"$or", OP_DOLLAR_OR},
        {"<<", OP_SHIFT_LEFT},
        {">>", OP_SHIFT_RIGHT},
        {"!=", OP_NOT_EQUAL},
        {"<=", OP_LESS_EQUAL},
        {">=", OP_GREATER_EQUAL},
};

static const OperatorText semantic_operators[] = {
        {"s<=", OP_S_LESS_EQUAL},
        {"s>=", OP_S_GREATER_EQUAL},
        {"s>>", OP_S_SHIFT_RIGHT},
        {"f==", OP_F_EQUAL},
        {"f!=", OP_F_NOT_EQUAL},
        {"f<=", OP_F_LESS_EQUAL},
        {"f>=", OP_F_GREATER_EQUAL},
        {"s<", OP_S_LESS},
        {"s>", OP_S_GREATER},
        {"s/", OP_S_DIVIDE},
        {"s%", OP_S_REMAINDER},
        {"f<", OP_F_LESS},
        {"f>", OP_F_GREATER},
        {"f+", OP_F_ADD},
        {"f-", OP_F_SUBTRACT},
        {"f*", OP_F_MULTIPLY},
        {"f/", OP_F_DIVIDE},
        {"<<", OP_SHIFT_LEFT},
        {">>", OP_SHIFT_RIGHT},
        {"==", OP_EQUAL},
        {"!=", OP_NOT_EQUAL},
        {"<=", OP_LESS_EQUAL},
        {">=", OP_GREATER_EQUAL},
        {"&&", OP_BOOL_AND},
        {"||", OP_BOOL_OR},
        {"^^", OP_BOOL_XOR},
};

Lexer *lexer_new(Compiler *compiler, Preprocessor *preprocessor)
{
    Lexer *lexer = compiler_alloc(compiler, sizeof *lexer);
    lexer->compiler = compiler;
    lexer->preprocessor = preprocessor;
    return lexer;
}

void lexer_set_mode(Lexer *lexer, LexerMode mode)
{
    lexer->mode = mode;
}

static bool is_name_start(char byte)
{
    return isalpha((unsigned char)byte) || byte == '_' || byte == '.';
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '.';
}

static SourcePosition here(const Lexer *lexer)
{
    SourcePosition position = lexer->line.start;
    if (lexer->depth > 0)
        position.column = (uint32_t)(lexer->frames[0].cursor - lexer->line.text) + 1;
    return position;
}

/* Makes the innermost frame one that has bytes left. False where the text or the line ends; the
 * next call then begins the next line. */
static bool has_bytes(Lexer *lexer, bool *ret_line_end)
{
    *ret_line_end = false;
    while (lexer->depth > 1 &&
            lexer->frames[lexer->depth - 1].cursor >= lexer->frames[lexer->depth - 1].end)
        lexer->depth--;
    if (lexer->depth > 0 &&
            lexer->frames[lexer->depth - 1].cursor < lexer->frames[lexer->depth - 1].end)
        return true;
    if (lexer->at_end)
        return false;
    if (!preprocessor_next_line(lexer->preprocessor, &lexer->line)) {
        lexer->at_end = true;
        return false;
    }
    *ret_line_end = true;
    lexer->frames[0] = (LexerFrame){lexer->line.text, lexer->line.text + lexer->line.length};
    lexer->depth = 1;
    return false;
}

static LexerFrame *top(Lexer *lexer)
{
    return &lexer->frames[lexer->depth - 1];
}

/* Replaces "$(NAME)" at the cursor by a frame with the value. False if there is none. */
static bool expand(Lexer *lexer)
{
    LexerFrame *frame = top(lexer);
    size_t left = (size_t)(frame->end - frame->cursor);
    if (left < 2 || frame->cursor[0] != '$' || frame->cursor[1] != '(')
        return false;
    const char *name = frame->cursor + 2;
    const char *close = memchr(name, ')', left - 2);
    SourcePosition position = here(lexer);
    if (close == NULL) {
        compiler_error(lexer->compiler, position, "$( has no closing parenthesis");
        frame->cursor = frame->end;
        return true;
    }
    size_t length = (size_t)(close - name);
    const char *value = preprocessor_value(lexer->preprocessor, name, length);
    if (lexer->depth >= SLEIGH_LIMIT_EXPANSION_DEPTH)
        compiler_limit(lexer->compiler, position,
                "names inside the values of names (does a value contain itself?), "
                "SLEIGH_LIMIT_EXPANSION_DEPTH",
                SLEIGH_LIMIT_EXPANSION_DEPTH);
    if (++lexer->expansions > SLEIGH_LIMIT_EXPANSIONS)
        compiler_limit(lexer->compiler, position, "replaced names, SLEIGH_LIMIT_EXPANSIONS",
                SLEIGH_LIMIT_EXPANSIONS);
    if (value == NULL)
        compiler_error(lexer->compiler, position, "$(%.*s) is not defined; @define it first",
                (int)(length > 100 ? 100 : length), name);
    frame->cursor = close + 1;
    if (value != NULL)
        lexer->frames[lexer->depth++] = (LexerFrame){value, value + strlen(value)};
    return true;
}

static void scan_integer(Lexer *lexer, Token *token)
{
    LexerFrame *frame = top(lexer);
    unsigned base = 10;
    token->kind = TOKEN_INTEGER;
    if (frame->end - frame->cursor > 2 && frame->cursor[0] == '0') {
        char letter = frame->cursor[1];
        char digit = frame->cursor[2];
        if (letter == 'x' && isxdigit((unsigned char)digit))
            base = 16;
        else if (letter == 'b' && (digit == '0' || digit == '1'))
            base = 2;
        else if (letter == 'n' && isdigit((unsigned char)digit))
            base = 10;
        else
            letter = 0;
        if (letter == 'x' || letter == 'b' || letter == 'n')
            frame->cursor += 2;
    }
    for (; frame->cursor < frame->end; frame->cursor++) {
        char byte = *frame->cursor;
        unsigned digit = isdigit((unsigned char)byte)    ? (unsigned)(byte - '0')
                         : isxdigit((unsigned char)byte) ? (unsigned)(tolower(byte) - 'a') + 10
                                                         : 16;
        if (digit >= base)
            break;
        if (token->integer > (UINT64_MAX - digit) / base)
            token->overflow = true;
        token->integer = token->integer * base + digit;
    }
}

static void scan_name(Lexer *lexer, Token *token)
{
    LexerFrame *frame = top(lexer);
    const char *start = frame->cursor;
    while (frame->cursor < frame->end && is_name_byte(*frame->cursor))
        frame->cursor++;
    size_t length = (size_t)(frame->cursor - start);
    if (lexer->mode == LEXER_PATTERN && length >= 3) {
        if (memcmp(start, "...", 3) == 0) {
            frame->cursor = start + 3;
            token->kind = TOKEN_OPERATOR;
            token->op = OP_ELLIPSIS;
            return;
        }
        if (length > 3 && memcmp(start + length - 3, "...", 3) == 0)
            length -= 3;
        frame->cursor = start + length;
    }
    token->kind = TOKEN_NAME;
    token->name = compiler_intern(lexer->compiler, start, length);
}

static bool scan_operator(Lexer *lexer, Token *token)
{
    LexerFrame *frame = top(lexer);
    const OperatorText *texts = semantic_operators;
    size_t count = sizeof semantic_operators / sizeof semantic_operators[0];
    if (lexer->mode != LEXER_SEMANTIC) {
        texts = pattern_operators;
        count = lexer->mode == LEXER_PLAIN ? 0
                                           : sizeof pattern_operators / sizeof pattern_operators[0];
    }
    token->kind = TOKEN_OPERATOR;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(texts[i].text);
        if ((size_t)(frame->end - frame->cursor) >= length &&
                memcmp(frame->cursor, texts[i].text, length) == 0) {
            token->op = texts[i].op;
            frame->cursor += length;
            return true;
        }
    }
    return false;
}

static void scan_string(Lexer *lexer, Token *token)
{
    LexerFrame *frame = top(lexer);
    const char *start = ++frame->cursor;
    while (frame->cursor < frame->end && *frame->cursor != '"')
        frame->cursor++;
    token->kind = TOKEN_STRING;
    token->name = compiler_intern(lexer->compiler, start, (size_t)(frame->cursor - start));
    if (frame->cursor < frame->end)
        frame->cursor++;
    else
        compiler_error(lexer->compiler, token->position, "the text has no closing double quote");
}

/* The token at the cursor, which stands on a byte that is neither blank nor a comment. */
static void scan_token(Lexer *lexer, Token *token)
{
    LexerFrame *frame = top(lexer);
    char byte = *frame->cursor;
    if (isdigit((unsigned char)byte)) {
        scan_integer(lexer, token);
    } else if (byte == '"') {
        scan_string(lexer, token);
    } else if (scan_operator(lexer, token)) {
        return;
    } else if (is_name_start(byte)) {
        scan_name(lexer, token);
    } else {
        token->kind = TOKEN_OPERATOR;
        token->op = (unsigned char)byte;
        frame->cursor++;
    }
}

static Token cut_token(Lexer *lexer)
{
    for (;;) {
        bool line_end;
        if (!has_bytes(lexer, &line_end)) {
            if (line_end)
                continue;
            return (Token){.kind = TOKEN_END, .position = here(lexer)};
        }
        LexerFrame *frame = top(lexer);
        if (isspace((unsigned char)*frame->cursor)) {
            frame->cursor++;
        } else if (*frame->cursor == '#') {
            lexer->depth = 1;
            lexer->frames[0].cursor = lexer->frames[0].end;
        } else if (!expand(lexer)) {
            Token token = {.position = here(lexer)};
            scan_token(lexer, &token);
            return token;
        }
    }
}

const Token *lexer_peek(Lexer *lexer)
{
    if (!lexer->has_peeked) {
        lexer->peeked = cut_token(lexer);
        lexer->has_peeked = true;
    }
    return &lexer->peeked;
}

Token lexer_next(Lexer *lexer)
{
    Token token = *lexer_peek(lexer);
    lexer->has_peeked = false;
    return token;
}

static bool is_blank(const Name *text)
{
    return text->length > 0 && strspn(text->text, " \t") == text->length;
}

DisplayPiece lexer_next_display(Lexer *lexer)
{
    bool blank = false;
    for (;;) {
        bool line_end;
        SourcePosition position = here(lexer);
        if (!has_bytes(lexer, &line_end)) {
            blank = true;
            if (line_end)
                continue;
            return (DisplayPiece){.kind = DISPLAY_END, .position = position};
        }
        LexerFrame *frame = top(lexer);
        if (isspace((unsigned char)*frame->cursor)) {
            frame->cursor++;
            blank = true;
            continue;
        }
        if (blank)
            return (DisplayPiece){.kind = DISPLAY_SPACE, .position = position};
        if (expand(lexer))
            continue;
        DisplayPiece piece = {.position = here(lexer)};
        Token token = {.position = piece.position};
        char byte = *frame->cursor;
        if (byte == '^') {
            piece.kind = DISPLAY_CARET;
            frame->cursor++;
        } else if (byte == '"') {
            scan_string(lexer, &token);
            piece.kind = is_blank(token.name) ? DISPLAY_SPACE : DISPLAY_TEXT;
            piece.text = token.name;
        } else if (is_name_start(byte)) {
            lexer->mode = LEXER_PLAIN;
            scan_name(lexer, &token);
            piece.text = token.name;
            bool ends = strcmp(token.name->text, "is") == 0;
            piece.kind = ends ? DISPLAY_IS : DISPLAY_NAME;
        } else {
            piece.kind = DISPLAY_TEXT;
            piece.text = compiler_intern(lexer->compiler, frame->cursor++, 1);
        }
        return piece;
    }
}

const char *lexer_describe(const Token *token, char *buffer, size_t size)
{
    static const char *const long_operators[] = {"<<", ">>", "==", "!=", "<=", ">=", "&&", "||",
            "^^", "...", "$and", "$or", "$xor", "s<", "s<=", "s>", "s>=", "s>>", "s/", "s%",
            "f==", "f!=", "f<", "f<=", "f>", "f>=", "f+", "f-", "f*", "f/"};
    switch (token->kind) {
    case TOKEN_END:
        (void)snprintf(buffer, size, "the end of the file");
        break;
    case TOKEN_NAME:
        (void)snprintf(buffer, size, "'%s'", token->name->text);
        break;
    case TOKEN_INTEGER:
        (void)snprintf(buffer, size, "the integer %llu", (unsigned long long)token->integer);
        break;
    case TOKEN_STRING:
        (void)snprintf(buffer, size, "the text \"%s\"", token->name->text);
        break;
    case TOKEN_OPERATOR:
        if (token->op < 256)
            (void)snprintf(
                    buffer, size, isprint(token->op) ? "'%c'" : "the byte 0x%02x", token->op);
        else
            (void)snprintf(buffer, size, "'%s'", long_operators[token->op - OP_SHIFT_LEFT]);
        break;
    }
    return buffer;
}
