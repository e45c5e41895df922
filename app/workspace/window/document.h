/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_DOCUMENT_H
#define WORKSPACE_DOCUMENT_H

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a worker said a file consists of (task_document.h has the form), checked: the worker read a
 * hostile file and may be anybody's by now. Rows stay encoded and are read when they are shown.
 *
 * Threads:  the user interface's.
 * Lifetime: counted; what its functions lend lives as long.
 */

enum {
    DOCUMENT_TABLES_MAX = 8192,
    DOCUMENT_COLUMNS_MAX = 12,
    DOCUMENT_ROWS_MAX = 4 << 20, /* of all tables */
    DOCUMENT_NAME_MAX = 512,     /* bytes; longer ones are cut */
    DOCUMENT_WARNINGS_MAX = 1000,
    DOCUMENT_CELL_MAX = 1024 /* bytes with the NUL; longer texts are cut */
};

typedef struct Document Document;

typedef struct DocumentTable {
    char *name;
    int parent; /* an earlier table, or -1 */
    uint64_t offset;
    uint64_t size; /* 0: no bytes of its own */
    size_t column_count;
    char *columns[DOCUMENT_COLUMNS_MAX];
    size_t row_count;
    size_t first_row; /* private */
} DocumentTable;

/* Copies the bytes. PRO_ERR_FORMAT, PRO_ERR_LIMIT. */
ProStatus document_read(const void *data, size_t size, Document **ret_document, ProError *reterr);
Document *document_ref(Document *document);
void document_unref(Document *document); /* NULL is allowed */

const char *document_format(const Document *document); /* "" if it is not known */
size_t document_warning_count(const Document *document);
const char *document_warning(const Document *document, size_t index);
size_t document_table_count(const Document *document);
const DocumentTable *document_table(const Document *document, size_t index);

/* False if the row has no bytes. */
bool document_row_bytes(const Document *document, const DocumentTable *table, size_t row,
        uint64_t *ret_offset, uint64_t *ret_size);
/* Valid UTF-8 in one line. */
void document_cell(const Document *document, const DocumentTable *table, size_t row, size_t column,
        char ret_text[DOCUMENT_CELL_MAX]);

#endif
