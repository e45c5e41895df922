/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_TERM_PRIVATE_H
#define UI_TERM_PRIVATE_H

#include "terminal.h"

#include <stdio.h>

/*
 * Views on the terminal. The files, by noun:
 *   backend.c  the backend's table: what is opened is printed, lines that are typed act
 *   print.c    a view as plain text
 *   lines.c    lines that change: progress
 *   wait.c     wait objects
 *   ask.c      lines that are typed, file names
 *   box.c      boxes
 *
 * Views and questions go to standard output, progress to standard error.
 */

/* ---- print.c ---- */

enum { TERM_ROWS_MAX = 40, TERM_HEX_ROWS = 16, TERM_BAR_CELLS = 24 };

/* Control characters, which would steer the terminal, become '?'. */
void term_print_text(FILE *out, const char *text);
/* One control and what is below it, whole lines. */
void term_print_view(FILE *out, ProView *view);
/* "name  [#####----]  42 %" */
void term_print_progress(FILE *out, const ProView *view);
void term_print_bar(FILE *out, double fraction);

/* ---- lines.c ---- */

typedef struct TermLine TermLine;

/* A line that changes in place on a terminal; elsewhere it is printed anew, at most once a second.
 * NULL without memory, which the others take. */
TermLine *term_line_new(void);
void term_line_set(TermLine *line, const char *text);
/* Its last text stays, as an ordinary line, if it was not printed. */
void term_line_free(TermLine *line);
/* Around ordinary output: takes the lines that change off the screen, and puts them back below it.
 */
FILE *term_lines_begin_print(void);
void term_lines_end_print(void);
/* Whether the output is a terminal that understands escape sequences; and whether colours are
 * wanted. */
bool term_lines_are_live(void);
bool term_lines_have_colour(void);
bool term_lines_have_utf8(void);

/* ---- wait.c ---- */

void term_wait_begin(ProUiWait *wait);
void term_wait_end(ProUiWait *wait);
bool term_wait_was_aborted(ProUiWait *wait);
void term_wait_show(ProUiWait *wait);
void term_wait_hide(ProUiWait *wait);

/* ---- ask.c ---- */

typedef enum TermInput {
    TERM_INPUT_LINE, /* `line` has one, without its end */
    TERM_INPUT_NONE, /* not yet */
    TERM_INPUT_ENDED /* there is nobody to ask */
} TermInput;

/* Reads on without waiting. The line is valid until the next call. */
TermInput term_input_poll(const char **ret_line);
/* The descriptor to wait for, or -1: nobody, or not now. */
int term_input_fd(void);

/* Handles events until a line is there, or will never be. What is typed meanwhile is this call's.
 */
ProStatus term_ask(TermInput *ret_input, const char **ret_line, ProError *reterr);
bool term_is_asking(void);
ProStatus term_ask_file(bool save, const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr);

/* ---- box.c ---- */

ProStatus term_ask_box(const ProBox *box, ProBoxButtons *ret_button, ProError *reterr);
void term_box_open(ProShownBox *box);
void term_box_close(ProShownBox *box);
bool term_box_is_open(void);
/* A line for the one that is open, or the end of all lines. */
void term_box_on_input(TermInput input, const char *typed);

#endif
