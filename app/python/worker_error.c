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

bool worker_error_take(ProTaskError *reterror)
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
        reterror->aborted = PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt);
        reterror->type = copy_type(type);
        reterror->message = copy_message(value);
        reterror->traceback = is_exit ? NULL : copy_traceback(type, value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    PyErr_Clear();
    return succeeded;
}
