/* Index: an int that is no object on the stack it came from. From 3.14 on the
 * interpreter keeps some numbers (where an exception was raised, from 3.15 on the place
 * in a list that is iterated) as tagged bits in a slot; as an int they would come back as
 * something else than what the next instruction expects.
 */
#include "layout.h"

PyTypeObject gf_index_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "greenflow._frames.Index",
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A number that is on a stack, but is no object there.",
};

int gf_index_init(void)
{
    gf_index_type.tp_base = &PyLong_Type;
    return PyType_Ready(&gf_index_type);
}

PyObject *gf_index_new(Py_ssize_t value)
{
    return PyObject_CallFunction((PyObject *)&gf_index_type, "n", value);
}

Py_ssize_t gf_index_value(PyObject *index) { return PyLong_AsSsize_t(index); }
