/* A pickle as it grows, and what of it is simple. */

#include "writer.h"

#include <string.h>

static int grow(struct writer *writer, size_t size)
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

int gf_put(struct writer *writer, const void *data, size_t size)
{
    if (writer->room - writer->used < size && grow(writer, size) < 0) {
        return -1;
    }
    memcpy(writer->data + writer->used, data, size);
    writer->used += size;
    return 1;
}

int gf_put_code(struct writer *writer, unsigned char code)
{
    return gf_put(writer, &code, 1);
}

int gf_put_sized(struct writer *writer, unsigned char code, uint64_t value, int size)
{
    unsigned char bytes[9] = {code};
    for (int at = 0; at < size; at++) {
        bytes[1 + at] = (unsigned char)(value >> (8 * at));
    }
    return gf_put(writer, bytes, (size_t)size + 1);
}

int gf_put_integer(struct writer *writer, int64_t value)
{
    if (value >= 0 && value <= 0xff) {
        return gf_put_sized(writer, 'K', (uint64_t)value, 1);
    }
    if (value >= 0 && value <= 0xffff) {
        return gf_put_sized(writer, 'M', (uint64_t)value, 2);
    }
    if (value >= INT32_MIN && value <= INT32_MAX) {
        return gf_put_sized(writer, 'J', (uint64_t)value, 4);
    }
    unsigned char head[2] = {0x8a, 8};
    unsigned char bytes[8];
    for (int at = 0; at < 8; at++) {
        bytes[at] = (unsigned char)((uint64_t)value >> (8 * at));
    }
    return gf_put(writer, head, 2) < 0 ? -1 : gf_put(writer, bytes, 8);
}

int gf_put_float(struct writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    unsigned char bytes[9] = {'G'};
    for (int at = 0; at < 8; at++) {
        bytes[1 + at] = (unsigned char)(bits >> (56 - 8 * at));
    }
    return gf_put(writer, bytes, sizeof(bytes));
}

/* --- texts --- */

static size_t slot_of(struct writer *writer, PyObject *text)
{
    uintptr_t mixed = (uintptr_t)text >> 4;
    mixed ^= mixed >> 17;
    size_t slot = mixed & (writer->slots - 1);
    while (writer->texts[slot] != NULL && writer->texts[slot] != text) {
        slot = (slot + 1) & (writer->slots - 1);
    }
    return slot;
}

static int more_slots(struct writer *writer)
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

int gf_put_text(struct writer *writer, PyObject *text)
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
            return number <= 0xff ? gf_put_sized(writer, 'h', number, 1)
                                  : gf_put_sized(writer, 'j', number, 4);
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
    int known = size <= 0xff            ? gf_put_sized(writer, 0x8c, (uint64_t)size, 1)
                : size < GF_LARGE_BYTES ? gf_put_sized(writer, 'X', (uint64_t)size, 4)
                                        : 0;
    if (known <= 0 || gf_put(writer, data, (size_t)size) < 0) {
        return known <= 0 ? known : -1;
    }
    if (is_shared && writer->noted < UINT32_MAX) {
        writer->texts[slot] = text;
        writer->numbers[slot] = (uint32_t)writer->noted++;
        return gf_put_code(writer, 0x94);
    }
    return 1;
}
