/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/pattern.h"

enum { LARGEST_CONSTRAINT_FIELDS = 8 };

typedef struct Constraint {
    Compiler *compiler;
    const Equation *equation;
    Symbol *fields[LARGEST_CONSTRAINT_FIELDS];
    uint64_t values[LARGEST_CONSTRAINT_FIELDS];
    size_t field_count;
} Constraint;

static uint64_t field_mask(const Field *field)
{
    unsigned bits = model_field_bits(field);
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static int64_t field_value(const Expression *expression, Symbol *const *fields,
        const uint64_t *values, size_t field_count)
{
    for (size_t i = 0; i < field_count; i++)
        if (fields[i] == expression->symbol)
            return (int64_t)values[i];
    return 0;
}

static int64_t shift_value(int64_t value, int64_t amount, bool left)
{
    if (amount < 0 || amount > 63)
        return left || value >= 0 ? 0 : -1;
    return left ? (int64_t)((uint64_t)value << amount) : value >> amount;
}

int64_t expression_evaluate(const Expression *expression, Symbol *const *fields,
        const uint64_t *values, size_t field_count)
{
    int64_t left = 0, right = 0;
    if (expression->left != NULL)
        left = expression_evaluate(expression->left, fields, values, field_count);
    if (expression->right != NULL)
        right = expression_evaluate(expression->right, fields, values, field_count);
    switch (expression->kind) {
    case EXPRESSION_INTEGER:
        return expression->integer;
    case EXPRESSION_FIELD:
        return field_value(expression, fields, values, field_count);
    case EXPRESSION_PLUS:
        return (int64_t)((uint64_t)left + (uint64_t)right);
    case EXPRESSION_SUB:
        return (int64_t)((uint64_t)left - (uint64_t)right);
    case EXPRESSION_MULT:
        return (int64_t)((uint64_t)left * (uint64_t)right);
    case EXPRESSION_DIV:
        return right == 0 ? 0 : right == -1 ? (int64_t)(0 - (uint64_t)left) : left / right;
    case EXPRESSION_LSHIFT:
        return shift_value(left, right, true);
    case EXPRESSION_RSHIFT:
        return shift_value(left, right, false);
    case EXPRESSION_AND:
        return left & right;
    case EXPRESSION_OR:
        return left | right;
    case EXPRESSION_XOR:
        return left ^ right;
    case EXPRESSION_MINUS:
        return (int64_t)(0 - (uint64_t)left);
    case EXPRESSION_NOT:
        return ~left;
    default:
        return 0;
    }
}

static void add_field(Constraint *constraint, Symbol *symbol)
{
    for (size_t i = 0; i < constraint->field_count; i++)
        if (constraint->fields[i] == symbol)
            return;
    if (constraint->field_count == LARGEST_CONSTRAINT_FIELDS)
        compiler_limit(constraint->compiler, constraint->equation->position,
                "fields of one constraint", LARGEST_CONSTRAINT_FIELDS);
    constraint->fields[constraint->field_count++] = symbol;
}

static void collect_fields(Constraint *constraint, const Expression *expression)
{
    if (expression == NULL)
        return;
    if (expression->kind == EXPRESSION_FIELD)
        add_field(constraint, expression->symbol);
    collect_fields(constraint, expression->left);
    collect_fields(constraint, expression->right);
}

static bool has_field(const Expression *expression)
{
    return expression != NULL &&
           (expression->kind == EXPRESSION_FIELD || has_field(expression->left) ||
                   has_field(expression->right));
}

static void set_instruction_bit(Disjunct *disjunct, const Field *field, unsigned bit, bool value)
{
    unsigned place = field->low + bit;
    unsigned byte = field->token->big_endian ? field->token->bytes - 1 - place / 8 : place / 8;
    uint8_t mask = (uint8_t)(1u << place % 8);
    disjunct->mask[byte] |= mask;
    if (value)
        disjunct->value[byte] |= mask;
}

static void set_context_bit(Disjunct *disjunct, const Field *field, unsigned bit, bool value)
{
    unsigned place = field->high - bit;
    uint32_t mask = 0x80000000u >> place % 32;
    disjunct->context_mask[place / 32] |= mask;
    if (value)
        disjunct->context_value[place / 32] |= mask;
}

static Pattern field_equals(Compiler *compiler, const Field *field, uint64_t value)
{
    Pattern pattern = pattern_of_field(compiler, field);
    unsigned bits = model_field_bits(field);
    for (unsigned bit = 0; bit < bits; bit++) {
        bool set = (value >> bit & 1) != 0;
        if (field->token != NULL)
            set_instruction_bit(&pattern.disjuncts[0], field, bit, set);
        else
            set_context_bit(&pattern.disjuncts[0], field, bit, set);
    }
    return pattern;
}

static bool holds(int op, int64_t left, int64_t right)
{
    switch (op) {
    case '=':
        return left == right;
    case OP_NOT_EQUAL:
        return left != right;
    case '<':
        return left < right;
    case '>':
        return left > right;
    case OP_LESS_EQUAL:
        return left <= right;
    default:
        return left >= right;
    }
}

static Pattern all_fields_equal(const Constraint *constraint)
{
    Pattern result = field_equals(
            constraint->compiler, &constraint->fields[0]->field, constraint->values[0]);
    for (size_t i = 1; i < constraint->field_count; i++) {
        Pattern next = field_equals(
                constraint->compiler, &constraint->fields[i]->field, constraint->values[i]);
        result = pattern_and(constraint->compiler, constraint->equation->position, &result, &next);
    }
    return result;
}

/* The next combination of values; false behind the last. */
static bool next_values(Constraint *constraint)
{
    for (size_t i = 0; i < constraint->field_count; i++) {
        if (constraint->values[i] < field_mask(&constraint->fields[i]->field)) {
            constraint->values[i]++;
            return true;
        }
        constraint->values[i] = 0;
    }
    return false;
}

static Pattern enumerate(Constraint *constraint)
{
    Compiler *compiler = constraint->compiler;
    const Equation *equation = constraint->equation;
    Pattern result = pattern_of_field(compiler, &constraint->fields[0]->field);
    Disjunct *found = NULL;
    size_t count = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < constraint->field_count; i++)
        bits += model_field_bits(&constraint->fields[i]->field);
    if (bits > SLEIGH_LIMIT_CONSTRAINT_BITS)
        compiler_limit(compiler, equation->position,
                "bits of the fields in a constraint that is no plain 'field = integer', "
                "SLEIGH_LIMIT_CONSTRAINT_BITS",
                SLEIGH_LIMIT_CONSTRAINT_BITS);
    do {
        int64_t right = expression_evaluate(
                equation->value, constraint->fields, constraint->values, constraint->field_count);
        if (!holds(equation->op, (int64_t)constraint->values[0], right))
            continue;
        Pattern one = all_fields_equal(constraint);
        if (count == 0)
            result = one;
        if (count + one.count > SLEIGH_LIMIT_DISJUNCTS)
            compiler_limit(compiler, equation->position,
                    "alternatives of a constraint, SLEIGH_LIMIT_DISJUNCTS", SLEIGH_LIMIT_DISJUNCTS);
        for (size_t i = 0; i < one.count; i++)
            COMPILER_PUSH(compiler, found, count, one.disjuncts[i]);
    } while (next_values(constraint));
    result.disjuncts = found;
    result.count = count;
    return result;
}

Pattern pattern_constraint(Compiler *compiler, const Equation *equation)
{
    Constraint constraint = {.compiler = compiler, .equation = equation};
    add_field(&constraint, equation->symbol);
    collect_fields(&constraint, equation->value);
    const Field *field = &equation->symbol->field;
    Pattern result;
    if (equation->op == '=' && !has_field(equation->value)) {
        uint64_t value = (uint64_t)expression_evaluate(equation->value, NULL, NULL, 0);
        result = field_equals(compiler, field, value & field_mask(field));
        if ((value & ~field_mask(field)) != 0)
            result.count = 0;
    } else {
        result = enumerate(&constraint);
    }
    if (result.count == 0)
        compiler_error(compiler, equation->position,
                "no value of field '%s' fulfils this (it has %u bits; fields are compared as "
                "unsigned bit patterns)",
                equation->symbol->name->text, model_field_bits(field));
    return result;
}
