/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/template.h"

#include "sleigh/sla_ids.h"

/* ---- in general ---- */

typedef struct ConstAttributes {
    uint64_t value;
    uint64_t plus;
    uint64_t selector;
    uint64_t space;
} ConstAttributes;

static bool malformed(TplReader *reader, const char *expected)
{
    return packed_fail(&reader->cursor, PRO_ERR_FORMAT, "%s was expected", expected);
}

static bool read_const_attributes(TplReader *reader, ConstAttributes *ret)
{
    PackedAttribute attribute;
    *ret = (ConstAttributes){.space = UINT64_MAX};
    while (packed_next_attribute(&reader->cursor, &attribute)) {
        if (attribute.id == SLA_A_VAL)
            ret->value = attribute.number;
        else if (attribute.id == SLA_A_SPACE)
            ret->space = attribute.number;
        else if (attribute.id == SLA_A_S)
            ret->selector = attribute.number;
        else if (attribute.id == SLA_A_PLUS)
            ret->plus = attribute.number;
    }
    return !reader->cursor.failed;
}

static bool check_const(TplReader *reader, const ConstAttributes *attributes, Const *ret)
{
    if (ret->kind == CONST_SPACE) {
        if (attributes->space >= reader->language->space_count)
            return malformed(reader, "the index of a space");
        ret->space = (uint32_t)attributes->space;
    } else if (ret->kind == CONST_HANDLE) {
        if (attributes->value >= reader->operand_count || attributes->selector > 3)
            return malformed(reader, "a piece of one of the constructor's operands");
        ret->operand = (uint16_t)attributes->value;
        ret->selector = (uint8_t)attributes->selector;
        ret->value = attributes->plus;
    }
    return true;
}

bool template_const(TplReader *reader, Const *ret)
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
    unsigned element = packed_peek(&reader->cursor);
    ConstAttributes attributes;
    *ret = (Const){0};
    if (element >= sizeof kinds || (kinds[element] == 0 && element != SLA_E_CONST_REAL))
        return malformed(reader, "a constant of a template");
    if (!packed_enter(&reader->cursor, element) || !read_const_attributes(reader, &attributes))
        return false;
    ret->kind = kinds[element];
    ret->value = attributes.value;
    return check_const(reader, &attributes, ret) && packed_leave(&reader->cursor, element);
}

/* ---- as nearly all are ---- */

enum { START = PACKED_RECORD_ELEMENT, END = PACKED_RECORD_END };

/* False: it is another one, or wrong. */
static inline bool quick_const(PackedQuick *quick, const TplReader *reader, Const *ret)
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
        return !quick->failed && space < reader->language->space_count &&
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
    return !quick->failed && operand < reader->operand_count && selector <= 3 &&
           packed_quick_accept(quick, END | SLA_E_CONST_HANDLE);
}

/* False, and nothing has happened: read it in the general way, which tells what is wrong. */
static bool read_varnode_quickly(TplReader *reader, VarnodeTpl *ret)
{
    PackedQuick quick;
    if (!packed_quick_begin(&reader->cursor, &quick) ||
            !packed_quick_accept(&quick, START | SLA_E_VARNODE_TPL) ||
            !quick_const(&quick, reader, &ret->space) ||
            !quick_const(&quick, reader, &ret->offset) ||
            !quick_const(&quick, reader, &ret->size) ||
            !packed_quick_accept(&quick, END | SLA_E_VARNODE_TPL))
        return false;
    reader->cursor.offset = (size_t)(quick.at - reader->cursor.data);
    return true;
}

static bool skip_attributes(TplReader *reader)
{
    PackedAttribute ignored;
    while (packed_next_attribute(&reader->cursor, &ignored)) {
    }
    return !reader->cursor.failed;
}

bool template_varnode(TplReader *reader, VarnodeTpl *ret)
{
    return read_varnode_quickly(reader, ret) ||
           (packed_enter(&reader->cursor, SLA_E_VARNODE_TPL) && skip_attributes(reader) &&
                   template_const(reader, &ret->space) && template_const(reader, &ret->offset) &&
                   template_const(reader, &ret->size) &&
                   packed_leave(&reader->cursor, SLA_E_VARNODE_TPL));
}
