/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_REGEX_FILTER_H
#define CONTAINER_REGEX_FILTER_H

#include "container/class_scan.h"
#include "container/regex_shape.h"

/*
 * Where in the data a match of a regular expression may begin, by what all of its matches have: of
 * each branch of its shape a few bytes at a known distance from the beginning, or behind nothing
 * but bytes of a known set. The filter holds what may be looked for (the runs); a plan is what is
 * looked for in this data: of each branch the part of a run that is rarest there.
 *
 * Threads: a filter is immutable; one at a time per plan, which borrows its filter.
 */

typedef struct RegexFilter RegexFilter;

/* NULL: nothing can be looked for (or there is no memory, or no vectors). */
RegexFilter *regex_filter_new(const Shape *shape);
void regex_filter_free(RegexFilter *filter); /* NULL is allowed */

/* Bytes that follow each other in every match of a branch. */
enum { FILTER_RUN_CELLS = 16 };

typedef struct FilterRun {
    size_t branch;
    size_t count;
    size_t nearest;  /* of its first byte, from the match's beginning */
    size_t farthest; /* or FILTER_ANYWHERE */
    ByteSet before;  /* what may lie between */
    ByteSet cells[FILTER_RUN_CELLS];
    ByteHalves halves[FILTER_RUN_CELLS];
} FilterRun;

#define FILTER_ANYWHERE SIZE_MAX

typedef struct FilterPlan {
    const FilterRun *runs[SHAPE_BRANCHES_MAX]; /* one a branch */
    size_t windows[SHAPE_BRANCHES_MAX];        /* the cell of it that a hit stands for */
    size_t branch_count;
    size_t nearest; /* of a hit from the match's beginning, whatever the branch */
    size_t farthest;
    ByteSet before;
    bool before_any; /* of all bytes */
    bool one_byte;   /* `byte` is looked for, else `scan` */
    uint8_t byte;
    ClassScan scan;
    unsigned hits_per_64k; /* as the sample has it */
} FilterPlan;

/* Chooses for what lies in data[0, size); with `may_be_byte` one byte alone if it is rare. */
void regex_filter_plan(const RegexFilter *filter, const uint8_t *data, size_t size,
        bool may_be_byte, FilterPlan *ret_plan);

/*
 * The next hit at `from` or later, for matches that begin at `position` or later; `size` if there
 * is none before `limit`. What the data's end cuts off fits if `more` follows.
 */
size_t filter_next_hit(const FilterPlan *plan, const uint8_t *data, size_t size, size_t position,
        size_t from, size_t limit, bool more);

/* The first place at `position` or later where a match may begin whose first hit is `hit` or
 * later. */
size_t filter_first_start(const FilterPlan *plan, const uint8_t *data, size_t position, size_t hit);

#endif
