/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_NATIVE_H
#define PROVE_X86_NATIVE_H

#include "processor.h"

/* A batch in memory that a child shares; lives as long as the process. NULL: no memory. */
Batch *native_batch(void);

/* Executes all trials of the batch on this processor, in a child; the results are there after the
 * wait. What the child did not get to ends as END_LOST. */
void native_start(Batch *batch);
void native_wait(void);

/* Whether this system runs 32-bit code. */
bool native_has_narrow(Batch *batch);

#endif
