/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_VIEW_PRIVATE_H
#define UI_HEX_VIEW_PRIVATE_H

#include "glyphs.h"
#include "job.h"
#include "ui/hex/columns.h"
#include "ui/hex/copy.h"
#include "ui/hex/pages.h"
#include "view.h"

/*
 * view.c has the widget and its API, draw.c what is seen, input.c keys and pointer, copy.c the
 * clipboard.
 */

enum { HEX_HISTORY_MAX = 64, HEX_MARGIN = 8 /* pixels */ };

typedef struct HexHighlight {
    HexRange range;
    GdkRGBA colour;
    char *name;
} HexHighlight;

/* Places the cursor was sent from; `at` is where it is now. */
typedef struct HexHistory {
    uint64_t offsets[HEX_HISTORY_MAX];
    unsigned count;
    unsigned at;
} HexHistory;

struct _ProHexView {
    GtkWidget parent_instance;

    ProContainer *container; /* NULL: nothing to show */
    HexPages *pages;         /* NULL with it */
    char *name;
    HexGrid grid;
    unsigned per_row_wanted; /* 0: as many as fit */
    bool on_text;            /* which side has the cursor */
    GArray *highlights;      /* HexHighlight */
    HexHistory history;
    HexJob *copying;

    GtkWidget *scroll_bar;
    GtkAdjustment *adjustment; /* in rows */
    GtkWidget *menu;           /* NULL until it is first shown */
    double zoom;
    double scrolled; /* the part of a row that the pointer scrolled */
    GtkGesture *drag;
    guint drag_scroll; /* a source while the pointer drags outside */
    double drag_x;
    double drag_y;

    HexGlyphs glyphs;
    HexColumns columns;
    HexRange asked;     /* what the last frame waited for */
    bool complete;      /* it showed all of that */
    gint told;          /* atomic: an arrival is on its way to the main loop */
    uint8_t *bytes;     /* of the rows in sight */
    uint8_t *states;    /* HexByteState */
    size_t row_buffers; /* bytes of both */
};

/* ---- view.c ---- */

/* After whatever changed the grid: scroll bar, screen reader, signal, drawing. */
void hex_view_moved(ProHexView *view, bool cursor_too);
void hex_view_remember(ProHexView *view); /* the cursor is about to be sent somewhere */
void hex_view_set_zoom(ProHexView *view, double zoom);
/* Glyphs and columns that fit style and size. */
void hex_view_arrange(ProHexView *view);

/* ---- draw.c ---- */

void hex_view_snapshot(GtkWidget *widget, GtkSnapshot *snapshot);
int hex_view_header_height(const ProHexView *view); /* pixels above the first row */

/* ---- input.c ---- */

void hex_view_install_keys(GtkWidgetClass *class);
void hex_view_add_controllers(ProHexView *view);

/* ---- copy.c ---- */

/* The selection, or the byte at the cursor. */
void hex_view_copy(ProHexView *view, HexCopyFormat format);

#endif
