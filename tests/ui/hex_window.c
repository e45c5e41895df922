/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A window with a hex panel, for test_hex_view.py. It answers what answers.h says, and open, mend,
 * inspector, base ADDRESS, mark OFFSET SIZE NAME.
 *
 *   hex_window file PATH | pattern SIZE | gated SIZE | broken SIZE
 *
 * pattern: byte i is i + i / 256; gated: the same, but nothing is read before "open" is said;
 * broken: the same, but what lies from byte 0x4000 on cannot be read.
 */

#include "ui/answers.h"
#include "ui/hexview/panel.h"

#include <promp/container_ops.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Source {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
    uint64_t broken_from;
} Source;

static Source source = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, true, UINT64_MAX};
static ProHexPanel *panel;

static ProStatus read_source(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)pthread_mutex_lock(&source.lock);
    while (!source.is_open)
        (void)pthread_cond_wait(&source.opened, &source.lock);
    (void)pthread_mutex_unlock(&source.lock);
    if (offset + size > source.broken_from) {
        *reterr = (ProError){.status = PRO_ERR_SYSTEM, .text = "the disk is scratched"};
        return PRO_ERR_SYSTEM;
    }
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = (uint8_t)(offset + i + (offset + i) / 256);
    return PRO_OK;
}

static ProContainer *open_container(const char *kind, const char *what)
{
    static const ProContainerOps ops = {.read = read_source};
    ProContainer *container = NULL;
    ProError error = {0};
    ProStatus status;
    source.is_open = strcmp(kind, "gated") != 0;
    if (strcmp(kind, "broken") == 0)
        source.broken_from = 0x4000;
    if (strcmp(kind, "file") == 0)
        status = pro_container_open_file(what, 0, &container, &error);
    else
        status =
                pro_container_new_callback(&ops, NULL, strtoull(what, NULL, 0), &container, &error);
    if (status != PRO_OK)
        (void)fprintf(stderr, "%s\n", error.text);
    return container;
}

static bool answer(const char *line)
{
    ProHexView *view = pro_hex_panel_get_view(panel);
    char *end;
    if (strcmp(line, "open") == 0) {
        (void)pthread_mutex_lock(&source.lock);
        source.is_open = true;
        (void)pthread_cond_broadcast(&source.opened);
        (void)pthread_mutex_unlock(&source.lock);
    } else if (strcmp(line, "mend") == 0) {
        source.broken_from = UINT64_MAX;
    } else if (strcmp(line, "inspector") == 0) {
        pro_hex_panel_show_inspector(panel, TRUE);
    } else if (strncmp(line, "base ", 5) == 0) {
        pro_hex_view_set_base(view, strtoull(line + 5, NULL, 0));
    } else if (strncmp(line, "mark ", 5) == 0) {
        uint64_t offset = strtoull(line + 5, &end, 0);
        uint64_t size = strtoull(end, &end, 0);
        pro_hex_view_add_highlight(view, offset, size, NULL, end + 1);
    } else {
        return false;
    }
    (void)printf("done\n");
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 3 || !gtk_init_check())
        return 2;
    ProContainer *container = open_container(argv[1], argv[2]);
    if (container == NULL)
        return 1;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GtkWidget *window = gtk_window_new();
    panel = PRO_HEX_PANEL(pro_hex_panel_new(container));
    pro_container_unref(container);
    gtk_window_set_title(GTK_WINDOW(window), "hex window");
    if (g_getenv("LARGE") != NULL)
        gtk_window_set_default_size(GTK_WINDOW(window), 1200, 800);
    else
        gtk_window_set_default_size(GTK_WINDOW(window), 700, 500);
    gtk_window_set_child(GTK_WINDOW(window), GTK_WIDGET(panel));
    gtk_widget_grab_focus(GTK_WIDGET(pro_hex_panel_get_view(panel)));
    answers_start(window, loop, answer);
    gtk_window_present(GTK_WINDOW(window));
    g_main_loop_run(loop);
    gtk_window_destroy(GTK_WINDOW(window));
    g_main_loop_unref(loop);
    return 0;
}
