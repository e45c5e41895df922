/* SPDX-License-Identifier: Apache-2.0 */
#include "hex_measure.h"

#include "ui/hex/grid.h"
#include "ui/hexview/view.h"

#include <gtk/gtk.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGES = 61, MEMORY_PAGES = 300, REST_MS = 50, PATIENCE_S = 20 };

typedef struct Frames {
    GMainLoop *loop;
    GtkWidget *window;
    ProHexView *view; /* NULL: an empty window */
    double painted;   /* when a frame with all its bytes was, in ms */
    guint patience;
} Frames;

static double now_ms(void)
{
    return (double)g_get_monotonic_time() / 1000;
}

static void after_paint(GdkFrameClock *clock, Frames *frames)
{
    (void)clock;
    if (frames->view != NULL && !pro_hex_view_is_complete(frames->view))
        return; /* another frame follows once the bytes are there */
    frames->painted = now_ms();
    g_main_loop_quit(frames->loop);
}

static gboolean give_up(void *user)
{
    Frames *frames = user;
    frames->painted = (double)NAN;
    frames->patience = 0;
    g_main_loop_quit(frames->loop);
    return G_SOURCE_REMOVE;
}

/* Runs the main loop until a frame with known bytes was painted; ms since `begun`. */
static double wait_for_frame(Frames *frames, double begun)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(frames->window);
    gulong handler = g_signal_connect(clock, "after-paint", G_CALLBACK(after_paint), frames);
    frames->patience = g_timeout_add_seconds(PATIENCE_S, give_up, frames);
    g_main_loop_run(frames->loop);
    g_clear_handle_id(&frames->patience, g_source_remove);
    g_signal_handler_disconnect(clock, handler);
    return frames->painted - begun;
}

static gboolean end_rest(void *user)
{
    g_main_loop_quit(user);
    return G_SOURCE_REMOVE;
}

/* Until nothing is under way: a frame would else wait for the one before it. */
static void rest(Frames *frames)
{
    (void)g_timeout_add(REST_MS, end_rest, frames->loop);
    g_main_loop_run(frames->loop);
}

static double resident_mib(void)
{
    double pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return (double)NAN;
    if (fscanf(file, "%*s %lf", &pages) != 1)
        pages = (double)NAN;
    (void)fclose(file);
    return pages * 4096 / (1 << 20);
}

static double show_view(Frames *frames, ProContainer *container)
{
    double begun = now_ms();
    GtkWidget *view = pro_hex_view_new(container);
    frames->view = PRO_HEX_VIEW(view);
    gtk_window_set_child(GTK_WINDOW(frames->window), view);
    gtk_widget_grab_focus(view);
    return wait_for_frame(frames, begun);
}

/* Of this thread, which draws as well: other programs do not change it. */
static double processor_ms(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1000 + (double)used.tv_nsec / 1000000;
}

static double move(Frames *frames, HexMove how)
{
    double begun = now_ms();
    (void)gtk_widget_activate_action(GTK_WIDGET(frames->view), "hex.move", "(ib)", (int)how, FALSE);
    return wait_for_frame(frames, begun);
}

static int compare(const void *first, const void *second)
{
    double a = *(const double *)first;
    double b = *(const double *)second;
    return (a > b) - (a < b);
}

typedef enum PageFigure { PAGE_MEDIAN, PAGE_SLOWEST, PAGE_PROCESSOR } PageFigure;

/* NAN if bytes of a page did not come. */
static double measure_pages(Frames *frames, PageFigure wanted)
{
    double took[PAGES];
    rest(frames);
    for (int i = 0; i < PAGES; i++) {
        double used = processor_ms();
        took[i] = move(frames, HEX_MOVE_PAGE_DOWN);
        if (isnan(took[i]))
            return took[i];
        if (wanted == PAGE_PROCESSOR)
            took[i] = processor_ms() - used;
        rest(frames);
    }
    qsort(took, PAGES, sizeof took[0], compare);
    return took[wanted == PAGE_MEDIAN ? PAGES / 2 : PAGES - 1];
}

static void walk(Frames *frames)
{
    for (int i = 0; i < MEMORY_PAGES; i++)
        (void)move(frames, HEX_MOVE_PAGE_DOWN);
    for (int i = 0; i < 10; i++) {
        (void)move(frames, HEX_MOVE_END);
        (void)move(frames, HEX_MOVE_PAGE_UP);
        (void)move(frames, HEX_MOVE_BEGIN);
    }
}

double hex_measure(const char *what, ProContainer *container)
{
    if (!gtk_init_check())
        return (double)NAN;
    Frames frames = {.loop = g_main_loop_new(NULL, FALSE), .window = gtk_window_new()};
    gtk_window_set_default_size(GTK_WINDOW(frames.window), 900, 700);
    gtk_window_present(GTK_WINDOW(frames.window));
    (void)wait_for_frame(&frames, 0);
    rest(&frames);
    double before = resident_mib();
    double figure = show_view(&frames, container);
    if (strcmp(what, "page") == 0)
        figure = measure_pages(&frames, PAGE_MEDIAN);
    else if (strcmp(what, "slowest") == 0)
        figure = measure_pages(&frames, PAGE_SLOWEST);
    else if (strcmp(what, "processor") == 0)
        figure = measure_pages(&frames, PAGE_PROCESSOR);
    if (strcmp(what, "memory") == 0) {
        walk(&frames);
        figure = resident_mib() - before;
    }
    gtk_window_destroy(GTK_WINDOW(frames.window));
    g_main_loop_unref(frames.loop);
    return figure;
}
