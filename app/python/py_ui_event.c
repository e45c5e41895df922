/* SPDX-License-Identifier: Apache-2.0 */
#include "py_ui.h"

#include <stddef.h>
#include <structmember.h>

/* ProViewEvent: what a callback is told about rows, nodes and menus. */

typedef struct PyEvent {
    PyObject_HEAD const ProEvent *event; /* NULL once the callback is through */
    long long row, node, action;
} PyEvent;

static PyTypeObject *event_type;

PyObject *py_ui_event_new(const ProEvent *event)
{
    switch (event->code) {
    case PRO_PVN_ROW_SELECTED:
    case PRO_PVN_ROW_ACTIVATED:
    case PRO_PVN_GET_TABLE_ROW:
    case PRO_PVN_CONTEXT_MENU:
    case PRO_PVN_ACTION:
    case PRO_PVN_PAGE_CHANGED:
        break;
    default:
        Py_RETURN_NONE;
    }
    PyEvent *self = (PyEvent *)event_type->tp_alloc(event_type, 0);
    if (self == NULL)
        return NULL;
    self->event = event;
    self->row = event->row;
    self->node = event->node;
    self->action = event->action;
    return (PyObject *)self;
}

void py_ui_event_end(PyObject *object)
{
    if (object != NULL && Py_TYPE(object) == event_type)
        ((PyEvent *)object)->event = NULL;
    Py_XDECREF(object);
}

static bool is_current(const PyEvent *self)
{
    if (self->event == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the callback that this event was for has returned");
    return self->event != NULL;
}

static PyObject *event_set_text(PyEvent *self, PyObject *arguments)
{
    Py_ssize_t column;
    const char *text;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "ns:setText", &column, &text) || !is_current(self))
        return NULL;
    if (column < 0)
        return PyErr_Format(PyExc_ValueError, "there is no column %zd", column);
    return py_ui_finish(pro_event_set_text(self->event, (size_t)column, text, &error), &error);
}

static PyObject *event_add_action(PyEvent *self, PyObject *arguments)
{
    long long action;
    const char *text;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "Ls:addAction", &action, &text) || !is_current(self))
        return NULL;
    return py_ui_finish(pro_event_add_action(self->event, action, text, &error), &error);
}

static void event_dealloc(PyEvent *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

int py_ui_event_init(PyObject *module)
{
    static PyMemberDef members[] = {
            {"row", T_LONGLONG, offsetof(PyEvent, row), READONLY,
                    "The table's row, or a tab's page; -1: none."},
            {"node", T_LONGLONG, offsetof(PyEvent, node), READONLY, "The tree's node; 0: none."},
            {"action", T_LONGLONG, offsetof(PyEvent, action), READONLY,
                    "pvnAction: the number that addAction() gave it."},
            {0},
    };
    static PyMethodDef methods[] = {
            {"setText", (PyCFunction)(void (*)(void))event_set_text, METH_VARARGS,
                    "setText(column, text)\n\npvnGetTableRow: what the row shows in a column."},
            {"addAction", (PyCFunction)(void (*)(void))event_add_action, METH_VARARGS,
                    "addAction(action, text)\n\npvnContextMenu: one more line of the menu; chosen, it comes back "
                    "with pvnAction."},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"What a view's callback is told about rows, nodes and menus. Of no use "
                            "once the callback has returned."},
            {Py_tp_dealloc, (void *)event_dealloc},
            {Py_tp_members, members},
            {Py_tp_methods, methods},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.UI.ProViewEvent",
            .basicsize = sizeof(PyEvent),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots};
    event_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return event_type == NULL
                   ? -1
                   : PyModule_AddObjectRef(module, "ProViewEvent", (PyObject *)event_type);
}
