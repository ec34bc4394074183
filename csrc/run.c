/* One run of a flow: from start() or resume() until the function returns, raises or
 * leaves the stack.
 *
 * The run has an exception state of its own (_PyErr_StackItem), linked below the caller's
 * as a generator's is, so that what the flow is handling is known apart from what its
 * caller is handling. It lies in the heap: a greenlet switch moves C stacks.
 */
#include "resume.h"

static void run_dealloc(PyObject *op)
{
    gf_run *run = (gf_run *)op;
    Py_XDECREF(run->hook);
    Py_XDECREF(run->context);
    Py_XDECREF(run->plan);
    Py_XDECREF(run->captured);
    Py_XDECREF(run->request);
    Py_XDECREF(run->value);
    Py_XDECREF(run->error);
    Py_XDECREF(run->pause);
    Py_XDECREF(run->exc_item.exc_value);
    PyObject_Free(op);
}

PyTypeObject gf_run_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Run",
    .tp_basicsize = sizeof(gf_run),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "One run of a flow.",
    .tp_dealloc = run_dealloc,
    .tp_call = gf_run_call,
};

/* --- which run a frame belongs to ---------------------------------------------------- */

gf_run *gf_find_run(PyThreadState *ts)
{
    int through_c;
    for (gf_frame *f = gf_current(ts); f != NULL; f = gf_caller(f, &through_c)) {
        gf_shim kind = gf_shim_kind(gf_code(f));
        if (kind == GF_START || kind == GF_BASE) {
            return gf_shim_run(f);
        }
    }
    return NULL;
}

gf_frame *gf_own_frame(gf_frame *f)
{
    int through_c;
    while (f != NULL) {
        gf_shim kind = gf_shim_kind(gf_code(f));
        if (kind == GF_START || (kind == GF_BASE && gf_shim_segment(f) == 0)) {
            return NULL;
        }
        if (kind == GF_NO_SHIM && !gf_is_init_shim(f)) {
            return f;
        }
        f = gf_caller(f, &through_c);
    }
    return NULL;
}

/* --- from its beginning to its end ---------------------------------------------------- */

static gf_run *new_run(PyObject *hook)
{
    gf_run *run = PyObject_New(gf_run, &gf_run_type);
    if (run != NULL) {
        memset((char *)run + sizeof(PyObject), 0, sizeof(gf_run) - sizeof(PyObject));
        run->hook = hook == Py_None ? NULL : Py_NewRef(hook);
        run->context = Py_XNewRef(PyThreadState_Get()->context);
    }
    return run;
}

/* Code of ours, and the unwinding, must not be seen by tracers and monitors. */
void gf_trace_off(PyThreadState *ts, gf_run *run)
{
    if (!run->tracing_off) {
        run->tracing_off = 1;
        PyThreadState_EnterTracing(ts);
    }
}

void gf_trace_on(PyThreadState *ts, gf_run *run)
{
    if (run->tracing_off) {
        run->tracing_off = 0;
        PyThreadState_LeaveTracing(ts);
    }
}

static void enter(PyThreadState *ts, gf_run *run)
{
    run->exc_item.previous_item = ts->exc_info;
    ts->exc_info = &run->exc_item;
}

/* Where there is no memory for a traceback, say, its error goes on instead of what unwinds:
 * by the same way, as no frame has a handler, and what was captured stands. */
static PyObject *left(gf_run *run, PyObject *result)
{
    if (result != NULL
        || !(gf_is_unwinding() || PyErr_ExceptionMatches(PyExc_MemoryError))) {
        Py_XDECREF(result);
        PyErr_SetString(
            PyExc_SystemError,
            "greenflow: C code on the flow's stack swallowed its unwinding");
        return NULL;
    }
    PyErr_Clear();
    PyObject *request = run->request == NULL ? Py_None : run->request;
    PyObject *captured = run->captured == NULL ? Py_None : (PyObject *)run->captured;
    return PyTuple_Pack(3, Py_False, request, captured);
}

static PyObject *finish(PyThreadState *ts, gf_run *run, PyObject *result)
{
    ts->exc_info = run->exc_item.previous_item;
    gf_trace_on(ts, run);
    PyObject *outcome = NULL;
    if (run->leaving) {
        outcome = left(run, result);
    }
    else if (result != NULL) {
        outcome = PyTuple_Pack(3, Py_True, result, Py_None);
        Py_DECREF(result);
    }
    Py_DECREF(run);
    return outcome;
}

PyObject *gf_start(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *call, *positional, *keywords, *hook;
    if (!PyArg_ParseTuple(args, "OO!O!O:start", &call, &PyTuple_Type, &positional,
                          &PyDict_Type, &keywords, &hook)) {
        return NULL;
    }
    gf_run *run = new_run(hook);
    if (run == NULL) {
        return NULL;
    }
    PyThreadState *ts = PyThreadState_Get();
    enter(ts, run);
    int visible = gf_tells_of_shims(ts);
    PyObject *result = gf_call_start(run, call, positional, keywords, visible);
    if (result == NULL && !visible) {
        gf_tell_shim_unwound(ts);
    }
    return finish(ts, run, result);
}

static int check_resumable(PyThreadState *ts, gf_records *records)
{
    if (records->consumed) {
        PyErr_SetString(PyExc_ValueError, "these records were resumed already");
        return -1;
    }
    /* the shims and what they call need a few more */
    if (records->count + 10 > *gf_recursion_left(ts)) {
        PyErr_Format(
            PyExc_RecursionError,
            "a flow of %zd frames is deeper than the recursion limit leaves room "
            "for",
            records->count);
        return -1;
    }
    return gf_check_enterable(ts);
}

PyObject *gf_resume(PyObject *module, PyObject *args)
{
    (void)module;
    gf_records *records;
    PyObject *value, *error, *hook, *pause = NULL;
    if (!PyArg_ParseTuple(args, "O!OOO|O:resume", &gf_records_type, &records, &value,
                          &error, &hook, &pause)) {
        return NULL;
    }
    PyThreadState *ts = PyThreadState_Get();
    if (error != Py_None && !PyExceptionInstance_Check(error)) {
        PyErr_SetString(PyExc_TypeError, "what is thrown must be an exception");
        return NULL;
    }
    if (check_resumable(ts, records) < 0) {
        return NULL;
    }
    gf_run *run = new_run(hook);
    if (run == NULL) {
        return NULL;
    }
    run->plan = (gf_records *)Py_NewRef((PyObject *)records);
    run->value = Py_NewRef(value);
    run->error = error == Py_None ? NULL : Py_NewRef(error);
    run->pause = Py_XNewRef(pause);
    run->exc_item.exc_value = Py_XNewRef(records->exc);
    enter(ts, run);
    gf_trace_off(ts, run);
    gf_outcome outcome;
    gf_run_segment(ts, run, 0, &outcome);
    PyObject *result = outcome.kind == GF_RAISED ? NULL : outcome.value;
    if (result != NULL && records->delivery == GF_INIT) {
        Py_SETREF(result, Py_NewRef(records->held));
    }
    return finish(ts, run, result);
}
