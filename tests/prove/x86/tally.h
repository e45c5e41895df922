/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_TALLY_H
#define PROVE_X86_TALLY_H

/*
 * What one file came to: instructions by group (the extension that Zydis names), and differences by
 * what they are, each with its first example. Printed as lines that prove-x86-decode reads.
 */

#include "instruction.h"

enum { TALLY_KINDS_MAX = 8192, TALLY_EXAMPLE_MAX = 160 };

typedef struct TallyKind {
    Difference difference;
    ZydisISAExt group;
    ZydisMnemonic zydis;
    char ours[MNEMONIC_MAX];
    uint64_t count;
    uint8_t bytes[16];
    unsigned length;
    char our_text[TALLY_EXAMPLE_MAX];
    char zydis_text[TALLY_EXAMPLE_MAX];
} TallyKind;

typedef struct Tally {
    uint64_t instructions;
    uint64_t compared; /* the others had bytes that were compared before */
    uint64_t both_invalid;
    uint64_t bytes_left; /* of functions, behind bytes that are no instruction */
    uint64_t group_count[ZYDIS_ISA_EXT_MAX_VALUE + 1];
    uint64_t group_different[ZYDIS_ISA_EXT_MAX_VALUE + 1];
    size_t kind_count;
    uint64_t kinds_lost; /* differences beyond TALLY_KINDS_MAX kinds */
    TallyKind kinds[TALLY_KINDS_MAX];
} Tally;

void tally_clear(Tally *tally);

/* The kind that a difference belongs to, counted; *ret_new: it is its first, to be given texts.
 * NULL if there are too many kinds. */
TallyKind *tally_difference(Tally *tally, Difference difference, ZydisISAExt group,
        ZydisMnemonic zydis, const char *ours, bool *ret_new);

void tally_print(const Tally *tally, const char *name);

#endif
