/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_WINDOW_H
#define WORKSPACE_WINDOW_H

#include <gtk/gtk.h>
#include <promp/container.h>

/*
 * The workspace: files as tabs, and the workers that read them.
 *
 * Keys: Ctrl+O open, Ctrl+W close the tab, Ctrl+Q quit, Ctrl+Page Up/Down other tab, F6 next part,
 * Alt+1, Alt+2, Alt+3 table, strings, search, F1 keys; and those of ProHexPanel.
 */
#define PRO_TYPE_WORKSPACE (pro_workspace_get_type())
G_DECLARE_FINAL_TYPE(ProWorkspace, pro_workspace, PRO, WORKSPACE, GtkWindow)

GtkWidget *pro_workspace_new(void);
/* Keeps a reference on the container. */
void pro_workspace_add(ProWorkspace *workspace, ProContainer *container, const char *path);
/* Opens a file; a file that cannot be opened is told in the window. */
void pro_workspace_open(ProWorkspace *workspace, const char *path);

#endif
