/* SPDX-License-Identifier: Apache-2.0 */
/* sort < TEXT: its lines in order of their bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(void)
{
    static char text[1 << 22];
    static char *lines[1 << 17];
    size_t size = fread(text, 1, sizeof text - 1, stdin), count = 0;
    for (char *line = text; line < text + size && count < 1 << 17;) {
        char *end = memchr(line, '\n', (size_t)(text + size - line));
        lines[count++] = line;
        if (end == NULL)
            break;
        *end = '\0';
        line = end + 1;
    }
    qsort(lines, count, sizeof lines[0], compare);
    for (size_t i = 0; i < count; i++)
        (void)puts(lines[i]);
    return 0;
}
