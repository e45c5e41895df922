/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_API_H
#define PY_API_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <promp/promp.h>

/* What the extension module Pro._promp gives to Pro._ui, which is apart from it so that nobody
 * loads the user interface who does not use it: a capsule. All hold the GIL. */

#define PY_API_CAPSULE "Pro._promp._api"

typedef struct PyApi {
    /* Lent; NULL with an exception if it is no container, or null. */
    ProContainer *(*container_get)(PyObject *object);
    /* Raises what fits the status; returns NULL. */
    PyObject *(*error_raise)(const ProError *error);
} PyApi;

#endif
