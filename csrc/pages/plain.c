/* A large dictionary or list of plain values as a pickle of its own, several times as fast
   as pickle makes it. Pickle keeps a note of each object, in case that it is met again.
   What has one reference is not met again: who walks here holds none, so that one is of
   the container. All else is left to the pickler, by its number among the others. */

#include "plain.h"

#include <stdint.h>
#include <string.h>

#define LEVELS_MAX 50
#define BATCH 1000
#define LARGE_BYTES (64 * 1024)
/* Of so many objects, one may be an other. */
#define OTHERS_SHARE 8
#define OTHERS_FEW 64
/* Smaller containers are looked into for large ones. */
#define LOOKED_INTO_MAX 64

struct writer {
    char *data;
    size_t used, room;
    PyObject *others;
    Py_ssize_t objects;
    /* Texts that were written, by address, and the numbers of their notes. */
    PyObject **texts;
    uint32_t *numbers;
    size_t slots, noted;
};

/* 1: written; 0: nothing was, this is none for here; -1: an error is set; -2: too much of
   the whole is none for here. */
static int put_value(struct writer *writer, PyObject *value, int level);

static int
grow(struct writer *writer, size_t size)
{
    size_t room = writer->room * 2 + size;
    char *data = PyMem_RawRealloc(writer->data, room);
    if (data == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    writer->data = data;
    writer->room = room;
    return 1;
}

static int
put(struct writer *writer, const void *data, size_t size)
{
    if (writer->room - writer->used < size && grow(writer, size) < 0) {
        return -1;
    }
    memcpy(writer->data + writer->used, data, size);
    writer->used += size;
    return 1;
}

static int
put_code(struct writer *writer, unsigned char code)
{
    return put(writer, &code, 1);
}

static int
put_sized(struct writer *writer, unsigned char code, uint64_t value, int size)
{
    unsigned char bytes[9] = {code};
    for (int at = 0; at < size; at++) {
        bytes[1 + at] = (unsigned char)(value >> (8 * at));
    }
    return put(writer, bytes, (size_t)size + 1);
}

static int
put_integer(struct writer *writer, int64_t value)
{
    if (value >= 0 && value <= 0xff) {
        return put_sized(writer, 'K', (uint64_t)value, 1);
    }
    if (value >= 0 && value <= 0xffff) {
        return put_sized(writer, 'M', (uint64_t)value, 2);
    }
    if (value >= INT32_MIN && value <= INT32_MAX) {
        return put_sized(writer, 'J', (uint64_t)value, 4);
    }
    unsigned char head[2] = {0x8a, 8};
    unsigned char bytes[8];
    for (int at = 0; at < 8; at++) {
        bytes[at] = (unsigned char)((uint64_t)value >> (8 * at));
    }
    return put(writer, head, 2) < 0 ? -1 : put(writer, bytes, 8);
}

static int
put_float(struct writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    unsigned char bytes[9] = {'G'};
    for (int at = 0; at < 8; at++) {
        bytes[1 + at] = (unsigned char)(bits >> (56 - 8 * at));
    }
    return put(writer, bytes, sizeof(bytes));
}

/* --- texts --- */

static size_t
slot_of(struct writer *writer, PyObject *text)
{
    uintptr_t mixed = (uintptr_t)text >> 4;
    mixed ^= mixed >> 17;
    size_t slot = mixed & (writer->slots - 1);
    while (writer->texts[slot] != NULL && writer->texts[slot] != text) {
        slot = (slot + 1) & (writer->slots - 1);
    }
    return slot;
}

static int
more_slots(struct writer *writer)
{
    size_t before = writer->slots;
    PyObject **texts = writer->texts;
    uint32_t *numbers = writer->numbers;
    writer->slots = before ? before * 4 : 1024;
    writer->texts = PyMem_RawCalloc(writer->slots, sizeof(*writer->texts));
    writer->numbers = PyMem_RawCalloc(writer->slots, sizeof(*writer->numbers));
    int result = 1;
    if (writer->texts == NULL || writer->numbers == NULL) {
        PyErr_NoMemory();
        result = -1;
    }
    for (size_t at = 0; at < before && result > 0; at++) {
        if (texts[at] != NULL) {
            size_t slot = slot_of(writer, texts[at]);
            writer->texts[slot] = texts[at];
            writer->numbers[slot] = numbers[at];
        }
    }
    PyMem_RawFree(texts);
    PyMem_RawFree(numbers);
    return result;
}

static int
put_text(struct writer *writer, PyObject *text)
{
    /* Others may have it too: it is written once, and one object again. */
    int is_shared = Py_REFCNT(text) > 1;
    size_t slot = 0;
    if (is_shared) {
        if (writer->noted * 2 >= writer->slots && more_slots(writer) < 0) {
            return -1;
        }
        slot = slot_of(writer, text);
        if (writer->texts[slot] != NULL) {
            uint32_t number = writer->numbers[slot];
            return number <= 0xff ? put_sized(writer, 'h', number, 1)
                                  : put_sized(writer, 'j', number, 4);
        }
    }
    Py_ssize_t size;
    const char *data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            return -1;
        }
        PyErr_Clear(); /* half of a surrogate pair: pickle knows how */
        return 0;
    }
    int known = size <= 0xff         ? put_sized(writer, 0x8c, (uint64_t)size, 1)
                : size < LARGE_BYTES ? put_sized(writer, 'X', (uint64_t)size, 4)
                                     : 0;
    if (known <= 0 || put(writer, data, (size_t)size) < 0) {
        return known <= 0 ? known : -1;
    }
    if (is_shared && writer->noted < UINT32_MAX) {
        writer->texts[slot] = text;
        writer->numbers[slot] = (uint32_t)writer->noted++;
        return put_code(writer, 0x94);
    }
    return 1;
}

/* --- containers --- */

static int
put_bytes(struct writer *writer, PyObject *value)
{
    Py_ssize_t size = PyBytes_GET_SIZE(value);
    if (size >= LARGE_BYTES || Py_REFCNT(value) != 1) {
        return 0;
    }
    int known = size <= 0xff ? put_sized(writer, 'C', (uint64_t)size, 1)
                             : put_sized(writer, 'B', (uint64_t)size, 4);
    return known < 0 ? -1 : put(writer, PyBytes_AS_STRING(value), (size_t)size);
}

static int
put_other(struct writer *writer, PyObject *value)
{
    Py_ssize_t count = PyList_GET_SIZE(writer->others);
    if (count >= OTHERS_FEW && count > writer->objects / OTHERS_SHARE) {
        return -2;
    }
    if (PyList_Append(writer->others, value) < 0) {
        return -1;
    }
    return put_integer(writer, count) < 0 ? -1 : put_code(writer, 'Q');
}

/* What is inside of another one: what is none for here is an other. */
static int
put_inner(struct writer *writer, PyObject *value, int level)
{
    int result = put_value(writer, value, level);
    return result ? result : put_other(writer, value);
}

static int
put_tuple(struct writer *writer, PyObject *value, int level)
{
    Py_ssize_t size = PyTuple_GET_SIZE(value);
    if (size == 0) {
        return put_code(writer, ')');
    }
    if (size > 3 && put_code(writer, '(') < 0) {
        return -1;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        int result = put_inner(writer, PyTuple_GET_ITEM(value, at), level + 1);
        if (result < 0) {
            return result;
        }
    }
    static const unsigned char codes[] = {')', 0x85, 0x86, 0x87};
    return put_code(writer, size > 3 ? 't' : codes[size]);
}

static int
put_list(struct writer *writer, PyObject *value, int level)
{
    if (put_code(writer, ']') < 0) {
        return -1;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(value); at++) {
        if (at % BATCH == 0 && (put(writer, "e(" + (at == 0), at ? 2 : 1) < 0)) {
            return -1;
        }
        int result = put_inner(writer, PyList_GET_ITEM(value, at), level + 1);
        if (result < 0) {
            return result;
        }
    }
    return PyList_GET_SIZE(value) ? put_code(writer, 'e') : 1;
}

static int
put_dict(struct writer *writer, PyObject *value, int level)
{
    PyObject *key, *item;
    Py_ssize_t place = 0, at = 0;
    if (put_code(writer, '}') < 0) {
        return -1;
    }
    for (; PyDict_Next(value, &place, &key, &item); at++) {
        if (at % BATCH == 0 && (put(writer, "u(" + (at == 0), at ? 2 : 1) < 0)) {
            return -1;
        }
        int result = put_inner(writer, key, level + 1);
        result = result > 0 ? put_inner(writer, item, level + 1) : result;
        if (result < 0) {
            return result;
        }
    }
    return at ? put_code(writer, 'u') : 1;
}

static int
put_container(struct writer *writer, PyObject *value, int level)
{
    if (PyTuple_CheckExact(value)) {
        return put_tuple(writer, value, level);
    }
    if (PyList_CheckExact(value)) {
        return put_list(writer, value, level);
    }
    return put_dict(writer, value, level);
}

static int
put_value(struct writer *writer, PyObject *value, int level)
{
    writer->objects++;
    if (value == Py_None) {
        return put_code(writer, 'N');
    }
    if (PyBool_Check(value)) {
        return put_code(writer, value == Py_True ? 0x88 : 0x89);
    }
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow ? 0 : put_integer(writer, number);
    }
    if (PyUnicode_CheckExact(value)) {
        return put_text(writer, value);
    }
    if (PyFloat_CheckExact(value)) {
        return put_float(writer, PyFloat_AS_DOUBLE(value));
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

PyObject *
gf_plain(PyObject *value, PyObject *others)
{
    struct writer writer = {.others = others};
    int result = put(&writer, "\x80\x05", 2);
    if (result > 0) {
        result = put_container(&writer, value, 0);
    }
    if (result > 0) {
        result = put_code(&writer, '.');
    }
    PyObject *made = NULL;
    if (result > 0) {
        made = PyBytes_FromStringAndSize(writer.data, (Py_ssize_t)writer.used);
    } else if (!PyErr_Occurred()) {
        made = Py_NewRef(Py_None); /* too much of it is not plain */
    }
    PyMem_RawFree(writer.data);
    PyMem_RawFree(writer.texts);
    PyMem_RawFree(writer.numbers);
    return made;
}

int
gf_has_large(PyObject *value, Py_ssize_t least, int levels)
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
