/* SPDX-License-Identifier: Apache-2.0 */
#include "file_tab.h"

#include "hit_pane.h"
#include "row_table.h"
#include "structure_pane.h"

#include "ui/hexview/label.h"
#include "ui/hexview/panel.h"

enum { STRUCTURE_WIDTH = 240, BYTES_HEIGHT = 460, PAGE_TABLE = 0, PAGE_STRINGS, PAGE_SEARCH };

struct _ProFileTab {
    GtkBox parent_instance;

    GtkWidget *structure;
    GtkWidget *bytes; /* a hex panel */
    GtkWidget *pages;
    GtkWidget *table;
    GtkWidget *strings;
    GtkWidget *search;
    Jobs *jobs; /* lent */
    char *shared_name;
};

G_DEFINE_FINAL_TYPE(ProFileTab, pro_file_tab, GTK_TYPE_BOX)

/* ---- from a row to its bytes ---- */

static void show_bytes(
        ProFileTab *tab, uint64_t offset, uint64_t size, const char *name, bool go_there)
{
    ProHexView *view = pro_hex_panel_get_view(PRO_HEX_PANEL(tab->bytes));
    ProContainer *container = pro_hex_view_get_container(view);
    pro_hex_view_clear_highlights(view);
    if (offset >= pro_container_size(container)) {
        pro_hex_panel_tell(PRO_HEX_PANEL(tab->bytes), "That lies behind the end of the file");
        return;
    }
    pro_hex_view_add_highlight(view, offset, size, NULL, name);
    if (go_there)
        pro_hex_view_go_to(view, offset);
}

static void row_selected(GtkWidget *widget, ProRow *row, ProFileTab *tab)
{
    char name[ROW_CELL_MAX];
    uint64_t offset;
    uint64_t size;
    (void)widget;
    pro_row_get_cell(row, 0, name);
    if (pro_row_get_bytes(row, &offset, &size))
        show_bytes(tab, offset, size, name, true);
    else
        pro_hex_panel_tell(PRO_HEX_PANEL(tab->bytes), "This has no bytes in the file");
}

/* ---- the table of what is chosen in the structure ---- */

typedef struct TableRows {
    Document *document;
    const DocumentTable *table;
} TableRows;

static void table_cell(void *user, size_t row, size_t column, char ret_text[ROW_CELL_MAX])
{
    const TableRows *rows = user;
    document_cell(rows->document, rows->table, row, column, ret_text);
}

static bool table_bytes(void *user, size_t row, uint64_t *ret_offset, uint64_t *ret_size)
{
    const TableRows *rows = user;
    return document_row_bytes(rows->document, rows->table, row, ret_offset, ret_size);
}

static void table_release(void *user)
{
    document_unref(((TableRows *)user)->document);
    g_free(user);
}

static void table_selected(ProStructurePane *pane, guint index, gboolean chosen, ProFileTab *tab)
{
    static const RowOps ops = {.cell = table_cell, .bytes = table_bytes, .release = table_release};
    G_STATIC_ASSERT((int)DOCUMENT_CELL_MAX == (int)ROW_CELL_MAX);
    Document *document = pro_structure_pane_get_document(pane);
    const DocumentTable *table = document_table(document, index);
    TableRows *user = g_new0(TableRows, 1);
    *user = (TableRows){document_ref(document), table};
    ProRows *rows = pro_rows_new(&ops, user, table->row_count);
    pro_row_table_set_rows(PRO_ROW_TABLE(tab->table), rows, (const char *const *)table->columns,
            table->column_count);
    g_object_unref(rows);
    gtk_notebook_set_current_page(GTK_NOTEBOOK(tab->pages), PAGE_TABLE);
    pro_hex_view_clear_highlights(pro_hex_panel_get_view(PRO_HEX_PANEL(tab->bytes)));
    if (table->size > 0)
        show_bytes(tab, table->offset, table->size, table->name, chosen);
}

/* ---- actions ---- */

static void page_switched(GtkNotebook *pages, GtkWidget *page, guint number, ProFileTab *tab)
{
    (void)pages;
    (void)number;
    if (page == tab->strings)
        pro_hit_pane_shown(PRO_HIT_PANE(page));
}

static void act_page(GtkWidget *widget, const char *name, GVariant *page)
{
    ProFileTab *tab = PRO_FILE_TAB(widget);
    int number = g_variant_get_int32(page);
    (void)name;
    gtk_notebook_set_current_page(GTK_NOTEBOOK(tab->pages), number);
    if (number == PAGE_TABLE)
        pro_row_table_focus(PRO_ROW_TABLE(tab->table));
    else
        pro_hit_pane_focus(PRO_HIT_PANE(number == PAGE_STRINGS ? tab->strings : tab->search));
}

/* Structure, bytes, table, and round again. */
static void act_next_part(GtkWidget *widget, const char *name, GVariant *unused)
{
    ProFileTab *tab = PRO_FILE_TAB(widget);
    GtkWidget *focus = gtk_root_get_focus(gtk_widget_get_root(widget));
    (void)name;
    (void)unused;
    if (focus != NULL && gtk_widget_is_ancestor(focus, tab->structure))
        pro_file_tab_focus(tab);
    else if (focus != NULL && gtk_widget_is_ancestor(focus, tab->bytes))
        (void)gtk_widget_child_focus(tab->pages, GTK_DIR_TAB_FORWARD);
    else
        (void)gtk_widget_child_focus(tab->structure, GTK_DIR_TAB_FORWARD);
}

void pro_file_tab_focus(ProFileTab *tab)
{
    gtk_widget_grab_focus(GTK_WIDGET(pro_hex_panel_get_view(PRO_HEX_PANEL(tab->bytes))));
}

/* ---- the object ---- */

static void dispose(GObject *object)
{
    ProFileTab *tab = PRO_FILE_TAB(object);
    if (tab->shared_name != NULL)
        jobs_unshare(tab->jobs, tab->shared_name);
    tab->shared_name = NULL;
    G_OBJECT_CLASS(pro_file_tab_parent_class)->dispose(object);
}

static void pro_file_tab_class_init(ProFileTabClass *class)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dispose;
    gtk_widget_class_install_action(widget_class, "file.page", "i", act_page);
    gtk_widget_class_install_action(widget_class, "file.next-part", NULL, act_next_part);
    gtk_widget_class_add_binding_action(
            widget_class, GDK_KEY_1, GDK_ALT_MASK, "file.page", "i", PAGE_TABLE);
    gtk_widget_class_add_binding_action(
            widget_class, GDK_KEY_2, GDK_ALT_MASK, "file.page", "i", PAGE_STRINGS);
    gtk_widget_class_add_binding_action(
            widget_class, GDK_KEY_3, GDK_ALT_MASK, "file.page", "i", PAGE_SEARCH);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F6, 0, "file.next-part", NULL);
}

static void add_page(ProFileTab *tab, GtkWidget *page, const char *title)
{
    gtk_notebook_append_page(GTK_NOTEBOOK(tab->pages), page, gtk_label_new(title));
}

static GtkWidget *make_right_side(ProFileTab *tab)
{
    GtkWidget *split = gtk_paned_new(GTK_ORIENTATION_VERTICAL);
    tab->bytes = pro_hex_panel_new(NULL);
    tab->pages = gtk_notebook_new();
    tab->table = pro_row_table_new("Table");
    tab->strings = pro_hit_pane_new(HIT_PANE_STRINGS);
    tab->search = pro_hit_pane_new(HIT_PANE_SEARCH);
    add_page(tab, tab->table, "Table");
    add_page(tab, tab->strings, "Strings");
    add_page(tab, tab->search, "Search");
    g_signal_connect(tab->pages, "switch-page", G_CALLBACK(page_switched), tab);
    g_signal_connect(tab->table, "row-selected", G_CALLBACK(row_selected), tab);
    g_signal_connect(tab->strings, "row-selected", G_CALLBACK(row_selected), tab);
    g_signal_connect(tab->search, "row-selected", G_CALLBACK(row_selected), tab);
    gtk_paned_set_start_child(GTK_PANED(split), tab->bytes);
    gtk_paned_set_end_child(GTK_PANED(split), tab->pages);
    gtk_paned_set_shrink_start_child(GTK_PANED(split), FALSE);
    gtk_paned_set_shrink_end_child(GTK_PANED(split), FALSE);
    gtk_paned_set_position(GTK_PANED(split), BYTES_HEIGHT);
    return split;
}

static void pro_file_tab_init(ProFileTab *tab)
{
    GtkWidget *split = gtk_paned_new(GTK_ORIENTATION_HORIZONTAL);
    tab->structure = pro_structure_pane_new();
    g_signal_connect(tab->structure, "table-selected", G_CALLBACK(table_selected), tab);
    gtk_paned_set_start_child(GTK_PANED(split), tab->structure);
    gtk_paned_set_end_child(GTK_PANED(split), make_right_side(tab));
    gtk_paned_set_resize_start_child(GTK_PANED(split), FALSE);
    gtk_paned_set_shrink_start_child(GTK_PANED(split), FALSE);
    gtk_paned_set_shrink_end_child(GTK_PANED(split), FALSE);
    gtk_paned_set_position(GTK_PANED(split), STRUCTURE_WIDTH);
    gtk_widget_set_hexpand(split, TRUE);
    gtk_widget_set_vexpand(split, TRUE);
    gtk_box_append(GTK_BOX(tab), split);
}

GtkWidget *pro_file_tab_new(
        ProContainer *container, const char *path, Jobs *jobs, const char *problem)
{
    ProFileTab *tab = g_object_new(PRO_TYPE_FILE_TAB, NULL);
    ProError error = {0};
    char *name = g_filename_display_basename(path);
    pro_hex_panel_set_container(PRO_HEX_PANEL(tab->bytes), container);
    pro_hex_view_set_name(pro_hex_panel_get_view(PRO_HEX_PANEL(tab->bytes)), name);
    g_free(name);
    if (jobs != NULL && jobs_share(jobs, container, &tab->shared_name, &error) != PRO_OK) {
        jobs = NULL;
        problem = error.text;
    }
    tab->jobs = jobs;
    pro_hit_pane_set_jobs(
            PRO_HIT_PANE(tab->strings), jobs, jobs != NULL ? tab->shared_name : problem);
    pro_hit_pane_set_jobs(
            PRO_HIT_PANE(tab->search), jobs, jobs != NULL ? tab->shared_name : problem);
    if (jobs != NULL)
        pro_structure_pane_load(PRO_STRUCTURE_PANE(tab->structure), jobs, tab->shared_name);
    else
        pro_structure_pane_fail(PRO_STRUCTURE_PANE(tab->structure), problem);
    return GTK_WIDGET(tab);
}
