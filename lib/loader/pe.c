/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/pe_private.h"

#include "container/container.h"
#include "core/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DOS_HEADER_BYTES = 64,
    DOS_PE_POINTER = 60,
    COFF_BYTES = 24, /* with "PE\0\0" */
    SECTION_BYTES = 40,
    OPTIONAL_MAX = 240,
    PAGE = 4096,
    RAW_ALIGNMENT = 512,
};

void pe_warn(ProPe *pe, const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (pe->warning_count == PE_WARNINGS_MAX)
        return;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    const char *copy = arena_copy_text(&pe->arena, text, size);
    if (copy != NULL)
        pe->warnings[pe->warning_count++] = copy;
}

bool pe_read(const ProPe *pe, uint64_t offset, void *ret_data, size_t size)
{
    return pro_container_read(pe->file, offset, ret_data, size, NULL) == PRO_OK;
}

void *pe_grow(ProPe *pe, void *items, size_t count, size_t item_size)
{
    /* Doubles at powers of two from 8 on. */
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
        return items;
    size_t capacity = count == 0 ? 8 : count * 2;
    void *larger = arena_alloc_array(&pe->arena, capacity, item_size);
    if (larger != NULL && count > 0)
        memcpy(larger, items, count * item_size);
    return larger;
}

/* ---- addresses ---- */

/* Windows reads sections from whole disk sectors, whatever the header says. */
static uint64_t raw_begin(const ProPe *pe, const ProPeSection *section)
{
    return pe->headers.file_alignment < RAW_ALIGNMENT
                   ? section->raw_offset
                   : section->raw_offset / RAW_ALIGNMENT * RAW_ALIGNMENT;
}

/* With alignment below a page the file is mapped as it is. */
static bool is_flat(const ProPe *pe)
{
    return pe->headers.section_alignment < PAGE && pe->section_count == 0;
}

/* Offset and bytes behind it up to the section's end in the file. */
static uint64_t locate(const ProPe *pe, uint32_t rva, uint64_t *ret_left)
{
    uint64_t size = pro_container_size(pe->file);
    *ret_left = 0;
    for (size_t i = 0; i < pe->section_count && !is_flat(pe); i++) {
        const ProPeSection *section = &pe->sections[i];
        uint32_t virtual_size = section->virtual_size > section->raw_size ? section->virtual_size
                                                                          : section->raw_size;
        if (rva < section->virtual_address || rva - section->virtual_address >= virtual_size)
            continue;
        uint64_t delta = rva - section->virtual_address;
        uint64_t begin = raw_begin(pe, section);
        if (delta >= section->raw_size || begin >= size || delta >= size - begin)
            return PRO_PE_NO_OFFSET; /* zeros in memory, nothing in the file */
        *ret_left = section->raw_size - delta;
        if (*ret_left > size - begin - delta)
            *ret_left = size - begin - delta;
        return begin + delta;
    }
    uint64_t end = is_flat(pe) ? size : pe->headers.headers_size;
    if (end > size)
        end = size;
    if (rva >= end)
        return PRO_PE_NO_OFFSET;
    *ret_left = end - rva;
    return rva;
}

uint64_t pro_pe_rva_to_offset(const ProPe *pe, uint32_t rva)
{
    uint64_t left;
    return locate(pe, rva, &left);
}

uint64_t pe_bytes_at(const ProPe *pe, uint32_t rva)
{
    uint64_t left;
    return locate(pe, rva, &left) == PRO_PE_NO_OFFSET ? 0 : left;
}

bool pe_read_rva(const ProPe *pe, uint32_t rva, void *ret_data, size_t size)
{
    uint64_t left;
    uint64_t offset = locate(pe, rva, &left);
    return offset != PRO_PE_NO_OFFSET && size <= left && pe_read(pe, offset, ret_data, size);
}

const char *pe_text(ProPe *pe, uint32_t rva)
{
    char piece[64];
    char whole[PE_NAME_MAX];
    uint64_t left;
    size_t length = 0;
    uint64_t offset = locate(pe, rva, &left);
    if (offset == PRO_PE_NO_OFFSET)
        return NULL;
    while (length < PE_NAME_MAX && left > 0) {
        size_t size = left < sizeof piece ? (size_t)left : sizeof piece;
        if (size > PE_NAME_MAX - length)
            size = PE_NAME_MAX - length;
        if (!pe_read(pe, offset, piece, size))
            return NULL;
        size_t here = strnlen(piece, size);
        memcpy(whole + length, piece, here);
        length += here;
        if (here < size)
            break;
        offset += size;
        left -= size;
    }
    return arena_copy_text(&pe->arena, whole, length);
}

/* ---- headers ---- */

static ProStatus read_coff(ProPe *pe, uint16_t *ret_optional_size, ProError *reterr)
{
    uint8_t dos[DOS_HEADER_BYTES];
    uint8_t coff[COFF_BYTES];
    if (!pe_read(pe, 0, dos, sizeof dos) || dos[0] != 'M' || dos[1] != 'Z')
        return error_set(reterr, PRO_ERR_FORMAT, "no PE file: it does not begin with an MZ header");
    pe->headers.pe_offset = pe_u32(dos + DOS_PE_POINTER);
    if (!pe_read(pe, pe->headers.pe_offset, coff, sizeof coff) || memcmp(coff, "PE\0\0", 4) != 0)
        return error_set(reterr, PRO_ERR_FORMAT,
                "no PE file: there is no PE signature at offset %" PRIu64
                ", where the MZ header points",
                pe->headers.pe_offset);
    pe->headers.machine = pe_u16(coff + 4);
    pe->headers.section_count = pe_u16(coff + 6);
    pe->headers.time_stamp = pe_u32(coff + 8);
    pe->headers.symbol_offset = pe_u32(coff + 12);
    pe->headers.symbol_count = pe_u32(coff + 16);
    *ret_optional_size = pe->headers.optional_size = pe_u16(coff + 20);
    pe->headers.characteristics = pe_u16(coff + 22);
    pe->section_table = pe->headers.pe_offset + COFF_BYTES + *ret_optional_size;
    return PRO_OK;
}

static void read_directories(ProPe *pe, uint64_t offset, uint32_t count)
{
    if (count > PRO_PE_DIRECTORIES) {
        pe_warn(pe, "%u data directories are announced; %d are known", count, PRO_PE_DIRECTORIES);
        count = PRO_PE_DIRECTORIES;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[8];
        if (!pe_read(pe, offset + 8u * i, bytes, sizeof bytes)) {
            pe_warn(pe, "the file ends in data directory %u", i);
            return;
        }
        pe->directories[i] = (ProPeDirectory){pe_u32(bytes), pe_u32(bytes + 4)};
        pe->headers.directory_count = i + 1;
    }
}

/* The part that is the same in both forms, but for the image's base. */
static void decode_optional(ProPeHeaders *headers, const uint8_t *bytes)
{
    bool wide = headers->magic == 0x20B;
    headers->linker_major = bytes[2];
    headers->linker_minor = bytes[3];
    headers->code_size = pe_u32(bytes + 4);
    headers->initialized_size = pe_u32(bytes + 8);
    headers->uninitialized_size = pe_u32(bytes + 12);
    headers->entry_rva = pe_u32(bytes + 16);
    headers->code_rva = pe_u32(bytes + 20);
    headers->data_rva = wide ? 0 : pe_u32(bytes + 24);
    headers->image_base = wide ? pe_u64(bytes + 24) : pe_u32(bytes + 28);
    headers->section_alignment = pe_u32(bytes + 32);
    headers->file_alignment = pe_u32(bytes + 36);
    headers->system_major = pe_u16(bytes + 40);
    headers->system_minor = pe_u16(bytes + 42);
    headers->image_major = pe_u16(bytes + 44);
    headers->image_minor = pe_u16(bytes + 46);
    headers->subsystem_major = pe_u16(bytes + 48);
    headers->subsystem_minor = pe_u16(bytes + 50);
    headers->win32_version = pe_u32(bytes + 52);
    headers->image_size = pe_u32(bytes + 56);
    headers->headers_size = pe_u32(bytes + 60);
    headers->checksum = pe_u32(bytes + 64);
    headers->subsystem = pe_u16(bytes + 68);
    headers->dll_characteristics = pe_u16(bytes + 70);
}

static void decode_sizes(ProPeHeaders *headers, const uint8_t *bytes)
{
    size_t word = headers->magic == 0x20B ? 8 : 4;
    uint64_t *const sizes[] = {&headers->stack_reserve, &headers->stack_commit,
            &headers->heap_reserve, &headers->heap_commit};
    const uint8_t *next = bytes + 72;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++, next += word)
        *sizes[i] = word == 8 ? pe_u64(next) : pe_u32(next);
    headers->loader_flags = pe_u32(next);
    headers->announced_directories = pe_u32(next + 4);
}

static ProStatus read_optional(ProPe *pe, uint16_t size, ProError *reterr)
{
    uint8_t bytes[OPTIONAL_MAX] = {0};
    uint64_t offset = pe->headers.pe_offset + COFF_BYTES;
    uint64_t file_left = pro_container_size(pe->file) - offset;
    size_t available = file_left < sizeof bytes ? (size_t)file_left : sizeof bytes;
    ProPeHeaders *headers = &pe->headers;
    if (!pe_read(pe, offset, bytes, available) || available < 2)
        return error_set(reterr, PRO_ERR_FORMAT, "the PE file ends before its optional header");
    headers->magic = pe_u16(bytes);
    if (headers->magic != 0x10B && headers->magic != 0x20B)
        return error_set(reterr, PRO_ERR_FORMAT,
                "the PE file's optional header begins with 0x%x, not with 0x10b or 0x20b",
                headers->magic);
    bool wide = pe_is_64(pe);
    size_t base_size = wide ? 112 : 96;
    if (available < base_size || size < base_size)
        pe_warn(pe, "the optional header has %u bytes instead of %zu", size, base_size);
    decode_optional(headers, bytes);
    decode_sizes(headers, bytes);
    read_directories(pe, offset + base_size, headers->announced_directories);
    return PRO_OK;
}

static void read_sections(ProPe *pe)
{
    uint64_t file_size = pro_container_size(pe->file);
    size_t count = pe->headers.section_count;
    if (count > PE_SECTIONS_MAX) {
        pe_warn(pe, "%zu sections are announced; the first %d are read", count, PE_SECTIONS_MAX);
        count = PE_SECTIONS_MAX;
    }
    pe->sections = arena_alloc_array(&pe->arena, count + 1, sizeof *pe->sections);
    for (size_t i = 0; i < count && pe->sections != NULL; i++) {
        uint8_t bytes[SECTION_BYTES];
        if (!pe_read(pe, pe->section_table + i * SECTION_BYTES, bytes, sizeof bytes)) {
            pe_warn(pe, "the file ends in the header of section %zu of %zu", i, count);
            return;
        }
        ProPeSection *section = &pe->sections[pe->section_count++];
        memcpy(section->name, bytes, 8);
        section->virtual_size = pe_u32(bytes + 8);
        section->virtual_address = pe_u32(bytes + 12);
        section->raw_size = pe_u32(bytes + 16);
        section->raw_offset = pe_u32(bytes + 20);
        section->relocation_offset = pe_u32(bytes + 24);
        section->line_offset = pe_u32(bytes + 28);
        section->relocation_count = pe_u16(bytes + 32);
        section->line_count = pe_u16(bytes + 34);
        section->characteristics = pe_u32(bytes + 36);
        if (section->raw_size > 0 && (uint64_t)section->raw_offset + section->raw_size > file_size)
            pe_warn(pe, "section %zu reaches to offset 0x%" PRIx64 ", beyond the file's end", i,
                    (uint64_t)section->raw_offset + section->raw_size);
    }
}

static void find_overlay(ProPe *pe)
{
    uint64_t size = pro_container_size(pe->file);
    uint64_t end = pe->section_table + pe->section_count * (uint64_t)SECTION_BYTES;
    for (size_t i = 0; i < pe->section_count; i++) {
        const ProPeSection *section = &pe->sections[i];
        uint64_t section_end = (uint64_t)section->raw_offset + section->raw_size;
        if (section->raw_size > 0 && section_end > end)
            end = section_end;
    }
    const ProPeDirectory *certificates = &pe->directories[PRO_PE_CERTIFICATES];
    uint64_t certificates_end = (uint64_t)certificates->rva + certificates->size;
    if (certificates->size > 0 && certificates_end > size)
        pe_warn(pe, "the certificates reach beyond the file's end");
    else if (certificates->size > 0 && certificates->rva <= end && certificates_end > end)
        end = certificates_end;
    pe->overlay = end < size ? end : size;
}

static ProStatus parse(ProPe *pe, ProError *reterr)
{
    uint16_t optional_size = 0;
    ProStatus status = read_coff(pe, &optional_size, reterr);
    if (status == PRO_OK)
        status = read_optional(pe, optional_size, reterr);
    if (status != PRO_OK)
        return status;
    read_sections(pe);
    find_overlay(pe);
    pe_parse_imports(pe);
    pe_parse_delay_imports(pe);
    pe_parse_exports(pe);
    pe_parse_debug(pe);
    pe_parse_resources(pe);
    pe_parse_relocations(pe);
    pe_parse_exceptions(pe);
    pe_parse_tls(pe);
    pe_parse_clr(pe);
    pe_parse_certificates(pe);
    return PRO_OK;
}

ProStatus pro_pe_open(ProContainer *container, ProPe **ret_pe, ProError *reterr)
{
    ProPe *pe = calloc(1, sizeof *pe);
    if (pe == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a PE file");
    arena_init(&pe->arena, PE_MEMORY_MAX);
    ProStatus status = container_cached(container, &pe->file, reterr);
    if (status == PRO_OK)
        status = parse(pe, reterr);
    if (status != PRO_OK) {
        pro_pe_free(pe);
        return status;
    }
    *ret_pe = pe;
    return PRO_OK;
}

void pro_pe_free(ProPe *pe)
{
    if (pe == NULL)
        return;
    pro_container_unref(pe->file);
    arena_fini(&pe->arena);
    free(pe);
}

/* ---- what was found ---- */

const ProPeHeaders *pro_pe_headers(const ProPe *pe)
{
    return &pe->headers;
}

ProPeDirectory pro_pe_directory(const ProPe *pe, size_t index)
{
    return index < PRO_PE_DIRECTORIES ? pe->directories[index] : (ProPeDirectory){0};
}

uint64_t pro_pe_overlay_offset(const ProPe *pe)
{
    return pe->overlay;
}

const ProPeExportTable *pro_pe_export_table(const ProPe *pe)
{
    return &pe->export_table;
}

const ProPeTls *pro_pe_tls(const ProPe *pe)
{
    return pe->has_tls ? &pe->tls : NULL;
}

const ProPeClr *pro_pe_clr(const ProPe *pe)
{
    return pe->has_clr ? &pe->clr : NULL;
}

#define LIST_GETTER(type, name, field, count)                                                      \
    type pro_pe_##name(const ProPe *pe, size_t *ret_count)                                         \
    {                                                                                              \
        *ret_count = pe->count;                                                                    \
        return pe->field;                                                                          \
    }

LIST_GETTER(const ProPeSection *, sections, sections, section_count)
LIST_GETTER(const ProPeImport *, imports, imports, import_count)
LIST_GETTER(const ProPeExport *, exports, exports, export_count)
LIST_GETTER(const ProPeDebug *, debug, debug, debug_count)
LIST_GETTER(const ProPeResource *, resources, resources, resource_count)
LIST_GETTER(const ProPeRelocation *, relocations, relocations, relocation_count)
LIST_GETTER(const ProPeException *, exceptions, exceptions, exception_count)
LIST_GETTER(const uint64_t *, tls_callbacks, tls_callbacks, tls_callback_count)
LIST_GETTER(const ProPeCertificate *, certificates, certificates, certificate_count)
LIST_GETTER(const char *const *, warnings, warnings, warning_count)
