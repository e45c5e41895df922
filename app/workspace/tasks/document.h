/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_TASK_DOCUMENT_H
#define WORKSPACE_TASK_DOCUMENT_H

#include <promp/value.h>

/*
 * A worker writes what a file consists of as a document: a tree of tables whose rows tell where
 * their bytes lie. The workspace reads it with document.h; this is its form:
 *
 *   document  [format, [warning, ...], [table, ...]]
 *   table     [name, parent, offset, size, [column, ...], [row, ...]]
 *   row       [offset, size, cell, ...]
 *
 * Texts are UTF-8; a parent is the index of an earlier table or -1; a size of 0 means no bytes; a
 * cell is a text, or an unsigned integer that is shown in hexadecimal.
 */

typedef struct TaskDocument {
    ProWriter *tables; /* one value a table */
    size_t count;
} TaskDocument;

typedef struct TaskBytes {
    uint64_t offset;
    uint64_t size; /* 0: none */
} TaskBytes;

/* Where nothing is known to lie. */
#define TASK_NO_BYTES ((TaskBytes){0, 0})

void task_document_begin(TaskDocument *document);
/* columns: `column_count` of them. `row_count` rows follow, then task_table_end(). Returns the
 * table's index, a parent for others; parent: -1 for none. */
int task_table_begin(TaskDocument *document, const char *name, int parent, TaskBytes bytes,
        const char *const *columns, size_t column_count, size_t row_count);
/* `cell_count` cells follow. */
void task_row_begin(TaskDocument *document, TaskBytes bytes, size_t cell_count);
void task_cell_hex(TaskDocument *document, uint64_t value);
void task_cell_text(TaskDocument *document, const char *text); /* NULL: "" */
void task_cell_format(TaskDocument *document, const char *format, ...) PRO_PRINTF(2, 3);
void task_row_end(TaskDocument *document);
void task_table_end(TaskDocument *document);
/* Writes all of it and frees what was held. */
void task_document_end(TaskDocument *document, const char *format, const char *const *warnings,
        size_t warning_count, ProWriter *result);

#endif
