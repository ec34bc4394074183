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

static struct note *note_of(const struct writer *writer, PyObject *text)
{
    uintptr_t mixed = (uintptr_t)text >> 4;
    mixed ^= mixed >> 17;
    size_t slot = mixed & (writer->slots - 1);
    while (writer->notes[slot].text != NULL && writer->notes[slot].text != text) {
        slot = (slot + 1) & (writer->slots - 1);
    }
    return &writer->notes[slot];
}

static int more_slots(struct writer *writer)
{
    size_t before = writer->slots;
    struct note *notes = writer->notes;
    size_t slots = before ? before * 4 : 1024;
    struct note *larger = PyMem_RawCalloc(slots, sizeof(*larger));
    if (larger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    writer->notes = larger;
    writer->slots = slots;
    for (size_t at = 0; at < before; at++) {
        if (notes[at].text != NULL) {
            *note_of(writer, notes[at].text) = notes[at];
        }
    }
    PyMem_RawFree(notes);
    return 1;
}

static int is_outside(const struct writer *writer, PyObject *text)
{
    Py_ssize_t count = writer->outside == NULL ? 0 : PyList_GET_SIZE(writer->outside);
    for (Py_ssize_t at = 0; at < count; at++) {
        if (PyList_GET_ITEM(writer->outside, at) == text) {
            return 1;
        }
    }
    return 0;
}

int gf_find_outside(const struct writer *writer, PyObject *outside)
{
    int found = 0;
    for (size_t at = 0; at < writer->slots; at++) {
        const struct note *note = &writer->notes[at];
        if (note->text == NULL || Py_REFCNT(note->text) == note->seen
            || PyUnicode_CHECK_INTERNED(note->text)) {
            continue;
        }
        if (++found > GF_OUTSIDE_MAX) {
            return -2;
        }
        if (PyList_Append(outside, note->text) < 0) {
            return -1;
        }
    }
    return found;
}

/* The text alone, without what tells that it was noted. */
static int put_new_text(struct writer *writer, PyObject *text)
{
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
    return known <= 0 ? known : gf_put(writer, data, (size_t)size);
}

int gf_put_text(struct writer *writer, PyObject *text)
{
    /* Of texts of up to one character there is one in a process. */
    if (Py_REFCNT(text) == 1 || PyUnicode_GET_LENGTH(text) < 2) {
        return put_new_text(writer, text);
    }
    if (is_outside(writer, text)) {
        return 0;
    }
    if (writer->noted * 2 >= writer->slots && more_slots(writer) < 0) {
        return -1;
    }
    struct note *note = note_of(writer, text);
    if (note->text != NULL) {
        note->seen++;
        return note->number <= 0xff ? gf_put_sized(writer, 'h', note->number, 1)
                                    : gf_put_sized(writer, 'j', note->number, 4);
    }
    int result = writer->noted < UINT32_MAX ? put_new_text(writer, text) : 0;
    if (result > 0) {
        *note = (struct note){text, (uint32_t)writer->noted++, 1};
        result = gf_put_code(writer, 0x94);
    }
    return result;
}
