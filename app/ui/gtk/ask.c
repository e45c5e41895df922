/* SPDX-License-Identifier: Apache-2.0 */

/* File choosers: each handles events until it is answered. */

#include "gtk_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct Choice {
    bool answered;
    char *path; /* NULL: cancelled */
} Choice;

static void on_response(GtkDialog *dialog, int response, Choice *choice)
{
    choice->answered = true;
    if (response != GTK_RESPONSE_ACCEPT)
        return;
    GFile *file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
    char *path = file == NULL ? NULL : g_file_get_path(file);
    choice->path = path == NULL ? NULL : strdup(path);
    g_free(path);
    g_clear_object(&file);
}

/* Closed otherwise: as Cancel. A dialog that is closed destroys itself, but this one is still used.
 */
static gboolean on_dialog_close(GtkWindow *dialog, Choice *choice)
{
    (void)dialog;
    choice->answered = true;
    return TRUE;
}

static bool is_answered(void *user)
{
    const Choice *choice = user;
    return choice->answered;
}

/* "Executables (*.exe *.dll);;All files (*)" */
static void add_filters(GtkFileChooser *chooser, const char *filters)
{
    char **parts = g_strsplit(filters == NULL ? "" : filters, ";;", -1);
    for (size_t i = 0; parts[i] != NULL; i++) {
        char *open = strrchr(parts[i], '(');
        char *close = open == NULL ? NULL : strchr(open, ')');
        if (close == NULL)
            continue;
        GtkFileFilter *filter = gtk_file_filter_new();
        char *good = g_utf8_make_valid(parts[i], -1);
        gtk_file_filter_set_name(filter, good);
        g_free(good);
        *close = '\0';
        char **patterns = g_strsplit_set(open + 1, " ,;", -1);
        for (size_t j = 0; patterns[j] != NULL; j++)
            if (patterns[j][0] != '\0')
                gtk_file_filter_add_pattern(filter, patterns[j]);
        g_strfreev(patterns);
        gtk_file_chooser_add_filter(chooser, filter);
        g_object_unref(filter);
    }
    g_strfreev(parts);
}

static void set_start(GtkFileChooser *chooser, bool save, const char *start)
{
    if (start == NULL || start[0] == '\0')
        return;
    GFile *file = g_file_new_for_path(start);
    bool is_folder = g_file_test(start, G_FILE_TEST_IS_DIR);
    if (is_folder) {
        (void)gtk_file_chooser_set_current_folder(chooser, file, NULL);
    } else if (g_file_test(start, G_FILE_TEST_EXISTS)) {
        (void)gtk_file_chooser_set_file(chooser, file, NULL);
    } else if (save) {
        GFile *folder = g_file_get_parent(file);
        char *name = g_file_get_basename(file);
        if (folder != NULL)
            (void)gtk_file_chooser_set_current_folder(chooser, folder, NULL);
        gtk_file_chooser_set_current_name(chooser, name);
        g_free(name);
        g_clear_object(&folder);
    }
    g_object_unref(file);
}

ProStatus gtk_ask_file(bool save, const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr)
{
    Choice choice = {0};
    GtkWidget *dialog =
            gtk_file_chooser_dialog_new(title == NULL ? "" : title, gtk_backend_front_window(),
                    save ? GTK_FILE_CHOOSER_ACTION_SAVE : GTK_FILE_CHOOSER_ACTION_OPEN, "Cancel",
                    GTK_RESPONSE_CANCEL, save ? "Save" : "Open", GTK_RESPONSE_ACCEPT, NULL);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
    gtk_window_set_modal(GTK_WINDOW(dialog), TRUE);
    gtk_window_set_default_size(GTK_WINDOW(dialog), 860, 560);
    add_filters(GTK_FILE_CHOOSER(dialog), filters);
    set_start(GTK_FILE_CHOOSER(dialog), save, start);
    g_signal_connect(dialog, "response", G_CALLBACK(on_response), &choice);
    g_signal_connect(dialog, "close-request", G_CALLBACK(on_dialog_close), &choice);
    gtk_window_present(GTK_WINDOW(dialog));
    ProStatus status = loop_wait_until(is_answered, &choice, reterr);
    gtk_window_destroy(GTK_WINDOW(dialog));
    (void)pro_ui_process_events(NULL);
    if (status != PRO_OK) {
        free(choice.path);
        return status;
    }
    *ret_path = choice.path != NULL ? choice.path : strdup("");
    return *ret_path != NULL ? PRO_OK : ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a path");
}
