/* Which slots an instruction touches, and where it pushes nothing: what slots.c needs of
 * it beyond its stack effect. What is not listed here is taken to touch one value more
 * than it may.
 */
#include "slots.h"

/* The lowest slot that an instruction touches, by what it leaves of so many. */
int gf_lowest_touched(int op, int before, int after)
{
    int both = before < after ? before : after;
    switch (op) {
    case LOAD_CONST:
    case LOAD_FAST:
    case LOAD_GLOBAL:
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
    case STORE_FAST_STORE_FAST:
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
    case STORE_NAME:
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
int gf_nothing_after(int op, int oparg, int after)
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
