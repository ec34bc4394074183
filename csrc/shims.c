/* Python frames of our own, so that the interpreter's evaluation loop itself enters,
 * returns through, clears and pops the frames that were built by hand:
 *
 *   base  reserves room above itself for the frames of one segment, then calls
 *   top   (inlined, so it lies above that room), whose call of land() fills the frames
 *         in, links them below top and tells what top's return gives to the innermost.
 *
 * The whole segment then runs in one evaluation loop in strict last-in-first-out order.
 * start is below the first frame of a flow that runs for the first time; start0 to start2
 * are the same for few arguments: CPython 3.11 begins an evaluation loop of its own for a
 * call with stars (ceval.c, CALL_FUNCTION_EX), whose C frame each greenlet switch copies.
 * The local variable `run` of start and base is how a run is found from inside: no
 * thread-local state that a greenlet switch would have to follow.
 */
#include "frames.h"

static const char source[] =
    "def start(run, call, args, kwargs):\n"
    "    return call(*args, **kwargs)\n"
    "def start0(run, call):\n"
    "    return call()\n"
    "def start1(run, call, a):\n"
    "    return call(a)\n"
    "def start2(run, call, a, b):\n"
    "    return call(a, b)\n"
    "def base(run, first, reserve, top, land):\n"
    "    reserve(run, first)\n"
    "    return top(run, first, land)\n"
    "def top(run, first, land):\n"
    "    return land(run, first)\n"
    "    quiet = None\n"; /* never reached: a local variable without a value */

enum { FEW = GF_TOP + 1, FEW_MAX = 2, KINDS = FEW + FEW_MAX + 1 };
static_assert(GF_SHIM_CODES == 2 * (KINDS - GF_START), "all of them");
static PyObject
    *functions[KINDS][2]; /* [kind][visible]; from FEW on: start0 to start2 */
static PyObject *reserve_function, *land_function;

#ifdef GF_INSTRUMENTS_HIDDEN_CODE
/* RESUME is where code is instrumented: without it, nothing of a shim is. */
static void without_resume(char *bytes)
{
    if ((unsigned char)bytes[0] == RESUME) {
        bytes[0] = NOP;
    }
}
#else
/* RESUME makes the monitoring data that errors need (3.15, monitor_unwind). */
static void without_resume(char *bytes) { (void)bytes; }
#endif

/* The code's bytes, whose last instruction, a return, stands once more behind them. */
static PyObject *hidden_bytes(PyCodeObject *code)
{
    PyObject *bytes = PyCode_GetCode(code);
    Py_ssize_t size = bytes == NULL ? 0 : PyBytes_GET_SIZE(bytes);
    PyObject *longer = bytes == NULL ? NULL : PyBytes_FromStringAndSize(NULL, size + 2);
    if (longer != NULL) {
        char *to = PyBytes_AS_STRING(longer), *from = PyBytes_AS_STRING(bytes);
        memcpy(to, from, (size_t)size);
        memcpy(to + size, from + size - 2, 2);
        without_resume(to);
    }
    Py_XDECREF(bytes);
    return longer;
}

static PyObject *hidden_copy(PyCodeObject *code)
{
    PyObject *bytes = hidden_bytes(code), *none = PyTuple_New(0);
    PyObject *replace = PyObject_GetAttrString((PyObject *)code, "replace");
    PyObject *changes = bytes == NULL ? NULL : Py_BuildValue("{s:O}", "co_code", bytes);
    PyObject *copy = NULL;
    if (replace != NULL && none != NULL && changes != NULL) {
        copy = PyObject_Call(replace, none, changes);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(none);
    Py_XDECREF(replace);
    Py_XDECREF(changes);
    return copy;
}

static int make_shim(PyObject *namespace, const char *name, int kind)
{
    PyObject *plain = PyDict_GetItemString(namespace, name);
    if (plain == NULL || !PyFunction_Check(plain)) {
        PyErr_SetString(PyExc_SystemError, "greenflow: a shim is missing");
        return -1;
    }
    functions[kind][1] = Py_NewRef(plain);
    PyObject *code = hidden_copy((PyCodeObject *)PyFunction_GET_CODE(plain));
    if (code == NULL) {
        return -1;
    }
    /* Not its whole length: at that, RESUME would wait for ever to be instrumented (3.12,
     * bytecodes.c RESUME); what comes behind is never reached, and nothing before it
     * tells tracers of itself. */
    int units = (int)gf_code_units((PyCodeObject *)code);
    gf_hide_code((PyCodeObject *)code, units - 1);
    functions[kind][0] = PyFunction_New(code, namespace);
    Py_DECREF(code);
    return functions[kind][0] == NULL ? -1 : 0;
}

int gf_shims_init(PyObject *reserve, PyObject *land)
{
    if (functions[GF_TOP][0] != NULL) {
        return 0;
    }
    reserve_function = Py_NewRef(reserve);
    land_function = Py_NewRef(land);
    PyObject *namespace = PyDict_New();
    PyObject *code = Py_CompileString(source, "<greenflow>", Py_file_input);
    int ok = -1;
    if (namespace != NULL && code != NULL
        && PyDict_SetItemString(namespace, "__builtins__", PyEval_GetBuiltins()) == 0) {
        PyObject *done = PyEval_EvalCode(code, namespace, namespace);
        if (done != NULL && make_shim(namespace, "start", GF_START) == 0
            && make_shim(namespace, "base", GF_BASE) == 0
            && make_shim(namespace, "top", GF_TOP) == 0
            && make_shim(namespace, "start0", FEW) == 0
            && make_shim(namespace, "start1", FEW + 1) == 0
            && make_shim(namespace, "start2", FEW + 2) == 0) {
            ok = 0;
        }
        Py_XDECREF(done);
    }
    Py_XDECREF(code);
    Py_XDECREF(namespace);
    return ok;
}

static int find_shim(PyCodeObject *code, int *visible)
{
    for (int kind = GF_START; kind < KINDS; kind++) {
        for (*visible = 0; *visible < 2; ++*visible) {
            if ((PyObject *)code == PyFunction_GET_CODE(functions[kind][*visible])) {
                return kind;
            }
        }
    }
    return GF_NO_SHIM;
}

gf_shim gf_shim_kind(PyCodeObject *code)
{
    int visible, kind = find_shim(code, &visible);
    return kind >= FEW ? GF_START : (gf_shim)kind;
}

int gf_is_hidden_shim(PyCodeObject *code)
{
    int visible;
    return find_shim(code, &visible) != GF_NO_SHIM && !visible;
}

/* Frame objects can be had of hidden code only while it is shown. */
void gf_show_shims(int shown)
{
    for (int kind = GF_START; kind < KINDS; kind++) {
        PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(functions[kind][0]);
        gf_hide_code(code, shown ? 0 : (int)gf_code_units(code) - 1);
    }
}

gf_run *gf_shim_run(gf_frame *f) { return (gf_run *)gf_peek(f, 0); }

int gf_shim_segment(gf_frame *f) { return (int)PyLong_AsLong(gf_peek(f, 1)); }

/* What base and top take of the data stack themselves. */
size_t gf_shim_words(void)
{
    PyObject *base = PyFunction_GET_CODE(functions[GF_BASE][0]);
    PyObject *top = PyFunction_GET_CODE(functions[GF_TOP][0]);
    return gf_frame_words((PyCodeObject *)base) + gf_frame_words((PyCodeObject *)top);
}

PyObject *gf_shim_code(int index)
{
    return PyFunction_GET_CODE(functions[GF_START + index / 2][index % 2]);
}

/* Where gf_visible_shims() says so, a hidden frame must not be met. */
PyObject *gf_call_start(gf_run *run, PyObject *call, PyObject *args, PyObject *kwargs,
                        int visible)
{
    PyObject *values[] = {(PyObject *)run, call, args, kwargs};
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    if (visible || count > FEW_MAX || PyDict_GET_SIZE(kwargs) > 0
        || !PyFunction_Check(call)) {
        return PyObject_Vectorcall(functions[GF_START][visible != 0], values, 4, NULL);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        values[2 + i] = PyTuple_GET_ITEM(args, i);
    }
    return PyObject_Vectorcall(functions[FEW + count][0], values, (size_t)(2 + count),
                               NULL);
}

PyObject *gf_call_base(gf_run *run, int first, int visible)
{
    PyObject *number = PyLong_FromLong(first);
    if (number == NULL) {
        return NULL;
    }
    PyObject *args[] = {(PyObject *)run, number, reserve_function,
                        functions[GF_TOP][visible != 0], land_function};
    PyObject *result =
        PyObject_Vectorcall(functions[GF_BASE][visible != 0], args, 5, NULL);
    Py_DECREF(number);
    return result;
}
