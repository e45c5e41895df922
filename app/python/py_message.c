/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"
#include "py_value.h"

#include <structmember.h>

typedef struct PyMessage {
    PyObject_HEAD ProMessage *message; /* received, and its bytes not asked for yet; or NULL */
    PyObject *data;                    /* bytes-like, or NULL: none, or still in message */
    uint32_t id;
    ProWorkerId worker;
} PyMessage;

static PyTypeObject *message_type;

static int set_id(PyMessage *self, PyObject *value)
{
    int overflow = 0;
    long long id = value == NULL ? -1 : PyLong_AsLongLongAndOverflow(value, &overflow);
    if (id == -1 && PyErr_Occurred())
        return -1;
    if (overflow != 0 || id < 0 || id > PRO_MESSAGE_ID_MAX) {
        PyErr_Format(PyExc_ValueError, "message id %S is not in 0 .. 0x7FFFFFFF", value);
        return -1;
    }
    self->id = (uint32_t)id;
    return 0;
}

static int set_data(PyMessage *self, PyObject *value)
{
    if (value != NULL && value != Py_None && !PyObject_CheckBuffer(value)) {
        PyErr_Format(PyExc_TypeError, "a message's data is bytes-like, not %.100s",
                Py_TYPE(value)->tp_name);
        return -1;
    }
    pro_message_free(self->message);
    self->message = NULL;
    Py_XSETREF(self->data, value == Py_None ? NULL : Py_XNewRef(value));
    return 0;
}

static int message_init(PyMessage *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"id", "data", NULL};
    PyObject *id;
    PyObject *data = NULL;
    if (!PyArg_ParseTupleAndKeywords(
                arguments, keywords, "O|O:ProMPMessage", (char **)(uintptr_t)names, &id, &data))
        return -1;
    return set_id(self, id) == 0 && set_data(self, data) == 0 ? 0 : -1;
}

static void message_dealloc(PyMessage *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pro_message_free(self->message);
    Py_XDECREF(self->data);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *get_id(PyMessage *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(self->id);
}

static int put_id(PyMessage *self, PyObject *value, void *closure)
{
    (void)closure;
    return set_id(self, value);
}

static PyObject *get_data(PyMessage *self, void *closure)
{
    (void)closure;
    if (self->data == NULL && self->message != NULL) {
        self->data =
                py_value_bytes(pro_message_data(self->message), pro_message_size(self->message));
        if (self->data == NULL)
            return NULL;
        pro_message_free(self->message);
        self->message = NULL;
    }
    return self->data == NULL ? PyBytes_FromStringAndSize(NULL, 0) : Py_NewRef(self->data);
}

static int put_data(PyMessage *self, PyObject *value, void *closure)
{
    (void)closure;
    return set_data(self, value);
}

static PyObject *get_worker(PyMessage *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(self->worker);
}

static PyObject *message_repr(PyMessage *self)
{
    size_t size = self->message != NULL ? pro_message_size(self->message) : 0;
    Py_ssize_t length = self->data != NULL ? PyObject_Length(self->data) : (Py_ssize_t)size;
    if (length < 0)
        return NULL;
    return PyUnicode_FromFormat("<ProMPMessage id %u, %zd bytes>", self->id, length);
}

static PyGetSetDef message_members[] = {
        {"id", (getter)get_id, (setter)put_id, "0 to 0x7FFFFFFF.", NULL},
        {"data", (getter)get_data, (setter)put_data, "The bytes; b'' if there are none.", NULL},
        {"worker", (getter)get_worker, NULL, "At a manager: who sent it. 0 for one made here.",
                NULL},
        {0},
};

int py_message_init(PyObject *module)
{
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"ProMPMessage(id, data=None)\n\nA message between a manager and a worker: a "
                            "number and bytes (up to 2 GiB)."},
            {Py_tp_init, (void *)message_init},
            {Py_tp_dealloc, (void *)message_dealloc},
            {Py_tp_repr, (void *)message_repr},
            {Py_tp_getset, message_members},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.MP.ProMPMessage",
            .basicsize = sizeof(PyMessage),
            .flags = Py_TPFLAGS_DEFAULT,
            .slots = slots};
    message_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return message_type == NULL
                   ? -1
                   : PyModule_AddObjectRef(module, "ProMPMessage", (PyObject *)message_type);
}

PyObject *py_message_wrap(ProMessage *message)
{
    PyMessage *self = (PyMessage *)message_type->tp_alloc(message_type, 0);
    if (self == NULL) {
        pro_message_free(message);
        return NULL;
    }
    self->message = message;
    self->id = pro_message_id(message);
    self->worker = pro_message_worker(message);
    return (PyObject *)self;
}

bool py_message_read(PyObject *object, uint32_t *ret_id, Py_buffer *ret_view)
{
    if (!PyObject_TypeCheck(object, message_type)) {
        PyErr_Format(
                PyExc_TypeError, "expected a ProMPMessage, not %.100s", Py_TYPE(object)->tp_name);
        return false;
    }
    PyMessage *self = (PyMessage *)object;
    PyObject *data = get_data(self, NULL);
    if (data == NULL)
        return false;
    *ret_id = self->id;
    int failed = PyObject_GetBuffer(data, ret_view, PyBUF_SIMPLE); /* the view keeps the object */
    Py_DECREF(data);
    return failed == 0;
}
