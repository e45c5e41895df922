/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_GOTO_BAR_H
#define UI_HEX_GOTO_BAR_H

#include "view.h"

/* The bar that goes to an address in a hex view; see hex/expression.h for what can be typed. Hidden
 * at first. */
#define PRO_TYPE_HEX_GOTO_BAR (pro_hex_goto_bar_get_type())
G_DECLARE_FINAL_TYPE(ProHexGotoBar, pro_hex_goto_bar, PRO, HEX_GOTO_BAR, GtkBox)

GtkWidget *pro_hex_goto_bar_new(ProHexView *view); /* keeps a reference on the view */
void pro_hex_goto_bar_open(ProHexGotoBar *bar);

#endif
