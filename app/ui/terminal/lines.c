/* SPDX-License-Identifier: Apache-2.0 */

/* Lines that change. On a terminal they stand below everything else, as a block that is drawn anew.
 */

#include "term_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MS_NS INT64_C(1000000)

enum { LINE_BYTES = 512, DRAW_EVERY_MS = 50, PLAIN_EVERY_MS = 1000 };

struct TermLine {
    TermLine *next;
    char text[LINE_BYTES];
    char printed[LINE_BYTES]; /* where nothing changes in place */
    int64_t printed_ns;
};

static TermLine *first;
static int drawn; /* lines of the block on the screen */
static int64_t drawn_ns;

bool term_lines_are_live(void)
{
    static int live = -1;
    const char *terminal = getenv("TERM");
    if (live < 0)
        live = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0 &&
               terminal[0] != '\0';
    return live != 0;
}

bool term_lines_have_colour(void)
{
    const char *without = getenv("NO_COLOR");
    return term_lines_are_live() && (without == NULL || without[0] == '\0');
}

bool term_lines_have_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *locale = getenv(names[i]);
        if (locale != NULL && locale[0] != '\0')
            return strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL;
    }
    return false;
}

static void screen_size(int *ret_rows, int *ret_columns)
{
    struct winsize size = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    *ret_rows = known ? size.ws_row : 24;
    *ret_columns = known ? size.ws_col : 80;
}

/* As many characters as fit; escape sequences take no room, and the last one puts everything back.
 */
static void put_fitting(const char *text, int columns)
{
    int used = 0;
    for (const char *c = text; *c != '\0' && used < columns; c++) {
        if (*c == '\x1b') {
            const char *end = strchr(c, 'm');
            if (end == NULL)
                break;
            (void)fwrite(c, 1, (size_t)(end - c) + 1, stderr);
            c = end;
            continue;
        }
        used += ((unsigned char)*c & 0xC0) != 0x80;
        if (used < columns)
            (void)fputc(*c, stderr);
    }
    if (term_lines_have_colour())
        (void)fputs("\x1b[0m", stderr);
}

static void erase(void)
{
    if (drawn > 0)
        (void)fprintf(stderr, "\x1b[%dA\r\x1b[J", drawn);
    drawn = 0;
}

static void draw(void)
{
    int rows;
    int columns;
    int left = 0;
    screen_size(&rows, &columns);
    erase();
    for (const TermLine *line = first; line != NULL; line = line->next) {
        if (line->text[0] == '\0')
            continue;
        if (drawn >= rows - 2) {
            left++;
            continue;
        }
        put_fitting(line->text, columns);
        (void)fputs("\n", stderr);
        drawn++;
    }
    if (left > 0) {
        (void)fprintf(stderr, "... and %d more\n", left);
        drawn++;
    }
    (void)fflush(stderr);
    drawn_ns = loop_now_ns();
}

TermLine *term_line_new(void)
{
    TermLine *line = calloc(1, sizeof *line);
    TermLine **place = &first;
    while (*place != NULL)
        place = &(*place)->next;
    *place = line;
    return line;
}

static void print_plain(TermLine *line)
{
    if (strcmp(line->text, line->printed) == 0)
        return;
    (void)fprintf(stderr, "%s\n", line->text);
    (void)fflush(stderr);
    memcpy(line->printed, line->text, sizeof line->printed);
    line->printed_ns = loop_now_ns();
}

void term_line_set(TermLine *line, const char *text)
{
    if (line == NULL || strncmp(line->text, text, LINE_BYTES - 1) == 0)
        return;
    size_t size = strnlen(text, LINE_BYTES - 1);
    memcpy(line->text, text, size);
    line->text[size] = '\0';
    int64_t now = loop_now_ns();
    if (!term_lines_are_live()) {
        if (line->printed_ns == 0 || now - line->printed_ns >= PLAIN_EVERY_MS * MS_NS)
            print_plain(line);
    } else if (now - drawn_ns >= DRAW_EVERY_MS * MS_NS) {
        draw();
    }
}

void term_line_free(TermLine *line)
{
    if (line == NULL)
        return;
    for (TermLine **place = &first; *place != NULL; place = &(*place)->next) {
        if (*place == line) {
            *place = line->next;
            break;
        }
    }
    if (term_lines_are_live()) {
        int rows;
        int columns;
        screen_size(&rows, &columns);
        erase();
        if (line->text[0] != '\0') {
            put_fitting(line->text, columns);
            (void)fputs("\n", stderr);
        }
        draw();
    } else {
        print_plain(line);
    }
    free(line);
}

FILE *term_lines_begin_print(void)
{
    if (term_lines_are_live()) {
        erase();
        (void)fflush(stderr);
    }
    return stdout;
}

void term_lines_end_print(void)
{
    (void)fflush(stdout);
    if (term_lines_are_live())
        draw();
}
