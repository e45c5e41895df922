/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_CODE_RANGES_H
#define PROVE_X86_CODE_RANGES_H

/*
 * Where the code of an ELF or PE file is, as the file itself says: functions of its symbols and
 * exports, .eh_frame and .pdata, within the executable sections.
 */

#include <promp/container.h>

typedef struct CodeRange {
    uint64_t address;
    uint64_t size;        /* of the function; 0: up to the next range or the section's end */
    uint64_t offset;      /* in the file */
    uint64_t section_end; /* address */
} CodeRange;

typedef struct CodeRanges {
    CodeRange *ranges; /* ordered by address, every one with a size, not overlapping */
    size_t count;
    size_t capacity;
    bool wide; /* 64-bit code */
} CodeRanges;

/* A file with its code, in memory. */
typedef struct CodeFile {
    ProContainer *file;
    const uint8_t *bytes;
    CodeRanges ranges; /* those that lie in the file to the end of their section */
} CodeFile;

/* False: it is no x86 file, or cannot be read, which is printed: "S", path, reason. The caller
 * calls code_file_close() in both cases. */
bool code_file_open(CodeFile *ret_file, const char *path);
void code_file_close(CodeFile *file);

/* Adds a range; one outside of the executable sections is ignored. For eh_frame.c. */
typedef void CodeRangeFn(void *data, uint64_t address, uint64_t size);

/* Calls `add` for every function that a .eh_frame section at `address` describes. */
void eh_frame_read(const uint8_t *bytes, size_t size, uint64_t address, bool wide, CodeRangeFn *add,
        void *data);

#endif
