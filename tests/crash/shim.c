/* LD_PRELOAD: at the nth system call on the files of a store die, or fail.
 *
 * LMDB writes pages by pwrite, pwritev, or lseek and writev, syncs them by fdatasync,
 * and writes its meta page to a descriptor that is synced by itself. All are counted,
 * so that "before the nth" and "after the nth" are every moment a commit can end in.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL_BEFORE, KILL_AFTER, HALF, FAIL_EIO, FAIL_ENOSPC };

static char prefix[4096];
static int mode, disarmed = 1;
static long armed_at, count;

void
shim_arm(long at, int how, const char *under)
{
    snprintf(prefix, sizeof prefix, "%s", under);
    armed_at = at;
    mode = how;
    count = 0;
    disarmed = 0;
}

long
shim_count(void)
{
    return count;
}

static int
is_ours(int fd)
{
    char link[64], path[4096];
    if (disarmed) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) {
        return 0;
    }
    path[size] = 0;
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* Whether this is the call; if it fails outright, errno is set and the result is -1. */
static int
is_the_one(int ours)
{
    if (!ours || ++count != armed_at) {
        return 0;
    }
    if (mode == KILL_BEFORE) {
        raise(SIGKILL);
    }
    if (mode == FAIL_EIO || mode == FAIL_ENOSPC) {
        errno = mode == FAIL_EIO ? EIO : ENOSPC;
        return -1;
    }
    return mode != COUNT;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The call, around which a process dies. */
#define AROUND(type, is_ours_, half, call)                                            \
    do {                                                                              \
        int the_one = is_the_one(is_ours_);                                           \
        if (the_one < 0) {                                                            \
            return -1;                                                                \
        }                                                                             \
        if (the_one && mode == HALF) {                                                \
            (void)!(half);                                                            \
            raise(SIGKILL);                                                           \
        }                                                                             \
        type result = (call);                                                         \
        if (the_one) {                                                                \
            raise(SIGKILL);                                                           \
        }                                                                             \
        return result;                                                                \
    } while (0)

ssize_t
write(int fd, const void *data, size_t size)
{
    AROUND(ssize_t, is_ours(fd), REAL(write)(fd, data, size / 2),
           REAL(write)(fd, data, size));
}

#define PWRITE(name, offset_type)                                                     \
    ssize_t name(int fd, const void *data, size_t size, offset_type at)               \
    {                                                                                 \
        AROUND(ssize_t, is_ours(fd), REAL(name)(fd, data, size / 2, at),              \
               REAL(name)(fd, data, size, at));                                       \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* Half of several buffers is half of the first. */
ssize_t
writev(int fd, const struct iovec *parts, int number)
{
    AROUND(ssize_t, is_ours(fd),
           REAL(write)(fd, parts[0].iov_base, parts[0].iov_len / 2),
           REAL(writev)(fd, parts, number));
}

#define PWRITEV(name, offset_type)                                                    \
    ssize_t name(int fd, const struct iovec *parts, int number, offset_type at)       \
    {                                                                                 \
        AROUND(ssize_t, is_ours(fd),                                                  \
               REAL(pwrite64)(fd, parts[0].iov_base, parts[0].iov_len / 2, at),       \
               REAL(name)(fd, parts, number, at));                                    \
    }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define SYNC(name)                                                                    \
    int name(int fd) { AROUND(int, is_ours(fd), 0, REAL(name)(fd)); }
SYNC(fsync)
SYNC(fdatasync)

int
msync(void *address, size_t size, int flags)
{
    AROUND(int, !disarmed, 0, REAL(msync)(address, size, flags));
}

#define TRUNCATE(name, offset_type)                                                   \
    int name(int fd, offset_type size)                                                \
    {                                                                                 \
        AROUND(int, is_ours(fd), 0, REAL(name)(fd, size));                            \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
