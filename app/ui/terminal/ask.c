/* SPDX-License-Identifier: Apache-2.0 */

/* What the person types: lines, file names. Read by bytes, so that nothing is taken from
 * what the program itself reads later. */

#include "term_private.h"

#include <promp/worker.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static char line[LINE_MAX_BYTES];
static size_t line_size;
static bool has_ended;

/* Reading from the background would stop the whole process; a worker has nobody in front of it. */
static bool may_read(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground < 0 || foreground == getpgrp();
}

int term_input_fd(void)
{
    return has_ended || !may_read() ? -1 : STDIN_FILENO;
}

static TermInput give_line(const char **ret_line)
{
    line[line_size] = '\0';
    line_size = 0;
    *ret_line = line;
    return TERM_INPUT_LINE;
}

TermInput term_input_poll(const char **ret_line)
{
    if (pro_worker_process_level() > 0)
        has_ended = true;
    while (!has_ended) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char c;
        if (!may_read() || poll(&input, 1, 0) <= 0)
            return TERM_INPUT_NONE;
        ssize_t size = read(STDIN_FILENO, &c, 1);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            return TERM_INPUT_NONE;
        has_ended = size <= 0;
        if (size == 1 && c == '\n')
            return give_line(ret_line);
        if (size == 1 && line_size + 1 < sizeof line)
            line[line_size++] = c;
        if (has_ended && line_size > 0)
            return give_line(ret_line);
    }
    return TERM_INPUT_ENDED;
}

static bool input_is_there(void *user)
{
    TermInput *input = user;
    const char *ignored;
    if (*input == TERM_INPUT_NONE)
        *input = term_input_poll(&ignored);
    return *input != TERM_INPUT_NONE;
}

static bool asking;

bool term_is_asking(void)
{
    return asking;
}

ProStatus term_ask(TermInput *ret_input, const char **ret_line, ProError *reterr)
{
    bool before = asking;
    *ret_input = TERM_INPUT_NONE;
    *ret_line = line;
    asking = true;
    ProStatus status = loop_wait_until(input_is_there, ret_input, reterr);
    asking = before;
    return status;
}

/* ---- files ---- */

static void complain(const char *path, const char *why)
{
    FILE *out = term_lines_begin_print();
    term_print_text(out, path);
    (void)fprintf(out, ": %s\n", why);
    term_lines_end_print();
}

/* NULL, or why the answer does not do. */
static const char *check_path(bool save, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return save && errno == ENOENT ? NULL : strerror(errno);
    return S_ISDIR(status.st_mode) ? "is a folder" : NULL;
}

ProStatus term_ask_file(bool save, const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr)
{
    (void)start;
    for (;;) {
        TermInput input;
        const char *typed;
        FILE *out = term_lines_begin_print();
        term_print_text(out, title);
        (void)fprintf(out, "%s%s%s [path, or Enter for none]\n",
                filters == NULL || filters[0] == '\0' ? "" : " ", filters == NULL ? "" : filters,
                title != NULL && title[0] != '\0' ? ""
                : save                            ? "Save as"
                                                  : "Open");
        term_lines_end_print();
        ProStatus status = term_ask(&input, &typed, reterr);
        if (status != PRO_OK)
            return status;
        const char *path = input == TERM_INPUT_ENDED ? "" : typed;
        const char *why = path[0] == '\0' ? NULL : check_path(save, path);
        if (why != NULL) {
            complain(path, why);
            continue;
        }
        *ret_path = strdup(path);
        return *ret_path != NULL ? PRO_OK
                                 : ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a path");
    }
}
