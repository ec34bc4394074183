#ifndef GF_WRITER_H
#define GF_WRITER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

/* Larger values are left to the pickler around. */
#define GF_LARGE_BYTES (64 * 1024)

struct writer {
    char *data;
    size_t used, room;
    PyObject *others;
    Py_ssize_t objects;
    /* Texts that were written, by address, and the numbers of their notes. */
    PyObject **texts;
    uint32_t *numbers;
    size_t slots, noted;
};

/* All of these return 1, or -1 with an error set. */
int gf_put(struct writer *writer, const void *data, size_t size);
int gf_put_code(struct writer *writer, unsigned char code);
/* A code, and a number in so many bytes, up to 8. */
int gf_put_sized(struct writer *writer, unsigned char code, uint64_t value, int size);
int gf_put_integer(struct writer *writer, int64_t value);
int gf_put_float(struct writer *writer, double value);

/* Or 0, and nothing was written: it is for the pickler around. */
int gf_put_text(struct writer *writer, PyObject *text);

#endif
