/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"
#include "py_value.h"

#include <promp/pe.h>

/* The native part of Pro.PE.PEObject. */

typedef struct PyPe {
    PyObject_HEAD ProPe *pe;
} PyPe;

static void pe_dealloc(PyPe *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ProPe *pe = self->pe;
    type->tp_free(self);
    Py_DECREF(type);
    pro_pe_free(pe);
}

static int pe_init(PyPe *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"container", NULL};
    PyObject *object;
    ProPe *pe = NULL;
    ProError error = {0};
    ProStatus status;
    if (!PyArg_ParseTupleAndKeywords(
                arguments, keywords, "O:PE", (char **)(uintptr_t)names, &object))
        return -1;
    ProContainer *container = py_container_get(object);
    if (container == NULL)
        return -1;
    Py_BEGIN_ALLOW_THREADS status = pro_pe_open(container, &pe, &error);
    Py_END_ALLOW_THREADS if (status != PRO_OK)
    {
        (void)py_error_raise(&error);
        return -1;
    }
    pro_pe_free(self->pe);
    self->pe = pe;
    return 0;
}

static bool is_open(const PyPe *self)
{
    if (self->pe == NULL)
        PyErr_SetString(PyExc_ValueError, "no file is loaded");
    return self->pe != NULL;
}

static PyObject *rva_to_offset(PyPe *self, PyObject *argument)
{
    unsigned long long rva = PyLong_AsUnsignedLongLong(argument);
    if (PyErr_Occurred() || !is_open(self))
        return NULL;
    return PyLong_FromUnsignedLongLong(
            rva > UINT32_MAX ? PRO_PE_NO_OFFSET : pro_pe_rva_to_offset(self->pe, (uint32_t)rva));
}

static PyObject *info(PyPe *self, PyObject *unused)
{
    (void)unused;
    const void *data;
    size_t size;
    if (!is_open(self))
        return NULL;
    ProWriter *writer = pro_writer_new();
    if (writer == NULL)
        return PyErr_NoMemory();
    pro_pe_write(self->pe, writer);
    PyObject *result = pro_writer_data(writer, &data, &size) == PRO_OK ? py_value_decode(data, size)
                                                                       : PyErr_NoMemory();
    pro_writer_free(writer);
    return result;
}

int py_pe_init(PyObject *module)
{
    static PyMethodDef methods[] = {
            {"rvaToOffset", (PyCFunction)(void (*)(void))rva_to_offset, METH_O,
                    "rvaToOffset(rva) -> offset, or INVALID_STREAM_OFFSET"},
            {"info", (PyCFunction)(void (*)(void))info, METH_NOARGS,
                    "info() -> dict of everything that was parsed"},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_doc, (void *)"A parsed PE file."},
            {Py_tp_init, (void *)pe_init},
            {Py_tp_dealloc, (void *)pe_dealloc},
            {Py_tp_methods, methods},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro._promp.PE",
            .basicsize = sizeof(PyPe),
            .flags = Py_TPFLAGS_DEFAULT,
            .slots = slots};
    PyObject *type = PyType_FromSpec(&spec);
    return type == NULL ? -1 : PyModule_AddObjectRef(module, "PE", type);
}
