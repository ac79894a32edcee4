/* A library for LD_PRELOAD that makes file operations fail, kills the process at one of them, or logs them.
 *
 * Only files below the directory FAULTS_UNDER are affected. The kinds of calls are:
 *
 *   c  create a file     w  write            t  truncate     s  sync a file or a directory
 *   r  rename            u  remove a file    m  make a directory, x  remove one
 *
 * FAULTS_KINDS    the kinds that are counted, such as "cwtsr"; all if it is not set
 * FAULTS_AT       the number of the affected call, counted from 1
 * FAULTS_ACTION   "kill": the process is killed before the call; "once": that call fails; "on": that call and all later ones fail
 * FAULTS_ERRNO    the error of a call that fails
 * FAULTS_LOG      a file to which every call is appended after it has succeeded, with the data of writes
 *
 * A line of the log is KIND TAB INODE TAB OFFSET TAB LENGTH TAB PATH TAB SECOND PATH; the data of a write follows it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *under, *kinds, *action;
static long at, error_number, calls;
static int log_file = -1;


/* This library makes system calls directly, so that it does not call its own functions. */
static void raw_write(int file, const void *data, size_t length) {
    const char *from = data;
    while (length > 0) {
        long written = syscall(SYS_write, file, from, length);
        if (written <= 0) abort();
        from += written;
        length -= (size_t)written;
    }
}

__attribute__((constructor)) static void begin(void) {
    under = getenv("FAULTS_UNDER");
    kinds = getenv("FAULTS_KINDS");
    action = getenv("FAULTS_ACTION");
    at = getenv("FAULTS_AT") ? atol(getenv("FAULTS_AT")) : 0;
    error_number = getenv("FAULTS_ERRNO") ? atol(getenv("FAULTS_ERRNO")) : EIO;
    const char *name = getenv("FAULTS_LOG");
    if (name) log_file = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_under(const char *path) {
    size_t length = under ? strlen(under) : 0;
    return length > 0 && path && strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Returns the path of an open file, or an empty string if it is not below the directory. */
static const char *path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX);
    path[length > 0 ? length : 0] = 0;
    if (!is_under(path)) path[0] = 0;
    return path;
}

/* Counts a call, and returns 1 if it has to fail. The caller must hold the lock. */
static int fails(char kind) {
    if (kinds && !strchr(kinds, kind)) return 0;
    calls++;
    if (at == 0 || !action || calls < at) return 0;
    if (calls == at && strcmp(action, "kill") == 0) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) pause();
    }
    if (calls == at ? strcmp(action, "kill") != 0 : strcmp(action, "on") == 0) {
        errno = (int)error_number;
        return 1;
    }
    return 0;
}

static void note(char kind, unsigned long inode, long offset, size_t length, const char *path, const char *second,
                 const void *data) {
    if (log_file < 0) return;
    int saved = errno;
    char line[2 * PATH_MAX + 128];
    int count = snprintf(line, sizeof line, "%c\t%lu\t%ld\t%zu\t%s\t%s\n", kind, inode, offset, length, path, second);
    raw_write(log_file, line, (size_t)count);
    if (kind == 'w') raw_write(log_file, data, length);
    errno = saved;
}

static unsigned long inode_of(int file) {
    struct stat found;
    return fstat(file, &found) == 0 ? (unsigned long)found.st_ino : 0;
}

static int opened(int directory, const char *path, int flags, mode_t mode) {
    int creates = (flags & O_CREAT) && is_under(path);
    int empties = (flags & O_TRUNC) && is_under(path);
    if (!creates && !empties) return (int)syscall(SYS_openat, directory, path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int file = -1;
    if (!((is_new && fails('c')) || (!is_new && empties && fails('t')))) {
        file = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (file >= 0 && is_new) note('c', inode_of(file), 0, 0, path, "", NULL);
        if (file >= 0 && !is_new && empties) note('t', inode_of(file), 0, 0, path, "", NULL);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

#define MODE(flags, mode)                                  \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {               \
        va_list arguments;                                 \
        va_start(arguments, flags);                        \
        mode = (mode_t)va_arg(arguments, unsigned);        \
        va_end(arguments);                                 \
    }

int open(const char *path, int flags, ...) { MODE(flags, mode) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int directory, const char *path, int flags, ...) { MODE(flags, mode) return opened(directory, path, flags, mode); }
int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(directory, path, flags | O_LARGEFILE, mode);
}

/* Writes data at this offset, or at the file's current position if has_offset is 0. */
static ssize_t written(int file, const void *data, size_t length, off64_t offset, int has_offset) {
    char path[PATH_MAX + 1];
    if (file == log_file || !under || !path_of(file, path)[0]) {
        return has_offset ? syscall(SYS_pwrite64, file, data, length, offset) : syscall(SYS_write, file, data, length);
    }
    pthread_mutex_lock(&lock);
    ssize_t result = -1;
    if (!fails('w')) {
        off64_t position = offset;
        if (!has_offset) {
            struct stat found;
            int appends = fcntl(file, F_GETFL) & O_APPEND;
            position = appends && fstat(file, &found) == 0 ? found.st_size : lseek64(file, 0, SEEK_CUR);
            result = syscall(SYS_write, file, data, length);
        } else {
            result = syscall(SYS_pwrite64, file, data, length, offset);
        }
        if (result > 0) note('w', inode_of(file), (long)position, (size_t)result, path, "", data);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t write(int file, const void *data, size_t length) { return written(file, data, length, 0, 0); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return written(file, data, length, offset, 1); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) { return written(file, data, length, offset, 1); }
ssize_t writev(int file, const struct iovec *parts, int count) {
    char path[PATH_MAX + 1];
    if (file == log_file || !under || !path_of(file, path)[0]) return syscall(SYS_writev, file, parts, count);
    /* A short write is allowed, so it is sufficient to write the first part that is not empty. */
    for (int part = 0; part < count; part++) {
        if (parts[part].iov_len > 0) return written(file, parts[part].iov_base, parts[part].iov_len, 0, 0);
    }
    return 0;
}

static int synced(int file, long number) {
    char path[PATH_MAX + 1];
    if (!under || !path_of(file, path)[0]) return (int)syscall(number, file);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails('s')) {
        result = (int)syscall(number, file);
        if (result == 0) note('s', inode_of(file), 0, 0, path, "", NULL);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

static int truncated(int file, off64_t length) {
    char path[PATH_MAX + 1];
    if (!under || !path_of(file, path)[0]) return (int)syscall(SYS_ftruncate, file, length);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails('t')) {
        result = (int)syscall(SYS_ftruncate, file, length);
        if (result == 0) note('t', inode_of(file), (long)length, 0, path, "", NULL);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int file, off_t length) { return truncated(file, length); }
int ftruncate64(int file, off64_t length) { return truncated(file, length); }

static int renamed(const char *from, const char *to, unsigned flags) {
    int counts = is_under(from);
    if (!counts) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails('r')) {
        result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
        if (result == 0) note('r', 0, 0, 0, from, to, NULL);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) { return renamed(from, to, 0); }

#define REMOVES(kind, path, call)              \
    if (!is_under(path)) return (int)(call);   \
    pthread_mutex_lock(&lock);                 \
    int result = -1;                           \
    if (!fails(kind)) {                        \
        result = (int)(call);                  \
        if (result == 0) note(kind, 0, 0, 0, path, "", NULL); \
    }                                          \
    pthread_mutex_unlock(&lock);               \
    return result;

int unlink(const char *path) { REMOVES('u', path, syscall(SYS_unlinkat, AT_FDCWD, path, 0)) }
int rmdir(const char *path) { REMOVES('x', path, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR)) }
int mkdir(const char *path, mode_t mode) { REMOVES('m', path, syscall(SYS_mkdirat, AT_FDCWD, path, mode)) }
