/* SPDX-License-Identifier: Apache-2.0 */

/* Tables: as many rows as the program says, of which those in sight are asked for. */

#include "gtk_private.h"

#include <stdlib.h>

/* ---- rows as a list model: numbers only ---- */

#define UI_TYPE_ROW_LIST (ui_row_list_get_type())
G_DECLARE_FINAL_TYPE(UiRowList, ui_row_list, UI, ROW_LIST, GObject)

enum { CACHED_ROWS = 128 };

struct _UiRowList {
    GObject parent;
    ProView *view; /* lent: the widget that holds this keeps it */
    unsigned count;
    struct {
        int64_t row; /* -1: none */
        UiRow texts;
    } cache[CACHED_ROWS];
};

static GType rows_item_type(GListModel *model)
{
    (void)model;
    return UI_TYPE_NUMBER;
}

static unsigned rows_count(GListModel *model)
{
    return UI_ROW_LIST(model)->count;
}

static void *rows_item(GListModel *model, unsigned position)
{
    if (position >= UI_ROW_LIST(model)->count)
        return NULL;
    return ui_number_new(position);
}

static void rows_interface(GListModelInterface *interface)
{
    interface->get_item_type = rows_item_type;
    interface->get_n_items = rows_count;
    interface->get_item = rows_item;
}

G_DEFINE_TYPE_WITH_CODE(UiRowList, ui_row_list, G_TYPE_OBJECT,
        G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, rows_interface))

static void forget_rows(UiRowList *rows)
{
    for (size_t i = 0; i < CACHED_ROWS; i++) {
        view_row_fini(&rows->cache[i].texts);
        rows->cache[i].row = -1;
    }
}

static void ui_row_list_init(UiRowList *rows)
{
    forget_rows(rows);
}

static void rows_finalize(GObject *object)
{
    forget_rows(UI_ROW_LIST(object));
    G_OBJECT_CLASS(ui_row_list_parent_class)->finalize(object);
}

static void ui_row_list_class_init(UiRowListClass *class)
{
    G_OBJECT_CLASS(class)->finalize = rows_finalize;
}

/* ---- cells ---- */

static const char *cell_text(UiRowList *rows, int64_t row, size_t column)
{
    size_t place = (size_t)(row % CACHED_ROWS);
    if (rows->cache[place].row != row) {
        UiRow texts = {0};
        if (rows->view->native == NULL || !view_fetch_row(rows->view, row, &texts))
            return "";
        view_row_fini(&rows->cache[place].texts); /* the callback may have asked for others */
        rows->cache[place].texts = texts;
        rows->cache[place].row = row;
    }
    const UiRow *texts = &rows->cache[place].texts;
    return column < texts->count && texts->cells[column] != NULL ? texts->cells[column] : "";
}

static void setup_cell(GtkSignalListItemFactory *factory, GtkListItem *item, void *user)
{
    (void)factory;
    (void)user;
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_list_item_set_child(item, label);
}

static UiRowList *rows_of(const ProView *view)
{
    return g_object_get_data(G_OBJECT(view->native), "promp-rows");
}

static void bind_cell(GtkSignalListItemFactory *factory, GtkListItem *item, ProView *view)
{
    if (view->native == NULL)
        return;
    size_t column = GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(factory), "promp-column"));
    const char *text =
            cell_text(rows_of(view), (unsigned)ui_number_of(gtk_list_item_get_item(item)), column);
    char *good = g_utf8_make_valid(text, -1);
    gtk_label_set_text(GTK_LABEL(gtk_list_item_get_child(item)), good);
    g_free(good);
}

int gtk_table_width_of(GtkWidget *widget, int characters)
{
    enum { CELL_PADDING = 20 };
    PangoContext *context = gtk_widget_get_pango_context(widget);
    PangoFontMetrics *metrics = pango_context_get_metrics(context, NULL, NULL);
    int width = pango_font_metrics_get_approximate_char_width(metrics);
    pango_font_metrics_unref(metrics);
    return PANGO_PIXELS(width * characters) + CELL_PADDING;
}

static void show_columns(ProView *view)
{
    GtkColumnView *table = GTK_COLUMN_VIEW(view->native);
    GListModel *columns = gtk_column_view_get_columns(table);
    while (g_list_model_get_n_items(columns) > 0) {
        GtkColumnViewColumn *column = g_list_model_get_item(columns, 0);
        gtk_column_view_remove_column(table, column);
        g_object_unref(column);
    }
    for (size_t i = 0; i < view->item_count; i++) {
        GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
        g_object_set_data(G_OBJECT(factory), "promp-column", GSIZE_TO_POINTER(i));
        g_signal_connect(factory, "setup", G_CALLBACK(setup_cell), NULL);
        g_signal_connect(factory, "bind", G_CALLBACK(bind_cell), view);
        GtkColumnViewColumn *column = gtk_column_view_column_new(view->items[i], factory);
        gtk_column_view_column_set_resizable(column, TRUE);
        if (view->column_widths[i] > 0)
            gtk_column_view_column_set_fixed_width(
                    column, gtk_table_width_of(GTK_WIDGET(table), view->column_widths[i]));
        else
            gtk_column_view_column_set_expand(column, TRUE);
        gtk_column_view_append_column(table, column);
        g_object_unref(column);
    }
}

/* ---- the table ---- */

static void on_selected(GtkSingleSelection *selection, GParamSpec *property, ProView *view)
{
    (void)property;
    if (view->native == NULL)
        return;
    unsigned row = gtk_single_selection_get_selected(selection);
    view->selected = row == GTK_INVALID_LIST_POSITION ? -1 : (int64_t)row;
    if (gtk_control_is_updating || view->selected < 0)
        return;
    ProEvent event = {.code = PRO_PVN_ROW_SELECTED, .row = view->selected};
    (void)view_notify_event(view, &event);
}

static void on_activate(GtkColumnView *table, unsigned row, ProView *view)
{
    (void)table;
    ProEvent event = {.code = PRO_PVN_ROW_ACTIVATED, .row = row};
    if (view->native != NULL)
        (void)view_notify_event(view, &event);
}

GtkWidget *gtk_table_new(ProView *view)
{
    UiRowList *rows = g_object_new(UI_TYPE_ROW_LIST, NULL);
    rows->view = view;
    rows->count = (unsigned)view->row_count;
    GtkSingleSelection *selection = gtk_single_selection_new(G_LIST_MODEL(rows));
    gtk_single_selection_set_autoselect(selection, FALSE);
    gtk_single_selection_set_can_unselect(selection, TRUE);
    GtkWidget *table = gtk_column_view_new(GTK_SELECTION_MODEL(selection));
    gtk_column_view_set_show_row_separators(GTK_COLUMN_VIEW(table), FALSE);
    gtk_widget_add_css_class(table, "data-table");
    g_object_set_data(G_OBJECT(table), "promp-rows", rows);
    gtk_layout_adopt(view, table);
    if (view->selected >= 0)
        gtk_single_selection_set_selected(selection, (unsigned)view->selected);
    else
        gtk_single_selection_set_selected(selection, GTK_INVALID_LIST_POSITION);
    g_signal_connect(selection, "notify::selected", G_CALLBACK(on_selected), view);
    g_signal_connect(table, "activate", G_CALLBACK(on_activate), view);
    show_columns(view);
    gtk_table_add_menu(view, table);
    return table;
}

void gtk_table_update(ProView *view, UiProperty property)
{
    UiRowList *rows = rows_of(view);
    GtkSingleSelection *selection =
            GTK_SINGLE_SELECTION(gtk_column_view_get_model(GTK_COLUMN_VIEW(view->native)));
    if (property == UI_ITEMS || property == UI_COLUMN_WIDTHS) {
        forget_rows(rows);
        show_columns(view);
    } else if (property == UI_ROWS) {
        unsigned before = rows->count;
        int64_t selected = view->selected;
        forget_rows(rows);
        rows->count = (unsigned)view->row_count;
        g_list_model_items_changed(G_LIST_MODEL(rows), 0, before, rows->count);
        gtk_single_selection_set_selected(
                selection, selected < 0 ? GTK_INVALID_LIST_POSITION : (unsigned)selected);
    } else if (property == UI_SELECTED) {
        unsigned row = view->selected < 0 ? GTK_INVALID_LIST_POSITION : (unsigned)view->selected;
        gtk_single_selection_set_selected(selection, row);
        if (view->selected >= 0)
            (void)gtk_widget_activate_action(
                    GTK_WIDGET(view->native), "list.scroll-to-item", "u", row);
    }
}

/* ---- context menus, of tables and trees ---- */

static void on_action(GSimpleAction *action, GVariant *parameter, ProView *view)
{
    (void)action;
    ProEvent event = {.code = PRO_PVN_ACTION,
            .row = view->type == PRO_VIEW_TABLE ? view->selected : -1,
            .node = view->type == PRO_VIEW_TREE ? view->selected : 0,
            .action = g_variant_get_int64(parameter)};
    if (view->native != NULL)
        (void)view_notify_event(view, &event);
}

static void unparent_later(GtkPopover *popover)
{
    g_idle_add_once((GSourceOnceFunc)gtk_widget_unparent, popover);
}

static void pop_up(ProView *view, double x, double y)
{
    UiMenu menu;
    if (view->native == NULL)
        return;
    view_fetch_menu(view, view->type == PRO_VIEW_TABLE ? view->selected : -1,
            view->type == PRO_VIEW_TREE ? view->selected : 0, &menu);
    if (menu.count == 0 || view->native == NULL) {
        view_menu_fini(&menu);
        return;
    }
    GMenu *model = g_menu_new();
    for (size_t i = 0; i < menu.count; i++) {
        GMenuItem *item = g_menu_item_new(menu.items[i].text, NULL);
        g_menu_item_set_action_and_target(item, "promp.action", "x", (gint64)menu.items[i].action);
        g_menu_append_item(model, item);
        g_object_unref(item);
    }
    view_menu_fini(&menu);
    GtkWidget *popover = gtk_popover_menu_new_from_model(G_MENU_MODEL(model));
    g_object_unref(model);
    gtk_widget_set_parent(popover, view->native);
    gtk_popover_set_pointing_to(GTK_POPOVER(popover),
            &(GdkRectangle){.x = (int)x, .y = (int)y, .width = 1, .height = 1});
    gtk_popover_set_has_arrow(GTK_POPOVER(popover), FALSE);
    gtk_widget_set_halign(popover, GTK_ALIGN_START);
    g_signal_connect(popover, "closed", G_CALLBACK(unparent_later), NULL);
    gtk_popover_popup(GTK_POPOVER(popover));
}

static void on_right_click(GtkGestureClick *gesture, int presses, double x, double y, ProView *view)
{
    (void)gesture;
    (void)presses;
    pop_up(view, x, y);
}

static gboolean on_menu_key(GtkWidget *widget, GVariant *arguments, void *view)
{
    (void)arguments;
    pop_up(view, 0, gtk_widget_get_height(widget) / 4.0);
    return TRUE;
}

void gtk_table_add_menu(ProView *view, GtkWidget *widget)
{
    GSimpleActionGroup *group = g_simple_action_group_new();
    GSimpleAction *action = g_simple_action_new("action", G_VARIANT_TYPE_INT64);
    g_signal_connect(action, "activate", G_CALLBACK(on_action), view);
    g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(action));
    gtk_widget_insert_action_group(widget, "promp", G_ACTION_GROUP(group));
    g_object_unref(action);
    g_object_unref(group);
    GtkGesture *click = gtk_gesture_click_new();
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(click), GDK_BUTTON_SECONDARY);
    g_signal_connect(click, "pressed", G_CALLBACK(on_right_click), view);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));
    GtkEventController *keys = gtk_shortcut_controller_new();
    static const char *const triggers[] = {"Menu", "<Shift>F10"};
    for (size_t i = 0; i < G_N_ELEMENTS(triggers); i++)
        gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
                gtk_shortcut_new(gtk_shortcut_trigger_parse_string(triggers[i]),
                        gtk_callback_action_new(on_menu_key, view, NULL)));
    gtk_widget_add_controller(widget, keys);
}
