/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_SEARCH_H
#define PROMP_SEARCH_H

/*
 * Finding bytes in containers. A ProPattern is compiled once and used by any number of searches.
 *
 * Threads:  patterns are immutable after creation, any thread.
 * Lifetime: counted.
 */

#include <promp/container.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_PATTERN_SIZE_MAX ((size_t)1 << 20) /* bytes of a pattern, characters of its text */
/* A match of a regular expression in a container that is not in memory can be as long as this. */
#define PRO_REGEX_WINDOW_MAX ((size_t)64 << 20)

typedef struct ProPattern ProPattern;

typedef enum ProRegexFlags {
    PRO_REGEX_IGNORE_CASE = 1 << 0, /* of ASCII letters */
    PRO_REGEX_MULTILINE = 1 << 1,   /* ^ and $ match at line feeds */
    PRO_REGEX_DOT_ALL = 1 << 2      /* . matches a line feed too */
} ProRegexFlags;

PRO_API ProStatus pro_pattern_new_bytes(
        const void *data, size_t size, ProPattern **ret_pattern, ProError *reterr) PRO_WARN_UNUSED;
/* Bits that are 0 in `mask` match anything. */
PRO_API ProStatus pro_pattern_new_masked(const void *data, const void *mask, size_t size,
        ProPattern **ret_pattern, ProError *reterr) PRO_WARN_UNUSED;
/* Hexadecimal digits, two a byte, with ? for any digit; white space between bytes is skipped:
 * "4D 5A ?? ?? 9?". */
PRO_API ProStatus pro_pattern_new_hex(
        const char *text, ProPattern **ret_pattern, ProError *reterr) PRO_WARN_UNUSED;
/* A regular expression (PCRE2) on bytes: \xFF is one byte, there is no UTF-8. */
PRO_API ProStatus pro_pattern_new_regex(const char *text, size_t size, uint32_t flags,
        ProPattern **ret_pattern, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProPattern *pro_pattern_ref(ProPattern *pattern);
PRO_API void pro_pattern_unref(ProPattern *pattern); /* NULL is allowed */

typedef struct ProMatch {
    uint64_t offset;
    uint64_t size;
} ProMatch;

/* The first match that lies inside the range. PRO_ERR_NOT_FOUND without a text if there is none. */
PRO_API ProStatus pro_container_find_first(const ProContainer *container, const ProPattern *pattern,
        uint64_t offset, uint64_t size, const ProProgress *progress, ProMatch *ret_match,
        ProError *reterr) PRO_WARN_UNUSED;
/* The next one behind `match`, not overlapping it. */
PRO_API ProStatus pro_container_find_next(const ProContainer *container, const ProPattern *pattern,
        const ProMatch *match, const ProProgress *progress, ProMatch *ret_match,
        ProError *reterr) PRO_WARN_UNUSED;

/* Answers false to end the search. */
typedef bool (*ProMatchFn)(void *user, const ProMatch *match);

/* Every match inside the range, ascending, none overlapping the one before. PRO_OK whether or not
 * there are any. */
PRO_API ProStatus pro_container_find_all(const ProContainer *container, const ProPattern *pattern,
        uint64_t offset, uint64_t size, const ProProgress *progress, ProMatchFn on_match,
        void *user, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
