/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_CONTAINER_H
#define PY_CONTAINER_H

#include "py_promp.h"

/* What the sources around NTContainer share. Everything holds the GIL unless it says otherwise. */

typedef struct PyContainer {
    PyObject_HEAD ProContainer *container; /* NULL: null */
    PyObject *reason;                      /* why it is null, or NULL */
} PyContainer;

/* Takes the container over; NULL makes a null one. */
PyObject *py_container_wrap(ProContainer *container);
/* Lent; NULL with an exception if it is no container, or null. */
ProContainer *py_container_get(PyObject *object);
/* Offset (NULL: 0) and size (NULL or None: to the end); false with an exception. */
bool py_container_range(
        PyObject *offset_object, PyObject *size_object, uint64_t *ret_offset, uint64_t *ret_size);

/* A Python wait object for a C operation that runs without the GIL. Signals are looked at too. */
typedef struct PyProgress {
    ProProgress progress; /* for the operation */
    PyObject *wait;       /* borrowed */
    bool failed;          /* the wait object raised: what follows */
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
} PyProgress;

void py_progress_init(PyProgress *progress, PyObject *wait);
/* Raises what the wait object raised, or what fits the status. progress may be NULL. Returns NULL.
 */
PyObject *py_progress_raise(PyProgress *progress, ProStatus status, ProError *error);

/* ---- py_callback.c ---- */

/* NTContainer.fromCallback(read, size, concurrent=False). */
PyObject *py_container_from_callback(PyObject *type, PyObject *arguments, PyObject *keywords);

/* ---- py_search.c ---- */

int py_search_init(PyObject *module, PyTypeObject *container_type);

/* ---- py_elf.c ---- */

int py_elf_init(PyObject *module);

/* ---- py_sleigh.c ---- */

int py_sleigh_init(PyObject *module);

/* ---- py_pe.c ---- */

int py_pe_init(PyObject *module);

#endif
