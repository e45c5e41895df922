/* SPDX-License-Identifier: Apache-2.0 */

/* What a hex view looks like. */

#include "view_private.h"

enum { PATIENCE_US = 4000 /* what a frame waits for bytes; a quarter of it */ };

typedef enum Tone { TONE_PLAIN, TONE_ZERO, TONE_OTHER, TONE_MISSING, TONE_FAILED, TONES } Tone;

/* The colours of one frame, out of the theme. */
typedef struct Palette {
    GdkRGBA tones[TONES];
    GdkRGBA address;
    GdkRGBA line;
    GdkRGBA selection;
    GdkRGBA cursor;
    bool dark;
} Palette;

typedef struct Frame {
    ProHexView *view;
    GtkSnapshot *snapshot;
    Palette palette;
    bool focused;
    float header;
    /* One row's characters by their colour; blank where another tone has its own. */
    char cells[TONES][HEX_COLUMNS_MAX];
} Frame;

int hex_view_header_height(const ProHexView *view)
{
    return view->glyphs.height + HEX_MARGIN;
}

static GdkRGBA with_alpha(GdkRGBA colour, float alpha)
{
    colour.alpha *= alpha;
    return colour;
}

static Palette load_palette(GtkWidget *widget)
{
    GtkStyleContext *style = gtk_widget_get_style_context(widget);
    GdkRGBA text;
    GdkRGBA accent;
    gtk_style_context_get_color(style, &text);
    if (!gtk_style_context_lookup_color(style, "theme_selected_bg_color", &accent))
        accent = (GdkRGBA){0.21f, 0.52f, 0.89f, 1};
    bool dark = 0.3f * text.red + 0.59f * text.green + 0.11f * text.blue > 0.5f;
    GdkRGBA other = dark ? (GdkRGBA){0.6f, 0.76f, 0.95f, 1} : (GdkRGBA){0.1f, 0.37f, 0.71f, 1};
    GdkRGBA failed = dark ? (GdkRGBA){1, 0.48f, 0.39f, 1} : (GdkRGBA){0.75f, 0.11f, 0.16f, 1};
    return (Palette){
            .tones = {[TONE_PLAIN] = text,
                    [TONE_ZERO] = with_alpha(text, 0.4f),
                    [TONE_OTHER] = other,
                    [TONE_MISSING] = with_alpha(text, 0.35f),
                    [TONE_FAILED] = failed},
            .address = with_alpha(text, 0.6f),
            .line = with_alpha(text, 0.15f),
            .selection = with_alpha(accent, dark ? 0.55f : 0.35f),
            .cursor = dark ? text : accent,
            .dark = dark,
    };
}

/* ---- bytes ---- */

/* The same range is waited for once: a source that hangs must not slow each frame. */
static void load_bytes(ProHexView *view, HexRange visible)
{
    if (visible.size > view->row_buffers) {
        view->row_buffers = visible.size;
        view->bytes = g_realloc(view->bytes, visible.size);
        view->states = g_realloc(view->states, visible.size);
    }
    bool asked_before = view->asked.offset == visible.offset && view->asked.size == visible.size;
    view->asked = visible;
    view->complete = hex_pages_want(view->pages, HEX_WANTED_ROWS, visible.offset, visible.size,
            asked_before ? 0 : PATIENCE_US);
    hex_pages_copy(view->pages, visible.offset, visible.size, view->bytes, view->states);
}

static Tone tone_of(uint8_t byte, HexByteState state)
{
    if (state == HEX_BYTE_WAITED)
        return TONE_MISSING;
    if (state == HEX_BYTE_FAILED)
        return TONE_FAILED;
    return byte == 0 ? TONE_ZERO : byte >= 0x20 && byte < 0x7F ? TONE_PLAIN : TONE_OTHER;
}

static void put_byte(Frame *frame, unsigned index, uint8_t byte, HexByteState state)
{
    static const char digits[] = "0123456789ABCDEF";
    const HexColumns *columns = &frame->view->columns;
    Tone tone = tone_of(byte, state);
    char *hex = frame->cells[tone] + hex_columns_byte(columns, index);
    char *text = frame->cells[tone] + columns->text + index;
    if (state == HEX_BYTE_KNOWN) {
        hex[0] = digits[byte >> 4];
        hex[1] = digits[byte & 15];
        *text = byte >= 0x20 && byte < 0x7F ? (char)byte : '.';
    } else {
        hex[0] = hex[1] = *text = state == HEX_BYTE_WAITED ? '?' : '!';
    }
}

static void draw_address(Frame *frame, uint64_t address, float y)
{
    char cells[20];
    ProHexView *view = frame->view;
    (void)g_snprintf(
            cells, sizeof cells, "%0*" G_GINT64_MODIFIER "X", (int)view->columns.digits, address);
    hex_glyphs_append(&view->glyphs, frame->snapshot, cells, view->columns.digits,
            &frame->palette.address, HEX_MARGIN, y);
}

static void draw_row(
        Frame *frame, unsigned row, HexRange range, const uint8_t *bytes, const uint8_t *states)
{
    ProHexView *view = frame->view;
    float y = frame->header + (float)row * (float)view->glyphs.height;
    memset(frame->cells, ' ', sizeof frame->cells);
    for (unsigned i = 0; i < range.size; i++)
        put_byte(frame, i, bytes[i], (HexByteState)states[i]);
    draw_address(frame, view->grid.base + range.offset, y);
    for (Tone tone = 0; tone < TONES; tone++)
        hex_glyphs_append(&view->glyphs, frame->snapshot, frame->cells[tone], view->columns.end,
                &frame->palette.tones[tone], HEX_MARGIN, y);
}

/* ---- what lies behind the characters ---- */

static void fill(Frame *frame, const GdkRGBA *colour, double column, double columns_wide, float y)
{
    const HexGlyphs *glyphs = &frame->view->glyphs;
    graphene_rect_t place = GRAPHENE_RECT_INIT(HEX_MARGIN + (float)column * (float)glyphs->width, y,
            (float)columns_wide * (float)glyphs->width, (float)glyphs->height);
    gtk_snapshot_append_color(frame->snapshot, colour, &place);
}

/* Bytes [first, last] of a row, on both sides, joined to the next row's where they go on. */
static void mark_in_row(
        Frame *frame, unsigned row, unsigned first, unsigned last, const GdkRGBA *colour)
{
    const HexColumns *columns = &frame->view->columns;
    float y = frame->header + (float)row * (float)frame->view->glyphs.height;
    double begin = hex_columns_byte(columns, first) - 0.5;
    double end = hex_columns_byte(columns, last) + 2.5;
    fill(frame, colour, begin, end - begin, y);
    fill(frame, colour, columns->text + first, last - first + 1, y);
}

static void mark_range(Frame *frame, HexRange visible, HexRange range, const GdkRGBA *colour)
{
    unsigned per_row = frame->view->grid.per_row;
    uint64_t begin = MAX(range.offset, visible.offset);
    uint64_t range_end =
            range.size < UINT64_MAX - range.offset ? range.offset + range.size : UINT64_MAX;
    uint64_t end = MIN(range_end, visible.offset + visible.size);
    while (begin < end) {
        unsigned row = (unsigned)((begin - visible.offset) / per_row);
        unsigned first = (unsigned)((begin - visible.offset) % per_row);
        uint64_t last = MIN(end - begin + first, per_row) - 1;
        mark_in_row(frame, row, first, (unsigned)last, colour);
        begin += last - first + 1;
    }
}

static void outline(Frame *frame, double column, double columns_wide, float y, bool strong)
{
    const HexGlyphs *glyphs = &frame->view->glyphs;
    const GdkRGBA colour = with_alpha(frame->palette.cursor, strong ? 1 : 0.7f);
    float border = strong ? 2 : 1;
    GskRoundedRect shape;
    gsk_rounded_rect_init_from_rect(&shape,
            &GRAPHENE_RECT_INIT(HEX_MARGIN + (float)column * (float)glyphs->width - 2, y,
                    (float)columns_wide * (float)glyphs->width + 4, (float)glyphs->height),
            2);
    gtk_snapshot_append_border(frame->snapshot, &shape, (float[4]){border, border, border, border},
            (GdkRGBA[4]){colour, colour, colour, colour});
}

/* Strong on the side that keys go to. */
static void draw_cursor(Frame *frame, HexRange visible)
{
    const ProHexView *view = frame->view;
    uint64_t cursor = view->grid.cursor;
    if (cursor < visible.offset || cursor - visible.offset >= visible.size)
        return;
    unsigned at = (unsigned)(cursor - visible.offset);
    unsigned byte = at % view->grid.per_row;
    float y = frame->header + (float)(at / view->grid.per_row) * (float)view->glyphs.height;
    outline(frame, hex_columns_byte(&view->columns, byte), 2, y, frame->focused && !view->on_text);
    outline(frame, view->columns.text + byte, 1, y, frame->focused && view->on_text);
}

/* ---- the header ---- */

static void draw_header(Frame *frame)
{
    static const char digits[] = "0123456789ABCDEF";
    ProHexView *view = frame->view;
    char cells[HEX_COLUMNS_MAX];
    unsigned width = view->columns.end;
    memset(cells, ' ', sizeof cells);
    memcpy(cells, "Address", 7);
    for (unsigned i = 0; i < view->grid.per_row; i++) {
        char *cell = cells + hex_columns_byte(&view->columns, i);
        cell[0] = digits[i >> 4];
        cell[1] = digits[i & 15];
    }
    memcpy(cells + view->columns.text, "Text", MIN(4, view->grid.per_row));
    hex_glyphs_append(&view->glyphs, frame->snapshot, cells, width, &frame->palette.address,
            HEX_MARGIN, HEX_MARGIN / 4);
    gtk_snapshot_append_color(frame->snapshot, &frame->palette.line,
            &GRAPHENE_RECT_INIT(0, frame->header - HEX_MARGIN / 2.0f,
                    (float)gtk_widget_get_width(GTK_WIDGET(view)), 1));
}

static void draw_rows(Frame *frame)
{
    ProHexView *view = frame->view;
    HexRange visible = hex_grid_visible(&view->grid);
    if (view->pages == NULL || visible.size == 0)
        return;
    load_bytes(view, visible);
    for (guint i = 0; i < view->highlights->len; i++) {
        const HexHighlight *highlight = &g_array_index(view->highlights, HexHighlight, i);
        const GdkRGBA colour = with_alpha(highlight->colour, frame->palette.dark ? 0.4f : 0.3f);
        mark_range(frame, visible, highlight->range, &colour);
    }
    mark_range(frame, visible, hex_grid_selection(&view->grid), &frame->palette.selection);
    for (unsigned row = 0; row <= view->grid.rows; row++) {
        HexRange range = hex_grid_row(&view->grid, view->grid.top + row);
        if (range.size == 0)
            break;
        size_t at = (size_t)(range.offset - visible.offset);
        draw_row(frame, row, range, view->bytes + at, view->states + at);
    }
    draw_cursor(frame, visible);
}

static void draw_nothing(Frame *frame)
{
    ProHexView *view = frame->view;
    const char *text = view->container == NULL ? "(no data)" : "(empty)";
    if (view->grid.size == 0)
        hex_glyphs_append(&view->glyphs, frame->snapshot, text, (unsigned)strlen(text),
                &frame->palette.address, HEX_MARGIN, frame->header);
}

void hex_view_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    Frame frame = {.view = PRO_HEX_VIEW(widget),
            .snapshot = snapshot,
            .palette = load_palette(widget),
            .focused = gtk_widget_has_focus(widget)};
    hex_view_arrange(frame.view);
    frame.header = (float)hex_view_header_height(frame.view);
    int width = gtk_widget_get_width(widget);
    int height = gtk_widget_get_height(widget);
    gtk_snapshot_push_clip(snapshot,
            &GRAPHENE_RECT_INIT(0, 0,
                    (float)(width - gtk_widget_get_allocated_width(frame.view->scroll_bar)),
                    (float)height));
    draw_header(&frame);
    draw_rows(&frame);
    draw_nothing(&frame);
    gtk_snapshot_pop(snapshot);
    gtk_widget_snapshot_child(widget, frame.view->scroll_bar, snapshot);
}
