/* The opposite of fields.c: every new value is made and checked before the first one is
 * stored, and what was there is released after the last one.
 */
#include "fields.h"

#include <limits.h>

typedef union {
    PyObject *object;
    PyObject **array; /* `room` of them */
    Py_ssize_t *vector;
    long long number;
} field_value;

/* --- values that are told ------------------------------------------------------------ */

static int take_number(char kind, PyObject *told, long long *number)
{
    if (!PyLong_CheckExact(told) && !PyBool_Check(told)) {
        PyErr_SetString(PyExc_TypeError, "a field takes an int");
        return 0;
    }
    long long most = kind == 'i'   ? INT_MAX
                     : kind == 'l' ? LONG_MAX
                     : kind == '?' ? 1
                                   : PY_SSIZE_T_MAX;
    long long least = kind == '?' ? 0 : -most - 1;
    int overflow;
    *number = PyLong_AsLongLongAndOverflow(told, &overflow);
    if (overflow || *number < least || *number > most) {
        return gf_misfit("a number does not fit into its field");
    }
    return 1;
}

static int is_tuple(PyObject *told, Py_ssize_t most)
{
    if (!PyTuple_CheckExact(told)) {
        PyErr_SetString(PyExc_TypeError, "a field takes a tuple");
        return 0;
    }
    return PyTuple_GET_SIZE(told) <= most || gf_misfit("a field takes no such length");
}

static int take_object(const gf_field *field, PyObject *told, PyObject **object)
{
    if (!is_tuple(told, 1)) {
        return 0;
    }
    PyObject *given = PyTuple_GET_SIZE(told) == 1 ? PyTuple_GET_ITEM(told, 0) : NULL;
    if (!gf_field_takes(field, given)) {
        return 0;
    }
    *object = Py_XNewRef(given);
    return 1;
}

static int take_tuple(const gf_field *field, PyObject *told, PyObject **tuple)
{
    *tuple =
        is_tuple(told, PY_SSIZE_T_MAX) ? PyTuple_New(PyTuple_GET_SIZE(told)) : NULL;
    for (Py_ssize_t i = 0; *tuple != NULL && i < PyTuple_GET_SIZE(told); i++) {
        PyObject *item;
        if (!take_object(field, PyTuple_GET_ITEM(told, i), &item)) {
            Py_CLEAR(*tuple);
            break;
        }
        PyTuple_SET_ITEM(*tuple, i, item);
    }
    return *tuple != NULL;
}

static int take_vector(PyObject *told, Py_ssize_t **vector)
{
    Py_ssize_t size = PyTuple_GET_SIZE(told);
    *vector = PyMem_New(Py_ssize_t, size);
    if (*vector == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; *vector != NULL && i < size; i++) {
        long long number;
        if (!take_number('n', PyTuple_GET_ITEM(told, i), &number)) {
            PyMem_Free(*vector);
            *vector = NULL;
            break;
        }
        (*vector)[i] = (Py_ssize_t)number;
    }
    return *vector != NULL;
}

static int take_array(PyObject *told, Py_ssize_t room, PyObject ***array)
{
    *array = PyMem_Calloc(room, sizeof(PyObject *));
    if (*array == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(told); i++) {
        (*array)[i] = Py_NewRef(PyTuple_GET_ITEM(told, i));
    }
    return 1;
}

/* What is told for a vector or an array has the length that another field is told. */
static int is_counted(const gf_fields *fields, const gf_field *field, PyObject *values,
                      PyObject *told)
{
    PyObject *by = PyTuple_GET_ITEM(values, field->counted_by);
    long long count = -1;
    if (fields->at[field->counted_by].kind != 'O') {
        if (!take_number('n', by, &count)) {
            return 0;
        }
    }
    else if (PyTuple_CheckExact(by) && PyTuple_GET_SIZE(by) == 1
             && PyTuple_CheckExact(PyTuple_GET_ITEM(by, 0))) {
        count = PyTuple_GET_SIZE(PyTuple_GET_ITEM(by, 0));
    }
    return is_tuple(told, field->kind == 'a' ? fields->room : PY_SSIZE_T_MAX)
           && (PyTuple_GET_SIZE(told) == count
               || gf_misfit("a field does not have the length that another one tells"));
}

static int take(const gf_fields *fields, int index, PyObject *values,
                field_value *value)
{
    const gf_field *field = &fields->at[index];
    PyObject *told = PyTuple_GET_ITEM(values, index);
    if (field->counted_by >= 0 && !is_counted(fields, field, values, told)) {
        return 0;
    }
    switch (field->kind) {
    case 'O':
    case 'I':
        return take_object(field, told, &value->object);
    case 'T':
        return take_tuple(field, told, &value->object);
    case 'v':
        return take_vector(told, &value->vector);
    case 'a':
        return take_array(told, fields->room, &value->array);
    default:
        return take_number(field->kind, told, &value->number);
    }
}

/* --- store --------------------------------------------------------------------------- */

static void swap_array(PyObject **at, Py_ssize_t held, PyObject **array,
                       Py_ssize_t room)
{
    for (Py_ssize_t i = 0; i < room; i++) {
        PyObject *old = i < held ? at[i] : NULL; /* beyond, nobody ever wrote */
        at[i] = array[i];
        array[i] = old;
    }
}

static void swap(const gf_fields *fields, int index, Py_ssize_t held,
                 field_value *value)
{
    void *at = gf_field_address(fields, index);
    field_value old = *value;
    switch (fields->at[index].kind) {
    case 'n':
        *(Py_ssize_t *)at = (Py_ssize_t)value->number;
        break;
    case 'i':
        *(int *)at = (int)value->number;
        break;
    case 'l':
        *(long *)at = (long)value->number;
        break;
    case '?':
        *(_Bool *)at = value->number != 0;
        break;
    case 'p':
        *(void **)at = (void *)(intptr_t)value->number;
        break;
    case 'v':
        old.vector = *(Py_ssize_t **)at;
        *(Py_ssize_t **)at = value->vector;
        break;
    case 'a':
        swap_array(at, held, value->array, fields->room);
        break;
    default:
        old.object = *(PyObject **)at;
        *(PyObject **)at = value->object;
    }
    *value = old;
}

static void release(const gf_fields *fields, int index, field_value *value)
{
    switch (fields->at[index].kind) {
    case 'O':
    case 'I':
    case 'T':
        Py_XDECREF(value->object);
        break;
    case 'v':
        PyMem_Free(value->vector);
        break;
    case 'a':
        for (Py_ssize_t i = 0; i < fields->room; i++) {
            Py_XDECREF(value->array[i]);
        }
        PyMem_Free(value->array);
    }
}

static int write_all(const gf_fields *fields, PyObject *values)
{
    field_value taken[GF_FIELDS_MAX];
    int count = 0;
    /* also the proof that the format fits; keeps all of it while it is replaced */
    PyObject *before = gf_fields_values(fields);
    if (before == NULL) {
        return 0;
    }
    while (count < fields->count && take(fields, count, values, &taken[count])) {
        count++;
    }
    for (int i = 0; count == fields->count && i < count; i++) {
        PyObject *old = PyTuple_GET_ITEM(before, i);
        swap(fields, i, PyTuple_Check(old) ? PyTuple_GET_SIZE(old) : 0, &taken[i]);
    }
    for (int i = 0; i < count; i++) {
        release(fields, i, &taken[i]);
    }
    Py_DECREF(before);
    return count == fields->count;
}

PyObject *gf_fields_write(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *op, *values;
    const char *format;
    gf_fields fields;
    if (!PyArg_ParseTuple(args, "OsO!:fields_write", &op, &format, &PyTuple_Type,
                          &values)
        || !gf_fields_parse(format, op, &fields)) {
        return NULL;
    }
    if (PyTuple_GET_SIZE(values) != fields.count) {
        return gf_misfit("there are not as many values as fields"), NULL;
    }
    return write_all(&fields, values) ? Py_NewRef(Py_None) : NULL;
}
