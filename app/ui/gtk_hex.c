/* SPDX-License-Identifier: Apache-2.0 */

/* The hex view's place in a layout. Until the widget is here: the first bytes, as text. */

#include "ui/gtk_private.h"

#include <stdlib.h>

GtkWidget *gtk_hex_new(ProView *view)
{
    GtkWidget *text = gtk_text_view_new();
    gtk_text_view_set_monospace(GTK_TEXT_VIEW(text), TRUE);
    gtk_text_view_set_editable(GTK_TEXT_VIEW(text), FALSE);
    gtk_layout_adopt(view, text);
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), text);
    gtk_hex_update(view);
    return scroller;
}

void gtk_hex_update(ProView *view)
{
    char *text = NULL;
    if (pro_view_print(view, &text, NULL) == PRO_OK)
        gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(view->native)), text, -1);
    free(text);
}
