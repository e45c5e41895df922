/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "container/regex.h"

#include "core/error.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* A pattern that needs more than this for one match is refused with PRO_ERR_LIMIT. */
enum {
    REGEX_JIT_STACK_START = 64 << 10,
    REGEX_JIT_STACK_MAX = 8 << 20,
    REGEX_MATCH_LIMIT = 50000000,
};

struct Regex {
    pcre2_code *code;
    bool jit; /* there is machine code for it */
    size_t lookbehind;
    RegexFilter *filter; /* or NULL */
    uint32_t options;
    size_t size;
    char text[];
};

struct RegexMatcher {
    const Regex *regex;
    pcre2_match_data *match;
    const size_t *found; /* of `match`: begin and end */
    pcre2_match_context *context;
    size_t limit;          /* that is set in it */
    pcre2_code *unlimited; /* faster, without a last place to begin at; NULL: not made */
    pcre2_jit_stack *stack;
};

static const char *error_text(int code, char text[128])
{
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, 128) < 0)
        return "unknown error";
    return text;
}

/* NULL: nothing is known of what matches look like. */
static RegexFilter *filter_new(const char *text, size_t size, uint32_t flags)
{
    Shape *shape = malloc(sizeof *shape);
    RegexFilter *filter =
            shape != NULL && shape_parse(text, size, flags, shape) ? regex_filter_new(shape) : NULL;
    free(shape);
    return filter;
}

/* A pattern that can match in one place only is not searched for. */
static bool is_anchored(const pcre2_code *code)
{
    uint32_t options = 0;
    return pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options) != 0 ||
           (options & PCRE2_ANCHORED) != 0;
}

ProStatus regex_compile(
        const char *text, size_t size, uint32_t flags, Regex **ret_regex, ProError *reterr)
{
    if ((flags & ~(uint32_t)(PRO_REGEX_IGNORE_CASE | PRO_REGEX_MULTILINE | PRO_REGEX_DOT_ALL)) != 0)
        return error_set(reterr, PRO_ERR_INVALID, "regular expression: unknown flags 0x%x", flags);
    Regex *regex = calloc(1, sizeof *regex + size);
    if (regex == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a regular expression");
    regex->filter = filter_new(text, size, flags);
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
    options |= regex->filter != NULL ? PCRE2_USE_OFFSET_LIMIT : 0;
    options |= flags & PRO_REGEX_IGNORE_CASE ? PCRE2_CASELESS : 0;
    options |= flags & PRO_REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
    options |= flags & PRO_REGEX_DOT_ALL ? PCRE2_DOTALL : 0;
    int code = 0;
    size_t offset = 0;
    regex->options = options;
    regex->size = size;
    memcpy(regex->text, text, size);
    regex->code = pcre2_compile((PCRE2_SPTR)text, size, options, &code, &offset, NULL);
    if (regex->code == NULL) {
        char reason[128];
        regex_filter_free(regex->filter);
        free(regex);
        return error_set(reterr, PRO_ERR_INVALID, "regular expression: %s at character %zu",
                error_text(code, reason), offset);
    }
    /* Without JIT (a system that forbids it) the interpreter does the same, slower. */
    regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0;
    uint32_t lookbehind = 0;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_MAXLOOKBEHIND, &lookbehind);
    regex->lookbehind = lookbehind > 0 ? lookbehind : 1;
    if (is_anchored(regex->code)) {
        regex_filter_free(regex->filter);
        regex->filter = NULL;
    }
    *ret_regex = regex;
    return PRO_OK;
}

void regex_free(Regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_code_free(regex->code);
    regex_filter_free(regex->filter);
    free(regex);
}

size_t regex_lookbehind(const Regex *regex)
{
    return regex->lookbehind;
}

const RegexFilter *regex_filter(const Regex *regex)
{
    return regex->filter;
}

ProStatus regex_matcher_new(const Regex *regex, RegexMatcher **ret_matcher, ProError *reterr)
{
    RegexMatcher *matcher = calloc(1, sizeof *matcher);
    if (matcher == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a search");
    matcher->regex = regex;
    matcher->match = pcre2_match_data_create(1, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    matcher->stack = pcre2_jit_stack_create(REGEX_JIT_STACK_START, REGEX_JIT_STACK_MAX, NULL);
    if (matcher->match == NULL || matcher->context == NULL) {
        regex_matcher_free(matcher);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a search");
    }
    if (matcher->stack != NULL)
        pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    (void)pcre2_set_match_limit(matcher->context, REGEX_MATCH_LIMIT);
    matcher->found = pcre2_get_ovector_pointer(matcher->match);
    matcher->limit = PCRE2_UNSET;
    *ret_matcher = matcher;
    return PRO_OK;
}

void regex_matcher_free(RegexMatcher *matcher)
{
    if (matcher == NULL)
        return;
    pcre2_match_data_free(matcher->match);
    pcre2_match_context_free(matcher->context);
    pcre2_code_free(matcher->unlimited);
    pcre2_jit_stack_free(matcher->stack);
    free(matcher);
}

void regex_matcher_unlimit(RegexMatcher *matcher)
{
    const Regex *regex = matcher->regex;
    int code = 0;
    size_t offset = 0;
    if (matcher->unlimited != NULL || !regex->jit)
        return;
    matcher->unlimited = pcre2_compile((PCRE2_SPTR)regex->text, regex->size,
            regex->options & ~(uint32_t)PCRE2_USE_OFFSET_LIMIT, &code, &offset, NULL);
    if (matcher->unlimited == NULL || /* no memory: the other does the same */
            pcre2_jit_compile(matcher->unlimited, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0)
        return;
    pcre2_code_free(matcher->unlimited);
    matcher->unlimited = NULL;
}

ProStatus regex_match(RegexMatcher *matcher, const RegexWindow *window, size_t first, size_t last,
        RegexResult *ret_result, ProError *reterr)
{
    uint32_t options = window->more ? PCRE2_PARTIAL_HARD : 0;
    _Static_assert(REGEX_TO_END == PCRE2_UNSET, "no limit");
    if (last != matcher->limit)
        (void)pcre2_set_offset_limit(matcher->context, last);
    matcher->limit = last;
    /* The second looks at its arguments first: where matches lie close, that costs as much as they.
     */
    const Regex *regex = matcher->regex;
    const pcre2_code *machine =
            last == REGEX_TO_END && matcher->unlimited != NULL ? matcher->unlimited : regex->code;
    int code = regex->jit ? pcre2_jit_match(machine, window->data, window->size, first, options,
                                    matcher->match, matcher->context)
                          : pcre2_match(regex->code, window->data, window->size, first, options,
                                    matcher->match, matcher->context);
    const size_t *vector = matcher->found;
    char reason[128];
    switch (code) {
    case PCRE2_ERROR_NOMATCH:
        *ret_result = (RegexResult){REGEX_NONE, 0, 0};
        return PRO_OK;
    case PCRE2_ERROR_PARTIAL:
        *ret_result = (RegexResult){REGEX_NEED_MORE, vector[0], 0};
        return PRO_OK;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return error_set(reterr, PRO_ERR_LIMIT,
                "regular expression: %s; it backtracks too much on this data",
                error_text(code, reason));
    default:
        break;
    }
    if (code < 0)
        return error_set(
                reterr, PRO_ERR_SYSTEM, "regular expression: %s", error_text(code, reason));
    *ret_result =
            (RegexResult){REGEX_MATCH, vector[0], vector[1] < vector[0] ? vector[0] : vector[1]};
    return PRO_OK;
}
