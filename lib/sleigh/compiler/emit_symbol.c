/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/emit.h"

#include "sleigh/compiler/constructor.h"
#include "sleigh/packed.h"
#include "sleigh/sla_ids.h"

static unsigned body_element(SymbolKind kind)
{
    switch (kind) {
    case SYMBOL_VALUE:
        return SLA_E_VALUE_SYM;
    case SYMBOL_CONTEXT:
        return SLA_E_CONTEXT_SYM;
    case SYMBOL_VALUEMAP:
        return SLA_E_VALUEMAP_SYM;
    case SYMBOL_NAMES:
        return SLA_E_NAME_SYM;
    case SYMBOL_VARLIST:
        return SLA_E_VARLIST_SYM;
    case SYMBOL_VARNODE:
        return SLA_E_VARNODE_SYM;
    case SYMBOL_USEROP:
        return SLA_E_USEROP;
    case SYMBOL_TABLE:
        return SLA_E_SUBTABLE_SYM;
    case SYMBOL_START:
        return SLA_E_START_SYM;
    case SYMBOL_NEXT:
        return SLA_E_END_SYM;
    case SYMBOL_NEXT2:
        return SLA_E_NEXT2_SYM;
    default:
        return SLA_E_OPERAND_SYM;
    }
}

void emit_symbol_head(Buffer *buffer, const Symbol *symbol)
{
    unsigned element = body_element(symbol->kind) + 1; /* each head follows its body's id */
    packed_open(buffer, element);
    packed_text(buffer, SLA_A_NAME, symbol->name->text);
    packed_unsigned(buffer, SLA_A_ID, symbol->id);
    packed_unsigned(buffer, SLA_A_SCOPE, symbol->scope);
    packed_close(buffer, element);
}

void emit_field(Buffer *buffer, const Field *field)
{
    unsigned low = field->low, high = field->high;
    unsigned element = field->token != NULL ? SLA_E_TOKENFIELD : SLA_E_CONTEXTFIELD;
    unsigned first = low / 8, last = high / 8, shift = 7 - high % 8;
    packed_open(buffer, element);
    if (field->token != NULL) {
        packed_bool(buffer, SLA_A_BIGENDIAN, field->token->big_endian);
        shift = low % 8;
        if (field->token->big_endian) {
            first = field->token->bytes - 1 - high / 8;
            last = field->token->bytes - 1 - low / 8;
        }
    }
    packed_bool(buffer, SLA_A_SIGNBIT, field->is_signed);
    packed_signed(buffer, SLA_A_STARTBIT, low);
    packed_signed(buffer, SLA_A_ENDBIT, high);
    packed_signed(buffer, SLA_A_STARTBYTE, first);
    packed_signed(buffer, SLA_A_ENDBYTE, last);
    packed_signed(buffer, SLA_A_SHIFT, shift);
    packed_close(buffer, element);
}

static unsigned operation_element(ExpressionKind kind)
{
    static const unsigned elements[] = {[EXPRESSION_START] = SLA_E_START_EXP,
            [EXPRESSION_NEXT] = SLA_E_END_EXP,
            [EXPRESSION_NEXT2] = SLA_E_NEXT2_EXP,
            [EXPRESSION_PLUS] = SLA_E_PLUS_EXP,
            [EXPRESSION_SUB] = SLA_E_SUB_EXP,
            [EXPRESSION_MULT] = SLA_E_MULT_EXP,
            [EXPRESSION_DIV] = SLA_E_DIV_EXP,
            [EXPRESSION_LSHIFT] = SLA_E_LSHIFT_EXP,
            [EXPRESSION_RSHIFT] = SLA_E_RSHIFT_EXP,
            [EXPRESSION_AND] = SLA_E_AND_EXP,
            [EXPRESSION_OR] = SLA_E_OR_EXP,
            [EXPRESSION_XOR] = SLA_E_XOR_EXP,
            [EXPRESSION_MINUS] = SLA_E_MINUS_EXP,
            [EXPRESSION_NOT] = SLA_E_NOT_EXP};
    return elements[kind];
}

static void emit_operand_reference(
        Buffer *buffer, const Constructor *constructor, const Symbol *operand)
{
    packed_open(buffer, SLA_E_OPERAND_EXP);
    packed_signed(buffer, SLA_A_INDEX, operand->operand.index);
    packed_unsigned(buffer, SLA_A_TABLE, constructor->table->id);
    packed_unsigned(buffer, SLA_A_CT, constructor->id);
    packed_close(buffer, SLA_E_OPERAND_EXP);
}

void emit_expression(Buffer *buffer, const Constructor *constructor, const Expression *expression)
{
    if (expression->kind == EXPRESSION_INTEGER) {
        packed_open(buffer, SLA_E_INTB);
        packed_signed(buffer, SLA_A_VAL, expression->integer);
        packed_close(buffer, SLA_E_INTB);
    } else if (expression->kind == EXPRESSION_FIELD) {
        emit_field(buffer, &expression->symbol->field);
    } else if (expression->kind == EXPRESSION_OPERAND) {
        emit_operand_reference(buffer, constructor, expression->symbol);
    } else {
        unsigned element = operation_element(expression->kind);
        packed_open(buffer, element);
        if (expression->left != NULL)
            emit_expression(buffer, constructor, expression->left);
        if (expression->right != NULL)
            emit_expression(buffer, constructor, expression->right);
        packed_close(buffer, element);
    }
}

static const Constructor *constructor_of_scope(Compiler *compiler, uint32_t scope)
{
    /* Scopes are given to the used constructors in order. */
    Model *model = compiler->model;
    size_t low = 0, high = model->constructor_count;
    for (size_t i = scope - 1 < high ? scope - 1 : low; i < high; i++) {
        const Constructor *constructor = model->constructors[i];
        if (constructor->scope == scope && constructor->table->table->pattern_state == BUILD_DONE)
            return constructor;
    }
    return NULL;
}

static void emit_operand(Compiler *compiler, Buffer *buffer, const Symbol *symbol)
{
    const Operand *operand = &symbol->operand;
    const Constructor *constructor = constructor_of_scope(compiler, symbol->scope);
    if (operand->defines != NULL)
        packed_unsigned(buffer, SLA_A_SUBSYM, operand->defines->id);
    packed_signed(buffer, SLA_A_OFF, operand->offset);
    packed_signed(buffer, SLA_A_BASE, operand->base);
    packed_signed(buffer, SLA_A_MINLEN, operand->minimum_bytes);
    if (operand->is_code)
        packed_bool(buffer, SLA_A_CODE, true);
    packed_signed(buffer, SLA_A_INDEX, operand->index);
    emit_operand_reference(buffer, constructor, symbol);
    if (operand->value != NULL)
        emit_expression(buffer, constructor, operand->value);
}

static void emit_pattern_block(
        Buffer *buffer, const uint8_t *mask, const uint8_t *value, size_t size)
{
    size_t first = 0, last = size;
    while (last > 0 && mask[last - 1] == 0)
        last--;
    while (first < last && mask[first] == 0)
        first++;
    packed_open(buffer, SLA_E_PAT_BLOCK);
    packed_signed(buffer, SLA_A_OFF, (int64_t)first);
    packed_signed(buffer, SLA_A_NONZERO, (int64_t)(last - first));
    for (size_t word = first; word < last; word += 4) {
        uint32_t word_mask = 0, word_value = 0;
        for (size_t byte = word; byte < word + 4; byte++) {
            word_mask = word_mask << 8 | (byte < last ? mask[byte] : 0u);
            word_value = word_value << 8 | (byte < last ? value[byte] : 0u);
        }
        packed_open(buffer, SLA_E_MASK_WORD);
        packed_unsigned(buffer, SLA_A_MASK, word_mask);
        packed_unsigned(buffer, SLA_A_VAL, word_value);
        packed_close(buffer, SLA_E_MASK_WORD);
    }
    packed_close(buffer, SLA_E_PAT_BLOCK);
}

static void emit_context_block(Buffer *buffer, const Disjunct *disjunct)
{
    uint8_t mask[4 * SLEIGH_LIMIT_CONTEXT_WORDS];
    uint8_t value[4 * SLEIGH_LIMIT_CONTEXT_WORDS];
    for (size_t i = 0; i < sizeof mask; i++) {
        mask[i] = (uint8_t)(disjunct->context_mask[i / 4] >> (24 - 8 * (i % 4)));
        value[i] = (uint8_t)(disjunct->context_value[i / 4] >> (24 - 8 * (i % 4)));
    }
    packed_open(buffer, SLA_E_CONTEXT_PAT);
    emit_pattern_block(buffer, mask, value, sizeof mask);
    packed_close(buffer, SLA_E_CONTEXT_PAT);
}

static void emit_instruction_block(Buffer *buffer, const Disjunct *disjunct)
{
    packed_open(buffer, SLA_E_INSTRUCT_PAT);
    emit_pattern_block(buffer, disjunct->mask, disjunct->value, SLEIGH_LIMIT_PATTERN_BYTES);
    packed_close(buffer, SLA_E_INSTRUCT_PAT);
}

static void emit_pair(Buffer *buffer, const DecisionPair *pair)
{
    bool on_context = false, on_bytes = false;
    for (size_t i = 0; i < SLEIGH_LIMIT_CONTEXT_WORDS; i++)
        on_context = on_context || pair->disjunct->context_mask[i] != 0;
    for (size_t i = 0; i < SLEIGH_LIMIT_PATTERN_BYTES; i++)
        on_bytes = on_bytes || pair->disjunct->mask[i] != 0;
    packed_open(buffer, SLA_E_PAIR);
    packed_signed(buffer, SLA_A_ID, pair->constructor->id);
    if (on_context && on_bytes)
        packed_open(buffer, SLA_E_COMBINE_PAT);
    if (on_context)
        emit_context_block(buffer, pair->disjunct);
    if (on_bytes || !on_context)
        emit_instruction_block(buffer, pair->disjunct);
    if (on_context && on_bytes)
        packed_close(buffer, SLA_E_COMBINE_PAT);
    packed_close(buffer, SLA_E_PAIR);
}

static void emit_decision(Buffer *buffer, const DecisionNode *node)
{
    packed_open(buffer, SLA_E_DECISION);
    packed_signed(buffer, SLA_A_NUMBER, (int64_t)node->pair_count);
    packed_bool(buffer, SLA_A_CONTEXT, node->on_context);
    packed_signed(buffer, SLA_A_STARTBIT, node->start_bit);
    packed_signed(buffer, SLA_A_SIZE, node->bits);
    if (node->bits == 0)
        for (size_t i = 0; i < node->pair_count; i++)
            emit_pair(buffer, &node->pairs[i]);
    else
        for (size_t i = 0; i < (size_t)1 << node->bits; i++)
            emit_decision(buffer, node->children[i]);
    packed_close(buffer, SLA_E_DECISION);
}

static void emit_table(Compiler *compiler, Buffer *buffer, const Table *table)
{
    packed_signed(buffer, SLA_A_NUMCT, (int64_t)table->count);
    for (size_t i = 0; i < table->count; i++)
        emit_constructor(compiler, buffer, table->constructors[i]);
    emit_decision(buffer, table->tree);
}

static void emit_values(Buffer *buffer, const Symbol *symbol)
{
    for (size_t i = 0; i < symbol->values.count; i++) {
        packed_open(buffer, SLA_E_VALUETAB);
        packed_signed(buffer, SLA_A_VAL, symbol->values.items[i]);
        packed_close(buffer, SLA_E_VALUETAB);
    }
}

static void emit_names(Buffer *buffer, const Symbol *symbol)
{
    for (size_t i = 0; i < symbol->names.count; i++) {
        packed_open(buffer, SLA_E_NAMETAB);
        if (symbol->names.items[i] != NULL)
            packed_text(buffer, SLA_A_NAME, symbol->names.items[i]->text);
        packed_close(buffer, SLA_E_NAMETAB);
    }
}

static void emit_register_list(Buffer *buffer, const Symbol *symbol)
{
    for (size_t i = 0; i < symbol->registers.count; i++) {
        const Symbol *item = symbol->registers.items[i];
        unsigned element = item == NULL ? SLA_E_NULL : SLA_E_VAR;
        packed_open(buffer, element);
        if (item != NULL)
            packed_unsigned(buffer, SLA_A_ID, item->id);
        packed_close(buffer, element);
    }
}

static void emit_family(Buffer *buffer, const Symbol *symbol)
{
    const Field *field = &symbol->field;
    if (symbol->kind == SYMBOL_CONTEXT) {
        packed_unsigned(buffer, SLA_A_VARNODE, field->context_register->id);
        packed_signed(buffer, SLA_A_LOW, field->declared_low);
        packed_signed(buffer, SLA_A_HIGH, field->declared_high);
        packed_bool(buffer, SLA_A_FLOW, !field->no_flow);
    }
    emit_field(buffer, field);
    if (symbol->kind == SYMBOL_VALUEMAP)
        emit_values(buffer, symbol);
    else if (symbol->kind == SYMBOL_NAMES)
        emit_names(buffer, symbol);
    else if (symbol->kind == SYMBOL_VARLIST)
        emit_register_list(buffer, symbol);
}

void emit_symbol_body(Compiler *compiler, Buffer *buffer, const Symbol *symbol)
{
    unsigned element = body_element(symbol->kind);
    packed_open(buffer, element);
    packed_unsigned(buffer, SLA_A_ID, symbol->id);
    if (model_is_family(symbol)) {
        emit_family(buffer, symbol);
    } else if (symbol->kind == SYMBOL_VARNODE) {
        packed_space(buffer, SLA_A_SPACE, symbol->varnode.space->index);
        packed_unsigned(buffer, SLA_A_OFF, symbol->varnode.offset);
        packed_signed(buffer, SLA_A_SIZE, symbol->varnode.bytes);
    } else if (symbol->kind == SYMBOL_USEROP) {
        packed_signed(buffer, SLA_A_INDEX, symbol->userop);
    } else if (symbol->kind == SYMBOL_TABLE) {
        emit_table(compiler, buffer, symbol->table);
    } else if (symbol->kind == SYMBOL_OPERAND) {
        emit_operand(compiler, buffer, symbol);
    }
    packed_close(buffer, element);
}
