/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"

#include <time.h>

static PyObject *remote_error;
static PyObject *aborted_error;
static PyObject *died_error;
static PyObject *quarantined_error;

static PyObject *add_exception(
        PyObject *module, const char *name, const char *qualified, const char *doc, PyObject *base)
{
    PyObject *type = PyErr_NewExceptionWithDoc(qualified, doc, base, NULL);
    if (type == NULL || PyModule_AddObjectRef(module, name, type) != 0)
        return NULL;
    return type;
}

int py_error_init(PyObject *module)
{
    remote_error = add_exception(module, "ProRemoteError", "Pro.MP.ProRemoteError",
            "A task did not end with a result. Attributes: kind (\"error\", \"aborted\", \"worker died\", "
            "\"quarantined\"), type and message (of the exception in the worker), traceback (text), task, "
            "worker, rung (what ended an aborted task), death (how the worker died, a dict, or None).",
            NULL);
    if (remote_error == NULL)
        return -1;
    aborted_error = add_exception(module, "ProAbortedError", "Pro.MP.ProAbortedError",
            "The task was cancelled; rung tells by which means.", remote_error);
    died_error = add_exception(module, "ProWorkerDiedError", "Pro.MP.ProWorkerDiedError",
            "The task's worker died; death tells how.", remote_error);
    if (aborted_error == NULL || died_error == NULL)
        return -1;
    quarantined_error = add_exception(module, "ProQuarantinedError", "Pro.MP.ProQuarantinedError",
            "The task killed two workers and is not run again.", died_error);
    return quarantined_error == NULL ? -1 : 0;
}

PyObject *py_error_raise(const ProError *error)
{
    PyObject *type = PyExc_RuntimeError;
    switch (error->status) {
    case PRO_ERR_INVALID:
    case PRO_ERR_WORKER_GONE:
    case PRO_ERR_FORMAT:
    case PRO_ERR_LIMIT:
        type = PyExc_ValueError;
        break;
    case PRO_ERR_NO_MEMORY:
        type = PyExc_MemoryError;
        break;
    case PRO_ERR_TIMEOUT:
        type = PyExc_TimeoutError;
        break;
    case PRO_ERR_NOT_FOUND:
        type = PyExc_FileNotFoundError;
        break;
    case PRO_ERR_EMPTY:
        type = PyExc_LookupError;
        break;
    case PRO_ERR_FULL:
        type = PyExc_BlockingIOError;
        break;
    case PRO_ERR_SYSTEM:
        type = PyExc_OSError;
        break;
    default:
        break;
    }
    if (type != PyExc_OSError || error->system_error == 0) {
        PyErr_SetString(type, error->text);
        return NULL;
    }
    PyObject *arguments = Py_BuildValue("(is)", error->system_error, error->text);
    if (arguments != NULL)
        PyErr_SetObject(PyExc_OSError, arguments);
    Py_XDECREF(arguments);
    return NULL;
}

/* ---- endings ---- */

/* Texts of workers may hold anything. Consumes nothing; steals the new reference into the
 * attribute. */
static bool set_attribute(PyObject *object, const char *name, PyObject *value)
{
    bool set = value != NULL && PyObject_SetAttrString(object, name, value) == 0;
    Py_XDECREF(value);
    return set;
}

static PyObject *text_of(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyObject *class_of(ProEndingKind kind)
{
    switch (kind) {
    case PRO_ENDING_ABORTED:
        return aborted_error;
    case PRO_ENDING_DIED:
        return died_error;
    case PRO_ENDING_QUARANTINED:
        return quarantined_error;
    default:
        return remote_error;
    }
}

static PyObject *death_of(const ProEnding *ending)
{
    const ProDeath *death = pro_ending_death(ending);
    if (death == NULL)
        Py_RETURN_NONE;
    PyObject *json = PyImport_ImportModule("json");
    PyObject *text = text_of(pro_death_json(death));
    PyObject *dict =
            json == NULL || text == NULL ? NULL : PyObject_CallMethod(json, "loads", "O", text);
    Py_XDECREF(text);
    Py_XDECREF(json);
    return dict;
}

PyObject *py_error_of_ending(const ProEnding *ending)
{
    const char *type = pro_ending_error_type(ending);
    PyObject *message = text_of(pro_ending_message(ending));
    PyObject *type_text = text_of(type);
    PyObject *text = message == NULL || type_text == NULL ? NULL
                     : type[0] != '\0' ? PyUnicode_FromFormat("%U: %U", type_text, message)
                                       : Py_NewRef(message);
    PyObject *error =
            text == NULL ? NULL : PyObject_CallOneArg(class_of(pro_ending_kind(ending)), text);
    Py_XDECREF(text);
    bool whole =
            error != NULL && set_attribute(error, "type", Py_XNewRef(type_text)) &&
            set_attribute(error, "message", Py_XNewRef(message)) &&
            set_attribute(error, "traceback", text_of(pro_ending_traceback(ending))) &&
            set_attribute(error, "kind", text_of(pro_ending_kind_text(pro_ending_kind(ending)))) &&
            set_attribute(error, "rung", text_of(pro_abort_rung_text(pro_ending_rung(ending)))) &&
            set_attribute(error, "task", PyLong_FromUnsignedLongLong(pro_ending_task(ending))) &&
            set_attribute(error, "worker", PyLong_FromUnsignedLong(pro_ending_worker(ending))) &&
            set_attribute(error, "death", death_of(ending));
    Py_XDECREF(message);
    Py_XDECREF(type_text);
    if (!whole)
        Py_CLEAR(error);
    return error;
}

/* ---- time ---- */

uint64_t py_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int py_slice_ms(int timeout_ms, uint64_t begun_ns)
{
    if (timeout_ms < 0)
        return PY_SLICE_MS;
    uint64_t gone_ms = (py_now_ns() - begun_ns) / 1000000u;
    if (gone_ms >= (uint64_t)timeout_ms)
        return 0;
    uint64_t left_ms = (uint64_t)timeout_ms - gone_ms;
    return left_ms < PY_SLICE_MS ? (int)left_ms : PY_SLICE_MS;
}
