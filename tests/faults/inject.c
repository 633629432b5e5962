#define _GNU_SOURCE 1
#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

const char *const inject_names[] = {
#define NAME(symbol, name, how, carries_on) name,
    INJECT_LIST(NAME)
#undef NAME
};
const bool inject_carries_on[] = {
#define CARRIES_ON(symbol, name, how, carries_on) carries_on,
    INJECT_LIST(CARRIES_ON)
#undef CARRIES_ON
};
static const int hows[] = {
#define HOW(symbol, name, how, carries_on) how,
    INJECT_LIST(HOW)
#undef HOW
};

enum { PLACES_CAP = 1 << 12, SEEN_CAP = 1 << 17, DEPTH_CAP = 48 };

static int mode = -1; /* the kind that fails; -1: none */
static bool recording, from_there_on, fired, inside;
static int depth;
static long fails_at, live;
static long calls[INJECT_N_KINDS], n_places[INJECT_N_KINDS], places[INJECT_N_KINDS][PLACES_CAP];
static uint64_t seen[SEEN_CAP]; /* open addressing, 0 is free */
static long n_seen;

/* ---- who calls ---- */

static bool is_new(uint64_t key)
{
    size_t at = key % SEEN_CAP;
    while (seen[at] && seen[at] != key)
        at = (at + 1) % SEEN_CAP;
    if (seen[at] || n_seen == SEEN_CAP / 2)
        return false;
    seen[at] = key;
    n_seen++;
    return true;
}

static void note_place(inject_kind kind)
{
    void *frames[DEPTH_CAP];
    inside = true;
    int n = backtrace(frames, depth + 3 < DEPTH_CAP ? depth + 3 : DEPTH_CAP);
    inside = false;
    uint64_t key = 14695981039346656037u + (uint64_t)kind;
    for (int i = 3; i < n; i++) /* beyond note_place, fails and the function in question */
        key = (key ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
    if (is_new(key | 1) && n_places[kind] < PLACES_CAP)
        places[kind][n_places[kind]++] = calls[kind];
}

/* libgomp ends the process where it gets no memory, and GSL's fits read what they did not get;
 * nothing can be done about that here: their own allocations are left alone. */
static const char *const spared[] = {"libgomp.", "libgsl."};
enum { N_SPARED = sizeof spared / sizeof spared[0] };
static uintptr_t spared_from[N_SPARED], spared_to[N_SPARED];

static int find_spared(struct dl_phdr_info *info, size_t bytes, void *unused)
{
    (void)bytes, (void)unused;
    for (int s = 0; s < N_SPARED; s++)
        for (int i = 0; strstr(info->dlpi_name, spared[s]) && i < info->dlpi_phnum; i++) {
            uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            uintptr_t to = from + info->dlpi_phdr[i].p_memsz;
            if (info->dlpi_phdr[i].p_type != PT_LOAD)
                continue;
            spared_from[s] = spared_from[s] && spared_from[s] < from ? spared_from[s] : from;
            spared_to[s] = to > spared_to[s] ? to : spared_to[s];
        }
    return 0;
}

static bool is_spared(const void *caller)
{
    for (int s = 0; s < N_SPARED; s++)
        if ((uintptr_t)caller >= spared_from[s] && (uintptr_t)caller < spared_to[s])
            return true;
    return false;
}

static uintptr_t *where;

void inject_tell(uintptr_t where_[INJECT_WHERE_CAP])
{
    where = where_;
}

extern const char __executable_start;

static void tell_where(void)
{
    void *frames[INJECT_WHERE_CAP + 3];
    inside = true;
    int n = backtrace(frames, INJECT_WHERE_CAP + 3);
    inside = false;
    for (int i = 0; i < INJECT_WHERE_CAP; i++)
        where[i] = i + 3 < n ? (uintptr_t)frames[i + 3] - (uintptr_t)&__executable_start : 0;
}

static __attribute__((noinline)) bool fails(inject_kind kind)
{
    if (inside || (!recording && (int)kind != mode))
        return false;
    if (recording)
        note_place(kind);
    long call = calls[kind]++;
    if (recording || (from_there_on ? call < fails_at : call != fails_at))
        return false;
    if (where && !fired)
        tell_where();
    fired = true;
    errno = hows[kind];
    return true;
}

static void start(void)
{
    void *warm[2];
    backtrace(warm, 2); /* its first call loads a library */
    dl_iterate_phdr(find_spared, NULL);
    memset(calls, 0, sizeof calls);
    fired = false;
}

void inject_record(int depth_)
{
    start();
    memset(n_places, 0, sizeof n_places);
    depth = depth_;
    recording = true;
}

void inject_arm(inject_kind kind, long n, bool on)
{
    start();
    fails_at = n;
    from_there_on = on;
    mode = (int)kind;
}

void inject_off(void)
{
    recording = false;
    mode = -1;
}

long inject_count(inject_kind kind)
{
    return calls[kind];
}

long inject_n_places(inject_kind kind)
{
    return n_places[kind];
}

long inject_place(inject_kind kind, long i)
{
    return places[kind][i];
}

bool inject_fired(void)
{
    return fired;
}

long inject_live_blocks(void)
{
    return live;
}

void inject_forget(void)
{
    for (size_t i = 0; i < SEEN_CAP; i++)
        seen[i] = 0;
    n_seen = 0;
}

/* ---- memory, of libraries too ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

#define MEMORY_FAILS (!is_spared(__builtin_return_address(0)) && fails(INJECT_MEMORY))

void *malloc(size_t size)
{
    void *block = MEMORY_FAILS ? NULL : __libc_malloc(size);
    live += block && !inside;
    return block;
}

void *calloc(size_t n, size_t size)
{
    void *block = MEMORY_FAILS ? NULL : __libc_calloc(n, size);
    live += block && !inside;
    return block;
}

void *realloc(void *old, size_t size)
{
    void *block = MEMORY_FAILS ? NULL : __libc_realloc(old, size);
    live += block && !old && !inside;
    return block;
}

void free(void *block)
{
    live -= block && !inside;
    __libc_free(block);
}

/* ---- arenas ---- */

void *__real_gable_arena_alloc(gable_arena *arena, size_t count, size_t size);
gable_status __real_gable_arena_take(gable_arena *arena, size_t count, size_t size, void *out,
                                     gable_err *err);
char *__real_gable_arena_copy(gable_arena *arena, const char *text, size_t length);
void *__wrap_gable_arena_alloc(gable_arena *arena, size_t count, size_t size);
gable_status __wrap_gable_arena_take(gable_arena *arena, size_t count, size_t size, void *out,
                                     gable_err *err);
char *__wrap_gable_arena_copy(gable_arena *arena, const char *text, size_t length);

static inline __attribute__((always_inline)) bool arena_fails(gable_arena *arena)
{
    bool failed = fails(INJECT_ARENA);
    arena->full |= failed;
    return failed;
}

void *__wrap_gable_arena_alloc(gable_arena *arena, size_t count, size_t size)
{
    return arena_fails(arena) ? NULL : __real_gable_arena_alloc(arena, count, size);
}

gable_status __wrap_gable_arena_take(gable_arena *arena, size_t count, size_t size, void *out,
                                     gable_err *err)
{
    if (!arena_fails(arena))
        return __real_gable_arena_take(arena, count, size, out, err);
    *(void **)out = NULL;
    return gable_fail(err, GABLE_INTERNAL, "arena full");
}

char *__wrap_gable_arena_copy(gable_arena *arena, const char *text, size_t length)
{
    return arena_fails(arena) ? NULL : __real_gable_arena_copy(arena, text, length);
}

/* ---- system calls of our own code ---- */

/* A function of these arguments that returns -1 and errno. */
#define WRAP(kind, type, name, parameters, arguments)                                              \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(INJECT_##kind) ? (type)-1 : __real_##name arguments;                          \
    }

WRAP(FSYNC, int, fsync, (int fd), (fd))
WRAP(RENAME, int, rename, (const char *from, const char *to), (from, to))
WRAP(FCHMOD, int, fchmod, (int fd, mode_t bits), (fd, bits))
WRAP(MKSTEMP, int, mkstemp, (char *path), (path))
WRAP(FSTAT, int, fstat, (int fd, struct stat *out), (fd, out))
WRAP(PIPE, int, pipe, (int fds[2]), (fds))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t bits = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails(INJECT_OPEN) ? -1 : __real_open(path, flags, bits);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    int value = command == F_GETFL || command == F_GETFD ? 0 : va_arg(list, int);
    va_end(list);
    return fails(INJECT_FCNTL) ? -1 : __real_fcntl(fd, command, value);
}

/* It is closed all the same, as Linux does. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    int result = __real_close(fd);
    return fails(INJECT_CLOSE) ? -1 : result;
}

static size_t half(size_t n)
{
    return n > 1 ? n / 2 : n;
}

ssize_t __real_read(int fd, void *into, size_t n);
ssize_t __wrap_read(int fd, void *into, size_t n);
ssize_t __wrap_read(int fd, void *into, size_t n)
{
    if (fails(INJECT_READ) || fails(INJECT_READ_AGAIN))
        return -1;
    return __real_read(fd, into, fails(INJECT_READ_SHORT) ? half(n < 64 ? n : 64) : n);
}

ssize_t __real_write(int fd, const void *from, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n)
{
    if (fails(INJECT_WRITE) || fails(INJECT_WRITE_AGAIN))
        return -1;
    return __real_write(fd, from, fails(INJECT_WRITE_SHORT) ? half(n) : n);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
    return fails(INJECT_OPENDIR) ? NULL : __real_opendir(path);
}

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder)
{
    return fails(INJECT_READDIR) ? NULL : __real_readdir(folder);
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    return fails(INJECT_POLL) || fails(INJECT_POLL_AGAIN) ? -1 : __real_poll(fds, n, timeout_ms);
}

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    return fails(INJECT_WAIT_AGAIN) ? -1 : __real_waitpid(pid, status, options);
}

int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[])
{
    if (fails(INJECT_SPAWN))
        return errno;
    return __real_posix_spawn(pid, path, actions, attributes, arguments, environment);
}
