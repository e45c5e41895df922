/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_MODEL_H
#define SLEIGH_MODEL_H

#include "sleigh/compiler/lexer.h"

/* What a specification says: spaces, symbols, tables of constructors. All of it in the arena. */

typedef struct Constructor Constructor;
typedef struct Equation Equation;
typedef struct Template Template;
typedef struct Statement Statement;
typedef struct Varnode Varnode;

typedef struct Space {
    Name *name;
    unsigned index;
    unsigned address_bytes;
    unsigned word_bytes;
    bool is_register;
} Space;

enum { SPACE_CONST = 0, SPACE_OTHER = 1, SPACE_UNIQUE = 2, SPACE_FIRST_DEFINED = 3 };

typedef struct TokenType {
    Name *name;
    unsigned bytes;
    bool big_endian;
} TokenType;

/* A field of a token, or (token == NULL) of the context. */
typedef struct Field {
    const TokenType *token;
    unsigned low; /* token: bit 0 is the least significant; context, packed: the most significant */
    unsigned high;
    unsigned declared_low; /* of context: as written */
    unsigned declared_high;
    bool is_signed;
    bool no_flow;
    Symbol *context_register;
} Field;

typedef enum SymbolKind {
    SYMBOL_SPACE,
    SYMBOL_TOKEN,
    SYMBOL_VALUE,    /* a plain field */
    SYMBOL_CONTEXT,  /* a plain field of the context */
    SYMBOL_VALUEMAP, /* fields with an attached meaning */
    SYMBOL_NAMES,
    SYMBOL_VARLIST,
    SYMBOL_VARNODE,
    SYMBOL_BITRANGE,
    SYMBOL_USEROP,
    SYMBOL_MACRO,
    SYMBOL_TABLE,
    SYMBOL_START,
    SYMBOL_NEXT,
    SYMBOL_NEXT2,
    SYMBOL_EPSILON,
    SYMBOL_SECTION,
    SYMBOL_OPERAND
} SymbolKind;

/* A run of instruction bits and context bits with fixed values. */
typedef struct Disjunct {
    uint32_t context_mask[SLEIGH_LIMIT_CONTEXT_WORDS];
    uint32_t context_value[SLEIGH_LIMIT_CONTEXT_WORDS];
    uint8_t mask[SLEIGH_LIMIT_PATTERN_BYTES];
    uint8_t value[SLEIGH_LIMIT_PATTERN_BYTES];
} Disjunct;

enum { DISJUNCT_CONTEXT_WORDS = SLEIGH_LIMIT_CONTEXT_WORDS };

/* A disjunction over a list of tokens, open to a side where more bytes may follow. */
typedef struct Pattern {
    Disjunct *disjuncts;
    size_t count;
    const TokenType **tokens;
    size_t token_count;
    unsigned bytes; /* of the tokens together */
    bool open_left;
    bool open_right;
} Pattern;

typedef enum BuildState { BUILD_NOT_YET, BUILD_RUNNING, BUILD_DONE } BuildState;

typedef struct Table {
    Constructor **constructors;
    size_t count;
    Pattern pattern; /* common to all constructors; valid from BUILD_DONE on */
    BuildState pattern_state;
    bool referenced;
    BuildState size_state;
    bool exports;
    unsigned export_bytes; /* 0: not known */
    struct DecisionNode *tree;
} Table;

typedef struct MacroDefinition {
    Name **parameters;
    size_t parameter_count;
    Statement *body;
} MacroDefinition;

/* An operand of a constructor. */
typedef struct Operand {
    Symbol *defines;          /* the global symbol it stands for, or NULL */
    struct Expression *value; /* an expression operand, or NULL */
    bool displayed;
    bool is_code;   /* the destination of a branch */
    unsigned index; /* in the constructor's list, final after ordering */
    int base;       /* operand whose end it starts at, or -1; final after ordering */
    unsigned offset;
    unsigned minimum_bytes;
} Operand;

struct Symbol {
    SymbolKind kind;
    Name *name;
    SourcePosition position;
    uint32_t id;    /* in the compiled file */
    uint32_t scope; /* 0: global */
    Field field;    /* the fields and what is attached to them */
    union {
        Space *space;
        TokenType *token;
        struct {
            int64_t *items; /* SLA_ILLEGAL_VALUE: no encoding */
            size_t count;
        } values;
        struct {
            Name **items; /* NULL: no encoding */
            size_t count;
        } names;
        struct {
            Symbol **items; /* NULL: no encoding */
            size_t count;
            unsigned bytes;
        } registers;
        struct {
            Space *space;
            uint64_t offset;
            unsigned bytes;
        } varnode;
        struct {
            Symbol *parent;
            unsigned low;
            unsigned bits;
        } bitrange;
        unsigned userop;
        unsigned section;
        MacroDefinition *macro;
        Table *table;
        Operand operand;
    };
};

/* Expressions over fields and operands, of patterns and actions. */
typedef enum ExpressionKind {
    EXPRESSION_INTEGER,
    EXPRESSION_NAME,  /* not yet resolved */
    EXPRESSION_FIELD, /* token or context field of a symbol */
    EXPRESSION_OPERAND,
    EXPRESSION_START,
    EXPRESSION_NEXT,
    EXPRESSION_NEXT2,
    EXPRESSION_PLUS,
    EXPRESSION_SUB,
    EXPRESSION_MULT,
    EXPRESSION_DIV,
    EXPRESSION_LSHIFT,
    EXPRESSION_RSHIFT,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_XOR,
    EXPRESSION_MINUS,
    EXPRESSION_NOT
} ExpressionKind;

typedef struct Expression {
    ExpressionKind kind;
    SourcePosition position;
    int64_t integer;
    Name *name;
    Symbol *symbol;
    struct Expression *left;
    struct Expression *right;
} Expression;

typedef enum EquationKind {
    EQUATION_TRUE,
    EQUATION_NAME, /* a symbol alone, not yet resolved */
    EQUATION_OPERAND,
    EQUATION_CONSTRAINT,
    EQUATION_AND,
    EQUATION_OR,
    EQUATION_SEQUENCE,
    EQUATION_OPEN_LEFT,
    EQUATION_OPEN_RIGHT
} EquationKind;

struct Equation {
    EquationKind kind;
    SourcePosition position;
    Name *name;
    Symbol *symbol;    /* EQUATION_OPERAND: the operand; EQUATION_CONSTRAINT: the field */
    int op;            /* EQUATION_CONSTRAINT */
    Expression *value; /* EQUATION_CONSTRAINT */
    Equation *left;
    Equation *right;
};

/* One statement of "[ ... ]". */
typedef enum ActionKind {
    ACTION_ASSIGN,
    ACTION_GLOBALSET,
    ACTION_CONTEXT,
    ACTION_COMMIT
} ActionKind;

typedef struct Action {
    struct Action *next;
    ActionKind kind;
    SourcePosition position;
    Name *target;    /* assigned name; globalset: the address */
    Name *context;   /* globalset */
    Symbol *symbol;  /* resolved: the context variable */
    Symbol *address; /* resolved: of a commit */
    Expression *value;
} Action;

typedef struct PrintPiece {
    Name *text;      /* literal, or NULL */
    Symbol *operand; /* or this */
} PrintPiece;

struct Constructor {
    Symbol *table;
    SourcePosition position;
    unsigned id; /* within its table */
    uint32_t scope;
    Symbol **operands;
    size_t operand_count;
    PrintPiece *pieces;
    size_t piece_count;
    int first_space; /* index of the first piece behind the mnemonic, or -1 */
    Equation *equation;
    Action *actions;
    Template *main; /* NULL: unimpl */
    Template **sections;
    size_t section_count; /* length of the array; entries may be NULL */
    Pattern pattern;
    BuildState pattern_state;
    bool recursive;
};

struct Model {
    bool big_endian;
    bool endian_known;
    unsigned alignment;
    Space *spaces;
    size_t space_count;
    Space *default_space;
    Symbol **symbols; /* in order of definition; the index is not the id */
    size_t symbol_count;
    Symbol **context_fields;
    size_t context_field_count;
    bool context_frozen;
    unsigned context_bits; /* packed */
    Constructor **constructors;
    size_t constructor_count;
    unsigned userop_count;
    unsigned section_count;
    Symbol *root;
    uint32_t scope_count;
    uint64_t next_temporary;
    unsigned largest_delay;
    bool uses_crossbuild;
    size_t disjunct_total;
};

Model *model_new(Compiler *compiler);

/* A new global symbol. A second definition is an error; the new one is then not entered. */
Symbol *model_define(Compiler *compiler, SymbolKind kind, Name *name, SourcePosition position);
const char *model_kind_text(SymbolKind kind);
bool model_is_family(const Symbol *symbol); /* a field, plain or with attached meaning */
Symbol *model_table(Compiler *compiler, Name *name, SourcePosition position);
unsigned model_field_bits(const Field *field);

/* Packs the context fields; afterwards none can be defined. */
void model_freeze_context(Compiler *compiler);

#endif
