/* SPDX-License-Identifier: Apache-2.0 */

/* A hex view's keys, pointer and menu. */

#include "view_private.h"

enum { WHEEL_ROWS = 3, DRAG_SCROLL_MS = 40, ANY_SIDE = -1 };

/* ---- keys ---- */

static gboolean key_scroll(GtkWidget *widget, GVariant *arguments, void *user)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)user;
    (void)hex_grid_scroll(&view->grid, g_variant_get_int32(arguments));
    hex_view_moved(view, false);
    return TRUE;
}

static gboolean key_side(GtkWidget *widget, GVariant *arguments, void *user)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)arguments;
    (void)user;
    view->on_text = !view->on_text;
    gtk_widget_queue_draw(widget);
    return TRUE;
}

static gboolean key_unselect(GtkWidget *widget, GVariant *arguments, void *user)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)arguments;
    (void)user;
    if (!view->grid.has_selection)
        return FALSE;
    hex_grid_move_to(&view->grid, view->grid.cursor, false);
    hex_view_moved(view, true);
    return TRUE;
}

static gboolean key_zoom(GtkWidget *widget, GVariant *arguments, void *user)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    int steps = g_variant_get_int32(arguments);
    (void)user;
    hex_view_set_zoom(view, steps == 0 ? 1 : view->zoom * (steps > 0 ? 1.1 : 1 / 1.1));
    return TRUE;
}

static void bind_moves(GtkWidgetClass *class)
{
    static const struct {
        guint key;
        guint keypad;
        GdkModifierType modifiers;
        HexMove move;
    } moves[] = {
            {GDK_KEY_Left, GDK_KEY_KP_Left, 0, HEX_MOVE_LEFT},
            {GDK_KEY_Right, GDK_KEY_KP_Right, 0, HEX_MOVE_RIGHT},
            {GDK_KEY_Up, GDK_KEY_KP_Up, 0, HEX_MOVE_UP},
            {GDK_KEY_Down, GDK_KEY_KP_Down, 0, HEX_MOVE_DOWN},
            {GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, 0, HEX_MOVE_PAGE_UP},
            {GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, 0, HEX_MOVE_PAGE_DOWN},
            {GDK_KEY_Home, GDK_KEY_KP_Home, 0, HEX_MOVE_ROW_BEGIN},
            {GDK_KEY_End, GDK_KEY_KP_End, 0, HEX_MOVE_ROW_END},
            {GDK_KEY_Left, GDK_KEY_KP_Left, GDK_CONTROL_MASK, HEX_MOVE_GROUP_LEFT},
            {GDK_KEY_Right, GDK_KEY_KP_Right, GDK_CONTROL_MASK, HEX_MOVE_GROUP_RIGHT},
            {GDK_KEY_Home, GDK_KEY_KP_Home, GDK_CONTROL_MASK, HEX_MOVE_BEGIN},
            {GDK_KEY_End, GDK_KEY_KP_End, GDK_CONTROL_MASK, HEX_MOVE_END},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(moves); i++)
        for (unsigned extend = 0; extend < 2; extend++) {
            GdkModifierType modifiers = moves[i].modifiers | (extend ? GDK_SHIFT_MASK : 0);
            gtk_widget_class_add_binding_action(class, moves[i].key, modifiers, "hex.move", "(ib)",
                    (int)moves[i].move, (gboolean)extend);
            gtk_widget_class_add_binding_action(class, moves[i].keypad, modifiers, "hex.move",
                    "(ib)", (int)moves[i].move, (gboolean)extend);
        }
}

static void bind_others(GtkWidgetClass *class)
{
    static const guint larger[] = {GDK_KEY_plus, GDK_KEY_equal, GDK_KEY_KP_Add};
    static const guint smaller[] = {GDK_KEY_minus, GDK_KEY_KP_Subtract};
    static const guint usual[] = {GDK_KEY_0, GDK_KEY_KP_0};
    gtk_widget_class_add_binding(class, GDK_KEY_Up, GDK_CONTROL_MASK, key_scroll, "i", -1);
    gtk_widget_class_add_binding(class, GDK_KEY_Down, GDK_CONTROL_MASK, key_scroll, "i", 1);
    gtk_widget_class_add_binding(class, GDK_KEY_Tab, 0, key_side, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_ISO_Left_Tab, GDK_SHIFT_MASK, key_side, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_Tab, GDK_SHIFT_MASK, key_side, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_Escape, 0, key_unselect, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(larger); i++)
        gtk_widget_class_add_binding(class, larger[i], GDK_CONTROL_MASK, key_zoom, "i", 1);
    for (size_t i = 0; i < G_N_ELEMENTS(smaller); i++)
        gtk_widget_class_add_binding(class, smaller[i], GDK_CONTROL_MASK, key_zoom, "i", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++)
        gtk_widget_class_add_binding(class, usual[i], GDK_CONTROL_MASK, key_zoom, "i", 0);
}

/* ---- actions ---- */

/* hex.move: a HexMove, and whether the selection follows. */
static void act_move(GtkWidget *widget, const char *name, GVariant *arguments)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    int move;
    gboolean extend;
    (void)name;
    g_variant_get(arguments, "(ib)", &move, &extend);
    if (move < 0 || move > HEX_MOVE_END)
        return;
    if (move == HEX_MOVE_BEGIN || move == HEX_MOVE_END)
        hex_view_remember(view);
    hex_grid_move(&view->grid, (HexMove)move, extend);
    hex_view_moved(view, true);
}

/* hex.copy: a HexCopyFormat, or ANY_SIDE for what the cursor's side shows. */
static void act_copy(GtkWidget *widget, const char *name, GVariant *format)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    int wanted = g_variant_get_int32(format);
    (void)name;
    if (wanted == ANY_SIDE)
        wanted = view->on_text ? HEX_COPY_TEXT : HEX_COPY_HEX;
    hex_view_copy(view, (HexCopyFormat)wanted);
}

static void act_select_all(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)name;
    (void)unused;
    uint64_t top = view->grid.top;
    hex_grid_select(&view->grid, 0, view->grid.size);
    (void)hex_grid_set_top(&view->grid, top);
    hex_view_moved(view, true);
}

static void act_refresh(GtkWidget *widget, const char *name, GVariant *unused)
{
    (void)name;
    (void)unused;
    pro_hex_view_refresh(PRO_HEX_VIEW(widget));
}

static void act_per_row(GtkWidget *widget, const char *name, GVariant *bytes)
{
    (void)name;
    pro_hex_view_set_per_row(PRO_HEX_VIEW(widget), (unsigned)g_variant_get_int32(bytes));
}

static GMenuModel *make_menu(void)
{
    static const int widths[] = {8, 16, 24, 32, 0};
    GMenu *menu = g_menu_new();
    GMenu *copies = g_menu_new();
    GMenu *rows = g_menu_new();
    GMenu *others = g_menu_new();
    char label[40];
    char action[40];
    for (HexCopyFormat format = 0; format < HEX_COPY_FORMATS; format++) {
        (void)g_snprintf(label, sizeof label, "Copy as %s", hex_copy_name(format));
        (void)g_snprintf(action, sizeof action, "hex.copy(%d)", (int)format);
        g_menu_append(copies, label, action);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(widths); i++) {
        (void)g_snprintf(label, sizeof label, widths[i] > 0 ? "%d Bytes a Row" : "As Many as Fit",
                widths[i]);
        (void)g_snprintf(action, sizeof action, "hex.per-row(%d)", widths[i]);
        g_menu_append(rows, label, action);
    }
    g_menu_append(others, "Select All", "hex.select-all");
    g_menu_append(others, "Read Again", "hex.refresh");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(copies));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(others));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(rows));
    g_object_unref(copies);
    g_object_unref(rows);
    g_object_unref(others);
    return G_MENU_MODEL(menu);
}

static void show_menu(ProHexView *view, double x, double y)
{
    if (view->menu == NULL) {
        GMenuModel *model = make_menu();
        view->menu = gtk_popover_menu_new_from_model(model);
        gtk_widget_set_parent(view->menu, GTK_WIDGET(view));
        gtk_popover_set_has_arrow(GTK_POPOVER(view->menu), FALSE);
        gtk_widget_set_halign(view->menu, GTK_ALIGN_START);
        g_object_unref(model);
    }
    gtk_popover_set_pointing_to(GTK_POPOVER(view->menu), &(GdkRectangle){(int)x, (int)y, 1, 1});
    gtk_popover_popup(GTK_POPOVER(view->menu));
}

static gboolean key_menu(GtkWidget *widget, GVariant *arguments, void *user)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)arguments;
    (void)user;
    uint64_t row = view->grid.cursor / view->grid.per_row;
    double down = row >= view->grid.top && row - view->grid.top < view->grid.rows
                          ? (double)(row - view->grid.top + 1)
                          : 0;
    show_menu(view, HEX_MARGIN + view->columns.hex * (unsigned)view->glyphs.width,
            hex_view_header_height(view) + down * view->glyphs.height);
    return TRUE;
}

void hex_view_install_keys(GtkWidgetClass *class)
{
    bind_moves(class);
    bind_others(class);
    gtk_widget_class_install_action(class, "hex.move", "(ib)", act_move);
    gtk_widget_class_install_action(class, "hex.copy", "i", act_copy);
    gtk_widget_class_install_action(class, "hex.select-all", NULL, act_select_all);
    gtk_widget_class_install_action(class, "hex.refresh", NULL, act_refresh);
    gtk_widget_class_install_action(class, "hex.per-row", "i", act_per_row);
    gtk_widget_class_add_binding_action(
            class, GDK_KEY_c, GDK_CONTROL_MASK, "hex.copy", "i", ANY_SIDE);
    gtk_widget_class_add_binding_action(
            class, GDK_KEY_Insert, GDK_CONTROL_MASK, "hex.copy", "i", ANY_SIDE);
    gtk_widget_class_add_binding_action(class, GDK_KEY_a, GDK_CONTROL_MASK, "hex.select-all", NULL);
    gtk_widget_class_add_binding_action(class, GDK_KEY_F5, 0, "hex.refresh", NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_Menu, 0, key_menu, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_F10, GDK_SHIFT_MASK, key_menu, NULL);
}

/* ---- the pointer ---- */

static void point_at(ProHexView *view, double x, double y, bool extend)
{
    if (view->glyphs.font == NULL || view->grid.size == 0)
        return;
    double down = (y - hex_view_header_height(view)) / view->glyphs.height;
    int64_t row = (int64_t)CLAMP(down, 0, (double)view->grid.rows - (extend ? 1 : 0));
    HexSpot spot = hex_columns_spot(&view->columns, (int)((x - HEX_MARGIN) / view->glyphs.width));
    HexRange range = hex_grid_row(&view->grid, view->grid.top + (uint64_t)row);
    uint64_t offset = range.offset + MIN(spot.byte, range.size > 0 ? range.size - 1 : 0);
    if (!extend)
        view->on_text = spot.on_text;
    if (extend && offset == view->grid.cursor)
        return;
    hex_grid_move_to(&view->grid, offset, extend);
    hex_view_moved(view, true);
}

static bool is_outside(const ProHexView *view, double y)
{
    return y < hex_view_header_height(view) || y >= gtk_widget_get_height(GTK_WIDGET(view));
}

static gboolean scroll_while_dragging(void *user)
{
    ProHexView *view = user;
    if (!is_outside(view, view->drag_y)) {
        view->drag_scroll = 0;
        return G_SOURCE_REMOVE;
    }
    double beyond = view->drag_y < hex_view_header_height(view)
                            ? view->drag_y - hex_view_header_height(view)
                            : view->drag_y - gtk_widget_get_height(GTK_WIDGET(view));
    int64_t rows = (int64_t)(beyond / view->glyphs.height);
    (void)hex_grid_scroll(&view->grid, rows != 0 ? rows : beyond < 0 ? -1 : 1);
    point_at(view, view->drag_x, view->drag_y, true);
    hex_view_moved(view, false);
    return G_SOURCE_CONTINUE;
}

static void drag_begin(GtkGestureDrag *drag, double x, double y, ProHexView *view)
{
    GdkModifierType state =
            gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(drag));
    gtk_widget_grab_focus(GTK_WIDGET(view));
    if (y < hex_view_header_height(view) ||
            x >= gtk_widget_get_width(GTK_WIDGET(view)) -
                            gtk_widget_get_allocated_width(view->scroll_bar)) {
        gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_DENIED);
        return;
    }
    point_at(view, x, y, (state & GDK_SHIFT_MASK) != 0);
}

static void drag_update(GtkGestureDrag *drag, double right, double down, ProHexView *view)
{
    double x;
    double y;
    if (!gtk_gesture_drag_get_start_point(drag, &x, &y))
        return;
    view->drag_x = x + right;
    view->drag_y = y + down;
    point_at(view, view->drag_x, view->drag_y, true);
    if (is_outside(view, view->drag_y) && view->drag_scroll == 0)
        view->drag_scroll = g_timeout_add(DRAG_SCROLL_MS, scroll_while_dragging, view);
}

static void drag_end(GtkGestureDrag *drag, double right, double down, ProHexView *view)
{
    (void)drag;
    (void)right;
    (void)down;
    g_clear_handle_id(&view->drag_scroll, g_source_remove);
}

static void menu_pressed(GtkGestureClick *click, int presses, double x, double y, ProHexView *view)
{
    (void)click;
    (void)presses;
    gtk_widget_grab_focus(GTK_WIDGET(view));
    if (!view->grid.has_selection)
        point_at(view, x, y, false);
    show_menu(view, x, y);
}

static gboolean scrolled(GtkEventControllerScroll *scroll, double dx, double dy, ProHexView *view)
{
    GdkModifierType state =
            gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(scroll));
    (void)dx;
    if (state & GDK_CONTROL_MASK) {
        hex_view_set_zoom(view, view->zoom * (dy < 0 ? 1.1 : 1 / 1.1));
        return TRUE;
    }
    bool by_pixels = gtk_event_controller_scroll_get_unit(scroll) == GDK_SCROLL_UNIT_SURFACE;
    view->scrolled +=
            by_pixels && view->glyphs.height > 0 ? dy / view->glyphs.height : dy * WHEEL_ROWS;
    int64_t rows = (int64_t)view->scrolled;
    view->scrolled -= (double)rows;
    if (hex_grid_scroll(&view->grid, rows))
        hex_view_moved(view, false);
    return TRUE;
}

static void focus_changed(GtkEventControllerFocus *focus, ProHexView *view)
{
    (void)focus;
    gtk_widget_queue_draw(GTK_WIDGET(view));
}

void hex_view_add_controllers(ProHexView *view)
{
    GtkWidget *widget = GTK_WIDGET(view);
    view->drag = gtk_gesture_drag_new();
    g_signal_connect(view->drag, "drag-begin", G_CALLBACK(drag_begin), view);
    g_signal_connect(view->drag, "drag-update", G_CALLBACK(drag_update), view);
    g_signal_connect(view->drag, "drag-end", G_CALLBACK(drag_end), view);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(view->drag));

    GtkGesture *click = gtk_gesture_click_new();
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(click), GDK_BUTTON_SECONDARY);
    g_signal_connect(click, "pressed", G_CALLBACK(menu_pressed), view);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));

    GtkEventController *scroll =
            gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    g_signal_connect(scroll, "scroll", G_CALLBACK(scrolled), view);
    gtk_widget_add_controller(widget, scroll);

    GtkEventController *focus = gtk_event_controller_focus_new();
    g_signal_connect(focus, "enter", G_CALLBACK(focus_changed), view);
    g_signal_connect(focus, "leave", G_CALLBACK(focus_changed), view);
    gtk_widget_add_controller(widget, focus);
}
