/* SPDX-License-Identifier: Apache-2.0 */
#include "py_value.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* ---- NTVariantList ---- */

static PyObject *variant_list_type;

static PyObject *variant_list_repr(PyObject *self)
{
    PyObject *inner = PyList_Type.tp_repr(self);
    PyObject *text = inner == NULL ? NULL : PyUnicode_FromFormat("NTVariantList(%U)", inner);
    Py_XDECREF(inner);
    return text;
}

PyObject *py_value_variant_list_type(void)
{
    static PyType_Slot slots[] = {
            {Py_tp_doc,
                    (void *)"A list of values that crosses process borders and stays an NTVariantList "
                            "on the other side."},
            {Py_tp_repr, (void *)variant_list_repr},
            {0, NULL},
    };
    static PyType_Spec spec = {.name = "Pro.Core.NTVariantList",
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
            .slots = slots};
    PyObject *bases = PyTuple_Pack(1, (PyObject *)&PyList_Type);
    if (bases == NULL)
        return NULL;
    variant_list_type = PyType_FromSpecWithBases(&spec, bases);
    Py_DECREF(bases);
    Py_XINCREF(variant_list_type);
    return variant_list_type;
}

void py_value_use_variant_list(PyObject *type)
{
    variant_list_type = Py_NewRef(type);
}

/* ---- NTContainer ---- */

static const PyContainerApi *container_api;

void py_value_use_containers(const PyContainerApi *api)
{
    container_api = api;
}

/* ---- writing ---- */

/* Where in a container the writer is: a key, or an index if there is no key. */
typedef struct Step {
    PyObject *key; /* borrowed */
    Py_ssize_t index;
} Step;

typedef struct Encoder {
    ProWriter *writer;
    const char *root;
    PyObject *lent; /* list of what the writer borrows; NULL: nothing yet */
    size_t depth;
    Step steps[PRO_VALUE_DEPTH_MAX];
} Encoder;

static PyObject *place(const Encoder *encoder)
{
    PyObject *text = PyUnicode_FromString(encoder->root);
    for (size_t i = 0; text != NULL && i < encoder->depth; i++) {
        const Step *step = &encoder->steps[i];
        PyObject *longer = step->key != NULL ? PyUnicode_FromFormat("%U[%R]", text, step->key)
                                             : PyUnicode_FromFormat("%U[%zd]", text, step->index);
        Py_DECREF(text);
        text = longer;
    }
    return text;
}

static bool refuse(const Encoder *encoder, PyObject *object, const char *why)
{
    PyObject *where = place(encoder);
    if (where != NULL)
        PyErr_Format(PyExc_TypeError, "%U: %s (%.100s)", where, why, Py_TYPE(object)->tp_name);
    Py_XDECREF(where);
    return false;
}

static bool write_object(Encoder *encoder, PyObject *object);

/* Beyond 64 bits: sign and magnitude. */
static bool write_big_int(Encoder *encoder, PyObject *object, bool negative)
{
    PyObject *magnitude = PyNumber_Absolute(object);
    PyObject *bits = magnitude == NULL ? NULL : PyObject_CallMethod(magnitude, "bit_length", NULL);
    Py_ssize_t count = bits == NULL ? -1 : PyLong_AsSsize_t(bits);
    PyObject *bytes =
            count < 0 ? NULL
                      : PyObject_CallMethod(magnitude, "to_bytes", "ns", (count + 7) / 8, "big");
    if (bytes != NULL)
        pro_write_big_int(encoder->writer, negative, PyBytes_AS_STRING(bytes),
                (size_t)PyBytes_GET_SIZE(bytes));
    Py_XDECREF(bits);
    Py_XDECREF(magnitude);
    Py_XDECREF(bytes);
    return bytes != NULL;
}

static bool write_int(Encoder *encoder, PyObject *object)
{
    int overflow = 0;
    long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0)
        return write_big_int(encoder, object, overflow < 0);
    if (value == -1 && PyErr_Occurred())
        return false;
    pro_write_int(encoder->writer, value);
    return true;
}

/* Lone surrogates, as in file names that are no UTF-8, cross too. */
static bool write_text(Encoder *encoder, PyObject *object)
{
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(object, &size);
    if (utf8 != NULL) {
        pro_write_text(encoder->writer, utf8, (size_t)size);
        return true;
    }
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return false;
    PyErr_Clear();
    PyObject *bytes = PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass");
    if (bytes != NULL)
        pro_write_text(encoder->writer, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_XDECREF(bytes);
    return bytes != NULL;
}

/* The containers may change while the writer is used, so what it borrows is held by itself. */
static bool write_bytes(Encoder *encoder, PyObject *object)
{
    enum { HOLD_BYTES = 4096 }; /* the writer copies what is smaller */
    size_t size = (size_t)PyBytes_GET_SIZE(object);
    if (size >= HOLD_BYTES) {
        if (encoder->lent == NULL)
            encoder->lent = PyList_New(0);
        if (encoder->lent == NULL || PyList_Append(encoder->lent, object) != 0)
            return false;
    }
    pro_write_bytes_borrowed(encoder->writer, PyBytes_AS_STRING(object), size);
    return true;
}

/* Anything with a contiguous buffer. The view cannot be kept, so its bytes are copied. */
static bool write_buffer(Encoder *encoder, PyObject *object)
{
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        return refuse(encoder, object, "its bytes do not lie in one piece");
    }
    pro_write_bytes(encoder->writer, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return true;
}

static bool write_container(Encoder *encoder, PyObject *object)
{
    ProContainer *container = container_api->get(object);
    if (container == NULL) {
        PyErr_Clear();
        return refuse(encoder, object, "a null container cannot cross a process border");
    }
    pro_write_container(encoder->writer, container);
    return true;
}

static bool enter(Encoder *encoder, PyObject *object)
{
    if (encoder->depth == PRO_VALUE_DEPTH_MAX)
        return refuse(encoder, object, "containers are nested too deep, or one holds itself");
    encoder->steps[encoder->depth++] = (Step){0};
    return true;
}

static bool write_sequence(Encoder *encoder, PyObject *object)
{
    bool is_tuple = PyTuple_Check(object);
    Py_ssize_t count = is_tuple ? PyTuple_GET_SIZE(object) : PyList_GET_SIZE(object);
    if (!enter(encoder, object))
        return false;
    if (is_tuple)
        pro_write_tuple(encoder->writer, (size_t)count);
    else if (PyObject_TypeCheck(object, (PyTypeObject *)variant_list_type))
        pro_write_variant_list(encoder->writer, (size_t)count);
    else
        pro_write_list(encoder->writer, (size_t)count);
    for (Py_ssize_t i = 0; i < count; i++) {
        encoder->steps[encoder->depth - 1].index = i;
        if (!write_object(
                    encoder, is_tuple ? PyTuple_GET_ITEM(object, i) : PyList_GET_ITEM(object, i)))
            return false;
    }
    pro_write_end(encoder->writer);
    encoder->depth--;
    return true;
}

static bool write_dict(Encoder *encoder, PyObject *object)
{
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    if (!enter(encoder, object))
        return false;
    pro_write_map(encoder->writer, (size_t)PyDict_GET_SIZE(object));
    while (PyDict_Next(object, &position, &key, &value)) {
        encoder->steps[encoder->depth - 1].key = key;
        if (!write_object(encoder, key) || !write_object(encoder, value))
            return false;
    }
    pro_write_end(encoder->writer);
    encoder->depth--;
    return true;
}

static bool write_object(Encoder *encoder, PyObject *object)
{
    if (object == Py_None)
        pro_write_nil(encoder->writer);
    else if (PyBool_Check(object))
        pro_write_bool(encoder->writer, object == Py_True);
    else if (PyLong_Check(object))
        return write_int(encoder, object);
    else if (PyUnicode_Check(object))
        return write_text(encoder, object);
    else if (PyBytes_Check(object))
        return write_bytes(encoder, object);
    else if (PyFloat_Check(object))
        pro_write_double(encoder->writer, PyFloat_AS_DOUBLE(object));
    else if (PyList_Check(object) || PyTuple_Check(object))
        return write_sequence(encoder, object);
    else if (PyDict_Check(object))
        return write_dict(encoder, object);
    else if (container_api != NULL && container_api->check(object))
        return write_container(encoder, object);
    else if (PyObject_CheckBuffer(object))
        return write_buffer(encoder, object);
    else
        return refuse(encoder, object, "this type cannot cross a process border");
    return true;
}

bool py_value_write(ProWriter *writer, PyObject *object, const char *root, PyObject **ret_lent)
{
    Encoder encoder;
    encoder.writer = writer;
    encoder.root = root;
    encoder.lent = NULL;
    encoder.depth = 0;
    if (!write_object(&encoder, object)) {
        Py_XDECREF(encoder.lent);
        return false;
    }
    Py_XSETREF(*ret_lent, encoder.lent);
    ProStatus status = pro_writer_status(writer);
    if (status == PRO_ERR_NO_MEMORY)
        PyErr_NoMemory();
    else if (status != PRO_OK)
        PyErr_Format(PyExc_ValueError, "%s is too large to cross a process border", root);
    return status == PRO_OK;
}

/* ---- reading ---- */

typedef struct Decoder {
    ProReader reader;
    PyContainerSource source; /* NULL: no containers are here */
    void *user;
} Decoder;

static PyObject *read_at(Decoder *decoder, unsigned depth);

/* Fresh memory is faulted in page by page while it is filled; asking for huge pages first makes
 * that several times cheaper. */
PyObject *py_value_bytes(const void *data, size_t size)
{
    enum { HUGE_MIN = 4 << 20, PAGE = 4096 };
    if (size < HUGE_MIN)
        return PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes == NULL)
        return NULL;
    char *start = PyBytes_AS_STRING(bytes);
    char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    (void)madvise(page, (size_t)(start + size - page) & ~(size_t)(PAGE - 1), MADV_HUGEPAGE);
    Py_BEGIN_ALLOW_THREADS /* nobody else knows the object yet */
            memcpy(start, data, size);
    Py_END_ALLOW_THREADS return bytes;
}

static PyObject *read_big_int(const ProValue *value)
{
    PyObject *magnitude = PyObject_CallMethod((PyObject *)&PyLong_Type, "from_bytes", "y#s",
            value->data, (Py_ssize_t)value->size, "big");
    if (magnitude == NULL || !value->negative)
        return magnitude;
    PyObject *negative = PyNumber_Negative(magnitude);
    Py_DECREF(magnitude);
    return negative;
}

static PyObject *read_sequence(Decoder *decoder, const ProValue *value, unsigned depth)
{
    bool is_tuple = value->kind == PRO_VALUE_TUPLE;
    Py_ssize_t count = (Py_ssize_t)value->count;
    PyObject *sequence = is_tuple                        ? PyTuple_New(count)
                         : value->kind == PRO_VALUE_LIST ? PyList_New(count)
                                                         : PyObject_CallNoArgs(variant_list_type);
    for (Py_ssize_t i = 0; sequence != NULL && i < count; i++) {
        PyObject *element = read_at(decoder, depth + 1);
        int failed = element == NULL;
        if (failed)
            ;
        else if (is_tuple)
            PyTuple_SET_ITEM(sequence, i, element);
        else if (value->kind == PRO_VALUE_LIST)
            PyList_SET_ITEM(sequence, i, element);
        else {
            failed = PyList_Append(sequence, element);
            Py_DECREF(element);
        }
        if (failed)
            Py_CLEAR(sequence);
    }
    return sequence;
}

static PyObject *read_map(Decoder *decoder, const ProValue *value, unsigned depth)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < value->count; i++) {
        PyObject *key = read_at(decoder, depth + 1);
        PyObject *element = key == NULL ? NULL : read_at(decoder, depth + 1);
        int failed = element == NULL || PyDict_SetItem(dict, key, element) != 0;
        Py_XDECREF(key);
        Py_XDECREF(element);
        if (failed)
            Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *read_container(const Decoder *decoder, uint64_t index)
{
    ProContainer *container = NULL;
    ProError error = {0};
    ProStatus status;
    if (decoder->source == NULL || container_api == NULL)
        return PyErr_Format(PyExc_ValueError, "a container where none can be");
    do {
        Py_BEGIN_ALLOW_THREADS status = decoder->source(decoder->user, index, &container, &error);
        Py_END_ALLOW_THREADS
        /* A signal without a Python handler is no reason to give up. */
    } while (status == PRO_ERR_ABORTED && PyErr_CheckSignals() == 0);
    if (PyErr_Occurred())
        return NULL;
    return status == PRO_OK ? container_api->wrap(container)
                            : PyErr_Format(PyExc_ValueError, "%s", error.text);
}

static PyObject *read_at(Decoder *decoder, unsigned depth)
{
    ProValue value;
    ProError error = {0};
    if (depth > PRO_VALUE_DEPTH_MAX)
        return PyErr_Format(PyExc_ValueError, "a value is nested too deep");
    if (pro_read(&decoder->reader, &value, &error) != PRO_OK)
        return PyErr_Format(PyExc_ValueError, "%s", error.text);
    switch (value.kind) {
    case PRO_VALUE_NIL:
        Py_RETURN_NONE;
    case PRO_VALUE_BOOL:
        return PyBool_FromLong(value.boolean);
    case PRO_VALUE_INT:
        return PyLong_FromLongLong(value.integer);
    case PRO_VALUE_UINT:
        return PyLong_FromUnsignedLongLong(value.unsigned_integer);
    case PRO_VALUE_BIG_INT:
        return read_big_int(&value);
    case PRO_VALUE_DOUBLE:
        return PyFloat_FromDouble(value.number);
    case PRO_VALUE_TEXT:
        return PyUnicode_DecodeUTF8(value.data, (Py_ssize_t)value.size, "surrogatepass");
    case PRO_VALUE_BYTES:
        return py_value_bytes(value.data, value.size);
    case PRO_VALUE_CONTAINER:
        return read_container(decoder, value.unsigned_integer);
    case PRO_VALUE_LIST:
    case PRO_VALUE_TUPLE:
    case PRO_VALUE_VARIANT_LIST:
        return read_sequence(decoder, &value, depth);
    case PRO_VALUE_MAP:
        return read_map(decoder, &value, depth);
    }
    return PyErr_Format(PyExc_ValueError, "a value of an unknown kind");
}

PyObject *py_value_decode_with(const void *data, size_t size, PyContainerSource source, void *user)
{
    Decoder decoder = {.source = source, .user = user};
    pro_reader_init(&decoder.reader, data, size);
    return read_at(&decoder, 0);
}

PyObject *py_value_decode(const void *data, size_t size)
{
    return py_value_decode_with(data, size, NULL, NULL);
}
