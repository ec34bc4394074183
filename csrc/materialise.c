/* Frames from records. A segment is a row of frames that one evaluation loop runs; a
 * generator is a segment by itself. The outermost segment is built first; where its
 * innermost frame waits, the next segment is run in an evaluation loop of its own, and
 * what that gives is delivered to the frame (deliver.c).
 */
#include "resume.h"

/* The last frame of the segment that begins with `first`. */
int gf_segment_end(const gf_records *records, int first)
{
    int last = first;
    while (records->frames[last].identity == NULL && last + 1 < records->count
           && records->frames[last].delivery == GF_PUSH
           && records->frames[last + 1].identity == NULL
           && records->frames[last + 1].delivery != GF_AT) {
        last++;
    }
    return last;
}

/* Everything is built: from here on the values live in the frames alone, and user code
 * may be traced again. */
void gf_take_answer(PyThreadState *ts, gf_run *run, gf_outcome *outcome)
{
    run->landed = 1;
    gf_trace_on(ts, run);
    gf_records_release(run->plan);
    int told =
        gf_instrument_plan(ts, run->plan) < 0 ? -1 : gf_tell_called(ts, run->plan);
    if (told < 0 && run->pause == NULL) {
        *outcome = (gf_outcome){GF_RAISED, NULL};
        return;
    }
    if (told < 0) {
        PyErr_WriteUnraisable(NULL); /* nothing of the flow may run before the pause */
    }
    if (run->pause != NULL) {
        PyObject *value = gf_rest(ts, run);
        *outcome = (gf_outcome){value == NULL ? GF_RAISED : GF_VALUE, value};
        return;
    }
    if (run->error != NULL) {
        PyObject *error = run->error;
        run->error = NULL;
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
        *outcome = (gf_outcome){GF_RAISED, NULL};
        return;
    }
    *outcome = (gf_outcome){GF_VALUE, run->value};
    run->value = NULL;
}

static void inside(PyThreadState *ts, gf_run *run, int last, gf_outcome *outcome)
{
    if (last + 1 < run->plan->count) {
        gf_run_segment(ts, run, last + 1, outcome);
    }
    else {
        gf_take_answer(ts, run, outcome);
    }
}

/* --- a row of function frames --------------------------------------------------------------- */

static size_t segment_words(const gf_records *plan, int first, int last)
{
    size_t words = 0;
    for (int i = first; i <= last; i++) {
        PyObject *code = PyFunction_GET_CODE(plan->frames[i].function);
        words += gf_frame_words((PyCodeObject *)code);
    }
    return words;
}

PyObject *gf_reserve(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module, (void)nargs;
    gf_run *run = (gf_run *)args[0];
    int first = (int)PyLong_AsLong(args[1]);
    size_t words = segment_words(run->plan, first, gf_segment_end(run->plan, first));
    run->reserved = gf_take_datastack(PyThreadState_Get(), words);
    if (run->reserved == NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static void fill(gf_frame *f, const gf_record *r)
{
    gf_init_frame(f, r->function, Py_XNewRef(r->locals));
    for (int i = 0; i < r->nlocals + r->nstack; i++) {
        gf_put(f, i, Py_XNewRef(r->slots[i]));
    }
    gf_set_stack_count(f, r->nstack);
    gf_code_info *info = gf_info(gf_code(f)); /* known since the records were checked */
    gf_wait_at(f, r->pending, gf_last_unit(info, r->pending));
}

static gf_frame *fill_segment(gf_run *run, gf_frame *base, int first, int last)
{
    gf_frame *previous = base, *f = run->reserved;
    for (int i = first; i <= last; i++) {
        fill(f, &run->plan->frames[i]);
        gf_set_caller(f, previous);
        previous = f;
        f = (gf_frame *)((PyObject **)f + gf_frame_words(gf_code(f)));
    }
    return previous;
}

/* Called by top: base, then the reserved room, then top lie on the data stack. */
PyObject *gf_land(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module, (void)nargs;
    PyThreadState *ts = PyThreadState_Get();
    gf_run *run = (gf_run *)args[0];
    int first = (int)PyLong_AsLong(args[1]), last = gf_segment_end(run->plan, first);
    int through_c;
    gf_frame *top = gf_current(ts), *base = gf_caller(top, &through_c);
    if (gf_shim_kind(gf_code(top)) != GF_TOP || through_c || base == NULL
        || gf_shim_kind(gf_code(base)) != GF_BASE) {
        PyErr_SetString(PyExc_SystemError, "greenflow: the shims are not in a row");
        return NULL;
    }
    gf_frame *f = fill_segment(run, base, first, last);
    gf_set_caller(top, f);
    *gf_recursion_left(ts) -= last - first + 1;
    gf_outcome outcome;
    inside(ts, run, last, &outcome);
    PyObject *value = gf_deliver(run, f, &run->plan->frames[last], &outcome);
    if (value == NULL && gf_is_hidden_shim(gf_code(top)) && !gf_tells_of_shims(ts)) {
        gf_quiet_until_cleared(ts, top);
    }
    return value;
}

static PyObject *run_row(PyThreadState *ts, gf_run *run, int first)
{
    int last = gf_segment_end(run->plan, first);
    _PyStackChunk *fresh;
    size_t words = segment_words(run->plan, first, last) + gf_shim_words();
    if (gf_ensure_datastack(ts, words, &fresh) < 0) {
        return NULL;
    }
    int visible = gf_visible_shims(ts);
    PyObject *result = gf_call_base(run, first, visible);
    if (result == NULL && !visible) {
        gf_tell_shim_unwound(ts);
    }
    gf_drop_if_unused(ts, fresh);
    return result;
}

/* --- a generator ---------------------------------------------------------------------------- */

/* throw() chains what the generator is handling as the context of the exception
 * (genobject.c, gen_send_ex2: _PyErr_ChainStackItem), though that was done where it was
 * raised: what comes out again gets its own context back. */
static void restore_context(PyObject *value, PyObject *context)
{
    PyObject *type, *raised, *traceback;
    PyErr_Fetch(&type, &raised, &traceback);
    if (raised == value) {
        PyException_SetContext(value, Py_NewRef(context));
    }
    PyErr_Restore(type, raised, traceback);
}

/* Raises the current exception at the place where the generator waits. */
static PyObject *throw_into(PyObject *gen)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    PyObject *context = PyException_GetContext(value);
    PyObject *result = PyAsyncGen_CheckExact(gen)
                           ? gf_async_go_on(gen, "athrow", value)
                           : PyObject_CallMethod(gen, "throw", "O", value);
    if (result == NULL && context != NULL) {
        restore_context(value, context);
    }
    Py_XDECREF(context);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return result;
}

static void go_on_async(PyObject *gen, PyObject *value, gf_outcome *outcome)
{
    outcome->value =
        value != NULL ? gf_async_go_on(gen, "asend", value) : throw_into(gen);
    outcome->kind = outcome->value != NULL ? GF_VALUE : GF_RAISED;
    Py_XDECREF(value);
}

static void go_on(PyObject *gen, PyObject *value, gf_outcome *outcome)
{
    outcome->value = NULL;
    if (value != NULL) {
        PySendResult status = PyIter_Send(gen, value, &outcome->value);
        Py_DECREF(value);
        outcome->kind = status == PYGEN_NEXT     ? GF_VALUE
                        : status == PYGEN_RETURN ? GF_ENDED
                                                 : GF_RAISED;
        return;
    }
    outcome->value = throw_into(gen);
    outcome->kind = GF_VALUE;
    if (outcome->value == NULL) {
        outcome->kind = GF_RAISED;
        /* throw() tells of a return by StopIteration; code inside cannot raise one */
        if (!gf_is_unwinding() && PyErr_ExceptionMatches(PyExc_StopIteration)
            && _PyGen_FetchStopIterationValue(&outcome->value) == 0) {
            outcome->kind = GF_ENDED;
        }
    }
}

static void run_generator(PyThreadState *ts, gf_run *run, int first,
                          gf_outcome *outcome)
{
    gf_record *r = &run->plan->frames[first];
    PyObject *owner = Py_NewRef(r->generator);
    PyGenObject *gen = (PyGenObject *)owner;
    gf_frame *f = gf_generator_frame(gen), *caller = gf_current(ts);
    *outcome = (gf_outcome){GF_RAISED, NULL};
    if (gf_refill_generator(gen, r) == 0) {
        /* as gen_send_ex2 (genobject.c) while the generator runs */
        gen->gi_frame_state = GF_GEN_EXECUTING;
        gen->gi_exc_state.previous_item = ts->exc_info;
        ts->exc_info = &gen->gi_exc_state;
        gf_set_caller(f, caller);
        gf_set_current(ts, f);
        gen->gi_running_async = PyAsyncGen_CheckExact(owner);
        r->driven = 1;
        inside(ts, run, first, outcome);
        r->driven = 0;
        PyObject *watched = gf_watched_frame(ts);
        gf_set_current(ts, caller);
        gf_set_caller(f, NULL);
        ts->exc_info = gen->gi_exc_state.previous_item;
        gen->gi_exc_state.previous_item = NULL;
        gen->gi_frame_state = GF_GEN_SUSPENDED;
        PyObject *value = r->delivery == GF_AT
                              ? gf_enter_generator(ts, run, r, outcome, watched)
                              : gf_deliver(run, f, r, outcome);
        if (value != NULL) {
            gf_settle(f);
        }
        else {
            gf_tell_thrown(ts, watched);
        }
        Py_XDECREF(watched);
        (PyAsyncGen_CheckExact(owner) ? go_on_async : go_on)(owner, value, outcome);
        if (gf_entered(ts) < 0) {
            Py_CLEAR(outcome->value);
            outcome->kind = GF_RAISED;
        }
    }
    run->delivering++;
    Py_DECREF(owner); /* its end may run code, too late to be waited for */
    run->delivering--;
}

void gf_run_segment(PyThreadState *ts, gf_run *run, int first, gf_outcome *outcome)
{
    *outcome = (gf_outcome){GF_RAISED, NULL};
    if (Py_EnterRecursiveCall(" while a flow is resumed")) {
        return;
    }
    if (run->plan->frames[first].generator != NULL) {
        run_generator(ts, run, first, outcome);
    }
    else {
        outcome->value = run->plan->frames[first].delivery == GF_AT
                             ? gf_enter_function(ts, run, first)
                             : run_row(ts, run, first);
        outcome->kind = outcome->value == NULL ? GF_RAISED : GF_VALUE;
    }
    Py_LeaveRecursiveCall();
}
