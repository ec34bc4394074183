/* From the running flow's innermost frame outwards to the shim at its root: which frames
 * are there, where each waits, what of its stack will still be needed. Nothing is
 * changed; a stack that could not be entered again is refused here.
 */
#include "resume.h"
#include "walk.h"

static void free_boundary(gf_boundary *boundary)
{
    Py_XDECREF(boundary->held);
    Py_XDECREF(boundary->tops);
    Py_XDECREF(boundary->adapters);
}

static gf_step *add_step(gf_walk *w)
{
    if (w->count == w->room) {
        Py_ssize_t room = w->room == 0 ? 64 : 2 * w->room;
        gf_step *grown = PyMem_Resize(w->steps, gf_step, (size_t)room);
        if (grown == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        w->steps = grown;
        w->room = room;
    }
    gf_step *s = &w->steps[w->count++];
    memset(s, 0, sizeof(*s));
    return s;
}

static int check_frame(gf_frame *f, int pending)
{
    PyCodeObject *code = gf_code(f);
    if (!(code->co_flags & CO_OPTIMIZED)) {
        return gf_refuse(code, pending,
                         "the body of a class or module cannot be saved");
    }
    if (PyFunction_GET_CODE(gf_function(f)) != (PyObject *)code) {
        return gf_refuse(code, pending, "its __code__ was replaced while it ran");
    }
    return gf_dead_code(code) == NULL ? -1 : 0;
}

/* They stand between the frame that is inside and the one whose boundary this is. What
 * is inside the innermost may be a generator. */
static int add_adapters(gf_walk *w, const gf_boundary *boundary)
{
    Py_ssize_t count =
        boundary->adapters == NULL ? 0 : PyTuple_GET_SIZE(boundary->adapters);
    for (Py_ssize_t i = count; i > 0; i--) {
        gf_step *s = add_step(w);
        if (s == NULL
            || gf_place_adapter(s, PyTuple_GET_ITEM(boundary->adapters, i - 1)) < 0) {
            return -1;
        }
        if (i == count && w->inner.frame != NULL && gf_is_generator(w->inner.frame)) {
            s->boundary.delivery = GF_CALL_NEXT;
        }
    }
    return 0;
}

static int add_frame(gf_walk *w, gf_frame *f)
{
    gf_step new = {.frame = f};
    int placed = gf_place(w, &new) == 0 && check_frame(f, new.pending) == 0
                 && add_adapters(w, &new.boundary) == 0;
    gf_step *s = placed ? add_step(w) : NULL;
    if (s == NULL) {
        free_boundary(&new.boundary);
        return -1;
    }
    *s = new;
    w->inner.frame = f;
    w->inner.object =
        gf_is_generator(f) ? (PyObject *)gf_generator_of(f) : gf_function(f);
    return 0;
}

static int at_root(gf_walk *w, gf_frame *f)
{
    if (w->run->plan == NULL) {
        return gf_classify_root(gf_peek(f, 1), w->inner, &w->root) < 0
                   ? -1
                   : add_adapters(w, &w->root);
    }
    if (gf_shim_kind(gf_code(f)) == GF_START && w->segment != 0) {
        return gf_refuse_finalizer(w); /* the frame that was entered is gone */
    }
    w->root.delivery = w->run->plan->delivery;
    w->root.held = Py_XNewRef(w->run->plan->held);
    return 0;
}

/* The evaluation loop that runs a segment called its outermost frame; what its callers
 * wait for is this segment, or the generator that is one, and nothing else. */
static int at_shim(gf_walk *w, gf_frame *f, gf_shim kind)
{
    if (kind == GF_BASE) {
        w->segment = gf_shim_segment(f);
        return w->through_c ? gf_refuse_finalizer(w) : 0;
    }
    w->planned = gf_segment_end(w->run->plan, gf_shim_segment(f));
    return w->segment != w->planned + 1 ? gf_refuse_finalizer(w) : 0;
}

static gf_frame *next_frame(gf_walk *w, gf_frame *f)
{
    gf_frame *caller = gf_caller(f, &w->through_c);
    w->through_c |= w->delegating; /* throw() is C code, whoever ran the frame last */
    w->delegating = 0;
    return caller;
}

static int walk_frames(gf_walk *w, gf_frame *f)
{
    if (w->run->delivering > 0) {
        return gf_refuse(gf_code(f), 0, "it runs because an object goes");
    }
    for (; f != NULL; f = next_frame(w, f)) {
        gf_shim kind = gf_shim_kind(gf_code(f));
        if ((kind == GF_BASE || kind == GF_TOP) && at_shim(w, f, kind) < 0) {
            return -1;
        }
        if (kind == GF_START || (kind == GF_BASE && gf_shim_segment(f) == 0)) {
            return at_root(w, f);
        }
        if (gf_is_init_shim(f)) {
            w->instance = gf_peek(f, 0);
        }
        else if (kind == GF_NO_SHIM && add_frame(w, f) < 0) {
            return -1;
        }
    }
    PyErr_SetString(PyExc_SystemError, "greenflow: the flow has no root");
    return -1;
}

static gf_records *to_records(gf_walk *w)
{
    gf_records *records = gf_copy_steps(w->steps, w->count);
    if (records != NULL) {
        records->exc = gf_handled(w->run->exc_item.exc_value);
        records->delivery = w->root.delivery;
        records->held = Py_XNewRef(w->root.held);
    }
    return records;
}

static void free_walk(gf_walk *w)
{
    for (Py_ssize_t i = 0; i < w->count; i++) {
        free_boundary(&w->steps[i].boundary);
    }
    free_boundary(&w->root);
    PyMem_Free(w->steps);
}

gf_records *gf_capture(PyThreadState *ts, gf_run *run, PyObject *operation,
                       PyObject *const *args)
{
    gf_walk w = {.run = run,
                 .inner = {.object = operation, .args = args},
                 .through_c = 1,
                 .planned = -1,
                 .segment = -1};
    gf_records *records = NULL;
    if (walk_frames(&w, gf_current(ts)) == 0) {
        if (w.count == 0) {
            gf_raise_not_in_flow(operation);
        }
        else {
            records = to_records(&w);
        }
    }
    free_walk(&w);
    return records;
}

gf_records *gf_capture_from(gf_run *run, gf_frame *innermost)
{
    int resting = run->rests != NULL, last = resting ? (int)run->plan->count - 1 : -1;
    gf_walk w = {.run = run,
                 .begins = !resting,
                 .planned = last,
                 .segment = resting ? last + 1 : -1};
    gf_records *records = walk_frames(&w, innermost) < 0 ? NULL : to_records(&w);
    free_walk(&w);
    return records;
}
