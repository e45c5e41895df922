/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "container/pattern.h"

#include "core/error.h"

#include <pcre2.h>
#include <stdlib.h>

/* A pattern that needs more than this for one match is refused with PRO_ERR_LIMIT. */
enum {
    REGEX_JIT_STACK_START = 64 << 10,
    REGEX_JIT_STACK_MAX = 8 << 20,
    REGEX_MATCH_LIMIT = 50000000,
};

struct Regex {
    pcre2_code *code;
    size_t lookbehind;
};

struct RegexRun {
    const Regex *regex;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static const char *error_text(int code, char text[128])
{
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, 128) < 0)
        return "unknown error";
    return text;
}

ProStatus regex_compile(
        const char *text, size_t size, uint32_t flags, Regex **ret_regex, ProError *reterr)
{
    if ((flags & ~(uint32_t)(PRO_REGEX_IGNORE_CASE | PRO_REGEX_MULTILINE | PRO_REGEX_DOT_ALL)) != 0)
        return error_set(reterr, PRO_ERR_INVALID, "regular expression: unknown flags 0x%x", flags);
    Regex *regex = calloc(1, sizeof *regex);
    if (regex == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a regular expression");
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
    options |= flags & PRO_REGEX_IGNORE_CASE ? PCRE2_CASELESS : 0;
    options |= flags & PRO_REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
    options |= flags & PRO_REGEX_DOT_ALL ? PCRE2_DOTALL : 0;
    int code = 0;
    size_t offset = 0;
    regex->code = pcre2_compile((PCRE2_SPTR)text, size, options, &code, &offset, NULL);
    if (regex->code == NULL) {
        char reason[128];
        free(regex);
        return error_set(reterr, PRO_ERR_INVALID, "regular expression: %s at character %zu",
                error_text(code, reason), offset);
    }
    /* Without JIT (a system that forbids it) the interpreter does the same, slower. */
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
    uint32_t lookbehind = 0;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_MAXLOOKBEHIND, &lookbehind);
    regex->lookbehind = lookbehind > 0 ? lookbehind : 1;
    *ret_regex = regex;
    return PRO_OK;
}

void regex_free(Regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_code_free(regex->code);
    free(regex);
}

size_t regex_lookbehind(const Regex *regex)
{
    return regex->lookbehind;
}

ProStatus regex_run_new(const Regex *regex, RegexRun **ret_run, ProError *reterr)
{
    RegexRun *run = calloc(1, sizeof *run);
    if (run == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a search");
    run->regex = regex;
    run->match = pcre2_match_data_create(1, NULL);
    run->context = pcre2_match_context_create(NULL);
    run->stack = pcre2_jit_stack_create(REGEX_JIT_STACK_START, REGEX_JIT_STACK_MAX, NULL);
    if (run->match == NULL || run->context == NULL) {
        regex_run_free(run);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a search");
    }
    if (run->stack != NULL)
        pcre2_jit_stack_assign(run->context, NULL, run->stack);
    (void)pcre2_set_match_limit(run->context, REGEX_MATCH_LIMIT);
    *ret_run = run;
    return PRO_OK;
}

void regex_run_free(RegexRun *run)
{
    if (run == NULL)
        return;
    pcre2_match_data_free(run->match);
    pcre2_match_context_free(run->context);
    pcre2_jit_stack_free(run->stack);
    free(run);
}

ProStatus regex_run(RegexRun *run, const uint8_t *data, size_t size, size_t start, bool more,
        RegexOutcome *ret_outcome, size_t *ret_begin, size_t *ret_end, ProError *reterr)
{
    uint32_t options = more ? PCRE2_PARTIAL_HARD : 0;
    int code = pcre2_match(run->regex->code, data, size, start, options, run->match, run->context);
    const size_t *vector = pcre2_get_ovector_pointer(run->match);
    char reason[128];
    switch (code) {
    case PCRE2_ERROR_NOMATCH:
        *ret_outcome = REGEX_NONE;
        return PRO_OK;
    case PCRE2_ERROR_PARTIAL:
        *ret_outcome = REGEX_NEED_MORE;
        *ret_begin = vector[0];
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
    *ret_outcome = REGEX_MATCH;
    *ret_begin = vector[0];
    *ret_end = vector[1] < vector[0] ? vector[0] : vector[1];
    return PRO_OK;
}
