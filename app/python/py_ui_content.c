/* SPDX-License-Identifier: Apache-2.0 */
#include "py_ui.h"

#include <stdlib.h>
#include <string.h>

/* What controls show: ProView's methods, one a property. They keep the GIL: none of them waits. */

static ProView *view_of(PyObject *self)
{
    return py_ui_view_get(self);
}

/* NULL with TypeError; bytes are no text. */
static const char *text_of(PyObject *object)
{
    return PyUnicode_AsUTF8(object);
}

static PyObject *give_text(ProStatus status, char *text, const ProError *error)
{
    if (!py_ui_check(status, error))
        return NULL;
    PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    free(text);
    return result;
}

static bool number_of(PyObject *object, int64_t *ret_number)
{
    long long number = PyLong_AsLongLong(object);
    if (number == -1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError))
            PyErr_Format(PyExc_ValueError, "%S is too large", object);
        return false;
    }
    *ret_number = number;
    return true;
}

/* ---- text ---- */

typedef ProStatus (*SetTextFn)(ProView *view, const char *text, ProError *reterr);
typedef ProStatus (*GetTextFn)(ProView *view, char **ret_text, ProError *reterr);

static PyObject *put_text(PyObject *self, PyObject *object, SetTextFn set)
{
    const char *text = text_of(object);
    ProError error = {0};
    return text == NULL ? NULL : py_ui_finish(set(view_of(self), text, &error), &error);
}

static PyObject *take_text(PyObject *self, GetTextFn get)
{
    char *text = NULL;
    ProError error = {0};
    ProStatus status = get(view_of(self), &text, &error);
    return give_text(status, text, &error);
}

static PyObject *set_text(PyObject *self, PyObject *text)
{
    return put_text(self, text, pro_view_set_text);
}

static PyObject *set_selected_text(PyObject *self, PyObject *text)
{
    return put_text(self, text, pro_view_set_selected_text);
}

static PyObject *get_text(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_text(self, pro_view_get_text);
}

static PyObject *get_selected_text(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_text(self, pro_view_get_selected_text);
}

static PyObject *to_text(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_text(self, pro_view_print);
}

/* ---- numbers ---- */

typedef ProStatus (*SetNumberFn)(ProView *view, int64_t number, ProError *reterr);
typedef ProStatus (*GetNumberFn)(ProView *view, int64_t *ret_number, ProError *reterr);

static PyObject *put_number(PyObject *self, PyObject *object, SetNumberFn set)
{
    int64_t number;
    ProError error = {0};
    return number_of(object, &number) ? py_ui_finish(set(view_of(self), number, &error), &error)
                                      : NULL;
}

static PyObject *take_number(PyObject *self, GetNumberFn get)
{
    int64_t number = 0;
    ProError error = {0};
    return py_ui_check(get(view_of(self), &number, &error), &error) ? PyLong_FromLongLong(number)
                                                                    : NULL;
}

static PyObject *set_value(PyObject *self, PyObject *value)
{
    return put_number(self, value, pro_view_set_value);
}

static PyObject *get_value(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_number(self, pro_view_get_value);
}

static PyObject *set_row_count(PyObject *self, PyObject *count)
{
    return put_number(self, count, pro_view_set_row_count);
}

static PyObject *get_row_count(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_number(self, pro_view_get_row_count);
}

static PyObject *set_selected(PyObject *self, PyObject *selected)
{
    return put_number(self, selected, pro_view_set_selected);
}

static PyObject *get_selected(PyObject *self, PyObject *unused)
{
    (void)unused;
    return take_number(self, pro_view_get_selected);
}

static PyObject *set_range(PyObject *self, PyObject *arguments)
{
    long long minimum;
    long long maximum;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "LL:setRange", &minimum, &maximum))
        return NULL;
    return py_ui_finish(pro_view_set_range(view_of(self), minimum, maximum, &error), &error);
}

/* ---- states ---- */

typedef ProStatus (*SetFlagFn)(ProView *view, bool flag, ProError *reterr);

static PyObject *put_flag(PyObject *self, PyObject *object, SetFlagFn set)
{
    int flag = PyObject_IsTrue(object);
    ProError error = {0};
    return flag < 0 ? NULL : py_ui_finish(set(view_of(self), flag != 0, &error), &error);
}

static PyObject *set_enabled(PyObject *self, PyObject *flag)
{
    return put_flag(self, flag, pro_view_set_enabled);
}

static PyObject *set_visible(PyObject *self, PyObject *flag)
{
    return put_flag(self, flag, pro_view_set_visible);
}

static PyObject *is_enabled(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(pro_view_is_enabled(view_of(self)));
}

static PyObject *is_visible(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(pro_view_is_visible(view_of(self)));
}

static PyObject *set_focus(PyObject *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    return py_ui_finish(pro_view_set_focus(view_of(self), &error), &error);
}

/* ---- lists of texts ---- */

/* The texts are lent by `*ret_sequence`. Free both; false with an exception. */
static bool texts_of(
        PyObject *object, PyObject **ret_sequence, const char ***ret_texts, size_t *ret_count)
{
    if (PyUnicode_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a list of texts is wanted, not one text");
        return false;
    }
    PyObject *sequence = PySequence_Fast(object, "a list of texts is wanted");
    if (sequence == NULL)
        return false;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(sequence);
    const char **texts = PyMem_Calloc((size_t)count + 1, sizeof *texts);
    if (texts == NULL)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = text_of(PySequence_Fast_GET_ITEM(sequence, i));
        if (texts[i] == NULL) {
            PyMem_Free(texts);
            texts = NULL;
        }
    }
    if (texts == NULL) {
        Py_DECREF(sequence);
        return false;
    }
    *ret_sequence = sequence;
    *ret_texts = texts;
    *ret_count = (size_t)count;
    return true;
}

static PyObject *set_items(PyObject *self, PyObject *object)
{
    PyObject *sequence;
    const char **texts;
    size_t count;
    ProError error = {0};
    if (!texts_of(object, &sequence, &texts, &count))
        return NULL;
    ProStatus status = pro_view_set_items(view_of(self), texts, count, &error);
    PyMem_Free(texts);
    Py_DECREF(sequence);
    return py_ui_finish(status, &error);
}

static PyObject *set_column_width(PyObject *self, PyObject *arguments)
{
    Py_ssize_t column;
    int characters;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "ni:setColumnWidth", &column, &characters))
        return NULL;
    if (column < 0)
        return PyErr_Format(PyExc_ValueError, "there is no column %zd", column);
    return py_ui_finish(
            pro_view_set_column_width(view_of(self), (size_t)column, characters, &error), &error);
}

static PyObject *add_node(PyObject *self, PyObject *arguments)
{
    long long parent;
    PyObject *object;
    PyObject *sequence = NULL;
    const char **texts = NULL;
    const char *one[1];
    size_t count = 1;
    int64_t node = 0;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "LO:addNode", &parent, &object))
        return NULL;
    if (PyUnicode_Check(object)) {
        one[0] = text_of(object);
        if (one[0] == NULL)
            return NULL;
    } else if (!texts_of(object, &sequence, &texts, &count)) {
        return NULL;
    }
    ProStatus status = pro_view_add_node(
            view_of(self), parent, texts != NULL ? texts : one, count, &node, &error);
    PyMem_Free(texts);
    Py_XDECREF(sequence);
    return py_ui_check(status, &error) ? PyLong_FromLongLong(node) : NULL;
}

static PyObject *set_expanded(PyObject *self, PyObject *arguments)
{
    long long node;
    int expanded = 1;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "L|p:setExpanded", &node, &expanded))
        return NULL;
    return py_ui_finish(pro_view_set_expanded(view_of(self), node, expanded != 0, &error), &error);
}

static PyObject *clear(PyObject *self, PyObject *unused)
{
    (void)unused;
    ProError error = {0};
    return py_ui_finish(pro_view_clear(view_of(self), &error), &error);
}

/* ---- data ---- */

/* Free with PyMem_Free(); NULL with an exception. */
static double *doubles_of(PyObject *object, size_t *ret_count)
{
    PyObject *sequence = PySequence_Fast(object, "a list of numbers is wanted");
    if (sequence == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(sequence);
    double *numbers = PyMem_Calloc((size_t)count + 1, sizeof *numbers);
    for (Py_ssize_t i = 0; numbers != NULL && i < count; i++) {
        numbers[i] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(sequence, i));
        if (PyErr_Occurred()) {
            PyMem_Free(numbers);
            numbers = NULL;
        }
    }
    if (numbers == NULL && !PyErr_Occurred())
        PyErr_NoMemory();
    Py_DECREF(sequence);
    *ret_count = (size_t)count;
    return numbers;
}

static PyObject *set_series(PyObject *self, PyObject *arguments)
{
    const char *name;
    PyObject *y_object;
    PyObject *x_object = Py_None;
    size_t count = 0;
    size_t x_count = 0;
    double *x = NULL;
    ProError error = {0};
    if (!PyArg_ParseTuple(arguments, "sO|O:setSeries", &name, &y_object, &x_object))
        return NULL;
    double *y = doubles_of(y_object, &count);
    if (y == NULL)
        return NULL;
    if (x_object != Py_None)
        x = doubles_of(x_object, &x_count);
    PyObject *result = NULL;
    if (x_object != Py_None && x != NULL && x_count != count)
        PyErr_Format(PyExc_ValueError, "%zu values of x do not fit %zu of y", x_count, count);
    else if (!PyErr_Occurred())
        result =
                py_ui_finish(pro_view_set_series(view_of(self), name, x, y, count, &error), &error);
    PyMem_Free(x);
    PyMem_Free(y);
    return result;
}

static PyObject *set_data(PyObject *self, PyObject *object)
{
    ProContainer *container = NULL;
    ProError error = {0};
    if (object != Py_None) {
        container = py_ui_api->container_get(object);
        if (container == NULL)
            return NULL;
    }
    return py_ui_finish(pro_view_set_data(view_of(self), container, &error), &error);
}

static PyObject *save_picture(PyObject *self, PyObject *object)
{
    PyObject *path = NULL;
    ProError error = {0};
    if (!PyUnicode_FSConverter(object, &path))
        return NULL;
    ProStatus status = pro_view_save_picture(view_of(self), PyBytes_AS_STRING(path), &error);
    Py_DECREF(path);
    return py_ui_finish(status, &error);
}

static PyObject *place(PyObject *self, PyObject *unused)
{
    (void)unused;
    int place[4];
    ProError error = {0};
    if (!py_ui_check(pro_view_place(view_of(self), place, &error), &error))
        return NULL;
    return Py_BuildValue("(iiii)", place[0], place[1], place[2], place[3]);
}

PyMethodDef py_ui_content_methods[] = {
        {"setText", set_text, METH_O,
                "setText(text)\n\nOf a text, label, edit, button, check or group; beside a progress bar; a view's title."},
        {"getText", get_text, METH_NOARGS,
                "getText() -> str\n\nWhat setText() set, or the person wrote."},
        {"setSelectedText", set_selected_text, METH_O,
                "setSelectedText(text)\n\nOf a text or edit: replaces what is selected, or inserts at the cursor."},
        {"getSelectedText", get_selected_text, METH_NOARGS, "getSelectedText() -> str"},
        {"toText", to_text, METH_NOARGS,
                "toText() -> str\n\nWhat it shows, as it is printed on a terminal."},
        {"setValue", set_value, METH_O,
                "setValue(value)\n\nOf a progress bar (0 to 100 at first), check (0, 1), combo (item) or tab (page)."},
        {"getValue", get_value, METH_NOARGS, "getValue() -> int"},
        {"setRange", set_range, METH_VARARGS, "setRange(minimum, maximum)\n\nOf a progress bar."},
        {"setEnabled", set_enabled, METH_O, "setEnabled(flag)\n\nWhether the person can use it."},
        {"isEnabled", is_enabled, METH_NOARGS, "isEnabled() -> bool"},
        {"setVisible", set_visible, METH_O, "setVisible(flag)"},
        {"isVisible", is_visible, METH_NOARGS, "isVisible() -> bool"},
        {"setFocus", set_focus, METH_NOARGS, "setFocus()\n\nThe keyboard's input goes there."},
        {"setItems", set_items, METH_O, "setItems(texts)\n\nOf a combo."},
        {"setColumns", set_items, METH_O,
                "setColumns(titles)\n\nOf a table or tree, before its nodes."},
        {"setColumnWidth", set_column_width, METH_VARARGS,
                "setColumnWidth(column, characters)\n\n0: takes its share of what is left."},
        {"setRowCount", set_row_count, METH_O,
                "setRowCount(count)\n\nOf a table; pvnGetTableRow asks for the rows that are seen, anew."},
        {"rowCount", get_row_count, METH_NOARGS, "rowCount() -> int"},
        {"setSelected", set_selected, METH_O,
                "setSelected(row)\n\nOf a table (-1: none), or a tree's node (0: none)."},
        {"selected", get_selected, METH_NOARGS,
                "selected() -> int\n\nA table's row, -1: none; a tree's node, 0: none."},
        {"addNode", add_node, METH_VARARGS,
                "addNode(parent, texts) -> node\n\nOf a tree, below a node (0: at the top): a text, or one a column."},
        {"setExpanded", set_expanded, METH_VARARGS, "setExpanded(node, flag=True)\n\nOf a tree."},
        {"clear", clear, METH_NOARGS,
                "clear()\n\nEmpties a text, edit, table, tree, plot, hex view or image."},
        {"setSeries", set_series, METH_VARARGS,
                "setSeries(name, y, x=None)\n\nOf a plot: a line through numbers; without x: 0, 1, 2 ..."},
        {"setData", set_data, METH_O,
                "setData(container)\n\nOf a hex view: what it shows; of an image: a PNG or JPEG file. None: nothing."},
        {"place", place, METH_NOARGS,
                "place() -> (x, y, width, height)\n\nIn its window, in pixels; for tests."},
        {"savePicture", save_picture, METH_O,
                "savePicture(path)\n\nA PNG of the window, for tests."},
        {0},
};
