/* SPDX-License-Identifier: Apache-2.0 */
#include "view_private.h"

#include <inttypes.h>

G_DEFINE_FINAL_TYPE(ProHexView, pro_hex_view, GTK_TYPE_WIDGET)

enum { SIGNAL_CURSOR_CHANGED, SIGNAL_BYTES_ARRIVED, SIGNAL_COPIED, SIGNAL_COUNT };

static guint signals[SIGNAL_COUNT];

enum { PER_ROW_AT_FIRST = 16, ROWS_NATURAL = 24, ROWS_MIN = 4 };

/* ---- bytes that arrive ---- */

static gboolean show_arrival(void *user)
{
    ProHexView *view = user;
    g_atomic_int_set(&view->told, 0);
    gtk_widget_queue_draw(GTK_WIDGET(view));
    g_signal_emit(view, signals[SIGNAL_BYTES_ARRIVED], 0);
    return G_SOURCE_REMOVE;
}

/* In the reading thread. The view lives: its dispose waits for this to return. */
static void tell_arrival(void *user)
{
    ProHexView *view = user;
    if (g_atomic_int_compare_and_exchange(&view->told, 0, 1))
        (void)g_idle_add_full(
                G_PRIORITY_HIGH_IDLE, show_arrival, g_object_ref(view), g_object_unref);
}

/* ---- the grid changed ---- */

static void follow_adjustment(GtkAdjustment *adjustment, ProHexView *view)
{
    if (hex_grid_follow_slider(&view->grid, gtk_adjustment_get_value(adjustment)))
        gtk_widget_queue_draw(GTK_WIDGET(view));
}

static void show_slider(ProHexView *view)
{
    HexSlider slider = hex_grid_slider(&view->grid);
    g_signal_handlers_block_by_func(view->adjustment, follow_adjustment, view);
    gtk_adjustment_configure(view->adjustment, slider.value, 0, slider.upper, 1,
            slider.page > 1 ? slider.page - 1 : 1, slider.page);
    g_signal_handlers_unblock_by_func(view->adjustment, follow_adjustment, view);
}

static void tell_screen_reader(ProHexView *view)
{
    uint8_t byte = 0;
    char text[160];
    HexRange selection = hex_grid_selection(&view->grid);
    bool known = pro_hex_view_peek(view, view->grid.cursor, &byte, 1) == 1;
    int used =
            g_snprintf(text, sizeof text, "address %" PRIX64, view->grid.base + view->grid.cursor);
    if (known)
        used += g_snprintf(text + used, sizeof text - (size_t)used, ", byte %02X%s%c", byte,
                byte > 0x20 && byte < 0x7F ? ", " : "", byte > 0x20 && byte < 0x7F ? byte : 0);
    if (selection.size > 0)
        (void)g_snprintf(text + used, sizeof text - (size_t)used, ", %" PRIu64 " bytes selected",
                selection.size);
    gtk_accessible_update_property(
            GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
}

void hex_view_moved(ProHexView *view, bool cursor_too)
{
    show_slider(view);
    gtk_widget_queue_draw(GTK_WIDGET(view));
    if (!cursor_too)
        return;
    tell_screen_reader(view);
    g_signal_emit(view, signals[SIGNAL_CURSOR_CHANGED], 0);
}

void hex_view_remember(ProHexView *view)
{
    HexHistory *history = &view->history;
    if (history->at == HEX_HISTORY_MAX - 1) {
        memmove(history->offsets, history->offsets + 1,
                (HEX_HISTORY_MAX - 1) * sizeof history->offsets[0]);
        history->at--;
    }
    history->offsets[history->at++] = view->grid.cursor;
    history->count = history->at;
}

/* ---- size ---- */

void hex_view_arrange(ProHexView *view)
{
    if (view->glyphs.font == NULL)
        hex_glyphs_load(&view->glyphs, GTK_WIDGET(view), view->zoom);
    unsigned digits = hex_grid_address_digits(&view->grid);
    int width = gtk_widget_get_width(GTK_WIDGET(view)) - 2 * HEX_MARGIN -
                gtk_widget_get_allocated_width(view->scroll_bar);
    unsigned fits = width > 0 ? (unsigned)(width / view->glyphs.width) : 0;
    unsigned limit = view->per_row_wanted > 0 ? view->per_row_wanted : HEX_PER_ROW_MAX;
    unsigned per_row = hex_columns_fitting(digits, limit, fits);
    if (per_row != view->grid.per_row)
        hex_grid_set_per_row(&view->grid, per_row);
    int height = gtk_widget_get_height(GTK_WIDGET(view)) - hex_view_header_height(view);
    hex_grid_set_rows(&view->grid, height > 0 ? (unsigned)(height / view->glyphs.height) : 1);
    view->columns = hex_columns(digits, view->grid.per_row);
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
        int *natural, int *minimum_baseline, int *natural_baseline)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    (void)for_size;
    (void)minimum_baseline;
    (void)natural_baseline;
    if (view->glyphs.font == NULL)
        hex_glyphs_load(&view->glyphs, widget, view->zoom);
    if (orientation == GTK_ORIENTATION_VERTICAL) {
        *minimum = ROWS_MIN * view->glyphs.height + hex_view_header_height(view);
        *natural = ROWS_NATURAL * view->glyphs.height + hex_view_header_height(view);
        return;
    }
    unsigned digits = hex_grid_address_digits(&view->grid);
    unsigned wanted = view->per_row_wanted > 0 ? view->per_row_wanted : PER_ROW_AT_FIRST;
    unsigned least = wanted < HEX_GROUP_BYTES ? wanted : HEX_GROUP_BYTES;
    int bar_minimum;
    int bar_natural;
    gtk_widget_measure(view->scroll_bar, orientation, -1, &bar_minimum, &bar_natural, NULL, NULL);
    *minimum =
            (int)hex_columns(digits, least).end * view->glyphs.width + 2 * HEX_MARGIN + bar_minimum;
    *natural = (int)hex_columns(digits, wanted).end * view->glyphs.width + 2 * HEX_MARGIN +
               bar_natural;
}

static void size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    int bar_width;
    (void)baseline;
    gtk_widget_measure(
            view->scroll_bar, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &bar_width, NULL, NULL);
    hex_view_arrange(view);
    show_slider(view); /* before the bar is allocated: else it has no slider */
    const GtkAllocation place = {width - bar_width, 0, bar_width, height};
    gtk_widget_size_allocate(view->scroll_bar, &place, -1);
    hex_view_arrange(view); /* the bar has a width now */
    if (view->menu != NULL)
        gtk_popover_present(GTK_POPOVER(view->menu));
}

static void css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
    GTK_WIDGET_CLASS(pro_hex_view_parent_class)->css_changed(widget, change);
    hex_glyphs_clear(&PRO_HEX_VIEW(widget)->glyphs);
    gtk_widget_queue_resize(widget);
}

void hex_view_set_zoom(ProHexView *view, double zoom)
{
    view->zoom = CLAMP(zoom, 0.5, 4);
    hex_glyphs_clear(&view->glyphs);
    gtk_widget_queue_resize(GTK_WIDGET(view));
}

/* ---- what is said of a byte ---- */

char *pro_hex_view_get_problem(ProHexView *view, uint64_t offset)
{
    char text[256] = "";
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), NULL);
    if (view->pages != NULL && offset < view->grid.size)
        hex_pages_error(view->pages, offset, text, sizeof text);
    return text[0] != '\0' ? g_strdup(text) : NULL;
}

const char *pro_hex_view_get_highlight_name(ProHexView *view, uint64_t offset)
{
    for (guint i = view->highlights->len; i > 0; i--) {
        const HexHighlight *highlight = &g_array_index(view->highlights, HexHighlight, i - 1);
        if (offset >= highlight->range.offset &&
                offset - highlight->range.offset < highlight->range.size)
            return highlight->name;
    }
    return NULL;
}

static gboolean query_tooltip(
        GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
    ProHexView *view = PRO_HEX_VIEW(widget);
    if (view->pages == NULL || view->glyphs.font == NULL ||
            (!keyboard && y < hex_view_header_height(view)))
        return FALSE;
    uint64_t offset = view->grid.cursor;
    if (!keyboard) {
        uint64_t row = view->grid.top +
                       (uint64_t)((y - hex_view_header_height(view)) / view->glyphs.height);
        HexRange range = hex_grid_row(&view->grid, row);
        HexSpot spot = hex_columns_spot(&view->columns, (x - HEX_MARGIN) / view->glyphs.width);
        if (spot.byte >= range.size)
            return FALSE;
        offset = range.offset + spot.byte;
    }
    char *problem = pro_hex_view_get_problem(view, offset);
    const char *text = problem != NULL ? problem : pro_hex_view_get_highlight_name(view, offset);
    if (text != NULL)
        gtk_tooltip_set_text(tooltip, text);
    g_free(problem);
    return text != NULL;
}

/* ---- the object ---- */

static void clear_highlight(void *element)
{
    g_free(((HexHighlight *)element)->name);
}

static void dispose(GObject *object)
{
    ProHexView *view = PRO_HEX_VIEW(object);
    g_clear_pointer(&view->pages, hex_pages_close);
    g_clear_pointer(&view->container, pro_container_unref);
    g_clear_pointer(&view->copying, hex_job_drop);
    g_clear_handle_id(&view->drag_scroll, g_source_remove);
    g_clear_pointer(&view->menu, gtk_widget_unparent);
    g_clear_pointer(&view->scroll_bar, gtk_widget_unparent);
    g_clear_object(&view->adjustment);
    G_OBJECT_CLASS(pro_hex_view_parent_class)->dispose(object);
}

static void finalize(GObject *object)
{
    ProHexView *view = PRO_HEX_VIEW(object);
    hex_glyphs_clear(&view->glyphs);
    g_array_unref(view->highlights);
    g_free(view->name);
    g_free(view->bytes);
    g_free(view->states);
    G_OBJECT_CLASS(pro_hex_view_parent_class)->finalize(object);
}

static void add_style(void)
{
    static const char style[] =
            "hexview { font-family: monospace; background-color: @theme_base_color;"
            " color: @theme_text_color; }"
            ".hex-button { min-height: 0; padding: 2px 6px; }";
    GdkDisplay *display = gdk_display_get_default();
    if (display == NULL)
        return;
    GtkCssProvider *provider = gtk_css_provider_new();
    gtk_css_provider_load_from_data(provider, style, -1);
    gtk_style_context_add_provider_for_display(
            display, GTK_STYLE_PROVIDER(provider), GTK_STYLE_PROVIDER_PRIORITY_FALLBACK);
    g_object_unref(provider);
}

static void pro_hex_view_class_init(ProHexViewClass *class)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
    GType type = G_TYPE_FROM_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dispose;
    G_OBJECT_CLASS(class)->finalize = finalize;
    widget_class->measure = measure;
    widget_class->size_allocate = size_allocate;
    widget_class->snapshot = hex_view_snapshot;
    widget_class->css_changed = css_changed;
    widget_class->query_tooltip = query_tooltip;
    signals[SIGNAL_CURSOR_CHANGED] = g_signal_new(
            "cursor-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_BYTES_ARRIVED] = g_signal_new(
            "bytes-arrived", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_COPIED] = g_signal_new("copied", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
            G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_STRING);
    gtk_widget_class_set_css_name(widget_class, "hexview");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_TEXT_BOX);
    hex_view_install_keys(widget_class);
    add_style();
}

static void pro_hex_view_init(ProHexView *view)
{
    hex_grid_init(&view->grid, 0, 0, PER_ROW_AT_FIRST);
    view->per_row_wanted = PER_ROW_AT_FIRST;
    view->zoom = 1;
    view->highlights = g_array_new(FALSE, FALSE, sizeof(HexHighlight));
    g_array_set_clear_func(view->highlights, clear_highlight);
    view->adjustment = g_object_ref_sink(gtk_adjustment_new(0, 0, 1, 1, 1, 1));
    g_signal_connect(view->adjustment, "value-changed", G_CALLBACK(follow_adjustment), view);
    view->scroll_bar = gtk_scrollbar_new(GTK_ORIENTATION_VERTICAL, view->adjustment);
    gtk_widget_set_parent(view->scroll_bar, GTK_WIDGET(view));
    gtk_widget_set_focusable(GTK_WIDGET(view), TRUE);
    gtk_widget_set_has_tooltip(GTK_WIDGET(view), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(view), GTK_OVERFLOW_HIDDEN);
    pro_hex_view_set_name(view, "Hex view");
    hex_view_add_controllers(view);
}

/* ---- the API ---- */

GtkWidget *pro_hex_view_new(ProContainer *container)
{
    ProHexView *view = g_object_new(PRO_TYPE_HEX_VIEW, NULL);
    pro_hex_view_set_container(view, container);
    return GTK_WIDGET(view);
}

void pro_hex_view_set_container(ProHexView *view, ProContainer *container)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    g_clear_pointer(&view->copying, hex_job_drop);
    g_clear_pointer(&view->pages, hex_pages_close);
    g_clear_pointer(&view->container, pro_container_unref);
    if (container != NULL)
        view->pages = hex_pages_new(container, tell_arrival, view);
    if (view->pages != NULL)
        view->container = pro_container_ref(container);
    view->history = (HexHistory){0};
    view->asked = (HexRange){0};
    unsigned rows = view->grid.rows;
    hex_grid_init(&view->grid, view->container != NULL ? pro_container_size(container) : 0,
            view->grid.base, view->grid.per_row);
    hex_grid_set_rows(&view->grid, rows);
    pro_hex_view_clear_highlights(view);
    gtk_widget_queue_resize(GTK_WIDGET(view)); /* addresses may have more digits */
    hex_view_moved(view, true);
}

ProContainer *pro_hex_view_get_container(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), NULL);
    return view->container;
}

void pro_hex_view_set_name(ProHexView *view, const char *name)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    g_free(view->name);
    view->name = g_strdup(name);
    gtk_accessible_update_property(
            GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, view->name, -1);
}

void pro_hex_view_refresh(ProHexView *view)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    if (view->pages == NULL)
        return;
    hex_pages_refresh(view->pages);
    view->asked = (HexRange){0};
    hex_view_moved(view, true);
}

void pro_hex_view_set_base(ProHexView *view, uint64_t base)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    view->grid.base = base;
    gtk_widget_queue_resize(GTK_WIDGET(view));
    hex_view_moved(view, true);
}

uint64_t pro_hex_view_get_base(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), 0);
    return view->grid.base;
}

void pro_hex_view_set_per_row(ProHexView *view, unsigned bytes)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    view->per_row_wanted = MIN(bytes, HEX_PER_ROW_MAX);
    gtk_widget_queue_resize(GTK_WIDGET(view));
}

unsigned pro_hex_view_get_per_row(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), 0);
    return view->per_row_wanted;
}

void pro_hex_view_go_to(ProHexView *view, uint64_t offset)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    hex_view_remember(view);
    hex_grid_move_to(&view->grid, offset, false);
    hex_view_moved(view, true);
}

void pro_hex_view_select(ProHexView *view, uint64_t offset, uint64_t size)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    hex_view_remember(view);
    hex_grid_select(&view->grid, offset, size);
    hex_view_moved(view, true);
}

uint64_t pro_hex_view_get_cursor(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), 0);
    return view->grid.cursor;
}

gboolean pro_hex_view_get_selection(ProHexView *view, uint64_t *ret_offset, uint64_t *ret_size)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), FALSE);
    HexRange selection = hex_grid_selection(&view->grid);
    *ret_offset = selection.offset;
    *ret_size = selection.size;
    return selection.size > 0;
}

gboolean pro_hex_view_go_back(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), FALSE);
    HexHistory *history = &view->history;
    if (history->at == 0)
        return FALSE;
    if (history->at == history->count) /* to come back to where it is now */
        history->offsets[history->count++] = view->grid.cursor;
    hex_grid_move_to(&view->grid, history->offsets[--history->at], false);
    hex_view_moved(view, true);
    return TRUE;
}

gboolean pro_hex_view_go_forward(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), FALSE);
    HexHistory *history = &view->history;
    if (history->at + 1 >= history->count)
        return FALSE;
    hex_grid_move_to(&view->grid, history->offsets[++history->at], false);
    hex_view_moved(view, true);
    return TRUE;
}

void pro_hex_view_add_highlight(
        ProHexView *view, uint64_t offset, uint64_t size, const GdkRGBA *colour, const char *name)
{
    static const GdkRGBA palette[] = {{0.21f, 0.52f, 0.89f, 1}, {0.18f, 0.76f, 0.49f, 1},
            {0.96f, 0.83f, 0.18f, 1}, {1, 0.47f, 0, 1}, {0.57f, 0.25f, 0.67f, 1},
            {0.13f, 0.69f, 0.75f, 1}};
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    if (view->highlights->len >= PRO_HEX_HIGHLIGHTS_MAX)
        return;
    HexHighlight highlight = {{offset, size},
            colour != NULL ? *colour : palette[view->highlights->len % G_N_ELEMENTS(palette)],
            g_strdup(name)};
    g_array_append_val(view->highlights, highlight);
    gtk_widget_queue_draw(GTK_WIDGET(view));
}

void pro_hex_view_clear_highlights(ProHexView *view)
{
    g_return_if_fail(PRO_IS_HEX_VIEW(view));
    g_array_set_size(view->highlights, 0);
    gtk_widget_queue_draw(GTK_WIDGET(view));
}

gboolean pro_hex_view_is_complete(ProHexView *view)
{
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), FALSE);
    return view->complete;
}

size_t pro_hex_view_peek(ProHexView *view, uint64_t offset, void *ret_data, size_t size)
{
    uint8_t states[256];
    g_return_val_if_fail(PRO_IS_HEX_VIEW(view), 0);
    if (view->pages == NULL || offset >= view->grid.size)
        return 0;
    uint64_t left = view->grid.size - offset;
    size = MIN(MIN(size, left), sizeof states);
    (void)hex_pages_want(view->pages, HEX_WANTED_CURSOR, offset, size, 0);
    hex_pages_copy(view->pages, offset, size, ret_data, states);
    size_t known = 0;
    while (known < size && states[known] == HEX_BYTE_KNOWN)
        known++;
    return known;
}
