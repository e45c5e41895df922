/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_COMPARE_STATES_H
#define PROVE_X86_COMPARE_STATES_H

#include "forms.h"

#include <stdio.h>

typedef enum Verdict {
    VERDICT_EQUAL = 0,
    VERDICT_DIFFERENT,
    VERDICT_ABSENT,     /* #UD: this processor does not have it */
    VERDICT_OPAQUE,     /* the specification only names it */
    VERDICT_UNMODELLED, /* faults of kinds that p-code does not have */
    VERDICT_ROUNDED     /* equal but for a fused operation's rounding, or its NaN: Scope */
} Verdict;

/* What is compared beside general registers, flags, vectors, memory and the kind of end. */
typedef struct Scope {
    uint64_t undefined;   /* flags */
    unsigned status;      /* bits of the x87 status word */
    unsigned fused_bytes; /* not 0: lanes of this size may differ in the last bit */
    bool x87; /* all of the x87; otherwise 8 bytes of its registers, which are MM0 to MM7 */
    bool wide;
} Scope;

Verdict outcomes_compare(
        const Scope *scope, const Trial *trial, const Outcome *native, const Outcome *emulated);

/* Lines that say what goes in where the two differ, and both results. */
void outcomes_print(FILE *file, const Scope *scope, const Trial *trial, const Outcome *native,
        const Outcome *emulated);

#endif
