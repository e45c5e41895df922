/* SPDX-License-Identifier: Apache-2.0 */

/* The hex view's place in a layout. */

#include "ui/gtk_private.h"
#include "ui/hex_view.h"

GtkWidget *gtk_hex_new(ProView *view)
{
    GtkWidget *hex = pro_hex_view_new(view->data);
    pro_hex_view_set_name(PRO_HEX_VIEW(hex), view_accessible_name(view));
    gtk_layout_adopt(view, hex);
    return hex;
}

void gtk_hex_update(ProView *view)
{
    pro_hex_view_set_container(PRO_HEX_VIEW(view->native), view->data);
}
