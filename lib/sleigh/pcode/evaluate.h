/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_EVALUATE_H
#define SLEIGH_EVALUATE_H

#include <promp/pcode.h>

/* The value of operations without side effects, up to 16 bytes. */
__extension__ typedef unsigned __int128 Wide;

enum { LARGEST_WIDE_BYTES = 16 };

static inline Wide wide_mask(uint32_t bytes)
{
    return bytes >= LARGEST_WIDE_BYTES ? ~(Wide)0 : ((Wide)1 << 8 * bytes) - 1;
}

/* PRO_ERR_INVALID: division by zero; PRO_ERR_UNSUPPORTED: no such operation on these sizes. The
 * inputs are masked to their sizes, and so is the result. */
ProStatus evaluate(const ProPcodeOp *op, const Wide *inputs, Wide *ret);

/* The part of evaluate() that concerns floating point. */
ProStatus evaluate_float(const ProPcodeOp *op, const Wide *inputs, Wide *ret);

#endif
