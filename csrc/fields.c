/* The fields behind the head of a C object that tells its state in no other way. A format
 * says what lies there, in order, each field aligned as C aligns it:
 *
 *   O      an object or NULL; read and written as (object,) or ()
 *   I      the same, but the object is an iterator
 *   O! I!  never NULL
 *   T      a tuple whose items are iterators or NULL; as a tuple of the above
 *   n i l ?  Py_ssize_t, int, long, bool; as an int
 *   p      an address that is compared but never followed; as an int
 *   v<f>   a PyMem block of Py_ssize_t, as many as field f tells; as a tuple
 *   a<f>   objects in place, as many as field f tells, up to the end; as a tuple
 *
 * f is one digit: the field is a number (n, i) or has the length of its tuple (O).
 */
#include "fields.h"

int gf_misfit(const char *what)
{
    PyErr_SetString(PyExc_ValueError, what);
    return 0;
}

static int size_of(char kind)
{
    return kind == '?'   ? (int)sizeof(_Bool)
           : kind == 'i' ? (int)sizeof(int)
           : kind == 'l' ? (int)sizeof(long)
                         : GF_WORD;
}

static const char *parse_one(const char *format, gf_field *field)
{
    *field = (gf_field){.kind = *format, .counted_by = -1};
    if (strchr("OITnil?pva", *format++) == NULL) {
        return gf_misfit("not a format of fields"), NULL;
    }
    if (*format == '!' && (field->kind == 'O' || field->kind == 'I')) {
        field->never_null = 1;
        format++;
    }
    if (field->kind == 'v' || field->kind == 'a') {
        field->counted_by = *format - '0';
        return *format == 0 ? (gf_misfit("a format ends too early"), NULL) : format + 1;
    }
    return format;
}

static int counts_are_told(const gf_fields *fields)
{
    for (int i = 0; i < fields->count; i++) {
        int by = fields->at[i].counted_by;
        if (by < -1 || by >= fields->count
            || (by >= 0 && strchr("Oni", fields->at[by].kind) == NULL)) {
            return gf_misfit("a format counts by a field that tells no number");
        }
    }
    return 1;
}

int gf_fields_parse(const char *format, PyObject *op, gf_fields *fields)
{
    PyTypeObject *type = Py_TYPE(op);
    Py_ssize_t end = sizeof(PyObject);
    *fields = (gf_fields){.op = op};
    if (type->tp_itemsize != 0 || type->tp_traverse == NULL) {
        PyErr_Format(PyExc_TypeError, "'%.200s' has no fields that can be told",
                     type->tp_name);
        return 0;
    }
    while (*format != 0) {
        if (fields->room != 0 || fields->count == GF_FIELDS_MAX) {
            return gf_misfit("a format tells too many fields");
        }
        gf_field *field = &fields->at[fields->count++];
        format = parse_one(format, field);
        if (format == NULL) {
            return 0;
        }
        int size = size_of(field->kind);
        field->offset = (end + size - 1) / size * size;
        end = field->offset + size;
        if (end > type->tp_basicsize) {
            return gf_misfit("a format goes beyond the object");
        }
        if (field->kind == 'a') {
            fields->room = (type->tp_basicsize - field->offset) / GF_WORD;
        }
    }
    return counts_are_told(fields);
}

void *gf_field_address(const gf_fields *fields, int index)
{
    return (char *)fields->op + fields->at[index].offset;
}

/* --- read ---------------------------------------------------------------------------- */

static int is_sought(PyObject *visited, void *sought) { return visited == sought; }

/* The collector is shown the object's references: a word that is none of them is no
 * object, whatever the format says, and must not be touched. */
static int is_held(PyObject *op, PyObject *candidate)
{
    return candidate == NULL || Py_TYPE(op)->tp_traverse(op, is_sought, candidate)
           || gf_misfit("a field is not a reference of the object");
}

int gf_field_takes(const gf_field *field, PyObject *object)
{
    if (object == NULL) {
        return !field->never_null || gf_misfit("a field is NULL");
    }
    return field->kind == 'O' || PyIter_Check(object)
           || gf_misfit("a field is not an iterator");
}

static PyObject *cell_of(PyObject *object)
{
    return object == NULL ? PyTuple_New(0) : PyTuple_Pack(1, object);
}

/* The tuple in a field, or NULL. */
static PyObject *tuple_at(const gf_fields *fields, int index)
{
    PyObject *tuple = *(PyObject **)gf_field_address(fields, index);
    if (!is_held(fields->op, tuple)) {
        return NULL;
    }
    if (tuple == NULL || !PyTuple_CheckExact(tuple)) {
        return gf_misfit("a field is not a tuple"), NULL;
    }
    return tuple;
}

static long long number_at(const gf_fields *fields, int index)
{
    void *at = gf_field_address(fields, index);
    switch (fields->at[index].kind) {
    case 'i':
        return *(int *)at;
    case 'l':
        return *(long *)at;
    case '?':
        return *(unsigned char *)at;
    case 'p':
        return (intptr_t) * (void **)at;
    default:
        return *(Py_ssize_t *)at;
    }
}

static long long count_at(const gf_fields *fields, int index)
{
    if (fields->at[index].kind != 'O') {
        return number_at(fields, index);
    }
    PyObject *tuple = tuple_at(fields, index);
    return tuple == NULL ? -1 : PyTuple_GET_SIZE(tuple);
}

static PyObject *read_item(const gf_fields *fields, char kind, void *items,
                           Py_ssize_t i)
{
    if (kind == 'v') {
        return PyLong_FromSsize_t(((Py_ssize_t *)items)[i]);
    }
    PyObject *item = ((PyObject **)items)[i];
    if (kind == 'T') {
        return cell_of(item);
    }
    if (item == NULL) {
        return gf_misfit("a field is NULL"), NULL;
    }
    if (!is_held(fields->op, item)) {
        return NULL;
    }
    return Py_NewRef(item);
}

/* A number, read as an address by a format that does not fit. */
static int is_no_address(const void *items)
{
    uintptr_t value = (uintptr_t)items;
    return value < 4096 || value % GF_WORD != 0 || value > UINTPTR_MAX / 2;
}

static PyObject *read_items(const gf_fields *fields, int index)
{
    const gf_field *field = &fields->at[index];
    void *items = gf_field_address(fields, index);
    PyObject *tuple = field->kind == 'T' ? tuple_at(fields, index) : NULL;
    long long count = -1;
    if (field->kind != 'T') {
        count = count_at(fields, field->counted_by);
        items = field->kind == 'v' ? *(void **)items : items;
    }
    else if (tuple != NULL) {
        count = PyTuple_GET_SIZE(tuple);
        items = PySequence_Fast_ITEMS(tuple);
    }
    if (count < 0 || is_no_address(items)
        || (field->kind == 'a' && count > fields->room)) {
        return PyErr_Occurred() ? NULL : (gf_misfit("a field has no length"), NULL);
    }
    PyObject *read = PyTuple_New(count);
    for (Py_ssize_t i = 0; read != NULL && i < count; i++) {
        PyObject *item = read_item(fields, field->kind, items, i);
        if (item == NULL) {
            Py_CLEAR(read);
            break;
        }
        PyTuple_SET_ITEM(read, i, item);
    }
    return read;
}

static PyObject *read_one(const gf_fields *fields, int index)
{
    const gf_field *field = &fields->at[index];
    if (strchr("Tva", field->kind) != NULL) {
        return read_items(fields, index);
    }
    if (field->kind != 'O' && field->kind != 'I') {
        return PyLong_FromLongLong(number_at(fields, index));
    }
    PyObject *object = *(PyObject **)gf_field_address(fields, index);
    if (!is_held(fields->op, object) || !gf_field_takes(field, object)) {
        return NULL;
    }
    return cell_of(object);
}

PyObject *gf_fields_values(const gf_fields *fields)
{
    PyObject *values = PyTuple_New(fields->count);
    for (int i = 0; values != NULL && i < fields->count; i++) {
        PyObject *value = read_one(fields, i);
        if (value == NULL) {
            Py_CLEAR(values);
            break;
        }
        PyTuple_SET_ITEM(values, i, value);
    }
    return values;
}

PyObject *gf_fields_read(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *op;
    const char *format;
    gf_fields fields;
    if (!PyArg_ParseTuple(args, "Os:fields_read", &op, &format)
        || !gf_fields_parse(format, op, &fields)) {
        return NULL;
    }
    return gf_fields_values(&fields);
}
