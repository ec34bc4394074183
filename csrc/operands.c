/* What may be read of the instruction that a frame waits at, and of the frame inside.
 *
 * Only operands that the pending instruction still owns are read: some are released or
 * overwritten while it waits (ceval.c: CALL_FUNCTION_EX frees its arguments, SEND takes
 * the value it sends; call.c: a bound method's vectorcall borrows the callable's slot).
 * Up to 3.13 nothing in a frame tells that an instruction has done its work and is letting
 * go of its operands, one of which runs Python code as it goes: such code is known by
 * itself, and then nothing is read. From 3.14 on the stack pointer tells.
 */
#include "frames.h"

/* --- the frame inside ---------------------------------------------------------------------- */

/* A positional argument of the frame inside, as it is now, or NULL. */
static PyObject *argument(gf_inner inner, int index)
{
    PyCodeObject *code = inner.frame == NULL ? NULL : gf_code(inner.frame);
    PyObject *value = NULL;
    if (code != NULL && index < code->co_argcount) {
        value = gf_peek(inner.frame, index);
    }
    else if (code != NULL && (code->co_flags & CO_VARARGS)) {
        int named = code->co_argcount + code->co_kwonlyargcount;
        PyObject *rest = gf_peek(inner.frame, named);
        index -= code->co_argcount;
        if (rest != NULL && PyTuple_Check(rest) && PyTuple_GET_SIZE(rest) > index) {
            value = PyTuple_GET_ITEM(rest, index);
        }
    }
    if (value != NULL && PyCell_Check(value)) {
        value = PyCell_GET(value);
    }
    return value;
}

PyObject *gf_first_argument(gf_inner inner)
{
    PyObject *value = argument(inner, 0);
    return value == NULL ? Py_None : value;
}

static int is_dead_reference(PyObject *value)
{
    if (value == NULL || !PyWeakref_CheckRef(value)) {
        return 0;
    }
    PyObject *referent = PyObject_CallNoArgs(value);
    Py_XDECREF(referent);
    PyErr_Clear();
    return referent == Py_None;
}

/* Whether a callback of weak references runs: it is given one to what has gone. */
static int has_dead_reference(gf_frame *f)
{
    PyCodeObject *code = gf_code(f);
    int named = code->co_argcount + code->co_kwonlyargcount;
    for (int i = 0; i < named; i++) {
        if (is_dead_reference(gf_peek(f, i))) {
            return 1;
        }
    }
    PyObject *rest = code->co_flags & CO_VARARGS ? gf_peek(f, named) : NULL;
    for (Py_ssize_t i = 0; rest != NULL && PyTuple_Check(rest); i++) {
        if (i == PyTuple_GET_SIZE(rest)) {
            break;
        }
        if (is_dead_reference(PyTuple_GET_ITEM(rest, i))) {
            return 1;
        }
    }
    return 0;
}

/* Whether the frame inside may run because an object goes. */
static int runs_at_an_end(gf_inner inner)
{
    if (inner.frame == NULL) {
        return 0;
    }
    if (gf_is_generator(inner.frame)) {
        /* genobject.c, _PyGen_Finalize: as close(); object.c,
         * PyObject_CallFinalizerFromDealloc: with one reference */
        PyGenObject *gen = gf_generator_of(inner.frame);
        PyObject *handled = gen->gi_exc_state.exc_value;
        return GF_FREES_SLOTS && Py_REFCNT(gen) < 2 && handled != NULL
               && handled != Py_None
               && PyErr_GivenExceptionMatches(handled, PyExc_GeneratorExit);
    }
    PyObject *name = gf_code(inner.frame)->co_name;
    return PyUnicode_CompareWithASCIIString(name, "__del__") == 0
           || has_dead_reference(inner.frame);
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
    case GF_OP_ONE:
    case GF_OP_OR_POP:
        *first = depth - 1;
        return 1;
    case GF_OP_RAISE: /* with a cause, both have been taken */
        *first = depth - 1;
        return oparg == 1;
    case GF_OP_THREE:
        *first = depth - 3;
        return 3;
    case GF_OP_SUBSCRIPT:
    case GF_OP_TWO:
    case GF_OP_COMPARE:
        *first = depth - 2;
        return 2;
    case GF_OP_FORMAT:
        *first = depth - 1 - gf_op_has_spec(oparg);
        return 1 + gf_op_has_spec(oparg);
    case GF_OP_SLICE: /* where it is cut has become a slice */
        *first = depth - 3;
        return 1;
    case GF_OP_EXIT:
        *first = depth - GF_EXIT_DEPTH;
        return 1;
    default:
        *first = 0;
        return 0;
    }
}

/* Of an instruction that runs Python code also when it has freed its operands: whether
 * the frame inside has them as its first arguments, in whatever order. What is freed can
 * be none of two arguments: one may lie where it was, but not the other too. */
static int are_arguments(const gf_operands *o, gf_op_kind kind, gf_inner inner)
{
    PyObject *first = argument(inner, 0), *second = argument(inner, 1);
    if (first == NULL || kind == GF_OP_FORMAT) { /* only the first has been freed */
        return first != NULL && first == gf_operand(o, 0);
    }
    PyObject *left = gf_operand(o, 0), *right = gf_operand(o, 1);
    return (first == left && second == right) || (first == right && second == left);
}

/* Of the operands that may be read, or that lie above them: how many have been taken off
 * the stack, though nothing lets go of them before the instruction has done its work
 * (bytecodes.c of 3.14: BINARY_SLICE; RAISE_VARARGS, with ceval.c, do_raise). */
static int consumed(gf_op_kind kind)
{
    return kind == GF_OP_SLICE ? 2 : kind == GF_OP_RAISE ? 1 : 0;
}

gf_operands gf_readable(gf_frame *f, const gf_code_info *info, int unit, gf_inner inner)
{
    gf_operands o = {.frame = f};
    int oparg, op = gf_op_at(info, unit, &oparg);
    if (gf_kind_of(op, oparg) == GF_OP_SUPER) {
        o.count = 1; /* the frame's first variable, as super() takes it */
        return o;
    }
    o.count = readable(info, unit, &o.first);
    o.first += gf_code(f)->co_nlocalsplus;
    gf_op_kind kind = gf_kind_of(op, oparg);
    int freed = gf_op_frees_operands(op, oparg) && !are_arguments(&o, kind, inner);
    if (freed || runs_at_an_end(inner)
        || !gf_has_operands(f, info->depth[unit], consumed(kind))) {
        o.count = 0;
    }
    return o;
}

PyObject *gf_operand(const gf_operands *o, int i)
{
    return i < o->count ? gf_peek(o->frame, o->first + i) : NULL;
}

/* As a tuple; NULLs are left out: they only stand where a method's self would. */
PyObject *gf_operand_tuple(const gf_operands *o)
{
    PyObject *list = PyList_New(0);
    for (int i = 0; list != NULL && i < o->count; i++) {
        PyObject *value = gf_operand(o, i);
        if (value != NULL && PyList_Append(list, value) < 0) {
            Py_CLEAR(list);
        }
    }
    PyObject *tuple = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}
