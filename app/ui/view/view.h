/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "ui/markup/markup.h"

#include <promp/ui.h>
#include <stdatomic.h>

/*
 * Views as they are, and the backends that show them. What a view shows is kept here; a backend
 * (windows: ../gtk; terminal: ../terminal) reads it, is told of changes, and tells what the person
 * does. So the same calls work without a display, before a window is there and after it is gone.
 *
 * The files, by noun:
 *   view.c         the object: making, counting, finding, calling back
 *   content.c      what controls show
 *   tree.c         nodes and series
 *   loop.c         events, idle notifications, what is open
 *   wait.c         wait objects
 *   ../backend.c   which backend; thread; the public calls that it answers
 */

typedef struct UiTreeNode {
    int64_t parent;      /* 0: at the top */
    int64_t first, last; /* children; 0: none */
    int64_t next;        /* below the same parent */
    bool expanded;
    char *text; /* columns separated by 0x1F */
} UiTreeNode;

typedef struct UiSeries {
    char *name;
    double *x, *y;
    size_t count;
} UiSeries;

/* What changed in a view that is shown. */
typedef enum UiProperty {
    UI_TEXT_OF, /* caption; for edit and text the backend's own functions are called */
    UI_VALUE,
    UI_ENABLED,
    UI_VISIBLE,
    UI_ITEMS,
    UI_ROWS,
    UI_COLUMN_WIDTHS,
    UI_SELECTED,
    UI_NODES,
    UI_EXPANDED,
    UI_SERIES,
    UI_DATA
} UiProperty;

struct ProView {
    atomic_uint references; /* of the top; controls live with it */
    ProViewType type;
    UiNode *node; /* its element; a control's belongs to the top's tree */
    bool owns_node;
    ProView *top;
    ProView **children; /* controls and layouts of a custom view, as in the markup */
    size_t child_count;
    void *native;    /* the backend's, while the view is open */
    void *companion; /* the language's, borrowed: pro_view_set_companion() */

    char *text; /* caption, title or content; content: only while there is no native */
    int64_t value, minimum, maximum;
    bool enabled, visible;
    char **items; /* of a combo; titles of columns */
    size_t item_count;
    int *column_widths; /* in characters; item_count of them */
    int64_t row_count;
    int64_t selected; /* row, -1: none; node, 0: none */
    UiTreeNode *tree; /* [0] stands for the top */
    size_t tree_count, tree_capacity;
    UiSeries *series;
    size_t series_count;
    ProContainer *data;

    /* of a top */
    ProViewFn callback;
    void *user;
    void (*free_user)(void *user);
    bool is_set_up, is_open, is_dialog, was_initialised;
    bool is_idle;       /* wants idle notifications */
    int64_t idle_at_ns; /* the slow timer's next turn */
    int result;         /* of a dialog */
    ProView *next_open; /* the one opened before */
};

/* ---- view.c ---- */

/* Calls back; 0 if nobody is there to be called. The view lives until this returns. */
UI_SHARED int view_notify(ProView *view, ProNotification code);
UI_SHARED int view_notify_event(ProView *view, ProEvent *event);
/* Replaces *text by a copy. */
ProStatus view_store_text(char **text, const char *source, ProError *reterr);
/* The name for who cannot see it: name, else text, else title, else what kind it is. */
UI_SHARED const char *view_accessible_name(const ProView *view);
UI_SHARED bool view_has_own_text(const ProView *view); /* edit or text: the person writes in it */
ProStatus view_refuse(const ProView *view, const char *property, ProError *reterr);

/* ---- tree.c ---- */

void view_tree_fini(ProView *view);
UI_SHARED const char *view_tree_text(
        const UiTreeNode *node, size_t column, char *buffer, size_t size);
void view_plot_fini(ProView *view);

/* ---- tables ---- */

/* Cells of one row, as a callback fills them; the texts are this object's. */
typedef struct UiRow {
    char **cells;
    size_t count;
} UiRow;

/* Asks for a row; false without memory. Free it with view_row_fini(). */
UI_SHARED bool view_fetch_row(ProView *view, int64_t row, UiRow *ret_row);
UI_SHARED void view_row_fini(UiRow *row);

/* Actions of a context menu, as a callback adds them. */
typedef struct UiMenu {
    struct {
        int64_t action;
        char *text;
    } items[32];
    size_t count;
} UiMenu;

UI_SHARED void view_fetch_menu(ProView *view, int64_t row, int64_t node, UiMenu *ret_menu);
UI_SHARED void view_menu_fini(UiMenu *menu);

/* ---- loop.c ---- */

enum {
    LOOP_SLICE_MS = 250,     /* the longest wait: signals and aborts are looked at in between */
    LOOP_IDLE_MS = 250,      /* the slow timer of idle notifications */
    LOOP_IDLE_PAUSE_MS = 10, /* between two for a manager's sake */
    LOOP_PUMP_MS = 100       /* process_events() comes back though more is to be done */
};

UI_SHARED int64_t loop_now_ns(void);
/* What a backend that is about to wait must know: the managers' descriptor (-1: do not watch it)
 * and how long until something else is due, in ms. */
UI_SHARED void loop_due(int *ret_fd, int *ret_timeout_ms);
/* After the wait: idle notifications that are due. */
UI_SHARED void loop_dispatch(bool fd_ready);
/* The time away from events, told by the backend around its wait. */
UI_SHARED void loop_before_wait(void);
UI_SHARED void loop_after_wait(void);
/* Handles events until `done`. PRO_ERR_ABORTED if the check said so. */
UI_SHARED ProStatus loop_wait_until(bool (*done)(void *user), void *user, ProError *reterr);
/* Handles what has come, for a call that is not the user interface's. */
void loop_pump(void);
/* Whether a language handles signals; then it is asked whether to wait on after one. */
bool loop_has_check(void);
bool loop_goes_on(void *unused);
UI_SHARED ProView *loop_first_open(void); /* the newest; the others by next_open */
size_t loop_open_count(void);
ProStatus loop_open(ProView *view, bool as_dialog, ProError *reterr);
/* The window is gone, or shall be. */
UI_SHARED void loop_close(ProView *view, int result);
UI_SHARED void loop_set_current(ProView *view);

/* ---- ../backend.c ---- */

typedef struct UiBackend {
    bool has_windows;
    /* Makes what is seen, without showing it yet. The members up to `present` are called with tops.
     */
    ProStatus (*open)(ProView *view, ProError *reterr);
    void (*present)(ProView *view);
    void (*close)(ProView *view); /* keeps what the person wrote in ProView.text */
    ProStatus (*save_picture)(ProView *view, const char *path, ProError *reterr);
    /* Of any view, while it is open. */
    ProStatus (*place)(ProView *view, int ret_place[4], ProError *reterr);
    void (*update)(ProView *view, UiProperty property);
    void (*set_text)(ProView *view, const char *text); /* edit and text only, as the two below */
    void (*insert_text)(ProView *view, const char *text);
    char *(*get_text)(ProView *view, bool selected); /* NULL without memory */
    void (*focus)(ProView *view);
    /* Waits for events and handles them: at most `timeout_ms`, 0 does not wait. False: nothing
     * came. */
    bool (*iterate)(int timeout_ms);
    /* Wait objects, from start to stop; may be NULL. */
    void (*wait_begin)(ProUiWait *wait);
    void (*wait_end)(ProUiWait *wait);
    bool (*wait_was_aborted)(ProUiWait *wait); /* by means of the backend's own */
    /* Shows text and value as they are now; makes what is shown if need be. */
    void (*wait_show)(ProUiWait *wait);
    void (*wait_hide)(ProUiWait *wait);
    ProStatus (*message_box)(const ProBox *box, ProBoxButtons *ret_button, ProError *reterr);
    /* A worker's box, beside whatever else is open: until pro_shown_box_answer() or box_close. */
    void (*box_open)(ProShownBox *box);
    void (*box_close)(ProShownBox *box);
    int (*box_fd)(void); /* readable when it may be answered; -1, or NULL: nothing tells */
    ProStatus (*choose_file)(bool save, const char *title, const char *start, const char *filters,
            char **ret_path, ProError *reterr);
} UiBackend;

/* The backend, chosen at the first call; NULL with an error in a wrong thread. */
const UiBackend *backend_get(ProError *reterr);
/* The one in use, or NULL. */
const UiBackend *backend_current(void);
/* The function that the module promp-ui-gtk.so exports under this name. */
#define UI_GTK_ENTRY "pro_ui_gtk_backend"
typedef const UiBackend *(*UiGtkEntry)(ProError *reterr);

/* ---- wait.c ---- */

struct ProUiWait {
    char title[64]; /* how its text began */
    char text[PRO_WAIT_TEXT_MAX + 1];
    int64_t value;
    bool has_value;
    int64_t begun_ns, first_value_ns;
    int64_t first_value;
    int delay_ms;
    bool aborted, stopped;
    bool is_shown;
    void *native;
    ProUiWait *next; /* of those not stopped, oldest first */
};

ProUiWait *wait_first(void);
/* "4.2/s, 12 s left", or "" while that is not known. */
UI_SHARED void wait_estimate(const ProUiWait *wait, char *text, size_t size);

#endif
