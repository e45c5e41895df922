/* SPDX-License-Identifier: Apache-2.0 */

/* The plain controls. Each has a function that makes it and one that follows its view. */

#include "gtk_private.h"

#include <promp/container.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES_MAX (64u << 20)

bool gtk_control_is_updating;

static bool person_did(const ProView *view)
{
    return view->native != NULL && !gtk_control_is_updating;
}

static void set_name(ProView *view, GtkWidget *widget)
{
    gtk_accessible_update_property(
            GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, view_accessible_name(view), -1);
}

/* Texts of the program may not be UTF-8; what is not is replaced. Freed with g_free(). */
static char *valid(const char *text)
{
    return g_utf8_make_valid(text == NULL ? "" : text, -1);
}

static GtkWidget *scrolled(GtkWidget *child)
{
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), child);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroller), 60);
    gtk_scrolled_window_set_min_content_width(GTK_SCROLLED_WINDOW(scroller), 80);
    return scroller;
}

/* ---- label, button, check ---- */

static GtkWidget *new_label(ProView *view)
{
    const UiNode *node = view->node;
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), node->wrap);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_widget_set_focusable(label, FALSE);
    if (node->mono)
        gtk_widget_add_css_class(label, "promp-mono");
    if (node->bold)
        gtk_widget_add_css_class(label, "heading");
    gtk_layout_adopt(view, label);
    return label;
}

static void on_clicked(GtkButton *button, ProView *view)
{
    (void)button;
    if (view->native != NULL)
        (void)view_notify(view, PRO_PVN_BUTTON_CLICKED);
}

static void make_default(GtkWidget *button, void *unused)
{
    (void)unused;
    GtkRoot *root = gtk_widget_get_root(button);
    if (GTK_IS_WINDOW(root))
        gtk_window_set_default_widget(GTK_WINDOW(root), button);
}

static GtkWidget *new_button(ProView *view)
{
    GtkWidget *button = gtk_button_new();
    gtk_layout_adopt(view, button);
    g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), view);
    if (view->node->is_default) {
        gtk_widget_add_css_class(button, "suggested-action");
        g_signal_connect(button, "realize", G_CALLBACK(make_default), NULL);
    }
    return button;
}

static void on_toggled(GtkCheckButton *check, ProView *view)
{
    view->value = gtk_check_button_get_active(check);
    if (person_did(view))
        (void)view_notify(view, PRO_PVN_VALUE_CHANGED);
}

static GtkWidget *new_check(ProView *view)
{
    GtkWidget *check = gtk_check_button_new();
    gtk_layout_adopt(view, check);
    g_signal_connect(check, "toggled", G_CALLBACK(on_toggled), view);
    return check;
}

static void show_caption(ProView *view)
{
    char *text = valid(view->text);
    GtkWidget *widget = view->native;
    if (view->type == PRO_VIEW_LABEL)
        gtk_label_set_text(GTK_LABEL(widget), text);
    else if (view->type == PRO_VIEW_BUTTON)
        gtk_button_set_label(GTK_BUTTON(widget), text);
    else if (view->type == PRO_VIEW_CHECK)
        gtk_check_button_set_label(GTK_CHECK_BUTTON(widget), text);
    else if (GTK_IS_FRAME(widget))
        gtk_frame_set_label(GTK_FRAME(widget), text);
    g_free(text);
    if (!GTK_IS_FRAME(widget))
        set_name(view, widget);
}

/* ---- progress bar: a bar, and what it says in words beside it ---- */

static GtkWidget *new_progress(ProView *view)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *bar = gtk_progress_bar_new();
    GtkWidget *words = gtk_label_new(NULL);
    gtk_widget_set_hexpand(bar, TRUE);
    gtk_widget_set_valign(bar, GTK_ALIGN_CENTER);
    gtk_widget_set_size_request(bar, 120, -1);
    gtk_widget_add_css_class(bar, "promp-bar");
    gtk_label_set_width_chars(GTK_LABEL(words), 6);
    gtk_label_set_xalign(GTK_LABEL(words), 1);
    gtk_widget_add_css_class(words, "promp-percent");
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), words);
    gtk_layout_adopt(view, bar);
    g_object_set_data(G_OBJECT(bar), "promp-words", words);
    return box;
}

static void show_progress(ProView *view)
{
    double fraction = ((double)view->value - (double)view->minimum) /
                      ((double)view->maximum - (double)view->minimum);
    char percent[16];
    (void)snprintf(percent, sizeof percent, "%.0f %%", fraction * 100);
    gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(view->native), fraction);
    bool has_text = view->text != NULL && view->text[0] != '\0';
    char *words = has_text ? valid(view->text) : g_strdup(percent);
    gtk_label_set_text(GTK_LABEL(g_object_get_data(G_OBJECT(view->native), "promp-words")), words);
    g_free(words);
}

/* ---- combo ---- */

static void on_selected(GtkDropDown *combo, GParamSpec *property, ProView *view)
{
    (void)property;
    unsigned selected = gtk_drop_down_get_selected(combo);
    if (!person_did(view) || selected == GTK_INVALID_LIST_POSITION || selected == view->value)
        return;
    view->value = selected;
    (void)view_notify(view, PRO_PVN_VALUE_CHANGED);
}

static GtkWidget *new_combo(ProView *view)
{
    GtkWidget *combo = gtk_drop_down_new(NULL, NULL);
    gtk_layout_adopt(view, combo);
    g_signal_connect(combo, "notify::selected", G_CALLBACK(on_selected), view);
    return combo;
}

static void show_items(ProView *view)
{
    GtkStringList *items = gtk_string_list_new(NULL);
    for (size_t i = 0; i < view->item_count; i++) {
        char *text = valid(view->items[i]);
        gtk_string_list_append(items, text);
        g_free(text);
    }
    gtk_drop_down_set_model(GTK_DROP_DOWN(view->native), G_LIST_MODEL(items));
    g_object_unref(items);
    gtk_drop_down_set_selected(GTK_DROP_DOWN(view->native), (unsigned)view->value);
}

/* ---- image ---- */

/* NULL with the reason on stderr: a picture that cannot be shown ends no program. */
static GdkTexture *load_image(ProView *view)
{
    GError *error = NULL;
    GdkTexture *texture = NULL;
    const char *src = view->node->src;
    if (view->data != NULL && pro_container_size(view->data) <= IMAGE_BYTES_MAX) {
        size_t size = (size_t)pro_container_size(view->data);
        void *bytes = g_malloc(size + 1);
        if (pro_container_read(view->data, 0, bytes, size, NULL) == PRO_OK) {
            GBytes *picture = g_bytes_new(bytes, size);
            texture = gdk_texture_new_from_bytes(picture, &error);
            g_bytes_unref(picture);
        }
        g_free(bytes);
    } else if (view->data == NULL && src != NULL) {
        texture = gdk_texture_new_from_filename(src, &error);
    }
    if (texture == NULL && (src != NULL || view->data != NULL))
        (void)fprintf(stderr, "promp: cannot show the image %s: %s\n", src == NULL ? "" : src,
                error != NULL ? error->message : "its data cannot be read or is too large");
    g_clear_error(&error);
    return texture;
}

static GtkWidget *new_image(ProView *view)
{
    GtkWidget *picture = gtk_picture_new();
    gtk_layout_adopt(view, picture);
    return picture;
}

static void show_image(ProView *view)
{
    GdkTexture *texture = load_image(view);
    gtk_picture_set_paintable(
            GTK_PICTURE(view->native), texture == NULL ? NULL : GDK_PAINTABLE(texture));
    gtk_picture_set_alternative_text(GTK_PICTURE(view->native), view_accessible_name(view));
    g_clear_object(&texture);
}

/* ---- edit and text ---- */

static void on_text_changed(void *widget, ProView *view)
{
    (void)widget;
    if (person_did(view))
        (void)view_notify(view, PRO_PVN_TEXT_CHANGED);
}

static GtkWidget *new_edit(ProView *view)
{
    const UiNode *node = view->node;
    GtkWidget *edit = gtk_entry_new();
    gtk_entry_set_visibility(GTK_ENTRY(edit), !node->password);
    gtk_entry_set_placeholder_text(GTK_ENTRY(edit), node->hint);
    gtk_entry_set_activates_default(GTK_ENTRY(edit), TRUE);
    gtk_editable_set_editable(GTK_EDITABLE(edit), !node->readonly);
    if (node->mono)
        gtk_widget_add_css_class(edit, "promp-mono");
    gtk_layout_adopt(view, edit);
    gtk_control_set_text(view, view->text);
    g_signal_connect(edit, "changed", G_CALLBACK(on_text_changed), view);
    return edit;
}

static GtkWidget *new_text(ProView *view)
{
    const UiNode *node = view->node;
    GtkWidget *text = gtk_text_view_new();
    gtk_text_view_set_editable(GTK_TEXT_VIEW(text), !node->readonly);
    gtk_text_view_set_wrap_mode(
            GTK_TEXT_VIEW(text), node->wrap ? GTK_WRAP_WORD_CHAR : GTK_WRAP_NONE);
    gtk_text_view_set_monospace(GTK_TEXT_VIEW(text), node->mono);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(text), !node->readonly);
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(text), 8);
    gtk_text_view_set_right_margin(GTK_TEXT_VIEW(text), 8);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(text), 6);
    gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(text), 6);
    gtk_layout_adopt(view, text);
    gtk_control_set_text(view, view->text);
    g_signal_connect(gtk_text_view_get_buffer(GTK_TEXT_VIEW(text)), "changed",
            G_CALLBACK(on_text_changed), view);
    return scrolled(text);
}

void gtk_control_set_text(ProView *view, const char *text)
{
    bool before = gtk_control_is_updating;
    gtk_control_is_updating = true;
    char *good = valid(text);
    if (view->type == PRO_VIEW_EDIT) {
        gtk_editable_set_text(GTK_EDITABLE(view->native), good);
    } else {
        GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view->native));
        GtkTextIter end;
        gtk_text_buffer_set_text(buffer, good, -1);
        gtk_text_buffer_get_end_iter(buffer, &end);
        gtk_text_buffer_place_cursor(buffer, &end);
    }
    g_free(good);
    gtk_control_is_updating = before;
}

static bool shows_its_end(GtkTextView *view)
{
    GtkAdjustment *scroll = gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(view));
    return gtk_adjustment_get_value(scroll) + gtk_adjustment_get_page_size(scroll) >=
           gtk_adjustment_get_upper(scroll) - 2;
}

static void insert_in_text(ProView *view, const char *text)
{
    GtkTextView *widget = GTK_TEXT_VIEW(view->native);
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(widget);
    bool follows = shows_its_end(widget);
    (void)gtk_text_buffer_delete_selection(buffer, FALSE, TRUE);
    gtk_text_buffer_insert_at_cursor(buffer, text, -1);
    if (follows)
        gtk_text_view_scroll_mark_onscreen(widget, gtk_text_buffer_get_insert(buffer));
}

void gtk_control_insert_text(ProView *view, const char *text)
{
    bool before = gtk_control_is_updating;
    gtk_control_is_updating = true;
    char *good = valid(text);
    if (view->type == PRO_VIEW_EDIT) {
        GtkEditable *edit = GTK_EDITABLE(view->native);
        gtk_editable_delete_selection(edit);
        int position = gtk_editable_get_position(edit);
        gtk_editable_insert_text(edit, good, -1, &position);
        gtk_editable_set_position(edit, position);
    } else {
        insert_in_text(view, good);
    }
    g_free(good);
    gtk_control_is_updating = before;
}

static char *selected_of_edit(GtkEditable *edit)
{
    int start;
    int end;
    if (!gtk_editable_get_selection_bounds(edit, &start, &end))
        return strdup("");
    char *chars = gtk_editable_get_chars(edit, start, end);
    char *copy = strdup(chars);
    g_free(chars);
    return copy;
}

char *gtk_control_get_text(ProView *view, bool selected)
{
    if (view->type == PRO_VIEW_EDIT)
        return selected ? selected_of_edit(GTK_EDITABLE(view->native))
                        : strdup(gtk_editable_get_text(GTK_EDITABLE(view->native)));
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view->native));
    GtkTextIter start;
    GtkTextIter end;
    if (selected)
        (void)gtk_text_buffer_get_selection_bounds(buffer, &start, &end);
    else
        gtk_text_buffer_get_bounds(buffer, &start, &end);
    char *chars = gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
    char *copy = strdup(chars);
    g_free(chars);
    return copy;
}

/* ---- all of them ---- */

static GtkWidget *make(ProView *view)
{
    switch (view->type) {
    case PRO_VIEW_LABEL:
        return new_label(view);
    case PRO_VIEW_BUTTON:
        return new_button(view);
    case PRO_VIEW_PROGRESS:
        return new_progress(view);
    case PRO_VIEW_EDIT:
        return new_edit(view);
    case PRO_VIEW_CHECK:
        return new_check(view);
    case PRO_VIEW_COMBO:
        return new_combo(view);
    case PRO_VIEW_IMAGE:
        return new_image(view);
    case PRO_VIEW_TABLE:
        return scrolled(gtk_table_new(view));
    case PRO_VIEW_TREE:
        return scrolled(gtk_tree_new(view));
    case PRO_VIEW_PLOT:
        return gtk_plot_new(view);
    case PRO_VIEW_HEX:
        return gtk_hex_new(view);
    default:
        return new_text(view);
    }
}

/* Everything that a view says about itself, as its control is made. */
static void show_all(ProView *view)
{
    switch (view->type) {
    case PRO_VIEW_LABEL:
    case PRO_VIEW_BUTTON:
        show_caption(view);
        break;
    case PRO_VIEW_CHECK:
        show_caption(view);
        gtk_check_button_set_active(GTK_CHECK_BUTTON(view->native), view->value != 0);
        break;
    case PRO_VIEW_PROGRESS:
        show_progress(view);
        break;
    case PRO_VIEW_COMBO:
        show_items(view);
        break;
    case PRO_VIEW_IMAGE:
        show_image(view);
        break;
    default:
        break;
    }
}

GtkWidget *gtk_control_new(ProView *view)
{
    bool before = gtk_control_is_updating;
    gtk_control_is_updating = true;
    GtkWidget *outer = make(view);
    show_all(view);
    if (view->type != PRO_VIEW_LABEL && view->type != PRO_VIEW_BUTTON &&
            view->type != PRO_VIEW_CHECK)
        set_name(view, view->native);
    g_object_set_data(G_OBJECT(view->native), "promp-outer", outer);
    gtk_layout_place(view, outer);
    gtk_control_is_updating = before;
    return outer;
}

static GtkWidget *outer_of(const ProView *view)
{
    GtkWidget *outer = g_object_get_data(G_OBJECT(view->native), "promp-outer");
    return outer != NULL ? outer : GTK_WIDGET(view->native);
}

static void update_value(ProView *view)
{
    if (view->type == PRO_VIEW_PROGRESS)
        show_progress(view);
    else if (view->type == PRO_VIEW_CHECK)
        gtk_check_button_set_active(GTK_CHECK_BUTTON(view->native), view->value != 0);
    else if (view->type == PRO_VIEW_COMBO)
        gtk_drop_down_set_selected(GTK_DROP_DOWN(view->native), (unsigned)view->value);
    else if (GTK_IS_NOTEBOOK(view->native))
        gtk_notebook_set_current_page(GTK_NOTEBOOK(view->native), (int)view->value);
}

void gtk_control_update(ProView *view, UiProperty property)
{
    if (property == UI_ENABLED)
        gtk_widget_set_sensitive(outer_of(view), view->enabled);
    else if (property == UI_VISIBLE)
        gtk_widget_set_visible(outer_of(view), view->visible);
    else if (view->type == PRO_VIEW_TABLE)
        gtk_table_update(view, property);
    else if (view->type == PRO_VIEW_TREE)
        gtk_tree_update(view, property);
    else if (property == UI_SERIES)
        gtk_plot_update(view);
    else if (property == UI_DATA && view->type == PRO_VIEW_HEX)
        gtk_hex_update(view);
    else if (property == UI_DATA)
        show_image(view);
    else if (property == UI_ITEMS)
        show_items(view);
    else if (property == UI_TEXT_OF && view->type == PRO_VIEW_PROGRESS)
        show_progress(view);
    else if (property == UI_TEXT_OF)
        show_caption(view);
    else if (property == UI_VALUE)
        update_value(view);
}
