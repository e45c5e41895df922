/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"

/* ProWorker and its wait object: the worker's end, for Python code that runs in one. There is one
 * of each per process, without state of its own. */

static PyObject *worker_object;
static PyObject *wait_object;

static ProWorker *current(void)
{
    ProWorker *worker = pro_worker_current();
    if (worker == NULL)
        PyErr_SetString(PyExc_RuntimeError, "this process is no worker");
    return worker;
}

/* ---- ProWorker ---- */

static PyObject *get_id(PyObject *self, void *closure)
{
    (void)self;
    (void)closure;
    const ProWorker *worker = current();
    return worker == NULL ? NULL : PyLong_FromUnsignedLong(pro_worker_id(worker));
}

static PyObject *get_level(PyObject *self, void *closure)
{
    (void)self;
    (void)closure;
    return PyLong_FromLong(pro_worker_process_level());
}

static PyObject *has_message(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    ProWorker *worker = current();
    return worker == NULL ? NULL : PyBool_FromLong(pro_worker_has_message(worker));
}

static PyObject *get_message(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    ProWorker *worker = current();
    ProMessage *message;
    ProError error = {0};
    if (worker == NULL)
        return NULL;
    ProStatus status = pro_worker_pop_message(worker, &message, &error);
    if (status == PRO_ERR_EMPTY)
        Py_RETURN_NONE;
    return status == PRO_OK ? py_message_wrap(message) : py_error_raise(&error);
}

static PyObject *wait_for_message(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    (void)self;
    ProWorker *worker = current();
    int timeout_ms = count > 0 ? _PyLong_AsInt(arguments[0]) : -1;
    if (worker == NULL || PyErr_Occurred())
        return NULL;
    if (pro_worker_has_message(worker))
        Py_RETURN_TRUE;
    uint64_t begun = py_now_ns();
    for (;;) {
        ProStatus status;
        ProError error = {0};
        int slice_ms = py_slice_ms(timeout_ms, begun);
        Py_BEGIN_ALLOW_THREADS status = pro_worker_wait_message(worker, slice_ms, &error);
        Py_END_ALLOW_THREADS if (status == PRO_OK) Py_RETURN_TRUE;
        if (PyErr_CheckSignals() != 0)
            return NULL;
        if (status != PRO_ERR_TIMEOUT && status != PRO_ERR_ABORTED)
            return py_error_raise(&error);
        if (slice_ms == 0)
            Py_RETURN_FALSE;
    }
}

static PyObject *send_message(PyObject *self, PyObject *object)
{
    (void)self;
    ProWorker *worker = current();
    uint32_t id;
    Py_buffer view;
    if (worker == NULL || !py_message_read(object, &id, &view))
        return NULL;
    ProStatus status = PRO_ERR_ABORTED;
    ProError error = {0};
    while (status == PRO_ERR_ABORTED) {
        Py_BEGIN_ALLOW_THREADS status =
                pro_worker_send_message(worker, id, view.buf, (size_t)view.len, &error);
        Py_END_ALLOW_THREADS if (status == PRO_ERR_ABORTED && PyErr_CheckSignals() != 0) break;
    }
    PyBuffer_Release(&view);
    if (PyErr_Occurred())
        return NULL;
    if (status != PRO_OK)
        return py_error_raise(&error);
    Py_RETURN_NONE;
}

static PyObject *get_wait_object(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return Py_NewRef(wait_object);
}

static PyObject *get_shared_container(PyObject *self, PyObject *name)
{
    (void)self;
    ProWorker *worker = current();
    return worker == NULL ? NULL : py_container_get_shared(worker, name);
}

static PyObject *shared_containers(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    ProWorker *worker = current();
    return worker == NULL ? NULL : py_container_shared_names(worker);
}

static PyMethodDef worker_methods[] = {
        {"getSharedContainer", get_shared_container, METH_O,
                "getSharedContainer(name) -> NTContainer\n\nWhat the manager shares under that name; "
                "LookupError if nothing."},
        {"sharedContainers", shared_containers, METH_NOARGS,
                "sharedContainers() -> list of names, sorted"},
        {"hasMessage", has_message, METH_NOARGS,
                "hasMessage() -> bool\n\nA message of the manager is there."},
        {"getMessage", get_message, METH_NOARGS,
                "getMessage() -> ProMPMessage or None\n\nTakes the oldest message of the manager."},
        {"waitForMessage", (PyCFunction)(void (*)(void))wait_for_message, METH_FASTCALL,
                "waitForMessage(timeout=-1) -> bool\n\nWaits until a message is there; timeout in ms, -1: "
                "without end. False if the time went by. Any thread."},
        {"sendMessage", send_message, METH_O,
                "sendMessage(message)\n\nSends to the manager; waits while it has too much unread."},
        {"waitObject", get_wait_object, METH_NOARGS,
                "waitObject() -> the wait object that the manager tied to this worker's tasks"},
        {0},
};

static PyGetSetDef worker_members[] = {
        {"id", get_id, NULL, "The manager's number for this worker.", NULL},
        {"level", get_level, NULL,
                "1 in a worker of the first process, 2 in a worker's worker, ...", NULL},
        {0},
};

/* ---- its wait object ---- */

static PyObject *wait_msg(PyObject *self, PyObject *text)
{
    (void)self;
    ProWorker *worker = current();
    const char *utf8 = worker == NULL ? NULL : PyUnicode_AsUTF8(text);
    if (utf8 == NULL)
        return NULL;
    pro_worker_report_msg(worker, utf8);
    Py_RETURN_NONE;
}

static PyObject *wait_progress(PyObject *self, PyObject *value)
{
    (void)self;
    ProWorker *worker = current();
    long long number = PyLong_AsLongLong(value);
    if (worker == NULL || (number == -1 && PyErr_Occurred()))
        return NULL;
    pro_worker_report_progress(worker, number);
    Py_RETURN_NONE;
}

static PyObject *wait_was_aborted(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    const ProWorker *worker = pro_worker_current();
    return PyBool_FromLong(worker != NULL && pro_worker_was_aborted(worker));
}

static PyObject *wait_abort(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    ProWorker *worker = current();
    if (worker == NULL)
        return NULL;
    pro_worker_abort(worker);
    Py_RETURN_NONE;
}

static PyObject *wait_nothing(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_NONE;
}

static PyMethodDef wait_methods[] = {
        {"msg", wait_msg, METH_O, "msg(text)\n\nShows a new text (up to 1024 bytes of UTF-8)."},
        {"progress", wait_progress, METH_O,
                "progress(value)\n\nShows a new value, usually percent. Cheap: only the latest travels."},
        {"wasAborted", wait_was_aborted, METH_NOARGS,
                "wasAborted() -> bool\n\nThe task was asked to stop. A task that saw this and ended counts as "
                "aborted."},
        {"abort", wait_abort, METH_NOARGS, "abort()\n\nCounts this task as aborted."},
        {"processEvents", wait_nothing, METH_NOARGS,
                "processEvents()\n\nNothing to do in a worker."},
        {"stop", wait_nothing, METH_NOARGS, "stop()\n\nThe manager's side ends the shown thing."},
        {0},
};

/* ---- the module's part ---- */

static PyObject *process_level(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyLong_FromLong(pro_worker_process_level());
}

static PyObject *the_worker(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Py_NewRef(pro_worker_current() == NULL ? Py_None : worker_object);
}

static PyMethodDef functions[] = {
        {"proWorkerProcessLevel", process_level, METH_NOARGS,
                "proWorkerProcessLevel() -> int\n\n0 in a process that no manager started, 1 in its workers, 2 in "
                "theirs, ..."},
        {"proWorkerObject", the_worker, METH_NOARGS,
                "proWorkerObject() -> ProWorker or None\n\nThis process' end towards its manager; None if no "
                "manager started it."},
        {0},
};

static PyObject *make_object(PyObject *module, PyType_Spec *spec, const char *name)
{
    PyObject *type = PyType_FromSpec(spec);
    if (type == NULL || PyModule_AddObjectRef(module, name, type) != 0)
        return NULL;
    return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
}

int py_worker_init(PyObject *module)
{
    static PyType_Slot worker_slots[] = {
            {Py_tp_doc,
                    (void *)"The worker's end of the connection to its manager; see proWorkerObject()."},
            {Py_tp_methods, worker_methods},
            {Py_tp_getset, worker_members},
            {0, NULL},
    };
    static PyType_Slot wait_slots[] = {
            {Py_tp_doc, (void *)"What a task reports its progress to, and asks whether to stop."},
            {Py_tp_methods, wait_methods},
            {0, NULL},
    };
    static PyType_Spec worker_spec = {.name = "Pro.MP.ProWorker",
            .basicsize = sizeof(PyObject),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = worker_slots};
    static PyType_Spec wait_spec = {.name = "Pro.MP.ProWorkerWait",
            .basicsize = sizeof(PyObject),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = wait_slots};
    worker_object = make_object(module, &worker_spec, "ProWorker");
    wait_object = make_object(module, &wait_spec, "ProWorkerWait");
    if (worker_object == NULL || wait_object == NULL)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
