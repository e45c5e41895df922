/* SPDX-License-Identifier: Apache-2.0 */

/* Layouts, and how a control stands in one. */

#include "gtk_private.h"

static GtkWidget *new_child(ProView *view);

void gtk_layout_adopt(ProView *view, GtkWidget *widget)
{
    view->native = widget;
    g_object_set_data_full(
            G_OBJECT(widget), "promp-view", pro_view_ref(view), (GDestroyNotify)pro_view_unref);
}

/* ---- what every control may have ---- */

static GtkAlign align_of(UiAlign align, GtkAlign otherwise)
{
    switch (align) {
    case UI_ALIGN_START:
        return GTK_ALIGN_START;
    case UI_ALIGN_CENTER:
        return GTK_ALIGN_CENTER;
    case UI_ALIGN_END:
        return GTK_ALIGN_END;
    default:
        return otherwise;
    }
}

/* Which ways a kind of control takes what is left. */
static void growth_of(const ProView *view, bool *ret_across, bool *ret_down)
{
    *ret_across = *ret_down = false;
    switch (view->type) {
    case PRO_VIEW_TEXT:
    case PRO_VIEW_HEX:
    case PRO_VIEW_TABLE:
    case PRO_VIEW_TREE:
    case PRO_VIEW_PLOT:
    case PRO_VIEW_IMAGE:
        *ret_across = *ret_down = true;
        break;
    case PRO_VIEW_PROGRESS:
    case PRO_VIEW_EDIT:
        *ret_across = true;
        break;
    default:
        break;
    }
    UiElement element = view->node->element;
    const UiNode *parent = view->node->parent;
    if (element == UI_TAB || element == UI_HS || element == UI_VS)
        *ret_across = *ret_down = true;
    if (element == UI_SPACE && parent != NULL) {
        *ret_across = parent->element != UI_VL;
        *ret_down = parent->element == UI_VL || parent->element == UI_ROOT;
    }
    if (view->node->grow == 0)
        *ret_across = *ret_down = false;
    if (view->node->grow == 1) {
        *ret_across = *ret_across || parent == NULL || parent->element != UI_VL;
        *ret_down = *ret_down || (parent != NULL && parent->element == UI_VL);
    }
}

void gtk_layout_place(ProView *view, GtkWidget *outer)
{
    const UiNode *node = view->node;
    bool across;
    bool down;
    growth_of(view, &across, &down);
    if (across)
        gtk_widget_set_hexpand(outer, TRUE);
    if (down)
        gtk_widget_set_vexpand(outer, TRUE);
    if (node->grow == 0) {
        gtk_widget_set_hexpand(outer, FALSE);
        gtk_widget_set_vexpand(outer, FALSE);
    }
    bool is_layout = markup_is_layout(node->element);
    gtk_widget_set_halign(outer, align_of(node->align_x, GTK_ALIGN_FILL));
    gtk_widget_set_valign(
            outer, align_of(node->align_y, down || is_layout ? GTK_ALIGN_FILL : GTK_ALIGN_CENTER));
    gtk_widget_set_margin_top(outer, node->margin);
    gtk_widget_set_margin_bottom(outer, node->margin);
    gtk_widget_set_margin_start(outer, node->margin);
    gtk_widget_set_margin_end(outer, node->margin);
    if (node->width > 0 || node->height > 0)
        gtk_widget_set_size_request(
                outer, node->width > 0 ? node->width : -1, node->height > 0 ? node->height : -1);
    if (node->tip != NULL)
        gtk_widget_set_tooltip_text(outer, node->tip);
    gtk_widget_set_sensitive(outer, view->enabled);
    gtk_widget_set_visible(outer, view->visible);
}

/* ---- the layouts ---- */

static GtkWidget *new_box(ProView *view, GtkOrientation orientation)
{
    GtkWidget *box = gtk_box_new(orientation, view->node->spacing);
    for (size_t i = 0; i < view->child_count; i++)
        gtk_box_append(GTK_BOX(box), new_child(view->children[i]));
    return box;
}

static GtkWidget *new_grid(ProView *view)
{
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), (unsigned)view->node->spacing);
    gtk_grid_set_column_spacing(GTK_GRID(grid), (unsigned)view->node->spacing);
    int row = 0;
    int column = 0;
    for (size_t i = 0; i < view->child_count; i++) {
        ProView *child = view->children[i];
        if (child->node->element == UI_NL) {
            row++;
            column = 0;
            continue;
        }
        int span = child->node->span > 0 ? child->node->span : 1;
        gtk_grid_attach(GTK_GRID(grid), new_child(child), column, row, span, 1);
        column += span;
    }
    return grid;
}

/* Each handle gives what is before it its share, until the window has found its first size; then
 * they are the person's. */
typedef struct Share {
    int panes;  /* that the handle divides, counted from its own */
    int size;   /* when they were divided last */
    int steady; /* frames since */
    GtkOrientation orientation;
} Share;

static gboolean divide(GtkWidget *paned, GdkFrameClock *clock, void *user)
{
    enum { ENOUGH_FRAMES = 3 };
    (void)clock;
    Share *share = user;
    int size = share->orientation == GTK_ORIENTATION_HORIZONTAL ? gtk_widget_get_width(paned)
                                                                : gtk_widget_get_height(paned);
    share->steady = size == share->size ? share->steady + 1 : 0;
    share->size = size;
    if (share->steady == 0 && size > 0)
        gtk_paned_set_position(GTK_PANED(paned), size / share->panes);
    return size > 0 && share->steady >= ENOUGH_FRAMES ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GtkWidget *new_panes(ProView *view, GtkOrientation orientation, size_t first)
{
    if (first >= view->child_count)
        return gtk_box_new(orientation, 0);
    GtkWidget *start = new_child(view->children[first]);
    if (first + 1 == view->child_count)
        return start;
    GtkWidget *paned = gtk_paned_new(orientation);
    const UiNode *node = view->children[first]->node;
    int wanted = orientation == GTK_ORIENTATION_HORIZONTAL ? node->width : node->height;
    gtk_paned_set_start_child(GTK_PANED(paned), start);
    gtk_paned_set_end_child(GTK_PANED(paned), new_panes(view, orientation, first + 1));
    gtk_paned_set_shrink_start_child(GTK_PANED(paned), FALSE);
    gtk_paned_set_shrink_end_child(GTK_PANED(paned), FALSE);
    gtk_paned_set_wide_handle(GTK_PANED(paned), view->node->spacing > 4);
    if (wanted > 0) {
        gtk_paned_set_position(GTK_PANED(paned), wanted);
        gtk_paned_set_resize_start_child(GTK_PANED(paned), FALSE);
    } else {
        Share *share = g_new(Share, 1);
        *share = (Share){.panes = (int)(view->child_count - first), .orientation = orientation};
        gtk_widget_add_tick_callback(paned, divide, share, g_free);
    }
    return paned;
}

static void on_page(GtkNotebook *notebook, GtkWidget *page, unsigned number, ProView *view)
{
    (void)notebook;
    (void)page;
    if (view->native == NULL || gtk_control_is_updating)
        return;
    view->value = number;
    ProEvent event = {.code = PRO_PVN_PAGE_CHANGED, .row = number};
    (void)view_notify_event(view, &event);
}

static GtkWidget *new_tabs(ProView *view)
{
    GtkWidget *notebook = gtk_notebook_new();
    gtk_notebook_set_scrollable(GTK_NOTEBOOK(notebook), TRUE);
    for (size_t i = 0; i < view->child_count; i++) {
        ProView *child = view->children[i];
        const char *title = child->node->title != NULL  ? child->node->title
                            : child->node->text != NULL ? child->node->text
                                                        : pro_view_type_text(child->type);
        (void)gtk_notebook_append_page(
                GTK_NOTEBOOK(notebook), new_child(child), gtk_label_new(title));
    }
    g_signal_connect(notebook, "switch-page", G_CALLBACK(on_page), view);
    return notebook;
}

static GtkWidget *new_group(ProView *view)
{
    GtkWidget *frame = gtk_frame_new(view->text);
    GtkWidget *box = new_box(view, GTK_ORIENTATION_VERTICAL);
    gtk_widget_set_margin_top(box, 8);
    gtk_widget_set_margin_bottom(box, 8);
    gtk_widget_set_margin_start(box, 8);
    gtk_widget_set_margin_end(box, 8);
    gtk_frame_set_child(GTK_FRAME(frame), box);
    return frame;
}

GtkWidget *gtk_layout_new(ProView *view)
{
    GtkWidget *widget;
    switch (view->node->element) {
    case UI_HS:
        widget = new_panes(view, GTK_ORIENTATION_HORIZONTAL, 0);
        break;
    case UI_VS:
        widget = new_panes(view, GTK_ORIENTATION_VERTICAL, 0);
        break;
    case UI_HL:
        widget = new_box(view, GTK_ORIENTATION_HORIZONTAL);
        break;
    case UI_GL:
        widget = new_grid(view);
        break;
    case UI_TAB:
        widget = new_tabs(view);
        break;
    case UI_GROUP:
        widget = new_group(view);
        break;
    case UI_SPACE:
        widget = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
        break;
    default: /* ui, vl */
        widget = new_box(view, GTK_ORIENTATION_VERTICAL);
        break;
    }
    /* hs and vs with one child are that child: it has a view already. */
    if (g_object_get_data(G_OBJECT(widget), "promp-view") != NULL) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
        gtk_box_append(GTK_BOX(box), widget);
        widget = box;
    }
    gtk_layout_adopt(view, widget);
    gtk_layout_place(view, widget);
    return widget;
}

static GtkWidget *new_child(ProView *view)
{
    return view->type == PRO_VIEW_LAYOUT ? gtk_layout_new(view) : gtk_control_new(view);
}
