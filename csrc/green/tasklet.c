/* What C must know of a tasklet: where it waits, its greenlet, what it is given. */
#include "green.h"

static gn_tasklet *youngest;

void gn_list(gn_tasklet *t)
{
    t->older = youngest;
    if (youngest != NULL) {
        youngest->younger = t;
    }
    youngest = t;
}

void gn_unlist(gn_tasklet *t)
{
    if (t->younger != NULL) {
        t->younger->older = t->older;
    }
    else if (youngest == t) {
        youngest = t->older;
    }
    if (t->older != NULL) {
        t->older->younger = t->younger;
    }
    t->younger = t->older = NULL;
}

PyObject *gn_tasklets_of(gn_loop *loop)
{
    PyObject *found = PyList_New(0);
    for (gn_tasklet *t = youngest; found != NULL && t != NULL; t = t->older) {
        /* one that goes at this moment has no references any more */
        if (t->loop == loop && t->owner == NULL && Py_REFCNT(t) > 0
            && PyList_Append(found, (PyObject *)t) < 0) {
            Py_CLEAR(found);
        }
    }
    return found;
}

void gn_set_value(gn_tasklet *t, PyObject *value) { Py_XSETREF(t->value, value); }

static PyObject *burst(PyObject *bomb)
{
    PyObject *error = PyObject_GetAttrString(bomb, "error");
    Py_DECREF(bomb);
    if (error == NULL || !PyExceptionInstance_Check(error)) {
        Py_XDECREF(error);
        PyErr_SetString(PyExc_TypeError, "a bomb holds no exception");
        return NULL;
    }
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(error)), error,
                  PyException_GetTraceback(error));
    return NULL;
}

PyObject *gn_take(gn_tasklet *t)
{
    if (t->ordered) {
        return Py_NewRef(gn_save);
    }
    if (t->signal) {
        PyObject *signal = t->signal == GN_IDLE ? gn_idle : gn_limit;
        t->signal = GN_NO_SIGNAL;
        return Py_NewRef(signal);
    }
    Py_CLEAR(t->timer); /* it waits no more, and may wait for something else next */
    PyObject *value = t->value == NULL ? Py_NewRef(Py_None) : t->value;
    t->value = Py_NewRef(Py_None);
    return (PyObject *)Py_TYPE(value) == gn_bomb_type ? burst(value) : value;
}

/* A list of cases is given up before any of them is unlinked: nothing sees half of it. */
static void drop_cases(gn_tasklet *t)
{
    PyObject *cases = t->cases;
    t->cases = NULL;
    if (cases == NULL) {
        return;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(cases); i++) {
        gn_tasklet *each = (gn_tasklet *)PyList_GET_ITEM(cases, i);
        if (each->owner == t) {
            each->owner = NULL;
            gn_unlink(each);
            Py_DECREF(t);
        }
    }
    Py_DECREF(cases);
}

void gn_unlink(gn_tasklet *t)
{
    gn_ring *ring = t->ring;
    gn_channel *channel = t->channel;
    t->channel = NULL;
    t->direction = 0;
    if (ring != NULL) {
        gn_ring_remove(ring, t);
        if (t->loop != NULL && t->loop->pick == t) {
            t->loop->pick = NULL;
        }
    }
    Py_INCREF(t);
    drop_cases(t);
    Py_DECREF(t);
    Py_XDECREF(channel);
    if (ring != NULL) {
        Py_DECREF(t);
    }
}

gn_tasklet *gn_owner(gn_tasklet *t)
{
    if (t->owner == NULL) {
        return t;
    }
    gn_tasklet *owner = (gn_tasklet *)Py_NewRef((PyObject *)t->owner);
    int is_bomb = (PyObject *)Py_TYPE(t->value) == gn_bomb_type;
    PyObject *given = is_bomb ? Py_NewRef(t->value) : PyTuple_Pack(2, t, t->value);
    gn_set_value(owner, given == NULL ? Py_NewRef(Py_None) : given);
    PyErr_Clear();
    gn_unlink(owner);
    Py_DECREF(t);
    return owner;
}

PyObject *gn_get_priority(gn_tasklet *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(self->priority);
}

/* One that is in its turn goes to the end of the others of that priority. */
int gn_set_priority(gn_tasklet *self, PyObject *value, void *closure)
{
    (void)closure;
    long wanted = value == NULL ? 2 : PyLong_AsLong(value);
    if (wanted < -1 || wanted > 1 || PyErr_Occurred()) {
        if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyErr_SetString(PyExc_ValueError, "a priority is -1, 0 or 1");
        }
        return -1;
    }
    gn_loop *loop = self->loop;
    int moves =
        self->ring != NULL && loop != NULL && self->ring == gn_turns(loop, self);
    if (moves && wanted != self->priority) {
        gn_ring_remove(self->ring, self); /* its reference goes to the other ring */
        self->priority = (signed char)wanted;
        gn_ring_append(gn_turns(loop, self), self);
        Py_DECREF(self);
        if (self == loop->current) {
            self->ring->head = self;
        }
    }
    self->priority = (signed char)wanted;
    return 0;
}
