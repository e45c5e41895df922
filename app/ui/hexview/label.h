/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_LABEL_H
#define UI_HEX_LABEL_H

#include <gtk/gtk.h>

/* Names a widget for screen readers, and for all others by a tooltip (NULL: none). */
void hex_label_widget(GtkWidget *widget, const char *name, const char *tip);

#endif
