/* SPDX-License-Identifier: Apache-2.0 */
#include "references.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(References *references, const Code *code, uint64_t address, bool is_target)
{
    const Symbol *symbol = symbols_around(&code->symbols, address);
    bool fits = symbol != NULL && references->count < REFERENCES_MAX;
    for (unsigned i = 0; fits && i < references->count; i++)
        fits = references->items[i].address != address;
    if (fits)
        references->items[references->count++] = (Reference){.symbol = symbol,
                .address = address,
                .offset = (int64_t)(address - symbol->address),
                .is_target = is_target};
}

/* Addresses in the text's brackets: LEA has no other sign of them. What stands behind a segment is
 * none. */
static void add_bracketed(References *references, const Code *code, const char *body)
{
    for (const char *at = strchr(body, '['); at != NULL; at = strchr(at + 1, '[')) {
        char *end;
        if (strncmp(at, "[0x", 3) != 0 || (at > body && at[-1] == ':'))
            continue;
        unsigned long long address = strtoull(at + 1, &end, 16);
        if (*end == ']')
            add(references, code, address, false);
    }
}

References references_find(const Code *code, uint64_t address, size_t size, const char *body,
        const ProSleighLift *lift)
{
    References references = {0};
    const Fixup *fixup = fixups_within(&code->fixups, address, size);
    if (fixup != NULL) { /* the numbers that are there mean nothing yet */
        references.items[0] =
                (Reference){.fixup = fixup, .offset = fixup_offset(fixup, address + size)};
        references.count = fixup->name[0] != 0;
        return references;
    }
    for (unsigned i = 0; i < lift->target_count; i++)
        add(&references, code, lift->targets[i], true);
    for (size_t i = 0; i < lift->count; i++) {
        const ProPcodeOp *op = &lift->ops[i];
        bool reaches = op->code == PRO_PCODE_LOAD || op->code == PRO_PCODE_STORE;
        if (reaches && op->inputs[1].space == PRO_SPACE_CONST)
            add(&references, code, op->inputs[1].offset, false);
    }
    add_bracketed(&references, code, body);
    return references;
}

void reference_name(const Reference *reference, char text[SYMBOL_TEXT_MAX])
{
    if (reference->symbol != NULL)
        symbol_text(reference->symbol, text);
    else
        (void)snprintf(text, SYMBOL_TEXT_MAX, "%s", reference->fixup->name);
}
