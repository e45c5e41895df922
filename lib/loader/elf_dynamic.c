/* SPDX-License-Identifier: Apache-2.0 */

/* A file whose table of sections was cut off still has what the dynamic linker needs: its dynamic
 * segment says where symbols, strings and relocations lie in memory. */

#include "loader/elf_private.h"

#include <elf.h>

/* The value of a tag; false if there is none. */
static bool find_tag(const ProElf *elf, int64_t tag, uint64_t *ret_value)
{
    for (size_t i = 0; i < elf->dynamic_count; i++)
        if (elf->dynamic[i].tag == tag) {
            *ret_value = elf->dynamic[i].value;
            return true;
        }
    return false;
}

/* `size` bytes at an address as if a section described them; false if the file has none there. */
static bool make_section(const ProElf *elf, const char *name, uint32_t type, uint64_t address,
        uint64_t size, ProElfSection *ret_section)
{
    uint64_t left;
    uint64_t offset = elf_locate(elf, address, &left);
    if (offset == PRO_ELF_NO_OFFSET)
        return false;
    *ret_section = (ProElfSection){.name = name,
            .type = type,
            .address = address,
            .offset = offset,
            .size = size < left ? size : left};
    return true;
}

static bool read_u32(const ProElf *elf, uint64_t address, uint32_t *ret_value)
{
    uint8_t bytes[4];
    uint64_t left;
    uint64_t offset = elf_locate(elf, address, &left);
    if (offset == PRO_ELF_NO_OFFSET || left < sizeof bytes ||
            !elf_read(elf, offset, bytes, sizeof bytes))
        return false;
    *ret_value = (uint32_t)elf_integer(elf, bytes, sizeof bytes);
    return true;
}

/* The table has no size of its own: the GNU hash table's highest chain ends at its last symbol. */
static uint64_t count_by_gnu_hash(const ProElf *elf, uint64_t address)
{
    enum { HEAD_BYTES = 16 };
    uint32_t buckets, first, bloom;
    if (!read_u32(elf, address, &buckets) || !read_u32(elf, address + 4, &first) ||
            !read_u32(elf, address + 8, &bloom) || buckets > ELF_SYMBOLS_MAX)
        return 0;
    uint64_t bucket_table = address + HEAD_BYTES + (uint64_t)bloom * (elf->header.is_64 ? 8 : 4);
    uint64_t chains = bucket_table + 4ull * buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t symbol;
        if (!read_u32(elf, bucket_table + 4ull * i, &symbol))
            return 0;
        if (symbol > last)
            last = symbol;
    }
    if (last < first)
        return first; /* nothing is exported */
    for (; last < ELF_SYMBOLS_MAX; last++) {
        uint32_t hash;
        if (!read_u32(elf, chains + 4ull * (last - first), &hash))
            return 0;
        if ((hash & 1) != 0)
            return last + 1ull;
    }
    return 0;
}

static uint64_t count_symbols(const ProElf *elf)
{
    uint64_t address;
    uint32_t count;
    if (find_tag(elf, DT_HASH, &address) && read_u32(elf, address + 4, &count))
        return count;
    return find_tag(elf, DT_GNU_HASH, &address) ? count_by_gnu_hash(elf, address) : 0;
}

static void read_symbols(ProElf *elf, const ProElfSection *strings)
{
    size_t size = elf->header.is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    uint64_t address;
    ProElfSection symbols;
    uint64_t count = count_symbols(elf);
    if (!find_tag(elf, DT_SYMTAB, &address))
        return;
    if (count > ELF_SYMBOLS_MAX || !make_section(elf, "the dynamic symbols", SHT_DYNSYM, address,
                                           count * size, &symbols)) {
        elf_warn(elf, "the dynamic symbols lie outside the file");
        return;
    }
    size_t limit = elf_entries(elf, &symbols, size, ELF_SYMBOLS_MAX);
    elf->symbols = arena_alloc_array(&elf->arena, limit + 1, sizeof *elf->symbols);
    if (elf->symbols != NULL)
        elf_read_symbols(elf, &symbols, strings, PRO_ELF_NO_SECTION, limit);
}

static void read_relocations(ProElf *elf)
{
    const struct {
        int64_t address;
        int64_t size;
        uint32_t type;
    } tables[] = {{DT_REL, DT_RELSZ, SHT_REL}, {DT_RELA, DT_RELASZ, SHT_RELA},
            {DT_JMPREL, DT_PLTRELSZ, SHT_NULL}};
    enum { TABLES = sizeof tables / sizeof tables[0] };
    size_t word = elf->header.is_64 ? 8 : 4;
    ProElfSection found[TABLES];
    size_t count = 0;
    size_t limit = 0;
    for (size_t i = 0; i < TABLES; i++) {
        uint64_t address, size, type = tables[i].type;
        if (!find_tag(elf, tables[i].address, &address) || !find_tag(elf, tables[i].size, &size))
            continue;
        if (type == SHT_NULL)
            type = find_tag(elf, DT_PLTREL, &type) && type == DT_REL ? SHT_REL : SHT_RELA;
        if (!make_section(
                    elf, "the dynamic relocations", (uint32_t)type, address, size, &found[count])) {
            elf_warn(elf, "dynamic relocations lie outside the file");
            continue;
        }
        limit += elf_entries(
                elf, &found[count], word * (type == SHT_RELA ? 3 : 2), ELF_RELOCATIONS_MAX - limit);
        count++;
    }
    elf->relocations = arena_alloc_array(&elf->arena, limit + 1, sizeof *elf->relocations);
    for (size_t i = 0; i < count && elf->relocations != NULL; i++)
        elf_read_relocations(elf, &found[i], PRO_ELF_NO_SECTION, PRO_ELF_NO_SECTION, limit);
}

/* Texts need the strings, which the entries themselves tell: they are read a second time. */
void elf_parse_dynamic_segment(ProElf *elf)
{
    ProElfSection strings;
    uint64_t address, size;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ProElfSegment *segment = &elf->segments[i];
        if (segment->type != PT_DYNAMIC)
            continue;
        const ProElfSection dynamic = {.name = "the dynamic segment",
                .offset = segment->offset,
                .size = segment->file_size};
        elf_read_dynamic(elf, &dynamic, NULL);
        if (!find_tag(elf, DT_STRTAB, &address) || !find_tag(elf, DT_STRSZ, &size) ||
                !make_section(elf, "the dynamic strings", SHT_STRTAB, address, size, &strings))
            return;
        elf->dynamic_count = 0;
        elf_read_dynamic(elf, &dynamic, &strings);
        read_symbols(elf, &strings);
        read_relocations(elf);
        return;
    }
}
