/* Variables of a generator that is suspended by itself, set from outside. */
#include "frames.h"

static int settable(gf_frame *f, int slot)
{
    PyObject *held = gf_peek(f, slot);
    return held == NULL || !PyCell_Check(held); /* what is in a cell is set there */
}

/* Values on its stack may be borrowed from its variables: they become its own first. */
static void set_variable(gf_frame *f, int slot, PyObject *value)
{
    int slots = gf_code(f)->co_nlocalsplus + gf_stack_count(f);
    for (int i = 0; i < slots; i++) {
        gf_own_slot(f, i);
    }
    PyObject *before = gf_peek(f, slot);
    gf_put(f, slot, Py_XNewRef(value));
    Py_XDECREF(before);
}

PyObject *gf_generator_set(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *op, *value = NULL;
    int slot;
    if (!PyArg_ParseTuple(args, "Oi|O:generator_set", &op, &slot, &value)) {
        return NULL;
    }
    if (!PyGen_CheckExact(op) && !PyCoro_CheckExact(op) && !PyAsyncGen_CheckExact(op)) {
        PyErr_SetString(PyExc_TypeError, "a generator is needed");
        return NULL;
    }
    PyGenObject *gen = (PyGenObject *)op;
    if (gen->gi_frame_state >= GF_GEN_EXECUTING) {
        PyErr_SetString(PyExc_ValueError, "the generator is running, or has ended");
        return NULL;
    }
    gf_frame *f = gf_generator_frame(gen);
    if (slot < 0 || slot >= gf_code(f)->co_nlocalsplus || !settable(f, slot)) {
        PyErr_SetString(PyExc_ValueError, "no variable that can be set");
        return NULL;
    }
    set_variable(f, slot, value);
    Py_RETURN_NONE;
}
