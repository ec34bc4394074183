/* Where a stream of bytes is cut: where a hash of the last 64 of them says so. So what is
   inserted or deleted moves the cuts around it, and no others. */

#include "cut.h"

/* One place of so many is a cut. */
#define CUT_MASK (((uint64_t)1 << 14) - 1)
#define WINDOW 64

static uint64_t table[256];

void gf_prepare_cuts(void)
{
    uint64_t state = 0;
    for (int byte = 0; byte < 256; byte++) {
        state += 0x9E3779B97F4A7C15u;
        uint64_t mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
        table[byte] = mixed ^ (mixed >> 31);
    }
}

size_t gf_next_cut(const unsigned char *data, size_t size, size_t least, size_t most)
{
    if (size <= least) {
        return size;
    }
    size_t end = size < most ? size : most;
    uint64_t hash = 0;
    for (size_t at = least > WINDOW ? least - WINDOW : 0; at < end; at++) {
        hash = (hash << 1) + table[data[at]];
        /* The high bits: those are of all 64 bytes. */
        if (at >= least && ((hash >> 48) & CUT_MASK) == 0) {
            return at + 1;
        }
    }
    return end;
}
