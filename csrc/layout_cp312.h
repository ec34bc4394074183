/* CPython 3.12: read from Include/internal/pycore_frame.h, Include/cpython/pystate.h,
 * Include/cpython/code.h and Include/cpython/genobject.h of v3.12.1, and from
 * Python/bytecodes.c, Python/ceval.c, Python/frame.c and Objects/genobject.c of the 3.12
 * branch.
 */
#ifndef GREENFLOW_LAYOUT_CP312_H
#define GREENFLOW_LAYOUT_CP312_H

#include "layout_cframe.h"

#define GF_LAYOUT_MINOR 12

/* --- frames ---------------------------------------------------------------------- */

/* The frame that called f; *through_c tells whether C code lies between: each run of the
 * evaluation loop puts a trampoline frame of its own below its first frame
 * (ceval.c, _PyEval_EvalFrameDefault: entry_frame). */
static inline gf_frame *gf_caller(gf_frame *f, int *through_c)
{
    gf_frame *caller = f->previous;
    *through_c = 0;
    while (caller != NULL && caller->owner == FRAME_OWNED_BY_CSTACK) {
        *through_c = 1;
        caller = caller->previous;
    }
    return caller;
}

static inline PyObject *gf_function(gf_frame *f) { return f->f_funcobj; }

static inline void gf_set_position(gf_frame *f, int unit)
{
    f->prev_instr = _PyCode_CODE(f->f_code) + unit;
    f->return_offset = 0; /* RETURN_VALUE adds its callee's caller's offset */
}

static inline size_t gf_frame_words(PyCodeObject *code)
{
    return (size_t)code->co_framesize;
}

/* The header of a frame on the data stack; takes over the reference to locals. The
 * slots are the caller's work. As _PyFrame_Initialize, pycore_frame.h. */
static inline void gf_init_frame(gf_frame *f, PyObject *function, PyObject *locals)
{
    PyFunctionObject *func = (PyFunctionObject *)function;
    f->f_funcobj = Py_NewRef(function);
    f->f_code = (PyCodeObject *)Py_NewRef(func->func_code);
    f->f_globals = func->func_globals;
    f->f_builtins = func->func_builtins;
    f->f_locals = locals;
    f->frame_obj = NULL;
    f->previous = NULL;
    f->return_offset = 0;
    f->owner = FRAME_OWNED_BY_THREAD;
}

/* Makes f run `code`, which is its own code but for the exception table. */
static inline void gf_swap_code(gf_frame *f, PyCodeObject *code)
{
    Py_ssize_t unit = f->prev_instr - _PyCode_CODE(f->f_code);
    PyCodeObject *old = f->f_code;
    f->f_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
    f->prev_instr = _PyCode_CODE(code) + unit;
    Py_DECREF(old);
}

/* A pointer of ours in each code object, freed with it. */
#define GF_REQUEST_EXTRA PyUnstable_Eval_RequestCodeExtraIndex
#define GF_GET_EXTRA PyUnstable_Code_GetExtra
#define GF_SET_EXTRA PyUnstable_Code_SetExtra

/* --- the thread ------------------------------------------------------------------ */

/* One is taken for each Python frame at start_frame (ceval.c, _Py_EnterRecursivePy). */
static inline int *gf_recursion_left(PyThreadState *ts)
{
    return &ts->py_recursion_remaining;
}

/* --- generators (Objects/genobject.c: make_gen, gen_send_ex2) ---------------------- */

static inline PyCodeObject *gf_generator_code(PyGenObject *gen)
{
    return gf_generator_frame(gen)->f_code;
}

/* The slots that a generator of this code needs behind its header. */
static inline Py_ssize_t gf_generator_slots(PyCodeObject *code)
{
    return _PyFrame_NumSlotsForCodeObject(code);
}

/* The frame of a cleared generator, made ready to be filled. A cleared generator still
 * owns its code (frame.c, _PyFrame_ClearExceptCode). */
static inline void gf_init_generator_frame(PyGenObject *gen, PyObject *function,
                                           PyObject *locals)
{
    gf_frame *f = gf_generator_frame(gen);
    PyCodeObject *old = f->f_code;
    gf_init_frame(f, function, locals);
    f->owner = FRAME_OWNED_BY_GENERATOR;
    Py_DECREF(old);
}

/* What makes a new generator object whole while it is still cleared. */
static inline void gf_init_generator(PyGenObject *gen, PyCodeObject *code)
{
    gf_frame *f = gf_generator_frame(gen);
    f->f_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
    f->frame_obj = NULL;
    f->previous = NULL;
    f->prev_instr = _PyCode_CODE(code) - 1;
    f->stacktop = 0;
    f->owner = FRAME_OWNED_BY_GENERATOR;
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
    case LOAD_SUPER_ATTR:
        return INLINE_CACHE_ENTRIES_LOAD_SUPER_ATTR;
    case COMPARE_OP:
        return INLINE_CACHE_ENTRIES_COMPARE_OP;
    case LOAD_GLOBAL:
        return INLINE_CACHE_ENTRIES_LOAD_GLOBAL;
    case BINARY_OP:
        return INLINE_CACHE_ENTRIES_BINARY_OP;
    case FOR_ITER:
        return INLINE_CACHE_ENTRIES_FOR_ITER;
    case SEND:
        return INLINE_CACHE_ENTRIES_SEND;
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
    case POP_JUMP_IF_FALSE:
    case POP_JUMP_IF_TRUE:
    case SEND:
    case POP_JUMP_IF_NOT_NONE:
    case POP_JUMP_IF_NONE:
        return 1;
    case JUMP_BACKWARD_NO_INTERRUPT:
    case JUMP_BACKWARD:
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
    case RETURN_CONST:
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

/* stack_effect (compile.c) leaves out the value that is pushed when a generator is first
 * sent into (genobject.c, gen_send_ex2). */
static inline int gf_op_effect(int op, int oparg, int jump)
{
    if (op == RETURN_GENERATOR) {
        return 1;
    }
    return PyCompile_OpcodeStackEffectWithJump(op, oparg, jump);
}

/* An inlined comprehension (PEP 709) saves the variable that it shadows on the stack; if
 * its own is a cell variable, the slot is a cell only meanwhile. */
static inline int gf_op_borrows_local(int op) { return op == LOAD_FAST_AND_CLEAR; }

static inline int gf_op_is_precall(int op)
{
    (void)op;
    return 0;
}

/* While __enter__ runs, BEFORE_WITH holds the bound __exit__ in a C variable and the
 * manager's slot is stale (though `enter` keeps the manager alive); SEND's end leaves
 * the receiver for END_SEND (bytecodes.c). */
enum { GF_WITH_EXIT_IN_SLOT = 0, GF_SEND_END_KEEPS_RECEIVER = 1 };

#endif
