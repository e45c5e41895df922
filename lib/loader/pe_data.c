/* SPDX-License-Identifier: Apache-2.0 */

/* Debug records, relocations, exceptions, thread-local storage, .NET, certificates. */

#include "loader/pe_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEBUG_BYTES = 28,
    DEBUG_CODEVIEW = 2,
    RELOCATION_HEAD_BYTES = 8,
    EXCEPTION_BYTES = 12,
    MACHINE_AMD64 = 0x8664,
    CLR_BYTES = 72,
    CERTIFICATE_HEAD_BYTES = 8,
};

/* The path of a CodeView record, which begins at `offset`. */
static const char *read_pdb(ProPe *pe, uint64_t offset, size_t max)
{
    char *text;
    size_t size;
    if (max > PE_NAME_MAX)
        max = PE_NAME_MAX;
    if (pro_container_read_text(pe->file, offset, max, &text, &size, NULL, NULL) != PRO_OK)
        return NULL;
    const char *copy = arena_copy_text(&pe->arena, text, size);
    free(text);
    return copy;
}

static void read_codeview(ProPe *pe, ProPeDebug *debug)
{
    enum { RSDS_BYTES = 24, NB10_BYTES = 16 };
    uint8_t bytes[RSDS_BYTES];
    if (debug->type != DEBUG_CODEVIEW || !pe_read(pe, debug->offset, bytes, NB10_BYTES))
        return;
    size_t head = 0;
    if (memcmp(bytes, "RSDS", 4) == 0 && pe_read(pe, debug->offset, bytes, RSDS_BYTES)) {
        head = RSDS_BYTES;
        memcpy(debug->guid, bytes + 4, 16);
        debug->age = pe_u32(bytes + 20);
    } else if (memcmp(bytes, "NB10", 4) == 0) {
        head = NB10_BYTES;
        debug->signature = pe_u32(bytes + 8);
        debug->age = pe_u32(bytes + 12);
    }
    if (head > 0)
        debug->pdb = read_pdb(
                pe, debug->offset + (uint64_t)head, debug->size > head ? debug->size - head : 0);
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
        debug->major = pe_u16(bytes + 8);
        debug->minor = pe_u16(bytes + 10);
        debug->type = pe_u32(bytes + 12);
        debug->size = pe_u32(bytes + 16);
        debug->rva = pe_u32(bytes + 20);
        debug->offset = pe_u32(bytes + 24);
        read_codeview(pe, debug);
    }
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

static void read_tls_callbacks(ProPe *pe, size_t width)
{
    uint8_t bytes[8];
    uint64_t list_rva = pe->tls.callbacks - pe->headers.image_base;
    if (pe->tls.callbacks == 0)
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
    uint64_t *const fields[] = {
            &pe->tls.data_begin, &pe->tls.data_end, &pe->tls.index, &pe->tls.callbacks};
    for (size_t i = 0; i < 4; i++)
        *fields[i] = width == 8 ? pe_u64(bytes + 8 * i) : pe_u32(bytes + 4 * i);
    pe->tls.zero_size = pe_u32(bytes + 4 * width);
    pe->tls.characteristics = pe_u32(bytes + 4 * width + 4);
    pe->has_tls = true;
    read_tls_callbacks(pe, width);
}

/* ---- .NET ---- */

/* The version that the metadata begin with (ECMA-335 II.24.2.1). */
static const char *read_metadata_version(ProPe *pe, uint32_t rva)
{
    enum { METADATA_HEAD_BYTES = 16, VERSION_MAX = 255 };
    uint8_t head[METADATA_HEAD_BYTES];
    char version[VERSION_MAX + 1] = {0};
    if (!pe_read_rva(pe, rva, head, sizeof head) || memcmp(head, "BSJB", 4) != 0)
        return NULL;
    uint32_t size = pe_u32(head + 12);
    if (size > VERSION_MAX || rva > UINT32_MAX - METADATA_HEAD_BYTES ||
            !pe_read_rva(pe, rva + METADATA_HEAD_BYTES, version, size))
        return NULL;
    return arena_copy_text(&pe->arena, version, strnlen(version, size));
}

static ProPeDirectory directory_at(const uint8_t *bytes)
{
    return (ProPeDirectory){pe_u32(bytes), pe_u32(bytes + 4)};
}

void pe_parse_clr(ProPe *pe)
{
    uint32_t rva = pe->directories[PRO_PE_CLR].rva;
    uint8_t bytes[CLR_BYTES];
    if (rva == 0)
        return;
    if (!pe_read_rva(pe, rva, bytes, sizeof bytes)) {
        pe_warn(pe, "the .NET header at 0x%x lies outside the file", rva);
        return;
    }
    pe->clr = (ProPeClr){.size = pe_u32(bytes),
            .runtime_major = pe_u16(bytes + 4),
            .runtime_minor = pe_u16(bytes + 6),
            .metadata = directory_at(bytes + 8),
            .flags = pe_u32(bytes + 16),
            .entry = pe_u32(bytes + 20),
            .resources = directory_at(bytes + 24),
            .strong_name = directory_at(bytes + 32)};
    pe->clr.version = read_metadata_version(pe, pe->clr.metadata.rva);
    if (pe->clr.version == NULL)
        pe_warn(pe, "the .NET metadata at 0x%x are not there or malformed", pe->clr.metadata.rva);
    pe->has_clr = true;
}

/* ---- certificates: one after another, each on a border of 8 bytes; their place is an offset ----
 */

void pe_parse_certificates(ProPe *pe)
{
    const ProPeDirectory *directory = &pe->directories[PRO_PE_CERTIFICATES];
    uint64_t offset = directory->rva;
    uint64_t end = offset + directory->size;
    while (directory->size > 0 && end - offset >= CERTIFICATE_HEAD_BYTES) {
        uint8_t head[CERTIFICATE_HEAD_BYTES];
        if (!pe_read(pe, offset, head, sizeof head)) {
            pe_warn(pe, "the certificates leave the file at offset 0x%llx",
                    (unsigned long long)offset);
            return;
        }
        uint32_t size = pe_u32(head);
        if (size < CERTIFICATE_HEAD_BYTES || size > end - offset ||
                pe->certificate_count == PE_CERTIFICATES_MAX) {
            pe_warn(pe,
                    "a certificate at offset 0x%llx of %u bytes does not fit, or is one of too "
                    "many",
                    (unsigned long long)offset, size);
            return;
        }
        ProPeCertificate *certificates =
                pe_grow(pe, pe->certificates, pe->certificate_count, sizeof *certificates);
        if (certificates == NULL)
            return;
        pe->certificates = certificates;
        certificates[pe->certificate_count++] = (ProPeCertificate){.offset = offset,
                .size = size,
                .revision = pe_u16(head + 4),
                .type = pe_u16(head + 6)};
        uint64_t step = ((uint64_t)size + 7) & ~7ull;
        if (step > end - offset)
            return;
        offset += step;
    }
}
