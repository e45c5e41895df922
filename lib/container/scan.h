/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_SCAN_H
#define CONTAINER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The inner loop of a search for bytes, with or without a mask, over memory.
 *
 * It looks at a small sample of the data to choose what to look for: one byte of the needle that is
 * rare in the data (memchr, as fast as memory), or two at once (a vector compare). Where false hits
 * cost too much, it learns from them which bytes of the needle tell them from a match, and compares
 * those in the vectors as well, up to SCAN_PROBES_MAX; if that is not enough either, it is glibc's
 * memmem, which is linear whatever the data.
 *
 * Threads: one at a time per Scan; needle and mask are borrowed.
 */

typedef enum ScanMethod { SCAN_RARE_BYTE, SCAN_PROBES, SCAN_MEMMEM } ScanMethod;

enum { SCAN_PROBES_MAX = 8 };

typedef struct Scan {
    const uint8_t *needle;
    const uint8_t *mask; /* NULL: every bit counts */
    size_t size;
    ScanMethod method;
    size_t probes[SCAN_PROBES_MAX]; /* positions in the needle: the two rarest, then what was
                                       learned */
    size_t probe_count;
    const uint8_t *chosen_until; /* the method holds up to here */
    size_t region;               /* how far a choice holds */
    size_t region_left;          /* of it, behind chosen_until, for scan_moved() */
} Scan;

void scan_init(Scan *scan, const uint8_t *needle, const uint8_t *mask, size_t size);
/* New bytes lie in data[0, size), which go on where the last ones ended. */
void scan_moved(Scan *scan, const uint8_t *data, size_t size);
/* The first match that lies in data[0, size); NULL if there is none. Keeps its choice from one call
 * to the next: `data` lies in the same memory as before, or scan_moved() was called. */
const uint8_t *scan_find(Scan *scan, const uint8_t *data, size_t size);

/* How often each byte is in a sample of the data. Returns how many bytes that has. */
size_t scan_sample(const uint8_t *data, size_t size, uint16_t counts[256]);

#endif
