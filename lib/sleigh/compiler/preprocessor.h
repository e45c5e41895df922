/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_PREPROCESSOR_H
#define SLEIGH_PREPROCESSOR_H

#include "sleigh/compiler/compiler.h"

/*
 * Carries out the directives (lines that begin with '@') and hands out the other lines, one at a
 * time, so that a definition is seen by exactly the lines behind it.
 */
typedef struct SourceLine {
    const char *text; /* without its line end; lent for the whole compilation */
    size_t length;
    SourcePosition start;
} SourceLine;

Preprocessor *preprocessor_new(Compiler *compiler);
void preprocessor_define(
        Preprocessor *preprocessor, const char *name, size_t length, const char *value);
bool preprocessor_begin(Preprocessor *preprocessor, const char *path);
bool preprocessor_next_line(Preprocessor *preprocessor, SourceLine *ret);

/* The value of a name; NULL if it is not defined. */
const char *preprocessor_value(Preprocessor *preprocessor, const char *name, size_t length);

#endif
