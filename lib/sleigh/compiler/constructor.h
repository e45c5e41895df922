/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_CONSTRUCTOR_H
#define SLEIGH_CONSTRUCTOR_H

#include "sleigh/compiler/parser.h"

/* Gives the names of a constructor their meaning and enters it into its table. */
void constructor_create(Compiler *compiler, const RawConstructor *raw);

/* The operand of that name, or NULL. */
Symbol *constructor_operand(const Constructor *constructor, const Name *name);

/* Patterns and operand positions of everything reachable from the root; then the decision trees. */
void tables_build(Compiler *compiler);

typedef struct DecisionPair {
    const Disjunct *disjunct;
    const Constructor *constructor;
} DecisionPair;

typedef struct DecisionNode {
    bool on_context;
    unsigned start_bit;
    unsigned bits; /* 0: terminal */
    size_t pair_count;
    DecisionPair *pairs;            /* terminal */
    struct DecisionNode **children; /* else 1 << bits */
} DecisionNode;

DecisionNode *decision_build(Compiler *compiler, const Table *table);

#endif
