#ifndef GF_WRITER_H
#define GF_WRITER_H

#include "python.h"

#include <stdint.h>

/* Larger values are left to the pickler around. */
#define GF_LARGE_BYTES (64 * 1024)

struct writer {
    char *data;
    size_t used, room;
    PyObject *others;
    Py_ssize_t objects;
    /* Texts that may come again, by address, of which noted are there. */
    struct note *notes;
    size_t slots, noted;
    /* Texts that somebody else has, too: a list, or NULL. */
    PyObject *outside;
};

struct note {
    PyObject *text; /* borrowed; NULL if the slot is free */
    uint32_t number;
    Py_ssize_t seen;
};

/* So many texts may be elsewhere, too. */
#define GF_OUTSIDE_MAX 48

/* All of these return 1, or -1 with an error set. */
int gf_put(struct writer *writer, const void *data, size_t size);
int gf_put_code(struct writer *writer, unsigned char code);
/* A code, and a number in so many bytes, up to 8. */
int gf_put_sized(struct writer *writer, unsigned char code, uint64_t value, int size);
int gf_put_integer(struct writer *writer, int64_t value);
int gf_put_float(struct writer *writer, double value);

/* Or 0, and nothing was written: it is for the pickler around. */
int gf_put_text(struct writer *writer, PyObject *text);

/* How many texts that were written have references from elsewhere; they are added to a
   list. Interned ones are not: where they are wanted there is one of them. -1: an error
   is set; -2: they are too many. */
int gf_find_outside(const struct writer *writer, PyObject *outside);

#endif
