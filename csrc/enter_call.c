/* The call of a function whose frame becomes one that goes on at an instruction: enter.c.
 * What it is called with is let go of there.
 */
#include "resume.h"

/* (function, positional, keywords): nothings for what its parameters need. */
static PyObject *arguments_of(PyObject *function)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    PyObject *positional = PyTuple_New(code->co_argcount), *keywords = PyDict_New();
    for (int i = 0; positional != NULL && i < code->co_argcount; i++) {
        PyTuple_SET_ITEM(positional, i, Py_NewRef(Py_None));
    }
    for (int i = 0; keywords != NULL && i < code->co_kwonlyargcount; i++) {
        PyObject *name =
            PyTuple_GET_ITEM(code->co_localsplusnames, code->co_argcount + i);
        if (PyDict_SetItem(keywords, name, Py_None) < 0) {
            Py_CLEAR(keywords);
        }
    }
    if (positional == NULL || keywords == NULL) {
        Py_XDECREF(positional);
        Py_XDECREF(keywords);
        return NULL;
    }
    return Py_BuildValue("(ONN)", function, positional, keywords);
}

/* Called by the shim of the outermost, or with the frame outside of it as the current. */
static PyObject *call_entered(gf_run *run, PyObject *function, PyObject *positional,
                              PyObject *keywords)
{
    PyThreadState *ts = PyThreadState_Get();
    if (gf_await_entry(ts, run, &run->plan->frames[run->plan->count - 1]) < 0) {
        return NULL;
    }
    PyObject *result = PyObject_Call(function, positional, keywords);
    if (gf_entered(ts) < 0) {
        Py_CLEAR(result);
    }
    return result;
}

/* The shim calls the run itself, which is no C function that profilers are told of. */
PyObject *gf_run_call(PyObject *run, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    PyObject *function, *positional, *keywords;
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyFunction_Type, &function, &PyTuple_Type,
                          &positional, &PyDict_Type, &keywords)) {
        return NULL;
    }
    return call_entered((gf_run *)run, function, positional, keywords);
}

/* The outermost frame has none of ours below it yet. */
static PyObject *call_as_root(PyThreadState *ts, gf_run *run, PyObject *arguments)
{
    PyObject *none = PyDict_New();
    if (none == NULL) {
        return NULL;
    }
    int visible = gf_tells_of_shims(ts);
    PyObject *result = gf_call_start(run, (PyObject *)run, arguments, none, visible);
    if (result == NULL && !visible) {
        gf_tell_shim_unwound(ts);
    }
    Py_DECREF(none);
    return result;
}

PyObject *gf_enter_function(PyThreadState *ts, gf_run *run, int first)
{
    /* the records let go of it before it runs */
    PyObject *function = run->plan->frames[first].function;
    PyObject *arguments = arguments_of(function);
    if (arguments == NULL) {
        return NULL;
    }
    PyObject *result = first == 0
                           ? call_as_root(ts, run, arguments)
                           : call_entered(run, function, PyTuple_GET_ITEM(arguments, 1),
                                          PyTuple_GET_ITEM(arguments, 2));
    Py_DECREF(arguments);
    return result;
}
