/* Tasklets in a circle: who can run, or who waits at a channel. */
#include "green.h"

void gn_ring_insert(gn_ring *ring, gn_tasklet *t, gn_tasklet *before)
{
    Py_INCREF(t);
    if (before == NULL) {
        t->next = t->prev = t;
        ring->head = t;
    }
    else {
        t->next = before;
        t->prev = before->prev;
        before->prev->next = t;
        before->prev = t;
    }
    t->ring = ring;
    ring->count++;
}

void gn_ring_append(gn_ring *ring, gn_tasklet *t)
{
    gn_ring_insert(ring, t, ring->head);
}

void gn_ring_remove(gn_ring *ring, gn_tasklet *t)
{
    if (t->next == t) {
        ring->head = NULL;
    }
    else {
        t->next->prev = t->prev;
        t->prev->next = t->next;
        if (ring->head == t) {
            ring->head = t->next;
        }
    }
    t->next = t->prev = NULL;
    t->ring = NULL;
    ring->count--;
}

int gn_ring_traverse(gn_ring *ring, visitproc visit, void *arg)
{
    gn_tasklet *t = ring->head;
    for (Py_ssize_t i = 0; i < ring->count; i++, t = t->next) {
        Py_VISIT(t);
    }
    return 0;
}

void gn_ring_clear(gn_ring *ring)
{
    while (ring->head != NULL) {
        gn_tasklet *t = ring->head;
        gn_ring_remove(ring, t);
        Py_DECREF(t);
    }
}

PyObject *gn_ring_list(gn_ring *ring)
{
    PyObject *list = PyList_New(ring->count);
    gn_tasklet *t = ring->head;
    for (Py_ssize_t i = 0; list != NULL && i < PyList_GET_SIZE(list);
         i++, t = t->next) {
        PyList_SET_ITEM(list, i, Py_NewRef((PyObject *)t));
    }
    return list;
}
