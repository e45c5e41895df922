/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static GtkWidget *window;
static AnswersFn answer_more;

static void print_texts(GtkWidget *widget)
{
    if (!gtk_widget_get_mapped(widget))
        return;
    if (GTK_IS_LABEL(widget))
        (void)printf("%s|", gtk_label_get_text(GTK_LABEL(widget)));
    if (GTK_IS_EDITABLE(widget))
        (void)printf("%s|", gtk_editable_get_text(GTK_EDITABLE(widget)));
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL;
            child = gtk_widget_get_next_sibling(child))
        print_texts(child);
}

/* The first mapped widget of a type, below `widget` or itself. */
static GtkWidget *find_widget(GtkWidget *widget, GType type, const char *label)
{
    if (!gtk_widget_get_mapped(widget))
        return NULL;
    if (G_TYPE_CHECK_INSTANCE_TYPE(widget, type) &&
            (label == NULL || g_strcmp0(gtk_button_get_label(GTK_BUTTON(widget)), label) == 0))
        return widget;
    GtkWidget *found = NULL;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL && found == NULL;
            child = gtk_widget_get_next_sibling(child))
        found = find_widget(child, type, label);
    return found;
}

static void print_state(void)
{
    GtkWidget *widget = find_widget(window, PRO_TYPE_HEX_VIEW, NULL);
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(window));
    if (widget == NULL) {
        (void)printf("no hex view\n");
        return;
    }
    ProHexView *view = PRO_HEX_VIEW(widget);
    HexRange selection = hex_grid_selection(&view->grid);
    const char *highlight = pro_hex_view_get_highlight_name(view, view->grid.cursor);
    uint8_t byte;
    (void)printf("cursor=%" PRIx64 " selected=%" PRIx64 "+%" PRIx64 " top=%" PRIx64
                 " rows=%u per_row=%u side=%s known=%d focus=%s active=%d highlight=%s\n",
            view->grid.cursor, selection.offset, selection.size, view->grid.top, view->grid.rows,
            view->grid.per_row, view->on_text ? "text" : "hex",
            pro_hex_view_peek(view, view->grid.cursor, &byte, 1) == 1,
            focus != NULL ? G_OBJECT_TYPE_NAME(focus) : "none",
            gtk_window_is_active(GTK_WINDOW(window)), highlight != NULL ? highlight : "");
}

/* The window lies at 0, 0, but what it draws begins behind its shadow. */
static void print_place(GdkFrameClock *clock, char *label)
{
    graphene_point_t middle;
    double x;
    double y;
    GtkWidget *button = find_widget(window, GTK_TYPE_BUTTON, label);
    g_signal_handlers_disconnect_by_func(clock, print_place, label);
    gtk_native_get_surface_transform(GTK_NATIVE(window), &x, &y);
    if (button != NULL && gtk_widget_compute_point(button, window,
                                  &GRAPHENE_POINT_INIT((float)gtk_widget_get_width(button) / 2,
                                          (float)gtk_widget_get_height(button) / 2),
                                  &middle))
        (void)printf("at %d %d\n", (int)((double)middle.x + x), (int)((double)middle.y + y));
    else
        (void)printf("nowhere\n");
    (void)fflush(stdout);
    g_free(label);
}

/* Once what has changed has its place: after the next frame. */
static void find_place(const char *label)
{
    g_signal_connect(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(print_place),
            g_strdup(label));
    gtk_widget_queue_draw(window);
}

static void print_clipboard(GObject *clipboard, GAsyncResult *result, void *unused)
{
    char *text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(clipboard), result, NULL);
    char *line = g_strescape(text != NULL ? text : "", NULL);
    (void)unused;
    (void)printf("%s\n", line);
    (void)fflush(stdout);
    g_free(line);
    g_free(text);
}

static void answer(const char *line)
{
    if (strcmp(line, "state") == 0) {
        print_state();
    } else if (strcmp(line, "texts") == 0) {
        print_texts(window);
        (void)printf("\n");
    } else if (strncmp(line, "where ", 6) == 0) {
        find_place(line + 6);
    } else if (strcmp(line, "clipboard") == 0) {
        gdk_clipboard_read_text_async(
                gtk_widget_get_clipboard(window), NULL, print_clipboard, NULL);
    } else if (answer_more == NULL || !answer_more(line)) {
        (void)printf("what?\n");
    }
}

static gboolean read_command(GIOChannel *channel, GIOCondition condition, void *loop)
{
    char *line = NULL;
    (void)condition;
    if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(loop);
        return G_SOURCE_REMOVE;
    }
    answer(g_strchomp(line));
    (void)fflush(stdout);
    g_free(line);
    return G_SOURCE_CONTINUE;
}

void answers_start(GtkWidget *shown, GMainLoop *loop, AnswersFn more)
{
    GIOChannel *channel = g_io_channel_unix_new(0);
    window = shown;
    answer_more = more;
    g_object_set(gtk_settings_get_default(), "gtk-application-prefer-dark-theme",
            g_getenv("DARK") != NULL, "gtk-cursor-blink", FALSE, NULL);
    (void)g_io_add_watch(channel, G_IO_IN | G_IO_HUP, read_command, loop);
    g_io_channel_unref(channel);
}
