/* SPDX-License-Identifier: Apache-2.0 */

/* What `promp info` tells people: a page, not everything; --json has the rest. */

#include "cli_info.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

typedef struct Word {
    uint32_t value;
    const char *text;
} Word;

static const char *word(const Word *words, uint32_t value)
{
    for (; words->text != NULL; words++)
        if (words->value == value)
            return words->text;
    return "unknown";
}

void info_print_name(const char *name)
{
    const uint8_t *at = (const uint8_t *)name;
    size_t left = strlen(name);
    while (left > 0) {
        size_t size = info_utf8_size(at, left);
        bool controls = *at < 0x20 || *at == 0x7F || *at == '\\' || (at[0] == 0xC2 && at[1] < 0xA0);
        if (size == 0 || controls)
            (void)printf("\\x%02x", *at);
        else
            (void)fwrite(at, 1, size, stdout);
        size_t step = size == 0 || controls ? 1 : size;
        at += step;
        left -= step;
    }
}

static void print_warnings(const char *const *warnings, size_t count)
{
    if (count > 0)
        (void)printf("\nmalformed (%zu):\n", count);
    for (size_t i = 0; i < count; i++) {
        (void)printf("  ");
        info_print_name(warnings[i]);
        (void)printf("\n");
    }
}

static void print_named(const char *label, const char *name)
{
    (void)printf("%-13s", label);
    info_print_name(name);
    (void)printf("\n");
}

/* ---- PE ---- */

static const Word pe_machines[] = {{0x14C, "x86"}, {0x8664, "x86-64"}, {0xAA64, "ARM64"},
        {0x1C4, "ARM (Thumb-2)"}, {0x1C0, "ARM"}, {0x200, "Itanium"}, {0x5064, "RISC-V 64"},
        {0, NULL}};
static const Word subsystems[] = {{1, "native"}, {2, "graphical"}, {3, "console"},
        {9, "Windows CE"}, {10, "EFI application"}, {11, "EFI boot driver"}, {12, "EFI driver"},
        {14, "Xbox"}, {0, NULL}};

static void print_pe_head(const ProPe *pe)
{
    const ProPeHeaders *headers = pro_pe_headers(pe);
    enum { IS_LIBRARY = 0x2000 };
    char when[32] = "";
    time_t seconds = (time_t)headers->time_stamp;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &parts);
    (void)printf("%-13s%s %s, %s, %s\n", "PE file", headers->magic == 0x20B ? "PE32+" : "PE32",
            (headers->characteristics & IS_LIBRARY) != 0 ? "library" : "program",
            word(pe_machines, headers->machine), word(subsystems, headers->subsystem));
    (void)printf("%-13s0x%08x (%s)\n", "time stamp", headers->time_stamp, when);
    (void)printf("%-13s0x%" PRIx64 ", entry at +0x%x\n", "image base", headers->image_base,
            headers->entry_rva);
}

static void print_pe_sections(const ProPe *pe)
{
    size_t count;
    const ProPeSection *sections = pro_pe_sections(pe, &count);
    (void)printf("\nsections (%zu)      rva        size       offset     in the file\n", count);
    for (size_t i = 0; i < count; i++) {
        const ProPeSection *section = &sections[i];
        (void)printf("  ");
        info_print_name(section->name);
        (void)printf("%*s 0x%08x 0x%08x 0x%08x 0x%08x %c%c%c\n", 16 - (int)strlen(section->name),
                "", section->virtual_address, section->virtual_size, section->raw_offset,
                section->raw_size, section->characteristics & 0x40000000 ? 'r' : '-',
                section->characteristics & 0x80000000 ? 'w' : '-',
                section->characteristics & 0x20000000 ? 'x' : '-');
    }
}

static void print_pe_imports(const ProPe *pe)
{
    size_t count;
    const ProPeImport *imports = pro_pe_imports(pe, &count);
    if (count > 0)
        (void)printf("\nimports (%zu modules)\n", count);
    for (size_t i = 0; i < count; i++) {
        (void)printf("  ");
        info_print_name(imports[i].module);
        (void)printf(", %zu functions%s\n", imports[i].function_count,
                imports[i].delayed ? ", delayed" : "");
    }
}

static void print_pe_identity(const ProPe *pe)
{
    size_t count;
    const ProPeDebug *debug = pro_pe_debug(pe, &count);
    for (size_t i = 0; i < count; i++)
        if (debug[i].pdb != NULL)
            print_named("PDB", debug[i].pdb);
    const ProPeClr *clr = pro_pe_clr(pe);
    if (clr != NULL)
        print_named(".NET", clr->version == NULL ? "without metadata" : clr->version);
    const ProPeCertificate *certificates = pro_pe_certificates(pe, &count);
    for (size_t i = 0; i < count; i++)
        (void)printf("%-13s%u bytes at offset 0x%" PRIx64 ", type %u\n", "certificate",
                certificates[i].size, certificates[i].offset, certificates[i].type);
}

void info_print_pe(const ProPe *pe, uint64_t file_size)
{
    size_t count, others, more;
    print_pe_head(pe);
    print_pe_identity(pe);
    (void)pro_pe_exports(pe, &count);
    if (count > 0 && pro_pe_export_table(pe)->module != NULL)
        print_named("exports as", pro_pe_export_table(pe)->module);
    (void)pro_pe_resources(pe, &others);
    (void)pro_pe_relocations(pe, &more);
    (void)printf("%-13s%zu exports, %zu resources, %zu relocations", "holds", count, others, more);
    (void)pro_pe_exceptions(pe, &others);
    (void)pro_pe_tls_callbacks(pe, &more);
    (void)printf(", %zu exception records, %zu TLS callbacks\n", others, more);
    if (pro_pe_overlay_offset(pe) < file_size)
        (void)printf("%-13s%" PRIu64 " bytes from offset 0x%" PRIx64 "\n", "overlay",
                file_size - pro_pe_overlay_offset(pe), pro_pe_overlay_offset(pe));
    print_pe_sections(pe);
    print_pe_imports(pe);
    const char *const *warnings = pro_pe_warnings(pe, &count);
    print_warnings(warnings, count);
}

/* ---- ELF ---- */

static const Word elf_types[] = {{ET_REL, "object file"}, {ET_EXEC, "program"},
        {ET_DYN, "shared library or program"}, {ET_CORE, "core dump"}, {0, NULL}};
static const Word elf_machines[] = {{EM_386, "x86"}, {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},
        {EM_AARCH64, "ARM64"}, {EM_MIPS, "MIPS"}, {EM_PPC, "PowerPC"}, {EM_PPC64, "PowerPC 64"},
        {EM_RISCV, "RISC-V"}, {EM_S390, "S/390"}, {EM_SPARC, "SPARC"}, {EM_SPARCV9, "SPARC 64"},
        {EM_IA_64, "Itanium"}, {0, NULL}};

static void print_elf_head(const ProElf *elf)
{
    const ProElfHeader *header = pro_elf_header(elf);
    uint8_t id[64];
    size_t size = pro_elf_build_id(elf, id, sizeof id);
    (void)printf("%-13s%s, %s, %d bits, %s-endian\n", "ELF file", word(elf_types, header->type),
            word(elf_machines, header->machine), header->is_64 ? 64 : 32,
            header->big_endian ? "big" : "little");
    (void)printf("%-13s0x%" PRIx64 "\n", "entry", header->entry);
    if (size > 0)
        (void)printf("%-13s", "build id");
    for (size_t i = 0; i < size; i++)
        (void)printf("%02x%s", id[i], i + 1 == size ? "\n" : "");
}

static void print_elf_dynamic(const ProElf *elf)
{
    size_t count;
    const ProElfDynamic *dynamic = pro_elf_dynamic(elf, &count);
    for (size_t i = 0; i < count; i++)
        if (dynamic[i].text != NULL)
            print_named(dynamic[i].tag == DT_NEEDED   ? "needs"
                        : dynamic[i].tag == DT_SONAME ? "is"
                                                      : "looks in",
                    dynamic[i].text);
}

static void print_elf_sections(const ProElf *elf)
{
    size_t count;
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    (void)printf("\nsections (%zu)                address            offset     size\n", count);
    for (size_t i = 0; i < count; i++) {
        const ProElfSection *section = &sections[i];
        int width = 24 - (int)strlen(section->name);
        (void)printf("  ");
        info_print_name(section->name);
        (void)printf("%*s 0x%016" PRIx64 " 0x%08" PRIx64 " 0x%08" PRIx64 " %c%c%c\n",
                width > 0 ? width : 0, "", section->address, section->offset, section->size,
                section->flags & SHF_ALLOC ? 'a' : '-', section->flags & SHF_WRITE ? 'w' : '-',
                section->flags & SHF_EXECINSTR ? 'x' : '-');
    }
}

void info_print_elf(const ProElf *elf)
{
    size_t segments, symbols, relocations, frames, count;
    print_elf_head(elf);
    print_elf_dynamic(elf);
    (void)pro_elf_segments(elf, &segments);
    (void)pro_elf_symbols(elf, &symbols);
    (void)pro_elf_relocations(elf, &relocations);
    (void)pro_elf_frames(elf, &frames);
    (void)printf("%-13s%zu segments, %zu symbols, %zu relocations, %zu frames\n", "holds", segments,
            symbols, relocations, frames);
    print_elf_sections(elf);
    const char *const *warnings = pro_elf_warnings(elf, &count);
    print_warnings(warnings, count);
}
