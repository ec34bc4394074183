/* A stack that was built and rests before anything of it runs, and one in the middle of a
 * step: for who looks at it, frame by frame, as a debugger does. What lies inside the
 * frame that is asked for (a tracer, a debugger) is not part of the flow.
 */
#include "resume.h"

/* An error is set in any case: 0 if it is the one that takes the stack apart. */
static int leave_from(PyThreadState *ts, gf_run *run, gf_frame *innermost)
{
    gf_records *records = gf_capture_from(run, innermost);
    if (records == NULL) {
        return -1;
    }
    gf_tell_returned(ts, records);
    Py_XSETREF(run->captured, records);
    return gf_dismantle(ts, run, innermost);
}

PyObject *gf_rest(PyThreadState *ts, gf_run *run)
{
    run->rests = gf_own_frame(gf_current(ts));
    run->capturing = 1; /* no operation can leave from inside */
    PyObject *value = PyObject_CallNoArgs(run->pause);
    run->capturing = 0;
    if (value == gf_leave) {
        Py_CLEAR(value);
        leave_from(ts, run, run->rests);
    }
    run->rests = NULL;
    return value;
}

/* Whether a tracer or a monitor is told of a line of f: all that lies inside of f is what
 * is told, of which nothing is traced itself. */
static int is_told_of(PyThreadState *ts, gf_frame *f)
{
    int through_c = 0;
    for (gf_frame *g = gf_current(ts); g != f; g = gf_caller(g, &through_c)) {
        if (gf_is_traced(g)) {
            return 0;
        }
    }
    return through_c && gf_tells_of_line(ts);
}

static int is_own(gf_frame *f, gf_frame *wanted)
{
    int through_c;
    while (f != NULL && f != wanted) {
        f = gf_own_frame(gf_caller(f, &through_c));
    }
    return f != NULL;
}

static int can_begin(PyThreadState *ts, gf_run *run, gf_frame *f)
{
    return run->rests != NULL || (!run->capturing && is_told_of(ts, f));
}

/* The run that runs here and a frame of it, borrowed; or NULL with an error. Of a stack
 * that rests it is the innermost frame, whichever of it is asked for. */
static gf_run *run_of(PyThreadState *ts, PyObject *frame, gf_frame **found)
{
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame is needed");
        return NULL;
    }
    gf_run *run = gf_find_run(ts);
    gf_frame *f = *found = ((PyFrameObject *)frame)->f_frame;
    if (run == NULL || run->leaving || !is_own(gf_own_frame(gf_current(ts)), f)) {
        PyErr_SetString(PyExc_ValueError, "no frame of a flow that runs here");
        return NULL;
    }
    if (!can_begin(ts, run, f)) {
        PyErr_SetString(PyExc_ValueError, "no frame of which a line is about to begin");
        return NULL;
    }
    if (run->rests != NULL) {
        *found = run->rests; /* what is inside of f stands in for C code */
    }
    return run;
}

PyObject *gf_snapshot(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *frame, *context;
    if (!PyArg_ParseTuple(args, "OO:snapshot", &frame, &context)) {
        return NULL;
    }
    PyThreadState *ts = PyThreadState_Get();
    gf_frame *innermost;
    gf_run *run = run_of(ts, frame, &innermost);
    if (run != NULL && run->context != context) {
        PyErr_SetString(PyExc_ValueError, "a frame of another flow");
        return NULL;
    }
    return run == NULL ? NULL : (PyObject *)gf_capture_from(run, innermost);
}

PyObject *gf_abandon(PyObject *module, PyObject *frame)
{
    (void)module;
    PyThreadState *ts = PyThreadState_Get();
    gf_frame *innermost;
    gf_run *run = run_of(ts, frame, &innermost);
    if (run == NULL) {
        return NULL;
    }
    if (leave_from(ts, run, innermost) < 0) {
        /* Where no line of it begins there is nothing to go on from: it leaves all the
         * same. */
        PyErr_Clear();
        Py_XSETREF(run->captured, NULL);
        if (gf_dismantle(ts, run, innermost) < 0) {
            return NULL;
        }
    }
    if (gf_debug_interpreter) {
        /* the tracer goes back to it (3.11: PyFrame_LocalsToFast asserts it is shown) */
        gf_hide_code(gf_code(innermost), 0);
    }
    return NULL;
}
