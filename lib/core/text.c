/* SPDX-License-Identifier: Apache-2.0 */
#include <promp/text.h>

#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The bytes of the character at `data`; 0 if it is malformed. */
static size_t character_size(const uint8_t *data, size_t size, uint32_t *ret_code)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = data[0] < 0x80 ? 1 : data[0] >> 5 == 6 ? 2 : data[0] >> 4 == 14 ? 3 : 4;
    if (length > size || (length == 4 && data[0] >> 3 != 30))
        return 0;
    uint32_t code = length == 1 ? data[0] : data[0] & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if (data[i] >> 6 != 2)
            return 0;
        code = code << 6 | (data[i] & 63);
    }
    *ret_code = code;
    bool surrogate = code >= 0xD800 && code < 0xE000;
    return code >= lowest[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

static bool is_shown(uint32_t code, bool keep_lines)
{
    if (code == '\n' || code == '\t')
        return keep_lines;
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    bool separator = code == 0x2028 || code == 0x2029;
    bool direction = code == 0x61C || (code >= 0x200E && code <= 0x200F) ||
                     (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return !control && !separator && !direction;
}

/* How many bytes at `data` are ASCII that is shown: most of most texts, copied at once. */
static size_t plain_part(const uint8_t *data, size_t size)
{
    size_t count = 0;
    while (count < size && data[count] >= 0x20 && data[count] < 0x7F)
        count++;
    return count;
}

size_t pro_text_printable(
        char *ret_text, size_t capacity, const void *data, size_t size, bool keep_lines)
{
    const uint8_t *bytes = data;
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        size_t room = capacity - 1 - used;
        size_t plain = plain_part(bytes + at, size - at < room ? size - at : room);
        memcpy(ret_text + used, bytes + at, plain);
        used += plain;
        at += plain;
        if (at == size)
            break;
        uint32_t code = 0;
        size_t length = character_size(bytes + at, size - at, &code);
        bool shown = length > 0 && is_shown(code, keep_lines);
        const void *from = shown ? (const void *)(bytes + at) : replacement;
        size_t written = shown ? length : sizeof replacement - 1;
        if (used + written >= capacity)
            break;
        memcpy(ret_text + used, from, written);
        used += written;
        at += length > 0 ? length : 1;
    }
    ret_text[used] = '\0';
    return used;
}
