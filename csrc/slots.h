/* What the values on the stack must be, as the code itself says (slots.c). */
#ifndef GREENFLOW_SLOTS_H
#define GREENFLOW_SLOTS_H

#include "frames.h"

enum {
    GF_SLOT_NOTHING = 1, /* may be */
    GF_SLOT_ITERATOR = 2,
    GF_SLOT_LIST = 4,
    GF_SLOT_SET = 8,
    GF_SLOT_DICT = 16,
    GF_SLOT_RAISED = 32,  /* an exception */
    GF_SLOT_HANDLED = 64, /* the same, or None */
    GF_SLOT_PLACE = 128   /* where it was raised */
};

const unsigned char *gf_slots_at(gf_code_info *info, PyCodeObject *code, int unit);
PyObject *gf_slot_kinds(PyObject *module, PyObject *code);
/* touched.c */
int gf_lowest_touched(int op, int before, int after);
int gf_nothing_after(int op, int oparg, int after);

#endif
