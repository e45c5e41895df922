/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_BOX_H
#define PROMP_BOX_H

/*
 * A box: a text and buttons, one of which a person presses. Programs show one by
 * pro_ui_message_box() (promp/ui.h). A worker that has no window hands it up, level by level, to
 * the process that has a person in front of it; how that one shows it is here.
 *
 * Threads: pro_box_...(): no state. pro_shown_box_...(), and what ProBoxOps are called in: the
 * owner thread of the manager whose worker asks.
 */

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ProBoxButtons {
    PRO_BOX_OK = 1 << 0,
    PRO_BOX_CANCEL = 1 << 1,
    PRO_BOX_YES = 1 << 2,
    PRO_BOX_NO = 1 << 3
} ProBoxButtons;

#define PRO_BOX_BUTTONS ((unsigned)(PRO_BOX_OK | PRO_BOX_CANCEL | PRO_BOX_YES | PRO_BOX_NO))

typedef enum ProBoxIcon {
    PRO_BOX_ICON_NONE,
    PRO_BOX_ICON_INFORMATION,
    PRO_BOX_ICON_QUESTION,
    PRO_BOX_ICON_WARNING,
    PRO_BOX_ICON_ERROR
} ProBoxIcon;

typedef struct ProBox {
    const char *title; /* UTF-8, one line; NULL: "promp". Terminals do not show it. */
    const char *text;  /* UTF-8 */
    unsigned buttons;  /* ProBoxButtons, or'ed; 0: OK */
    ProBoxIcon icon;
} ProBox;

/* PRO_ERR_INVALID for buttons or an icon that there are not. */
PRO_API ProStatus pro_box_check(const ProBox *box, ProError *reterr);
/* The answer of a box that is closed otherwise, or that nobody can answer: the first of Cancel, No,
 * OK and Yes that it has. */
PRO_API ProBoxButtons pro_box_least(unsigned buttons);
/* "yes", "no", "ok", "cancel" */
PRO_API const char *pro_box_word(ProBoxButtons button);
/* What a line that was typed means: a word or its beginning; nothing at all: the first of Yes, No,
 * OK and Cancel that the box has. 0: it means none of its buttons. */
PRO_API ProBoxButtons pro_box_typed(const char *line, unsigned buttons);
/* What to type, for a person: "[Enter]", "[yes/no]", and what the icon says: "[error] ". Lent. */
PRO_API const char *pro_box_prompt(unsigned buttons);
PRO_API const char *pro_box_mark(ProBoxIcon icon);

/* ---- boxes of workers, in a manager's process ---- */

/* A worker's box. */
typedef struct ProShownBox ProShownBox;

/* Texts are printable (pro_text_printable()), `title` is not NULL, `buttons` not 0. Lent. */
PRO_API const ProBox *pro_shown_box_get(const ProShownBox *box);
/* The worker gets its answer, one of the box's buttons; 0: nobody is there to press one, so it is
 * the least, and a line on stderr says so. `box` is gone; close() is not called. */
PRO_API void pro_shown_box_answer(ProShownBox *box, ProBoxButtons button);

/* Shows boxes. Each manager shows one at a time. No member may wait for the person. */
typedef struct ProBoxOps {
    /* Shows it; it stays until it is answered or closed. False: not here, not now: the terminal is
     * asked. May call pro_boxes_set_ops(): then those are asked. */
    bool (*open)(void *user, ProShownBox *box);
    /* Nobody waits for its answer any more: the worker is dead, its task was cancelled, the manager
     * is closed. `box` is gone afterwards. */
    void (*close)(void *user, ProShownBox *box);
    /* Handles what the person did; called while one is open by whatever call of the manager
     * delivers. */
    void (*process_events)(void *user);
    /* A descriptor that is readable once the person did something; -1: look 50 times a second. */
    int (*wait_fd)(void *user);
} ProBoxOps;

/* Who shows the boxes of this process' workers; NULL: the terminal, without any user interface.
 * libpromp-ui sets it. Any thread, before there are boxes. */
PRO_API void pro_boxes_set_ops(const ProBoxOps *ops, void *user);

#ifdef __cplusplus
}
#endif

#endif
