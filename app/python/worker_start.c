/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_python.h"

#include "py_value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * The interpreter is isolated: no environment variables, no user site, nothing run at start but
 * what stands here. In the nursery it starts no thread. Little is imported: every module that is
 * there at the fork costs each worker memory and, as its pages are written to, time; a task's first
 * import of one costs it milliseconds once.
 */

static PyThreadState *idle_state;

/* Runs once; in the nursery, descriptors 1 and 2 are not yet what they will be. `_setup` is called
 * in each worker with the manager's setup value and the crash descriptor. */
static const char prepare[] =
        "import sys, io, _signal, faulthandler, select\n"
        "sys.path[:0] = [PROMP_PACKAGE] if PROMP_PACKAGE else []\n"
        "import Pro.MP\n"
        "from Pro.Core import NTVariantList\n"
        "class _Output(io.FileIO):\n" /* unbuffered: what was printed survives a crash */
        "    def write(self, data):\n"
        "        size = len(data)\n"
        "        done = super().write(data) or 0\n"
        "        while done < size:\n" /* a signal came, or somebody made the pipe non-blocking */
        "            select.select([], [self], [])\n"
        "            done += super().write(memoryview(data)[done:]) or 0\n"
        "        return size\n"
        "for name, fd in (('stdout', 1), ('stderr', 2)):\n"
        "    stream = io.TextIOWrapper(_Output(fd, 'w', closefd=False), encoding='utf-8',\n"
        "            errors='backslashreplace', write_through=True)\n"
        "    stream.buffer.name = f'<{name}>'\n"
        "    stream.mode = 'w'\n"
        "    setattr(sys, name, stream)\n"
        "    setattr(sys, f'__{name}__', stream)\n"
        "_signal.signal(_signal.SIGINT, _signal.default_int_handler)\n"
        "_signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)\n"
        "def _setup(value, crash_fd):\n"
        "    for place in (value or {}).get('path', ()):\n"
        "        if place not in sys.path:\n"
        "            sys.path.append(place)\n"
        "    faulthandler.enable(file=crash_fd, all_threads=True)\n";

static PyObject *setup_function;

static ProStatus python_error(ProError *reterr, const char *what)
{
    PyErr_Print();
    if (reterr != NULL) {
        reterr->status = PRO_ERR_SYSTEM;
        (void)snprintf(reterr->text, sizeof reterr->text,
                "Python cannot %s; the reason stands above", what);
    }
    return PRO_ERR_SYSTEM;
}

static PyStatus initialise(void)
{
    /* Else file names would be ASCII: an isolated interpreter does not look at the locale. */
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status))
        return status;
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.install_signal_handlers = 0;
    config.buffered_stdio = 1;
    config.write_bytecode = 1;
    status = PyConfig_SetBytesString(&config, &config.program_name, PROMP_PYTHON_PROGRAM);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetBytesString(&config, &config.executable, PROMP_PYTHON_PROGRAM);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return status;
}

/* Where the package Pro lies: as the build says, else relative to this program. */
static PyObject *package_folder(void)
{
    const char *chosen = getenv("PROMP_PACKAGE");
    if (chosen != NULL && chosen[0] != '\0')
        return PyUnicode_DecodeFSDefault(chosen);
    char program[4096];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size < 0)
        return PyUnicode_FromString("");
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    *slash = '\0';
    static const char *const places[] = {"python", PROMP_PACKAGE_FROM_WORKER};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char folder[2 * sizeof program];
        char package[2 * sizeof program + 16];
        (void)snprintf(folder, sizeof folder, "%s/%s", program, places[i]);
        (void)snprintf(package, sizeof package, "%s/Pro/MP.py", folder);
        if (access(package, R_OK) == 0)
            return PyUnicode_DecodeFSDefault(folder);
    }
    return PyUnicode_FromString("");
}

static bool run_prepare(void)
{
    PyObject *names = PyDict_New();
    PyObject *folder = package_folder();
    bool prepared = names != NULL && folder != NULL &&
                    PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0 &&
                    PyDict_SetItemString(names, "PROMP_PACKAGE", folder) == 0;
    PyObject *result = prepared ? PyRun_String(prepare, Py_file_input, names, names) : NULL;
    PyObject *variant_list = result == NULL ? NULL : PyDict_GetItemString(names, "NTVariantList");
    const PyContainerApi *containers =
            variant_list == NULL ? NULL : PyCapsule_Import(PY_CONTAINER_API, 0);
    if (containers != NULL) {
        py_value_use_variant_list(variant_list);
        py_value_use_containers(containers);
        setup_function = Py_XNewRef(PyDict_GetItemString(names, "_setup"));
    }
    Py_XDECREF(result);
    Py_XDECREF(folder);
    Py_XDECREF(names);
    return setup_function != NULL;
}

/* What lives now lives as long as the process: the collector need not touch (and so unshare) it. */
static void freeze(void)
{
    PyObject *gc = PyImport_ImportModule("gc");
    PyObject *result = gc == NULL ? NULL : PyObject_CallMethod(gc, "collect", NULL);
    Py_XDECREF(result);
    result = gc == NULL ? NULL : PyObject_CallMethod(gc, "freeze", NULL);
    Py_XDECREF(result);
    Py_XDECREF(gc);
    PyErr_Clear();
}

ProStatus worker_python_start(void *user, ProError *reterr)
{
    (void)user;
    PyStatus status = initialise();
    if (PyStatus_Exception(status)) {
        if (reterr != NULL) {
            reterr->status = PRO_ERR_SYSTEM;
            (void)snprintf(reterr->text, sizeof reterr->text, "Python does not start: %s",
                    status.err_msg == NULL ? "unknown reason" : status.err_msg);
        }
        return PRO_ERR_SYSTEM;
    }
    if (!run_prepare())
        return python_error(reterr, "import what a worker needs");
    freeze();
    return PRO_OK;
}

void worker_python_before_fork(void *user)
{
    (void)user;
    PyOS_BeforeFork();
}

void worker_python_after_fork_parent(void *user)
{
    (void)user;
    PyOS_AfterFork_Parent();
}

void worker_python_after_fork_child(void *user)
{
    (void)user;
    PyOS_AfterFork_Child();
}

ProStatus worker_python_setup(
        void *user, ProWorker *worker, const void *value, size_t size, ProError *reterr)
{
    (void)user;
    PyObject *decoded = size == 0 ? Py_NewRef(Py_None) : py_value_decode(value, size);
    PyObject *result = decoded == NULL ? NULL
                                       : PyObject_CallFunction(setup_function, "Oi", decoded,
                                                 pro_worker_crash_fd(worker));
    Py_XDECREF(decoded);
    if (result == NULL)
        return python_error(reterr, "set up a worker");
    Py_DECREF(result);
    worker_output_is_own();
    return PRO_OK;
}

/* The order of Python's own end, short of taking the interpreter apart: the process exits anyway.
 */
void worker_python_stop(void *user)
{
    (void)user;
    static const char last[] = "import atexit, sys\n"
                               "if 'threading' in sys.modules:\n"
                               "    sys.modules['threading']._shutdown()\n"
                               "atexit._run_exitfuncs()\n"
                               "sys.stdout.flush()\n"
                               "sys.stderr.flush()\n";
    (void)PyRun_SimpleString(last);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Namespaces that could not be emptied may hold much. The collector gets a tenth of the time at
 * most. */
static void collect_garbage(void)
{
    static int64_t collected_ns;
    static int64_t cost_ns;
    int64_t begun_ns = now_ns();
    if (begun_ns - collected_ns < 10 * cost_ns)
        return;
    (void)PyGC_Collect();
    worker_garbage = false;
    collected_ns = now_ns();
    cost_ns = collected_ns - begun_ns;
}

void worker_python_idle_begin(void *user)
{
    (void)user;
    if (worker_garbage)
        collect_garbage();
    idle_state = PyEval_SaveThread();
}

void worker_python_idle_end(void *user)
{
    (void)user;
    PyEval_RestoreThread(idle_state);
}
