/* The calls that let others run, and what a tasklet ends with. */
#include "green.h"

PyObject *gn_wait(gn_loop *loop, gn_tasklet *me)
{
    for (;;) {
        PyObject *value = gn_switch(loop, me);
        if (value != gn_idle) {
            return value;
        }
        Py_DECREF(value);
        PyObject *done = PyObject_CallMethod((PyObject *)loop, "_idle", NULL);
        Py_XDECREF(done);
        if (done == NULL) {
            gn_put_first(loop, me);
            return NULL;
        }
    }
}

int gn_make_runnable(gn_tasklet *t)
{
    gn_loop *loop = t->loop;
    gn_ring_append(gn_turns(loop, t), t);
    if (!loop->waiting) {
        return 0;
    }
    PyObject *done = PyObject_CallMethod((PyObject *)loop, "_bell", NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *schedule(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module;
    gn_loop *loop = gn_here();
    if (loop == NULL || gn_may_switch(loop) < 0) {
        return NULL;
    }
    gn_tasklet *me = loop->current;
    gn_set_value(me, Py_NewRef(nargs == 0 ? (PyObject *)me : args[0]));
    gn_ring *turns = gn_turns(loop, me);
    if (me->ring == turns) {
        turns->head = me->next;
    }
    return gn_switch(loop, me);
}

/* A main that left the circle goes on when nobody is in it any more. */
static PyObject *leave_circle(gn_loop *loop, gn_tasklet *me)
{
    Py_INCREF(me);
    PyObject *value = gn_switch(loop, me);
    if (value == gn_idle) {
        gn_put_first(loop, me);
        Py_SETREF(value, gn_take(me));
    }
    Py_DECREF(me);
    return value;
}

static PyObject *schedule_remove(PyObject *module, PyObject *const *args,
                                 Py_ssize_t nargs)
{
    (void)module;
    gn_loop *loop = gn_here();
    if (loop == NULL || gn_may_switch(loop) < 0) {
        return NULL;
    }
    gn_tasklet *me = loop->current;
    gn_set_value(me, Py_NewRef(nargs == 0 ? (PyObject *)me : args[0]));
    Py_INCREF(me);
    gn_unlink(me);
    PyObject *value = leave_circle(loop, me);
    Py_DECREF(me);
    return value;
}

/* _run(tasklet, leave): it is current at once; the caller stays in the circle or not. */
static PyObject *run_now(PyObject *module, PyObject *args)
{
    (void)module;
    gn_tasklet *to;
    int leave;
    gn_loop *loop = gn_here();
    if (loop == NULL || !PyArg_ParseTuple(args, "O!p", &gn_tasklet_type, &to, &leave)
        || gn_may_switch(loop) < 0) {
        return NULL;
    }
    gn_tasklet *me = loop->current;
    if (to == me) {
        Py_RETURN_NONE;
    }
    gn_ring *turns = gn_turns(loop, to);
    if (to->ring != turns) {
        gn_ring_insert(turns, to, turns->head);
    }
    Py_INCREF(me);
    if (leave) {
        gn_unlink(me);
    }
    turns->head = loop->pick = to;
    PyObject *value = leave ? leave_circle(loop, me) : gn_switch(loop, me);
    Py_DECREF(me);
    return value;
}

static PyObject *wait_blocked(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    gn_loop *loop = gn_here();
    return loop == NULL ? NULL : gn_wait(loop, loop->current);
}

static PyObject *switch_(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    gn_loop *loop = gn_here();
    return loop == NULL ? NULL : gn_switch(loop, loop->current);
}

static PyObject *get_here(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    return Py_XNewRef((PyObject *)gn_here());
}

PyMethodDef gn_loop_functions[] = {
    {"schedule", (PyCFunction)(void (*)(void))schedule, METH_FASTCALL, "See green."},
    {"schedule_remove", (PyCFunction)(void (*)(void))schedule_remove, METH_FASTCALL,
     "See green."},
    {"run_now", run_now, METH_VARARGS, "Let a tasklet run at once."},
    {"wait", wait_blocked, METH_NOARGS, "Wait where the current tasklet was put."},
    {"switch", switch_, METH_NOARGS, "Let the next one run."},
    {"here", get_here, METH_NOARGS, "The loop of this thread."},
    {NULL, NULL, 0, NULL},
};
