/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"

#include <promp/container_ops.h>
#include <pthread.h>
#include <stdlib.h>

/* NTContainer.fromCallback(): containers that a callable reads. */

/* What the exception that is set says, into `reterr`. */
static ProStatus take_exception(ProError *reterr)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text =
            value == NULL ? NULL : PyUnicode_FromFormat("%s: %S", Py_TYPE(value)->tp_name, value);
    const char *utf8 = text == NULL ? NULL : PyUnicode_AsUTF8(text);
    if (reterr != NULL) {
        reterr->status = PRO_ERR_SYSTEM;
        reterr->system_error = 0;
        (void)snprintf(reterr->text, sizeof reterr->text, "%s",
                utf8 == NULL ? "the read callback failed" : utf8);
    }
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return PRO_ERR_SYSTEM;
}

/* What fromCallback() was given. Several threads may read for workers at once; most callbacks are
 * not made for that (they seek and read), so unless it was said otherwise they take turns. The turn
 * is taken before the GIL, which the one whose turn it is needs. */
typedef struct PyCallback {
    PyObject *read;
    bool concurrent;
    pthread_mutex_t turn; /* recursive: a callback may read its own container */
} PyCallback;

static ProStatus fill_from(
        PyObject *read, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    Py_buffer view;
    ProStatus status = PRO_OK;
    PyObject *bytes =
            PyObject_CallFunction(read, "Kn", (unsigned long long)offset, (Py_ssize_t)size);
    if (bytes == NULL || PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE) != 0) {
        status = take_exception(reterr);
    } else {
        if ((size_t)view.len == size) {
            memcpy(ret_data, view.buf, size);
        } else {
            PyErr_Format(PyExc_ValueError, "read(%llu, %zd) returned %zd bytes",
                    (unsigned long long)offset, (Py_ssize_t)size, view.len);
            status = take_exception(reterr);
        }
        PyBuffer_Release(&view);
    }
    Py_XDECREF(bytes);
    return status;
}

static ProStatus callback_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    PyCallback *callback = user;
    if (!callback->concurrent)
        (void)pthread_mutex_lock(&callback->turn);
    PyGILState_STATE state = PyGILState_Ensure();
    ProStatus status = fill_from(callback->read, offset, ret_data, size, reterr);
    PyGILState_Release(state);
    if (!callback->concurrent)
        (void)pthread_mutex_unlock(&callback->turn);
    return status;
}

static void callback_release(void *user)
{
    PyCallback *callback = user;
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(callback->read);
        PyGILState_Release(state);
    }
    (void)pthread_mutex_destroy(&callback->turn);
    free(callback);
}

static PyCallback *callback_new(PyObject *read, bool concurrent)
{
    pthread_mutexattr_t recursive;
    PyCallback *callback = malloc(sizeof *callback);
    if (callback == NULL)
        return NULL;
    *callback = (PyCallback){.read = Py_NewRef(read), .concurrent = concurrent};
    (void)pthread_mutexattr_init(&recursive);
    (void)pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&callback->turn, &recursive);
    (void)pthread_mutexattr_destroy(&recursive);
    return callback;
}

PyObject *py_container_from_callback(PyObject *type, PyObject *arguments, PyObject *keywords)
{
    static const ProContainerOps ops = {.read = callback_read, .release = callback_release};
    static const char *names[] = {"read", "size", "concurrent", NULL};
    PyObject *read;
    unsigned long long size;
    int concurrent = 0;
    ProContainer *container;
    ProError error = {0};
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OK|p:fromCallback",
                (char **)(uintptr_t)names, &read, &size, &concurrent))
        return NULL;
    if (!PyCallable_Check(read))
        return PyErr_Format(PyExc_TypeError, "read is a callable(offset, size), not %R", read);
    PyCallback *callback = callback_new(read, concurrent != 0);
    if (callback == NULL)
        return PyErr_NoMemory();
    if (pro_container_new_callback(&ops, callback, size, &container, &error) != PRO_OK) {
        callback_release(callback);
        return py_error_raise(&error);
    }
    return py_container_wrap(container);
}
