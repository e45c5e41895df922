/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PY_SLEIGH_H
#define PY_SLEIGH_H

#include "py_promp.h"

#include <promp/sleigh.h>

/* What the sources of Pro.Sleigh share. */

typedef struct PySleighLanguage {
    PyObject_HEAD ProSleighLanguage *language;
} PySleighLanguage;

/* Borrowed; NULL with TypeError. */
PySleighLanguage *py_sleigh_language(PyObject *object);

int py_sleigh_walk_init(PyObject *module);

#endif
