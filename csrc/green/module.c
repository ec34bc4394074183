/* The module greenflow._green. */
#include "green.h"

static PyObject *configure(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *loop_class, *bomb_class, *save, *idle, *limit;
    if (!PyArg_ParseTuple(args, "OOOOO", &loop_class, &bomb_class, &save, &idle,
                          &limit)) {
        return NULL;
    }
    Py_XSETREF(gn_loop_class, Py_NewRef(loop_class));
    Py_XSETREF(gn_bomb_type, Py_NewRef(bomb_class));
    Py_XSETREF(gn_save, Py_NewRef(save));
    Py_XSETREF(gn_idle, Py_NewRef(idle));
    Py_XSETREF(gn_limit, Py_NewRef(limit));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"configure", configure, METH_VARARGS,
     "configure(loop class, bomb class, SAVE, IDLE, LIMIT): once, before "
     "all else."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "greenflow._green",
    .m_doc = "The core of the in-memory runtime: tasklets, channels, the scheduler.",
    .m_size = -1,
    .m_methods = functions,
};

static int add_all(PyObject *module)
{
    return PyModule_AddFunctions(module, gn_loop_functions) < 0
                   || PyModule_AddFunctions(module, gn_channel_functions) < 0
                   || PyModule_AddObjectRef(module, "Tasklet",
                                            (PyObject *)&gn_tasklet_type)
                          < 0
                   || PyModule_AddObjectRef(module, "Loop", (PyObject *)&gn_loop_type)
                          < 0
                   || PyModule_AddObjectRef(module, "Channel",
                                            (PyObject *)&gn_channel_type)
                          < 0
               ? -1
               : 0;
}

PyObject *gn_append, *gn_popleft;

PyMODINIT_FUNC PyInit__green(void)
{
    if (PyType_Ready(&gn_tasklet_type) < 0 || PyType_Ready(&gn_loop_type) < 0
        || PyType_Ready(&gn_channel_type) < 0
        || (gn_append = PyUnicode_InternFromString("append")) == NULL
        || (gn_popleft = PyUnicode_InternFromString("popleft")) == NULL) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && add_all(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
