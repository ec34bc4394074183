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

int gf_dismantle(PyThreadState *ts, gf_run *run)
{
    PyObject *unwind = PyObject_CallNoArgs(unwind_type);
    if (unwind == NULL) {
        return -1;
    }
    int through_c;
    gf_frame *f = gf_own_frame(gf_current(ts));
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
