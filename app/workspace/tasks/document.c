/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_text(ProWriter *writer, const char *text)
{
    pro_write_text(writer, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void write_texts(ProWriter *writer, const char *const *texts, size_t count)
{
    pro_write_list(writer, count);
    for (size_t i = 0; i < count; i++)
        write_text(writer, texts[i]);
    pro_write_end(writer);
}

void task_document_begin(TaskDocument *document)
{
    *document = (TaskDocument){.tables = pro_writer_new()};
}

int task_table_begin(TaskDocument *document, const char *name, int parent, TaskBytes bytes,
        const char *const *columns, size_t column_count, size_t row_count)
{
    pro_write_list(document->tables, 6);
    write_text(document->tables, name);
    pro_write_int(document->tables, parent);
    pro_write_uint(document->tables, bytes.offset);
    pro_write_uint(document->tables, bytes.size);
    write_texts(document->tables, columns, column_count);
    pro_write_list(document->tables, row_count);
    return (int)document->count++;
}

void task_row_begin(TaskDocument *document, TaskBytes bytes, size_t cell_count)
{
    pro_write_list(document->tables, 2 + cell_count);
    pro_write_uint(document->tables, bytes.offset);
    pro_write_uint(document->tables, bytes.size);
}

void task_cell_hex(TaskDocument *document, uint64_t value)
{
    pro_write_uint(document->tables, value);
}

void task_cell_text(TaskDocument *document, const char *text)
{
    write_text(document->tables, text);
}

void task_cell_format(TaskDocument *document, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    write_text(document->tables, text);
}

void task_row_end(TaskDocument *document)
{
    pro_write_end(document->tables);
}

void task_table_end(TaskDocument *document)
{
    pro_write_end(document->tables); /* rows */
    pro_write_end(document->tables);
}

void task_document_end(TaskDocument *document, const char *format, const char *const *warnings,
        size_t warning_count, ProWriter *result)
{
    const void *data;
    size_t size;
    if (pro_writer_data(document->tables, &data, &size) == PRO_OK) {
        pro_write_list(result, 3);
        write_text(result, format);
        write_texts(result, warnings, warning_count);
        pro_write_list(result, document->count);
        pro_write_encoded(result, data, size);
        pro_write_end(result);
        pro_write_end(result);
    }
    pro_writer_free(document->tables);
}
