/* What the parts of the core share. The way of the data:
 *
 *   operation.c -> capture.c -> records.c -> shape.c ... parse.c -> materialise.c
 *                  classify.c                           verify.c    shims.c, deliver.c
 *                  dismantle.c
 */
#ifndef GREENFLOW_FRAMES_H
#define GREENFLOW_FRAMES_H

#include "layout.h"
#include "opcodes.h"

#include <stdint.h>

/* --- depths.c: what lies on the value stack at each instruction -------------------- */

enum { GF_UNREACHED = -1, GF_CACHE = -2 };

typedef struct {
    PyCodeObject *dead;   /* the same code with no exception table; made on demand */
    PyObject *bytes;      /* co_code: base opcodes, caches zeroed */
    unsigned char *slots; /* see slots.c; made on demand */
    int units;
    int depth[]; /* values on the stack before the unit, or one of the above */
} gf_code_info;

gf_code_info *gf_info(PyCodeObject *code);
int gf_op_at(const gf_code_info *info, int unit, int *oparg);
gf_op_kind gf_kind_at(const gf_code_info *info, int unit);
/* The instruction that `position` belongs to, or -1; a PRECALL counts as its CALL. */
int gf_pending(const gf_code_info *info, int position);
/* The last unit (cache) of the instruction at `unit`. */
int gf_last_unit(const gf_code_info *info, int unit);
/* The first unit of the instruction at `unit`: its first EXTENDED_ARG. */
int gf_first_unit(const gf_code_info *info, int unit);
/* Whether a frame can go on at the start of the instruction at `unit`: GF_AT. */
int gf_can_begin_at(const gf_code_info *info, int unit);
/* What stays on the stack while the instruction waits for the value it will push. */
int gf_kept(const gf_code_info *info, int unit);
/* The same for whatever it waits with: a gf_delivery. */
int gf_kept_for(const gf_code_info *info, int unit, int delivery);
PyCodeObject *gf_dead_code(PyCodeObject *code);
int gf_depths_init(void);

/* --- ranges.c: which handler is in charge where ------------------------------------ */

typedef struct {
    const unsigned char *p, *last; /* what of the table follows */
    int start, end, target;        /* units */
    int depth, offset; /* values below the exception; whether the unit is one more */
} gf_range;

gf_range gf_ranges(PyCodeObject *code);
/* 1, or 0 behind the last, or -1 without an error if the table is damaged. */
int gf_next_range(gf_range *range);
/* Whether other handlers are in charge from that unit on than before it. */
int gf_range_begins_at(PyCodeObject *code, int unit);

/* --- records.c: a captured stack as plain data -------------------------------------- */

/* How a frame takes what the frame inside it (or the resume) gives. */
typedef enum {
    GF_PUSH = 0,      /* the result is pushed behind the pending instruction */
    GF_INIT = 1,      /* type.__call__ waits for __init__: check None, push `held` */
    GF_NEXT = 2,      /* FOR_ITER: push, or leave the loop when the iterator ends */
    GF_SEND = 3,      /* SEND: push, or jump with the value when the iterator ends */
    GF_CALL_NEXT = 4, /* next(it[, held]), g.send(): push, or raise StopIteration */
    GF_AGAIN = 5,     /* the instruction runs once more, with the result on top */
    GF_OR_POP = 6,    /* `and`, `or` of 3.11: jump with `held` on top, or pop it */
    GF_AT = 7,        /* of the innermost: the instruction begins, nothing is pushed */
    GF_DELIVERIES
} gf_delivery;

typedef struct {
    PyObject *function;
    PyObject *generator;  /* whose frame this is, or NULL */
    PyObject *exc;        /* what the generator is handling, or NULL */
    PyObject *locals;     /* the dict that locals() made, if somebody has it; or NULL */
    PyObject *held;       /* for GF_INIT and GF_CALL_NEXT; or NULL */
    const void *identity; /* the generator's address: outlives the reference to it */
    PyObject **slots;     /* locals, then stack: in the block of the whole */
    int nlocals;
    int nstack;
    int pending;
    uint8_t delivery;
    uint8_t driven; /* the generator waits for the segment that is run inside it */
    uint8_t adapts; /* it was made when it was captured */
    uint8_t silent; /* throw() went through it: nobody was told that it runs */
} gf_record;

typedef struct {
    PyObject_HEAD Py_ssize_t count;
    gf_record *frames; /* outermost first */
    PyObject **slots;
    Py_ssize_t nslots;
    PyObject *exc;  /* what the flow is handling outside any generator, or NULL */
    PyObject *held; /* the instance, when the flow's function is a class */
    Py_ssize_t
        adapters; /* of the frames, how many were not there when it was captured */
    uint8_t delivery;
    uint8_t consumed; /* its values moved into frames */
} gf_records;

/* Of the shape: what comes before the frames, and before the mask of each. */
enum { GF_HEAD_BYTES = 6, GF_FRAME_BYTES = 12 };

extern PyTypeObject gf_records_type;
gf_records *gf_records_new(Py_ssize_t count, Py_ssize_t nslots);
void gf_records_release(gf_records *records);
int gf_refuse_consumed(gf_records *records);
/* The objects beside the slots, in the order of the flags of the shape. */
PyObject **gf_record_extra(gf_record *r, int bit);

/* --- shape.c, describe.c (attributes of Records), parse.c ------------------------------ */

PyObject *gf_records_functions(gf_records *self, void *closure);
PyObject *gf_records_shape(gf_records *self, void *closure);
PyObject *gf_records_values(gf_records *self, void *closure);
PyObject *gf_records_parts(PyObject *op, PyObject *ignored);
PyObject *gf_records_frames(gf_records *self, void *closure);
PyObject *gf_records_places(gf_records *self, void *closure);
PyObject *gf_records_generators(gf_records *self, void *closure);
PyObject *gf_records_from_parts(PyObject *module, PyObject *args);
gf_records *gf_records_parse(PyObject *functions, PyObject *shape, PyObject *values);

/* --- verify.c ------------------------------------------------------------------------ */

int gf_verify_record(const gf_record *r, Py_ssize_t index);
int gf_verify_suspended(const gf_record *r);
int gf_verify_globals(const gf_record *r, Py_ssize_t index);

/* --- run.c: one run of a flow, from start() or resume() until it leaves -------------- */

typedef struct {
    PyObject_HEAD PyObject *hook; /* called with (records, request), or NULL */
    PyObject *context;            /* the one it began in, or NULL: whose run it is */
    gf_records *plan;             /* what is being resumed, or NULL */
    gf_records *captured;         /* what it left with */
    PyObject *request;
    PyObject *value;    /* what the waiting call will return, or NULL */
    PyObject *error;    /* or raise */
    PyObject *pause;    /* called when all is built and nothing has run yet; or NULL */
    gf_frame *reserved; /* frames of the segment that is about to land */
    gf_frame *entered;  /* the function's frame that goes on at GF_AT, while it runs */
    gf_frame *rests;    /* the innermost frame, while `pause` is called */
    _PyErr_StackItem exc_item;
    int delivering; /* what runs now runs because something goes */
    uint8_t landed;
    uint8_t leaving;
    uint8_t capturing;
    uint8_t tracing_off; /* PyThreadState_EnterTracing is in effect */
} gf_run;

/* What an exception state says is being handled, or NULL: None is there once something
 * was handled. */
static inline PyObject *gf_handled(PyObject *exc_value)
{
    return exc_value == Py_None ? NULL : Py_XNewRef(exc_value);
}

extern PyTypeObject gf_run_type;
gf_run *gf_find_run(PyThreadState *ts);
/* The next frame of the flow's own from f outwards (f included), or NULL at its root. */
gf_frame *gf_own_frame(gf_frame *f);
PyObject *gf_start(PyObject *module, PyObject *args);
PyObject *gf_resume(PyObject *module, PyObject *args);
void gf_trace_on(PyThreadState *ts, gf_run *run);
void gf_trace_off(PyThreadState *ts, gf_run *run);

/* --- shims.c: the Python frames of our own below and above a flow's ------------------ */

typedef enum { GF_NO_SHIM, GF_START, GF_BASE, GF_TOP } gf_shim;
enum { GF_TOP_QUIET_SLOT = 3 }; /* see the source in shims.c */

gf_shim gf_shim_kind(PyCodeObject *code);
int gf_is_hidden_shim(PyCodeObject *code);
void gf_show_shims(int shown);
gf_run *gf_shim_run(gf_frame *f);
int gf_shim_segment(gf_frame *f);
size_t gf_shim_words(void);
int gf_shims_init(PyObject *reserve, PyObject *land);
enum { GF_SHIM_CODES = 12 };
PyObject *gf_shim_code(int index);
PyObject *gf_call_start(gf_run *run, PyObject *call, PyObject *args, PyObject *kwargs,
                        int visible);
PyObject *gf_call_base(gf_run *run, int first, int visible);
PyObject *gf_reserve(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *gf_land(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* --- operands.c, classify.c: what reaches the frame inside through C ------------------- */

typedef struct {
    uint8_t delivery;
    PyObject *held; /* new reference, or NULL */
    PyObject *tops; /* what belongs on top of the kept stack: a tuple, or NULL */
    PyObject
        *adapters; /* ((function, offset, locals), ...), outermost first; or NULL */
} gf_boundary;

typedef struct {
    PyObject *object;      /* the operation, the generator or the function inside */
    gf_frame *frame;       /* its frame; NULL for the operation */
    PyObject *const *args; /* of the operation */
} gf_inner;

typedef struct {
    gf_frame *frame;
    int first, count; /* slots */
} gf_operands;

gf_operands gf_readable(gf_frame *f, const gf_code_info *info, int unit,
                        gf_inner inner);
PyObject *gf_operand(const gf_operands *o, int i);
PyObject *gf_operand_tuple(const gf_operands *o);
PyObject *gf_first_argument(gf_inner inner);

int gf_classify(gf_frame *f, gf_code_info *info, int pending, gf_inner inner,
                gf_boundary *out);
int gf_classify_root(PyObject *callable, gf_inner inner, gf_boundary *out);
PyObject *gf_configure(PyObject *module, PyObject *args);
void gf_raise_not_in_flow(PyObject *name);
int gf_refuse(PyCodeObject *code, int pending, const char *why);

/* --- capture.c (see walk.h), dismantle.c ------------------------------------------------ */

gf_records *gf_capture(PyThreadState *ts, gf_run *run, PyObject *operation,
                       PyObject *const *args);
/* From `innermost` on outwards: it rests where it was built, or an instruction of it
 * begins. */
gf_records *gf_capture_from(gf_run *run, gf_frame *innermost);
int gf_dismantle(PyThreadState *ts, gf_run *run, gf_frame *innermost);
int gf_is_unwinding(void);
int gf_dismantle_init(void);

/* --- instrument.c ---------------------------------------------------------------------- */

int gf_instrument_plan(PyThreadState *ts, const gf_records *plan);
PyObject *gf_set_trace(PyObject *module, PyObject *tracer);

/* --- datastack.c ----------------------------------------------------------------------- */

int gf_ensure_datastack(PyThreadState *ts, size_t words, _PyStackChunk **fresh);
void gf_drop_if_unused(PyThreadState *ts, _PyStackChunk *fresh);
gf_frame *gf_take_datastack(PyThreadState *ts, size_t words);

/* --- generators.c ------------------------------------------------------------------------ */

int gf_refill_generator(PyGenObject *gen, const gf_record *r);
PyObject *gf_generator_state(PyObject *module, PyObject *gen);
PyObject *gf_generator_shell(PyObject *module, PyObject *args);
PyObject *gf_generator_fill(PyObject *module, PyObject *args);
PyObject *gf_generator_forget(PyObject *module, PyObject *gen);
PyObject *gf_generator_recall(PyObject *module, PyObject *gen);

/* --- generator_set.c ---------------------------------------------------------------------- */

PyObject *gf_generator_set(PyObject *module, PyObject *args);

/* --- async_generators.c ------------------------------------------------------------------ */

int gf_is_async_step(PyObject *op);
PyObject *gf_async_go_on(PyObject *gen, const char *method, PyObject *value);
PyObject *gf_async_step(PyObject *module, PyObject *args);
PyObject *gf_async_flags(PyObject *module, PyObject *gen);
PyObject *gf_async_set_flags(PyObject *module, PyObject *args);

/* --- deep.c ------------------------------------------------------------------------------- */

PyObject *gf_deep_begin(PyObject *module, PyObject *bytes);
PyObject *gf_deep_look(PyObject *module, PyObject *object);

/* --- operation.c --------------------------------------------------------------------------- */

extern PyTypeObject gf_operation_type;
extern PyObject *gf_leave; /* the LEAVE singleton */

/* --- events.c ------------------------------------------------------------------------- */

/* Whether shims must be frames like others, for what watches this thread. */
int gf_visible_shims(PyThreadState *ts);
/* Whether what watches this thread is told when a shim returns. */
int gf_tells_of_shims(PyThreadState *ts);
/* -1 with the tracer's error, which belongs into the innermost frame. */
int gf_tell_called(PyThreadState *ts, const gf_records *plan);
/* No events of an error that leaves the shim; it has a local variable for this. */
void gf_quiet_until_cleared(PyThreadState *ts, gf_frame *top);
int gf_events_init(void);
void gf_tell_returned(PyThreadState *ts, const gf_records *records);
/* The innermost frame's object, if a tracer or profiler is there; else NULL. */
PyObject *gf_watched_frame(PyThreadState *ts);
void gf_tell_thrown(PyThreadState *ts, PyObject *watched);
/* After an error has left a shim that C code called. */
void gf_tell_shim_unwound(PyThreadState *ts);

/* --- fields.c, fields_write.c --------------------------------------------------------------- */

PyObject *gf_fields_read(PyObject *module, PyObject *args);
PyObject *gf_fields_write(PyObject *module, PyObject *args);

#endif
