/* SPDX-License-Identifier: Apache-2.0 */
#include "goto_bar.h"

#include "label.h"
#include "ui/hex/expression.h"

struct _ProHexGotoBar {
    GtkBox parent_instance;

    ProHexView *view;
    GtkWidget *entry;
    GtkWidget *radix;
    GtkWidget *note;
};

G_DEFINE_FINAL_TYPE(ProHexGotoBar, pro_hex_goto_bar, GTK_TYPE_BOX)

static ProStatus read_offset(ProHexGotoBar *bar, uint64_t *ret_offset, ProError *reterr)
{
    ProContainer *container = pro_hex_view_get_container(bar->view);
    const HexPlace place = {.size = container != NULL ? pro_container_size(container) : 0,
            .base = pro_hex_view_get_base(bar->view),
            .cursor = pro_hex_view_get_cursor(bar->view),
            .decimal = gtk_drop_down_get_selected(GTK_DROP_DOWN(bar->radix)) == 1};
    return hex_expression_offset(
            gtk_editable_get_text(GTK_EDITABLE(bar->entry)), &place, ret_offset, reterr);
}

/* What was typed, understood: before Enter is pressed. */
static void show_meaning(ProHexGotoBar *bar)
{
    uint64_t offset;
    char text[80] = "";
    ProError error = {0};
    bool typed = gtk_editable_get_text(GTK_EDITABLE(bar->entry))[0] != '\0';
    ProStatus status = read_offset(bar, &offset, &error);
    if (typed && status == PRO_OK)
        (void)g_snprintf(text, sizeof text, "= %" G_GINT64_MODIFIER "X, byte %" G_GUINT64_FORMAT,
                pro_hex_view_get_base(bar->view) + offset, offset);
    gtk_label_set_text(GTK_LABEL(bar->note), status == PRO_OK || !typed ? text : error.text);
    if (typed && status != PRO_OK)
        gtk_widget_add_css_class(bar->entry, "error");
    else
        gtk_widget_remove_css_class(bar->entry, "error");
}

static void close_bar(ProHexGotoBar *bar)
{
    gtk_widget_set_visible(GTK_WIDGET(bar), FALSE);
    gtk_widget_grab_focus(GTK_WIDGET(bar->view));
}

static void go(ProHexGotoBar *bar, bool select)
{
    uint64_t offset;
    if (read_offset(bar, &offset, NULL) != PRO_OK) {
        gtk_widget_error_bell(bar->entry);
        return;
    }
    uint64_t cursor = pro_hex_view_get_cursor(bar->view);
    if (select)
        pro_hex_view_select(
                bar->view, MIN(cursor, offset), MAX(cursor, offset) - MIN(cursor, offset) + 1);
    else
        pro_hex_view_go_to(bar->view, offset);
    close_bar(bar);
}

static gboolean key_pressed(GtkEventControllerKey *controller, guint key, guint code,
        GdkModifierType state, ProHexGotoBar *bar)
{
    (void)controller;
    (void)code;
    GtkWidget *focus = gtk_root_get_focus(gtk_widget_get_root(bar->entry));
    bool on_entry = focus != NULL && gtk_widget_is_ancestor(focus, bar->entry);
    if (key == GDK_KEY_Escape)
        close_bar(bar);
    else if (on_entry && (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter))
        go(bar, (state & GDK_SHIFT_MASK) != 0);
    else
        return FALSE;
    return TRUE;
}

static void text_changed(GtkWidget *widget, ProHexGotoBar *bar)
{
    (void)widget;
    show_meaning(bar);
}

static void radix_changed(GtkDropDown *radix, GParamSpec *property, ProHexGotoBar *bar)
{
    (void)radix;
    (void)property;
    show_meaning(bar);
}

static void go_clicked(GtkWidget *widget, ProHexGotoBar *bar)
{
    (void)widget;
    go(bar, false);
}

static void select_clicked(GtkWidget *widget, ProHexGotoBar *bar)
{
    (void)widget;
    go(bar, true);
}

static void close_clicked(GtkWidget *widget, ProHexGotoBar *bar)
{
    (void)widget;
    close_bar(bar);
}

static void add_button(ProHexGotoBar *bar, const char *label, const char *tip, GCallback clicked)
{
    GtkWidget *button = gtk_button_new_with_label(label);
    hex_label_widget(button, label, tip);
    g_signal_connect(button, "clicked", clicked, bar);
    gtk_box_append(GTK_BOX(bar), button);
}

static void dispose(GObject *object)
{
    g_clear_object(&PRO_HEX_GOTO_BAR(object)->view);
    G_OBJECT_CLASS(pro_hex_goto_bar_parent_class)->dispose(object);
}

static void pro_hex_goto_bar_class_init(ProHexGotoBarClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
}

static void add_fields(ProHexGotoBar *bar)
{
    static const char *const radixes[] = {"Hexadecimal", "Decimal", NULL};
    bar->entry = gtk_entry_new();
    gtk_editable_set_width_chars(GTK_EDITABLE(bar->entry), 24);
    gtk_entry_set_placeholder_text(GTK_ENTRY(bar->entry), "1F40, +20, end-100, 50%");
    hex_label_widget(bar->entry, "Address to go to",
            "An address or a sum; + or - in front: from the cursor; 0x, 0n: hexadecimal, decimal; "
            "end, start, . (the cursor); 50%");
    g_signal_connect(bar->entry, "changed", G_CALLBACK(text_changed), bar);
    bar->radix = gtk_drop_down_new_from_strings(radixes);
    hex_label_widget(bar->radix, "Numbers are", "How numbers without 0x or 0n are read");
    g_signal_connect(bar->radix, "notify::selected", G_CALLBACK(radix_changed), bar);
    bar->note = gtk_label_new("");
    gtk_label_set_ellipsize(GTK_LABEL(bar->note), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(bar->note), 0);
    gtk_widget_set_hexpand(bar->note, TRUE);
    gtk_box_append(GTK_BOX(bar), gtk_label_new("Go to"));
    gtk_box_append(GTK_BOX(bar), bar->entry);
    gtk_box_append(GTK_BOX(bar), bar->radix);
    gtk_box_append(GTK_BOX(bar), bar->note);
}

static void pro_hex_goto_bar_init(ProHexGotoBar *bar)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(bar), GTK_ORIENTATION_HORIZONTAL);
    gtk_box_set_spacing(GTK_BOX(bar), 6);
    gtk_widget_add_css_class(GTK_WIDGET(bar), "toolbar");
    add_fields(bar);
    add_button(bar, "Go", "Enter", G_CALLBACK(go_clicked));
    add_button(bar, "Select to There", "Shift+Enter", G_CALLBACK(select_clicked));
    add_button(bar, "Close", "Escape", G_CALLBACK(close_clicked));
    GtkEventController *keys = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(key_pressed), bar);
    gtk_widget_add_controller(GTK_WIDGET(bar), keys);
    gtk_widget_set_visible(GTK_WIDGET(bar), FALSE);
}

void pro_hex_goto_bar_open(ProHexGotoBar *bar)
{
    gtk_widget_set_visible(GTK_WIDGET(bar), TRUE);
    gtk_widget_grab_focus(bar->entry);
    gtk_editable_select_region(GTK_EDITABLE(bar->entry), 0, -1);
    show_meaning(bar);
}

GtkWidget *pro_hex_goto_bar_new(ProHexView *view)
{
    ProHexGotoBar *bar = g_object_new(PRO_TYPE_HEX_GOTO_BAR, NULL);
    bar->view = g_object_ref(view);
    return GTK_WIDGET(bar);
}
