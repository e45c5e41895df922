/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/template_values.h"

#include "sleigh/compiler/constructor.h"
#include "sleigh/sla_ids.h"

static void generate_statements(Generator *generator, const Statement *statement);

/* Puts the value just generated into `target`: its operation writes there directly, or a COPY. */
static void assign(Generator *generator, Varnode *target, Varnode *value, SourcePosition position)
{
    TemplateOp *fresh = generator->fresh;
    generator->fresh = NULL;
    if (fresh == NULL || fresh->output != value) {
        (void)generate_op(generator, PRO_PCODE_COPY, position, target, value, NULL);
        return;
    }
    generate_force_size(target, varnode_size(value));
    fresh->output = target;
}

static Varnode *declare_local(Generator *generator, const Statement *statement, unsigned bytes)
{
    Varnode *varnode =
            generate_new_temporary(generator, statement->name, statement->position, bytes);
    Local local = {.name = statement->name, .varnode = varnode};
    COMPILER_PUSH(
            generator->compiler, generator->scope->locals, generator->scope->local_count, local);
    return varnode;
}

static bool is_known_name(Generator *generator, const Statement *statement)
{
    const Name *name = statement->name;
    if (scope_find(generator->scope, name) != NULL ||
            generate_find_operand(generator, name) != NULL)
        return true;
    const Symbol *global = name->global;
    return global != NULL && (global->kind == SYMBOL_VARNODE || global->kind == SYMBOL_BITRANGE) &&
           !statement->is_local;
}

/* whole = (whole & ~mask) | (zext(value) << low), with its operations in this order. */
static void assign_bits(Generator *generator, const Statement *statement, Varnode *whole,
        unsigned low, unsigned bits)
{
    Compiler *compiler = generator->compiler;
    Constant size = varnode_size(whole);
    unsigned total = size.kind == CONSTANT_REAL ? (unsigned)size.value : 0;
    SourcePosition position = statement->position;
    if (low + bits > 64 || (total != 0 && low + bits > 8 * total)) {
        compiler_error(compiler, position, "bits %u to %u cannot be assigned", low, low + bits - 1);
        return;
    }
    uint64_t mask = (bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1) << low;
    uint64_t keep = total != 0 && total < 8 ? ~mask & (((uint64_t)1 << 8 * total) - 1) : ~mask;
    Varnode *kept = generate_new_temporary(generator, NULL, position, total);
    (void)generate_op(generator, PRO_PCODE_INT_AND, position, kept, whole,
            template_constant(compiler, keep, total));
    Varnode *value = generate_term(generator, statement->value);
    generator->fresh = NULL;
    generate_force_size(value, constant_real((bits + 7) / 8));
    if (total != (bits + 7) / 8) {
        Varnode *wide = generate_new_temporary(generator, NULL, position, total);
        wide->temporary->size = size;
        (void)generate_op(generator, PRO_PCODE_INT_ZEXT, position, wide, value, NULL);
        value = wide;
    }
    if (low != 0) {
        Varnode *moved = generate_new_temporary(generator, NULL, position, total);
        (void)generate_op(generator, PRO_PCODE_INT_LEFT, position, moved, value,
                template_constant(compiler, low, 4));
        value = moved;
    }
    (void)generate_op(generator, PRO_PCODE_INT_OR, position, whole, kept, value);
}

static void statement_assign_range(Generator *generator, const Statement *statement)
{
    const Local *local = scope_find(generator->scope, statement->name);
    bool is_parameter = local != NULL && local->is_parameter;
    Varnode *whole = generate_name(generator, statement->name, statement->position);
    Constant size = varnode_size(whole);
    unsigned low = statement->low, bits = statement->bits;
    if (size.kind == CONSTANT_REAL && size.value != 0 && low == 0 && bits == 8 * size.value &&
            !is_parameter)
        compiler_error(generator->compiler, statement->position,
                "superfluous bit range: '%s' has exactly %u bits; leave it out",
                statement->name->text, bits);
    if (low % 8 == 0 && bits % 8 == 0 && generate_can_be_part(generator, whole, is_parameter)) {
        if (size.kind == CONSTANT_REAL && size.value != 0 && low + bits > 8 * size.value) {
            compiler_error(generator->compiler, statement->position,
                    "bits %u to %u cannot be assigned", low, low + bits - 1);
            return;
        }
        Varnode *value = generate_term(generator, statement->value);
        generate_force_size(value, constant_real(bits / 8));
        assign(generator, generate_part(generator, whole, low, bits), value, statement->position);
        return;
    }
    if (is_parameter && whole->temporary != NULL)
        compiler_error(generator->compiler, statement->position,
                "bits of a macro's parameter that is a temporary cannot be assigned");
    assign_bits(generator, statement, whole, low, bits);
}

static void statement_assign(Generator *generator, const Statement *statement)
{
    const Symbol *global = statement->name->global;
    bool known = is_known_name(generator, statement);
    if (known && !statement->is_local && global != NULL && global->kind == SYMBOL_BITRANGE &&
            scope_find(generator->scope, statement->name) == NULL) {
        Name *parent = global->bitrange.parent->name;
        assign_bits(generator, statement, generate_name(generator, parent, statement->position),
                global->bitrange.low, global->bitrange.bits);
        return;
    }
    Varnode *value = generate_term(generator, statement->value);
    TemplateOp *fresh = generator->fresh;
    Varnode *target;
    if (!known || statement->is_local) {
        if (statement->is_local && scope_find(generator->scope, statement->name) != NULL)
            compiler_error(generator->compiler, statement->position,
                    "'%s' is already declared here", statement->name->text);
        target = declare_local(generator, statement, statement->bytes);
        if (statement->bytes == 0)
            target->temporary->size = varnode_size(value);
        else
            generate_force_size(value, constant_real(statement->bytes));
    } else {
        target = generate_name(generator, statement->name, statement->position);
        Constant size = varnode_size(target);
        if (statement->bytes != 0 &&
                !(size.kind == CONSTANT_REAL && size.value == statement->bytes))
            compiler_error(generator->compiler, statement->position,
                    "'%s' exists already with another size; assign to '%s', or to bits as '%s[0,%u]'",
                    statement->name->text, statement->name->text, statement->name->text,
                    8 * statement->bytes);
        if (target->space.kind == CONSTANT_SPACE && target->space.value == SPACE_CONST)
            compiler_error(generator->compiler, statement->position,
                    "'%s' is a constant and cannot be assigned", statement->name->text);
    }
    generator->fresh = fresh;
    assign(generator, target, value, statement->position);
}

static void statement_store(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    Space *space = generate_space(generator, statement->space, statement->position);
    Varnode *pointer = generate_term(generator, statement->pointer);
    generate_pointer(generator, pointer, space);
    Varnode *value = generate_term(generator, statement->value);
    if (statement->bytes != 0)
        generate_force_size(value, constant_real(statement->bytes));
    Varnode *id = template_constant(compiler, 0, 8);
    id->offset = constant_space(space->index);
    TemplateOp *op =
            generate_op(generator, PRO_PCODE_STORE, statement->position, NULL, id, pointer);
    template_input(compiler, op, value);
    Constant size = varnode_size(value);
    if (statement->bytes != 0 && size.kind == CONSTANT_REAL && size.value != statement->bytes)
        compiler_error(compiler, statement->position, "the value has %u bytes, but %u are stored",
                (unsigned)size.value, statement->bytes);
}

static void check_labels(Generator *generator)
{
    for (size_t i = 0; i < generator->scope->label_count; i++) {
        const Label *label = &generator->scope->labels[i];
        if (!label->placed)
            compiler_error(generator->compiler, label->position,
                    "label <%s> is not placed anywhere", label->name->text);
        if (!label->used)
            compiler_error(generator->compiler, label->position,
                    "label <%s> is never used; remove it", label->name->text);
    }
}

static void expand_macro(Generator *generator, const Statement *statement, const Symbol *symbol)
{
    Compiler *compiler = generator->compiler;
    const MacroDefinition *macro = symbol->macro;
    Scope scope = {.in_macro = true};
    if (macro->parameter_count != statement->term_count) {
        compiler_error(compiler, statement->position, "macro '%s' takes %zu parameters, not %zu",
                symbol->name->text, macro->parameter_count, statement->term_count);
        return;
    }
    if (++generator->macro_depth > SLEIGH_LIMIT_MACRO_DEPTH)
        compiler_limit(compiler, statement->position,
                "macros inside macros (does a macro call itself?), SLEIGH_LIMIT_MACRO_DEPTH",
                SLEIGH_LIMIT_MACRO_DEPTH);
    for (size_t i = 0; i < statement->term_count; i++) {
        const Term *term = statement->terms[i];
        Local local = {.name = macro->parameters[i], .is_parameter = true};
        local.varnode = generate_term(generator, term);
        if (term->kind == TERM_NAME)
            local.operand = generate_find_operand(generator, term->name);
        COMPILER_PUSH(compiler, scope.locals, scope.local_count, local);
    }
    Scope *outer = generator->scope;
    generator->scope = &scope;
    generate_statements(generator, macro->body);
    check_labels(generator);
    generator->scope = outer;
    generator->macro_depth--;
}

static void statement_invoke(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    const Symbol *symbol = statement->name->global;
    if (symbol != NULL && symbol->kind == SYMBOL_MACRO) {
        expand_macro(generator, statement, symbol);
        return;
    }
    if (symbol == NULL || symbol->kind != SYMBOL_USEROP) {
        compiler_error(compiler, statement->position,
                "'%s' is neither a macro nor a user operation", statement->name->text);
        return;
    }
    Varnode **values = compiler_alloc_array(compiler, statement->term_count + 1, sizeof *values);
    for (size_t i = 0; i < statement->term_count; i++)
        values[i] = generate_term(generator, statement->terms[i]);
    TemplateOp *op = generate_op(generator, PRO_PCODE_CALLOTHER, statement->position, NULL,
            template_constant(compiler, symbol->userop, 4), NULL);
    for (size_t i = 0; i < statement->term_count; i++)
        template_input(compiler, op, values[i]);
}

static Label *find_label(Generator *generator, Name *name, SourcePosition position)
{
    Scope *scope = generator->scope;
    for (size_t i = 0; i < scope->label_count; i++)
        if (scope->labels[i].name == name)
            return &scope->labels[i];
    Label label = {.name = name, .index = generator->template->label_count++, .position = position};
    COMPILER_PUSH(generator->compiler, scope->labels, scope->label_count, label);
    return &scope->labels[scope->label_count - 1];
}

static void statement_label(Generator *generator, const Statement *statement)
{
    Label *label = find_label(generator, statement->name, statement->position);
    if (label->placed)
        compiler_error(generator->compiler, statement->position, "label <%s> is placed twice",
                label->name->text);
    label->placed = true;
    (void)generate_op(generator, SLA_OP_LABEL, statement->position, NULL,
            template_constant(generator->compiler, label->index, 4), NULL);
}

static Varnode *destination(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    Varnode *varnode = template_constant(compiler, statement->integer, 0);
    if (statement->destination == DESTINATION_LABEL) {
        Label *label = find_label(generator, statement->name, statement->position);
        label->used = true;
        varnode->offset = (Constant){.kind = CONSTANT_RELATIVE, .value = label->index};
        varnode->size = constant_real(4);
        return varnode;
    }
    varnode->space = (Constant){.kind = CONSTANT_CURSPACE};
    varnode->size = (Constant){.kind = CONSTANT_CURSPACE_SIZE};
    if (statement->destination == DESTINATION_INTEGER) {
        const Space *space = generate_space(generator, statement->space, statement->position);
        varnode->offset.value *= space->word_bytes;
        if (statement->space != NULL) {
            varnode->space = constant_space(space->index);
            varnode->size = constant_real(space->address_bytes);
        }
        return varnode;
    }
    Symbol *operand = generate_find_operand(generator, statement->name);
    Varnode *named = generate_name(generator, statement->name, statement->position);
    if (operand != NULL)
        operand->operand.is_code = true;
    if (!named->address_sized)
        return named;
    varnode->offset = named->offset;
    return varnode;
}

static void statement_branch(Generator *generator, const Statement *statement)
{
    Varnode *condition = NULL;
    if (statement->opcode == PRO_PCODE_CBRANCH)
        condition = generate_term(generator, statement->value);
    Varnode *target = destination(generator, statement);
    (void)generate_op(generator, statement->opcode, statement->position, NULL, target, condition);
}

static void statement_build(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    Template *template = generator->template;
    Symbol *operand = generate_find_operand(generator, statement->name);
    if (operand == NULL || generator->scope->in_macro || operand->operand.defines == NULL ||
            operand->operand.defines->kind != SYMBOL_TABLE) {
        compiler_error(compiler, statement->position,
                "build needs an operand of this constructor that is a table; '%s' is not",
                statement->name->text);
        return;
    }
    for (size_t i = 0; i < template->built_count; i++)
        if (template->built_operands[i] == operand)
            compiler_error(compiler, statement->position, "operand '%s' is built twice",
                    statement->name->text);
    COMPILER_PUSH(compiler, template->built_operands, template->built_count, operand);
    Varnode *index = template_constant(compiler, 0, 4);
    index->offset = (Constant){.kind = CONSTANT_INDEX, .operand = operand};
    (void)generate_op(generator, SLA_OP_BUILD, statement->position, NULL, index, NULL);
}

static unsigned section_number(Generator *generator, Name *name, SourcePosition position)
{
    Model *model = generator->compiler->model;
    if (name->global == NULL) {
        if (model->section_count >= SLEIGH_LIMIT_SECTIONS)
            compiler_limit(generator->compiler, position, "sections, SLEIGH_LIMIT_SECTIONS",
                    SLEIGH_LIMIT_SECTIONS);
        Symbol *symbol = model_define(generator->compiler, SYMBOL_SECTION, name, position);
        symbol->section = model->section_count++;
    } else if (name->global->kind != SYMBOL_SECTION) {
        compiler_error(generator->compiler, position, "'%s' is not a section's name", name->text);
        return 0;
    }
    return name->global->section;
}

static void statement_crossbuild(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    if (generator->section != 0)
        compiler_error(
                compiler, statement->position, "crossbuild is not possible in a named section");
    compiler->model->uses_crossbuild = true;
    Varnode *address = generate_term(generator, statement->value);
    unsigned section = section_number(generator, statement->name, statement->position);
    (void)generate_op(generator, SLA_OP_CROSSBUILD, statement->position, NULL, address,
            template_constant(compiler, section, 4));
}

static void statement_delayslot(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    if (generator->template->delay_bytes != 0)
        compiler_error(compiler, statement->position, "a second delayslot in one constructor");
    if (generator->constructor->table != compiler->model->root)
        compiler_warning(compiler, statement->position, "delayslot outside of the root table");
    generator->template->delay_bytes = (unsigned)statement->integer;
    if (compiler->model->largest_delay < statement->integer)
        compiler->model->largest_delay = (unsigned)statement->integer;
    (void)generate_op(generator, SLA_OP_DELAY_SLOT, statement->position, NULL,
            template_constant(compiler, statement->integer, 4), NULL);
}

static void statement_export(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    Template *template = generator->template;
    SourcePosition position = statement->position;
    if (generator->constructor->table == compiler->model->root)
        compiler_error(compiler, position, "a constructor of the root table exports to nobody");
    if (generator->section != 0 || statement->next != NULL)
        compiler_error(compiler, position, "export must be the last statement of the main section");
    template->exported = generate_term(generator, statement->value);
    template->export_kind = EXPORT_VARNODE;
    if (template->exported->temporary != NULL)
        template->exported->temporary->exported = true;
    if (statement->kind != STATEMENT_EXPORT_LOAD)
        return;
    template->export_kind = EXPORT_POINTER;
    template->export_space = generate_space(generator, statement->space, position);
    template->export_bytes = statement->bytes;
    generate_force_size(template->exported, constant_real(template->export_space->address_bytes));
    Varnode *temporary = generate_new_temporary(generator, NULL, position, statement->bytes);
    template->export_temporary = temporary->temporary;
    template->export_temporary->exported = true;
    if (statement->bytes == 0)
        compiler_error(compiler, position, "the exported size is needed: export *:4 x;");
}

static void statement_section(Generator *generator, const Statement *statement)
{
    Compiler *compiler = generator->compiler;
    Constructor *constructor = generator->constructor;
    unsigned number = section_number(generator, statement->name, statement->position);
    check_labels(generator);
    while (constructor->section_count <= number)
        COMPILER_PUSH(compiler, constructor->sections, constructor->section_count, NULL);
    if (constructor->sections[number] != NULL)
        compiler_error(compiler, statement->position, "section '%s' is given twice",
                statement->name->text);
    generator->template = compiler_alloc(compiler, sizeof *generator->template);
    generator->template->position = statement->position;
    generator->section = number + 1;
    constructor->sections[number] = generator->template;
    *generator->scope = (Scope){0};
}

static void generate_statement(Generator *generator, const Statement *statement)
{
    bool only_outside = statement->kind >= STATEMENT_EXPORT ||
                        statement->kind == STATEMENT_DELAYSLOT ||
                        statement->kind == STATEMENT_CROSSBUILD;
    generator->fresh = NULL;
    if (generator->scope->in_macro && only_outside) {
        compiler_error(generator->compiler, statement->position, "this is not possible in a macro");
        return;
    }
    switch (statement->kind) {
    case STATEMENT_ASSIGN:
        statement_assign(generator, statement);
        break;
    case STATEMENT_DECLARE:
        (void)declare_local(generator, statement, statement->bytes);
        break;
    case STATEMENT_ASSIGN_RANGE:
        statement_assign_range(generator, statement);
        break;
    case STATEMENT_STORE:
        statement_store(generator, statement);
        break;
    case STATEMENT_INVOKE:
        statement_invoke(generator, statement);
        break;
    case STATEMENT_BUILD:
        statement_build(generator, statement);
        break;
    case STATEMENT_CROSSBUILD:
        statement_crossbuild(generator, statement);
        break;
    case STATEMENT_DELAYSLOT:
        statement_delayslot(generator, statement);
        break;
    case STATEMENT_LABEL:
        statement_label(generator, statement);
        break;
    case STATEMENT_BRANCH:
        statement_branch(generator, statement);
        break;
    case STATEMENT_INDIRECT: {
        Varnode *value = generate_term(generator, statement->value);
        (void)generate_op(generator, statement->opcode, statement->position, NULL, value, NULL);
        break;
    }
    case STATEMENT_EXPORT:
    case STATEMENT_EXPORT_LOAD:
        statement_export(generator, statement);
        break;
    case STATEMENT_SECTION:
        statement_section(generator, statement);
        break;
    }
}

static void generate_statements(Generator *generator, const Statement *statement)
{
    for (; statement != NULL; statement = statement->next)
        generate_statement(generator, statement);
}

void template_build(Compiler *compiler, Constructor *constructor, const Statement *body)
{
    Scope scope = {0};
    Generator generator = {.compiler = compiler, .constructor = constructor, .scope = &scope};
    generator.template = compiler_alloc(compiler, sizeof *generator.template);
    generator.template->position = constructor->position;
    constructor->main = generator.template;
    generate_statements(&generator, body);
    check_labels(&generator);
    template_infer_sizes(compiler, constructor->main);
    for (size_t i = 0; i < constructor->section_count; i++)
        if (constructor->sections[i] != NULL)
            template_infer_sizes(compiler, constructor->sections[i]);
}
