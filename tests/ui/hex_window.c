/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A window with a hex panel, for test_hex_view.py: keys and clicks come from outside, questions by
 * standard input, one a line; each is answered by one line.
 *
 *   hex_window file PATH | pattern SIZE | gated SIZE | broken SIZE
 *
 * pattern: byte i is i + i / 256; gated: the same, but nothing is read before "open" is said;
 * broken: the same, but what lies from byte 0x4000 on cannot be read.
 */

#include "ui/hex_panel.h"
#include "ui/hex_view_private.h"

#include <inttypes.h>
#include <promp/container_ops.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Source {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
    uint64_t broken_from;
} Source;

static Source source = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, true, UINT64_MAX};
static GtkWidget *window;
static ProHexPanel *panel;

static ProStatus read_source(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)pthread_mutex_lock(&source.lock);
    while (!source.is_open)
        (void)pthread_cond_wait(&source.opened, &source.lock);
    (void)pthread_mutex_unlock(&source.lock);
    if (offset + size > source.broken_from) {
        *reterr = (ProError){.status = PRO_ERR_SYSTEM, .text = "the disk is scratched"};
        return PRO_ERR_SYSTEM;
    }
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = (uint8_t)(offset + i + (offset + i) / 256);
    return PRO_OK;
}

static ProContainer *open_container(const char *kind, const char *what)
{
    static const ProContainerOps ops = {.read = read_source};
    ProContainer *container = NULL;
    ProError error = {0};
    ProStatus status;
    source.is_open = strcmp(kind, "gated") != 0;
    if (strcmp(kind, "broken") == 0)
        source.broken_from = 0x4000;
    if (strcmp(kind, "file") == 0)
        status = pro_container_open_file(what, 0, &container, &error);
    else
        status =
                pro_container_new_callback(&ops, NULL, strtoull(what, NULL, 0), &container, &error);
    if (status != PRO_OK)
        (void)fprintf(stderr, "%s\n", error.text);
    return container;
}

/* The texts that are seen, separated by bars. */
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

static void print_state(void)
{
    ProHexView *view = pro_hex_panel_get_view(panel);
    HexRange selection = hex_grid_selection(&view->grid);
    uint8_t byte;
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(window));
    (void)printf("cursor=%" PRIx64 " selected=%" PRIx64 "+%" PRIx64 " top=%" PRIx64
                 " rows=%u per_row=%u side=%s known=%d focus=%s active=%d\n",
            view->grid.cursor, selection.offset, selection.size, view->grid.top, view->grid.rows,
            view->grid.per_row, view->on_text ? "text" : "hex",
            pro_hex_view_peek(view, view->grid.cursor, &byte, 1) == 1,
            focus != NULL ? G_OBJECT_TYPE_NAME(focus) : "none",
            gtk_window_is_active(GTK_WINDOW(window)));
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

static void answer(char *line)
{
    ProHexView *view = pro_hex_panel_get_view(panel);
    if (strcmp(line, "state") == 0) {
        print_state();
    } else if (strcmp(line, "texts") == 0) {
        print_texts(window);
        (void)printf("\n");
    } else if (strcmp(line, "clipboard") == 0) {
        gdk_clipboard_read_text_async(
                gtk_widget_get_clipboard(window), NULL, print_clipboard, NULL);
    } else if (strcmp(line, "open") == 0) {
        (void)pthread_mutex_lock(&source.lock);
        source.is_open = true;
        (void)pthread_cond_broadcast(&source.opened);
        (void)pthread_mutex_unlock(&source.lock);
        (void)printf("opened\n");
    } else if (strcmp(line, "mend") == 0) {
        source.broken_from = UINT64_MAX;
        (void)printf("mended\n");
    } else if (strcmp(line, "inspector") == 0) {
        pro_hex_panel_show_inspector(panel, TRUE);
        (void)printf("shown\n");
    } else if (strncmp(line, "base ", 5) == 0) {
        pro_hex_view_set_base(view, strtoull(line + 5, NULL, 0));
        (void)printf("set\n");
    } else if (strncmp(line, "mark ", 5) == 0) {
        char *end;
        uint64_t offset = strtoull(line + 5, &end, 0);
        uint64_t size = strtoull(end, &end, 0);
        pro_hex_view_add_highlight(view, offset, size, NULL, end + 1);
        (void)printf("marked\n");
    } else {
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

int main(int argc, char **argv)
{
    if (argc != 3 || !gtk_init_check())
        return 2;
    g_object_set(gtk_settings_get_default(), "gtk-application-prefer-dark-theme",
            g_getenv("DARK") != NULL, "gtk-cursor-blink", FALSE, NULL);
    ProContainer *container = open_container(argv[1], argv[2]);
    if (container == NULL)
        return 1;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    window = gtk_window_new();
    panel = PRO_HEX_PANEL(pro_hex_panel_new(container));
    pro_container_unref(container);
    gtk_window_set_title(GTK_WINDOW(window), "hex window");
    if (g_getenv("LARGE") != NULL)
        gtk_window_set_default_size(GTK_WINDOW(window), 1200, 800);
    else
        gtk_window_set_default_size(GTK_WINDOW(window), 700, 500);
    gtk_window_set_child(GTK_WINDOW(window), GTK_WIDGET(panel));
    gtk_widget_grab_focus(GTK_WIDGET(pro_hex_panel_get_view(panel)));
    g_signal_connect_swapped(window, "destroy", G_CALLBACK(g_main_loop_quit), loop);
    GIOChannel *channel = g_io_channel_unix_new(0);
    (void)g_io_add_watch(channel, G_IO_IN | G_IO_HUP, read_command, loop);
    gtk_window_present(GTK_WINDOW(window));
    g_main_loop_run(loop);
    return 0;
}
