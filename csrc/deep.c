/* How deep a thread may go that was given a stack of its own size. What CPython counts
 * (3.11 to 3.13) fits the stack of the main thread; here the stack itself is looked at,
 * and the count begins anew at each look. From 3.14 on CPython looks by itself.
 */
#include "frames.h"

/* For what is called between two looks: as much as the recursion limit allows. */
static const size_t margin = 32u << 20;

static _Thread_local uintptr_t stack_floor;

PyObject *gf_deep_begin(PyObject *module, PyObject *bytes)
{
    (void)module;
    size_t size = PyLong_AsSize_t(bytes);
    if (size == (size_t)-1 && PyErr_Occurred()) {
        return NULL;
    }
    uintptr_t here = (uintptr_t)&size;
    if (size <= margin || size >= here) {
        PyErr_SetString(PyExc_ValueError, "a stack of this size is of no use");
        return NULL;
    }
    stack_floor = here - size + margin;
    Py_RETURN_NONE;
}

PyObject *gf_deep_look(PyObject *module, PyObject *object)
{
    (void)module;
    uintptr_t here = (uintptr_t)&object;
    if (here < stack_floor) {
        PyErr_SetString(PyExc_RecursionError, "the stack of this thread is used up");
        return NULL;
    }
    if (stack_floor != 0) {
        gf_renew_recursion(PyThreadState_Get());
    }
    Py_RETURN_NONE;
}
