/* A channel as an object. */
#include "green.h"

static PyObject *channel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    gn_channel *self = (gn_channel *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->preference = -1;
    }
    return (PyObject *)self;
}

static int channel_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((gn_channel *)op)->buffer);
    return gn_ring_traverse(&((gn_channel *)op)->queue, visit, arg);
}

static int channel_clear(PyObject *op)
{
    gn_ring_clear(&((gn_channel *)op)->queue);
    Py_CLEAR(((gn_channel *)op)->buffer);
    return 0;
}

static void channel_dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op);
    if (((gn_channel *)op)->weak != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    channel_clear(op);
    Py_TYPE(op)->tp_free(op);
}

static PyObject *get_balance(gn_channel *self, void *closure)
{
    (void)closure;
    return PyLong_FromSsize_t(self->queue.count * self->direction);
}

static PyObject *get_closed(gn_channel *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(self->closing && self->queue.count == 0);
}

static PyObject *get_queue(gn_channel *self, void *closure)
{
    (void)closure;
    gn_tasklet *first = self->queue.head;
    return Py_NewRef(first == NULL ? Py_None : (PyObject *)first);
}

static PyObject *get_waiting(gn_channel *self, void *closure)
{
    (void)closure;
    return gn_ring_list(&self->queue);
}

static PyObject *get_preference(gn_channel *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(self->preference);
}

static int set_preference(gn_channel *self, PyObject *value, void *closure)
{
    (void)closure;
    long wanted = value == NULL ? 0 : PyLong_AsLong(value);
    if (wanted == -1 && PyErr_Occurred()) {
        return -1;
    }
    self->preference = (signed char)((wanted > 0) - (wanted < 0));
    return 0;
}

static PyGetSetDef channel_getset[] = {
    {"balance", (getter)get_balance, NULL, "How many wait to send, or -receive.", NULL},
    {"closed", (getter)get_closed, NULL, "Whether it is closed, and nobody waits.",
     NULL},
    {"queue", (getter)get_queue, NULL, "Who waits longest, or None.", NULL},
    {"waiting", (getter)get_waiting, NULL, "Who waits, longest first.", NULL},
    {"preference", (getter)get_preference, (setter)set_preference,
     "-1 lets the receiver go on first, 1 the sender, 0 who comes second.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef channel_members[] = {
    {"_capacity", T_PYSSIZET, offsetof(gn_channel, capacity), 0, "Of the buffer."},
    {"_buffer", T_OBJECT, offsetof(gn_channel, buffer), 0, "A deque, or None."},
    {"schedule_all", T_BOOL, offsetof(gn_channel, schedule_all), 0,
     "Nobody goes first."},
    {"closing", T_BOOL, offsetof(gn_channel, closing), READONLY, "close() was called."},
    {"_closing", T_BOOL, offsetof(gn_channel, closing), 0, "The same."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject gn_channel_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._green.Channel",
    .tp_basicsize = sizeof(gn_channel),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "What the core knows of a channel.",
    .tp_new = channel_new,
    .tp_dealloc = channel_dealloc,
    .tp_traverse = channel_traverse,
    .tp_clear = channel_clear,
    .tp_weaklistoffset = offsetof(gn_channel, weak),
    .tp_getset = channel_getset,
    .tp_members = channel_members,
};
