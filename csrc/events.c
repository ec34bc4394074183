/* What the tracer and the profiler of a thread (sys.settrace, sys.setprofile) are told of
 * a flow: its frames return when it leaves the stack, and are called when it goes on, as
 * it is with generators that yield. Only so do what they were told of calls and returns
 * match, and only so does a tracer get to see the lines of frames that go on.
 */
#include "frames.h"

static int tell(PyThreadState *ts, PyObject *frame, int event)
{
    /* ceval.c (3.11: call_trace) and legacy_tracing.c (3.12 on): both are called with
     * tracing off, the tracer first. */
    PyThreadState_EnterTracing(ts);
    int status = 0;
    if (ts->c_tracefunc != NULL) {
        status =
            ts->c_tracefunc(ts->c_traceobj, (PyFrameObject *)frame, event, Py_None);
    }
    if (status == 0 && ts->c_profilefunc != NULL) {
        status =
            ts->c_profilefunc(ts->c_profileobj, (PyFrameObject *)frame, event, Py_None);
    }
    PyThreadState_LeaveTracing(ts);
    return status;
}

/* --- who is told of the shims ---------------------------------------------------------- */

#ifdef GF_TELLS_OF_HIDDEN_RETURNS

static Py_tracefunc python_tracer; /* what sys.settrace() sets */

static int find_python_tracer(void)
{
    PyThreadState *ts = PyThreadState_Get();
    Py_tracefunc before = ts->c_tracefunc;
    PyObject *object = Py_XNewRef(ts->c_traceobj);
    PyObject *set = PySys_GetObject("settrace");
    PyThreadState_EnterTracing(ts);
    PyObject *done =
        set == NULL ? NULL : PyObject_CallOneArg(set, (PyObject *)&PyBaseObject_Type);
    python_tracer = ts->c_tracefunc;
    PyEval_SetTrace(before, object);
    PyThreadState_LeaveTracing(ts);
    Py_XDECREF(object);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* A tracer in Python is told of a return only if it was told of the call; profilers and
 * tracers in C are told of any. */
static int tells_of_hidden(PyThreadState *ts)
{
    return ts->c_profilefunc != NULL
           || (ts->c_tracefunc != NULL && ts->c_tracefunc != python_tracer);
}

#else

static int find_python_tracer(void) { return 0; }

static int tells_of_hidden(PyThreadState *ts)
{
    (void)ts;
    return 0;
}

#endif

/* In a debug build, a frame object is made of a frame that returns under a tracer, and
 * it is asserted that this frame is not hidden (3.11: ceval.c, call_trace). */
int gf_visible_shims(PyThreadState *ts)
{
    return gf_debug_interpreter
           && (ts->c_tracefunc != NULL || ts->c_profilefunc != NULL);
}

int gf_tells_of_shims(PyThreadState *ts)
{
    return gf_debug_interpreter ? gf_visible_shims(ts) : tells_of_hidden(ts);
}

/* --- calls and returns ------------------------------------------------------------------ */

static int is_shim(PyObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode((PyFrameObject *)frame);
    int shim = gf_shim_kind(code) != GF_NO_SHIM;
    Py_DECREF(code);
    return shim;
}

/* The frame objects of the flow, innermost first, with those of its shims if they are
 * wanted, the outermost included. */
static PyObject *frames_of(PyThreadState *ts, Py_ssize_t count)
{
    int with_shims = gf_tells_of_shims(ts);
    gf_show_shims(with_shims && !gf_debug_interpreter);
    PyObject *frames = PyList_New(0);
    PyFrameObject *frame = PyThreadState_GetFrame(ts);
    while (frames != NULL && frame != NULL) {
        int shim = is_shim((PyObject *)frame);
        if (!shim && count-- == 0) {
            break;
        }
        if ((!shim || with_shims) && PyList_Append(frames, (PyObject *)frame) < 0) {
            Py_CLEAR(frames);
        }
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF(frame);
        frame = back;
    }
    Py_XDECREF(frame);
    gf_show_shims(0);
    return frames;
}

static int is_watched(PyThreadState *ts)
{
    return (ts->c_tracefunc != NULL || ts->c_profilefunc != NULL) && ts->tracing == 0;
}

int gf_tell_called(PyThreadState *ts, const gf_records *plan)
{
    if (!is_watched(ts)) {
        return 0;
    }
    PyObject *frames = frames_of(ts, plan->count);
    int status = frames == NULL ? -1 : 0;
    Py_ssize_t i = frames == NULL ? 0 : PyList_GET_SIZE(frames);
    while (status == 0 && i > 0) {
        status = tell(ts, PyList_GET_ITEM(frames, --i), PyTrace_CALL);
    }
    Py_XDECREF(frames);
    return status;
}

/* The record of the next frame outwards from the one at `*at`, adapters left out. */
static const gf_record *record_of_next(const gf_records *records, Py_ssize_t *at)
{
    do {
        --*at;
    } while (*at > 0 && records->frames[*at].adapts);
    return &records->frames[*at];
}

void gf_tell_returned(PyThreadState *ts, const gf_records *records)
{
    if (!is_watched(ts)) {
        return;
    }
    PyObject *frames = frames_of(ts, records->count - records->adapters);
    int status = frames == NULL ? -1 : 0;
    Py_ssize_t at = records->count;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_GET_SIZE(frames); i++) {
        PyObject *frame = PyList_GET_ITEM(frames, i);
        if (is_shim(frame) || !record_of_next(records, &at)->silent) {
            status = tell(ts, frame, PyTrace_RETURN);
        }
    }
    Py_XDECREF(frames);
    if (status < 0) {
        /* the flow is saved already: it cannot go on with an error here */
        PyErr_WriteUnraisable(ts->c_traceobj);
    }
}

PyObject *gf_watched_frame(PyThreadState *ts)
{
    return is_watched(ts) ? (PyObject *)PyThreadState_GetFrame(ts) : NULL;
}

static void tell_despite_error(PyThreadState *ts, PyObject *frame, int event)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    if (tell(ts, frame, event) < 0) {
        PyErr_WriteUnraisable(frame);
    }
    PyErr_Restore(type, error, traceback);
}

/* The interpreter tells that a generator is called when an error is thrown into it (3.11:
 * ceval.c, TRACE_FUNCTION_THROW_ENTRY; 3.12 on: monitor_throw): so it returns before. */
void gf_tell_thrown(PyThreadState *ts, PyObject *watched)
{
    if (watched == NULL || !is_watched(ts)) {
        return;
    }
    tell_despite_error(ts, watched, PyTrace_RETURN);
}

/* --- errors that leave a shim --------------------------------------------------------- */

/* From 3.12 on the interpreter tells of an error in hidden code too, as if it was one of
 * the frame below, which then would return twice. This object goes when the interpreter
 * clears top's frame, the last thing before the frame below has the error. */
static void quiet_dealloc(PyObject *op)
{
    PyThreadState_LeaveTracing(PyThreadState_Get());
    PyObject_Free(op);
}

static PyTypeObject quiet_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Quiet",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = quiet_dealloc,
};

int gf_events_init(void)
{
    return PyType_Ready(&quiet_type) < 0 ? -1 : find_python_tracer();
}

void gf_quiet_until_cleared(PyThreadState *ts, gf_frame *top)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *quiet = PyObject_New(PyObject, &quiet_type);
    if (quiet == NULL) {
        PyErr_Clear(); /* then they are told of */
    }
    else {
        gf_put(top, GF_TOP_QUIET_SLOT, quiet);
        PyThreadState_EnterTracing(ts);
    }
    PyErr_Restore(type, error, traceback);
}

/* Nothing of base and start goes so late: the frame below, which was told to return, is
 * called again. */
void gf_tell_shim_unwound(PyThreadState *ts)
{
#ifdef GF_TELLS_OF_HIDDEN_UNWINDING
    PyObject *frame = gf_watched_frame(ts);
    if (frame != NULL) {
        tell_despite_error(ts, frame, PyTrace_CALL);
        Py_DECREF(frame);
    }
#else
    (void)ts;
#endif
}
