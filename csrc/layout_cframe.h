/* What 3.11 and 3.12 have in common: current_frame in tstate->cframe, prev_instr,
 * plain slots. Included by their layouts only; read from the same files.
 */
#ifndef GREENFLOW_LAYOUT_CFRAME_H
#define GREENFLOW_LAYOUT_CFRAME_H

#define Py_BUILD_CORE 1
#undef _PyGC_FINALIZED /* cpython/objimpl.h has it for who is not the core */
#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#undef Py_BUILD_CORE
#include "frameobject.h"
#include "opcode.h"

typedef _PyInterpreterFrame gf_frame;

static inline PyCodeObject *gf_code(gf_frame *f) { return f->f_code; }

#include "layout_pointers.h"

/* What is relied on beyond the names of fields. */
_Static_assert(offsetof(gf_frame, localsplus)
                   == FRAME_SPECIALS_SIZE * sizeof(PyObject *),
               "the frame's slots must follow its header without a gap");
_Static_assert(sizeof(_Py_CODEUNIT) == 2, "an instruction is two bytes");

enum {
    GF_GEN_CREATED = FRAME_CREATED,
    GF_GEN_SUSPENDED = FRAME_SUSPENDED,
    GF_GEN_EXECUTING = FRAME_EXECUTING,
    GF_GEN_CLEARED = FRAME_CLEARED
};

static inline gf_frame *gf_current(PyThreadState *ts)
{
    return ts->cframe->current_frame;
}

static inline void gf_set_current(PyThreadState *ts, gf_frame *f)
{
    ts->cframe->current_frame = f;
}

static inline void gf_set_caller(gf_frame *f, gf_frame *caller)
{
    f->previous = caller;
}

static inline PyObject **gf_locals_dict(gf_frame *f) { return &f->f_locals; }

/* A unit of the instruction that a frame waits at. prev_instr is the code unit before the
 * one that runs next: while a C call is pending that is the calling instruction, while an
 * inlined Python call is, or after a yield, its last cache. */
static inline int gf_waiting_unit(gf_frame *f)
{
    return (int)(f->prev_instr - _PyCode_CODE(f->f_code));
}

static inline int gf_yielded_unit(gf_frame *f) { return gf_waiting_unit(f); }

/* Makes `unit` what runs next in f, once it has what it waits for. */
static inline void gf_go_on_at(gf_frame *f, int unit);

/* Makes f wait at the instruction from `unit` to `last`. */
static inline void gf_wait_at(gf_frame *f, int unit, int last)
{
    (void)unit;
    gf_go_on_at(f, last + 1);
}

/* Makes f one that an error is thrown into: at the unit before what would run next. */
#define GF_THROWS_AT_LAST 1
static inline void gf_throw_at(gf_frame *f, int unit, int last)
{
    (void)unit;
    gf_go_on_at(f, last + 1);
}

/* Makes a generator's frame ready to be sent a value. */
static inline void gf_settle(gf_frame *f) { (void)f; }

static inline int gf_suspended_state(int op, int oparg)
{
    (void)oparg;
    return op == RETURN_GENERATOR ? FRAME_CREATED : FRAME_SUSPENDED;
}

/* The frame that the interpreter puts below an inlined __init__ (3.13). */
static inline int gf_is_init_shim(gf_frame *f)
{
    (void)f;
    return 0;
}

/* Frames before this unit are skipped by f_back, sys._getframe and tracebacks
 * (_PyFrame_IsIncomplete, pycore_frame.h). */
static inline void gf_hide_code(PyCodeObject *code, int units)
{
    code->_co_firsttraceable = units;
}

static inline Py_ssize_t gf_code_units(PyCodeObject *code) { return Py_SIZE(code); }

static inline int gf_is_generator(gf_frame *f)
{
    return f->owner == FRAME_OWNED_BY_GENERATOR;
}

/* What a frame object keeps when its function has returned (Python/frame.c:
 * take_ownership). */
static inline int gf_has_ended(const gf_frame *f)
{
    return f->owner == FRAME_OWNED_BY_FRAME_OBJECT;
}

static inline PyGenObject *gf_generator_of(gf_frame *f)
{
    return _PyFrame_GetGenerator(f);
}

static inline gf_frame *gf_generator_frame(PyGenObject *gen)
{
    return (gf_frame *)gen->gi_iframe;
}

/* The collector's mark that tp_finalize was called (pycore_gc.h). */
static inline void gf_skip_finalizer(PyObject *op, int skip)
{
    PyGC_Head *head = _Py_AS_GC(op);
    if (skip) {
        _PyGCHead_SET_FINALIZED(head);
    }
    else {
        head->_gc_prev &= ~(uintptr_t)_PyGC_PREV_MASK_FINALIZED;
    }
}

static inline int gf_op_subscripts(int op, int oparg)
{
    (void)op, (void)oparg;
    return 1;
}

/* KW_NAMES and PRECALL leave in C variables what CALL takes up (ceval.c, call_shape). */
static inline int gf_op_prepares_next(int op);

/* f_locals is a copy; the variables that it lacks are unbound (frameobject.c). */
static inline void gf_write_locals(PyFrameObject *frame)
{
    PyFrame_LocalsToFast(frame, 1);
}

#define GF_HAS_FORMAT_VALUE 1

/* FORMAT_VALUE lets go of what it has converted, before it formats the outcome. */
static inline int gf_op_frees_operands(int op, int oparg)
{
    return op == FORMAT_VALUE && (oparg & FVC_MASK) != 0;
}

static inline int gf_op_has_spec(int oparg) { return (oparg & FVS_MASK) != 0; }

#endif
