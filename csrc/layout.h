/* Picks the layout of this CPython. Nothing else in csrc/ may test a version. */
#ifndef GREENFLOW_LAYOUT_H
#define GREENFLOW_LAYOUT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Whether the interpreter that runs (not the one that this was built for: a debug
 * interpreter loads release builds too) checks its assertions. */
extern int gf_debug_interpreter;

#ifdef Py_GIL_DISABLED
#error "greenflow does not support free-threaded builds of CPython"
#elif PY_VERSION_HEX >= 0x030B00F0 && PY_VERSION_HEX < 0x030C0000
#include "layout_cp311.h"
#elif PY_VERSION_HEX >= 0x030C00F0 && PY_VERSION_HEX < 0x030D0000
#include "layout_cp312.h"
#else
#error "greenflow does not know this CPython: 3.11 and 3.12 are supported"
#endif

#endif
