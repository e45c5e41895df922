/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_GTK_PRIVATE_H
#define UI_GTK_PRIVATE_H

#include "ui/view/view.h"

#include <gtk/gtk.h>

/*
 * Views in GTK 4: the module promp-ui-gtk.so. The files, by noun:
 *   backend.c  the backend's table: windows, events
 *   layout.c   layouts, and how a control stands in one
 *   control.c  label, button, progress bar, edit, check, combo, image, text
 *   table.c tree.c plot.c hex.c
 *   wait.c     the dialogs of wait objects
 *   ask.c      file choosers
 *   box.c      boxes
 *
 * ProView.native is the widget that shows the view; what was put around it (a scroller) is not
 * known to the view. A widget keeps its view: it may outlive the window by a moment.
 */

/* Makes the widget of a control and sets ProView.native; returns what stands in the layout. */
GtkWidget *gtk_control_new(ProView *view);
void gtk_control_update(ProView *view, UiProperty property);
void gtk_control_set_text(ProView *view, const char *text);
void gtk_control_insert_text(ProView *view, const char *text);
char *gtk_control_get_text(ProView *view, bool selected); /* free() it */
/* True while the program changes a control: what the control then tells is nothing the person did.
 */
extern bool gtk_control_is_updating;

/* The contents of a custom view. */
GtkWidget *gtk_layout_new(ProView *view);
/* Size, margins, alignment, growth, name, tip: what every control may have. */
void gtk_layout_place(ProView *view, GtkWidget *outer);
/* The widget's view lives as long as it does; sets ProView.native. */
void gtk_layout_adopt(ProView *view, GtkWidget *widget);

GtkWidget *gtk_table_new(ProView *view);
void gtk_table_update(ProView *view, UiProperty property);
GtkWidget *gtk_tree_new(ProView *view);
void gtk_tree_update(ProView *view, UiProperty property);
/* A right click or the menu key on `widget` asks the program for a context menu. `where` fills row
 * and node of the place that was clicked. */
void gtk_table_add_menu(ProView *view, GtkWidget *widget);
/* A column's width for so many characters, in pixels. */
int gtk_table_width_of(GtkWidget *widget, int characters);

GtkWidget *gtk_plot_new(ProView *view);
void gtk_plot_update(ProView *view);

GtkWidget *gtk_hex_new(ProView *view);
void gtk_hex_update(ProView *view);

void gtk_wait_show(ProUiWait *wait);
void gtk_wait_hide(ProUiWait *wait);

ProStatus gtk_ask_box(const ProBox *asked, ProBoxButtons *ret_button, ProError *reterr);
void gtk_box_of_worker_open(ProShownBox *shown);
void gtk_box_of_worker_close(ProShownBox *shown);
ProStatus gtk_ask_file(bool save, const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr);

/* The window that a dialog stands in front of, or NULL. */
GtkWindow *gtk_backend_front_window(void);
/* Keys that close it. */
void gtk_backend_add_keys(GtkWindow *window, bool escape, void (*close)(void *user), void *user);

#endif
