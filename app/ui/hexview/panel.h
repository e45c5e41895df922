/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_PANEL_H
#define UI_HEX_PANEL_H

#include "view.h"

/*
 * ProHexPanel is a hex view with all that belongs to one: bars to find and to go somewhere, the
 * data inspector, a status line.
 *
 * Keys, beside those of ProHexView: Ctrl+F find, F3 and Shift+F3 next and previous, Ctrl+G go to,
 * Ctrl+I inspector, Alt+Left and Alt+Right back and forth.
 */
#define PRO_TYPE_HEX_PANEL (pro_hex_panel_get_type())
G_DECLARE_FINAL_TYPE(ProHexPanel, pro_hex_panel, PRO, HEX_PANEL, GtkBox)

GtkWidget *pro_hex_panel_new(ProContainer *container);  /* NULL for none */
ProHexView *pro_hex_panel_get_view(ProHexPanel *panel); /* lent */
void pro_hex_panel_set_container(ProHexPanel *panel, ProContainer *container);
void pro_hex_panel_show_inspector(ProHexPanel *panel, gboolean show);
/* In the status line, until the cursor moves; UTF-8. */
void pro_hex_panel_tell(ProHexPanel *panel, const char *text);

#endif
