/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOADER_PE_PRIVATE_H
#define LOADER_PE_PRIVATE_H

#include "core/arena.h"

#include <promp/pe.h>

/* The inside of a ProPe: pe.c (headers, sections, addresses), pe_imports.c (imports, exports),
 * pe_data.c (debug records, relocations, exceptions, TLS, .NET, certificates), pe_resources.c,
 * pe_write.c (as a value). */

/* What a file may make us do. */
enum {
    PE_SECTIONS_MAX = 2048,
    PE_MODULES_MAX = 8192,
    PE_FUNCTIONS_MAX = 1 << 20, /* imported, all in all */
    PE_EXPORTS_MAX = 1 << 16,
    PE_DEBUG_MAX = 64,
    PE_RESOURCES_MAX = 1 << 16,
    PE_RESOURCE_NAMES_MAX = 1 << 22, /* bytes, all in all */
    PE_RELOCATIONS_MAX = 1 << 22,
    PE_EXCEPTIONS_MAX = 1 << 20,
    PE_TLS_CALLBACKS_MAX = 4096,
    PE_CERTIFICATES_MAX = 256,
    PE_NAME_MAX = 4096,
    PE_WARNINGS_MAX = 64,
    PE_MEMORY_MAX = 256 << 20,
};

struct ProPe {
    ProContainer *file; /* reads small pieces fast */
    Arena arena;
    ProPeHeaders headers;
    uint64_t section_table;
    ProPeDirectory directories[PRO_PE_DIRECTORIES];
    ProPeSection *sections;
    size_t section_count;
    ProPeImport *imports;
    size_t import_count;
    size_t function_count;
    ProPeExport *exports;
    size_t export_count;
    ProPeExportTable export_table;
    ProPeDebug *debug;
    size_t debug_count;
    ProPeResource *resources;
    size_t resource_count;
    ProPeRelocation *relocations;
    size_t relocation_count;
    ProPeException *exceptions;
    size_t exception_count;
    bool has_tls;
    ProPeTls tls;
    bool has_clr;
    ProPeClr clr;
    ProPeCertificate *certificates;
    size_t certificate_count;
    uint64_t *tls_callbacks;
    size_t tls_callback_count;
    uint64_t overlay;
    const char *warnings[PE_WARNINGS_MAX];
    size_t warning_count;
};

void pe_warn(ProPe *pe, const char *format, ...) PRO_PRINTF(2, 3);
static inline bool pe_is_64(const ProPe *pe)
{
    return pe->headers.magic == 0x20B;
}

/* Reads at an offset or address; false if the file has not so many bytes there. */
bool pe_read(const ProPe *pe, uint64_t offset, void *ret_data, size_t size);
bool pe_read_rva(const ProPe *pe, uint32_t rva, void *ret_data, size_t size);
/* The text at an address, at most PE_NAME_MAX bytes; NULL if there is none. Lives in the arena. */
const char *pe_text(ProPe *pe, uint32_t rva);
/* How many bytes of the file lie behind an address, up to the end of its section. */
uint64_t pe_bytes_at(const ProPe *pe, uint32_t rva);

static inline uint16_t pe_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t pe_u32(const uint8_t *bytes)
{
    return (uint32_t)pe_u16(bytes) | (uint32_t)pe_u16(bytes + 2) << 16;
}

static inline uint64_t pe_u64(const uint8_t *bytes)
{
    return (uint64_t)pe_u32(bytes) | (uint64_t)pe_u32(bytes + 4) << 32;
}

/* A growing array in the arena: room for one more, or NULL. */
void *pe_grow(ProPe *pe, void *items, size_t count, size_t item_size);

void pe_parse_imports(ProPe *pe);
void pe_parse_delay_imports(ProPe *pe);
void pe_parse_exports(ProPe *pe);
void pe_parse_debug(ProPe *pe);
void pe_parse_resources(ProPe *pe);
void pe_parse_relocations(ProPe *pe);
void pe_parse_exceptions(ProPe *pe);
void pe_parse_tls(ProPe *pe);
void pe_parse_clr(ProPe *pe);
void pe_parse_certificates(ProPe *pe);

#endif
