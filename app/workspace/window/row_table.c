/* SPDX-License-Identifier: Apache-2.0 */
#include "row_table.h"

#include "ui/hexview/label.h"

#include <string.h>

enum { COLUMNS_MAX = 16 };

struct _ProRowTable {
    GtkBox parent_instance;

    GtkWidget *filter_entry;
    GtkWidget *view;
    GtkCustomFilter *filter;
    GtkFilterListModel *filtered;
    GtkSingleSelection *selection;
    size_t column_count;
    bool choosing; /* the first row is to be selected once there is one */
    char *wanted;  /* casefolded; NULL: everything */
};

G_DEFINE_FINAL_TYPE(ProRowTable, pro_row_table, GTK_TYPE_BOX)

static guint row_selected;

/* ---- cells ---- */

static void set_up_cell(GtkSignalListItemFactory *factory, GtkListItem *item, void *unused)
{
    GtkWidget *label = gtk_label_new("");
    (void)factory;
    (void)unused;
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_label_set_single_line_mode(GTK_LABEL(label), TRUE);
    gtk_widget_add_css_class(label, "monospace");
    gtk_list_item_set_child(item, label);
}

static void bind_cell(GtkSignalListItemFactory *factory, GtkListItem *item, void *column)
{
    char text[ROW_CELL_MAX];
    (void)factory;
    pro_row_get_cell(PRO_ROW(gtk_list_item_get_item(item)), GPOINTER_TO_SIZE(column), text);
    gtk_label_set_text(GTK_LABEL(gtk_list_item_get_child(item)), text);
}

static void add_column(ProRowTable *table, const char *title, size_t index, bool last)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(set_up_cell), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_cell), GSIZE_TO_POINTER(index));
    GtkColumnViewColumn *column = gtk_column_view_column_new(title, factory);
    gtk_column_view_column_set_resizable(column, TRUE);
    gtk_column_view_column_set_expand(column, last);
    gtk_column_view_append_column(GTK_COLUMN_VIEW(table->view), column);
    g_object_unref(column);
}

static void remove_columns(ProRowTable *table)
{
    GListModel *columns = gtk_column_view_get_columns(GTK_COLUMN_VIEW(table->view));
    while (g_list_model_get_n_items(columns) > 0) {
        GtkColumnViewColumn *column = g_list_model_get_item(columns, 0);
        gtk_column_view_remove_column(GTK_COLUMN_VIEW(table->view), column);
        g_object_unref(column);
    }
}

/* ---- the filter ---- */

static gboolean is_wanted(void *item, void *user)
{
    ProRowTable *table = user;
    char text[ROW_CELL_MAX];
    if (table->wanted == NULL)
        return TRUE;
    for (size_t column = 0; column < table->column_count; column++) {
        pro_row_get_cell(PRO_ROW(item), column, text);
        char *folded = g_utf8_casefold(text, -1);
        bool found = strstr(folded, table->wanted) != NULL;
        g_free(folded);
        if (found)
            return TRUE;
    }
    return FALSE;
}

static void filter_changed(GtkSearchEntry *entry, ProRowTable *table)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(entry));
    char *wanted = text[0] != '\0' ? g_utf8_casefold(text, -1) : NULL;
    if (g_strcmp0(wanted, table->wanted) == 0) {
        g_free(wanted);
        return;
    }
    g_free(table->wanted);
    table->wanted = wanted;
    gtk_filter_list_model_set_filter(
            table->filtered, wanted != NULL ? GTK_FILTER(table->filter) : NULL);
    gtk_filter_changed(GTK_FILTER(table->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

/* Rows are filtered in steps: the first one that is left may come later. */
static void choose_first(ProRowTable *table)
{
    if (!table->choosing || g_list_model_get_n_items(G_LIST_MODEL(table->filtered)) == 0)
        return;
    table->choosing = false;
    gtk_single_selection_set_selected(table->selection, 0);
}

static void filter_activated(GtkSearchEntry *entry, ProRowTable *table)
{
    filter_changed(entry, table); /* which else waits a moment for more to be typed */
    table->choosing = true;
    choose_first(table);
}

/* ---- the selection ---- */

static void tell_selected(ProRowTable *table)
{
    void *row = gtk_single_selection_get_selected_item(table->selection);
    if (row != NULL)
        g_signal_emit(table, row_selected, 0, row);
}

static void selection_changed(GtkSingleSelection *selection, GParamSpec *unused, ProRowTable *table)
{
    (void)selection;
    (void)unused;
    tell_selected(table);
}

static void row_activated(GtkColumnView *view, guint position, ProRowTable *table)
{
    (void)view;
    (void)position;
    tell_selected(table);
}

/* ---- the object ---- */

static void dispose(GObject *object)
{
    ProRowTable *table = PRO_ROW_TABLE(object);
    if (table->selection != NULL)
        g_signal_handlers_disconnect_by_data(table->selection, table);
    g_clear_object(&table->selection);
    g_clear_object(&table->filtered);
    g_clear_object(&table->filter);
    g_clear_pointer(&table->wanted, g_free);
    G_OBJECT_CLASS(pro_row_table_parent_class)->dispose(object);
}

static void pro_row_table_class_init(ProRowTableClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
    row_selected = g_signal_new("row-selected", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
            NULL, NULL, NULL, G_TYPE_NONE, 1, PRO_TYPE_ROW);
}

static void make_models(ProRowTable *table)
{
    table->filter = gtk_custom_filter_new(is_wanted, table, NULL);
    table->filtered = gtk_filter_list_model_new(NULL, NULL);
    gtk_filter_list_model_set_incremental(table->filtered, TRUE);
    table->selection = gtk_single_selection_new(G_LIST_MODEL(g_object_ref(table->filtered)));
    gtk_single_selection_set_autoselect(table->selection, FALSE);
    gtk_single_selection_set_can_unselect(table->selection, TRUE);
    g_signal_connect_object(table->filtered, "items-changed", G_CALLBACK(choose_first), table,
            G_CONNECT_SWAPPED | G_CONNECT_AFTER);
    g_signal_connect(
            table->selection, "notify::selected-item", G_CALLBACK(selection_changed), table);
}

static void pro_row_table_init(ProRowTable *table)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(table), GTK_ORIENTATION_VERTICAL);
    make_models(table);
    table->filter_entry = gtk_search_entry_new();
    g_object_set(table->filter_entry, "placeholder-text", "Show only rows with", NULL);
    gtk_widget_set_margin_start(table->filter_entry, 8);
    gtk_widget_set_margin_end(table->filter_entry, 8);
    gtk_widget_set_margin_top(table->filter_entry, 4);
    gtk_widget_set_margin_bottom(table->filter_entry, 4);
    hex_label_widget(table->filter_entry, "Show only rows with", NULL);
    g_signal_connect(table->filter_entry, "search-changed", G_CALLBACK(filter_changed), table);
    g_signal_connect(table->filter_entry, "activate", G_CALLBACK(filter_activated), table);
    table->view = gtk_column_view_new(GTK_SELECTION_MODEL(g_object_ref(table->selection)));
    gtk_column_view_set_show_column_separators(GTK_COLUMN_VIEW(table->view), TRUE);
    gtk_widget_add_css_class(table->view, "dense");
    g_signal_connect(table->view, "activate", G_CALLBACK(row_activated), table);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), table->view);
    gtk_widget_set_vexpand(scrolled, TRUE);
    gtk_box_append(GTK_BOX(table), table->filter_entry);
    gtk_box_append(GTK_BOX(table), scrolled);
}

GtkWidget *pro_row_table_new(const char *name)
{
    ProRowTable *table = g_object_new(PRO_TYPE_ROW_TABLE, NULL);
    hex_label_widget(table->view, name, NULL);
    return GTK_WIDGET(table);
}

void pro_row_table_set_rows(
        ProRowTable *table, ProRows *rows, const char *const *columns, size_t column_count)
{
    table->column_count = MIN(column_count, COLUMNS_MAX);
    gtk_filter_list_model_set_model(table->filtered, NULL);
    remove_columns(table);
    for (size_t i = 0; i < table->column_count; i++)
        add_column(table, columns[i], i, i + 1 == table->column_count);
    gtk_filter_list_model_set_model(table->filtered, G_LIST_MODEL(rows));
}

void pro_row_table_focus(ProRowTable *table)
{
    gtk_widget_grab_focus(table->filter_entry);
}
