/* SPDX-License-Identifier: Apache-2.0 */
#include "hits.h"

#include "workspace/tasks/task.h"

#include <promp/text.h>
#include <string.h>

typedef struct Hit {
    uint64_t offset;
    uint64_t size;
    const char *kind; /* interned */
    const char *text;
} Hit;

struct Hits {
    ProRows *rows; /* lent: they hold this */
    uint64_t base;
    bool with_kind;
    GArray *hits;
    GStringChunk *texts;
};

static void hit_cell(void *user, size_t row, size_t column, char ret_text[ROW_CELL_MAX])
{
    const Hits *hits = user;
    const Hit *hit = &g_array_index(hits->hits, Hit, row);
    if (column >= 2 && !hits->with_kind)
        column++;
    if (column == 0)
        (void)g_snprintf(
                ret_text, ROW_CELL_MAX, "%08" G_GINT64_MODIFIER "X", hits->base + hit->offset);
    else if (column == 1)
        (void)g_snprintf(ret_text, ROW_CELL_MAX, "%" G_GUINT64_FORMAT, hit->size);
    else
        (void)g_strlcpy(ret_text, column == 2 ? hit->kind : hit->text, ROW_CELL_MAX);
}

static bool hit_bytes(void *user, size_t row, uint64_t *ret_offset, uint64_t *ret_size)
{
    const Hit *hit = &g_array_index(((Hits *)user)->hits, Hit, row);
    *ret_offset = hit->offset;
    *ret_size = hit->size;
    return true;
}

static void hits_release(void *user)
{
    Hits *hits = user;
    g_array_unref(hits->hits);
    g_string_chunk_free(hits->texts);
    g_free(hits);
}

ProRows *hits_new(uint64_t base, bool with_kind, Hits **ret_hits)
{
    static const RowOps ops = {.cell = hit_cell, .bytes = hit_bytes, .release = hits_release};
    Hits *hits = g_new0(Hits, 1);
    hits->base = base;
    hits->with_kind = with_kind;
    hits->hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    hits->texts = g_string_chunk_new(64 << 10);
    hits->rows = pro_rows_new(&ops, hits, 0);
    *ret_hits = hits;
    return hits->rows;
}

static bool read_uint(ProReader *reader, uint64_t *ret_value)
{
    ProValue value;
    if (pro_read(reader, &value, NULL) != PRO_OK)
        return false;
    *ret_value = value.kind == PRO_VALUE_UINT ? value.unsigned_integer : (uint64_t)value.integer;
    return value.kind == PRO_VALUE_UINT || (value.kind == PRO_VALUE_INT && value.integer >= 0);
}

static bool read_text(ProReader *reader, char *ret_text, size_t capacity)
{
    const char *text;
    size_t size;
    if (pro_read_text(reader, &text, &size, NULL) != PRO_OK)
        return false;
    (void)pro_text_printable(ret_text, capacity, text, size, false);
    return true;
}

ProStatus hits_take(Hits *hits, const void *data, size_t size)
{
    ProReader reader;
    size_t count;
    pro_reader_init(&reader, data, size);
    if (pro_read_sequence(&reader, &count, NULL) != PRO_OK || count % 4 != 0)
        return PRO_ERR_FORMAT;
    for (size_t i = 0; i < count / 4; i++) {
        Hit hit;
        char kind[16];
        char text[3 * TASK_HIT_TEXT_MAX + 1];
        if (hits->hits->len >= TASK_HITS_MAX)
            return PRO_ERR_LIMIT;
        if (!read_uint(&reader, &hit.offset) || !read_uint(&reader, &hit.size) ||
                !read_text(&reader, kind, sizeof kind) || !read_text(&reader, text, sizeof text))
            return PRO_ERR_FORMAT;
        hit.kind = g_string_chunk_insert_const(hits->texts, kind);
        hit.text = g_string_chunk_insert(hits->texts, text);
        g_array_append_val(hits->hits, hit);
    }
    return PRO_OK;
}

void hits_show(Hits *hits)
{
    pro_rows_set_count(hits->rows, hits->hits->len);
}

size_t hits_count(const Hits *hits)
{
    return hits->hits->len;
}
