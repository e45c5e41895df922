/* SPDX-License-Identifier: Apache-2.0 */
#include "panel.h"

#include "find_bar.h"
#include "goto_bar.h"
#include "inspector.h"
#include "label.h"

struct _ProHexPanel {
    GtkBox parent_instance;

    ProHexView *view;
    GtkWidget *find_bar;
    GtkWidget *goto_bar;
    GtkWidget *inspector;
    GtkWidget *place; /* labels of the status line */
    GtkWidget *note;
    GtkWidget *total;
};

G_DEFINE_FINAL_TYPE(ProHexPanel, pro_hex_panel, GTK_TYPE_BOX)

/* ---- the status line ---- */

static void show_place(ProHexPanel *panel)
{
    char text[160];
    uint64_t offset;
    uint64_t size;
    uint64_t base = pro_hex_view_get_base(panel->view);
    bool selected = pro_hex_view_get_selection(panel->view, &offset, &size);
    uint64_t last = selected ? offset + size - 1 : offset;
    if (size >= 10)
        (void)g_snprintf(text, sizeof text,
                "%" G_GINT64_MODIFIER "X to %" G_GINT64_MODIFIER "X: %" G_GUINT64_FORMAT
                " bytes (0x%" G_GINT64_MODIFIER "X)",
                base + offset, base + last, size, size);
    else if (selected)
        (void)g_snprintf(text, sizeof text,
                "%" G_GINT64_MODIFIER "X to %" G_GINT64_MODIFIER "X: %u byte%s", base + offset,
                base + last, (unsigned)size, size == 1 ? "" : "s");
    else
        (void)g_snprintf(text, sizeof text, "%" G_GINT64_MODIFIER "X: byte %" G_GUINT64_FORMAT,
                base + offset, offset);
    gtk_label_set_text(GTK_LABEL(panel->place), text);
}

/* The exact number of much is in the tooltip: notes need the room. */
static void show_total(ProHexPanel *panel)
{
    enum { MUCH = 1 << 20 };
    ProContainer *container = pro_hex_view_get_container(panel->view);
    uint64_t size = container != NULL ? pro_container_size(container) : 0;
    char *words = g_format_size_full(size, G_FORMAT_SIZE_IEC_UNITS);
    char *text = g_strdup_printf("%" G_GUINT64_FORMAT " bytes%s%s%s", size,
            size >= 1024 ? " (" : "", size >= 1024 ? words : "", size >= 1024 ? ")" : "");
    gtk_label_set_text(GTK_LABEL(panel->total), size >= MUCH ? words : text);
    gtk_widget_set_tooltip_text(panel->total, text);
    g_free(text);
    g_free(words);
}

void pro_hex_panel_tell(ProHexPanel *panel, const char *text)
{
    gtk_label_set_text(GTK_LABEL(panel->note), text);
    gtk_widget_set_tooltip_text(panel->note, text);
}

static void cursor_changed(ProHexView *view, ProHexPanel *panel)
{
    uint64_t cursor = pro_hex_view_get_cursor(view);
    char *problem = pro_hex_view_get_problem(view, cursor);
    const char *name = pro_hex_view_get_highlight_name(view, cursor);
    show_place(panel);
    pro_hex_panel_tell(panel, problem != NULL ? problem : name != NULL ? name : "");
    g_free(problem);
}

/* The cursor may have been on a byte that could not be told of before. */
static void bytes_arrived(ProHexView *view, ProHexPanel *panel)
{
    char *problem = pro_hex_view_get_problem(view, pro_hex_view_get_cursor(view));
    if (problem != NULL)
        pro_hex_panel_tell(panel, problem);
    g_free(problem);
}

static void copied(ProHexView *view, guint64 bytes, const char *problem, ProHexPanel *panel)
{
    char text[64];
    (void)view;
    (void)g_snprintf(
            text, sizeof text, "copied %" G_GUINT64_FORMAT " byte%s", bytes, bytes == 1 ? "" : "s");
    pro_hex_panel_tell(panel, problem != NULL ? problem : text);
}

/* ---- actions ---- */

static void act_find(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProHexPanel *panel = PRO_HEX_PANEL(widget);
    ProHexFindBar *bar = PRO_HEX_FIND_BAR(panel->find_bar);
    (void)unused;
    if (g_str_equal(name, "hex-panel.find"))
        pro_hex_find_bar_open(bar);
    else
        pro_hex_find_bar_find(bar, g_str_equal(name, "hex-panel.find-previous"));
}

static void act_go(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProHexPanel *panel = PRO_HEX_PANEL(widget);
    (void)unused;
    if (g_str_equal(name, "hex-panel.go-to"))
        pro_hex_goto_bar_open(PRO_HEX_GOTO_BAR(panel->goto_bar));
    else if (g_str_equal(name, "hex-panel.back") ? !pro_hex_view_go_back(panel->view)
                                                 : !pro_hex_view_go_forward(panel->view))
        gtk_widget_error_bell(widget);
}

static void act_inspector(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProHexPanel *panel = PRO_HEX_PANEL(widget);
    (void)name;
    (void)unused;
    gtk_widget_set_visible(panel->inspector, !gtk_widget_get_visible(panel->inspector));
}

static void install_actions(GtkWidgetClass *class)
{
    static const struct {
        const char *name;
        GtkWidgetActionActivateFunc activate;
        guint key;
        GdkModifierType modifiers;
    } actions[] = {
            {"hex-panel.find", act_find, GDK_KEY_f, GDK_CONTROL_MASK},
            {"hex-panel.find-next", act_find, GDK_KEY_F3, 0},
            {"hex-panel.find-previous", act_find, GDK_KEY_F3, GDK_SHIFT_MASK},
            {"hex-panel.go-to", act_go, GDK_KEY_g, GDK_CONTROL_MASK},
            {"hex-panel.back", act_go, GDK_KEY_Left, GDK_ALT_MASK},
            {"hex-panel.forward", act_go, GDK_KEY_Right, GDK_ALT_MASK},
            {"hex-panel.inspector", act_inspector, GDK_KEY_i, GDK_CONTROL_MASK},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        gtk_widget_class_install_action(class, actions[i].name, NULL, actions[i].activate);
        gtk_widget_class_add_binding_action(
                class, actions[i].key, actions[i].modifiers, actions[i].name, NULL);
    }
}

/* ---- the object ---- */

static GtkWidget *add_label(GtkWidget *line, float align, bool expand)
{
    GtkWidget *label = gtk_label_new("");
    gtk_label_set_xalign(GTK_LABEL(label), align);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_label_set_single_line_mode(GTK_LABEL(label), TRUE);
    gtk_widget_set_hexpand(label, expand);
    gtk_box_append(GTK_BOX(line), label);
    return label;
}

static void add_button(GtkWidget *line, const char *label, const char *action, const char *key)
{
    GtkWidget *button = gtk_button_new_with_label(label);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
    gtk_button_set_has_frame(GTK_BUTTON(button), FALSE);
    gtk_widget_add_css_class(button, "hex-button");
    hex_label_widget(button, label, key);
    gtk_box_append(GTK_BOX(line), button);
}

static void add_status_line(ProHexPanel *panel)
{
    GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    gtk_widget_set_margin_start(line, 8);
    gtk_widget_set_margin_end(line, 8);
    panel->place = add_label(line, 0, false);
    panel->note = add_label(line, 0.5f, true);
    panel->total = add_label(line, 1, false);
    add_button(line, "Go To", "hex-panel.go-to", "Ctrl+G");
    add_button(line, "Find", "hex-panel.find", "Ctrl+F");
    add_button(line, "Inspector", "hex-panel.inspector", "Ctrl+I");
    gtk_label_set_width_chars(GTK_LABEL(panel->place), 16);
    gtk_box_append(GTK_BOX(panel), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
    gtk_box_append(GTK_BOX(panel), line);
}

static void pro_hex_panel_class_init(ProHexPanelClass *class)
{
    install_actions(GTK_WIDGET_CLASS(class));
}

static void pro_hex_panel_init(ProHexPanel *panel)
{
    GtkWidget *split = gtk_paned_new(GTK_ORIENTATION_HORIZONTAL);
    gtk_orientable_set_orientation(GTK_ORIENTABLE(panel), GTK_ORIENTATION_VERTICAL);
    panel->view = PRO_HEX_VIEW(pro_hex_view_new(NULL));
    panel->find_bar = pro_hex_find_bar_new(panel->view);
    panel->goto_bar = pro_hex_goto_bar_new(panel->view);
    panel->inspector = pro_hex_inspector_new(panel->view);
    gtk_paned_set_start_child(GTK_PANED(split), GTK_WIDGET(panel->view));
    gtk_paned_set_end_child(GTK_PANED(split), panel->inspector);
    gtk_paned_set_resize_end_child(GTK_PANED(split), FALSE);
    gtk_paned_set_shrink_start_child(GTK_PANED(split), FALSE);
    gtk_paned_set_shrink_end_child(GTK_PANED(split), FALSE);
    gtk_widget_set_vexpand(split, TRUE);
    gtk_widget_set_visible(panel->inspector, FALSE);
    gtk_box_append(GTK_BOX(panel), panel->find_bar);
    gtk_box_append(GTK_BOX(panel), panel->goto_bar);
    gtk_box_append(GTK_BOX(panel), split);
    add_status_line(panel);
    g_signal_connect(panel->view, "cursor-changed", G_CALLBACK(cursor_changed), panel);
    g_signal_connect(panel->view, "bytes-arrived", G_CALLBACK(bytes_arrived), panel);
    g_signal_connect(panel->view, "copied", G_CALLBACK(copied), panel);
}

GtkWidget *pro_hex_panel_new(ProContainer *container)
{
    ProHexPanel *panel = g_object_new(PRO_TYPE_HEX_PANEL, NULL);
    pro_hex_panel_set_container(panel, container);
    return GTK_WIDGET(panel);
}

ProHexView *pro_hex_panel_get_view(ProHexPanel *panel)
{
    return panel->view;
}

void pro_hex_panel_set_container(ProHexPanel *panel, ProContainer *container)
{
    pro_hex_view_set_container(panel->view, container);
    show_total(panel);
}

void pro_hex_panel_show_inspector(ProHexPanel *panel, gboolean show)
{
    gtk_widget_set_visible(panel->inspector, show);
}
