/* The exception table of a code object: which units have which handler
 * (Objects/exception_handling_notes.txt).
 */
#include "frames.h"

gf_range gf_ranges(PyCodeObject *code)
{
    PyObject *table = code->co_exceptiontable;
    const unsigned char *p = (const unsigned char *)PyBytes_AS_STRING(table);
    return (gf_range){.p = p, .last = p + PyBytes_GET_SIZE(table)};
}

/* One number: six bits a byte, bit 6 set while more follow. */
static int read_varint(gf_range *range)
{
    int value = 0;
    while (range->p < range->last) {
        int byte = *range->p++;
        value = (value << 6) | (byte & 63);
        if (!(byte & 64)) {
            return value;
        }
    }
    return -1;
}

int gf_next_range(gf_range *range)
{
    if (range->p == range->last) {
        return 0;
    }
    range->start = read_varint(range);
    int length = read_varint(range);
    range->target = read_varint(range);
    int packed = read_varint(range);
    if (range->start < 0 || length < 0 || range->target < 0 || packed < 0) {
        return -1;
    }
    range->end = range->start + length;
    range->depth = packed >> 1;
    range->offset = packed & 1;
    return 1;
}

int gf_range_begins_at(PyCodeObject *code, int unit)
{
    for (gf_range range = gf_ranges(code); gf_next_range(&range) > 0;) {
        if (range.start == unit || range.end == unit) {
            return 1;
        }
    }
    return 0;
}
