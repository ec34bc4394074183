/* CPython 3.15: see layout_instr_ptr.h. */
#ifndef GREENFLOW_LAYOUT_CP315_H
#define GREENFLOW_LAYOUT_CP315_H

#define GF_STACKREFS 1
#include "layout_instr_ptr.h"

#define Py_BUILD_CORE 1
#include "internal/pycore_instruments.h"
#undef Py_BUILD_CORE

#define GF_LAYOUT_MINOR 15

/* RAISE, PY_UNWIND and their like are looked up in the code object, without asking whether
 * it has been prepared (instrumentation.c; before 3.15 they are looked up in the
 * interpreter). _Py_Instrument is exported from 3.15 on (pycore_instruments.h). */
static inline int gf_instrument(PyThreadState *ts, PyCodeObject *code)
{
    return _Py_Instrument(code, ts->interp);
}

static inline int gf_op_subscripts(int op, int oparg)
{
    (void)op;
    return oparg == NB_SUBSCR;
}

/* `and` and `or` copy what they test. */
static inline int gf_op_jumps_if_true(int op)
{
    (void)op;
    return 0;
}

/* Slots are emptied before their values are let go. */
static inline int gf_op_frees_operands(int op, int oparg)
{
    (void)op, (void)oparg;
    return 0;
}

static inline int gf_op_has_spec(int oparg)
{
    (void)oparg;
    return 0; /* there is no FORMAT_VALUE */
}

/* Packed: a name in a line of its own would make them longer than all the rest. */
/* clang-format off */
#define GF_OPS_WAITING(OP) \
    OP(BINARY_OP, SUBSCRIPT) OP(BINARY_SLICE, SLICE) OP(CALL, CALL) \
    OP(CALL_FUNCTION_EX, CALL_EX) OP(CALL_INTRINSIC_1, ONE) OP(CALL_KW, CALL_KW) \
    OP(COMPARE_OP, COMPARE) OP(CONTAINS_OP, TWO) OP(CONVERT_VALUE, ONE) \
    OP(DELETE_ATTR, ONE) OP(DELETE_SUBSCR, TWO) OP(EXTENDED_ARG, PREFIX) \
    OP(FORMAT_SIMPLE, ONE) OP(FORMAT_WITH_SPEC, TWO) OP(FOR_ITER, FOR_ITER) \
    OP(GET_AITER, ONE) OP(GET_AWAITABLE, ONE) OP(GET_ITER, ONE) \
    OP(LOAD_ATTR, ATTRIBUTE) OP(LOAD_SUPER_ATTR, SUPER) OP(RETURN_GENERATOR, START) \
    OP(SEND, SEND) OP(STORE_ATTR, ONE) OP(STORE_SLICE, SLICE) OP(STORE_SUBSCR, TWO) \
    OP(TO_BOOL, ONE) OP(UNARY_INVERT, ONE) OP(UNARY_NEGATIVE, ONE) \
    OP(WITH_EXCEPT_START, EXIT) OP(YIELD_VALUE, YIELD)
#define GF_OPS_OPAQUE(OP) \
    OP(BUILD_MAP) OP(BUILD_SET) OP(CALL_INTRINSIC_2) OP(CHECK_EG_MATCH) \
    OP(CHECK_EXC_MATCH) OP(DELETE_NAME) OP(DICT_MERGE) OP(DICT_UPDATE) OP(GET_ANEXT) \
    OP(GET_LEN) OP(IMPORT_FROM) OP(IMPORT_NAME) OP(LIST_EXTEND) OP(LOAD_BUILD_CLASS) \
    OP(LOAD_FROM_DICT_OR_DEREF) OP(LOAD_FROM_DICT_OR_GLOBALS) OP(LOAD_GLOBAL) \
    OP(LOAD_NAME) OP(LOAD_SPECIAL) OP(MAP_ADD) OP(MATCH_CLASS) OP(MATCH_KEYS) \
    OP(RAISE_VARARGS) OP(SET_ADD) OP(SET_UPDATE) OP(STORE_NAME) OP(UNPACK_EX) \
    OP(UNPACK_SEQUENCE)
#define GF_OPS_INERT(OP) \
    OP(BUILD_INTERPOLATION) OP(BUILD_LIST) OP(BUILD_SLICE) OP(BUILD_STRING) \
    OP(BUILD_TEMPLATE) OP(BUILD_TUPLE) OP(CLEANUP_THROW) OP(COPY) OP(COPY_FREE_VARS) \
    OP(DELETE_DEREF) OP(DELETE_FAST) OP(DELETE_GLOBAL) OP(END_ASYNC_FOR) OP(END_FOR) \
    OP(END_SEND) OP(IS_OP) OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) \
    OP(JUMP_FORWARD) OP(LIST_APPEND) OP(LOAD_COMMON_CONSTANT) OP(LOAD_CONST) \
    OP(LOAD_DEREF) OP(LOAD_FAST) OP(LOAD_FAST_AND_CLEAR) OP(LOAD_FAST_BORROW) \
    OP(LOAD_FAST_BORROW_LOAD_FAST_BORROW) OP(LOAD_FAST_CHECK) \
    OP(LOAD_FAST_LOAD_FAST) OP(LOAD_LOCALS) OP(LOAD_SMALL_INT) OP(MAKE_CELL) \
    OP(MAKE_FUNCTION) OP(MATCH_MAPPING) OP(MATCH_SEQUENCE) OP(NOP) OP(NOT_TAKEN) \
    OP(POP_EXCEPT) OP(POP_ITER) OP(POP_JUMP_IF_FALSE) OP(POP_JUMP_IF_NONE) \
    OP(POP_JUMP_IF_NOT_NONE) OP(POP_JUMP_IF_TRUE) OP(POP_TOP) OP(PUSH_EXC_INFO) \
    OP(PUSH_NULL) OP(RERAISE) OP(RESUME) OP(RETURN_VALUE) OP(SETUP_ANNOTATIONS) \
    OP(SET_FUNCTION_ATTRIBUTE) OP(STORE_DEREF) OP(STORE_FAST) \
    OP(STORE_FAST_LOAD_FAST) OP(STORE_FAST_STORE_FAST) OP(STORE_GLOBAL) OP(SWAP) \
    OP(UNARY_NOT)
#define GF_OPS_CACHED(OP) \
    OP(BINARY_OP, 5) OP(CALL, 3) OP(CALL_FUNCTION_EX, 1) OP(CALL_KW, 3) \
    OP(COMPARE_OP, 1) OP(CONTAINS_OP, 1) OP(FOR_ITER, 1) OP(GET_ITER, 1) \
    OP(JUMP_BACKWARD, 1) OP(LOAD_ATTR, 9) OP(LOAD_GLOBAL, 4) OP(LOAD_SUPER_ATTR, 1) \
    OP(POP_JUMP_IF_FALSE, 1) OP(POP_JUMP_IF_NONE, 1) OP(POP_JUMP_IF_NOT_NONE, 1) \
    OP(POP_JUMP_IF_TRUE, 1) OP(RESUME, 1) OP(SEND, 1) OP(STORE_ATTR, 4) \
    OP(STORE_SUBSCR, 1) OP(TO_BOOL, 3) OP(UNPACK_SEQUENCE, 1)
#define GF_OPS_FORWARD(OP) \
    OP(FOR_ITER) OP(JUMP_FORWARD) OP(POP_JUMP_IF_FALSE) OP(POP_JUMP_IF_NONE) \
    OP(POP_JUMP_IF_NOT_NONE) OP(POP_JUMP_IF_TRUE) OP(SEND)
#define GF_OPS_BACKWARD(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT)
#define GF_OPS_ENDING(OP) \
    OP(JUMP_BACKWARD) OP(JUMP_BACKWARD_NO_INTERRUPT) OP(JUMP_FORWARD) \
    OP(RAISE_VARARGS) OP(RERAISE) OP(RETURN_VALUE)
/* clang-format on */

/* What the instructions leave on the stack (bytecodes.c): as in 3.14, but above an
 * iterator and a receiver there is NULL, or the index of the next item. */
enum {
    GF_WITH_EXIT_IN_SLOT = 0,
    GF_SEND_END_KEEPS_RECEIVER = 1,
    GF_LOOP_ENDS_AT_END_FOR = 1,
    GF_CALLABLE_FIRST = 1,
    GF_ITERATOR_DEPTH = 2,
    GF_EXIT_DEPTH = 5
};

#endif
