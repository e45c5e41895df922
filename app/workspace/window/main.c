/* SPDX-License-Identifier: Apache-2.0 */

/* promp-workspace, which `promp open` becomes: opens files in one window. */

#include "window.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static int fail_without_display(void)
{
    (void)fputs(
            "promp open: there is no display to open a window on.\n"
            "Set DISPLAY or WAYLAND_DISPLAY (over ssh: ssh -X), or read on the terminal what an "
            "ELF or PE file holds: promp info FILE\n",
            stderr);
    return EXIT_USAGE;
}

/* Only files that can be opened: ret_containers[i] is NULL for others. Returns how many. */
static int open_files(int count, char **paths, ProContainer **ret_containers)
{
    int opened = 0;
    for (int i = 0; i < count; i++) {
        ProError error = {0};
        ret_containers[i] = NULL;
        if (pro_container_open_file(paths[i], 0, &ret_containers[i], &error) == PRO_OK)
            opened++;
        else
            (void)fprintf(stderr, "promp open: %s\n", error.text);
    }
    return opened;
}

static gboolean end_loop(void *loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static gboolean quit_loop(GMainLoop *loop)
{
    g_main_loop_quit(loop);
    return FALSE; /* the window closes */
}

static void show(int count, char **paths, ProContainer **containers)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GtkWidget *window = pro_workspace_new();
    for (int i = 0; i < count; i++)
        if (containers[i] != NULL)
            pro_workspace_add(PRO_WORKSPACE(window), containers[i], paths[i]);
    (void)g_object_ref(window);
    g_signal_connect_swapped(window, "close-request", G_CALLBACK(quit_loop), loop);
    (void)g_unix_signal_add(SIGINT, end_loop, loop);
    (void)g_unix_signal_add(SIGTERM, end_loop, loop);
    gtk_window_present(GTK_WINDOW(window));
    g_main_loop_run(loop);
    gtk_window_destroy(GTK_WINDOW(window));
    g_object_unref(window);
    g_main_loop_unref(loop);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs("usage: promp open FILE...\n", stderr);
        return EXIT_USAGE;
    }
    ProContainer **containers = g_new0(ProContainer *, (gsize)argc);
    int opened = open_files(argc - 1, argv + 1, containers);
    int status = opened == argc - 1 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (opened > 0 && !gtk_init_check())
        status = fail_without_display();
    else if (opened > 0)
        show(argc - 1, argv + 1, containers);
    for (int i = 0; i < argc - 1; i++)
        pro_container_unref(containers[i]);
    g_free(containers);
    return status;
}
