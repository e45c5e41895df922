/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_STRUCTURE_PANE_H
#define WORKSPACE_STRUCTURE_PANE_H

#include "document.h"
#include "jobs.h"

#include <gtk/gtk.h>

/*
 * What a file consists of, as a tree; read by a job. Tells what it is at, what went wrong and what
 * the file's warnings are.
 *
 * Signal "table-selected" (guint, gboolean): a table of the document; was it a person who chose it?
 */
#define PRO_TYPE_STRUCTURE_PANE (pro_structure_pane_get_type())
G_DECLARE_FINAL_TYPE(ProStructurePane, pro_structure_pane, PRO, STRUCTURE_PANE, GtkBox)

GtkWidget *pro_structure_pane_new(void);
/* Starts to read; `container_name` is copied. */
void pro_structure_pane_load(ProStructurePane *pane, Jobs *jobs, const char *container_name);
/* Where there are no jobs: why. */
void pro_structure_pane_fail(ProStructurePane *pane, const char *text);
Document *pro_structure_pane_get_document(ProStructurePane *pane); /* lent; NULL until it is read */

#endif
