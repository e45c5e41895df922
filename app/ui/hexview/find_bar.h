/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_FIND_BAR_H
#define UI_HEX_FIND_BAR_H

#include "view.h"

/* The bar that finds in a hex view: in a thread, with progress, to be cancelled. Hidden at first;
 * closing it gives the focus back to the view. */
#define PRO_TYPE_HEX_FIND_BAR (pro_hex_find_bar_get_type())
G_DECLARE_FINAL_TYPE(ProHexFindBar, pro_hex_find_bar, PRO, HEX_FIND_BAR, GtkBox)

GtkWidget *pro_hex_find_bar_new(ProHexView *view); /* keeps a reference on the view */
void pro_hex_find_bar_open(ProHexFindBar *bar);
void pro_hex_find_bar_close(ProHexFindBar *bar);
/* What is in the bar; opens it if that is nothing. */
void pro_hex_find_bar_find(ProHexFindBar *bar, gboolean backwards);
gboolean pro_hex_find_bar_is_busy(ProHexFindBar *bar);

#endif
