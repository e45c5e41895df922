/* SPDX-License-Identifier: Apache-2.0 */
#include "py_container.h"
#include "py_sleigh.h"

/* An iterator over the instructions of bytes or a container, one after the other. */

enum { WINDOW_BYTES = 1 << 15, LOOK_AHEAD_BYTES = 256, PCODE_CODES = 128 };

static PyTypeObject *walk_type;
static PyObject *operation_names[PCODE_CODES];
static PyObject *outcome_names[3];
static PyObject *empty_text;
static PyObject *empty_tuple;

typedef struct Walk {
    PyObject_HEAD ProSleighDecoder *decoder;
    ProContainer *container; /* or NULL: */
    Py_buffer view;
    bool has_view;
    bool busy; /* a read without the GIL is under way */
    bool wants_pcode;
    PyObject *instruction_type; /* subclasses of tuple */
    PyObject *operation_type;
    PyObject *varnode_type;
    PyObject *space_names; /* tuple by index */
    const ProSleighLanguage *language;
    uint64_t address; /* of offset 0 */
    uint64_t offset;
    uint64_t end;
    uint64_t left; /* instructions */
    const uint8_t *window;
    uint64_t window_begin;
    size_t window_size;
    uint8_t *scratch; /* for containers without memory */
} Walk;

static void walk_dealloc(Walk *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pro_sleigh_decoder_free(self->decoder);
    pro_container_unref(self->container);
    if (self->has_view)
        PyBuffer_Release(&self->view);
    Py_XDECREF(self->instruction_type);
    Py_XDECREF(self->operation_type);
    Py_XDECREF(self->varnode_type);
    Py_XDECREF(self->space_names);
    PyMem_Free(self->scratch);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* ---- the bytes ---- */

/* The bytes at the offset, with some behind them; false with an exception. */
static bool move_window(Walk *self)
{
    uint64_t window_end = self->window_begin + self->window_size;
    if (!self->has_view && (self->offset + LOOK_AHEAD_BYTES > window_end) &&
            window_end != self->end) {
        const void *data;
        size_t size;
        ProError error = {0};
        ProStatus status;
        self->busy = true;
        Py_BEGIN_ALLOW_THREADS status = pro_container_window(
                self->container, self->offset, self->scratch, WINDOW_BYTES, &data, &size, &error);
        Py_END_ALLOW_THREADS self->busy = false;
        if (status != PRO_OK) {
            (void)py_error_raise(&error);
            return false;
        }
        self->window = data;
        self->window_begin = self->offset;
        self->window_size =
                size < self->end - self->offset ? size : (size_t)(self->end - self->offset);
    }
    return true;
}

/* ---- results ---- */

/* An object of a subclass of tuple; takes the plain tuple over. */
static PyObject *make(PyObject *type, PyObject *fields)
{
    if (fields == NULL)
        return NULL;
    PyObject *arguments = PyTuple_Pack(1, fields);
    Py_DECREF(fields);
    if (arguments == NULL)
        return NULL;
    PyObject *made = PyTuple_Type.tp_new((PyTypeObject *)type, arguments, NULL);
    Py_DECREF(arguments);
    return made;
}

static PyObject *make_varnode(const Walk *self, const ProVarnode *varnode)
{
    if (varnode->size == 0 && varnode->space != PRO_SPACE_CONST)
        Py_RETURN_NONE;
    PyObject *space = PyTuple_GetItem(self->space_names, varnode->space);
    PyObject *offset = PyLong_FromUnsignedLongLong(varnode->offset);
    PyObject *size = PyLong_FromUnsignedLong(varnode->size);
    PyObject *fields = space != NULL && offset != NULL && size != NULL
                               ? PyTuple_Pack(3, space, offset, size)
                               : NULL;
    Py_XDECREF(offset);
    Py_XDECREF(size);
    return make(self->varnode_type, fields);
}

static PyObject *make_operation(const Walk *self, const ProPcodeOp *op)
{
    PyObject *inputs = PyTuple_New(op->input_count);
    for (unsigned i = 0; inputs != NULL && i < op->input_count; i++) {
        PyObject *input = make_varnode(self, &op->inputs[i]);
        if (input == NULL)
            Py_CLEAR(inputs);
        else
            PyTuple_SET_ITEM(inputs, i, input);
    }
    PyObject *output = Py_NewRef(Py_None);
    if (op->output.size != 0)
        Py_SETREF(output, make_varnode(self, &op->output));
    PyObject *name = op->code < PCODE_CODES ? operation_names[op->code] : NULL;
    PyObject *fields = inputs == NULL || output == NULL || name == NULL
                               ? NULL
                               : PyTuple_Pack(3, name, output, inputs);
    Py_XDECREF(inputs);
    Py_XDECREF(output);
    return make(self->operation_type, fields);
}

static PyObject *make_pcode(const Walk *self, const ProSleighLift *lift)
{
    if (!self->wants_pcode)
        return Py_NewRef(empty_tuple);
    PyObject *list = PyTuple_New((Py_ssize_t)lift->count);
    for (size_t i = 0; list != NULL && i < lift->count; i++) {
        PyObject *operation = make_operation(self, &lift->ops[i]);
        if (operation == NULL)
            Py_CLEAR(list);
        else
            PyTuple_SET_ITEM(list, (Py_ssize_t)i, operation);
    }
    return list;
}

static PyObject *make_targets(const ProSleighLift *lift)
{
    if (lift->target_count == 0)
        return Py_NewRef(empty_tuple);
    PyObject *targets = PyTuple_New(lift->target_count);
    for (unsigned i = 0; targets != NULL && i < lift->target_count; i++) {
        PyObject *target = PyLong_FromUnsignedLongLong(lift->targets[i]);
        if (target == NULL)
            Py_CLEAR(targets);
        else
            PyTuple_SET_ITEM(targets, i, target);
    }
    return targets;
}

static PyObject *make_text(const char *text)
{
    return text[0] == 0 ? Py_NewRef(empty_text)
                        : PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* address, length, mnemonic, body, flow, targets, pcode, outcome, bytes */
static PyObject *make_instruction(
        Walk *self, const ProSleighInstruction *instruction, const uint8_t *bytes, size_t length)
{
    enum { FIELDS = 9 };
    const char *mnemonic = "", *body = "";
    ProSleighLift lift = {0};
    ProError error = {0};
    if (instruction->outcome == PRO_SLEIGH_DECODED &&
            (pro_sleigh_text(self->decoder, &mnemonic, &body) != PRO_OK ||
                    pro_sleigh_lift(self->decoder, &lift, &error) != PRO_OK))
        return py_error_raise(&error);
    PyObject *fields[FIELDS] = {PyLong_FromUnsignedLongLong(instruction->address),
            PyLong_FromSize_t(length), make_text(mnemonic), make_text(body),
            PyLong_FromUnsignedLong(lift.flow), make_targets(&lift), make_pcode(self, &lift),
            Py_NewRef(outcome_names[instruction->outcome]),
            PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length)};
    PyObject *tuple = PyTuple_New(FIELDS);
    bool complete = tuple != NULL;
    for (int i = 0; i < FIELDS; i++) {
        complete = complete && fields[i] != NULL;
        if (tuple != NULL && fields[i] != NULL)
            PyTuple_SET_ITEM(tuple, i, fields[i]);
        else
            Py_XDECREF(fields[i]);
    }
    if (!complete)
        Py_CLEAR(tuple);
    return make(self->instruction_type, tuple);
}

static PyObject *walk_next(Walk *self)
{
    if (self->busy) {
        PyErr_SetString(PyExc_RuntimeError, "another thread is in this iterator");
        return NULL;
    }
    if (self->left == 0 || self->offset >= self->end)
        return NULL;
    ProSleighInstruction instruction;
    if (!move_window(self))
        return NULL;
    const uint8_t *bytes = self->window + (self->offset - self->window_begin);
    size_t size = self->window_size - (size_t)(self->offset - self->window_begin);
    if (size == 0)
        return NULL;
    if (pro_sleigh_decode(self->decoder, self->address + self->offset, bytes, size, &instruction) !=
            PRO_OK)
        return PyErr_NoMemory();
    size_t length = instruction.length;
    if (instruction.outcome != PRO_SLEIGH_DECODED)
        length = pro_sleigh_language_alignment(self->language);
    if (length > size)
        length = size;
    PyObject *result = make_instruction(self, &instruction, bytes, length);
    self->offset += length;
    self->left--;
    return result;
}

/* ---- beginning ---- */

static bool take_data(Walk *self, PyObject *data)
{
    ProContainer *container = py_container_get(data);
    if (container != NULL) {
        self->container = pro_container_ref(container);
        self->end = pro_container_size(container);
        self->scratch = PyMem_Malloc(WINDOW_BYTES);
        if (self->scratch == NULL)
            (void)PyErr_NoMemory();
        return self->scratch != NULL;
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError))
        return false;
    PyErr_Clear();
    if (PyObject_GetBuffer(data, &self->view, PyBUF_SIMPLE) != 0)
        return false;
    self->has_view = true;
    self->end = (uint64_t)self->view.len;
    self->window = self->view.buf;
    self->window_size = (size_t)self->view.len;
    return true;
}

static bool set_context(Walk *self, PyObject *context)
{
    PyObject *name, *value;
    Py_ssize_t position = 0;
    ProError error = {0};
    while (PyDict_Next(context, &position, &name, &value)) {
        const char *text = PyUnicode_AsUTF8(name);
        unsigned long long number = text == NULL ? 0 : PyLong_AsUnsignedLongLong(value);
        if (PyErr_Occurred())
            return false;
        if (pro_sleigh_decoder_set_context(
                    self->decoder, text, self->address + self->offset, number, &error) != PRO_OK) {
            (void)py_error_raise(&error);
            return false;
        }
    }
    return true;
}

static PyObject *walk(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *language_object, *data, *context, *instruction, *operation, *varnode, *spaces;
    unsigned long long address, offset, count;
    int wants_pcode;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "OOKKKO!pO!O!O!O!", &language_object, &data, &address, &offset,
                &count, &PyDict_Type, &context, &wants_pcode, &PyType_Type, &instruction,
                &PyType_Type, &operation, &PyType_Type, &varnode, &PyTuple_Type, &spaces))
        return NULL;
    PySleighLanguage *language = py_sleigh_language(language_object);
    Walk *self = language == NULL ? NULL : PyObject_New(Walk, walk_type);
    if (self == NULL)
        return NULL;
    memset((char *)self + sizeof(PyObject), 0, sizeof *self - sizeof(PyObject));
    self->instruction_type = Py_NewRef(instruction);
    self->operation_type = Py_NewRef(operation);
    self->varnode_type = Py_NewRef(varnode);
    self->space_names = Py_NewRef(spaces);
    self->language = language->language;
    self->wants_pcode = wants_pcode != 0;
    self->left = count;
    bool good = take_data(self, data);
    if (good && offset > self->end) {
        PyErr_SetString(PyExc_ValueError, "the offset lies behind the end of the data");
        good = false;
    }
    self->offset = offset;
    self->address = address - offset;
    if (good && pro_sleigh_decoder_new(language->language, &self->decoder, &error) != PRO_OK) {
        (void)py_error_raise(&error);
        good = false;
    }
    if (good && set_context(self, context))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

int py_sleigh_walk_init(PyObject *module)
{
    static PyType_Slot slots[] = {
            {Py_tp_dealloc, (void *)walk_dealloc},
            {Py_tp_iter, (void *)PyObject_SelfIter},
            {Py_tp_iternext, (void *)walk_next},
            {0},
    };
    static PyType_Spec spec = {.name = "Pro._promp._SleighWalk",
            .basicsize = sizeof(Walk),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots};
    static PyMethodDef functions[] = {{"_sleighWalk", walk, METH_VARARGS, NULL}, {0}};
    static const char *const outcomes[] = {"decoded", "invalid", "truncated"};
    for (unsigned code = 0; code < PCODE_CODES; code++) {
        const char *name = pro_pcode_name(code);
        operation_names[code] = PyUnicode_InternFromString(name == NULL ? "?" : name);
        if (operation_names[code] == NULL)
            return -1;
    }
    for (size_t i = 0; i < 3; i++)
        outcome_names[i] = PyUnicode_InternFromString(outcomes[i]);
    empty_text = PyUnicode_FromString("");
    empty_tuple = PyTuple_New(0);
    walk_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (walk_type == NULL || empty_text == NULL || empty_tuple == NULL || outcome_names[2] == NULL)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
