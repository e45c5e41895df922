/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_VIEW_H
#define UI_HEX_VIEW_H

/*
 * ProHexView shows the bytes of a container: address, hexadecimal, text. It draws the rows in sight
 * and nothing else, so a container may be as large as there are; what is not in memory is read by a
 * thread, and shown as ?? until it is there, or as !! if it cannot be read (the tooltip says why).
 *
 * Threads:  the user interface's.
 * Lifetime: a widget; it keeps a reference on its container.
 *
 * Signals:
 *   "cursor-changed"   the cursor or the selection is another one
 *   "bytes-arrived"    bytes that were missing are there
 *   "copied"           (uint64 bytes, gchar *problem) the clipboard has it, or NULL is not
 * `problem`
 *
 * Keys: arrows, Page Up/Down, Home/End (row), Ctrl+Home/End (all), Ctrl+Left/Right (8 bytes), with
 * Shift to select; Ctrl+A; Escape ends the selection; Tab goes from hex to text and back, Ctrl+Tab
 * leaves; Ctrl+C copies what that side shows; Ctrl+Up/Down scroll; Ctrl++, Ctrl+-, Ctrl+0 font
 * size; F5 reads again; Menu or Shift+F10 for the menu.
 */

#include <gtk/gtk.h>
#include <promp/container.h>

#define PRO_TYPE_HEX_VIEW (pro_hex_view_get_type())
G_DECLARE_FINAL_TYPE(ProHexView, pro_hex_view, PRO, HEX_VIEW, GtkWidget)

/* container: NULL for none. */
GtkWidget *pro_hex_view_new(ProContainer *container);
void pro_hex_view_set_container(ProHexView *view, ProContainer *container);
ProContainer *pro_hex_view_get_container(ProHexView *view); /* lent; NULL if there is none */
/* What screen readers call it; UTF-8. */
void pro_hex_view_set_name(ProHexView *view, const char *name);
void pro_hex_view_refresh(ProHexView *view); /* reads what is shown again */

/* The address of the first byte; shown, and understood where one is typed. 0 at first. */
void pro_hex_view_set_base(ProHexView *view, uint64_t base);
uint64_t pro_hex_view_get_base(ProHexView *view);
/* At most 64; 0: as many groups of eight as fit. 16 at first. Fewer if the window is narrow. */
void pro_hex_view_set_per_row(ProHexView *view, unsigned bytes);
unsigned pro_hex_view_get_per_row(ProHexView *view); /* as was set */

/* Offsets are cut off at the last byte. */
void pro_hex_view_go_to(ProHexView *view, uint64_t offset);
void pro_hex_view_select(ProHexView *view, uint64_t offset, uint64_t size);
uint64_t pro_hex_view_get_cursor(ProHexView *view);
/* False, and the cursor with size 0, if nothing is selected. */
gboolean pro_hex_view_get_selection(ProHexView *view, uint64_t *ret_offset, uint64_t *ret_size);
/* Back to where the cursor was before it was sent somewhere, and forth. False at the end. */
gboolean pro_hex_view_go_back(ProHexView *view);
gboolean pro_hex_view_go_forward(ProHexView *view);

/*
 * Colours a range and names it: the name is its tooltip. Later ones lie above earlier ones.
 * `colour` is drawn translucent, so that it does on light and on dark; NULL: one of a small
 * palette.
 */
#define PRO_HEX_HIGHLIGHTS_MAX 65536
void pro_hex_view_add_highlight(
        ProHexView *view, uint64_t offset, uint64_t size, const GdkRGBA *colour, const char *name);
void pro_hex_view_clear_highlights(ProHexView *view);
/* Of the topmost highlight over the byte; lent, NULL if there is none. */
const char *pro_hex_view_get_highlight_name(ProHexView *view, uint64_t offset);

/* Why the byte at `offset`, which is in sight, could not be read: to be freed by g_free(); NULL if
 * it was not tried, or could. */
char *pro_hex_view_get_problem(ProHexView *view, uint64_t offset);

/* Did the last frame show every byte in sight, or that it cannot be read? False: some were still
 * waited for. */
gboolean pro_hex_view_is_complete(ProHexView *view);

/* Copies up to `size` bytes from `offset` that are known by now; a missing one ends it. Wants what
 * is missing: "bytes-arrived" tells when to ask again. */
size_t pro_hex_view_peek(ProHexView *view, uint64_t offset, void *ret_data, size_t size);

#endif
