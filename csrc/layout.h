/* Picks the layout of this CPython. Nothing else in csrc/ may test a version. */
#ifndef GREENFLOW_LAYOUT_H
#define GREENFLOW_LAYOUT_H

#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef" /* 3.15: pyport.h, _Py_STDC_VERSION */
#include <Python.h>
#pragma GCC diagnostic pop

/* Whether the interpreter that runs (not the one that this was built for: a debug
 * interpreter loads release builds too) checks its assertions. */
extern int gf_debug_interpreter;

/* --- index.c: a number that the interpreter keeps on a stack without an object ------ */

extern PyTypeObject gf_index_type;
PyObject *gf_index_new(Py_ssize_t value);
Py_ssize_t gf_index_value(PyObject *index);
int gf_index_init(void);

#ifdef Py_GIL_DISABLED
#error "greenflow does not support free-threaded builds of CPython"
#elif PY_VERSION_HEX >= 0x030B00F0 && PY_VERSION_HEX < 0x030C0000
#include "layout_cp311.h"
#elif PY_VERSION_HEX >= 0x030C00F0 && PY_VERSION_HEX < 0x030D0000
#include "layout_cp312.h"
#elif PY_VERSION_HEX >= 0x030D00F0 && PY_VERSION_HEX < 0x030E0000
#include "layout_cp313.h"
#elif PY_VERSION_HEX >= 0x030E00F0 && PY_VERSION_HEX < 0x030F0000
#include "layout_cp314.h"
#elif PY_VERSION_HEX >= 0x030F00F0 && PY_VERSION_HEX < 0x03100000
#include "layout_cp315.h"
#else
#error "greenflow does not know this CPython: 3.11 to 3.15 are supported"
#endif

/* Whether sys.settrace() or a debugger has a tracer of its own in the frame: only such
 * frames are told of their lines (sysmodule.c, trace_trampoline). */
static inline int gf_is_traced(gf_frame *f)
{
    return f->frame_obj != NULL && f->frame_obj->f_trace != NULL;
}

#ifndef GF_THROWS_AT_LAST
/* Makes `unit` what a frame is at that an error is thrown into. */
static inline void gf_throw_at(gf_frame *f, int unit, int last)
{
    (void)last;
    gf_go_on_at(f, unit);
}
#endif

#ifndef GF_LINE_EVENTS
/* What is being told of, a line or an instruction (instrumentation.c sets it around every
 * call of a tool). A jump back, which is at its target, is one to a line
 * (legacy_tracing.c, sys_trace_jump_func). */
static inline int gf_tells_of_line(PyThreadState *ts)
{
    return ts->what_event == PY_MONITORING_EVENT_LINE
           || ts->what_event == PY_MONITORING_EVENT_JUMP
           || ts->what_event == PY_MONITORING_EVENT_INSTRUCTION;
}
#endif

#ifndef GF_GOES_BY_INDEX
static inline int gf_goes_by_index(PyObject *iterable)
{
    (void)iterable;
    return 0;
}
#endif

#ifndef GF_HAS_OR_POP
/* `and` and `or` copy what they test. */
static inline int gf_op_jumps_if_true(int op)
{
    (void)op;
    return 0;
}
#endif

#ifndef GF_HAS_FORMAT_VALUE
static inline int gf_op_has_spec(int oparg)
{
    (void)oparg;
    return 0;
}

/* f_locals writes through (PEP 667). */
static inline void gf_write_locals(PyFrameObject *frame) { (void)frame; }

static inline int gf_op_prepares_next(int op)
{
    (void)op;
    return 0;
}
#endif

#endif
