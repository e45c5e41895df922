/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_EVALUATE_QUAD_H
#define SLEIGH_EVALUATE_QUAD_H

#include "sleigh/pcode/evaluate.h"

/* Whether this compiler has the format; the others are called only then. */
bool quad_is_known(void);

/* FLOAT_ADD, SUB, MULT, DIV of two numbers. False: the result is none. */
bool quad_combine(unsigned code, Wide left, Wide right, Wide *ret);

/* From and to the other formats (4, 8, 10 bytes), rounded once; not for NaN. */
Wide quad_from(long double value);
Wide quad_to(Wide bits, uint32_t bytes);

#endif
