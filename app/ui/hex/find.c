/* SPDX-License-Identifier: Apache-2.0 */
#include "find.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20 };

const char *hex_find_kind_name(HexFindKind kind)
{
    static const char *const names[] = {"Text", "UTF-16", "Hex", "Regex"};
    return kind < HEX_FIND_KINDS ? names[kind] : "";
}

static ProStatus fail(ProError *reterr, ProStatus status, const char *text)
{
    if (reterr != NULL) {
        *reterr = (ProError){.status = status};
        (void)snprintf(reterr->text, sizeof reterr->text, "%s", text);
    }
    return status;
}

/* ---- patterns ---- */

/* A letter matches both of its cases if the bit that tells them apart does not count. */
static ProStatus compile_bytes(const uint8_t *bytes, size_t size, unsigned step, bool ignore_case,
        ProPattern **ret_pattern, ProError *reterr)
{
    if (!ignore_case)
        return pro_pattern_new_bytes(bytes, size, ret_pattern, reterr);
    uint8_t *mask = malloc(size);
    if (mask == NULL)
        return fail(reterr, PRO_ERR_NO_MEMORY, "no memory for the pattern");
    memset(mask, 0xFF, size);
    for (size_t i = 0; i < size; i += step)
        if (isalpha(bytes[i]) && bytes[i] < 0x80 && (step == 1 || bytes[i + 1] == 0))
            mask[i] = 0xDF;
    ProStatus status = pro_pattern_new_masked(bytes, mask, size, ret_pattern, reterr);
    free(mask);
    return status;
}

/* The user interface's texts are valid UTF-8; what is not becomes U+FFFD. */
static uint32_t next_character(const uint8_t **at)
{
    const uint8_t *text = *at;
    unsigned more = text[0] < 0x80 ? 0 : text[0] >> 5 == 6 ? 1 : text[0] >> 4 == 14 ? 2 : 3;
    uint32_t code = more == 0 ? text[0] : text[0] & (0x3FU >> more);
    (*at)++;
    for (; more > 0; more--, (*at)++) {
        if (**at >> 6 != 2)
            return 0xFFFD;
        code = code << 6 | (**at & 63);
    }
    return code > 0x10FFFF ? 0xFFFD : code;
}

static ProStatus compile_utf16(
        const char *text, bool ignore_case, ProPattern **ret_pattern, ProError *reterr)
{
    uint8_t *bytes = malloc(strlen(text) * 2 + 2);
    size_t size = 0;
    if (bytes == NULL)
        return fail(reterr, PRO_ERR_NO_MEMORY, "no memory for the pattern");
    for (const uint8_t *at = (const uint8_t *)text; *at != 0;) {
        uint32_t code = next_character(&at);
        uint32_t units[2] = {code, 0};
        if (code >= 0x10000) {
            units[0] = 0xD800 + ((code - 0x10000) >> 10);
            units[1] = 0xDC00 + ((code - 0x10000) & 1023);
        }
        for (size_t i = 0; i < 2 && (i == 0 || units[i] != 0); i++) {
            bytes[size++] = (uint8_t)units[i];
            bytes[size++] = (uint8_t)(units[i] >> 8);
        }
    }
    ProStatus status = compile_bytes(bytes, size, 2, ignore_case, ret_pattern, reterr);
    free(bytes);
    return status;
}

ProStatus hex_find_compile(HexFindKind kind, const char *text, bool ignore_case,
        ProPattern **ret_pattern, ProError *reterr)
{
    if (text[0] == '\0')
        return fail(reterr, PRO_ERR_INVALID, "nothing to find: the text is empty");
    if (kind == HEX_FIND_TEXT)
        return compile_bytes(
                (const uint8_t *)text, strlen(text), 1, ignore_case, ret_pattern, reterr);
    if (kind == HEX_FIND_UTF16)
        return compile_utf16(text, ignore_case, ret_pattern, reterr);
    if (kind == HEX_FIND_HEX)
        return pro_pattern_new_hex(text, ret_pattern, reterr);
    return pro_pattern_new_regex(
            text, strlen(text), ignore_case ? PRO_REGEX_IGNORE_CASE : 0, ret_pattern, reterr);
}

/* ---- forwards ---- */

ProStatus hex_find_next(const ProContainer *container, const ProPattern *pattern, uint64_t from,
        const ProProgress *progress, ProMatch *ret_match, bool *ret_wrapped, ProError *reterr)
{
    uint64_t size = pro_container_size(container);
    if (from > size)
        from = size;
    *ret_wrapped = false;
    ProStatus status = pro_container_find_first(
            container, pattern, from, PRO_TO_END, progress, ret_match, reterr);
    if (status != PRO_ERR_NOT_FOUND || from == 0)
        return status;
    /* A match may begin before `from` and end behind it. */
    uint64_t end = size - from > HEX_FIND_MATCH_MAX ? from + HEX_FIND_MATCH_MAX : size;
    *ret_wrapped = true;
    return pro_container_find_first(container, pattern, 0, end, progress, ret_match, reterr);
}

/* ---- backwards ---- */

static ProStatus tell(const ProProgress *progress, uint64_t done, uint64_t total, ProError *reterr)
{
    if (progress == NULL || progress->ops == NULL)
        return PRO_OK;
    if (progress->ops->progress != NULL && total > 0)
        progress->ops->progress(progress->user, (int64_t)((double)done / (double)total * 100));
    if (progress->ops->was_aborted != NULL && progress->ops->was_aborted(progress->user))
        return fail(reterr, PRO_ERR_ABORTED, "cancelled");
    return PRO_OK;
}

typedef struct Backwards {
    const ProContainer *container;
    const ProPattern *pattern;
    bool overlaps; /* are matches sought that begin inside another one? */
    const ProProgress *progress;
    uint64_t done; /* bytes */
    uint64_t total;
    uint8_t *buffer; /* a window and what a match may reach behind it */
} Backwards;

/* The last match in `window` that begins before `limit`. */
static ProStatus last_in_window(const Backwards *run, const ProContainer *window, uint64_t limit,
        ProMatch *ret_match, ProError *reterr)
{
    ProStatus found = PRO_ERR_NOT_FOUND;
    uint64_t from = 0;
    while (from < limit) {
        ProMatch match;
        ProStatus status = pro_container_find_first(
                window, run->pattern, from, PRO_TO_END, NULL, &match, reterr);
        if (status != PRO_OK && status != PRO_ERR_NOT_FOUND)
            return status;
        if (status != PRO_OK || match.offset >= limit)
            break;
        *ret_match = match;
        found = PRO_OK;
        from = match.offset + (run->overlaps || match.size == 0 ? 1 : match.size);
    }
    return found;
}

/* Matches that begin in [begin, begin + size). */
static ProStatus find_in(
        Backwards *run, uint64_t begin, size_t size, ProMatch *ret_match, ProError *reterr)
{
    uint64_t left = pro_container_size(run->container) - begin;
    size_t loaded = size + HEX_FIND_MATCH_MAX < left ? size + HEX_FIND_MATCH_MAX : (size_t)left;
    ProContainer *window = NULL;
    ProStatus status = tell(run->progress, run->done, run->total, reterr);
    if (status == PRO_OK)
        status = pro_container_read(run->container, begin, run->buffer, loaded, reterr);
    if (status == PRO_OK)
        status = pro_container_new_borrow(run->buffer, loaded, NULL, NULL, &window, reterr);
    if (status != PRO_OK)
        return status;
    status = last_in_window(run, window, size, ret_match, reterr);
    pro_container_unref(window);
    if (status == PRO_OK)
        ret_match->offset += begin;
    run->done += size;
    return status;
}

/* From `end` down to `begin`. */
static ProStatus find_down(
        Backwards *run, uint64_t begin, uint64_t end, ProMatch *ret_match, ProError *reterr)
{
    while (end > begin) {
        size_t size = end - begin < WINDOW_BYTES ? (size_t)(end - begin) : WINDOW_BYTES;
        end -= size;
        ProStatus status = find_in(run, end, size, ret_match, reterr);
        if (status != PRO_ERR_NOT_FOUND)
            return status;
    }
    return PRO_ERR_NOT_FOUND;
}

ProStatus hex_find_previous(const ProContainer *container, const ProPattern *pattern,
        HexFindKind kind, uint64_t from, const ProProgress *progress, ProMatch *ret_match,
        bool *ret_wrapped, ProError *reterr)
{
    uint64_t size = pro_container_size(container);
    Backwards run = {.container = container,
            .pattern = pattern,
            .overlaps = kind != HEX_FIND_REGEX,
            .progress = progress,
            .total = size,
            .buffer = malloc(WINDOW_BYTES + HEX_FIND_MATCH_MAX)};
    if (run.buffer == NULL)
        return fail(reterr, PRO_ERR_NO_MEMORY, "no memory to search backwards");
    if (from > size)
        from = size;
    *ret_wrapped = false;
    ProStatus status = find_down(&run, 0, from, ret_match, reterr);
    if (status == PRO_ERR_NOT_FOUND) {
        *ret_wrapped = true;
        status = find_down(&run, from, size, ret_match, reterr);
    }
    free(run.buffer);
    return status;
}
