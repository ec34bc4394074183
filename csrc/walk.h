/* The way of a capture, from the innermost frame outwards: capture.c walks, placing.c and
 * delegating.c tell how each frame waits, copy.c makes the records.
 */
#ifndef GREENFLOW_WALK_H
#define GREENFLOW_WALK_H

#include "frames.h"

/* A frame on the way outwards, or an adapter that will stand inside it. */
typedef struct {
    gf_frame *frame;   /* NULL for an adapter */
    PyObject *adapter; /* (function, offset, locals), borrowed from a boundary */
    int pending;
    int nstack;
    uint8_t silent;
    gf_boundary boundary;
} gf_step;

typedef struct {
    gf_run *run;
    gf_step *steps; /* innermost first */
    Py_ssize_t count, room;
    gf_inner inner;
    int through_c;
    int delegating;     /* throw() goes on in the frame without running it */
    PyObject *instance; /* of the inlined __init__ inside, or NULL */
    int begins;         /* an instruction of the frame is about to begin */
    int planned;        /* the frame is this one of run->plan, or -1 */
    int segment;        /* of run->plan, which was just left whole; or -1 */
    gf_boundary root;
} gf_walk;

/* --- placing.c --------------------------------------------------------------------------- */

int gf_place(gf_walk *w, gf_step *s);
/* A finalizer runs when the frame whose object goes is off the stack already. */
int gf_refuse_finalizer(const gf_walk *w);

/* --- delegating.c, copy.c ----------------------------------------------------------------- */

/* Whether it is a generator whose throw() is in the one inside; if so, how
 * it waits. */
int gf_place_delegating(gf_step *s, gf_inner inner, const gf_code_info *info);
/* Records of the steps, which are innermost first. */
gf_records *gf_copy_steps(const gf_step *steps, Py_ssize_t count);
/* How an adapter waits, before it has run: at its first call. */
int gf_place_adapter(gf_step *s, PyObject *adapter);

#endif
