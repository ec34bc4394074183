/* What the code itself says of the values on its stack, at each instruction: which of
 * them may be nothing, and which an instruction further on takes unchecked for an
 * iterator, a list, an exception. Of compiled code this always holds; a record of which
 * it does not hold is damaged, and the interpreter would read a slot as what it is not.
 *
 * Demands go backwards from the instruction that has them, as far as the slot is not
 * touched; where that is not known of an instruction, they end. What may be nothing goes
 * forwards from what pushes nothings. So a mistake here asks for too little.
 */
#include "slots.h"

typedef struct {
    gf_code_info *info;
    PyCodeObject *code;
    unsigned char *rows;
    int width, changed;
} walk;

static unsigned char *row(walk *w, int unit) { return w->rows + unit * w->width; }

/* A demand that comes from behind an instruction; or nothings, from before it. */
static void merge(walk *w, unsigned char *into, int bits)
{
    w->changed |= (*into | bits) != *into;
    *into |= (unsigned char)bits;
}

/* The lowest slot that an instruction touches, by what it leaves of so many. */
static int lowest_touched(int op, int before, int after)
{
    int both = before < after ? before : after;
    switch (op) {
    case LOAD_CONST:
    case LOAD_FAST:
    case LOAD_GLOBAL:
    case LOAD_NAME:
    case LOAD_DEREF:
    case PUSH_NULL:
    case COPY:
    case GET_LEN:
    case GET_ANEXT:
    case MATCH_SEQUENCE:
    case MATCH_MAPPING:
    case FOR_ITER:
    case WITH_EXCEPT_START:
#ifdef LOAD_FAST_CHECK
    case LOAD_FAST_CHECK:
    case LOAD_FAST_AND_CLEAR:
#endif
#ifdef LOAD_FAST_LOAD_FAST
    case LOAD_FAST_LOAD_FAST:
#endif
#ifdef LOAD_FAST_BORROW
    case LOAD_FAST_BORROW:
    case LOAD_FAST_BORROW_LOAD_FAST_BORROW:
#endif
#ifdef LOAD_SMALL_INT
    case LOAD_SMALL_INT:
    case LOAD_COMMON_CONSTANT:
#endif
    case NOP:
    case RESUME:
    case POP_TOP:
    case STORE_FAST:
    case STORE_DEREF:
    case STORE_GLOBAL:
    case STORE_NAME:
    case STORE_ATTR:
    case STORE_SUBSCR:
    case DELETE_FAST:
    case DELETE_ATTR:
    case DELETE_SUBSCR:
    case LIST_APPEND:
    case LIST_EXTEND:
    case SET_ADD:
    case SET_UPDATE:
    case MAP_ADD:
    case DICT_UPDATE:
    case DICT_MERGE:
    case POP_EXCEPT:
    case RERAISE:
    case END_ASYNC_FOR:
#ifdef KW_NAMES
    case KW_NAMES:
#endif
#ifdef PRECALL
    case PRECALL:
#endif
#ifdef NOT_TAKEN
    case NOT_TAKEN:
#endif
        return both;
    case CHECK_EG_MATCH:
        return before - 2;
#ifdef CLEANUP_THROW
    case CLEANUP_THROW:
        return before - 3;
#endif
#ifdef LOAD_SUPER_ATTR
    case LOAD_SUPER_ATTR:
        return before - 3;
#endif
    default:
        return gf_op_jump(op) != 0 && op != SEND ? both : both - 1;
    }
}

/* The slot that may hold nothing once the instruction is done, or -1. */
static int nothing_after(int op, int oparg, int after)
{
    int beside = GF_CALLABLE_FIRST ? after - 1 : after - 2;
    switch (op) {
    case PUSH_NULL:
#ifdef LOAD_FAST_AND_CLEAR
    case LOAD_FAST_AND_CLEAR:
#endif
#ifdef LOAD_SPECIAL
    case LOAD_SPECIAL:
#endif
        return after - 1;
    case GET_ITER:
        return GF_ITERATOR_DEPTH > 1 ? after - 1 : -1;
    case LOAD_GLOBAL:
        return oparg & 1 ? beside : -1;
#ifdef LOAD_METHOD
    case LOAD_METHOD:
        return beside;
#endif
#ifdef LOAD_SUPER_ATTR
    case LOAD_SUPER_ATTR:
        return oparg & 1 ? beside : -1;
#endif
    case LOAD_ATTR:
        return gf_op_is_method(op, oparg) ? beside : -1;
    default:
        return -1;
    }
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

/* --- along the edges ------------------------------------------------------------------- */

static void along(walk *w, int unit, int next, int op, int oparg)
{
    int before = w->info->depth[unit], after = w->info->depth[next];
    unsigned char *here = row(w, unit), *there = row(w, next);
    int low = op == SWAP ? before : lowest_touched(op, before, after);
    for (int slot = 0; slot < low && slot < before && slot < after; slot++) {
        merge(w, here + slot, there[slot] & ~GF_SLOT_NOTHING);
        merge(w, there + slot, here[slot] & GF_SLOT_NOTHING);
    }
    int nothing = nothing_after(op, oparg, after);
    if (nothing >= 0) {
        merge(w, there + nothing, GF_SLOT_NOTHING);
    }
    if (op == COPY) {
        merge(w, there + before, here[before - oparg] & GF_SLOT_NOTHING);
    }
}

/* A SWAP keeps all but two, which change places: their bits would be lost on the way, or
 * be those of the other. So it is gone over by itself. */
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
