/* What 3.14 and 3.15 have in common: a frame's slots are tagged references, and its
 * stack pointer is saved around whatever may run other code. Included by their layouts
 * only; read from Include/internal/pycore_stackref.h and pycore_interpframe.h of v3.14.10
 * and v3.15.2.
 */
#ifndef GREENFLOW_LAYOUT_STACKREFS_H
#define GREENFLOW_LAYOUT_STACKREFS_H

/* How a frame holds its code and its function. */
typedef _PyStackRef gf_ref;
static inline PyObject *gf_ref_object(gf_ref ref)
{
    return PyStackRef_AsPyObjectBorrow(ref);
}

static inline gf_ref gf_ref_new(PyObject *object)
{
    return PyStackRef_FromPyObjectNew(object);
}

static inline void gf_ref_close(gf_ref ref) { PyStackRef_CLOSE(ref); }

/* What is in a slot, borrowed; NULL if nothing, or if a number of the interpreter's own
 * is there (PyStackRef_TagInt). */
static inline PyObject *gf_peek(gf_frame *f, int slot)
{
    _PyStackRef ref = f->localsplus[slot];
    return PyStackRef_IsNullOrInt(ref) ? NULL : PyStackRef_AsPyObjectBorrow(ref);
}

/* The same as a new reference, also where the slot only borrows (LOAD_FAST_BORROW); a
 * tagged number becomes an Index. */
static inline int gf_copy_slot(gf_frame *f, int slot, PyObject **value)
{
    _PyStackRef ref = f->localsplus[slot];
    if (PyStackRef_IsTaggedInt(ref)) {
        *value = gf_index_new(PyStackRef_UntagInt(ref));
        return *value == NULL ? -1 : 0;
    }
    *value = Py_XNewRef(gf_peek(f, slot));
    return 0;
}

/* Puts a value into a slot that holds none; takes over the reference. */
static inline void gf_put(gf_frame *f, int slot, PyObject *value)
{
    if (value == NULL) {
        f->localsplus[slot] = PyStackRef_NULL;
    }
    else if (Py_IS_TYPE(value, &gf_index_type)) {
        f->localsplus[slot] = PyStackRef_TagInt(gf_index_value(value));
        Py_DECREF(value);
    }
    else {
        f->localsplus[slot] = PyStackRef_FromPyObjectSteal(value);
    }
}

/* Empties a slot, which may hold nothing. */
static inline void gf_empty(gf_frame *f, int slot)
{
    _PyStackRef ref = f->localsplus[slot];
    f->localsplus[slot] = PyStackRef_NULL;
    PyStackRef_XCLOSE(ref);
}

/* Makes the slot the owner of its value, if it only borrows it. */
static inline void gf_own_slot(gf_frame *f, int slot)
{
    if (!PyStackRef_IsNullOrInt(f->localsplus[slot])) {
        f->localsplus[slot] = PyStackRef_MakeHeapSafe(f->localsplus[slot]);
    }
}

/* Whether a call in f hands these on: they are copied, so that no slot is lent, and what
 * is in the callable's slot is what is called. */
static inline int gf_lends_arguments(gf_frame *f, int slot, PyObject *const *args)
{
    (void)f, (void)slot, (void)args;
    return 1;
}

/* Values on the stack; those of a running frame are as of when it last called out. */
static inline int gf_stack_count(gf_frame *f)
{
    if (f->stackpointer == NULL) {
        return -1; /* a debug build, while the evaluation loop has them */
    }
    return (int)(f->stackpointer - f->localsplus) - gf_code(f)->co_nlocalsplus;
}

static inline void gf_set_stack_count(gf_frame *f, int count)
{
    f->stackpointer = f->localsplus + gf_code(f)->co_nlocalsplus + count;
}

/* Slots are emptied, or left below the stack pointer, before their values go. */
enum { GF_FREES_SLOTS = 0 };

/* Whether the instruction still has all of its operands but those that it consumed. */
static inline int gf_has_operands(gf_frame *f, int depth, int consumed)
{
    return gf_stack_count(f) >= depth - consumed;
}

/* Slots are emptied before their values are let go. */
static inline int gf_op_frees_operands(int op, int oparg)
{
    (void)op, (void)oparg;
    return 0;
}

#endif
