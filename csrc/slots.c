/* What the code itself says of the values on its stack, at each instruction: which of
 * them may be nothing, and which an instruction further on takes unchecked for an
 * iterator, a list, an exception. Of compiled code this always holds; a record of which
 * it does not hold is damaged, and the interpreter would read a slot as what it is not.
 *
 * Demands go backwards from the instruction that has them, as far as the slot is not
 * touched; where that is not known of an instruction, they end. What may be nothing goes
 * forwards from what pushes nothings, as far as it is not known that something took their
 * place. So a mistake here asks for too little.
 */
#include "slots.h"

typedef struct {
    gf_code_info *info;
    PyCodeObject *code;
    unsigned char *rows;
    int width, changed;
} walk;

static unsigned char *row(walk *w, int unit) { return w->rows + unit * w->width; }

static void merge(walk *w, unsigned char *into, int bits)
{
    w->changed |= (*into | bits) != *into;
    *into |= (unsigned char)bits;
}

/* --- what an instruction takes unchecked ---------------------------------------------- */

static void demand(walk *w, int unit, int slot, int kind)
{
    if (slot >= 0 && slot < w->width) {
        merge(w, row(w, unit) + slot, kind);
    }
}

static void own_demands(walk *w, int unit)
{
    int oparg, op = gf_op_at(w->info, unit, &oparg), depth = w->info->depth[unit];
    switch (op) {
    case FOR_ITER:
        demand(w, unit, depth - GF_ITERATOR_DEPTH, GF_SLOT_ITERATOR);
        break;
    case LIST_APPEND:
    case LIST_EXTEND:
        demand(w, unit, depth - 1 - oparg, GF_SLOT_LIST);
        break;
    case SET_ADD:
    case SET_UPDATE:
        demand(w, unit, depth - 1 - oparg, GF_SLOT_SET);
        break;
    case MAP_ADD:
        demand(w, unit, depth - 2 - oparg, GF_SLOT_DICT);
        break;
    case DICT_UPDATE:
        demand(w, unit, depth - 1 - oparg, GF_SLOT_DICT);
        break;
    case POP_EXCEPT:
        demand(w, unit, depth - 1, GF_SLOT_HANDLED);
        break;
    case RERAISE:
        demand(w, unit, depth - 1, GF_SLOT_RAISED);
        if (oparg > 0) {
            demand(w, unit, depth - 1 - oparg, GF_SLOT_PLACE);
        }
        break;
    case WITH_EXCEPT_START:
    case PUSH_EXC_INFO:
    case END_ASYNC_FOR:
        demand(w, unit, depth - 1, GF_SLOT_RAISED);
        break;
    default:
        break;
    }
}

static int is_call(int op, int oparg)
{
    gf_op_kind kind = gf_kind_of(op, oparg);
    return kind == GF_OP_CALL || kind == GF_OP_CALL_KW || kind == GF_OP_CALL_EX;
}

/* --- along the edges ------------------------------------------------------------------- */

/* The slot that a jump decides about by a copy, or -1: what is asked further on, is asked
 * of it on one of the two ways. So with the outcome of `except*`, an exception or None. */
static int decided_slot(const gf_code_info *info, int unit)
{
    int oparg, op = gf_op_at(info, unit, &oparg);
    int before = gf_first_unit(info, unit) - 1;
    if (gf_op_jump(op) == 0 || gf_op_ends(op) || before < 0
        || info->depth[before] < 0) {
        return -1;
    }
    return gf_op_at(info, before, &oparg) == COPY && oparg == 1 ? info->depth[unit] - 2
                                                                : -1;
}

/* None too may be where an exception is asked for. */
static int or_none(int kind)
{
    return kind & GF_SLOT_RAISED ? (kind & ~GF_SLOT_RAISED) | GF_SLOT_HANDLED : kind;
}

static void along(walk *w, int unit, int next, int op, int oparg)
{
    int before = w->info->depth[unit], after = w->info->depth[next];
    unsigned char *here = row(w, unit), *there = row(w, next);
    int both = before < after ? before : after, decided = decided_slot(w->info, unit);
    int low = op == SWAP ? before : gf_lowest_touched(op, before, after);
    int result = is_call(op, oparg) ? after - 1 : -1;
    for (int slot = 0; slot < both; slot++) {
        if (slot < low) {
            int asked = there[slot] & ~GF_SLOT_NOTHING;
            merge(w, here + slot, slot == decided ? or_none(asked) : asked);
        }
        /* In doubt it still may be nothing. */
        if (slot != result) {
            merge(w, there + slot, here[slot] & GF_SLOT_NOTHING);
        }
    }
    int nothing = gf_nothing_after(op, oparg, after);
    if (nothing >= 0) {
        merge(w, there + nothing, GF_SLOT_NOTHING);
    }
    if (op == COPY) {
        merge(w, there + before, here[before - oparg] & GF_SLOT_NOTHING);
    }
}

/* All stay but two, which change places. */
static void along_swap(walk *w, int unit, int next, int oparg)
{
    int depth = w->info->depth[unit];
    unsigned char *here = row(w, unit), *there = row(w, next);
    for (int slot = 0; slot < depth; slot++) {
        int other = slot == depth - 1       ? depth - oparg
                    : slot == depth - oparg ? depth - 1
                                            : slot;
        merge(w, here + slot, there[other] & ~GF_SLOT_NOTHING);
        merge(w, there + other, here[slot] & GF_SLOT_NOTHING);
    }
}

static void along_edges(walk *w, int unit)
{
    gf_code_info *info = w->info;
    int oparg, op = gf_op_at(info, unit, &oparg);
    if (gf_kind_of(op, oparg) == GF_OP_PREFIX) {
        along(w, unit, unit + 1, NOP, 0);
        return;
    }
    int next = gf_last_unit(info, unit) + 1, jump = gf_op_jump(op);
    if (jump != 0) {
        along(w, unit, next + jump * oparg, op, oparg);
    }
    if (gf_op_ends(op)) {
        return;
    }
    if (op == SWAP) {
        along_swap(w, unit, next, oparg);
    }
    else {
        along(w, unit, next, op, oparg);
    }
}

/* A handler finds what lay below its depth where the exception was raised. */
static void along_handlers(walk *w)
{
    for (gf_range range = gf_ranges(w->code); gf_next_range(&range) > 0;) {
        for (int unit = range.start; unit < range.end; unit++) {
            if (w->info->depth[unit] < range.depth) {
                continue; /* a cache, or not reached */
            }
            unsigned char *here = row(w, unit), *there = row(w, range.target);
            for (int slot = 0; slot < range.depth; slot++) {
                merge(w, here + slot, there[slot] & ~GF_SLOT_NOTHING);
                merge(w, there + slot, here[slot] & GF_SLOT_NOTHING);
            }
        }
    }
}

static void go_over(walk *w)
{
    for (int unit = w->info->units; unit-- > 0;) {
        if (w->info->depth[unit] >= 0) {
            own_demands(w, unit);
        }
    }
    do {
        w->changed = 0;
        for (int unit = w->info->units; unit-- > 0;) {
            if (w->info->depth[unit] >= 0) {
                along_edges(w, unit);
            }
        }
        along_handlers(w);
    } while (w->changed);
}

/* A byte for each slot at that unit: gf_slot bits. NULL with an error. */
const unsigned char *gf_slots_at(gf_code_info *info, PyCodeObject *code, int unit)
{
    int width = code->co_stacksize + 1;
    if (info->slots == NULL) {
        unsigned char *rows = PyMem_Calloc((size_t)info->units + 1, (size_t)width);
        if (rows == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        walk w = {info, code, rows, width, 0};
        go_over(&w);
        info->slots = rows;
    }
    return info->slots + (size_t)unit * (size_t)width;
}

/* [bytes, ...]: of each unit what its slots must be; empty where none begins. */
PyObject *gf_slot_kinds(PyObject *module, PyObject *code)
{
    (void)module;
    if (!PyCode_Check(code)) {
        PyErr_SetString(PyExc_TypeError, "a code object is needed");
        return NULL;
    }
    gf_code_info *info = gf_info((PyCodeObject *)code);
    PyObject *list = info == NULL ? NULL : PyList_New(info->units);
    for (int unit = 0; list != NULL && unit < info->units; unit++) {
        const unsigned char *kinds = gf_slots_at(info, (PyCodeObject *)code, unit);
        int depth = info->depth[unit] < 0 ? 0 : info->depth[unit];
        PyObject *row = kinds == NULL
                            ? NULL
                            : PyBytes_FromStringAndSize((const char *)kinds, depth);
        if (row == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, unit, row);
        }
    }
    return list;
}
