/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_GLYPHS_H
#define UI_HEX_GLYPHS_H

#include <gtk/gtk.h>

/*
 * The glyphs of printable ASCII in a widget's monospaced font. Rows of a hex view hold nothing
 * else, so they are drawn from here, without shaping: a row is a few text nodes, whatever its
 * colours.
 */
typedef struct HexGlyphs {
    PangoFont *font; /* NULL: not loaded */
    PangoGlyph glyphs[128];
    int width; /* of a character, whole pixels */
    int ascent;
    int height;
    PangoGlyphString *string; /* the next text node's */
} HexGlyphs;

/* scale: of the font size that the widget's style has. */
void hex_glyphs_load(HexGlyphs *glyphs, GtkWidget *widget, double scale);
void hex_glyphs_clear(HexGlyphs *glyphs);
/* Draws `count` characters from `cells`, of which blanks cost nothing; x, y: the upper left. */
void hex_glyphs_append(HexGlyphs *glyphs, GtkSnapshot *snapshot, const char *cells, unsigned count,
        const GdkRGBA *colour, float x, float y);

#endif
