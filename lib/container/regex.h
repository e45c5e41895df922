/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_REGEX_H
#define CONTAINER_REGEX_H

#include "container/regex_filter.h"

#include <promp/search.h>

/* A compiled regular expression: PCRE2 behind a door. Threads: immutable. */
typedef struct Regex Regex;

ProStatus regex_compile(
        const char *text, size_t size, uint32_t flags, Regex **ret_regex, ProError *reterr);
void regex_free(Regex *regex); /* NULL is allowed */

/* How many bytes before a position a match that begins there may look at; at least 1, so that what
 * stands for the beginning of all data is not found at the beginning of a window. */
size_t regex_lookbehind(const Regex *regex);
/* NULL: nothing is known of its matches. */
const RegexFilter *regex_filter(const Regex *regex);

/* Bytes to search; a match may look at what lies before its first position. `more`: bytes follow
 * behind them. */
typedef struct RegexWindow {
    const uint8_t *data;
    size_t size;
    bool more;
} RegexWindow;

typedef enum RegexOutcome { REGEX_MATCH, REGEX_NONE, REGEX_NEED_MORE } RegexOutcome;

typedef struct RegexResult {
    RegexOutcome outcome;
    size_t begin; /* not of REGEX_NONE; of REGEX_NEED_MORE: a match that needs more may begin there
                   */
    size_t end;   /* of REGEX_MATCH */
} RegexResult;

/* One search's memory for PCRE2; the regex is borrowed. One thread at a time. */
typedef struct RegexMatcher RegexMatcher;
ProStatus regex_matcher_new(const Regex *regex, RegexMatcher **ret_matcher, ProError *reterr);
void regex_matcher_free(RegexMatcher *matcher); /* NULL is allowed */

/* For many calls with REGEX_TO_END, which are faster from now on. */
void regex_matcher_unlimit(RegexMatcher *matcher);

#define REGEX_TO_END SIZE_MAX

/* The first match that begins at `first` or later, up to `last`. */
ProStatus regex_match(RegexMatcher *matcher, const RegexWindow *window, size_t first, size_t last,
        RegexResult *ret_result, ProError *reterr);

/* ---- regex_run.c ---- */

/*
 * A search through consecutive windows, by PCRE2 alone or, where that was measured to be faster,
 * with the filter telling PCRE2 where to look. The results are the same.
 */
typedef struct RegexRun RegexRun;
ProStatus regex_run_new(const Regex *regex, RegexRun **ret_run, ProError *reterr);
void regex_run_free(RegexRun *run); /* NULL is allowed */

/* The first match that begins at `start` or later. */
ProStatus regex_run(RegexRun *run, const RegexWindow *window, size_t start, RegexResult *ret_result,
        ProError *reterr);

/* For tests: the filter always, and a new plan every few bytes, whatever it costs. */
void regex_run_always_filter(RegexRun *run);

#endif
