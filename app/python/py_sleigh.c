/* SPDX-License-Identifier: Apache-2.0 */
#include "py_sleigh.h"
#include "py_container.h"

#include <promp/sleigh.h>

/* The native part of Pro.Sleigh: languages. What goes over instructions is in py_sleigh_walk.c. */

static PyTypeObject *language_type;

static void language_dealloc(PySleighLanguage *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pro_sleigh_language_unref(self->language);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *wrap(ProSleighLanguage *language)
{
    PySleighLanguage *self = PyObject_New(PySleighLanguage, language_type);
    if (self == NULL) {
        pro_sleigh_language_unref(language);
        return NULL;
    }
    self->language = language;
    return (PyObject *)self;
}

static PyObject *open_language(PyObject *module, PyObject *id_object)
{
    (void)module;
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    ProStatus status;
    const char *id = PyUnicode_AsUTF8(id_object);
    if (id == NULL)
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_sleigh_language_open(id, &language, &error);
    Py_END_ALLOW_THREADS return status == PRO_OK ? wrap(language) : py_error_raise(&error);
}

static PyObject *load_language(PyObject *module, PyObject *arguments)
{
    (void)module;
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    ProStatus status;
    PyObject *sla, *pspec = NULL;
    if (!PyArg_ParseTuple(
                arguments, "O&|O&", PyUnicode_FSConverter, &sla, PyUnicode_FSConverter, &pspec))
        return NULL;
    const char *pspec_path = pspec == NULL ? NULL : PyBytes_AS_STRING(pspec);
    Py_BEGIN_ALLOW_THREADS status =
            pro_sleigh_language_load_file(PyBytes_AS_STRING(sla), pspec_path, &language, &error);
    Py_END_ALLOW_THREADS Py_DECREF(sla);
    Py_XDECREF(pspec);
    return status == PRO_OK ? wrap(language) : py_error_raise(&error);
}

static bool add_language(void *data, const ProSleighLanguageEntry *entry)
{
    PyObject *list = data;
    PyObject *item = Py_BuildValue("(zzzNN)", entry->id, entry->description, entry->ldefs_path,
            PyBool_FromLong(entry->hidden), PyBool_FromLong(entry->deprecated));
    bool added = item != NULL && PyList_Append(list, item) == 0;
    Py_XDECREF(item);
    return added;
}

static PyObject *list_languages(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ProError error = {0};
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    if (pro_sleigh_languages(add_language, list, &error) != PRO_OK && !PyErr_Occurred())
        (void)py_error_raise(&error);
    if (PyErr_Occurred())
        Py_CLEAR(list);
    return list;
}

static PyObject *compile_specification(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *path, *defines;
    const char *names[64];
    ProSleighCompileOptions options = {.quiet = true, .defines = names};
    if (!PyArg_ParseTuple(arguments, "O&O!", PyUnicode_FSConverter, &path, &PyList_Type, &defines))
        return NULL;
    PyObject *result = NULL;
    bool good = PyList_GET_SIZE(defines) <= 64;
    for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(defines); i++) {
        names[i] = PyUnicode_AsUTF8(PyList_GET_ITEM(defines, i));
        good = names[i] != NULL;
        options.define_count++;
    }
    if (!good) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "at most 64 names can be defined");
        Py_DECREF(path);
        return NULL;
    }
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error = {0};
    ProStatus status;
    options.path = PyBytes_AS_STRING(path);
    Py_BEGIN_ALLOW_THREADS status = pro_sleigh_compile(&options, &sla, &size, &messages, &error);
    Py_END_ALLOW_THREADS Py_DECREF(path);
    if (status == PRO_OK)
        result = PyBytes_FromStringAndSize((const char *)sla, (Py_ssize_t)size);
    else if (status == PRO_ERR_FORMAT && messages != NULL)
        PyErr_SetString(PyExc_ValueError, messages);
    else
        (void)py_error_raise(&error);
    free(messages);
    free(sla);
    return result;
}

static PyObject *language_spaces(PySleighLanguage *self, PyObject *unused)
{
    (void)unused;
    size_t count;
    const ProSpace *spaces = pro_sleigh_language_spaces(self->language, &count);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *item = Py_BuildValue("(sIINN)", spaces[i].name == NULL ? "" : spaces[i].name,
                spaces[i].address_bytes, spaces[i].word_bytes,
                PyBool_FromLong(spaces[i].is_register), PyBool_FromLong(spaces[i].big_endian));
        if (item == NULL || PyList_Append(list, item) != 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *place(const ProVarnode *varnode)
{
    return Py_BuildValue(
            "(IKI)", varnode->space, (unsigned long long)varnode->offset, varnode->size);
}

static PyObject *language_registers(PySleighLanguage *self, PyObject *unused)
{
    (void)unused;
    size_t count;
    const ProSleighRegister *registers = pro_sleigh_language_registers(self->language, &count);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *item = Py_BuildValue("(sN)", registers[i].name, place(&registers[i].place));
        if (item == NULL || PyList_Append(list, item) != 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *language_user_operation(PySleighLanguage *self, PyObject *index_object)
{
    unsigned long long index = PyLong_AsUnsignedLongLong(index_object);
    if (PyErr_Occurred())
        return NULL;
    const char *name = pro_sleigh_language_user_operation(self->language, index);
    if (name == NULL)
        return PyErr_Format(PyExc_IndexError, "there is no user operation %llu", index);
    return PyUnicode_FromString(name);
}

static PyObject *language_facts(PySleighLanguage *self, PyObject *unused)
{
    (void)unused;
    return Py_BuildValue("(INKI)", pro_sleigh_language_alignment(self->language),
            PyBool_FromLong(pro_sleigh_language_big_endian(self->language)),
            (unsigned long long)pro_sleigh_language_bytes(self->language),
            pro_sleigh_language_default_space(self->language));
}

PySleighLanguage *py_sleigh_language(PyObject *object)
{
    if (Py_IS_TYPE(object, language_type))
        return (PySleighLanguage *)object;
    PyErr_SetString(PyExc_TypeError, "a language was expected");
    return NULL;
}

int py_sleigh_init(PyObject *module)
{
    static PyMethodDef methods[] = {
            {"spaces", (PyCFunction)language_spaces, METH_NOARGS, NULL},
            {"registers", (PyCFunction)language_registers, METH_NOARGS, NULL},
            {"userOperation", (PyCFunction)language_user_operation, METH_O, NULL},
            {"facts", (PyCFunction)language_facts, METH_NOARGS, NULL},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_dealloc, (void *)language_dealloc},
            {Py_tp_methods, methods},
            {0},
    };
    static PyType_Spec spec = {.name = "Pro._promp._SleighLanguage",
            .basicsize = sizeof(PySleighLanguage),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots};
    static PyMethodDef functions[] = {
            {"_sleighOpen", open_language, METH_O, NULL},
            {"_sleighLoad", load_language, METH_VARARGS, NULL},
            {"_sleighLanguages", list_languages, METH_NOARGS, NULL},
            {"_sleighCompile", compile_specification, METH_VARARGS, NULL},
            {0},
    };
    language_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return language_type == NULL || PyModule_AddFunctions(module, functions) != 0 ||
                           py_sleigh_walk_init(module) != 0
                   ? -1
                   : 0;
}
