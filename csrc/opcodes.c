/* The lists of the layout as one table. */
#include "opcodes.h"

typedef struct {
    unsigned char kind, caches, ends;
    signed char jump;
} facts;

static facts table[256];

void gf_opcodes_init(void)
{
#define INERT(name) table[name].kind = GF_OP_INERT;
#define OPAQUE(name) table[name].kind = GF_OP_OPAQUE;
#define WAITING(name, what) table[name].kind = GF_OP_##what;
#define CACHED(name, units) table[name].caches = units;
#define FORWARD(name) table[name].jump = 1;
#define BACKWARD(name) table[name].jump = -1;
#define ENDING(name) table[name].ends = 1;
    GF_OPS_INERT(INERT)
    GF_OPS_OPAQUE(OPAQUE)
    GF_OPS_WAITING(WAITING)
    GF_OPS_CACHED(CACHED)
    GF_OPS_FORWARD(FORWARD)
    GF_OPS_BACKWARD(BACKWARD)
    GF_OPS_ENDING(ENDING)
}

gf_op_kind gf_kind_of(int op, int oparg)
{
    gf_op_kind kind = (gf_op_kind)table[op].kind;
    if (kind == GF_OP_SUBSCRIPT && !gf_op_subscripts(op, oparg)) {
        return GF_OP_TWO;
    }
    return kind == GF_OP_ATTRIBUTE && gf_op_is_method(op, oparg) ? GF_OP_METHOD : kind;
}

int gf_kind_runs_again(gf_op_kind kind)
{
    return kind == GF_OP_ONE || kind == GF_OP_TWO || kind == GF_OP_THREE
           || kind == GF_OP_SLICE || kind == GF_OP_RAISE;
}

int gf_op_caches(int op) { return table[op].caches; }

int gf_op_jump(int op) { return table[op].jump; }

int gf_op_ends(int op) { return table[op].ends; }

/* As the Python side knows them (boundary.py). */
const char *gf_kind_name(gf_op_kind kind)
{
    static const char *const names[GF_OP_KINDS] = {
        "unknown", "inert", "opaque",  "call",      "call_kw",   "call_ex", "for_iter",
        "send",    "enter", "exit",    "subscript", "attribute", "method",  "one",
        "two",     "three", "compare", "format",    "slice",     "super",   "or_pop",
        "raise",   "yield", "start",   "prefix",    "precall"};
    return names[kind];
}

/* {number: (kind, caches, jump, ends)} of every instruction that is listed. */
PyObject *gf_opcodes(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    PyObject *dict = PyDict_New();
    for (int op = 0; dict != NULL && op < 256; op++) {
        const facts *f = &table[op];
        if (f->kind == GF_OP_UNKNOWN) {
            continue;
        }
        PyObject *key = PyLong_FromLong(op);
        PyObject *value = Py_BuildValue("(siii)", gf_kind_name((gf_op_kind)f->kind),
                                        f->caches, f->jump, f->ends);
        if (key == NULL || value == NULL || PyDict_SetItem(dict, key, value) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}
