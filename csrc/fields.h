/* Shared by fields.c, which reads, and fields_write.c. */
#ifndef GREENFLOW_FIELDS_H
#define GREENFLOW_FIELDS_H

#include "frames.h"

enum { GF_FIELDS_MAX = 8, GF_WORD = sizeof(void *) };

typedef struct {
    char kind;
    char never_null;
    int counted_by; /* or -1 */
    Py_ssize_t offset;
} gf_field;

typedef struct {
    PyObject *op;
    int count;
    Py_ssize_t room; /* of the array in place */
    gf_field at[GF_FIELDS_MAX];
} gf_fields;

int gf_fields_parse(const char *format, PyObject *op, gf_fields *fields);
void *gf_field_address(const gf_fields *fields, int index);
/* Every field as it is, once each proved to be what the format says. */
PyObject *gf_fields_values(const gf_fields *fields);
int gf_field_takes(const gf_field *field, PyObject *object);
/* Sets a ValueError and returns 0. */
int gf_misfit(const char *what);

#endif
