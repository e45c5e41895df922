/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"

#include "py_value.h"

/* NTContainer: reading, copies, hashes, the buffer protocol, and what managers share. */

static PyTypeObject *container_type;

PyObject *py_container_wrap(ProContainer *container)
{
    PyContainer *self = (PyContainer *)container_type->tp_alloc(container_type, 0);
    if (self == NULL) {
        pro_container_unref(container);
        return NULL;
    }
    self->container = container;
    return (PyObject *)self;
}

ProContainer *py_container_get(PyObject *object)
{
    if (!PyObject_TypeCheck(object, container_type)) {
        PyErr_Format(
                PyExc_TypeError, "expected an NTContainer, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    PyContainer *self = (PyContainer *)object;
    if (self->container == NULL) {
        if (self->reason != NULL)
            PyErr_Format(PyExc_ValueError, "the container is null: %U", self->reason);
        else
            PyErr_SetString(PyExc_ValueError, "the container is null: setData() was not called");
    }
    return self->container;
}

/* ---- wait objects ---- */

static void tell_progress(void *user, int64_t value)
{
    PyProgress *progress = user;
    if (progress->wait == Py_None || progress->failed)
        return;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = PyObject_CallMethod(progress->wait, "progress", "L", (long long)value);
    progress->failed = result == NULL;
    Py_XDECREF(result);
    if (progress->failed)
        PyErr_Fetch(&progress->type, &progress->value, &progress->traceback);
    PyGILState_Release(state);
}

static bool ask_abort(void *user)
{
    PyProgress *progress = user;
    if (progress->failed)
        return true;
    PyGILState_STATE state = PyGILState_Ensure();
    bool aborted = false;
    progress->failed = PyErr_CheckSignals() != 0;
    if (!progress->failed && progress->wait != Py_None) {
        PyObject *result = PyObject_CallMethod(progress->wait, "wasAborted", NULL);
        int truth = result == NULL ? -1 : PyObject_IsTrue(result);
        Py_XDECREF(result);
        progress->failed = truth < 0;
        aborted = truth > 0;
    }
    if (progress->failed)
        PyErr_Fetch(&progress->type, &progress->value, &progress->traceback);
    PyGILState_Release(state);
    return aborted || progress->failed;
}

void py_progress_init(PyProgress *progress, PyObject *wait)
{
    static const ProWaitOps ops = {.progress = tell_progress, .was_aborted = ask_abort};
    *progress = (PyProgress){.wait = wait == NULL ? Py_None : wait};
    progress->progress = (ProProgress){.ops = &ops, .user = progress};
}

PyObject *py_progress_raise(PyProgress *progress, ProStatus status, ProError *error)
{
    if (progress != NULL && progress->failed) {
        PyErr_Restore(progress->type, progress->value, progress->traceback);
        progress->failed = false;
        return NULL;
    }
    if (PyErr_CheckSignals() != 0)
        return NULL;
    if (status == PRO_ERR_ABORTED) {
        PyErr_SetString(PyExc_InterruptedError, error->text);
        return NULL;
    }
    if (status == PRO_ERR_INVALID && error->text[0] != '\0') {
        PyErr_SetString(PyExc_ValueError, error->text);
        return NULL;
    }
    error->status = status;
    return py_error_raise(error);
}

/* ---- making ---- */

static int set_data(PyContainer *self, PyObject *data)
{
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0)
        return -1;
    ProContainer *container = NULL;
    ProError error = {0};
    ProStatus status;
    Py_BEGIN_ALLOW_THREADS status =
            pro_container_new_copy(view.buf, (size_t)view.len, &container, &error);
    Py_END_ALLOW_THREADS PyBuffer_Release(&view);
    if (status != PRO_OK) {
        (void)py_error_raise(&error);
        return -1;
    }
    pro_container_unref(self->container);
    self->container = container;
    Py_CLEAR(self->reason);
    return 0;
}

static int container_init(PyContainer *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"data", NULL};
    PyObject *data = NULL;
    if (!PyArg_ParseTupleAndKeywords(
                arguments, keywords, "|O:NTContainer", (char **)(uintptr_t)names, &data))
        return -1;
    return data == NULL || data == Py_None ? 0 : set_data(self, data);
}

static void container_dealloc(PyContainer *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ProContainer *container = self->container;
    Py_CLEAR(self->reason);
    type->tp_free(self);
    Py_DECREF(type);
    /* The last reference may end a callback container, which takes the GIL by itself. */
    pro_container_unref(container);
}

static PyObject *container_set_data(PyContainer *self, PyObject *data)
{
    if (set_data(self, data) != 0)
        return NULL;
    Py_RETURN_TRUE;
}

static ProStatus open_path(
        PyObject *path, int changing, ProContainer **ret_container, ProError *reterr)
{
    ProStatus status;
    const char *text = PyBytes_AS_STRING(path);
    Py_BEGIN_ALLOW_THREADS status =
            pro_container_open_file(text, changing ? PRO_FILE_CHANGING : 0, ret_container, reterr);
    Py_END_ALLOW_THREADS return status;
}

static PyObject *from_file(PyObject *type, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"path", "changing", NULL};
    PyObject *path;
    int changing = 0;
    ProContainer *container;
    ProError error = {0};
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&|p:fromFile",
                (char **)(uintptr_t)names, PyUnicode_FSConverter, &path, &changing))
        return NULL;
    ProStatus status = open_path(path, changing, &container, &error);
    Py_DECREF(path);
    if (status == PRO_ERR_UNSUPPORTED)
        return PyErr_Format(PyExc_OSError, "%s", error.text);
    return status == PRO_OK ? py_container_wrap(container) : py_error_raise(&error);
}

static PyObject *create_from_file(PyObject *module, PyObject *argument)
{
    PyObject *path;
    ProContainer *container = NULL;
    ProError error = {0};
    (void)module;
    if (!PyUnicode_FSConverter(argument, &path))
        return NULL;
    ProStatus status = open_path(path, 0, &container, &error);
    Py_DECREF(path);
    PyObject *self = py_container_wrap(status == PRO_OK ? container : NULL);
    if (self != NULL && status != PRO_OK)
        ((PyContainer *)self)->reason =
                PyUnicode_DecodeUTF8(error.text, (Py_ssize_t)strlen(error.text), "replace");
    return self;
}

/* ---- reading ---- */

bool py_container_range(
        PyObject *offset_object, PyObject *size_object, uint64_t *ret_offset, uint64_t *ret_size)
{
    long long offset = offset_object == NULL ? 0 : PyLong_AsLongLong(offset_object);
    if (offset == -1 && PyErr_Occurred())
        return false;
    bool to_end = size_object == NULL || size_object == Py_None;
    long long size = to_end ? 0 : PyLong_AsLongLong(size_object);
    if (size == -1 && PyErr_Occurred())
        return false;
    if (offset < 0 || size < 0) {
        PyErr_Format(
                PyExc_ValueError, "offset %lld and size %lld cannot be negative", offset, size);
        return false;
    }
    *ret_offset = (uint64_t)offset;
    *ret_size = to_end ? PRO_TO_END : (uint64_t)size;
    return true;
}

static PyObject *read_bytes(ProContainer *container, uint64_t offset, uint64_t size)
{
    uint64_t whole = pro_container_size(container);
    if (offset <= whole && size == PRO_TO_END)
        size = whole - offset;
    if (offset > whole || size > whole - offset)
        return PyErr_Format(PyExc_ValueError,
                "cannot read %llu bytes at offset %llu: the container has %llu bytes",
                (unsigned long long)size, (unsigned long long)offset, (unsigned long long)whole);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes == NULL)
        return NULL;
    ProStatus status;
    ProError error = {0};
    (void)pro_container_ref(container);
    do {
        char *target = PyBytes_AS_STRING(bytes);
        Py_BEGIN_ALLOW_THREADS status =
                pro_container_read(container, offset, target, (size_t)size, &error);
        Py_END_ALLOW_THREADS
        /* A signal without a Python handler is no reason to give up. */
    } while (status == PRO_ERR_ABORTED && PyErr_CheckSignals() == 0);
    pro_container_unref(container);
    if (status == PRO_OK)
        return bytes;
    Py_DECREF(bytes);
    return PyErr_Occurred() ? NULL : py_progress_raise(NULL, status, &error);
}

static PyObject *container_read(PyContainer *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint64_t offset, size;
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL)
        return NULL;
    if (count < 1 || count > 2)
        return PyErr_Format(PyExc_TypeError, "read(offset, size=None) takes 1 or 2 arguments");
    if (!py_container_range(arguments[0], count > 1 ? arguments[1] : NULL, &offset, &size))
        return NULL;
    return read_bytes(container, offset, size);
}

/* New bytes objects for the pairs of offset and size, and the parts that fill them. */
static bool plan_parts(PyObject *pairs, PyObject *list, ProPart *parts)
{
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(pairs); i++) {
        PyObject *pair = PySequence_Fast_GET_ITEM(pairs, i);
        Py_ssize_t size = PyLong_AsSsize_t(PyTuple_GET_ITEM(pair, 1));
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
        if (bytes == NULL)
            return false;
        PyList_SET_ITEM(list, i, bytes);
        parts[i] = (ProPart){.offset = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(pair, 0)),
                .size = (size_t)size,
                .data = PyBytes_AS_STRING(bytes)};
    }
    return true;
}

static bool fill_parts(ProContainer *container, const ProPart *parts, size_t count)
{
    ProStatus status;
    ProError error = {0};
    (void)pro_container_ref(container);
    do {
        Py_BEGIN_ALLOW_THREADS status = pro_container_read_many(container, parts, count, &error);
        Py_END_ALLOW_THREADS
    } while (status == PRO_ERR_ABORTED && PyErr_CheckSignals() == 0);
    pro_container_unref(container);
    if (status != PRO_OK && !PyErr_Occurred())
        (void)py_progress_raise(NULL, status, &error);
    return status == PRO_OK;
}

/* What lies outside is found before anything is allocated for it. */
static bool ranges_lie_inside(const ProContainer *container, PyObject *pairs)
{
    uint64_t whole = pro_container_size(container);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(pairs); i++) {
        long long offset, size;
        PyObject *pair = PySequence_Fast_GET_ITEM(pairs, i);
        if (!PyTuple_Check(pair) || !PyArg_ParseTuple(pair, "LL", &offset, &size)) {
            PyErr_Format(PyExc_TypeError, "range %zd is no tuple (offset, size): %R", i, pair);
            return false;
        }
        if (offset < 0 || size < 0 || (uint64_t)offset > whole ||
                (uint64_t)size > whole - (uint64_t)offset) {
            PyErr_Format(PyExc_ValueError,
                    "range %zd: cannot read %lld bytes at offset %lld: the container has %llu bytes",
                    i, size, offset, (unsigned long long)whole);
            return false;
        }
    }
    return true;
}

static PyObject *container_read_many(PyContainer *self, PyObject *ranges)
{
    ProContainer *container = py_container_get((PyObject *)self);
    PyObject *pairs = container == NULL ? NULL : PySequence_Fast(ranges, "readMany() takes ranges");
    if (pairs == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(pairs);
    PyObject *list = PyList_New(count);
    ProPart *parts = PyMem_New(ProPart, (size_t)count + 1);
    bool filled = list != NULL && parts != NULL && ranges_lie_inside(container, pairs) &&
                  plan_parts(pairs, list, parts) && fill_parts(container, parts, (size_t)count);
    if (parts == NULL)
        PyErr_NoMemory();
    PyMem_Free(parts);
    Py_DECREF(pairs);
    if (!filled)
        Py_CLEAR(list);
    return list;
}

static PyObject *container_data(PyContainer *self, PyObject *unused)
{
    (void)unused;
    ProContainer *container = py_container_get((PyObject *)self);
    return container == NULL ? NULL : read_bytes(container, 0, PRO_TO_END);
}

static PyObject *container_size(PyContainer *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(
            self->container == NULL ? 0 : pro_container_size(self->container));
}

static Py_ssize_t container_length(PyContainer *self)
{
    return self->container == NULL ? 0 : (Py_ssize_t)pro_container_size(self->container);
}

static PyObject *container_is_null(PyContainer *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(self->container == NULL);
}

static int container_truth(PyContainer *self)
{
    return self->container != NULL;
}

static PyObject *container_reason(PyContainer *self, PyObject *unused)
{
    (void)unused;
    return self->reason == NULL ? PyUnicode_FromString("") : Py_NewRef(self->reason);
}

static PyObject *container_kind(PyContainer *self, PyObject *unused)
{
    (void)unused;
    return PyUnicode_FromString(
            self->container == NULL ? "null"
                                    : pro_container_kind_text(pro_container_kind(self->container)));
}

static PyObject *container_slice(PyContainer *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint64_t offset, size;
    ProContainer *slice;
    ProError error = {0};
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL)
        return NULL;
    if (count < 1 || count > 2)
        return PyErr_Format(PyExc_TypeError, "slice(offset, size=None) takes 1 or 2 arguments");
    if (!py_container_range(arguments[0], count > 1 ? arguments[1] : NULL, &offset, &size))
        return NULL;
    if (pro_container_slice(container, offset, size, &slice, &error) != PRO_OK)
        return py_error_raise(&error);
    return py_container_wrap(slice);
}

/* ---- copies and hashes ---- */

static PyObject *container_copy(PyContainer *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"wait", NULL};
    PyObject *wait = NULL;
    ProContainer *copy = NULL;
    ProError error = {0};
    ProStatus status;
    PyProgress progress;
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL || !PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:copy",
                                     (char **)(uintptr_t)names, &wait))
        return NULL;
    py_progress_init(&progress, wait);
    (void)pro_container_ref(container);
    Py_BEGIN_ALLOW_THREADS status =
            pro_container_copy(container, &progress.progress, &copy, &error);
    Py_END_ALLOW_THREADS pro_container_unref(container);
    return status == PRO_OK ? py_container_wrap(copy)
                            : py_progress_raise(&progress, status, &error);
}

static PyObject *container_copy_to_file(PyContainer *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"path", "wait", NULL};
    PyObject *wait = NULL;
    PyObject *path;
    ProError error = {0};
    ProStatus status;
    PyProgress progress;
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL ||
            !PyArg_ParseTupleAndKeywords(arguments, keywords, "O&|O:copyToFile",
                    (char **)(uintptr_t)names, PyUnicode_FSConverter, &path, &wait))
        return NULL;
    py_progress_init(&progress, wait);
    (void)pro_container_ref(container);
    const char *text = PyBytes_AS_STRING(path);
    Py_BEGIN_ALLOW_THREADS status =
            pro_container_copy_to_file(container, text, &progress.progress, &error);
    Py_END_ALLOW_THREADS pro_container_unref(container);
    Py_DECREF(path);
    if (status != PRO_OK)
        return py_progress_raise(&progress, status, &error);
    Py_RETURN_NONE;
}

static PyObject *container_hash(PyContainer *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"algorithm", "wait", NULL};
    const char *algorithm = "sha256";
    PyObject *wait = NULL;
    uint8_t hash[PRO_HASH_BYTES_MAX];
    size_t size = 0;
    ProError error = {0};
    ProStatus status;
    PyProgress progress;
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL || !PyArg_ParseTupleAndKeywords(arguments, keywords, "|sO:hash",
                                     (char **)(uintptr_t)names, &algorithm, &wait))
        return NULL;
    py_progress_init(&progress, wait);
    (void)pro_container_ref(container);
    Py_BEGIN_ALLOW_THREADS status =
            pro_container_hash(container, algorithm, &progress.progress, hash, &size, &error);
    Py_END_ALLOW_THREADS pro_container_unref(container);
    if (status == PRO_ERR_UNSUPPORTED)
        return PyErr_Format(PyExc_ValueError, "%s", error.text);
    return status == PRO_OK ? PyBytes_FromStringAndSize((const char *)hash, (Py_ssize_t)size)
                            : py_progress_raise(&progress, status, &error);
}

/* ---- the buffer protocol: what has no memory is copied into memory once per view ---- */

static int container_get_buffer(PyContainer *self, Py_buffer *view, int flags)
{
    view->obj = NULL;
    ProContainer *container = py_container_get((PyObject *)self);
    if (container == NULL)
        return -1;
    ProContainer *memory = NULL;
    ProError error = {0};
    ProStatus status = PRO_OK;
    (void)pro_container_ref(container);
    if (pro_container_data(container) != NULL) {
        memory = container;
    } else {
        Py_BEGIN_ALLOW_THREADS status = pro_container_copy(container, NULL, &memory, &error);
        Py_END_ALLOW_THREADS pro_container_unref(container);
    }
    if (status != PRO_OK) {
        PyErr_SetString(PyExc_BufferError, error.text);
        return -1;
    }
    if (PyBuffer_FillInfo(view, (PyObject *)self, (void *)pro_container_data(memory),
                (Py_ssize_t)pro_container_size(memory), 1, flags) != 0) {
        pro_container_unref(memory);
        return -1;
    }
    view->internal = memory;
    return 0;
}

static void container_release_buffer(PyContainer *self, Py_buffer *view)
{
    (void)self;
    pro_container_unref(view->internal);
}

static PyObject *container_repr(PyContainer *self)
{
    if (self->container == NULL)
        return PyUnicode_FromString("<NTContainer, null>");
    return PyUnicode_FromFormat("<NTContainer, %s, %llu bytes>",
            pro_container_kind_text(pro_container_kind(self->container)),
            (unsigned long long)pro_container_size(self->container));
}

/* ---- sharing ---- */

static PyObject *share_container(PyManager *self, PyObject *arguments)
{
    const char *name;
    PyObject *object;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "sO:shareContainer", &name, &object))
        return NULL;
    ProContainer *container = py_container_get(object);
    ProManager *manager = container == NULL ? NULL : py_manager_get(self);
    if (manager == NULL)
        return NULL;
    /* May copy into a memfd, but belongs to this thread: the GIL stays. */
    if (pro_manager_share_container(manager, name, container, &error) != PRO_OK)
        return py_error_raise(&error);
    Py_RETURN_NONE;
}

static PyObject *raise_missing(ProStatus status, ProError *error)
{
    if (status == PRO_ERR_NOT_FOUND) {
        PyErr_SetString(PyExc_LookupError, error->text);
        return NULL;
    }
    return py_progress_raise(NULL, status, error);
}

static PyObject *unshare_container(PyManager *self, PyObject *argument)
{
    ProError error = {0};
    const char *name = PyUnicode_AsUTF8(argument);
    ProManager *manager = name == NULL ? NULL : py_manager_get(self);
    if (manager == NULL)
        return NULL;
    ProStatus status = pro_manager_unshare_container(manager, name, &error);
    if (status != PRO_OK)
        return raise_missing(status, &error);
    Py_RETURN_NONE;
}

PyMethodDef py_container_manager_methods[] = {
        {"shareContainer", (PyCFunction)(void (*)(void))share_container, METH_VARARGS,
                "shareContainer(name, container)\n\nLets this manager's workers read the container, as it is "
                "now. ValueError if the name is taken."},
        {"unshareContainer", (PyCFunction)(void (*)(void))unshare_container, METH_O,
                "unshareContainer(name)\n\nLookupError if nothing is shared under that name. Who has it keeps "
                "it."},
        {0},
};

PyObject *py_container_get_shared(ProWorker *worker, PyObject *argument)
{
    ProContainer *container;
    ProError error = {0};
    ProStatus status;
    const char *name = PyUnicode_AsUTF8(argument);
    if (name == NULL)
        return NULL;
    do {
        Py_BEGIN_ALLOW_THREADS status =
                pro_worker_get_shared_container(worker, name, &container, &error);
        Py_END_ALLOW_THREADS
    } while (status == PRO_ERR_ABORTED && PyErr_CheckSignals() == 0);
    if (PyErr_Occurred())
        return NULL;
    return status == PRO_OK ? py_container_wrap(container) : raise_missing(status, &error);
}

PyObject *py_container_shared_names(ProWorker *worker)
{
    ProError error = {0};
    ProStatus status;
    const void *data;
    size_t size;
    PyObject *list = NULL;
    ProWriter *names = pro_writer_new();
    if (names == NULL)
        return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS status = pro_worker_shared_containers(worker, names, &error);
    Py_END_ALLOW_THREADS if (status == PRO_OK) status = pro_writer_data(names, &data, &size);
    list = status == PRO_OK ? py_value_decode(data, size) : py_progress_raise(NULL, status, &error);
    pro_writer_free(names);
    return list;
}

static bool is_container(PyObject *object)
{
    return PyObject_TypeCheck(object, container_type);
}

/* How containers cross process borders, for py_value.c here and in the worker program. */
static int add_api(PyObject *module)
{
    static const PyContainerApi api = {
            .check = is_container, .get = py_container_get, .wrap = py_container_wrap};
    py_value_use_containers(&api);
    PyObject *capsule = PyCapsule_New((void *)(uintptr_t)&api, PY_CONTAINER_API, NULL);
    int failed = capsule == NULL || PyModule_AddObjectRef(module, "_containers", capsule) != 0;
    Py_XDECREF(capsule);
    return failed ? -1 : 0;
}

#define METHOD(function) (PyCFunction)(void (*)(void))(function)

static PyMethodDef methods[] = {
        {"fromFile", METHOD(from_file), METH_VARARGS | METH_KEYWORDS | METH_STATIC,
                "fromFile(path, changing=False) -> NTContainer\n\nA file of any size, read when it is asked "
                "for; OSError if that cannot be. A file that was cut, or written to (unless `changing`), is an "
                "OSError when it is read."},
        {"fromCallback", METHOD(py_container_from_callback),
                METH_VARARGS | METH_KEYWORDS | METH_STATIC,
                "fromCallback(read, size, concurrent=False) -> NTContainer\n\nread(offset, size) returns exactly that "
                "many bytes. It is called in any thread, by one at a time unless `concurrent`."},
        {"setData", METHOD(container_set_data), METH_O,
                "setData(data) -> True\n\nShows a copy of the bytes from now on."},
        {"data", METHOD(container_data), METH_NOARGS, "data() -> bytes\n\nAll of it."},
        {"size", METHOD(container_size), METH_NOARGS, "size() -> int\n\nBytes; 0 if null."},
        {"isNull", METHOD(container_is_null), METH_NOARGS,
                "isNull() -> bool\n\nThere is no data, not even none; errorString() may tell why."},
        {"errorString", METHOD(container_reason), METH_NOARGS,
                "errorString() -> str\n\nWhy createContainerFromFile() gave a null container, or ''."},
        {"kind", METHOD(container_kind), METH_NOARGS,
                "kind() -> 'memory', 'file', 'slice', 'callback' or 'null'"},
        {"read", METHOD(container_read), METH_FASTCALL,
                "read(offset, size=None) -> bytes\n\nExactly `size` bytes, or the rest. ValueError outside the "
                "container, OSError if they cannot be read."},
        {"readMany", METHOD(container_read_many), METH_O,
                "readMany(ranges) -> list of bytes\n\nranges: tuples (offset, size), anywhere and in any "
                "order. Where each read is a round trip, as in a worker that reads a callback of its manager, "
                "many are under way at once. Errors as of read()."},
        {"slice", METHOD(container_slice), METH_FASTCALL,
                "slice(offset, size=None) -> NTContainer\n\nA part of it, without a copy."},
        {"copy", METHOD(container_copy), METH_VARARGS | METH_KEYWORDS,
                "copy(wait=None) -> NTContainer\n\nThe same bytes in memory."},
        {"copyToFile", METHOD(container_copy_to_file), METH_VARARGS | METH_KEYWORDS,
                "copyToFile(path, wait=None)\n\nReplaces the file once all is written."},
        {"hash", METHOD(container_hash), METH_VARARGS | METH_KEYWORDS,
                "hash(algorithm='sha256', wait=None) -> bytes\n\nAny name that OpenSSL knows."},
        {0},
};

int py_container_init(PyObject *module)
{
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"NTContainer(data=None)\n\nBytes that can be read and not be changed: memory, a file, "
                            "a part of another container, or what a callback reads. Supports the read-only buffer "
                            "protocol. Operations with a `wait` tell it percent and end with InterruptedError once "
                            "it was aborted."},
            {Py_tp_init, (void *)container_init},
            {Py_tp_dealloc, (void *)container_dealloc},
            {Py_tp_repr, (void *)container_repr},
            {Py_tp_methods, methods},
            {Py_mp_length, (void *)container_length},
            {Py_nb_bool, (void *)container_truth},
            {Py_bf_getbuffer, (void *)container_get_buffer},
            {Py_bf_releasebuffer, (void *)container_release_buffer},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.Core.NTContainer",
            .basicsize = sizeof(PyContainer),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
            .slots = slots};
    static PyMethodDef functions[] = {
            {"createContainerFromFile", create_from_file, METH_O,
                    "createContainerFromFile(path) -> NTContainer\n\nA null one if the file cannot be opened; its "
                    "errorString() says why."},
            {0},
    };
    container_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (container_type == NULL || py_search_init(module, container_type) != 0)
        return -1;
    if (PyModule_AddObjectRef(module, "NTContainer", (PyObject *)container_type) != 0 ||
            add_api(module) != 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
