/* SPDX-License-Identifier: Apache-2.0 */
#include "py_ui.h"

#include <stdlib.h>
#include <string.h>

/* The extension module Pro._ui: what Pro.UI is made of. */

const PyApi *py_ui_api;
static PyObject *failure; /* what ends the call that handles events */

/* ---- exceptions ---- */

static void keep_exception(void)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL && traceback != NULL)
        (void)PyException_SetTraceback(value, traceback);
    if (failure == NULL)
        failure = Py_XNewRef(value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

void py_ui_report_exception(void)
{
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches(PyExc_SystemExit))
        keep_exception();
    else
        PyErr_PrintEx(0);
}

/* Between events, without the GIL. */
static bool check(void *user)
{
    (void)user;
    PyGILState_STATE state = PyGILState_Ensure();
    if (failure == NULL && PyErr_CheckSignals() != 0)
        keep_exception();
    bool goes_on = failure == NULL;
    PyGILState_Release(state);
    return goes_on;
}

bool py_ui_check(ProStatus status, const ProError *error)
{
    if (failure != NULL) {
        PyObject *kept = failure;
        failure = NULL;
        PyErr_SetObject((PyObject *)Py_TYPE(kept), kept);
        Py_DECREF(kept);
        return false;
    }
    if (status != PRO_OK)
        (void)py_ui_api->error_raise(error);
    return status == PRO_OK;
}

PyObject *py_ui_finish(ProStatus status, const ProError *error)
{
    if (!py_ui_check(status, error))
        return NULL;
    Py_RETURN_NONE;
}

/* ---- functions ---- */

static PyObject *has_windows(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(pro_ui_has_windows());
}

static PyObject *run(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ProError error = {0};
    ProStatus status;
    Py_BEGIN_ALLOW_THREADS status = pro_ui_run(&error);
    Py_END_ALLOW_THREADS return py_ui_finish(status, &error);
}

static PyObject *process_events(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ProError error = {0};
    ProStatus status;
    Py_BEGIN_ALLOW_THREADS status = pro_ui_process_events(&error);
    Py_END_ALLOW_THREADS return py_ui_finish(status, &error);
}

static PyObject *close_all(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    Py_BEGIN_ALLOW_THREADS pro_ui_close_all();
    Py_END_ALLOW_THREADS return py_ui_finish(PRO_OK, NULL);
}

static PyObject *add_view(PyObject *module, PyObject *object)
{
    (void)module;
    ProView *view = py_ui_view_get(object);
    ProError error = {0};
    ProStatus status;
    if (view == NULL)
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_ui_add_view(view, &error);
    Py_END_ALLOW_THREADS return py_ui_finish(status, &error);
}

static PyObject *show_dialog(PyObject *module, PyObject *object)
{
    (void)module;
    ProView *view = py_ui_view_get(object);
    ProError error = {0};
    ProStatus status;
    int result = 0;
    if (view == NULL)
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_view_show_dialog(view, &result, &error);
    Py_END_ALLOW_THREADS return py_ui_check(status, &error) ? PyLong_FromLong(result) : NULL;
}

static PyObject *current_view(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ProError error = {0};
    if (!py_ui_check(pro_ui_check_thread(&error), &error))
        return NULL;
    ProView *view = pro_ui_current_view();
    if (view == NULL)
        Py_RETURN_NONE;
    return py_ui_view_wrap(view);
}

static PyObject *message_box(PyObject *module, PyObject *arguments)
{
    (void)module;
    const char *text;
    const char *title;
    unsigned buttons;
    int icon;
    ProError error = {0};
    ProStatus status;
    ProBoxButtons button = 0;
    if (!PyArg_ParseTuple(arguments, "ssIi:msgBox", &text, &title, &buttons, &icon))
        return NULL;
    const ProBox box = {.title = title, .text = text, .buttons = buttons, .icon = (ProBoxIcon)icon};
    Py_BEGIN_ALLOW_THREADS status = pro_ui_message_box(&box, &button, &error);
    Py_END_ALLOW_THREADS return py_ui_check(status, &error) ? PyLong_FromLong(button) : NULL;
}

/* None as for "". False with an exception. */
static bool text_or_none(PyObject *object, const char **ret_text)
{
    *ret_text = object == Py_None ? "" : PyUnicode_AsUTF8(object);
    return *ret_text != NULL;
}

static PyObject *choose_file(PyObject *module, PyObject *arguments)
{
    (void)module;
    int save;
    const char *title;
    const char *filters;
    PyObject *texts[3];
    PyObject *start = NULL;
    char *path = NULL;
    ProError error = {0};
    ProStatus status;
    if (!PyArg_ParseTuple(arguments, "pOOO:chooseFile", &save, &texts[0], &texts[1], &texts[2]) ||
            !text_or_none(texts[0], &title) || !text_or_none(texts[2], &filters) ||
            (texts[1] != Py_None && !PyUnicode_FSConverter(texts[1], &start)))
        return NULL;
    const char *begin = start == NULL ? "" : PyBytes_AS_STRING(start);
    Py_BEGIN_ALLOW_THREADS status =
            save != 0 ? pro_ui_save_file_name(title, begin, filters, &path, &error)
                      : pro_ui_open_file_name(title, begin, filters, &path, &error);
    Py_END_ALLOW_THREADS Py_XDECREF(start);
    if (!py_ui_check(status, &error))
        return NULL;
    PyObject *result = PyUnicode_DecodeFSDefault(path);
    free(path);
    return result;
}

static PyObject *take_longest(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    uint64_t clock;
    uint64_t processor;
    pro_ui_take_longest_ns(&clock, &processor);
    return Py_BuildValue("(dd)", (double)clock / 1e6, (double)processor / 1e6);
}

static PyMethodDef functions[] = {
        {"hasWindows", has_windows, METH_NOARGS, NULL},
        {"run", run, METH_NOARGS, NULL},
        {"processEvents", process_events, METH_NOARGS, NULL},
        {"closeAll", close_all, METH_NOARGS, NULL},
        {"addView", add_view, METH_O, NULL},
        {"showDialog", show_dialog, METH_O, NULL},
        {"currentView", current_view, METH_NOARGS, NULL},
        {"msgBox", message_box, METH_VARARGS, NULL},
        {"chooseFile", choose_file, METH_VARARGS, NULL},
        {"takeLongestMs", take_longest, METH_NOARGS, NULL},
        {0},
};

static int add_constants(PyObject *module)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {
            {"pvnInit", PRO_PVN_INIT},
            {"pvnIdle", PRO_PVN_IDLE},
            {"pvnClose", PRO_PVN_CLOSE},
            {"pvnButtonClicked", PRO_PVN_BUTTON_CLICKED},
            {"pvnTextChanged", PRO_PVN_TEXT_CHANGED},
            {"pvnValueChanged", PRO_PVN_VALUE_CHANGED},
            {"pvnRowSelected", PRO_PVN_ROW_SELECTED},
            {"pvnRowActivated", PRO_PVN_ROW_ACTIVATED},
            {"pvnGetTableRow", PRO_PVN_GET_TABLE_ROW},
            {"pvnContextMenu", PRO_PVN_CONTEXT_MENU},
            {"pvnAction", PRO_PVN_ACTION},
            {"pvnPageChanged", PRO_PVN_PAGE_CHANGED},
            {"ProBox_OK", PRO_BOX_OK},
            {"ProBox_Cancel", PRO_BOX_CANCEL},
            {"ProBox_Yes", PRO_BOX_YES},
            {"ProBox_No", PRO_BOX_NO},
            {"ProBoxIcon_None", PRO_BOX_ICON_NONE},
            {"ProBoxIcon_Information", PRO_BOX_ICON_INFORMATION},
            {"ProBoxIcon_Question", PRO_BOX_ICON_QUESTION},
            {"ProBoxIcon_Warning", PRO_BOX_ICON_WARNING},
            {"ProBoxIcon_Error", PRO_BOX_ICON_ERROR},
    };
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) != 0)
            return -1;
    return 0;
}

PyMODINIT_FUNC PyInit__ui(void);

PyMODINIT_FUNC PyInit__ui(void)
{
    static struct PyModuleDef definition = {
            PyModuleDef_HEAD_INIT, .m_name = "Pro._ui", .m_size = -1, .m_methods = functions};
    py_ui_api = PyCapsule_Import(PY_API_CAPSULE, 0);
    PyObject *module = py_ui_api == NULL ? NULL : PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    if (py_ui_event_init(module) != 0 || py_ui_view_init(module) != 0 ||
            py_ui_wait_init(module) != 0 || add_constants(module) != 0) {
        Py_DECREF(module);
        return NULL;
    }
    pro_ui_set_check(check, NULL);
    pro_ui_show_boxes();
    return module;
}
