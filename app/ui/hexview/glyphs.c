/* SPDX-License-Identifier: Apache-2.0 */
#include "glyphs.h"

enum { FIRST = ' ', LAST = '~', SPACING_PIXELS = 3 /* between rows */ };

static PangoLayout *layout_in_font(GtkWidget *widget, double scale)
{
    PangoLayout *layout = gtk_widget_create_pango_layout(widget, NULL);
    const PangoFontDescription *style =
            pango_context_get_font_description(pango_layout_get_context(layout));
    PangoFontDescription *font = pango_font_description_copy(style);
    int size = (int)(pango_font_description_get_size(style) * scale);
    if (pango_font_description_get_size_is_absolute(style))
        pango_font_description_set_absolute_size(font, size);
    else
        pango_font_description_set_size(font, size);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    return layout;
}

/* Each character by itself: a font with ligatures would join some. */
static void load_glyph(HexGlyphs *glyphs, PangoLayout *layout, char character)
{
    pango_layout_set_text(layout, &character, 1);
    GSList *runs = pango_layout_get_line_readonly(layout, 0)->runs;
    if (runs == NULL)
        return;
    PangoGlyphItem *run = runs->data;
    if (glyphs->font == NULL)
        glyphs->font = g_object_ref(run->item->analysis.font);
    if (run->item->analysis.font == glyphs->font && run->glyphs->num_glyphs == 1)
        glyphs->glyphs[(unsigned char)character] = run->glyphs->glyphs[0].glyph;
}

void hex_glyphs_load(HexGlyphs *glyphs, GtkWidget *widget, double scale)
{
    hex_glyphs_clear(glyphs);
    PangoLayout *layout = layout_in_font(widget, scale);
    for (int i = 0; i < 128; i++)
        glyphs->glyphs[i] = PANGO_GLYPH_EMPTY;
    load_glyph(glyphs, layout, '0');
    for (char character = FIRST; character <= LAST; character++)
        load_glyph(glyphs, layout, character);
    int width;
    int height;
    pango_layout_set_text(layout, "0000000000", 10);
    pango_layout_get_size(layout, &width, &height);
    glyphs->width = PANGO_PIXELS(width / 10);
    glyphs->height = PANGO_PIXELS_CEIL(height) + SPACING_PIXELS;
    glyphs->ascent = PANGO_PIXELS(pango_layout_get_baseline(layout)) + SPACING_PIXELS / 2;
    glyphs->string = pango_glyph_string_new();
    g_object_unref(layout);
}

void hex_glyphs_clear(HexGlyphs *glyphs)
{
    g_clear_object(&glyphs->font);
    g_clear_pointer(&glyphs->string, pango_glyph_string_free);
}

void hex_glyphs_append(HexGlyphs *glyphs, GtkSnapshot *snapshot, const char *cells, unsigned count,
        const GdkRGBA *colour, float x, float y)
{
    unsigned first = 0;
    int used = 0;
    while (first < count && cells[first] == ' ')
        first++;
    pango_glyph_string_set_size(glyphs->string, (int)(count - first));
    for (unsigned i = first; i < count; i++) {
        if (cells[i] == ' ') {
            glyphs->string->glyphs[used - 1].geometry.width += glyphs->width * PANGO_SCALE;
            continue;
        }
        glyphs->string->glyphs[used++] = (PangoGlyphInfo){
                .glyph = glyphs->glyphs[cells[i] & 127],
                .geometry = {.width = glyphs->width * PANGO_SCALE},
                .attr = {.is_cluster_start = 1},
        };
    }
    if (used == 0)
        return;
    glyphs->string->num_glyphs = used;
    const graphene_point_t origin = {
            x + (float)(first * (unsigned)glyphs->width), y + (float)glyphs->ascent};
    GskRenderNode *node = gsk_text_node_new(glyphs->font, glyphs->string, colour, &origin);
    if (node == NULL)
        return;
    gtk_snapshot_append_node(snapshot, node);
    gsk_render_node_unref(node);
}
