/* From frames to records: what each needs of its values. */
#include "walk.h"

/* An adapter waits at its first call, before it has anything on its stack. */
int gf_place_adapter(gf_step *s, PyObject *adapter)
{
    PyObject *function, *locals;
    int offset;
    if (!PyArg_ParseTuple(adapter, "O!iO!", &PyFunction_Type, &function, &offset,
                          &PyTuple_Type, &locals)) {
        return -1;
    }
    gf_code_info *info = gf_info((PyCodeObject *)PyFunction_GET_CODE(function));
    if (info == NULL) {
        return -1;
    }
    s->adapter = adapter;
    s->pending = gf_pending(info, offset / 2);
    if (s->pending < 0 || gf_kept(info, s->pending) != 0) {
        PyErr_SetString(PyExc_SystemError, "greenflow: an adapter does not wait first");
        return -1;
    }
    return 0;
}

static int copy_slots(gf_record *r, const gf_step *s)
{
    PyObject *tops = s->boundary.tops;
    int slots = r->nlocals + r->nstack;
    int copied = slots - (tops == NULL ? 0 : (int)PyTuple_GET_SIZE(tops));
    for (int i = 0; i < slots; i++) {
        if (i >= copied) {
            r->slots[i] = Py_NewRef(PyTuple_GET_ITEM(tops, i - copied));
        }
        else if (gf_copy_slot(s->frame, i, &r->slots[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int copy_frame(gf_record *r, const gf_step *s)
{
    gf_frame *f = s->frame;
    r->function = Py_NewRef(gf_function(f));
    r->pending = s->pending;
    r->delivery = s->boundary.delivery;
    r->held = Py_XNewRef(s->boundary.held);
    r->silent = s->silent;
    if (gf_is_generator(f)) {
        PyGenObject *gen = gf_generator_of(f);
        r->generator = Py_NewRef((PyObject *)gen);
        r->identity = gen;
        r->exc = gf_handled(gen->gi_exc_state.exc_value);
    }
    PyObject *locals = *gf_locals_dict(f);
    /* nobody but the frame has it: it is only a cache of locals() */
    if (locals != NULL && Py_REFCNT(locals) > 1) {
        r->locals = Py_NewRef(locals);
    }
    return copy_slots(r, s);
}

/* Its arguments; all else of it begins when it goes on. */
static void copy_adapter(gf_record *r, const gf_step *s)
{
    r->function = Py_NewRef(PyTuple_GET_ITEM(s->adapter, 0));
    r->pending = s->pending;
    r->delivery = s->boundary.delivery;
    r->adapts = 1;
    PyObject *locals = PyTuple_GET_ITEM(s->adapter, 2);
    for (int i = 0; i < r->nlocals && i < PyTuple_GET_SIZE(locals); i++) {
        r->slots[i] = Py_NewRef(PyTuple_GET_ITEM(locals, i));
    }
}

static int locals_of(const gf_step *s)
{
    PyObject *code = s->adapter == NULL
                         ? (PyObject *)gf_code(s->frame)
                         : PyFunction_GET_CODE(PyTuple_GET_ITEM(s->adapter, 0));
    return ((PyCodeObject *)code)->co_nlocalsplus;
}

gf_records *gf_copy_steps(const gf_step *steps, Py_ssize_t count)
{
    Py_ssize_t nslots = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        nslots += locals_of(&steps[i]) + steps[i].nstack;
    }
    gf_records *records = gf_records_new(count, nslots);
    if (records == NULL) {
        return NULL;
    }
    PyObject **slots = records->slots;
    for (Py_ssize_t i = 0; i < count; i++) {
        const gf_step *s = &steps[count - 1 - i];
        gf_record *r = &records->frames[i];
        r->nlocals = locals_of(s);
        r->nstack = s->nstack;
        r->slots = slots;
        slots += r->nlocals + r->nstack;
        if (s->adapter != NULL) {
            records->adapters++;
            copy_adapter(r, s);
        }
        else if (copy_frame(r, s) < 0) {
            Py_DECREF(records);
            return NULL;
        }
    }
    return records;
}
