/* engine/sweep_journal: see sweep_journal.h. A line is 16 hexadecimal digits (FNV-1a of the rest),
 * a blank, one JSON object. */
#include "engine/sweep_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "engine/check.h"

enum { SUM_DIGITS = 16 };

/* ---- writing ---- */

static void add_number(gable_text *out, const char *key, uint64_t value)
{
    gable_text_addf(out, ", \"%s\": %" PRIu64, key, value);
}

static void add_entries(gable_text *out, const char *key, const gable_sweep_entry *entries, int n,
                        bool two)
{
    gable_text_addf(out, ", \"%s\": [", key);
    for (int i = 0; i < n; i++) {
        gable_text_addf(out, "%s[%" PRIu64 ", ", i ? ", " : "", entries[i].index);
        gable_text_add_json_number(out, entries[i].x);
        if (two) {
            gable_text_add(out, ", ");
            gable_text_add_json_number(out, entries[i].y);
        }
        gable_text_add(out, "]");
    }
    gable_text_add(out, "]");
}

/* Bins that are not empty: [bin, count]. */
static void add_bins(gable_text *out, const gable_sweep_kept *kept)
{
    const char *comma = "";
    gable_text_add(out, ", \"bins\": [");
    for (int i = 0; i < GABLE_SWEEP_BINS_CAP + 2; i++)
        if (kept->bin[i] > 0) {
            gable_text_addf(out, "%s[%d, %" PRIu64 "]", comma, i, kept->bin[i]);
            comma = ", ";
        }
    gable_text_add(out, "]");
}

static void write_block(gable_text *out, uint64_t block, const gable_sweep_kept *kept)
{
    gable_text_addf(out, "{\"block\": %" PRIu64, block);
    add_number(out, "points", kept->points);
    add_number(out, "refused", kept->refused);
    add_number(out, "feasible", kept->feasible);
    if (kept->refused > 0)
        add_number(out, "first_refused", kept->first_refused);
    add_entries(out, "top", kept->top, kept->n_top, false);
    add_entries(out, "front", kept->front, kept->n_front, true);
    add_bins(out, kept);
    gable_text_add(out, "}");
}

static void write_head(gable_text *out, const gable_sweep *sweep, const gable_sweep_job *job)
{
    gable_text_addf(out, "{\"schema\": \"gable.sweep.journal/1\", \"hash\": \"%016" PRIx64 "\"",
                    sweep->hash);
    add_number(out, "first", job->first);
    add_number(out, "end", job->end);
    add_number(out, "block", sweep->block);
    gable_text_add(out, "}");
}

static bool write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, text, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        n -= (size_t)put;
    }
    return true;
}

static gable_status fail_to_write(const gable_sweep_journal *j, gable_err *err)
{
    return gable_fail(err, GABLE_OUTPUT, "%s: cannot write: %s", j->path, strerror(errno));
}

/* One line goes out in one call, so that at most the last line can be torn. */
static gable_status write_line(gable_sweep_journal *j, const gable_text *json, gable_err *err)
{
    gable_text line = {0};
    if (!json->failed)
        gable_text_addf(&line, "%016" PRIx64 " %s\n",
                        gable_check_hash(json->text, json->length_bytes), json->text);
    gable_status status = GABLE_OK;
    if (json->failed || line.failed)
        status = gable_fail(err, GABLE_INTERNAL, "out of memory");
    else if (!write_all(j->fd, line.text, line.length_bytes))
        status = fail_to_write(j, err);
    gable_text_free(&line);
    return status;
}

static int64_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec;
}

gable_status gable_sweep_journal_add(gable_sweep_journal *j, uint64_t block,
                                     const gable_sweep_kept *kept, gable_err *err)
{
    gable_text json = {0};
    write_block(&json, block, kept);
    gable_status status = write_line(j, &json, err);
    gable_text_free(&json);
    /* What is written survives the end of the process; once in a while also that of the machine. */
    if (status == GABLE_OK && now_s() > j->synced_s) {
        fsync(j->fd);
        j->synced_s = now_s();
    }
    return status;
}

/* ---- reading ---- */

static uint64_t whole(const gable_json *object, const char *key, uint64_t fallback)
{
    const gable_json *node = gable_json_get(object, key);
    return node && node->type == GABLE_JSON_NUMBER && node->number >= 0.0 ? (uint64_t)node->number
                                                                          : fallback;
}

/* Number `i` of an array; 0 when there is none. */
static double element(const gable_json *array, int i)
{
    const gable_json *node = array->child;
    for (; node && i > 0; i--)
        node = node->next;
    return node && node->type == GABLE_JSON_NUMBER ? node->number : 0.0;
}

static int read_entries(const gable_json *list, int cap, gable_sweep_entry *out)
{
    int n = 0;
    for (const gable_json *e = list ? list->child : NULL; e && n < cap; e = e->next)
        out[n++] = (gable_sweep_entry){
            .index = (uint64_t)element(e, 0), .x = element(e, 1), .y = element(e, 2)};
    return n;
}

static void read_block(const gable_json *root, gable_sweep_kept *out)
{
    gable_sweep_keep_start(out);
    out->points = whole(root, "points", 0);
    out->refused = whole(root, "refused", 0);
    out->feasible = whole(root, "feasible", 0);
    out->first_refused = whole(root, "first_refused", UINT64_MAX);
    out->n_top = read_entries(gable_json_get(root, "top"), GABLE_SWEEP_TOP_CAP, out->top);
    out->n_front = read_entries(gable_json_get(root, "front"), GABLE_SWEEP_FRONT_CAP, out->front);
    const gable_json *bins = gable_json_get(root, "bins");
    for (const gable_json *b = bins ? bins->child : NULL; b; b = b->next) {
        double at = element(b, 0);
        if (at < GABLE_SWEEP_BINS_CAP + 2)
            out->bin[(int)at] = (uint64_t)element(b, 1);
    }
}

/* The JSON of a line if it is whole; NULL when it is torn or damaged. */
static const char *whole_line(const char *line, size_t n)
{
    char *end;
    if (n <= SUM_DIGITS + 1 || line[SUM_DIGITS] != ' ')
        return NULL;
    uint64_t sum = strtoull(line, &end, 16);
    const char *json = line + SUM_DIGITS + 1;
    bool good = end == line + SUM_DIGITS && gable_check_hash(json, n - SUM_DIGITS - 1) == sum;
    return good ? json : NULL;
}

/* What the reader of a journal works with. */
typedef struct reader {
    gable_arena *arena;
    const gable_sweep *sweep;
    uint64_t n_blocks;
    const char *path;
    bool *done;
    gable_sweep_kept *one, *kept;
} reader;

static gable_status take_line(const reader *r, const char *json, size_t n, gable_err *err)
{
    const gable_json *root;
    size_t mark = gable_arena_mark(r->arena);
    char *text = gable_arena_copy(r->arena, json, n);
    if (!text)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_json_parse(r->arena, r->path, text, n, GABLE_JSON_STRICT, &root, err));
    uint64_t block = whole(root, "block", UINT64_MAX);
    if (block < r->n_blocks && !r->done[block]) {
        r->done[block] = true;
        read_block(root, r->one);
        gable_sweep_keep_all(r->sweep, r->kept, r->one);
    }
    gable_arena_release(r->arena, mark);
    return GABLE_OK;
}

/* The first line tells whose journal it is. A file that starts with anything else may be somebody's
 * notes: it stays as it is. Empty, or cut off within that line, it is a journal without a block. */
static gable_status check_head(const reader *r, const char *text, size_t length, const char *head,
                               gable_err *err)
{
    const char *end = memchr(text, '\n', length);
    size_t n = end ? (size_t)(end - text) : length, n_head = strlen(head);
    char sum[SUM_DIGITS + 2];
    snprintf(sum, sizeof sum, "%016" PRIx64 " ", gable_check_hash(head, n_head));
    size_t n_sum = n < SUM_DIGITS + 1 ? n : SUM_DIGITS + 1, n_json = n - n_sum;
    bool is = n_json <= n_head && memcmp(text, sum, n_sum) == 0 &&
              memcmp(text + n_sum, head, n_json) == 0;
    if (is && (!end || n_json == n_head))
        return GABLE_OK;
    if (end && whole_line(text, n))
        return gable_fail(err, GABLE_INPUT,
                          "%s: is of another sweep, another part of it or other data; remove it to "
                          "start again",
                          r->path);
    return gable_fail(err, GABLE_INPUT,
                      "%s:1:1: expected the first line of a journal of gable sweep; name another "
                      "file with -o, or remove this one to start again",
                      r->path);
}

/* Takes whole lines; *good is where they end. */
static gable_status take_lines(const reader *r, const char *text, size_t length, const char *head,
                               size_t *good, gable_err *err)
{
    bool first = true;
    *good = 0;
    GABLE_TRY(check_head(r, text, length, head, err));
    while (*good < length) {
        const char *line = text + *good, *end = memchr(line, '\n', length - *good);
        const char *json = end ? whole_line(line, (size_t)(end - line)) : NULL;
        if (!json)
            return GABLE_OK;
        if (!first)
            GABLE_TRY(take_line(r, json, (size_t)(end - json), err));
        first = false;
        *good += (size_t)(end - line) + 1;
    }
    return GABLE_OK;
}

static gable_status lock(gable_sweep_journal *j, gable_err *err)
{
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (j->fd < 0)
        return gable_fail(err, GABLE_OUTPUT, "%s: cannot open: %s", j->path, strerror(errno));
    if (flock(j->fd, LOCK_EX | LOCK_NB) == 0)
        return GABLE_OK;
    return gable_fail(err, GABLE_OUTPUT, "%s: another process writes it", j->path);
}

static gable_status read_journal(const reader *r, gable_sweep_journal *j, const gable_text *head,
                                 gable_err *err)
{
    const char *text;
    size_t length, good, mark = gable_arena_mark(r->arena);
    GABLE_TRY(gable_file_read(r->arena, j->path, GABLE_FILE_CAP_CSV_BYTES, &text, &length, err));
    GABLE_TRY(take_lines(r, text, length, head->text, &good, err));
    gable_arena_release(r->arena, mark);
    if (good < length && ftruncate(j->fd, (off_t)good) != 0)
        return fail_to_write(j, err);
    return good == 0 ? write_line(j, head, err) : GABLE_OK;
}

gable_status gable_sweep_journal_open(gable_arena *arena, const gable_sweep *sweep,
                                      const gable_sweep_job *job, const char *path, bool *done,
                                      gable_sweep_kept *kept, gable_sweep_journal *out,
                                      gable_err *err)
{
    reader r = {.arena = arena,
                .sweep = sweep,
                .n_blocks = gable_sweep_n_blocks(sweep, job),
                .path = path,
                .kept = kept};
    gable_text head = {0};
    r.done = done;
    *out = (gable_sweep_journal){.fd = -1, .path = path, .synced_s = now_s()};
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *r.one, &r.one, err));
    GABLE_TRY(lock(out, err));
    write_head(&head, sweep, job);
    gable_status status = head.failed ? gable_fail(err, GABLE_INTERNAL, "out of memory")
                                      : read_journal(&r, out, &head, err);
    gable_text_free(&head);
    if (status != GABLE_OK)
        gable_sweep_journal_close(out, false);
    return status;
}

void gable_sweep_journal_close(gable_sweep_journal *j, bool finished)
{
    if (j->fd < 0)
        return;
    if (finished)
        unlink(j->path);
    else
        fsync(j->fd);
    close(j->fd);
    j->fd = -1;
}
