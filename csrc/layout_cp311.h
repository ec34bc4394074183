/* CPython 3.11: read from Include/internal/pycore_frame.h, Include/cpython/pystate.h,
 * Python/ceval.c, Python/frame.c, Python/pystate.c, Objects/genobject.c at v3.11.2 and
 * from the headers of v3.11.7 (the same in all that is used here).
 */
#ifndef GREENFLOW_LAYOUT_CP311_H
#define GREENFLOW_LAYOUT_CP311_H

#include "layout_cframe.h"

#define GF_LAYOUT_MINOR 11

/* --- frames ---------------------------------------------------------------------- */

/* The frame that called f; *through_c tells whether C code lies between (ceval.c: the
 * first frame of each run of the evaluation loop has is_entry set). */
static inline gf_frame *gf_caller(gf_frame *f, int *through_c)
{
    *through_c = f->is_entry;
    return f->previous;
}

static inline PyObject *gf_function(gf_frame *f) { return (PyObject *)f->f_func; }

static inline void gf_set_position(gf_frame *f, int unit)
{
    f->prev_instr = _PyCode_CODE(f->f_code) + unit;
}

static inline size_t gf_frame_words(PyCodeObject *code)
{
    return (size_t)(code->co_nlocalsplus + code->co_stacksize) + FRAME_SPECIALS_SIZE;
}

/* The header of a frame on the data stack; takes over the reference to locals. The
 * slots are the caller's work. As _PyFrame_InitializeSpecials, pycore_frame.h. */
static inline void gf_init_frame(gf_frame *f, PyObject *function, PyObject *locals)
{
    PyFunctionObject *func = (PyFunctionObject *)function;
    f->f_func = (PyFunctionObject *)Py_NewRef(function);
    f->f_code = (PyCodeObject *)Py_NewRef(func->func_code);
    f->f_globals = func->func_globals;
    f->f_builtins = func->func_builtins;
    f->f_locals = locals;
    f->frame_obj = NULL;
    f->previous = NULL;
    f->is_entry = false;
    f->owner = FRAME_OWNED_BY_THREAD;
}

/* Makes f run `code`, which is its own code but for the exception table. */
static inline void gf_swap_code(gf_frame *f, PyCodeObject *code)
{
    int unit = gf_position(f);
    PyCodeObject *old = f->f_code;
    f->f_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
    gf_set_position(f, unit);
    Py_DECREF(old);
}

/* A pointer of ours in each code object, freed with it. */
#define GF_REQUEST_EXTRA _PyEval_RequestCodeExtraIndex
#define GF_GET_EXTRA _PyCode_GetExtra
#define GF_SET_EXTRA _PyCode_SetExtra

/* --- the thread ------------------------------------------------------------------ */

/* One is taken for each Python frame at start_frame (ceval.c). */
static inline int *gf_recursion_left(PyThreadState *ts)
{
    return &ts->recursion_remaining;
}

/* --- generators (Objects/genobject.c: make_gen, gen_send_ex2) ---------------------- */

static inline PyCodeObject *gf_generator_code(PyGenObject *gen) { return gen->gi_code; }

/* The slots that a generator of this code needs behind its header. */
static inline Py_ssize_t gf_generator_slots(PyCodeObject *code)
{
    return code->co_nlocalsplus + code->co_stacksize;
}

/* The frame of a cleared generator, made ready to be filled. */
static inline void gf_init_generator_frame(PyGenObject *gen, PyObject *function,
                                           PyObject *locals)
{
    gf_frame *f = gf_generator_frame(gen);
    gf_init_frame(f, function, locals);
    f->owner = FRAME_OWNED_BY_GENERATOR;
}

/* What makes a new generator object whole while it is still cleared. */
static inline void gf_init_generator(PyGenObject *gen, PyCodeObject *code)
{
    gen->gi_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
}

/* --- instructions (Lib/opcode.py, Python/ceval.c) ---------------------------------- */

static inline int gf_op_caches(int op)
{
    switch (op) {
    case BINARY_SUBSCR:
        return INLINE_CACHE_ENTRIES_BINARY_SUBSCR;
    case STORE_SUBSCR:
        return INLINE_CACHE_ENTRIES_STORE_SUBSCR;
    case UNPACK_SEQUENCE:
        return INLINE_CACHE_ENTRIES_UNPACK_SEQUENCE;
    case STORE_ATTR:
        return INLINE_CACHE_ENTRIES_STORE_ATTR;
    case LOAD_ATTR:
        return INLINE_CACHE_ENTRIES_LOAD_ATTR;
    case LOAD_METHOD:
        return INLINE_CACHE_ENTRIES_LOAD_METHOD;
    case COMPARE_OP:
        return INLINE_CACHE_ENTRIES_COMPARE_OP;
    case LOAD_GLOBAL:
        return INLINE_CACHE_ENTRIES_LOAD_GLOBAL;
    case BINARY_OP:
        return INLINE_CACHE_ENTRIES_BINARY_OP;
    case PRECALL:
        return INLINE_CACHE_ENTRIES_PRECALL;
    case CALL:
        return INLINE_CACHE_ENTRIES_CALL;
    default:
        return 0;
    }
}

/* +1 jumps forward, -1 backward, 0 not at all. */
static inline int gf_op_jump(int op)
{
    switch (op) {
    case FOR_ITER:
    case JUMP_FORWARD:
    case JUMP_IF_FALSE_OR_POP:
    case JUMP_IF_TRUE_OR_POP:
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_FORWARD_IF_TRUE:
    case SEND:
    case POP_JUMP_FORWARD_IF_NOT_NONE:
    case POP_JUMP_FORWARD_IF_NONE:
        return 1;
    case JUMP_BACKWARD_NO_INTERRUPT:
    case JUMP_BACKWARD:
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
    case POP_JUMP_BACKWARD_IF_NONE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
        return -1;
    default:
        return 0;
    }
}

/* Control never goes on behind these. */
static inline int gf_op_ends(int op)
{
    switch (op) {
    case RETURN_VALUE:
    case RAISE_VARARGS:
    case RERAISE:
    case JUMP_FORWARD:
    case JUMP_BACKWARD:
    case JUMP_BACKWARD_NO_INTERRUPT:
        return 1;
    default:
        return 0;
    }
}

/* stack_effect (compile.c) splits what PRECALL and CALL pop between the two, but the
 * interpreter pops all of it in CALL; and it leaves out the value that is pushed when
 * a generator is first sent into (genobject.c, gen_send_ex2). */
static inline int gf_op_effect(int op, int oparg, int jump)
{
    switch (op) {
    case PRECALL:
        return 0;
    case CALL:
        return -(oparg + 1);
    case RETURN_GENERATOR:
        return 1;
    default:
        return PyCompile_OpcodeStackEffectWithJump(op, oparg, jump);
    }
}

/* Comprehensions are functions: nothing borrows a local variable. */
static inline int gf_op_borrows_local(int op)
{
    (void)op;
    return 0;
}

/* A specialised PRECALL makes the whole call and goes on behind the CALL that follows
 * (ceval.c, PRECALL_*): the pair counts as that CALL. */
static inline int gf_op_is_precall(int op) { return op == PRECALL; }

/* BEFORE_WITH has put the bound __exit__ into the manager's slot before __enter__ runs;
 * SEND's end puts the result into the receiver's slot. */
enum { GF_WITH_EXIT_IN_SLOT = 1, GF_SEND_END_KEEPS_RECEIVER = 0 };

#endif
