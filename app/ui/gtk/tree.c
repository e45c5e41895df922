/* SPDX-License-Identifier: Apache-2.0 */

/* Trees: the view's nodes, made into rows as they are opened. */

#include "gtk_private.h"

#include <stdio.h>

enum { TEXT_BYTES = 4096 };

/* NULL for a node without children. */
static GListModel *children_of(const ProView *view, int64_t node)
{
    if (view->tree_count == 0 || view->tree[node].first == 0)
        return NULL;
    GListStore *store = g_list_store_new(UI_TYPE_NUMBER);
    for (int64_t child = view->tree[node].first; child != 0; child = view->tree[child].next) {
        UiNumber *item = ui_number_new(child);
        g_list_store_append(store, item);
        g_object_unref(item);
    }
    return G_LIST_MODEL(store);
}

static GListModel *create_children(void *item, void *view)
{
    return children_of(view, ui_number_of(item));
}

static int64_t node_of(GtkTreeListRow *row)
{
    if (row == NULL)
        return 0;
    UiNumber *item = gtk_tree_list_row_get_item(row);
    int64_t node = item == NULL ? 0 : ui_number_of(item);
    g_clear_object(&item);
    return node;
}

/* ---- cells ---- */

static void setup_cell(GtkSignalListItemFactory *factory, GtkListItem *item, void *user)
{
    (void)user;
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    if (g_object_get_data(G_OBJECT(factory), "promp-column") != NULL) {
        gtk_list_item_set_child(item, label);
        return;
    }
    GtkWidget *expander = gtk_tree_expander_new();
    gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), label);
    gtk_list_item_set_child(item, expander);
}

static void bind_cell(GtkSignalListItemFactory *factory, GtkListItem *item, ProView *view)
{
    GtkTreeListRow *row = gtk_list_item_get_item(item);
    int64_t node = node_of(row);
    if (view->native == NULL || (uint64_t)node >= view->tree_count)
        return;
    size_t column = GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(factory), "promp-column"));
    char text[TEXT_BYTES];
    GtkWidget *label = gtk_list_item_get_child(item);
    if (GTK_IS_TREE_EXPANDER(label)) {
        gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(label), row);
        label = gtk_tree_expander_get_child(GTK_TREE_EXPANDER(label));
    }
    char *good =
            g_utf8_make_valid(view_tree_text(&view->tree[node], column, text, sizeof text), -1);
    gtk_label_set_text(GTK_LABEL(label), good);
    g_free(good);
}

static void add_column(ProView *view, size_t number, const char *title)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_object_set_data(G_OBJECT(factory), "promp-column", GSIZE_TO_POINTER(number));
    g_signal_connect(factory, "setup", G_CALLBACK(setup_cell), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_cell), view);
    GtkColumnViewColumn *column = gtk_column_view_column_new(title, factory);
    gtk_column_view_column_set_resizable(column, TRUE);
    int characters = number < view->item_count ? view->column_widths[number] : 0;
    if (characters > 0)
        gtk_column_view_column_set_fixed_width(
                column, gtk_table_width_of(GTK_WIDGET(view->native), characters));
    else
        gtk_column_view_column_set_expand(column, TRUE);
    gtk_column_view_append_column(GTK_COLUMN_VIEW(view->native), column);
    g_object_unref(column);
}

static void show_columns(ProView *view)
{
    GtkColumnView *tree = GTK_COLUMN_VIEW(view->native);
    GListModel *columns = gtk_column_view_get_columns(tree);
    while (g_list_model_get_n_items(columns) > 0) {
        GtkColumnViewColumn *column = g_list_model_get_item(columns, 0);
        gtk_column_view_remove_column(tree, column);
        g_object_unref(column);
    }
    if (view->item_count == 0)
        add_column(view, 0, "");
    for (size_t i = 0; i < view->item_count; i++)
        add_column(view, i, view->items[i]);
}

/* ---- rows ---- */

static void on_selected(GtkSingleSelection *selection, GParamSpec *property, ProView *view)
{
    (void)property;
    if (view->native == NULL)
        return;
    view->selected = node_of(gtk_single_selection_get_selected_item(selection));
    if (gtk_control_is_updating || view->selected == 0)
        return;
    ProEvent event = {.code = PRO_PVN_ROW_SELECTED, .row = -1, .node = view->selected};
    (void)view_notify_event(view, &event);
}

/* Rows above are opened first: opening one moves those below. */
static void open_expanded(const ProView *view, GtkTreeListModel *model)
{
    for (unsigned i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(model)); i++) {
        GtkTreeListRow *row = gtk_tree_list_model_get_row(model, i);
        int64_t node = node_of(row);
        if (view->tree[node].expanded)
            gtk_tree_list_row_set_expanded(row, TRUE);
        g_object_unref(row);
    }
}

/* What the person opened stays open when nodes come. */
static void remember_expanded(ProView *view, GListModel *rows)
{
    for (unsigned i = 0; rows != NULL && i < g_list_model_get_n_items(rows); i++) {
        GtkTreeListRow *row = g_list_model_get_item(rows, i);
        int64_t node = node_of(row);
        if ((uint64_t)node < view->tree_count && gtk_tree_list_row_is_expandable(row))
            view->tree[node].expanded = gtk_tree_list_row_get_expanded(row);
        g_object_unref(row);
    }
}

static void select_node(const ProView *view, GtkSingleSelection *selection)
{
    GListModel *rows = G_LIST_MODEL(selection);
    unsigned place = GTK_INVALID_LIST_POSITION;
    for (unsigned i = 0; view->selected != 0 && i < g_list_model_get_n_items(rows); i++) {
        GtkTreeListRow *row = g_list_model_get_item(rows, i);
        if (node_of(row) == view->selected)
            place = i;
        g_object_unref(row);
    }
    gtk_single_selection_set_selected(selection, place);
}

static void show_nodes(ProView *view)
{
    GListModel *top = children_of(view, 0);
    if (top == NULL)
        top = G_LIST_MODEL(g_list_store_new(UI_TYPE_NUMBER));
    GtkTreeListModel *model =
            gtk_tree_list_model_new(top, FALSE, FALSE, create_children, view, NULL);
    if (view->tree_count > 0)
        open_expanded(view, model);
    GtkSingleSelection *selection = gtk_single_selection_new(G_LIST_MODEL(model));
    gtk_single_selection_set_autoselect(selection, FALSE);
    gtk_single_selection_set_can_unselect(selection, TRUE);
    select_node(view, selection);
    g_signal_connect(selection, "notify::selected", G_CALLBACK(on_selected), view);
    gtk_column_view_set_model(GTK_COLUMN_VIEW(view->native), GTK_SELECTION_MODEL(selection));
    g_object_unref(selection);
}

/* Thousands of nodes may come one by one: they are shown together. */
static gboolean show_nodes_later(void *widget)
{
    ProView *view = g_object_get_data(G_OBJECT(widget), "promp-view");
    g_object_set_data(G_OBJECT(widget), "promp-pending", NULL);
    if (view->native == widget) {
        bool before = gtk_control_is_updating;
        gtk_control_is_updating = true;
        remember_expanded(view, G_LIST_MODEL(gtk_column_view_get_model(GTK_COLUMN_VIEW(widget))));
        show_nodes(view);
        gtk_control_is_updating = before;
    }
    return G_SOURCE_REMOVE;
}

static void on_activate(GtkColumnView *tree, unsigned position, ProView *view)
{
    GtkTreeListRow *row =
            g_list_model_get_item(G_LIST_MODEL(gtk_column_view_get_model(tree)), position);
    ProEvent event = {.code = PRO_PVN_ROW_ACTIVATED, .row = -1, .node = node_of(row)};
    if (row != NULL && gtk_tree_list_row_is_expandable(row))
        gtk_tree_list_row_set_expanded(row, !gtk_tree_list_row_get_expanded(row));
    g_clear_object(&row);
    if (view->native != NULL)
        (void)view_notify_event(view, &event);
}

GtkWidget *gtk_tree_new(ProView *view)
{
    GtkWidget *tree = gtk_column_view_new(NULL);
    gtk_widget_add_css_class(tree, "data-table");
    gtk_layout_adopt(view, tree);
    g_signal_connect(tree, "activate", G_CALLBACK(on_activate), view);
    show_columns(view);
    show_nodes(view);
    gtk_table_add_menu(view, tree);
    return tree;
}

void gtk_tree_update(ProView *view, UiProperty property)
{
    GtkColumnView *tree = GTK_COLUMN_VIEW(view->native);
    if (property == UI_ITEMS || property == UI_COLUMN_WIDTHS) {
        show_columns(view);
    } else if (property == UI_NODES && g_object_get_data(G_OBJECT(tree), "promp-pending") == NULL) {
        g_object_set_data(G_OBJECT(tree), "promp-pending", tree);
        (void)g_idle_add_full(
                G_PRIORITY_DEFAULT, show_nodes_later, g_object_ref(tree), g_object_unref);
    } else if (property == UI_EXPANDED) {
        show_nodes(view);
    } else if (property == UI_SELECTED) {
        select_node(view, GTK_SINGLE_SELECTION(gtk_column_view_get_model(tree)));
    }
}
