/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "workspace/tasks/document.h"
#include "workspace/window/document.h"

#include <stdlib.h>
#include <string.h>

static Document *read_back(ProWriter *writer)
{
    Document *document = NULL;
    const void *data;
    size_t size;
    ProError error = {0};
    assert_int_equal(pro_writer_data(writer, &data, &size), PRO_OK);
    if (document_read(data, size, &document, &error) != PRO_OK)
        fail_msg("%s", error.text);
    return document;
}

static ProStatus refusal(ProWriter *writer)
{
    Document *document = NULL;
    const void *data;
    size_t size;
    ProError error = {0};
    assert_int_equal(pro_writer_data(writer, &data, &size), PRO_OK);
    ProStatus status = document_read(data, size, &document, &error);
    assert_null(document);
    assert_true(error.text[0] != '\0');
    return status;
}

static void write_text(ProWriter *writer, const char *text)
{
    pro_write_text(writer, text, strlen(text));
}

static void what_a_task_writes_is_read_back(void **state)
{
    (void)state;
    static const char *const columns[] = {"Name", "Address"};
    static const char *const warnings[] = {"a section lies behind the end"};
    TaskDocument task;
    ProWriter *writer = pro_writer_new();
    task_document_begin(&task);
    int parent = task_table_begin(&task, "Imports", -1, (TaskBytes){64, 20}, columns, 2, 2);
    for (unsigned i = 0; i < 2; i++) {
        task_row_begin(&task, (TaskBytes){i * 100, i}, 2);
        task_cell_format(&task, "row %u", i);
        task_cell_hex(&task, 0xFFFFFFFFFFFFFFF0 + i);
        task_row_end(&task);
    }
    task_table_end(&task);
    (void)task_table_begin(&task, "user32.dll", parent, TASK_NO_BYTES, NULL, 0, 0);
    task_table_end(&task);
    task_document_end(&task, "PE32", warnings, 1, writer);

    Document *document = read_back(writer);
    char cell[DOCUMENT_CELL_MAX];
    uint64_t offset;
    uint64_t size;
    assert_string_equal(document_format(document), "PE32");
    assert_int_equal(document_warning_count(document), 1);
    assert_string_equal(document_warning(document, 0), warnings[0]);
    assert_int_equal(document_table_count(document), 2);
    const DocumentTable *table = document_table(document, 0);
    assert_int_equal(table->row_count, 2);
    assert_int_equal(table->column_count, 2);
    assert_string_equal(table->columns[1], "Address");
    document_cell(document, table, 1, 0, cell);
    assert_string_equal(cell, "row 1");
    document_cell(document, table, 1, 1, cell);
    assert_string_equal(cell, "FFFFFFFFFFFFFFF1");
    document_cell(document, table, 1, 2, cell);
    assert_string_equal(cell, "");
    document_cell(document, table, 2, 0, cell);
    assert_string_equal(cell, "");
    assert_false(document_row_bytes(document, table, 0, &offset, &size));
    assert_true(document_row_bytes(document, table, 1, &offset, &size));
    assert_int_equal(offset, 100);
    assert_int_equal(document_table(document, 1)->parent, 0);
    document_unref(document);
    pro_writer_free(writer);
}

/* [format, [], [table]], the table with that many columns, rows and that parent. */
static ProWriter *write_table(int64_t parent, size_t columns, size_t rows)
{
    ProWriter *writer = pro_writer_new();
    pro_write_list(writer, 3);
    write_text(writer, "ELF");
    pro_write_list(writer, 0);
    pro_write_end(writer);
    pro_write_list(writer, 1);
    pro_write_list(writer, 6);
    write_text(writer, "table");
    pro_write_int(writer, parent);
    pro_write_uint(writer, 0);
    pro_write_uint(writer, 0);
    pro_write_list(writer, columns);
    for (size_t i = 0; i < columns; i++)
        write_text(writer, "column");
    pro_write_end(writer);
    pro_write_list(writer, rows);
    for (size_t i = 0; i < rows; i++)
        pro_write_nil(writer); /* no row at all */
    pro_write_end(writer);
    pro_write_end(writer);
    pro_write_end(writer);
    pro_write_end(writer);
    return writer;
}

static void what_a_hostile_worker_writes_is_refused(void **state)
{
    (void)state;
    ProWriter *writer = write_table(0, 1, 1); /* its own parent */
    assert_int_equal(refusal(writer), PRO_ERR_FORMAT);
    pro_writer_free(writer);
    writer = write_table(-2, 1, 1);
    assert_int_equal(refusal(writer), PRO_ERR_FORMAT);
    pro_writer_free(writer);
    writer = write_table(-1, DOCUMENT_COLUMNS_MAX + 1, 0);
    assert_int_equal(refusal(writer), PRO_ERR_LIMIT);
    pro_writer_free(writer);
    writer = write_table(-1, 1, DOCUMENT_ROWS_MAX + 1);
    assert_int_equal(refusal(writer), PRO_ERR_LIMIT);
    pro_writer_free(writer);
    writer = pro_writer_new();
    write_text(writer, "no document");
    assert_int_equal(refusal(writer), PRO_ERR_FORMAT);
    pro_writer_free(writer);
}

static void rows_that_are_none_are_blank(void **state)
{
    (void)state;
    char cell[DOCUMENT_CELL_MAX];
    uint64_t offset;
    uint64_t size;
    ProWriter *writer = write_table(-1, 1, 3);
    Document *document = read_back(writer);
    const DocumentTable *table = document_table(document, 0);
    document_cell(document, table, 1, 0, cell);
    assert_string_equal(cell, "");
    assert_false(document_row_bytes(document, table, 1, &offset, &size));
    document_unref(document);
    pro_writer_free(writer);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    ProWriter *writer = write_table(-1, 2, 3);
    const void *data;
    size_t size;
    assert_int_equal(pro_writer_data(writer, &data, &size), PRO_OK);
    for (size_t cut = 0; cut < size; cut++) {
        Document *document = NULL;
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, data, cut);
        assert_int_not_equal(document_read(copy, cut, &document, NULL), PRO_OK);
        free(copy);
    }
    pro_writer_free(writer);
}

TEST_MAIN(cmocka_unit_test(what_a_task_writes_is_read_back),
        cmocka_unit_test(what_a_hostile_worker_writes_is_refused),
        cmocka_unit_test(rows_that_are_none_are_blank), cmocka_unit_test(every_cut_is_refused))
