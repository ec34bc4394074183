/* How a stack that was built goes on: materialise.c builds it, deliver.c and enter.c let
 * its frames go on, pause.c lets somebody look at it before.
 */
#ifndef GREENFLOW_RESUME_H
#define GREENFLOW_RESUME_H

#include "frames.h"

/* --- materialise.c, deliver.c ----------------------------------------------------------- */

/* What the frame inside gave: a value (returned by a function, yielded by a generator,
 * or handed in by the resume), the end of a generator, or an exception. */
typedef enum { GF_VALUE, GF_ENDED, GF_RAISED } gf_outcome_kind;

typedef struct {
    gf_outcome_kind kind; /* GF_RAISED: the error indicator is set */
    PyObject *value;
} gf_outcome;

int gf_segment_end(const gf_records *records, int first);
void gf_run_segment(PyThreadState *ts, gf_run *run, int first, gf_outcome *outcome);
void gf_take_answer(PyThreadState *ts, gf_run *run, gf_outcome *outcome);
PyObject *gf_deliver(gf_run *run, gf_frame *f, const gf_record *r, gf_outcome *outcome);

/* --- enter.c, enter_call.c: frames that go on at the start of an instruction --------------------------- */

/* -1 with an error while a frame evaluation function of others is installed. */
int gf_check_enterable(PyThreadState *ts);
/* What runs next is the frame of that record; -1 with an error. */
int gf_await_entry(PyThreadState *ts, gf_run *run, const gf_record *r);
/* The run as what is called by the shim below such a frame. */
PyObject *gf_run_call(PyObject *run, PyObject *args, PyObject *kwargs);
/* Calls the function of the innermost record. */
PyObject *gf_enter_function(PyThreadState *ts, gf_run *run, int first);
/* The next step of the generator goes on as its record says, with that outcome. */
PyObject *gf_enter_generator(PyThreadState *ts, gf_run *run, const gf_record *r,
                             gf_outcome *outcome, PyObject *watched);
/* None waits to be entered any more; -1 with an error if one still did. */
int gf_entered(PyThreadState *ts);

/* --- pause.c: a stack that was built, and the middle of a step --------------------------- */

/* Calls `pause`; a new reference, or NULL with an error, as when the flow leaves. */
PyObject *gf_rest(PyThreadState *ts, gf_run *run);
PyObject *gf_snapshot(PyObject *module, PyObject *frame);
PyObject *gf_abandon(PyObject *module, PyObject *frame);

#endif
