/* What people and the Python side may look at: where each frame waits, and its values. */
#include "frames.h"

/* For people and for error messages: (function, pending offset in bytes, generator or
 * None, ((name or stack index, value), ...)) of each frame, innermost first. */
static PyObject *describe_frame(gf_record *r)
{
    PyObject *pairs = PyList_New(0);
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(r->function);
    for (int i = 0; pairs != NULL && i < r->nlocals + r->nstack; i++) {
        if (r->slots[i] == NULL) {
            continue;
        }
        PyObject *pair =
            i < r->nlocals ? Py_BuildValue(
                "(OO)", PyTuple_GET_ITEM(code->co_localsplusnames, i), r->slots[i])
                           : Py_BuildValue("(iO)", i - r->nlocals, r->slots[i]);
        if (pair == NULL || PyList_Append(pairs, pair) < 0) {
            Py_CLEAR(pairs);
        }
        Py_XDECREF(pair);
    }
    if (pairs == NULL) {
        return NULL;
    }
    PyObject *generator = r->generator != NULL ? r->generator : Py_None;
    return Py_BuildValue("(OiON)", r->function, 2 * r->pending, generator, pairs);
}

PyObject *gf_records_frames(gf_records *self, void *closure)
{
    (void)closure;
    if (gf_refuse_consumed(self) < 0) {
        return NULL;
    }
    PyObject *frames = PyTuple_New(self->count);
    for (Py_ssize_t i = 0; frames != NULL && i < self->count; i++) {
        PyObject *frame = describe_frame(&self->frames[self->count - 1 - i]);
        if (frame == NULL) {
            Py_CLEAR(frames);
        }
        else {
            PyTuple_SET_ITEM(frames, i, frame);
        }
    }
    return frames;
}

/* Where each frame waits: ((function, offset in bytes), ...), outermost first. */
PyObject *gf_records_places(gf_records *self, void *closure)
{
    (void)closure;
    PyObject *places = gf_refuse_consumed(self) < 0 ? NULL : PyTuple_New(self->count);
    for (Py_ssize_t i = 0; places != NULL && i < self->count; i++) {
        gf_record *r = &self->frames[i];
        PyObject *place = Py_BuildValue("(Oi)", r->function, 2 * r->pending);
        if (place == NULL) {
            Py_CLEAR(places);
        }
        else {
            PyTuple_SET_ITEM(places, i, place);
        }
    }
    return places;
}
