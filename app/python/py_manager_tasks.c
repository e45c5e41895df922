/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"
#include "py_value.h"

/* Giving tasks and taking their results: the short calls that programs make by the hundred
 * thousand. */

/* ---- giving ---- */

bool py_arguments(const char *function, const char *const *names, Py_ssize_t required,
        Py_ssize_t capacity, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords,
        PyObject **ret_values)
{
    if (count > capacity) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments", function, capacity);
        return false;
    }
    for (Py_ssize_t i = 0; i < capacity; i++)
        ret_values[i] = i < count ? arguments[i] : NULL;
    for (Py_ssize_t k = 0; keywords != NULL && k < PyTuple_GET_SIZE(keywords); k++) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, k);
        Py_ssize_t i = 0;
        while (i < capacity && !_PyUnicode_EqualToASCIIString(keyword, names[i]))
            i++;
        if (i == capacity || ret_values[i] != NULL) {
            PyErr_Format(
                    PyExc_TypeError, "%s() got an unexpected argument '%U'", function, keyword);
            return false;
        }
        ret_values[i] = arguments[count + k];
    }
    for (Py_ssize_t i = 0; i < required; i++) {
        if (ret_values[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() misses the argument '%s'", function, names[i]);
            return false;
        }
    }
    return true;
}

/* None, or a list, tuple or NTVariantList. Leaves them in self->arguments; ret_given tells whether.
 */
static bool write_arguments(PyManager *self, PyObject *values, bool *ret_given)
{
    *ret_given = values != NULL && values != Py_None;
    if (!*ret_given)
        return true;
    if (!PyList_Check(values) && !PyTuple_Check(values)) {
        PyErr_Format(PyExc_TypeError, "args is a list, tuple or NTVariantList, not %.100s",
                Py_TYPE(values)->tp_name);
        return false;
    }
    if (PySequence_Fast_GET_SIZE(values) == 0) {
        *ret_given = false;
        return true;
    }
    if (self->calls > 0 && py_manager_answer(self, false) == NULL)
        return false; /* a call of the owner may be using the writer */
    pro_writer_clear(self->arguments);
    return py_value_write(self->arguments, values, "args", &self->lent);
}

static const char *text_of(PyObject *object, const char *what, size_t *ret_size)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s is a str, not %.100s", what, Py_TYPE(object)->tp_name);
        return NULL;
    }
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text != NULL)
        *ret_size = (size_t)size;
    return text;
}

static PyObject *give(PyManager *self, PyObject *id, const ProTaskSpec *spec)
{
    enum { LARGE_BYTES = 64 << 10 };
    ProWorkerId worker;
    ProTaskId task;
    ProStatus status;
    ProError error = {0};
    ProManager *manager = py_manager_get(self);
    if (manager == NULL || !py_worker_id(id, &worker))
        return NULL;
    if (spec->arguments != NULL && pro_writer_size(spec->arguments) > LARGE_BYTES) {
        PY_MANAGER_CALL_BEGIN(self)
        status = pro_manager_give_task(manager, worker, spec, &task, &error);
        PY_MANAGER_CALL_END(self)
    } else {
        status = pro_manager_give_task(manager, worker, spec, &task, &error);
    }
    if (spec->arguments != NULL) {
        pro_writer_clear(self->arguments); /* lets its containers go */
        Py_CLEAR(self->lent);
    }
    return status == PRO_OK ? PyLong_FromUnsignedLongLong(task) : py_error_raise(&error);
}

static PyObject *give_text(PyManager *self, ProTaskKind kind, PyObject *id, PyObject *text)
{
    ProTaskSpec spec = {.kind = kind};
    spec.text = text_of(text, "code", &spec.text_size);
    return spec.text == NULL ? NULL : give(self, id, &spec);
}

static PyObject *give_path(PyManager *self, ProTaskSpec *spec, PyObject *id, PyObject *path)
{
    PyObject *bytes;
    if (!PyUnicode_FSConverter(path, &bytes))
        return NULL;
    spec->text = PyBytes_AS_STRING(bytes);
    spec->text_size = (size_t)PyBytes_GET_SIZE(bytes);
    PyObject *task = give(self, id, spec);
    Py_DECREF(bytes);
    return task;
}

static PyObject *eval_code(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"worker", "code"};
    PyObject *values[2];
    if (!py_arguments("evalPythonCode", names, 2, 2, arguments, count, keywords, values))
        return NULL;
    return give_text(self, PRO_TASK_EVAL_CODE, values[0], values[1]);
}

static PyObject *execute_script(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"worker", "path"};
    PyObject *values[2];
    ProTaskSpec spec = {.kind = PRO_TASK_EXECUTE_SCRIPT};
    if (!py_arguments("executePythonScript", names, 2, 2, arguments, count, keywords, values))
        return NULL;
    return give_path(self, &spec, values[0], values[1]);
}

enum { FUNCTION_ARGUMENTS = 5 };

/* name, args and want_result, which all calls of functions have at the same places. */
static bool read_function(PyManager *self, PyObject *const *values, ProTaskSpec *spec)
{
    size_t name_size;
    bool given;
    spec->name = text_of(values[2], "the function's name", &name_size);
    if (spec->name == NULL || !write_arguments(self, values[3], &given))
        return false;
    if (strlen(spec->name) != name_size) {
        PyErr_SetString(PyExc_ValueError, "the function's name holds a NUL");
        return false;
    }
    spec->arguments = given ? self->arguments : NULL;
    int want = values[4] == NULL ? 0 : PyObject_IsTrue(values[4]);
    spec->want_result = want == 1;
    return want >= 0;
}

static PyObject *eval_function(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"worker", "code", "function", "args", "want_result"};
    PyObject *values[FUNCTION_ARGUMENTS];
    ProTaskSpec spec = {.kind = PRO_TASK_EVAL_FUNCTION};
    if (!py_arguments("evalPythonFunction", names, 3, FUNCTION_ARGUMENTS, arguments, count,
                keywords, values))
        return NULL;
    spec.text = text_of(values[1], "code", &spec.text_size);
    return spec.text != NULL && read_function(self, values, &spec) ? give(self, values[0], &spec)
                                                                   : NULL;
}

static PyObject *give_function_at(PyManager *self, ProTaskKind kind, const char *call,
        PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"worker", "path", "function", "args", "want_result"};
    PyObject *values[FUNCTION_ARGUMENTS];
    ProTaskSpec spec = {.kind = kind};
    if (!py_arguments(call, names, 3, FUNCTION_ARGUMENTS, arguments, count, keywords, values) ||
            !read_function(self, values, &spec))
        return NULL;
    return give_path(self, &spec, values[0], values[1]);
}

static PyObject *execute_function(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    return give_function_at(
            self, PRO_TASK_EXECUTE_FUNCTION, "executePythonFunction", arguments, count, keywords);
}

static PyObject *call_plugin(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    return give_function_at(self, PRO_TASK_PLUGIN, "callPlugin", arguments, count, keywords);
}

static PyObject *call_function(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = {"worker", "module", "function", "args", "want_result"};
    PyObject *values[FUNCTION_ARGUMENTS];
    ProTaskSpec spec = {.kind = PRO_TASK_CALL};
    if (!py_arguments(
                "callFunction", names, 3, FUNCTION_ARGUMENTS, arguments, count, keywords, values))
        return NULL;
    spec.text = text_of(values[1], "the module", &spec.text_size);
    return spec.text != NULL && read_function(self, values, &spec) ? give(self, values[0], &spec)
                                                                   : NULL;
}

static PyObject *test_message(PyManager *self, PyObject *id)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_TEST_MESSAGE};
    return give(self, id, &spec);
}

static PyObject *test_message_box(PyManager *self, PyObject *id)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_TEST_BOX};
    return give(self, id, &spec);
}

/* ---- cancelling ---- */

static PyObject *abort_operation(PyManager *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"worker", "timeout", NULL};
    PyObject *id;
    int timeout_ms = 1000;
    ProWorkerId worker;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|i:abortOperation",
                (char **)(uintptr_t)names, &id, &timeout_ms) ||
            !py_worker_id(id, &worker) || py_manager_get(self) == NULL)
        return NULL;
    if (pro_manager_abort_operation(self->manager, worker, timeout_ms, &error) != PRO_OK)
        return py_error_raise(&error);
    Py_RETURN_NONE;
}

static PyObject *abort_task(PyManager *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"task", "timeout", NULL};
    unsigned long long task;
    int timeout_ms = 1000;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "K|i:abortTask",
                (char **)(uintptr_t)names, &task, &timeout_ms) ||
            py_manager_get(self) == NULL)
        return NULL;
    ProStatus status = pro_manager_abort_task(self->manager, task, timeout_ms, &error);
    if (status == PRO_OK || status == PRO_ERR_NOT_FOUND)
        return PyBool_FromLong(status == PRO_OK);
    return py_error_raise(&error);
}

/* ---- results ---- */

static bool optional_worker(const char *function, PyObject *const *arguments, Py_ssize_t count,
        PyObject *keywords, ProWorkerId *ret_worker)
{
    static const char *const names[] = {"worker"};
    PyObject *values[1];
    *ret_worker = PRO_WORKER_ANY;
    return py_arguments(function, names, 0, 1, arguments, count, keywords, values) &&
           (values[0] == NULL || py_worker_id(values[0], ret_worker));
}

static PyObject *has_results(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProWorkerId worker;
    if (!optional_worker("hasResults", arguments, count, keywords, &worker) ||
            py_manager_get(self) == NULL)
        return NULL;
    return py_manager_answer(self, pro_manager_has_results(self->manager, worker));
}

static ProEnding *take(const char *function, PyManager *self, PyObject *const *arguments,
        Py_ssize_t count, PyObject *keywords)
{
    ProWorkerId worker;
    ProEnding *ending;
    ProError error = {0};
    if (!optional_worker(function, arguments, count, keywords, &worker) ||
            py_manager_get(self) == NULL)
        return NULL;
    if (pro_manager_take_result(self->manager, worker, &ending, &error) == PRO_OK)
        return ending;
    (void)py_error_raise(&error);
    return NULL;
}

static ProStatus container_of(
        void *user, uint64_t index, ProContainer **ret_container, ProError *reterr)
{
    return pro_ending_container(user, index, ret_container, reterr);
}

static PyObject *value_of(ProEnding *ending)
{
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    return py_value_decode_with(value, size, container_of, ending);
}

static PyObject *take_result(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProEnding *ending = take("takeResult", self, arguments, count, keywords);
    PyObject *value = NULL;
    if (ending == NULL)
        return NULL;
    if (pro_ending_kind(ending) == PRO_ENDING_RESULT) {
        value = value_of(ending);
    } else {
        PyObject *error = py_error_of_ending(ending);
        if (error != NULL)
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_XDECREF(error);
    }
    pro_ending_free(ending);
    return value;
}

/* Of an unreadable result the reason takes the place of the error. */
static PyObject *take_ending(
        PyManager *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    ProEnding *ending = take("takeEnding", self, arguments, count, keywords);
    if (ending == NULL)
        return NULL;
    bool has_value = pro_ending_kind(ending) == PRO_ENDING_RESULT;
    PyObject *value = has_value ? value_of(ending) : Py_NewRef(Py_None);
    PyObject *error = has_value ? Py_NewRef(Py_None) : py_error_of_ending(ending);
    if (value == NULL) {
        PyObject *type;
        PyObject *traceback;
        Py_XDECREF(error);
        PyErr_Fetch(&type, &error, &traceback);
        PyErr_NormalizeException(&type, &error, &traceback);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
        value = Py_NewRef(Py_None);
    }
    PyObject *result =
            error == NULL ? NULL
                          : Py_BuildValue("(KIOO)", (unsigned long long)pro_ending_task(ending),
                                    pro_ending_worker(ending), value, error);
    Py_XDECREF(value);
    Py_XDECREF(error);
    pro_ending_free(ending);
    return result;
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

PyMethodDef py_manager_task_methods[] = {
        {"evalPythonCode", METHOD(eval_code), METH_FASTCALL | METH_KEYWORDS,
                "evalPythonCode(worker, code) -> task\n\nRuns source in a worker, ProWorker_All or ProWorker_Any "
                "(the first that is free)."},
        {"executePythonScript", METHOD(execute_script), METH_FASTCALL | METH_KEYWORDS,
                "executePythonScript(worker, path) -> task\n\nRuns a script as `python3 path` would."},
        {"evalPythonFunction", METHOD(eval_function), METH_FASTCALL | METH_KEYWORDS,
                "evalPythonFunction(worker, code, function, args=None, want_result=False) -> task\n\nRuns source, "
                "then calls the function that it defines. TypeError names an argument that cannot cross."},
        {"executePythonFunction", METHOD(execute_function), METH_FASTCALL | METH_KEYWORDS,
                "executePythonFunction(worker, path, function, args=None, want_result=False) -> task\n\nThe same "
                "for a function of a script."},
        {"callFunction", METHOD(call_function), METH_FASTCALL | METH_KEYWORDS,
                "callFunction(worker, module, function, args=None, want_result=False) -> task\n\nImports the module "
                "in the worker and calls its function (a qualified name)."},
        {"callPlugin", METHOD(call_plugin), METH_FASTCALL | METH_KEYWORDS,
                "callPlugin(worker, path, function, args=None, want_result=False) -> task\n\nCalls a function "
                "that a shared library exports as ProPluginFn (promp/plugin.h)."},
        {"testMessage", METHOD(test_message), METH_O,
                "testMessage(worker) -> task\n\nPrints \"Test message.\""},
        {"testMessageBox", METHOD(test_message_box), METH_O,
                "testMessageBox(worker) -> task\n\nShows a box; ends when it is closed."},
        {"abortOperation", METHOD(abort_operation), METH_VARARGS | METH_KEYWORDS,
                "abortOperation(worker, timeout=1000)\n\nCancels the running task: the abort flag at once, "
                "KeyboardInterrupt after half of `timeout` ms, SIGTERM after three quarters, SIGKILL at the end; 0 "
                "kills now."},
        {"abortTask", METHOD(abort_task), METH_VARARGS | METH_KEYWORDS,
                "abortTask(task, timeout=1000) -> bool\n\nThe same for one task, wherever it is; False if it has "
                "ended."},
        {"hasResults", METHOD(has_results), METH_FASTCALL | METH_KEYWORDS,
                "hasResults(worker=ProWorker_Any) -> bool"},
        {"takeResult", METHOD(take_result), METH_FASTCALL | METH_KEYWORDS,
                "takeResult(worker=ProWorker_Any)\n\nThe oldest delivered result; raises ProRemoteError if that task "
                "failed, LookupError if there is none."},
        {"takeEnding", METHOD(take_ending), METH_FASTCALL | METH_KEYWORDS,
                "takeEnding(worker=ProWorker_Any) -> (task, worker, value, error)\n\nThe same without raising: error "
                "is an exception or None."},
        {0},
};
