/* Room on the thread's data stack, where the interpreter keeps its frames
 * (Python/pystate.c 3.11 and 3.12: push_chunk, _PyThreadState_PopFrame). All frames of a
 * segment, and the shims around them, are put into one chunk, so that whatever happens
 * on the way the pop of base alone gives everything back.
 */
#include "frames.h"

enum { CHUNK_BYTES = 16 * 1024, OVERHEAD_WORDS = 16 };

/* Sees to it that `words` fit into the present chunk, else makes a new one and tells of
 * it in *fresh. The interpreter frees a chunk when the frame at its start is popped. */
int gf_ensure_datastack(PyThreadState *ts, size_t words, _PyStackChunk **fresh)
{
    *fresh = NULL;
    if (ts->datastack_top != NULL
        && words < (size_t)(ts->datastack_limit - ts->datastack_top)) {
        return 0;
    }
    size_t bytes = CHUNK_BYTES;
    while (bytes < (words + OVERHEAD_WORDS) * sizeof(PyObject *)) {
        bytes *= 2;
    }
    /* the allocator that _PyObject_VirtualFree (obmalloc.c) will free it with */
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    _PyStackChunk *chunk = arenas.alloc(arenas.ctx, bytes);
    if (chunk == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    chunk->previous = ts->datastack_chunk;
    chunk->size = bytes;
    chunk->top = 0;
    if (chunk->previous != NULL) {
        chunk->previous->top = (size_t)(ts->datastack_top - &chunk->previous->data[0]);
    }
    ts->datastack_chunk = chunk;
    ts->datastack_limit = (PyObject **)((char *)chunk + bytes);
    /* the first frame of a thread's root chunk is never popped from its start */
    ts->datastack_top = &chunk->data[chunk->previous == NULL];
    *fresh = chunk->previous == NULL ? NULL : chunk;
    return 0;
}

/* Frees the chunk of gf_ensure_datastack if no frame came to lie in it. */
void gf_drop_if_unused(PyThreadState *ts, _PyStackChunk *fresh)
{
    if (fresh == NULL || ts->datastack_chunk != fresh
        || ts->datastack_top != &fresh->data[0]) {
        return;
    }
    _PyStackChunk *previous = fresh->previous;
    ts->datastack_chunk = previous;
    ts->datastack_top = &previous->data[previous->top];
    ts->datastack_limit = (PyObject **)((char *)previous + previous->size);
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    arenas.free(arenas.ctx, fresh, fresh->size);
}

gf_frame *gf_take_datastack(PyThreadState *ts, size_t words)
{
    if (words >= (size_t)(ts->datastack_limit - ts->datastack_top)) {
        PyErr_SetString(PyExc_SystemError, "greenflow: the data stack moved");
        return NULL;
    }
    gf_frame *f = (gf_frame *)ts->datastack_top;
    ts->datastack_top += words;
    return f;
}
