/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_SYNTAX_H
#define SLEIGH_SYNTAX_H

#include "sleigh/compiler/model.h"

/* The semantic sections as written, before names mean anything. Macro bodies are kept in this form
 * and turned into operations once per use. */

typedef enum TermKind {
    TERM_INTEGER,
    TERM_NAME,
    TERM_OPERATION, /* opcode over terms */
    TERM_LOAD,
    TERM_RANGE,    /* name:n and name[low,bits] */
    TERM_DROP,     /* name(n) */
    TERM_ADDRESS,  /* &name */
    TERM_CALL,     /* name(terms): user operation */
    TERM_VARIADIC, /* cpool(), newobject() */
} TermKind;

typedef struct Term {
    TermKind kind;
    SourcePosition position;
    unsigned opcode;
    bool swapped; /* the source had the operands the other way round */
    Name *name;
    Name *space; /* TERM_LOAD; NULL: the default space */
    uint64_t integer;
    unsigned bytes; /* 0: not given */
    unsigned low;
    unsigned bits;
    struct Term **terms;
    size_t term_count;
} Term;

typedef enum StatementKind {
    STATEMENT_ASSIGN,
    STATEMENT_DECLARE,
    STATEMENT_ASSIGN_RANGE,
    STATEMENT_STORE,
    STATEMENT_INVOKE, /* user operation or macro */
    STATEMENT_BUILD,
    STATEMENT_CROSSBUILD,
    STATEMENT_DELAYSLOT,
    STATEMENT_LABEL,
    STATEMENT_BRANCH,   /* BRANCH, CBRANCH, CALL to a fixed destination */
    STATEMENT_INDIRECT, /* BRANCHIND, CALLIND, RETURN */
    STATEMENT_EXPORT,
    STATEMENT_EXPORT_LOAD, /* export *[space]:bytes term */
    STATEMENT_SECTION
} StatementKind;

typedef enum DestinationKind {
    DESTINATION_NAME,
    DESTINATION_INTEGER,
    DESTINATION_LABEL
} DestinationKind;

struct Statement {
    Statement *next;
    StatementKind kind;
    SourcePosition position;
    unsigned opcode;
    Name *name;  /* variable, operand, label, section, user operation */
    Name *space; /* of a store, an export, a destination */
    bool is_local;
    unsigned bytes;
    unsigned low;
    unsigned bits;
    uint64_t integer; /* delay bytes, destination */
    DestinationKind destination;
    Term *pointer;
    Term *value; /* also: condition */
    Term **terms;
    size_t term_count;
};

#endif
