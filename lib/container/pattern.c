/* SPDX-License-Identifier: Apache-2.0 */
#include "container/pattern.h"

#include "core/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static ProStatus check_size(size_t size, ProError *reterr)
{
    if (size == 0)
        return error_set(reterr, PRO_ERR_INVALID, "an empty pattern cannot be searched for");
    if (size > PRO_PATTERN_SIZE_MAX)
        return error_set(reterr, PRO_ERR_LIMIT, "the pattern has %zu bytes; %zu are possible", size,
                PRO_PATTERN_SIZE_MAX);
    return PRO_OK;
}

static ProPattern *pattern_alloc(size_t size, bool masked)
{
    ProPattern *pattern = calloc(1, sizeof *pattern);
    if (pattern == NULL)
        return NULL;
    atomic_init(&pattern->references, 1);
    pattern->size = size;
    pattern->bytes = size > 0 ? malloc(size) : NULL;
    pattern->mask = masked ? malloc(size) : NULL;
    if ((size > 0 && pattern->bytes == NULL) || (masked && pattern->mask == NULL)) {
        pro_pattern_unref(pattern);
        return NULL;
    }
    return pattern;
}

ProPattern *pro_pattern_ref(ProPattern *pattern)
{
    (void)atomic_fetch_add_explicit(&pattern->references, 1, memory_order_relaxed);
    return pattern;
}

void pro_pattern_unref(ProPattern *pattern)
{
    if (pattern == NULL ||
            atomic_fetch_sub_explicit(&pattern->references, 1, memory_order_acq_rel) != 1)
        return;
    regex_free(pattern->regex);
    free(pattern->bytes);
    free(pattern->mask);
    free(pattern);
}

ProStatus pro_pattern_new_bytes(
        const void *data, size_t size, ProPattern **ret_pattern, ProError *reterr)
{
    ProStatus status = check_size(size, reterr);
    if (status != PRO_OK)
        return status;
    ProPattern *pattern = pattern_alloc(size, false);
    if (pattern == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a pattern of %zu bytes", size);
    memcpy(pattern->bytes, data, size);
    *ret_pattern = pattern;
    return PRO_OK;
}

ProStatus pro_pattern_new_masked(
        const void *data, const void *mask, size_t size, ProPattern **ret_pattern, ProError *reterr)
{
    ProStatus status = check_size(size, reterr);
    if (status != PRO_OK)
        return status;
    const uint8_t *mask_bytes = mask;
    bool all = true;
    bool any = false;
    for (size_t i = 0; i < size; i++) {
        all = all && mask_bytes[i] == 0xFF;
        any = any || mask_bytes[i] != 0;
    }
    if (!any)
        return error_set(reterr, PRO_ERR_INVALID,
                "the pattern of %zu bytes matches anything: at least one bit must be fixed", size);
    if (all)
        return pro_pattern_new_bytes(data, size, ret_pattern, reterr);
    ProPattern *pattern = pattern_alloc(size, true);
    if (pattern == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a pattern of %zu bytes", size);
    for (size_t i = 0; i < size; i++) {
        pattern->mask[i] = mask_bytes[i];
        pattern->bytes[i] = ((const uint8_t *)data)[i] & mask_bytes[i];
    }
    *ret_pattern = pattern;
    return PRO_OK;
}

/* One hexadecimal digit or "?" into four bits of value and mask; false if it is neither. */
static bool parse_digit(char letter, uint8_t *value, uint8_t *mask)
{
    int digit = letter >= '0' && letter <= '9'   ? letter - '0'
                : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                                 : -1;
    if (digit < 0 && letter != '?')
        return false;
    *value = (uint8_t)(*value << 4 | (digit < 0 ? 0 : digit));
    *mask = (uint8_t)(*mask << 4 | (digit < 0 ? 0 : 15));
    return true;
}

static ProStatus parse_hex(
        const char *text, uint8_t *values, uint8_t *masks, size_t *ret_size, ProError *reterr)
{
    size_t size = 0;
    for (size_t i = 0; text[i] != 0;) {
        if (isspace((unsigned char)text[i])) {
            i++;
            continue;
        }
        uint8_t value = 0;
        uint8_t mask = 0;
        for (size_t end = i + 2; i < end; i++)
            if (!parse_digit(text[i], &value, &mask))
                return error_set(reterr, PRO_ERR_INVALID,
                        "hex pattern: at character %zu stands %s%.1s%s where a digit or ? of a byte was expected",
                        i, text[i] == 0 ? "the end" : "\"", text + i, text[i] == 0 ? "" : "\"");
        values[size] = value;
        masks[size] = mask;
        size++;
    }
    *ret_size = size;
    return PRO_OK;
}

ProStatus pro_pattern_new_hex(const char *text, ProPattern **ret_pattern, ProError *reterr)
{
    size_t length = strlen(text);
    ProStatus status = check_size(length, reterr);
    if (status != PRO_OK)
        return status;
    uint8_t *values = malloc(length);
    uint8_t *masks = malloc(length);
    size_t size = 0;
    if (values == NULL || masks == NULL)
        status = error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a pattern");
    else
        status = parse_hex(text, values, masks, &size, reterr);
    if (status == PRO_OK)
        status = pro_pattern_new_masked(values, masks, size, ret_pattern, reterr);
    free(values);
    free(masks);
    return status;
}

ProStatus pro_pattern_new_regex(
        const char *text, size_t size, uint32_t flags, ProPattern **ret_pattern, ProError *reterr)
{
    ProStatus status = check_size(size, reterr);
    if (status != PRO_OK)
        return status;
    ProPattern *pattern = pattern_alloc(0, false);
    if (pattern == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a pattern");
    status = regex_compile(text, size, flags, &pattern->regex, reterr);
    if (status != PRO_OK) {
        pro_pattern_unref(pattern);
        return status;
    }
    *ret_pattern = pattern;
    return PRO_OK;
}
