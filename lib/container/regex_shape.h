/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_REGEX_SHAPE_H
#define CONTAINER_REGEX_SHAPE_H

#include "container/byte_set.h"

/*
 * What every match of a regular expression looks like: one of a few branches, each a sequence of
 * steps, each `min` to `max` bytes out of a set. More may look like that than matches, never less:
 * what has no bytes (anchors, lookarounds) is left out, what would be too much becomes one step of
 * all its bytes.
 */

enum {
    SHAPE_BRANCHES_MAX = 8,
    SHAPE_STEPS_MAX = 24,      /* of a branch; the last one takes in what is more */
    SHAPE_DEPTH_MAX = 16,      /* of groups */
    SHAPE_LENGTH_MAX = 1 << 24 /* what may be longer is SHAPE_UNBOUNDED */
};
#define SHAPE_UNBOUNDED UINT32_MAX

typedef struct ShapeStep {
    ByteSet set;
    uint32_t min;
    uint32_t max; /* or SHAPE_UNBOUNDED */
} ShapeStep;

typedef struct ShapeBranch {
    ShapeStep steps[SHAPE_STEPS_MAX];
    size_t count;
} ShapeBranch;

typedef struct Shape {
    ShapeBranch branches[SHAPE_BRANCHES_MAX];
    size_t count; /* at least 1 */
} Shape;

/* Reads an expression for PCRE2 without UTF, which may not be one; `flags`: of
 * pro_pattern_new_regex(). False: it has something that this reader does not know, so nothing is
 * known about its matches. */
bool shape_parse(const char *text, size_t size, uint32_t flags, Shape *ret_shape);

/* a + b of lengths: of greatest ones, and of least ones, which are never too large. */
uint32_t shape_add(uint32_t a, uint32_t b);
uint32_t shape_at_least(uint32_t a, uint32_t b);

#endif
