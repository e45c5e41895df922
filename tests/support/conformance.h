/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_CONFORMANCE_H
#define SUPPORT_CONFORMANCE_H

#include <promp/container.h>

/* What holds for every container, whatever its kind and in whatever process; without a test
 * library, since plug-ins run it in workers. */

enum { CONFORMANCE_TEXT_BYTES = 256 };

typedef struct ConformanceCase {
    const char *name;
    /* The container must hold exactly `data`; false and in `text` what is different. */
    bool (*check)(ProContainer *container, const uint8_t *data, size_t size, char *text);
} ConformanceCase;

extern const ConformanceCase conformance_cases[];
extern const size_t conformance_case_count;

/* All of them; `text` begins with the case's name. */
bool conformance_check(ProContainer *container, const uint8_t *data, size_t size,
        char text[CONFORMANCE_TEXT_BYTES]);

/* The same bytes in every process; freed with free(). */
uint8_t *conformance_bytes(size_t size, uint32_t seed);

/* Sizes on both sides of the borders: nothing, one block, plain memory or memfd, more than one
 * window, more than one block question. */
extern const size_t conformance_sizes[];
extern const size_t conformance_size_count;

#endif
