/* From the running flow's innermost frame outwards to the shim at its root: which frames
 * are there, where each waits, what of its stack will still be needed. Nothing is
 * changed; a stack that could not be entered again is refused here.
 */
#include "frames.h"

typedef struct {
    gf_run *run;
    gf_step *steps; /* innermost first */
    Py_ssize_t count, room;
    gf_inner inner;
    int through_c;
    int delegating;     /* throw() goes on in the frame without running it */
    PyObject *instance; /* of the inlined __init__ inside, or NULL */
    int planned;        /* the frame is this one of run->plan, or -1 */
    int segment;        /* of run->plan, which was just left whole; or -1 */
    gf_boundary root;
} walk;

static void free_boundary(gf_boundary *boundary)
{
    Py_XDECREF(boundary->held);
    Py_XDECREF(boundary->tops);
    Py_XDECREF(boundary->adapters);
}

static gf_step *add_step(walk *w)
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

/* A frame that waits for a segment that was resumed inside it: as it was planned. */
static int place_planned(walk *w, gf_step *s)
{
    const gf_record *r = &w->run->plan->frames[w->planned];
    w->planned = -1;
    s->pending = r->pending;
    s->nstack = r->nstack;
    s->boundary.delivery = r->delivery;
    s->boundary.held = Py_XNewRef(r->held);
    return 0;
}

/* Which record a generator was resumed from, or -1. */
static int resumed_generator(const walk *w, gf_frame *f)
{
    const gf_records *plan = w->run->plan;
    if (!gf_is_generator(f) || plan == NULL) {
        return -1;
    }
    for (int i = 0; i < plan->count; i++) {
        if (plan->frames[i].identity == gf_generator_of(f)) {
            return i;
        }
    }
    return -1;
}

/* A frame whose callee the evaluation loop runs inline: all is saved in the frame. */
static int place_inlined(walk *w, gf_step *s, gf_code_info *info)
{
    gf_op_kind kind = gf_kind_at(info, s->pending);
    s->nstack = gf_stack_count(s->frame);
    if (w->instance != NULL) {
        s->boundary.delivery = GF_INIT;
        s->boundary.held = Py_NewRef(w->instance);
        w->instance = NULL;
    }
    if (gf_is_generator(w->inner.frame)) {
        s->boundary.delivery = kind == GF_OP_SEND ? GF_SEND : GF_NEXT;
        if (kind != GF_OP_SEND && kind != GF_OP_FOR_ITER) {
            return gf_refuse(gf_code(s->frame), s->pending,
                             "a generator runs inline here");
        }
    }
    if (s->nstack != gf_kept(info, s->pending)) {
        PyErr_Format(PyExc_SystemError,
                     "greenflow: %U keeps %d values where %d were expected (offset %d)",
                     gf_code(s->frame)->co_qualname, s->nstack,
                     gf_kept(info, s->pending), 2 * s->pending);
        return -1;
    }
    return 0;
}

/* A finalizer runs when the frame whose object goes is off the stack already. */
static int refuse_finalizer(const walk *w)
{
    return gf_refuse(gf_code(w->inner.frame), 0, "it runs because an object goes");
}

static int place(walk *w, gf_step *s)
{
    int inside = w->segment;
    w->segment = resumed_generator(w, s->frame);
    /* Whether it waits for the segment inside (run_generator), or runs by itself. Its
     * stacktop does not tell: under a tracer it is stale (3.11.2, ceval.c,
     * TRACE_FUNCTION_ENTRY). */
    if (w->segment >= 0 && w->run->plan->frames[w->segment].driven) {
        if (inside != w->segment + 1) {
            return refuse_finalizer(w);
        }
        w->planned = w->segment;
    }
    if (w->planned >= 0) {
        return place_planned(w, s);
    }
    PyCodeObject *code = gf_code(s->frame);
    gf_code_info *info = gf_info(code);
    if (info == NULL) {
        return -1;
    }
    w->delegating = w->through_c && gf_place_delegating(s, w->inner, info);
    if (w->delegating) {
        return 0;
    }
    s->pending = gf_pending(info, gf_waiting_unit(s->frame));
    if (s->pending < 0) {
        return gf_refuse(code, 0, "its frame is not at an instruction");
    }
    if (!w->through_c) {
        return place_inlined(w, s, info);
    }
    if (gf_classify(s->frame, info, s->pending, w->inner, &s->boundary) < 0) {
        return -1;
    }
    s->nstack = gf_kept_for(info, s->pending, s->boundary.delivery);
    return 0;
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

/* An adapter waits at its first call, before it has anything on its stack. */
static int place_adapter(gf_step *s, PyObject *adapter)
{
    PyObject *function, *locals;
    int offset;
    if (!PyArg_ParseTuple(adapter, "O!iO!", &PyFunction_Type, &function, &offset,
                          &PyTuple_Type, &locals)) {
        return -1;
    }
    gf_code_info *info = gf_info((PyCodeObject *)PyFunction_GET_CODE(function));
    if (info == NULL) {
        return -1;
    }
    s->adapter = adapter;
    s->pending = gf_pending(info, offset / 2);
    if (s->pending < 0 || gf_kept(info, s->pending) != 0) {
        PyErr_SetString(PyExc_SystemError, "greenflow: an adapter does not wait first");
        return -1;
    }
    return 0;
}

/* They stand between the frame that is inside and the one whose boundary this is. What
 * is inside the innermost may be a generator. */
static int add_adapters(walk *w, const gf_boundary *boundary)
{
    Py_ssize_t count =
        boundary->adapters == NULL ? 0 : PyTuple_GET_SIZE(boundary->adapters);
    for (Py_ssize_t i = count; i > 0; i--) {
        gf_step *s = add_step(w);
        if (s == NULL
            || place_adapter(s, PyTuple_GET_ITEM(boundary->adapters, i - 1)) < 0) {
            return -1;
        }
        if (i == count && w->inner.frame != NULL && gf_is_generator(w->inner.frame)) {
            s->boundary.delivery = GF_CALL_NEXT;
        }
    }
    return 0;
}

static int add_frame(walk *w, gf_frame *f)
{
    gf_step new = {.frame = f};
    int placed = place(w, &new) == 0 && check_frame(f, new.pending) == 0
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

static int at_root(walk *w, gf_frame *f)
{
    if (gf_shim_kind(gf_code(f)) == GF_START) {
        return gf_classify_root(gf_peek(f, 1), w->inner, &w->root) < 0
                   ? -1
                   : add_adapters(w, &w->root);
    }
    w->root.delivery = w->run->plan->delivery;
    w->root.held = Py_XNewRef(w->run->plan->held);
    return 0;
}

/* The evaluation loop that runs a segment called its outermost frame; what its callers
 * wait for is this segment, or the generator that is one, and nothing else. */
static int at_shim(walk *w, gf_frame *f, gf_shim kind)
{
    if (kind == GF_BASE) {
        w->segment = gf_shim_segment(f);
        return w->through_c ? refuse_finalizer(w) : 0;
    }
    w->planned = gf_segment_end(w->run->plan, gf_shim_segment(f));
    return w->segment != w->planned + 1 ? refuse_finalizer(w) : 0;
}

static gf_frame *next_frame(walk *w, gf_frame *f)
{
    gf_frame *caller = gf_caller(f, &w->through_c);
    w->through_c |= w->delegating; /* throw() is C code, whoever ran the frame last */
    w->delegating = 0;
    return caller;
}

static int walk_frames(walk *w, gf_frame *f)
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

gf_records *gf_capture(PyThreadState *ts, gf_run *run, PyObject *operation,
                       PyObject *const *args)
{
    walk w = {.run = run,
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
            records = gf_copy_steps(w.steps, w.count);
        }
    }
    if (records != NULL) {
        records->exc = Py_XNewRef(run->exc_item.exc_value);
        records->delivery = w.root.delivery;
        records->held = Py_XNewRef(w.root.held);
    }
    for (Py_ssize_t i = 0; i < w.count; i++) {
        free_boundary(&w.steps[i].boundary);
    }
    free_boundary(&w.root);
    PyMem_Free(w.steps);
    return records;
}
