/* The scheduler of one thread: a circle of who can run, and the way from one to the next.
 *
 * A switch is one call of greenlet's. What a tasklet is given when it goes on lies in the
 * tasklet itself, so nothing but the order to save itself needs a word of its own.
 */
#include "green.h"

#include <time.h>

PyObject *gn_save, *gn_idle, *gn_limit, *gn_bomb_type, *gn_loop_class;
unsigned long gn_loops_gone;
/* The loop that was found last in this thread, and the greenlet that asked. */
static _Thread_local struct {
    uint64_t thread_state;
    unsigned long loops_gone; /* when it was found: none of them is this one */
    gn_loop *loop;
    PyObject *green;
} here;

/* greenlet's own C interface: a table whose places are fixed (greenlet.h). To call by it is
 * one C frame instead of three, which lie on the stack that each switch copies. */
enum {
    GREENLET_NEW = 3,
    GREENLET_CURRENT = 4,
    GREENLET_SWITCH = 6,
    GREENLET_PARENT = 7
};
typedef PyObject *(*greenlet_new)(PyObject *run, PyObject *parent);
typedef int (*greenlet_set_parent)(PyObject *green, PyObject *parent);
typedef PyObject *(*greenlet_current)(void);
typedef PyObject *(*greenlet_switch)(PyObject *green, PyObject *args, PyObject *kwargs);
static void **greenlet_table;

static int find_greenlet(void)
{
    greenlet_table = PyCapsule_Import("greenlet._C_API", 0);
    return greenlet_table == NULL ? -1 : 0;
}

/* --- which loop -------------------------------------------------------------------------- */

/* The main tasklet may go on in whichever greenlet it waits. */
static gn_loop *find_loop(uint64_t id, PyObject *green)
{
    if (gn_loop_class == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "greenflow._green is not configured");
        return NULL;
    }
    PyObject *found = PyObject_CallMethod(gn_loop_class, "_find", NULL);
    if (found == NULL) {
        return NULL;
    }
    gn_loop *loop = (gn_loop *)found;
    here.thread_state = id;
    here.loops_gone = gn_loops_gone;
    here.loop = loop;
    here.green = green;
    if (loop->main == loop->current && loop->main != NULL) {
        Py_XSETREF(loop->main->green, Py_NewRef(green));
    }
    Py_DECREF(found); /* its thread has it, or the greenlet of its flow */
    return loop;
}

gn_loop *gn_here(void)
{
    if (greenlet_table == NULL && find_greenlet() < 0) {
        return NULL;
    }
    uint64_t id = PyThreadState_GetID(PyThreadState_Get());
    PyObject *green = ((greenlet_current)greenlet_table[GREENLET_CURRENT])();
    if (green == NULL) {
        return NULL;
    }
    Py_DECREF(green); /* it runs */
    gn_loop *loop = here.loop;
    if (loop != NULL && here.thread_state == id && here.loops_gone == gn_loops_gone
        && loop->current != NULL && loop->current->green == green) {
        here.green = green;
        return loop;
    }
    return find_loop(id, green);
}

/* --- from one to the next ------------------------------------------------------------------ */

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

int gn_may_switch(gn_loop *loop)
{
    if (loop->trap != 0) {
        PyErr_SetString(PyExc_RuntimeError, "switch_trap");
        return -1;
    }
    return 0;
}

/* 1 if who called run() is to go on although others can run; -1 with an error. */
static int is_over(gn_loop *loop)
{
    Py_ssize_t runs = PyList_GET_SIZE(loop->runners);
    if (loop->steps > 0 && --loop->steps == 0 && runs > 0) {
        loop->steps = -1;
        return 1;
    }
    if (loop->alarm == 0 || now(CLOCK_MONOTONIC) < loop->alarm) {
        return 0;
    }
    PyObject *over = PyObject_CallMethod((PyObject *)loop, "_alarm", NULL);
    int answer = over == NULL ? -1 : PyObject_IsTrue(over);
    Py_XDECREF(over);
    return answer > 0 ? runs > 0 : answer;
}

gn_tasklet *gn_choose(gn_loop *loop)
{
    int over = loop->steps > 0 || loop->alarm != 0 ? is_over(loop) : 0;
    if (over < 0) {
        return NULL;
    }
    if (!over && loop->pick != NULL) {
        gn_tasklet *pick = loop->pick;
        loop->pick = NULL;
        return pick;
    }
    gn_tasklet *next = loop->high.head;
    next = next != NULL ? next : loop->ring.head;
    next = next != NULL ? next : loop->low.head;
    if (!over && next != NULL) {
        return next;
    }
    Py_ssize_t runs = PyList_GET_SIZE(loop->runners);
    gn_tasklet *told =
        runs == 0 ? loop->main : (gn_tasklet *)PyList_GET_ITEM(loop->runners, runs - 1);
    told->signal = over ? GN_LIMIT : GN_IDLE;
    return told;
}

/* Its parent is the main one: whoever ends names the next one as its parent. */
static int new_greenlet(gn_loop *loop, gn_tasklet *t)
{
    PyObject *run = PyObject_GetAttrString((PyObject *)t, "_main");
    PyObject *green = run == NULL ? NULL
                                  : ((greenlet_new)greenlet_table[GREENLET_NEW])(
                                      run, loop->main->green);
    Py_XDECREF(run);
    if (green == NULL) {
        return -1;
    }
    Py_XSETREF(t->green, green);
    return 0;
}

PyObject *gn_end(gn_tasklet *me)
{
    gn_loop *loop = me->loop;
    greenlet_set_parent set_parent =
        (greenlet_set_parent)greenlet_table[GREENLET_PARENT];
    PyObject *green = ((greenlet_current)greenlet_table[GREENLET_CURRENT])();
    /* One that ended keeps its parent: they would be a chain of all there were. */
    if (loop->last_end != NULL && set_parent(loop->last_end, loop->main->green) < 0) {
        PyErr_WriteUnraisable(loop->last_end);
    }
    Py_XSETREF(loop->last_end, green);
    Py_INCREF(me);
    gn_unlink(me);
    gn_tasklet *next = gn_choose(loop);
    int is_new = next == NULL ? -1 : gn_begin(loop, me, next);
    Py_DECREF(me);
    if (is_new < 0 || set_parent(green, (is_new ? loop->main : next)->green) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static void note_time(gn_loop *loop, gn_tasklet *from)
{
    double at = now(CLOCK_MONOTONIC_COARSE), before = loop->since;
    loop->since = at;
    if (before == 0 || at - before < loop->patience || from == loop->main) {
        return;
    }
    PyObject *done =
        PyObject_CallMethod((PyObject *)loop, "_was_blocked", "Od", from, at - before);
    if (done == NULL) {
        PyErr_WriteUnraisable((PyObject *)loop);
    }
    Py_XDECREF(done);
    loop->since = now(CLOCK_MONOTONIC_COARSE);
}

int gn_begin(gn_loop *loop, gn_tasklet *from, gn_tasklet *to)
{
    int is_new = 0;
    if (loop->patience > 0) {
        note_time(loop, from);
    }
    if (to->green == NULL || to->green == Py_None) {
        if (new_greenlet(loop, to) < 0) {
            return -1;
        }
        is_new = 1;
    }
    if (loop->callback != NULL && loop->callback != Py_None) {
        PyObject *callback = Py_NewRef(loop->callback);
        PyObject *done = PyObject_CallFunctionObjArgs(callback, from, to, NULL);
        Py_DECREF(callback);
        Py_XDECREF(done);
        if (done == NULL) {
            PyErr_WriteUnraisable(loop->callback);
        }
    }
    Py_INCREF(to);
    Py_XSETREF(loop->current, to);
    loop->switches++;
    return is_new;
}

/* To the greenlet of `to`; 0 when this one goes on, -1 with what was thrown at it. */
static int hop(gn_tasklet *to)
{
    greenlet_switch go = (greenlet_switch)greenlet_table[GREENLET_SWITCH];
    PyObject *green = Py_NewRef(to->green);
    PyObject *got = go(green, NULL, NULL);
    Py_DECREF(green);
    Py_XDECREF(got);
    return got == NULL ? -1 : 0;
}

/* A greenlet's C stack begins where the one stood that let it begin. So all begin from the
 * main one: if each let the next one begin, the last would be too deep. */
static int hop_by_main(gn_loop *loop, gn_tasklet *me, gn_tasklet *next, int is_new)
{
    int failed = hop(is_new && me != loop->main ? loop->main : next);
    while (!failed && loop->current != me && !me->ordered) {
        failed = hop(loop->current);
    }
    return failed;
}

/* It would come back to its own greenlet from one that it made itself. */
static int is_at_home(gn_tasklet *me)
{
    if (here.green == me->green || (gn_here() != NULL && here.green == me->green)) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    "a tasklet cannot wait in a greenlet that it made itself");
    return -1;
}

PyObject *gn_switch(gn_loop *loop, gn_tasklet *me)
{
    gn_tasklet *next = is_at_home(me) < 0 ? NULL : gn_choose(loop);
    if (next == NULL) {
        gn_put_first(loop, me);
        return NULL;
    }
    if (next == me) {
        return gn_take(me);
    }
    Py_INCREF(me);
    PyObject *result = NULL;
    int is_new = gn_begin(loop, me, next);
    if (is_new >= 0) {
        if (hop_by_main(loop, me, next, is_new) == 0) {
            result = gn_take(me);
        }
        else {
            gn_unlink(me); /* something was thrown at the greenlet */
        }
    }
    Py_DECREF(me);
    return result;
}

void gn_put_first(gn_loop *loop, gn_tasklet *me)
{
    gn_ring *turns = gn_turns(loop, me);
    gn_unlink(me);
    gn_ring_insert(turns, me, turns->head);
    turns->head = me;
}
