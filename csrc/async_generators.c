/* One step of an async generator. What it yields is told apart from what it awaits, and
 * its end from an error, by the object that asend() or athrow() returned (genobject.c:
 * async_gen_unwrap_value). A step that a flow waited in is finished by a new one.
 */
#include "frames.h"

static PyGenObject *async_generator(PyObject *op)
{
    if (PyAsyncGen_CheckExact(op)) {
        return (PyGenObject *)op;
    }
    PyErr_Format(PyExc_TypeError, "an async generator is needed, not '%.200s'",
                 Py_TYPE(op)->tp_name);
    return NULL;
}

/* What asend(), athrow() or aclose() returned. Since 3.13 it complains if nobody awaited
 * it when it goes; its types have no name in C (genobject.c). */
int gf_is_async_step(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    return !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)
           && strncmp(type->tp_name, "async_generator_a", 17) == 0;
}

/* Without telling an event loop of it: it is told by the next one that user code makes
 * (genobject.c: async_gen_init_hooks). */
static PyObject *make_step(PyGenObject *gen, const char *method, PyObject *args)
{
    char inited = gen->gi_hooks_inited;
    gen->gi_hooks_inited = 1;
    PyObject *bound = PyObject_GetAttrString((PyObject *)gen, method);
    PyObject *step = bound == NULL ? NULL : PyObject_Call(bound, args, NULL);
    Py_XDECREF(bound);
    gen->gi_hooks_inited = inited;
    return step;
}

/* Lets a suspended one go on. Returns what it awaits, or NULL: with StopIteration for
 * what it yields, with StopAsyncIteration for its end. */
PyObject *gf_async_go_on(PyObject *op, const char *method, PyObject *value)
{
    PyGenObject *gen = (PyGenObject *)op;
    char closed = gen->gi_closed;
    gen->gi_closed = 0; /* while aclose() runs it, athrow() would not */
    gen->gi_running_async = 0;
    PyObject *args = PyTuple_Pack(1, value);
    PyObject *step = args == NULL ? NULL : make_step(gen, method, args);
    PyObject *result =
        step == NULL ? NULL : PyObject_CallMethod(step, "send", "O", Py_None);
    gen->gi_closed |= closed;
    Py_XDECREF(step);
    Py_XDECREF(args);
    return result;
}

PyObject *gf_async_step(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *gen, *arguments;
    const char *method;
    if (!PyArg_ParseTuple(args, "OsO!:async_step", &gen, &method, &PyTuple_Type,
                          &arguments)
        || async_generator(gen) == NULL) {
        return NULL;
    }
    return make_step((PyGenObject *)gen, method, arguments);
}

PyObject *gf_async_flags(PyObject *module, PyObject *op)
{
    (void)module;
    PyGenObject *gen = async_generator(op);
    return gen == NULL ? NULL
                       : Py_BuildValue("(ii)", gen->gi_running_async, gen->gi_closed);
}

PyObject *gf_async_set_flags(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *op;
    int running, closed;
    if (!PyArg_ParseTuple(args, "Opp:async_set_flags", &op, &running, &closed)) {
        return NULL;
    }
    PyGenObject *gen = async_generator(op);
    if (gen == NULL) {
        return NULL;
    }
    gen->gi_running_async = (char)running;
    gen->gi_closed = (char)closed;
    Py_RETURN_NONE;
}
