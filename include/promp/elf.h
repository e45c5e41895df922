/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_ELF_H
#define PROMP_ELF_H

/*
 * ProElf is a parsed ELF file: 32 or 64 bits, either byte order (System V ABI, chapters 4 and 5).
 * The file may be hostile: what is malformed is left out and told in the warnings; parsing is
 * bounded in time and memory. Of a file without sections, the dynamic segment tells symbols and
 * relocations.
 *
 * Threads:  immutable after creation, any thread.
 * Lifetime: freed by pro_elf_free(); what its functions lend lives as long.
 */

#include <promp/container.h>
#include <promp/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ProElf ProElf;

typedef struct ProElfHeader {
    bool is_64;
    bool big_endian;
    uint8_t os_abi;
    uint8_t abi_version;
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segment_offset; /* of the tables of segments and sections */
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t segment_entry_size;
    uint16_t segment_count; /* these three as they stand there: large ones stand in section 0 */
    uint16_t section_entry_size;
    uint16_t section_count;
    uint16_t name_section;
} ProElfHeader;

#define PRO_ELF_NO_SECTION UINT32_MAX /* as a table: found by the dynamic segment */

typedef struct ProElfSection {
    const char *name;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    uint64_t offset;
    uint64_t size;
    uint32_t link;
    uint32_t info;
    uint64_t alignment;
    uint64_t entry_size;
} ProElfSection;

typedef struct ProElfSegment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
} ProElfSegment;

typedef struct ProElfSymbol {
    const char *name;
    uint64_t value;
    uint64_t size;
    uint8_t info; /* type: low four bits; binding: high four */
    uint8_t other;
    uint16_t section;
    uint32_t table; /* the section it stands in */
} ProElfSymbol;

typedef struct ProElfDynamic {
    int64_t tag;
    uint64_t value;
    const char *text; /* of NEEDED, SONAME, RPATH and RUNPATH; else NULL */
} ProElfDynamic;

typedef struct ProElfRelocation {
    uint64_t offset;
    uint32_t type;
    uint32_t symbol;  /* index in its table */
    const char *name; /* of the symbol, "" if it has none */
    int64_t addend;   /* 0 where the table holds none */
    uint32_t table;   /* the section it stands in */
} ProElfRelocation;

typedef struct ProElfNote {
    const char *name;
    uint32_t type;
    uint64_t offset; /* of the description */
    uint32_t size;
} ProElfNote;

/* What .eh_frame tells of a linked file: a function, or a part of one. */
typedef struct ProElfFrame {
    uint64_t begin;  /* address */
    uint64_t size;   /* bytes of code */
    uint64_t offset; /* of its record in the file */
} ProElfFrame;

/* Keeps a reference on the container. PRO_ERR_FORMAT if it is no ELF file at all. */
PRO_API ProStatus pro_elf_open(
        ProContainer *container, ProElf **ret_elf, ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_elf_free(ProElf *elf); /* NULL is allowed */

PRO_API const ProElfHeader *pro_elf_header(const ProElf *elf);
PRO_API const ProElfSection *pro_elf_sections(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfSegment *pro_elf_segments(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfSymbol *pro_elf_symbols(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfDynamic *pro_elf_dynamic(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfRelocation *pro_elf_relocations(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfNote *pro_elf_notes(const ProElf *elf, size_t *ret_count);
PRO_API const ProElfFrame *pro_elf_frames(const ProElf *elf, size_t *ret_count);
/* PRO_ELF_NO_OFFSET if the file has no byte for that address. */
#define PRO_ELF_NO_OFFSET UINT64_MAX
PRO_API uint64_t pro_elf_address_to_offset(const ProElf *elf, uint64_t address);
/* The GNU build id; 0 bytes if there is none. Writes at most `capacity`. */
PRO_API size_t pro_elf_build_id(const ProElf *elf, uint8_t *ret_id, size_t capacity);
PRO_API const char *const *pro_elf_warnings(const ProElf *elf, size_t *ret_count);

/* Writes all of the above as one map, for other languages and for JSON. */
PRO_API void pro_elf_write(const ProElf *elf, ProWriter *writer);

#ifdef __cplusplus
}
#endif

#endif
