/* LD_PRELOAD: write down what is done to the files under a folder, in its order.
 *
 * Each entry is what a disk may have of it after a power cut: a write (all of it when it
 * was to a descriptor that is synced by itself), a sync of a file or a folder, a name
 * that came or went. powercut.py makes crash states of these.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC, CREATE, MKDIR, UNLINK, TRUNCATE, RENAME, UNKNOWN };
enum { PATH_MAX_BYTES = 4096, NAME_BYTES = 64 };

struct entry {
    uint32_t op, synced;
    uint64_t at, size;
    uint32_t path_bytes;
} __attribute__((packed));

static char prefix[PATH_MAX_BYTES];
static size_t prefix_bytes;
static int log_file = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void
recorder_begin(const char *under, const char *log)
{
    snprintf(prefix, sizeof prefix, "%s", under);
    prefix_bytes = strlen(prefix);
    log_file = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int
is_ours(const char *path)
{
    return log_file >= 0 && strncmp(path, prefix, prefix_bytes) == 0
           && (path[prefix_bytes] == '/' || path[prefix_bytes] == 0);
}

static int
path_of(int fd, char *path)
{
    char link[NAME_BYTES];
    if (log_file < 0) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX_BYTES - 1);
    path[size > 0 ? size : 0] = 0;
    return is_ours(path);
}

static void
note(uint32_t op, const char *path, uint64_t at, const void *data, uint64_t size,
     uint32_t synced)
{
    path += prefix_bytes + (path[prefix_bytes] == '/');
    struct entry entry = {op, synced, at, size, (uint32_t)strlen(path)};
    struct iovec parts[] = {{&entry, sizeof entry},
                            {(void *)path, entry.path_bytes},
                            {(void *)data, data == NULL ? 0 : size}};
    (void)!REAL(writev)(log_file, parts, 3);
}

static uint32_t
is_synced(int fd)
{
    return (fcntl(fd, F_GETFL) & (O_DSYNC | O_SYNC)) != 0;
}

/* A call on a descriptor: what `noted` says is in the log in the order of the disk. */
#define ON_FILE(type, fd, call, noted)                                                \
    do {                                                                              \
        char path[PATH_MAX_BYTES];                                                    \
        if (!path_of(fd, path)) {                                                     \
            return call;                                                              \
        }                                                                             \
        pthread_mutex_lock(&order);                                                   \
        type result = call;                                                           \
        if (result >= 0) {                                                            \
            noted;                                                                    \
        }                                                                             \
        pthread_mutex_unlock(&order);                                                 \
        return result;                                                                \
    } while (0)

static void
note_parts(int fd, const char *path, const struct iovec *parts, int number, off_t at)
{
    for (int i = 0; i < number; i++) {
        note(WRITE, path, (uint64_t)at, parts[i].iov_base, parts[i].iov_len,
             is_synced(fd));
        at += (off_t)parts[i].iov_len;
    }
}

/* Where a plain write began: it has moved the place, also of O_APPEND. */
static off_t
began(int fd, ssize_t size)
{
    return lseek(fd, 0, SEEK_CUR) - size;
}

ssize_t
write(int fd, const void *data, size_t size)
{
    ON_FILE(ssize_t, fd, REAL(write)(fd, data, size),
            note(WRITE, path, (uint64_t)began(fd, result), data, (uint64_t)result,
                 is_synced(fd)));
}

ssize_t
writev(int fd, const struct iovec *parts, int number)
{
    ON_FILE(ssize_t, fd, REAL(writev)(fd, parts, number),
            note_parts(fd, path, parts, number, began(fd, result)));
}

#define PWRITE(name, offset_type)                                                     \
    ssize_t name(int fd, const void *data, size_t size, offset_type at)               \
    {                                                                                 \
        ON_FILE(ssize_t, fd, REAL(name)(fd, data, size, at),                          \
                note(WRITE, path, (uint64_t)at, data, (uint64_t)result,               \
                     is_synced(fd)));                                                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
#define PWRITEV(name, offset_type)                                                    \
    ssize_t name(int fd, const struct iovec *parts, int number, offset_type at)       \
    {                                                                                 \
        ON_FILE(ssize_t, fd, REAL(name)(fd, parts, number, at),                       \
                note_parts(fd, path, parts, number, at));                             \
    }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

/* What os.pwritev() calls. */
#define PWRITEV2(name, offset_type)                                                   \
    ssize_t name(int fd, const struct iovec *parts, int number, offset_type at, int how) \
    {                                                                                 \
        ON_FILE(ssize_t, fd, REAL(name)(fd, parts, number, at, how),                  \
                note_parts(fd, path, parts, number, at));                             \
    }
PWRITEV2(pwritev2, off_t)
PWRITEV2(pwritev64v2, off64_t)

#define SYNCING(name)                                                                 \
    int name(int fd)                                                                  \
    {                                                                                 \
        ON_FILE(int, fd, REAL(name)(fd), note(SYNC, path, 0, NULL, 0, 0));            \
    }
SYNCING(fsync)
SYNCING(fdatasync)

#define TRUNCATING(name, offset_type)                                                 \
    int name(int fd, offset_type size)                                                \
    {                                                                                 \
        ON_FILE(int, fd, REAL(name)(fd, size),                                        \
                note(TRUNCATE, path, (uint64_t)size, NULL, 0, 0));                    \
    }
TRUNCATING(ftruncate, off_t)
TRUNCATING(ftruncate64, off64_t)

/* --- names -------------------------------------------------------------------------- */

/* The whole path of a name, whose folder may be a descriptor. */
static int
named(int folder, const char *name, char *path)
{
    if (log_file < 0) {
        return 0;
    }
    path[0] = 0;
    if (name[0] != '/' && folder != AT_FDCWD) {
        char above[PATH_MAX_BYTES];
        path_of(folder, above);
        snprintf(path, PATH_MAX_BYTES, "%.2000s/%.2000s", above, name);
    }
    else {
        snprintf(path, PATH_MAX_BYTES, "%.4000s", name);
    }
    return is_ours(path);
}

#define OPENS(call, folder, name)                                                     \
    do {                                                                              \
        mode_t mode = 0;                                                              \
        if (flags & O_CREAT) {                                                        \
            va_list more;                                                             \
            va_start(more, flags);                                                    \
            mode = va_arg(more, mode_t);                                              \
            va_end(more);                                                             \
        }                                                                             \
        char path[PATH_MAX_BYTES];                                                    \
        if (!(flags & O_CREAT) || !named(folder, name, path)) {                       \
            return call;                                                              \
        }                                                                             \
        pthread_mutex_lock(&order);                                                   \
        int was_there = faccessat(folder, name, F_OK, 0) == 0;                        \
        int fd = call;                                                                \
        if (fd >= 0 && !was_there) {                                                  \
            note(CREATE, path, 0, NULL, 0, 0);                                        \
        }                                                                             \
        else if (fd >= 0 && (flags & O_TRUNC)) {                                      \
            note(TRUNCATE, path, 0, NULL, 0, 0);                                      \
        }                                                                             \
        pthread_mutex_unlock(&order);                                                 \
        return fd;                                                                    \
    } while (0)

#define OPEN(call)                                                                    \
    int call(const char *name, int flags, ...)                                        \
    {                                                                                 \
        OPENS(REAL(call)(name, flags, mode), AT_FDCWD, name);                         \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(call)                                                                  \
    int call(int folder, const char *name, int flags, ...)                            \
    {                                                                                 \
        OPENS(REAL(call)(folder, name, flags, mode), folder, name);                   \
    }
OPENAT(openat)
OPENAT(openat64)

#define ON_NAME(folder, name, call, op)                                               \
    do {                                                                              \
        char path[PATH_MAX_BYTES];                                                    \
        if (!named(folder, name, path)) {                                             \
            return call;                                                              \
        }                                                                             \
        pthread_mutex_lock(&order);                                                   \
        int result = call;                                                            \
        if (result == 0) {                                                            \
            note(op, path, 0, NULL, 0, 0);                                            \
        }                                                                             \
        pthread_mutex_unlock(&order);                                                 \
        return result;                                                                \
    } while (0)

int
mkdir(const char *name, mode_t mode)
{
    ON_NAME(AT_FDCWD, name, REAL(mkdir)(name, mode), MKDIR);
}

int
mkdirat(int folder, const char *name, mode_t mode)
{
    ON_NAME(folder, name, REAL(mkdirat)(folder, name, mode), MKDIR);
}

int
unlink(const char *name)
{
    ON_NAME(AT_FDCWD, name, REAL(unlink)(name), UNLINK);
}

int
unlinkat(int folder, const char *name, int flags)
{
    ON_NAME(folder, name, REAL(unlinkat)(folder, name, flags), UNLINK);
}

int
rename(const char *from, const char *to)
{
    char path[PATH_MAX_BYTES], before[PATH_MAX_BYTES];
    if (!named(AT_FDCWD, to, path) || !named(AT_FDCWD, from, before)) {
        return REAL(rename)(from, to);
    }
    pthread_mutex_lock(&order);
    int result = REAL(rename)(from, to);
    if (result == 0) {
        const char *name = before + prefix_bytes + 1;
        note(RENAME, path, 0, name, strlen(name), 0);
    }
    pthread_mutex_unlock(&order);
    return result;
}

/* Nobody writes a store's files so; who begins to must teach this. */
int
msync(void *address, size_t size, int flags)
{
    note(UNKNOWN, prefix, 0, NULL, 0, 0);
    return REAL(msync)(address, size, flags);
}
