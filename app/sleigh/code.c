/* SPDX-License-Identifier: Apache-2.0 */
#include "code.h"

#include "code_machine.h"

#include <promp/elf.h>
#include <promp/pe.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_INPUT = 1 << 30, SECTION_EXECUTE = 0x20000000 };

static ProStatus no_memory(ProError *reterr)
{
    if (reterr != NULL)
        (void)snprintf(reterr->text, sizeof reterr->text, "no memory for the file's code");
    return PRO_ERR_NO_MEMORY;
}

/* ---- the bytes ---- */

static ProStatus read_failed(ProError *reterr, int reason)
{
    (void)snprintf(reterr->text, sizeof reterr->text, "cannot read standard input: %s",
            reason == EFBIG ? "more than 1 GiB; give a file" : strerror(reason));
    return PRO_ERR_SYSTEM;
}

static ProStatus read_standard_input(ProContainer **ret_container, ProError *reterr)
{
    size_t capacity = 1 << 16, used = 0;
    uint8_t *bytes = malloc(capacity);
    int reason = bytes == NULL ? ENOMEM : 0;
    while (reason == 0) {
        if (used == capacity) {
            uint8_t *grown = capacity >= LARGEST_INPUT ? NULL : realloc(bytes, capacity * 2);
            if (grown == NULL) {
                reason = capacity >= LARGEST_INPUT ? EFBIG : ENOMEM;
                break;
            }
            bytes = grown;
            capacity *= 2;
        }
        ssize_t count = read(STDIN_FILENO, bytes + used, capacity - used);
        if (count == 0)
            break;
        if (count > 0)
            used += (size_t)count;
        else if (errno != EINTR)
            reason = errno;
    }
    ProStatus status = reason == 0 ? pro_container_new_copy(bytes, used, ret_container, reterr)
                                   : read_failed(reterr, reason);
    free(bytes);
    return status;
}

/* ---- regions ---- */

/* Leaves out what the file does not have. */
static bool add_region(
        Code *code, const char *name, uint64_t address, uint64_t offset, uint64_t size)
{
    uint64_t total = pro_container_size(code->container);
    if (offset >= total || size == 0)
        return true;
    CodeRegion *grown = realloc(code->regions, (code->region_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    code->regions = grown;
    CodeRegion *region = &code->regions[code->region_count++];
    *region = (CodeRegion){.address = address, .offset = offset};
    region->size = size < total - offset ? size : total - offset;
    (void)snprintf(region->name, sizeof region->name, "%s", name);
    return true;
}

static bool elf_regions(Code *code, const uint64_t *addresses, uint64_t base)
{
    size_t count;
    const ProElfSection *sections = pro_elf_sections(code->elf, &count);
    for (size_t i = 0; i < count; i++)
        if ((sections[i].flags & SHF_EXECINSTR) != 0 && sections[i].type != SHT_NOBITS &&
                !add_region(
                        code, sections[i].name, addresses[i], sections[i].offset, sections[i].size))
            return false;
    const ProElfSegment *segments = pro_elf_segments(code->elf, &count);
    for (size_t i = 0; code->region_count == 0 && i < count; i++)
        if (segments[i].type == PT_LOAD && (segments[i].flags & PF_X) != 0 &&
                !add_region(code, "LOAD", base + segments[i].virtual_address, segments[i].offset,
                        segments[i].file_size))
            return false;
    return true;
}

static bool load_elf(Code *code, uint64_t base)
{
    const ProElfHeader *header = pro_elf_header(code->elf);
    code->languages = code_elf_languages(header->machine, header->is_64, header->big_endian);
    uint64_t *addresses = object_addresses(code->elf, base);
    bool good = addresses != NULL && elf_regions(code, addresses, base) &&
                symbols_read_elf(&code->symbols, code->container, code->elf, addresses, base) &&
                object_fixups(code->elf, addresses, &code->fixups);
    free(addresses);
    return good;
}

static bool load_pe(Code *code, uint64_t base)
{
    const ProPeHeaders *headers = pro_pe_headers(code->pe);
    const ProPeSection *sections = pro_pe_sections(code->pe, &(size_t){0});
    uint64_t image_base = base != 0 ? base : headers->image_base;
    code->languages = code_pe_languages(headers->machine);
    for (size_t i = 0; i < headers->section_count; i++) {
        const ProPeSection *section = &sections[i];
        uint64_t size = section->virtual_size != 0 && section->virtual_size < section->raw_size
                                ? section->virtual_size
                                : section->raw_size;
        if ((section->characteristics & SECTION_EXECUTE) != 0 &&
                !add_region(code, section->name, image_base + section->virtual_address,
                        section->raw_offset, size))
            return false;
    }
    return symbols_read_pe(&code->symbols, code->pe, image_base);
}

ProStatus code_open(const char *path, uint64_t base, Code *ret_code, ProError *reterr)
{
    Code code = {0};
    ProStatus status = strcmp(path, "-") == 0
                               ? read_standard_input(&code.container, reterr)
                               : pro_container_open_file(path, 0, &code.container, reterr);
    if (status != PRO_OK)
        return status;
    bool loaded;
    if (pro_elf_open(code.container, &code.elf, NULL) == PRO_OK)
        loaded = load_elf(&code, base);
    else if (pro_pe_open(code.container, &code.pe, NULL) == PRO_OK)
        loaded = load_pe(&code, base);
    else
        loaded = add_region(&code, "", base, 0, pro_container_size(code.container));
    if (!loaded) {
        code_close(&code);
        return no_memory(reterr);
    }
    *ret_code = code;
    return PRO_OK;
}

void code_close(Code *code)
{
    pro_elf_free(code->elf);
    pro_pe_free(code->pe);
    pro_container_unref(code->container);
    free(code->regions);
    symbols_fini(&code->symbols);
    free(code->fixups.items);
}
