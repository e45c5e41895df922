/* SPDX-License-Identifier: Apache-2.0 */
#include "structure_pane.h"

#include "rows.h"

#include "ui/hexview/label.h"

struct _ProStructurePane {
    GtkBox parent_instance;

    GtkWidget *title;
    GtkWidget *spinner;
    GtkWidget *problem; /* a text */
    GtkWidget *again;
    GtkWidget *warnings;
    GtkWidget *tree;
    Jobs *jobs; /* lent */
    Job *job;
    char *container_name;
    Document *document;
    bool choosing; /* the selection is not the person's */
};

G_DEFINE_FINAL_TYPE(ProStructurePane, pro_structure_pane, GTK_TYPE_BOX)

static guint table_selected;

/* ---- the tree: one list of rows a parent ---- */

typedef struct Level {
    Document *document;
    guint *tables;
    size_t count;
} Level;

static void level_cell(void *user, size_t row, size_t column, char ret_text[ROW_CELL_MAX])
{
    const Level *level = user;
    (void)column;
    (void)g_strlcpy(
            ret_text, document_table(level->document, level->tables[row])->name, ROW_CELL_MAX);
}

static bool level_bytes(void *user, size_t row, uint64_t *ret_offset, uint64_t *ret_size)
{
    const Level *level = user;
    const DocumentTable *table = document_table(level->document, level->tables[row]);
    *ret_offset = table->offset;
    *ret_size = table->size;
    return table->size > 0;
}

static void level_release(void *user)
{
    Level *level = user;
    document_unref(level->document);
    g_free(level->tables);
    g_free(level);
}

/* NULL if the table has none. */
static GListModel *level_new(Document *document, int parent)
{
    static const RowOps ops = {.cell = level_cell, .bytes = level_bytes, .release = level_release};
    GArray *tables = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < document_table_count(document); i++)
        if (document_table(document, i)->parent == parent)
            g_array_append_val(tables, i);
    size_t count = tables->len;
    guint *indexes = (guint *)(void *)g_array_free(tables, FALSE);
    if (count == 0) {
        g_free(indexes);
        return NULL;
    }
    Level *level = g_new0(Level, 1);
    *level = (Level){document_ref(document), indexes, count};
    return G_LIST_MODEL(pro_rows_new(&ops, level, count));
}

static guint table_of(ProRow *row)
{
    const Level *level = pro_row_get_user(row);
    return level->tables[pro_row_get_index(row)];
}

static GListModel *children_of(void *item, void *document)
{
    return level_new(document, (int)table_of(PRO_ROW(item)));
}

static void set_up_entry(GtkSignalListItemFactory *factory, GtkListItem *item, void *unused)
{
    GtkWidget *expander = gtk_tree_expander_new();
    GtkWidget *label = gtk_label_new("");
    (void)factory;
    (void)unused;
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), label);
    gtk_list_item_set_child(item, expander);
}

static void bind_entry(GtkSignalListItemFactory *factory, GtkListItem *item, ProStructurePane *pane)
{
    GtkTreeListRow *entry = gtk_list_item_get_item(item);
    GtkTreeExpander *expander = GTK_TREE_EXPANDER(gtk_list_item_get_child(item));
    ProRow *row = gtk_tree_list_row_get_item(entry);
    const DocumentTable *table = document_table(pane->document, table_of(row));
    (void)factory;
    char *text = table->row_count > 0 ? g_strdup_printf("%s  (%zu)", table->name, table->row_count)
                                      : g_strdup(table->name);
    gtk_tree_expander_set_list_row(expander, entry);
    gtk_label_set_text(GTK_LABEL(gtk_tree_expander_get_child(expander)), text);
    g_free(text);
    g_object_unref(row);
}

static void selection_changed(
        GtkSingleSelection *selection, GParamSpec *unused, ProStructurePane *pane)
{
    GtkTreeListRow *entry = gtk_single_selection_get_selected_item(selection);
    (void)unused;
    if (entry == NULL)
        return;
    ProRow *row = gtk_tree_list_row_get_item(entry);
    g_signal_emit(pane, table_selected, 0, table_of(row), !pane->choosing);
    g_object_unref(row);
}

static void show_tree(ProStructurePane *pane)
{
    GListModel *root = level_new(pane->document, -1);
    if (root == NULL)
        return;
    GtkTreeListModel *model = gtk_tree_list_model_new(root, FALSE, FALSE, children_of,
            document_ref(pane->document), (GDestroyNotify)document_unref);
    GtkSingleSelection *selection = gtk_single_selection_new(G_LIST_MODEL(model));
    gtk_single_selection_set_autoselect(selection, FALSE);
    gtk_single_selection_set_can_unselect(selection, TRUE);
    gtk_single_selection_set_selected(selection, GTK_INVALID_LIST_POSITION);
    g_signal_connect_object(selection, "notify::selected-item", G_CALLBACK(selection_changed), pane,
            (GConnectFlags)0);
    gtk_list_view_set_model(GTK_LIST_VIEW(pane->tree), GTK_SELECTION_MODEL(selection));
    pane->choosing = true;
    gtk_single_selection_set_selected(selection, 0);
    pane->choosing = false;
    g_object_unref(selection);
}

/* ---- states ---- */

static void show_busy(ProStructurePane *pane, bool busy)
{
    gtk_widget_set_visible(pane->spinner, busy);
    gtk_spinner_set_spinning(GTK_SPINNER(pane->spinner), busy);
    gtk_widget_set_visible(pane->problem, FALSE);
    gtk_widget_set_visible(pane->again, FALSE);
    gtk_widget_set_visible(pane->warnings, FALSE);
}

void pro_structure_pane_fail(ProStructurePane *pane, const char *text)
{
    show_busy(pane, false);
    gtk_label_set_text(GTK_LABEL(pane->title), "Structure");
    gtk_label_set_text(GTK_LABEL(pane->problem), text);
    gtk_widget_set_visible(pane->problem, TRUE);
    gtk_widget_set_visible(pane->again, pane->jobs != NULL);
}

static void show_warnings(ProStructurePane *pane)
{
    size_t count = document_warning_count(pane->document);
    if (count == 0)
        return;
    GString *texts = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(
                texts, "%s%s", i > 0 ? "\n" : "", document_warning(pane->document, i));
    char *label = g_strdup_printf("%zu warning%s", count, count == 1 ? "" : "s");
    gtk_expander_set_label(GTK_EXPANDER(pane->warnings), label);
    GtkWidget *scrolled = gtk_expander_get_child(GTK_EXPANDER(pane->warnings));
    gtk_label_set_text(GTK_LABEL(g_object_get_data(G_OBJECT(scrolled), "text")), texts->str);
    gtk_widget_set_visible(pane->warnings, TRUE);
    g_string_free(texts, TRUE);
    g_free(label);
}

static void show_document(ProStructurePane *pane)
{
    const char *format = document_format(pane->document);
    show_busy(pane, false);
    gtk_label_set_text(GTK_LABEL(pane->title), format[0] != '\0' ? format : "No known format");
    show_warnings(pane);
    show_tree(pane);
}

/* ---- the job ---- */

static void job_ended(void *user, const ProEnding *ending)
{
    ProStructurePane *pane = user;
    ProError error = {0};
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    pane->job = NULL;
    if (pro_ending_kind(ending) != PRO_ENDING_RESULT) {
        char *text =
                g_strdup_printf("The structure could not be read: %s", pro_ending_message(ending));
        pro_structure_pane_fail(pane, text);
        g_free(text);
    } else if (document_read(value, size, &pane->document, &error) != PRO_OK) {
        pro_structure_pane_fail(pane, error.text);
    } else {
        show_document(pane);
    }
}

static void start(ProStructurePane *pane)
{
    static const JobOps ops = {.ended = job_ended};
    ProError error = {0};
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, pane->container_name, strlen(pane->container_name));
    pro_write_end(arguments);
    show_busy(pane, true);
    gtk_label_set_text(GTK_LABEL(pane->title), "Reading the structure");
    if (jobs_start(pane->jobs, "task_structure", arguments, &ops, pane, &pane->job, &error) !=
            PRO_OK)
        pro_structure_pane_fail(pane, error.text);
    pro_writer_free(arguments);
}

static void again_clicked(GtkButton *button, ProStructurePane *pane)
{
    (void)button;
    start(pane);
}

/* ---- the object ---- */

static GtkWidget *new_text(void)
{
    GtkWidget *label = gtk_label_new("");
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    return label;
}

static void add_head(ProStructurePane *pane)
{
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    pane->title = gtk_label_new("Structure");
    gtk_label_set_xalign(GTK_LABEL(pane->title), 0);
    gtk_label_set_ellipsize(GTK_LABEL(pane->title), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(pane->title, "heading");
    gtk_widget_set_hexpand(pane->title, TRUE);
    pane->spinner = gtk_spinner_new();
    gtk_box_append(GTK_BOX(head), pane->title);
    gtk_box_append(GTK_BOX(head), pane->spinner);
    gtk_widget_set_margin_top(head, 6);
    gtk_widget_set_margin_bottom(head, 6);
    gtk_widget_set_margin_start(head, 8);
    gtk_widget_set_margin_end(head, 8);
    gtk_box_append(GTK_BOX(pane), head);
}

static void add_problem(ProStructurePane *pane)
{
    pane->problem = new_text();
    pane->again = gtk_button_new_with_label("Try Again");
    g_signal_connect(pane->again, "clicked", G_CALLBACK(again_clicked), pane);
    gtk_widget_set_halign(pane->again, GTK_ALIGN_START);
    for (size_t i = 0; i < 2; i++) {
        GtkWidget *widget = i == 0 ? pane->problem : pane->again;
        gtk_widget_set_margin_start(widget, 8);
        gtk_widget_set_margin_end(widget, 8);
        gtk_widget_set_margin_bottom(widget, 6);
        gtk_box_append(GTK_BOX(pane), widget);
    }
}

static void add_warnings(ProStructurePane *pane)
{
    GtkWidget *text = new_text();
    GtkWidget *scrolled = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), text);
    gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scrolled), 150);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scrolled), TRUE);
    g_object_set_data(G_OBJECT(scrolled), "text", text);
    pane->warnings = gtk_expander_new("Warnings");
    gtk_expander_set_child(GTK_EXPANDER(pane->warnings), scrolled);
    gtk_widget_set_margin_start(pane->warnings, 8);
    gtk_widget_set_margin_end(pane->warnings, 8);
    gtk_box_append(GTK_BOX(pane), pane->warnings);
}

static void add_tree(ProStructurePane *pane)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(set_up_entry), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_entry), pane);
    pane->tree = gtk_list_view_new(NULL, factory);
    gtk_widget_add_css_class(pane->tree, "dense");
    hex_label_widget(pane->tree, "Structure", NULL);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), pane->tree);
    gtk_widget_set_vexpand(scrolled, TRUE);
    gtk_box_append(GTK_BOX(pane), scrolled);
}

static void dispose(GObject *object)
{
    ProStructurePane *pane = PRO_STRUCTURE_PANE(object);
    g_clear_pointer(&pane->job, job_drop);
    if (pane->tree != NULL)
        gtk_list_view_set_model(GTK_LIST_VIEW(pane->tree), NULL);
    pane->tree = NULL;
    g_clear_pointer(&pane->document, document_unref);
    g_clear_pointer(&pane->container_name, g_free);
    G_OBJECT_CLASS(pro_structure_pane_parent_class)->dispose(object);
}

static void pro_structure_pane_class_init(ProStructurePaneClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
    table_selected = g_signal_new("table-selected", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
            NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BOOLEAN);
}

static void pro_structure_pane_init(ProStructurePane *pane)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(pane), GTK_ORIENTATION_VERTICAL);
    add_head(pane);
    add_problem(pane);
    add_warnings(pane);
    add_tree(pane);
    show_busy(pane, false);
}

GtkWidget *pro_structure_pane_new(void)
{
    return g_object_new(PRO_TYPE_STRUCTURE_PANE, NULL);
}

void pro_structure_pane_load(ProStructurePane *pane, Jobs *jobs, const char *container_name)
{
    pane->jobs = jobs;
    pane->container_name = g_strdup(container_name);
    start(pane);
}

Document *pro_structure_pane_get_document(ProStructurePane *pane)
{
    return pane->document;
}
