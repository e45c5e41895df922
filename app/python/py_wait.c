/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"

/* A worker's wait object at its manager: passes on to any Python object with (some of) the methods
 * msg, progress, wasAborted, abort, processEvents, stop. */

typedef struct PyWait {
    PyObject_HEAD PyManager *manager;
    PyObject *target;
    ProRemoteWait *wait;
} PyWait;

static PyTypeObject *wait_type;

/* Calls a method if there is one; steals `argument`. What it raises is kept for the call under way.
 */
static PyObject *call(PyWait *self, const char *method, PyObject *argument)
{
    PyObject *function = PyObject_GetAttrString(self->target, method);
    PyObject *result = NULL;
    if (function == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        result = Py_NewRef(Py_None);
    } else if (function != NULL) {
        result = argument == NULL ? PyObject_CallNoArgs(function)
                                  : PyObject_CallOneArg(function, argument);
    }
    Py_XDECREF(function);
    Py_XDECREF(argument);
    if (result == NULL)
        py_manager_keep_failure(self->manager);
    return result;
}

static void on_msg(void *user, const char *text)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call(user, "msg", PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace")));
    PyGILState_Release(state);
}

static void on_progress(void *user, int64_t value)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call(user, "progress", PyLong_FromLongLong(value)));
    PyGILState_Release(state);
}

static bool on_was_aborted(void *user)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = call(user, "wasAborted", NULL);
    bool aborted = result != NULL && PyObject_IsTrue(result) == 1;
    Py_XDECREF(result);
    PyGILState_Release(state);
    return aborted;
}

static void on_abort(void *user)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call(user, "abort", NULL));
    PyGILState_Release(state);
}

static void on_process_events(void *user)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call(user, "processEvents", NULL));
    PyGILState_Release(state);
}

static void on_stop(void *user)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call(user, "stop", NULL));
    PyGILState_Release(state);
}

static const ProWaitOps ops = {.msg = on_msg,
        .progress = on_progress,
        .was_aborted = on_was_aborted,
        .abort = on_abort,
        .process_events = on_process_events,
        .stop = on_stop};

PyObject *py_wait_new(PyManager *manager, ProWorkerId worker, PyObject *wait_object)
{
    ProManager *native = py_manager_get(manager);
    if (native == NULL)
        return NULL;
    PyWait *self = (PyWait *)wait_type->tp_alloc(wait_type, 0);
    if (self == NULL)
        return NULL;
    self->manager = (PyManager *)Py_NewRef(manager);
    self->target = Py_NewRef(wait_object);
    ProError error = {0};
    if (pro_manager_create_wait(native, worker, &ops, self, &self->wait, &error) == PRO_OK)
        return (PyObject *)self;
    Py_DECREF(self);
    return py_error_raise(&error);
}

static void wait_dealloc(PyWait *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pro_remote_wait_free(self->wait);
    Py_XDECREF(self->target);
    Py_XDECREF(self->manager);
    type->tp_free(self);
    Py_DECREF(type);
}

/* What a callback raised comes out of the method that called it. */
static PyObject *finish(PyWait *self)
{
    if (self->manager->failure == NULL)
        Py_RETURN_NONE;
    PyObject *failure = self->manager->failure;
    self->manager->failure = NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(failure), failure);
    Py_DECREF(failure);
    return NULL;
}

static PyObject *process_events(PyWait *self, PyObject *unused)
{
    (void)unused;
    pro_remote_wait_process_events(self->wait);
    return finish(self);
}

static PyObject *was_aborted(PyWait *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(pro_remote_wait_was_aborted(self->wait));
}

static PyObject *wait_abort(PyWait *self, PyObject *unused)
{
    (void)unused;
    pro_remote_wait_abort(self->wait);
    return finish(self);
}

static PyObject *stop(PyWait *self, PyObject *unused)
{
    (void)unused;
    pro_remote_wait_stop(self->wait);
    return finish(self);
}

int py_wait_init(PyObject *module)
{
    static PyMethodDef methods[] = {
            {"processEvents", (PyCFunction)(void (*)(void))process_events, METH_NOARGS,
                    "processEvents()\n\nLets the shown thing handle its events."},
            {"wasAborted", (PyCFunction)(void (*)(void))was_aborted, METH_NOARGS,
                    "wasAborted() -> bool\n\nThe person asked to stop."},
            {"abort", (PyCFunction)(void (*)(void))wait_abort, METH_NOARGS,
                    "abort()\n\nRaises the abort flag of the worker's running task."},
            {"stop", (PyCFunction)(void (*)(void))stop, METH_NOARGS,
                    "stop()\n\nEnds the shown thing."},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"A wait object tied to a worker; see ProManager.createWaitObject()."},
            {Py_tp_dealloc, (void *)wait_dealloc},
            {Py_tp_methods, methods},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.MP.ProRemoteWait",
            .basicsize = sizeof(PyWait),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots};
    wait_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return wait_type == NULL
                   ? -1
                   : PyModule_AddObjectRef(module, "ProRemoteWait", (PyObject *)wait_type);
}
