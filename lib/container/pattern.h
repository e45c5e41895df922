/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_PATTERN_H
#define CONTAINER_PATTERN_H

#include <promp/search.h>
#include <stdatomic.h>

typedef struct Regex Regex;

/* Either a regular expression, or bytes with or without a mask. */
struct ProPattern {
    atomic_uint references;
    Regex *regex;
    size_t size;
    uint8_t *bytes; /* already masked */
    uint8_t *mask;  /* NULL: every bit counts */
};

/* ---- regex.c ---- */

ProStatus regex_compile(
        const char *text, size_t size, uint32_t flags, Regex **ret_regex, ProError *reterr);
void regex_free(Regex *regex); /* NULL is allowed */

/* One search's memory; the regex is borrowed. */
typedef struct RegexRun RegexRun;
ProStatus regex_run_new(const Regex *regex, RegexRun **ret_run, ProError *reterr);
void regex_run_free(RegexRun *run); /* NULL is allowed */

/* How many bytes before a position a match that begins there may look at; at least 1, so that what
 * stands for the beginning of all data is not found at the beginning of a window. */
size_t regex_lookbehind(const Regex *regex);

typedef enum RegexOutcome { REGEX_MATCH, REGEX_NONE, REGEX_NEED_MORE } RegexOutcome;

/*
 * Searches data[start, size). `more`: bytes follow behind `size`; then REGEX_NEED_MORE with
 * *ret_begin says that a match may begin there which needs them.
 */
ProStatus regex_run(RegexRun *run, const uint8_t *data, size_t size, size_t start, bool more,
        RegexOutcome *ret_outcome, size_t *ret_begin, size_t *ret_end, ProError *reterr);

#endif
