/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_EMIT_H
#define SLEIGH_EMIT_H

#include "sleigh/compiler/template.h"

/* Writes the finished model as a packed document (not yet compressed). */
void emit_specification(Compiler *compiler, Buffer *buffer);

/* Between the files of the emitter. */
void emit_symbol_head(Buffer *buffer, const Symbol *symbol);
void emit_symbol_body(Compiler *compiler, Buffer *buffer, const Symbol *symbol);
void emit_expression(Buffer *buffer, const Constructor *constructor, const Expression *expression);
void emit_field(Buffer *buffer, const Field *field);
void emit_constructor(Compiler *compiler, Buffer *buffer, const Constructor *constructor);
void emit_template(Buffer *buffer, const Template *template, int section);

#endif
