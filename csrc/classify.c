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

/* The operands that may be read, lowest first, as (index in the stack, count). */
static int readable(const gf_code_info *info, int unit, int *first)
{
    int oparg, op = gf_op_at(info, unit, &oparg), depth = info->depth[unit];
    switch (op) {
    case CALL:
        *first = depth - oparg - 2;
        return oparg + 2;
    case CALL_FUNCTION_EX:
        *first = depth - 2 - (oparg & 1);
        return 1;
    case FOR_ITER:
    case BEFORE_WITH:
    case LOAD_ATTR:
        *first = depth - 1;
        return 1;
    case SEND:
    case BINARY_SUBSCR:
        *first = depth - 2;
        return op == SEND ? 1 : 2;
    case WITH_EXCEPT_START:
        *first = depth - 4;
        return 1;
    default:
        *first = 0;
        return 0;
    }
}

/* As a tuple; NULL slots are left out at the front (they only ever come first). */
static PyObject *operand_tuple(PyObject **stack, int first, int count)
{
    while (count > 0 && stack[first] == NULL) {
        first++;
        count--;
    }
    PyObject *operands = PyTuple_New(count);
    for (int i = 0; operands != NULL && i < count; i++) {
        PyObject *value = stack[first + i];
        PyTuple_SET_ITEM(operands, i, Py_NewRef(value == NULL ? Py_None : value));
    }
    return operands;
}

/* The first positional argument of the frame inside, as it is now, or None. */
static PyObject *first_argument(gf_inner inner)
{
    PyCodeObject *code = inner.frame == NULL ? NULL : gf_code(inner.frame);
    PyObject *value = NULL;
    if (code != NULL && code->co_argcount > 0) {
        value = gf_slots(inner.frame)[0];
    }
    else if (code != NULL && (code->co_flags & CO_VARARGS)) {
        PyObject *rest = gf_slots(inner.frame)[code->co_kwonlyargcount];
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

static int ask(const char *op, int oparg, PyObject *operands, gf_inner inner,
               PyCodeObject *code, int pending, gf_boundary *out)
{
    if (operands == NULL || classifier == NULL) {
        Py_XDECREF(operands);
        return gf_refuse(code, pending, "the core is not configured");
    }
    PyObject *answer =
        PyObject_CallFunction(classifier, "siNOOOi", op, oparg, operands, inner.object,
                              first_argument(inner), code, 2 * pending);
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

static const char *op_name(int op)
{
    switch (op) {
    case CALL:
        return "CALL";
    case CALL_FUNCTION_EX:
        return "CALL_FUNCTION_EX";
    case FOR_ITER:
        return "FOR_ITER";
    case BEFORE_WITH:
        return "BEFORE_WITH";
    case SEND:
        return "SEND";
    case BINARY_SUBSCR:
        return "BINARY_SUBSCR";
    case LOAD_ATTR:
        return "LOAD_ATTR";
    case WITH_EXCEPT_START:
        return "WITH_EXCEPT_START";
    default:
        return "";
    }
}

int gf_classify(gf_frame *f, gf_code_info *info, int pending, gf_inner inner,
                gf_boundary *out)
{
    PyCodeObject *code = gf_code(f);
    PyObject **stack = gf_slots(f) + code->co_nlocalsplus;
    int oparg, op = gf_op_at(info, pending, &oparg);
    int first, count = readable(info, pending, &first);
    if (count > 0 && stack[first] == inner.object && inner.frame != NULL
        && gf_is_generator(inner.frame) && (op == FOR_ITER || op == SEND)) {
        out->delivery = op == SEND ? GF_SEND : GF_NEXT;
        return 0;
    }
    if (op == CALL && stack[first] == NULL && runs_inner(stack[first + 1], inner)) {
        return 0;
    }
    if (op == CALL_FUNCTION_EX && runs_inner(stack[first], inner)) {
        return 0;
    }
    return ask(op_name(op), oparg, operand_tuple(stack, first, count), inner, code,
               pending, out);
}

int gf_classify_root(PyObject *callable, gf_inner inner, gf_boundary *out)
{
    if (runs_inner(callable, inner)) {
        return 0;
    }
    return ask("ROOT", 0, PyTuple_Pack(1, callable), inner, gf_code(inner.frame), 0,
               out);
}
