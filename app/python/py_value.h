/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_VALUE_H
#define PY_VALUE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <promp/share.h>
#include <promp/value.h>
#include <stdbool.h>

/*
 * Python objects <-> encoded values. None, bool, int, float, str, bytes-like, list, tuple,
 * NTVariantList, dict and NTContainer cross; subclasses cross as their base. Everything here holds
 * the GIL.
 */

/* Creates the type NTVariantList; call once. New reference. */
PyObject *py_value_variant_list_type(void);
/* The same type from elsewhere: for the worker program, which shares it with the extension module.
 */
void py_value_use_variant_list(PyObject *type);

/* What py_container.c knows of NTContainer: the worker program, which has no such type, gets it
 * from the extension module as a capsule. */
typedef struct PyContainerApi {
    bool (*check)(PyObject *object);
    ProContainer *(*get)(PyObject *object);     /* lent; NULL with an exception */
    PyObject *(*wrap)(ProContainer *container); /* takes the reference */
} PyContainerApi;

#define PY_CONTAINER_API "Pro._promp._containers"
void py_value_use_containers(const PyContainerApi *api); /* borrowed for ever */

/* Where a decoder finds the container that a value names: in an ending or in the running task. Runs
 * without the GIL. */
typedef ProStatus (*PyContainerSource)(
        void *user, uint64_t index, ProContainer **ret_container, ProError *reterr);

/*
 * Appends `object`. False with a TypeError that names the place: root ("result") and the path below
 * it
 * ("result[2]['x']"). Large bytes are borrowed: *ret_lent, which is NULL or a
 * reference, is replaced by one that holds them; keep it until the writer is cleared.
 */
bool py_value_write(ProWriter *writer, PyObject *object, const char *root, PyObject **ret_lent);

/* A bytes object with a copy of `data`. */
PyObject *py_value_bytes(const void *data, size_t size);

/* The whole of `data` as one value. New reference; NULL with ValueError for malformed bytes. */
PyObject *py_value_decode(const void *data, size_t size);
/* The same where there may be containers. */
PyObject *py_value_decode_with(const void *data, size_t size, PyContainerSource source, void *user);

#endif
