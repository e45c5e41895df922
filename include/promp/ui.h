/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_UI_H
#define PROMP_UI_H

/*
 * Progress, questions and views: in windows (GTK 4) where there is a display, else on the terminal.
 * A library of its own, libpromp-ui; GTK is loaded by the first call that needs a window.
 *
 * Windows are used if DISPLAY or WAYLAND_DISPLAY is set; the environment variable PROMP_UI
 * ("terminal", "window") decides otherwise.
 *
 * Threads:  the process' main thread; any other gets PRO_ERR_WRONG_THREAD. Of a manager, of a
 * worker. Events:   callbacks run inside the calls that handle events: pro_ui_run(),
 * pro_ui_process_events(), pro_view_show_dialog(), a wait object's process_events, boxes and
 * choosers. Lifetime: views are counted. One that is open is kept by its window.
 */

#include <promp/box.h>
#include <promp/container.h>
#include <promp/status.h>
#include <promp/wait.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ProView ProView;

typedef enum ProViewType {
    PRO_VIEW_CUSTOM, /* what its markup says: pro_view_setup() */
    PRO_VIEW_HEX,
    PRO_VIEW_TEXT,
    PRO_VIEW_TABLE,
    PRO_VIEW_TREE,
    PRO_VIEW_PLOT,
    PRO_VIEW_TYPE_COUNT, /* those above may stand in a window of their own; below: controls */
    PRO_VIEW_LAYOUT = PRO_VIEW_TYPE_COUNT, /* hs vs hl vl gl tab group */
    PRO_VIEW_LABEL,
    PRO_VIEW_BUTTON,
    PRO_VIEW_PROGRESS,
    PRO_VIEW_EDIT,
    PRO_VIEW_CHECK,
    PRO_VIEW_COMBO,
    PRO_VIEW_IMAGE
} ProViewType;

/* What a callback is told of. */
typedef enum ProNotification {
    PRO_PVN_INIT = 1, /* the controls are there; before the window is shown */
    PRO_PVN_IDLE,     /* pro_view_start_idle(): a manager has something, or 250 ms went by */
    PRO_PVN_CLOSE,    /* the view was closed; its controls take no effect any more */
    PRO_PVN_BUTTON_CLICKED,
    PRO_PVN_TEXT_CHANGED,  /* of an edit or a text, by the person */
    PRO_PVN_VALUE_CHANGED, /* of a check or a combo, by the person */
    PRO_PVN_ROW_SELECTED,  /* of a table: row; of a tree: node */
    PRO_PVN_ROW_ACTIVATED, /* double click or Enter */
    PRO_PVN_GET_TABLE_ROW, /* fill it: pro_event_set_text() */
    PRO_PVN_CONTEXT_MENU,  /* add to it: pro_event_add_action() */
    PRO_PVN_ACTION,        /* of a context menu: action */
    PRO_PVN_PAGE_CHANGED   /* of a tab: row is the page */
} ProNotification;

typedef struct ProEvent ProEvent;

struct ProEvent {
    ProNotification code;
    ProView *view;  /* the control that it is about, or the custom view itself; lent */
    int64_t row;    /* row of a table, page of a tab; -1: none */
    int64_t node;   /* of a tree; 0: none */
    int64_t action; /* of a context menu */
    void *reply;    /* where pro_event_...() put what they are given */
};

/* `custom` is the view that was set up. What it returns means nothing yet: return 1 for what was
 * handled, else 0. */
typedef int (*ProViewFn)(ProView *custom, void *user, const ProEvent *event);

/* GET_TABLE_ROW: the text of a column. UTF-8, copied. */
PRO_API ProStatus pro_event_set_text(
        const ProEvent *event, size_t column, const char *text, ProError *reterr);
/* CONTEXT_MENU: one more action; `action` comes back with PRO_PVN_ACTION. */
PRO_API ProStatus pro_event_add_action(
        const ProEvent *event, int64_t action, const char *text, ProError *reterr);

/* ---- the process ---- */

/* Whether views come in windows; decided by the first call of any kind. */
PRO_API bool pro_ui_has_windows(void);
/* PRO_ERR_WRONG_THREAD unless this is the main thread. */
PRO_API ProStatus pro_ui_check_thread(ProError *reterr);
/* Asked between events by every call that waits, at least every 250 ms; false makes that call
 * return PRO_ERR_ABORTED. For languages whose signals are handled outside of signal handlers. */
PRO_API void pro_ui_set_check(bool (*check)(void *user), void *user);
/* Handles events until no view is open. */
PRO_API ProStatus pro_ui_run(ProError *reterr);
/* Handles what has come; does not wait. */
PRO_API ProStatus pro_ui_process_events(ProError *reterr);
/* Closes every view that is open. */
PRO_API void pro_ui_close_all(void);
/* The longest that the event loop was away from its events since the last call, in ns: callbacks
 * and drawing. By the clock, and by this thread's use of the processor, which a busy machine does
 * not change. For tests and benches. */
PRO_API void pro_ui_take_longest_ns(uint64_t *ret_clock, uint64_t *ret_processor);

/* ---- views ---- */

PRO_API ProStatus pro_view_new(
        ProViewType type, const char *title, ProView **ret_view, ProError *reterr) PRO_WARN_UNUSED;
/* Any thread, as an exception. A control counts as its view. */
PRO_API ProView *pro_view_ref(ProView *view);
PRO_API void pro_view_unref(ProView *view);           /* NULL is allowed */
PRO_API bool pro_view_is_shared(const ProView *view); /* whether there is more than one reference */

/*
 * Says what a PRO_VIEW_CUSTOM consists of, once. The markup is XML, see docs/ui-markup.md; for
 * malformed XML and unknown or wrong parts PRO_ERR_INVALID, with line, column and element. Other
 * types are set up without markup (NULL) for their callback alone. `free_user` (may be NULL) is
 * called when `user` is not needed any more.
 */
PRO_API ProStatus pro_view_setup(ProView *view, const char *markup, ProViewFn callback, void *user,
        void (*free_user)(void *user), ProError *reterr) PRO_WARN_UNUSED;

/* Opens it in a window of its own, or prints it. Returns at once. */
PRO_API ProStatus pro_ui_add_view(ProView *view, ProError *reterr) PRO_WARN_UNUSED;
/* Opens it in front of the others and handles events until it is closed. */
PRO_API ProStatus pro_view_show_dialog(
        ProView *view, int *ret_result, ProError *reterr) PRO_WARN_UNUSED;
/* Closes the window that the view, or the control, is in. `result` is what show_dialog() gives
 * back; 0 if the person closes it. */
PRO_API ProStatus pro_view_close(ProView *view, int result, ProError *reterr);
/* The one whose window the person used last, lent; NULL: none is open. */
PRO_API ProView *pro_ui_current_view(void);
PRO_API bool pro_view_is_open(const ProView *view);

PRO_API ProViewType pro_view_type(const ProView *view);
PRO_API const char *pro_view_type_text(ProViewType type);
/* The id in the markup; -1: it has none. */
PRO_API int64_t pro_view_id(const ProView *view);
/* The control of that id in a custom view; lent. PRO_ERR_INVALID names those that are there. */
PRO_API ProStatus pro_view_find(
        ProView *view, int64_t id, ProView **ret_control, ProError *reterr) PRO_WARN_UNUSED;
/* The custom view that a control belongs to, else the view itself; lent. */
PRO_API ProView *pro_view_top(ProView *view);

/* For language bindings: one pointer beside each view, never looked at. */
PRO_API void pro_view_set_companion(ProView *view, void *companion);
PRO_API void *pro_view_companion(const ProView *view);
/* What pro_view_setup() was given. */
PRO_API void *pro_view_user(const ProView *view);

/* PRO_PVN_IDLE from now on: when a manager of this thread has something to deliver, at most every
 * 10 ms, and every 250 ms. */
PRO_API ProStatus pro_view_start_idle(ProView *view, ProError *reterr);
PRO_API ProStatus pro_view_stop_idle(ProView *view, ProError *reterr);

/* ---- what controls show. PRO_ERR_UNSUPPORTED names control and property. ---- */

/* UTF-8, copied. Of a text, label, edit, button, check, progress bar (beside the bar) or group; of
 * a view: its title. */
PRO_API ProStatus pro_view_set_text(ProView *view, const char *text, ProError *reterr);
/* Yours to free(). */
PRO_API ProStatus pro_view_get_text(
        ProView *view, char **ret_text, ProError *reterr) PRO_WARN_UNUSED;
/* Of a text or edit: replaces what is selected, or inserts where the cursor is; a text that shows
 * its end goes on showing it. */
PRO_API ProStatus pro_view_set_selected_text(ProView *view, const char *text, ProError *reterr);
PRO_API ProStatus pro_view_get_selected_text(
        ProView *view, char **ret_text, ProError *reterr) PRO_WARN_UNUSED;
/* Progress bar: between its min and max (what lies outside counts as the nearest). Check: 0 or 1.
 * Combo: the item's number. Tab: the page's number. */
PRO_API ProStatus pro_view_set_value(ProView *view, int64_t value, ProError *reterr);
PRO_API ProStatus pro_view_get_value(
        ProView *view, int64_t *ret_value, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_view_set_range(
        ProView *view, int64_t minimum, int64_t maximum, ProError *reterr);
PRO_API ProStatus pro_view_set_enabled(ProView *view, bool enabled, ProError *reterr);
PRO_API bool pro_view_is_enabled(const ProView *view);
PRO_API ProStatus pro_view_set_visible(ProView *view, bool visible, ProError *reterr);
PRO_API bool pro_view_is_visible(const ProView *view);
PRO_API ProStatus pro_view_set_focus(ProView *view, ProError *reterr);
/* Combo: its items. Table and tree: the columns' titles. */
PRO_API ProStatus pro_view_set_items(
        ProView *view, const char *const *items, size_t count, ProError *reterr);
/* Table: how many rows there are; PRO_PVN_GET_TABLE_ROW asks for those that are seen. Asks anew. */
#define PRO_VIEW_ROWS_MAX 2000000000
PRO_API ProStatus pro_view_set_row_count(ProView *view, int64_t count, ProError *reterr);
PRO_API ProStatus pro_view_get_row_count(
        ProView *view, int64_t *ret_count, ProError *reterr) PRO_WARN_UNUSED;
/* Table: width of a column in characters; 0: as its title needs. */
PRO_API ProStatus pro_view_set_column_width(
        ProView *view, size_t column, int characters, ProError *reterr);
/* Table: row, -1: none. Tree: node, 0: none. */
PRO_API ProStatus pro_view_set_selected(ProView *view, int64_t row_or_node, ProError *reterr);
PRO_API ProStatus pro_view_get_selected(
        ProView *view, int64_t *ret, ProError *reterr) PRO_WARN_UNUSED;
/* Tree: a node below `parent` (0: at the top); one text a column. Numbered from 1. */
PRO_API ProStatus pro_view_add_node(ProView *view, int64_t parent, const char *const *texts,
        size_t count, int64_t *ret_node, ProError *reterr);
PRO_API ProStatus pro_view_set_expanded(
        ProView *view, int64_t node, bool expanded, ProError *reterr);
/* Text, tree, table, plot, hex: empties it. */
PRO_API ProStatus pro_view_clear(ProView *view, ProError *reterr);
/* Plot: a line through (x, y); x NULL: 0, 1, 2... Copied; a name that is there already is replaced.
 */
#define PRO_PLOT_POINTS_MAX 1000000
#define PRO_PLOT_SERIES_MAX 16
PRO_API ProStatus pro_view_set_series(ProView *view, const char *name, const double *x,
        const double *y, size_t count, ProError *reterr);
/* Hex: what it shows; referenced. Image: a picture file's bytes (PNG, JPEG). */
PRO_API ProStatus pro_view_set_data(ProView *view, ProContainer *container, ProError *reterr);
/* What the view shows as plain text, as it is printed on a terminal. Yours to free(). */
PRO_API ProStatus pro_view_print(ProView *view, char **ret_text, ProError *reterr) PRO_WARN_UNUSED;
/* Where in its window a view that is open stands: pixels from the left and top, and its size. For
 * tests. PRO_ERR_EMPTY: it was not laid out yet. PRO_ERR_UNSUPPORTED on a terminal. */
PRO_API ProStatus pro_view_place(ProView *view, int ret_place[4], ProError *reterr) PRO_WARN_UNUSED;
/* A PNG of the window, for tests. PRO_ERR_UNSUPPORTED on a terminal. */
PRO_API ProStatus pro_view_save_picture(ProView *view, const char *path, ProError *reterr);

/* ---- questions ---- */

/* Shows it and waits for the button that is pressed; pro_box_least() if the box is closed
 * otherwise, or if the terminal's input is at its end. In a worker without a window:
 * pro_worker_show_box(). */
PRO_API ProStatus pro_ui_message_box(
        const ProBox *box, ProBoxButtons *ret_button, ProError *reterr) PRO_WARN_UNUSED;
/* Boxes of workers that have no window are shown by this library from now on, in windows if there
 * are any. The first call that needs the user interface does it, too. */
PRO_API void pro_ui_show_boxes(void);
/* filters: "Executables (*.exe *.dll);;All files (*)", or NULL. start: folder or file, or NULL. The
 * path, yours to free(); "" if the person cancelled. */
PRO_API ProStatus pro_ui_open_file_name(const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_ui_save_file_name(const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr) PRO_WARN_UNUSED;

/* ---- wait objects ---- */

typedef struct ProUiWait ProUiWait;

#define PRO_UI_WAIT_DELAY_MS 300

/* A dialog with a text, a progress bar and Cancel, or a line on the terminal, once `delay_ms` went
 * by without stop(); 0: at once. On a terminal Ctrl-C is its Cancel. */
PRO_API ProStatus pro_ui_start_wait(
        const char *text, int delay_ms, ProUiWait **ret_wait, ProError *reterr) PRO_WARN_UNUSED;
/* For pro_manager_create_wait(); its `user` is the ProUiWait. */
PRO_API const ProWaitOps *pro_ui_wait_ops(void);
PRO_API void pro_ui_wait_msg(ProUiWait *wait, const char *text);
PRO_API void pro_ui_wait_progress(ProUiWait *wait, int64_t percent);
PRO_API bool pro_ui_wait_was_aborted(ProUiWait *wait);
PRO_API void pro_ui_wait_abort(ProUiWait *wait);
PRO_API void pro_ui_wait_process_events(ProUiWait *wait);
PRO_API void pro_ui_wait_stop(ProUiWait *wait);
PRO_API void pro_ui_wait_free(ProUiWait *wait); /* stops it; NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
