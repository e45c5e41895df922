/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/preprocessor.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Definition {
    const Name *name;
    const char *value; /* NULL: undefined again */
} Definition;

typedef struct OpenFile {
    uint32_t index;
    size_t offset;
    uint32_t line;
    size_t condition_base; /* conditions opened by the files around it */
} OpenFile;

typedef struct Condition {
    bool outer_taken; /* the lines around the @if count */
    bool taken;       /* this branch counts */
    bool any_taken;   /* some branch of this @if counted already */
    bool seen_else;
    SourcePosition position;
} Condition;

struct Preprocessor {
    Compiler *compiler;
    Definition *definitions;
    size_t definition_count;
    OpenFile files[SLEIGH_LIMIT_INCLUDE_DEPTH];
    size_t depth;
    Condition conditions[SLEIGH_LIMIT_CONDITION_DEPTH];
    size_t condition_count;
};

/* One directive line under the scanner. */
typedef struct Directive {
    Preprocessor *preprocessor;
    const char *cursor;
    const char *end;
    const char *start;
    SourcePosition position;
    unsigned nesting;
    unsigned decided; /* > 0: what stands here cannot change the condition any more */
    bool failed;
} Directive;

Preprocessor *preprocessor_new(Compiler *compiler)
{
    Preprocessor *preprocessor = compiler_alloc(compiler, sizeof *preprocessor);
    preprocessor->compiler = compiler;
    return preprocessor;
}

static Definition *find_definition(Preprocessor *preprocessor, const Name *name)
{
    for (size_t i = 0; i < preprocessor->definition_count; i++)
        if (preprocessor->definitions[i].name == name)
            return &preprocessor->definitions[i];
    return NULL;
}

void preprocessor_define(
        Preprocessor *preprocessor, const char *text, size_t length, const char *value)
{
    Compiler *compiler = preprocessor->compiler;
    const Name *name = compiler_intern(compiler, text, length);
    Definition *known = find_definition(preprocessor, name);
    if (known != NULL) {
        known->value = value;
        return;
    }
    Definition definition = {name, value};
    COMPILER_PUSH(compiler, preprocessor->definitions, preprocessor->definition_count, definition);
}

const char *preprocessor_value(Preprocessor *preprocessor, const char *text, size_t length)
{
    const Definition *known =
            find_definition(preprocessor, compiler_intern(preprocessor->compiler, text, length));
    return known == NULL ? NULL : known->value;
}

/* How often the file is being read: it included itself, or another that included it. */
static unsigned count_open(const Preprocessor *preprocessor, const char *path)
{
    unsigned count = 0;
    for (size_t i = 0; i < preprocessor->depth; i++)
        count +=
                strcmp(preprocessor->compiler->files[preprocessor->files[i].index].path, path) == 0;
    return count;
}

static bool open_file(Preprocessor *preprocessor, const char *path, SourcePosition position)
{
    Compiler *compiler = preprocessor->compiler;
    if (count_open(preprocessor, path) >= SLEIGH_LIMIT_SELF_INCLUDE)
        compiler_limit(compiler, position, "a file that includes itself, SLEIGH_LIMIT_SELF_INCLUDE",
                SLEIGH_LIMIT_SELF_INCLUDE);
    if (preprocessor->depth >= SLEIGH_LIMIT_INCLUDE_DEPTH)
        compiler_limit(compiler, position,
                "files that include each other, SLEIGH_LIMIT_INCLUDE_DEPTH",
                SLEIGH_LIMIT_INCLUDE_DEPTH);
    uint32_t index;
    if (compiler_open_file(compiler, path, &index) == NULL) {
        if (errno == EFBIG)
            compiler_limit(compiler, position, "bytes of source, SLEIGH_LIMIT_SOURCE_BYTES",
                    SLEIGH_LIMIT_SOURCE_BYTES);
        if (errno == EMFILE)
            compiler_limit(
                    compiler, position, "included files, SLEIGH_LIMIT_FILES", SLEIGH_LIMIT_FILES);
        return false;
    }
    preprocessor->files[preprocessor->depth++] =
            (OpenFile){.index = index, .condition_base = preprocessor->condition_count};
    return true;
}

bool preprocessor_begin(Preprocessor *preprocessor, const char *path)
{
    return open_file(preprocessor, path, (SourcePosition){0});
}

static SourcePosition directive_position(const Directive *directive)
{
    SourcePosition position = directive->position;
    position.column = (uint32_t)(directive->cursor - directive->start) + 1;
    return position;
}

static void directive_fail(Directive *directive, const char *what)
{
    if (!directive->failed)
        compiler_error(
                directive->preprocessor->compiler, directive_position(directive), "%s", what);
    directive->failed = true;
}

static void skip_blanks(Directive *directive)
{
    while (directive->cursor < directive->end && isspace((unsigned char)*directive->cursor))
        directive->cursor++;
}

static bool accept_text(Directive *directive, const char *text)
{
    size_t length = strlen(text);
    skip_blanks(directive);
    if ((size_t)(directive->end - directive->cursor) < length ||
            memcmp(directive->cursor, text, length) != 0)
        return false;
    directive->cursor += length;
    return true;
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

static size_t scan_name(Directive *directive, const char **ret)
{
    skip_blanks(directive);
    *ret = directive->cursor;
    while (directive->cursor < directive->end && is_name_byte(*directive->cursor))
        directive->cursor++;
    if (directive->cursor == *ret)
        directive_fail(directive, "a name was expected here");
    return (size_t)(directive->cursor - *ret);
}

static size_t scan_string(Directive *directive, const char **ret)
{
    *ret = directive->cursor;
    if (!accept_text(directive, "\"")) {
        directive_fail(directive, "a text in double quotes was expected here");
        return 0;
    }
    *ret = directive->cursor;
    while (directive->cursor < directive->end && *directive->cursor != '"')
        directive->cursor++;
    size_t length = (size_t)(directive->cursor - *ret);
    if (!accept_text(directive, "\""))
        directive_fail(directive, "the text has no closing double quote");
    return length;
}

static bool parse_condition(Directive *directive);

/* A side of a comparison: a text, or the value of a name. */
static const char *parse_operand(Directive *directive, size_t *ret_length)
{
    const char *text;
    skip_blanks(directive);
    if (directive->cursor < directive->end && *directive->cursor == '"') {
        *ret_length = scan_string(directive, &text);
        return text;
    }
    size_t length = scan_name(directive, &text);
    const char *value =
            length == 0 ? NULL : preprocessor_value(directive->preprocessor, text, length);
    if (value == NULL) {
        if (directive->decided == 0)
            directive_fail(
                    directive, "this name is not defined; @define it first, or ask defined(NAME)");
        value = "";
    }
    *ret_length = strlen(value);
    return value;
}

static bool parse_comparison(Directive *directive)
{
    size_t left_length, right_length;
    const char *left = parse_operand(directive, &left_length);
    bool wants_equal = accept_text(directive, "==");
    if (!wants_equal && !accept_text(directive, "!=")) {
        directive_fail(directive, "== or != was expected here");
        return false;
    }
    const char *right = parse_operand(directive, &right_length);
    bool equal = left_length == right_length && memcmp(left, right, left_length) == 0;
    return equal == wants_equal;
}

static bool parse_term(Directive *directive)
{
    bool value;
    if (directive->failed)
        return false;
    if (++directive->nesting > SLEIGH_LIMIT_NESTING)
        compiler_limit(directive->preprocessor->compiler, directive_position(directive),
                "nesting of a condition, SLEIGH_LIMIT_NESTING", SLEIGH_LIMIT_NESTING);
    if (accept_text(directive, "!")) {
        value = !parse_term(directive);
    } else if (accept_text(directive, "(")) {
        value = parse_condition(directive);
        if (!accept_text(directive, ")"))
            directive_fail(directive, "a closing parenthesis was expected here");
    } else if (accept_text(directive, "defined(") || accept_text(directive, "defined (")) {
        const char *name;
        size_t length = scan_name(directive, &name);
        value = preprocessor_value(directive->preprocessor, name, length) != NULL;
        if (!accept_text(directive, ")"))
            directive_fail(directive, "a closing parenthesis was expected here");
    } else {
        value = parse_comparison(directive);
    }
    directive->nesting--;
    return value;
}

/* Loosest to tightest: ||, ^^, &&. */
static bool parse_and(Directive *directive)
{
    bool value = parse_term(directive);
    while (!directive->failed && accept_text(directive, "&&")) {
        directive->decided += !value;
        bool right = parse_term(directive);
        directive->decided -= !value;
        value = value && right;
    }
    return value;
}

static bool parse_xor(Directive *directive)
{
    bool value = parse_and(directive);
    while (!directive->failed && accept_text(directive, "^^"))
        value = parse_and(directive) != value;
    return value;
}

static bool parse_condition(Directive *directive)
{
    bool value = parse_xor(directive);
    while (!directive->failed && accept_text(directive, "||")) {
        directive->decided += value;
        bool right = parse_xor(directive);
        directive->decided -= value;
        value = value || right;
    }
    return value;
}

static bool lines_count(const Preprocessor *preprocessor)
{
    size_t count = preprocessor->condition_count;
    return count == 0 || (preprocessor->conditions[count - 1].outer_taken &&
                                 preprocessor->conditions[count - 1].taken);
}

static void open_condition(Directive *directive, bool taken)
{
    Preprocessor *preprocessor = directive->preprocessor;
    if (preprocessor->condition_count >= SLEIGH_LIMIT_CONDITION_DEPTH)
        compiler_limit(preprocessor->compiler, directive->position,
                "nested @if, SLEIGH_LIMIT_CONDITION_DEPTH", SLEIGH_LIMIT_CONDITION_DEPTH);
    bool outer = lines_count(preprocessor);
    preprocessor->conditions[preprocessor->condition_count++] = (Condition){.outer_taken = outer,
            .taken = taken,
            .any_taken = taken,
            .position = directive->position};
}

static Condition *open_condition_here(Directive *directive)
{
    Preprocessor *preprocessor = directive->preprocessor;
    size_t base = preprocessor->files[preprocessor->depth - 1].condition_base;
    if (preprocessor->condition_count <= base) {
        directive_fail(directive, "there is no @if for this in the same file");
        return NULL;
    }
    return &preprocessor->conditions[preprocessor->condition_count - 1];
}

/* Directives that are heeded in branches that do not count, too. True if it was one. */
static bool run_conditional(Directive *directive, const char *word, size_t length)
{
    Preprocessor *preprocessor = directive->preprocessor;
    bool count = lines_count(preprocessor);
#define IS(text) (length == sizeof(text) - 1 && memcmp(word, text, sizeof(text) - 1) == 0)
    if (IS("if")) {
        open_condition(directive, count && parse_condition(directive));
    } else if (IS("ifdef") || IS("ifndef")) {
        const char *name;
        size_t name_length = scan_name(directive, &name);
        bool defined = preprocessor_value(preprocessor, name, name_length) != NULL;
        open_condition(directive, IS("ifdef") ? defined : !defined);
    } else if (IS("elif") || IS("else")) {
        Condition *condition = open_condition_here(directive);
        if (condition == NULL)
            return true;
        if (condition->seen_else)
            directive_fail(directive, "@else was already given for this @if");
        condition->seen_else = IS("else");
        bool may = condition->outer_taken && !condition->any_taken;
        if (IS("elif") && !may)
            directive->cursor = directive->end; /* nor is a condition that is not needed */
        condition->taken = may && (IS("else") || parse_condition(directive));
        condition->any_taken = condition->any_taken || condition->taken;
    } else if (IS("endif")) {
        if (open_condition_here(directive) != NULL)
            preprocessor->condition_count--;
    } else {
        return false;
    }
    if (!count && !IS("endif"))
        directive->cursor = directive->end; /* skipped conditions are not read */
    return true;
}

/* A copy with $(NAME) replaced. */
static const char *expand_path(Directive *directive, const char *text, size_t length)
{
    Compiler *compiler = directive->preprocessor->compiler;
    Buffer expanded;
    buffer_init(&expanded);
    for (size_t i = 0; i < length; i++) {
        const char *close = NULL;
        if (text[i] == '$' && i + 1 < length && text[i + 1] == '(')
            close = memchr(text + i, ')', length - i);
        if (close == NULL) {
            buffer_append_u8(&expanded, (uint8_t)text[i]);
            continue;
        }
        const char *value = preprocessor_value(
                directive->preprocessor, text + i + 2, (size_t)(close - text) - i - 2);
        if (value == NULL)
            directive_fail(directive, "the path uses a name that is not defined");
        else
            buffer_append_text(&expanded, value);
        i = (size_t)(close - text);
    }
    size_t size = 0;
    (void)size;
    const char *lent = buffer_text(&expanded);
    char *copy = arena_copy_text(&compiler->arena, lent, strlen(lent));
    buffer_fini(&expanded);
    if (copy == NULL)
        compiler_stop(compiler, PRO_ERR_NO_MEMORY);
    return copy;
}

static const char *join_path(
        Compiler *compiler, const char *folder, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    char *path = compiler_alloc(compiler, length + name_length + 2);
    memcpy(path, folder, length);
    if (length > 0 && path[length - 1] != '/')
        path[length++] = '/';
    memcpy(path + length, name, name_length + 1);
    return path;
}

static void run_include(Directive *directive)
{
    Preprocessor *preprocessor = directive->preprocessor;
    Compiler *compiler = preprocessor->compiler;
    SourcePosition position = directive_position(directive);
    const char *text;
    size_t length = scan_string(directive, &text);
    if (directive->failed)
        return;
    const char *name = expand_path(directive, text, length);
    const char *including = compiler->files[directive->position.file].path;
    const char *slash = strrchr(including, '/');
    const char *path = name;
    if (name[0] != '/')
        path = join_path(
                compiler, including, slash == NULL ? 0 : (size_t)(slash - including), name);
    if (directive->failed || open_file(preprocessor, path, position))
        return;
    const char *reason = strerror(errno);
    for (size_t i = 0; name[0] != '/' && i < compiler->options->include_count; i++) {
        const char *folder = compiler->options->include_folders[i];
        if (open_file(preprocessor, join_path(compiler, folder, strlen(folder), name), position))
            return;
    }
    compiler_error(compiler, position, "cannot include \"%s\": %s", path, reason);
    directive->failed = true;
}

static void run_define(Directive *directive)
{
    Preprocessor *preprocessor = directive->preprocessor;
    const char *name, *text;
    size_t name_length = scan_name(directive, &name);
    skip_blanks(directive);
    size_t length = 0;
    if (directive->cursor < directive->end && *directive->cursor == '"') {
        length = scan_string(directive, &text);
    } else {
        text = directive->cursor;
        while (directive->cursor < directive->end &&
                (is_name_byte(*directive->cursor) || *directive->cursor == '.'))
            directive->cursor++;
        length = (size_t)(directive->cursor - text);
    }
    if (directive->failed)
        return;
    char *value = compiler_alloc(preprocessor->compiler, length + 1);
    memcpy(value, text, length);
    preprocessor_define(preprocessor, name, name_length, value);
}

static void run_directive(Preprocessor *preprocessor, const SourceLine *line)
{
    Directive directive = {.preprocessor = preprocessor,
            .cursor = line->text + 1,
            .end = line->text + line->length,
            .start = line->text,
            .position = line->start};
    const char *word;
    size_t length = scan_name(&directive, &word);
    if (directive.failed)
        return;
    if (!run_conditional(&directive, word, length)) {
        if (!lines_count(preprocessor))
            return;
        if (IS("include")) {
            run_include(&directive);
        } else if (IS("define")) {
            run_define(&directive);
        } else if (IS("undef")) {
            const char *name;
            size_t name_length = scan_name(&directive, &name);
            if (!directive.failed)
                preprocessor_define(preprocessor, name, name_length, NULL);
        } else {
            directive_fail(&directive, "unknown directive; @include, @define, @undef, @ifdef, "
                                       "@ifndef, @if, @elif, @else and @endif are known");
        }
    }
#undef IS
    skip_blanks(&directive);
    if (!directive.failed && directive.cursor < directive.end && *directive.cursor != '#')
        directive_fail(&directive, "nothing but a comment may follow a directive");
}

static void close_file(Preprocessor *preprocessor)
{
    const OpenFile *file = &preprocessor->files[--preprocessor->depth];
    while (preprocessor->condition_count > file->condition_base) {
        const Condition *condition = &preprocessor->conditions[--preprocessor->condition_count];
        compiler_error(preprocessor->compiler, condition->position, "this @if has no @endif");
    }
}

bool preprocessor_next_line(Preprocessor *preprocessor, SourceLine *ret)
{
    while (preprocessor->depth > 0) {
        OpenFile *open = &preprocessor->files[preprocessor->depth - 1];
        const SourceFile *file = &preprocessor->compiler->files[open->index];
        if (open->offset >= file->size) {
            close_file(preprocessor);
            continue;
        }
        const char *text = file->text + open->offset;
        const char *newline = memchr(text, '\n', file->size - open->offset);
        size_t length = newline == NULL ? file->size - open->offset : (size_t)(newline - text);
        open->offset += length + 1;
        open->line++;
        if (length > 0 && text[length - 1] == '\r')
            length--;
        SourceLine line = {text, length, {.file = open->index, .line = open->line, .column = 1}};
        if (length > 0 && text[0] == '@') {
            run_directive(preprocessor, &line);
        } else if (lines_count(preprocessor)) {
            *ret = line;
            return true;
        }
    }
    return false;
}
