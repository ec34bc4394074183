/* What must hold of a frame record before a frame is built from it. Stored bytes carry a
 * checksum and the hash of their code; this is the second fence, so that no mistake on
 * the way can make the interpreter read a slot as what it is not.
 */
#include "frames.h"

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

static int verify_delivery(const gf_record *r, gf_op_kind kind, Py_ssize_t index)
{
    int iterator = r->nstack - GF_ITERATOR_DEPTH;
    PyObject *top = iterator < 0 ? NULL : r->slots[r->nlocals + iterator];
    switch (r->delivery) {
    case GF_PUSH:
        return kind == GF_OP_FOR_ITER || kind == GF_OP_SEND ? bad(index, "the delivery")
                                                            : 0;
    case GF_INIT:
        return r->held != NULL ? 0 : bad(index, "no instance to give");
    case GF_NEXT:
        return kind == GF_OP_FOR_ITER && top != NULL && PyIter_Check(top)
                   ? 0
                   : bad(index, "a loop without its iterator");
    case GF_SEND:
        return kind == GF_OP_SEND && top != NULL
                   ? 0
                   : bad(index, "nothing that is awaited");
    case GF_CALL_NEXT:
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
    return verify_cells(r, info, index);
}

int gf_verify_record(const gf_record *r, Py_ssize_t index)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    gf_code_info *info = gf_info(code);
    if (info == NULL || verify_place(r, info, index) < 0) {
        return -1;
    }
    int flags = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
    if (((code->co_flags & flags) != 0) != (r->generator != NULL)) {
        return bad(index, "a generator's frame without it, or the other way round");
    }
    if (verify_delivery(r, gf_kind_at(info, r->pending), index) < 0) {
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
