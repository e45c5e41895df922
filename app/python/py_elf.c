/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"
#include "py_value.h"

#include <promp/elf.h>

/* The native part of Pro.ELF. */

static PyObject *parse_elf(PyObject *module, PyObject *object)
{
    ProElf *elf;
    ProError error = {0};
    ProStatus status;
    const void *data;
    size_t size;
    (void)module;
    ProContainer *container = py_container_get(object);
    if (container == NULL)
        return NULL;
    (void)pro_container_ref(container);
    Py_BEGIN_ALLOW_THREADS status = pro_elf_open(container, &elf, &error);
    Py_END_ALLOW_THREADS pro_container_unref(container);
    if (status != PRO_OK)
        return py_error_raise(&error);
    ProWriter *writer = pro_writer_new();
    PyObject *result = NULL;
    if (writer != NULL) {
        pro_elf_write(elf, writer);
        if (pro_writer_data(writer, &data, &size) == PRO_OK)
            result = py_value_decode(data, size);
    }
    if (result == NULL && !PyErr_Occurred())
        (void)PyErr_NoMemory();
    pro_writer_free(writer);
    pro_elf_free(elf);
    return result;
}

int py_elf_init(PyObject *module)
{
    static PyMethodDef functions[] = {
            {"_parseElf", parse_elf, METH_O, "_parseElf(container) -> dict"},
            {0},
    };
    return PyModule_AddFunctions(module, functions);
}
