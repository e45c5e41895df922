/* SPDX-License-Identifier: Apache-2.0 */

/* ProManager: workers on other machines. */

#include "py_promp.h"

#include <promp/host.h>

static PyObject *listen_for_hosts(PyManager *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {(char *)"endpoint", NULL};
    char ticket[PRO_TICKET_MAX];
    const char *endpoint = "tcp://127.0.0.1:*";
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|s:listen", names, &endpoint) ||
            py_manager_get(self) == NULL)
        return NULL;
    ProStatus status;
    PY_MANAGER_CALL_BEGIN(self)
    status = pro_manager_listen(self->manager, endpoint, ticket, &error);
    PY_MANAGER_CALL_END(self)
    return status == PRO_OK ? PyUnicode_FromString(ticket) : py_error_raise(&error);
}

static PyObject *host_dict(const ProHostInfo *host)
{
    return Py_BuildValue("{s:I,s:s,s:I,s:K,s:L}", "id", host->id, "name", host->name, "cpus",
            host->cpus, "memory", (unsigned long long)host->memory_bytes, "pid",
            (long long)host->agent_pid);
}

static PyObject *hosts(PyManager *self, PyObject *unused)
{
    (void)unused;
    if (py_manager_get(self) == NULL)
        return NULL;
    size_t capacity = pro_manager_hosts(self->manager, NULL, 0);
    ProHostInfo *infos = PyMem_Calloc(capacity + 1, sizeof *infos);
    if (infos == NULL)
        return PyErr_NoMemory();
    size_t count = pro_manager_hosts(self->manager, infos, capacity);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count && i < capacity; i++) {
        PyObject *item = host_dict(&infos[i]);
        if (item == NULL || PyList_Append(list, item) != 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    PyMem_Free(infos);
    return list;
}

static PyObject *wait_hosts(PyManager *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {(char *)"count", (char *)"timeout", NULL};
    Py_ssize_t count = 1;
    int timeout_ms = -1;
    if (!PyArg_ParseTupleAndKeywords(
                arguments, keywords, "|ni:waitHosts", names, &count, &timeout_ms))
        return NULL;
    if (count < 0)
        return PyErr_Format(PyExc_ValueError, "%zd hosts are fewer than none", count);
    uint64_t begun_ns = py_now_ns();
    for (;;) {
        ProError error = {0};
        ProStatus status;
        int slice_ms = py_slice_ms(timeout_ms, begun_ns);
        if (py_manager_get(self) == NULL)
            return NULL;
        PY_MANAGER_CALL_BEGIN(self)
        status = pro_manager_wait_hosts(self->manager, (size_t)count, slice_ms, &error);
        PY_MANAGER_CALL_END(self)
        if (status == PRO_OK)
            Py_RETURN_TRUE;
        if (status != PRO_ERR_TIMEOUT)
            return py_error_raise(&error);
        if (PyErr_CheckSignals() != 0)
            return NULL;
        if (slice_ms == 0)
            Py_RETURN_FALSE;
    }
}

static PyObject *set_placement(PyManager *self, PyObject *value)
{
    ProError error = {0};
    long placement = PyLong_AsLong(value);
    if (PyErr_Occurred() || py_manager_get(self) == NULL)
        return NULL;
    if (placement != PRO_PLACE_LOCAL && placement != PRO_PLACE_HOSTS)
        return PyErr_Format(PyExc_ValueError, "unknown placement %R", value);
    if (pro_manager_set_placement(self->manager, (ProPlacement)placement, &error) != PRO_OK)
        return py_error_raise(&error);
    Py_RETURN_NONE;
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

PyMethodDef py_manager_host_methods[] = {
        {"listen", METHOD(listen_for_hosts), METH_VARARGS | METH_KEYWORDS,
                "listen(endpoint='tcp://127.0.0.1:*') -> str\n\nListens for hosts (CURVE over TCP) and returns the "
                "ticket, a secret line of text that `promp agent` on another machine connects with. `endpoint` names "
                "an address or an interface of this machine, and a port or *. OSError if it cannot be listened at, "
                "ValueError for the second call."},
        {"hosts", METHOD(hosts), METH_NOARGS,
                "hosts() -> list of dict\n\nThe hosts that are connected, in the order they came: id, name, cpus, "
                "memory (bytes), pid (of the agent)."},
        {"waitHosts", METHOD(wait_hosts), METH_VARARGS | METH_KEYWORDS,
                "waitHosts(count=1, timeout=-1) -> bool\n\nWaits until so many hosts are connected; False if "
                "`timeout` ms went by first."},
        {"setPlacement", METHOD(set_placement), METH_O,
                "setPlacement(placement)\n\nWhere workers go that are started from now on: ProPlace_Local, or "
                "ProPlace_Hosts: the host with the fewest workers for its processors."},
        {0},
};
