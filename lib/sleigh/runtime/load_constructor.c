/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "sleigh/sla_ids.h"

/* ---- expressions ---- */

static bool load_field(Loader *loader, unsigned element, Expr *expr)
{
    Attributes attributes;
    uint32_t first, last, low, high, shift;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes) ||
            !load_number(
                    loader, &attributes, SLA_A_STARTBYTE, 64, "a field's first byte", &first) ||
            !load_number(loader, &attributes, SLA_A_ENDBYTE, 64, "a field's last byte", &last) ||
            !load_number(loader, &attributes, SLA_A_STARTBIT, 512, "a field's first bit", &low) ||
            !load_number(loader, &attributes, SLA_A_ENDBIT, 512, "a field's last bit", &high) ||
            !load_number(loader, &attributes, SLA_A_SHIFT, 64, "a field's shift", &shift))
        return false;
    bool is_context = element == SLA_E_CONTEXTFIELD;
    if (last < first || last - first > 8 || high < low || high - low > 63 || shift > 7 ||
            last >= SLEIGH_LIMIT_PATTERN_BYTES ||
            (is_context && last >= 4 * SLEIGH_LIMIT_CONTEXT_WORDS))
        return load_malformed(loader, "a field of at most 64 bits within the limits");
    expr->kind = is_context ? EXPR_CONTEXT_FIELD : EXPR_TOKEN_FIELD;
    expr->big_endian = is_context || attributes.number[SLA_A_BIGENDIAN] != 0;
    expr->is_signed = load_has(&attributes, SLA_A_SIGNBIT) && attributes.number[SLA_A_SIGNBIT] != 0;
    expr->first_byte = (uint8_t)first;
    expr->last_byte = (uint8_t)last;
    expr->shift = (uint8_t)shift;
    expr->bits = (uint8_t)(high - low + 1);
    return packed_leave(&loader->cursor, element);
}

static bool load_operand_expression(Loader *loader, Expr *expr)
{
    Attributes attributes;
    uint32_t ctor;
    if (!packed_enter(&loader->cursor, SLA_E_OPERAND_EXP) ||
            !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_INDEX, SLEIGH_LIMIT_OPERANDS,
                    "an operand's index", &expr->right) ||
            !load_number(loader, &attributes, SLA_A_TABLE, loader->language->syms_count,
                    "a table's id", &expr->left) ||
            !load_number(loader, &attributes, SLA_A_CT, SLEIGH_LIMIT_CONSTRUCTORS,
                    "a constructor's number", &ctor))
        return false;
    expr->kind = EXPR_OPERAND;
    expr->value = ctor; /* load_check() turns table and number into one index */
    return packed_leave(&loader->cursor, SLA_E_OPERAND_EXP);
}

typedef struct Operation {
    unsigned element;
    ExprKind kind;
    unsigned children;
} Operation;

static const Operation operations[] = {{SLA_E_START_EXP, EXPR_START, 0},
        {SLA_E_END_EXP, EXPR_NEXT, 0}, {SLA_E_NEXT2_EXP, EXPR_NEXT2, 0},
        {SLA_E_MINUS_EXP, EXPR_MINUS, 1}, {SLA_E_NOT_EXP, EXPR_NOT, 1},
        {SLA_E_PLUS_EXP, EXPR_PLUS, 2}, {SLA_E_SUB_EXP, EXPR_SUB, 2},
        {SLA_E_MULT_EXP, EXPR_MULT, 2}, {SLA_E_DIV_EXP, EXPR_DIV, 2},
        {SLA_E_LSHIFT_EXP, EXPR_LSHIFT, 2}, {SLA_E_RSHIFT_EXP, EXPR_RSHIFT, 2},
        {SLA_E_AND_EXP, EXPR_AND, 2}, {SLA_E_OR_EXP, EXPR_OR, 2}, {SLA_E_XOR_EXP, EXPR_XOR, 2}};

static bool load_operation(Loader *loader, unsigned element, Expr *expr)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const Operation *operation = &operations[i];
        Attributes ignored;
        if (operation->element != element)
            continue;
        expr->kind = (uint8_t)operation->kind;
        return packed_enter(&loader->cursor, element) && load_attributes(loader, &ignored) &&
               (operation->children < 1 || load_expression(loader, &expr->left)) &&
               (operation->children < 2 || load_expression(loader, &expr->right)) &&
               packed_leave(&loader->cursor, element);
    }
    return load_malformed(loader, "an expression");
}

bool load_expression(Loader *loader, uint32_t *ret_expr)
{
    Expr expr = {0};
    unsigned element = packed_peek(&loader->cursor);
    bool loaded;
    if (++loader->depth > SLEIGH_LIMIT_EXPRESSION_DEPTH)
        return packed_fail(&loader->cursor, PRO_ERR_LIMIT,
                "expressions are nested deeper than %u (SLEIGH_LIMIT_EXPRESSION_DEPTH)",
                SLEIGH_LIMIT_EXPRESSION_DEPTH);
    if (element == SLA_E_TOKENFIELD || element == SLA_E_CONTEXTFIELD) {
        loaded = load_field(loader, element, &expr);
    } else if (element == SLA_E_OPERAND_EXP) {
        loaded = load_operand_expression(loader, &expr);
    } else if (element == SLA_E_INTB) {
        Attributes attributes;
        loaded = packed_enter(&loader->cursor, element) && load_attributes(loader, &attributes) &&
                 packed_leave(&loader->cursor, element);
        expr.kind = EXPR_CONSTANT;
        expr.value = loaded && load_has(&attributes, SLA_A_VAL)
                             ? (int64_t)attributes.number[SLA_A_VAL]
                             : 0;
    } else {
        loaded = load_operation(loader, element, &expr);
    }
    loader->depth--;
    *ret_expr = (uint32_t)loader->language->exprs_count;
    return loaded && LOAD_PUSH(loader, exprs, expr);
}

/* ---- constructors ---- */

static bool load_piece(Loader *loader, const Ctor *ctor, unsigned element)
{
    Attributes attributes;
    Piece piece = {0};
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes))
        return false;
    if (element == SLA_E_PRINT)
        piece.text = load_text(loader, &attributes, SLA_A_PIECE);
    else if (!load_number(loader, &attributes, SLA_A_ID, ctor->operand_count, "a printed operand",
                     &piece.operand))
        return false;
    return !loader->cursor.failed && packed_leave(&loader->cursor, element) &&
           LOAD_PUSH(loader, pieces, piece);
}

static bool load_change(Loader *loader, unsigned element)
{
    Attributes attributes;
    Change change = {.is_commit = element == SLA_E_COMMIT};
    uint32_t shift = 0;
    unsigned word_id = change.is_commit ? SLA_A_NUMBER : SLA_A_I;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, word_id, SLEIGH_LIMIT_CONTEXT_WORDS, "a context word",
                    &change.word))
        return false;
    change.mask = load_has(&attributes, SLA_A_MASK) ? (uint32_t)attributes.number[SLA_A_MASK] : 0;
    change.flows = !load_has(&attributes, SLA_A_FLOW) || attributes.number[SLA_A_FLOW] != 0;
    if (change.is_commit) {
        if (!load_number(loader, &attributes, SLA_A_ID, loader->language->syms_count,
                    "the symbol of an address", &change.expr))
            return false;
    } else {
        if (!load_number(loader, &attributes, SLA_A_SHIFT, 32, "a shift", &shift) ||
                !load_expression(loader, &change.expr))
            return false;
        change.shift = (uint8_t)shift;
    }
    return packed_leave(&loader->cursor, element) && LOAD_PUSH(loader, changes, change);
}

static bool load_operands(Loader *loader, Ctor *ctor)
{
    ctor->operand_symbols = (uint32_t)loader->language->links_count;
    while (packed_peek(&loader->cursor) == SLA_E_OPER) {
        Attributes attributes;
        uint32_t id;
        if (ctor->operand_count >= SLEIGH_LIMIT_OPERANDS)
            return packed_fail(&loader->cursor, PRO_ERR_LIMIT,
                    "a constructor with more than %u operands (SLEIGH_LIMIT_OPERANDS)",
                    SLEIGH_LIMIT_OPERANDS);
        if (!packed_enter(&loader->cursor, SLA_E_OPER) || !load_attributes(loader, &attributes) ||
                !load_number(loader, &attributes, SLA_A_ID, loader->language->syms_count,
                        "an operand's id", &id) ||
                !packed_leave(&loader->cursor, SLA_E_OPER) || !LOAD_PUSH(loader, links, id))
            return false;
        ctor->operand_count++;
    }
    return true;
}

static bool load_templates(Loader *loader, Ctor *ctor)
{
    ProSleighLanguage *language = loader->language;
    ctor->main = NO_INDEX;
    ctor->sections = (uint32_t)language->tpls_count;
    while (packed_peek(&loader->cursor) == SLA_E_CONSTRUCT_TPL) {
        Tpl tpl;
        if (!load_template(loader, ctor, &tpl))
            return false;
        if (tpl.section < 0) {
            if (ctor->main != NO_INDEX || ctor->section_count > 0)
                return load_malformed(loader, "one main template, before those of the sections");
            ctor->main = (uint32_t)language->tpls_count;
            ctor->delay = tpl.delay;
            ctor->sections = ctor->main + 1;
        } else {
            ctor->section_count++;
        }
        if (!LOAD_PUSH(loader, tpls, tpl))
            return false;
    }
    return true;
}

bool load_constructor(Loader *loader, uint32_t table)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    Ctor ctor = {.table = table, .first_space = -1};
    if (!packed_enter(&loader->cursor, SLA_E_CONSTRUCTOR) ||
            !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_LENGTH, 1 << 16, "a constructor's length",
                    &ctor.minimum_bytes) ||
            !load_operands(loader, &ctor))
        return false;
    ctor.pieces = (uint32_t)language->pieces_count;
    for (unsigned element;
            (element = packed_peek(&loader->cursor)) == SLA_E_PRINT || element == SLA_E_OPPRINT;
            ctor.piece_count++)
        if (!load_piece(loader, &ctor, element))
            return false;
    int64_t first =
            load_has(&attributes, SLA_A_FIRST) ? (int64_t)attributes.number[SLA_A_FIRST] : -1;
    if (first >= 0 && first < (int64_t)ctor.piece_count)
        ctor.first_space = (int32_t)first;
    ctor.changes = (uint32_t)language->changes_count;
    for (unsigned element;
            (element = packed_peek(&loader->cursor)) == SLA_E_CONTEXT_OP || element == SLA_E_COMMIT;
            ctor.change_count++)
        if (!load_change(loader, element))
            return false;
    return load_templates(loader, &ctor) && packed_leave(&loader->cursor, SLA_E_CONSTRUCTOR) &&
           LOAD_PUSH(loader, ctors, ctor);
}

/* ---- decision trees ---- */

/* One side of a pattern. */
typedef struct Block {
    uint8_t offset;
    uint8_t end; /* behind the last significant byte; 0: it is always true */
    bool never;
    uint8_t count;
    PatternWord words[SLEIGH_LIMIT_PATTERN_BYTES / 4];
} Block;

static bool load_word(Loader *loader, Block *block, uint32_t most)
{
    Attributes attributes;
    if (!packed_enter(&loader->cursor, SLA_E_MASK_WORD) || !load_attributes(loader, &attributes))
        return false;
    if (!load_has(&attributes, SLA_A_MASK) || !load_has(&attributes, SLA_A_VAL))
        return load_malformed(loader, "a mask and a value");
    if (block->count < most)
        block->words[block->count++] =
                (PatternWord){__builtin_bswap32((uint32_t)attributes.number[SLA_A_MASK]),
                        __builtin_bswap32((uint32_t)attributes.number[SLA_A_VAL])};
    return packed_leave(&loader->cursor, SLA_E_MASK_WORD);
}

static bool load_block(Loader *loader, Block *block)
{
    Attributes attributes;
    uint32_t offset;
    if (!packed_enter(&loader->cursor, SLA_E_PAT_BLOCK) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_OFF, SLEIGH_LIMIT_PATTERN_BYTES + 1,
                    "a pattern's offset", &offset))
        return false;
    int64_t nonzero = (int64_t)attributes.number[SLA_A_NONZERO];
    if (!load_has(&attributes, SLA_A_NONZERO) || nonzero < -1 ||
            nonzero + offset > SLEIGH_LIMIT_PATTERN_BYTES)
        return load_malformed(loader, "a pattern within SLEIGH_LIMIT_PATTERN_BYTES");
    block->offset = (uint8_t)offset;
    block->never = nonzero < 0;
    block->end = (uint8_t)(nonzero <= 0 ? 0 : nonzero + offset);
    while (packed_peek(&loader->cursor) == SLA_E_MASK_WORD)
        if (!load_word(loader, block, nonzero <= 0 ? 0 : ((uint32_t)nonzero + 3) / 4))
            return false;
    return packed_leave(&loader->cursor, SLA_E_PAT_BLOCK);
}

static bool load_side(Loader *loader, Block *block, unsigned element)
{
    Attributes ignored;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &ignored))
        return load_malformed(loader, "a pattern");
    return load_block(loader, block) && packed_leave(&loader->cursor, element);
}

static bool load_sides(Loader *loader, Block *context, Block *bytes)
{
    Attributes ignored;
    unsigned element = packed_peek(&loader->cursor);
    if (element == SLA_E_CONTEXT_PAT)
        return load_side(loader, context, element);
    if (element != SLA_E_COMBINE_PAT)
        return load_side(loader, bytes, SLA_E_INSTRUCT_PAT);
    return packed_enter(&loader->cursor, element) && load_attributes(loader, &ignored) &&
           load_side(loader, context, SLA_E_CONTEXT_PAT) &&
           load_side(loader, bytes, SLA_E_INSTRUCT_PAT) && packed_leave(&loader->cursor, element);
}

/* The first word becomes the pair's, the others its further ones. */
static bool add_words(Loader *loader, const Block *block, PatternWord *ret_first, uint8_t *ret_more)
{
    for (uint8_t i = 1; i < block->count; i++, (*ret_more)++)
        if (!LOAD_PUSH(loader, words, block->words[i]))
            return false;
    if (block->count > 0)
        *ret_first = block->words[0];
    return true;
}

static bool load_pair(Loader *loader, const Table *table)
{
    Attributes attributes;
    Block context = {0}, bytes = {0};
    Pair pair = {.words = (uint32_t)loader->language->words_count};
    if (!packed_enter(&loader->cursor, SLA_E_PAIR) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_ID, table->ctor_count, "a constructor's number",
                    &pair.ctor) ||
            !load_sides(loader, &context, &bytes))
        return false;
    if (4u * context.count + context.offset > 4 * SLEIGH_LIMIT_CONTEXT_WORDS + 3)
        return load_malformed(loader, "a pattern within the context");
    pair.ctor += table->first_ctor;
    pair.context_offset = context.offset;
    pair.bytes_offset = bytes.offset;
    pair.bytes_end = bytes.count > 0 ? bytes.end : 0;
    if (!add_words(loader, &context, &pair.context, &pair.context_more) ||
            !add_words(loader, &bytes, &pair.bytes, &pair.bytes_more))
        return false;
    if (context.never || bytes.never)
        pair.context = (PatternWord){.mask = 0, .value = 1};
    return packed_leave(&loader->cursor, SLA_E_PAIR) && LOAD_PUSH(loader, pairs, pair);
}

/* The children become neighbours, whatever lies below each. */
static bool load_children(Loader *loader, const Table *table, Decision *decision)
{
    ProSleighLanguage *language = loader->language;
    uint32_t count = 1u << decision->bits;
    Decision none = {0};
    decision->first = (uint32_t)language->decisions_count;
    for (uint32_t i = 0; i < count; i++)
        if (!LOAD_PUSH(loader, decisions, none))
            return false;
    for (uint32_t i = 0; i < count; i++)
        if (!load_decision(loader, table, decision->first + i))
            return false;
    return true;
}

static bool load_pairs(Loader *loader, const Table *table, Decision *decision)
{
    decision->first = (uint32_t)loader->language->pairs_count;
    for (; packed_peek(&loader->cursor) == SLA_E_PAIR; decision->pair_count++) {
        if (decision->pair_count == UINT16_MAX)
            return packed_fail(&loader->cursor, PRO_ERR_LIMIT,
                    "more than %u patterns in one place of a decision tree", UINT16_MAX);
        if (!load_pair(loader, table))
            return false;
    }
    return true;
}

bool load_decision(Loader *loader, const Table *table, uint32_t place)
{
    Attributes attributes;
    Decision decision = {0};
    uint32_t start = 0, bits;
    if (++loader->depth > SLEIGH_LIMIT_TREE_DEPTH)
        return packed_fail(&loader->cursor, PRO_ERR_LIMIT,
                "a decision tree deeper than %u (SLEIGH_LIMIT_TREE_DEPTH)",
                SLEIGH_LIMIT_TREE_DEPTH);
    if (!packed_enter(&loader->cursor, SLA_E_DECISION))
        return load_malformed(loader, "a decision tree");
    if (!load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_SIZE, 9, "a decision's bits", &bits) ||
            !load_number(loader, &attributes, SLA_A_STARTBIT, 8 * SLEIGH_LIMIT_PATTERN_BYTES,
                    "a decision's first bit", &start))
        return false;
    decision.on_context =
            load_has(&attributes, SLA_A_CONTEXT) && attributes.number[SLA_A_CONTEXT] != 0;
    decision.bits = (uint8_t)bits;
    if (bits != 0) {
        decision.byte = (uint8_t)(start / 8);
        decision.shift = (uint8_t)(16 - start % 8 - bits);
    }
    if (!(bits != 0 ? load_children(loader, table, &decision)
                    : load_pairs(loader, table, &decision)))
        return false;
    loader->depth--;
    loader->language->decisions[place] = decision;
    return packed_leave(&loader->cursor, SLA_E_DECISION);
}
