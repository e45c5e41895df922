/* SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <string.h>

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof(array)[0]))

static uint64_t low_bits(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

uint64_t value_integer(Random *random, unsigned bits)
{
    uint64_t mask = low_bits(bits), top = UINT64_C(1) << (bits - 1);
    uint64_t one = UINT64_C(1) << random_below(random, bits);
    switch (random_below(random, 16)) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return mask;
    case 3:
        return top;
    case 4:
        return top - 1;
    case 5:
        return one;
    case 6:
        return (one - 1) & mask;
    case 7:
        return (0 - one) & mask;
    case 8:
        return random_below(random, 70) & mask;
    case 9:
        return (0 - (uint64_t)random_below(random, 70)) & mask;
    case 10:
        return (top + random_below(random, 5) - 2) & mask;
    default:
        return random_next(random) & mask;
    }
}

static const uint16_t halves[] = {0, 0x8000, 1, 0x3FF, 0x400, 0x83FF, 0x3C00, 0xBC00, 0x7BFF,
        0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFE01, 0x3555};

static const uint32_t singles[] = {0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x80800000,
        0x3F800000, 0xBF800000, 0x3F000000, 0xBF000000, 0x3FC00000, 0x40200000, 0xC0200000,
        0x3EFFFFFF, 0x4B000001, 0x4AFFFFFF, 0x4EFFFFFF, 0x4F000000, 0xCF000000, 0xCF000001,
        0x4F800000, 0x5F000000, 0xDF000000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000,
        0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFA00003, 0x7FC12345, 0x477FEFFF, 0x477FF000,
        0x33000000, 0x33000001, 0x38800000};

static const uint64_t doubles[] = {0, 0x8000000000000000, 1, 0x8000000000000001, 0x000FFFFFFFFFFFFF,
        0x0010000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x3FE0000000000000,
        0xBFE0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0xC004000000000000,
        0x3FDFFFFFFFFFFFFF, 0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000000000,
        0xC1E0000000200000, 0x41EFFFFFFFE00000, 0x43E0000000000000, 0xC3E0000000000000,
        0x43DFFFFFFFFFFFFF, 0x4330000000000001, 0x4340000000000001, 0x7FEFFFFFFFFFFFFF,
        0xFFEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000,
        0xFFF8000000000000, 0x7FF0000000000001, 0xFFF4000000000003, 0x7FF8123456789ABC,
        0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x36A0000000000000, 0x3690000000000000,
        0x380FFFFFFFFFFFFF, 0x3FF0000010000000, 0x3FF0000030000000};

/* Normal numbers near 1, whose sums and products round. */
static uint64_t near_one(Random *random, unsigned fraction_bits, uint64_t bias)
{
    uint64_t exponent = bias + random_below(random, 80) - 40;
    uint64_t fraction = random_next(random) & low_bits(fraction_bits);
    if (random_below(random, 3) == 0)
        fraction &= ~low_bits(fraction_bits - 6);
    uint64_t sign = random_below(random, 2);
    unsigned total = fraction_bits == 23 ? 32 : 64;
    return sign << (total - 1) | exponent << fraction_bits | fraction;
}

static uint64_t value_half(Random *random)
{
    return random_below(random, 2) == 0 ? halves[random_below(random, COUNT(halves))]
                                        : random_next(random) & 0xFFFF;
}

static uint64_t value_single(Random *random)
{
    unsigned kind = random_below(random, 8);
    return kind < 4   ? singles[random_below(random, COUNT(singles))]
           : kind < 7 ? near_one(random, 23, 127)
                      : random_next(random) & UINT32_MAX;
}

static uint64_t value_double(Random *random)
{
    unsigned kind = random_below(random, 8);
    return kind < 4   ? doubles[random_below(random, COUNT(doubles))]
           : kind < 7 ? near_one(random, 52, 1023)
                      : random_next(random);
}

static void value_extended(Random *random, uint8_t *bytes)
{
    static const struct {
        uint16_t high;
        uint64_t low;
    } edges[] = {{0, 0}, {0x8000, 0}, {0, 1}, {0, INT64_MAX}, {1, UINT64_C(1) << 63},
            {0x3FFF, UINT64_C(1) << 63}, {0xBFFF, UINT64_C(1) << 63}, {0x3FFE, UINT64_C(1) << 63},
            {0x4000, UINT64_C(0xA000000000000000)}, {0x3FFF, UINT64_C(0xC000000000000000)},
            {0x7FFE, UINT64_MAX}, {0xFFFE, UINT64_MAX}, {0x7FFF, UINT64_C(1) << 63},
            {0xFFFF, UINT64_C(1) << 63}, {0x7FFF, UINT64_C(0xC000000000000000)},
            {0xFFFF, UINT64_C(0xC000000000000000)}, {0x7FFF, UINT64_C(0x8000000000000001)},
            {0xFFFF, UINT64_C(0xE000000000012345)}, {0x403E, UINT64_C(1) << 63},
            {0xC03E, UINT64_C(1) << 63}, {0x401E, UINT64_C(1) << 63}, {0x400E, UINT64_C(1) << 63},
            {0x403D, UINT64_MAX}, {0x3FBF, UINT64_C(1) << 63}};
    uint64_t low = random_next(random) | UINT64_C(1) << 63;
    uint16_t high = (uint16_t)(0x3FFF + random_below(random, 80) - 40);
    unsigned kind = random_below(random, 8);
    if (kind < 4) {
        unsigned edge = random_below(random, COUNT(edges));
        low = edges[edge].low;
        high = edges[edge].high;
    } else if (kind == 4) {
        high = (uint16_t)(random_next(random) & 0x7FFF);
        low = high == 0 ? low >> 1 : low;
    } else if (kind == 5) {
        low &= ~(UINT64_MAX >> (1 + random_below(random, 40)));
        low |= UINT64_C(1) << 63;
    }
    if (random_below(random, 2) == 0)
        high ^= 0x8000;
    memcpy(bytes, &low, sizeof low);
    memcpy(bytes + sizeof low, &high, sizeof high);
}

static void value_decimal(Random *random, uint8_t *bytes)
{
    for (unsigned i = 0; i < 9; i++)
        bytes[i] = (uint8_t)(random_below(random, 10) << 4 | random_below(random, 10));
    bytes[9] = random_below(random, 2) == 0 ? 0 : 0x80;
}

static unsigned lane_bytes(Lanes lanes)
{
    static const uint8_t sizes[LANES_KINDS] = {1, 2, 4, 8, 2, 4, 8, 10, 10};
    return sizes[lanes];
}

static void fill_lane(Random *random, Lanes lanes, uint8_t *bytes)
{
    unsigned size = lane_bytes(lanes);
    if (lanes == LANES_EXTENDED) {
        value_extended(random, bytes);
        return;
    }
    if (lanes == LANES_DECIMAL) {
        value_decimal(random, bytes);
        return;
    }
    uint64_t value = lanes == LANES_HALF     ? value_half(random)
                     : lanes == LANES_SINGLE ? value_single(random)
                     : lanes == LANES_DOUBLE ? value_double(random)
                                             : value_integer(random, 8 * size);
    memcpy(bytes, &value, size);
}

void value_fill(Random *random, Lanes lanes, void *bytes, size_t size)
{
    uint8_t lane[16];
    size_t step = lane_bytes(lanes);
    for (size_t at = 0; at < size; at += step) {
        fill_lane(random, lanes, lane);
        memcpy((uint8_t *)bytes + at, lane, size - at < step ? size - at : step);
    }
}
