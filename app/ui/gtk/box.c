/* SPDX-License-Identifier: Apache-2.0 */

/* Boxes: this process' own, which handle events until they are answered, and those of its workers,
 * which stand beside whatever else is open. */

#include "gtk_private.h"

#include <string.h>

enum {
    TEXT_HEIGHT_MAX = 420, /* a longer text scrolls: the buttons stay on the screen */
    WORD_MAX = 200,        /* characters; a longer one is broken */
};

typedef struct BoxWindow BoxWindow;

struct BoxWindow {
    BoxWindow *next; /* of a worker's */
    GtkWindow *window;
    unsigned buttons;
    ProBoxButtons answer; /* 0: none yet */
    ProShownBox *shown;   /* a worker's; NULL: our own */
};

static BoxWindow *first; /* of those of workers */

/* ---- answers ---- */

/* A worker's box is gone afterwards. */
static void take_down(BoxWindow *box)
{
    for (BoxWindow **place = &first; *place != NULL; place = &(*place)->next) {
        if (*place == box) {
            *place = box->next;
            break;
        }
    }
    gtk_window_destroy(box->window);
    g_free(box);
}

static void press(BoxWindow *box, ProBoxButtons button)
{
    ProShownBox *shown = box->shown;
    box->answer = button;
    if (shown == NULL)
        return;
    take_down(box);
    pro_shown_box_answer(shown, button);
}

static void on_button(GtkButton *button, BoxWindow *box)
{
    press(box, (ProBoxButtons)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(button), "promp-button")));
}

static void close_box(void *user)
{
    BoxWindow *box = user;
    press(box, pro_box_least(box->buttons));
}

static gboolean on_close(GtkWindow *window, void *user)
{
    (void)window;
    close_box(user);
    return TRUE;
}

/* ---- the window ---- */

static GtkWidget *make_buttons(BoxWindow *box)
{
    static const struct {
        ProBoxButtons button;
        const char *text;
    } known[] = {{PRO_BOX_CANCEL, "Cancel"}, {PRO_BOX_NO, "No"}, {PRO_BOX_YES, "Yes"},
            {PRO_BOX_OK, "OK"}};
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *last = NULL;
    gtk_widget_set_halign(row, GTK_ALIGN_END);
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if ((box->buttons & known[i].button) == 0)
            continue;
        last = gtk_button_new_with_label(known[i].text);
        gtk_widget_set_size_request(last, 86, -1);
        g_object_set_data(G_OBJECT(last), "promp-button", GINT_TO_POINTER(known[i].button));
        g_signal_connect(last, "clicked", G_CALLBACK(on_button), box);
        gtk_box_append(GTK_BOX(row), last);
    }
    gtk_widget_add_css_class(last, "suggested-action");
    gtk_window_set_default_widget(box->window, last);
    gtk_window_set_focus(box->window, last);
    return row;
}

/* Valid, and without endless words: Pango needs half a minute to wrap one of 16 KiB. */
static char *wrappable(const char *text)
{
    char *good = g_utf8_make_valid(text, -1);
    GString *wrapped = g_string_sized_new(strlen(good));
    int word = 0;
    for (const char *at = good; *at != '\0'; at = g_utf8_next_char(at)) {
        word = g_unichar_isspace(g_utf8_get_char(at)) ? 0 : word + 1;
        if (word % WORD_MAX == 0 && word > 0)
            g_string_append_c(wrapped, '\n');
        g_string_append_len(wrapped, at, g_utf8_next_char(at) - at);
    }
    g_free(good);
    return g_string_free(wrapped, FALSE);
}

static GtkWidget *make_text(const char *text)
{
    char *shown = wrappable(text);
    GtkWidget *label = gtk_label_new(shown);
    GtkWidget *scroller = gtk_scrolled_window_new();
    g_free(shown);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 60);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_widget_set_focusable(label, FALSE);
    gtk_widget_add_css_class(label, "promp-text");
    gtk_widget_set_valign(label, GTK_ALIGN_START);
    gtk_scrolled_window_set_policy(
            GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_scrolled_window_set_propagate_natural_width(GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroller), TEXT_HEIGHT_MAX);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), label);
    gtk_widget_set_vexpand(scroller, TRUE);
    gtk_widget_set_hexpand(scroller, TRUE);
    return scroller;
}

/* The icon and the text beside it. */
static GtkWidget *make_message(const ProBox *box)
{
    static const char *const names[] = {NULL, "dialog-information-symbolic",
            "dialog-question-symbolic", "dialog-warning-symbolic", "dialog-error-symbolic"};
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 16);
    if (box->icon != PRO_BOX_ICON_NONE) {
        GtkWidget *image = gtk_image_new_from_icon_name(names[box->icon]);
        gtk_image_set_pixel_size(GTK_IMAGE(image), 32);
        gtk_widget_set_valign(image, GTK_ALIGN_START);
        gtk_box_append(GTK_BOX(row), image);
    }
    gtk_box_append(GTK_BOX(row), make_text(box->text));
    return row;
}

static BoxWindow *open_window(const ProBox *asked, ProShownBox *shown)
{
    BoxWindow *box = g_new(BoxWindow, 1);
    *box = (BoxWindow){
            .window = GTK_WINDOW(gtk_window_new()), .buttons = asked->buttons, .shown = shown};
    GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 18);
    gtk_widget_set_margin_top(content, 22);
    gtk_widget_set_margin_bottom(content, 16);
    gtk_widget_set_margin_start(content, 22);
    gtk_widget_set_margin_end(content, 22);
    gtk_box_append(GTK_BOX(content), make_message(asked));
    gtk_widget_add_css_class(GTK_WIDGET(box->window), "promp-box");
    gtk_window_set_title(box->window, asked->title);
    gtk_window_set_child(box->window, content);
    gtk_window_set_default_size(box->window, 320, -1);
    gtk_window_set_transient_for(box->window, gtk_backend_front_window());
    gtk_window_set_modal(box->window, shown == NULL); /* a worker must not hold the program up */
    gtk_box_append(GTK_BOX(content), make_buttons(box));
    g_signal_connect(box->window, "close-request", G_CALLBACK(on_close), box);
    gtk_backend_add_keys(box->window, true, close_box, box);
    gtk_window_present(box->window);
    return box;
}

/* ---- our own ---- */

static bool box_is_answered(void *user)
{
    const BoxWindow *box = user;
    return box->answer != 0;
}

ProStatus gtk_ask_box(const ProBox *asked, ProBoxButtons *ret_button, ProError *reterr)
{
    BoxWindow *box = open_window(asked, NULL);
    ProStatus status = loop_wait_until(box_is_answered, box, reterr);
    if (status == PRO_OK)
        *ret_button = box->answer;
    take_down(box);
    (void)pro_ui_process_events(NULL); /* it goes from the screen now */
    return status;
}

/* ---- those of workers ---- */

void gtk_box_of_worker_open(ProShownBox *shown)
{
    BoxWindow *box = open_window(pro_shown_box_get(shown), shown);
    box->next = first;
    first = box;
}

void gtk_box_of_worker_close(ProShownBox *shown)
{
    BoxWindow *box = first;
    while (box != NULL && box->shown != shown)
        box = box->next;
    if (box != NULL)
        take_down(box);
}
