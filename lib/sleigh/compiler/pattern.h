/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_PATTERN_H
#define SLEIGH_PATTERN_H

#include "sleigh/compiler/model.h"

/* Sets of byte strings, as lists of (mask, value) pairs, lined up by the tokens they cover. */

Pattern pattern_true(Compiler *compiler);
Pattern pattern_of_field(Compiler *compiler, const Field *field); /* its token, no bits */
Pattern pattern_constraint(Compiler *compiler, const Equation *equation);
Pattern pattern_and(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right);
Pattern pattern_or(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right);
Pattern pattern_sequence(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right);
/* What two patterns have in common: `so_far` becomes it. */
void pattern_intersect(
        Compiler *compiler, SourcePosition position, Pattern *so_far, const Pattern *other);

/* All bits that `general` fixes, `special` fixes to the same values. */
bool disjunct_specializes(const Disjunct *special, const Disjunct *general);

/* The value of an expression over fields; `values` are those of `fields`. */
int64_t expression_evaluate(const Expression *expression, Symbol *const *fields,
        const uint64_t *values, size_t field_count);

#endif
