/* A frame that waits for C code which in turn runs the frame inside it: can the result of
 * the inner frame be handed on without that C code? Only where the C code does nothing
 * after the inner frame but to pass its result on, in a way that is known here. The
 * common cases are decided here, the others by the Python classifier
 * (greenflow/continuation/boundary.py); everything else is refused.
 *
 * Only operands that the pending instruction still owns are read: some are released or
 * overwritten while it waits (ceval.c: CALL_FUNCTION_EX frees its arguments, SEND takes
 * the value it sends; call.c: a bound method's vectorcall borrows the callable's slot).
 */
#include "frames.h"

static PyObject *classifier, *not_in_flow, *not_suspendable;

PyObject *gf_configure(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *a, *b, *c;
    if (!PyArg_ParseTuple(args, "OOO:configure", &a, &b, &c)) {
        return NULL;
    }
    Py_XSETREF(classifier, Py_NewRef(a));
    Py_XSETREF(not_in_flow, Py_NewRef(b));
    Py_XSETREF(not_suspendable, Py_NewRef(c));
    Py_RETURN_NONE;
}

static void call_raiser(PyObject *raiser, PyObject *arguments)
{
    PyObject *result = NULL;
    if (raiser == NULL) {
        PyErr_SetString(PyExc_SystemError, "greenflow: the core is not configured");
    }
    else if (arguments != NULL) {
        result = PyObject_CallObject(raiser, arguments);
    }
    Py_XDECREF(arguments);
    if (result != NULL) {
        Py_DECREF(result);
        PyErr_SetString(PyExc_SystemError, "greenflow: a refusal did not raise");
    }
}

void gf_raise_not_in_flow(PyObject *operation)
{
    call_raiser(not_in_flow, PyTuple_Pack(1, operation));
}

int gf_refuse(PyCodeObject *code, int pending, const char *why)
{
    call_raiser(not_suspendable, Py_BuildValue("(Ois)", code, 2 * pending, why));
    return -1;
}

/* --- operands ---------------------------------------------------------------------------- */

/* The operands that may be read, lowest first: how many, and which is the first. */
static int readable(const gf_code_info *info, int unit, int *first)
{
    int oparg, op = gf_op_at(info, unit, &oparg), depth = info->depth[unit];
    switch (gf_kind_of(op, oparg)) {
    case GF_OP_CALL:
        *first = depth - oparg - 2;
        return oparg + 2;
    case GF_OP_CALL_KW:
        *first = depth - oparg - 3;
        return oparg + 2;
    case GF_OP_CALL_EX: /* what it pops comes last to where its result will be */
        *first = gf_kept(info, unit) + !GF_CALLABLE_FIRST;
        return 1;
    case GF_OP_FOR_ITER:
        *first = depth - GF_ITERATOR_DEPTH;
        return 1;
    case GF_OP_SEND:
        *first = depth - 1 - GF_ITERATOR_DEPTH;
        return 1;
    case GF_OP_ENTER:
    case GF_OP_ATTRIBUTE:
    case GF_OP_METHOD:
        *first = depth - 1;
        return 1;
    case GF_OP_SUBSCRIPT:
        *first = depth - 2;
        return 2;
    case GF_OP_EXIT:
        *first = depth - GF_EXIT_DEPTH;
        return 1;
    default:
        *first = 0;
        return 0;
    }
}

typedef struct {
    gf_frame *frame;
    int first, count; /* slots */
} operands;

static PyObject *operand(const operands *o, int i)
{
    return gf_peek(o->frame, o->first + i);
}

/* What is called: of the two slots of a call the lower one; where that is NULL, the call
 * is no method's, and it is the other one (up to 3.12). */
static PyObject *called(const operands *o)
{
    PyObject *callable = operand(o, 0);
    return callable != NULL || GF_CALLABLE_FIRST ? callable : operand(o, 1);
}

/* Whether CALL itself calls the operation. The callable's slot does not tell: a bound
 * method or a partial() lends it to what it puts before the arguments. */
static int calls_directly(const operands *o, gf_inner inner)
{
    return inner.frame == NULL && called(o) == inner.object
           && gf_lends_arguments(o->frame, o->first + 2, inner.args);
}

/* As a tuple; NULLs are left out: they only stand where a method's self would. */
static PyObject *operand_tuple(const operands *o)
{
    PyObject *list = PyList_New(0);
    for (int i = 0; list != NULL && i < o->count; i++) {
        PyObject *value = operand(o, i);
        if (value != NULL && PyList_Append(list, value) < 0) {
            Py_CLEAR(list);
        }
    }
    PyObject *tuple = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}

/* The first positional argument of the frame inside, as it is now, or None. */
static PyObject *first_argument(gf_inner inner)
{
    PyCodeObject *code = inner.frame == NULL ? NULL : gf_code(inner.frame);
    PyObject *value = NULL;
    if (code != NULL && code->co_argcount > 0) {
        value = gf_peek(inner.frame, 0);
    }
    else if (code != NULL && (code->co_flags & CO_VARARGS)) {
        PyObject *rest = gf_peek(inner.frame, code->co_kwonlyargcount);
        if (rest != NULL && PyTuple_Check(rest) && PyTuple_GET_SIZE(rest) > 0) {
            value = PyTuple_GET_ITEM(rest, 0);
        }
    }
    if (value != NULL && PyCell_Check(value)) {
        value = PyCell_GET(value);
    }
    return value == NULL ? Py_None : value;
}

/* --- decisions ----------------------------------------------------------------------------- */

static int runs_inner(PyObject *callable, gf_inner inner)
{
    if (callable == NULL) {
        return 0;
    }
    if (inner.frame == NULL) {
        return callable == inner.object;
    }
    return PyFunction_Check(callable) && !gf_is_generator(inner.frame)
           && PyFunction_GET_CODE(callable) == (PyObject *)gf_code(inner.frame);
}

static int ask(const char *kind, int oparg, PyObject *operands, gf_inner inner,
               PyCodeObject *code, int pending, gf_boundary *out)
{
    if (operands == NULL || classifier == NULL) {
        Py_XDECREF(operands);
        return gf_refuse(code, pending, "the core is not configured");
    }
    PyObject *answer =
        PyObject_CallFunction(classifier, "siNOOOi", kind, oparg, operands,
                              inner.object, first_argument(inner), code, 2 * pending);
    if (answer == NULL) {
        return -1;
    }
    PyObject *held, *top;
    int delivery;
    int ok = PyArg_ParseTuple(answer, "iOO", &delivery, &held, &top) ? 0 : -1;
    if (ok == 0) {
        out->delivery = (uint8_t)delivery;
        /* a one-tuple, so that None can be held too */
        int holds = PyTuple_CheckExact(held) && PyTuple_GET_SIZE(held) == 1;
        out->held = holds ? Py_NewRef(PyTuple_GET_ITEM(held, 0)) : NULL;
        holds = PyTuple_CheckExact(top) && PyTuple_GET_SIZE(top) == 1;
        out->top = holds ? Py_NewRef(PyTuple_GET_ITEM(top, 0)) : NULL;
    }
    Py_DECREF(answer);
    return ok;
}

int gf_classify(gf_frame *f, gf_code_info *info, int pending, gf_inner inner,
                gf_boundary *out)
{
    PyCodeObject *code = gf_code(f);
    int oparg, op = gf_op_at(info, pending, &oparg);
    gf_op_kind kind = gf_kind_of(op, oparg);
    operands o = {.frame = f};
    o.count = readable(info, pending, &o.first);
    o.first += code->co_nlocalsplus;
    int awaits = kind == GF_OP_FOR_ITER || kind == GF_OP_SEND;
    if (awaits && inner.frame != NULL && gf_is_generator(inner.frame)
        && operand(&o, 0) == inner.object) {
        out->delivery = kind == GF_OP_SEND ? GF_SEND : GF_NEXT;
        return 0;
    }
    if ((kind == GF_OP_CALL || kind == GF_OP_CALL_KW) && calls_directly(&o, inner)) {
        return 0;
    }
    if (kind == GF_OP_CALL_EX && runs_inner(called(&o), inner)) {
        return 0;
    }
    return ask(gf_kind_name(kind), oparg, operand_tuple(&o), inner, code, pending, out);
}

int gf_classify_root(PyObject *callable, gf_inner inner, gf_boundary *out)
{
    if (runs_inner(callable, inner)) {
        return 0;
    }
    return ask("root", 0, PyTuple_Pack(1, callable), inner, gf_code(inner.frame), 0,
               out);
}
