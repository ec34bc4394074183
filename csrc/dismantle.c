/* Takes a captured stack off the C stack without running anything of the user's: each
 * frame is given a twin of its code that has no exception table, then an exception is
 * raised that only the run itself takes. The interpreter unwinds all by itself, so every
 * reference that it holds in C variables is given back by its owner.
 */
#include "frames.h"

static PyObject *unwind_type;

int gf_dismantle_init(void)
{
    if (unwind_type == NULL) {
        unwind_type =
            PyErr_NewException("greenflow._frames.Unwind", PyExc_BaseException, NULL);
    }
    return unwind_type == NULL ? -1 : 0;
}

int gf_is_unwinding(void) { return PyErr_ExceptionMatches(unwind_type); }

/* The code that a frame is given before it is unwound: with no handler to run, and
 * hidden from tracebacks. One for each code, since the interpreter still needs its
 * sizes while it clears the frame. */
PyCodeObject *gf_dead_code(PyCodeObject *code)
{
    gf_code_info *info = gf_info(code);
    if (info == NULL || info->dead != NULL) {
        return info == NULL ? NULL : info->dead;
    }
    PyObject *replace = PyObject_GetAttrString((PyObject *)code, "replace");
    PyObject *none = PyTuple_New(0);
    PyObject *changes = Py_BuildValue("{s:y}", "co_exceptiontable", "");
    PyObject *dead = NULL;
    if (replace != NULL && none != NULL && changes != NULL) {
        dead = PyObject_Call(replace, none, changes);
    }
    Py_XDECREF(replace);
    Py_XDECREF(none);
    Py_XDECREF(changes);
    if (dead != NULL) {
        gf_hide_code((PyCodeObject *)dead, (int)gf_code_units((PyCodeObject *)dead));
        info->dead = (PyCodeObject *)dead;
    }
    return info->dead;
}

int gf_dismantle(PyThreadState *ts, gf_run *run, gf_frame *innermost)
{
    int through_c;
    gf_frame *f = gf_own_frame(innermost);
    for (; f != NULL; f = gf_own_frame(gf_caller(f, &through_c))) {
        if (gf_dead_code(gf_code(f)) == NULL) {
            return -1;
        }
    }
    PyObject *unwind = PyObject_CallNoArgs(unwind_type);
    if (unwind == NULL) {
        return -1;
    }
    f = gf_own_frame(innermost);
    for (; f != NULL; f = gf_own_frame(gf_caller(f, &through_c))) {
        gf_swap_code(f, gf_dead_code(gf_code(f)));
    }
    run->leaving = 1;
    /* monitoring would look up its data in the twin, which has none (3.12) */
    gf_trace_off(ts, run);
    /* not PyErr_SetObject: it would chain the exception that the flow is handling */
    PyErr_Restore(Py_NewRef(unwind_type), unwind, NULL);
    return 0;
}
