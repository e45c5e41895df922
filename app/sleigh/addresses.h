/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_ADDRESSES_H
#define SLEIGH_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many of the items lie below an address. They are sorted by their addresses, with which each
 * begins (a uint64_t). */
static inline size_t addresses_below(
        const void *items, size_t count, size_t item_size, uint64_t address)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t found;
        memcpy(&found, (const uint8_t *)items + middle * item_size, sizeof found);
        if (found < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
