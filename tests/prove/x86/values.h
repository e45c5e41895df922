/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_VALUES_H
#define PROVE_X86_VALUES_H

#include "random.h"

#include <stddef.h>
#include <stdint.h>

/* Values that find mistakes: the ends of ranges, NaNs, denormals, halves to round, and random ones.
 */
typedef enum Lanes {
    LANES_8 = 0,
    LANES_16,
    LANES_32,
    LANES_64,
    LANES_HALF,
    LANES_SINGLE,
    LANES_DOUBLE,
    LANES_EXTENDED, /* of the x87: 10 bytes */
    LANES_DECIMAL,  /* 18 packed digits and a sign: 10 bytes */
    LANES_KINDS
} Lanes;

uint64_t value_integer(Random *random, unsigned bits);
void value_fill(Random *random, Lanes lanes, void *bytes, size_t size);

#endif
