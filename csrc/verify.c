/* What must hold of a frame record before a frame is built from it. Stored bytes carry a
 * checksum and the hash of their code; this is the second fence, so that no mistake on
 * the way can make the interpreter read a slot as what it is not.
 */
#include "slots.h"

static int bad(Py_ssize_t index, const char *what)
{
    PyErr_Format(PyExc_ValueError, "not a valid stack: frame %zd: %s", index, what);
    return -1;
}

static int is_borrowed(gf_code_info *info, int slot)
{
    for (int unit = 0; unit < info->units; unit++) {
        int oparg;
        if (info->depth[unit] >= 0 && gf_op_borrows_local(gf_op_at(info, unit, &oparg))
            && oparg == slot) {
            return 1;
        }
    }
    return 0;
}

/* Cells are read unchecked by LOAD_DEREF and its kin. */
static int verify_cells(const gf_record *r, gf_code_info *info, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    const char *kinds = PyBytes_AS_STRING(code->co_localspluskinds);
    for (int i = 0; i < r->nlocals; i++) {
        int kind = (unsigned char)kinds[i];
        int is_cell = r->slots[i] != NULL && PyCell_Check(r->slots[i]);
        if ((kind & CO_FAST_FREE) && !is_cell) {
            return bad(index, "a free variable without its cell");
        }
        if ((kind & CO_FAST_CELL) && !is_cell && !is_borrowed(info, i)) {
            return bad(index, "a cell variable without its cell");
        }
    }
    return 0;
}

static int is_iterator(const gf_record *r, int slot, PyObject *value)
{
    if (GF_ITERATOR_DEPTH > 1 && slot + 1 < r->nstack) {
        PyObject *above = r->slots[r->nlocals + slot + 1];
        if (above != NULL) {
            return Py_IS_TYPE(above, &gf_index_type) && gf_goes_by_index(value);
        }
    }
    return PyIter_Check(value);
}

static int is_place(const gf_code_info *info, PyObject *value)
{
    if (!PyLong_CheckExact(value) && !Py_IS_TYPE(value, &gf_index_type)) {
        return 0;
    }
    int overflow;
    long place = PyLong_AsLongAndOverflow(value, &overflow);
    return !overflow && place >= 0 && place < info->units;
}

/* What is wrong with a value that lies in a slot of the stack, or NULL. */
static const char *wrong_in_slot(const gf_record *r, const gf_code_info *info, int slot,
                                 int kind)
{
    PyObject *value = r->slots[r->nlocals + slot];
    if (value == NULL) {
        return kind & GF_SLOT_NOTHING ? NULL : "nothing where a value must be";
    }
    if ((kind & GF_SLOT_ITERATOR) && !is_iterator(r, slot, value)) {
        return "no iterator in a loop";
    }
    if (((kind & GF_SLOT_LIST) && !PyList_CheckExact(value))
        || ((kind & GF_SLOT_SET) && !PySet_CheckExact(value))
        || ((kind & GF_SLOT_DICT) && !PyDict_CheckExact(value))) {
        return "another type than is filled there";
    }
    int raised = PyExceptionInstance_Check(value);
    if (((kind & GF_SLOT_RAISED) && !raised)
        || ((kind & GF_SLOT_HANDLED) && !raised && value != Py_None)) {
        return "no exception where one is handled";
    }
    return (kind & GF_SLOT_PLACE) && !is_place(info, value)
               ? "no place where an exception was raised"
               : NULL;
}

/* The slot that what the frame waits in has written already: below a property that is
 * called next there is nothing, and 3.12 runs the property inline (bytecodes.c,
 * LOAD_ATTR_PROPERTY: SET_TOP(NULL)). */
static int written_before_result(const gf_record *r, const gf_code_info *info)
{
    int oparg, op = gf_op_at(info, r->pending, &oparg);
    return r->delivery == GF_PUSH ? gf_nothing_after(op, oparg, r->nstack + 1) : -1;
}

static int verify_stack(const gf_record *r, gf_code_info *info, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    int written = written_before_result(r, info);
    const unsigned char *kinds = gf_slots_at(info, code, r->pending);
    if (kinds == NULL) {
        return -1;
    }
    for (int slot = 0; slot < r->nstack; slot++) {
        int kind = kinds[slot] | (slot == written ? GF_SLOT_NOTHING : 0);
        const char *wrong = wrong_in_slot(r, info, slot, kind);
        if (wrong != NULL) {
            return bad(index, wrong);
        }
    }
    return 0;
}

/* Whether what comes from inside may be pushed, whatever it is: a loop would take what
 * GET_ITER gives unchecked, and LIST_EXTEND pushes nothing. */
static int takes_any_result(const gf_code_info *info, int unit)
{
    int oparg, op = gf_op_at(info, unit, &oparg);
    gf_op_kind kind = gf_kind_of(op, oparg);
    if (kind < GF_OP_CALL || kind >= GF_OP_OR_POP || kind == GF_OP_FOR_ITER
        || kind == GF_OP_SEND || gf_op_jump(op) != 0) {
        return 0;
    }
    switch (op) {
    case GET_ITER:
    case GET_AITER:
    case GET_AWAITABLE:
#ifdef GET_YIELD_FROM_ITER
    case GET_YIELD_FROM_ITER:
#endif
    case LIST_EXTEND:
    case SET_UPDATE:
    case STORE_ATTR:
    case STORE_SUBSCR:
#ifdef STORE_SLICE
    case STORE_SLICE:
#endif
    case DELETE_ATTR:
    case DELETE_SUBSCR:
        return 0;
    default:
        return 1;
    }
}

/* Nor does one that hands its result to what takes it unchecked: 3.14 calls the function
 * of all(... for ...) and loops over what it gives (codegen.c,
 * maybe_optimize_function_call). */
static int verify_push(const gf_record *r, gf_code_info *info, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    int next = gf_last_unit(info, r->pending) + 1;
    const unsigned char *kinds = gf_slots_at(info, code, next);
    if (kinds == NULL) {
        return -1;
    }
    int asked = kinds[r->nstack] & ~GF_SLOT_NOTHING;
    return !asked && takes_any_result(info, r->pending) ? 0
                                                        : bad(index, "the delivery");
}

static int is_call(gf_op_kind kind)
{
    return kind == GF_OP_CALL || kind == GF_OP_CALL_KW || kind == GF_OP_CALL_EX;
}

static int verify_delivery(const gf_record *r, gf_code_info *info, Py_ssize_t index)
{
    gf_op_kind kind = gf_kind_at(info, r->pending);
    int iterator = r->nstack - GF_ITERATOR_DEPTH;
    PyObject *top = iterator < 0 ? NULL : r->slots[r->nlocals + iterator];
    switch (r->delivery) {
    case GF_PUSH:
        return verify_push(r, info, index);
    case GF_INIT:
        return r->held != NULL && is_call(kind) ? 0 : bad(index, "no instance to give");
    case GF_NEXT:
        return kind == GF_OP_FOR_ITER && top != NULL && PyIter_Check(top)
                   ? 0
                   : bad(index, "a loop without its iterator");
    case GF_SEND:
        return kind == GF_OP_SEND && top != NULL
                   ? 0
                   : bad(index, "nothing that is awaited");
    case GF_CALL_NEXT:
        return is_call(kind) ? 0 : bad(index, "the delivery");
    case GF_AT:
        return 0;
    case GF_AGAIN:
        return gf_kind_runs_again(kind) ? 0 : bad(index, "the delivery");
    case GF_OR_POP:
        return kind == GF_OP_OR_POP && r->held != NULL ? 0 : bad(index, "the delivery");
    default:
        return bad(index, "an unknown delivery");
    }
}

static int verify_generator(const gf_record *r, PyCodeObject *code, Py_ssize_t index)
{
    if (r->generator == NULL) {
        return r->exc == NULL ? 0 : bad(index, "an exception without a generator");
    }
    if (!PyGen_Check(r->generator) && !PyCoro_CheckExact(r->generator)
        && !PyAsyncGen_CheckExact(r->generator)) {
        return bad(index, "a generator that is none");
    }
    PyGenObject *gen = (PyGenObject *)r->generator;
    if (gen->gi_frame_state != GF_GEN_CLEARED
        && gen->gi_frame_state != GF_GEN_EXECUTING) {
        return bad(index, "a generator that is suspended elsewhere");
    }
    if (gf_generator_slots(gf_generator_code(gen)) != gf_generator_slots(code)) {
        return bad(index, "a generator of other code");
    }
    return r->exc == NULL || r->exc == Py_None || PyExceptionInstance_Check(r->exc)
               ? 0
               : bad(index, "what is being handled is no exception");
}

/* The offset, the depth of the stack and the cells: true of every frame, also of a
 * generator's that is suspended by itself. */
static int verify_place(const gf_record *r, gf_code_info *info, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    if (r->pending < 0 || r->pending >= info->units || info->depth[r->pending] < 0) {
        return bad(index, "its offset is not at an instruction");
    }
    if (r->delivery == GF_AT && !gf_can_begin_at(info, r->pending)) {
        return bad(index, "no instruction can begin there");
    }
    int pushed = r->delivery != GF_AT;
    if (gf_kept_for(info, r->pending, r->delivery) != r->nstack
        || r->nstack + pushed > code->co_stacksize) {
        return bad(index, "its stack has another depth than the code has there");
    }
    if (r->locals != NULL && !PyDict_Check(r->locals)) {
        return bad(index, "its locals are no dict");
    }
    return verify_cells(r, info, index) < 0 ? -1 : verify_stack(r, info, index);
}

/* Of what is loaded: a function that lives may have others, and is saved with plain ones. */
int gf_verify_globals(const gf_record *r, Py_ssize_t index)
{
    PyFunctionObject *function = (PyFunctionObject *)r->function;
    return PyDict_CheckExact(function->func_globals)
                   && PyDict_CheckExact(function->func_builtins)
               ? 0
               : bad(index, "its globals or builtins are no plain dict");
}

int gf_verify_record(const gf_record *r, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    gf_code_info *info = gf_info(code);
    if (info == NULL || gf_verify_globals(r, index) < 0
        || verify_place(r, info, index) < 0) {
        return -1;
    }
    int flags = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
    if (((code->co_flags & flags) != 0) != (r->generator != NULL)) {
        return bad(index, "a generator's frame without it, or the other way round");
    }
    if (verify_delivery(r, info, index) < 0) {
        return -1;
    }
    return verify_generator(r, code, index);
}

/* A generator that is suspended by itself waits at its start or at a yield. */
int gf_verify_suspended(const gf_record *r)
{
    gf_code_info *info = gf_info((PyCodeObject *)PyFunction_GET_CODE(r->function));
    if (info == NULL || verify_place(r, info, 0) < 0) {
        return -1;
    }
    gf_op_kind kind = gf_kind_at(info, r->pending);
    if (kind != GF_OP_YIELD && kind != GF_OP_START) {
        return bad(0, "it is not at a yield");
    }
    return r->exc == NULL || r->exc == Py_None || PyExceptionInstance_Check(r->exc)
               ? 0
               : bad(0, "what is being handled is no exception");
}
