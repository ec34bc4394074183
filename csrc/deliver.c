/* What the frame inside gave becomes what the waiting frame goes on with. The evaluation
 * loop (or PyIter_Send, for a generator) pushes exactly one value; where an instruction
 * would push none, the frame is set to an instruction at which one is right.
 */
#include "resume.h"

static void drop_top(gf_frame *f)
{
    int count = gf_stack_count(f) - 1;
    PyObject *top = gf_peek(f, gf_code(f)->co_nlocalsplus + count);
    gf_set_stack_count(f, count);
    Py_DECREF(top);
}

static int target(gf_frame *f, const gf_record *r)
{
    gf_code_info *info = gf_info(gf_code(f));
    int oparg;
    gf_op_at(info, r->pending, &oparg);
    return gf_last_unit(info, r->pending) + 1 + oparg;
}

/* The loop ends. FOR_ITER would jump over an END_FOR, which pops a value: that one runs.
 * Where there is none, FOR_ITER runs once more with an iterator that has nothing left. */
static PyObject *end_loop(gf_frame *f, const gf_record *r)
{
    if (GF_LOOP_ENDS_AT_END_FOR) {
        gf_go_on_at(f, target(f, r));
        return Py_NewRef(Py_None);
    }
    PyObject *nothing = PyTuple_New(0);
    PyObject *finished = nothing == NULL ? NULL : PyObject_GetIter(nothing);
    Py_XDECREF(nothing);
    if (finished == NULL) {
        return NULL;
    }
    gf_go_on_at(f, gf_first_unit(gf_info(gf_code(f)), r->pending));
    drop_top(f);
    return finished;
}

/* `yield from` or `await` ends with a value: on at SEND's target. */
static PyObject *end_send(gf_frame *f, const gf_record *r, PyObject *value)
{
    gf_go_on_at(f, target(f, r));
    if (!GF_SEND_END_KEEPS_RECEIVER) {
        drop_top(f);
    }
    return value;
}

static PyObject *end_call_next(const gf_record *r, PyObject *value)
{
    if (r->held != NULL) {
        Py_DECREF(value);
        return Py_NewRef(r->held);
    }
    if (value == Py_None) {
        PyErr_SetNone(PyExc_StopIteration);
    }
    else {
        _PyGen_SetStopIterationValue(value);
    }
    Py_DECREF(value);
    return NULL;
}

static PyObject *ended(gf_frame *f, const gf_record *r, PyObject *value)
{
    switch (r->delivery) {
    case GF_NEXT:
        Py_DECREF(value);
        return end_loop(f, r);
    case GF_SEND:
        return end_send(f, r, value);
    case GF_CALL_NEXT:
        return end_call_next(r, value);
    default:
        Py_DECREF(value);
        PyErr_SetString(PyExc_SystemError,
                        "greenflow: a generator ended where none ran");
        return NULL;
    }
}

/* An iterator written in Python tells its end by StopIteration. */
static PyObject *raised(gf_frame *f, const gf_record *r)
{
    int ends = r->delivery == GF_NEXT || r->delivery == GF_SEND
               || (r->delivery == GF_CALL_NEXT && r->held != NULL);
    if (!ends || gf_is_unwinding() || !PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return NULL;
    }
    PyObject *value = NULL;
    if (_PyGen_FetchStopIterationValue(&value) < 0) {
        return NULL;
    }
    return ended(f, r, value);
}

static PyObject *constructed(const gf_record *r, PyObject *value)
{
    if (value != Py_None) {
        PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'",
                     Py_TYPE(value)->tp_name);
        Py_DECREF(value);
        return NULL;
    }
    Py_DECREF(value);
    return Py_NewRef(r->held);
}

/* The instruction runs once more, on what C code made of its operands by now. */
static PyObject *again(gf_frame *f, const gf_record *r, PyObject *value)
{
    gf_go_on_at(f, gf_first_unit(gf_info(gf_code(f)), r->pending));
    return value;
}

/* JUMP_IF_TRUE_OR_POP and its opposite: `value` is whether `held` is true. If it jumps,
 * what is held stays on the stack; else it is popped, and a bool may be in its place. */
static PyObject *jump_or_pop(gf_frame *f, const gf_record *r, PyObject *value)
{
    int oparg, op = gf_op_at(gf_info(gf_code(f)), r->pending, &oparg);
    if ((value == Py_True) != gf_op_jumps_if_true(op)) {
        return again(f, r, value);
    }
    gf_go_on_at(f, target(f, r));
    Py_DECREF(value);
    return Py_NewRef(r->held);
}

static PyObject *given(gf_frame *f, const gf_record *r, PyObject *value)
{
    switch (r->delivery) {
    case GF_INIT:
        return constructed(r, value);
    case GF_AGAIN:
        return again(f, r, value);
    case GF_OR_POP:
        return jump_or_pop(f, r, value);
    default:
        return value;
    }
}

/* Returns the value that the waiting frame is to be given, or NULL with an exception. */
static PyObject *deliver(gf_frame *f, const gf_record *r, gf_outcome *outcome)
{
    switch (outcome->kind) {
    case GF_RAISED:
        return raised(f, r);
    case GF_ENDED:
        return ended(f, r, outcome->value);
    default:
        return given(f, r, outcome->value);
    }
}

PyObject *gf_deliver(gf_run *run, gf_frame *f, const gf_record *r, gf_outcome *outcome)
{
    run->delivering++;
    PyObject *value = deliver(f, r, outcome);
    run->delivering--;
    return value;
}
