/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_PE_H
#define PROMP_PE_H

/*
 * ProPe is a parsed Windows executable (PE32, PE32+). The file may be hostile: what is malformed is
 * left out and told in the warnings; parsing is bounded in time and memory.
 *
 * Threads:  immutable after creation, any thread.
 * Lifetime: freed by pro_pe_free(); what its functions lend lives as long.
 */

#include <promp/container.h>
#include <promp/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_PE_NO_OFFSET UINT64_MAX

typedef struct ProPe ProPe;

typedef struct ProPeHeaders {
    uint64_t pe_offset; /* of "PE\0\0" */
    uint16_t machine;
    uint16_t section_count;
    uint32_t time_stamp;
    uint32_t symbol_offset; /* COFF symbols */
    uint32_t symbol_count;
    uint16_t optional_size; /* bytes of the optional header */
    uint16_t characteristics;
    uint16_t magic; /* 0x10B: PE32, 0x20B: PE32+ */
    uint8_t linker_major, linker_minor;
    uint32_t code_size;
    uint32_t initialized_size;
    uint32_t uninitialized_size;
    uint32_t entry_rva;
    uint32_t code_rva;
    uint32_t data_rva; /* PE32 only */
    uint64_t image_base;
    uint32_t section_alignment;
    uint32_t file_alignment;
    uint16_t system_major, system_minor; /* the Windows that it needs */
    uint16_t image_major, image_minor;
    uint16_t subsystem_major, subsystem_minor;
    uint32_t win32_version; /* 0 */
    uint32_t image_size;
    uint32_t headers_size;
    uint32_t checksum;
    uint16_t subsystem;
    uint16_t dll_characteristics;
    uint64_t stack_reserve, stack_commit;
    uint64_t heap_reserve, heap_commit;
    uint32_t loader_flags;
    uint32_t announced_directories;
    uint32_t directory_count; /* that are there, at most PRO_PE_DIRECTORIES */
} ProPeHeaders;

typedef struct ProPeSection {
    char name[9];
    uint32_t virtual_size;
    uint32_t virtual_address;
    uint32_t raw_size;
    uint32_t raw_offset;
    uint32_t relocation_offset; /* COFF relocations and line numbers */
    uint32_t line_offset;
    uint16_t relocation_count;
    uint16_t line_count;
    uint32_t characteristics;
} ProPeSection;

enum {
    PRO_PE_EXPORTS,
    PRO_PE_IMPORTS,
    PRO_PE_RESOURCES,
    PRO_PE_EXCEPTIONS,
    PRO_PE_CERTIFICATES,
    PRO_PE_RELOCATIONS,
    PRO_PE_DEBUG,
    PRO_PE_TLS = 9,
    PRO_PE_DELAY_IMPORTS = 13,
    PRO_PE_CLR = 14,
    PRO_PE_DIRECTORIES = 16
};

typedef struct ProPeDirectory {
    uint32_t rva; /* of the certificates: a file offset */
    uint32_t size;
} ProPeDirectory;

typedef struct ProPeFunction {
    const char *name; /* NULL: by ordinal */
    uint16_t ordinal; /* or the hint */
    uint32_t slot_rva;
} ProPeFunction;

typedef struct ProPeImport {
    const char *module;
    bool delayed;
    uint64_t descriptor_offset;
    const ProPeFunction *functions;
    size_t function_count;
} ProPeImport;

typedef struct ProPeExportTable {
    const char *module; /* NULL: there are no exports */
    uint32_t time_stamp;
    uint16_t major, minor;
    uint32_t base;           /* the first ordinal */
    uint32_t function_count; /* announced */
    uint32_t name_count;
} ProPeExportTable;

typedef struct ProPeExport {
    uint32_t ordinal;
    uint32_t rva;
    const char *name;      /* NULL: by ordinal only */
    const char *forwarder; /* "NTDLL.RtlAllocateHeap", or NULL */
} ProPeExport;

typedef struct ProPeDebug {
    uint32_t type;
    uint32_t time_stamp;
    uint16_t major, minor;
    uint32_t size;
    uint32_t rva;
    uint32_t offset;
    uint8_t guid[16];   /* CodeView (type 2), RSDS: with `age` the PDB's identity */
    uint32_t signature; /* CodeView, NB10, which has no GUID */
    uint32_t age;
    const char *pdb; /* NULL unless CodeView */
} ProPeDebug;

typedef struct ProPeResource {
    uint32_t type, id, language; /* of names: the high bit and the name's offset */
    const char *type_name;       /* UTF-8; NULL: a number */
    const char *id_name;
    uint32_t rva;
    uint32_t size;
    uint32_t code_page;
} ProPeResource;

typedef struct ProPeRelocation {
    uint32_t rva;
    uint8_t type;
} ProPeRelocation;

typedef struct ProPeException {
    uint32_t begin_rva;
    uint32_t end_rva;
    uint32_t unwind_rva;
} ProPeException;

typedef struct ProPeTls {
    uint64_t data_begin, data_end; /* addresses, as all here */
    uint64_t index;
    uint64_t callbacks;
    uint32_t zero_size;
    uint32_t characteristics;
} ProPeTls;

/* The header of .NET code (ECMA-335 II.25.3.3). */
typedef struct ProPeClr {
    uint32_t size;
    uint16_t runtime_major, runtime_minor;
    ProPeDirectory metadata;
    uint32_t flags;
    uint32_t entry; /* token or, with COMIMAGE_FLAGS_NATIVE_ENTRYPOINT, RVA */
    ProPeDirectory resources;
    ProPeDirectory strong_name;
    const char *version; /* of the metadata: "v4.0.30319"; NULL if they are not there */
} ProPeClr;

typedef struct ProPeCertificate {
    uint64_t offset; /* of its header in the file */
    uint32_t size;   /* with the header of 8 bytes */
    uint16_t revision;
    uint16_t type; /* 2: PKCS #7 */
} ProPeCertificate;

/* Keeps a reference on the container. PRO_ERR_FORMAT if it is no PE file at all. */
PRO_API ProStatus pro_pe_open(
        ProContainer *container, ProPe **ret_pe, ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_pe_free(ProPe *pe); /* NULL is allowed */

PRO_API const ProPeHeaders *pro_pe_headers(const ProPe *pe);
PRO_API const ProPeSection *pro_pe_sections(const ProPe *pe, size_t *ret_count);
PRO_API ProPeDirectory pro_pe_directory(const ProPe *pe, size_t index); /* 0, 0 if absent */
/* PRO_PE_NO_OFFSET if the file has no byte for that address. */
PRO_API uint64_t pro_pe_rva_to_offset(const ProPe *pe, uint32_t rva);

PRO_API const ProPeImport *pro_pe_imports(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeExport *pro_pe_exports(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeExportTable *pro_pe_export_table(const ProPe *pe);
PRO_API const ProPeDebug *pro_pe_debug(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeResource *pro_pe_resources(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeRelocation *pro_pe_relocations(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeException *pro_pe_exceptions(const ProPe *pe, size_t *ret_count);
PRO_API const ProPeTls *pro_pe_tls(const ProPe *pe); /* NULL if there is none */
PRO_API const uint64_t *pro_pe_tls_callbacks(const ProPe *pe, size_t *ret_count); /* addresses */
PRO_API const ProPeClr *pro_pe_clr(const ProPe *pe); /* NULL if there is none */
PRO_API const ProPeCertificate *pro_pe_certificates(const ProPe *pe, size_t *ret_count);
/* Where what belongs to no header, section or certificate begins, at the end of the file; its size
 * if there is nothing. */
PRO_API uint64_t pro_pe_overlay_offset(const ProPe *pe);
PRO_API const char *const *pro_pe_warnings(const ProPe *pe, size_t *ret_count);

/* Writes all of the above as one map, for other languages and for JSON. */
PRO_API void pro_pe_write(const ProPe *pe, ProWriter *writer);

#ifdef __cplusplus
}
#endif

#endif
