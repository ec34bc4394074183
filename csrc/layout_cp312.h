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

static inline void gf_go_on_at(gf_frame *f, int unit)
{
    f->prev_instr = _PyCode_CODE(f->f_code) + unit - 1;
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

/* Lets C code go as deep again as on an empty stack. */
static inline void gf_renew_recursion(PyThreadState *ts)
{
    ts->c_recursion_remaining = C_RECURSION_LIMIT;
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

/* Packed: a name in a line of its own would make them longer than all the rest. */
/* clang-format off */
#define GF_OPS_WAITING(OP) \
    OP(BEFORE_ASYNC_WITH, ENTER) OP(BEFORE_WITH, ENTER) OP(BINARY_OP, TWO) \
    OP(BINARY_SLICE, SLICE) OP(BINARY_SUBSCR, SUBSCRIPT) OP(CALL, CALL) \
    OP(CALL_FUNCTION_EX, CALL_EX) OP(CALL_INTRINSIC_1, ONE) OP(COMPARE_OP, COMPARE) \
    OP(CONTAINS_OP, TWO) OP(DELETE_ATTR, ONE) OP(DELETE_SUBSCR, TWO) \
    OP(EXTENDED_ARG, PREFIX) OP(FORMAT_VALUE, FORMAT) OP(FOR_ITER, FOR_ITER) \
    OP(GET_AITER, ONE) OP(GET_ANEXT, ONE) OP(GET_AWAITABLE, ONE) OP(GET_ITER, ONE) \
    OP(GET_LEN, ONE) OP(GET_YIELD_FROM_ITER, ONE) OP(LIST_EXTEND, TWO) \
    OP(LOAD_ATTR, ATTRIBUTE) OP(LOAD_SUPER_ATTR, SUPER) OP(MATCH_CLASS, THREE) \
    OP(POP_JUMP_IF_FALSE, ONE) OP(POP_JUMP_IF_TRUE, ONE) OP(RAISE_VARARGS, RAISE) \
    OP(RETURN_GENERATOR, START) OP(SEND, SEND) OP(SET_UPDATE, TWO) OP(STORE_ATTR, ONE) \
    OP(STORE_SLICE, SLICE) OP(STORE_SUBSCR, THREE) OP(UNARY_INVERT, ONE) \
    OP(UNARY_NEGATIVE, ONE) OP(UNARY_NOT, ONE) OP(WITH_EXCEPT_START, EXIT) \
    OP(YIELD_VALUE, YIELD)
#define GF_OPS_OPAQUE(OP) \
    OP(BUILD_CONST_KEY_MAP) OP(BUILD_MAP) OP(BUILD_SET) OP(CALL_INTRINSIC_2) \
    OP(CHECK_EG_MATCH) OP(CHECK_EXC_MATCH) OP(DELETE_NAME) OP(DICT_MERGE) \
    OP(DICT_UPDATE) OP(IMPORT_FROM) OP(IMPORT_NAME) OP(LOAD_BUILD_CLASS) \
    OP(LOAD_FROM_DICT_OR_DEREF) OP(LOAD_FROM_DICT_OR_GLOBALS) OP(LOAD_GLOBAL) \
    OP(LOAD_NAME) OP(MAP_ADD) OP(MATCH_KEYS) OP(SET_ADD) OP(STORE_NAME) OP(UNPACK_EX) \
    OP(UNPACK_SEQUENCE)
#define GF_OPS_INERT(OP) \
    OP(BUILD_LIST) OP(BUILD_SLICE) OP(BUILD_STRING) OP(BUILD_TUPLE) \
    OP(CLEANUP_THROW) OP(COPY) OP(COPY_FREE_VARS) OP(DELETE_DEREF) OP(DELETE_FAST) \
    OP(DELETE_GLOBAL) OP(END_ASYNC_FOR) OP(END_FOR) OP(END_SEND) OP(IS_OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) OP(JUMP_FORWARD) OP(KW_NAMES) \
    OP(LIST_APPEND) OP(LOAD_ASSERTION_ERROR) OP(LOAD_CLOSURE) OP(LOAD_CONST) \
    OP(LOAD_DEREF) OP(LOAD_FAST) OP(LOAD_FAST_AND_CLEAR) OP(LOAD_FAST_CHECK) \
    OP(LOAD_LOCALS) OP(MAKE_CELL) OP(MAKE_FUNCTION) OP(MATCH_MAPPING) \
    OP(MATCH_SEQUENCE) OP(NOP) OP(POP_EXCEPT) OP(POP_JUMP_IF_NONE) \
    OP(POP_JUMP_IF_NOT_NONE) OP(POP_TOP) OP(PUSH_EXC_INFO) OP(PUSH_NULL) OP(RERAISE) \
    OP(RESUME) OP(RETURN_CONST) OP(RETURN_VALUE) OP(SETUP_ANNOTATIONS) \
    OP(STORE_DEREF) OP(STORE_FAST) OP(STORE_GLOBAL) OP(SWAP)
#define GF_OPS_CACHED(OP) \
    OP(BINARY_OP, 1) OP(BINARY_SUBSCR, 1) OP(CALL, 3) OP(COMPARE_OP, 1) \
    OP(FOR_ITER, 1) OP(LOAD_ATTR, 9) OP(LOAD_GLOBAL, 4) OP(LOAD_SUPER_ATTR, 1) \
    OP(SEND, 1) OP(STORE_ATTR, 4) OP(STORE_SUBSCR, 1) OP(UNPACK_SEQUENCE, 1)
#define GF_OPS_FORWARD(OP) \
    OP(FOR_ITER) OP(JUMP_FORWARD) OP(POP_JUMP_IF_FALSE) OP(POP_JUMP_IF_NONE) \
    OP(POP_JUMP_IF_NOT_NONE) OP(POP_JUMP_IF_TRUE) OP(SEND)
#define GF_OPS_BACKWARD(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT)
#define GF_OPS_ENDING(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) OP(JUMP_FORWARD) \
    OP(RAISE_VARARGS) OP(RERAISE) OP(RETURN_CONST) OP(RETURN_VALUE)
/* clang-format on */

#define GF_INSTRUMENT_BY_API 1
/* instrumentation.c, _Py_Instrument begins at 0, and not at _co_firsttraceable. */
#define GF_INSTRUMENTS_HIDDEN_CODE 1

/* Frames that are not the evaluation loop's own are left out when all code that runs is
 * instrumented (instrumentation.c, instrument_all_executing_code_objects). */
static inline void gf_disown(gf_frame *f, int disowned)
{
    f->owner = disowned ? FRAME_OWNED_BY_CSTACK : FRAME_OWNED_BY_THREAD;
}

static inline int gf_is_disowned(gf_frame *f)
{
    return f->owner == FRAME_OWNED_BY_CSTACK;
}
/* ceval.c, monitor_unwind asks for no _PyFrame_IsIncomplete. */
#define GF_TELLS_OF_HIDDEN_UNWINDING 1

/* Whether code is prepared for the tracers and monitors there are now
 * (instrumentation.c, is_version_up_to_date). */
static inline int gf_is_instrumented(PyThreadState *ts, PyCodeObject *code)
{
    return code->_co_instrumentation_version == ts->interp->monitoring_version;
}

/* LOAD_ATTR's lowest bit asks for a method and its self. */
static inline int gf_op_is_method(int op, int oparg)
{
    (void)op;
    return oparg & 1;
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

/* What the instructions leave on the stack (bytecodes.c): while __enter__ runs,
 * BEFORE_WITH holds the bound __exit__ in a C variable and the manager's slot is stale
 * (though `enter` keeps the manager alive); SEND's end leaves the receiver for END_SEND;
 * FOR_ITER's end jumps over END_FOR, which pops the iterator and a value. */
enum {
    GF_WITH_EXIT_IN_SLOT = 0,
    GF_SEND_END_KEEPS_RECEIVER = 1,
    GF_LOOP_ENDS_AT_END_FOR = 1,
    GF_CALLABLE_FIRST = 0,
    GF_ITERATOR_DEPTH = 1,
    GF_EXIT_DEPTH = 4
};

static inline int gf_op_prepares_next(int op) { return op == KW_NAMES; }

#endif
