/* The rooms of sim/ as they run in the page of `gable report`: compiled to WebAssembly with nothing imported from the
 * page. Here is what the system gives them elsewhere: files, which the page hands over as texts (in place of
 * sim/base/file.c), and what the page calls. Built by `make build/page.html`. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/page.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

/* ---- files in memory ---- */

typedef struct memory_file {
    const char *path, *text;
    size_t length_bytes;
} memory_file;

enum { FILES_CAP = 512, ARENA_MB = 24 };

/* One module serves one page and one thread; an instance is its only state. */
static memory_file files[FILES_CAP];
static size_t n_files;
static gable_arena arena;
static gable_page page;
static gable_text answer;
static gable_err why;

static const memory_file *find_file(const char *path)
{
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

gable_status gable_file_read_own(gable_arena *into, const char *path, size_t cap_bytes, char **text,
                                 size_t *length_bytes, gable_err *err)
{
    const memory_file *file = find_file(path);
    if (!file || file->length_bytes > cap_bytes)
        return gable_fail(err, GABLE_INPUT, "%s: not in this page", path);
    *text = gable_arena_copy(into, file->text, file->length_bytes);
    *length_bytes = file->length_bytes;
    return *text ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

bool gable_file_exists(const char *path)
{
    return find_file(path) != NULL;
}

/* `path` directly in `folder`: its name there, else NULL. */
static const char *name_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    bool below = strncmp(path, folder, n) == 0 && path[n] == '/';
    return below && !strchr(path + n + 1, '/') ? path + n + 1 : NULL;
}

bool gable_file_is_folder(const char *path)
{
    for (size_t i = 0; i < n_files; i++)
        if (name_in(files[i].path, path))
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gable_status gable_file_list(gable_arena *into, const char *folder, const char *ending, const char *const **names,
                             size_t *count, gable_err *err)
{
    const char **list;
    *count = 0;
    GABLE_TRY(gable_arena_take(into, FILES_CAP, sizeof *list, &list, err));
    *names = list;
    for (size_t i = 0; i < n_files; i++) {
        const char *name = name_in(files[i].path, folder);
        size_t n = name ? strlen(name) : 0, n_ending = strlen(ending);
        if (name && n >= n_ending && strcmp(name + n - n_ending, ending) == 0)
            list[(*count)++] = name;
    }
    qsort(list, *count, sizeof *list, by_bytes);
    return GABLE_OK;
}

/* Streams of the C library that nothing here writes to: defined, so that the module asks nobody for them. */
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd)
{
    (void)fd;
    return 8; /* EBADF */
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t position)
{
    (void)fd, (void)offset, (void)whence, (void)position;
    return 8;
}

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t n_parts, int32_t written)
{
    (void)fd, (void)parts, (void)n_parts, (void)written;
    return 8;
}

/* ---- what the page calls ---- */

/* Room for a text that is to be handed over; the page fills it. */
EXPORT("room") void *room(size_t bytes)
{
    return malloc(bytes);
}

/* Takes over two texts in memory of room(), both with a NUL at their end. 0: good. */
EXPORT("add_file") int add_file(const char *path, const char *text, size_t length_bytes)
{
    if (n_files == FILES_CAP)
        return GABLE_INTERNAL;
    files[n_files++] = (memory_file){path, text, length_bytes};
    return GABLE_OK;
}

/* Answers one question, whose memory is freed; the status says whether answer_text is an answer or a reason. */
EXPORT("ask") int ask(char *question, size_t length_bytes)
{
    why = (gable_err){0};
    gable_text_free(&answer);
    answer = (gable_text){0};
    gable_status status = GABLE_OK;
    if (!arena.base)
        status = gable_arena_init(&arena, (size_t)ARENA_MB * 1024 * 1024, &why);
    page.arena = &arena;
    page.hw = "hw";
    page.workloads = "workloads";
    if (status == GABLE_OK)
        status = gable_page_ask(&page, question, length_bytes, &answer, &why);
    free(question);
    return (int)status;
}

EXPORT("answer_text") const char *answer_text(void)
{
    return why.status == GABLE_OK && answer.text ? answer.text : why.text;
}

EXPORT("arena_used") size_t arena_used(void)
{
    return arena.used_bytes;
}
