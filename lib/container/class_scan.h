/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_CLASS_SCAN_H
#define CONTAINER_CLASS_SCAN_H

#include "container/byte_set.h"

/*
 * Looks for up to eight short sequences of byte sets at once ("cat", "[Dd]og", "[0-9]{4}"), at the
 * speed of memory: a table of the lower and one of the upper half of a byte tell, with one bit a
 * sequence, whether the byte may stand at a place of it. What a pair of tables cannot tell apart
 * counts as fitting, so a hit is a place to look at, and no place that fits is passed over.
 */

enum { CLASS_SCAN_SEQUENCES_MAX = 8, CLASS_SCAN_PLACES = 4 };

typedef struct ClassScan {
    uint8_t low[CLASS_SCAN_PLACES][16];
    uint8_t high[CLASS_SCAN_PLACES][16];
} ClassScan;

/* Whether this processor can; otherwise class_scan_find() may not be called. */
bool class_scan_is_fast(void);

/* The halves of bytes that are in the set, one bit each. */
typedef struct ByteHalves {
    uint16_t low;
    uint16_t high;
} ByteHalves;

ByteHalves byte_halves(const ByteSet *set);

/* `scan` begins as {0}; every sequence that there is has all places set, with the full set where it
 * is shorter. */
void class_scan_set(ClassScan *scan, size_t sequence, size_t place, ByteHalves halves);

/* The first place in data[from, to) where a sequence fits, and which (a bit each); `to` if there is
 * none. Reads up to data[to + CLASS_SCAN_PLACES - 2]. */
size_t class_scan_find(const ClassScan *scan, const uint8_t *data, size_t from, size_t to,
        unsigned *ret_sequences);

#endif
