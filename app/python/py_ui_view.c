/* SPDX-License-Identifier: Apache-2.0 */
#include "py_ui.h"

#include <stddef.h>
#include <structmember.h>

/* ProView: views and their controls. One object a view; a control's keeps the one of its view. What
 * setup() was given belongs to the C view; the garbage collector sees it through the view's object,
 * as long as nobody but that object has the view. */

typedef struct PyView {
    PyObject_HEAD ProView *view; /* a top's is referenced */
    PyObject *top;               /* a control's; NULL: this is a top */
    PyObject *weak_references;
} PyView;

typedef struct Binding {
    PyObject *callback;
    PyObject *data;
} Binding;

static PyTypeObject *view_type;

/* ---- calling back ---- */

static PyObject *call_back(const Binding *binding, ProView *custom, const ProEvent *event)
{
    PyObject *callback = Py_NewRef(binding->callback);
    PyObject *data = Py_NewRef(binding->data);
    PyObject *top = py_ui_view_wrap(custom);
    PyObject *view = py_ui_view_wrap(event->view);
    PyObject *about = py_ui_event_new(event);
    PyObject *answer = NULL;
    if (top != NULL && view != NULL && about != NULL)
        answer = PyObject_CallFunction(callback, "OOiOO", top, data, (int)event->code, view, about);
    py_ui_event_end(about);
    Py_XDECREF(view);
    Py_XDECREF(top);
    Py_DECREF(data);
    Py_DECREF(callback);
    return answer;
}

static int on_event(ProView *custom, void *user, const ProEvent *event)
{
    const Binding *binding = user;
    PyGILState_STATE state = PyGILState_Ensure();
    int answer = 0;
    if (binding->callback != NULL) {
        PyObject *result = call_back(binding, custom, event);
        answer = result == NULL || result == Py_None ? 0 : PyObject_IsTrue(result);
        if (result == NULL || answer < 0) {
            py_ui_report_exception();
            answer = 0;
        }
        Py_XDECREF(result);
    }
    PyGILState_Release(state);
    return answer;
}

static void free_binding(void *user)
{
    Binding *binding = user;
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(binding->callback);
    Py_XDECREF(binding->data);
    PyMem_RawFree(binding);
    PyGILState_Release(state);
}

/* ---- the object ---- */

PyObject *py_ui_view_wrap(ProView *view)
{
    PyObject *known = pro_view_companion(view);
    if (known != NULL)
        return Py_NewRef(known);
    ProView *top_view = pro_view_top(view);
    PyObject *top = top_view == view ? NULL : py_ui_view_wrap(top_view);
    if (top_view != view && top == NULL)
        return NULL;
    PyView *self = (PyView *)view_type->tp_alloc(view_type, 0);
    if (self == NULL) {
        Py_XDECREF(top);
        return NULL;
    }
    self->top = top;
    self->view = top == NULL ? pro_view_ref(view) : view;
    pro_view_set_companion(view, self);
    return (PyObject *)self;
}

ProView *py_ui_view_get(PyObject *object)
{
    if (PyObject_TypeCheck(object, view_type))
        return ((PyView *)object)->view;
    PyErr_Format(PyExc_TypeError, "a ProView is wanted, not %.100s", Py_TYPE(object)->tp_name);
    return NULL;
}

static PyObject *view_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"type", "title", NULL};
    int kind;
    const char *title = "";
    ProView *view = NULL;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(
                arguments, keywords, "i|s:ProView", (char **)(uintptr_t)names, &kind, &title))
        return NULL;
    if (!py_ui_check(pro_view_new((ProViewType)kind, title, &view, &error), &error))
        return NULL;
    PyView *self = (PyView *)type->tp_alloc(type, 0);
    if (self == NULL) {
        pro_view_unref(view);
        return NULL;
    }
    self->view = view;
    pro_view_set_companion(view, self);
    return (PyObject *)self;
}

/* What this object alone keeps alive. */
static Binding *own_binding(const PyView *self)
{
    if (self->view == NULL || self->top != NULL || pro_view_is_shared(self->view))
        return NULL;
    return pro_view_user(self->view);
}

static int view_traverse(PyView *self, visitproc visit, void *arg)
{
    const Binding *binding = own_binding(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->top);
    if (binding != NULL) {
        Py_VISIT(binding->callback);
        Py_VISIT(binding->data);
    }
    return 0;
}

static int view_clear(PyView *self)
{
    Binding *binding = own_binding(self);
    if (binding != NULL) {
        Py_CLEAR(binding->callback);
        Py_CLEAR(binding->data);
    }
    return 0;
}

static void view_dealloc(PyView *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL)
        PyObject_ClearWeakRefs((PyObject *)self);
    if (self->view != NULL)
        pro_view_set_companion(self->view, NULL);
    if (self->top == NULL)
        pro_view_unref(self->view);
    Py_XDECREF(self->top);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *view_repr(PyView *self)
{
    long long id = pro_view_id(self->view);
    const char *kind = pro_view_type_text(pro_view_type(self->view));
    return id < 0 ? PyUnicode_FromFormat("<ProView: %s>", kind)
                  : PyUnicode_FromFormat("<ProView: %s %lld>", kind, id);
}

/* ---- methods ---- */

static PyObject *view_id(PyView *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(pro_view_id(self->view));
}

static PyObject *view_kind(PyView *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(pro_view_type(self->view));
}

static PyObject *view_get_view(PyView *self, PyObject *number)
{
    int overflow = 0;
    long long id = PyLong_AsLongLongAndOverflow(number, &overflow);
    ProView *control = NULL;
    ProError error = {0};
    if (id == -1 && PyErr_Occurred())
        return NULL;
    if (!py_ui_check(pro_view_find(self->view, overflow != 0 ? -1 : id, &control, &error), &error))
        return NULL;
    return py_ui_view_wrap(control);
}

static PyObject *view_setup(PyView *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"xml", "callback", "data", NULL};
    const char *xml;
    PyObject *callback = Py_None;
    PyObject *data = Py_None;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "z|OO:setup", (char **)(uintptr_t)names,
                &xml, &callback, &data))
        return NULL;
    if (callback != Py_None && !PyCallable_Check(callback))
        return PyErr_Format(PyExc_TypeError, "the callback is a callable or None, not %.100s",
                Py_TYPE(callback)->tp_name);
    Binding *binding = PyMem_RawCalloc(1, sizeof *binding);
    if (binding == NULL)
        return PyErr_NoMemory();
    binding->callback = callback == Py_None ? NULL : Py_NewRef(callback);
    binding->data = Py_NewRef(data);
    ProStatus status = pro_view_setup(self->view, xml, on_event, binding, free_binding, &error);
    if (status != PRO_OK)
        free_binding(binding);
    return py_ui_finish(status, &error);
}

static PyObject *view_start_idle(PyView *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    return py_ui_finish(pro_view_start_idle(self->view, &error), &error);
}

static PyObject *view_stop_idle(PyView *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    return py_ui_finish(pro_view_stop_idle(self->view, &error), &error);
}

static PyObject *view_close(PyView *self, PyObject *arguments)
{
    int result = 0;
    ProError error = {0};
    ProStatus status;
    ProView *view = self->view;
    if (!PyArg_ParseTuple(arguments, "|i:close", &result))
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_view_close(view, result, &error);
    Py_END_ALLOW_THREADS return py_ui_finish(status, &error);
}

static PyObject *view_is_open(PyView *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(pro_view_is_open(self->view));
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
        {"id", METHOD(view_id), METH_NOARGS,
                "id() -> int\n\nThe id in the markup; -1: it has none."},
        {"type", METHOD(view_kind), METH_NOARGS,
                "type() -> int\n\nOne of the ProView.Type_ numbers."},
        {"getView", METHOD(view_get_view), METH_O,
                "getView(id) -> ProView\n\nThe control of that id; ValueError if there is none."},
        {"setup", METHOD(view_setup), METH_VARARGS | METH_KEYWORDS,
                "setup(xml, callback=None, data=None)\n\nSays what a Type_Custom view consists of (docs/ui-markup.md); "
                "other types take None. callback(view, data, code, control, event) is told what happens, code is a "
                "pvn number. ValueError with line, column and element for what is wrong in the markup."},
        {"startIdleNotifications", METHOD(view_start_idle), METH_NOARGS,
                "startIdleNotifications()\n\npvnIdle from now on: when a manager has something to deliver, and every "
                "250 ms."},
        {"stopIdleNotifications", METHOD(view_stop_idle), METH_NOARGS, "stopIdleNotifications()"},
        {"close", METHOD(view_close), METH_VARARGS,
                "close(result=0)\n\nCloses the window that it is in; a dialog's show() returns the result."},
        {"isOpen", METHOD(view_is_open), METH_NOARGS, "isOpen() -> bool"},
        {0},
};

static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(PyView, weak_references), READONLY, NULL},
        {0},
};

static int add_types(void)
{
    static const struct {
        const char *name;
        ProViewType type;
    } types[] = {{"Type_Custom", PRO_VIEW_CUSTOM}, {"Type_Hex", PRO_VIEW_HEX},
            {"Type_Text", PRO_VIEW_TEXT}, {"Type_Table", PRO_VIEW_TABLE},
            {"Type_Tree", PRO_VIEW_TREE}, {"Type_Plot", PRO_VIEW_PLOT},
            {"Type_Layout", PRO_VIEW_LAYOUT}, {"Type_Label", PRO_VIEW_LABEL},
            {"Type_Button", PRO_VIEW_BUTTON}, {"Type_Progress", PRO_VIEW_PROGRESS},
            {"Type_Edit", PRO_VIEW_EDIT}, {"Type_Check", PRO_VIEW_CHECK},
            {"Type_Combo", PRO_VIEW_COMBO}, {"Type_Image", PRO_VIEW_IMAGE}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        PyObject *number = PyLong_FromLong(types[i].type);
        if (number == NULL ||
                PyObject_SetAttrString((PyObject *)view_type, types[i].name, number) != 0)
            return -1;
        Py_DECREF(number);
    }
    for (PyMethodDef *method = py_ui_content_methods; method->ml_name != NULL; method++) {
        PyObject *descriptor = PyDescr_NewMethod(view_type, method);
        if (descriptor == NULL ||
                PyObject_SetAttrString((PyObject *)view_type, method->ml_name, descriptor) != 0)
            return -1;
        Py_DECREF(descriptor);
    }
    return 0;
}

int py_ui_view_init(PyObject *module)
{
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"ProView(type, title=\"\"): a view, or a control of one (getView()). What it "
                            "cannot do raises RuntimeError by name. After its window was closed, changes "
                            "take no effect that can be seen."},
            {Py_tp_new, (void *)view_new},
            {Py_tp_dealloc, (void *)view_dealloc},
            {Py_tp_traverse, (void *)view_traverse},
            {Py_tp_clear, (void *)view_clear},
            {Py_tp_repr, (void *)view_repr},
            {Py_tp_methods, methods},
            {Py_tp_members, members},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.UI.ProView",
            .basicsize = sizeof(PyView),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
            .slots = slots};
    view_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (view_type == NULL || add_types() != 0)
        return -1;
    return PyModule_AddObjectRef(module, "ProView", (PyObject *)view_type);
}
