/* SPDX-License-Identifier: Apache-2.0 */
#include "py_api.h"
#include "py_container.h"
#include "py_promp.h"
#include "py_value.h"

/* The extension module Pro._promp: what Pro.MP and Pro.Core are made of. */

static int add_constants(PyObject *module)
{
    static const struct {
        const char *name;
        long long value;
    } constants[] = {
            {"ProWorker_Invalid", PRO_WORKER_INVALID},
            {"ProWorker_All", PRO_WORKER_ALL},
            {"ProWorker_Any", PRO_WORKER_ANY},
            {"ProPlace_Local", PRO_PLACE_LOCAL},
            {"ProPlace_Hosts", PRO_PLACE_HOSTS},
            {"ProMPOpt_RedirectOutput", PRO_OPT_REDIRECT_OUTPUT},
            {"ProMPOpt_AtomicOutput", PRO_OPT_ATOMIC_OUTPUT},
            {"ProMPOpt_NoReplace", PRO_OPT_NO_REPLACE},
            {"ProMPOpt_RetryTasks", PRO_OPT_RETRY_TASKS},
            {"ProMPOpt_Quiet", PRO_OPT_QUIET},
            {"ProMPOpt_ExecWorkers", PRO_OPT_EXEC_WORKERS},
    };
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        PyObject *value = PyLong_FromLongLong(constants[i].value);
        if (value == NULL || PyModule_AddObjectRef(module, constants[i].name, value) != 0)
            return -1;
        Py_DECREF(value);
    }
    return PyModule_AddStringConstant(module, "version", pro_version());
}

static PyObject *find_worker_program(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    char path[4096];
    ProError error = {0};
    if (pro_find_worker_program(path, sizeof path, &error) != PRO_OK)
        return py_error_raise(&error);
    return PyUnicode_DecodeFSDefault(path);
}

/* For Pro._ui. */
static int add_api(PyObject *module)
{
    static const PyApi api = {.container_get = py_container_get, .error_raise = py_error_raise};
    PyObject *capsule = PyCapsule_New((void *)(uintptr_t)&api, PY_API_CAPSULE, NULL);
    if (capsule == NULL)
        return -1;
    int added = PyModule_AddObjectRef(module, "_api", capsule);
    Py_DECREF(capsule);
    return added;
}

PyMODINIT_FUNC PyInit__promp(void);

PyMODINIT_FUNC PyInit__promp(void)
{
    static PyMethodDef functions[] = {
            {"proFindWorkerProgram", find_worker_program, METH_NOARGS,
                    "proFindWorkerProgram() -> path of the worker program; FileNotFoundError lists where it was "
                    "looked for."},
            {0},
    };
    static struct PyModuleDef definition = {
            PyModuleDef_HEAD_INIT, .m_name = "Pro._promp", .m_size = -1, .m_methods = functions};
    PyObject *module = PyModule_Create(&definition);
    PyObject *variant_list = py_value_variant_list_type();
    if (module == NULL || variant_list == NULL ||
            PyModule_AddObjectRef(module, "NTVariantList", variant_list) != 0 ||
            py_error_init(module) != 0 || py_message_init(module) != 0 ||
            py_worker_init(module) != 0 || py_wait_init(module) != 0 ||
            py_manager_init(module) != 0 || py_container_init(module) != 0 ||
            py_pe_init(module) != 0 || py_elf_init(module) != 0 || py_sleigh_init(module) != 0 ||
            add_constants(module) != 0 || add_api(module) != 0) {
        Py_XDECREF(module);
        return NULL;
    }
    py_boxes_init();
    return module;
}
