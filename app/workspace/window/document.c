/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include <inttypes.h>
#include <promp/text.h>
#include <promp/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Document {
    unsigned references;
    uint8_t *data; /* the encoded value */
    size_t size;
    char *format;
    char **warnings;
    size_t warning_count;
    DocumentTable *tables;
    size_t table_count;
    size_t *rows; /* where in `data` each begins */
    size_t row_count;
    size_t row_capacity;
};

static ProStatus fail(ProError *reterr, ProStatus status, const char *what)
{
    if (reterr != NULL) {
        *reterr = (ProError){.status = status};
        (void)snprintf(reterr->text, sizeof reterr->text, "what the worker sent: %s", what);
    }
    return status;
}

static ProStatus no_memory(ProError *reterr)
{
    return fail(reterr, PRO_ERR_NO_MEMORY, "no memory for it");
}

/* ---- pieces ---- */

static ProStatus read_name(ProReader *reader, char **ret_name, ProError *reterr)
{
    const char *text;
    size_t size;
    char cut[DOCUMENT_NAME_MAX];
    ProStatus status = pro_read_text(reader, &text, &size, reterr);
    if (status != PRO_OK)
        return status;
    (void)pro_text_printable(cut, sizeof cut, text, size, false);
    *ret_name = strdup(cut);
    return *ret_name != NULL ? PRO_OK : no_memory(reterr);
}

static ProStatus read_uint(ProReader *reader, uint64_t *ret_value, ProError *reterr)
{
    ProValue value;
    ProStatus status = pro_read(reader, &value, reterr);
    if (status != PRO_OK)
        return status;
    if (value.kind == PRO_VALUE_UINT)
        *ret_value = value.unsigned_integer;
    else if (value.kind == PRO_VALUE_INT && value.integer >= 0)
        *ret_value = (uint64_t)value.integer;
    else
        return fail(reterr, PRO_ERR_FORMAT, "an offset or size is none");
    return PRO_OK;
}

static ProStatus read_count(
        ProReader *reader, size_t at_most, const char *what, size_t *ret_count, ProError *reterr)
{
    ProStatus status = pro_read_sequence(reader, ret_count, reterr);
    return status == PRO_OK && *ret_count > at_most ? fail(reterr, PRO_ERR_LIMIT, what) : status;
}

static ProStatus read_texts(
        ProReader *reader, char **texts, size_t count, size_t *ret_count, ProError *reterr)
{
    ProStatus status = PRO_OK;
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        status = read_name(reader, &texts[i], reterr);
        *ret_count += status == PRO_OK;
    }
    return status;
}

/* ---- tables ---- */

static ProStatus add_row(Document *document, size_t at, ProError *reterr)
{
    if (document->row_count == DOCUMENT_ROWS_MAX)
        return fail(reterr, PRO_ERR_LIMIT, "too many rows");
    if (document->row_count == document->row_capacity) {
        size_t capacity = document->row_capacity * 2 + 256;
        size_t *rows = realloc(document->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return no_memory(reterr);
        document->rows = rows;
        document->row_capacity = capacity;
    }
    document->rows[document->row_count++] = at;
    return PRO_OK;
}

static ProStatus read_rows(
        Document *document, DocumentTable *table, ProReader *reader, ProError *reterr)
{
    size_t count;
    table->first_row = document->row_count;
    ProStatus status = read_count(reader, DOCUMENT_ROWS_MAX, "too many rows", &count, reterr);
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        size_t at = document->size - pro_reader_left(reader);
        status = add_row(document, at, reterr);
        if (status == PRO_OK)
            status = pro_read_skip(reader, reterr);
    }
    table->row_count = status == PRO_OK ? count : 0;
    return status;
}

static ProStatus read_table(
        Document *document, DocumentTable *table, ProReader *reader, ProError *reterr)
{
    size_t count = 0;
    int64_t parent = -1;
    ProStatus status = pro_read_sequence(reader, &count, reterr);
    if (status == PRO_OK && count != 6)
        return fail(reterr, PRO_ERR_FORMAT, "a table without its six parts");
    if (status == PRO_OK)
        status = read_name(reader, &table->name, reterr);
    if (status == PRO_OK)
        status = pro_read_int(reader, &parent, reterr);
    if (status == PRO_OK && (parent < -1 || parent >= (int64_t)document->table_count))
        return fail(reterr, PRO_ERR_FORMAT, "a table's parent does not stand before it");
    table->parent = (int)parent;
    if (status == PRO_OK)
        status = read_uint(reader, &table->offset, reterr);
    if (status == PRO_OK)
        status = read_uint(reader, &table->size, reterr);
    if (status == PRO_OK)
        status = read_count(reader, DOCUMENT_COLUMNS_MAX, "too many columns", &count, reterr);
    if (status == PRO_OK)
        status = read_texts(reader, table->columns, count, &table->column_count, reterr);
    return status == PRO_OK ? read_rows(document, table, reader, reterr) : status;
}

static ProStatus read_tables(Document *document, ProReader *reader, ProError *reterr)
{
    size_t count;
    ProStatus status = read_count(reader, DOCUMENT_TABLES_MAX, "too many tables", &count, reterr);
    if (status != PRO_OK)
        return status;
    document->tables = calloc(count + 1, sizeof *document->tables);
    if (document->tables == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        status = read_table(document, &document->tables[i], reader, reterr);
        document->table_count++; /* a half-read one is freed as well */
    }
    return status;
}

static ProStatus read_all(Document *document, ProError *reterr)
{
    ProReader reader;
    size_t count;
    ProStatus status = pro_value_check(document->data, document->size, reterr);
    pro_reader_init(&reader, document->data, document->size);
    if (status == PRO_OK)
        status = pro_read_sequence(&reader, &count, reterr);
    if (status == PRO_OK && count != 3)
        return fail(reterr, PRO_ERR_FORMAT, "no document");
    if (status == PRO_OK)
        status = read_name(&reader, &document->format, reterr);
    if (status == PRO_OK)
        status = read_count(&reader, DOCUMENT_WARNINGS_MAX, "too many warnings", &count, reterr);
    if (status == PRO_OK) {
        document->warnings = calloc(count + 1, sizeof *document->warnings);
        if (document->warnings == NULL)
            return no_memory(reterr);
        status = read_texts(&reader, document->warnings, count, &document->warning_count, reterr);
    }
    return status == PRO_OK ? read_tables(document, &reader, reterr) : status;
}

ProStatus document_read(const void *data, size_t size, Document **ret_document, ProError *reterr)
{
    Document *document = calloc(1, sizeof *document);
    if (document == NULL)
        return no_memory(reterr);
    document->references = 1;
    document->data = malloc(size + 1);
    if (document->data == NULL) {
        document_unref(document);
        return no_memory(reterr);
    }
    memcpy(document->data, data, size);
    document->size = size;
    ProStatus status = read_all(document, reterr);
    if (status == PRO_OK)
        *ret_document = document;
    else
        document_unref(document);
    return status;
}

Document *document_ref(Document *document)
{
    document->references++;
    return document;
}

void document_unref(Document *document)
{
    if (document == NULL || --document->references > 0)
        return;
    for (size_t i = 0; i < document->table_count; i++) {
        free(document->tables[i].name);
        for (size_t k = 0; k < DOCUMENT_COLUMNS_MAX; k++)
            free(document->tables[i].columns[k]);
    }
    for (size_t i = 0; i < document->warning_count; i++)
        free(document->warnings[i]);
    free(document->tables);
    free(document->warnings);
    free(document->rows);
    free(document->format);
    free(document->data);
    free(document);
}

/* ---- asking ---- */

const char *document_format(const Document *document)
{
    return document->format;
}

size_t document_warning_count(const Document *document)
{
    return document->warning_count;
}

const char *document_warning(const Document *document, size_t index)
{
    return document->warnings[index];
}

size_t document_table_count(const Document *document)
{
    return document->table_count;
}

const DocumentTable *document_table(const Document *document, size_t index)
{
    return &document->tables[index];
}

/* At the row's first value, `ret_count` of them. */
static bool begin_row(const Document *document, const DocumentTable *table, size_t row,
        ProReader *reader, size_t *ret_count)
{
    if (row >= table->row_count)
        return false;
    size_t at = document->rows[table->first_row + row];
    pro_reader_init(reader, document->data + at, document->size - at);
    return pro_read_sequence(reader, ret_count, NULL) == PRO_OK;
}

bool document_row_bytes(const Document *document, const DocumentTable *table, size_t row,
        uint64_t *ret_offset, uint64_t *ret_size)
{
    ProReader reader;
    size_t count;
    uint64_t offset;
    uint64_t size;
    if (!begin_row(document, table, row, &reader, &count) || count < 2 ||
            read_uint(&reader, &offset, NULL) != PRO_OK ||
            read_uint(&reader, &size, NULL) != PRO_OK || size == 0)
        return false;
    *ret_offset = offset;
    *ret_size = size;
    return true;
}

void document_cell(const Document *document, const DocumentTable *table, size_t row, size_t column,
        char ret_text[DOCUMENT_CELL_MAX])
{
    ProReader reader;
    ProValue value;
    size_t count;
    ret_text[0] = '\0';
    if (!begin_row(document, table, row, &reader, &count) || column + 2 >= count)
        return;
    for (size_t i = 0; i < column + 2; i++)
        if (pro_read_skip(&reader, NULL) != PRO_OK)
            return;
    if (pro_read(&reader, &value, NULL) != PRO_OK)
        return;
    if (value.kind == PRO_VALUE_TEXT)
        (void)pro_text_printable(ret_text, DOCUMENT_CELL_MAX, value.data, value.size, false);
    else if (value.kind == PRO_VALUE_INT)
        (void)snprintf(ret_text, DOCUMENT_CELL_MAX, "%" PRIX64, (uint64_t)value.integer);
    else if (value.kind == PRO_VALUE_UINT)
        (void)snprintf(ret_text, DOCUMENT_CELL_MAX, "%" PRIX64, value.unsigned_integer);
}
