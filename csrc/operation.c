/* Operation: a callable by which a flow leaves its stack (suspend, recv, checkpoint...).
 * It is entered through C, so that no frame of greenflow's lies on a captured stack.
 */
#include "frames.h"
#include "structmember.h"

PyObject *gf_leave;

typedef struct {
    PyObject_HEAD PyObject *name;
    PyObject *qualname;
    PyObject *parse;   /* makes the request of the arguments, or raises */
    PyObject *outside; /* what is called instead where no flow can take it, or NULL */
    PyObject *order;   /* what takes a stack that is told to save itself, or NULL */
    PyObject *doc;
    vectorcallfunc vectorcall;
    char hooked;
} operation;

static PyObject *leave(PyThreadState *ts, gf_run *run, gf_records *records,
                       PyObject *request)
{
    Py_XSETREF(run->captured, (gf_records *)Py_NewRef((PyObject *)records));
    Py_XSETREF(run->request, Py_NewRef(request));
    gf_tell_returned(ts, records);
    gf_dismantle(ts, run, gf_current(ts));
    return NULL;
}

static PyObject *decide(PyThreadState *ts, gf_run *run, PyObject *op,
                        PyObject *const *args, PyObject *request)
{
    run->capturing = 1;
    gf_records *records = gf_capture(ts, run, op, args);
    PyObject *answer = NULL;
    if (records != NULL) {
        answer = run->hook == NULL ? Py_NewRef(gf_leave)
                                   : PyObject_CallFunctionObjArgs(
                                       run->hook, (PyObject *)records, request, NULL);
    }
    if (answer == gf_leave) {
        Py_DECREF(answer);
        answer = leave(ts, run, records, request);
    }
    run->capturing = 0;
    Py_XDECREF(records);
    return answer;
}

/* Whether the run lies on the stack of another one, which is not captured with it. */
static int is_inside_another(PyThreadState *ts, gf_run *run)
{
    int through_c;
    for (gf_frame *f = gf_current(ts); f != NULL; f = gf_caller(f, &through_c)) {
        gf_shim kind = gf_shim_kind(gf_code(f));
        if ((kind == GF_START || kind == GF_BASE) && gf_shim_run(f) != run) {
            return 1;
        }
    }
    return 0;
}

/* The stack, or why it cannot be taken: an exception as a value. */
static PyObject *captured_or_error(PyThreadState *ts, gf_run *run, PyObject *op,
                                   PyObject *const *args)
{
    gf_records *records = NULL;
    if (run == NULL) {
        gf_raise_not_in_flow(op);
    }
    else if (run->capturing || run->leaving || is_inside_another(ts, run)) {
        gf_frame *f = gf_own_frame(gf_current(ts));
        if (f == NULL) {
            gf_raise_not_in_flow(op);
        }
        else {
            gf_refuse(gf_code(f), 0, "a continuation waits there within another one");
        }
    }
    else {
        run->capturing = 1;
        records = gf_capture(ts, run, op, args);
        run->capturing = 0;
    }
    if (records != NULL) {
        return (PyObject *)records;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return error;
}

/* `parse` returned LEAVE: it was told that the stack is to be saved. Nothing of ours is on
 * it then. */
static PyObject *leave_or_wait(operation *self, PyObject *const *args)
{
    for (;;) {
        PyThreadState *ts = PyThreadState_Get();
        gf_run *run = gf_find_run(ts);
        PyObject *taken = captured_or_error(ts, run, (PyObject *)self, args);
        Py_XINCREF((PyObject *)run);
        PyObject *result = PyObject_CallOneArg(self->order, taken);
        int leaves = result == gf_leave;
        if (leaves) {
            Py_DECREF(result);
        }
        if (leaves && Py_TYPE(taken) == &gf_records_type) {
            result = leave(ts, run, (gf_records *)taken, Py_None);
            leaves = 0;
        }
        Py_XDECREF(taken);
        Py_XDECREF((PyObject *)run);
        if (!leaves) {
            return result;
        }
    }
}

/* `parse` does the whole of the work, and may wait in it for long. As little as can be of C
 * lies on the stack meanwhile: each switch copies it. */
static PyObject *waiting_vectorcall(PyObject *op, PyObject *const *args, size_t nargsf,
                                    PyObject *kwnames)
{
    operation *self = (operation *)op;
    vectorcallfunc parse = PyVectorcall_Function(self->parse);
    PyObject *result = parse(self->parse, args, nargsf, kwnames);
    if (result != gf_leave) {
        return result;
    }
    Py_DECREF(result);
    return leave_or_wait(self, args);
}

static PyObject *operation_vectorcall(PyObject *op, PyObject *const *args,
                                      size_t nargsf, PyObject *kwnames)
{
    operation *self = (operation *)op;
    size_t nargs = (size_t)PyVectorcall_NARGS(nargsf);
    PyThreadState *ts = PyThreadState_Get();
    gf_run *run = gf_find_run(ts);
    int in_flow = run != NULL && (!self->hooked || run->hook != NULL);
    /* What the hook itself calls is not on the stack that is being saved. */
    if (self->outside != NULL && (!in_flow || run->capturing || run->leaving)) {
        return PyObject_Vectorcall(self->outside, args, nargs, kwnames);
    }
    /* The run is alive as long as this call: it is the flow's own stack. */
    PyObject *request = PyObject_Vectorcall(self->parse, args, nargs, kwnames);
    if (request == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    if (!in_flow) {
        gf_raise_not_in_flow(op);
    }
    else if (run->capturing || run->leaving) {
        PyErr_Format(PyExc_RuntimeError, "%U() while the flow is being saved",
                     self->name);
    }
    else {
        Py_INCREF(run);
        result = decide(ts, run, op, args, request);
        Py_DECREF(run);
    }
    Py_DECREF(request);
    return result;
}

static PyObject *operation_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name",     "parse", "hooked", "outside",
                            "qualname", "order", NULL};
    PyObject *name, *parse, *outside = Py_None, *qualname = NULL, *order = Py_None;
    int hooked = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO|$pOUO:Operation", names, &name,
                                     &parse, &hooked, &outside, &qualname, &order)) {
        return NULL;
    }
    operation *self = (operation *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->name = Py_NewRef(name);
        self->qualname = Py_NewRef(qualname == NULL ? name : qualname);
        self->outside = outside == Py_None ? NULL : Py_NewRef(outside);
        self->order = order == Py_None ? NULL : Py_NewRef(order);
        self->parse = Py_NewRef(parse);
        self->doc = PyObject_GetAttrString(parse, "__doc__");
        self->vectorcall =
            self->order == NULL ? operation_vectorcall : waiting_vectorcall;
        self->hooked = (char)hooked;
        if (self->doc != NULL && self->order != NULL
            && PyVectorcall_Function(parse) == NULL) {
            PyErr_SetString(PyExc_TypeError, "a function in C or Python is needed");
            Py_CLEAR(self->doc);
        }
        if (self->doc == NULL) {
            Py_CLEAR(self);
        }
    }
    return (PyObject *)self;
}

static int operation_traverse(PyObject *op, visitproc visit, void *arg)
{
    operation *self = (operation *)op;
    Py_VISIT(self->name);
    Py_VISIT(self->qualname);
    Py_VISIT(self->outside);
    Py_VISIT(self->order);
    Py_VISIT(self->parse);
    Py_VISIT(self->doc);
    return 0;
}

static int operation_clear(PyObject *op)
{
    operation *self = (operation *)op;
    Py_CLEAR(self->name);
    Py_CLEAR(self->qualname);
    Py_CLEAR(self->outside);
    Py_CLEAR(self->order);
    Py_CLEAR(self->parse);
    Py_CLEAR(self->doc);
    return 0;
}

static void operation_dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op);
    operation_clear(op);
    Py_TYPE(op)->tp_free(op);
}

static PyObject *operation_repr(PyObject *op)
{
    return PyUnicode_FromFormat("<operation greenflow.%U>",
                                ((operation *)op)->qualname);
}

/* As a function of a class: bound to the instance it is got from. */
static PyObject *operation_get(PyObject *op, PyObject *instance, PyObject *type)
{
    (void)type;
    if (instance == NULL || instance == Py_None) {
        return Py_NewRef(op);
    }
    return PyMethod_New(op, instance);
}

static PyMemberDef operation_members[] = {
    {"__name__", T_OBJECT, offsetof(operation, name), READONLY, NULL},
    {"__qualname__", T_OBJECT, offsetof(operation, qualname), READONLY, NULL},
    {"__doc__", T_OBJECT, offsetof(operation, doc), READONLY, NULL},
    {"__wrapped__", T_OBJECT, offsetof(operation, parse), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject gf_operation_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Operation",
    .tp_basicsize = sizeof(operation),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
                | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_new = operation_new,
    .tp_dealloc = operation_dealloc,
    .tp_traverse = operation_traverse,
    .tp_clear = operation_clear,
    .tp_repr = operation_repr,
    .tp_descr_get = operation_get,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(operation, vectorcall),
    .tp_members = operation_members,
};
