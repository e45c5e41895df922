/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_PROMP_H
#define PY_PROMP_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <promp/promp.h>
#include <stdbool.h>

/* What the sources of the extension module Pro._promp share. Everything holds the GIL unless it
 * says otherwise. */

/* ---- py_error.c ---- */

/* Creates the exception types in `module`; 0 or -1. */
int py_error_init(PyObject *module);
/* Raises what fits the status; returns NULL. */
PyObject *py_error_raise(const ProError *error);
/* A ProRemoteError (or the class of it that fits) for an ending that is no result. New reference.
 */
PyObject *py_error_of_ending(const ProEnding *ending);
/* Blocking calls of libpromp return at least so often, to see signals that came just before they
 * blocked. */
enum { PY_SLICE_MS = 250 };
/* One slice of what is left of `timeout_ms` (-1: without end) since `begun_ns`; 0: nothing is left.
 */
int py_slice_ms(int timeout_ms, uint64_t begun_ns);
uint64_t py_now_ns(void);

/* ---- py_message.c ---- */

int py_message_init(PyObject *module);
/* Takes the message over. */
PyObject *py_message_wrap(ProMessage *message);
/* The id and bytes of a ProMPMessage; false with an exception. Release the view afterwards. */
bool py_message_read(PyObject *object, uint32_t *ret_id, Py_buffer *ret_view);

/* ---- py_container.c ---- */

int py_container_init(PyObject *module);
extern PyMethodDef py_container_manager_methods[];
/* getSharedContainer() and sharedContainers() of a worker */
PyObject *py_container_get_shared(ProWorker *worker, PyObject *name);
PyObject *py_container_shared_names(ProWorker *worker);

/* ---- py_worker.c ---- */

int py_worker_init(PyObject *module);

/* ---- py_boxes.c ---- */

/* Until Pro.UI is loaded. */
void py_boxes_init(void);

/* ---- py_manager.c, py_manager_tasks.c, py_manager_hosts.c ---- */

typedef struct PyManager {
    PyObject_HEAD ProManager *manager; /* NULL once closed */
    ProWriter *arguments;              /* of the task that is being given */
    PyObject *lent;                    /* what `arguments` borrows, or NULL */
    PyObject *output;                  /* callable(worker, stream, data), or NULL */
    PyObject *failure; /* the first exception of a callback, raised when the call returns */
    PyObject *weak_references;
    unsigned calls;         /* under way without the GIL: what they use must not be freed */
    struct PyManager *next; /* of all that are open */
} PyManager;

/* Around a call that lets the GIL go. */
#define PY_MANAGER_CALL_BEGIN(self)                                                                \
    (self)->calls++;                                                                               \
    Py_BEGIN_ALLOW_THREADS
#define PY_MANAGER_CALL_END(self) Py_END_ALLOW_THREADS(self)->calls--;

int py_manager_init(PyObject *module);
extern PyMethodDef py_manager_task_methods[];
extern PyMethodDef py_manager_host_methods[];
/* The manager, or NULL with RuntimeError if it is closed. */
ProManager *py_manager_get(PyManager *self);
/* Keeps the exception that is set for the end of the call under way. */
void py_manager_keep_failure(PyManager *self);
/* For questions that the native call answers with false in a wrong thread: then RuntimeError. */
PyObject *py_manager_answer(PyManager *self, bool answer);
bool py_worker_id(PyObject *object, ProWorkerId *ret_worker);
/* Sorts the arguments of a METH_FASTCALL | METH_KEYWORDS call by `names`; NULL: not given. */
bool py_arguments(const char *function, const char *const *names, Py_ssize_t required,
        Py_ssize_t capacity, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords,
        PyObject **ret_values);

/* ---- py_wait.c ---- */

int py_wait_init(PyObject *module);
/* createWaitObject() */
PyObject *py_wait_new(PyManager *manager, ProWorkerId worker, PyObject *wait_object);

#endif
