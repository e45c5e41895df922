/* SPDX-License-Identifier: Apache-2.0 */

/* Views on the terminal: printed when they open, and again where they change; lines that are typed
 * press their buttons. */

#include "term_private.h"

#include <promp/manager.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES_MAX (16u << 20) /* of a text: beyond it, its first half is forgotten */

/* ProView.native of an open view: how far it is. */
static char opened;
static char shown;

static bool is_shown(const ProView *view)
{
    return view->native == &shown;
}

static void mark(ProView *view, void *state)
{
    view->native = state;
    for (size_t i = 0; i < view->child_count; i++)
        mark(view->children[i], state);
}

/* Lines of the progress bars of open views. */
typedef struct Bar {
    struct Bar *next;
    const ProView *view;
    TermLine *line;
} Bar;

static Bar *bars;

static TermLine *bar_line(const ProView *view)
{
    for (Bar *bar = bars; bar != NULL; bar = bar->next)
        if (bar->view == view)
            return bar->line;
    Bar *bar = malloc(sizeof *bar);
    if (bar == NULL)
        return NULL;
    *bar = (Bar){.next = bars, .view = view, .line = term_line_new()};
    bars = bar;
    return bar->line;
}

static void drop_bars(const ProView *top)
{
    for (Bar **place = &bars; *place != NULL;) {
        Bar *bar = *place;
        if (bar->view->top != top) {
            place = &bar->next;
            continue;
        }
        *place = bar->next;
        term_line_free(bar->line);
        free(bar);
    }
}

/* ---- windows that are none ---- */

static ProStatus open_view(ProView *view, ProError *reterr)
{
    (void)reterr;
    mark(view, &opened);
    return PRO_OK;
}

static bool has_buttons(const ProView *view)
{
    if (view->type == PRO_VIEW_BUTTON || view->type == PRO_VIEW_EDIT ||
            view->type == PRO_VIEW_CHECK)
        return true;
    for (size_t i = 0; i < view->child_count; i++)
        if (has_buttons(view->children[i]))
            return true;
    return false;
}

static void present(ProView *view)
{
    mark(view, &shown);
    FILE *out = term_lines_begin_print();
    (void)fputs("== ", out);
    term_print_text(out, view->node->title);
    (void)fputs(" ==\n", out);
    term_print_view(out, view);
    if (isatty(STDIN_FILENO) && term_input_fd() >= 0)
        (void)fprintf(out, "[q closes%s]\n",
                has_buttons(view) ? ", a number presses that button, NUMBER TEXT fills in" : "");
    term_lines_end_print();
}

static void close_view(ProView *view)
{
    drop_bars(view);
    mark(view, NULL);
}

static ProStatus save_picture(ProView *view, const char *path, ProError *reterr)
{
    (void)view;
    (void)path;
    return ui_error(reterr, PRO_ERR_UNSUPPORTED, "there are no pictures on a terminal");
}

static ProStatus place(ProView *view, int ret_place[4], ProError *reterr)
{
    (void)view;
    (void)ret_place;
    return ui_error(reterr, PRO_ERR_UNSUPPORTED, "there are no places on a terminal");
}

/* ---- changes ---- */

static void print_view(ProView *view)
{
    term_print_view(term_lines_begin_print(), view);
    term_lines_end_print();
}

static void update(ProView *view, UiProperty property)
{
    if (!is_shown(view))
        return;
    if (view->type == PRO_VIEW_PROGRESS && (property == UI_VALUE || property == UI_TEXT_OF)) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        if (out == NULL)
            return;
        term_print_progress(out, view);
        if (fclose(out) == 0)
            term_line_set(bar_line(view), text);
        free(text);
    } else if (property == UI_TEXT_OF || property == UI_ROWS || property == UI_DATA ||
               property == UI_SERIES) {
        print_view(view);
    }
}

static void set_text(ProView *view, const char *text)
{
    if (view_store_text(&view->text, text, NULL) == PRO_OK && is_shown(view))
        print_view(view);
}

static void insert_text(ProView *view, const char *text)
{
    size_t before = view->text == NULL ? 0 : strlen(view->text);
    size_t size = strlen(text);
    if (size > TEXT_BYTES_MAX / 2) {
        text += size - TEXT_BYTES_MAX / 2;
        size = TEXT_BYTES_MAX / 2;
    }
    if (before + size > TEXT_BYTES_MAX) {
        memmove(view->text, view->text + before / 2, before - before / 2 + 1);
        before -= before / 2;
    }
    char *longer = realloc(view->text, before + size + 1);
    if (longer == NULL)
        return;
    memcpy(longer + before, text, size);
    longer[before + size] = '\0';
    view->text = longer;
    if (!is_shown(view))
        return;
    term_print_text(term_lines_begin_print(), text);
    term_lines_end_print();
}

static char *get_text(ProView *view, bool selected)
{
    return strdup(selected || view->text == NULL ? "" : view->text);
}

static void focus(ProView *view)
{
    (void)view;
}

/* ---- what is typed ---- */

static void fill_in(ProView *control, const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    bool is_number = end != text && *end == '\0';
    switch (control->type) {
    case PRO_VIEW_BUTTON:
        (void)view_notify(control, PRO_PVN_BUTTON_CLICKED);
        break;
    case PRO_VIEW_CHECK:
        control->value = !control->value;
        (void)view_notify(control, PRO_PVN_VALUE_CHANGED);
        break;
    case PRO_VIEW_EDIT:
        if (view_store_text(&control->text, text, NULL) == PRO_OK)
            (void)view_notify(control, PRO_PVN_TEXT_CHANGED);
        break;
    case PRO_VIEW_COMBO:
        if (is_number && number >= 0 && (uint64_t)number < control->item_count) {
            control->value = number;
            (void)view_notify(control, PRO_PVN_VALUE_CHANGED);
        }
        break;
    case PRO_VIEW_TABLE:
        if (is_number && number >= 0 && number < control->row_count) {
            control->selected = number;
            ProEvent event = {.code = PRO_PVN_ROW_SELECTED, .row = number};
            (void)view_notify_event(control, &event);
        }
        break;
    default:
        break;
    }
}

static void complain(const char *text)
{
    (void)fprintf(term_lines_begin_print(), "%s\n", text);
    term_lines_end_print();
}

static void act(ProView *view, const char *line)
{
    char *end;
    ProError error = {0};
    ProView *control = NULL;
    if (strcmp(line, "q") == 0 || (line[0] == '\0' && view->is_dialog)) {
        loop_close(view, 0);
        return;
    }
    if (line[0] == '\0')
        return;
    long long id = strtoll(line, &end, 10);
    if (end == line || (*end != '\0' && *end != ' ')) {
        complain("q closes; a number presses that button; NUMBER TEXT fills in");
        return;
    }
    if (pro_view_find(view, id, &control, &error) != PRO_OK)
        complain(error.text);
    else if (control->enabled)
        fill_in(control, *end == '\0' ? end : end + 1);
}

/* Nobody can close them: they do when nothing can change any more. */
static void close_unattended(void)
{
    for (ProView *view = loop_first_open(); view != NULL; view = view->next_open) {
        if (view->is_idle && pro_managers_are_busy())
            continue;
        loop_close(view, 0);
        return; /* others in the next turn */
    }
}

/* ---- events ---- */

static bool handle_input(void)
{
    ProView *view = loop_first_open();
    const char *line;
    if (term_is_asking() || (view == NULL && !term_box_is_open()))
        return false;
    TermInput input = term_input_poll(&line);
    if (term_box_is_open() && input != TERM_INPUT_NONE)
        term_box_on_input(input, line);
    else if (input == TERM_INPUT_LINE)
        act(view, line);
    else if (input == TERM_INPUT_ENDED)
        close_unattended();
    return input == TERM_INPUT_LINE;
}

static bool iterate(int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = term_input_fd(), .events = POLLIN}, {.events = POLLIN}};
    int due_ms;
    loop_due(&fds[1].fd, &due_ms);
    loop_before_wait();
    int ready = poll(fds, 2, due_ms < timeout_ms ? due_ms : timeout_ms);
    loop_after_wait();
    loop_dispatch(ready > 0 && (fds[1].revents & POLLIN) != 0);
    return handle_input() || ready > 0;
}

const UiBackend *term_backend(void)
{
    static const UiBackend backend = {.open = open_view,
            .present = present,
            .close = close_view,
            .save_picture = save_picture,
            .place = place,
            .update = update,
            .set_text = set_text,
            .insert_text = insert_text,
            .get_text = get_text,
            .focus = focus,
            .iterate = iterate,
            .wait_begin = term_wait_begin,
            .wait_end = term_wait_end,
            .wait_was_aborted = term_wait_was_aborted,
            .wait_show = term_wait_show,
            .wait_hide = term_wait_hide,
            .message_box = term_ask_box,
            .box_open = term_box_open,
            .box_close = term_box_close,
            .box_fd = term_input_fd,
            .choose_file = term_ask_file};
    return &backend;
}
