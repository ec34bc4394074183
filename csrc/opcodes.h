/* What an instruction is, as far as a frame may wait at it. The lists are in the layouts,
 * one for each CPython; an instruction that is in none of them is unknown, and code that
 * has one is refused.
 */
#ifndef GREENFLOW_OPCODES_H
#define GREENFLOW_OPCODES_H

#include "layout.h"

typedef enum {
    GF_OP_UNKNOWN,
    GF_OP_INERT,  /* runs no Python code but finalizers, signal handlers and tracers */
    GF_OP_OPAQUE, /* may run Python code, and does more with what that gives */
    /* These may wait for a frame inside, and take what it gives as classify.c says: */
    GF_OP_CALL,
    GF_OP_CALL_KW,
    GF_OP_CALL_EX,
    GF_OP_FOR_ITER,
    GF_OP_SEND,
    GF_OP_ENTER,
    GF_OP_EXIT,
    GF_OP_SUBSCRIPT,
    GF_OP_ATTRIBUTE,
    GF_OP_METHOD, /* an attribute that is called next: pushes two values */
    GF_OP_ONE,    /* the operand on top may be read */
    GF_OP_TWO,    /* the two on top */
    GF_OP_THREE,
    GF_OP_COMPARE,
    GF_OP_FORMAT,
    GF_OP_SLICE, /* a container, below where it is cut */
    GF_OP_SUPER, /* of its operands nothing may be read, but the frame's first variable */
    GF_OP_OR_POP, /* `and`, `or` of 3.11 */
    GF_OP_RAISE,  /* of a class, which makes an exception of it */
    /* These have a part of their own: */
    GF_OP_YIELD,
    GF_OP_START,   /* of a generator: it waits here until it is first sent into */
    GF_OP_PREFIX,  /* of the argument of the next instruction */
    GF_OP_PRECALL, /* the first half of a call */
    GF_OP_KINDS
} gf_op_kind;

void gf_opcodes_init(void);
/* Whether GF_AGAIN is right for it: all its operands can be replaced. */
int gf_kind_runs_again(gf_op_kind kind);
gf_op_kind gf_kind_of(int op, int oparg);
const char *gf_kind_name(gf_op_kind kind);
int gf_op_caches(int op);
/* +1 jumps forward, -1 backward, 0 not at all. */
int gf_op_jump(int op);
/* Control never goes on behind these. */
int gf_op_ends(int op);
PyObject *gf_opcodes(PyObject *module, PyObject *ignored);

#endif
