/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_EVALUATE_H
#define SLEIGH_EVALUATE_H

#include <promp/pcode.h>

/*
 * The value of operations without side effects, up to 64 bytes: the largest vector registers. Up to
 * 16 bytes a value is one Wide; only larger ones are computed limb by limb.
 */
__extension__ typedef unsigned __int128 Wide;
__extension__ typedef __int128 SignedWide;

enum { LARGEST_WIDE_BYTES = 16, LARGEST_NUMBER_BYTES = 64, NUMBER_LIMBS = 8 };

/* Least significant first. What lies beyond the value's size is 0, as far as it is looked at: 16
 * bytes of a value that has no more, 64 of others. */
typedef union Number {
    Wide wide;
    uint64_t limbs[NUMBER_LIMBS];
    uint8_t bytes[LARGEST_NUMBER_BYTES];
} Number;

static inline Wide wide_mask(uint32_t bytes)
{
    return bytes >= LARGEST_WIDE_BYTES ? ~(Wide)0 : ((Wide)1 << 8 * bytes) - 1;
}

static inline SignedWide wide_sign_extend(Wide value, uint32_t bytes)
{
    unsigned unused = bytes >= LARGEST_WIDE_BYTES ? 0 : 128 - 8 * bytes;
    return (SignedWide)(value << unused) >> unused;
}

/*
 * PRO_ERR_INVALID: division by zero; PRO_ERR_UNSUPPORTED: no such operation on these sizes (also:
 * multiplication and division beyond 16 bytes). The result is masked to its size. At most two
 * inputs are read.
 */
ProStatus evaluate(const ProPcodeOp *op, const Number *inputs, Number *ret);

/* Its parts: values that all have at most 16 bytes, floating point, larger ones. */
ProStatus evaluate_wide(const ProPcodeOp *op, Wide left, Wide right, Wide *ret);
ProStatus evaluate_float(const ProPcodeOp *op, Wide left, Wide right, Wide *ret);
ProStatus evaluate_large(const ProPcodeOp *op, const Number *inputs, Number *ret);

#endif
