/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_python.h"

#include <string.h>

static char *copy_text(PyObject *text)
{
    PyObject *bytes =
            text == NULL ? NULL : PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
    char *copy = bytes == NULL ? NULL : strdup(PyBytes_AS_STRING(bytes));
    Py_XDECREF(bytes);
    PyErr_Clear();
    return copy;
}

static char *copy_message(PyObject *value)
{
    PyObject *text = value == NULL ? NULL : PyObject_Str(value);
    char *copy = copy_text(text);
    Py_XDECREF(text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if (*c == '\n') /* one line; all of it stands in the traceback */
            *c = ' ';
    return copy;
}

/* linecache.cache, or NULL without an exception. */
static PyObject *line_cache(void)
{
    PyObject *module = PyImport_ImportModule("linecache");
    PyObject *cache = module == NULL ? NULL : PyObject_GetAttrString(module, "cache");
    Py_XDECREF(module);
    PyErr_Clear();
    return cache;
}

/* While a traceback is made, linecache knows the source of the task, which is in no file. */
static void show_source(PyObject *cache, const char *source, size_t size)
{
    PyObject *text = PyUnicode_DecodeUTF8(source, (Py_ssize_t)size, "replace");
    PyObject *lines = text == NULL ? NULL : PyUnicode_Splitlines(text, 1);
    PyObject *entry = lines == NULL ? NULL
                                    : Py_BuildValue("(nOOs)", (Py_ssize_t)size, Py_None, lines,
                                              WORKER_CODE_NAME);
    if (cache != NULL && entry != NULL)
        (void)PyMapping_SetItemString(cache, WORKER_CODE_NAME, entry);
    Py_XDECREF(entry);
    Py_XDECREF(lines);
    Py_XDECREF(text);
    PyErr_Clear();
}

static void hide_source(PyObject *cache)
{
    if (cache != NULL)
        (void)PyMapping_DelItemString(cache, WORKER_CODE_NAME);
    PyErr_Clear();
}

static char *copy_traceback(PyObject *type, PyObject *value, PyObject *traceback)
{
    PyObject *module = PyImport_ImportModule("traceback");
    PyObject *lines = module == NULL ? NULL
                                     : PyObject_CallMethod(module, "format_exception", "OOO", type,
                                               value == NULL ? Py_None : value,
                                               traceback == NULL ? Py_None : traceback);
    PyObject *empty = PyUnicode_FromString("");
    PyObject *text = lines == NULL || empty == NULL ? NULL : PyUnicode_Join(empty, lines);
    char *copy = copy_text(text);
    Py_XDECREF(text);
    Py_XDECREF(empty);
    Py_XDECREF(lines);
    Py_XDECREF(module);
    return copy;
}

static char *copy_type(PyObject *type)
{
    PyObject *name = PyObject_GetAttrString(type, "__name__");
    char *copy = copy_text(name);
    Py_XDECREF(name);
    return copy;
}

/* sys.exit() ends the task as it ends a script: a text goes to stderr, a status that is not 0 is a
 * failure. */
static bool take_exit(PyObject *value)
{
    PyObject *code = value == NULL ? NULL : PyObject_GetAttrString(value, "code");
    bool succeeded =
            code == NULL || code == Py_None || (PyLong_Check(code) && PyLong_AsLong(code) == 0);
    PyErr_Clear();
    if (!succeeded && !PyLong_Check(code)) {
        PyObject *file = PySys_GetObject("stderr");
        if (file != NULL && PyFile_WriteObject(code, file, Py_PRINT_RAW) == 0)
            (void)PyFile_WriteString("\n", file);
        PyErr_Clear();
    }
    Py_XDECREF(code);
    return succeeded;
}

bool worker_error_take(const ProTask *task, ProTaskError *reterror)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL && traceback != NULL)
        (void)PyException_SetTraceback(value, traceback);
    bool is_exit = PyErr_GivenExceptionMatches(type, PyExc_SystemExit);
    bool succeeded = is_exit && take_exit(value);
    if (!succeeded) {
        /* A task may raise KeyboardInterrupt itself; asking for the flag counts as seeing it. */
        reterror->aborted = PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt) &&
                            pro_worker_was_aborted(pro_worker_current());
        PyObject *cache = line_cache();
        if (task->kind == PRO_TASK_EVAL_CODE || task->kind == PRO_TASK_EVAL_FUNCTION)
            show_source(cache, task->text, task->text_size);
        reterror->type = copy_type(type);
        reterror->message = copy_message(value);
        reterror->traceback = is_exit ? NULL : copy_traceback(type, value, traceback);
        hide_source(cache);
        Py_XDECREF(cache);
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    PyErr_Clear();
    return succeeded;
}
