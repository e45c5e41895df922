/* SPDX-License-Identifier: Apache-2.0 */

/* Every kind of view and dialog, for test_leaks.py; see leak.h. */

#include "ui/leak.h"

#include <promp/ui.h>

#include <stdio.h>
#include <stdlib.h>

#define MARKUP                                                                                     \
    "<ui><vl><label text='Name'/><edit id='1' text='a'/><btn text='Go'/><check text='Check'/>"     \
    "<combo items='one|two'/><progbar id='2'/><group text='Group'><label text='In it'/></group>"   \
    "<hs><text id='3'/><table id='4' columns='a|b'/>"                                              \
    "<tree id='5' columns='a|b'/><plot id='6'/>"                                                   \
    "<hex id='7'/></hs></vl></ui>"

static void demand(ProStatus status, const ProError *error)
{
    if (status == PRO_OK)
        return;
    (void)fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static ProView *new_view(ProViewType type)
{
    ProView *view = NULL;
    ProError error = {0};
    demand(pro_view_new(type, "Leaks", &view, &error), &error);
    return view;
}

static ProContainer *new_container(void)
{
    static uint8_t bytes[100000];
    ProContainer *container = NULL;
    ProError error = {0};
    demand(pro_container_new_copy(bytes, sizeof bytes, &container, &error), &error);
    return container;
}

static void fill_tree(ProView *view)
{
    ProError error = {0};
    int64_t top = 0;
    for (int i = 0; i < 5; i++)
        demand(pro_view_add_node(view, top, (const char *const[]){"node", "cell"}, 2,
                       i == 0 ? &top : NULL, &error),
                &error);
    demand(pro_view_set_expanded(view, top, true, &error), &error);
}

static void fill(ProView *view)
{
    static const double values[] = {1, 4, 2, 8};
    ProError error = {0};
    ProContainer *container;
    switch (pro_view_type(view)) {
    case PRO_VIEW_TABLE:
        demand(pro_view_set_row_count(view, 100, &error), &error);
        break;
    case PRO_VIEW_TREE:
        fill_tree(view);
        break;
    case PRO_VIEW_PLOT:
        demand(pro_view_set_series(view, "line", NULL, values, 4, &error), &error);
        break;
    case PRO_VIEW_HEX:
        container = new_container();
        demand(pro_view_set_data(view, container, &error), &error);
        pro_container_unref(container);
        break;
    default:
        demand(pro_view_set_text(view, "text", &error), &error);
        break;
    }
}

static int answer(ProView *custom, void *user, const ProEvent *event)
{
    (void)custom;
    (void)user;
    if (event->code == PRO_PVN_GET_TABLE_ROW)
        (void)pro_event_set_text(event, 0, "cell", NULL);
    return 0;
}

/* Opens it, lets it be drawn and closed, and gives it up. */
static void show(ProView *view)
{
    ProError error = {0};
    demand(pro_ui_add_view(view, &error), &error);
    demand(pro_ui_run(&error), &error);
    leak_wait_for_no_window();
    pro_view_unref(view);
}

static void show_single(ProViewType type)
{
    ProError error = {0};
    ProView *view = new_view(type);
    demand(pro_view_setup(view, NULL, answer, NULL, NULL, &error), &error);
    fill(view);
    show(view);
}

static void show_hex(void)
{
    show_single(PRO_VIEW_HEX);
}

static void show_text(void)
{
    show_single(PRO_VIEW_TEXT);
}

static void show_table(void)
{
    show_single(PRO_VIEW_TABLE);
}

static void show_tree(void)
{
    show_single(PRO_VIEW_TREE);
}

static void show_plot(void)
{
    show_single(PRO_VIEW_PLOT);
}

static ProView *new_custom(void)
{
    ProError error = {0};
    ProView *control = NULL;
    ProView *view = new_view(PRO_VIEW_CUSTOM);
    demand(pro_view_setup(view, MARKUP, answer, NULL, NULL, &error), &error);
    demand(pro_view_find(view, 2, &control, &error), &error);
    demand(pro_view_set_value(control, 40, &error), &error);
    for (int id = 3; id <= 7; id++) {
        demand(pro_view_find(view, id, &control, &error), &error);
        fill(control);
    }
    return view;
}

static void show_custom(void)
{
    show(new_custom());
}

static void show_dialog(void)
{
    ProError error = {0};
    ProView *view = new_custom();
    demand(pro_view_show_dialog(view, NULL, &error), &error);
    leak_wait_for_no_window();
    pro_view_unref(view);
}

static void show_box(void)
{
    ProError error = {0};
    ProBoxButtons button;
    const ProBox box = {.title = "Box",
            .text = "Shall it be done?",
            .buttons = PRO_BOX_YES | PRO_BOX_NO,
            .icon = PRO_BOX_ICON_QUESTION};
    demand(pro_ui_message_box(&box, &button, &error), &error);
    leak_wait_for_no_window();
}

static void show_file_chooser(void)
{
    ProError error = {0};
    char *path = NULL;
    demand(pro_ui_open_file_name("Open", "/", "All files (*)", &path, &error), &error);
    leak_wait_for_no_window();
    free(path);
}

/* Closing it is its Cancel: it stays until the work stops. */
static void show_wait(void)
{
    ProError error = {0};
    ProUiWait *wait = NULL;
    demand(pro_ui_start_wait("Working...", 0, &wait, &error), &error);
    while (!pro_ui_wait_was_aborted(wait)) {
        pro_ui_wait_progress(wait, 30);
        pro_ui_wait_process_events(wait);
    }
    pro_ui_wait_free(wait);
    leak_wait_for_no_window();
}

int main(int argc, char **argv)
{
    static const LeakKind kinds[] = {{"custom", show_custom}, {"hex", show_hex},
            {"text", show_text}, {"table", show_table}, {"tree", show_tree}, {"plot", show_plot},
            {"dialog", show_dialog}, {"box", show_box}, {"file", show_file_chooser},
            {"wait", show_wait}, {NULL, NULL}};
    if (!pro_ui_has_windows())
        return 2;
    leak_close_windows_once_drawn();
    return leak_main(argc, argv, kinds);
}
