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

static inline void gf_go_on_at(gf_frame *f, int unit)
{
    f->prev_instr = _PyCode_CODE(f->f_code) + unit - 1;
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
    int unit = gf_waiting_unit(f);
    PyCodeObject *old = f->f_code;
    f->f_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
    gf_go_on_at(f, unit + 1);
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

/* Lets C code go as deep again as on an empty stack. */
static inline void gf_renew_recursion(PyThreadState *ts)
{
    ts->recursion_remaining = ts->recursion_limit;
}

/* What is being told of (ceval.c, call_trace). */
#define GF_LINE_EVENTS 1
static inline int gf_tells_of_line(PyThreadState *ts)
{
    return ts->tracing > 0
           && (ts->tracing_what == PyTrace_LINE || ts->tracing_what == PyTrace_OPCODE);
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

/* ceval.c, trace_function_exit asks for no _PyFrame_IsIncomplete. */
#define GF_TELLS_OF_HIDDEN_RETURNS 1

/* --- instructions (Lib/opcode.py, Python/ceval.c) ---------------------------------- */

#define GF_HAS_OR_POP 1

static inline int gf_op_jumps_if_true(int op) { return op == JUMP_IF_TRUE_OR_POP; }

/* Packed: a name in a line of its own would make them longer than all the rest. */
/* clang-format off */
#define GF_OPS_WAITING(OP) \
    OP(BEFORE_ASYNC_WITH, ENTER) OP(BEFORE_WITH, ENTER) OP(BINARY_OP, TWO) \
    OP(BINARY_SUBSCR, SUBSCRIPT) OP(CALL, CALL) OP(CALL_FUNCTION_EX, CALL_EX) \
    OP(COMPARE_OP, COMPARE) OP(CONTAINS_OP, TWO) OP(DELETE_ATTR, ONE) \
    OP(DELETE_SUBSCR, TWO) OP(EXTENDED_ARG, PREFIX) OP(FORMAT_VALUE, FORMAT) \
    OP(FOR_ITER, FOR_ITER) OP(GET_AITER, ONE) OP(GET_ANEXT, ONE) \
    OP(GET_AWAITABLE, ONE) OP(GET_ITER, ONE) OP(GET_LEN, ONE) \
    OP(GET_YIELD_FROM_ITER, ONE) OP(JUMP_IF_FALSE_OR_POP, OR_POP) \
    OP(JUMP_IF_TRUE_OR_POP, OR_POP) OP(LIST_EXTEND, TWO) OP(LOAD_ATTR, ATTRIBUTE) \
    OP(LOAD_METHOD, METHOD) OP(MATCH_CLASS, THREE) OP(POP_JUMP_BACKWARD_IF_FALSE, ONE) \
    OP(POP_JUMP_BACKWARD_IF_TRUE, ONE) OP(POP_JUMP_FORWARD_IF_FALSE, ONE) \
    OP(POP_JUMP_FORWARD_IF_TRUE, ONE) OP(PRECALL, PRECALL) OP(RAISE_VARARGS, RAISE) \
    OP(RETURN_GENERATOR, START) OP(SEND, SEND) OP(SET_UPDATE, TWO) OP(STORE_ATTR, ONE) \
    OP(STORE_SUBSCR, THREE) OP(UNARY_INVERT, ONE) OP(UNARY_NEGATIVE, ONE) \
    OP(UNARY_NOT, ONE) OP(UNARY_POSITIVE, ONE) OP(WITH_EXCEPT_START, EXIT) \
    OP(YIELD_VALUE, YIELD)
#define GF_OPS_OPAQUE(OP) \
    OP(BUILD_CONST_KEY_MAP) OP(BUILD_MAP) OP(BUILD_SET) OP(CHECK_EG_MATCH) \
    OP(CHECK_EXC_MATCH) OP(DELETE_NAME) OP(DICT_MERGE) OP(DICT_UPDATE) OP(IMPORT_FROM) \
    OP(IMPORT_NAME) OP(IMPORT_STAR) OP(LOAD_BUILD_CLASS) OP(LOAD_CLASSDEREF) \
    OP(LOAD_GLOBAL) OP(LOAD_NAME) OP(MAP_ADD) OP(MATCH_KEYS) OP(PREP_RERAISE_STAR) \
    OP(PRINT_EXPR) OP(SET_ADD) OP(STORE_NAME) OP(UNPACK_EX) OP(UNPACK_SEQUENCE)
#define GF_OPS_INERT(OP) \
    OP(ASYNC_GEN_WRAP) OP(BUILD_LIST) OP(BUILD_SLICE) OP(BUILD_STRING) \
    OP(BUILD_TUPLE) OP(COPY) OP(COPY_FREE_VARS) OP(DELETE_DEREF) OP(DELETE_FAST) \
    OP(DELETE_GLOBAL) OP(END_ASYNC_FOR) OP(IS_OP) OP(JUMP_BACKWARD) \
    OP(JUMP_BACKWARD_NO_INTERRUPT) OP(JUMP_FORWARD) OP(KW_NAMES) OP(LIST_APPEND) \
    OP(LIST_TO_TUPLE) OP(LOAD_ASSERTION_ERROR) OP(LOAD_CLOSURE) OP(LOAD_CONST) \
    OP(LOAD_DEREF) OP(LOAD_FAST) OP(MAKE_CELL) OP(MAKE_FUNCTION) OP(MATCH_MAPPING) \
    OP(MATCH_SEQUENCE) OP(NOP) OP(POP_EXCEPT) OP(POP_JUMP_BACKWARD_IF_NONE) \
    OP(POP_JUMP_BACKWARD_IF_NOT_NONE) OP(POP_JUMP_FORWARD_IF_NONE) \
    OP(POP_JUMP_FORWARD_IF_NOT_NONE) OP(POP_TOP) OP(PUSH_EXC_INFO) OP(PUSH_NULL) \
    OP(RERAISE) OP(RESUME) OP(RETURN_VALUE) OP(SETUP_ANNOTATIONS) OP(STORE_DEREF) \
    OP(STORE_FAST) OP(STORE_GLOBAL) OP(SWAP)
#define GF_OPS_CACHED(OP) \
    OP(BINARY_OP, 1) OP(BINARY_SUBSCR, 4) OP(CALL, 4) OP(COMPARE_OP, 2) \
    OP(LOAD_ATTR, 4) OP(LOAD_GLOBAL, 5) OP(LOAD_METHOD, 10) OP(PRECALL, 1) \
    OP(STORE_ATTR, 4) OP(STORE_SUBSCR, 1) OP(UNPACK_SEQUENCE, 1)
#define GF_OPS_FORWARD(OP) \
    OP(FOR_ITER) OP(JUMP_FORWARD) OP(JUMP_IF_FALSE_OR_POP) OP(JUMP_IF_TRUE_OR_POP) \
    OP(POP_JUMP_FORWARD_IF_FALSE) OP(POP_JUMP_FORWARD_IF_NONE) \
    OP(POP_JUMP_FORWARD_IF_NOT_NONE) OP(POP_JUMP_FORWARD_IF_TRUE) OP(SEND)
#define GF_OPS_BACKWARD(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) OP(POP_JUMP_BACKWARD_IF_FALSE) \
    OP(POP_JUMP_BACKWARD_IF_NONE) OP(POP_JUMP_BACKWARD_IF_NOT_NONE) \
    OP(POP_JUMP_BACKWARD_IF_TRUE)
#define GF_OPS_ENDING(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) OP(JUMP_FORWARD) \
    OP(RAISE_VARARGS) OP(RERAISE) OP(RETURN_VALUE)
/* clang-format on */

/* Tracers need no preparation of the code. */
static inline int gf_instrument(PyThreadState *ts, PyCodeObject *code)
{
    (void)ts, (void)code;
    return 0;
}

static inline int gf_op_is_method(int op, int oparg)
{
    (void)op, (void)oparg;
    return 0;
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

/* What the instructions leave on the stack (ceval.c): BEFORE_WITH has put the bound
 * __exit__ into the manager's slot before __enter__ runs; SEND's end puts the result into
 * the receiver's slot; FOR_ITER's end pops the iterator; a callable stands above the NULL
 * that is there when it is no method; WITH_EXCEPT_START finds the __exit__ at depth 4. */
enum {
    GF_WITH_EXIT_IN_SLOT = 1,
    GF_SEND_END_KEEPS_RECEIVER = 0,
    GF_LOOP_ENDS_AT_END_FOR = 0,
    GF_CALLABLE_FIRST = 0,
    GF_ITERATOR_DEPTH = 1,
    GF_EXIT_DEPTH = 4
};

static inline int gf_op_prepares_next(int op)
{
    return op == KW_NAMES || op == PRECALL;
}

#endif
