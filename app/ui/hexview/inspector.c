/* SPDX-License-Identifier: Apache-2.0 */
#include "inspector.h"

#include "label.h"
#include "ui/hex/inspect.h"

enum { ORDERS = 2, FIELDS_MAX = 32 };

struct _ProHexInspector {
    GtkBox parent_instance;

    ProHexView *view;
    GtkWidget *values[FIELDS_MAX][ORDERS]; /* the second is NULL where byte order means nothing */
};

G_DEFINE_FINAL_TYPE(ProHexInspector, pro_hex_inspector, GTK_TYPE_BOX)

static void show_value(GtkWidget *label, const char *field, const char *order, const char *text)
{
    if (g_strcmp0(gtk_label_get_text(GTK_LABEL(label)), text) == 0)
        return;
    char *name = g_strdup_printf("%s%s: %s", field, order, text);
    gtk_label_set_text(GTK_LABEL(label), text);
    hex_label_widget(label, name, text[0] != '\0' ? text : NULL);
    g_free(name);
}

static void show_values(ProHexInspector *inspector)
{
    uint8_t bytes[HEX_INSPECT_BYTES];
    char text[HEX_INSPECT_TEXT_BYTES];
    size_t size = pro_hex_view_peek(
            inspector->view, pro_hex_view_get_cursor(inspector->view), bytes, sizeof bytes);
    for (size_t field = 0; field < hex_inspect_count(); field++) {
        const char *name = hex_inspect_name(field);
        GtkWidget **labels = inspector->values[field];
        hex_inspect_text(field, bytes, size, false, text);
        show_value(labels[0], name, labels[1] != NULL ? ", little endian" : "", text);
        if (labels[1] == NULL)
            continue;
        hex_inspect_text(field, bytes, size, true, text);
        show_value(labels[1], name, ", big endian", text);
    }
}

static void view_changed(ProHexView *view, ProHexInspector *inspector)
{
    (void)view;
    if (gtk_widget_get_mapped(GTK_WIDGET(inspector)))
        show_values(inspector);
}

static GtkWidget *new_label(const char *text, const char *class)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(label, class);
    return label;
}

static GtkWidget *new_value(void)
{
    GtkWidget *label = new_label("", "monospace");
    gtk_widget_set_hexpand(label, TRUE);
    gtk_label_set_width_chars(GTK_LABEL(label), 20);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 20);
    return label;
}

static GtkWidget *make_grid(ProHexInspector *inspector)
{
    GtkGrid *grid = GTK_GRID(gtk_grid_new());
    gtk_grid_set_column_spacing(grid, 12);
    gtk_grid_set_row_spacing(grid, 2);
    gtk_grid_attach(grid, new_label("Value", "heading"), 0, 0, 1, 1);
    gtk_grid_attach(grid, new_label("Little endian", "heading"), 1, 0, 1, 1);
    gtk_grid_attach(grid, new_label("Big endian", "heading"), 2, 0, 1, 1);
    for (size_t field = 0; field < hex_inspect_count(); field++) {
        bool has_order = hex_inspect_has_order(field);
        int row = (int)field + 1;
        GtkWidget *name = new_label(hex_inspect_name(field), "dim-label");
        gtk_label_set_ellipsize(GTK_LABEL(name), PANGO_ELLIPSIZE_NONE);
        gtk_grid_attach(grid, name, 0, row, 1, 1);
        inspector->values[field][0] = new_value();
        gtk_grid_attach(grid, inspector->values[field][0], 1, row, has_order ? 1 : 2, 1);
        if (!has_order)
            continue;
        inspector->values[field][1] = new_value();
        gtk_grid_attach(grid, inspector->values[field][1], 2, row, 1, 1);
    }
    gtk_widget_set_margin_start(GTK_WIDGET(grid), 12);
    gtk_widget_set_margin_end(GTK_WIDGET(grid), 12);
    gtk_widget_set_margin_top(GTK_WIDGET(grid), 6);
    gtk_widget_set_margin_bottom(GTK_WIDGET(grid), 6);
    return GTK_WIDGET(grid);
}

static void mapped(GtkWidget *widget, void *unused)
{
    (void)unused;
    show_values(PRO_HEX_INSPECTOR(widget));
}

static void dispose(GObject *object)
{
    ProHexInspector *inspector = PRO_HEX_INSPECTOR(object);
    if (inspector->view != NULL)
        g_signal_handlers_disconnect_by_data(inspector->view, inspector);
    g_clear_object(&inspector->view);
    G_OBJECT_CLASS(pro_hex_inspector_parent_class)->dispose(object);
}

static void pro_hex_inspector_class_init(ProHexInspectorClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
}

static void pro_hex_inspector_init(ProHexInspector *inspector)
{
    g_assert(hex_inspect_count() <= FIELDS_MAX);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), make_grid(inspector));
    gtk_scrolled_window_set_policy(
            GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_widget_set_vexpand(scrolled, TRUE);
    gtk_widget_set_hexpand(scrolled, TRUE);
    gtk_box_append(GTK_BOX(inspector), scrolled);
    hex_label_widget(GTK_WIDGET(inspector), "Data inspector", NULL);
    g_signal_connect(inspector, "map", G_CALLBACK(mapped), NULL);
}

GtkWidget *pro_hex_inspector_new(ProHexView *view)
{
    ProHexInspector *inspector = g_object_new(PRO_TYPE_HEX_INSPECTOR, NULL);
    inspector->view = g_object_ref(view);
    g_signal_connect(view, "cursor-changed", G_CALLBACK(view_changed), inspector);
    g_signal_connect(view, "bytes-arrived", G_CALLBACK(view_changed), inspector);
    return GTK_WIDGET(inspector);
}
