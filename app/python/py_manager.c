/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"
#include "py_value.h"

#include <errno.h>
#include <poll.h>
#include <structmember.h>
#include <unistd.h>

/* Manager, the base of ProManager: the object, workers, settings, delivery, messages. Tasks and
 * results are in py_manager_tasks.c. */

static PyManager *open_managers; /* closed at the interpreter's exit */

ProManager *py_manager_get(PyManager *self)
{
    if (self->manager == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the manager is closed");
    return self->manager;
}

bool py_worker_id(PyObject *object, ProWorkerId *ret_worker)
{
    int overflow = 0;
    long long id = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (id == -1 && PyErr_Occurred())
        return false;
    if (overflow != 0 || id < 0 || id > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "worker %S was never started by this manager", object);
        return false;
    }
    *ret_worker = (ProWorkerId)id;
    return true;
}

/* ---- callbacks ---- */

void py_manager_keep_failure(PyManager *self)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL && traceback != NULL)
        (void)PyException_SetTraceback(value, traceback);
    if (self->failure == NULL)
        self->failure = Py_XNewRef(value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* False, with the exception, if a callback raised one during the call. */
static bool raise_failure(PyManager *self)
{
    PyObject *failure = self->failure;
    if (failure == NULL)
        return true;
    self->failure = NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(failure), failure);
    Py_DECREF(failure);
    return false;
}

static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written >= 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd output = {.fd = fd, .events = POLLOUT};
            (void)poll(&output, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* sys.stdout as the program has it: what it holds back goes first; one that is no file gets text.
 */
static bool write_to_stream(int stream, const char *data, size_t size)
{
    PyObject *file = PySys_GetObject(stream == 1 ? "stdout" : "stderr"); /* borrowed */
    if (file == NULL || file == Py_None)
        return true;
    Py_INCREF(file);
    PyObject *number = PyObject_CallMethod(file, "fileno", NULL);
    bool is_real = number != NULL && PyLong_AsLong(number) == stream;
    Py_XDECREF(number);
    PyErr_Clear();
    PyObject *done;
    if (is_real)
        done = PyObject_CallMethod(file, "flush", NULL);
    else
        done = PyObject_CallMethod(
                file, "write", "N", PyUnicode_DecodeUTF8(data, (Py_ssize_t)size, "replace"));
    Py_DECREF(file);
    bool written = done != NULL;
    Py_XDECREF(done);
    if (is_real) {
        Py_BEGIN_ALLOW_THREADS write_all(stream, data, size);
        Py_END_ALLOW_THREADS
    }
    return written;
}

static void on_output(void *user, ProWorkerId worker, int stream, const void *data, size_t size)
{
    PyManager *self = user;
    PyGILState_STATE state = PyGILState_Ensure();
    bool written = true;
    if (self->output == NULL) {
        written = write_to_stream(stream, data, size);
    } else {
        PyObject *result =
                PyObject_CallFunction(self->output, "Iiy#", worker, stream, data, (Py_ssize_t)size);
        written = result != NULL;
        Py_XDECREF(result);
    }
    if (!written)
        py_manager_keep_failure(self);
    PyGILState_Release(state);
}

/* ---- the object ---- */

static void forget(PyManager *self)
{
    for (PyManager **place = &open_managers; *place != NULL; place = &(*place)->next) {
        if (*place == self) {
            *place = self->next;
            return;
        }
    }
}

static void close_manager(PyManager *self)
{
    ProManager *manager = self->manager;
    if (manager == NULL)
        return;
    self->manager = NULL;
    forget(self);
    Py_BEGIN_ALLOW_THREADS pro_manager_free(manager);
    Py_END_ALLOW_THREADS
}

static PyObject *manager_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)arguments;
    (void)keywords;
    ProError error = {0};
    PyManager *self = (PyManager *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->arguments = pro_writer_new();
    if (self->arguments == NULL)
        PyErr_NoMemory();
    else if (pro_manager_new(&self->manager, &error) != PRO_OK)
        (void)py_error_raise(&error);
    if (PyErr_Occurred()) {
        Py_DECREF(self);
        return NULL;
    }
    pro_manager_set_output_handler(self->manager, on_output, self);
    self->next = open_managers;
    open_managers = self;
    return (PyObject *)self;
}

static int manager_traverse(PyManager *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->output);
    Py_VISIT(self->failure);
    return 0;
}

static int manager_clear(PyManager *self)
{
    Py_CLEAR(self->output);
    Py_CLEAR(self->lent);
    Py_CLEAR(self->failure);
    return 0;
}

static void manager_dealloc(PyManager *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL)
        PyObject_ClearWeakRefs((PyObject *)self);
    close_manager(self);
    (void)manager_clear(self);
    pro_writer_free(self->arguments);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *manager_close(PyManager *self, PyObject *unused)
{
    (void)unused;
    if (self->calls > 0)
        return PyErr_Format(PyExc_RuntimeError,
                "the manager cannot be closed during another call: %s",
                "a callback's, or another thread's");
    close_manager(self);
    Py_RETURN_NONE;
}

static PyObject *manager_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(self);
}

static PyObject *manager_exit(PyManager *self, PyObject *arguments)
{
    (void)arguments;
    PyObject *closed = manager_close(self, NULL);
    Py_XDECREF(closed);
    return closed == NULL ? NULL : Py_NewRef(Py_False);
}

static PyObject *close_all(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    PyManager *manager = open_managers;
    while (manager != NULL) {
        PyManager *next = manager->next;
        if (manager->calls == 0) { /* else a daemon thread is in it, and the process' end ends it */
            close_manager(manager);
            next = open_managers; /* closing let other threads run */
        }
        manager = next;
    }
    Py_RETURN_NONE;
}

/* ---- settings ---- */

static PyObject *done(ProStatus status, const ProError *error)
{
    if (status != PRO_OK)
        return py_error_raise(error);
    Py_RETURN_NONE;
}

static PyObject *set_options(PyManager *self, PyObject *value)
{
    ProError error = {0};
    unsigned long options = PyLong_AsUnsignedLong(value);
    if (PyErr_Occurred() || py_manager_get(self) == NULL)
        return NULL;
    if (options > UINT32_MAX)
        return PyErr_Format(PyExc_ValueError, "unknown options %R", value);
    return done(pro_manager_set_options(self->manager, (uint32_t)options, &error), &error);
}

static PyObject *options(PyManager *self, PyObject *unused)
{
    (void)unused;
    return py_manager_get(self) == NULL
                   ? NULL
                   : PyLong_FromUnsignedLong(pro_manager_options(self->manager));
}

static PyObject *set_spares(PyManager *self, PyObject *value)
{
    ProError error = {0};
    unsigned long count = PyLong_AsUnsignedLong(value);
    if (PyErr_Occurred() || py_manager_get(self) == NULL)
        return NULL;
    return done(pro_manager_set_spares(
                        self->manager, count > 100000 ? 100000 : (unsigned)count, &error),
            &error);
}

static PyObject *set_worker_program(PyManager *self, PyObject *value)
{
    ProError error = {0};
    PyObject *path = NULL;
    if (py_manager_get(self) == NULL || (value != Py_None && !PyUnicode_FSConverter(value, &path)))
        return NULL;
    ProStatus status = pro_manager_set_worker_program(
            self->manager, path == NULL ? NULL : PyBytes_AS_STRING(path), &error);
    Py_XDECREF(path);
    return done(status, &error);
}

static PyObject *set_memory_limit(PyManager *self, PyObject *value)
{
    ProError error = {0};
    unsigned long long bytes = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() || py_manager_get(self) == NULL)
        return NULL;
    return done(pro_manager_set_memory_limit(self->manager, bytes, &error), &error);
}

static PyObject *set_pending_limit(PyManager *self, PyObject *value)
{
    ProError error = {0};
    unsigned long long bytes = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() || py_manager_get(self) == NULL)
        return NULL;
    return done(pro_manager_set_pending_limit(self->manager, bytes, &error), &error);
}

static PyObject *set_setup(PyManager *self, PyObject *value)
{
    ProError error = {0};
    const void *data;
    size_t size;
    if (py_manager_get(self) == NULL)
        return NULL;
    pro_writer_clear(self->arguments);
    if (!py_value_write(self->arguments, value, "setup", &self->lent))
        return NULL;
    ProStatus status = pro_writer_data(self->arguments, &data, &size);
    if (status == PRO_OK)
        status = pro_manager_set_setup(self->manager, data, size, &error);
    return done(status, &error);
}

static PyObject *set_output_handler(PyManager *self, PyObject *value)
{
    if (value != Py_None && !PyCallable_Check(value))
        return PyErr_Format(PyExc_TypeError, "the output handler is a callable or None");
    Py_XSETREF(self->output, value == Py_None ? NULL : Py_NewRef(value));
    Py_RETURN_NONE;
}

/* ---- workers ---- */

static PyObject *start_worker(PyManager *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    ProWorkerId worker;
    ProStatus status;
    ProManager *manager = py_manager_get(self);
    if (manager == NULL)
        return NULL;
    PY_MANAGER_CALL_BEGIN(self)
    status = pro_manager_start_worker(manager, &worker, &error);
    PY_MANAGER_CALL_END(self)
    return status == PRO_OK ? PyLong_FromUnsignedLong(worker) : py_error_raise(&error);
}

static PyObject *stop_worker(PyManager *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"worker", "timeout", NULL};
    PyObject *id;
    int timeout_ms = 1000;
    ProWorkerId worker;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|i:stopWorker",
                (char **)(uintptr_t)names, &id, &timeout_ms) ||
            !py_worker_id(id, &worker) || py_manager_get(self) == NULL)
        return NULL;
    return done(pro_manager_stop_worker(self->manager, worker, timeout_ms, &error), &error);
}

static PyObject *workers(PyManager *self, PyObject *unused)
{
    (void)unused;
    if (py_manager_get(self) == NULL)
        return NULL;
    size_t count = pro_manager_workers(self->manager, NULL, 0);
    PyObject *allowed = py_manager_answer(self, count > 0);
    if (allowed == NULL)
        return NULL;
    Py_DECREF(allowed);
    ProWorkerId *ids = PyMem_Calloc(count + 1, sizeof *ids);
    if (ids == NULL)
        return PyErr_NoMemory();
    size_t now = pro_manager_workers(self->manager, ids, count);
    count = now < count ? now : count;
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++)
        PyList_SET_ITEM(list, (Py_ssize_t)i, PyLong_FromUnsignedLong(ids[i]));
    PyMem_Free(ids);
    return list;
}

static PyObject *worker_info(PyManager *self, PyObject *id)
{
    ProWorkerId worker;
    ProWorkerInfo info;
    ProError error = {0};
    if (!py_worker_id(id, &worker) || py_manager_get(self) == NULL)
        return NULL;
    if (pro_manager_worker_info(self->manager, worker, &info, &error) != PRO_OK)
        return py_error_raise(&error);
    PyObject *result = Py_BuildValue("{s:I,s:s,s:L,s:I,s:i,s:K,s:n,s:d,s:K,s:I,s:z}", "id", info.id,
            "state", pro_worker_state_text(info.state), "pid", (long long)info.pid, "host",
            info.host, "level", info.level, "task", (unsigned long long)info.task, "queued_tasks",
            (Py_ssize_t)info.queued_tasks, "cpu_seconds", info.cpu_seconds, "rss_bytes",
            (unsigned long long)info.rss_bytes, "restarts", info.restarts, "death",
            info.death == NULL ? NULL : pro_death_json(info.death));
    pro_death_unref(info.death);
    return result;
}

/* ---- delivery ---- */

static PyObject *process_messages(PyManager *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    ProStatus status;
    ProManager *manager = py_manager_get(self);
    if (manager == NULL)
        return NULL;
    PY_MANAGER_CALL_BEGIN(self)
    status = pro_manager_process_messages(manager, &error);
    PY_MANAGER_CALL_END(self)
    return raise_failure(self) ? done(status, &error) : NULL;
}

/* A false answer may mean that this thread may not ask. */
PyObject *py_manager_answer(PyManager *self, bool answer)
{
    ProError error = {0};
    if (answer)
        Py_RETURN_TRUE;
    if (pro_manager_check(self->manager, &error) != PRO_OK)
        return py_error_raise(&error);
    Py_RETURN_FALSE;
}

static PyObject *is_busy(PyManager *self, PyObject *unused)
{
    (void)unused;
    return py_manager_get(self) == NULL
                   ? NULL
                   : py_manager_answer(self, pro_manager_is_busy(self->manager));
}

typedef ProStatus (*WaitFn)(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr);

static ProStatus wait_idle(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    (void)worker;
    return pro_manager_wait(manager, timeout_ms, reterr);
}

static ProStatus wait_any(ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    (void)worker;
    return pro_manager_wait_any(manager, timeout_ms, reterr);
}

/* True, or False once `timeout_ms` went by; in slices, so that a signal is never missed. */
static PyObject *wait_in_slices(PyManager *self, WaitFn wait, ProWorkerId worker, int timeout_ms)
{
    uint64_t begun = timeout_ms < 0 ? 0 : py_now_ns();
    for (;;) {
        ProStatus status;
        ProError error = {0};
        ProManager *manager = py_manager_get(self);
        if (manager == NULL)
            return NULL;
        int slice_ms = py_slice_ms(timeout_ms, begun);
        PY_MANAGER_CALL_BEGIN(self)
        status = wait(manager, worker, slice_ms, &error);
        PY_MANAGER_CALL_END(self)
        if (!raise_failure(self))
            return NULL;
        if (status == PRO_OK)
            Py_RETURN_TRUE;
        if (PyErr_CheckSignals() != 0)
            return NULL;
        if (status != PRO_ERR_TIMEOUT && status != PRO_ERR_ABORTED)
            return py_error_raise(&error);
        if (slice_ms == 0)
            Py_RETURN_FALSE;
    }
}

static bool read_timeout(PyObject *object, int *ret_ms)
{
    *ret_ms = -1;
    if (object != NULL && object != Py_None)
        *ret_ms = _PyLong_AsInt(object);
    return !PyErr_Occurred();
}

static bool timeout_argument(const char *function, PyObject *const *arguments, Py_ssize_t count,
        PyObject *keywords, int *ret_ms)
{
    static const char *const names[] = {"timeout"};
    PyObject *values[1];
    return py_arguments(function, names, 0, 1, arguments, count, keywords, values) &&
           read_timeout(values[0], ret_ms);
}

static PyObject *manager_wait(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    int timeout_ms;
    if (!timeout_argument("wait", arguments, count, keywords, &timeout_ms))
        return NULL;
    return wait_in_slices(self, wait_idle, 0, timeout_ms);
}

static PyObject *manager_wait_any(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    int timeout_ms;
    if (!timeout_argument("waitAny", arguments, count, keywords, &timeout_ms))
        return NULL;
    return wait_in_slices(self, wait_any, 0, timeout_ms);
}

static PyObject *manager_fileno(PyManager *self, PyObject *unused)
{
    (void)unused;
    return py_manager_get(self) == NULL ? NULL : PyLong_FromLong(pro_manager_fd(self->manager));
}

/* ---- messages ---- */

static bool optional_worker(PyObject *object, ProWorkerId *ret_worker)
{
    *ret_worker = PRO_WORKER_ANY;
    return object == NULL || py_worker_id(object, ret_worker);
}

static const char *const message_names[] = {"worker", "timeout"};

static PyObject *send_message(PyManager *self, PyObject *const *arguments, Py_ssize_t count)
{
    ProWorkerId worker;
    uint32_t id;
    Py_buffer view;
    ProStatus status;
    ProError error = {0};
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "sendMessage(worker, message) takes two arguments");
    ProManager *manager = py_manager_get(self);
    if (manager == NULL || !py_worker_id(arguments[0], &worker) ||
            !py_message_read(arguments[1], &id, &view))
        return NULL;
    PY_MANAGER_CALL_BEGIN(self)
    status = pro_manager_send_message(manager, worker, id, view.buf, (size_t)view.len, &error);
    PY_MANAGER_CALL_END(self)
    PyBuffer_Release(&view);
    return done(status, &error);
}

static PyObject *has_message(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProWorkerId worker;
    PyObject *values[1];
    if (!py_arguments("hasMessage", message_names, 0, 1, arguments, count, keywords, values) ||
            !optional_worker(values[0], &worker) || py_manager_get(self) == NULL)
        return NULL;
    return py_manager_answer(self, pro_manager_has_message(self->manager, worker));
}

static PyObject *get_message(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProWorkerId worker;
    PyObject *values[1];
    ProMessage *message;
    ProError error = {0};
    if (!py_arguments("getMessage", message_names, 0, 1, arguments, count, keywords, values) ||
            !optional_worker(values[0], &worker) || py_manager_get(self) == NULL)
        return NULL;
    ProStatus status = pro_manager_pop_message(self->manager, worker, &message, &error);
    if (status == PRO_ERR_EMPTY)
        Py_RETURN_NONE;
    return status == PRO_OK ? py_message_wrap(message) : py_error_raise(&error);
}

static PyObject *wait_for_message(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProWorkerId worker;
    int timeout_ms;
    PyObject *values[2];
    if (!py_arguments("waitForMessage", message_names, 0, 2, arguments, count, keywords, values) ||
            !optional_worker(values[0], &worker) || !read_timeout(values[1], &timeout_ms))
        return NULL;
    return wait_in_slices(self, pro_manager_wait_message, worker, timeout_ms);
}

static PyObject *create_wait_object(PyManager *self, PyObject *arguments)
{
    PyObject *id;
    PyObject *target;
    ProWorkerId worker;
    if (!PyArg_ParseTuple(arguments, "OO:createWaitObject", &id, &target) ||
            !py_worker_id(id, &worker))
        return NULL;
    return py_wait_new(self, worker, target);
}

/* ---- the type ---- */

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
        {"setOptions", METHOD(set_options), METH_O,
                "setOptions(options)\n\nThe ProMPOpt_ flags, or'ed."},
        {"options", METHOD(options), METH_NOARGS, "options() -> int"},
        {"setSpares", METHOD(set_spares), METH_O,
                "setSpares(count)\n\nIdle workers kept ready; startWorker() takes one at once."},
        {"setWorkerProgram", METHOD(set_worker_program), METH_O,
                "setWorkerProgram(path)\n\nThe program that workers run; None: promp's own."},
        {"setMemoryLimit", METHOD(set_memory_limit), METH_O,
                "setMemoryLimit(bytes)\n\nAddress space of each worker started from now on; 0: no limit."},
        {"setPendingLimit", METHOD(set_pending_limit), METH_O,
                "setPendingLimit(bytes)\n\nUnread message bytes to and from a worker; before the first start."},
        {"_setSetup", METHOD(set_setup), METH_O,
                "The value that each worker's Python is set up with."},
        {"setOutputHandler", METHOD(set_output_handler), METH_O,
                "setOutputHandler(callable)\n\ncallable(worker, stream, data) gets the workers' output (stream 1 or "
                "2, data bytes) instead of sys.stdout and sys.stderr. Worker 0: a notice of the manager. None "
                "restores."},
        {"startWorker", METHOD(start_worker), METH_NOARGS,
                "startWorker() -> id\n\nReturns at once; tasks may be given while it starts. OSError or "
                "FileNotFoundError if none can be started."},
        {"stopWorker", METHOD(stop_worker), METH_VARARGS | METH_KEYWORDS,
                "stopWorker(worker, timeout=1000)\n\nIts queued tasks end as aborted; the running one has `timeout` "
                "ms. The id is gone at once."},
        {"workers", METHOD(workers), METH_NOARGS, "workers() -> list of ids, oldest first"},
        {"_workerInfo", METHOD(worker_info), METH_O, "A dict; see ProManager.workerInfo()."},
        {"processMessages", METHOD(process_messages), METH_NOARGS,
                "processMessages()\n\nDelivers what has come: output, results, messages, wait objects. Never blocks."},
        {"isBusy", METHOD(is_busy), METH_NOARGS,
                "isBusy() -> bool\n\nTrue from the call that gives a task until its ending was delivered."},
        {"wait", METHOD(manager_wait), METH_FASTCALL | METH_KEYWORDS,
                "wait(timeout=-1) -> bool\n\nDelivers until nothing is busy; False if `timeout` ms went by first."},
        {"waitAny", METHOD(manager_wait_any), METH_FASTCALL | METH_KEYWORDS,
                "waitAny(timeout=-1) -> bool\n\nDelivers until something was delivered; False if `timeout` ms went by."},
        {"fileno", METHOD(manager_fileno), METH_NOARGS,
                "fileno() -> int\n\nReadable while something waits to be delivered; for select() and event loops."},
        {"sendMessage", METHOD(send_message), METH_FASTCALL,
                "sendMessage(worker, message)\n\nTo one worker or ProWorker_All. BlockingIOError if it has too much "
                "unread."},
        {"hasMessage", METHOD(has_message), METH_FASTCALL | METH_KEYWORDS,
                "hasMessage(worker=ProWorker_Any) -> bool"},
        {"getMessage", METHOD(get_message), METH_FASTCALL | METH_KEYWORDS,
                "getMessage(worker=ProWorker_Any) -> ProMPMessage or None\n\nTakes the oldest message."},
        {"waitForMessage", METHOD(wait_for_message), METH_FASTCALL | METH_KEYWORDS,
                "waitForMessage(worker=ProWorker_Any, timeout=-1) -> bool\n\nDelivers until a message is there; False "
                "if `timeout` ms went by; ValueError once none can come."},
        {"createWaitObject", METHOD(create_wait_object), METH_VARARGS,
                "createWaitObject(worker, wait_object) -> ProRemoteWait\n\nTies what the worker's tasks report to an "
                "object with (some of) the methods msg, progress, wasAborted, abort, processEvents, stop."},
        {"close", METHOD(manager_close), METH_NOARGS,
                "close()\n\nEnds all workers; bounded by 2 seconds. Done by `with` and at exit. RuntimeError during "
                "another call on the manager."},
        {"__enter__", METHOD(manager_enter), METH_NOARGS, NULL},
        {"__exit__", METHOD(manager_exit), METH_VARARGS, NULL},
        {0},
};

static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(PyManager, weak_references), READONLY, NULL},
        {0},
};

static bool add_methods(PyTypeObject *type, PyMethodDef *definitions)
{
    for (PyMethodDef *definition = definitions; definition->ml_name != NULL; definition++) {
        PyObject *method = PyDescr_NewMethod(type, definition);
        if (method == NULL || PyDict_SetItemString(type->tp_dict, definition->ml_name, method) != 0)
            return false;
        Py_DECREF(method);
    }
    PyType_Modified(type);
    return true;
}

int py_manager_init(PyObject *module)
{
    static PyType_Slot slots[] = {
            {Py_tp_doc, (void *)"The native part of Pro.MP.ProManager."},
            {Py_tp_new, (void *)manager_new},
            {Py_tp_dealloc, (void *)manager_dealloc},
            {Py_tp_traverse, (void *)manager_traverse},
            {Py_tp_clear, (void *)manager_clear},
            {Py_tp_methods, methods},
            {Py_tp_members, members},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro._promp.Manager",
            .basicsize = sizeof(PyManager),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
            .slots = slots};
    static PyMethodDef functions[] = {
            {"_closeAll", close_all, METH_NOARGS, "Closes every open manager; runs at exit."},
            {0},
    };
    PyObject *type = PyType_FromSpec(&spec);
    if (type == NULL || !add_methods((PyTypeObject *)type, py_manager_task_methods) ||
            !add_methods((PyTypeObject *)type, py_manager_host_methods) ||
            !add_methods((PyTypeObject *)type, py_container_manager_methods) ||
            PyModule_AddObjectRef(module, "Manager", type) != 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
