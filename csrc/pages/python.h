/* Python's own header, and nothing of its insides. */

#ifndef GF_PYTHON_H
#define GF_PYTHON_H

#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef" /* 3.15: pyport.h, _Py_STDC_VERSION */
#include <Python.h>
#pragma GCC diagnostic pop

#endif
