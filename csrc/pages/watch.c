/* userfaultfd in its asynchronous mode: the kernel takes a page's protection away when it
   is first written and lets the write happen; the ioctl PAGEMAP_SCAN tells which pages
   have none any more, and protects them again in the same moment. Needs Linux 6.7.

   A page counts as unwritten only if the kernel says so of a page that is there: of
   memory that was given back (madvise) or mapped anew it says nothing, or refuses. */

#define _GNU_SOURCE
#include "watch.h"

#ifndef __linux__

bool gf_watch_works(void) { return false; }

bool gf_watch(uintptr_t begin, size_t size)
{
    (void)begin, (void)size;
    return false;
}

void gf_unwatch(uintptr_t begin, size_t size) { (void)begin, (void)size; }

bool gf_unwritten(uintptr_t begin, size_t size, size_t block, char *flags)
{
    (void)begin, (void)size, (void)block, (void)flags;
    return false;
}

#else

#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's interface since 6.7; the headers at hand may be older. */
#define USER_MODE_ONLY 1
#define WP_UNPOPULATED ((uint64_t)1 << 13)
#define WP_ASYNC ((uint64_t)1 << 15)
#define PAGE_WP_ALLOWED ((uint64_t)1 << 0)
#define PAGE_WRITTEN ((uint64_t)1 << 1)
#define PAGE_FILE ((uint64_t)1 << 2)
#define PAGE_PRESENT ((uint64_t)1 << 3)
#define PAGE_SWAPPED ((uint64_t)1 << 4)
#define PROTECT_MATCHING ((uint64_t)1 << 0)
#define CHECK_ASYNC ((uint64_t)1 << 1)

struct region {
    uint64_t begin, end, categories;
};

struct scan {
    uint64_t size, flags, begin, end, walked, regions, regions_max, pages_max;
    uint64_t inverted, all_of, any_of, told;
};

#define SCAN _IOWR('f', 16, struct scan)
#define REGIONS 512

static struct {
    pid_t owner;
    int fault_file, map_file;
    uintptr_t page;
} state = {.owner = 0, .fault_file = -1, .map_file = -1};

/* A walk over blocks in the order of their addresses. */
struct walk {
    uintptr_t begin, page;
    size_t size, block;
    char *flags;
};

typedef void (*Told)(struct walk *walk, uintptr_t begin, uintptr_t end);

static bool inside(uintptr_t begin, size_t size, struct uffdio_range *range)
{
    uintptr_t first = (begin + state.page - 1) & ~(state.page - 1);
    uintptr_t last = (begin + size) & ~(state.page - 1);
    range->start = first;
    range->len = last > first ? last - first : 0;
    return range->len != 0;
}

/* Whether all of a range is private memory of no file: nobody else writes it. */
static bool is_private(uintptr_t begin, uintptr_t end)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return false;
    }
    char line[512];
    uintptr_t at = begin;
    while (at < end && fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t low, high;
        char mode[5];
        unsigned long inode;
        int known = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &low,
                           &high, mode, &inode);
        while (strchr(line, '\n') == NULL && fgets(line, sizeof(line), maps) != NULL) {
        }
        if (known != 4 || high <= at) {
            continue;
        }
        if (low > at || mode[1] != 'w' || mode[3] != 'p' || inode != 0) {
            break;
        }
        at = high;
    }
    fclose(maps);
    return at >= end;
}

/* Call `told` for each run of pages that are as asked for. False if it is not known. */
static bool scan(struct scan wanted, struct walk *walk, Told told)
{
    struct region regions[REGIONS];
    uintptr_t from = 0, to = 0;
    wanted.size = sizeof(wanted);
    wanted.regions = (uint64_t)(uintptr_t)regions;
    wanted.regions_max = REGIONS;
    while (wanted.begin < wanted.end) {
        int count = ioctl(state.map_file, SCAN, &wanted);
        if (count < 0) {
            return false;
        }
        for (int number = 0; number < count; number++) {
            if (regions[number].begin != to) {
                if (to > from) {
                    told(walk, from, to);
                }
                from = regions[number].begin;
            }
            to = regions[number].end;
        }
        if (wanted.walked <= wanted.begin) {
            return false;
        }
        wanted.begin = wanted.walked;
    }
    if (to > from) {
        told(walk, from, to);
    }
    return true;
}

/* Flag the blocks all of whose pages are in a run. */
static void flag(struct walk *walk, uintptr_t begin, uintptr_t end)
{
    size_t first = begin <= walk->begin ? 0 : (begin - walk->begin) / walk->block;
    for (size_t number = first; number * walk->block < walk->size; number++) {
        uintptr_t low = walk->begin + number * walk->block;
        size_t size = walk->size - number * walk->block;
        uintptr_t high = low + (size < walk->block ? size : walk->block);
        low &= ~(walk->page - 1);
        high = (high + walk->page - 1) & ~(walk->page - 1);
        if (high > end) {
            break;
        }
        if (low >= begin) {
            walk->flags[number] = 1;
        }
    }
}

/* Take the flag from the blocks that have a part in a run. */
static void unflag(struct walk *walk, uintptr_t begin, uintptr_t end)
{
    size_t first = begin <= walk->begin ? 0 : (begin - walk->begin) / walk->block;
    for (size_t number = first; number * walk->block < walk->size; number++) {
        if (walk->begin + number * walk->block >= end) {
            break;
        }
        walk->flags[number] = 0;
    }
}

static void give_up(void)
{
    if (state.fault_file >= 0) {
        close(state.fault_file);
    }
    if (state.map_file >= 0) {
        close(state.map_file);
    }
    state.fault_file = state.map_file = -1;
}

/* One page is written by the program, one by the kernel, one is given back. */
static bool proved(void)
{
    enum { PAGES = 8 };
    size_t page = state.page, size = PAGES * page;
    char flags[PAGES] = {0};
    int file = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool right = false;
    if (file >= 0 && memory != MAP_FAILED) {
        memset(memory, 1, size);
        right = gf_watch((uintptr_t)memory, size)
                && gf_unwritten((uintptr_t)memory, size, page, flags)
                && memchr(flags, 0, PAGES) == NULL;
        memory[page] = 2;
        right = right && read(file, memory + 3 * page, 1) == 1;
        right = right && madvise(memory + 5 * page, page, MADV_DONTNEED) == 0;
        right = right && gf_unwritten((uintptr_t)memory, size, page, flags)
                && memcmp(flags, "\1\0\1\0\1\0\1\1", PAGES) == 0;
        gf_unwatch((uintptr_t)memory, size);
        right = right && !gf_unwritten((uintptr_t)memory, size, page, flags);
    }
    if (memory != MAP_FAILED) {
        munmap(memory, size);
    }
    if (file >= 0) {
        close(file);
    }
    return right;
}

bool gf_watch_works(void)
{
    if (state.owner == getpid()) {
        return state.fault_file >= 0;
    }
    /* Those of the process that this one was forked from tell of that one's memory. */
    give_up();
    state.owner = getpid();
    state.page = (uintptr_t)sysconf(_SC_PAGESIZE);
    state.fault_file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | USER_MODE_ONLY);
    state.map_file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API, .features = WP_UNPOPULATED | WP_ASYNC};
    if (state.fault_file < 0 || state.map_file < 0
        || ioctl(state.fault_file, UFFDIO_API, &api) != 0 || !proved()) {
        give_up();
    }
    return state.fault_file >= 0;
}

bool gf_watch(uintptr_t begin, size_t size)
{
    struct uffdio_register whole = {.mode = UFFDIO_REGISTER_MODE_WP};
    if (!inside(begin, size, &whole.range)
        || !is_private(whole.range.start, whole.range.start + whole.range.len)
        || ioctl(state.fault_file, UFFDIO_REGISTER, &whole) != 0) {
        return false;
    }
    struct uffdio_writeprotect protect = {.range = whole.range,
                                          .mode = UFFDIO_WRITEPROTECT_MODE_WP};
    return ioctl(state.fault_file, UFFDIO_WRITEPROTECT, &protect) == 0;
}

void gf_unwatch(uintptr_t begin, size_t size)
{
    struct uffdio_range range;
    if (inside(begin, size, &range)) {
        (void)ioctl(state.fault_file, UFFDIO_UNREGISTER, &range);
    }
}

bool gf_unwritten(uintptr_t begin, size_t size, size_t block, char *flags)
{
    size_t count = (size + block - 1) / block;
    memset(flags, 0, count);
    struct uffdio_range range;
    if (!inside(begin, size, &range)) {
        return false;
    }
    struct walk walk = {begin, state.page, size, block, flags};
    struct scan written = {.flags = PROTECT_MATCHING | CHECK_ASYNC,
                           .begin = range.start,
                           .end = range.start + range.len,
                           .all_of = PAGE_WRITTEN,
                           .told = PAGE_WRITTEN};
    struct scan unwritten = {.flags = CHECK_ASYNC,
                             .begin = range.start,
                             .end = range.start + range.len,
                             .inverted = PAGE_WRITTEN | PAGE_FILE,
                             .all_of = PAGE_WP_ALLOWED | PAGE_WRITTEN | PAGE_FILE,
                             .any_of = PAGE_PRESENT | PAGE_SWAPPED,
                             .told = PAGE_WP_ALLOWED};
    /* In this order: what is written between the two is told by the second. */
    if (!scan(unwritten, &walk, flag) || !scan(written, &walk, unflag)) {
        memset(flags, 0, count);
        return false;
    }
    return true;
}

#endif
