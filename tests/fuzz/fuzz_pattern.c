/* SPDX-License-Identifier: Apache-2.0 */

/* Patterns are typed by users and come with rules from elsewhere; the data is hostile. First byte:
 * the kind of pattern; up to the first NUL its text; the rest is searched. Cap: 4 KiB. */

#include <promp/search.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool ignore(void *user, const ProMatch *match)
{
    (void)match;
    return ++*(int *)user < 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size < 2 || size > 4096 ? NULL : memchr(data + 1, 0, size - 1);
    if (end == NULL)
        return 0;
    const char *text = (const char *)data + 1;
    size_t length = (size_t)(end - data) - 1;
    ProPattern *pattern;
    ProStatus status = data[0] % 3 == 0   ? pro_pattern_new_bytes(text, length, &pattern, NULL)
                       : data[0] % 3 == 1 ? pro_pattern_new_hex(text, &pattern, NULL)
                                          : pro_pattern_new_regex(
                                                    text, length, data[0] / 3 % 8, &pattern, NULL);
    if (status != PRO_OK)
        return 0;
    ProContainer *container;
    int count = 0;
    size_t left = size - (size_t)(end - data) - 1;
    if (pro_container_new_copy(end + 1, left, &container, NULL) == PRO_OK) {
        (void)pro_container_find_all(container, pattern, 0, PRO_TO_END, NULL, ignore, &count, NULL);
        pro_container_unref(container);
    }
    pro_pattern_unref(pattern);
    return 0;
}
