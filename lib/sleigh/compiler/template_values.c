/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/template_values.h"

#include "sleigh/compiler/constructor.h"

Constant constant_real(uint64_t value)
{
    return (Constant){.kind = CONSTANT_REAL, .value = value};
}

Constant constant_space(unsigned index)
{
    return (Constant){.kind = CONSTANT_SPACE, .value = index};
}

static Constant constant_handle(Symbol *operand, HandleSelector selector)
{
    return (Constant){.kind = CONSTANT_HANDLE, .selector = selector, .operand = operand};
}

bool constant_unknown(Constant size)
{
    return size.kind == CONSTANT_REAL && size.value == 0;
}

Constant varnode_size(const Varnode *varnode)
{
    if (varnode->temporary != NULL && !varnode->is_part && !varnode->is_address)
        return varnode->temporary->size;
    return varnode->size;
}

void generate_force_size(Varnode *varnode, Constant size)
{
    if (!constant_unknown(varnode_size(varnode)))
        return;
    if (varnode->temporary != NULL && !varnode->is_part && !varnode->is_address)
        varnode->temporary->size = size;
    else
        varnode->size = size;
}

static Varnode *new_varnode(Generator *generator, Constant space, Constant offset, Constant size)
{
    Varnode *varnode = compiler_alloc(generator->compiler, sizeof *varnode);
    varnode->space = space;
    varnode->offset = offset;
    varnode->size = size;
    return varnode;
}

Varnode *template_constant(Compiler *compiler, uint64_t value, unsigned bytes)
{
    Varnode *varnode = compiler_alloc(compiler, sizeof *varnode);
    varnode->space = constant_space(SPACE_CONST);
    varnode->offset = constant_real(value);
    varnode->size = constant_real(bytes);
    return varnode;
}

Varnode *generate_new_temporary(
        Generator *generator, Name *name, SourcePosition position, unsigned bytes)
{
    Varnode *varnode = new_varnode(
            generator, constant_space(SPACE_UNIQUE), constant_real(0), constant_real(0));
    varnode->temporary = compiler_alloc(generator->compiler, sizeof *varnode->temporary);
    varnode->temporary->name = name;
    varnode->temporary->position = position;
    varnode->temporary->size = constant_real(bytes);
    return varnode;
}

TemplateOp *template_add(
        Compiler *compiler, Template *template, unsigned opcode, SourcePosition position)
{
    if (template->op_count >= SLEIGH_LIMIT_TEMPLATE_OPS)
        compiler_limit(compiler, position, "operations of a constructor, SLEIGH_LIMIT_TEMPLATE_OPS",
                SLEIGH_LIMIT_TEMPLATE_OPS);
    TemplateOp *op = compiler_alloc(compiler, sizeof *op);
    op->opcode = opcode;
    op->position = position;
    COMPILER_PUSH(compiler, template->ops, template->op_count, op);
    return op;
}

void template_input(Compiler *compiler, TemplateOp *op, Varnode *input)
{
    COMPILER_PUSH(compiler, op->inputs, op->input_count, input);
}

TemplateOp *generate_op(Generator *generator, unsigned opcode, SourcePosition position,
        Varnode *output, Varnode *first, Varnode *second)
{
    TemplateOp *op = template_add(generator->compiler, generator->template, opcode, position);
    op->output = output;
    if (first != NULL)
        template_input(generator->compiler, op, first);
    if (second != NULL)
        template_input(generator->compiler, op, second);
    return op;
}

/* An operation into a temporary of its own. */
static Varnode *value_op(Generator *generator, unsigned opcode, SourcePosition position,
        Varnode *first, Varnode *second, unsigned bytes)
{
    Varnode *output = generate_new_temporary(generator, NULL, position, bytes);
    generator->fresh = generate_op(generator, opcode, position, output, first, second);
    return output;
}

Local *scope_find(Scope *scope, const Name *name)
{
    for (size_t i = 0; i < scope->local_count; i++)
        if (scope->locals[i].name == name)
            return &scope->locals[i];
    return NULL;
}

Symbol *generate_find_operand(Generator *generator, const Name *name)
{
    const Local *local = scope_find(generator->scope, name);
    if (local != NULL)
        return local->operand;
    return generator->scope->in_macro ? NULL : constructor_operand(generator->constructor, name);
}

Space *generate_space(Generator *generator, const Name *name, SourcePosition position)
{
    if (name == NULL) {
        Space *space = generator->compiler->model->default_space;
        if (space == NULL)
            compiler_error(generator->compiler, position,
                    "there is no default space; give one space the attribute 'default'");
        return space != NULL ? space : &generator->compiler->model->spaces[SPACE_OTHER];
    }
    if (name->global == NULL || name->global->kind != SYMBOL_SPACE) {
        compiler_error(generator->compiler, position, "'%s' is not a space", name->text);
        return &generator->compiler->model->spaces[SPACE_OTHER];
    }
    return name->global->space;
}

static Varnode *register_varnode(Generator *generator, const Symbol *symbol)
{
    return new_varnode(generator, constant_space(symbol->varnode.space->index),
            constant_real(symbol->varnode.offset), constant_real(symbol->varnode.bytes));
}

static Varnode *address_varnode(Generator *generator, const Symbol *symbol)
{
    ConstantKind kind = symbol->kind == SYMBOL_START  ? CONSTANT_START
                        : symbol->kind == SYMBOL_NEXT ? CONSTANT_NEXT
                                                      : CONSTANT_NEXT2;
    Varnode *varnode = new_varnode(
            generator, constant_space(SPACE_CONST), (Constant){.kind = kind}, constant_real(0));
    varnode->address_sized = true;
    return varnode;
}

static Varnode *operand_varnode(Generator *generator, Symbol *symbol)
{
    const Symbol *defines = symbol->operand.defines;
    if (defines != NULL && defines->kind == SYMBOL_VARNODE)
        return register_varnode(generator, defines);
    if (defines != NULL && (defines->kind == SYMBOL_START || defines->kind == SYMBOL_NEXT ||
                                   defines->kind == SYMBOL_NEXT2))
        return address_varnode(generator, defines);
    Constant offset = constant_handle(symbol, HANDLE_OFFSET);
    if (defines != NULL && defines->kind == SYMBOL_TABLE)
        return new_varnode(generator, constant_handle(symbol, HANDLE_SPACE), offset,
                constant_handle(symbol, HANDLE_SIZE));
    if (defines != NULL && defines->kind == SYMBOL_VARLIST)
        return new_varnode(generator, constant_handle(symbol, HANDLE_SPACE), offset,
                constant_real(defines->registers.bytes));
    return new_varnode(generator, constant_space(SPACE_CONST), offset, constant_real(0));
}

static Varnode *read_range(Generator *generator, Varnode *whole, bool is_parameter,
        SourcePosition position, unsigned low, unsigned bits);

Varnode *generate_name(Generator *generator, Name *name, SourcePosition position)
{
    Local *local = scope_find(generator->scope, name);
    generator->fresh = NULL;
    if (local != NULL && local->varnode->temporary == NULL) /* each use gets a size of its own */
        return compiler_copy(generator->compiler, local->varnode, sizeof *local->varnode);
    if (local != NULL)
        return local->varnode;
    Symbol *symbol = generate_find_operand(generator, name);
    if (symbol != NULL)
        return operand_varnode(generator, symbol);
    symbol = name->global;
    if (symbol != NULL && symbol->kind == SYMBOL_VARNODE)
        return register_varnode(generator, symbol);
    if (symbol != NULL && symbol->kind >= SYMBOL_START && symbol->kind <= SYMBOL_NEXT2)
        return address_varnode(generator, symbol);
    if (symbol != NULL && symbol->kind == SYMBOL_BITRANGE)
        return read_range(generator, register_varnode(generator, symbol->bitrange.parent), false,
                position, symbol->bitrange.low, symbol->bitrange.bits);
    if (symbol == NULL)
        compiler_error(generator->compiler, position, "'%s' is not defined", name->text);
    else if (symbol->kind != SYMBOL_EPSILON)
        compiler_error(generator->compiler, position,
                "'%s' is a %s and no operand of this constructor, so it has no value here",
                name->text, model_kind_text(symbol->kind));
    return template_constant(generator->compiler, 0, 0);
}

static bool is_operand_varnode(const Varnode *varnode)
{
    return varnode->offset.kind == CONSTANT_HANDLE;
}

bool generate_can_be_part(const Generator *generator, const Varnode *varnode, bool is_parameter)
{
    (void)generator;
    if (varnode->is_address)
        return false;
    if (varnode->temporary != NULL) /* a macro sees parts of a local if its size is already known */
        return !constant_unknown(varnode->temporary->size) &&
               (!is_parameter || varnode->temporary->name != NULL);
    if (is_operand_varnode(varnode)) /* a part of a part, too: macros take halves as parameters */
        return true;
    return varnode->space.kind == CONSTANT_SPACE && varnode->space.value != SPACE_CONST;
}

Varnode *generate_part(Generator *generator, Varnode *whole, unsigned low_bit, unsigned bits)
{
    Varnode *part = compiler_copy(generator->compiler, whole, sizeof *whole);
    part->size = constant_real(bits / 8);
    part->is_part = true;
    part->part_low = whole->part_low + low_bit / 8;
    Constant whole_size = varnode_size(whole);
    if (whole->temporary != NULL) {
        whole->temporary->pinned = true;
    } else if (is_operand_varnode(whole)) {
        part->offset.selector = HANDLE_OFFSET_PLUS;
        part->offset.plus = (uint64_t)part->part_low << 16;
    } else {
        unsigned byte = low_bit / 8;
        if (generator->compiler->model->big_endian)
            byte = (unsigned)whole_size.value - byte - bits / 8;
        part->offset.value += byte;
        part->is_part = false;
        part->part_low = 0;
    }
    return part;
}

/* x >> low, cut to size, masked; what has no effect is left out. */
static Varnode *range_by_operations(
        Generator *generator, Varnode *whole, SourcePosition position, unsigned low, unsigned bits)
{
    Compiler *compiler = generator->compiler;
    Constant size = varnode_size(whole);
    unsigned total = size.kind == CONSTANT_REAL ? (unsigned)size.value : 0;
    unsigned bytes = (bits + 7) / 8;
    Varnode *value = whole;
    unsigned drop = low / 8;
    generator->fresh = NULL;
    if (low % 8 != 0) {
        value = value_op(generator, PRO_PCODE_INT_RIGHT, position, value,
                template_constant(compiler, low, 4), total);
        drop = 0;
    }
    if (total != bytes || drop != 0)
        value = value_op(generator, PRO_PCODE_SUBPIECE, position, value,
                template_constant(compiler, drop, 4), bytes);
    if (bits % 8 != 0 && low + bits != 8 * total) {
        uint64_t mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        value = value_op(generator, PRO_PCODE_INT_AND, position, value,
                template_constant(compiler, mask, bytes), bytes);
    }
    return value;
}

static Varnode *read_range(Generator *generator, Varnode *whole, bool is_parameter,
        SourcePosition position, unsigned low, unsigned bits)
{
    Compiler *compiler = generator->compiler;
    Constant size = varnode_size(whole);
    bool whole_bytes = low % 8 == 0 && bits % 8 == 0;
    bool is_constant = whole->space.kind == CONSTANT_SPACE && whole->space.value == SPACE_CONST;
    if (is_constant && constant_unknown(size) && low == 0 && whole_bytes) {
        Varnode *sized = compiler_copy(compiler, whole, sizeof *whole);
        sized->size = constant_real(bits / 8);
        return sized;
    }
    if (size.kind == CONSTANT_REAL && size.value != 0) {
        if (low + bits > 8 * size.value) {
            compiler_error(compiler, position, "bits %u to %u lie outside of a value of %u bits",
                    low, low + bits - 1, (unsigned)size.value * 8);
            return whole;
        }
        if (low == 0 && bits == 8 * size.value) {
            if (!is_parameter)
                compiler_error(compiler, position,
                        "superfluous truncation: the value has exactly %u bits; leave it out",
                        bits);
            return whole;
        }
    }
    if (whole_bytes && generate_can_be_part(generator, whole, is_parameter))
        return generate_part(generator, whole, low, bits);
    return range_by_operations(generator, whole, position, low, bits);
}

static Varnode *generate_range(Generator *generator, const Term *term)
{
    const Local *local = scope_find(generator->scope, term->name);
    Varnode *whole = generate_name(generator, term->name, term->position);
    generator->fresh = NULL;
    return read_range(generator, whole, local != NULL && local->is_parameter, term->position,
            term->low, term->bits);
}

static Varnode *generate_address(Generator *generator, const Term *term)
{
    Model *model = generator->compiler->model;
    Varnode *place = generate_name(generator, term->name, term->position);
    Varnode *address = new_varnode(
            generator, constant_space(SPACE_CONST), place->offset, constant_real(term->bytes));
    generator->fresh = NULL;
    const Space *space = model->default_space;
    if (place->space.kind == CONSTANT_SPACE && place->space.value != SPACE_CONST)
        space = &model->spaces[place->space.value];
    if (place->temporary != NULL) {
        address->temporary = place->temporary;
        address->is_address = true;
        place->temporary->pinned = true;
    } else if (address->offset.kind == CONSTANT_REAL && space != NULL) {
        address->offset.value /= space->word_bytes;
    }
    if (term->bytes == 0)
        address->size = constant_real(space == NULL ? 8 : space->address_bytes);
    return address;
}

void generate_pointer(Generator *generator, Varnode *pointer, const Space *space)
{
    (void)generator;
    if (pointer->space.kind != CONSTANT_SPACE || pointer->space.value != SPACE_CONST ||
            pointer->offset.kind != CONSTANT_REAL)
        generate_force_size(pointer, constant_real(space->address_bytes));
}

static Varnode *generate_load(Generator *generator, const Term *term)
{
    Space *space = generate_space(generator, term->space, term->position);
    Varnode *pointer = generate_term(generator, term->terms[0]);
    generate_pointer(generator, pointer, space);
    Varnode *id = template_constant(generator->compiler, 0, 8);
    id->offset = constant_space(space->index);
    return value_op(generator, PRO_PCODE_LOAD, term->position, id, pointer, term->bytes);
}

static unsigned fixed_output_bytes(unsigned opcode)
{
    switch (opcode) {
    case PRO_PCODE_INT_EQUAL:
    case PRO_PCODE_INT_NOTEQUAL:
    case PRO_PCODE_INT_SLESS:
    case PRO_PCODE_INT_SLESSEQUAL:
    case PRO_PCODE_INT_LESS:
    case PRO_PCODE_INT_LESSEQUAL:
    case PRO_PCODE_INT_CARRY:
    case PRO_PCODE_INT_SCARRY:
    case PRO_PCODE_INT_SBORROW:
    case PRO_PCODE_BOOL_NEGATE:
    case PRO_PCODE_BOOL_XOR:
    case PRO_PCODE_BOOL_AND:
    case PRO_PCODE_BOOL_OR:
    case PRO_PCODE_FLOAT_EQUAL:
    case PRO_PCODE_FLOAT_NOTEQUAL:
    case PRO_PCODE_FLOAT_LESS:
    case PRO_PCODE_FLOAT_LESSEQUAL:
    case PRO_PCODE_FLOAT_NAN:
        return 1;
    default:
        return 0;
    }
}

static Varnode *generate_values(
        Generator *generator, const Term *term, TemplateOp **ret_op, unsigned opcode)
{
    Varnode **values =
            compiler_alloc_array(generator->compiler, term->term_count + 1, sizeof *values);
    for (size_t i = 0; i < term->term_count; i++)
        values[i] = generate_term(generator, term->terms[i]);
    Varnode *output =
            generate_new_temporary(generator, NULL, term->position, fixed_output_bytes(opcode));
    *ret_op = generate_op(generator, opcode, term->position, output, NULL, NULL);
    if (opcode == PRO_PCODE_CALLOTHER)
        template_input(generator->compiler, *ret_op,
                template_constant(generator->compiler, term->name->global->userop, 4));
    for (size_t i = 0; i < term->term_count; i++)
        template_input(generator->compiler, *ret_op, values[i]);
    generator->fresh = *ret_op;
    return output;
}

static Varnode *generate_call(Generator *generator, const Term *term)
{
    const Symbol *symbol = term->name->global;
    if (symbol == NULL || symbol->kind != SYMBOL_USEROP) {
        compiler_error(generator->compiler, term->position,
                symbol != NULL && symbol->kind == SYMBOL_MACRO
                        ? "macro '%s' has no value; call it as a statement"
                        : "'%s' is not a function or user operation (define pcodeop)",
                term->name->text);
        generator->fresh = NULL;
        return template_constant(generator->compiler, 0, 1);
    }
    TemplateOp *op;
    return generate_values(generator, term, &op, PRO_PCODE_CALLOTHER);
}

Varnode *generate_term(Generator *generator, const Term *term)
{
    TemplateOp *op;
    generator->fresh = NULL;
    switch (term->kind) {
    case TERM_INTEGER:
        return template_constant(generator->compiler, term->integer, term->bytes);
    case TERM_NAME:
        return generate_name(generator, term->name, term->position);
    case TERM_LOAD:
        return generate_load(generator, term);
    case TERM_RANGE:
        return generate_range(generator, term);
    case TERM_ADDRESS:
        return generate_address(generator, term);
    case TERM_CALL:
        return generate_call(generator, term);
    case TERM_DROP: {
        Varnode *whole = generate_name(generator, term->name, term->position);
        return value_op(generator, PRO_PCODE_SUBPIECE, term->position, whole,
                template_constant(generator->compiler, term->low, 4), 0);
    }
    default:
        return generate_values(generator, term, &op, term->opcode);
    }
}
