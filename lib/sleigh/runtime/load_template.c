/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "sleigh/runtime/template.h"
#include "sleigh/sla_ids.h"

#include <string.h>

/*
 * The heads of templates: attributes and export. Their operations, two thirds of a large document,
 * are passed over; template.c reads and checks them when they are first used.
 */

enum { START = PACKED_RECORD_ELEMENT, END = PACKED_RECORD_END };

static bool is_fixed_space(const Const *space)
{
    return space->kind == CONST_SPACE;
}

/* Whether all of a handle through a pointer is known. */
static bool is_fixed_pointer(const ExportTpl *tpl)
{
    return is_fixed_space(&tpl->pointer_space) && tpl->pointer_space.space != PRO_SPACE_CONST &&
           tpl->pointer_offset.kind == CONST_REAL && tpl->pointer_size.kind == CONST_REAL &&
           is_fixed_space(&tpl->temp_space) && tpl->temp_offset.kind == CONST_REAL;
}

/* Whether a place is known, and lies where addresses do not wrap (a .pspec may shorten others'). */
static bool is_fixed_place(const ProSleighLanguage *language, const ExportTpl *tpl)
{
    const ProSpace *space = &language->spaces[tpl->space.space];
    return tpl->pointer_space.kind == CONST_REAL && tpl->pointer_offset.kind == CONST_REAL &&
           space->is_register && tpl->pointer_offset.value <= space->highest;
}

static bool is_operand(const ExportTpl *tpl)
{
    const Const *space = &tpl->space, *offset = &tpl->pointer_offset, *size = &tpl->size;
    return tpl->pointer_space.kind == CONST_REAL && space->kind == CONST_HANDLE &&
           space->selector == 0 && offset->kind == CONST_HANDLE && offset->selector == 1 &&
           offset->operand == space->operand &&
           (size->kind == CONST_REAL ? size->value != 0
                                     : size->kind == CONST_HANDLE && size->selector == 2 &&
                                               size->operand == space->operand);
}

/* See handle.c for what an export means; this is the same for what is known beforehand. */
static void classify_export(const ProSleighLanguage *language, ExportTpl *tpl)
{
    tpl->form = EXPORT_GENERAL;
    tpl->operand = 0;
    tpl->fixed = (Handle){.offset_space = NO_INDEX};
    if (is_operand(tpl)) {
        tpl->form = EXPORT_OPERAND;
        tpl->operand = tpl->space.operand;
        tpl->fixed.size = tpl->size.kind == CONST_REAL ? (uint32_t)tpl->size.value : 0;
    } else if (is_fixed_space(&tpl->space) && tpl->size.kind == CONST_REAL &&
               (is_fixed_pointer(tpl) || is_fixed_place(language, tpl))) {
        tpl->form = EXPORT_FIXED;
        tpl->fixed.space = tpl->space.space;
        tpl->fixed.size = (uint32_t)tpl->size.value;
        tpl->fixed.offset = tpl->pointer_offset.value;
        if (is_fixed_pointer(tpl)) {
            tpl->fixed.offset_space = tpl->pointer_space.space;
            tpl->fixed.offset_size = (uint32_t)tpl->pointer_size.value;
            tpl->fixed.temp_space = tpl->temp_space.space;
            tpl->fixed.temp_offset = tpl->temp_offset.value;
        }
    }
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
    if (!load_attributes(loader, &ignored))
        return false;
    TplReader reader = {loader->cursor, loader->language, operand_count};
    bool loaded = template_const(&reader, &tpl.space) && template_const(&reader, &tpl.size) &&
                  template_const(&reader, &tpl.pointer_space) &&
                  template_const(&reader, &tpl.pointer_offset) &&
                  template_const(&reader, &tpl.pointer_size) &&
                  template_const(&reader, &tpl.temp_space) &&
                  template_const(&reader, &tpl.temp_offset) &&
                  packed_leave(&reader.cursor, SLA_E_HANDLE_TPL);
    loader->cursor = reader.cursor;
    *ret_index = (uint32_t)loader->language->exports_count;
    if (loaded)
        classify_export(loader->language, &tpl);
    return loaded && LOAD_PUSH(loader, exports, tpl);
}

/*
 * Whether a template's element ends with this byte, which is its end's header: behind it the next
 * template begins, or the constructor ends and the next one or the decision tree begins.
 *
 * In no template do these bytes stand elsewhere. Its bytes are headers of elements and of
 * attributes, types of attributes, and integers, there being no text. The header of another
 * element's end is another byte, a type is below 0x80, and the attributes with two bytes of header
 * (section, delay, labels) have another second byte. So the byte would have to be in an integer,
 * and the one behind it be in it, too, or a header; of the latter, none that can stand in a
 * template begins a template, a constructor or a decision.
 */
static bool ends_template(const uint8_t *at)
{
    if (at[1] == (START | SLA_E_CONSTRUCT_TPL))
        return true;
    return at[1] == (END | SLA_E_CONSTRUCTOR) &&
           (at[2] == (START | SLA_E_CONSTRUCTOR) || at[2] == (START | SLA_E_DECISION));
}

/* Goes to the end of the template's element, without looking at what is in it. */
static bool find_end(Loader *loader)
{
    PackedCursor *cursor = &loader->cursor;
    const uint8_t *at = cursor->data + cursor->offset;
    const uint8_t *limit = cursor->data + cursor->size;
    while (limit - at > 2 &&
            (at = memchr(at, END | SLA_E_CONSTRUCT_TPL, (size_t)(limit - at) - 2)) != NULL) {
        if (ends_template(at)) {
            cursor->offset = (size_t)(at - cursor->data);
            return true;
        }
        at++;
    }
    return load_malformed(loader, "the end of a template");
}

/* Whether inst_next2 stands in a template. It has two bytes of header, of which the first is below
 * 0x80 and stands for no type: it is nothing else. */
static bool has_next2(const Loader *loader, size_t begin, size_t end)
{
    enum { FIRST = START | PACKED_RECORD_LONG_ID, SECOND = 0x80 | SLA_E_CONST_NEXT2 };
    const uint8_t *at = loader->cursor.data + begin;
    const uint8_t *limit = loader->cursor.data + end;
    for (; (at = memchr(at, SECOND, (size_t)(limit - at))) != NULL; at++)
        if (at[-1] == FIRST)
            return true;
    return false;
}

bool load_template(Loader *loader, const Ctor *ctor, Tpl *ret)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    uint32_t section = 0;
    if (!packed_enter(&loader->cursor, SLA_E_CONSTRUCT_TPL) ||
            !load_attributes(loader, &attributes))
        return false;
    *ret = (Tpl){.section = -1, .ctor = (uint32_t)language->ctors_count};
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
    size_t begin = loader->cursor.offset;
    if (!load_export(loader, ctor->operand_count, &ret->export_index))
        return false;
    ret->begin = (uint32_t)loader->cursor.offset;
    if (!find_end(loader))
        return false;
    ret->end = (uint32_t)loader->cursor.offset;
    if (!language->uses_next2)
        language->uses_next2 = has_next2(loader, begin, ret->end);
    return packed_leave(&loader->cursor, SLA_E_CONSTRUCT_TPL);
}
