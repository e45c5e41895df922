/* SPDX-License-Identifier: Apache-2.0 */

/* The workspace, for test_workspace.py: workspace_window FILE... It answers what answers.h says. */

#include "ui/answers.h"
#include "workspace/window/window.h"

static gboolean quit_loop(GMainLoop *loop)
{
    g_main_loop_quit(loop);
    return FALSE;
}

int main(int argc, char **argv)
{
    if (argc < 2 || !gtk_init_check())
        return 2;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GtkWidget *window = g_object_ref(pro_workspace_new());
    for (int i = 1; i < argc; i++)
        pro_workspace_open(PRO_WORKSPACE(window), argv[i]);
    g_signal_connect_swapped(window, "close-request", G_CALLBACK(quit_loop), loop);
    answers_start(window, loop, NULL);
    gtk_window_present(GTK_WINDOW(window));
    g_main_loop_run(loop);
    gtk_window_destroy(GTK_WINDOW(window));
    g_object_unref(window);
    g_main_loop_unref(loop);
    return 0;
}
