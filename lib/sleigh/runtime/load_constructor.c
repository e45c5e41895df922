/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "sleigh/sla_ids.h"

static bool malformed(Loader *loader, const char *expected)
{
    return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "%s was expected", expected);
}

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
        return malformed(loader, "a field of at most 64 bits within the limits");
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
    return malformed(loader, "an expression");
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

/* ---- templates ---- */

/* Attributes of a constant: far more of them are read than of anything else. */
typedef struct ConstAttributes {
    uint64_t value;
    uint64_t plus;
    uint64_t selector;
    uint64_t space;
} ConstAttributes;

static bool read_const_attributes(Loader *loader, ConstAttributes *ret)
{
    PackedAttribute attribute;
    *ret = (ConstAttributes){.space = UINT64_MAX};
    while (packed_next_attribute(&loader->cursor, &attribute)) {
        if (attribute.id == SLA_A_VAL)
            ret->value = attribute.number;
        else if (attribute.id == SLA_A_SPACE)
            ret->space = attribute.number;
        else if (attribute.id == SLA_A_S)
            ret->selector = attribute.number;
        else if (attribute.id == SLA_A_PLUS)
            ret->plus = attribute.number;
    }
    return !loader->cursor.failed;
}

static bool check_const(
        Loader *loader, uint32_t operand_count, const ConstAttributes *attributes, Const *ret)
{
    if (ret->kind == CONST_SPACE) {
        if (attributes->space >= loader->language->space_count)
            return malformed(loader, "the index of a space");
        ret->space = (uint32_t)attributes->space;
    } else if (ret->kind == CONST_HANDLE) {
        if (attributes->value >= operand_count || attributes->selector > 3)
            return malformed(loader, "a piece of one of the constructor's operands");
        ret->operand = (uint16_t)attributes->value;
        ret->selector = (uint8_t)attributes->selector;
        ret->value = attributes->plus;
    }
    return true;
}

static bool load_const(Loader *loader, uint32_t operand_count, Const *ret)
{
    /* By element id; 0 (nothing) stands for CONST_REAL, which is checked apart. */
    static const uint8_t kinds[] = {[SLA_E_CONST_SPACEID] = CONST_SPACE,
            [SLA_E_CONST_HANDLE] = CONST_HANDLE,
            [SLA_E_CONST_START] = CONST_START,
            [SLA_E_CONST_NEXT] = CONST_NEXT,
            [SLA_E_CONST_NEXT2] = CONST_NEXT2,
            [SLA_E_CONST_CURSPACE] = CONST_CURSPACE,
            [SLA_E_CONST_CURSPACE_SIZE] = CONST_CURSPACE_SIZE,
            [SLA_E_CONST_RELATIVE] = CONST_RELATIVE};
    unsigned element = packed_peek(&loader->cursor);
    ConstAttributes attributes;
    *ret = (Const){0};
    if (element >= sizeof kinds || (kinds[element] == 0 && element != SLA_E_CONST_REAL))
        return malformed(loader, "a constant of a template");
    if (!packed_enter(&loader->cursor, element) || !read_const_attributes(loader, &attributes))
        return false;
    ret->kind = kinds[element];
    ret->value = attributes.value;
    return check_const(loader, operand_count, &attributes, ret) &&
           packed_leave(&loader->cursor, element);
}

static bool is_settled(const ProSleighLanguage *language, uint32_t space)
{
    return space == PRO_SPACE_CONST ||
           (space == language->unique_space ? language->unique_mask == 0
                                            : language->spaces[space].is_register);
}

static bool is_handle(const Const *constant, unsigned selector)
{
    return constant->kind == CONST_HANDLE && constant->selector == selector;
}

/* The form of a varnode; PLACE_GENERAL if it fits no other. */
static PlaceTpl classify(const ProSleighLanguage *language, const VarnodeTpl *varnode)
{
    const Const *space = &varnode->space, *offset = &varnode->offset, *size = &varnode->size;
    PlaceTpl tpl = {.form = PLACE_GENERAL};
    bool in_constants = space->kind == CONST_SPACE && space->space == PRO_SPACE_CONST;
    bool same_operand =
            is_handle(space, 0) && is_handle(offset, 1) && space->operand == offset->operand &&
            (size->kind == CONST_REAL || (is_handle(size, 2) && size->operand == offset->operand));
    if (size->kind == CONST_REAL)
        tpl.place.size = (uint32_t)size->value;
    if (same_operand && (size->kind != CONST_REAL || size->value != 0)) {
        tpl.form = PLACE_OPERAND;
        tpl.operand = offset->operand;
    } else if (size->kind != CONST_REAL || space->kind != CONST_SPACE) {
        return tpl;
    } else if (in_constants && is_handle(offset, 1)) {
        tpl.form = PLACE_VALUE;
        tpl.operand = offset->operand;
    } else if (in_constants && offset->kind == CONST_RELATIVE) {
        tpl.form = PLACE_LABEL;
        tpl.place.offset = offset->value;
    } else if (offset->kind == CONST_SPACE ||
               (offset->kind == CONST_REAL && is_settled(language, space->space))) {
        tpl.form = PLACE_FIXED;
        tpl.place.space = space->space;
        tpl.place.offset = offset->kind == CONST_SPACE ? offset->space : offset->value;
        if (in_constants && size->value < 8 && size->value != 0)
            tpl.place.offset &= ((uint64_t)1 << 8 * size->value) - 1;
        if (!in_constants && tpl.place.offset > language->spaces[space->space].highest)
            tpl.form = PLACE_GENERAL;
    }
    return tpl;
}

static bool load_varnode(Loader *loader, uint32_t operand_count)
{
    VarnodeTpl varnode;
    ConstAttributes ignored;
    if (!packed_enter(&loader->cursor, SLA_E_VARNODE_TPL) ||
            !read_const_attributes(loader, &ignored) ||
            !load_const(loader, operand_count, &varnode.space) ||
            !load_const(loader, operand_count, &varnode.offset) ||
            !load_const(loader, operand_count, &varnode.size) ||
            !packed_leave(&loader->cursor, SLA_E_VARNODE_TPL))
        return false;
    PlaceTpl tpl = classify(loader->language, &varnode);
    if (tpl.form == PLACE_GENERAL) {
        tpl.place.offset = loader->language->varnodes_count;
        if (!LOAD_PUSH(loader, varnodes, varnode))
            return false;
    }
    return LOAD_PUSH(loader, places, tpl);
}

static bool check_op(Loader *loader, const OpTpl *op)
{
    const PlaceTpl *inputs = loader->language->places + op->places + (op->has_output ? 1 : 0);
    bool directive =
            op->code == SLA_OP_BUILD || op->code == SLA_OP_DELAY_SLOT || op->code == SLA_OP_LABEL;
    if (directive && (op->input_count != 1 || op->has_output || inputs[0].form != PLACE_FIXED))
        return malformed(loader, "one constant as the input of a directive");
    if (op->code == SLA_OP_CROSSBUILD &&
            (op->input_count != 2 || op->has_output || inputs[1].form != PLACE_FIXED))
        return malformed(loader, "an address and a section as the inputs of a crossbuild");
    if (!directive && op->code != SLA_OP_CROSSBUILD &&
            (pro_pcode_name(op->code) == NULL || op->code == PRO_PCODE_CAST ||
                    op->code == PRO_PCODE_PTRSUB))
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "operation %u does not exist", op->code);
    if (op->code == SLA_OP_CROSSBUILD || op->code == SLA_OP_DELAY_SLOT)
        loader->language->looks_behind = true;
    return true;
}

static bool load_op(Loader *loader, uint32_t operand_count)
{
    Attributes attributes;
    uint32_t code;
    OpTpl op = {.places = (uint32_t)loader->language->places_count};
    if (!packed_enter(&loader->cursor, SLA_E_OP_TPL) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_CODE, 128, "an operation's code", &code))
        return false;
    op.code = (uint16_t)code;
    if (packed_peek(&loader->cursor) == SLA_E_NULL) {
        if (!packed_skip(&loader->cursor))
            return false;
    } else if (packed_peek(&loader->cursor) == SLA_E_VARNODE_TPL) {
        op.has_output = true;
        if (!load_varnode(loader, operand_count))
            return false;
    }
    while (packed_peek(&loader->cursor) == SLA_E_VARNODE_TPL) {
        if (op.input_count >= 255)
            return malformed(loader, "at most 255 inputs of an operation");
        if (!load_varnode(loader, operand_count))
            return false;
        op.input_count++;
    }
    return packed_leave(&loader->cursor, SLA_E_OP_TPL) && check_op(loader, &op) &&
           LOAD_PUSH(loader, ops, op);
}

static bool load_export(Loader *loader, uint32_t operand_count, uint32_t *ret_index)
{
    ExportTpl tpl;
    Attributes ignored;
    *ret_index = NO_INDEX;
    if (packed_peek(&loader->cursor) == SLA_E_NULL)
        return packed_skip(&loader->cursor);
    if (!packed_enter(&loader->cursor, SLA_E_HANDLE_TPL))
        return malformed(loader, "an export or its absence");
    if (!load_attributes(loader, &ignored) || !load_const(loader, operand_count, &tpl.space) ||
            !load_const(loader, operand_count, &tpl.size) ||
            !load_const(loader, operand_count, &tpl.pointer_space) ||
            !load_const(loader, operand_count, &tpl.pointer_offset) ||
            !load_const(loader, operand_count, &tpl.pointer_size) ||
            !load_const(loader, operand_count, &tpl.temp_space) ||
            !load_const(loader, operand_count, &tpl.temp_offset) ||
            !packed_leave(&loader->cursor, SLA_E_HANDLE_TPL))
        return false;
    *ret_index = (uint32_t)loader->language->exports_count;
    return LOAD_PUSH(loader, exports, tpl);
}

static bool load_template(Loader *loader, uint32_t operand_count, Tpl *ret)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    uint32_t section = 0;
    if (!packed_enter(&loader->cursor, SLA_E_CONSTRUCT_TPL) ||
            !load_attributes(loader, &attributes))
        return false;
    *ret = (Tpl){.section = -1};
    if (load_has(&attributes, SLA_A_SECTION)) {
        if (!load_number(loader, &attributes, SLA_A_SECTION, SLEIGH_LIMIT_SECTIONS,
                    "a section's number", &section))
            return false;
        ret->section = (int32_t)section;
    }
    if (load_has(&attributes, SLA_A_DELAY) && !load_number(loader, &attributes, SLA_A_DELAY, 65,
                                                      "the delay slot's bytes", &ret->delay))
        return false;
    if (load_has(&attributes, SLA_A_LABELS) &&
            !load_number(loader, &attributes, SLA_A_LABELS, SLEIGH_LIMIT_LABELS,
                    "the number of labels", &ret->label_count))
        return false;
    if (!load_export(loader, operand_count, &ret->export_index))
        return false;
    ret->first_op = (uint32_t)language->ops_count;
    while (packed_peek(&loader->cursor) == SLA_E_OP_TPL)
        if (!load_op(loader, operand_count))
            return false;
    ret->op_count = (uint32_t)language->ops_count - ret->first_op;
    for (uint32_t i = 0; i < ret->op_count; i++) {
        const OpTpl *op = &language->ops[ret->first_op + i];
        const PlaceTpl *inputs = language->places + op->places + (op->has_output ? 1 : 0);
        for (uint32_t k = 0; k < op->input_count; k++)
            if ((inputs[k].form == PLACE_LABEL || op->code == SLA_OP_LABEL) &&
                    inputs[k].place.offset >= ret->label_count)
                return malformed(loader, "a label of the template");
    }
    return packed_leave(&loader->cursor, SLA_E_CONSTRUCT_TPL);
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
        if (!load_template(loader, ctor->operand_count, &tpl))
            return false;
        if (tpl.section < 0) {
            if (ctor->main != NO_INDEX || ctor->section_count > 0)
                return malformed(loader, "one main template, before those of the sections");
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

static bool load_block(
        Loader *loader, uint8_t *ret_offset, uint8_t *ret_count, Pair *pair, bool on_context)
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
        return malformed(loader, "a pattern within SLEIGH_LIMIT_PATTERN_BYTES");
    *ret_offset = (uint8_t)offset;
    if (nonzero < 0)
        pair->never = true;
    if (!on_context && nonzero > 0)
        pair->bytes_end = (uint8_t)(nonzero + offset);
    uint32_t most = nonzero <= 0 ? 0 : ((uint32_t)nonzero + 3) / 4;
    for (; packed_peek(&loader->cursor) == SLA_E_MASK_WORD;) {
        if (!packed_enter(&loader->cursor, SLA_E_MASK_WORD) ||
                !load_attributes(loader, &attributes))
            return false;
        PatternWord word = {
                (uint32_t)attributes.number[SLA_A_MASK], (uint32_t)attributes.number[SLA_A_VAL]};
        if (!load_has(&attributes, SLA_A_MASK) || !load_has(&attributes, SLA_A_VAL))
            return malformed(loader, "a mask and a value");
        if (*ret_count < most) {
            if (!LOAD_PUSH(loader, words, word))
                return false;
            *ret_count = (uint8_t)(*ret_count + 1);
        }
        if (!packed_leave(&loader->cursor, SLA_E_MASK_WORD))
            return false;
    }
    return packed_leave(&loader->cursor, SLA_E_PAT_BLOCK);
}

static bool load_side(Loader *loader, Pair *pair, unsigned element)
{
    Attributes ignored;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &ignored))
        return malformed(loader, "a pattern");
    bool loaded =
            element == SLA_E_CONTEXT_PAT
                    ? load_block(loader, &pair->context_offset, &pair->context_count, pair, true)
                    : load_block(loader, &pair->bytes_offset, &pair->bytes_count, pair, false);
    return loaded && packed_leave(&loader->cursor, element);
}

static bool load_pair(Loader *loader, const Table *table)
{
    Attributes attributes;
    Pair pair = {.words = (uint32_t)loader->language->words_count};
    if (!packed_enter(&loader->cursor, SLA_E_PAIR) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_ID, table->ctor_count, "a constructor's number",
                    &pair.ctor))
        return false;
    pair.ctor += table->first_ctor;
    unsigned element = packed_peek(&loader->cursor);
    bool loaded;
    if (element == SLA_E_COMBINE_PAT)
        loaded = packed_enter(&loader->cursor, element) && load_attributes(loader, &attributes) &&
                 load_side(loader, &pair, SLA_E_CONTEXT_PAT) &&
                 load_side(loader, &pair, SLA_E_INSTRUCT_PAT) &&
                 packed_leave(&loader->cursor, element);
    else
        loaded = load_side(loader, &pair,
                element == SLA_E_CONTEXT_PAT ? SLA_E_CONTEXT_PAT : SLA_E_INSTRUCT_PAT);
    if (4u * pair.context_count + pair.context_offset > 4 * SLEIGH_LIMIT_CONTEXT_WORDS + 3)
        return malformed(loader, "a pattern within the context");
    return loaded && packed_leave(&loader->cursor, SLA_E_PAIR) && LOAD_PUSH(loader, pairs, pair);
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
    for (; packed_peek(&loader->cursor) == SLA_E_PAIR; decision->start_bit++) {
        if (decision->start_bit == UINT16_MAX)
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
        return malformed(loader, "a decision tree");
    if (!load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_SIZE, 9, "a decision's bits", &bits) ||
            !load_number(loader, &attributes, SLA_A_STARTBIT, 8 * SLEIGH_LIMIT_PATTERN_BYTES,
                    "a decision's first bit", &start))
        return false;
    decision.on_context =
            load_has(&attributes, SLA_A_CONTEXT) && attributes.number[SLA_A_CONTEXT] != 0;
    decision.bits = (uint8_t)bits;
    decision.start_bit = (uint16_t)(bits == 0 ? 0 : start);
    if (!(bits != 0 ? load_children(loader, table, &decision)
                    : load_pairs(loader, table, &decision)))
        return false;
    loader->depth--;
    loader->language->decisions[place] = decision;
    return packed_leave(&loader->cursor, SLA_E_DECISION);
}
