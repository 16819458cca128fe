/* Fails writes to the files of the store, for tests: loaded into the server with LD_PRELOAD.
 *
 * CERTWARD_FAULTS names a file of one line: SEQUENCE MODE KIND NUMBER. MODE is `off`, `once` (the NUMBER-th call fails)
 * or `from` (that one and all later ones). Calls are counted from the moment the sequence number changes. Beside it,
 * `<file>.count` gets "CALLS INJECTED", of all calls and of those that failed since the start. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NO_SPACE, IO_ERROR, SHORT_WRITE, SYNC_FAILS, SYNC_LIES, NONE };
enum call { WRITE, SYNC, LENGTH };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sequence = -1, counted, calls, injected;

static int is_store(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, "certward.db") != NULL;
}

/* What this call has to suffer. */
static enum kind decide(int fd, enum call call, int *first) {
    int saved = errno;
    enum kind answer = NONE;
    const char *control = getenv("CERTWARD_FAULTS");
    if (!control || !is_store(fd)) {
        errno = saved;
        return NONE;
    }
    pthread_mutex_lock(&lock);
    char text[128] = "", mode[16] = "off", kind[16] = "";
    long number = 0, now = -1;
    int file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
    if (file >= 0) {
        if (syscall(SYS_read, file, text, sizeof text - 1) < 0) text[0] = 0;
        syscall(SYS_close, file);
    }
    sscanf(text, "%ld %15s %15s %ld", &now, mode, kind, &number);
    if (now != sequence) {
        sequence = now;
        counted = 0;
    }
    enum kind wanted = !strcmp(kind, "no-space")      ? NO_SPACE
                       : !strcmp(kind, "io-error")    ? IO_ERROR
                       : !strcmp(kind, "short-write") ? SHORT_WRITE
                       : !strcmp(kind, "sync-fails")  ? SYNC_FAILS
                       : !strcmp(kind, "sync-lies")   ? SYNC_LIES
                                                      : NONE;
    int is_sync = wanted == SYNC_FAILS || wanted == SYNC_LIES;
    int concerns = is_sync ? call == SYNC : wanted == SHORT_WRITE ? call == WRITE : 1;
    calls++;
    if (concerns) {
        counted++;
        if ((!strcmp(mode, "once") && counted == number) || (!strcmp(mode, "from") && counted >= number)) {
            answer = wanted;
            *first = counted == number;
            injected++;
        }
    }
    char count[4200], line[64];
    snprintf(count, sizeof count, "%s.count", control);
    int written = snprintf(line, sizeof line, "%012ld %012ld\n", calls, injected);
    file = syscall(SYS_openat, AT_FDCWD, count, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        syscall(SYS_pwrite64, file, line, written, 0);
        syscall(SYS_close, file);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return answer;
}

static ssize_t fail(enum kind kind, enum call call) {
    errno = kind == NO_SPACE || kind == SHORT_WRITE ? (call == SYNC ? EIO : ENOSPC) : EIO;
    return -1;
}

/* A disk that is full in the middle of a write takes the first half, and nothing after it. */
#define WRITING(name, parameters, real)                                   \
    ssize_t name parameters {                                             \
        int first = 0;                                                    \
        enum kind kind = decide(fd, WRITE, &first);                       \
        if (kind == SHORT_WRITE && first && size > 1) {                   \
            size /= 2;                                                    \
            return real;                                                  \
        }                                                                 \
        return kind == NONE ? (ssize_t)(real) : fail(kind, WRITE);        \
    }

WRITING(write, (int fd, const void *data, size_t size), syscall(SYS_write, fd, data, size))
WRITING(pwrite, (int fd, const void *data, size_t size, off_t at), syscall(SYS_pwrite64, fd, data, size, at))
WRITING(pwrite64, (int fd, const void *data, size_t size, off64_t at), syscall(SYS_pwrite64, fd, data, size, at))

#define CALLING(name, parameters, call, real)                             \
    int name parameters {                                                 \
        int first = 0;                                                    \
        enum kind kind = decide(fd, call, &first);                        \
        if (kind == SYNC_LIES) return 0;                                  \
        return kind == NONE ? (int)(real) : (int)fail(kind, call);        \
    }

CALLING(fsync, (int fd), SYNC, syscall(SYS_fsync, fd))
CALLING(fdatasync, (int fd), SYNC, syscall(SYS_fdatasync, fd))
CALLING(ftruncate, (int fd, off_t length), LENGTH, syscall(SYS_ftruncate, fd, length))
CALLING(ftruncate64, (int fd, off64_t length), LENGTH, syscall(SYS_ftruncate, fd, length))
CALLING(fallocate, (int fd, int mode, off_t at, off_t length), LENGTH, syscall(SYS_fallocate, fd, mode, at, length))
CALLING(fallocate64, (int fd, int mode, off64_t at, off64_t length), LENGTH, syscall(SYS_fallocate, fd, mode, at, length))
