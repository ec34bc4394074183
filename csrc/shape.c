/* Records taken apart: functions (each once), a shape (bytes: all that is not an object)
 * and values (a flat tuple without the NULLs). The shape, little-endian:
 *
 *   frames u32 | flags u8 (1 exc, 2 held) | delivery u8
 *   then for each frame, outermost first:
 *   function u32 | pending u32 | stack u16 | delivery u8 |
 *   flags u8 (1 generator, 2 exc, 4 locals, 8 held) | one bit for each slot: 1 = present
 */
#include "frames.h"

static void put_u32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> (8 * i));
    }
}

enum { FEW = 32 };

/* The number of a function among the first few, or -1. */
static Py_ssize_t find_among(PyObject *list, PyObject *function)
{
    Py_ssize_t count = PyList_GET_SIZE(list);
    for (Py_ssize_t i = count < FEW ? count : FEW; i-- > 0;) {
        if (PyList_GET_ITEM(list, i) == function) {
            return i;
        }
    }
    return -1;
}

/* The number of a function by a dict of those beyond the first few; -2 on error. */
static Py_ssize_t find_known(PyObject *known, PyObject *function, Py_ssize_t fresh)
{
    PyObject *key = PyLong_FromVoidPtr(function);
    PyObject *number = key == NULL ? NULL : PyDict_GetItemWithError(known, key);
    Py_ssize_t found = number == NULL ? -1 : PyLong_AsSsize_t(number);
    if (number == NULL && key != NULL && !PyErr_Occurred()) {
        number = PyLong_FromSsize_t(fresh);
        if (number != NULL) {
            PyDict_SetItem(known, key, number);
            Py_DECREF(number);
        }
    }
    Py_XDECREF(key);
    return PyErr_Occurred() ? -2 : found;
}

/* Numbers the functions in order of first appearance. */
static int number_into(gf_records *self, uint32_t *numbers, PyObject *list,
                       PyObject *known)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        PyObject *function = self->frames[i].function;
        Py_ssize_t fresh = PyList_GET_SIZE(list), found = find_among(list, function);
        if (found == -1 && fresh >= FEW) {
            found = find_known(known, function, fresh);
        }
        if (found == -2 || (found == -1 && PyList_Append(list, function) < 0)) {
            return -1;
        }
        numbers[i] = (uint32_t)(found == -1 ? fresh : found);
    }
    return 0;
}

static PyObject *number_functions(gf_records *self, uint32_t *numbers)
{
    PyObject *list = PyList_New(0), *known = PyDict_New(), *tuple = NULL;
    if (list != NULL && known != NULL && number_into(self, numbers, list, known) == 0) {
        tuple = PyList_AsTuple(list);
    }
    Py_XDECREF(known);
    Py_XDECREF(list);
    return tuple;
}

static Py_ssize_t shape_bytes(gf_records *self)
{
    Py_ssize_t bytes = GF_HEAD_BYTES;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        gf_record *r = &self->frames[i];
        bytes += GF_FRAME_BYTES + (r->nlocals + r->nstack + 7) / 8;
    }
    return bytes;
}

static unsigned char *put_frame(unsigned char *p, gf_record *r, uint32_t function)
{
    put_u32(p, function);
    put_u32(p + 4, (uint32_t)r->pending);
    p[8] = (unsigned char)r->nstack;
    p[9] = (unsigned char)(r->nstack >> 8);
    p[10] = r->delivery;
    p[11] = 0;
    for (int bit = 0; bit < 4; bit++) {
        p[11] |= (unsigned char)((*gf_record_extra(r, bit) != NULL) << bit);
    }
    p += GF_FRAME_BYTES;
    int slots = r->nlocals + r->nstack;
    memset(p, 0, (size_t)(slots + 7) / 8);
    for (int i = 0; i < slots; i++) {
        p[i / 8] |= (unsigned char)((r->slots[i] != NULL) << (i % 8));
    }
    return p + (slots + 7) / 8;
}

static PyObject *make_shape(gf_records *self, const uint32_t *numbers)
{
    PyObject *shape = PyBytes_FromStringAndSize(NULL, shape_bytes(self));
    if (shape == NULL) {
        return NULL;
    }
    unsigned char *p = (unsigned char *)PyBytes_AS_STRING(shape);
    put_u32(p, (uint32_t)self->count);
    p[4] = (unsigned char)((self->exc != NULL) | (self->held != NULL) << 1);
    p[5] = self->delivery;
    p += GF_HEAD_BYTES;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        p = put_frame(p, &self->frames[i], numbers[i]);
    }
    return shape;
}

static PyObject *functions_and_shape(gf_records *self, PyObject **shape)
{
    uint32_t *numbers = PyMem_New(uint32_t, (size_t)self->count + 1);
    if (numbers == NULL || gf_refuse_consumed(self) < 0) {
        PyMem_Free(numbers);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    PyObject *functions = number_functions(self, numbers);
    if (functions != NULL && shape != NULL) {
        *shape = make_shape(self, numbers);
        if (*shape == NULL) {
            Py_CLEAR(functions);
        }
    }
    PyMem_Free(numbers);
    return functions;
}

/* Visits every value in the order of the shape; with `out` NULL it only counts. */
static Py_ssize_t each_value(gf_records *self, PyObject **out)
{
    Py_ssize_t n = 0;
#define GF_VALUE(object)                \
    if ((object) != NULL) {             \
        if (out != NULL) {              \
            out[n] = Py_NewRef(object); \
        }                               \
        n++;                            \
    }
    GF_VALUE(self->exc)
    GF_VALUE(self->held)
    for (Py_ssize_t i = 0; i < self->count; i++) {
        gf_record *r = &self->frames[i];
        for (int bit = 0; bit < 4; bit++) {
            GF_VALUE(*gf_record_extra(r, bit))
        }
        for (int slot = 0; slot < r->nlocals + r->nstack; slot++) {
            GF_VALUE(r->slots[slot])
        }
    }
#undef GF_VALUE
    return n;
}

PyObject *gf_records_values(gf_records *self, void *closure)
{
    (void)closure;
    if (gf_refuse_consumed(self) < 0) {
        return NULL;
    }
    PyObject *values = PyTuple_New(each_value(self, NULL));
    if (values != NULL) {
        each_value(self, &PyTuple_GET_ITEM(values, 0));
    }
    return values;
}

PyObject *gf_records_functions(gf_records *self, void *closure)
{
    (void)closure;
    return functions_and_shape(self, NULL);
}

PyObject *gf_records_shape(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *shape = NULL;
    PyObject *functions = functions_and_shape(self, &shape);
    Py_XDECREF(functions);
    return shape;
}

PyObject *gf_records_parts(PyObject *op, PyObject *ignored)
{
    (void)ignored;
    PyObject *shape = NULL;
    PyObject *functions = functions_and_shape((gf_records *)op, &shape);
    if (functions == NULL) {
        return NULL;
    }
    PyObject *values = gf_records_values((gf_records *)op, NULL);
    if (values == NULL) {
        Py_DECREF(functions);
        Py_DECREF(shape);
        return NULL;
    }
    return Py_BuildValue("(NNN)", functions, shape, values);
}
