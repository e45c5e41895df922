/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_WASTE_H
#define PROVE_X86_WASTE_H

/*
 * Operations of one instruction's p-code that could be left out, found by following all paths
 * through it. Registers and memory live on behind the instruction, temporaries do not. An
 * instruction that faults must have changed nothing, so no register may be written earlier, across
 * an operation that can fault.
 */

#include <promp/pcode.h>

enum { WASTE_OPERATIONS_MAX = 4096 }; /* longer p-code is counted, and not looked into */

typedef struct Waste {
    unsigned dead;   /* they write a temporary that nobody reads */
    unsigned copies; /* COPY or SUBPIECE whose source, or destination, could stand in its place */
    unsigned constants; /* they have constants only, or leave their input as it is */
    bool too_long;
} Waste;

/* `unique`: index of the space of temporaries. Not for several threads at once. */
Waste waste_find(const ProPcodeOp *ops, size_t count, unsigned unique);

#endif
