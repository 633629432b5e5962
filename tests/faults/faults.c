/* Every subcommand, with everything that it calls failing once: memory, arenas, files, pipes,
 * gnuplot (inject.h says what). The command lines are the examples of the subcommands' own help,
 * and those of tests/faults/commands. Of each failure one of two things must come:
 *   an exit status of 3, 4 or 70, one line on stderr, nothing on stdout but what was written before
 *     a write failed, and every file as before or whole;
 *   or the answer, as if nothing had been.
 * Either way no memory and no descriptor may be left over. Prints TAP, one test a line and kind.
 *   faults DATA FOLDER [WORD]   DATA holds hw, workloads, tests; FOLDER is a scratch folder that is
 *                               laid out for the examples; WORD takes the lines that hold it
 * GABLE_SHARE=2/4 takes every fourth line from the second on.
 * A call is tried once for its CALLERS innermost callers; GABLE_FAULTS=3 looks at three of them,
 * GABLE_FAULTS=all tries each way to each call, in slow lines too.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "files.h"
#include "inject.h"

int gable_main(int argc, char **argv); /* main of sim/cli/main.c */

enum { CALLERS = 6, ALL_CALLERS = 44, WORDS_CAP = 40, LINE_CAP = 600 };

static const double SLOW_S =
    0.5; /* two runs: lines that take longer are left to GABLE_FAULTS=all */
static const char *program, *data, *wanted;
static int n_tests;
static int callers = CALLERS;
static int n_lines, share = 1, n_shares = 1;

static bool is_ours(const char *title)
{
    if (wanted && !strstr(title, wanted))
        return false;
    return n_lines++ % n_shares == share - 1;
}

/* ---- one run in this process ---- */

typedef struct line {
    char text[LINE_CAP];
    char *words[WORDS_CAP];
    int n;
    const char *input; /* for standard input; NULL: nothing */
} line;

typedef struct outcome {
    int status;
    file out, err; /* bytes are NUL-terminated */
    tree after;
    long left_blocks;
    int left_fds;
} outcome;

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 64; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static file take_stream(int fd)
{
    file f = {.n = 0};
    off_t length = lseek(fd, 0, SEEK_END);
    must(length >= 0, "a captured stream");
    f.bytes = malloc((size_t)length + 1);
    must(f.bytes && pread(fd, f.bytes, (size_t)length, 0) == length, "a captured stream");
    f.n = (size_t)length;
    f.bytes[length] = '\0';
    return f;
}

static void free_outcome(outcome *o)
{
    free(o->out.bytes);
    free(o->err.bytes);
    free_tree(&o->after);
}

/* `kind` is armed by the caller through `arm`, so that nothing of ours is counted. */
typedef struct arming {
    inject_kind kind;
    long n; /* < 0: record all kinds */
    bool on;
} arming;

static void arm(const arming *a)
{
    if (a && a->n < 0)
        inject_record(callers);
    else if (a)
        inject_arm(a->kind, a->n, a->on);
}

static outcome run(const line *l, const arming *a)
{
    outcome o = {.status = 0};
    char *words[WORDS_CAP + 1];
    int out = memfd_create("out", 0), err = memfd_create("err", 0);
    int in = open(l->input ? l->input : "/dev/null", O_RDONLY);
    must(out >= 0 && err >= 0 && in >= 0, "capture");
    must(dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2, "capture");
    for (int i = 0; i < l->n; i++)
        words[i] = l->words[i];
    words[l->n] = NULL;
    int fds = count_fds();
    long blocks = inject_live_blocks();
    arm(a);
    o.status = gable_main(l->n, words);
    inject_off();
    o.left_blocks = inject_live_blocks() - blocks;
    o.left_fds = count_fds() - fds;
    o.out = take_stream(out);
    o.err = take_stream(err);
    o.after = read_tree();
    close(in);
    close(out);
    close(err);
    return o;
}

/* ---- judging ---- */

/* One line that says why; before it a table may say how many rows could not be priced. */
static bool one_line(const file *err)
{
    int n = 0;
    for (const char *at = err->bytes; *at; n++) {
        const char *end = strchr(at, '\n');
        if (strncmp(at, "gable: ", 7) != 0 || !end)
            return false;
        at = end + 1;
    }
    return n == 1 || (n == 2 && strstr(err->bytes, "rows unsupported"));
}

static const char *files_fault(const outcome *o, const tree *before, const outcome *good, bool ok)
{
    for (int i = 0; i < o->after.n; i++) {
        const file *f = &o->after.files[i], *was = find_file(before, f->path);
        const file *whole = find_file(&good->after, f->path);
        if (!whole && !was && strstr(f->path, ".journal"))
            continue; /* what a sweep had done when it was cut off: it carries on from there */
        if (!whole && !was)
            return "a file that should not be there";
        if (ok ? !same(f, whole) : !same(f, whole) && !same(f, was))
            return ok ? "a file that is not as it should be" : "a file that is neither old nor new";
    }
    for (int i = 0; i < before->n; i++)
        if (!find_file(&o->after, before->files[i].path))
            return "a file that is gone";
    return ok && o->after.n != good->after.n ? "a file that was not written" : NULL;
}

static const char *status_fault(inject_kind kind, const outcome *o, const outcome *good)
{
    if (o->status == good->status) {
        bool alike =
            o->out.n == good->out.n && memcmp(o->out.bytes, good->out.bytes, o->out.n) == 0;
        /* A fallback is an answer of its own, if it is said. */
        return alike || o->err.n > good->err.n ? NULL : "another answer, and no word about it";
    }
    if (inject_carries_on[kind])
        return "should have carried on";
    if (o->status != 3 && o->status != 4 && o->status != 70)
        return "an exit status that is not 3, 4 or 70";
    if (!one_line(&o->err))
        return "stderr is not one line";
    bool began = kind == INJECT_WRITE && o->out.n <= good->out.n &&
                 memcmp(o->out.bytes, good->out.bytes, o->out.n) == 0;
    return o->out.n && !began ? "a failure that prints an answer" : NULL;
}

static const char *fault_of(inject_kind kind, const outcome *o, const tree *before,
                            const outcome *good)
{
    const char *fault = status_fault(kind, o, good);
    if (!fault)
        fault = files_fault(o, before, good, o->status == good->status);
    bool of_gsl = strstr(o->err.bytes, "fit: out of memory"); /* it forgets a block of its own */
    if (!fault && o->left_blocks > 0 && !of_gsl)
        fault = "memory that is not freed";
    if (!fault && o->left_fds > 0)
        fault = "a descriptor that is left open";
    return fault;
}

/* ---- all failures of one line ---- */

/* How far a child got: another one goes on from there when it dies. */
static struct progress {
    long i, n_faults;
    uintptr_t where[INJECT_WHERE_CAP];
} * progress;

enum { FAULTS_CAP = 5, HANGS_S = 120 };

/* The test's own line comes before what is said about it. */
static void count_fault(const char *title, inject_kind kind)
{
    if (progress->n_faults++ == 0)
        dprintf(tap_fd, "not ok %d - %s: %s\n", n_tests, title, inject_names[kind]);
}

static void tell_where(void)
{
    dprintf(tap_fd, "#   addr2line -fe %s", program);
    for (int i = 0; i < INJECT_WHERE_CAP && progress->where[i]; i++)
        dprintf(tap_fd, " 0x%lx", (unsigned long)progress->where[i] - 1);
    dprintf(tap_fd, "\n");
}

static void describe(const outcome *o, const arming *a, const char *fault)
{
    dprintf(tap_fd, "# call %ld%s: %s; exit %d, %ld blocks and %d descriptors left: %.*s\n", a->n,
            a->on ? " and all after it" : "", fault, o->status, o->left_blocks, o->left_fds,
            (int)strcspn(o->err.bytes, "\n"), o->err.bytes);
    tell_where();
}

/* The places from progress->i on. */
static void try_places(const line *l, const char *title, inject_kind kind, const tree *before,
                       const outcome *good)
{
    inject_tell(progress->where);
    bool once = kind != INJECT_MEMORY && kind != INJECT_ARENA;
    for (; progress->i < 2 * inject_n_places(kind) && progress->n_faults < FAULTS_CAP;
         progress->i++) {
        arming a = {kind, inject_place(kind, progress->i / 2), progress->i % 2};
        if (a.on && once)
            continue; /* what fails for good from then on is memory */
        outcome o = run(l, &a);
        const char *fault = fault_of(kind, &o, before, good);
        if (fault) {
            count_fault(title, kind);
            describe(&o, &a, fault);
        }
        restore(&o.after, before);
        free_outcome(&o);
    }
}

/* What a dead child left. */
static void bury(const char *title, inject_kind kind, int status, const tree *before)
{
    count_fault(title, kind);
    dprintf(tap_fd, "# place %ld%s: %s %d\n", progress->i / 2,
            progress->i % 2 ? ", and all after it" : "",
            WIFSIGNALED(status) ? "killed by signal" : "ended with exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    tell_where();
    tree now = read_tree();
    restore(&now, before);
    free_tree(&now);
    progress->i++;
}

/* In children, which may die. */
static void test_kind(const line *l, const char *title, inject_kind kind, const tree *before,
                      const outcome *good)
{
    long n_calls = inject_count(kind), n_places = inject_n_places(kind);
    *progress = (struct progress){0};
    if (n_places == 0)
        return;
    n_tests++;
    while (progress->n_faults < FAULTS_CAP) {
        int status;
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            alarm(HANGS_S);
            try_places(l, title, kind, before, good);
            exit(0);
        }
        must(waitpid(pid, &status, 0) == pid, "waitpid");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        bury(title, kind, status, before);
    }
    if (progress->n_faults == 0)
        dprintf(tap_fd, "ok %d - %s: %s: %ld calls, %ld places\n", n_tests, title,
                inject_names[kind], n_calls, n_places);
}

/* Of this process. */
static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static bool alike(const file *a, const file *b)
{
    return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

static void test_line(const line *l, const char *title)
{
    if (callers == ALL_CALLERS)
        inject_forget();
    double start_s = cpu_s();
    tree before = read_tree();
    outcome warm = run(l, NULL); /* libraries load and cache at first use */
    restore(&warm.after, &before);
    const arming record = {.n = -1};
    outcome good = run(l, &record);
    restore(&good.after, &before);
    bool slow = callers != ALL_CALLERS && cpu_s() - start_s > SLOW_S;
    bool steady = good.status == warm.status && alike(&good.out, &warm.out);
    if (!steady || (good.status != 0 && good.status != 1))
        dprintf(tap_fd, "not ok %d - %s: %s, exit %d: %.*s\n", ++n_tests, title,
                steady ? "does not run" : "answers differently each time", good.status,
                (int)strcspn(good.err.bytes, "\n"), good.err.bytes);
    else if (slow)
        dprintf(tap_fd, "ok %d - %s: runs (GABLE_FAULTS=all tries its faults)\n", ++n_tests, title);
    else
        for (int kind = 0; kind < INJECT_N_KINDS; kind++)
            test_kind(l, title, (inject_kind)kind, &before, &good);
    free_outcome(&warm);
    free_outcome(&good);
    free_tree(&before);
}

/* ---- the lines ---- */

/* "gable cost … < FILE | …": what stands before a pipe or ">". */
static void parse(const char *text, size_t length, line *l)
{
    *l = (line){.n = 0};
    snprintf(l->text, sizeof l->text, "%.*s", (int)(length < LINE_CAP - 1 ? length : LINE_CAP - 1),
             text);
    for (char *word = strtok(l->text, " "); word && l->n < WORDS_CAP; word = strtok(NULL, " ")) {
        if (strcmp(word, "|") == 0 || word[0] == '>')
            break;
        if (strcmp(word, "<") == 0)
            l->input = strtok(NULL, " ");
        else
            l->words[l->n++] = word;
    }
}

static void test_lines(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char title[LINE_CAP];
        snprintf(title, sizeof title, "%.*s", (int)(length < 500 ? length : 500), text);
        title[strcspn(title, "#")] = '\0';
        bool plain = !strchr(title, '*'); /* else it needs a shell */
        if (plain && strncmp(title, "gable ", 6) == 0 && is_ours(title)) {
            line l;
            parse(text, length, &l);
            test_line(&l, title);
        }
        text += length + (text[length] == '\n');
    }
}

static void enter_scratch(const char *scratch)
{
    must(chdir(scratch) == 0, scratch);
    must(setenv("GABLE_DATA", data, 1) == 0, "setenv");
    must(setenv("COLUMNS", "80", 1) == 0 && setenv("TERM", "dumb", 1) == 0, "setenv");
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    program = argv[0];
    data = argv[1];
    wanted = argc > 3 ? argv[3] : NULL;
    const char *depth = getenv("GABLE_FAULTS");
    if (depth && strcmp(depth, "all") == 0)
        callers = ALL_CALLERS;
    else if (depth && (sscanf(depth, "%2d", &callers) != 1 || callers < 1 || callers > CALLERS))
        return 2;
    const char *part = getenv("GABLE_SHARE");
    if (part && (sscanf(part, "%4d/%4d", &share, &n_shares) != 2 || share < 1 || share > n_shares))
        return 2;
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/faults/commands", data);
    file more = read_file(path);
    more.bytes[more.n] = '\0';
    enter_scratch(argv[2]);
    tap_fd = dup(1);
    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(tap_fd >= 0 && progress != MAP_FAILED, "set-up");
    for (int i = 0; gable_commands[i]; i++)
        test_lines(gable_commands[i]->examples ? gable_commands[i]->examples : "");
    test_lines(more.bytes);
    dprintf(tap_fd, "1..%d\n", n_tests);
    return 0;
}
