/* SPDX-License-Identifier: Apache-2.0 */

/* The hex panel, and the workspace and its files, for test_leaks.py; see leak.h. */

#include "ui/hexview/panel.h"
#include "ui/leak.h"
#include "workspace/window/window.h"

static void show_panel(void)
{
    ProContainer *container = NULL;
    GtkWidget *window = gtk_window_new();
    if (pro_container_open_file("/bin/sh", 0, &container, NULL) != PRO_OK)
        exit(1);
    GtkWidget *panel = pro_hex_panel_new(container);
    pro_container_unref(container);
    pro_hex_panel_show_inspector(PRO_HEX_PANEL(panel), TRUE);
    gtk_window_set_child(GTK_WINDOW(window), panel);
    gtk_window_present(GTK_WINDOW(window));
    leak_wait_for_no_window();
}

/* A window, its manager and the worker that reads the file. */
static void show_workspace(void)
{
    GtkWidget *window = pro_workspace_new();
    pro_workspace_open(PRO_WORKSPACE(window), "/bin/sh");
    gtk_window_present(GTK_WINDOW(window));
    leak_wait_for_no_window();
}

int main(int argc, char **argv)
{
    static const LeakKind kinds[] = {
            {"panel", show_panel}, {"workspace", show_workspace}, {NULL, NULL}};
    if (!gtk_init_check())
        return 2;
    leak_close_windows_once_drawn();
    return leak_main(argc, argv, kinds);
}
