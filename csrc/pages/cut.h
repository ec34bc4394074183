#ifndef GF_CUT_H
#define GF_CUT_H

#include <stddef.h>
#include <stdint.h>

void gf_prepare_cuts(void);

/* How long the first part of some bytes is: `least` to `most`, or all that is left. */
size_t gf_next_cut(const unsigned char *data, size_t size, size_t least, size_t most);

#endif
