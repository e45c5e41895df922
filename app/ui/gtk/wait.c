/* SPDX-License-Identifier: Apache-2.0 */

/* Wait objects as dialogs. */

#include "gtk_private.h"

#include <stdio.h>

typedef struct WaitDialog {
    GtkWindow *window;
    GtkLabel *text;
    GtkProgressBar *bar;
    GtkLabel *estimate;
    GtkWidget *cancel;
} WaitDialog;

static void on_cancel(void *user)
{
    pro_ui_wait_abort(user);
}

static void on_cancel_clicked(GtkButton *button, void *user)
{
    (void)button;
    on_cancel(user);
}

/* Closing asks the work to stop, as Cancel does; the dialog goes when it has. */
static gboolean on_close(GtkWindow *window, void *user)
{
    (void)window;
    on_cancel(user);
    return TRUE;
}

static GtkLabel *add_label(GtkWidget *box)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_MIDDLE);
    gtk_box_append(GTK_BOX(box), label);
    return GTK_LABEL(label);
}

static WaitDialog *make(ProUiWait *wait)
{
    WaitDialog *dialog = g_new0(WaitDialog, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    dialog->window = GTK_WINDOW(gtk_window_new());
    dialog->text = add_label(box);
    dialog->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    gtk_widget_add_css_class(GTK_WIDGET(dialog->bar), "promp-bar");
    dialog->cancel = gtk_button_new_with_label("Cancel");
    gtk_widget_set_margin_top(box, 18);
    gtk_widget_set_margin_bottom(box, 18);
    gtk_widget_set_margin_start(box, 18);
    gtk_widget_set_margin_end(box, 18);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(dialog->bar));
    gtk_box_append(GTK_BOX(box), row);
    dialog->estimate = add_label(row);
    gtk_widget_add_css_class(GTK_WIDGET(dialog->estimate), "dim-label");
    gtk_widget_add_css_class(GTK_WIDGET(dialog->estimate), "promp-percent");
    gtk_widget_set_hexpand(GTK_WIDGET(dialog->estimate), TRUE);
    gtk_box_append(GTK_BOX(row), dialog->cancel);
    gtk_accessible_update_property(
            GTK_ACCESSIBLE(dialog->bar), GTK_ACCESSIBLE_PROPERTY_LABEL, "Progress", -1);
    g_signal_connect(dialog->cancel, "clicked", G_CALLBACK(on_cancel_clicked), wait);
    g_signal_connect(dialog->window, "close-request", G_CALLBACK(on_close), wait);
    char *title = g_utf8_make_valid(wait->title, -1);
    gtk_window_set_title(dialog->window, title);
    g_free(title);
    gtk_window_set_child(dialog->window, box);
    gtk_window_set_default_size(dialog->window, 440, -1);
    gtk_window_set_transient_for(dialog->window, gtk_backend_front_window());
    gtk_window_set_modal(dialog->window, TRUE);
    gtk_backend_add_keys(dialog->window, true, on_cancel, wait);
    return dialog;
}

void gtk_wait_show(ProUiWait *wait)
{
    WaitDialog *dialog = wait->native;
    bool is_new = dialog == NULL;
    if (is_new)
        dialog = wait->native = make(wait);
    char *text = g_utf8_make_valid(wait->text, -1);
    gtk_label_set_text(dialog->text, text);
    g_free(text);
    char estimate[64] = "";
    wait_estimate(wait, estimate, sizeof estimate);
    if (wait->aborted)
        (void)snprintf(estimate, sizeof estimate, "Stopping...");
    gtk_label_set_text(dialog->estimate, estimate);
    gtk_widget_set_sensitive(dialog->cancel, !wait->aborted);
    if (wait->has_value)
        gtk_progress_bar_set_fraction(dialog->bar, (double)wait->value / 100);
    else
        gtk_progress_bar_pulse(dialog->bar);
    if (is_new)
        gtk_window_present(dialog->window);
}

void gtk_wait_hide(ProUiWait *wait)
{
    WaitDialog *dialog = wait->native;
    wait->native = NULL;
    if (dialog == NULL)
        return;
    gtk_window_destroy(dialog->window);
    g_free(dialog);
    (void)pro_ui_process_events(NULL); /* else it would stay on the screen until the next events */
}
