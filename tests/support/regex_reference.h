/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_REGEX_REFERENCE_H
#define SUPPORT_REGEX_REFERENCE_H

#include "container/regex.h"

/* All matches of a regular expression: by PCRE2 alone over all the data, and by our search in
 * windows, always through the filter. They must be the same. */

enum { REFERENCE_MATCHES_MAX = 4096 };

typedef struct ReferenceMatches {
    size_t count; /* REFERENCE_MATCHES_MAX: there may be more */
    struct {
        size_t begin;
        size_t end;
    } items[REFERENCE_MATCHES_MAX];
} ReferenceMatches;

/* False: it does not compile, or PCRE2 takes more than a little time. */
bool reference_plain(const char *text, size_t text_size, uint32_t flags, const uint8_t *data,
        size_t size, ReferenceMatches *ret_matches);

/* Windows of `window` bytes, which grow where a match needs it; `always` through the filter. False:
 * PCRE2 gave up. */
bool reference_ours(const Regex *regex, const uint8_t *data, size_t size, size_t window,
        bool always, ReferenceMatches *ret_matches);

bool reference_same(const ReferenceMatches *a, const ReferenceMatches *b);

#endif
