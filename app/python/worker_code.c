/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_python.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Compiling takes longer than most short tasks run, so code is kept: by its source, or by path and
 * time. */

enum { CACHE_ENTRIES = 256, SCRIPT_MAX_BYTES = 64 << 20 };

static PyObject *sources; /* dict: source -> code */
static PyObject *files;   /* dict: path -> (mtime ns, size, code) */

/* The oldest entry goes: dicts keep the order of insertion. */
static void make_room(PyObject *cache)
{
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    if (PyDict_GET_SIZE(cache) < CACHE_ENTRIES || !PyDict_Next(cache, &position, &key, &value))
        return;
    Py_INCREF(key);
    (void)PyDict_DelItem(cache, key);
    Py_DECREF(key);
}

static bool ready(PyObject **cache)
{
    if (*cache == NULL)
        *cache = PyDict_New();
    return *cache != NULL;
}

PyObject *worker_code_of_source(const char *source, size_t size)
{
    if (!ready(&sources))
        return NULL;
    PyObject *key = PyBytes_FromStringAndSize(source, (Py_ssize_t)size);
    PyObject *code = key == NULL ? NULL : PyDict_GetItemWithError(sources, key);
    if (code != NULL || PyErr_Occurred()) {
        Py_XDECREF(key);
        return Py_XNewRef(code);
    }
    if (strlen(source) != size)
        PyErr_SetString(PyExc_ValueError, "source code string cannot contain null bytes");
    else
        code = Py_CompileStringExFlags(source, WORKER_CODE_NAME, Py_file_input, NULL, -1);
    if (code != NULL) {
        make_room(sources);
        (void)PyDict_SetItem(sources, key, code);
    }
    Py_XDECREF(key);
    return code;
}

/* The whole file, NUL-terminated; NULL with OSError. Caller frees. */
static char *read_file(const char *path, struct stat *ret_stat)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t size = 0;
    if (fd < 0 || fstat(fd, ret_stat) != 0) {
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
    } else if (!S_ISREG(ret_stat->st_mode) || ret_stat->st_size > SCRIPT_MAX_BYTES) {
        PyErr_Format(
                PyExc_OSError, "%s is no file, or larger than %d bytes", path, SCRIPT_MAX_BYTES);
    } else if ((text = malloc((size_t)ret_stat->st_size + 1)) == NULL) {
        PyErr_NoMemory();
    } else {
        ssize_t part = 1;
        while (part > 0 && size < (size_t)ret_stat->st_size) {
            part = read(fd, text + size, (size_t)ret_stat->st_size - size);
            size += part > 0 ? (size_t)part : 0;
        }
        text[size] = '\0';
    }
    if (fd >= 0)
        (void)close(fd);
    return text;
}

static bool is_current(PyObject *entry, const struct stat *now)
{
    long long mtime_ns = PyLong_AsLongLong(PyTuple_GET_ITEM(entry, 0));
    long long size = PyLong_AsLongLong(PyTuple_GET_ITEM(entry, 1));
    return mtime_ns == now->st_mtim.tv_sec * 1000000000LL + now->st_mtim.tv_nsec &&
           size == now->st_size;
}

static void remember_file(PyObject *key, PyObject *code, const struct stat *stat)
{
    long long mtime_ns = stat->st_mtim.tv_sec * 1000000000LL + stat->st_mtim.tv_nsec;
    PyObject *entry = Py_BuildValue("(LLO)", mtime_ns, (long long)stat->st_size, code);
    make_room(files);
    if (entry == NULL || PyDict_SetItem(files, key, entry) != 0)
        PyErr_Clear();
    Py_XDECREF(entry);
}

PyObject *worker_code_of_file(const char *path)
{
    struct stat now;
    if (!ready(&files))
        return NULL;
    PyObject *key = PyUnicode_DecodeFSDefault(path);
    PyObject *entry = key == NULL ? NULL : PyDict_GetItemWithError(files, key);
    PyObject *code = NULL;
    if (entry != NULL && stat(path, &now) == 0 && is_current(entry, &now)) {
        code = Py_NewRef(PyTuple_GET_ITEM(entry, 2));
    } else if (key != NULL) {
        char *text = read_file(path, &now);
        if (text != NULL)
            code = Py_CompileStringObject(text, key, Py_file_input, NULL, -1);
        if (code != NULL)
            remember_file(key, code, &now);
        free(text);
    }
    Py_XDECREF(key);
    return code;
}
