/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_HITS_H
#define WORKSPACE_HITS_H

#include "rows.h"

#include <promp/status.h>

/*
 * What a job found, in memory of a bounded size; rows for a table with the columns Address, Size,
 * (Kind,) Text.
 *
 * Threads: the user interface's. Lifetime: that of the rows, which hold it.
 */

typedef struct Hits Hits;

/* base: is added to offsets to show addresses. */
ProRows *hits_new(uint64_t base, bool with_kind, Hits **ret_hits);
/* A message of TASK_MESSAGE_HITS, well-formed otherwise. What is no hit is PRO_ERR_FORMAT, too many
 * are PRO_ERR_LIMIT; those before are kept. Call hits_show() to see them. */
ProStatus hits_take(Hits *hits, const void *data, size_t size);
void hits_show(Hits *hits);
size_t hits_count(const Hits *hits);

#endif
