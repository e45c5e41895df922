/* SPDX-License-Identifier: Apache-2.0 */

/* The reader of expressions (regex_shape.h) and the filter must not hide what PCRE2 alone finds.
 * First byte: flags; second: bytes of a window; up to the first NUL the expression; the rest is
 * searched. Cap: 1 KiB. */

#include "container/regex.h"
#include "support/regex_reference.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ReferenceMatches expected, found;
    const uint8_t *end = size < 3 || size > 1024 ? NULL : memchr(data + 2, 0, size - 2);
    if (end == NULL)
        return 0;
    const char *text = (const char *)data + 2;
    size_t length = (size_t)(end - data) - 2;
    Regex *regex;
    if (regex_compile(text, length, data[0] % 8, &regex, NULL) != PRO_OK)
        return 0;
    /* What nothing is known of is PCRE2 alone. */
    const uint8_t *searched = end + 1;
    size_t left = size - (size_t)(searched - data);
    if (regex_filter(regex) != NULL &&
            reference_plain(text, length, data[0] % 8, searched, left, &expected) &&
            reference_ours(regex, searched, left, 1u + data[1], true, &found) &&
            !reference_same(&expected, &found))
        abort();
    regex_free(regex);
    return 0;
}
