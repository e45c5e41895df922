/* SPDX-License-Identifier: Apache-2.0 */

/* The hex view's place in a layout; with it come its bars, its inspector and its status line. */

#include "gtk_private.h"
#include "ui/hexview/panel.h"

/* In a window of its own there is room for the inspector; elsewhere Ctrl+I brings it. */
GtkWidget *gtk_hex_new(ProView *view)
{
    GtkWidget *panel = pro_hex_panel_new(view->data);
    pro_hex_view_set_name(pro_hex_panel_get_view(PRO_HEX_PANEL(panel)), view_accessible_name(view));
    pro_hex_panel_show_inspector(PRO_HEX_PANEL(panel), view == view->top);
    gtk_layout_adopt(view, panel);
    return panel;
}

void gtk_hex_update(ProView *view)
{
    pro_hex_panel_set_container(PRO_HEX_PANEL(view->native), view->data);
}
