/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_ROWS_H
#define WORKSPACE_ROWS_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * ProRows is a list model of rows that something else holds: a million of them cost no objects but
 * those in sight. A ProRow is one of them.
 */

enum { ROW_CELL_MAX = 1024 /* bytes with the NUL */ };

typedef struct RowOps {
    /* Valid UTF-8 in one line. */
    void (*cell)(void *user, size_t row, size_t column, char ret_text[ROW_CELL_MAX]);
    /* False if the row has no bytes. */
    bool (*bytes)(void *user, size_t row, uint64_t *ret_offset, uint64_t *ret_size);
    void (*release)(void *user); /* with the last reference; may be NULL */
} RowOps;

#define PRO_TYPE_ROWS (pro_rows_get_type())
G_DECLARE_FINAL_TYPE(ProRows, pro_rows, PRO, ROWS, GObject)
#define PRO_TYPE_ROW (pro_row_get_type())
G_DECLARE_FINAL_TYPE(ProRow, pro_row, PRO, ROW, GObject)

ProRows *pro_rows_new(const RowOps *ops, void *user, size_t count);
void pro_rows_set_count(ProRows *rows, size_t count);

size_t pro_row_get_index(ProRow *row);
void pro_row_get_cell(ProRow *row, size_t column, char ret_text[ROW_CELL_MAX]);
bool pro_row_get_bytes(ProRow *row, uint64_t *ret_offset, uint64_t *ret_size);
void *pro_row_get_user(ProRow *row); /* that of its ProRows */

#endif
