/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_REFERENCES_H
#define SLEIGH_REFERENCES_H

#include "code.h"

#include <promp/sleigh.h>

/* What an instruction refers to, as far as it has a name: targets, memory, addresses. */

enum { REFERENCES_MAX = PRO_SLEIGH_TARGETS + 4 };

typedef struct Reference {
    const Symbol *symbol; /* NULL: `fixup` tells it, and the address is not known */
    const Fixup *fixup;
    uint64_t address;
    int64_t offset; /* from where the name stands */
    bool is_target; /* of a branch or call, not a place in memory */
} Reference;

typedef struct References {
    Reference items[REFERENCES_MAX];
    unsigned count;
} References;

/* Of the instruction of `size` bytes at `address`, whose text is `body`. */
References references_find(const Code *code, uint64_t address, size_t size, const char *body,
        const ProSleighLift *lift);

/* The name, as symbol_text() writes it. */
void reference_name(const Reference *reference, char text[SYMBOL_TEXT_MAX]);

#endif
