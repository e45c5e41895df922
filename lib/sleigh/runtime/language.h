/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_LANGUAGE_H
#define SLEIGH_LANGUAGE_H

#include "core/arena.h"
#include "sleigh/limits.h"
#include "sleigh/runtime/template_types.h"

#include <promp/sleigh.h>

/*
 * A loaded specification: flat arrays, everything checked by the loader so that decoding needs no
 * range checks of its own. Indices instead of pointers between arrays.
 *
 * Immutable once loaded, but for one thing that no one sees: the operations of a template, by far
 * most of a specification, are read from the document at their first use (template.h).
 */

typedef enum ExprKind {
    EXPR_TOKEN_FIELD,
    EXPR_CONTEXT_FIELD,
    EXPR_CONSTANT,
    EXPR_OPERAND,
    EXPR_START,
    EXPR_NEXT,
    EXPR_NEXT2,
    EXPR_PLUS,
    EXPR_SUB,
    EXPR_MULT,
    EXPR_DIV,
    EXPR_LSHIFT,
    EXPR_RSHIFT,
    EXPR_AND,
    EXPR_OR,
    EXPR_XOR,
    EXPR_MINUS,
    EXPR_NOT
} ExprKind;

typedef struct Expr {
    uint8_t kind; /* ExprKind */
    bool big_endian;
    bool is_signed;
    uint8_t first_byte;
    uint8_t last_byte;
    uint8_t shift;
    uint8_t bits;
    uint32_t left;  /* EXPR_OPERAND: index of the constructor */
    uint32_t right; /* EXPR_OPERAND: index of the operand within it */
    int64_t value;
} Expr;

typedef enum SymKind {
    SYM_NONE,
    SYM_VALUE,
    SYM_VALUEMAP,
    SYM_NAMES,
    SYM_VARLIST,
    SYM_CONTEXT,
    SYM_VARNODE,
    SYM_USEROP,
    SYM_TABLE,
    SYM_START,
    SYM_NEXT,
    SYM_NEXT2,
    SYM_EPSILON,
    SYM_OPERAND
} SymKind;

typedef struct Sym {
    uint8_t kind; /* SymKind */
    bool has_body;
    bool flows;   /* SYM_CONTEXT */
    bool is_code; /* SYM_OPERAND */
    const char *name;
    uint32_t expr;  /* of fields; of an expression operand */
    uint32_t first; /* VALUEMAP: of `values`; NAMES: of `names`; VARLIST: of `links` */
    uint32_t count;
    ProVarnode place; /* SYM_VARNODE */
    uint32_t index;   /* SYM_TABLE: of `tables`; SYM_USEROP: its number; SYM_OPERAND: in its list */
    uint32_t defines; /* SYM_OPERAND: symbol, or NO_INDEX */
    int32_t base;     /* SYM_OPERAND */
    uint32_t offset;
    uint32_t minimum_bytes;
} Sym;

/* What decoding needs of an operand, in one place; made from its symbol and what that is defined
 * by. */
typedef enum OperandKind {
    OPERAND_TABLE,
    OPERAND_VALUEMAP, /* attached values, names, registers: `count` of them from `first` on */
    OPERAND_NAMES,
    OPERAND_VARLIST,
    OPERAND_EXPRESSION, /* a field, too */
    OPERAND_REGISTER,
    OPERAND_START,
    OPERAND_NEXT,
    OPERAND_NEXT2,
    OPERAND_EPSILON
} OperandKind;

typedef struct Operand {
    uint8_t kind;   /* OperandKind */
    int8_t base;    /* the operand behind which it starts, or -1 */
    uint8_t bits;   /* of the field of what is attached */
    bool may_point; /* TABLE: its value may be in memory, reached through a pointer */
    uint16_t offset;
    uint16_t minimum_bytes;
    uint32_t first; /* TABLE: root of its tree; attached: see there; REGISTER: symbol */
    uint32_t count;
    uint32_t expr; /* of fields and expressions; else NO_INDEX */
} Operand;

typedef struct Piece {
    const char *text; /* NULL: operand */
    uint32_t operand;
} Piece;

typedef struct Change {
    bool is_commit;
    bool flows;
    uint8_t shift;
    uint32_t word;
    uint32_t mask;
    uint32_t expr; /* of a change; of a commit: the symbol of the address */
} Change;

typedef struct Ctor {
    uint32_t table;
    int32_t first_space;
    uint32_t minimum_bytes;
    uint32_t operand_symbols; /* first of `links` */
    uint32_t operands;        /* first of `operands` */
    uint32_t operand_count;
    uint32_t delay; /* bytes, of the main template */
    uint32_t pieces;
    uint32_t piece_count;
    uint32_t changes;
    uint32_t change_count;
    uint32_t main;     /* of `tpls`, or NO_INDEX */
    uint32_t sections; /* first of `tpls` of its named sections */
    uint32_t section_count;
} Ctor;

/* As four bytes lie in memory. */
typedef struct PatternWord {
    uint32_t mask;
    uint32_t value;
} PatternWord;

/* A pattern of the context and of the instruction; nearly all have at most one word of each. */
typedef struct Pair {
    PatternWord context; /* mask 0: none; value 1 then: it never matches */
    PatternWord bytes;
    uint32_t ctor;
    uint32_t words; /* the further ones: of the context, then of the instruction */
    uint8_t context_offset;
    uint8_t context_more;
    uint8_t bytes_offset;
    uint8_t bytes_more;
    uint8_t bytes_end; /* behind the last significant byte; 0: none */
} Pair;

/* A node of a decision tree. Its bits lie in two bytes of the context or of the instruction. */
typedef struct Decision {
    uint32_t first; /* its children, neighbours among `decisions`; or of `pairs` */
    union {
        struct {
            uint8_t byte;
            uint8_t shift; /* of the two bytes, big endian, to the right */
        };
        uint16_t pair_count;
    };
    uint8_t bits; /* 0: terminal */
    bool on_context;
} Decision;

typedef struct Table {
    uint32_t symbol;
    uint32_t first_ctor;
    uint32_t ctor_count;
    uint32_t tree;
    bool may_point; /* gives a value that may be reached through a pointer */
} Table;

#define LANGUAGE_ARRAYS(X)                                                                         \
    X(Expr, exprs)                                                                                 \
    X(Operand, operands)                                                                           \
    X(Sym, syms)                                                                                   \
    X(Tpl, tpls)                                                                                   \
    X(ExportTpl, exports)                                                                          \
    X(Piece, pieces)                                                                               \
    X(Change, changes)                                                                             \
    X(Ctor, ctors)                                                                                 \
    X(PatternWord, words)                                                                          \
    X(Pair, pairs)                                                                                 \
    X(Decision, decisions)                                                                         \
    X(Table, tables)                                                                               \
    X(int64_t, values)                                                                             \
    X(const char *, names)                                                                         \
    X(uint32_t, links)

struct ProSleighLanguage {
    atomic_uint references;
    Arena arena;       /* texts */
    uint8_t *document; /* what templates are read from */
    size_t document_size;
    atomic_size_t template_bytes; /* of the operations that were read */
#define X(type, name)                                                                              \
    type *name;                                                                                    \
    size_t name##_count;                                                                           \
    size_t name##_capacity;
    LANGUAGE_ARRAYS(X)
#undef X
    bool big_endian;
    bool uses_next2;
    bool looks_behind; /* what stands behind an instruction may be needed, too */
    uint32_t alignment;
    uint32_t instruction_bytes; /* longer ones are invalid */
    uint64_t unique_base;
    uint64_t unique_mask;
    uint32_t section_total;
    ProSpace spaces[SLEIGH_LIMIT_SPACES];
    size_t space_count;
    uint32_t default_space;
    uint32_t unique_space;
    uint32_t root; /* of `tables` */
    uint32_t context_words;
    uint32_t default_context[SLEIGH_LIMIT_CONTEXT_WORDS];
    ProSleighRegister *registers; /* by place */
    uint32_t *registers_by_name;  /* indices of `registers`, by name */
    size_t register_count;
    uint32_t *userops; /* symbol by number, or NO_INDEX */
    size_t userop_count;
};

/* The symbol of a context variable; NULL: there is none of that name. */
const Sym *language_context_variable(const ProSleighLanguage *language, const char *name);

/* Gives a context variable a default; for the one who has just loaded the language. */
bool language_set_default(ProSleighLanguage *language, const char *name, uint64_t value);

/* Makes addresses of a space shorter; for the one who has just loaded the language. */
void language_truncate_space(ProSleighLanguage *language, const char *name, unsigned address_bytes);

#endif
