/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_CODE_SECTION_H
#define BENCH_CODE_SECTION_H

#include <promp/elf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The .text of an ELF file, and the clock of those who go over it. */

enum { BENCH_MISSING = 77 };

typedef struct CodeSection {
    uint8_t *bytes;
    size_t size;
    uint64_t address;
} CodeSection;

static inline uint64_t bench_used_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline CodeSection code_section_open(const char *path)
{
    ProContainer *container;
    ProElf *elf;
    ProError error;
    size_t count;
    CodeSection code = {0};
    if (pro_container_open_file(path, 0, &container, &error) != PRO_OK ||
            pro_elf_open(container, &elf, &error) != PRO_OK) {
        (void)printf("%s\n", error.text); /* a peer's or a file's absence */
        exit(BENCH_MISSING);
    }
    const ProElfSection *sections = pro_elf_sections(elf, &count);
    for (size_t i = 0; i < count && code.bytes == NULL; i++) {
        if (strcmp(sections[i].name, ".text") != 0)
            continue;
        code.size = (size_t)sections[i].size;
        code.address = sections[i].address;
        code.bytes = malloc(code.size + 1);
        if (code.bytes == NULL || pro_container_read(container, sections[i].offset, code.bytes,
                                          code.size, &error) != PRO_OK)
            exit(1);
    }
    pro_elf_free(elf);
    pro_container_unref(container);
    return code;
}

#endif
