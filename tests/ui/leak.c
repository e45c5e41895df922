/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/leak.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Held {
    long heap, fds, threads, windows, widgets;
} Held;

/* Widgets of windows that were closed: how many live, by type. */
static long alive[512];
static GType types[512];
static size_t type_count;

static long count_entries(const char *path)
{
    long count = 0;
    DIR *folder = opendir(path);
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        (void)closedir(folder);
    return count;
}

static Held take_stock(void)
{
    struct mallinfo2 heap = mallinfo2();
    long all = 0;
    for (size_t i = 0; i < type_count; i++)
        all += alive[i];
    return (Held){(long)(heap.uordblks + heap.hblkhd), count_entries("/proc/self/fd"),
            count_entries("/proc/self/task"),
            (long)g_list_model_get_n_items(gtk_window_get_toplevels()), all};
}

/* ---- widgets ---- */

static long *place_of(GType type)
{
    size_t i = 0;
    while (i < type_count && types[i] != type)
        i++;
    g_assert(i < G_N_ELEMENTS(types));
    types[i] = type;
    type_count = MAX(type_count, i + 1);
    return &alive[i];
}

static void count_out(void *place, GObject *gone)
{
    (void)gone;
    --*(long *)place;
}

/* Not the tabs of notebooks: GTK 4.8 itself keeps their labels for ever. */
static void watch_all(GtkWidget *widget)
{
    if (g_object_get_data(G_OBJECT(widget), "leak-counted") ==
            NULL) { /* GTK's tooltip comes again */
        long *place = place_of(G_OBJECT_TYPE(widget));
        g_object_set_data(G_OBJECT(widget), "leak-counted", place);
        g_object_weak_ref(G_OBJECT(widget), count_out, place);
        ++*place;
    }
    if (GTK_IS_NOTEBOOK(widget)) {
        for (int i = 0; i < gtk_notebook_get_n_pages(GTK_NOTEBOOK(widget)); i++)
            watch_all(gtk_notebook_get_nth_page(GTK_NOTEBOOK(widget), i));
        return;
    }
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL;
            child = gtk_widget_get_next_sibling(child))
        watch_all(child);
}

/* ---- windows ---- */

static void mark_drawn(GdkFrameClock *clock, GtkWidget *window)
{
    (void)clock;
    g_object_set_data(G_OBJECT(window), "leak-drawn", window);
}

static void close_if_drawn(GtkWidget *window)
{
    if (!gtk_widget_get_mapped(window))
        return;
    if (g_object_get_data(G_OBJECT(window), "leak-watched") == NULL) {
        g_object_set_data(G_OBJECT(window), "leak-watched", window);
        g_signal_connect_object(gtk_widget_get_frame_clock(window), "after-paint",
                G_CALLBACK(mark_drawn), window, 0);
        gtk_widget_queue_draw(window);
    } else if (g_object_steal_data(G_OBJECT(window), "leak-drawn") != NULL) {
        watch_all(window);
        gtk_window_close(GTK_WINDOW(window));
    }
}

static gboolean close_drawn_windows(void *unused)
{
    GListModel *windows = gtk_window_get_toplevels();
    (void)unused;
    for (guint i = g_list_model_get_n_items(windows); i > 0; i--) {
        GtkWidget *window = g_list_model_get_item(windows, i - 1);
        if (window == NULL)
            continue; /* closing one took others along */
        close_if_drawn(window);
        g_object_unref(window);
    }
    return G_SOURCE_CONTINUE;
}

void leak_close_windows_once_drawn(void)
{
    static guint source;
    if (source == 0)
        source = g_timeout_add(1, close_drawn_windows, NULL);
}

void leak_wait_for_no_window(void)
{
    while (g_list_model_get_n_items(gtk_window_get_toplevels()) > 0)
        (void)g_main_context_iteration(NULL, TRUE);
}

/* ---- the program ---- */

static void repeat(const LeakKind *kind, long rounds)
{
    for (long i = 0; i < rounds; i++)
        kind->round();
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

int leak_main(int argc, char **argv, const LeakKind *kinds)
{
    while (argc == 3 && kinds->name != NULL && g_strcmp0(kinds->name, argv[1]) != 0)
        kinds++;
    long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (rounds <= 0 || kinds->name == NULL || !gtk_init_check()) {
        (void)fputs("usage: PROGRAM KIND ROUNDS, on a display\n", stderr);
        return 2;
    }
    repeat(kinds, rounds);
    Held before = take_stock();
    repeat(kinds, rounds);
    Held after = take_stock();
    (void)printf("heap=%ld fds=%ld threads=%ld windows=%ld widgets=%ld\n", after.heap - before.heap,
            after.fds - before.fds, after.threads - before.threads, after.windows - before.windows,
            after.widgets - before.widgets);
    for (size_t i = 0; i < type_count; i++)
        if (alive[i] > 0)
            (void)printf("%ld %s\n", alive[i], g_type_name(types[i]));
    return 0;
}
