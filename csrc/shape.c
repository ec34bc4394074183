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

/* Numbers the functions in order of first appearance. */
static PyObject *number_functions(gf_records *self, uint32_t *numbers)
{
    PyObject *list = PyList_New(0), *known = PyDict_New();
    for (Py_ssize_t i = 0; list != NULL && known != NULL && i < self->count; i++) {
        PyObject *function = self->frames[i].function;
        if (i > 0 && function == self->frames[i - 1].function) {
            numbers[i] = numbers[i - 1];
            continue;
        }
        PyObject *key = PyLong_FromVoidPtr(function);
        PyObject *number = key == NULL ? NULL : PyDict_GetItemWithError(known, key);
        if (number != NULL) {
            numbers[i] = (uint32_t)PyLong_AsUnsignedLong(number);
        }
        else if (key != NULL && !PyErr_Occurred()) {
            numbers[i] = (uint32_t)PyList_GET_SIZE(list);
            number = PyLong_FromUnsignedLong(numbers[i]);
            if (number != NULL && PyDict_SetItem(known, key, number) == 0) {
                PyList_Append(list, function);
            }
            Py_XDECREF(number);
        }
        Py_XDECREF(key);
        if (PyErr_Occurred()) {
            break;
        }
    }
    Py_XDECREF(known);
    PyObject *tuple = PyErr_Occurred() || list == NULL ? NULL : PyList_AsTuple(list);
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
