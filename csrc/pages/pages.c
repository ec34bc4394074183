/* Memory and files of large values: what Python has no call for.

   It knows nothing of the interpreter's insides, and works without any of the kernel's
   favours: where one is not to be had, the same is done more slowly. */

#define _GNU_SOURCE
#include "python.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cut.h"
#include "plain.h"
#include "watch.h"

/* Memory smaller than this gains nothing by large pages. */
#define LARGE_BYTES_MIN (4u << 20)
#define LARGE_PAGE ((uintptr_t)2 << 20)

static void prefer_large_pages(char *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (size < LARGE_BYTES_MIN) {
        return;
    }
    uintptr_t begin = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(LARGE_PAGE - 1);
    /* A refusal is no harm: it is small pages then. */
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}

/* room(size, mutable): bytes or a bytearray whose contents are not set yet, and a view
   to set them by, which must go before anybody else sees the object. */
static PyObject *room(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_ssize_t size;
    int mutable;
    if (!PyArg_ParseTuple(args, "np", &size, &mutable)) {
        return NULL;
    }
    if (size <= 0) {
        return PyErr_Format(PyExc_ValueError, "room for %zd bytes", size);
    }
    PyObject *made = mutable ? PyByteArray_FromStringAndSize(NULL, size)
                             : PyBytes_FromStringAndSize(NULL, size);
    if (made == NULL) {
        return NULL;
    }
    char *memory = mutable ? PyByteArray_AS_STRING(made) : PyBytes_AS_STRING(made);
    prefer_large_pages(memory, (size_t)size);
    PyObject *view = PyMemoryView_FromMemory(memory, size, PyBUF_WRITE);
    if (view == NULL) {
        Py_DECREF(made);
        return NULL;
    }
    return Py_BuildValue("NN", made, view);
}

/* write_soon(file, at, size): let the kernel begin to write a part of a file. */
static PyObject *write_soon(PyObject *Py_UNUSED(module), PyObject *args)
{
    int file;
    long long at, size;
    if (!PyArg_ParseTuple(args, "iLL", &file, &at, &size)) {
        return NULL;
    }
#ifdef SYNC_FILE_RANGE_WRITE
    Py_BEGIN_ALLOW_THREADS
        /* Whoever relies on it calls fdatasync(): what fails here fails there. */
        (void) sync_file_range(file, at, size, SYNC_FILE_RANGE_WRITE);
    Py_END_ALLOW_THREADS
#endif
        Py_RETURN_NONE;
}

/* address_of(view): where its memory begins. */
static PyObject *address_of(PyObject *Py_UNUSED(module), PyObject *object)
{
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) {
        return NULL;
    }
    PyObject *address = PyLong_FromVoidPtr(view.buf);
    PyBuffer_Release(&view);
    return address;
}

static PyObject *watch_works(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(gf_watch_works());
}

static PyObject *watch(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long begin;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "Kn", &begin, &size)) {
        return NULL;
    }
    return PyBool_FromLong(gf_watch_works()
                           && gf_watch((uintptr_t)begin, (size_t)size));
}

static PyObject *unwatch(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long begin;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "Kn", &begin, &size)) {
        return NULL;
    }
    if (gf_watch_works()) {
        gf_unwatch((uintptr_t)begin, (size_t)size);
    }
    Py_RETURN_NONE;
}

static PyObject *unwritten(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long begin;
    Py_ssize_t size, block;
    if (!PyArg_ParseTuple(args, "Knn", &begin, &size, &block)) {
        return NULL;
    }
    if (size <= 0 || block <= 0) {
        return PyErr_Format(PyExc_ValueError, "blocks of %zd of %zd bytes", block,
                            size);
    }
    if (!gf_watch_works()) {
        Py_RETURN_NONE;
    }
    PyObject *flags = PyBytes_FromStringAndSize(NULL, (size - 1) / block + 1);
    if (flags != NULL
        && !gf_unwritten((uintptr_t)begin, (size_t)size, (size_t)block,
                         PyBytes_AS_STRING(flags))) {
        Py_DECREF(flags);
        Py_RETURN_NONE;
    }
    return flags;
}

/* cuts(data, least, most): where the parts of it end. */
static PyObject *cuts(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer view;
    Py_ssize_t least, most;
    if (!PyArg_ParseTuple(args, "y*nn", &view, &least, &most)) {
        return NULL;
    }
    PyObject *ends = PyList_New(0);
    if (ends != NULL && (least <= 0 || most < least)) {
        PyErr_Format(PyExc_ValueError, "parts of %zd to %zd bytes", least, most);
        Py_CLEAR(ends);
    }
    const unsigned char *data = view.buf;
    for (Py_ssize_t at = 0; ends != NULL && at < view.len;) {
        at += (Py_ssize_t)gf_next_cut(data + at, (size_t)(view.len - at), (size_t)least,
                                      (size_t)most);
        PyObject *end = PyLong_FromSsize_t(at);
        if (end == NULL || PyList_Append(ends, end) != 0) {
            Py_CLEAR(ends);
        }
        Py_XDECREF(end);
    }
    PyBuffer_Release(&view);
    return ends;
}

/* plain(value, others): see plain.h. */
static PyObject *plain(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *value, *others;
    if (!PyArg_ParseTuple(args, "OO!", &value, &PyList_Type, &others)) {
        return NULL;
    }
    if (!PyDict_CheckExact(value) && !PyList_CheckExact(value)) {
        return PyErr_Format(PyExc_TypeError, "a dict or a list is needed");
    }
    return gf_plain(value, others);
}

static PyObject *has_large(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *value;
    Py_ssize_t least;
    if (!PyArg_ParseTuple(args, "On", &value, &least)) {
        return NULL;
    }
    return PyBool_FromLong(gf_has_large(value, least, 4));
}

/* What looker() returns: a function that asks another one about large containers only,
   as pickle calls it for every object. Its self is (function, least). */
static PyObject *look(PyObject *self, PyObject *object)
{
    Py_ssize_t size = PyDict_CheckExact(object)   ? PyDict_GET_SIZE(object)
                      : PyList_CheckExact(object) ? PyList_GET_SIZE(object)
                                                  : 0;
    if (size < 2 || size < PyLong_AsSsize_t(PyTuple_GET_ITEM(self, 1))) {
        Py_RETURN_NONE;
    }
    return PyObject_CallOneArg(PyTuple_GET_ITEM(self, 0), object);
}

static PyMethodDef look_method = {"look", look, METH_O, NULL};

static PyObject *looker(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *function;
    Py_ssize_t least;
    if (!PyArg_ParseTuple(args, "On", &function, &least)) {
        return NULL;
    }
    PyObject *made = PyCFunction_New(&look_method, args);
    return made;
}

static PyMethodDef methods[] = {
    {"plain", plain, METH_VARARGS, NULL},
    {"has_large", has_large, METH_VARARGS, NULL},
    {"looker", looker, METH_VARARGS, NULL},
    {"cuts", cuts, METH_VARARGS, NULL},
    {"address_of", address_of, METH_O, NULL},
    {"watch_works", watch_works, METH_NOARGS, NULL},
    {"watch", watch, METH_VARARGS, NULL},
    {"unwatch", unwatch, METH_VARARGS, NULL},
    {"unwritten", unwritten, METH_VARARGS, NULL},
    {"room", room, METH_VARARGS, NULL},
    {"write_soon", write_soon, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "greenflow._pages",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__pages(void)
{
    gf_prepare_cuts();
    return PyModule_Create(&definition);
}
