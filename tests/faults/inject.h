/* Failures on demand of what the program calls: memory (also that of libraries: malloc and its like
 * are defined here), our arenas, and system calls (by -Wl,--wrap, in our own code alone).
 * A run that only counts records where each call comes from, so that one failure for each place
 * and the way to it is enough; the thousand-and-first element of an array tells nothing new. */
#ifndef GABLE_TESTS_INJECT_H
#define GABLE_TESTS_INJECT_H
#include <stdbool.h>
#include <stdint.h>

/* X(symbol, what is called, how it fails, whether the program must carry on as if nothing were) */
#define INJECT_LIST(X)                                                                             \
    X(MEMORY, "memory", ENOMEM, false)                                                             \
    X(ARENA, "arena", ENOMEM, false)                                                               \
    X(OPEN, "open", EMFILE, false)                                                                 \
    X(READ, "read", EIO, false)                                                                    \
    X(READ_SHORT, "read a part", INJECT_SHORT, true)                                               \
    X(READ_AGAIN, "read interrupted", EINTR, true)                                                 \
    X(WRITE, "write", ENOSPC, false)                                                               \
    X(WRITE_SHORT, "write a part", INJECT_SHORT, true)                                             \
    X(WRITE_AGAIN, "write interrupted", EINTR, true)                                               \
    X(CLOSE, "close", EIO, false)                                                                  \
    X(FSYNC, "fsync", EIO, false)                                                                  \
    X(RENAME, "rename", EACCES, false)                                                             \
    X(FCHMOD, "fchmod", EPERM, false)                                                              \
    X(MKSTEMP, "mkstemp", EACCES, false)                                                           \
    X(FSTAT, "fstat", EIO, false)                                                                  \
    X(OPENDIR, "opendir", EMFILE, false)                                                           \
    X(READDIR, "readdir", EIO, false)                                                              \
    X(PIPE, "pipe", EMFILE, false)                                                                 \
    X(FCNTL, "fcntl", EBADF, false)                                                                \
    X(SPAWN, "posix_spawn", EAGAIN, false)                                                         \
    X(POLL_AGAIN, "poll interrupted", EINTR, true)                                                 \
    X(POLL, "poll", ENOMEM, false)                                                                 \
    X(WAIT_AGAIN, "waitpid interrupted", EINTR, true)

enum { INJECT_SHORT = -1 };

typedef enum inject_kind {
#define INJECT_ENUM(symbol, name, how, carries_on) INJECT_##symbol,
    INJECT_LIST(INJECT_ENUM)
#undef INJECT_ENUM
        INJECT_N_KINDS
} inject_kind;

extern const char *const inject_names[INJECT_N_KINDS];
extern const bool inject_carries_on[INJECT_N_KINDS];

/* Counts calls of all kinds from now on, noting each place that was not seen before. `depth`
 * innermost callers make a place. */
void inject_record(int depth);

/* Call number `n` (from 0) of the kind fails, and all later ones too when `on`. */
void inject_arm(inject_kind kind, long n, bool on);

void inject_off(void);

/* Where callers of the call that failed are put, as offsets into the program, innermost first, 0
 * where there are no more: for addr2line. */
enum { INJECT_WHERE_CAP = 8 };
void inject_tell(uintptr_t where[INJECT_WHERE_CAP]);

long inject_count(inject_kind kind);         /* calls since record or arm */
long inject_n_places(inject_kind kind);      /* places of the last record */
long inject_place(inject_kind kind, long i); /* the number of the first call from there */
bool inject_fired(void);                     /* a call has failed since arm */

/* Blocks of memory that are allocated and not freed. */
long inject_live_blocks(void);

/* Forgets the places that earlier records saw. */
void inject_forget(void);

#endif
