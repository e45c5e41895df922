/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/handle.h"

/* In place: handles are large, and of a static one only this is read. */
static void set_static(Handle *handle, uint32_t space, uint64_t offset, uint32_t size)
{
    handle->space = space;
    handle->size = size;
    handle->offset_space = NO_INDEX;
    handle->offset = offset;
}

static void set_register(Handle *handle, const ProVarnode *place)
{
    set_static(handle, place->space, place->offset, place->size);
}

uint64_t handle_number(const Parse *parse, const Const *constant, const Handle *operands)
{
    const ProSleighLanguage *language = parse->language;
    switch (constant->kind) {
    case CONST_REAL:
    case CONST_RELATIVE:
        return constant->value;
    case CONST_START:
        return parse->tpl_start;
    case CONST_NEXT:
        return parse->tpl_next;
    case CONST_NEXT2:
        return parse->next2;
    case CONST_CURSPACE_SIZE:
        return language->spaces[language->default_space].address_bytes;
    case CONST_SPACE:
        return constant->space;
    case CONST_CURSPACE:
        return language->default_space;
    default:
        break;
    }
    const Handle *handle = &operands[constant->operand];
    uint64_t offset = handle->offset_space == NO_INDEX ? handle->offset : handle->temp_offset;
    switch (constant->selector) {
    case 0:
        return handle->offset_space == NO_INDEX ? handle->space : handle->temp_space;
    case 1:
        return offset;
    case 2:
        return handle->size;
    default:
        break;
    }
    if (handle->space != PRO_SPACE_CONST)
        return offset + (constant->value & 0xFFFF);
    unsigned shift = 8 * (unsigned)(constant->value >> 16 & 0xFFFF);
    return shift > 63 ? 0 : offset >> shift;
}

uint32_t handle_space(const Parse *parse, const Const *constant, const Handle *operands)
{
    bool is_space = constant->kind == CONST_SPACE || constant->kind == CONST_CURSPACE ||
                    (constant->kind == CONST_HANDLE && constant->selector == 0);
    return is_space ? (uint32_t)handle_number(parse, constant, operands) : PRO_SPACE_CONST;
}

static Handle plain_export(const Parse *parse, const ExportTpl *tpl, const Handle *operands)
{
    Handle handle = {.offset_space = NO_INDEX};
    if (tpl->space.kind == CONST_HANDLE && tpl->space.selector == 0)
        handle.space = operands[tpl->space.operand].space;
    else
        handle.space = handle_space(parse, &tpl->space, operands);
    handle.size = (uint32_t)handle_number(parse, &tpl->size, operands);
    if (tpl->pointer_offset.kind == CONST_HANDLE && tpl->pointer_offset.selector == 1) {
        const Handle *from = &operands[tpl->pointer_offset.operand];
        handle.offset_space = from->offset_space;
        handle.offset = from->offset;
        handle.offset_size = from->offset_size;
        handle.temp_space = from->temp_space;
        handle.temp_offset = from->temp_offset;
    } else {
        handle.offset = parse_wrap(parse->language, handle.space,
                handle_number(parse, &tpl->pointer_offset, operands));
    }
    return handle;
}

static Handle exported_handle(const Parse *parse, const ExportTpl *tpl, const Handle *operands)
{
    const ProSleighLanguage *language = parse->language;
    if (tpl->pointer_space.kind == CONST_REAL)
        return plain_export(parse, tpl, operands);
    Handle handle = {.space = handle_space(parse, &tpl->space, operands),
            .size = (uint32_t)handle_number(parse, &tpl->size, operands),
            .offset = handle_number(parse, &tpl->pointer_offset, operands),
            .offset_space = handle_space(parse, &tpl->pointer_space, operands)};
    if (handle.offset_space == PRO_SPACE_CONST) {
        handle.offset_space = NO_INDEX;
        handle.offset = parse_wrap(
                language, handle.space, handle.offset * language->spaces[handle.space].word_bytes);
        return handle;
    }
    handle.offset_size = (uint32_t)handle_number(parse, &tpl->pointer_size, operands);
    handle.temp_space = handle_space(parse, &tpl->temp_space, operands);
    handle.temp_offset = handle_number(parse, &tpl->temp_offset, operands);
    return handle;
}

static void set_operand(Parse *parse, uint32_t index, Handle *handle)
{
    const ProSleighLanguage *language = parse->language;
    const Node *node = &parse->nodes[index];
    const Operand *operand = node->operand;
    uint32_t code = language->default_space;
    uint32_t size = language->spaces[code].address_bytes;
    switch (operand->kind) {
    case OPERAND_VALUEMAP:
        set_static(handle, PRO_SPACE_CONST, (uint64_t)language->values[node->entry], 0);
        break;
    case OPERAND_VARLIST:
        set_register(handle, &language->syms[language->links[node->entry]].place);
        break;
    case OPERAND_REGISTER:
        set_register(handle, &language->syms[operand->first].place);
        break;
    case OPERAND_START:
        set_static(handle, code, parse->address, size);
        break;
    case OPERAND_NEXT:
        set_static(handle, code, parse->next, size);
        break;
    case OPERAND_NEXT2:
        set_static(handle, code, parse->next2, size);
        break;
    default:
        set_static(handle, PRO_SPACE_CONST, (uint64_t)parse_node_value(parse, index), 0);
    }
}

static void set_table(Parse *parse, const Node *node, Handle *handle)
{
    const ProSleighLanguage *language = parse->language;
    const Tpl *tpl = node->ctor->main == NO_INDEX ? NULL : &language->tpls[node->ctor->main];
    if (tpl == NULL || tpl->export_index == NO_INDEX) {
        set_static(handle, PRO_SPACE_CONST, 0, 0);
        return;
    }
    const ExportTpl *exported = &language->exports[tpl->export_index];
    const Handle *operands = parse->handles + node->first_child;
    if (exported->form == EXPORT_FIXED) {
        *handle = exported->fixed;
    } else if (exported->form == EXPORT_OPERAND) {
        *handle = operands[exported->operand];
        if (exported->fixed.size != 0)
            handle->size = exported->fixed.size;
    } else {
        *handle = exported_handle(parse, exported, operands);
    }
}

/* Nodes are numbered parents before children and neighbours in order; an export needs only the
 * handles of its own children, so the last node comes first. */
void parse_handles(Parse *parse)
{
    if (parse->handles_known)
        return;
    for (uint32_t i = parse->node_count; i > 1; i--) {
        const Node *node = &parse->nodes[i - 1];
        if (node->ctor == NULL)
            set_operand(parse, i - 1, &parse->handles[i - 1]);
        else
            set_table(parse, node, &parse->handles[i - 1]);
    }
    parse->handles_known = true;
}
