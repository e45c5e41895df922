/* SPDX-License-Identifier: Apache-2.0 */
#include "hit_pane.h"

#include "hits.h"
#include "row_table.h"
#include "workspace/tasks/task.h"

#include "ui/hex/find.h"
#include "ui/hexview/label.h"

enum { SHOW_MS = 100, STRING_LEAST = 5, STRING_LEAST_MAX = 200 };

struct _ProHitPane {
    GtkBox parent_instance;

    HitPaneKind kind;
    GtkWidget *least; /* of strings */
    GtkWidget *pattern_kind;
    GtkWidget *pattern; /* of a search */
    GtkWidget *ignore_case;
    GtkWidget *start;
    GtkWidget *cancel;
    GtkWidget *progress;
    GtkWidget *note;
    GtkWidget *table;
    Jobs *jobs; /* lent */
    char *container_name;
    Job *job;
    Hits *hits;    /* lent by the rows */
    ProRows *rows; /* NULL: nothing was started yet */
    guint refresh; /* rows are shown in steps: each costs */
    bool was_shown;
};

G_DEFINE_FINAL_TYPE(ProHitPane, pro_hit_pane, GTK_TYPE_BOX)

static guint row_selected;

/* ---- what is seen of the job ---- */

static void set_busy(ProHitPane *pane, bool busy)
{
    gtk_widget_set_visible(pane->start, !busy);
    gtk_widget_set_visible(pane->cancel, busy);
    gtk_widget_set_visible(pane->progress, busy);
    if (!busy)
        g_clear_handle_id(&pane->refresh, g_source_remove);
}

static void set_note(ProHitPane *pane, const char *text)
{
    gtk_label_set_text(GTK_LABEL(pane->note), text);
    gtk_widget_set_tooltip_text(pane->note, text);
}

static void show_count(ProHitPane *pane, const char *what)
{
    size_t count = pane->hits != NULL ? hits_count(pane->hits) : 0;
    char *text = g_strdup_printf("%zu found%s%s", count, what[0] != '\0' ? ", " : "", what);
    set_note(pane, text);
    g_free(text);
}

static gboolean show_found(void *user)
{
    ProHitPane *pane = user;
    hits_show(pane->hits);
    show_count(pane, "");
    return G_SOURCE_CONTINUE;
}

/* ---- the job ---- */

static void job_message(void *user, const void *data, size_t size)
{
    ProHitPane *pane = user;
    ProStatus status = hits_take(pane->hits, data, size);
    if (status == PRO_OK)
        return;
    g_clear_pointer(&pane->job, job_drop);
    set_busy(pane, false);
    hits_show(pane->hits);
    show_count(
            pane, status == PRO_ERR_LIMIT ? "there may be more" : "then the worker sent nonsense");
}

static void job_progress(void *user, int percent)
{
    gtk_progress_bar_set_fraction(
            GTK_PROGRESS_BAR(((ProHitPane *)user)->progress), percent / 100.0);
}

static bool is_complete(const ProEnding *ending)
{
    ProReader reader;
    ProValue value;
    size_t size;
    const void *data = pro_ending_value(ending, &size);
    pro_reader_init(&reader, data, size);
    return pro_read(&reader, &value, NULL) == PRO_OK && value.boolean;
}

static void job_ended(void *user, const ProEnding *ending)
{
    ProHitPane *pane = user;
    pane->job = NULL;
    set_busy(pane, false);
    hits_show(pane->hits);
    if (pro_ending_kind(ending) == PRO_ENDING_RESULT)
        show_count(pane, is_complete(ending) ? "" : "there are more");
    else if (pro_ending_kind(ending) == PRO_ENDING_ABORTED)
        show_count(pane, "cancelled");
    else
        show_count(pane, pro_ending_message(ending));
}

static ProWriter *make_arguments(ProHitPane *pane)
{
    ProWriter *arguments = pro_writer_new();
    bool strings = pane->kind == HIT_PANE_STRINGS;
    pro_write_list(arguments, strings ? 2 : 4);
    pro_write_text(arguments, pane->container_name, strlen(pane->container_name));
    if (strings) {
        pro_write_int(arguments, gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(pane->least)));
    } else {
        const char *text = gtk_editable_get_text(GTK_EDITABLE(pane->pattern));
        pro_write_int(arguments, gtk_drop_down_get_selected(GTK_DROP_DOWN(pane->pattern_kind)));
        pro_write_text(arguments, text, strlen(text));
        pro_write_bool(arguments, gtk_check_button_get_active(GTK_CHECK_BUTTON(pane->ignore_case)));
    }
    pro_write_end(arguments);
    return arguments;
}

/* A pattern that is none is told before a worker is asked. */
static bool is_pattern_good(ProHitPane *pane)
{
    ProPattern *pattern = NULL;
    ProError error = {0};
    if (pane->kind == HIT_PANE_STRINGS)
        return true;
    HexFindKind kind = (HexFindKind)gtk_drop_down_get_selected(GTK_DROP_DOWN(pane->pattern_kind));
    const char *text = gtk_editable_get_text(GTK_EDITABLE(pane->pattern));
    if (hex_find_compile(kind, text, false, &pattern, &error) == PRO_OK) {
        pro_pattern_unref(pattern);
        return true;
    }
    set_note(pane, error.text);
    return false;
}

void pro_hit_pane_start(ProHitPane *pane)
{
    static const JobOps ops = {
            .message = job_message, .progress = job_progress, .ended = job_ended};
    static const char *const columns[] = {"Address", "Size", "Kind", "Text"};
    static const char *const short_columns[] = {"Address", "Size", "Bytes as text"};
    bool strings = pane->kind == HIT_PANE_STRINGS;
    ProError error = {0};
    if (pane->jobs == NULL || !is_pattern_good(pane))
        return;
    g_clear_pointer(&pane->job, job_drop);
    g_clear_object(&pane->rows);
    pane->rows = hits_new(0, strings, &pane->hits);
    pro_row_table_set_rows(PRO_ROW_TABLE(pane->table), pane->rows,
            strings ? columns : short_columns, strings ? 4 : 3);
    ProWriter *arguments = make_arguments(pane);
    set_busy(pane, true);
    job_progress(pane, 0);
    if (jobs_start(pane->jobs, strings ? "task_strings" : "task_search", arguments, &ops, pane,
                &pane->job, &error) != PRO_OK) {
        set_busy(pane, false);
        set_note(pane, error.text);
    } else {
        g_clear_handle_id(&pane->refresh, g_source_remove);
        pane->refresh = g_timeout_add(SHOW_MS, show_found, pane);
        show_count(pane, "");
    }
    pro_writer_free(arguments);
}

void pro_hit_pane_shown(ProHitPane *pane)
{
    if (pane->kind == HIT_PANE_STRINGS && !pane->was_shown && pane->jobs != NULL) {
        pane->was_shown = true;
        pro_hit_pane_start(pane);
    }
}

void pro_hit_pane_focus(ProHitPane *pane)
{
    if (pane->kind == HIT_PANE_STRINGS)
        pro_row_table_focus(PRO_ROW_TABLE(pane->table));
    else
        gtk_widget_grab_focus(pane->pattern);
}

void pro_hit_pane_set_jobs(ProHitPane *pane, Jobs *jobs, const char *container_name)
{
    pane->jobs = jobs;
    gtk_widget_set_sensitive(pane->start, jobs != NULL);
    if (jobs == NULL) {
        set_note(pane, container_name);
        return;
    }
    g_free(pane->container_name);
    pane->container_name = g_strdup(container_name);
}

/* ---- widgets ---- */

static void start_clicked(GtkWidget *widget, ProHitPane *pane)
{
    (void)widget;
    pro_hit_pane_start(pane);
}

static void cancel_clicked(GtkWidget *widget, ProHitPane *pane)
{
    (void)widget;
    if (pane->job != NULL)
        job_cancel(pane->job);
}

static void pass_on_row(ProRowTable *table, ProRow *row, ProHitPane *pane)
{
    (void)table;
    g_signal_emit(pane, row_selected, 0, row);
}

static void add_string_fields(ProHitPane *pane, GtkWidget *head)
{
    pane->least = gtk_spin_button_new_with_range(2, STRING_LEAST_MAX, 1);
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(pane->least), STRING_LEAST);
    hex_label_widget(pane->least, "Least characters of a string", NULL);
    gtk_box_append(GTK_BOX(head), gtk_label_new("Strings of at least"));
    gtk_box_append(GTK_BOX(head), pane->least);
    gtk_box_append(GTK_BOX(head), gtk_label_new("characters"));
}

static void add_search_fields(ProHitPane *pane, GtkWidget *head)
{
    const char *names[HEX_FIND_KINDS + 1] = {NULL};
    for (HexFindKind kind = 0; kind < HEX_FIND_KINDS; kind++)
        names[kind] = hex_find_kind_name(kind);
    pane->pattern_kind = gtk_drop_down_new_from_strings(names);
    hex_label_widget(
            pane->pattern_kind, "What to find", "Text, hex with ? for any digit, or a regex");
    pane->pattern = gtk_entry_new();
    gtk_entry_set_placeholder_text(GTK_ENTRY(pane->pattern), "Find all");
    gtk_editable_set_width_chars(GTK_EDITABLE(pane->pattern), 24);
    hex_label_widget(pane->pattern, "Find all", NULL);
    g_signal_connect(pane->pattern, "activate", G_CALLBACK(start_clicked), pane);
    pane->ignore_case = gtk_check_button_new_with_label("Ignore case");
    gtk_box_append(GTK_BOX(head), pane->pattern_kind);
    gtk_box_append(GTK_BOX(head), pane->pattern);
    gtk_box_append(GTK_BOX(head), pane->ignore_case);
}

static void add_job_widgets(ProHitPane *pane, GtkWidget *head)
{
    pane->start =
            gtk_button_new_with_label(pane->kind == HIT_PANE_STRINGS ? "Find Strings" : "Find All");
    pane->cancel = gtk_button_new_with_label("Cancel");
    pane->progress = gtk_progress_bar_new();
    pane->note = gtk_label_new("");
    gtk_widget_set_valign(pane->progress, GTK_ALIGN_CENTER);
    hex_label_widget(pane->progress, "Progress", NULL);
    gtk_label_set_ellipsize(GTK_LABEL(pane->note), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(pane->note), 0);
    gtk_widget_set_hexpand(pane->note, TRUE);
    g_signal_connect(pane->start, "clicked", G_CALLBACK(start_clicked), pane);
    g_signal_connect(pane->cancel, "clicked", G_CALLBACK(cancel_clicked), pane);
    gtk_box_append(GTK_BOX(head), pane->start);
    gtk_box_append(GTK_BOX(head), pane->cancel);
    gtk_box_append(GTK_BOX(head), pane->progress);
    gtk_box_append(GTK_BOX(head), pane->note);
}

static void dispose(GObject *object)
{
    ProHitPane *pane = PRO_HIT_PANE(object);
    g_clear_pointer(&pane->job, job_drop);
    g_clear_handle_id(&pane->refresh, g_source_remove);
    g_clear_object(&pane->rows);
    g_clear_pointer(&pane->container_name, g_free);
    G_OBJECT_CLASS(pro_hit_pane_parent_class)->dispose(object);
}

static void pro_hit_pane_class_init(ProHitPaneClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
    row_selected = g_signal_new("row-selected", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
            NULL, NULL, NULL, G_TYPE_NONE, 1, PRO_TYPE_ROW);
}

static void pro_hit_pane_init(ProHitPane *pane)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(pane), GTK_ORIENTATION_VERTICAL);
}

GtkWidget *pro_hit_pane_new(HitPaneKind kind)
{
    ProHitPane *pane = g_object_new(PRO_TYPE_HIT_PANE, NULL);
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    pane->kind = kind;
    gtk_widget_set_margin_start(head, 8);
    gtk_widget_set_margin_end(head, 8);
    gtk_widget_set_margin_top(head, 6);
    gtk_widget_set_margin_bottom(head, 6);
    if (kind == HIT_PANE_STRINGS)
        add_string_fields(pane, head);
    else
        add_search_fields(pane, head);
    add_job_widgets(pane, head);
    pane->table = pro_row_table_new(kind == HIT_PANE_STRINGS ? "Strings" : "Matches");
    g_signal_connect(pane->table, "row-selected", G_CALLBACK(pass_on_row), pane);
    gtk_box_append(GTK_BOX(pane), head);
    gtk_box_append(GTK_BOX(pane), pane->table);
    set_busy(pane, false);
    return GTK_WIDGET(pane);
}
