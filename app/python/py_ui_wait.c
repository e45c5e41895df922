/* SPDX-License-Identifier: Apache-2.0 */
#include "py_ui.h"

/* ProUIWait: what ProContext.startWait() gives. */

typedef struct PyUiWait {
    PyObject_HEAD ProUiWait *wait;
} PyUiWait;

static PyTypeObject *wait_type;

static PyObject *start_wait(PyObject *module, PyObject *arguments)
{
    (void)module;
    const char *text;
    int delay_ms;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "si:startWait", &text, &delay_ms))
        return NULL;
    PyUiWait *self = (PyUiWait *)wait_type->tp_alloc(wait_type, 0);
    if (self == NULL)
        return NULL;
    ProStatus status;
    Py_BEGIN_ALLOW_THREADS status = pro_ui_start_wait(text, delay_ms, &self->wait, &error);
    Py_END_ALLOW_THREADS if (py_ui_check(status, &error)) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void wait_dealloc(PyUiWait *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ProUiWait *wait = self->wait;
    PyObject *kind;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&kind, &value, &traceback);
    Py_BEGIN_ALLOW_THREADS pro_ui_wait_free(wait);
    Py_END_ALLOW_THREADS PyErr_Restore(kind, value, traceback);
    type->tp_free(self);
    Py_DECREF(type);
}

static bool is_main_thread(void)
{
    ProError error = {0};
    return py_ui_check(pro_ui_check_thread(&error), &error);
}

static PyObject *wait_msg(PyUiWait *self, PyObject *text)
{
    const char *utf8 = PyUnicode_AsUTF8(text);
    if (utf8 == NULL || !is_main_thread())
        return NULL;
    pro_ui_wait_msg(self->wait, utf8);
    return py_ui_finish(PRO_OK, NULL);
}

static PyObject *wait_progress(PyUiWait *self, PyObject *number)
{
    int overflow = 0;
    long long percent = PyLong_AsLongLongAndOverflow(number, &overflow);
    if ((percent == -1 && PyErr_Occurred()) || !is_main_thread())
        return NULL;
    pro_ui_wait_progress(self->wait, overflow > 0 ? 100 : percent);
    return py_ui_finish(PRO_OK, NULL);
}

static PyObject *wait_was_aborted(PyUiWait *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(pro_ui_wait_was_aborted(self->wait));
}

static PyObject *wait_abort(PyUiWait *self, PyObject *unused)
{
    (void)unused;
    if (!is_main_thread())
        return NULL;
    pro_ui_wait_abort(self->wait);
    return py_ui_finish(PRO_OK, NULL);
}

static PyObject *wait_process_events(PyUiWait *self, PyObject *unused)
{
    (void)unused;
    ProUiWait *wait = self->wait;
    if (!is_main_thread())
        return NULL;
    Py_BEGIN_ALLOW_THREADS pro_ui_wait_process_events(wait);
    Py_END_ALLOW_THREADS return py_ui_finish(PRO_OK, NULL);
}

static PyObject *wait_stop(PyUiWait *self, PyObject *unused)
{
    (void)unused;
    ProUiWait *wait = self->wait;
    if (!is_main_thread())
        return NULL;
    Py_BEGIN_ALLOW_THREADS pro_ui_wait_stop(wait);
    Py_END_ALLOW_THREADS return py_ui_finish(PRO_OK, NULL);
}

static PyObject *wait_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(self);
}

static PyObject *wait_exit(PyUiWait *self, PyObject *unused)
{
    PyObject *stopped = wait_stop(self, unused);
    Py_XDECREF(stopped);
    return stopped == NULL ? NULL : Py_NewRef(Py_False);
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

int py_ui_wait_init(PyObject *module)
{
    static PyMethodDef methods[] = {
            {"msg", METHOD(wait_msg), METH_O, "msg(text)\n\nShows a new text."},
            {"progress", METHOD(wait_progress), METH_O,
                    "progress(percent)\n\nShows a new value, 0 to 100."},
            {"wasAborted", METHOD(wait_was_aborted), METH_NOARGS,
                    "wasAborted() -> bool\n\nThe person asked to stop: Cancel, or Ctrl-C on a terminal."},
            {"abort", METHOD(wait_abort), METH_NOARGS, "abort()\n\nAsks to stop, as Cancel does."},
            {"processEvents", METHOD(wait_process_events), METH_NOARGS,
                    "processEvents()\n\nLets windows be drawn and clicked; call it often."},
            {"stop", METHOD(wait_stop), METH_NOARGS,
                    "stop()\n\nThe work is over: nothing is shown any more."},
            {"__enter__", METHOD(wait_enter), METH_NOARGS, NULL},
            {"__exit__", METHOD(wait_exit), METH_VARARGS, NULL},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_doc, (void *)"A wait object of the user interface; see ProContext.startWait()."},
            {Py_tp_dealloc, (void *)wait_dealloc},
            {Py_tp_methods, methods},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.UI.ProUIWait",
            .basicsize = sizeof(PyUiWait),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots};
    static PyMethodDef functions[] = {
            {"startWait", start_wait, METH_VARARGS, "startWait(text, delay)"},
            {0},
    };
    wait_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (wait_type == NULL || PyModule_AddObjectRef(module, "ProUIWait", (PyObject *)wait_type) != 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
