/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"

#include <stdlib.h>

/* NTPattern, NTContainerMatch, and NTContainer's find methods. */

typedef struct PyPattern {
    PyObject_HEAD ProPattern *pattern;
} PyPattern;

static PyTypeObject *pattern_type;
static PyTypeObject match_type;

static PyObject *pattern_wrap(ProPattern *pattern)
{
    PyPattern *self = (PyPattern *)pattern_type->tp_alloc(pattern_type, 0);
    if (self == NULL)
        pro_pattern_unref(pattern);
    else
        self->pattern = pattern;
    return (PyObject *)self;
}

static void pattern_dealloc(PyPattern *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pro_pattern_unref(self->pattern);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *pattern_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)type;
    (void)arguments;
    (void)keywords;
    PyErr_SetString(PyExc_TypeError, "use NTPattern.bytes(), NTPattern.hex() or NTPattern.regex()");
    return NULL;
}

static ProStatus compile_bytes(PyObject *data, ProPattern **ret_pattern, ProError *reterr)
{
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0)
        return PRO_ERR_INVALID;
    ProStatus status = pro_pattern_new_bytes(view.buf, (size_t)view.len, ret_pattern, reterr);
    PyBuffer_Release(&view);
    return status;
}

static PyObject *wrap_or_raise(ProStatus status, ProPattern *pattern, const ProError *error)
{
    if (PyErr_Occurred())
        return NULL;
    return status == PRO_OK ? pattern_wrap(pattern) : py_error_raise(error);
}

static PyObject *pattern_bytes(PyObject *unused, PyObject *data)
{
    (void)unused;
    ProPattern *pattern = NULL;
    ProError error = {0};
    ProStatus status = compile_bytes(data, &pattern, &error);
    return wrap_or_raise(status, pattern, &error);
}

static PyObject *pattern_hex(PyObject *unused, PyObject *text)
{
    (void)unused;
    ProPattern *pattern = NULL;
    ProError error = {0};
    const char *utf8 = PyUnicode_AsUTF8(text);
    if (utf8 == NULL)
        return NULL;
    return wrap_or_raise(pro_pattern_new_hex(utf8, &pattern, &error), pattern, &error);
}

static PyObject *pattern_regex(PyObject *unused, PyObject *arguments, PyObject *keywords)
{
    (void)unused;
    static const char *names[] = {"text", "ignoreCase", "multiline", "dotAll", NULL};
    const char *text;
    Py_ssize_t size;
    int ignore_case = 0;
    int multiline = 0;
    int dot_all = 0;
    ProPattern *pattern = NULL;
    ProError error = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "s#|ppp:regex", (char **)(uintptr_t)names,
                &text, &size, &ignore_case, &multiline, &dot_all))
        return NULL;
    uint32_t flags = (ignore_case ? PRO_REGEX_IGNORE_CASE : 0u) |
                     (multiline ? PRO_REGEX_MULTILINE : 0u) | (dot_all ? PRO_REGEX_DOT_ALL : 0u);
    ProStatus status = pro_pattern_new_regex(text, (size_t)size, flags, &pattern, &error);
    return wrap_or_raise(status, pattern, &error);
}

/* A new reference to what is searched for: an NTPattern, bytes-like, or the text of a hex pattern.
 */
static ProPattern *pattern_of(PyObject *object)
{
    ProPattern *pattern = NULL;
    ProError error = {0};
    ProStatus status;
    if (PyObject_TypeCheck(object, pattern_type))
        return pro_pattern_ref(((PyPattern *)object)->pattern);
    if (PyUnicode_Check(object)) {
        const char *text = PyUnicode_AsUTF8(object);
        if (text == NULL)
            return NULL;
        status = pro_pattern_new_hex(text, &pattern, &error);
    } else if (PyObject_CheckBuffer(object)) {
        status = compile_bytes(object, &pattern, &error);
    } else {
        PyErr_Format(PyExc_TypeError,
                "a pattern is bytes-like, the text of a hex pattern or an NTPattern, not %.100s",
                Py_TYPE(object)->tp_name);
        return NULL;
    }
    if (status != PRO_OK && !PyErr_Occurred())
        (void)py_error_raise(&error);
    return status == PRO_OK ? pattern : NULL;
}

static PyObject *match_wrap(const ProMatch *match)
{
    PyObject *object = PyStructSequence_New(&match_type);
    if (object == NULL)
        return NULL;
    PyStructSequence_SET_ITEM(object, 0, PyLong_FromUnsignedLongLong(match->offset));
    PyStructSequence_SET_ITEM(object, 1, PyLong_FromUnsignedLongLong(match->size));
    if (PyErr_Occurred())
        Py_CLEAR(object);
    return object;
}

/* ---- searches ---- */

typedef struct Call {
    ProContainer *container; /* counted */
    ProPattern *pattern;     /* counted */
    uint64_t offset;
    uint64_t size;
    PyProgress progress;
} Call;

static void call_end(Call *call)
{
    pro_container_unref(call->container);
    pro_pattern_unref(call->pattern);
}

static bool call_begin(Call *call, PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"pattern", "offset", "size", "wait", NULL};
    PyObject *pattern;
    PyObject *offset = NULL;
    PyObject *size = NULL;
    PyObject *wait = NULL;
    *call = (Call){0};
    ProContainer *container = py_container_get(self);
    if (container == NULL ||
            !PyArg_ParseTupleAndKeywords(arguments, keywords, "O|OOO:find",
                    (char **)(uintptr_t)names, &pattern, &offset, &size, &wait) ||
            !py_container_range(offset, size, &call->offset, &call->size))
        return false;
    call->pattern = pattern_of(pattern);
    if (call->pattern == NULL)
        return false;
    call->container = pro_container_ref(container);
    py_progress_init(&call->progress, wait);
    return true;
}

/* The match, None, or NULL with an exception. */
static PyObject *call_result(Call *call, ProStatus status, const ProMatch *match, ProError *error)
{
    PyObject *result = status == PRO_OK ? match_wrap(match)
                       : status == PRO_ERR_NOT_FOUND
                               ? Py_NewRef(Py_None)
                               : py_progress_raise(&call->progress, status, error);
    call_end(call);
    return result;
}

static PyObject *find_first(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    Call call;
    ProMatch match = {0};
    ProError error = {0};
    ProStatus status;
    if (!call_begin(&call, self, arguments, keywords))
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_container_find_first(call.container, call.pattern,
            call.offset, call.size, &call.progress.progress, &match, &error);
    Py_END_ALLOW_THREADS return call_result(&call, status, &match, &error);
}

static PyObject *find_next(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static const char *names[] = {"pattern", "match", "wait", NULL};
    PyObject *pattern;
    unsigned long long offset, size;
    PyObject *wait = NULL;
    Call call = {0};
    ProMatch match;
    ProError error = {0};
    ProStatus status;
    ProContainer *container = py_container_get(self);
    if (container == NULL || !PyArg_ParseTupleAndKeywords(arguments, keywords, "O(KK)|O:findNext",
                                     (char **)(uintptr_t)names, &pattern, &offset, &size, &wait))
        return NULL;
    call.pattern = pattern_of(pattern);
    if (call.pattern == NULL)
        return NULL;
    call.container = pro_container_ref(container);
    py_progress_init(&call.progress, wait);
    match = (ProMatch){offset, size};
    Py_BEGIN_ALLOW_THREADS status = pro_container_find_next(
            call.container, call.pattern, &match, &call.progress.progress, &match, &error);
    Py_END_ALLOW_THREADS return call_result(&call, status, &match, &error);
}

typedef struct MatchList {
    ProMatch *items;
    size_t count;
    size_t capacity;
    bool failed;
} MatchList;

/* Without the GIL. */
static bool keep_match(void *user, const ProMatch *match)
{
    MatchList *list = user;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        ProMatch *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            list->failed = true;
            return false;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *match;
    return true;
}

static PyObject *find_all(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    Call call;
    MatchList list = {0};
    ProError error = {0};
    ProStatus status;
    if (!call_begin(&call, self, arguments, keywords))
        return NULL;
    Py_BEGIN_ALLOW_THREADS status = pro_container_find_all(call.container, call.pattern,
            call.offset, call.size, &call.progress.progress, keep_match, &list, &error);
    Py_END_ALLOW_THREADS PyObject *result = NULL;
    if (status != PRO_OK)
        (void)py_progress_raise(&call.progress, status, &error);
    else if (list.failed)
        (void)PyErr_NoMemory();
    else
        result = PyList_New((Py_ssize_t)list.count);
    for (size_t i = 0; result != NULL && i < list.count; i++) {
        PyObject *match = match_wrap(&list.items[i]);
        if (match == NULL)
            Py_CLEAR(result);
        else
            PyList_SET_ITEM(result, (Py_ssize_t)i, match);
    }
    free(list.items);
    call_end(&call);
    return result;
}

#define METHOD(function) (PyCFunction)(void (*)(void))(function)

static int add_find_methods(PyTypeObject *type)
{
    static PyMethodDef methods[] = {
            {"findFirst", METHOD(find_first), METH_VARARGS | METH_KEYWORDS,
                    "findFirst(pattern, offset=0, size=None, wait=None) -> NTContainerMatch or None\n\npattern: bytes, "
                    "the text of a hex pattern ('4D 5A ?? ?? 9?'), or an NTPattern."},
            {"findNext", METHOD(find_next), METH_VARARGS | METH_KEYWORDS,
                    "findNext(pattern, match, wait=None) -> NTContainerMatch or None\n\nThe next one behind `match`."},
            {"findAll", METHOD(find_all), METH_VARARGS | METH_KEYWORDS,
                    "findAll(pattern, offset=0, size=None, wait=None) -> list of NTContainerMatch\n\nNone overlaps "
                    "the one before."},
            {0},
    };
    for (PyMethodDef *definition = methods; definition->ml_name != NULL; definition++) {
        PyObject *method = PyDescr_NewMethod(type, definition);
        if (method == NULL || PyDict_SetItemString(type->tp_dict, definition->ml_name, method) != 0)
            return -1;
        Py_DECREF(method);
    }
    PyType_Modified(type);
    return 0;
}

int py_search_init(PyObject *module, PyTypeObject *container_type)
{
    static PyMethodDef methods[] = {
            {"bytes", pattern_bytes, METH_O | METH_STATIC, "bytes(data) -> NTPattern"},
            {"hex", pattern_hex, METH_O | METH_STATIC,
                    "hex(text) -> NTPattern\n\nTwo digits a byte, ? for any digit: '4D 5A ?? ?? 9?'."},
            {"regex", METHOD(pattern_regex), METH_VARARGS | METH_KEYWORDS | METH_STATIC,
                    "regex(text, ignoreCase=False, multiline=False, dotAll=False) -> NTPattern\n\nPCRE2 on bytes."},
            {0},
    };
    static PyType_Slot slots[] = {
            {Py_tp_doc, (void *)"What to search for, compiled once."},
            {Py_tp_new, (void *)pattern_new},
            {Py_tp_dealloc, (void *)pattern_dealloc},
            {Py_tp_methods, methods},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.Core.NTPattern",
            .basicsize = sizeof(PyPattern),
            .flags = Py_TPFLAGS_DEFAULT,
            .slots = slots};
    static PyStructSequence_Field fields[] = {
            {"offset", "where it begins"}, {"size", "in bytes"}, {NULL, NULL}};
    static PyStructSequence_Desc description = {.name = "Pro.Core.NTContainerMatch",
            .doc = "Where a pattern was found.",
            .fields = fields,
            .n_in_sequence = 2};
    pattern_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (pattern_type == NULL || PyStructSequence_InitType2(&match_type, &description) != 0 ||
            add_find_methods(container_type) != 0 ||
            PyModule_AddObjectRef(module, "NTPattern", (PyObject *)pattern_type) != 0)
        return -1;
    return PyModule_AddObjectRef(module, "NTContainerMatch", (PyObject *)&match_type);
}
