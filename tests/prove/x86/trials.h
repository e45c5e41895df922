/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_TRIALS_H
#define PROVE_X86_TRIALS_H

#include "forms.h"

/* The encoding's bytes for its slot of the batch: fixed addresses are made to lie in the data. */
void encoding_place(Encoding *encoding, unsigned slot, Random *random, uint8_t *code);

/* A random state for the encoding in that slot, in which its addresses lie in the data, mostly. */
void trial_make(const Encoding *encoding, unsigned slot, bool wide, Random *random, Trial *trial);

/* Whether the encoding can be given addresses. */
bool encoding_is_usable(const Encoding *encoding);

/* The masked amount of a shift or rotation, for its flags. */
unsigned trial_shift_count(const Encoding *encoding, const Trial *trial);

#endif
