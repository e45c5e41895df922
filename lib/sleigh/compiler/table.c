/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/constructor.h"
#include "sleigh/compiler/pattern.h"

/* Where something starts: `offset` bytes behind the constructor's start, or behind the end of the
 * operand `base`. */
typedef struct Place {
    bool known;
    int base;
    unsigned offset;
} Place;

typedef struct Walk {
    Compiler *compiler;
    Constructor *constructor;
    Symbol **order; /* operands as the pattern names them */
    size_t order_count;
} Walk;

typedef struct Step {
    Pattern pattern;
    Place end;
} Step;

static Pattern table_pattern(Compiler *compiler, Symbol *symbol, Constructor *user);

static Place place_behind(Place start, unsigned bytes)
{
    start.offset += bytes;
    return start;
}

static Pattern symbol_pattern(Walk *walk, Symbol *symbol)
{
    if (model_is_family(symbol))
        return pattern_of_field(walk->compiler, &symbol->field);
    if (symbol->kind == SYMBOL_TABLE)
        return table_pattern(walk->compiler, symbol, walk->constructor);
    return pattern_true(walk->compiler);
}

static Step walk_operand(Walk *walk, const Equation *equation, Place start)
{
    Symbol *symbol = equation->symbol;
    Operand *operand = &symbol->operand;
    Step step = {.pattern = symbol_pattern(walk, operand->defines)};
    bool needs_place = step.pattern.token_count > 0 || step.pattern.open_right;
    if (!start.known && needs_place)
        compiler_error(walk->compiler, equation->position,
                "where operand '%s' starts cannot be computed; put it before the '...'",
                symbol->name->text);
    operand->base = start.known ? start.base : -1;
    operand->offset = start.known ? start.offset : 0;
    operand->minimum_bytes = step.pattern.bytes;
    COMPILER_PUSH(walk->compiler, walk->order, walk->order_count, symbol);
    step.end = place_behind(start, step.pattern.bytes);
    if (step.pattern.open_right)
        step.end = (Place){.known = true, .base = (int)operand->index};
    return step;
}

static Step walk_equation(Walk *walk, const Equation *equation, Place start);

static Step walk_both(Walk *walk, const Equation *equation, Place start)
{
    Step left = walk_equation(walk, equation->left, start);
    Step step = {0};
    if (equation->kind == EQUATION_SEQUENCE) {
        Step right = walk_equation(walk, equation->right, left.end);
        step.pattern =
                pattern_sequence(walk->compiler, equation->position, &left.pattern, &right.pattern);
        step.end = right.end;
        return step;
    }
    Step right = walk_equation(walk, equation->right, start);
    step.pattern =
            equation->kind == EQUATION_AND
                    ? pattern_and(walk->compiler, equation->position, &left.pattern, &right.pattern)
                    : pattern_or(walk->compiler, equation->position, &left.pattern, &right.pattern);
    if (!step.pattern.open_right)
        step.end = place_behind(start, step.pattern.bytes);
    else if (left.pattern.open_right && left.end.known)
        step.end = left.end;
    else if (right.pattern.open_right)
        step.end = right.end;
    return step;
}

static Step walk_equation(Walk *walk, const Equation *equation, Place start)
{
    Step step = {.end = start};
    switch (equation->kind) {
    case EQUATION_OPERAND:
        return walk_operand(walk, equation, start);
    case EQUATION_CONSTRAINT:
        step.pattern = pattern_constraint(walk->compiler, equation);
        step.end = place_behind(start, step.pattern.bytes);
        return step;
    case EQUATION_AND:
    case EQUATION_OR:
    case EQUATION_SEQUENCE:
        return walk_both(walk, equation, start);
    case EQUATION_OPEN_RIGHT:
        step = walk_equation(walk, equation->left, start);
        step.pattern.open_right = true;
        step.end.known = false;
        return step;
    case EQUATION_OPEN_LEFT:
        step = walk_equation(walk, equation->left, (Place){0});
        step.pattern.open_left = true;
        step.end.known = false;
        return step;
    default:
        step.pattern = pattern_true(walk->compiler);
        return step;
    }
}

/* Operands in the order of the pattern, each behind the one whose end it starts at; then those that
 * are expressions. */
static void order_operands(Walk *walk)
{
    Constructor *constructor = walk->constructor;
    size_t count = constructor->operand_count;
    if (count == 0)
        return;
    Symbol **ordered = compiler_alloc_array(walk->compiler, count, sizeof *ordered);
    int *new_index = compiler_alloc_array(walk->compiler, count, sizeof *new_index);
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        new_index[i] = -1;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < walk->order_count; i++) {
            Operand *operand = &walk->order[i]->operand;
            if (new_index[operand->index] >= 0 ||
                    (operand->base >= 0 && new_index[operand->base] < 0))
                continue;
            new_index[operand->index] = (int)used;
            ordered[used++] = walk->order[i];
            moved = true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (new_index[i] >= 0)
            continue;
        new_index[i] = (int)used;
        ordered[used++] = constructor->operands[i];
    }
    for (size_t i = 0; i < count; i++) {
        Operand *operand = &ordered[i]->operand;
        operand->index = (unsigned)i;
        if (operand->base >= 0)
            operand->base = new_index[operand->base];
    }
    constructor->operands = ordered;
}

static void build_constructor(Compiler *compiler, Constructor *constructor)
{
    Walk walk = {.compiler = compiler, .constructor = constructor};
    Place start = {.known = true, .base = -1};
    constructor->pattern_state = BUILD_RUNNING;
    Step step = walk_equation(&walk, constructor->equation, start);
    constructor->pattern = step.pattern;
    if (constructor->recursive)
        constructor->pattern.open_right = true;
    order_operands(&walk);
    constructor->pattern_state = BUILD_DONE;
    if (step.pattern.count == 0 && compiler->error_count == 0)
        compiler_warning(compiler, constructor->position,
                "the pattern of this constructor contradicts itself and never matches");
    compiler->model->disjunct_total += step.pattern.count;
    if (compiler->model->disjunct_total > SLEIGH_LIMIT_ALL_DISJUNCTS)
        compiler_limit(compiler, constructor->position,
                "alternatives of all patterns, SLEIGH_LIMIT_ALL_DISJUNCTS",
                SLEIGH_LIMIT_ALL_DISJUNCTS);
}

static Pattern table_pattern(Compiler *compiler, Symbol *symbol, Constructor *user)
{
    Table *table = symbol->table;
    if (table->pattern_state == BUILD_DONE)
        return table->pattern;
    if (table->pattern_state == BUILD_RUNNING) {
        if (user != NULL)
            user->recursive = true;
        Pattern open = pattern_true(compiler);
        open.open_right = true;
        return open;
    }
    table->pattern_state = BUILD_RUNNING;
    if (table->count == 0) {
        compiler_error(
                compiler, symbol->position, "table '%s' has no constructors", symbol->name->text);
        table->pattern = pattern_true(compiler);
    }
    for (size_t i = 0; i < table->count; i++) {
        Constructor *constructor = table->constructors[i];
        build_constructor(compiler, constructor);
        const Pattern *pattern = &constructor->pattern;
        if (i == 0) {
            table->pattern = *pattern;
            table->pattern.count = 0;
        }
        pattern_intersect(compiler, constructor->position, &table->pattern, pattern);
    }
    if (table->pattern.count == 0)
        table->pattern.disjuncts = pattern_true(compiler).disjuncts, table->pattern.count = 1;
    table->pattern_state = BUILD_DONE;
    return table->pattern;
}

void tables_build(Compiler *compiler)
{
    Model *model = compiler->model;
    model->root->table->referenced = true;
    if (model->root->table->count == 0) {
        compiler_error(compiler, (SourcePosition){0},
                "the specification has no instruction: no "
                "constructor without a table's name");
        return;
    }
    (void)table_pattern(compiler, model->root, NULL);
    for (size_t i = 0; i < model->symbol_count; i++) {
        Symbol *symbol = model->symbols[i];
        if (symbol->kind != SYMBOL_TABLE)
            continue;
        if (symbol->table->pattern_state == BUILD_NOT_YET)
            compiler_warning(
                    compiler, symbol->position, "table '%s' is never used", symbol->name->text);
        else if (compiler->error_count == 0)
            symbol->table->tree = decision_build(compiler, symbol->table);
    }
}
