/* Static stack depths: how many values lie on a code object's stack before each
 * instruction. The interpreter keeps them in a C variable while a frame runs
 * (stacktop == -1), so for a frame that waits for a C call this is the only source.
 *
 * A walk over the control flow graph with the compiler's own stack effects, and with the
 * exception table (Objects/exception_handling_notes.txt) for the handlers.
 */
#include "frames.h"

static Py_ssize_t extra_index = -1;

static void free_info(void *pointer)
{
    gf_code_info *info = pointer;
    if (info != NULL) {
        Py_XDECREF(info->dead);
        Py_XDECREF(info->bytes);
        PyMem_Free(info->slots);
        PyMem_Free(info);
    }
}

int gf_depths_init(void)
{
    if (extra_index < 0) {
        extra_index = GF_REQUEST_EXTRA(free_info);
    }
    if (extra_index < 0) {
        PyErr_SetString(PyExc_ImportError, "greenflow: no co_extra index is left");
        return -1;
    }
    return 0;
}

static inline int unit_op(const gf_code_info *info, int unit)
{
    return (unsigned char)PyBytes_AS_STRING(info->bytes)[2 * unit];
}

static inline int unit_arg(const gf_code_info *info, int unit)
{
    return (unsigned char)PyBytes_AS_STRING(info->bytes)[2 * unit + 1];
}

static inline gf_op_kind kind_of(const gf_code_info *info, int unit)
{
    return gf_kind_of(unit_op(info, unit), unit_arg(info, unit));
}

int gf_first_unit(const gf_code_info *info, int unit)
{
    while (unit > 0 && kind_of(info, unit - 1) == GF_OP_PREFIX
           && info->depth[unit - 1] != GF_CACHE) {
        unit--;
    }
    return unit;
}

int gf_op_at(const gf_code_info *info, int unit, int *oparg)
{
    unsigned int arg = 0;
    for (int i = gf_first_unit(info, unit); i <= unit; i++) {
        arg = (arg << 8) | (unsigned int)unit_arg(info, i);
    }
    *oparg = (int)arg;
    return unit_op(info, unit);
}

gf_op_kind gf_kind_at(const gf_code_info *info, int unit)
{
    int oparg, op = gf_op_at(info, unit, &oparg);
    return gf_kind_of(op, oparg);
}

int gf_last_unit(const gf_code_info *info, int unit)
{
    return unit + gf_op_caches(unit_op(info, unit));
}

int gf_pending(const gf_code_info *info, int position)
{
    if (position < 0 || position >= info->units) {
        return -1;
    }
    int unit = position;
    while (unit >= 0 && info->depth[unit] == GF_CACHE) {
        unit--;
    }
    if (unit >= 0 && kind_of(info, unit) == GF_OP_PRECALL) {
        unit = gf_last_unit(info, unit) + 1;
        while (unit < info->units && kind_of(info, unit) == GF_OP_PREFIX) {
            unit++;
        }
    }
    return unit < info->units && unit >= 0 && info->depth[unit] >= 0 ? unit : -1;
}

int gf_kept(const gf_code_info *info, int unit)
{
    int oparg;
    int op = gf_op_at(info, unit, &oparg);
    int effect = gf_op_effect(op, oparg, 0);
    return effect == PY_INVALID_STACK_EFFECT ? -1 : info->depth[unit] + effect - 1;
}

/* Behind the prologue, which makes cells and generators, and not where the instruction
 * before has left something in a C variable. */
int gf_can_begin_at(const gf_code_info *info, int unit)
{
    if (unit < 0 || unit >= info->units || info->depth[unit] < 0
        || kind_of(info, unit) == GF_OP_PREFIX) {
        return 0;
    }
    int resumed = 0, prepared = 0;
    for (int i = 0; i <= unit; i++) {
        if (info->depth[i] != GF_CACHE && kind_of(info, i) != GF_OP_PREFIX) {
            resumed |= unit_op(info, i) == RESUME;
            resumed &=
                kind_of(info, i) != GF_OP_START; /* 3.15: RESUME is before it too */
            if (i < unit) {
                prepared = gf_op_prepares_next(unit_op(info, i));
            }
        }
    }
    return resumed && !prepared;
}

int gf_kept_for(const gf_code_info *info, int unit, int delivery)
{
    if (delivery == GF_AT) {
        return info->depth[unit];
    }
    /* All operands but the uppermost, which will be the result. */
    int again = delivery == GF_AGAIN || delivery == GF_OR_POP;
    return again ? info->depth[unit] - 1 : gf_kept(info, unit);
}

/* --- the analysis -------------------------------------------------------------------- */

typedef struct {
    gf_code_info *info;
    PyCodeObject *code;
    int *todo; /* units to go on from; each enters at most once */
    int count;
} walk;

static int reach(walk *w, int unit, int depth)
{
    if (unit < 0 || unit >= w->info->units || depth < 0) {
        PyErr_SetString(PyExc_SystemError, "greenflow: a jump out of the code");
        return -1;
    }
    int *known = &w->info->depth[unit];
    if (*known >= 0) {
        if (*known != depth) {
            PyErr_Format(PyExc_SystemError,
                         "greenflow: stack depths %d and %d at unit %d", *known, depth,
                         unit);
            return -1;
        }
        return 0;
    }
    *known = depth;
    w->todo[w->count++] = unit;
    return 0;
}

static int follow(walk *w, int unit)
{
    gf_code_info *info = w->info;
    int oparg, op = gf_op_at(info, unit, &oparg);
    int depth = info->depth[unit];
    gf_op_kind kind = gf_kind_of(op, oparg);
    if (kind == GF_OP_PREFIX) {
        return reach(w, unit + 1, depth);
    }
    if (kind == GF_OP_UNKNOWN) {
        return gf_refuse(w->code, unit,
                         "it has an instruction that greenflow does not know");
    }
    int next = gf_last_unit(info, unit) + 1;
    int jump = gf_op_jump(op);
    if (jump != 0) {
        int effect = gf_op_effect(op, oparg, 1);
        if (reach(w, next + jump * oparg, depth + effect) < 0) {
            return -1;
        }
    }
    if (gf_op_ends(op)) {
        return 0;
    }
    int effect = gf_op_effect(op, oparg, 0);
    if (effect == PY_INVALID_STACK_EFFECT) {
        PyErr_Format(PyExc_SystemError, "greenflow: unknown instruction %d", op);
        return -1;
    }
    return reach(w, next, depth + effect);
}

/* Handlers are entered with the exception pushed, and before it the instruction's
 * offset if the entry asks for that. */
static int reach_handlers(walk *w, PyCodeObject *code)
{
    gf_range range;
    int found;
    for (range = gf_ranges(code); (found = gf_next_range(&range)) > 0;) {
        if (range.end > w->info->units) {
            break;
        }
        for (int unit = range.start; unit < range.end; unit++) {
            if (w->info->depth[unit] >= 0) {
                if (reach(w, range.target, range.depth + 1 + range.offset) < 0) {
                    return -1;
                }
                break;
            }
        }
    }
    if (found != 0) {
        PyErr_SetString(PyExc_SystemError, "greenflow: bad exception table");
        return -1;
    }
    return 0;
}

static int drain(walk *w)
{
    while (w->count > 0) {
        if (follow(w, w->todo[--w->count]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int analyse(gf_code_info *info, PyCodeObject *code)
{
    for (int unit = 0; unit < info->units; unit++) {
        info->depth[unit] = GF_UNREACHED;
        int caches = gf_op_caches(unit_op(info, unit));
        while (caches-- > 0 && unit + 1 < info->units) {
            info->depth[++unit] = GF_CACHE;
        }
    }
    walk w = {info, code, PyMem_New(int, (size_t)info->units + 1), 0};
    if (w.todo == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int status = reach(&w, 0, 0);
    /* a handler may be entered only from inside another handler: until nothing is new */
    while (status == 0 && w.count > 0) {
        status = drain(&w);
        if (status == 0) {
            status = reach_handlers(&w, code);
        }
    }
    PyMem_Free(w.todo);
    return status;
}

gf_code_info *gf_info(PyCodeObject *code)
{
    gf_code_info *info = NULL;
    if (GF_GET_EXTRA((PyObject *)code, extra_index, (void **)&info) < 0) {
        return NULL;
    }
    if (info != NULL) {
        return info;
    }
    PyObject *bytes = PyCode_GetCode(code);
    if (bytes == NULL) {
        return NULL;
    }
    int units = (int)(PyBytes_GET_SIZE(bytes) / 2);
    info = PyMem_Malloc(sizeof(gf_code_info) + (size_t)units * sizeof(int));
    if (info == NULL) {
        Py_DECREF(bytes);
        PyErr_NoMemory();
        return NULL;
    }
    *info = (gf_code_info){.bytes = bytes, .units = units};
    if (analyse(info, code) < 0
        || GF_SET_EXTRA((PyObject *)code, extra_index, info) < 0) {
        free_info(info);
        return NULL;
    }
    return info;
}
