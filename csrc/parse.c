/* Records put together again from functions, shape and values: the opposite of shape.c.
 * The bytes came from disk: every number is checked before it is used, and every record
 * before a frame may be built from it (verify.c).
 */
#include "frames.h"

static uint32_t get_u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

typedef struct {
    const unsigned char *p, *end;
    PyObject *functions, *values;
    Py_ssize_t next; /* value */
} parser;

static int bad_shape(const char *what)
{
    PyErr_Format(PyExc_ValueError, "not a valid stack: %s", what);
    return -1;
}

static int take(parser *in, int present, PyObject **field)
{
    if (!present) {
        return 0;
    }
    if (in->next >= PyTuple_GET_SIZE(in->values)) {
        return bad_shape("values are missing");
    }
    *field = Py_NewRef(PyTuple_GET_ITEM(in->values, in->next++));
    return 0;
}

static int parse_frame(parser *in, gf_record *r)
{
    uint32_t function = get_u32(in->p), pending = get_u32(in->p + 4);
    int flags = in->p[11];
    r->nstack = in->p[8] | in->p[9] << 8;
    r->delivery = in->p[10];
    in->p += GF_FRAME_BYTES;
    if (function >= (uint32_t)PyTuple_GET_SIZE(in->functions)
        || pending > INT_MAX / 4) {
        return bad_shape("a function or offset is out of range");
    }
    r->pending = (int)pending;
    r->function = Py_NewRef(PyTuple_GET_ITEM(in->functions, function));
    if (!PyFunction_Check(r->function)) {
        return bad_shape("a frame's function is no function");
    }
    r->nlocals = ((PyCodeObject *)PyFunction_GET_CODE(r->function))->co_nlocalsplus;
    for (int bit = 0; bit < 4; bit++) {
        if (take(in, flags >> bit & 1, gf_record_extra(r, bit)) < 0) {
            return -1;
        }
    }
    r->identity = r->generator;
    if (in->end - in->p < (r->nlocals + r->nstack + 7) / 8) {
        return bad_shape("the mask is cut");
    }
    return 0;
}

static int parse_slots(parser *in, gf_records *self, gf_record *r, Py_ssize_t first)
{
    int slots = r->nlocals + r->nstack;
    if (first + slots > self->nslots) {
        PyObject **grown =
            PyMem_Resize(self->slots, PyObject *, (size_t)(first + slots) * 2);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        memset(grown + self->nslots, 0,
               (size_t)((first + slots) * 2 - self->nslots) * sizeof(PyObject *));
        self->slots = grown;
        self->nslots = (first + slots) * 2;
    }
    for (int i = 0; i < slots; i++) {
        if (take(in, in->p[i / 8] >> (i % 8) & 1, &self->slots[first + i]) < 0) {
            return -1;
        }
    }
    in->p += (slots + 7) / 8;
    return 0;
}

static int parse_frames(parser *in, gf_records *self)
{
    Py_ssize_t first = 0;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        gf_record *r = &self->frames[i];
        if (in->end - in->p < GF_FRAME_BYTES) {
            return bad_shape("it is cut");
        }
        if (parse_frame(in, r) < 0 || parse_slots(in, self, r, first) < 0) {
            return -1;
        }
        first += r->nlocals + r->nstack;
    }
    if (in->p != in->end || in->next != PyTuple_GET_SIZE(in->values)) {
        return bad_shape("something is left over");
    }
    first = 0; /* the block has its place now */
    for (Py_ssize_t i = 0; i < self->count; i++) {
        self->frames[i].slots = self->slots + first;
        first += self->frames[i].nlocals + self->frames[i].nstack;
    }
    return 0;
}

gf_records *gf_records_parse(PyObject *functions, PyObject *shape, PyObject *values)
{
    parser in = {.functions = functions, .values = values};
    in.p = (const unsigned char *)PyBytes_AS_STRING(shape);
    in.end = in.p + PyBytes_GET_SIZE(shape);
    if (in.end - in.p < GF_HEAD_BYTES) {
        bad_shape("it is cut");
        return NULL;
    }
    Py_ssize_t count = get_u32(in.p);
    if (count < 1 || count > (in.end - in.p) / GF_FRAME_BYTES) {
        bad_shape("the number of frames");
        return NULL;
    }
    gf_records *self = gf_records_new(count, 2 * PyTuple_GET_SIZE(values));
    if (self == NULL) {
        return NULL;
    }
    int flags = in.p[4];
    self->delivery = in.p[5];
    in.p += GF_HEAD_BYTES;
    if (take(&in, flags & 1, &self->exc) < 0
        || take(&in, flags >> 1 & 1, &self->held) < 0 || parse_frames(&in, self) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return self;
}

PyObject *gf_records_from_parts(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *functions, *shape, *values;
    if (!PyArg_ParseTuple(args, "O!SO!:records", &PyTuple_Type, &functions, &shape,
                          &PyTuple_Type, &values)) {
        return NULL;
    }
    gf_records *self = gf_records_parse(functions, shape, values);
    if (self == NULL) {
        return NULL;
    }
    int ok =
        self->delivery == GF_PUSH || (self->delivery == GF_INIT && self->held != NULL)
            ? 0
            : bad_shape("the outermost delivery");
    if (ok == 0 && self->exc != NULL && self->exc != Py_None
        && !PyExceptionInstance_Check(self->exc)) {
        ok = bad_shape("what is being handled is no exception");
    }
    for (Py_ssize_t i = 0; ok == 0 && i < self->count; i++) {
        ok = self->frames[i].delivery == GF_AT && i + 1 < self->count
                 ? bad_shape("a frame with others inside it begins an instruction")
                 : gf_verify_record(&self->frames[i], i);
    }
    if (ok < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* The generators of the stack itself: ((generator, function), ...). */
PyObject *gf_records_generators(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *list = gf_refuse_consumed(self) < 0 ? NULL : PyList_New(0);
    for (Py_ssize_t i = 0; list != NULL && i < self->count; i++) {
        gf_record *r = &self->frames[i];
        if (r->generator == NULL) {
            continue;
        }
        PyObject *pair = PyTuple_Pack(2, r->generator, r->function);
        if (pair == NULL || PyList_Append(list, pair) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(pair);
    }
    return list;
}
