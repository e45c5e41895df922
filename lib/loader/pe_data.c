/* SPDX-License-Identifier: Apache-2.0 */

/* Debug records, resources, relocations, exceptions, thread-local storage. */

#include "loader/pe_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEBUG_BYTES = 28,
    DEBUG_CODEVIEW = 2,
    RESOURCE_LEVELS = 3,
    RESOURCE_HEAD_BYTES = 16,
    RESOURCE_ENTRY_BYTES = 8,
    RELOCATION_HEAD_BYTES = 8,
    EXCEPTION_BYTES = 12,
    MACHINE_AMD64 = 0x8664,
};

static void read_codeview(ProPe *pe, ProPeDebug *debug)
{
    uint8_t bytes[24];
    if (debug->type != DEBUG_CODEVIEW || !pe_read(pe, debug->offset, bytes, sizeof bytes) ||
            memcmp(bytes, "RSDS", 4) != 0)
        return;
    memcpy(debug->guid, bytes + 4, 16);
    debug->age = pe_u32(bytes + 20);
    size_t max = debug->size > 24 ? debug->size - 24 : 0;
    char *text;
    size_t size;
    if (max > PE_NAME_MAX)
        max = PE_NAME_MAX;
    if (pro_container_read_text(pe->file, debug->offset + 24ull, max, &text, &size, NULL, NULL) !=
            PRO_OK)
        return;
    debug->pdb = arena_copy_text(&pe->arena, text, size);
    free(text);
}

void pe_parse_debug(ProPe *pe)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_DEBUG];
    size_t count = directory->size / DEBUG_BYTES;
    if (directory->rva == 0)
        return;
    if (count > PE_DEBUG_MAX) {
        pe_warn(pe, "%zu debug records are announced; the first %d are read", count, PE_DEBUG_MAX);
        count = PE_DEBUG_MAX;
    }
    pe->debug = arena_alloc_array(&pe->arena, count + 1, sizeof *pe->debug);
    for (size_t i = 0; i < count && pe->debug != NULL; i++) {
        uint8_t bytes[DEBUG_BYTES];
        if (!pe_read_rva(pe, directory->rva + (uint32_t)i * DEBUG_BYTES, bytes, sizeof bytes)) {
            pe_warn(pe, "debug record %zu lies outside the file", i);
            return;
        }
        ProPeDebug *debug = &pe->debug[pe->debug_count++];
        debug->time_stamp = pe_u32(bytes + 4);
        debug->type = pe_u32(bytes + 12);
        debug->size = pe_u32(bytes + 16);
        debug->rva = pe_u32(bytes + 20);
        debug->offset = pe_u32(bytes + 24);
        read_codeview(pe, debug);
    }
}

/* ---- resources: a tree of three levels, walked without following cycles ---- */

static void add_resource(ProPe *pe, const uint32_t path[RESOURCE_LEVELS], uint32_t rva)
{
    uint8_t bytes[16];
    if (!pe_read_rva(pe, rva, bytes, sizeof bytes)) {
        pe_warn(pe, "a resource's entry at 0x%x lies outside the file", rva);
        return;
    }
    pe->resources = pe_grow(pe, pe->resources, pe->resource_count, sizeof *pe->resources);
    if (pe->resources == NULL) {
        pe->resource_count = 0;
        return;
    }
    pe->resources[pe->resource_count++] = (ProPeResource){.type = path[0],
            .id = path[1],
            .language = path[2],
            .rva = pe_u32(bytes),
            .size = pe_u32(bytes + 4),
            .code_page = pe_u32(bytes + 8)};
}

/* `budget` counts entries of the whole tree: one that points back into itself ends by it, and by
 * the number of levels. */
static void walk_resources(
        ProPe *pe, uint32_t folder, int level, uint32_t path[RESOURCE_LEVELS], size_t *budget)
{
    uint32_t root = pe->directories[PRO_PE_RESOURCES].rva;
    uint8_t head[RESOURCE_HEAD_BYTES];
    if (!pe_read_rva(pe, root + folder, head, sizeof head)) {
        pe_warn(pe, "a folder of resources at 0x%x lies outside the file", root + folder);
        return;
    }
    uint32_t count = (uint32_t)pe_u16(head + 12) + pe_u16(head + 14);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[RESOURCE_ENTRY_BYTES];
        uint32_t at = root + folder + RESOURCE_HEAD_BYTES + i * RESOURCE_ENTRY_BYTES;
        if (*budget == 0)
            return;
        if (!pe_read_rva(pe, at, entry, sizeof entry)) {
            pe_warn(pe, "%u entries of resources are announced; the file ends after %u", count, i);
            return;
        }
        (*budget)--;
        path[level] = pe_u32(entry);
        uint32_t target = pe_u32(entry + 4);
        bool is_folder = target >> 31 != 0;
        if (!is_folder)
            add_resource(pe, path, root + target);
        else if (level + 1 < RESOURCE_LEVELS)
            walk_resources(pe, target & 0x7FFFFFFF, level + 1, path, budget);
        else
            pe_warn(pe, "resources are nested deeper than %d levels", RESOURCE_LEVELS);
    }
}

void pe_parse_resources(ProPe *pe)
{
    uint32_t path[RESOURCE_LEVELS] = {0};
    size_t budget = PE_RESOURCES_MAX;
    if (pe->directories[PRO_PE_RESOURCES].rva == 0)
        return;
    walk_resources(pe, 0, 0, path, &budget);
    if (budget == 0)
        pe_warn(pe, "more than %d resources, or folders that contain themselves", PE_RESOURCES_MAX);
}

/* ---- relocations ---- */

static bool add_relocations(ProPe *pe, uint32_t rva, uint32_t page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[2];
        if (!pe_read_rva(pe, rva + (uint32_t)i * 2, bytes, sizeof bytes))
            return false;
        ProPeRelocation *relocations =
                pe_grow(pe, pe->relocations, pe->relocation_count, sizeof *relocations);
        if (relocations == NULL || pe->relocation_count == PE_RELOCATIONS_MAX)
            return false;
        pe->relocations = relocations;
        relocations[pe->relocation_count++] = (ProPeRelocation){
                .rva = page + (pe_u16(bytes) & 0xFFF), .type = (uint8_t)(pe_u16(bytes) >> 12)};
    }
    return true;
}

void pe_parse_relocations(ProPe *pe)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_RELOCATIONS];
    uint32_t done = 0;
    if (directory->rva == 0)
        return;
    while (directory->size - done >= RELOCATION_HEAD_BYTES) {
        uint8_t head[RELOCATION_HEAD_BYTES];
        if (!pe_read_rva(pe, directory->rva + done, head, sizeof head)) {
            pe_warn(pe, "the relocations leave the file at 0x%x", directory->rva + done);
            return;
        }
        uint32_t page = pe_u32(head);
        uint32_t size = pe_u32(head + 4);
        if (size == 0 && page == 0)
            return; /* padding */
        if (size < RELOCATION_HEAD_BYTES || size > directory->size - done) {
            pe_warn(pe, "a block of relocations at 0x%x has %u bytes", directory->rva + done, size);
            return;
        }
        if (!add_relocations(pe, directory->rva + done + RELOCATION_HEAD_BYTES, page,
                    (size - RELOCATION_HEAD_BYTES) / 2)) {
            pe_warn(pe, "relocations at 0x%x lie outside the file, or are too many",
                    directory->rva + done);
            return;
        }
        done += size;
    }
}

/* ---- exceptions ---- */

void pe_parse_exceptions(ProPe *pe)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_EXCEPTIONS];
    size_t count = directory->size / EXCEPTION_BYTES;
    uint64_t possible = pe_bytes_at(pe, directory->rva) / EXCEPTION_BYTES;
    if (directory->rva == 0 || pe->headers.machine != MACHINE_AMD64)
        return;
    if (count > possible || count > PE_EXCEPTIONS_MAX) {
        pe_warn(pe, "%zu exception records are announced; there is room for %llu", count,
                (unsigned long long)possible);
        count = possible < PE_EXCEPTIONS_MAX ? (size_t)possible : PE_EXCEPTIONS_MAX;
    }
    pe->exceptions = arena_alloc_array(&pe->arena, count + 1, sizeof *pe->exceptions);
    for (size_t i = 0; i < count && pe->exceptions != NULL; i++) {
        uint8_t bytes[EXCEPTION_BYTES];
        if (!pe_read_rva(pe, directory->rva + (uint32_t)i * EXCEPTION_BYTES, bytes, sizeof bytes))
            return;
        pe->exceptions[pe->exception_count++] =
                (ProPeException){pe_u32(bytes), pe_u32(bytes + 4), pe_u32(bytes + 8)};
    }
}

/* ---- thread-local storage: a list of addresses that ends with 0 ---- */

void pe_parse_tls(ProPe *pe)
{
    uint32_t rva = pe->directories[PRO_PE_TLS].rva;
    uint8_t bytes[40];
    size_t width = pe_is_64(pe) ? 8 : 4;
    if (rva == 0)
        return;
    if (!pe_read_rva(pe, rva, bytes, width * 4 + 8)) {
        pe_warn(pe, "the TLS directory at 0x%x lies outside the file", rva);
        return;
    }
    uint64_t list = width == 8 ? pe_u64(bytes + 24) : pe_u32(bytes + 12);
    uint64_t list_rva = list - pe->headers.image_base;
    if (list == 0)
        return;
    for (size_t i = 0; i < PE_TLS_CALLBACKS_MAX; i++) {
        uint64_t at = list_rva + i * width;
        if (at > UINT32_MAX || !pe_read_rva(pe, (uint32_t)at, bytes, width)) {
            pe_warn(pe, "the TLS callbacks leave the file");
            return;
        }
        uint64_t address = width == 8 ? pe_u64(bytes) : pe_u32(bytes);
        if (address == 0)
            return;
        uint64_t *callbacks =
                pe_grow(pe, pe->tls_callbacks, pe->tls_callback_count, sizeof *callbacks);
        if (callbacks == NULL)
            return;
        pe->tls_callbacks = callbacks;
        callbacks[pe->tls_callback_count++] = address;
    }
    pe_warn(pe, "more than %d TLS callbacks", PE_TLS_CALLBACKS_MAX);
}
