/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

struct _ProRow {
    GObject parent_instance;

    ProRows *rows;
    size_t index;
};

struct _ProRows {
    GObject parent_instance;

    const RowOps *ops;
    void *user;
    size_t count;
};

G_DEFINE_FINAL_TYPE(ProRow, pro_row, G_TYPE_OBJECT)

static GType get_item_type(GListModel *model)
{
    (void)model;
    return PRO_TYPE_ROW;
}

static guint get_n_items(GListModel *model)
{
    return (guint)PRO_ROWS(model)->count;
}

static gpointer get_item(GListModel *model, guint position)
{
    ProRows *rows = PRO_ROWS(model);
    if (position >= rows->count)
        return NULL;
    ProRow *row = g_object_new(PRO_TYPE_ROW, NULL);
    row->rows = g_object_ref(rows);
    row->index = position;
    return row;
}

static void list_model_init(GListModelInterface *interface)
{
    interface->get_item_type = get_item_type;
    interface->get_n_items = get_n_items;
    interface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(
        ProRows, pro_rows, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, list_model_init))

static void row_finalize(GObject *object)
{
    g_object_unref(PRO_ROW(object)->rows);
    G_OBJECT_CLASS(pro_row_parent_class)->finalize(object);
}

static void pro_row_class_init(ProRowClass *class)
{
    G_OBJECT_CLASS(class)->finalize = row_finalize;
}

static void pro_row_init(ProRow *row)
{
    (void)row;
}

static void rows_finalize(GObject *object)
{
    ProRows *rows = PRO_ROWS(object);
    if (rows->ops->release != NULL)
        rows->ops->release(rows->user);
    G_OBJECT_CLASS(pro_rows_parent_class)->finalize(object);
}

static void pro_rows_class_init(ProRowsClass *class)
{
    G_OBJECT_CLASS(class)->finalize = rows_finalize;
}

static void pro_rows_init(ProRows *rows)
{
    (void)rows;
}

ProRows *pro_rows_new(const RowOps *ops, void *user, size_t count)
{
    ProRows *rows = g_object_new(PRO_TYPE_ROWS, NULL);
    rows->ops = ops;
    rows->user = user;
    rows->count = count;
    return rows;
}

void pro_rows_set_count(ProRows *rows, size_t count)
{
    size_t before = rows->count;
    size_t kept = MIN(before, count);
    rows->count = count;
    if (before != count)
        g_list_model_items_changed(
                G_LIST_MODEL(rows), (guint)kept, (guint)(before - kept), (guint)(count - kept));
}

size_t pro_row_get_index(ProRow *row)
{
    return row->index;
}

void pro_row_get_cell(ProRow *row, size_t column, char ret_text[ROW_CELL_MAX])
{
    row->rows->ops->cell(row->rows->user, row->index, column, ret_text);
}

bool pro_row_get_bytes(ProRow *row, uint64_t *ret_offset, uint64_t *ret_size)
{
    return row->rows->ops->bytes(row->rows->user, row->index, ret_offset, ret_size);
}

void *pro_row_get_user(ProRow *row)
{
    return row->rows->user;
}
