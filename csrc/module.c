/* greenflow._frames: names and types, no logic. */
#include "resume.h"
#include "slots.h"

static PyObject *set_closure(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *cells;
    if (!PyArg_ParseTuple(args, "O!O!:set_closure", &PyFunction_Type, &function,
                          &PyTuple_Type, &cells)) {
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    Py_ssize_t count = PyTuple_GET_SIZE(cells);
    int cells_only = count == PyCode_GetNumFree(code);
    for (Py_ssize_t i = 0; i < count; i++) {
        cells_only &= PyCell_Check(PyTuple_GET_ITEM(cells, i));
    }
    if (!cells_only) {
        PyErr_SetString(PyExc_ValueError,
                        "a closure is one cell for each free variable");
        return NULL;
    }
    if (PyFunction_SetClosure(function, count == 0 ? Py_None : cells) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *stack_depths(PyObject *module, PyObject *code)
{
    (void)module;
    if (!PyCode_Check(code)) {
        PyErr_SetString(PyExc_TypeError, "a code object is needed");
        return NULL;
    }
    gf_code_info *info = gf_info((PyCodeObject *)code);
    PyObject *list = info == NULL ? NULL : PyList_New(info->units);
    for (int i = 0; list != NULL && i < info->units; i++) {
        PyObject *depth = PyLong_FromLong(info->depth[i]);
        if (depth == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, depth);
        }
    }
    return list;
}

static PyObject *frame_ended(PyObject *module, PyObject *frame)
{
    (void)module;
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame is needed");
        return NULL;
    }
    return PyBool_FromLong(gf_has_ended(((PyFrameObject *)frame)->f_frame));
}

/* While a tracer runs, the interpreter has saved the stack's depth in the frame. */
static PyObject *stack_depth_of(PyObject *module, PyObject *frame)
{
    (void)module;
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame is needed");
        return NULL;
    }
    return PyLong_FromLong(gf_stack_count(((PyFrameObject *)frame)->f_frame));
}

static PyObject *write_locals(PyObject *module, PyObject *frame)
{
    (void)module;
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame is needed");
        return NULL;
    }
    gf_write_locals((PyFrameObject *)frame);
    Py_RETURN_NONE;
}

/* What a namespace (a dict or a class) holds under a name, borrowed; NULL if nothing. */
static PyObject *held_by(PyObject *holder, PyObject *name)
{
    PyObject *dict = PyType_Check(holder) ? ((PyTypeObject *)holder)->tp_dict : holder;
    if (dict == NULL || !PyDict_Check(dict)) {
        return NULL;
    }
    return PyDict_GetItemWithError(dict, name);
}

static PyObject *unchanged(PyObject *module, PyObject *checks)
{
    (void)module;
    if (!PyTuple_Check(checks)) {
        PyErr_SetString(PyExc_TypeError, "a tuple is needed");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(checks); i++) {
        PyObject *check = PyTuple_GET_ITEM(checks, i);
        if (!PyTuple_Check(check) || PyTuple_GET_SIZE(check) != 4) {
            PyErr_SetString(PyExc_TypeError, "tuples of four are needed");
            return NULL;
        }
        PyObject *expected = PyTuple_GET_ITEM(check, 2);
        PyObject *code = PyTuple_GET_ITEM(check, 3);
        PyObject *held =
            held_by(PyTuple_GET_ITEM(check, 0), PyTuple_GET_ITEM(check, 1));
        if (held == expected
            && (code == Py_None || !PyFunction_Check(expected)
                || PyFunction_GET_CODE(expected) == code)) {
            continue;
        }
        if (PyErr_Occurred()) {
            return NULL;
        }
        Py_RETURN_FALSE;
    }
    Py_RETURN_TRUE;
}

static PyObject *room(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return PyLong_FromLong(*gf_recursion_left(PyThreadState_Get()));
}

/* The types, the shims and what they are configured with are the process's, and the
 * place in co_extra is the interpreter's. Isolated sub-interpreters do not come here: a
 * module of one phase is refused to them (import.c, from 3.12 on). */
static int in_main_interpreter(void)
{
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) {
        return 1;
    }
    PyErr_SetString(PyExc_ImportError,
                    "greenflow's core does not support subinterpreters");
    return 0;
}

static PyObject *require_main_interpreter(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return in_main_interpreter() ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef reserve_def = {"reserve", (PyCFunction)(void (*)(void))gf_reserve,
                                  METH_FASTCALL, NULL};
static PyMethodDef land_def = {"land", (PyCFunction)(void (*)(void))gf_land,
                               METH_FASTCALL, NULL};

static PyMethodDef methods[] = {
    {"start", gf_start, METH_VARARGS,
     "start(function, args, kwargs, hook) -> (done, value or request, records or "
     "None)"},
    {"resume", gf_resume, METH_VARARGS,
     "resume(records, value, error or None, hook[, pause]) -> as start(); pause() is "
     "called when the frames stand, and its value taken instead"},
    {"snapshot", gf_snapshot, METH_VARARGS,
     "snapshot(frame, context) -> Records of this run, which began in that context, "
     "from "
     "there on outwards"},
    {"abandon", gf_abandon, METH_O,
     "abandon(frame): leave the stack from there on, of which nothing runs any more"},
    {"records", gf_records_from_parts, METH_VARARGS,
     "records(functions, shape, values) -> Records; ValueError if they do not fit"},
    {"configure", gf_configure, METH_VARARGS,
     "configure(classify, not_in_flow, not_suspendable): what decides and what raises"},
    {"set_trace", gf_set_trace, METH_O,
     "set_trace(function): sys.settrace() in a pause or a hook of a flow"},
    {"write_locals", write_locals, METH_O,
     "write_locals(frame): what its f_locals holds becomes its variables"},
    {"set_closure", set_closure, METH_VARARGS, "set_closure(function, cells)"},
    {"generator_state", gf_generator_state, METH_O,
     "generator_state(gen) -> (kind, function or None, shape, values, name, qualname)"},
    {"generator_shell", gf_generator_shell, METH_VARARGS,
     "generator_shell(kind, function, name, qualname) -> an empty generator"},
    {"generator_fill", gf_generator_fill, METH_VARARGS,
     "generator_fill(gen, shape, values): make an empty generator a suspended one"},
    {"async_step", gf_async_step, METH_VARARGS,
     "async_step(gen, method, args) -> gen.method(*args), which no event loop sees"},
    {"async_flags", gf_async_flags, METH_O,
     "async_flags(gen) -> whether a step of it runs, whether it was closed"},
    {"async_set_flags", gf_async_set_flags, METH_VARARGS,
     "async_set_flags(gen, running, closed): the opposite"},
    {"generator_set", gf_generator_set, METH_VARARGS,
     "generator_set(gen, slot[, value]): set, or unset, a variable that is no cell"},
    {"generator_forget", gf_generator_forget, METH_O,
     "generator_forget(gen) -> bool: no finally block of it runs when it goes; is that "
     "new"},
    {"generator_recall", gf_generator_recall, METH_O,
     "generator_recall(gen): take generator_forget() back"},
    {"deep_begin", gf_deep_begin, METH_O,
     "deep_begin(bytes): this thread's stack is that large from here on"},
    {"deep_look", gf_deep_look, METH_O,
     "deep_look(object) -> None; RecursionError if the stack is nearly used up"},
    {"fields_read", gf_fields_read, METH_VARARGS,
     "fields_read(object, format) -> the fields behind its head, as a tuple"},
    {"fields_write", gf_fields_write, METH_VARARGS,
     "fields_write(object, format, values): the opposite; ValueError if they do not "
     "fit"},
    {"unchanged", unchanged, METH_O,
     "unchanged(((holder, name, expected, code or None), ...)) -> bool"},
    {"stack_depths", stack_depths, METH_O,
     "stack_depths(code) -> values on the stack before each unit; -1 unreached, -2 "
     "cache"},
    {"slot_kinds", gf_slot_kinds, METH_O,
     "slot_kinds(code) -> what those values must be: bytes of the bits of slots.h"},
    {"frame_ended", frame_ended, METH_O,
     "frame_ended(frame) -> whether its function has returned or raised"},
    {"stack_depth_of", stack_depth_of, METH_O,
     "stack_depth_of(frame) -> values on its stack, while a tracer runs; else -1"},
    {"opcodes", gf_opcodes, METH_NOARGS,
     "opcodes() -> {number: (kind, caches, jump, ends)} of the instructions known"},
    {"require_main_interpreter", require_main_interpreter, METH_NOARGS,
     "ImportError in a sub-interpreter, which may get the module of the main one"},
    {"room", room, METH_NOARGS, "room() -> frames that the recursion limit leaves"},
    {NULL, NULL, 0, NULL},
};

int gf_debug_interpreter;

static int check_interpreter(void)
{
    if (!in_main_interpreter()) {
        return -1;
    }
    gf_debug_interpreter = PySys_GetObject("gettotalrefcount") != NULL;
    unsigned long running = Py_Version >> 16; /* major and minor, a byte each */
    if (running != (3 << 8 | GF_LAYOUT_MINOR)) {
        PyErr_Format(
            PyExc_ImportError,
            "greenflow's core was built for CPython 3.%d and cannot run in %lu.%lu",
            GF_LAYOUT_MINOR, running >> 8, running & 255);
        return -1;
    }
    PyObject *name = PySys_GetObject("implementation");
    name = name == NULL ? NULL : PyObject_GetAttrString(name, "name");
    int cpython =
        name != NULL && PyUnicode_CompareWithASCIIString(name, "cpython") == 0;
    Py_XDECREF(name);
    if (!cpython) {
        PyErr_SetString(PyExc_ImportError, "greenflow's core runs in CPython only");
        return -1;
    }
    return 0;
}

static int add_shims(void)
{
    PyObject *reserve = PyCFunction_New(&reserve_def, NULL);
    PyObject *land = PyCFunction_New(&land_def, NULL);
    int ok = reserve == NULL || land == NULL ? -1 : gf_shims_init(reserve, land);
    Py_XDECREF(reserve);
    Py_XDECREF(land);
    return ok;
}

static int add_names(PyObject *module)
{
    if (gf_leave == NULL) {
        gf_leave = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
    }
    if (gf_leave == NULL || PyModule_AddObjectRef(module, "LEAVE", gf_leave) < 0
        || PyModule_AddType(module, &gf_operation_type) < 0
        || PyModule_AddType(module, &gf_index_type) < 0
        || PyModule_AddType(module, &gf_records_type) < 0) {
        return -1;
    }
    if (PyModule_AddIntConstant(module, "WITH_EXIT_IN_SLOT", GF_WITH_EXIT_IN_SLOT)
        < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "LAYOUT_MINOR", GF_LAYOUT_MINOR);
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "greenflow._frames",
    .m_doc = "The core: a running flow's frames to records and back.",
    .m_size = -1, /* its types and shims are the process's */
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__frames(void)
{
    gf_opcodes_init();
    if (check_interpreter() < 0 || gf_depths_init() < 0 || gf_index_init() < 0
        || gf_events_init() < 0 || gf_dismantle_init() < 0
        || PyType_Ready(&gf_run_type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (add_shims() < 0 || add_names(module) < 0)) {
        Py_CLEAR(module);
    }
    return module;
}
