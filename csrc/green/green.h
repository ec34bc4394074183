/* What the parts of the in-memory runtime share.
 *
 *   ring.c -> tasklet.c -> loop.c -> channel.c -> module.c
 *
 * All of it holds the GIL from its first look at a queue to its last change of one, and
 * drops references only behind that: so threads, and what runs when an object goes, never
 * see a queue in the middle.
 */
#ifndef GREENFLOW_GREEN_H
#define GREENFLOW_GREEN_H

#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef" /* 3.15: pyport.h, _Py_STDC_VERSION */
#include <Python.h>
#include <structmember.h>
#pragma GCC diagnostic pop

typedef struct gn_tasklet gn_tasklet;
typedef struct gn_loop gn_loop;
typedef struct gn_channel gn_channel;

/* --- ring.c: tasklets in a circle, of which each is held by a reference -------------- */

typedef struct {
    gn_tasklet
        *head; /* of a loop: who runs, or runs next; of a channel: who waits longest */
    Py_ssize_t count;
} gn_ring;

void gn_ring_append(gn_ring *ring, gn_tasklet *t);
void gn_ring_insert(gn_ring *ring, gn_tasklet *t, gn_tasklet *before);
/* The caller takes over the ring's reference. */
void gn_ring_remove(gn_ring *ring, gn_tasklet *t);
int gn_ring_traverse(gn_ring *ring, visitproc visit, void *arg);
void gn_ring_clear(gn_ring *ring);
PyObject *gn_ring_list(gn_ring *ring);

/* --- tasklet.c -------------------------------------------------------------------------- */

typedef enum { GN_NO_SIGNAL, GN_IDLE, GN_LIMIT } gn_signal;

struct gn_tasklet {
    PyObject_HEAD gn_tasklet *next, *prev;
    gn_ring *ring;       /* that it is in, or NULL */
    gn_loop *loop;       /* of the thread it belongs to, or NULL */
    gn_channel *channel; /* in whose queue it waits, or NULL */
    gn_tasklet *owner;   /* of a case of a select: who waits; else NULL */
    PyObject *cases;     /* the cases that it waits for, a list; else NULL */
    PyObject *green;     /* its greenlet, or NULL if it has no stack */
    PyObject *function, *call, *stack, *timer, *name; /* see tasklets.py; or NULL */
    gn_tasklet *younger, *older;                      /* of all there are */
    PyObject *value; /* what it is given when it goes on, or sends; never NULL */
    PyObject *weak;
    signed char direction; /* 1 waits to send, -1 to receive */
    signed char priority;  /* 1 has its turns before all others, -1 behind them */
    char ordered;          /* it is to save itself */
    char signal;           /* it goes on for none of the usual reasons: a gn_signal */
    char trap;             /* it must not block */
    char atomic, nesting;  /* flags that are only kept */
    char iterates;         /* it waits as an iterator does, which may come to its end */
};

extern PyTypeObject gn_tasklet_type;
/* Among all that there are. */
void gn_list(gn_tasklet *t);
void gn_unlist(gn_tasklet *t);
/* All tasklets of a loop, the youngest first; a list. */
PyObject *gn_tasklets_of(gn_loop *loop);
/* Take it out of whatever it waits in; a new reference to it is needed meanwhile. */
void gn_unlink(gn_tasklet *t);
PyObject *gn_get_priority(gn_tasklet *t, void *closure);
int gn_set_priority(gn_tasklet *t, PyObject *value, void *closure);
void gn_set_value(gn_tasklet *t, PyObject *value); /* steals */
PyObject *gn_take(gn_tasklet *t); /* NULL with an error if it is a bomb */
/* Who a waiting case stands for, with what it was given; it waits for nothing then. */
gn_tasklet *gn_owner(gn_tasklet *t); /* steals, and returns a new reference */

/* --- loop.c -------------------------------------------------------------------------------- */

struct gn_loop {
    /* Who can run, by priority; the head is current, while that can. */
    PyObject_HEAD gn_ring ring, high, low;
    gn_tasklet *current, *main;
    gn_tasklet *pick;   /* one in its turn that goes next in spite of all, or NULL */
    PyObject *runners;  /* tasklets that are in run(), the innermost last */
    PyObject *callback; /* called at each switch, or NULL */
    PyObject *last_end; /* the greenlet that ended last, or NULL */
    PyObject *dict, *weak;
    unsigned long thread;
    unsigned long long switches;
    long long steps; /* that are left to run(), or -1 */
    double alarm;    /* when _alarm() is to be called, of the monotonic clock, or 0 */
    double patience; /* who runs for longer is named in the log; 0 for nobody */
    double since;    /* when the current one went on, by a coarse clock, or 0 */
    int trap;
    char waiting; /* its thread sleeps until bell() */
};

/* The ring in which it has its turns. */
static inline gn_ring *gn_turns(gn_loop *loop, gn_tasklet *t)
{
    return t->priority == 0 ? &loop->ring : t->priority > 0 ? &loop->high : &loop->low;
}

extern PyTypeObject gn_loop_type;
extern PyObject *gn_save, *gn_idle, *gn_limit, *gn_bomb_type, *gn_loop_class;
extern unsigned long gn_loops_gone; /* how many there were that are not any more */
/* Of this thread, or of the flow that runs in it; borrowed. NULL with an error. */
gn_loop *gn_here(void);
/* -1 with an error where no tasklet may be left. */
int gn_may_switch(gn_loop *loop);
/* Who goes on next; borrowed. NULL with an error. */
gn_tasklet *gn_choose(gn_loop *loop);
/* `to` is current; 1 if it has a greenlet that has not begun, -1 with an error. */
int gn_begin(gn_loop *loop, gn_tasklet *from, gn_tasklet *to);
/* The tasklet ends, and its greenlet with it: another one goes on then. */
PyObject *gn_end(gn_tasklet *me);
/* Let go on whoever is to; return what `me` is given when it goes on itself. */
PyObject *gn_switch(gn_loop *loop, gn_tasklet *me);
/* The same where `me` waits: where nobody can run, wait or tell so. */
PyObject *gn_wait(gn_loop *loop, gn_tasklet *me);
/* It runs next of its priority, whatever it waited for. */
void gn_put_first(gn_loop *loop, gn_tasklet *t);
/* Put it behind all others of its loop, which is told. */
int gn_make_runnable(gn_tasklet *t);

/* --- channel.c ------------------------------------------------------------------------------ */

struct gn_channel {
    PyObject_HEAD gn_ring queue;
    PyObject *buffer; /* a deque, or NULL */
    PyObject *weak;
    Py_ssize_t capacity;
    signed char direction; /* of those in the queue */
    signed char preference;
    char schedule_all, closing;
};

extern PyTypeObject gn_channel_type;
extern PyMethodDef gn_loop_functions[], gn_channel_functions[];
/* The end of the queue, as its first or as others that wait for the same. */
void gn_enqueue(gn_channel *c, gn_tasklet *t, int direction);
extern PyObject *gn_append, *gn_popleft; /* the names of a deque's methods */
PyObject *gn_set_channel_callback(PyObject *module, PyObject *callback);

/* --- cases.c ---------------------------------------------------------------------------- */

PyObject *gn_put_into(PyObject *module, PyObject *args);
PyObject *gn_wait_cases(PyObject *module, PyObject *cases);

#endif
