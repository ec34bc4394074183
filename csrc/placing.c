/* Where a frame waits, and what of its stack will still be needed. */
#include "walk.h"

/* A frame that waits for a segment that was resumed inside it: as it was planned. */
static int place_planned(gf_walk *w, gf_step *s)
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
static int resumed_generator(const gf_walk *w, gf_frame *f)
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
static int place_inlined(gf_walk *w, gf_step *s, gf_code_info *info)
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

/* A frame that is told of a line which it has not begun: all is saved in it. */
static int place_beginning(gf_walk *w, gf_step *s, gf_code_info *info)
{
    int unit = gf_waiting_unit(s->frame);
    while (unit >= 0 && unit < info->units && gf_kind_at(info, unit) == GF_OP_PREFIX) {
        unit++;
    }
    w->begins = 0;
    if (!gf_can_begin_at(info, unit) || gf_stack_count(s->frame) != info->depth[unit]) {
        return gf_refuse(gf_code(s->frame), unit,
                         "no line of it is about to begin here");
    }
    s->pending = unit;
    s->nstack = info->depth[unit];
    s->boundary.delivery = GF_AT;
    return 0;
}

int gf_refuse_finalizer(const gf_walk *w)
{
    return gf_refuse(gf_code(w->inner.frame), 0, "it runs because an object goes");
}

int gf_place(gf_walk *w, gf_step *s)
{
    int inside = w->segment;
    w->segment = s->frame == w->run->entered ? (int)w->run->plan->count - 1
                                             : resumed_generator(w, s->frame);
    /* Whether it waits for the segment inside (run_generator), or runs by itself. Its
     * stacktop does not tell: under a tracer it is stale (3.11.2, ceval.c,
     * TRACE_FUNCTION_ENTRY). */
    if (w->segment >= 0 && w->run->plan->frames[w->segment].driven) {
        if (inside != w->segment + 1) {
            return gf_refuse_finalizer(w);
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
    if (w->begins) {
        return place_beginning(w, s, info);
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
