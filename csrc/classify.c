/* A frame that waits for C code which in turn runs the frame inside it: can the result of
 * the inner frame be handed on without that C code? Only where it is known what the C code
 * does after the inner frame: nothing but to pass its result on, or what a frame of
 * ours, an adapter, does in its place. The common cases are decided here, the others by
 * the Python classifier (greenflow/continuation/boundary.py); all else is refused.
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

/* --- decisions ----------------------------------------------------------------------------- */

/* What is called: of the two slots of a call the lower one; where that is NULL, the call
 * is no method's, and it is the other one (up to 3.12). */
static PyObject *called(const gf_operands *o)
{
    PyObject *callable = gf_operand(o, 0);
    return callable != NULL || GF_CALLABLE_FIRST ? callable : gf_operand(o, 1);
}

/* Whether CALL itself calls the operation. The callable's slot does not tell: a bound
 * method or a partial() lends it to what it puts before the arguments. */
static int calls_directly(const gf_operands *o, gf_inner inner)
{
    return inner.frame == NULL && called(o) == inner.object
           && gf_lends_arguments(o->frame, o->first + 2, inner.args);
}

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

static void take_answer(PyObject *held, PyObject *tops, PyObject *adapters,
                        gf_boundary *out)
{
    /* a one-tuple, so that None can be held too */
    int holds = PyTuple_GET_SIZE(held) == 1;
    out->held = holds ? Py_NewRef(PyTuple_GET_ITEM(held, 0)) : NULL;
    out->tops = PyTuple_GET_SIZE(tops) > 0 ? Py_NewRef(tops) : NULL;
    out->adapters = PyTuple_GET_SIZE(adapters) > 0 ? Py_NewRef(adapters) : NULL;
}

static int ask(const char *kind, int oparg, PyObject *operands, gf_inner inner,
               PyCodeObject *code, int pending, gf_boundary *out)
{
    if (operands == NULL || classifier == NULL) {
        Py_XDECREF(operands);
        return gf_refuse(code, pending, "the core is not configured");
    }
    PyObject *answer = PyObject_CallFunction(
        classifier, "siNOOOi", kind, oparg, operands, inner.object,
        gf_first_argument(inner), code, 2 * pending);
    if (answer == NULL) {
        return -1;
    }
    PyObject *held, *tops, *adapters;
    int ok = PyArg_ParseTuple(answer, "bO!O!O!", &out->delivery, &PyTuple_Type, &held,
                              &PyTuple_Type, &tops, &PyTuple_Type, &adapters)
                 ? 0
                 : -1;
    if (ok == 0) {
        take_answer(held, tops, adapters, out);
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
    gf_operands o = gf_readable(f, info, pending, inner);
    int awaits = kind == GF_OP_FOR_ITER || kind == GF_OP_SEND;
    if (awaits && inner.frame != NULL && gf_is_generator(inner.frame)
        && gf_operand(&o, 0) == inner.object) {
        out->delivery = kind == GF_OP_SEND ? GF_SEND : GF_NEXT;
        return 0;
    }
    if ((kind == GF_OP_CALL || kind == GF_OP_CALL_KW) && calls_directly(&o, inner)) {
        return 0;
    }
    if (kind == GF_OP_CALL_EX && runs_inner(called(&o), inner)) {
        return 0;
    }
    return ask(gf_kind_name(kind), oparg, gf_operand_tuple(&o), inner, code, pending,
               out);
}

int gf_classify_root(PyObject *callable, gf_inner inner, gf_boundary *out)
{
    if (runs_inner(callable, inner)) {
        return 0;
    }
    return ask("root", 0, PyTuple_Pack(1, callable), inner, gf_code(inner.frame), 0,
               out);
}
