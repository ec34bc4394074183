/* A captured stack as plain data: an array of frame records over one block of slots.
 * shape.c takes it apart for pickling, parse.c puts it together again.
 */
#include "frames.h"
#include "structmember.h"

PyObject **gf_record_extra(gf_record *r, int bit)
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
    self->adapters = 0;
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
            Py_VISIT(*gf_record_extra(&self->frames[i], bit));
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
    Py_TRASHCAN_BEGIN(op, records_dealloc) records_clear(op);
    PyMem_Free(self->frames);
    PyMem_Free(self->slots);
    PyObject_GC_Del(op);
    Py_TRASHCAN_END
}

int gf_refuse_consumed(gf_records *self)
{
    if (self->consumed) {
        PyErr_SetString(PyExc_ValueError, "these records were resumed: they are empty");
        return -1;
    }
    return 0;
}

static PyGetSetDef records_getset[] = {
    {"places", (getter)gf_records_places, NULL,
     "((function, offset), ...), outermost first", NULL},
    {"generators", (getter)gf_records_generators, NULL,
     "[(generator, function)] of the generators whose frames these are", NULL},
    {"functions", (getter)gf_records_functions, NULL, "the functions, each once", NULL},
    {"shape", (getter)gf_records_shape, NULL, "all that is not an object, as bytes",
     NULL},
    {"values", (getter)gf_records_values, NULL, "every object on the stack", NULL},
    {"frames", (getter)gf_records_frames, NULL,
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
    {"parts", gf_records_parts, METH_NOARGS, "(functions, shape, values)"},
    {NULL, NULL, 0, NULL},
};

PyTypeObject gf_records_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Records",
    .tp_basicsize = sizeof(gf_records),
    .tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "A captured stack as plain data.",
    .tp_dealloc = records_dealloc,
    .tp_traverse = records_traverse,
    .tp_clear = records_clear,
    .tp_getset = records_getset,
    .tp_members = records_members,
    .tp_methods = records_methods,
};
