/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_FILE_TAB_H
#define WORKSPACE_FILE_TAB_H

#include "jobs.h"

#include <gtk/gtk.h>

/*
 * One file: its structure on the left, its bytes, and below them the table of what is chosen on the
 * left, strings and a search. Where a row has bytes, choosing it goes there and colours them.
 */
#define PRO_TYPE_FILE_TAB (pro_file_tab_get_type())
G_DECLARE_FINAL_TYPE(ProFileTab, pro_file_tab, PRO, FILE_TAB, GtkBox)

/* jobs: lent, must live as long; NULL: there are none, `problem` tells why. */
GtkWidget *pro_file_tab_new(
        ProContainer *container, const char *path, Jobs *jobs, const char *problem);
void pro_file_tab_focus(ProFileTab *tab); /* to the bytes */

#endif
