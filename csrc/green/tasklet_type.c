/* A tasklet as an object. */
#include "green.h"

static PyObject *tasklet_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    gn_tasklet *self = (gn_tasklet *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->value = Py_NewRef(Py_None);
        self->loop = (gn_loop *)Py_XNewRef((PyObject *)gn_here());
        if (self->loop == NULL) {
            Py_CLEAR(self);
        }
        else {
            gn_list(self);
        }
    }
    return (PyObject *)self;
}

static int tasklet_traverse(PyObject *op, visitproc visit, void *arg)
{
    gn_tasklet *self = (gn_tasklet *)op;
    Py_VISIT(self->loop);
    Py_VISIT(self->channel);
    Py_VISIT(self->owner);
    Py_VISIT(self->cases);
    Py_VISIT(self->green);
    Py_VISIT(self->value);
    Py_VISIT(self->function);
    Py_VISIT(self->call);
    Py_VISIT(self->stack);
    Py_VISIT(self->timer);
    Py_VISIT(self->name);
    return 0;
}

static int tasklet_clear(PyObject *op)
{
    gn_tasklet *self = (gn_tasklet *)op;
    gn_unlink(self);
    Py_CLEAR(self->owner);
    Py_CLEAR(self->green);
    Py_CLEAR(self->loop);
    Py_CLEAR(self->function);
    Py_CLEAR(self->call);
    Py_CLEAR(self->stack);
    Py_CLEAR(self->timer);
    Py_CLEAR(self->name);
    gn_set_value(self, Py_NewRef(Py_None));
    return 0;
}

static void tasklet_dealloc(PyObject *op)
{
    gn_tasklet *self = (gn_tasklet *)op;
    PyObject_GC_UnTrack(op);
    if (self->weak != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    gn_unlist(self);
    /* No ring holds it, or it would not go. */
    Py_CLEAR(self->function);
    Py_CLEAR(self->call);
    Py_CLEAR(self->stack);
    Py_CLEAR(self->timer);
    Py_CLEAR(self->name);
    Py_CLEAR(self->channel);
    Py_CLEAR(self->cases);
    Py_CLEAR(self->owner);
    Py_CLEAR(self->green);
    Py_CLEAR(self->value);
    Py_CLEAR(self->loop);
    Py_TYPE(op)->tp_free(op);
}

static PyObject *neighbour(gn_tasklet *self, gn_tasklet *other, gn_tasklet *end)
{
    int behind_the_end =
        other == NULL || (self->channel != NULL && end == self->ring->head);
    return Py_NewRef(behind_the_end ? Py_None : (PyObject *)other);
}

static PyObject *get_next(gn_tasklet *self, void *closure)
{
    (void)closure;
    return neighbour(self, self->next, self->next);
}

static PyObject *get_prev(gn_tasklet *self, void *closure)
{
    (void)closure;
    return neighbour(self, self->prev, self);
}

static PyObject *get_scheduled(gn_tasklet *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(self->ring != NULL || self->cases != NULL);
}

static PyObject *get_blocked(gn_tasklet *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(self->channel != NULL || self->cases != NULL);
}

static PyObject *take(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    return gn_take(self);
}

static PyObject *unlink_(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    Py_INCREF(self);
    gn_unlink(self);
    Py_DECREF(self);
    Py_RETURN_NONE;
}

static PyObject *append(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    if (self->ring != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "it is in a queue already");
        return NULL;
    }
    return gn_make_runnable(self) < 0 ? NULL : Py_NewRef(Py_None);
}

/* Another thread may send to it at any moment but this one. */
static PyObject *wake(gn_tasklet *self, PyObject *value)
{
    if (self->ring != NULL && self->channel == NULL) {
        Py_RETURN_FALSE;
    }
    Py_INCREF(self);
    gn_unlink(self);
    gn_set_value(self, Py_NewRef(value));
    int failed = gn_make_runnable(self);
    Py_DECREF(self);
    return failed ? NULL : Py_NewRef(Py_True);
}

static PyObject *put_first(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    gn_put_first(self->loop, self);
    Py_RETURN_NONE;
}

/* The function of its greenlet. Each switch copies the stack, so as little as can be lies on
 * it below the tasklet's own: what is done before and after is Python, and not there. */
static PyObject *run_in(PyObject *context, PyObject *function, PyObject *args)
{
    if (PyContext_Enter(context) < 0) {
        return NULL;
    }
    PyObject *result = PyObject_Call(function, args, NULL);
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    if (PyContext_Exit(context) < 0) {
        PyErr_WriteUnraisable(context);
    }
    PyErr_Restore(type, error, traceback);
    return result;
}

static PyObject *call(PyObject *parts, PyObject **context)
{
    PyObject *function, *args;
    if (parts == NULL
        || !PyArg_ParseTuple(parts, "O!OO!", &PyContext_Type, context, &function,
                             &PyTuple_Type, &args)) {
        return NULL;
    }
    return run_in(*context, function, args);
}

static PyObject *end(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    gn_set_value(self, Py_NewRef(Py_None));
    Py_CLEAR(self->green);
    Py_CLEAR(self->call);
    Py_CLEAR(self->timer);
    return gn_end(self);
}

static PyObject *leave(gn_tasklet *self, PyObject *ignored)
{
    (void)ignored;
    return gn_end(self);
}

static PyObject *main_(PyObject *self, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    PyObject *context = Py_None;
    PyObject *parts = PyObject_CallMethod(self, "_enter", NULL);
    PyObject *outcome = call(parts, &context);
    if (outcome != NULL && PyTuple_GET_ITEM(outcome, 2) == Py_None) {
        Py_DECREF(parts);
        Py_DECREF(outcome);
        return end((gn_tasklet *)self, NULL);
    }
    PyObject *type = NULL, *error = NULL, *traceback = NULL;
    if (outcome == NULL) {
        PyErr_Fetch(&type, &error, &traceback);
        PyErr_NormalizeException(&type, &error, &traceback);
        if (traceback != NULL) {
            PyException_SetTraceback(error, traceback);
        }
    }
    PyObject *result = PyObject_CallMethod(self, "_left", "OOO", context,
                                           outcome == NULL ? Py_None : outcome,
                                           error == NULL ? Py_None : error);
    Py_XDECREF(parts);
    Py_XDECREF(outcome);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return result;
}

static PyMethodDef tasklet_methods[] = {
    {"_take", (PyCFunction)take, METH_NOARGS,
     "What it is given; SAVE if it is ordered."},
    {"_unlink", (PyCFunction)unlink_, METH_NOARGS, "Take it out of every queue."},
    {"_append", (PyCFunction)append, METH_NOARGS, "Let it run behind all others."},
    {"_wake", (PyCFunction)wake, METH_O,
     "Let it go on with this, if it waits for something yet; return whether it did."},
    {"_main", (PyCFunction)(void (*)(void))main_, METH_VARARGS | METH_KEYWORDS,
     "What its greenlet does."},
    {"_end", (PyCFunction)end, METH_NOARGS, "It has ended: let another one go on."},
    {"_leave", (PyCFunction)leave, METH_NOARGS,
     "It left its stack: let another one go on."},
    {"_put_first", (PyCFunction)put_first, METH_NOARGS,
     "Let it run before all others."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef tasklet_getset[] = {
    {"next", (getter)get_next, NULL, "Who stands behind it in its queue, or None.",
     NULL},
    {"prev", (getter)get_prev, NULL, "Who stands before it in its queue, or None.",
     NULL},
    {"scheduled", (getter)get_scheduled, NULL, "Whether it can run, or waits.", NULL},
    {"blocked", (getter)get_blocked, NULL, "Whether it waits at a channel.", NULL},
    {"priority", (getter)gn_get_priority, (setter)gn_set_priority,
     "1 has its turns before all others, -1 behind all; 0 is usual.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef tasklet_members[] = {
    {"_green", T_OBJECT, offsetof(gn_tasklet, green), 0, "Its greenlet."},
    {"_loop", T_OBJECT, offsetof(gn_tasklet, loop), 0, "Of its thread."},
    {"_channel", T_OBJECT, offsetof(gn_tasklet, channel), READONLY, "Where it waits."},
    {"_cases", T_OBJECT, offsetof(gn_tasklet, cases), READONLY, "What it waits for."},
    {"_owner", T_OBJECT, offsetof(gn_tasklet, owner), READONLY, "Who waits with it."},
    {"_direction", T_BYTE, offsetof(gn_tasklet, direction), READONLY,
     "1 sends, -1 receives."},
    {"_ordered", T_BOOL, offsetof(gn_tasklet, ordered), 0, "It is to save itself."},
    {"_function", T_OBJECT, offsetof(gn_tasklet, function), 0, "That it calls."},
    {"_call", T_OBJECT, offsetof(gn_tasklet, call), 0, "Function and arguments."},
    {"_stack", T_OBJECT, offsetof(gn_tasklet, stack), 0, "Where it goes on."},
    {"timer", T_OBJECT, offsetof(gn_tasklet, timer), 0, "When it goes on."},
    {"name", T_OBJECT, offsetof(gn_tasklet, name), 0, "For people."},
    {"atomic", T_BOOL, offsetof(gn_tasklet, atomic), READONLY, "See set_atomic()."},
    {"_atomic", T_BOOL, offsetof(gn_tasklet, atomic), 0, "The same."},
    {"ignore_nesting", T_BOOL, offsetof(gn_tasklet, nesting), READONLY, "A flag."},
    {"_nesting", T_BOOL, offsetof(gn_tasklet, nesting), 0, "The same."},
    {"tempval", T_OBJECT, offsetof(gn_tasklet, value), 0, "What it is given next."},
    {"_iterates", T_BOOL, offsetof(gn_tasklet, iterates), 0, "It waits in a loop."},
    {"block_trap", T_BOOL, offsetof(gn_tasklet, trap), 0, "It must not wait."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject gn_tasklet_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._green.Tasklet",
    .tp_basicsize = sizeof(gn_tasklet),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "What the core knows of a tasklet.",
    .tp_new = tasklet_new,
    .tp_dealloc = tasklet_dealloc,
    .tp_traverse = tasklet_traverse,
    .tp_clear = tasklet_clear,
    .tp_weaklistoffset = offsetof(gn_tasklet, weak),
    .tp_methods = tasklet_methods,
    .tp_getset = tasklet_getset,
    .tp_members = tasklet_members,
};
