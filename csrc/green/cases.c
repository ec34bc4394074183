/* One tasklet that waits at several channels: a case for each, and the first one counts. */
#include "green.h"

static int add_case(gn_tasklet *owner, gn_tasklet *t, gn_channel *c, int direction)
{
    if (owner->cases == NULL && (owner->cases = PyList_New(0)) == NULL) {
        return -1;
    }
    if (t->ring != NULL || PyList_Append(owner->cases, (PyObject *)t) < 0) {
        PyErr_Format(PyExc_ValueError, "one case cannot be waited for twice");
        return -1;
    }
    t->owner = (gn_tasklet *)Py_NewRef((PyObject *)owner);
    t->loop = t->loop == NULL ? (gn_loop *)Py_NewRef((PyObject *)owner->loop) : t->loop;
    gn_enqueue(c, t, direction);
    return 0;
}

/* enqueue(channel, tasklet, direction, owner): it waits there, for itself or its owner. */
PyObject *gn_put_into(PyObject *module, PyObject *args)
{
    (void)module;
    gn_channel *c;
    gn_tasklet *t;
    PyObject *owner;
    int direction;
    if (!PyArg_ParseTuple(args, "O!O!iO", &gn_channel_type, &c, &gn_tasklet_type, &t,
                          &direction, &owner)) {
        return NULL;
    }
    if (t->ring != NULL || (c->queue.count > 0 && c->direction != direction)) {
        return PyErr_Format(PyExc_ValueError, "it cannot wait there");
    }
    if (owner != Py_None) {
        return add_case((gn_tasklet *)owner, t, c, direction) < 0 ? NULL
                                                                  : Py_NewRef(Py_None);
    }
    gn_enqueue(c, t, direction);
    Py_RETURN_NONE;
}

/* wait_cases([(case, channel, direction)]): the current tasklet waits for the first. */
PyObject *gn_wait_cases(PyObject *module, PyObject *cases)
{
    (void)module;
    gn_loop *loop = gn_here();
    if (loop == NULL || !PyList_Check(cases) || gn_may_switch(loop) < 0) {
        return loop == NULL ? NULL : PyErr_Format(PyExc_TypeError, "a list of cases");
    }
    gn_tasklet *me = loop->current;
    Py_INCREF(me);
    gn_unlink(me);
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(cases); i++) {
        gn_tasklet *t;
        gn_channel *c;
        int direction;
        failed = !PyArg_ParseTuple(PyList_GET_ITEM(cases, i), "O!O!i", &gn_tasklet_type,
                                   &t, &gn_channel_type, &c, &direction)
                 || add_case(me, t, c, direction) < 0;
    }
    if (failed) {
        gn_put_first(loop, me);
    }
    PyObject *result = failed ? NULL : gn_wait(loop, me);
    Py_DECREF(me);
    return result;
}
