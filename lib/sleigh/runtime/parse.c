/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/decoder.h"

#include "sleigh/sla_ids.h"

#include <string.h>

/* A field may lie across nine bytes. */
__extension__ typedef unsigned __int128 Wide;

static inline uint32_t word_at(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

uint64_t parse_wrap(const ProSleighLanguage *language, uint32_t space, uint64_t offset)
{
    uint64_t highest = language->spaces[space].highest;
    if (offset <= highest)
        return offset;
    return (highest & (highest + 1)) == 0 ? offset & highest : offset % (highest + 1);
}

/* ---- expressions ---- */

static int64_t wide_field(const Expr *field, const uint8_t *bytes)
{
    Wide raw = 0;
    unsigned unused = 64u - field->bits;
    if (field->big_endian)
        for (unsigned i = field->first_byte; i <= field->last_byte; i++)
            raw = raw << 8 | bytes[i];
    else
        for (unsigned i = field->last_byte + 1u; i > field->first_byte; i--)
            raw = raw << 8 | bytes[i - 1];
    uint64_t value = (uint64_t)(raw >> field->shift) << unused;
    return field->is_signed ? (int64_t)value >> unused : (int64_t)(value >> unused);
}

static inline int64_t field_of(const Expr *field, const uint8_t *bytes)
{
    unsigned count = field->last_byte - field->first_byte + 1u, unused = 64u - field->bits;
    uint64_t word;
    if (count > sizeof word)
        return wide_field(field, bytes);
    memcpy(&word, bytes + field->first_byte, sizeof word);
    if (field->big_endian)
        word = __builtin_bswap64(word) >> (64 - 8 * count);
    uint64_t value = word >> field->shift << unused;
    return field->is_signed ? (int64_t)value >> unused : (int64_t)(value >> unused);
}

static inline int64_t token_field(Parse *parse, const Expr *field, uint32_t offset)
{
    uint32_t end = offset + field->last_byte + 1;
    if (end > PARSE_BYTES - sizeof(uint64_t))
        return 0; /* such an instruction is found to be too long */
    if (end > parse->touched)
        parse->touched = end;
    return field_of(field, parse->bytes + offset);
}

static int64_t evaluate_other(
        Parse *parse, uint32_t node, uint32_t offset, const Expr *expr, unsigned depth);

/* Fields and constants, which most are, in line. */
static inline int64_t evaluate(
        Parse *parse, uint32_t node, uint32_t offset, uint32_t index, unsigned depth)
{
    const Expr *expr = &parse->language->exprs[index];
    if (expr->kind == EXPR_TOKEN_FIELD)
        return token_field(parse, expr, offset);
    if (expr->kind == EXPR_CONSTANT)
        return expr->value;
    if (expr->kind == EXPR_CONTEXT_FIELD)
        return field_of(expr, parse->context);
    return evaluate_other(parse, node, offset, expr, depth);
}

static int64_t operand_value(Parse *parse, uint32_t node, const Expr *expr, unsigned depth)
{
    const ProSleighLanguage *language = parse->language;
    const Ctor *wanted = &language->ctors[expr->left];
    while (parse->nodes[node].ctor != wanted) {
        if (node == 0)
            return 0;
        node = parse->nodes[node].parent;
    }
    const Node *owner = &parse->nodes[node];
    const Operand *operand = &language->operands[wanted->operands + expr->right];
    uint32_t word_bytes = language->spaces[language->default_space].word_bytes;
    uint32_t offset = owner->offset + operand->offset;
    if (operand->base >= 0)
        offset = owner->first_child == NO_INDEX
                         ? 0
                         : parse->nodes[owner->first_child + expr->right].offset;
    if (operand->expr != NO_INDEX)
        return evaluate(parse, node, offset, operand->expr, depth + 1);
    switch (operand->kind) {
    case OPERAND_START:
        return (int64_t)(parse->address / word_bytes);
    case OPERAND_NEXT:
        return (int64_t)(parse->next / word_bytes);
    case OPERAND_NEXT2:
        return (int64_t)(parse->next2 / word_bytes);
    default:
        return 0;
    }
}

static int64_t combine(uint8_t kind, int64_t left, int64_t right)
{
    uint64_t a = (uint64_t)left, b = (uint64_t)right;
    switch (kind) {
    case EXPR_PLUS:
        return (int64_t)(a + b);
    case EXPR_SUB:
        return (int64_t)(a - b);
    case EXPR_MULT:
        return (int64_t)(a * b);
    case EXPR_DIV:
        return right == 0 ? 0 : right == -1 ? (int64_t)(0 - a) : left / right;
    case EXPR_LSHIFT:
        return b > 63 ? 0 : (int64_t)(a << b);
    case EXPR_RSHIFT:
        return b > 63 ? (left < 0 ? -1 : 0) : left >> b;
    case EXPR_AND:
        return left & right;
    case EXPR_OR:
        return left | right;
    case EXPR_XOR:
        return left ^ right;
    case EXPR_MINUS:
        return (int64_t)(0 - a);
    default:
        return ~left;
    }
}

static int64_t evaluate_other(
        Parse *parse, uint32_t node, uint32_t offset, const Expr *expr, unsigned depth)
{
    uint32_t word_bytes = parse->language->spaces[parse->language->default_space].word_bytes;
    if (depth > SLEIGH_LIMIT_EXPRESSION_DEPTH)
        return 0;
    switch (expr->kind) {
    case EXPR_OPERAND:
        return operand_value(parse, node, expr, depth);
    case EXPR_START:
        return (int64_t)(parse->address / word_bytes);
    case EXPR_NEXT:
        return (int64_t)(parse->next / word_bytes);
    case EXPR_NEXT2:
        return (int64_t)(parse->next2 / word_bytes);
    default:
        break;
    }
    int64_t left = evaluate(parse, node, offset, expr->left, depth + 1);
    int64_t right =
            expr->kind >= EXPR_MINUS ? 0 : evaluate(parse, node, offset, expr->right, depth + 1);
    return combine(expr->kind, left, right);
}

int64_t parse_evaluate(Parse *parse, uint32_t node, uint32_t offset, uint32_t expr, unsigned depth)
{
    return evaluate(parse, node, offset, expr, depth);
}

int64_t parse_node_value(Parse *parse, uint32_t index)
{
    const Node *node = &parse->nodes[index];
    if (node->operand->expr == NO_INDEX)
        return 0;
    return evaluate(parse, node->parent, node->offset, node->operand->expr, 0);
}

/* ---- choosing constructors ---- */

static bool fail(Parse *parse, ProSleighOutcome outcome)
{
    bool too_short = outcome == PRO_SLEIGH_INVALID && parse->touched > parse->available;
    parse->outcome = too_short ? PRO_SLEIGH_TRUNCATED : outcome;
    return false;
}

static bool words_match(const PatternWord *words, unsigned count, const uint8_t *bytes)
{
    for (unsigned i = 0; i < count; i++)
        if ((word_at(bytes + 4u * i) & words[i].mask) != words[i].value)
            return false;
    return true;
}

/* Raises *touched to the last byte that counted: none if the context decided. */
static inline bool pair_matches(
        const Parse *parse, const Pair *pair, uint32_t offset, uint32_t *touched)
{
    const uint8_t *context = parse->context + pair->context_offset;
    const uint8_t *bytes = parse->bytes + offset + pair->bytes_offset;
    const PatternWord *more = parse->language->words + pair->words;
    if ((word_at(context) & pair->context.mask) != pair->context.value)
        return false;
    if (pair->context_more > 0 && !words_match(more, pair->context_more, context + 4))
        return false;
    uint32_t end = pair->bytes_end == 0 ? 0 : offset + pair->bytes_end;
    *touched = end > *touched ? end : *touched;
    if ((word_at(bytes) & pair->bytes.mask) != pair->bytes.value)
        return false;
    return pair->bytes_more == 0 ||
           words_match(more + pair->context_more, pair->bytes_more, bytes + 4);
}

static const Ctor *decide(Parse *parse, uint32_t tree, uint32_t offset)
{
    const ProSleighLanguage *language = parse->language;
    const uint8_t *bytes = parse->bytes + offset;
    const Decision *decision = &language->decisions[tree];
    const Ctor *chosen = NULL;
    uint32_t touched = parse->touched;
    while (decision->bits != 0) {
        const uint8_t *at = (decision->on_context ? parse->context : bytes) + decision->byte;
        unsigned window = (unsigned)at[0] << 8 | at[1];
        uint32_t end = offset + decision->byte + (decision->shift >= 8 ? 1u : 2u);
        end = decision->on_context ? 0 : end;
        touched = end > touched ? end : touched;
        unsigned value = window >> decision->shift & ((1u << decision->bits) - 1);
        decision = &language->decisions[decision->first + value];
    }
    const Pair *pairs = language->pairs + decision->first;
    for (unsigned i = 0; chosen == NULL && i < decision->pair_count; i++)
        if (pair_matches(parse, &pairs[i], offset, &touched))
            chosen = &language->ctors[pairs[i].ctor];
    parse->touched = touched;
    return chosen;
}

/* A word of the context, which is kept as bytes. */
static uint32_t context_word(const Parse *parse, uint32_t word)
{
    return __builtin_bswap32(word_at(parse->context + 4u * word));
}

static void set_context_word(Parse *parse, uint32_t word, uint32_t value)
{
    uint32_t stored = __builtin_bswap32(value);
    memcpy(parse->context + 4u * word, &stored, sizeof stored);
}

static bool apply_changes(Parse *parse, uint32_t index)
{
    const ProSleighLanguage *language = parse->language;
    const Node *node = &parse->nodes[index];
    for (uint32_t i = 0; i < node->ctor->change_count; i++) {
        const Change *change = &language->changes[node->ctor->changes + i];
        uint32_t word = context_word(parse, change->word);
        if (change->is_commit) {
            if (parse->commit_count == SLEIGH_LIMIT_COMMITS)
                return fail(parse, PRO_SLEIGH_INVALID);
            parse->commits[parse->commit_count++] = (Commit){change, word & change->mask, index};
            continue;
        }
        int64_t value = evaluate(parse, index, node->offset, change->expr, 0);
        uint32_t shifted = (uint32_t)((uint64_t)value << change->shift);
        set_context_word(parse, change->word, (word & ~change->mask) | (shifted & change->mask));
    }
    return true;
}

/* Chooses what the operand's field means; false if that is no encoding. */
static bool choose_entry(Parse *parse, const Operand *operand, Node *node)
{
    const ProSleighLanguage *language = parse->language;
    uint64_t value = (uint64_t)evaluate(parse, node->parent, node->offset, operand->expr, 0);
    if (operand->bits < 64)
        value &= ((uint64_t)1 << operand->bits) - 1;
    if (value >= operand->count)
        return false;
    uint32_t entry = operand->first + (uint32_t)value;
    node->entry = entry;
    if (operand->kind == OPERAND_VALUEMAP)
        return language->values[entry] != SLA_ILLEGAL_VALUE;
    if (operand->kind == OPERAND_NAMES)
        return language->names[entry] != NULL;
    return language->links[entry] != NO_INDEX;
}

static bool descend(Parse *parse, uint32_t index);

static bool choose(Parse *parse, uint32_t index, uint32_t tree)
{
    Node *node = &parse->nodes[index];
    if (node->offset > SLEIGH_LIMIT_INSTRUCTION_BYTES)
        return fail(parse, PRO_SLEIGH_INVALID);
    node->ctor = decide(parse, tree, node->offset);
    if (node->ctor == NULL)
        return fail(parse, PRO_SLEIGH_INVALID);
    return apply_changes(parse, index) && descend(parse, index);
}

static bool resolve_child(Parse *parse, uint32_t parent, uint32_t number)
{
    const Node *owner = &parse->nodes[parent];
    Node *child = &parse->nodes[owner->first_child + number];
    const Operand *operand = child->operand;
    child->offset = owner->offset + operand->offset;
    if (operand->base >= 0) {
        const Node *base = &parse->nodes[owner->first_child + (uint32_t)operand->base];
        child->offset = base->offset + base->length + operand->offset;
    }
    if (operand->kind == OPERAND_TABLE)
        return choose(parse, owner->first_child + number, operand->first);
    child->length = operand->minimum_bytes;
    uint32_t end = child->offset + child->length;
    if (end > SLEIGH_LIMIT_INSTRUCTION_BYTES + 8)
        return fail(parse, PRO_SLEIGH_INVALID);
    if (end > parse->touched)
        parse->touched = end;
    if (operand->kind <= OPERAND_VARLIST && !choose_entry(parse, operand, child))
        return fail(parse, PRO_SLEIGH_INVALID);
    return true;
}

static bool descend(Parse *parse, uint32_t index)
{
    Node *node = &parse->nodes[index];
    const Ctor *ctor = node->ctor;
    if (parse->node_count + ctor->operand_count > SLEIGH_LIMIT_PARSE_NODES ||
            ++parse->depth > SLEIGH_LIMIT_PARSE_DEPTH)
        return fail(parse, PRO_SLEIGH_INVALID);
    const Operand *operands = parse->language->operands + ctor->operands;
    node->first_child = parse->node_count;
    parse->node_count += ctor->operand_count;
    for (uint32_t i = 0; i < ctor->operand_count; i++)
        parse->nodes[node->first_child + i] =
                (Node){.operand = &operands[i], .parent = index, .first_child = NO_INDEX};
    uint32_t end = node->offset + ctor->minimum_bytes;
    for (uint32_t i = 0; i < ctor->operand_count; i++) {
        if (!resolve_child(parse, index, i))
            return false;
        const Node *child = &parse->nodes[node->first_child + i];
        if (child->offset + child->length > end)
            end = child->offset + child->length;
    }
    node->length = end - node->offset;
    if (ctor->delay > parse->delay)
        parse->delay = ctor->delay;
    parse->depth--;
    return true;
}

void parse_instruction(Parse *parse, const ProSleighLanguage *language, uint64_t address,
        const uint8_t *bytes, size_t size, const uint32_t *context)
{
    bool is_complete = size >= language->instruction_bytes;
    if (is_complete)
        size = language->instruction_bytes;
    parse->language = language;
    parse->outcome = PRO_SLEIGH_DECODED;
    parse->address = address;
    parse->next = address;
    parse->next2 = address;
    parse->tpl_start = address;
    parse->tpl_next = address;
    parse->length = parse->delay = parse->touched = parse->commit_count = parse->depth = 0;
    parse->available = (uint32_t)size;
    parse->handles_known = false;
    memset(parse->bytes, 0, sizeof parse->bytes);
    if (size > 0)
        memcpy(parse->bytes, bytes, size);
    for (uint32_t i = 0; i < SLEIGH_LIMIT_CONTEXT_WORDS; i++)
        set_context_word(parse, i, context[i]); /* what lies behind them stays 0 */
    parse->nodes[0] = (Node){.parent = NO_INDEX, .first_child = NO_INDEX};
    parse->node_count = 1;
    if (address % language->alignment != 0) {
        parse->outcome = PRO_SLEIGH_INVALID;
        return;
    }
    if (!choose(parse, 0, language->tables[language->root].tree)) {
        if (is_complete)
            parse->outcome = PRO_SLEIGH_INVALID; /* more bytes would not help */
        return;
    }
    parse->length = parse->nodes[0].length;
    if (parse->length > size)
        parse->outcome = is_complete ? PRO_SLEIGH_INVALID : PRO_SLEIGH_TRUNCATED;
    else if (parse->length == 0)
        parse->outcome = PRO_SLEIGH_INVALID; /* no progress could be made */
    parse->next = parse_wrap(language, language->default_space, address + parse->length);
    parse->next2 = parse->next;
    parse->tpl_next = parse->next;
}
