/* SPDX-License-Identifier: Apache-2.0 */

/* Copying, in the background: the bytes may be anywhere. */

#include "view_private.h"

#include <stdlib.h>

typedef struct Copy {
    ProHexView *view; /* lent: the job is dropped with it */
    ProContainer *container;
    HexRange range;
    HexCopyFormat format;
    char *text;
    ProError error;
} Copy;

static void run_copy(void *user, const ProProgress *progress)
{
    Copy *copy = user;
    ProContainer *part = NULL;
    ProContainer *memory = NULL;
    ProStatus status = pro_container_slice(
            copy->container, copy->range.offset, copy->range.size, &part, &copy->error);
    if (status == PRO_OK)
        status = pro_container_copy(part, progress, &memory, &copy->error);
    if (status == PRO_OK) {
        copy->text = hex_copy_text(copy->format, pro_container_data(memory), copy->range.size);
        if (copy->text == NULL)
            (void)g_strlcpy(copy->error.text, "no memory for that much text", PRO_ERROR_TEXT_BYTES);
    }
    pro_container_unref(memory);
    pro_container_unref(part);
}

static void copy_done(void *user)
{
    Copy *copy = user;
    copy->view->copying = NULL;
    if (copy->text != NULL)
        gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(copy->view)), copy->text);
    g_signal_emit_by_name(copy->view, "copied", (guint64)copy->range.size,
            copy->text != NULL ? NULL : copy->error.text);
}

static void copy_release(void *user)
{
    Copy *copy = user;
    pro_container_unref(copy->container);
    free(copy->text);
    g_free(copy);
}

void hex_view_copy(ProHexView *view, HexCopyFormat format)
{
    static const HexJobOps ops = {.run = run_copy, .done = copy_done, .release = copy_release};
    char problem[120];
    HexRange range = hex_grid_selection(&view->grid);
    if (view->container == NULL || view->grid.size == 0)
        return;
    if (range.size == 0)
        range.size = 1;
    if (range.size > HEX_COPY_BYTES_MAX) {
        (void)g_snprintf(problem, sizeof problem,
                "%" G_GUINT64_FORMAT
                " MiB are too much for the clipboard: at most %d MiB are copied",
                range.size >> 20, (int)(HEX_COPY_BYTES_MAX >> 20));
        g_signal_emit_by_name(view, "copied", (guint64)range.size, problem);
        return;
    }
    hex_job_drop(view->copying);
    Copy *copy = g_new0(Copy, 1);
    *copy = (Copy){.view = view,
            .container = pro_container_ref(view->container),
            .range = range,
            .format = format};
    view->copying = hex_job_start("hex copy", &ops, copy);
}
