#ifndef GF_PLAIN_H
#define GF_PLAIN_H

#include "python.h"

/* A pickle of a dictionary or list, and in `others` what its persistent ids number; None
   if that would gain nothing. */
PyObject *gf_plain(PyObject *value, PyObject *others);

/* Whether a value, or what it holds so many levels deep, is a dictionary or list of so
   many items. */
int gf_has_large(PyObject *value, Py_ssize_t least, int levels);

#endif
