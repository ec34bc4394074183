/* What 3.11 to 3.13 have in common: a frame's slots are plain pointers, and the number
 * of its values is in stacktop. Included by their layouts only; read from
 * Include/internal/pycore_frame.h of v3.11.2, v3.12.1 and v3.13.15.
 */
#ifndef GREENFLOW_LAYOUT_POINTERS_H
#define GREENFLOW_LAYOUT_POINTERS_H

/* How a frame holds its code and its function (3.13). */
typedef PyObject *gf_ref;
static inline PyObject *gf_ref_object(gf_ref ref) { return ref; }
static inline gf_ref gf_ref_new(PyObject *object) { return Py_NewRef(object); }
static inline void gf_ref_close(gf_ref ref) { Py_DECREF(ref); }

/* What is in a slot, borrowed; NULL if nothing. */
static inline PyObject *gf_peek(gf_frame *f, int slot) { return f->localsplus[slot]; }

/* The same as a new reference; never fails here. */
static inline int gf_copy_slot(gf_frame *f, int slot, PyObject **value)
{
    *value = Py_XNewRef(f->localsplus[slot]);
    return 0;
}

/* Puts a value into a slot that holds none; takes over the reference. */
static inline void gf_put(gf_frame *f, int slot, PyObject *value)
{
    f->localsplus[slot] = value;
}

/* Empties a slot, which may hold nothing. */
static inline void gf_empty(gf_frame *f, int slot)
{
    PyObject *value = f->localsplus[slot];
    f->localsplus[slot] = NULL;
    Py_XDECREF(value);
}

/* Makes the slot the owner of its value; it always is. */
static inline void gf_own_slot(gf_frame *f, int slot) { (void)f, (void)slot; }

/* Whether a call in f hands these on: its arguments are passed where they lie. */
static inline int gf_lends_arguments(gf_frame *f, int slot, PyObject *const *args)
{
    return args == f->localsplus + slot;
}

/* Values on the stack, or -1 while the evaluation loop has them (stacktop == -1). */
static inline int gf_stack_count(gf_frame *f)
{
    return f->stacktop < 0 ? -1 : f->stacktop - gf_code(f)->co_nlocalsplus;
}

static inline void gf_set_stack_count(gf_frame *f, int count)
{
    f->stacktop = gf_code(f)->co_nlocalsplus + count;
}

/* Slots keep what an instruction lets go of. */
enum { GF_FREES_SLOTS = 1 };

static inline int gf_has_operands(gf_frame *f, int depth, int consumed)
{
    (void)f, (void)depth, (void)consumed;
    return 1; /* nothing tells */
}

#endif
