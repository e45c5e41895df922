/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "sleigh/sla_ids.h"

enum { LARGEST_CODE = 128 };

/* Attributes of constants and operations: far more of them are read than of anything else. */
typedef struct ConstAttributes {
    uint64_t value;
    uint64_t plus;
    uint64_t selector;
    uint64_t space;
    uint64_t code;
} ConstAttributes;

static bool read_const_attributes(Loader *loader, ConstAttributes *ret)
{
    PackedAttribute attribute;
    *ret = (ConstAttributes){.space = UINT64_MAX, .code = UINT64_MAX};
    while (packed_next_attribute(&loader->cursor, &attribute)) {
        if (attribute.id == SLA_A_VAL)
            ret->value = attribute.number;
        else if (attribute.id == SLA_A_SPACE)
            ret->space = attribute.number;
        else if (attribute.id == SLA_A_S)
            ret->selector = attribute.number;
        else if (attribute.id == SLA_A_PLUS)
            ret->plus = attribute.number;
        else if (attribute.id == SLA_A_CODE)
            ret->code = attribute.number;
    }
    return !loader->cursor.failed;
}

static bool check_const(
        Loader *loader, uint32_t operand_count, const ConstAttributes *attributes, Const *ret)
{
    if (ret->kind == CONST_SPACE) {
        if (attributes->space >= loader->language->space_count)
            return load_malformed(loader, "the index of a space");
        ret->space = (uint32_t)attributes->space;
    } else if (ret->kind == CONST_HANDLE) {
        if (attributes->value >= operand_count || attributes->selector > 3)
            return load_malformed(loader, "a piece of one of the constructor's operands");
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
        return load_malformed(loader, "a constant of a template");
    if (!packed_enter(&loader->cursor, element) || !read_const_attributes(loader, &attributes))
        return false;
    ret->kind = kinds[element];
    ret->value = attributes.value;
    return check_const(loader, operand_count, &attributes, ret) &&
           packed_leave(&loader->cursor, element);
}

enum { START = PACKED_RECORD_ELEMENT, END = PACKED_RECORD_END };

/* A constant as nearly all are. False: it is another one, or wrong. */
static inline bool quick_const(
        PackedQuick *quick, const ProSleighLanguage *language, uint32_t operand_count, Const *ret)
{
    *ret = (Const){0};
    if (packed_quick_accept(quick, START | SLA_E_CONST_REAL)) {
        ret->value = packed_quick_integer(quick, SLA_A_VAL);
        return !quick->failed && packed_quick_accept(quick, END | SLA_E_CONST_REAL);
    }
    if (packed_quick_accept(quick, START | SLA_E_CONST_SPACEID)) {
        uint64_t space = packed_quick_integer(quick, SLA_A_SPACE);
        ret->kind = CONST_SPACE;
        ret->space = (uint32_t)space;
        return !quick->failed && space < language->space_count &&
               packed_quick_accept(quick, END | SLA_E_CONST_SPACEID);
    }
    if (packed_quick_accept(quick, START | SLA_E_CONST_RELATIVE)) {
        ret->kind = CONST_RELATIVE;
        ret->value = packed_quick_integer(quick, SLA_A_VAL);
        return !quick->failed && packed_quick_accept(quick, END | SLA_E_CONST_RELATIVE);
    }
    if (!packed_quick_accept(quick, START | SLA_E_CONST_HANDLE))
        return false;
    uint64_t operand = packed_quick_integer(quick, SLA_A_VAL);
    uint64_t selector = packed_quick_integer(quick, SLA_A_S);
    ret->kind = CONST_HANDLE;
    ret->operand = (uint16_t)operand;
    ret->selector = (uint8_t)selector;
    if (selector == 3)
        ret->value = packed_quick_integer(quick, SLA_A_PLUS);
    return !quick->failed && operand < operand_count && selector <= 3 &&
           packed_quick_accept(quick, END | SLA_E_CONST_HANDLE);
}

/* False, and nothing has happened: read it in the general way, which tells what is wrong. */
static bool load_varnode_quickly(Loader *loader, uint32_t operand_count, VarnodeTpl *ret)
{
    const ProSleighLanguage *language = loader->language;
    PackedQuick quick;
    if (!packed_quick_begin(&loader->cursor, &quick) ||
            !packed_quick_accept(&quick, START | SLA_E_VARNODE_TPL) ||
            !quick_const(&quick, language, operand_count, &ret->space) ||
            !quick_const(&quick, language, operand_count, &ret->offset) ||
            !quick_const(&quick, language, operand_count, &ret->size) ||
            !packed_quick_accept(&quick, END | SLA_E_VARNODE_TPL))
        return false;
    loader->cursor.offset = (size_t)(quick.at - loader->cursor.data);
    return true;
}

/* Elements that have no attributes of interest. */
static inline bool skip_attributes(Loader *loader)
{
    PackedAttribute ignored;
    while (packed_next_attribute(&loader->cursor, &ignored)) {
    }
    return !loader->cursor.failed;
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
    if (!load_varnode_quickly(loader, operand_count, &varnode) &&
            (!packed_enter(&loader->cursor, SLA_E_VARNODE_TPL) || !skip_attributes(loader) ||
                    !load_const(loader, operand_count, &varnode.space) ||
                    !load_const(loader, operand_count, &varnode.offset) ||
                    !load_const(loader, operand_count, &varnode.size) ||
                    !packed_leave(&loader->cursor, SLA_E_VARNODE_TPL)))
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
        return load_malformed(loader, "one constant as the input of a directive");
    if (op->code == SLA_OP_CROSSBUILD &&
            (op->input_count != 2 || op->has_output || inputs[1].form != PLACE_FIXED))
        return load_malformed(loader, "an address and a section as the inputs of a crossbuild");
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
    ConstAttributes attributes;
    OpTpl op = {.places = (uint32_t)loader->language->places_count};
    if (!packed_enter(&loader->cursor, SLA_E_OP_TPL) || !read_const_attributes(loader, &attributes))
        return false;
    if (attributes.code >= LARGEST_CODE)
        return load_malformed(loader, "an operation's code");
    op.code = (uint16_t)attributes.code;
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
            return load_malformed(loader, "at most 255 inputs of an operation");
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
        return load_malformed(loader, "an export or its absence");
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

bool load_template(Loader *loader, uint32_t operand_count, Tpl *ret)
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
                return load_malformed(loader, "a label of the template");
    }
    return packed_leave(&loader->cursor, SLA_E_CONSTRUCT_TPL);
}
