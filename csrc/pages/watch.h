#ifndef GF_WATCH_H
#define GF_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which pages of this process's memory have been written since they were looked at last.
   All of it answers for whole pages inside of a piece of memory: the first and the last
   page, where something else lies too, count as written always. */

/* Whether the kernel tells of written pages here; tried out when first asked. */
bool gf_watch_works(void);

/* Begin to watch a piece of memory: none of it counts as written from here on. False if
   it cannot be watched. */
bool gf_watch(uintptr_t begin, size_t size);

/* Stop watching it. */
void gf_unwatch(uintptr_t begin, size_t size);

/* Set a flag for each block of a watched piece that is as it was when this was called
   last, or gf_watch(), and begin anew. False if that is not known; the flags are zero. */
bool gf_unwritten(uintptr_t begin, size_t size, size_t block, char *flags);

#endif
