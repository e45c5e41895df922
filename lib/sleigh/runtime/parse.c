/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/decoder.h"

#include "sleigh/sla_ids.h"

#include <string.h>

/* A field may lie across nine bytes. */
__extension__ typedef unsigned __int128 Wide;

static uint32_t big_endian_word(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap32(word);
}

uint64_t parse_wrap(const ProSleighLanguage *language, uint32_t space, uint64_t offset)
{
    uint64_t highest = language->spaces[space].highest;
    if (offset <= highest)
        return offset;
    return (highest & (highest + 1)) == 0 ? offset & highest : offset % (highest + 1);
}

/* ---- expressions ---- */

static int64_t cut_word(const Expr *field, uint64_t word)
{
    unsigned unused = 64u - field->bits;
    uint64_t value = word >> field->shift << unused;
    return field->is_signed ? (int64_t)value >> unused : (int64_t)(value >> unused);
}

static int64_t cut_field(const Expr *field, Wide raw)
{
    unsigned unused = 64u - field->bits;
    uint64_t value = (uint64_t)(raw >> field->shift) << unused;
    return field->is_signed ? (int64_t)value >> unused : (int64_t)(value >> unused);
}

static int64_t token_field(Parse *parse, const Expr *field, uint32_t offset)
{
    uint32_t end = offset + field->last_byte + 1;
    if (end > PARSE_BYTES - sizeof(uint64_t))
        return 0; /* such an instruction is found to be too long */
    if (end > parse->touched)
        parse->touched = end;
    const uint8_t *bytes = parse->bytes + offset;
    unsigned count = field->last_byte - field->first_byte + 1u;
    if (count <= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + field->first_byte, sizeof word);
        if (field->big_endian)
            word = __builtin_bswap64(word) >> (64 - 8 * count);
        return cut_word(field, word);
    }
    Wide raw = 0;
    if (field->big_endian)
        for (unsigned i = field->first_byte; i <= field->last_byte; i++)
            raw = raw << 8 | bytes[i];
    else
        for (unsigned i = field->last_byte + 1u; i > field->first_byte; i--)
            raw = raw << 8 | bytes[i - 1];
    return cut_field(field, raw);
}

static int64_t context_field(const Parse *parse, const Expr *field)
{
    Wide raw = 0;
    for (unsigned i = field->first_byte; i <= field->last_byte; i++)
        raw = raw << 8 | (parse->context[i / 4] >> (24 - 8 * (i % 4)) & 0xFF);
    return cut_field(field, raw);
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
        return parse_evaluate(parse, node, offset, operand->expr, depth + 1);
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

int64_t parse_evaluate(Parse *parse, uint32_t node, uint32_t offset, uint32_t index, unsigned depth)
{
    const Expr *expr = &parse->language->exprs[index];
    uint32_t word_bytes = parse->language->spaces[parse->language->default_space].word_bytes;
    if (depth > SLEIGH_LIMIT_EXPRESSION_DEPTH)
        return 0;
    switch (expr->kind) {
    case EXPR_TOKEN_FIELD:
        return token_field(parse, expr, offset);
    case EXPR_CONTEXT_FIELD:
        return context_field(parse, expr);
    case EXPR_CONSTANT:
        return expr->value;
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
    int64_t left = parse_evaluate(parse, node, offset, expr->left, depth + 1);
    int64_t right = expr->kind >= EXPR_MINUS
                            ? 0
                            : parse_evaluate(parse, node, offset, expr->right, depth + 1);
    return combine(expr->kind, left, right);
}

int64_t parse_node_value(Parse *parse, uint32_t index)
{
    const Node *node = &parse->nodes[index];
    if (node->operand->expr == NO_INDEX)
        return 0;
    return parse_evaluate(parse, node->parent, node->offset, node->operand->expr, 0);
}

/* ---- choosing constructors ---- */

static bool fail(Parse *parse, ProSleighOutcome outcome)
{
    bool too_short = outcome == PRO_SLEIGH_INVALID && parse->touched > parse->available;
    parse->outcome = too_short ? PRO_SLEIGH_TRUNCATED : outcome;
    return false;
}

static bool pair_matches(Parse *parse, const Pair *pair, const uint8_t *bytes, uint32_t offset)
{
    const PatternWord *words = parse->language->words + pair->words;
    if (pair->never)
        return false;
    for (unsigned i = 0; i < pair->context_count; i++) {
        uint64_t at = pair->context_offset + 4u * i;
        uint32_t word = parse->context[at / 4];
        if (at % 4 != 0)
            word = word << 8 * (at % 4) | parse->context[at / 4 + 1] >> (32 - 8 * (at % 4));
        if ((word & words[i].mask) != words[i].value)
            return false;
    }
    words += pair->context_count;
    uint32_t end = offset + pair->bytes_end;
    if (pair->bytes_count > 0 && end > parse->touched)
        parse->touched = end;
    for (unsigned i = 0; i < pair->bytes_count; i++)
        if ((big_endian_word(bytes + pair->bytes_offset + 4u * i) & words[i].mask) !=
                words[i].value)
            return false;
    return true;
}

static unsigned decision_bits(
        Parse *parse, const Decision *decision, const uint8_t *bytes, uint32_t offset)
{
    unsigned start = decision->start_bit;
    if (decision->on_context) {
        uint64_t pair = (uint64_t)parse->context[start / 32] << 32 | parse->context[start / 32 + 1];
        return (unsigned)(pair >> (64 - start % 32 - decision->bits)) &
               ((1u << decision->bits) - 1);
    }
    uint32_t end = offset + (start + decision->bits + 7) / 8;
    if (end > parse->touched)
        parse->touched = end;
    const uint8_t *at = bytes + start / 8;
    unsigned window = (unsigned)at[0] << 8 | at[1];
    return window >> (16 - start % 8 - decision->bits) & ((1u << decision->bits) - 1);
}

static const Ctor *decide(Parse *parse, uint32_t tree, uint32_t offset)
{
    const ProSleighLanguage *language = parse->language;
    const uint8_t *bytes = parse->bytes + offset;
    const Decision *decision = &language->decisions[tree];
    while (decision->bits != 0) {
        unsigned value = decision_bits(parse, decision, bytes, offset);
        decision = &language->decisions[decision->first + value];
    }
    const Pair *pairs = language->pairs + decision->first;
    for (unsigned i = 0; i < decision->start_bit; i++)
        if (pair_matches(parse, &pairs[i], bytes, offset))
            return &language->ctors[pairs[i].ctor];
    return NULL;
}

static bool apply_changes(Parse *parse, uint32_t index)
{
    const ProSleighLanguage *language = parse->language;
    const Node *node = &parse->nodes[index];
    for (uint32_t i = 0; i < node->ctor->change_count; i++) {
        const Change *change = &language->changes[node->ctor->changes + i];
        uint32_t *word = &parse->context[change->word];
        if (change->is_commit) {
            if (parse->commit_count == SLEIGH_LIMIT_COMMITS)
                return fail(parse, PRO_SLEIGH_INVALID);
            parse->commits[parse->commit_count++] = (Commit){change, *word & change->mask, index};
            continue;
        }
        int64_t value = parse_evaluate(parse, index, node->offset, change->expr, 0);
        uint32_t shifted = (uint32_t)((uint64_t)value << change->shift);
        *word = (*word & ~change->mask) | (shifted & change->mask);
    }
    return true;
}

/* Chooses what the operand's field means; false if that is no encoding. */
static bool choose_entry(Parse *parse, const Operand *operand, Node *node)
{
    const ProSleighLanguage *language = parse->language;
    uint64_t value = (uint64_t)parse_evaluate(parse, node->parent, node->offset, operand->expr, 0);
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
    memcpy(parse->context, context, SLEIGH_LIMIT_CONTEXT_WORDS * sizeof *context);
    parse->context[SLEIGH_LIMIT_CONTEXT_WORDS] = 0;
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
