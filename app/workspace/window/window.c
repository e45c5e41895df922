/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

#include "file_tab.h"
#include "jobs.h"

#include "ui/hexview/label.h"

enum { WIDTH = 1280, HEIGHT = 860 };

struct _ProWorkspace {
    GtkWindow parent_instance;

    GtkWidget *files; /* a notebook */
    GtkWidget *info;
    GtkWidget *info_text;
    guint focus; /* an idle source */
    Jobs *jobs;  /* NULL: `problem` tells why */
    ProError problem;
};

G_DEFINE_FINAL_TYPE(ProWorkspace, pro_workspace, GTK_TYPE_WINDOW)

static void tell(ProWorkspace *workspace, const char *text)
{
    gtk_label_set_text(GTK_LABEL(workspace->info_text), text);
    gtk_info_bar_set_revealed(GTK_INFO_BAR(workspace->info), TRUE);
}

static void hide_info(GtkInfoBar *info, int response, void *unused)
{
    (void)response;
    (void)unused;
    gtk_info_bar_set_revealed(info, FALSE);
}

/* ---- files ---- */

static void close_page(ProWorkspace *workspace, int page)
{
    if (page >= 0)
        gtk_notebook_remove_page(GTK_NOTEBOOK(workspace->files), page);
}

static void close_clicked(GtkButton *button, GtkWidget *tab)
{
    ProWorkspace *workspace = PRO_WORKSPACE(gtk_widget_get_root(GTK_WIDGET(button)));
    close_page(workspace, gtk_notebook_page_num(GTK_NOTEBOOK(workspace->files), tab));
}

static GtkWidget *make_tab_label(GtkWidget *tab, const char *path)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *close = gtk_button_new_with_label("\u00D7");
    char *name = g_filename_display_basename(path);
    char *whole = g_filename_display_name(path);
    GtkWidget *label = gtk_label_new(name);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_MIDDLE);
    gtk_label_set_width_chars(GTK_LABEL(label), MIN((int)g_utf8_strlen(name, -1), 24));
    gtk_button_set_has_frame(GTK_BUTTON(close), FALSE);
    gtk_widget_set_focusable(close, FALSE); /* Ctrl+W */
    hex_label_widget(close, "Close the file", "Ctrl+W");
    gtk_widget_set_tooltip_text(box, whole);
    g_signal_connect(close, "clicked", G_CALLBACK(close_clicked), tab);
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), close);
    g_free(whole);
    g_free(name);
    return box;
}

void pro_workspace_add(ProWorkspace *workspace, ProContainer *container, const char *path)
{
    GtkNotebook *files = GTK_NOTEBOOK(workspace->files);
    GtkWidget *tab = pro_file_tab_new(container, path, workspace->jobs, workspace->problem.text);
    int page = gtk_notebook_append_page(files, tab, make_tab_label(tab, path));
    gtk_notebook_set_tab_reorderable(files, tab, TRUE);
    gtk_notebook_set_current_page(files, page);
}

static gboolean focus_file(void *user)
{
    ProWorkspace *workspace = user;
    GtkNotebook *files = GTK_NOTEBOOK(workspace->files);
    GtkWidget *tab = gtk_notebook_get_nth_page(files, gtk_notebook_get_current_page(files));
    workspace->focus = 0;
    if (tab != NULL)
        pro_file_tab_focus(PRO_FILE_TAB(tab));
    return G_SOURCE_REMOVE;
}

/* Keys go to the bytes of the file that is shown, not to its tab; once it is shown. */
static void page_switched(
        GtkNotebook *files, GtkWidget *page, guint number, ProWorkspace *workspace)
{
    (void)files;
    (void)page;
    (void)number;
    if (workspace->focus == 0)
        workspace->focus = g_idle_add(focus_file, workspace);
}

void pro_workspace_open(ProWorkspace *workspace, const char *path)
{
    ProContainer *container = NULL;
    ProError error = {0};
    if (pro_container_open_file(path, 0, &container, &error) != PRO_OK) {
        tell(workspace, error.text);
        return;
    }
    pro_workspace_add(workspace, container, path);
    pro_container_unref(container);
}

static void file_chosen(GtkNativeDialog *dialog, int response, ProWorkspace *workspace)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        GListModel *files = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
        for (guint i = 0; i < g_list_model_get_n_items(files); i++) {
            GFile *file = g_list_model_get_item(files, i);
            char *path = g_file_get_path(file);
            if (path != NULL)
                pro_workspace_open(workspace, path);
            g_free(path);
            g_object_unref(file);
        }
        g_object_unref(files);
    }
    g_object_unref(dialog);
}

/* ---- actions ---- */

static void act_open(GtkWidget *widget, const char *name, GVariant *unused)
{
    (void)name;
    (void)unused;
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
            "Open Files", GTK_WINDOW(widget), GTK_FILE_CHOOSER_ACTION_OPEN, "Open", "Cancel");
    gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(dialog), TRUE);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
    g_signal_connect(dialog, "response", G_CALLBACK(file_chosen), widget);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void act_close(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProWorkspace *workspace = PRO_WORKSPACE(widget);
    (void)name;
    (void)unused;
    close_page(workspace, gtk_notebook_get_current_page(GTK_NOTEBOOK(workspace->files)));
}

static void act_quit(GtkWidget *widget, const char *name, GVariant *unused)
{
    (void)name;
    (void)unused;
    gtk_window_close(GTK_WINDOW(widget));
}

static void act_keys(GtkWidget *widget, const char *name, GVariant *unused)
{
    static const char text[] =
            "Ctrl+O open, Ctrl+W close, Ctrl+Q quit, Ctrl+PageUp/PageDown other file, F6 next part"
            "\nAlt+1 table, Alt+2 strings, Alt+3 search"
            "\nIn the bytes: Ctrl+G go to, Ctrl+F find, F3 and Shift+F3 next and previous, "
            "Alt+Left and Alt+Right back and forth, Ctrl+I inspector, Tab hex or text, "
            "Ctrl+C copy, Menu for more";
    (void)name;
    (void)unused;
    tell(PRO_WORKSPACE(widget), text);
}

/* ---- the object ---- */

static void add_header(ProWorkspace *workspace)
{
    GtkWidget *header = gtk_header_bar_new();
    GtkWidget *open = gtk_button_new_with_label("Open");
    GtkWidget *keys = gtk_button_new_with_label("Keys");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(open), "workspace.open");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(keys), "workspace.keys");
    hex_label_widget(open, "Open files", "Ctrl+O");
    hex_label_widget(keys, "Keys", "F1");
    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), open);
    gtk_header_bar_pack_end(GTK_HEADER_BAR(header), keys);
    gtk_window_set_titlebar(GTK_WINDOW(workspace), header);
}

static void add_info(ProWorkspace *workspace, GtkWidget *box)
{
    workspace->info = gtk_info_bar_new();
    workspace->info_text = gtk_label_new("");
    gtk_label_set_wrap(GTK_LABEL(workspace->info_text), TRUE);
    gtk_label_set_xalign(GTK_LABEL(workspace->info_text), 0);
    gtk_info_bar_add_child(GTK_INFO_BAR(workspace->info), workspace->info_text);
    gtk_info_bar_set_show_close_button(GTK_INFO_BAR(workspace->info), TRUE);
    gtk_info_bar_set_revealed(GTK_INFO_BAR(workspace->info), FALSE);
    g_signal_connect(workspace->info, "response", G_CALLBACK(hide_info), NULL);
    gtk_box_append(GTK_BOX(box), workspace->info);
}

static void dispose(GObject *object)
{
    ProWorkspace *workspace = PRO_WORKSPACE(object);
    g_clear_handle_id(&workspace->focus, g_source_remove);
    if (workspace->files != NULL)
        g_signal_handlers_disconnect_by_data(workspace->files, workspace);
    workspace->files = NULL;
    G_OBJECT_CLASS(pro_workspace_parent_class)->dispose(object); /* tabs first: they use jobs */
    g_clear_pointer(&workspace->jobs, jobs_free);
}

/* Lists are read, not touched: rows as dense as text. */
static void add_style(void)
{
    static const char style[] =
            "listview.dense > row { min-height: 0; padding-top: 2px; padding-bottom: 2px; }"
            "columnview.dense > listview > row > cell { padding: 2px 8px; }";
    GtkCssProvider *provider = gtk_css_provider_new();
    gtk_css_provider_load_from_data(provider, style, -1);
    gtk_style_context_add_provider_for_display(gdk_display_get_default(),
            GTK_STYLE_PROVIDER(provider), GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    g_object_unref(provider);
}

static void pro_workspace_class_init(ProWorkspaceClass *class)
{
    static const struct {
        const char *name;
        GtkWidgetActionActivateFunc activate;
        guint key;
        GdkModifierType modifiers;
    } actions[] = {{"workspace.open", act_open, GDK_KEY_o, GDK_CONTROL_MASK},
            {"workspace.close", act_close, GDK_KEY_w, GDK_CONTROL_MASK},
            {"workspace.quit", act_quit, GDK_KEY_q, GDK_CONTROL_MASK},
            {"workspace.keys", act_keys, GDK_KEY_F1, 0}};
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dispose;
    add_style();
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].activate);
        gtk_widget_class_add_binding_action(
                widget_class, actions[i].key, actions[i].modifiers, actions[i].name, NULL);
    }
}

static void pro_workspace_init(ProWorkspace *workspace)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    workspace->files = gtk_notebook_new();
    gtk_notebook_set_scrollable(GTK_NOTEBOOK(workspace->files), TRUE);
    gtk_widget_set_vexpand(workspace->files, TRUE);
    g_signal_connect_after(workspace->files, "switch-page", G_CALLBACK(page_switched), workspace);
    add_header(workspace);
    add_info(workspace, box);
    gtk_box_append(GTK_BOX(box), workspace->files);
    gtk_window_set_child(GTK_WINDOW(workspace), box);
    gtk_window_set_title(GTK_WINDOW(workspace), "promp");
    gtk_window_set_default_size(GTK_WINDOW(workspace), WIDTH, HEIGHT);
    if (jobs_new(&workspace->jobs, &workspace->problem) != PRO_OK)
        workspace->jobs = NULL;
}

GtkWidget *pro_workspace_new(void)
{
    return g_object_new(PRO_TYPE_WORKSPACE, NULL);
}
