/* What 3.11 and 3.12 have in common: current_frame in tstate->cframe, prev_instr,
 * stacktop. Included by their layouts only; read from the same files.
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
#include "opcode.h"

typedef _PyInterpreterFrame gf_frame;

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

static inline PyCodeObject *gf_code(gf_frame *f) { return f->f_code; }

static inline PyObject **gf_slots(gf_frame *f) { return f->localsplus; }

static inline PyObject **gf_locals_dict(gf_frame *f) { return &f->f_locals; }

/* The code unit before the one that runs next: while a C call is pending that is the
 * calling instruction, while an inlined Python call is, its last cache. */
static inline int gf_position(gf_frame *f)
{
    return (int)(f->prev_instr - _PyCode_CODE(f->f_code));
}

/* Values on the stack, or -1 while the evaluation loop has them (stacktop == -1). */
static inline int gf_stack_count(gf_frame *f)
{
    return f->stacktop < 0 ? -1 : f->stacktop - f->f_code->co_nlocalsplus;
}

static inline void gf_set_stack_count(gf_frame *f, int count)
{
    f->stacktop = f->f_code->co_nlocalsplus + count;
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

/* When a frame returns under a tracer, a frame object is made of it, hidden or not; a
 * debug build asserts that it is not hidden (3.11: ceval.c, call_trace). */
static inline int gf_visible_shims(PyThreadState *ts)
{
    return gf_debug_interpreter
           && (ts->c_tracefunc != NULL || ts->c_profilefunc != NULL);
}

#endif
