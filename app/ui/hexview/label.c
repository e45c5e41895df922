/* SPDX-License-Identifier: Apache-2.0 */
#include "label.h"

void hex_label_widget(GtkWidget *widget, const char *name, const char *tip)
{
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_widget_set_tooltip_text(widget, tip);
}
