/* Generators, coroutines and async generators as data: a shell is made first and filled
 * later, so that a generator may refer to itself (Objects/genobject.c: make_gen,
 * _Py_MakeCoro, gen_dealloc).
 */
#include "frames.h"

static PyTypeObject *generator_type(int kind)
{
    return kind == 0 ? &PyGen_Type : kind == 1 ? &PyCoro_Type : &PyAsyncGen_Type;
}

static int generator_kind(PyObject *op)
{
    for (int kind = 0; kind < 3; kind++) {
        if (Py_IS_TYPE(op, generator_type(kind))) {
            return kind;
        }
    }
    PyErr_Format(PyExc_TypeError, "a generator is needed, not '%.200s'",
                 Py_TYPE(op)->tp_name);
    return -1;
}

/* Fills the frame of a cleared generator, so that it waits where the record says. */
int gf_refill_generator(PyGenObject *gen, const gf_record *r)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    if (gen->gi_frame_state != GF_GEN_CLEARED) {
        PyErr_SetString(
            PyExc_ValueError,
            "a generator of the flow is in use outside of it: it cannot go on");
        return -1;
    }
    if (gf_generator_slots(gf_generator_code(gen)) != gf_generator_slots(code)) {
        PyErr_SetString(PyExc_ValueError,
                        "not a valid stack: a generator of other code");
        return -1;
    }
    gf_code_info *info = gf_info(code);
    if (info == NULL) {
        return -1;
    }
    gf_init_generator_frame(gen, r->function, Py_XNewRef(r->locals));
    gf_frame *f = gf_generator_frame(gen);
    for (int i = 0; i < r->nlocals + r->nstack; i++) {
        gf_put(f, i, Py_XNewRef(r->slots[i]));
    }
    gf_set_stack_count(f, r->nstack);
    gf_wait_at(f, r->pending, gf_last_unit(info, r->pending));
    Py_XSETREF(gen->gi_exc_state.exc_value, Py_XNewRef(r->exc));
    return 0;
}

/* Makes a cleared generator one that is suspended by itself. */
static int suspend(PyGenObject *gen, const gf_record *r)
{
    if (gf_refill_generator(gen, r) < 0) {
        return -1;
    }
    gf_frame *f = gf_generator_frame(gen);
    int oparg, op = gf_op_at(gf_info(gf_code(f)), r->pending, &oparg);
    gf_settle(f);
    gen->gi_frame_state = (char)gf_suspended_state(op, oparg);
    return 0;
}

/* --- state: what generator_fill() takes ------------------------------------------------------ */

static int read_suspended(PyGenObject *gen, gf_records *records)
{
    gf_frame *f = gf_generator_frame(gen);
    gf_record *r = &records->frames[0];
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(gf_function(f));
    gf_code_info *info = gf_info(code);
    if (info == NULL) {
        return -1;
    }
    if (gf_code(f) != code && gf_code(f) != info->dead) { /* see gf_generator_forget */
        PyErr_SetString(PyExc_ValueError, "a generator whose __code__ was replaced");
        return -1;
    }
    r->function = Py_NewRef(gf_function(f));
    r->pending = gf_pending(info, gf_yielded_unit(f));
    for (int i = 0; i < r->nlocals + r->nstack; i++) {
        if (gf_copy_slot(f, i, &r->slots[i]) < 0) {
            return -1;
        }
    }
    PyObject *locals = *gf_locals_dict(f);
    if (locals != NULL && Py_REFCNT(locals) > 1) {
        r->locals = Py_NewRef(locals);
    }
    r->exc = gf_handled(gen->gi_exc_state.exc_value);
    return gf_verify_suspended(r);
}

static gf_records *suspended_records(PyGenObject *gen)
{
    gf_frame *f = gf_generator_frame(gen);
    int nlocals = gf_code(f)->co_nlocalsplus, nstack = gf_stack_count(f);
    if (nstack < 0) {
        PyErr_SetString(PyExc_ValueError, "the generator is running");
        return NULL;
    }
    gf_records *records = gf_records_new(1, nlocals + nstack);
    if (records != NULL) {
        gf_record *r = &records->frames[0];
        r->nlocals = nlocals;
        r->nstack = nstack;
        r->slots = records->slots;
        if (read_suspended(gen, records) < 0) {
            Py_CLEAR(records);
        }
    }
    return records;
}

/* (kind, function or None, shape, values, name, qualname); the first value is the
 * function again; a finished generator has no function and an empty shape. */
PyObject *gf_generator_state(PyObject *module, PyObject *op)
{
    (void)module;
    int kind = generator_kind(op);
    if (kind < 0) {
        return NULL;
    }
    PyGenObject *gen = (PyGenObject *)op;
    if (gen->gi_frame_state == GF_GEN_EXECUTING) {
        PyErr_SetString(PyExc_ValueError, "the generator is running");
        return NULL;
    }
    /* also one that was closed before it began: FRAME_COMPLETED (3.12, gen_close) */
    if (gen->gi_frame_state > GF_GEN_EXECUTING) {
        return Py_BuildValue("(iOy()OO)", kind, Py_None, "", gen->gi_name,
                             gen->gi_qualname);
    }
    gf_records *records = suspended_records(gen);
    if (records == NULL) {
        return NULL;
    }
    PyObject *parts = PyObject_CallMethod((PyObject *)records, "parts", NULL);
    PyObject *state = NULL, *values = NULL;
    if (parts != NULL) {
        values =
            PySequence_Concat(PyTuple_GET_ITEM(parts, 0), PyTuple_GET_ITEM(parts, 2));
    }
    if (values != NULL) {
        state = Py_BuildValue("(iOOOOO)", kind, records->frames[0].function,
                              PyTuple_GET_ITEM(parts, 1), values, gen->gi_name,
                              gen->gi_qualname);
    }
    Py_XDECREF(values);
    Py_XDECREF(parts);
    Py_DECREF(records);
    return state;
}

PyObject *gf_generator_shell(PyObject *module, PyObject *args)
{
    (void)module;
    int kind;
    PyObject *function, *name, *qualname;
    if (!PyArg_ParseTuple(args, "iO!UU:generator_shell", &kind, &PyFunction_Type,
                          &function, &name, &qualname)) {
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    static const int flags[] = {CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR};
    if (kind < 0 || kind > 2 || !(code->co_flags & flags[kind])) {
        PyErr_SetString(PyExc_ValueError, "a generator of a function that makes none");
        return NULL;
    }
    PyGenObject *gen =
        PyObject_GC_NewVar(PyGenObject, generator_type(kind), gf_generator_slots(code));
    if (gen == NULL) {
        return NULL;
    }
    /* all that lies between the header and the frame, whatever the type */
    memset((char *)gen + sizeof(PyObject), 0,
           offsetof(PyGenObject, gi_iframe) - sizeof(PyObject));
    gen->gi_frame_state = GF_GEN_CLEARED;
    gen->gi_name = Py_NewRef(name);
    gen->gi_qualname = Py_NewRef(qualname);
    gf_init_generator(gen, code);
    PyObject_GC_Track(gen);
    return (PyObject *)gen;
}

PyObject *gf_generator_fill(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *gen, *shape, *values;
    if (!PyArg_ParseTuple(args, "OSO!:generator_fill", &gen, &shape, &PyTuple_Type,
                          &values)
        || generator_kind(gen) < 0) {
        return NULL;
    }
    if (PyBytes_GET_SIZE(shape) == 0) {
        Py_RETURN_NONE;
    }
    PyObject *functions = PyTuple_GetSlice(values, 0, 1);
    PyObject *rest = PyTuple_GetSlice(values, 1, PyTuple_GET_SIZE(values));
    gf_records *records = NULL;
    if (functions != NULL && rest != NULL) {
        records = gf_records_parse(functions, shape, rest);
    }
    Py_XDECREF(functions);
    Py_XDECREF(rest);
    int ok = -1;
    if (records != NULL && records->count == 1
        && gf_verify_globals(&records->frames[0], 0) == 0
        && gf_verify_suspended(&records->frames[0]) == 0) {
        ok = suspend((PyGenObject *)gen, &records->frames[0]);
    }
    if (records != NULL && records->count != 1) {
        PyErr_SetString(PyExc_ValueError, "not a valid generator: several frames");
    }
    Py_XDECREF(records);
    if (ok < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Whether the generator's own frame holds it. With its finalizer skipped the collector
 * could not break such a cycle: generators have no tp_clear. */
static int holds_itself(PyGenObject *gen)
{
    gf_frame *f = gf_generator_frame(gen);
    int slots = gf_code(f)->co_nlocalsplus + gf_stack_count(f);
    for (int i = 0; i < slots; i++) {
        if (gf_peek(f, i) == (PyObject *)gen) {
            return 1;
        }
    }
    return 0;
}

/* From 3.13 on there are several states of it: one that waits in `yield from` has its own
 * (pycore_frame.h, enum _framestate: all of them come before FRAME_EXECUTING). */
static int is_suspended(PyGenObject *gen)
{
    return gen->gi_frame_state < GF_GEN_EXECUTING;
}

/* The generator lives on in its saved state: when this object goes, none of its finally
 * blocks may run. It stays usable by whoever else has it, unless it holds itself: then
 * its finalizer runs, but code without handlers. True if all that is new. */
PyObject *gf_generator_forget(PyObject *module, PyObject *op)
{
    (void)module;
    if (gf_is_async_step(op)) {
        gf_skip_finalizer(op, 1);
        Py_RETURN_TRUE;
    }
    if (generator_kind(op) < 0) {
        return NULL;
    }
    PyGenObject *gen = (PyGenObject *)op;
    if (PyObject_GC_IsFinalized(op) || !is_suspended(gen)) {
        Py_RETURN_FALSE;
    }
    if (!holds_itself(gen)) {
        gf_skip_finalizer(op, 1);
        Py_RETURN_TRUE;
    }
    PyObject *function = gf_function(gf_generator_frame(gen));
    PyCodeObject *dead = gf_dead_code((PyCodeObject *)PyFunction_GET_CODE(function));
    if (dead == NULL) {
        return NULL;
    }
    gf_swap_code(gf_generator_frame(gen), dead);
    Py_RETURN_TRUE;
}

/* The opposite: the saved state was one of several, this object goes on itself. */
PyObject *gf_generator_recall(PyObject *module, PyObject *op)
{
    (void)module;
    int is_step = gf_is_async_step(op);
    if (!is_step && generator_kind(op) < 0) {
        return NULL;
    }
    PyGenObject *gen = (PyGenObject *)op;
    gf_skip_finalizer(op, 0);
    if (!is_step && is_suspended(gen)) {
        gf_frame *f = gf_generator_frame(gen);
        gf_swap_code(f, (PyCodeObject *)PyFunction_GET_CODE(gf_function(f)));
    }
    Py_RETURN_NONE;
}
