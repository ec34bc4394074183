/* The scheduler of one thread as an object. */
#include "green.h"

static PyObject *loop_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    gn_loop *self = (gn_loop *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->steps = -1;
        self->patience = 1;
        self->thread = PyThread_get_thread_ident();
        self->runners = PyList_New(0);
        if (self->runners == NULL) {
            Py_CLEAR(self);
        }
    }
    return (PyObject *)self;
}

static int loop_traverse(PyObject *op, visitproc visit, void *arg)
{
    gn_loop *self = (gn_loop *)op;
    Py_VISIT(self->current);
    Py_VISIT(self->main);
    Py_VISIT(self->runners);
    Py_VISIT(self->callback);
    Py_VISIT(self->last_end);
    Py_VISIT(self->dict);
    int stopped = gn_ring_traverse(&self->ring, visit, arg);
    stopped = stopped ? stopped : gn_ring_traverse(&self->high, visit, arg);
    return stopped ? stopped : gn_ring_traverse(&self->low, visit, arg);
}

static int loop_clear(PyObject *op)
{
    gn_loop *self = (gn_loop *)op;
    self->pick = NULL;
    gn_ring_clear(&self->ring);
    gn_ring_clear(&self->high);
    gn_ring_clear(&self->low);
    Py_CLEAR(self->current);
    Py_CLEAR(self->main);
    Py_CLEAR(self->runners);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->last_end);
    Py_CLEAR(self->dict);
    return 0;
}

static void loop_dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op);
    if (((gn_loop *)op)->weak != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    gn_loops_gone++;
    loop_clear(op);
    Py_TYPE(op)->tp_free(op);
}

static PyObject *adopt(gn_loop *self, PyObject *tasklet)
{
    if (!PyObject_TypeCheck(tasklet, &gn_tasklet_type) || self->main != NULL) {
        PyErr_SetString(PyExc_TypeError, "a loop has one main tasklet");
        return NULL;
    }
    self->main = (gn_tasklet *)Py_NewRef(tasklet);
    Py_XSETREF(self->main->loop, (gn_loop *)Py_NewRef((PyObject *)self));
    self->current = (gn_tasklet *)Py_NewRef(tasklet);
    gn_ring_append(&self->ring, self->main);
    Py_RETURN_NONE;
}

static PyObject *get_tasklets(gn_loop *self, void *closure)
{
    (void)closure;
    PyObject *list = gn_ring_list(&self->high);
    gn_ring *others[] = {&self->ring, &self->low};
    for (int i = 0; list != NULL && i < 2; i++) {
        PyObject *more = gn_ring_list(others[i]);
        if (more == NULL
            || PyList_SetSlice(list, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, more) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(more);
    }
    return list;
}

static PyObject *get_known(gn_loop *self, void *closure)
{
    (void)closure;
    return gn_tasklets_of(self);
}

static PyObject *get_runcount(gn_loop *self, void *closure)
{
    (void)closure;
    return PyLong_FromSsize_t(self->high.count + self->ring.count + self->low.count);
}

/* _pick(tasklet): one that is in its turn goes on before all others. */
static PyObject *pick(gn_loop *self, PyObject *tasklet)
{
    gn_tasklet *t = (gn_tasklet *)tasklet;
    if (PyObject_TypeCheck(tasklet, &gn_tasklet_type) && t->ring == gn_turns(self, t)) {
        self->pick = t;
    }
    Py_RETURN_NONE;
}

static PyMethodDef loop_methods[] = {
    {"_adopt", (PyCFunction)adopt, METH_O, "Make it the main tasklet."},
    {"_pick", (PyCFunction)pick, METH_O, "Let one that is in its turn go on next."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef loop_getset[] = {
    {"known", (getter)get_known, NULL, "All that there are, the youngest first.", NULL},
    {"runcount", (getter)get_runcount, NULL, "Of who can run.", NULL},
    {"runnable", (getter)get_tasklets, NULL, "Who can run, in the order of it.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef loop_members[] = {
    {"current", T_OBJECT, offsetof(gn_loop, current), READONLY, "Who runs."},
    {"main", T_OBJECT, offsetof(gn_loop, main), READONLY,
     "What the thread began with."},
    {"switches", T_ULONGLONG, offsetof(gn_loop, switches), READONLY, "So far."},
    {"thread_id", T_ULONG, offsetof(gn_loop, thread), READONLY, "Of its thread."},
    {"_runners", T_OBJECT, offsetof(gn_loop, runners), READONLY, "Who is in run()."},
    {"_callback", T_OBJECT, offsetof(gn_loop, callback), 0, "Called at each switch."},
    {"_steps", T_LONGLONG, offsetof(gn_loop, steps), 0, "Left to run(), or -1."},
    {"_alarm_at", T_DOUBLE, offsetof(gn_loop, alarm), 0, "When _alarm() is called."},
    {"patience", T_DOUBLE, offsetof(gn_loop, patience), 0,
     "Who runs for more seconds is named in the log; 0 for nobody."},
    {"_since", T_DOUBLE, offsetof(gn_loop, since), 0, "When it went on, or 0."},
    {"_trap", T_INT, offsetof(gn_loop, trap), 0, "Switches are refused unless 0."},
    {"_waiting", T_BOOL, offsetof(gn_loop, waiting), 0, "Its thread sleeps."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject gn_loop_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._green.Loop",
    .tp_basicsize = sizeof(gn_loop),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "The scheduler of one thread.",
    .tp_new = loop_new,
    .tp_dealloc = loop_dealloc,
    .tp_traverse = loop_traverse,
    .tp_clear = loop_clear,
    .tp_weaklistoffset = offsetof(gn_loop, weak),
    .tp_dictoffset = offsetof(gn_loop, dict),
    .tp_methods = loop_methods,
    .tp_getset = loop_getset,
    .tp_members = loop_members,
};
