/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "support/regex_reference.h"

#include <pcre2.h>
#include <string.h>

enum { MATCH_LIMIT = 200000 };

static bool add(ReferenceMatches *matches, size_t begin, size_t end)
{
    matches->items[matches->count].begin = begin;
    matches->items[matches->count].end = end;
    return ++matches->count < REFERENCE_MATCHES_MAX;
}

/* An empty match still moves on. */
static size_t behind(size_t begin, size_t end)
{
    return end > begin ? end : begin + 1;
}

static pcre2_code *compile(const char *text, size_t size, uint32_t flags)
{
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
    options |= flags & PRO_REGEX_IGNORE_CASE ? PCRE2_CASELESS : 0;
    options |= flags & PRO_REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
    options |= flags & PRO_REGEX_DOT_ALL ? PCRE2_DOTALL : 0;
    int code;
    size_t offset;
    return pcre2_compile((PCRE2_SPTR)text, size, options, &code, &offset, NULL);
}

bool reference_plain(const char *text, size_t text_size, uint32_t flags, const uint8_t *data,
        size_t size, ReferenceMatches *ret_matches)
{
    pcre2_code *code = compile(text, text_size, flags);
    if (code == NULL)
        return false;
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    (void)pcre2_set_match_limit(context, MATCH_LIMIT);
    const size_t *vector = pcre2_get_ovector_pointer(match);
    int result = 0;
    ret_matches->count = 0;
    for (size_t position = 0; position <= size;) {
        result = pcre2_match(code, data, size, position, 0, match, context);
        if (result < 0)
            break;
        size_t end = vector[1] < vector[0] ? vector[0] : vector[1];
        if (!add(ret_matches, vector[0], end))
            break;
        position = behind(vector[0], end);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return result >= 0 || result == PCRE2_ERROR_NOMATCH;
}

/* As search.c does for what does not lie in memory. */
static bool next(RegexRun *run, const uint8_t *data, size_t size, size_t window, size_t lookbehind,
        size_t *position, RegexResult *ret_result, bool *ret_failed)
{
    while (*position <= size) {
        size_t from = *position > lookbehind ? *position - lookbehind : 0;
        size_t end = size - *position < window ? size : *position + window;
        bool more = end < size;
        *ret_failed = regex_run(run, &(RegexWindow){data + from, end - from, more},
                              *position - from, ret_result, NULL) != PRO_OK;
        if (*ret_failed)
            return false;
        ret_result->begin += from;
        ret_result->end += from;
        if (ret_result->outcome == REGEX_MATCH)
            return true;
        if (!more)
            return false;
        if (ret_result->outcome == REGEX_NONE)
            *position = end;
        else if (ret_result->begin > *position)
            *position = ret_result->begin;
        else
            window *= 2;
    }
    return false;
}

bool reference_ours(const Regex *regex, const uint8_t *data, size_t size, size_t window,
        bool always, ReferenceMatches *ret_matches)
{
    RegexRun *run;
    if (regex_run_new(regex, &run, NULL) != PRO_OK)
        return false;
    if (always)
        regex_run_always_filter(run);
    ret_matches->count = 0;
    bool failed = false;
    RegexResult result;
    for (size_t position = 0;
            next(run, data, size, window, regex_lookbehind(regex), &position, &result, &failed);) {
        if (!add(ret_matches, result.begin, result.end))
            break;
        position = behind(result.begin, result.end);
    }
    regex_run_free(run);
    return !failed;
}

bool reference_same(const ReferenceMatches *a, const ReferenceMatches *b)
{
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof a->items[0]) == 0;
}
