/* A frame that goes on at the start of an instruction. What returns into a frame pushes a
 * value, and there is no instruction at every place that could take one. But the first
 * frame of an evaluation loop begins where it stands and is pushed nothing, so the frame
 * is called as any function (or its generator sent into), and becomes the one of the
 * record before the loop begins with it: that moment is the interpreter's frame evaluation
 * function (PEP 523), which is set for the length of this one call.
 *
 * Read: Python/ceval.c (_PyEval_Vector, _PyEval_EvalFrameDefault), Objects/genobject.c
 * (gen_send_ex2), Include/internal/pycore_ceval.h (_PyEval_EvalFrame),
 * Python/pystate.c (_PyInterpreterState_SetEvalFrameFunc), 3.11 to 3.15.
 */
#include "resume.h"

/* What waits to be entered. Nothing else runs until it is: gf_await_entry() is called last,
 * and the collector, which 3.11 runs in an allocation, is held. So the GIL guards it. */
static struct {
    const gf_record *record; /* NULL: nothing */
    gf_run *run;
    PyObject *error; /* of a generator: raised where it goes on, or NULL */
    PyObject *top;   /* of its stack, or NULL: what is sent lies in its place */
    int collects;
} awaited;

static PyObject *enter(PyThreadState *ts, gf_frame *f, int throwing);

int gf_check_enterable(PyThreadState *ts)
{
    if (_PyInterpreterState_GetEvalFrameFunc(ts->interp) == _PyEval_EvalFrameDefault) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    "greenflow cannot resume while a frame evaluation function (PEP "
                    "523) is installed in this interpreter");
    return -1;
}

int gf_await_entry(PyThreadState *ts, gf_run *run, const gf_record *r)
{
    if (gf_check_enterable(ts) < 0) {
        return -1;
    }
    awaited.run = run;
    awaited.record = r;
    awaited.collects = PyGC_Disable();
    _PyInterpreterState_SetEvalFrameFunc(ts->interp, enter);
    return 0;
}

static void stop_waiting(PyThreadState *ts)
{
    awaited.record = NULL;
    _PyInterpreterState_SetEvalFrameFunc(ts->interp, _PyEval_EvalFrameDefault);
    if (awaited.collects) {
        PyGC_Enable();
    }
}

int gf_entered(PyThreadState *ts)
{
    if (awaited.record == NULL) {
        return 0;
    }
    stop_waiting(ts);
    Py_CLEAR(awaited.error);
    Py_CLEAR(awaited.top);
    if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "greenflow: a frame was not entered");
    }
    return -1;
}

/* An error that is thrown finds its handler by the unit before the one that the frame is
 * at, and its line by that one (3.13 on: generated_cases.c.h, resume_with_error,
 * exception_unwind). If both cannot be right, the handler is. */
static int unit_to_throw_at(gf_frame *f, gf_code_info *info, int unit)
{
    return gf_last_unit(info, unit) > unit || gf_range_begins_at(gf_code(f), unit)
               ? unit + 1
               : unit;
}

static void place_at(gf_frame *f, const gf_record *r, int throwing)
{
    gf_code_info *info = gf_info(gf_code(f)); /* known since the records were checked */
    if (throwing) {
        gf_throw_at(f, unit_to_throw_at(f, info, r->pending),
                    gf_last_unit(info, r->pending));
    }
    else {
        gf_go_on_at(f, gf_first_unit(info, r->pending));
    }
}

/* --- a generator ---------------------------------------------------------------------------- */

static PyObject *enter_generator_frame(PyThreadState *ts, gf_frame *f,
                                       const gf_record *r)
{
    PyObject *error = awaited.error;
    awaited.error = NULL;
    int sent = r->nlocals + r->nstack - (r->nstack > 0);
    gf_empty(f, sent); /* None */
    gf_put(f, sent, awaited.top);
    awaited.top = NULL;
    gf_set_stack_count(f, r->nstack);
    place_at(f, r, error != NULL);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return _PyEval_EvalFrameDefault(ts, f, error != NULL);
}

/* The frame may have no room for one value more: send() and throw() push one. */
static int take_top(gf_frame *f, const gf_record *r)
{
    if (r->nstack == 0) {
        return 0;
    }
    int slot = r->nlocals + r->nstack - 1;
    if (gf_copy_slot(f, slot, &awaited.top) < 0) {
        return -1;
    }
    gf_empty(f, slot);
    gf_set_stack_count(f, r->nstack - 1);
    return 0;
}

static PyObject *fetch_error(void)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(error, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return error;
}

PyObject *gf_enter_generator(PyThreadState *ts, gf_run *run, const gf_record *r,
                             gf_outcome *outcome, PyObject *watched)
{
    gf_frame *f = gf_generator_frame((PyGenObject *)r->identity);
    PyObject *error = NULL;
    if (outcome->kind == GF_RAISED && gf_is_unwinding()) {
        if (take_top(f, r) == 0) {
            Py_CLEAR(awaited.top);
        }
        return NULL; /* thrown into the generator, whose code is dead */
    }
    if (outcome->kind == GF_RAISED) {
        gf_tell_thrown(ts, watched);
        error = fetch_error();
    }
    Py_CLEAR(outcome->value);
    if (take_top(f, r) < 0 || gf_await_entry(ts, run, r) < 0) {
        Py_CLEAR(awaited.top);
        Py_XDECREF(error);
        return NULL;
    }
    awaited.error = error;
    return Py_NewRef(Py_None);
}

/* --- a function ----------------------------------------------------------------------------- */

/* The values of the record for those that the call has put there. */
static void refill(gf_frame *f, const gf_record *r)
{
    for (int i = 0; i < r->nlocals; i++) {
        gf_empty(f, i);
    }
    for (int i = 0; i < r->nlocals + r->nstack; i++) {
        gf_put(f, i, Py_XNewRef(r->slots[i]));
    }
    gf_set_stack_count(f, r->nstack);
    *gf_locals_dict(f) = Py_XNewRef(r->locals);
}

/* It is a frame like others while the answer is taken, as the loop will make it. */
static int take_answer(PyThreadState *ts, gf_run *run, gf_frame *f)
{
    gf_frame *caller = gf_current(ts);
    gf_set_caller(f, caller);
    gf_set_current(ts, f);
    gf_outcome outcome;
    gf_take_answer(ts, run, &outcome);
    PyObject *watched = gf_watched_frame(ts);
    gf_set_current(ts, caller);
    gf_set_caller(f, NULL);
    Py_XDECREF(outcome.value);
    if (outcome.kind == GF_RAISED) {
        gf_tell_thrown(ts, watched);
    }
    Py_XDECREF(watched);
    return outcome.kind == GF_RAISED;
}

static PyObject *enter_function_frame(PyThreadState *ts, gf_run *run, gf_frame *f,
                                      const gf_record *r)
{
    refill(f, r);
    gf_wait_at(f, r->pending, gf_last_unit(gf_info(gf_code(f)), r->pending));
    run->entered = f;
    int throwing = take_answer(ts, run, f);
    if (!throwing || !gf_is_unwinding()) {
        place_at(f, r, throwing);
    }
    PyObject *result = _PyEval_EvalFrameDefault(ts, f, throwing);
    run->entered = NULL;
    return result;
}

/* --- either ------------------------------------------------------------------------------------ */

static int is_awaited(gf_frame *f)
{
    const gf_record *r = awaited.record;
    if (r == NULL || r->identity != NULL) {
        return r != NULL && gf_is_generator(f) && gf_generator_of(f) == r->identity;
    }
    return !gf_is_generator(f) && gf_function(f) == r->function;
}

static PyObject *enter(PyThreadState *ts, gf_frame *f, int throwing)
{
    if (!is_awaited(f)) {
        return _PyEval_EvalFrameDefault(ts, f, throwing);
    }
    gf_run *run = awaited.run;
    const gf_record *r = awaited.record;
    stop_waiting(ts);
    return r->identity != NULL ? enter_generator_frame(ts, f, r)
                               : enter_function_frame(ts, run, f, r);
}
