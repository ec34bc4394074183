/* Channels: who waits to send, or to receive, and who of the two goes on first. */
#include "green.h"

static PyObject *channel_callback;

static int call_back(gn_channel *c, gn_tasklet *me, int direction, int will_block)
{
    if (channel_callback == NULL) {
        return 0;
    }
    PyObject *callback = Py_NewRef(channel_callback);
    PyObject *done =
        PyObject_CallFunction(callback, "OOii", c, me, direction > 0, will_block);
    Py_DECREF(callback);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Who waits longest leaves the queue; a new reference. */
static gn_tasklet *first_out(gn_channel *c)
{
    gn_tasklet *t = c->queue.head;
    gn_ring_remove(&c->queue, t);
    t->channel = NULL;
    t->direction = 0;
    return t; /* the channel itself is held by who acts on it */
}

void gn_enqueue(gn_channel *c, gn_tasklet *t, int direction)
{
    gn_ring_append(&c->queue, t);
    t->channel = (gn_channel *)Py_NewRef((PyObject *)c);
    t->direction = c->direction = (signed char)direction;
}

/* Of two that have met: the other one can run again. What `me` is given lies in it. */
static PyObject *go_on(gn_channel *c, gn_loop *loop, gn_tasklet *me, gn_tasklet *other,
                       int direction, int stay)
{
    gn_ring *turns = gn_turns(loop, me);
    int is_equal = other->priority == me->priority;
    if (other->loop != loop || me->ring != turns || stay
        || (is_equal ? !c->schedule_all && c->preference != -direction
                     : other->priority < me->priority)) {
        int failed = gn_make_runnable(other);
        Py_DECREF(other);
        return failed ? NULL : gn_take(me);
    }
    if (!is_equal) {
        gn_put_first(loop, other);
    }
    else if (c->schedule_all) {
        gn_ring_append(turns, other);
        turns->head = me->next;
    }
    else {
        gn_ring_insert(turns, other, me->next);
        turns->head = other;
    }
    Py_DECREF(other);
    return gn_switch(loop, me);
}

static PyObject *meet(gn_channel *c, gn_loop *loop, gn_tasklet *me, int direction,
                      PyObject *value, int stay)
{
    gn_tasklet *other = first_out(c);
    PyObject *given = direction > 0 ? value : other->value;
    PyObject *old = me->value, *old_other = other->value;
    other->value = direction > 0 ? Py_NewRef(value) : Py_NewRef(Py_None);
    me->value = direction > 0 ? Py_NewRef(Py_None) : Py_NewRef(given);
    other = gn_owner(other);
    Py_INCREF(me);
    Py_INCREF(c);
    PyObject *result = go_on(c, loop, me, other, direction, stay);
    Py_DECREF(c);
    Py_DECREF(me);
    Py_DECREF(old);
    Py_DECREF(old_other);
    Py_DECREF((PyObject *)c); /* the queue's, by way of the one that waited */
    return result;
}

/* What lies in the buffer comes before what is waiting to be sent. */
static PyObject *from_buffer(gn_channel *c, gn_loop *loop, gn_tasklet *me)
{
    PyObject *value = PyObject_CallMethodNoArgs(c->buffer, gn_popleft);
    if (value == NULL) {
        return NULL;
    }
    if (c->queue.count > 0 && c->direction > 0) {
        PyObject *sent = Py_NewRef(c->queue.head->value);
        PyObject *done = PyObject_CallMethodOneArg(c->buffer, gn_append, sent);
        if (done != NULL) {
            gn_set_value(c->queue.head, Py_NewRef(Py_None)); /* it lies in the buffer */
        }
        Py_DECREF(sent);
        PyObject *none = done == NULL ? NULL : meet(c, loop, me, -1, NULL, 1);
        Py_XDECREF(done);
        if (none == NULL) {
            Py_DECREF(value);
            return NULL;
        }
        Py_DECREF(none);
    }
    gn_set_value(me, value);
    return gn_take(me);
}

static int cannot_wait(gn_channel *c, gn_loop *loop, gn_tasklet *me)
{
    if (me->trap) {
        PyErr_SetString(PyExc_RuntimeError,
                        "this tasklet does not like to be blocked.");
        return 1;
    }
    if (c->closing) {
        PyErr_SetString(PyExc_ValueError, "Send/receive operation on a closed channel");
        return 1;
    }
    return gn_may_switch(loop) < 0;
}

/* 1 and *result if it can be done without waiting; -1 with an error. */
static int at_once(gn_channel *c, gn_loop *loop, gn_tasklet *me, int direction,
                   PyObject *value, int stay, PyObject **result)
{
    int is_met = c->queue.count > 0 && c->direction == -direction;
    Py_ssize_t kept = c->buffer == NULL ? 0 : PyObject_Length(c->buffer);
    int is_kept =
        direction > 0 ? !is_met && kept < c->capacity && !c->closing : kept > 0;
    if (call_back(c, me, direction, !is_met && !is_kept) < 0) {
        return -1;
    }
    if (is_kept && direction < 0) {
        *result = from_buffer(c, loop, me);
    }
    else if (is_kept) {
        *result = PyObject_CallMethodOneArg(c->buffer, gn_append, value);
    }
    else if (is_met) {
        /* a switch that is forbidden is not made by halves */
        if (!stay && gn_may_switch(loop) < 0) {
            return -1;
        }
        *result = meet(c, loop, me, direction, value, stay);
    }
    else {
        return 0;
    }
    return *result == NULL ? -1 : 1;
}

static PyObject *act(PyObject *channel, int direction, PyObject *value, int iterates)
{
    gn_loop *loop = gn_here();
    if (loop == NULL || !PyObject_TypeCheck(channel, &gn_channel_type)) {
        return loop == NULL ? NULL
                            : PyErr_Format(PyExc_TypeError, "a channel is needed");
    }
    gn_channel *c = (gn_channel *)channel;
    gn_tasklet *me = loop->current;
    PyObject *result = NULL;
    int done = at_once(c, loop, me, direction, value, 0, &result);
    if (done != 0 || cannot_wait(c, loop, me)) {
        return result;
    }
    Py_INCREF(me);
    gn_set_value(me, Py_NewRef(value == NULL ? Py_None : value));
    gn_unlink(me);
    me->iterates = (char)iterates;
    gn_enqueue(c, me, direction);
    result = gn_wait(loop, me);
    Py_DECREF(me);
    return result;
}

static PyObject *send(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module;
    if (nargs != 2) {
        return PyErr_Format(PyExc_TypeError, "send() takes one value");
    }
    return act(args[0], 1, args[1], 0);
}

static PyObject *receive(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module;
    if (nargs != 1) {
        return PyErr_Format(PyExc_TypeError, "receive() takes nothing");
    }
    return act(args[0], -1, NULL, 0);
}

/* As an iterator: a channel that is closed and has nothing left ends. */
static PyObject *next(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs == 1 && PyObject_TypeCheck(args[0], &gn_channel_type)) {
        gn_channel *c = (gn_channel *)args[0];
        int empty = c->buffer == NULL || PyObject_Length(c->buffer) == 0;
        if (c->closing && empty && !(c->queue.count > 0 && c->direction > 0)) {
            PyErr_SetNone(PyExc_StopIteration);
            return NULL;
        }
    }
    return nargs == 1 ? act(args[0], -1, NULL, 1) : receive(module, args, nargs);
}

/* attempt(channel, direction, value): (what came,), or None if it would have to wait. */
static PyObject *attempt(PyObject *module, PyObject *args)
{
    (void)module;
    gn_channel *c;
    int direction;
    PyObject *value, *result = NULL;
    gn_loop *loop = gn_here();
    if (loop == NULL
        || !PyArg_ParseTuple(args, "O!iO", &gn_channel_type, &c, &direction, &value)) {
        return NULL;
    }
    int done = at_once(c, loop, loop->current, direction, value, 1, &result);
    if (done == 0) {
        Py_RETURN_NONE;
    }
    return done < 0 ? NULL : Py_BuildValue("(N)", result);
}

PyObject *gn_set_channel_callback(PyObject *module, PyObject *callback)
{
    (void)module;
    PyObject *before = channel_callback == NULL ? Py_NewRef(Py_None) : channel_callback;
    channel_callback = callback == Py_None ? NULL : Py_NewRef(callback);
    return before;
}

PyMethodDef gn_channel_functions[] = {
    {"send", (PyCFunction)(void (*)(void))send, METH_FASTCALL, "See green.Channel."},
    {"receive", (PyCFunction)(void (*)(void))receive, METH_FASTCALL,
     "See green.Channel."},
    {"next", (PyCFunction)(void (*)(void))next, METH_FASTCALL, "See green.Channel."},
    {"attempt", attempt, METH_VARARGS, "Send or receive only if nobody has to wait."},
    {"enqueue", gn_put_into, METH_VARARGS, "Put a tasklet into a queue."},
    {"wait_cases", gn_wait_cases, METH_O, "Wait for the first of several."},
    {"set_channel_callback", gn_set_channel_callback, METH_O, "Return the one before."},
    {NULL, NULL, 0, NULL},
};
