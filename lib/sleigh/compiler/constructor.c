/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/constructor.h"

#include "sleigh/compiler/template.h"

#include <string.h>

typedef struct Builder {
    Compiler *compiler;
    Constructor *constructor;
} Builder;

Symbol *constructor_operand(const Constructor *constructor, const Name *name)
{
    for (size_t i = 0; i < constructor->operand_count; i++)
        if (constructor->operands[i]->name == name)
            return constructor->operands[i];
    return NULL;
}

static Symbol *add_operand(Builder *builder, Name *name, SourcePosition position, bool displayed)
{
    Constructor *constructor = builder->constructor;
    if (constructor->operand_count >= SLEIGH_LIMIT_OPERANDS)
        compiler_limit(builder->compiler, position,
                "operands of a constructor, SLEIGH_LIMIT_OPERANDS", SLEIGH_LIMIT_OPERANDS);
    Symbol *symbol = compiler_alloc(builder->compiler, sizeof *symbol);
    symbol->kind = SYMBOL_OPERAND;
    symbol->name = name;
    symbol->position = position;
    symbol->operand.displayed = displayed;
    symbol->operand.base = -1;
    symbol->operand.index = (unsigned)constructor->operand_count;
    COMPILER_PUSH(builder->compiler, constructor->operands, constructor->operand_count, symbol);
    return symbol;
}

static void add_piece(Builder *builder, Name *text, Symbol *operand)
{
    Constructor *constructor = builder->constructor;
    PrintPiece piece = {text, operand};
    COMPILER_PUSH(builder->compiler, constructor->pieces, constructor->piece_count, piece);
}

static void add_text(Builder *builder, Name *text)
{
    Constructor *constructor = builder->constructor;
    size_t count = constructor->piece_count;
    bool joins = count > 0 && constructor->pieces[count - 1].text != NULL &&
                 (int)count - 1 != constructor->first_space;
    if (!joins) {
        add_piece(builder, text, NULL);
        return;
    }
    Name *before = constructor->pieces[count - 1].text;
    size_t length = before->length + text->length;
    char *both = compiler_alloc(builder->compiler, length + 1);
    memcpy(both, before->text, before->length);
    memcpy(both + before->length, text->text, text->length);
    constructor->pieces[count - 1].text = compiler_intern(builder->compiler, both, length);
}

static void add_space(Builder *builder)
{
    Name *space = compiler_intern(builder->compiler, " ", 1);
    Constructor *constructor = builder->constructor;
    if (constructor->first_space >= 0) {
        add_text(builder, space);
        return;
    }
    add_piece(builder, space, NULL);
    constructor->first_space = (int)constructor->piece_count - 1;
}

static void build_display(Builder *builder, const RawConstructor *raw)
{
    Compiler *compiler = builder->compiler;
    Constructor *constructor = builder->constructor;
    bool is_root = raw->table == compiler->model->root;
    bool pending_space = false;
    bool any = false;
    for (size_t i = 0; i < raw->piece_count; i++) {
        const DisplayPiece *piece = &raw->pieces[i];
        if (piece->kind == DISPLAY_SPACE) {
            any = any || piece->text != NULL; /* in quotes it counts at the beginning, too */
            pending_space = any;
            continue;
        }
        if (pending_space)
            add_space(builder);
        pending_space = false;
        if (piece->kind == DISPLAY_CARET) {
            if (!any && !is_root)
                compiler_error(compiler, piece->position,
                        "'^' can begin only the display of a constructor of the root table");
        } else if (piece->kind == DISPLAY_TEXT || (!any && is_root)) {
            add_text(builder, piece->text);
        } else {
            Symbol *operand = constructor_operand(constructor, piece->text);
            if (operand == NULL)
                operand = add_operand(builder, piece->text, piece->position, true);
            add_piece(builder, NULL, operand);
        }
        any = true;
    }
}

static Expression *new_integer(Builder *builder, SourcePosition position)
{
    Expression *expression = compiler_alloc(builder->compiler, sizeof *expression);
    expression->position = position;
    return expression;
}

static Expression *resolve_name(Builder *builder, const Expression *raw, bool in_action)
{
    Expression *expression = compiler_copy(builder->compiler, raw, sizeof *raw);
    Symbol *global = raw->name->global;
    Symbol *operand = in_action ? constructor_operand(builder->constructor, raw->name) : NULL;
    if (operand != NULL) {
        expression->kind = EXPRESSION_OPERAND;
        expression->symbol = operand;
        return expression;
    }
    if (global == NULL) {
        compiler_error(builder->compiler, raw->position, "'%s' is not defined", raw->name->text);
        return new_integer(builder, raw->position);
    }
    expression->symbol = global;
    if (model_is_family(global)) {
        expression->kind = EXPRESSION_FIELD;
        if (in_action && global->field.token != NULL)
            compiler_error(builder->compiler, raw->position,
                    "'%s' is a token field, and its place is not known here; name it in the "
                    "pattern to make it an operand",
                    raw->name->text);
    } else if (in_action && global->kind == SYMBOL_START) {
        expression->kind = EXPRESSION_START;
    } else if (in_action && global->kind == SYMBOL_NEXT) {
        expression->kind = EXPRESSION_NEXT;
    } else if (in_action && global->kind == SYMBOL_NEXT2) {
        expression->kind = EXPRESSION_NEXT2;
    } else {
        compiler_error(builder->compiler, raw->position, "'%s' is a %s and has no value here",
                raw->name->text, model_kind_text(global->kind));
        return new_integer(builder, raw->position);
    }
    return expression;
}

static Expression *resolve_expression(Builder *builder, const Expression *raw, bool in_action)
{
    if (raw == NULL)
        return NULL;
    if (raw->kind == EXPRESSION_NAME)
        return resolve_name(builder, raw, in_action);
    Expression *expression = compiler_copy(builder->compiler, raw, sizeof *raw);
    expression->left = resolve_expression(builder, raw->left, in_action);
    expression->right = resolve_expression(builder, raw->right, in_action);
    return expression;
}

static bool can_be_operand(const Symbol *symbol)
{
    return model_is_family(symbol) || symbol->kind == SYMBOL_TABLE ||
           symbol->kind == SYMBOL_VARNODE || symbol->kind == SYMBOL_START ||
           symbol->kind == SYMBOL_NEXT || symbol->kind == SYMBOL_NEXT2 ||
           symbol->kind == SYMBOL_EPSILON;
}

static bool is_always_true(const Symbol *symbol)
{
    return symbol->kind == SYMBOL_START || symbol->kind == SYMBOL_NEXT ||
           symbol->kind == SYMBOL_NEXT2 || symbol->kind == SYMBOL_EPSILON;
}

/* A symbol alone in the pattern. */
static void resolve_alone(Builder *builder, Equation *equation)
{
    Symbol *global = equation->name->global;
    Symbol *operand = constructor_operand(builder->constructor, equation->name);
    equation->kind = EQUATION_TRUE;
    if (global == NULL || !can_be_operand(global)) {
        compiler_error(builder->compiler, equation->position,
                global == NULL ? "'%s' is not defined (tables must come before their use)"
                               : "'%s' cannot stand in a pattern",
                equation->name->text);
        if (operand != NULL)
            operand->operand.value = new_integer(builder, equation->position);
        return;
    }
    if (operand == NULL && is_always_true(global))
        return;
    if (operand == NULL)
        operand = add_operand(builder, equation->name, equation->position, false);
    else if (operand->operand.defines != NULL || operand->operand.value != NULL)
        compiler_error(builder->compiler, equation->position, "operand '%s' is defined twice",
                equation->name->text);
    if (global->kind == SYMBOL_TABLE)
        global->table->referenced = true;
    operand->operand.defines = global;
    if (global->kind == SYMBOL_EPSILON) {
        operand->operand.defines = NULL;
        operand->operand.value = new_integer(builder, equation->position);
        return;
    }
    equation->kind = EQUATION_OPERAND;
    equation->symbol = operand;
}

static void resolve_constraint(Builder *builder, Equation *equation)
{
    Symbol *operand = constructor_operand(builder->constructor, equation->name);
    Symbol *global = equation->name->global;
    equation->value = resolve_expression(builder, equation->value, false);
    if (global == NULL || !model_is_family(global)) {
        compiler_error(builder->compiler, equation->position,
                global == NULL ? "'%s' is not defined" : "'%s' is not a field, so it has no bits",
                equation->name->text);
        equation->kind = EQUATION_TRUE;
        return;
    }
    bool attached = global->kind != SYMBOL_VALUE && global->kind != SYMBOL_CONTEXT;
    if (operand != NULL && operand->operand.displayed &&
            (operand->operand.defines == NULL || !attached))
        compiler_error(builder->compiler, equation->position,
                "'%s' is an operand; define a second field over the same bits and constrain that",
                equation->name->text);
    equation->symbol = global;
}

static Equation *resolve_equation(Builder *builder, const Equation *raw)
{
    Equation *equation = compiler_copy(builder->compiler, raw, sizeof *raw);
    if (raw->kind == EQUATION_NAME) {
        resolve_alone(builder, equation);
    } else if (raw->kind == EQUATION_CONSTRAINT) {
        resolve_constraint(builder, equation);
    } else {
        if (raw->left != NULL)
            equation->left = resolve_equation(builder, raw->left);
        if (raw->right != NULL)
            equation->right = resolve_equation(builder, raw->right);
    }
    return equation;
}

static bool expression_uses_next(const Expression *expression)
{
    if (expression == NULL)
        return false;
    if (expression->kind == EXPRESSION_NEXT || expression->kind == EXPRESSION_NEXT2)
        return true;
    if (expression->kind == EXPRESSION_OPERAND && expression->symbol->operand.value != NULL &&
            expression_uses_next(expression->symbol->operand.value))
        return true;
    return expression_uses_next(expression->left) || expression_uses_next(expression->right);
}

static void resolve_assignment(Builder *builder, Action *action)
{
    Symbol *operand = constructor_operand(builder->constructor, action->target);
    Symbol *global = action->target->global;
    action->value = resolve_expression(builder, action->value, true);
    if (operand != NULL) {
        if (operand->operand.defines != NULL || operand->operand.value != NULL)
            compiler_error(builder->compiler, action->position, "operand '%s' is defined twice",
                    action->target->text);
        else
            operand->operand.value = action->value;
        action->kind = ACTION_ASSIGN;
        return;
    }
    action->kind = ACTION_CONTEXT;
    action->symbol = global;
    if (global == NULL || !model_is_family(global) || global->field.token != NULL) {
        compiler_error(builder->compiler, action->position,
                "'%s' is neither an operand of the display nor a context variable",
                action->target->text);
        action->symbol = NULL;
    } else if (expression_uses_next(action->value)) {
        compiler_error(builder->compiler, action->position,
                "the value of context variable '%s' uses inst_next, which is not known when it is "
                "set",
                action->target->text);
    }
}

static void resolve_globalset(Builder *builder, Action *action)
{
    Symbol *variable = action->context->global;
    Symbol *address = constructor_operand(builder->constructor, action->target);
    action->kind = ACTION_COMMIT;
    if (variable == NULL || !model_is_family(variable) || variable->field.token != NULL) {
        compiler_error(builder->compiler, action->position, "'%s' is not a context variable",
                action->context->text);
        return;
    }
    if (address == NULL)
        address = action->target->global;
    if (address == NULL || (address->kind != SYMBOL_OPERAND && !can_be_operand(address))) {
        compiler_error(builder->compiler, action->position, "'%s' is not an address",
                action->target->text);
        return;
    }
    action->symbol = variable;
    action->address = address;
}

static void resolve_actions(Builder *builder, const Action *raw)
{
    Action **tail = &builder->constructor->actions;
    for (; raw != NULL; raw = raw->next) {
        Action *action = compiler_copy(builder->compiler, raw, sizeof *raw);
        action->next = NULL;
        if (raw->kind == ACTION_GLOBALSET)
            resolve_globalset(builder, action);
        else
            resolve_assignment(builder, action);
        if (action->kind == ACTION_ASSIGN || action->symbol == NULL)
            continue; /* became an operand, or is an error */
        *tail = action;
        tail = &action->next;
    }
}

static void check_operands(Builder *builder)
{
    Constructor *constructor = builder->constructor;
    for (size_t i = 0; i < constructor->operand_count; i++) {
        Symbol *symbol = constructor->operands[i];
        if (symbol->operand.defines != NULL || symbol->operand.value != NULL)
            continue;
        compiler_error(builder->compiler, symbol->position,
                "operand '%s' is undefined: name it in the pattern, or assign to it in [ ]",
                symbol->name->text);
        symbol->operand.value = new_integer(builder, symbol->position);
    }
}

void constructor_create(Compiler *compiler, const RawConstructor *raw)
{
    Model *model = compiler->model;
    Table *table = raw->table->table;
    if (model->constructor_count >= SLEIGH_LIMIT_CONSTRUCTORS)
        compiler_limit(compiler, raw->position, "constructors, SLEIGH_LIMIT_CONSTRUCTORS",
                SLEIGH_LIMIT_CONSTRUCTORS);
    Constructor *constructor = compiler_alloc(compiler, sizeof *constructor);
    Builder builder = {compiler, constructor};
    constructor->table = raw->table;
    constructor->position = raw->position;
    constructor->id = (unsigned)table->count;
    constructor->scope = model->scope_count++;
    constructor->first_space = -1;
    COMPILER_PUSH(compiler, table->constructors, table->count, constructor);
    COMPILER_PUSH(compiler, model->constructors, model->constructor_count, constructor);
    build_display(&builder, raw);
    constructor->equation = resolve_equation(&builder, raw->equation);
    resolve_actions(&builder, raw->actions);
    check_operands(&builder);
    if (!raw->unimplemented)
        template_build(compiler, constructor, raw->body);
}
