/* SPDX-License-Identifier: Apache-2.0 */
#include "find_bar.h"

#include "job.h"
#include "label.h"
#include "ui/hex/find.h"

enum { POLL_MS = 100, FROM_SELECTION_BYTES_MAX = 32 };

struct _ProHexFindBar {
    GtkBox parent_instance;

    ProHexView *view;
    GtkWidget *kind;
    GtkWidget *entry;
    GtkWidget *ignore_case;
    GtkWidget *progress;
    GtkWidget *cancel;
    GtkWidget *note;
    HexJob *job; /* NULL: idle */
    guint poll;
    uint64_t found_at; /* where the last match is; UINT64_MAX: nothing found yet for this text */
};

G_DEFINE_FINAL_TYPE(ProHexFindBar, pro_hex_find_bar, GTK_TYPE_BOX)

/* One search. */
typedef struct Search {
    ProHexFindBar *bar; /* lent: the job is dropped with it */
    ProContainer *container;
    ProPattern *pattern;
    HexFindKind kind;
    bool backwards;
    uint64_t from;
    ProStatus status;
    ProError error;
    ProMatch match;
    bool wrapped;
} Search;

static void set_note(ProHexFindBar *bar, const char *text, bool problem)
{
    gtk_label_set_text(GTK_LABEL(bar->note), text);
    gtk_widget_set_tooltip_text(bar->note, text);
    if (problem)
        gtk_widget_add_css_class(bar->entry, "error");
    else
        gtk_widget_remove_css_class(bar->entry, "error");
}

static void show_idle(ProHexFindBar *bar)
{
    bar->job = NULL;
    g_clear_handle_id(&bar->poll, g_source_remove);
    gtk_widget_set_visible(bar->progress, FALSE);
    gtk_widget_set_visible(bar->cancel, FALSE);
}

/* ---- the search ---- */

static void run_search(void *user, const ProProgress *progress)
{
    Search *search = user;
    search->status = search->backwards
                             ? hex_find_previous(search->container, search->pattern, search->kind,
                                       search->from, progress, &search->match, &search->wrapped,
                                       &search->error)
                             : hex_find_next(search->container, search->pattern, search->from,
                                       progress, &search->match, &search->wrapped, &search->error);
}

static void show_match(ProHexFindBar *bar, const Search *search)
{
    char text[120];
    bar->found_at = search->match.offset;
    pro_hex_view_select(bar->view, search->match.offset, search->match.size);
    (void)g_snprintf(text, sizeof text, "at %" G_GINT64_MODIFIER "X%s",
            pro_hex_view_get_base(bar->view) + search->match.offset,
            !search->wrapped    ? ""
            : search->backwards ? ", from the end on"
                                : ", from the beginning on");
    set_note(bar, text, false);
}

static void search_done(void *user)
{
    Search *search = user;
    ProHexFindBar *bar = search->bar;
    show_idle(bar);
    if (search->status == PRO_OK)
        show_match(bar, search);
    else if (search->status == PRO_ERR_NOT_FOUND)
        set_note(bar, "not found", true);
    else if (search->status == PRO_ERR_ABORTED)
        set_note(bar, "cancelled", false);
    else
        set_note(bar, search->error.text, true);
}

static void search_release(void *user)
{
    Search *search = user;
    pro_container_unref(search->container);
    pro_pattern_unref(search->pattern);
    g_free(search);
}

static gboolean show_progress(void *user)
{
    ProHexFindBar *bar = user;
    int percent = hex_job_percent(bar->job);
    gtk_widget_set_visible(bar->progress, TRUE);
    gtk_widget_set_visible(bar->cancel, TRUE);
    gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(bar->progress), percent / 100.0);
    return G_SOURCE_CONTINUE;
}

static void start_search(ProHexFindBar *bar, ProPattern *pattern, bool backwards)
{
    static const HexJobOps ops = {
            .run = run_search, .done = search_done, .release = search_release};
    Search *search = g_new0(Search, 1);
    uint64_t cursor = pro_hex_view_get_cursor(bar->view);
    search->bar = bar;
    search->container = pro_container_ref(pro_hex_view_get_container(bar->view));
    search->pattern = pattern;
    search->kind = (HexFindKind)gtk_drop_down_get_selected(GTK_DROP_DOWN(bar->kind));
    search->backwards = backwards;
    search->from = backwards || bar->found_at != cursor ? cursor : cursor + 1;
    hex_job_drop(bar->job);
    show_idle(bar);
    set_note(bar, "searching", false);
    bar->job = hex_job_start("hex find", &ops, search);
    bar->poll = g_timeout_add(POLL_MS, show_progress, bar);
}

void pro_hex_find_bar_find(ProHexFindBar *bar, gboolean backwards)
{
    ProPattern *pattern = NULL;
    ProError error = {0};
    const char *text = gtk_editable_get_text(GTK_EDITABLE(bar->entry));
    if (text[0] == '\0') {
        pro_hex_find_bar_open(bar);
        return;
    }
    if (pro_hex_view_get_container(bar->view) == NULL)
        return;
    gtk_widget_set_visible(GTK_WIDGET(bar), TRUE);
    HexFindKind kind = (HexFindKind)gtk_drop_down_get_selected(GTK_DROP_DOWN(bar->kind));
    bool ignore_case = gtk_check_button_get_active(GTK_CHECK_BUTTON(bar->ignore_case));
    if (hex_find_compile(kind, text, ignore_case, &pattern, &error) != PRO_OK)
        set_note(bar, error.text, true);
    else
        start_search(bar, pattern, backwards);
}

gboolean pro_hex_find_bar_is_busy(ProHexFindBar *bar)
{
    return bar->job != NULL;
}

/* ---- opening and closing ---- */

/* A few selected bytes are what is looked for, most likely. */
static void take_selection(ProHexFindBar *bar)
{
    uint64_t offset;
    uint64_t size;
    uint8_t bytes[FROM_SELECTION_BYTES_MAX];
    char text[3 * FROM_SELECTION_BYTES_MAX + 1] = "";
    if (!pro_hex_view_get_selection(bar->view, &offset, &size) || size > sizeof bytes ||
            pro_hex_view_peek(bar->view, offset, bytes, size) != size)
        return;
    for (size_t i = 0; i < size; i++)
        (void)g_snprintf(text + 3 * i, 4, "%02X ", bytes[i]);
    text[3 * size - 1] = '\0';
    gtk_drop_down_set_selected(GTK_DROP_DOWN(bar->kind), HEX_FIND_HEX);
    gtk_editable_set_text(GTK_EDITABLE(bar->entry), text);
}

void pro_hex_find_bar_open(ProHexFindBar *bar)
{
    if (gtk_editable_get_text(GTK_EDITABLE(bar->entry))[0] == '\0')
        take_selection(bar);
    gtk_widget_set_visible(GTK_WIDGET(bar), TRUE);
    gtk_widget_grab_focus(bar->entry);
    gtk_editable_select_region(GTK_EDITABLE(bar->entry), 0, -1);
}

void pro_hex_find_bar_close(ProHexFindBar *bar)
{
    if (bar->job != NULL)
        hex_job_cancel(bar->job);
    gtk_widget_set_visible(GTK_WIDGET(bar), FALSE);
    gtk_widget_grab_focus(GTK_WIDGET(bar->view));
}

/* ---- the widgets ---- */

static void next_clicked(GtkWidget *widget, ProHexFindBar *bar)
{
    (void)widget;
    pro_hex_find_bar_find(bar, FALSE);
}

static void previous_clicked(GtkWidget *widget, ProHexFindBar *bar)
{
    (void)widget;
    pro_hex_find_bar_find(bar, TRUE);
}

static void cancel_clicked(GtkWidget *widget, ProHexFindBar *bar)
{
    (void)widget;
    if (bar->job != NULL)
        hex_job_cancel(bar->job);
}

static void close_clicked(GtkWidget *widget, ProHexFindBar *bar)
{
    (void)widget;
    pro_hex_find_bar_close(bar);
}

static void text_changed(GtkWidget *widget, ProHexFindBar *bar)
{
    (void)widget;
    bar->found_at = UINT64_MAX;
    set_note(bar, "", false);
}

static void kind_changed(GtkDropDown *kind, GParamSpec *property, ProHexFindBar *bar)
{
    (void)property;
    gtk_widget_set_sensitive(bar->ignore_case, gtk_drop_down_get_selected(kind) != HEX_FIND_HEX);
    text_changed(NULL, bar);
}

static gboolean key_pressed(GtkEventControllerKey *controller, guint key, guint code,
        GdkModifierType state, ProHexFindBar *bar)
{
    (void)controller;
    (void)code;
    if (key == GDK_KEY_Escape) {
        if (bar->job != NULL)
            hex_job_cancel(bar->job);
        else
            pro_hex_find_bar_close(bar);
        return TRUE;
    }
    bool enter = key == GDK_KEY_Return || key == GDK_KEY_KP_Enter;
    if (enter && gtk_widget_is_ancestor(
                         gtk_root_get_focus(gtk_widget_get_root(bar->entry)), bar->entry)) {
        pro_hex_find_bar_find(bar, (state & GDK_SHIFT_MASK) != 0);
        return TRUE;
    }
    return FALSE;
}

static void add_entry(ProHexFindBar *bar)
{
    const char *names[HEX_FIND_KINDS + 1] = {NULL};
    for (HexFindKind kind = 0; kind < HEX_FIND_KINDS; kind++)
        names[kind] = hex_find_kind_name(kind);
    bar->kind = gtk_drop_down_new_from_strings(names);
    hex_label_widget(bar->kind, "What to find", "Text, hex with ? for any digit, or a regex");
    g_signal_connect(bar->kind, "notify::selected", G_CALLBACK(kind_changed), bar);
    bar->entry = gtk_entry_new();
    gtk_widget_set_hexpand(bar->entry, TRUE);
    gtk_editable_set_width_chars(GTK_EDITABLE(bar->entry), 16);
    gtk_entry_set_placeholder_text(GTK_ENTRY(bar->entry), "Find");
    hex_label_widget(bar->entry, "Find", NULL);
    g_signal_connect(bar->entry, "changed", G_CALLBACK(text_changed), bar);
    bar->ignore_case = gtk_check_button_new_with_label("Ignore case");
    g_signal_connect(bar->ignore_case, "toggled", G_CALLBACK(text_changed), bar);
    gtk_box_append(GTK_BOX(bar), bar->kind);
    gtk_box_append(GTK_BOX(bar), bar->entry);
    gtk_box_append(GTK_BOX(bar), bar->ignore_case);
}

static GtkWidget *add_button(
        ProHexFindBar *bar, const char *label, const char *tip, GCallback clicked)
{
    GtkWidget *button = gtk_button_new_with_label(label);
    hex_label_widget(button, label, tip);
    g_signal_connect(button, "clicked", clicked, bar);
    gtk_box_append(GTK_BOX(bar), button);
    return button;
}

static void add_progress(ProHexFindBar *bar)
{
    bar->progress = gtk_progress_bar_new();
    gtk_widget_set_valign(bar->progress, GTK_ALIGN_CENTER);
    gtk_widget_set_size_request(bar->progress, 100, -1);
    hex_label_widget(bar->progress, "Progress of the search", NULL);
    gtk_box_append(GTK_BOX(bar), bar->progress);
    bar->cancel = add_button(bar, "Cancel", "Escape", G_CALLBACK(cancel_clicked));
    bar->note = gtk_label_new("");
    gtk_label_set_ellipsize(GTK_LABEL(bar->note), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(bar->note), 0);
    gtk_label_set_width_chars(GTK_LABEL(bar->note), 20);
    gtk_box_append(GTK_BOX(bar), bar->note);
}

static void dispose(GObject *object)
{
    ProHexFindBar *bar = PRO_HEX_FIND_BAR(object);
    g_clear_pointer(&bar->job, hex_job_drop);
    g_clear_handle_id(&bar->poll, g_source_remove);
    g_clear_object(&bar->view);
    G_OBJECT_CLASS(pro_hex_find_bar_parent_class)->dispose(object);
}

static void pro_hex_find_bar_class_init(ProHexFindBarClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
}

static void pro_hex_find_bar_init(ProHexFindBar *bar)
{
    bar->found_at = UINT64_MAX;
    gtk_orientable_set_orientation(GTK_ORIENTABLE(bar), GTK_ORIENTATION_HORIZONTAL);
    gtk_box_set_spacing(GTK_BOX(bar), 6);
    gtk_widget_add_css_class(GTK_WIDGET(bar), "toolbar");
    add_entry(bar);
    (void)add_button(bar, "Previous", "Shift+F3", G_CALLBACK(previous_clicked));
    (void)add_button(bar, "Next", "F3", G_CALLBACK(next_clicked));
    add_progress(bar);
    (void)add_button(bar, "Close", "Escape", G_CALLBACK(close_clicked));
    show_idle(bar);
    GtkEventController *keys = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(key_pressed), bar);
    gtk_widget_add_controller(GTK_WIDGET(bar), keys);
    gtk_widget_set_visible(GTK_WIDGET(bar), FALSE);
}

GtkWidget *pro_hex_find_bar_new(ProHexView *view)
{
    ProHexFindBar *bar = g_object_new(PRO_TYPE_HEX_FIND_BAR, NULL);
    bar->view = g_object_ref(view);
    return GTK_WIDGET(bar);
}
