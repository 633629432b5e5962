/* base/file: see file.h. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A failure that is the system's, not that of what a file says. */
static void blame_system(gable_err *err)
{
    if (err)
        err->by_system = true;
}

static gable_status read_all(gable_arena *arena, int fd, const char *path, size_t cap_bytes,
                             char **text, size_t *length_bytes, gable_err *err)
{
    /* Read in growing blocks at the arena's end: pipes do not say how long they are. */
    size_t mark = gable_arena_mark(arena);
    size_t room = arena->capacity_bytes - arena->used_bytes;
    size_t limit = cap_bytes < room ? cap_bytes : (room > 64 ? room - 64 : 0);
    char *start = (char *)arena->base + mark;
    size_t length = 0;
    for (;;) {
        size_t want = limit + 1 - length;
        ssize_t got = read(fd, start + length, want < 65536 ? want : 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            gable_fail(err, GABLE_INPUT, "%s: cannot read: %s", path, strerror(errno));
            blame_system(err);
            memset(start, 0, length);
            return GABLE_INPUT;
        }
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > limit) {
            memset(start, 0, length);
            return gable_fail(err, GABLE_INPUT, "%s: larger than %zu bytes, the most that is read",
                              path, limit);
        }
    }
    if (!gable_arena_alloc(arena, length + 1, 1)) {
        memset(start, 0, length); /* what is not taken is zero */
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    }
    start[length] = '\0';
    *text = start;
    *length_bytes = length;
    return GABLE_OK;
}

static int open_for_reading(const char *path, gable_err *err)
{
    /* O_NONBLOCK: opening a FIFO that nobody writes must not hang; it is cleared for the reads. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int reason = errno;
        gable_fail(err, GABLE_INPUT, "%s: cannot open: %s", path, strerror(reason));
        if (reason != ENOENT && reason != ENOTDIR && reason != ENAMETOOLONG)
            blame_system(err);
        return -1;
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        gable_fail(err, GABLE_INPUT, "%s: cannot read: %s", path, strerror(errno));
        blame_system(err);
        close(fd);
        return -1;
    }
    if (!(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode))) {
        bool folder = S_ISDIR(status.st_mode);
        gable_fail(err, GABLE_INPUT, "%s: is %s, expected a file", path,
                   folder ? "a folder" : "a device");
        close(fd);
        return -1;
    }
    return fd;
}

static gable_status read_overlay(gable_arena *arena, char **text, size_t *length_bytes,
                                 gable_err *err)
{
    const gable_file_overlay *overlay = arena->overlay;
    *text = gable_arena_copy(arena, overlay->text, overlay->length_bytes);
    *length_bytes = overlay->length_bytes;
    return *text ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

gable_status gable_file_read_own(gable_arena *arena, const char *path, size_t cap_bytes,
                                 char **text, size_t *length_bytes, gable_err *err)
{
    if (arena->overlay && strcmp(arena->overlay->path, path) == 0)
        return read_overlay(arena, text, length_bytes, err);
    if (strcmp(path, "-") == 0)
        return read_all(arena, STDIN_FILENO, "(standard input)", cap_bytes, text, length_bytes,
                        err);
    int fd = open_for_reading(path, err);
    if (fd < 0)
        return GABLE_INPUT;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    gable_status status = read_all(arena, fd, path, cap_bytes, text, length_bytes, err);
    close(fd);
    return status;
}

static bool write_fully(int fd, const char *text, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t put = write(fd, text, length_bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        length_bytes -= (size_t)put;
    }
    return true;
}

static gable_status write_beside(const char *path, char *temporary, const char *text,
                                 size_t length_bytes, gable_err *err)
{
    int fd = mkstemp(temporary);
    if (fd < 0)
        return gable_fail(err, GABLE_OUTPUT, "%s: cannot write beside it: %s", path,
                          strerror(errno));
    mode_t mask = umask(0);
    umask(mask);
    bool good =
        fchmod(fd, 0666 & ~mask) == 0 && write_fully(fd, text, length_bytes) && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && good) {
        reason = errno;
        good = false;
    }
    if (good && rename(temporary, path) != 0) {
        reason = errno;
        good = false;
    }
    if (!good) {
        unlink(temporary);
        return gable_fail(err, GABLE_OUTPUT, "%s: cannot write: %s", path, strerror(reason));
    }
    return GABLE_OK;
}

/* Signals that end the program wait until the temporary file is gone. */
static gable_status write_and_rename(const char *path, char *temporary, const char *text,
                                     size_t length_bytes, gable_err *err)
{
    sigset_t ending, before;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    gable_status status = write_beside(path, temporary, text, length_bytes, err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* /dev/null, /dev/stdout, a FIFO: renaming a file over one of them would destroy it. */
static bool is_device(const char *path)
{
    struct stat status;
    bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    return special || strncmp(path, "/dev/", 5) == 0;
}

static gable_status write_in_place(const char *path, const char *text, size_t length_bytes,
                                   gable_err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool good = fd >= 0 && write_fully(fd, text, length_bytes);
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        reason = errno;
        good = false;
    }
    if (!good)
        return gable_fail(err, GABLE_OUTPUT, "%s: cannot write: %s", path, strerror(reason));
    return GABLE_OK;
}

gable_status gable_file_write(const char *path, const char *text, size_t length_bytes,
                              gable_err *err)
{
    if (strcmp(path, "-") == 0) {
        if (!write_fully(STDOUT_FILENO, text, length_bytes))
            return gable_fail(err, GABLE_OUTPUT, "cannot write to standard output: %s",
                              strerror(errno));
        return GABLE_OK;
    }
    if (is_device(path))
        return write_in_place(path, text, length_bytes, err);
    if (gable_file_is_folder(path))
        return gable_fail(err, GABLE_OUTPUT, "%s: is a folder, expected a file name", path);
    static const char ending[] = ".XXXXXX";
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof ending);
    if (!temporary)
        return gable_fail(err, GABLE_INTERNAL, "out of memory");
    memcpy(temporary, path, length);
    memcpy(temporary + length, ending, sizeof ending);
    gable_status status = write_and_rename(path, temporary, text, length_bytes, err);
    free(temporary);
    return status;
}

bool gable_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool gable_file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool wanted_file(DIR *folder, const char *name, const char *ending)
{
    size_t n = strlen(name), n_ending = strlen(ending);
    if (name[0] == '.' || n < n_ending || strcmp(name + n - n_ending, ending) != 0)
        return false;
    struct stat status;
    return fstatat(dirfd(folder), name, &status, 0) == 0 && S_ISREG(status.st_mode);
}

enum { LIST_CAP = 4096 };

gable_status gable_file_list(gable_arena *arena, const char *folder, const char *ending,
                             const char *const **names, size_t *count, gable_err *err)
{
    const char **list;
    *count = 0;
    GABLE_TRY(gable_arena_take(arena, LIST_CAP, sizeof *list, &list, err));
    *names = (const char *const *)list;
    DIR *open_folder = opendir(folder);
    if (!open_folder && (errno == ENOENT || errno == ENOTDIR))
        return GABLE_OK;
    if (!open_folder) {
        gable_fail(err, GABLE_INPUT, "%s: cannot open: %s", folder, strerror(errno));
        blame_system(err);
        return GABLE_INPUT;
    }
    const struct dirent *entry;
    gable_status status = GABLE_OK;
    while (status == GABLE_OK && (errno = 0, entry = readdir(open_folder))) {
        if (!wanted_file(open_folder, entry->d_name, ending))
            continue;
        if (*count == LIST_CAP)
            status = gable_fail(err, GABLE_INPUT, "%s: more than %d files", folder, LIST_CAP);
        else if (!(list[*count] = gable_arena_copy(arena, entry->d_name, strlen(entry->d_name))))
            status = gable_fail(err, GABLE_INTERNAL, "arena full");
        else
            (*count)++;
    }
    if (status == GABLE_OK && errno != 0) {
        status = gable_fail(err, GABLE_INPUT, "%s: cannot read: %s", folder, strerror(errno));
        blame_system(err);
    }
    closedir(open_folder);
    qsort(list, *count, sizeof *list, by_bytes);
    return status;
}
