/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_python.h"

#include "py_value.h"

#include <string.h>

/* One task: a fresh module, its code, perhaps a function of it, and the value that comes back. */

static PyObject *kept_value; /* the result's large bytes are lent to the writer until settle() */

/* Code of a script is its main module; code that only brings a function is not. */
static const char *module_name(ProTaskKind kind)
{
    return kind == PRO_TASK_EVAL_CODE || kind == PRO_TASK_EXECUTE_SCRIPT ? "__main__" : "__promp__";
}

/* Borrowed from sys.modules. */
static PyObject *fresh_module(ProTaskKind kind, const char *path)
{
    const char *name = module_name(kind);
    PyObject *modules = PyImport_GetModuleDict();
    PyObject *module = PyModule_New(name);
    if (module == NULL)
        return NULL;
    PyObject *names = PyModule_GetDict(module);
    PyObject *file = path == NULL ? NULL : PyUnicode_DecodeFSDefault(path);
    bool made = PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0 &&
                (path == NULL ||
                        (file != NULL && PyDict_SetItemString(names, "__file__", file) == 0)) &&
                PyDict_SetItemString(modules, name, module) == 0;
    Py_XDECREF(file);
    Py_DECREF(module);
    return made ? module : NULL;
}

/* The module after its code has run. New reference. */
static PyObject *run_code(const ProTask *task, bool from_file)
{
    PyObject *code = from_file ? worker_code_of_file(task->text)
                               : worker_code_of_source(task->text, task->text_size);
    PyObject *module =
            code == NULL ? NULL : fresh_module(task->kind, from_file ? task->text : NULL);
    Py_XINCREF(module);
    PyObject *names = module == NULL ? NULL : PyModule_GetDict(module);
    PyObject *result = names == NULL ? NULL : PyEval_EvalCode(code, names, names);
    Py_XDECREF(code);
    if (result == NULL)
        Py_CLEAR(module);
    Py_XDECREF(result);
    return module;
}

/* A tuple; empty if the task brings none. */
static PyObject *read_arguments(const ProTask *task)
{
    if (task->arguments == NULL)
        return PyTuple_New(0);
    PyObject *values = py_value_decode(task->arguments, task->arguments_size);
    PyObject *arguments = values == NULL ? NULL : PySequence_Tuple(values);
    Py_XDECREF(values);
    return arguments;
}

static PyObject *call(PyObject *function, const ProTask *task)
{
    if (task->arguments == NULL)
        return PyObject_CallNoArgs(function);
    PyObject *arguments = read_arguments(task);
    PyObject *value = arguments == NULL ? NULL : PyObject_CallObject(function, arguments);
    Py_XDECREF(arguments);
    return value;
}

static PyObject *run_function(const ProTask *task, bool from_file)
{
    PyObject *module = run_code(task, from_file);
    if (module == NULL)
        return NULL;
    PyObject *value = NULL;
    PyObject *function = PyDict_GetItemString(PyModule_GetDict(module), task->name);
    if (function == NULL) {
        PyErr_Format(PyExc_NameError, "name '%s' is not defined", task->name);
    } else {
        Py_INCREF(function);
        value = call(function, task);
        Py_DECREF(function);
    }
    Py_DECREF(module);
    return value;
}

/* "Class.method" below a module. New reference. */
static PyObject *find_qualified(const char *module_text, const char *name)
{
    PyObject *object = PyImport_ImportModule(module_text);
    while (object != NULL && name[0] != '\0') {
        const char *dot = strchr(name, '.');
        size_t size = dot == NULL ? strlen(name) : (size_t)(dot - name);
        PyObject *part = PyUnicode_FromStringAndSize(name, (Py_ssize_t)size);
        PyObject *next = part == NULL ? NULL : PyObject_GetAttr(object, part);
        Py_XDECREF(part);
        Py_DECREF(object);
        object = next;
        name += size + (dot != NULL);
    }
    return object;
}

/* The manager, which we trust, sent (function, args, kwargs) as one pickle. */
static PyObject *run_pickled(const ProTask *task)
{
    PyObject *arguments = read_arguments(task);
    PyObject *pickle = PyImport_ImportModule("pickle");
    PyObject *call_parts = NULL;
    PyObject *value = NULL;
    if (arguments != NULL && pickle != NULL && PyTuple_GET_SIZE(arguments) == 1)
        call_parts = PyObject_CallMethod(pickle, "loads", "O", PyTuple_GET_ITEM(arguments, 0));
    if (call_parts != NULL && PyTuple_Check(call_parts) && PyTuple_GET_SIZE(call_parts) == 3)
        value = PyObject_Call(PyTuple_GET_ITEM(call_parts, 0), PyTuple_GET_ITEM(call_parts, 1),
                PyTuple_GET_ITEM(call_parts, 2));
    else if (!PyErr_Occurred())
        PyErr_SetString(
                PyExc_TypeError, "a pickled call is a function, its arguments and its keywords");
    Py_XDECREF(call_parts);
    Py_XDECREF(pickle);
    Py_XDECREF(arguments);
    return value;
}

static PyObject *run_call(const ProTask *task)
{
    if (task->text_size == 0 && strcmp(task->name, "cloudpickle") == 0)
        return run_pickled(task);
    PyObject *function = find_qualified(task->text, task->name);
    PyObject *value = function == NULL ? NULL : call(function, task);
    Py_XDECREF(function);
    return value;
}

/* ---- scripts ---- */

static void set_argv(const char *path)
{
    PyObject *argv = Py_BuildValue("[N]", PyUnicode_DecodeFSDefault(path));
    if (argv == NULL || PySys_SetObject("argv", argv) != 0)
        PyErr_Clear();
    Py_XDECREF(argv);
}

/* The script's folder stands in front of the search path while the script runs. */
static PyObject *enter_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    PyObject *folder = PyUnicode_DecodeFSDefaultAndSize(path, slash == NULL ? 0 : slash - path);
    PyObject *places = PySys_GetObject("path");
    if (folder == NULL || places == NULL || PyList_Insert(places, 0, folder) != 0)
        PyErr_Clear();
    return folder;
}

static void leave_folder(PyObject *folder)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *places = PySys_GetObject("path");
    PyObject *gone = folder == NULL || places == NULL
                             ? NULL
                             : PyObject_CallMethod(places, "remove", "O", folder);
    if (gone == NULL)
        PyErr_Clear(); /* the script removed it itself */
    Py_XDECREF(gone);
    Py_XDECREF(folder);
    PyErr_Restore(type, value, traceback);
}

static PyObject *module_to_none(PyObject *module)
{
    if (module == NULL)
        return NULL;
    Py_DECREF(module);
    Py_RETURN_NONE;
}

static PyObject *run_kind(const ProTask *task)
{
    bool from_file =
            task->kind == PRO_TASK_EXECUTE_SCRIPT || task->kind == PRO_TASK_EXECUTE_FUNCTION;
    PyObject *folder = NULL;
    if (from_file) {
        set_argv(task->text);
        folder = enter_folder(task->text);
    }
    PyObject *value = NULL;
    switch (task->kind) {
    case PRO_TASK_EVAL_CODE:
    case PRO_TASK_EXECUTE_SCRIPT:
        value = module_to_none(run_code(task, from_file));
        break;
    case PRO_TASK_EVAL_FUNCTION:
    case PRO_TASK_EXECUTE_FUNCTION:
        value = run_function(task, from_file);
        break;
    case PRO_TASK_CALL:
        value = run_call(task);
        break;
    default:
        PyErr_Format(PyExc_RuntimeError, "Python cannot run a task of kind %d", (int)task->kind);
        break;
    }
    if (from_file)
        leave_folder(folder);
    return value;
}

/* What the task printed and sys.stdout, which it may have replaced, still holds. */
static void flush_output(void)
{
    static const char *const names[] = {"stdout", "stderr"};
    for (size_t i = 0; i < 2; i++) {
        PyObject *file = PySys_GetObject(names[i]);
        PyObject *done =
                file == NULL || file == Py_None ? NULL : PyObject_CallMethod(file, "flush", NULL);
        Py_XDECREF(done);
        PyErr_Clear();
    }
}

bool worker_python_run(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror)
{
    (void)user;
    PyObject *value = run_kind(task);
    bool succeeded = value != NULL;
    if (succeeded && task->want_result)
        succeeded = py_value_write(result, value, "result");
    if (!succeeded) {
        pro_writer_clear(result);
        succeeded = worker_error_take(reterror);
    }
    flush_output();
    Py_XSETREF(kept_value, value);
    return succeeded;
}

/* Drops the last value; an interrupt that came too late for the task is none of the next one's. */
void worker_python_settle(void *user)
{
    (void)user;
    Py_CLEAR(kept_value);
    if (PyErr_CheckSignals() != 0)
        PyErr_Clear();
}
