/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_COMPILER_H
#define SLEIGH_COMPILER_H

#include "core/arena.h"
#include "core/buffer.h"
#include "sleigh/limits.h"

#include <promp/sleigh.h>
#include <setjmp.h>

/*
 * What one compilation owns. Everything lives in one arena and is freed at once. A lack of memory
 * and an exceeded limit leave by longjmp to compile_run(); a syntax error leaves to the innermost
 * statement loop of the parser. Threads: one at a time.
 */
typedef struct Symbol Symbol;
typedef struct Preprocessor Preprocessor;
typedef struct Lexer Lexer;
typedef struct Model Model;

/* An interned identifier: equal texts are one pointer. */
typedef struct Name {
    struct Name *next; /* in its hash bucket */
    Symbol *global;    /* what the global scope calls so, or NULL */
    uint32_t hash;
    uint32_t length;
    char text[];
} Name;

typedef struct SourceFile {
    const char *path;
    const char *text;
    size_t size;
} SourceFile;

typedef struct SourcePosition {
    uint32_t file; /* index into Compiler.files */
    uint32_t line; /* from 1; 0: no position */
    uint32_t column;
} SourcePosition;

typedef struct Compiler {
    Arena arena;
    const ProSleighCompileOptions *options;
    Buffer *messages;
    SourceFile *files;
    size_t file_count;
    size_t source_bytes;
    Name **buckets;
    size_t bucket_count;
    size_t name_count;
    Preprocessor *preprocessor;
    Lexer *lexer;
    Model *model;
    unsigned error_count;
    unsigned warning_count;
    jmp_buf stop; /* leaves the compilation; `stop_status` says why */
    ProStatus stop_status;
} Compiler;

/* Zeroed memory; leaves the compilation if there is none. */
void *compiler_alloc(Compiler *compiler, size_t size);
void *compiler_alloc_array(Compiler *compiler, size_t count, size_t element_size);
void *compiler_copy(Compiler *compiler, const void *bytes, size_t size);

/* Room for one more element in an arena array; the capacity doubles. */
void *compiler_grow(Compiler *compiler, void *items, size_t count, size_t element_size);
#define COMPILER_PUSH(compiler, items, count, value)                                               \
    ((items) = compiler_grow(compiler, items, count, sizeof *(items)), (items)[(count)++] = (value))

Name *compiler_intern(Compiler *compiler, const char *text, size_t length);

/* "file:line:column: error: ..." and the line itself. Too many errors end the compilation. */
void compiler_error(Compiler *compiler, SourcePosition position, const char *format, ...)
        PRO_PRINTF(3, 4);
void compiler_warning(Compiler *compiler, SourcePosition position, const char *format, ...)
        PRO_PRINTF(3, 4);
void compiler_note(Compiler *compiler, SourcePosition position, const char *format, ...)
        PRO_PRINTF(3, 4);

_Noreturn void compiler_stop(Compiler *compiler, ProStatus status);
/* Reports the limit as an error and ends the compilation. */
_Noreturn void compiler_limit(
        Compiler *compiler, SourcePosition position, const char *what, size_t limit);

/* Reads a file into the arena, or takes it from the options' reader. NULL and errno if impossible.
 */
SourceFile *compiler_open_file(Compiler *compiler, const char *path, uint32_t *ret_index);

#endif
