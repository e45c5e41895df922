/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_ANSWERS_H
#define UI_ANSWERS_H

#include "ui/hexview/view_private.h"

/*
 * Test programs are asked by standard input, a line each, and answer with a line: display.py does
 * that. All of them know these:
 *
 *   texts          what labels and fields show, separated by bars
 *   state          of the hex view that is shown
 *   where LABEL    x and y of the middle of the button with that label, in the window
 *   clipboard      its text, escaped
 *
 * `more` answers others, and is false for what it does not know either. The loop ends with the
 * input.
 */
typedef bool (*AnswersFn)(const char *line);

void answers_start(GtkWidget *window, GMainLoop *loop, AnswersFn more);

#endif
