/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_python.h"

#include "py_value.h"

#include <stdlib.h>
#include <string.h>

/* One task: a fresh module, its code, perhaps a function of it, and the value that comes back. */

bool worker_garbage;

static PyObject *lent; /* the result's large bytes, which the writer borrows until settle() */

/* What the running task put into sys.modules, and what stood there before. */
static struct {
    const char *name; /* NULL: nothing */
    PyObject *module;
    PyObject *before;
} scene;

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
                (scene.before = Py_XNewRef(PyDict_GetItemString(modules, name)), true) &&
                PyDict_SetItemString(modules, name, module) == 0;
    Py_XDECREF(file);
    scene.name = name;
    scene.module = module;
    return made ? module : NULL;
}

/* Only functions that nobody else has keep the namespace: then it is emptied at once. Otherwise
 * something lives on in it (a thread, a callback), or it waits for the collector. */
static void drop_namespace(PyObject *module)
{
    PyObject *names = Py_NewRef(PyModule_GetDict(module));
    Py_DECREF(module);
    Py_ssize_t known = 1;
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(names, &position, &key, &value))
        if (PyFunction_Check(value) && Py_REFCNT(value) == 1 &&
                PyFunction_GET_GLOBALS(value) == names)
            known++;
    if (Py_REFCNT(names) == known)
        PyDict_Clear(names);
    else
        worker_garbage = true;
    Py_DECREF(names);
}

/* Puts sys.modules back and lets go of what the task had. */
static void leave_scene(void)
{
    if (scene.name == NULL)
        return;
    PyObject *modules = PyImport_GetModuleDict();
    PyObject *module = scene.module;
    if (scene.before != NULL)
        (void)PyDict_SetItemString(modules, scene.name, scene.before);
    else
        (void)PyDict_DelItemString(modules, scene.name);
    Py_CLEAR(scene.before);
    scene.name = NULL;
    scene.module = NULL;
    drop_namespace(module);
    PyErr_Clear();
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

static ProStatus container_of(
        void *user, uint64_t index, ProContainer **ret_container, ProError *reterr)
{
    return pro_worker_argument_container(user, index, ret_container, reterr);
}

/* A tuple; empty if the task brings none. */
static PyObject *read_arguments(const ProTask *task)
{
    if (task->arguments == NULL)
        return PyTuple_New(0);
    PyObject *values = py_value_decode_with(
            task->arguments, task->arguments_size, container_of, pro_worker_current());
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

static const char *const stream_names[] = {"stdout", "stderr"};
static PyObject *own_streams[2]; /* as setup made them */

/* What the task printed and sys.stdout, which it may have replaced, still holds. */
static void flush_output(void)
{
    for (size_t i = 0; i < 2; i++) {
        PyObject *file = PySys_GetObject(stream_names[i]);
        if (file == own_streams[i])
            continue; /* it holds nothing back */
        PyObject *done =
                file == NULL || file == Py_None ? NULL : PyObject_CallMethod(file, "flush", NULL);
        Py_XDECREF(done);
        PyErr_Clear();
    }
}

void worker_output_is_own(void)
{
    for (size_t i = 0; i < 2; i++)
        own_streams[i] = Py_XNewRef(PySys_GetObject(stream_names[i]));
}

/* The task is not over while a view that it opened is open. Only if it loaded the user interface.
 */
static bool run_views(bool succeeded)
{
    PyObject *ui = PyDict_GetItemString(PyImport_GetModuleDict(), "Pro.UI");
    if (ui == NULL)
        return true;
    PyObject *type = NULL;
    PyObject *value = NULL;
    PyObject *traceback = NULL;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = PyObject_CallMethod(ui, "_run_at_task_end", "i", succeeded);
    bool good = done != NULL;
    Py_XDECREF(done);
    if (type != NULL)
        PyErr_Restore(type, value, traceback);
    return good;
}

ProStatus worker_python_show_box(
        void *user, const ProTask *task, const char *text, ProTaskError *reterror)
{
    static const char *const displays[] = {"PROMP_UI", "WAYLAND_DISPLAY", "DISPLAY"};
    (void)user;
    bool any = false;
    for (size_t i = 0; i < sizeof displays / sizeof displays[0]; i++)
        any = any || getenv(displays[i]) != NULL;
    if (!any)
        return PRO_ERR_UNSUPPORTED;
    PyObject *ui = PyImport_ImportModule("Pro.UI");
    PyObject *answer = ui == NULL ? NULL : PyObject_CallMethod(ui, "_show_box", "s", text);
    ProStatus status = answer == Py_True ? PRO_OK : PRO_ERR_UNSUPPORTED;
    if (answer == NULL) {
        status = PRO_ERR_ABORTED;
        (void)worker_error_take(task, reterror);
    }
    Py_XDECREF(answer);
    Py_XDECREF(ui);
    return status;
}

bool worker_python_run(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror)
{
    (void)user;
    PyObject *value = run_kind(task);
    bool succeeded = value != NULL;
    succeeded = run_views(succeeded) && succeeded;
    if (succeeded && task->want_result)
        succeeded = py_value_write(result, value, "result", &lent);
    if (!succeeded) {
        pro_writer_clear(result);
        succeeded = worker_error_take(task, reterror);
    }
    Py_XDECREF(value);
    leave_scene();
    flush_output();
    return succeeded;
}

/* Drops what the last value lent; an interrupt that came too late for the task is none of the next
 * one's. */
void worker_python_settle(void *user)
{
    (void)user;
    Py_CLEAR(lent);
    if (PyErr_CheckSignals() != 0)
        PyErr_Clear();
}
