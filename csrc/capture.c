/* From the running flow's innermost frame outwards to the shim at its root: which frames
 * are there, where each waits, what of its stack will still be needed. Nothing is
 * changed; a stack that could not be entered again is refused here.
 */
#include "frames.h"

typedef struct {
    gf_frame *frame;
    int pending;
    int nstack;
    gf_boundary boundary;
} step;

typedef struct {
    gf_run *run;
    step *steps; /* innermost first */
    Py_ssize_t count, room;
    gf_inner inner;
    int through_c;
    PyObject *instance; /* of the inlined __init__ inside, or NULL */
    int planned;        /* the frame is this one of run->plan, or -1 */
    gf_boundary root;
} walk;

static step *add_step(walk *w)
{
    if (w->count == w->room) {
        Py_ssize_t room = w->room == 0 ? 64 : 2 * w->room;
        step *grown = PyMem_Resize(w->steps, step, (size_t)room);
        if (grown == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        w->steps = grown;
        w->room = room;
    }
    step *s = &w->steps[w->count++];
    memset(s, 0, sizeof(*s));
    return s;
}

/* A frame that waits for a segment that was resumed inside it: as it was planned. */
static int place_planned(walk *w, step *s)
{
    const gf_record *r = &w->run->plan->frames[w->planned];
    w->planned = -1;
    s->pending = r->pending;
    s->nstack = r->nstack;
    s->boundary.delivery = r->delivery;
    s->boundary.held = Py_XNewRef(r->held);
    return 0;
}

/* Which record a generator is driven by (run_generator), or -1 if it runs by itself. Its
 * stacktop does not tell: under a tracer it is stale (3.11.2, ceval.c,
 * TRACE_FUNCTION_ENTRY). */
static int driven_generator(const walk *w, gf_frame *f)
{
    const gf_records *plan = w->run->plan;
    if (!gf_is_generator(f) || plan == NULL) {
        return -1;
    }
    for (int i = 0; i < plan->count; i++) {
        if (plan->frames[i].driven && plan->frames[i].identity == gf_generator_of(f)) {
            return i;
        }
    }
    return -1;
}

/* A frame whose callee the evaluation loop runs inline: all is saved in the frame. */
static int place_inlined(walk *w, step *s, gf_code_info *info)
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

static int place(walk *w, step *s)
{
    if (w->planned < 0) {
        w->planned = driven_generator(w, s->frame);
    }
    if (w->planned >= 0) {
        return place_planned(w, s);
    }
    PyCodeObject *code = gf_code(s->frame);
    gf_code_info *info = gf_info(code);
    if (info == NULL) {
        return -1;
    }
    s->pending = gf_pending(info, gf_waiting_unit(s->frame));
    if (s->pending < 0) {
        return gf_refuse(code, 0, "its frame is not at an instruction");
    }
    if (!w->through_c) {
        return place_inlined(w, s, info);
    }
    s->nstack = gf_kept(info, s->pending);
    return gf_classify(s->frame, info, s->pending, w->inner, &s->boundary);
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

static int add_frame(walk *w, gf_frame *f)
{
    step *s = add_step(w);
    if (s == NULL) {
        return -1;
    }
    s->frame = f;
    if (place(w, s) < 0 || check_frame(f, s->pending) < 0) {
        return -1;
    }
    w->inner.frame = f;
    w->inner.object =
        gf_is_generator(f) ? (PyObject *)gf_generator_of(f) : gf_function(f);
    return 0;
}

static int at_root(walk *w, gf_frame *f)
{
    if (gf_shim_kind(gf_code(f)) == GF_START) {
        return gf_classify_root(gf_peek(f, 1), w->inner, &w->root);
    }
    w->root.delivery = w->run->plan->delivery;
    w->root.held = Py_XNewRef(w->run->plan->held);
    return 0;
}

static int walk_frames(walk *w, gf_frame *f)
{
    for (; f != NULL; f = gf_caller(f, &w->through_c)) {
        gf_shim kind = gf_shim_kind(gf_code(f));
        if (kind == GF_START || (kind == GF_BASE && gf_shim_segment(f) == 0)) {
            return at_root(w, f);
        }
        if (kind == GF_TOP) {
            w->planned = gf_segment_end(w->run->plan, gf_shim_segment(f));
        }
        else if (gf_is_init_shim(f)) {
            w->instance = gf_peek(f, 0);
        }
        else if (kind == GF_NO_SHIM && add_frame(w, f) < 0) {
            return -1;
        }
    }
    PyErr_SetString(PyExc_SystemError, "greenflow: the flow has no root");
    return -1;
}

/* --- from frames to records -------------------------------------------------------------- */

static int copy_slots(gf_record *r, const step *s)
{
    int slots = r->nlocals + r->nstack;
    for (int i = 0; i < slots; i++) {
        if (i == slots - 1 && s->boundary.top != NULL) {
            r->slots[i] = Py_NewRef(s->boundary.top);
        }
        else if (gf_copy_slot(s->frame, i, &r->slots[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int copy_frame(gf_record *r, const step *s)
{
    gf_frame *f = s->frame;
    r->function = Py_NewRef(gf_function(f));
    r->pending = s->pending;
    r->delivery = s->boundary.delivery;
    r->held = Py_XNewRef(s->boundary.held);
    if (gf_is_generator(f)) {
        PyGenObject *gen = gf_generator_of(f);
        r->generator = Py_NewRef((PyObject *)gen);
        r->identity = gen;
        r->exc = Py_XNewRef(gen->gi_exc_state.exc_value);
    }
    PyObject *locals = *gf_locals_dict(f);
    /* nobody but the frame has it: it is only a cache of locals() */
    if (locals != NULL && Py_REFCNT(locals) > 1) {
        r->locals = Py_NewRef(locals);
    }
    return copy_slots(r, s);
}

static gf_records *make_records(walk *w)
{
    Py_ssize_t nslots = 0;
    for (Py_ssize_t i = 0; i < w->count; i++) {
        nslots += gf_code(w->steps[i].frame)->co_nlocalsplus + w->steps[i].nstack;
    }
    gf_records *records = gf_records_new(w->count, nslots);
    if (records == NULL) {
        return NULL;
    }
    PyObject **slots = records->slots;
    for (Py_ssize_t i = 0; i < w->count; i++) {
        const step *s = &w->steps[w->count - 1 - i];
        gf_record *r = &records->frames[i];
        r->nlocals = gf_code(s->frame)->co_nlocalsplus;
        r->nstack = s->nstack;
        r->slots = slots;
        slots += r->nlocals + r->nstack;
        if (copy_frame(r, s) < 0) {
            Py_DECREF(records);
            return NULL;
        }
    }
    records->exc = Py_XNewRef(w->run->exc_item.exc_value);
    records->delivery = w->root.delivery;
    records->held = Py_XNewRef(w->root.held);
    return records;
}

static void free_boundary(gf_boundary *boundary)
{
    Py_XDECREF(boundary->held);
    Py_XDECREF(boundary->top);
}

gf_records *gf_capture(PyThreadState *ts, gf_run *run, PyObject *operation,
                       PyObject *const *args)
{
    walk w = {.run = run,
              .inner = {.object = operation, .args = args},
              .through_c = 1,
              .planned = -1};
    gf_records *records = NULL;
    if (walk_frames(&w, gf_current(ts)) == 0) {
        if (w.count == 0) {
            gf_raise_not_in_flow(operation);
        }
        else {
            records = make_records(&w);
        }
    }
    for (Py_ssize_t i = 0; i < w.count; i++) {
        free_boundary(&w.steps[i].boundary);
    }
    free_boundary(&w.root);
    PyMem_Free(w.steps);
    return records;
}
