/* A captured stack as plain data: an array of frame records over one block of slots.
 *
 * For pickling it is taken apart into functions (each once), a shape (bytes: all that
 * is not an object) and values (a flat tuple without the NULLs), and put together again
 * by gf_records_parse. The shape, little-endian:
 *
 *   frames u32 | flags u8 (1 exc, 2 held) | delivery u8
 *   then for each frame, outermost first:
 *   function u32 | pending u32 | stack u16 | delivery u8 |
 *   flags u8 (1 generator, 2 exc, 4 locals, 8 held) | one bit for each slot: 1 = present
 */
#include "frames.h"
#include "structmember.h"

enum { HEAD_BYTES = 6, FRAME_BYTES = 12 };

/* The objects beside the slots, in the order of the flags. */
static PyObject **extra(gf_record *r, int bit)
{
    PyObject **fields[] = {&r->generator, &r->exc, &r->locals, &r->held};
    return fields[bit];
}

gf_records *gf_records_new(Py_ssize_t count, Py_ssize_t nslots)
{
    gf_records *self = PyObject_GC_New(gf_records, &gf_records_type);
    if (self == NULL) {
        return NULL;
    }
    self->count = count;
    self->nslots = nslots;
    self->exc = self->held = NULL;
    self->delivery = GF_PUSH;
    self->consumed = 0;
    self->frames = PyMem_Calloc((size_t)count + 1, sizeof(gf_record));
    self->slots = PyMem_Calloc((size_t)nslots + 1, sizeof(PyObject *));
    PyObject_GC_Track(self);
    if (self->frames == NULL || self->slots == NULL) {
        self->count = self->nslots = 0;
        Py_DECREF(self);
        PyErr_NoMemory();
        return NULL;
    }
    return self;
}

/* Drops every value, but keeps what later deliveries need (plan of a run). */
void gf_records_release(gf_records *self)
{
    self->consumed = 1;
    for (Py_ssize_t i = 0; i < self->nslots; i++) {
        Py_CLEAR(self->slots[i]);
    }
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_CLEAR(self->frames[i].exc);
        Py_CLEAR(self->frames[i].locals);
        Py_CLEAR(self->frames[i].generator);
    }
    Py_CLEAR(self->exc);
}

static int records_clear(PyObject *op)
{
    gf_records *self = (gf_records *)op;
    gf_records_release(self);
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_CLEAR(self->frames[i].held);
        Py_CLEAR(self->frames[i].function);
    }
    Py_CLEAR(self->held);
    return 0;
}

static int records_traverse(PyObject *op, visitproc visit, void *arg)
{
    gf_records *self = (gf_records *)op;
    for (Py_ssize_t i = 0; i < self->nslots; i++) {
        Py_VISIT(self->slots[i]);
    }
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_VISIT(self->frames[i].function);
        for (int bit = 0; bit < 4; bit++) {
            Py_VISIT(*extra(&self->frames[i], bit));
        }
    }
    Py_VISIT(self->exc);
    Py_VISIT(self->held);
    return 0;
}

static void records_dealloc(PyObject *op)
{
    gf_records *self = (gf_records *)op;
    PyObject_GC_UnTrack(op);
    Py_TRASHCAN_BEGIN(op, records_dealloc)
    records_clear(op);
    PyMem_Free(self->frames);
    PyMem_Free(self->slots);
    PyObject_GC_Del(op);
    Py_TRASHCAN_END
}

static int refuse_consumed(gf_records *self)
{
    if (self->consumed) {
        PyErr_SetString(PyExc_ValueError, "these records were resumed: they are empty");
        return -1;
    }
    return 0;
}

/* --- taken apart ---------------------------------------------------------------------- */

static void put_u32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint32_t get_u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
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
    Py_ssize_t bytes = HEAD_BYTES;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        gf_record *r = &self->frames[i];
        bytes += FRAME_BYTES + (r->nlocals + r->nstack + 7) / 8;
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
        p[11] |= (unsigned char)((*extra(r, bit) != NULL) << bit);
    }
    p += FRAME_BYTES;
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
    p += HEAD_BYTES;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        p = put_frame(p, &self->frames[i], numbers[i]);
    }
    return shape;
}

static PyObject *functions_and_shape(gf_records *self, PyObject **shape)
{
    uint32_t *numbers = PyMem_New(uint32_t, (size_t)self->count + 1);
    if (numbers == NULL || refuse_consumed(self) < 0) {
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
#define GF_VALUE(object)                          \
    if ((object) != NULL) {                       \
        if (out != NULL) {                        \
            out[n] = Py_NewRef(object);           \
        }                                         \
        n++;                                      \
    }
    GF_VALUE(self->exc)
    GF_VALUE(self->held)
    for (Py_ssize_t i = 0; i < self->count; i++) {
        gf_record *r = &self->frames[i];
        for (int bit = 0; bit < 4; bit++) {
            GF_VALUE(*extra(r, bit))
        }
        for (int slot = 0; slot < r->nlocals + r->nstack; slot++) {
            GF_VALUE(r->slots[slot])
        }
    }
#undef GF_VALUE
    return n;
}

static PyObject *records_values(gf_records *self, void *closure)
{
    (void)closure;
    if (refuse_consumed(self) < 0) {
        return NULL;
    }
    PyObject *values = PyTuple_New(each_value(self, NULL));
    if (values != NULL) {
        each_value(self, &PyTuple_GET_ITEM(values, 0));
    }
    return values;
}

static PyObject *records_functions(gf_records *self, void *closure)
{
    (void)closure;
    return functions_and_shape(self, NULL);
}

static PyObject *records_shape(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *shape = NULL;
    PyObject *functions = functions_and_shape(self, &shape);
    Py_XDECREF(functions);
    return shape;
}

static PyObject *records_parts(PyObject *op, PyObject *ignored)
{
    (void)ignored;
    PyObject *shape = NULL;
    PyObject *functions = functions_and_shape((gf_records *)op, &shape);
    if (functions == NULL) {
        return NULL;
    }
    PyObject *values = records_values((gf_records *)op, NULL);
    if (values == NULL) {
        Py_DECREF(functions);
        Py_DECREF(shape);
        return NULL;
    }
    return Py_BuildValue("(NNN)", functions, shape, values);
}

/* For people and for error messages: (function, pending offset in bytes, generator or
 * None, ((name or stack index, value), ...)) of each frame, innermost first. */
static PyObject *describe_frame(gf_record *r)
{
    PyObject *pairs = PyList_New(0);
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    for (int i = 0; pairs != NULL && i < r->nlocals + r->nstack; i++) {
        if (r->slots[i] == NULL) {
            continue;
        }
        PyObject *pair =
            i < r->nlocals
                ? Py_BuildValue("(OO)", PyTuple_GET_ITEM(code->co_localsplusnames, i),
                                r->slots[i])
                : Py_BuildValue("(iO)", i - r->nlocals, r->slots[i]);
        if (pair == NULL || PyList_Append(pairs, pair) < 0) {
            Py_CLEAR(pairs);
        }
        Py_XDECREF(pair);
    }
    if (pairs == NULL) {
        return NULL;
    }
    PyObject *generator = r->generator != NULL ? r->generator : Py_None;
    return Py_BuildValue("(OiON)", r->function, 2 * r->pending, generator, pairs);
}

static PyObject *records_frames(gf_records *self, void *closure)
{
    (void)closure;
    if (refuse_consumed(self) < 0) {
        return NULL;
    }
    PyObject *frames = PyTuple_New(self->count);
    for (Py_ssize_t i = 0; frames != NULL && i < self->count; i++) {
        PyObject *frame = describe_frame(&self->frames[self->count - 1 - i]);
        if (frame == NULL) {
            Py_CLEAR(frames);
        }
        else {
            PyTuple_SET_ITEM(frames, i, frame);
        }
    }
    return frames;
}

/* --- put together ------------------------------------------------------------------------ */

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
    in->p += FRAME_BYTES;
    if (function >= (uint32_t)PyTuple_GET_SIZE(in->functions) || pending > INT_MAX / 4) {
        return bad_shape("a function or offset is out of range");
    }
    r->pending = (int)pending;
    r->function = Py_NewRef(PyTuple_GET_ITEM(in->functions, function));
    if (!PyFunction_Check(r->function)) {
        return bad_shape("a frame's function is no function");
    }
    r->nlocals = ((PyCodeObject *)PyFunction_GET_CODE(r->function))->co_nlocalsplus;
    for (int bit = 0; bit < 4; bit++) {
        if (take(in, flags >> bit & 1, extra(r, bit)) < 0) {
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
        if (in->end - in->p < FRAME_BYTES) {
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
    if (in.end - in.p < HEAD_BYTES) {
        bad_shape("it is cut");
        return NULL;
    }
    Py_ssize_t count = get_u32(in.p);
    if (count < 1 || count > (in.end - in.p) / FRAME_BYTES) {
        bad_shape("the number of frames");
        return NULL;
    }
    gf_records *self = gf_records_new(count, 2 * PyTuple_GET_SIZE(values));
    if (self == NULL) {
        return NULL;
    }
    int flags = in.p[4];
    self->delivery = in.p[5];
    in.p += HEAD_BYTES;
    if (take(&in, flags & 1, &self->exc) < 0 || take(&in, flags >> 1 & 1, &self->held) < 0
        || parse_frames(&in, self) < 0) {
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
    int ok = self->delivery == GF_PUSH || (self->delivery == GF_INIT && self->held != NULL)
                 ? 0
                 : bad_shape("the outermost delivery");
    if (ok == 0 && self->exc != NULL && self->exc != Py_None
        && !PyExceptionInstance_Check(self->exc)) {
        ok = bad_shape("what is being handled is no exception");
    }
    for (Py_ssize_t i = 0; ok == 0 && i < self->count; i++) {
        ok = gf_verify_record(&self->frames[i], i);
    }
    if (ok < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* The generators of the stack itself: ((generator, function), ...). */
static PyObject *records_generators(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *list = refuse_consumed(self) < 0 ? NULL : PyList_New(0);
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

/* Where each frame waits: ((function, offset in bytes), ...), outermost first. */
static PyObject *records_places(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *places = refuse_consumed(self) < 0 ? NULL : PyTuple_New(self->count);
    for (Py_ssize_t i = 0; places != NULL && i < self->count; i++) {
        gf_record *r = &self->frames[i];
        PyObject *place = Py_BuildValue("(Oi)", r->function, 2 * r->pending);
        if (place == NULL) {
            Py_CLEAR(places);
        }
        else {
            PyTuple_SET_ITEM(places, i, place);
        }
    }
    return places;
}

static PyGetSetDef records_getset[] = {
    {"places", (getter)records_places, NULL, "((function, offset), ...), outermost first",
     NULL},
    {"generators", (getter)records_generators, NULL,
     "[(generator, function)] of the generators whose frames these are", NULL},
    {"functions", (getter)records_functions, NULL, "the functions, each once", NULL},
    {"shape", (getter)records_shape, NULL, "all that is not an object, as bytes", NULL},
    {"values", (getter)records_values, NULL, "every object on the stack", NULL},
    {"frames", (getter)records_frames, NULL,
     "(function, offset, generator or None, [(name or index, value)]), innermost first",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef records_members[] = {
    {"depth", T_PYSSIZET, offsetof(gf_records, count), READONLY, "number of frames"},
    {"consumed", T_BOOL, offsetof(gf_records, consumed), READONLY, "resumed already"},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef records_methods[] = {
    {"parts", records_parts, METH_NOARGS, "(functions, shape, values)"},
    {NULL, NULL, 0, NULL},
};

PyTypeObject gf_records_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Records",
    .tp_basicsize = sizeof(gf_records),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "A captured stack as plain data.",
    .tp_dealloc = records_dealloc,
    .tp_traverse = records_traverse,
    .tp_clear = records_clear,
    .tp_getset = records_getset,
    .tp_members = records_members,
    .tp_methods = records_methods,
};
