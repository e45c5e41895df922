/* SPDX-License-Identifier: Apache-2.0 */

/* `promp -r`: Python's own main program, with the folder of the package Pro on sys.path. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "cli.h"
#include "cli_checks.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool parse_failed;

/* Only a script that was never entered ends with a SyntaxError that has no traceback. An audit hook
 * sees that without being seen by the script, as a replaced sys.excepthook would be. */
static int watch_for_parse_error(const char *event, PyObject *arguments, void *user)
{
    (void)user;
    if (strcmp(event, "sys.excepthook") != 0 || PyTuple_GET_SIZE(arguments) != 4)
        return 0;
    PyObject *type = PyTuple_GET_ITEM(arguments, 1);
    PyObject *traceback = PyTuple_GET_ITEM(arguments, 3);
    parse_failed = traceback == Py_None && PyExceptionClass_Check(type) &&
                   PyErr_GivenExceptionMatches(type, PyExc_SyntaxError);
    return 0;
}

/* The folder that this program lies in, wherever it was called from. */
static bool program_folder(char folder[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (size <= 0)
        return false;
    folder[size] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* In a build the package lies beside the program; installed, the build knows where from here. */
static bool package_folder(char folder[PATH_MAX])
{
    static const char *const places[] = {"python", PROMP_PYTHON_FROM_BINDIR};
    char program[PATH_MAX];
    char package[PATH_MAX + 8];
    char path[2 * PATH_MAX];
    if (!program_folder(program))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", program, places[i]);
        if (realpath(path, folder) == NULL)
            continue;
        (void)snprintf(package, sizeof package, "%s/Pro", folder);
        if (access(package, X_OK) == 0)
            return true;
    }
    return false;
}

/* Python puts the script's folder in front of it. False with an exception set. */
static bool add_package_folder(void)
{
    char folder[PATH_MAX];
    if (!package_folder(folder))
        return true;                          /* `import Pro` will tell */
    PyObject *path = PySys_GetObject("path"); /* borrowed */
    PyObject *entry = PyUnicode_DecodeFSDefault(folder);
    int present = path == NULL || entry == NULL ? -1 : PySequence_Contains(path, entry);
    bool done = present == 1 || (present == 0 && PyList_Insert(path, 0, entry) == 0);
    Py_XDECREF(entry);
    if (!done && !PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "lost sys.path");
    return done;
}

/* The command line that Python would have seen; NULL without memory. */
static char **python_command(int *count, char **arguments)
{
    static char program[] = PROMP_PYTHON_PROGRAM;
    static char end_of_options[] = "--";
    char **command = calloc((size_t)*count + 3, sizeof *command);
    if (command == NULL)
        return NULL;
    int size = 0;
    command[size++] = program;
    if (arguments[0][0] == '-' && arguments[0][1] != '\0')
        command[size++] = end_of_options;
    memcpy(command + size, arguments, (size_t)*count * sizeof *command);
    *count += size;
    return command;
}

static PyStatus start_python(int count, char **arguments)
{
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    char **command = python_command(&count, arguments);
    PyStatus status =
            command == NULL ? PyStatus_NoMemory() : PyConfig_SetBytesArgv(&config, count, command);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    free(command);
    return status;
}

const char *cli_python_version(void)
{
    static char version[32];
    (void)snprintf(
            version, sizeof version, "%.*s", (int)strcspn(Py_GetVersion(), " "), Py_GetVersion());
    return version;
}

int cli_run(int count, char **arguments)
{
    PyStatus status = start_python(count, arguments);
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
    if (PySys_AddAuditHook(watch_for_parse_error, NULL) != 0 || !add_package_folder()) {
        PyErr_Print();
        return CLI_EXIT_PROBLEM;
    }
    int exit_status = Py_RunMain();
    return exit_status == 1 && parse_failed ? CLI_EXIT_USAGE : exit_status;
}
