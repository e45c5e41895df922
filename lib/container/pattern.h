/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_PATTERN_H
#define CONTAINER_PATTERN_H

#include "container/regex.h"

#include <promp/search.h>
#include <stdatomic.h>

/* Either a regular expression, or bytes with or without a mask. */
struct ProPattern {
    atomic_uint references;
    Regex *regex;
    size_t size;
    uint8_t *bytes; /* already masked */
    uint8_t *mask;  /* NULL: every bit counts */
};

#endif
