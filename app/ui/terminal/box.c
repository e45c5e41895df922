/* SPDX-License-Identifier: Apache-2.0 */

/* Boxes: this process' own, which wait for their answer, and those of its workers, which do not. */

#include "term_private.h"

#include <promp/worker.h>

#include <stdlib.h>

static void print_box(const ProBox *box)
{
    FILE *out = term_lines_begin_print();
    (void)fputs(pro_box_mark(box->icon), out);
    term_print_text(out, box->text);
    (void)fprintf(out, "\n%s\n", pro_box_prompt(box->buttons));
    term_lines_end_print();
}

/* ---- our own ---- */

static void tell_unattended(const ProBox *box, ProBoxButtons button)
{
    if ((box->buttons & (box->buttons - 1)) == 0)
        return; /* there was no choice */
    (void)term_lines_begin_print();
    (void)fputs("promp: nobody is there to answer \"", stderr);
    term_print_text(stderr, box->text);
    (void)fprintf(stderr, "\": %s\n", pro_box_word(button));
    term_lines_end_print();
}

ProStatus term_ask_box(const ProBox *box, ProBoxButtons *ret_button, ProError *reterr)
{
    ProWorker *worker = pro_worker_current();
    if (worker != NULL)
        return pro_worker_show_box(
                worker, box, loop_has_check() ? loop_goes_on : NULL, NULL, ret_button, reterr);
    for (;;) {
        TermInput input;
        const char *typed;
        print_box(box);
        ProStatus status = term_ask(&input, &typed, reterr);
        if (status != PRO_OK)
            return status;
        ProBoxButtons answer = input == TERM_INPUT_ENDED ? pro_box_least(box->buttons)
                                                         : pro_box_typed(typed, box->buttons);
        if (input == TERM_INPUT_ENDED)
            tell_unattended(box, answer);
        if (answer != 0) {
            *ret_button = answer;
            return PRO_OK;
        }
    }
}

/* ---- those of workers ---- */

/* The first is on the screen, the others wait: each manager of this thread may have one. */
typedef struct Waiting {
    struct Waiting *next;
    ProShownBox *box;
} Waiting;

static Waiting *first;

static void print_first(void)
{
    if (first != NULL)
        print_box(pro_shown_box_get(first->box));
}

static ProShownBox *take_off(Waiting **place)
{
    Waiting *waiting = *place;
    ProShownBox *box = waiting->box;
    *place = waiting->next;
    free(waiting);
    return box;
}

void term_box_open(ProShownBox *box)
{
    Waiting **place = &first;
    Waiting *waiting = malloc(sizeof *waiting);
    if (waiting == NULL) {
        pro_shown_box_answer(box, 0);
        return;
    }
    *waiting = (Waiting){.box = box};
    while (*place != NULL)
        place = &(*place)->next;
    *place = waiting;
    if (first == waiting)
        print_first();
}

void term_box_close(ProShownBox *box)
{
    for (Waiting **place = &first; *place != NULL; place = &(*place)->next) {
        if ((*place)->box != box)
            continue;
        bool was_shown = place == &first;
        (void)take_off(place);
        if (was_shown) {
            (void)fputs("[closed]\n", term_lines_begin_print());
            term_lines_end_print();
            print_first();
        }
        return;
    }
}

bool term_box_is_open(void)
{
    return first != NULL;
}

void term_box_on_input(TermInput input, const char *typed)
{
    const ProBox *box = pro_shown_box_get(first->box);
    ProBoxButtons answer = input == TERM_INPUT_LINE ? pro_box_typed(typed, box->buttons) : 0;
    if (input == TERM_INPUT_LINE && answer == 0) {
        print_first(); /* not understood: once more */
        return;
    }
    pro_shown_box_answer(take_off(&first), answer);
    print_first();
}
