/* SPDX-License-Identifier: Apache-2.0 */

/* Plots: lines over two axes. */

#include "gtk_private.h"

#include <math.h>
#include <stdio.h>

enum { MARGIN_LEFT = 72, MARGIN_RIGHT = 14, MARGIN_TOP = 14, MARGIN_BOTTOM = 28, TICK_SPACE = 70 };

#define VALUE_MAX 1e300 /* so that a range is a number, too */

typedef struct Range {
    double low, high;
} Range;

/* Readable on light and on dark. */
static const GdkRGBA palette[] = {{0.21f, 0.52f, 0.89f, 1}, {0.90f, 0.38f, 0.0f, 1},
        {0.18f, 0.66f, 0.40f, 1}, {0.57f, 0.25f, 0.67f, 1}, {0.88f, 0.11f, 0.14f, 1},
        {0.55f, 0.45f, 0.25f, 1}};

static void extend(Range *range, double value)
{
    if (!isfinite(value))
        return;
    value = fmin(fmax(value, -VALUE_MAX), VALUE_MAX);
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static void settle(Range *range)
{
    if (range->low > range->high)
        *range = (Range){0, 1};
    if (range->low == range->high) {
        double around = range->low == 0 ? 1 : fabs(range->low) * 0.5;
        range->low -= around;
        range->high += around;
    }
}

/* 1, 2 or 5 times a power of ten, so that about `count` of them fill the range. */
static double step_of(const Range *range, double count)
{
    double raw = (range->high - range->low) / fmax(count, 1);
    double power = pow(10, floor(log10(raw)));
    double part = raw / power;
    return power * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1);
}

typedef struct Canvas {
    cairo_t *cairo;
    PangoLayout *layout;
    GdkRGBA ink;
    Range x, y;
    double left, top, width, height;
} Canvas;

static double place_x(const Canvas *canvas, double x)
{
    return canvas->left + (x - canvas->x.low) / (canvas->x.high - canvas->x.low) * canvas->width;
}

static double place_y(const Canvas *canvas, double y)
{
    return canvas->top + canvas->height -
           (y - canvas->y.low) / (canvas->y.high - canvas->y.low) * canvas->height;
}

static void set_ink(const Canvas *canvas, double strength)
{
    cairo_set_source_rgba(canvas->cairo, canvas->ink.red, canvas->ink.green, canvas->ink.blue,
            canvas->ink.alpha * strength);
}

static void draw_number(const Canvas *canvas, double value, double x, double y, double align)
{
    char text[32];
    int width;
    int height;
    (void)snprintf(text, sizeof text, "%.6g", value == 0 ? 0.0 : value);
    pango_layout_set_text(canvas->layout, text, -1);
    pango_layout_get_pixel_size(canvas->layout, &width, &height);
    cairo_move_to(canvas->cairo, x - width * align, y - (align == 1 ? height / 2.0 : 0));
    pango_cairo_show_layout(canvas->cairo, canvas->layout);
}

/* Multiples of the step, so that zero is zero; no more than can be told apart. */
static double first_tick(const Range *range, double step)
{
    return ceil(range->low / step);
}

static double tick_value(const Range *range, double first, double step, int number)
{
    enum { TICKS_MAX = 200 };
    double value = (first + number) * step;
    return number < TICKS_MAX && value <= range->high ? value : NAN;
}

static void draw_line(const Canvas *canvas, double x, double y, double to_x, double to_y)
{
    set_ink(canvas, 0.12);
    cairo_move_to(canvas->cairo, x, y);
    cairo_line_to(canvas->cairo, to_x, to_y);
    cairo_stroke(canvas->cairo);
    set_ink(canvas, 0.8);
}

static void draw_axes(const Canvas *canvas)
{
    double bottom = canvas->top + canvas->height;
    double step = step_of(&canvas->x, canvas->width / TICK_SPACE);
    double first = first_tick(&canvas->x, step);
    for (int i = 0; !isnan(tick_value(&canvas->x, first, step, i)); i++) {
        double x = tick_value(&canvas->x, first, step, i);
        double at = floor(place_x(canvas, x)) + 0.5;
        draw_line(canvas, at, canvas->top, at, bottom);
        draw_number(canvas, x, at, bottom + 6, 0.5);
    }
    step = step_of(&canvas->y, canvas->height / (TICK_SPACE * 0.7));
    first = first_tick(&canvas->y, step);
    for (int i = 0; !isnan(tick_value(&canvas->y, first, step, i)); i++) {
        double y = tick_value(&canvas->y, first, step, i);
        double at = floor(place_y(canvas, y)) + 0.5;
        draw_line(canvas, canvas->left, at, canvas->left + canvas->width, at);
        draw_number(canvas, y, canvas->left - 8, at, 1);
    }
}

static void draw_series(const Canvas *canvas, const UiSeries *series, const GdkRGBA *colour)
{
    bool pen_down = false;
    gdk_cairo_set_source_rgba(canvas->cairo, colour);
    cairo_set_line_width(canvas->cairo, 1.6);
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->x[i]) || !isfinite(series->y[i])) {
            pen_down = false;
            continue;
        }
        double x = place_x(canvas, series->x[i]);
        double y = place_y(canvas, series->y[i]);
        if (pen_down)
            cairo_line_to(canvas->cairo, x, y);
        else
            cairo_move_to(canvas->cairo, x, y);
        pen_down = true;
    }
    cairo_stroke(canvas->cairo);
}

static void draw_legend(const Canvas *canvas, const ProView *view)
{
    enum { LINE = 18, SWATCH = 16, INSET = 10 };
    double y = canvas->top + 6;
    for (size_t i = 0; i < view->series_count && view->series[i].name[0] != '\0'; i++, y += LINE) {
        int width;
        char *name = g_utf8_make_valid(view->series[i].name, -1);
        pango_layout_set_text(canvas->layout, name, -1);
        g_free(name);
        pango_layout_get_pixel_size(canvas->layout, &width, NULL);
        double right = canvas->left + canvas->width - INSET;
        set_ink(canvas, 0.9);
        cairo_move_to(canvas->cairo, right - width, y);
        pango_cairo_show_layout(canvas->cairo, canvas->layout);
        gdk_cairo_set_source_rgba(canvas->cairo, &palette[i % G_N_ELEMENTS(palette)]);
        cairo_rectangle(canvas->cairo, right - width - SWATCH - 6, y + 7, SWATCH, 3);
        cairo_fill(canvas->cairo);
    }
}

static void draw(GtkDrawingArea *area, cairo_t *cairo, int width, int height, void *user)
{
    const ProView *view = user;
    Canvas canvas = {.cairo = cairo,
            .layout = gtk_widget_create_pango_layout(GTK_WIDGET(area), NULL),
            .x = {INFINITY, -INFINITY},
            .y = {INFINITY, -INFINITY},
            .left = MARGIN_LEFT,
            .top = MARGIN_TOP,
            .width = fmax(width - MARGIN_LEFT - MARGIN_RIGHT, 1),
            .height = fmax(height - MARGIN_TOP - MARGIN_BOTTOM, 1)};
    gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &canvas.ink);
    for (size_t i = 0; i < view->series_count; i++) {
        for (size_t j = 0; j < view->series[i].count; j++) {
            extend(&canvas.x, view->series[i].x[j]);
            extend(&canvas.y, view->series[i].y[j]);
        }
    }
    settle(&canvas.x);
    settle(&canvas.y);
    cairo_set_line_width(cairo, 1);
    draw_axes(&canvas);
    for (size_t i = 0; i < view->series_count; i++)
        draw_series(&canvas, &view->series[i], &palette[i % G_N_ELEMENTS(palette)]);
    draw_legend(&canvas, view);
    g_object_unref(canvas.layout);
}

GtkWidget *gtk_plot_new(ProView *view)
{
    GtkWidget *area = gtk_drawing_area_new();
    gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(area), 240);
    gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(area), 140);
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(area), draw, view, NULL);
    gtk_layout_adopt(view, area);
    return area;
}

void gtk_plot_update(ProView *view)
{
    gtk_widget_queue_draw(view->native);
}
