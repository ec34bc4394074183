/* A large dictionary or list of plain values as a pickle of its own, several times as fast
   as pickle makes it. Pickle keeps a note of each object, in case that it is met again.
   What has one reference is not met again: who walks here holds none, so that one is of
   the container. All else is left to the pickler, by its number among the others. */

#include "plain.h"

#include "writer.h"

#define LEVELS_MAX 50
#define BATCH 1000
/* Of so many objects, one may be an other. */
#define OTHERS_SHARE 8
#define OTHERS_FEW 64
/* Smaller containers are looked into for large ones. */
#define LOOKED_INTO_MAX 64

/* 1: written; 0: nothing was, this is none for here; -1: an error is set; -2: too much of
   the whole is none for here. */
static int put_value(struct writer *writer, PyObject *value, int level);

/* --- containers --- */

static int put_bytes(struct writer *writer, PyObject *value)
{
    Py_ssize_t size = PyBytes_GET_SIZE(value);
    if (size >= GF_LARGE_BYTES || Py_REFCNT(value) != 1) {
        return 0;
    }
    int known = size <= 0xff ? gf_put_sized(writer, 'C', (uint64_t)size, 1)
                             : gf_put_sized(writer, 'B', (uint64_t)size, 4);
    return known < 0 ? -1 : gf_put(writer, PyBytes_AS_STRING(value), (size_t)size);
}

static int put_other(struct writer *writer, PyObject *value)
{
    Py_ssize_t count = PyList_GET_SIZE(writer->others);
    if (count >= OTHERS_FEW && count > writer->objects / OTHERS_SHARE) {
        return -2;
    }
    if (PyList_Append(writer->others, value) < 0) {
        return -1;
    }
    return gf_put_integer(writer, count) < 0 ? -1 : gf_put_code(writer, 'Q');
}

/* What is inside of another one: what is none for here is an other. */
static int put_inner(struct writer *writer, PyObject *value, int level)
{
    int result = put_value(writer, value, level);
    return result ? result : put_other(writer, value);
}

static int put_tuple(struct writer *writer, PyObject *value, int level)
{
    Py_ssize_t size = PyTuple_GET_SIZE(value);
    if (size == 0) {
        return gf_put_code(writer, ')');
    }
    if (size > 3 && gf_put_code(writer, '(') < 0) {
        return -1;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        int result = put_inner(writer, PyTuple_GET_ITEM(value, at), level + 1);
        if (result < 0) {
            return result;
        }
    }
    static const unsigned char codes[] = {')', 0x85, 0x86, 0x87};
    return gf_put_code(writer, size > 3 ? 't' : codes[size]);
}

static int put_list(struct writer *writer, PyObject *value, int level)
{
    if (gf_put_code(writer, ']') < 0) {
        return -1;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(value); at++) {
        if (at % BATCH == 0 && (gf_put(writer, "e(" + (at == 0), at ? 2 : 1) < 0)) {
            return -1;
        }
        int result = put_inner(writer, PyList_GET_ITEM(value, at), level + 1);
        if (result < 0) {
            return result;
        }
    }
    return PyList_GET_SIZE(value) ? gf_put_code(writer, 'e') : 1;
}

static int put_dict(struct writer *writer, PyObject *value, int level)
{
    PyObject *key, *item;
    Py_ssize_t place = 0, at = 0;
    if (gf_put_code(writer, '}') < 0) {
        return -1;
    }
    for (; PyDict_Next(value, &place, &key, &item); at++) {
        if (at % BATCH == 0 && (gf_put(writer, "u(" + (at == 0), at ? 2 : 1) < 0)) {
            return -1;
        }
        int result = put_inner(writer, key, level + 1);
        result = result > 0 ? put_inner(writer, item, level + 1) : result;
        if (result < 0) {
            return result;
        }
    }
    return at ? gf_put_code(writer, 'u') : 1;
}

static int put_container(struct writer *writer, PyObject *value, int level)
{
    if (PyTuple_CheckExact(value)) {
        return put_tuple(writer, value, level);
    }
    if (PyList_CheckExact(value)) {
        return put_list(writer, value, level);
    }
    return put_dict(writer, value, level);
}

static int put_value(struct writer *writer, PyObject *value, int level)
{
    writer->objects++;
    if (value == Py_None) {
        return gf_put_code(writer, 'N');
    }
    if (PyBool_Check(value)) {
        return gf_put_code(writer, value == Py_True ? 0x88 : 0x89);
    }
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow ? 0 : gf_put_integer(writer, number);
    }
    if (PyUnicode_CheckExact(value)) {
        return gf_put_text(writer, value);
    }
    if (PyFloat_CheckExact(value)) {
        return gf_put_float(writer, PyFloat_AS_DOUBLE(value));
    }
    if (PyBytes_CheckExact(value)) {
        return put_bytes(writer, value);
    }
    int is_tuple = PyTuple_CheckExact(value);
    if (!is_tuple && !PyList_CheckExact(value) && !PyDict_CheckExact(value)) {
        return 0;
    }
    int is_empty = is_tuple && PyTuple_GET_SIZE(value) == 0;
    if ((Py_REFCNT(value) != 1 && !is_empty) || level > LEVELS_MAX) {
        return 0;
    }
    return put_container(writer, value, level);
}

static void clear(struct writer *writer)
{
    PyMem_RawFree(writer->data);
    PyMem_RawFree(writer->notes);
    *writer = (struct writer){.others = writer->others, .outside = writer->outside};
}

static int write_all(struct writer *writer, PyObject *value)
{
    int result = gf_put(writer, "\x80\x05", 2);
    if (result > 0) {
        result = put_container(writer, value, 0);
    }
    return result > 0 ? gf_put_code(writer, '.') : result;
}

/* Write it again, with what is elsewhere left to the pickler around. */
static int write_again(struct writer *writer, PyObject *value)
{
    clear(writer);
    if (PyList_SetSlice(writer->others, 0, PY_SSIZE_T_MAX, NULL) < 0) {
        return -1;
    }
    return write_all(writer, value);
}

PyObject *gf_plain(PyObject *value, PyObject *others)
{
    struct writer writer = {.others = others, .outside = PyList_New(0)};
    int result = writer.outside == NULL ? -1 : write_all(&writer, value);
    if (result > 0) {
        int found = gf_find_outside(&writer, writer.outside);
        result = found < 0 ? found : found ? write_again(&writer, value) : 1;
    }
    PyObject *made = NULL;
    if (result > 0) {
        made = PyBytes_FromStringAndSize(writer.data, (Py_ssize_t)writer.used);
    }
    else if (!PyErr_Occurred()) {
        made = Py_NewRef(Py_None); /* too much of it is not plain */
    }
    clear(&writer);
    Py_XDECREF(writer.outside);
    return made;
}

int gf_has_large(PyObject *value, Py_ssize_t least, int levels)
{
    if (levels == 0) {
        return 0;
    }
    if (PyDict_CheckExact(value)) {
        PyObject *item;
        Py_ssize_t place = 0, size = PyDict_GET_SIZE(value);
        if (size >= least) {
            return 1;
        }
        while (size <= LOOKED_INTO_MAX && PyDict_Next(value, &place, NULL, &item)) {
            if (gf_has_large(item, least, levels - 1)) {
                return 1;
            }
        }
        return 0;
    }
    int is_tuple = PyTuple_CheckExact(value);
    if (!is_tuple && !PyList_CheckExact(value)) {
        return 0;
    }
    Py_ssize_t size = Py_SIZE(value);
    if (!is_tuple && size >= least) {
        return 1;
    }
    for (Py_ssize_t at = 0; at < size && (is_tuple || size <= LOOKED_INTO_MAX); at++) {
        PyObject *item =
            is_tuple ? PyTuple_GET_ITEM(value, at) : PyList_GET_ITEM(value, at);
        if (item != NULL && gf_has_large(item, least, levels - 1)) {
            return 1;
        }
    }
    return 0;
}
