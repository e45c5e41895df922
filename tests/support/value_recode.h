/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_VALUE_RECODE_H
#define SUPPORT_VALUE_RECODE_H

#include <promp/value.h>

/* Reads one value that pro_read_skip() would accept, and writes it again; large bytes are borrowed.
 * The reader's first failure is returned; the writer keeps its own. */
ProStatus value_recode(ProReader *reader, ProWriter *writer, ProError *reterr);

#endif
