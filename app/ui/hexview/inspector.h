/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_INSPECTOR_H
#define UI_HEX_INSPECTOR_H

#include "view.h"

/* A table of what the bytes at a hex view's cursor could mean; follows the cursor. */
#define PRO_TYPE_HEX_INSPECTOR (pro_hex_inspector_get_type())
G_DECLARE_FINAL_TYPE(ProHexInspector, pro_hex_inspector, PRO, HEX_INSPECTOR, GtkBox)

GtkWidget *pro_hex_inspector_new(ProHexView *view); /* keeps a reference on the view */

#endif
