/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_ROW_TABLE_H
#define WORKSPACE_ROW_TABLE_H

#include "rows.h"

#include <gtk/gtk.h>

/*
 * A table of ProRows, with a field to show only those that hold a text.
 *
 * Signal "row-selected" (ProRow): by key or pointer.
 */
#define PRO_TYPE_ROW_TABLE (pro_row_table_get_type())
G_DECLARE_FINAL_TYPE(ProRowTable, pro_row_table, PRO, ROW_TABLE, GtkBox)

GtkWidget *pro_row_table_new(const char *name); /* for screen readers */
/* Shows other rows; keeps a reference on them. The last column takes what is left of the width. */
void pro_row_table_set_rows(
        ProRowTable *table, ProRows *rows, const char *const *columns, size_t column_count);

void pro_row_table_focus(ProRowTable *table); /* to the field */

#endif
