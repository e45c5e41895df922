/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_EMULATED_H
#define PROVE_X86_EMULATED_H

#include "processor.h"

#include <promp/status.h>

typedef struct Emulated Emulated;

/* An emulator for the specification in these files. `wide`: 64-bit mode. Prints why it fails. */
Emulated *emulated_new(const char *sla, const char *pspec, bool wide);
void emulated_free(Emulated *emulated);

/* The code of the batch that follows. */
void emulated_set_code(Emulated *emulated, const uint8_t *code);
void emulated_run(Emulated *emulated, const Trial *trial, Outcome *outcome);
/* p-code operations of all runs. */
uint64_t emulated_operations(const Emulated *emulated);

/* The specification's text for a slot of the code, "?" if it has none. */
void emulated_text(Emulated *emulated, unsigned slot, char *text, size_t capacity);

#endif
