/* Where tracers and monitors are at work, the interpreter prepares a code object for them
 * when it begins to run (RESUME), or while it runs, when they change. The code of frames
 * that were built by hand began elsewhere: it is prepared here, so that it tells of its
 * lines and returns as if it had begun here, and no more of a tracer that has gone.
 */
#include "frames.h"

#ifdef GF_INSTRUMENT_BY_API

/* _Py_Instrument is not exported before 3.15. Setting an event for one code object, and
 * taking it back, calls it (instrumentation.c, _PyMonitoring_SetLocalEvents). */
typedef struct {
    PyObject *monitoring;
    int tool; /* an identifier that nobody uses, or -1 while none was looked for */
} preparation;

enum { TOOLS = 6, NO_TOOL = TOOLS, PY_START = 1 };

static int call(preparation *p, const char *method, const char *format, int tool,
                PyObject *code, int events)
{
    PyObject *result =
        PyObject_CallMethod(p->monitoring, method, format, tool, code, events);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int find_tool(preparation *p)
{
    for (int tool = TOOLS - 1; tool >= 0; tool--) {
        PyObject *name = PyObject_CallMethod(p->monitoring, "get_tool", "i", tool);
        if (name == NULL) {
            return -1;
        }
        Py_DECREF(name);
        if (name == Py_None) {
            p->tool = tool;
            name = PyObject_CallMethod(p->monitoring, "use_tool_id", "is", tool,
                                       "greenflow");
            Py_XDECREF(name);
            return name == NULL ? -1 : 0;
        }
    }
    p->tool = NO_TOOL; /* all are in use: the code stays as it is */
    return 0;
}

static int prepare(preparation *p, PyThreadState *ts, PyObject *code)
{
    if (gf_is_instrumented(ts, (PyCodeObject *)code) || p->tool == NO_TOOL) {
        return 0;
    }
    if (p->tool < 0 && find_tool(p) < 0) {
        return -1;
    }
    if (p->tool == NO_TOOL) {
        return 0;
    }
    return call(p, "set_local_events", "iOi", p->tool, code, PY_START) < 0
                   || call(p, "set_local_events", "iOi", p->tool, code, 0) < 0
               ? -1
               : 0;
}

static int begin(preparation *p)
{
    p->tool = -1;
    p->monitoring = PySys_GetObject("monitoring");
    return p->monitoring == NULL ? -1 : 0;
}

static int end(preparation *p)
{
    if (p->tool < 0 || p->tool == NO_TOOL) {
        return 0;
    }
    return call(p, "free_tool_id", "i", p->tool, NULL, 0);
}

#else

typedef int preparation;

static int prepare(preparation *p, PyThreadState *ts, PyObject *code)
{
    (void)p;
    return gf_instrument(ts, (PyCodeObject *)code);
}

static int begin(preparation *p)
{
    *p = 0;
    return 0;
}

static int end(preparation *p) { return *p; }

#endif

int gf_instrument_plan(PyThreadState *ts, const gf_records *plan)
{
    preparation p;
    if (begin(&p) < 0) {
        return -1;
    }
    int status = 0;
    for (Py_ssize_t i = 0; status == 0 && i < plan->count; i++) {
        status = prepare(&p, ts, PyFunction_GET_CODE(plan->frames[i].function));
    }
#ifndef GF_INSTRUMENTS_HIDDEN_CODE
    for (int i = 0; status == 0 && i < GF_SHIM_CODES; i++) {
        status = prepare(&p, ts, gf_shim_code(i));
    }
#endif
    return end(&p) < 0 ? -1 : status;
}

/* --- a tracer that comes while shims run ------------------------------------------------ */

#ifdef GF_INSTRUMENTS_HIDDEN_CODE

/* Else the interpreter instruments the shims that run now, and the tracer is told of
 * their returns as of returns of the frames below. */
static void disown_shims(PyThreadState *ts, int disowned)
{
    gf_frame *f = gf_current(ts);
    while (f != NULL) {
        int is_own = !gf_is_disowned(f);
        if (is_own == disowned && gf_is_hidden_shim(gf_code(f))) {
            gf_disown(f, disowned);
        }
        f = f->previous;
    }
}

#else

static void disown_shims(PyThreadState *ts, int disowned) { (void)ts, (void)disowned; }

#endif

PyObject *gf_set_trace(PyObject *module, PyObject *tracer)
{
    (void)module;
    PyThreadState *ts = PyThreadState_Get();
    PyObject *set = PySys_GetObject("settrace"); /* borrowed */
    if (set == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "there is no sys.settrace");
        return NULL;
    }
    Py_INCREF(set);
    disown_shims(ts, 1);
    PyObject *done = PyObject_CallOneArg(set, tracer);
    disown_shims(ts, 0);
    Py_DECREF(set);
    return done;
}
