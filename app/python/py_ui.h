/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_UI_H
#define PY_UI_H

#include "py_api.h"

#include <promp/ui.h>
#include <stdbool.h>

/*
 * What the sources of the extension module Pro._ui share. Everything holds the GIL unless it says
 * otherwise.
 *
 * Callbacks run inside calls that let the GIL go. What one raises is shown as a traceback, and the
 * view lives on; KeyboardInterrupt and SystemExit end the call that handles the events.
 */

extern const PyApi *py_ui_api;

/* ---- py_ui_module.c ---- */

/* Shows the exception that is set, or keeps it for the end of the call under way. */
void py_ui_report_exception(void);
/* At the end of every call that may have run callbacks: None; or NULL with what was kept, or with
 * what fits the status. */
PyObject *py_ui_finish(ProStatus status, const ProError *error);
/* The same for calls with a value of their own: false with an exception. */
bool py_ui_check(ProStatus status, const ProError *error);

/* ---- py_ui_view.c ---- */

int py_ui_view_init(PyObject *module);
/* New reference to the view's object, of which there is one. */
PyObject *py_ui_view_wrap(ProView *view);
/* Lent; NULL with TypeError if it is none. */
ProView *py_ui_view_get(PyObject *object);

/* ---- py_ui_content.c: the methods for what controls show ---- */

extern PyMethodDef py_ui_content_methods[];

/* ---- py_ui_event.c ---- */

int py_ui_event_init(PyObject *module);
/* The callback's last argument. */
PyObject *py_ui_event_new(const ProEvent *event);
/* The callback is through: the object is of no use any more. Takes the reference. */
void py_ui_event_end(PyObject *object);

/* ---- py_ui_wait.c ---- */

int py_ui_wait_init(PyObject *module);

#endif
