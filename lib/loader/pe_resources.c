/* SPDX-License-Identifier: Apache-2.0 */

/* Resources: a tree of three levels (type, id, language), walked without following cycles. */

#include "loader/pe_private.h"

#include "core/buffer.h"

enum {
    LEVELS = 3,
    HEAD_BYTES = 16,
    ENTRY_BYTES = 8,
    DATA_BYTES = 16,
};

/* Where the walk is: what leads there, and how many entries of the whole tree it may still see. An
 * entry that points back into the tree ends by that, and by the number of levels. */
typedef struct Walk {
    uint32_t path[LEVELS];
    const char *names[LEVELS];
    size_t budget;
    size_t names_bytes; /* that may still be read */
} Walk;

static void append_utf8(Buffer *text, uint32_t code)
{
    if (code < 0x80) {
        buffer_append_u8(text, (uint8_t)code);
    } else if (code < 0x800) {
        buffer_append_u8(text, (uint8_t)(0xC0 | code >> 6));
        buffer_append_u8(text, (uint8_t)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buffer_append_u8(text, (uint8_t)(0xE0 | code >> 12));
        buffer_append_u8(text, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buffer_append_u8(text, (uint8_t)(0x80 | (code & 0x3F)));
    } else {
        buffer_append_u8(text, (uint8_t)(0xF0 | code >> 18));
        buffer_append_u8(text, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        buffer_append_u8(text, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buffer_append_u8(text, (uint8_t)(0x80 | (code & 0x3F)));
    }
}

/* UTF-16 with its length before it; a lone surrogate becomes U+FFFD. NULL outside the file. */
static const char *read_name(ProPe *pe, Walk *walk, uint32_t rva)
{
    uint8_t units[512];
    uint8_t length[2];
    if (!pe_read_rva(pe, rva, length, sizeof length))
        return NULL;
    size_t count = pe_u16(length);
    if (count > sizeof units / 2)
        count = sizeof units / 2;
    if (walk->names_bytes < count * 2 || !pe_read_rva(pe, rva + 2, units, count * 2))
        return NULL;
    walk->names_bytes -= count * 2;
    Buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t code = pe_u16(units + 2 * i);
        uint32_t next = i + 1 < count ? pe_u16(units + 2 * i + 2) : 0;
        if (code >= 0xD800 && code < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (next - 0xDC00);
            i++;
        } else if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD;
        }
        append_utf8(&text, code);
    }
    const char *copy =
            text.failed ? NULL : arena_copy_text(&pe->arena, (const char *)text.data, text.size);
    buffer_fini(&text);
    return copy;
}

static void add_resource(ProPe *pe, const Walk *walk, uint32_t rva)
{
    uint8_t bytes[DATA_BYTES];
    if (!pe_read_rva(pe, rva, bytes, sizeof bytes)) {
        pe_warn(pe, "a resource's entry at 0x%x lies outside the file", rva);
        return;
    }
    ProPeResource *resources =
            pe_grow(pe, pe->resources, pe->resource_count, sizeof *pe->resources);
    if (resources == NULL)
        return;
    pe->resources = resources;
    resources[pe->resource_count++] = (ProPeResource){.type = walk->path[0],
            .id = walk->path[1],
            .language = walk->path[2],
            .type_name = walk->names[0],
            .id_name = walk->names[1],
            .rva = pe_u32(bytes),
            .size = pe_u32(bytes + 4),
            .code_page = pe_u32(bytes + 8)};
}

static void walk_folder(ProPe *pe, Walk *walk, uint32_t folder, int level)
{
    uint32_t root = pe->directories[PRO_PE_RESOURCES].rva;
    uint8_t head[HEAD_BYTES];
    if (!pe_read_rva(pe, root + folder, head, sizeof head)) {
        pe_warn(pe, "a folder of resources at 0x%x lies outside the file", root + folder);
        return;
    }
    uint32_t count = (uint32_t)pe_u16(head + 12) + pe_u16(head + 14);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[ENTRY_BYTES];
        uint32_t at = root + folder + HEAD_BYTES + i * ENTRY_BYTES;
        if (walk->budget == 0)
            return;
        if (!pe_read_rva(pe, at, entry, sizeof entry)) {
            pe_warn(pe, "%u entries of resources are announced; the file ends after %u", count, i);
            return;
        }
        walk->budget--;
        uint32_t name = pe_u32(entry);
        uint32_t target = pe_u32(entry + 4);
        walk->path[level] = name;
        walk->names[level] =
                name >> 31 != 0 ? read_name(pe, walk, root + (name & 0x7FFFFFFF)) : NULL;
        bool is_folder = target >> 31 != 0;
        if (!is_folder)
            add_resource(pe, walk, root + target);
        else if (level + 1 < LEVELS)
            walk_folder(pe, walk, target & 0x7FFFFFFF, level + 1);
        else
            pe_warn(pe, "resources are nested deeper than %d levels", LEVELS);
    }
}

void pe_parse_resources(ProPe *pe)
{
    Walk walk = {.budget = PE_RESOURCES_MAX, .names_bytes = PE_RESOURCE_NAMES_MAX};
    if (pe->directories[PRO_PE_RESOURCES].rva == 0)
        return;
    walk_folder(pe, &walk, 0, 0);
    if (walk.budget == 0)
        pe_warn(pe, "more than %d resources, or folders that contain themselves", PE_RESOURCES_MAX);
}
