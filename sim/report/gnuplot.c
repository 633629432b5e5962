/* report/gnuplot: gnuplot as a child that may not hurt us. It is a shell in disguise
 * (facts/interface.md 6.4), so user text enters scripts through gable_gp_quote alone, the program
 * starts without a shell, start-up files or our environment, and what it draws comes back through a
 * pipe: file names never reach it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report/internal.h"
#include "report/plot.h"

enum { PATH_CAP = 4096, MESSAGE_CAP = 400 };

/* A picture is some 100 kB; more than this is a runaway. */
static const size_t picture_cap_bytes = (size_t)64 * 1024 * 1024;

gable_status gable_gp_quote(gable_text *out, const char *text, gable_err *err)
{
    size_t length = strlen(text);
    if (length > GABLE_GP_TEXT_CAP)
        return gable_fail(err, GABLE_INPUT, "text for the plot has %zu bytes, at most %d are drawn",
                          length, (int)GABLE_GP_TEXT_CAP);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return gable_fail(err, GABLE_INPUT, "text for the plot holds the control byte 0x%02x",
                              (unsigned)(unsigned char)text[i]);
    /* gnuplot takes '' for a quote only where no other one stands before it; at the start, or twice
     * in a row, it ends the string and starts another. Runs are parted by blanks. */
    char before = '\'';
    gable_text_add(out, "'");
    for (size_t i = 0; i < length; before = text[i++]) {
        if (text[i] != '\'')
            gable_text_add_n(out, &text[i], 1);
        else
            gable_text_add(out, before == '\'' ? " ''" : "''");
    }
    gable_text_add(out, "'");
    return GABLE_OK;
}

/* ---- finding it ---- */

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Empty and relative parts of PATH are passed over: they would name the folder that we happen to
 * stand in. */
static gable_status find_program(const char *search_path, char path[PATH_CAP], gable_err *err)
{
    static const char name[] = "/gnuplot";
    const char *at = search_path ? search_path : "";
    while (*at) {
        size_t length = strcspn(at, ":");
        if (*at == '/' && length + sizeof name <= PATH_CAP) {
            memcpy(path, at, length);
            memcpy(path + length, name, sizeof name);
            if (is_program(path))
                return GABLE_OK;
        }
        at += length + (at[length] == ':');
    }
    return gable_fail(err, GABLE_OUTPUT,
                      "gnuplot is not on PATH: install gnuplot-nox, or take the script with "
                      "--emit-script");
}

/* ---- running it ---- */

enum { END_READ, END_WRITE, N_ENDS };

/* Our ends of the three pipes; -1 once closed. */
typedef struct child {
    pid_t pid;
    int in, out, complaints;
    bool broken; /* what went through the pipes is not all of it */
} child;

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(int pipes[3][N_ENDS])
{
    for (int i = 0; i < 3; i++) {
        close_end(&pipes[i][END_READ]);
        close_end(&pipes[i][END_WRITE]);
    }
}

static bool open_pipes(int pipes[3][N_ENDS])
{
    for (int i = 0; i < 3; i++) {
        if (pipe(pipes[i]) != 0)
            return false;
        for (int end = 0; end < N_ENDS; end++)
            if (fcntl(pipes[i][end], F_SETFD, FD_CLOEXEC) != 0)
                return false;
    }
    /* Both sides would wait for each other where a long script meets a large picture. */
    return fcntl(pipes[0][END_WRITE], F_SETFL, O_NONBLOCK) == 0;
}

static int spawn_child(const char *path, int pipes[3][N_ENDS], pid_t *pid)
{
    char name[] = "gnuplot", no_settings[] = "-d", from_stdin[] = "-";
    char lang[] = "LC_ALL=C.UTF-8", search[] = "PATH=/usr/bin:/bin";
    char *const arguments[] = {name, no_settings, from_stdin, NULL};
    char *const environment[] = {lang, search, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int status = posix_spawn_file_actions_adddup2(&actions, pipes[0][END_READ], STDIN_FILENO);
    if (!status)
        status = posix_spawn_file_actions_adddup2(&actions, pipes[1][END_WRITE], STDOUT_FILENO);
    if (!status)
        status = posix_spawn_file_actions_adddup2(&actions, pipes[2][END_WRITE], STDERR_FILENO);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (!status)
        status = posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (!status)
        status = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (!status)
        status = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return status;
}

static gable_status start(const char *path, child *out, gable_err *err)
{
    int pipes[3][N_ENDS] = {{-1, -1}, {-1, -1}, {-1, -1}};
    int status = open_pipes(pipes) ? spawn_child(path, pipes, &out->pid) : errno;
    if (status) {
        close_pipes(pipes);
        return gable_fail(err, GABLE_OUTPUT, "cannot start %s: %s", path, strerror(status));
    }
    *out = (child){.pid = out->pid,
                   .in = pipes[0][END_WRITE],
                   .out = pipes[1][END_READ],
                   .complaints = pipes[2][END_READ]};
    pipes[0][END_WRITE] = pipes[1][END_READ] = pipes[2][END_READ] = -1;
    close_pipes(pipes);
    return GABLE_OK;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Writes what the pipe takes; closes it at the end, or when the child reads no more. */
static void feed(child *c, const gable_text *script, size_t *written)
{
    ssize_t n = write(c->in, script->text + *written, script->length_bytes - *written);
    if (n > 0)
        *written += (size_t)n;
    bool broken = n < 0 && errno != EAGAIN && errno != EINTR;
    c->broken |= broken && errno != EPIPE; /* that it died its status will say */
    if (broken || *written == script->length_bytes)
        close_end(&c->in);
}

static void drain(child *c, int *fd, gable_text *into, size_t cap_bytes)
{
    char block[16384];
    ssize_t n = read(*fd, block, sizeof block);
    if (n > 0 && into->length_bytes < cap_bytes)
        gable_text_add_n(into, block, (size_t)n);
    bool broken = n < 0 && errno != EINTR && errno != EAGAIN;
    c->broken |= broken;
    if (n == 0 || broken || into->length_bytes >= cap_bytes)
        close_end(fd);
}

/* Until the child has closed its ends. Returns false when time is up. */
static bool exchange(child *c, const gable_text *script, double timeout_s, gable_text *picture,
                     gable_text *complaints)
{
    size_t written = 0;
    double end_s = now_s() + timeout_s;
    while (c->out >= 0 || c->complaints >= 0) {
        double left_s = end_s - now_s();
        struct pollfd fds[3] = {{.fd = c->in, .events = POLLOUT},
                                {.fd = c->out, .events = POLLIN},
                                {.fd = c->complaints, .events = POLLIN}};
        if (left_s <= 0.0)
            return false;
        int ready = poll(fds, 3, (int)(left_s * 1e3) + 1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready <= 0)
            continue;
        if (fds[0].revents)
            feed(c, script, &written);
        if (fds[1].revents)
            drain(c, &c->out, picture, picture_cap_bytes);
        if (fds[2].revents)
            drain(c, &c->complaints, complaints, MESSAGE_CAP);
    }
    return true;
}

/* Waits for the child, which has closed its output; kills it (and only it) when it stays. */
static int reap(const child *c, bool in_time, double timeout_s)
{
    const struct timespec nap = {0, 2000000};
    double end_s = now_s() + (in_time ? timeout_s : 0.0);
    int status = 0;
    pid_t done;
    while ((done = waitpid(c->pid, &status, WNOHANG)) == 0 && now_s() < end_s)
        nanosleep(&nap, NULL);
    if (done == 0) {
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return status;
}

/* gnuplot echoes the command, points at it, then says "line N: what": that line, else the first.
 * Warnings say the same, of what it went past. */
static const char *said(gable_text *complaints)
{
    static const char warning[] = "warning:";
    if (!complaints->text)
        return "no message";
    char *line = strstr(complaints->text, " line "), *warned;
    while (line && (warned = strstr(line, warning)) && warned < line + strcspn(line, "\n"))
        line = strstr(warned, " line ");
    line = line ? line : complaints->text;
    line += strspn(line, "\n ");
    line[strcspn(line, "\n")] = '\0';
    return *line ? line : "no message";
}

static gable_status judge(const child *c, int status, bool in_time, double timeout_s,
                          gable_text *complaints, gable_err *err)
{
    if (!in_time)
        return gable_fail(err, GABLE_OUTPUT, "gnuplot took longer than %g s and was stopped",
                          timeout_s);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return c->broken ? gable_fail(err, GABLE_OUTPUT, "the pipe to gnuplot broke") : GABLE_OK;
    return gable_fail(err, GABLE_OUTPUT, "gnuplot failed (%s %d): %s",
                      WIFEXITED(status) ? "exit" : "signal",
                      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), said(complaints));
}

gable_status gable_gnuplot_run(const gable_gnuplot *gnuplot, const gable_text *script,
                               gable_text *out, gable_err *err)
{
    char path[PATH_CAP];
    child c = {0};
    gable_text complaints = {0};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    if (script->failed || !script->text)
        return gable_fail(err, GABLE_INTERNAL, "out of memory");
    GABLE_TRY(find_program(gnuplot->search_path, path, err));
    GABLE_TRY(start(path, &c, err));
    sigaction(SIGPIPE, &ignore, &before); /* a child that dies early must not take us along */
    bool in_time = exchange(&c, script, gnuplot->timeout_s, out, &complaints);
    close_end(&c.in);
    close_end(&c.out);
    close_end(&c.complaints);
    int status = reap(&c, in_time, gnuplot->timeout_s);
    sigaction(SIGPIPE, &before, NULL);
    gable_status verdict = judge(&c, status, in_time, gnuplot->timeout_s, &complaints, err);
    gable_text_free(&complaints);
    GABLE_TRY(verdict);
    if (out->length_bytes == 0)
        return gable_fail(err, GABLE_OUTPUT, "gnuplot drew nothing");
    return gable_report_done(out, err);
}
