/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_LEAK_H
#define UI_LEAK_H

#include <gtk/gtk.h>

/*
 * Opens and closes something many times and tells what the process had more of afterwards:
 *
 *   PROGRAM KIND ROUNDS
 *
 * After as many rounds to fill caches and as many again to measure, prints "heap=BYTES fds=N
 * threads=N windows=N widgets=N": how much each grew between them; bytes in use, not what malloc
 * keeps; widgets of windows that were closed. Then the names of widgets that stayed, each with how
 * many.
 */

typedef struct LeakKind {
    const char *name;
    void (*round)(void);
} LeakKind;

/* The last kind has no name. Returns the exit status. */
int leak_main(int argc, char **argv, const LeakKind *kinds);

/* Closes every window, as a person does, once it is drawn; while events are handled. */
void leak_close_windows_once_drawn(void);
/* Handles events until no window is there. */
void leak_wait_for_no_window(void);

#endif
