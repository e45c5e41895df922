/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_TEMPLATE_VALUES_H
#define SLEIGH_TEMPLATE_VALUES_H

#include "sleigh/compiler/template.h"

/* Between template.c (statements) and template_values.c (terms). */
typedef struct Local {
    Name *name;
    Varnode *varnode;
    Symbol *operand; /* a parameter that stands for an operand of the constructor */
    bool is_parameter;
} Local;

typedef struct Label {
    Name *name;
    unsigned index;
    SourcePosition position;
    bool placed;
    bool used;
} Label;

typedef struct Scope {
    Local *locals;
    size_t local_count;
    Label *labels;
    size_t label_count;
    bool in_macro;
} Scope;

typedef struct Generator {
    Compiler *compiler;
    Constructor *constructor;
    Template *template;
    Scope *scope;
    TemplateOp *fresh; /* the operation whose output is the value just generated, or NULL */
    unsigned macro_depth;
    unsigned section; /* 0: main, else 1 + number */
} Generator;

Local *scope_find(Scope *scope, const Name *name);
Varnode *generate_new_temporary(
        Generator *generator, Name *name, SourcePosition position, unsigned bytes);
Varnode *generate_term(Generator *generator, const Term *term);
Varnode *generate_name(Generator *generator, Name *name, SourcePosition position);
Symbol *generate_find_operand(Generator *generator, const Name *name);
Space *generate_space(Generator *generator, const Name *name, SourcePosition position);
void generate_pointer(Generator *generator, Varnode *pointer, const Space *space);
Varnode *generate_part(Generator *generator, Varnode *whole, unsigned low_bit, unsigned bits);
TemplateOp *generate_op(Generator *generator, unsigned opcode, SourcePosition position,
        Varnode *output, Varnode *first, Varnode *second);
void generate_force_size(Varnode *varnode, Constant size);
bool generate_can_be_part(const Generator *generator, const Varnode *varnode, bool is_parameter);
Constant constant_real(uint64_t value);
Constant constant_space(unsigned index);

#endif
