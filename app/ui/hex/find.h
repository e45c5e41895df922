/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_FIND_H
#define UI_HEX_FIND_H

#include <promp/search.h>

/*
 * What a person searches for, and searches in both directions. No user interface: a thread runs
 * these.
 */

typedef enum HexFindKind {
    HEX_FIND_TEXT,  /* UTF-8 */
    HEX_FIND_UTF16, /* the text as UTF-16, little endian */
    HEX_FIND_HEX,   /* "4D 5A ?? 9?" */
    HEX_FIND_REGEX, /* on bytes */
    HEX_FIND_KINDS
} HexFindKind;

const char *hex_find_kind_name(HexFindKind kind); /* "Text", ... */
/* ignore_case: of ASCII letters; nothing for HEX. An empty text is PRO_ERR_INVALID. */
ProStatus hex_find_compile(HexFindKind kind, const char *text, bool ignore_case,
        ProPattern **ret_pattern, ProError *reterr);

/* Backwards is searched in windows: a match that is longer than this may be missed, and one of a
 * regular expression may begin only where a window does. */
enum { HEX_FIND_MATCH_MAX = 64 << 10 };

/*
 * The first match at `from` or behind it, or, backwards, the last that begins before `from`; then
 * on from the other end, up to where it began. PRO_ERR_NOT_FOUND, PRO_ERR_ABORTED.
 */
ProStatus hex_find_next(const ProContainer *container, const ProPattern *pattern, uint64_t from,
        const ProProgress *progress, ProMatch *ret_match, bool *ret_wrapped, ProError *reterr);
ProStatus hex_find_previous(const ProContainer *container, const ProPattern *pattern,
        HexFindKind kind, uint64_t from, const ProProgress *progress, ProMatch *ret_match,
        bool *ret_wrapped, ProError *reterr);

#endif
