/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_TEMPLATE_H
#define SLEIGH_TEMPLATE_H

#include "sleigh/compiler/syntax.h"

/* p-code with holes: operations whose varnodes may depend on the constructor's operands. */

typedef enum ConstantKind {
    CONSTANT_REAL,   /* `value` */
    CONSTANT_SPACE,  /* `value` is the space's index */
    CONSTANT_HANDLE, /* a piece of an operand */
    CONSTANT_INDEX,  /* an operand's number, which is final only at the end */
    CONSTANT_START,
    CONSTANT_NEXT,
    CONSTANT_NEXT2,
    CONSTANT_CURSPACE,
    CONSTANT_CURSPACE_SIZE,
    CONSTANT_RELATIVE /* `value` is a label */
} ConstantKind;

typedef enum HandleSelector {
    HANDLE_SPACE,
    HANDLE_OFFSET,
    HANDLE_SIZE,
    HANDLE_OFFSET_PLUS
} HandleSelector;

typedef struct Constant {
    ConstantKind kind;
    HandleSelector selector;
    Symbol *operand;
    uint64_t value;
    uint64_t plus;
} Constant;

typedef struct Temporary {
    Constant size;
    uint64_t offset;
    unsigned reads;
    unsigned writes;
    Name *name; /* NULL: of an expression */
    SourcePosition position;
    bool placed;
    bool exported;
    bool pinned; /* parts of it or its address are used */
} Temporary;

struct Varnode {
    Constant space;
    Constant offset;
    Constant size; /* REAL 0: not known; of a temporary without `is_part` see there */
    Temporary *temporary;
    bool is_part; /* bytes [part_low, part_low + size) counted from the least significant */
    unsigned part_low;
    bool is_address;    /* the temporary's offset as a constant */
    bool address_sized; /* has an address' size if nothing else says one */
};

typedef struct TemplateOp {
    unsigned opcode;
    Varnode *output;
    Varnode **inputs;
    size_t input_count;
    SourcePosition position;
    bool removed;
} TemplateOp;

typedef enum ExportKind { EXPORT_NONE, EXPORT_VARNODE, EXPORT_POINTER } ExportKind;

struct Template {
    TemplateOp **ops;
    size_t op_count;
    unsigned label_count;
    unsigned delay_bytes;
    Symbol **built_operands;
    size_t built_count;
    ExportKind export_kind;
    Varnode *exported;
    Space *export_space; /* EXPORT_POINTER */
    unsigned export_bytes;
    Temporary *export_temporary;
    SourcePosition position;
};

/* The constructor's main template and its sections from the statements. */
void template_build(Compiler *compiler, Constructor *constructor, const Statement *body);

/* Gives every varnode of the template a size, or reports that it cannot. */
void template_infer_sizes(Compiler *compiler, Template *template);

/* After all tables are known: sizes of exports, checks, lowering, temporaries' places. */
void templates_finish(Compiler *compiler);

TemplateOp *template_add(
        Compiler *compiler, Template *template, unsigned opcode, SourcePosition position);
void template_input(Compiler *compiler, TemplateOp *op, Varnode *input);
Varnode *template_constant(Compiler *compiler, uint64_t value, unsigned bytes);
Constant varnode_size(const Varnode *varnode);
bool constant_unknown(Constant size);

#endif
