/* What 3.13 and later have in common: current_frame in the thread state, instr_ptr at the
 * instruction that runs, f_executable. Included by their layouts only; read from
 * Include/internal/pycore_frame.h (3.13), pycore_interpframe.h and
 * pycore_interpframe_structs.h (3.14, 3.15), Include/cpython/pystate.h, Python/bytecodes.c,
 * Python/ceval.c, Python/frame.c and Objects/genobject.c at v3.13.15; for 3.14 and 3.15
 * from the headers of v3.14.10 and v3.15.2, and from their generated_cases.c.h.
 */
#ifndef GREENFLOW_LAYOUT_INSTR_PTR_H
#define GREENFLOW_LAYOUT_INSTR_PTR_H

#define Py_BUILD_CORE 1
#undef _PyGC_FINALIZED /* cpython/objimpl.h has it for who is not the core */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef" /* mimalloc, in pycore_interp.h */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_genobject.h"
#ifdef GF_STACKREFS
#include "internal/pycore_interpframe.h"
#include "internal/pycore_stackref.h"
#endif
#include "internal/pycore_pystate.h"
#pragma GCC diagnostic pop

typedef _PyInterpreterFrame gf_frame;

/* ceval.c, monitor_unwind asks for no _PyFrame_IsIncomplete. */
#define GF_TELLS_OF_HIDDEN_UNWINDING 1

static inline PyCodeObject *gf_code(gf_frame *f) { return _PyFrame_GetCode(f); }

#ifdef GF_STACKREFS
#include "layout_stackrefs.h"
#else
#include "layout_pointers.h"
#endif
#undef Py_BUILD_CORE
#include "opcode.h"

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

/* --- frames ---------------------------------------------------------------------- */

static inline gf_frame *gf_current(PyThreadState *ts) { return ts->current_frame; }

static inline void gf_set_current(PyThreadState *ts, gf_frame *f)
{
    ts->current_frame = f;
}

static inline void gf_set_caller(gf_frame *f, gf_frame *caller)
{
    f->previous = caller;
}

/* The frame that called f; *through_c tells whether C code lies between: each run of the
 * evaluation loop puts a trampoline frame of its own below its first frame
 * (_PyEval_EvalFrameDefault: entry_frame), and a thread has one at its root (3.15). */
static inline gf_frame *gf_caller(gf_frame *f, int *through_c)
{
    gf_frame *caller = f->previous;
    *through_c = 0;
    while (caller != NULL && caller->owner > FRAME_OWNED_BY_FRAME_OBJECT) {
        *through_c = 1;
        caller = caller->previous;
    }
    return caller;
}

static inline PyObject *gf_function(gf_frame *f) { return gf_ref_object(f->f_funcobj); }

static inline PyObject **gf_locals_dict(gf_frame *f) { return &f->f_locals; }

/* The frame that CALL_ALLOC_AND_ENTER_INIT puts below an inlined __init__; its one slot
 * has the new instance (specialize.c, _Py_InitCleanup). */
static inline int gf_is_init_shim(gf_frame *f)
{
    return _PyCode_CODE(gf_code(f))[0].op.code == EXIT_INIT_CHECK;
}

/* A unit of the instruction that a frame waits at: instr_ptr is set when an instruction
 * begins, behind its EXTENDED_ARGs (ceval_macros.h, generated_cases.c.h). */
static inline int gf_waiting_unit(gf_frame *f)
{
    return (int)(f->instr_ptr - _PyCode_CODE(gf_code(f)));
}

/* YIELD_VALUE and RETURN_GENERATOR go one further before they leave the frame. */
static inline int gf_yielded_unit(gf_frame *f) { return gf_waiting_unit(f) - 1; }

/* Makes `unit` what runs next in f, once it has what it waits for. */
static inline void gf_go_on_at(gf_frame *f, int unit)
{
    f->instr_ptr = _PyCode_CODE(gf_code(f)) + unit;
    f->return_offset = 0;
}

/* Makes f wait at the instruction from `unit` to `last`. An exception finds its handler
 * and its line by instr_ptr, what returns goes on at return_offset behind it. */
static inline void gf_wait_at(gf_frame *f, int unit, int last)
{
    f->instr_ptr = _PyCode_CODE(gf_code(f)) + unit;
    f->return_offset = (uint16_t)(last + 1 - unit);
}

/* Makes a generator's frame ready to be sent a value: that goes on at instr_ptr. */
static inline void gf_settle(gf_frame *f)
{
    f->instr_ptr += f->return_offset;
    f->return_offset = 0;
}

static inline size_t gf_frame_words(PyCodeObject *code)
{
    return (size_t)code->co_framesize;
}

/* What is in a frame beside its slots and its place; takes over the reference to locals.
 * As _PyFrame_Initialize. */
static inline void gf_init_frame(gf_frame *f, PyObject *function, PyObject *locals)
{
    PyFunctionObject *func = (PyFunctionObject *)function;
    f->f_funcobj = gf_ref_new(function);
    f->f_executable = gf_ref_new(func->func_code);
    f->f_globals = func->func_globals;
    f->f_builtins = func->func_builtins;
    f->f_locals = locals;
    f->frame_obj = NULL;
    f->previous = NULL;
    f->return_offset = 0;
    f->owner = FRAME_OWNED_BY_THREAD;
#ifdef GF_STACKREFS
    f->visited = 0;
#ifdef Py_DEBUG
    f->lltrace = 0;
#endif
#endif
}

/* Makes f run `code`, which is its own code but for the exception table. */
static inline void gf_swap_code(gf_frame *f, PyCodeObject *code)
{
    int unit = gf_waiting_unit(f);
    gf_ref old = f->f_executable;
    f->f_executable = gf_ref_new((PyObject *)code);
    f->instr_ptr = _PyCode_CODE(code) + unit;
    gf_ref_close(old);
}

/* Frames before this unit are skipped by f_back, sys._getframe and tracebacks
 * (_PyFrame_IsIncomplete). */
static inline void gf_hide_code(PyCodeObject *code, int units)
{
    code->_co_firsttraceable = units;
}

static inline Py_ssize_t gf_code_units(PyCodeObject *code) { return Py_SIZE(code); }

/* A pointer of ours in each code object, freed with it. */
#define GF_REQUEST_EXTRA PyUnstable_Eval_RequestCodeExtraIndex
#define GF_GET_EXTRA PyUnstable_Code_GetExtra
#define GF_SET_EXTRA PyUnstable_Code_SetExtra

/* One is taken for each Python frame at start_frame (ceval.c, _Py_EnterRecursivePy). */
static inline int *gf_recursion_left(PyThreadState *ts)
{
    return &ts->py_recursion_remaining;
}

/* Lets C code go as deep again as on an empty stack; 3.14 looks at the stack itself. */
static inline void gf_renew_recursion(PyThreadState *ts)
{
#ifdef Py_C_RECURSION_LIMIT
    ts->c_recursion_remaining = Py_C_RECURSION_LIMIT;
#else
    (void)ts;
#endif
}

/* --- generators (Objects/genobject.c: make_gen, gen_send_ex2) ---------------------- */

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

static inline gf_frame *gf_generator_frame(PyGenObject *gen)
{
    return (gf_frame *)&gen->gi_iframe;
}

static inline PyGenObject *gf_generator_of(gf_frame *f)
{
    return (PyGenObject *)((char *)f - offsetof(PyGenObject, gi_iframe));
}

static inline PyCodeObject *gf_generator_code(PyGenObject *gen)
{
    return gf_code(gf_generator_frame(gen));
}

/* The slots that a generator of this code needs behind its header. */
static inline Py_ssize_t gf_generator_slots(PyCodeObject *code)
{
    return _PyFrame_NumSlotsForCodeObject(code);
}

/* YIELD_VALUE's argument tells whether it is part of a `yield from` or an await. */
static inline int gf_suspended_state(int op, int oparg)
{
    if (op == RETURN_GENERATOR) {
        return FRAME_CREATED;
    }
    return oparg == 1 ? FRAME_SUSPENDED_YIELD_FROM : FRAME_SUSPENDED;
}

/* The frame of a cleared generator, made ready to be filled. A cleared generator still
 * owns its code (frame.c, _PyFrame_ClearExceptCode). */
static inline void gf_init_generator_frame(PyGenObject *gen, PyObject *function,
                                           PyObject *locals)
{
    gf_frame *f = gf_generator_frame(gen);
    gf_ref old = f->f_executable;
    gf_init_frame(f, function, locals);
    f->owner = FRAME_OWNED_BY_GENERATOR;
    gf_ref_close(old);
}

/* What makes a new generator object whole while it is still cleared. */
static inline void gf_init_generator(PyGenObject *gen, PyCodeObject *code)
{
    gf_frame *f = gf_generator_frame(gen);
    memset(f, 0, offsetof(gf_frame, localsplus));
    f->f_executable = gf_ref_new((PyObject *)code);
    f->owner = FRAME_OWNED_BY_GENERATOR;
    gf_go_on_at(f, 0);
    gf_set_stack_count(f, 0);
}

/* The collector's mark that tp_finalize was called (pycore_gc.h). */
static inline void gf_skip_finalizer(PyObject *op, int skip)
{
    if (skip) {
        _PyGC_SET_FINALIZED(op);
    }
    else {
        _PyGC_CLEAR_FINALIZED(op);
    }
}

/* --- instructions ------------------------------------------------------------------ */

/* Whether code is prepared for the tracers and monitors there are now
 * (instrumentation.c, is_version_up_to_date). */
static inline int gf_is_instrumented(PyThreadState *ts, PyCodeObject *code)
{
    return code->_co_instrumentation_version
           == ts->interp->ceval.instrumentation_version;
}

/* LOAD_ATTR's lowest bit asks for a method and its self. */
static inline int gf_op_is_method(int op, int oparg)
{
    (void)op;
    return oparg & 1;
}

static inline int gf_op_effect(int op, int oparg, int jump)
{
    return PyCompile_OpcodeStackEffectWithJump(op, oparg, jump);
}

/* An inlined comprehension (PEP 709) saves the variable that it shadows on the stack; if
 * its own is a cell variable, the slot is a cell only meanwhile. */
static inline int gf_op_borrows_local(int op) { return op == LOAD_FAST_AND_CLEAR; }

#endif
