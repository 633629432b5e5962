/* model/model: finding and loading a model, whatever it is written in; overriding its formats. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

void gable_remark_add(gable_remark *remark, const char *format, ...)
{
    size_t used = strlen(remark->text);
    va_list args;

    if (used > 0 && used + 1 < sizeof remark->text)
        remark->text[used++] = ' ';
    va_start(args, format);
    int n = vsnprintf(remark->text + used, sizeof remark->text - used, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n >= sizeof remark->text - used)
        memcpy(remark->text + sizeof remark->text - 4, "...", 4);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);

    return n >= m && strcmp(text + n - m, ending) == 0;
}

/* How much of a path is left without the endings that say nothing. */
static size_t stem_end(const char *path)
{
    static const char *const endings[] = {"/config.json", "/", ".json", ".transcribed"};
    size_t end = strlen(path);

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t n = strlen(endings[i]);
        while (end > n && strncmp(path + end - n, endings[i], n) == 0)
            end -= n;
    }
    return end;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Where the last component starts; "owner--X" (how mirrors flatten owner/X) loses its owner, and
 * none begins like an option. */
static size_t stem_start(const char *path, size_t end)
{
    size_t from = end;

    while (from > 0 && path[from - 1] != '/')
        from--;
    for (size_t i = from; i + 2 < end; i++)
        if (path[i] == '-' && path[i + 1] == '-')
            from = i + 2;
    while (from < end && !is_alnum(path[from]))
        from++;
    return from;
}

/* The character in lower case, or '-' when a name may not hold it. */
static char name_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return is_alnum(c) || c == '_' || c == '.' ? c : '-';
}

/* Name of a model out of the path of its config: "x" from X.json, "X/config.json" or "X". */
static char *name_of_path(gable_arena *arena, const char *path)
{
    char name[65] = "";
    size_t length = 0, end = stem_end(path);

    for (size_t i = stem_start(path, end); i < end && length < 64; i++, length++)
        name[length] = name_char(path[i]);
    return gable_arena_copy(arena, length ? name : "model", length ? length : strlen("model"));
}

/* The companion with the precision map: X.hf_quant.json beside X.json, or hf_quant_config.json in
 * the same folder (which only belongs to a file that is called config.json). */
static gable_status read_companion(gable_arena *arena, const char *path, const gable_json **out,
                                   gable_err *err)
{
    char beside[4096];
    size_t n = strlen(path);

    *out = NULL;
    if (n + 32 > sizeof beside || !ends_with(path, ".json"))
        return GABLE_OK;
    if (ends_with(path, "/config.json") || strcmp(path, "config.json") == 0)
        snprintf(beside, sizeof beside, "%.*shf_quant_config.json", (int)(n - 11), path);
    else
        snprintf(beside, sizeof beside, "%.*s.hf_quant.json", (int)(n - 5), path);
    if (!gable_file_exists(beside))
        return GABLE_OK;
    return gable_json_read(arena, beside, GABLE_JSON_PYTHON, out, err);
}

static gable_status load_file(gable_arena *arena, const char *path, gable_model *model,
                              gable_err *err)
{
    const gable_json *root, *companion;

    GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_PYTHON, &root, err));
    if (root->type != GABLE_JSON_OBJECT)
        return gable_json_fail(root, err, "expected a model, got %s",
                               gable_json_type_text(root->type));
    model->path = gable_arena_copy(arena, path, strlen(path));
    if (!gable_json_get(root, "schema")) {
        GABLE_TRY(read_companion(arena, path, &companion, err));
        const char *stem = name_of_path(arena, path);
        if (!model->path || !stem)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        return gable_hf_read(arena, root, companion, stem, model, err);
    }
    if (strcmp(path, "-") != 0) /* ours must be strict JSON; standard input cannot be read twice */
        GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_STRICT, &root, err));
    const char *kept = model->path;
    GABLE_TRY(gable_model_read(arena, root, model, err));
    model->path = kept;
    return GABLE_OK;
}

static gable_status unknown_model(gable_arena *arena, const char *folder, const char *name,
                                  gable_err *err)
{
    const char *const *files;
    size_t n, length;
    const char **names;
    bool looks_like_path = strchr(name, '/') || ends_with(name, ".json");

    if (looks_like_path)
        return gable_fail(err, GABLE_INPUT, "%s: no such file", name);
    GABLE_TRY(gable_file_list(arena, folder, ".json", &files, &n, err));
    GABLE_TRY(gable_arena_take(arena, n + 1, sizeof *names, &names, err));
    for (size_t i = 0; i < n; i++) {
        length = strlen(files[i]) - strlen(".json");
        names[i] = gable_arena_copy(arena, files[i], length);
    }
    const char *near = gable_text_nearest(name, names, n);
    return gable_fail(
        err, GABLE_INPUT, "model \"%s\": neither a name in %s nor a file%s%s%s (gable model list)",
        name, folder, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

gable_status gable_model_load(gable_arena *arena, const char *workloads, const char *name,
                              const gable_model **out, gable_err *err)
{
    gable_model *model;
    char file[80];

    GABLE_TRY(gable_arena_take(arena, 1, sizeof *model, &model, err));
    const char *folder = gable_file_join(arena, workloads ? workloads : ".", "models");
    snprintf(file, sizeof file, "%.64s.json", name);
    const char *path = folder ? gable_file_join(arena, folder, file) : NULL;
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    if (!workloads || !gable_text_is_name(name) || !gable_file_exists(path)) {
        path = name;
        if (gable_file_is_folder(name))
            path = gable_file_join(arena, name, "config.json");
        if (!path)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        if (strcmp(path, "-") != 0 && !gable_file_exists(path))
            return unknown_model(arena, folder, path, err);
    }
    GABLE_TRY(load_file(arena, path, model, err));
    *out = model;
    return GABLE_OK;
}

gable_status gable_model_override(gable_arena *arena, const gable_model *model,
                                  const gable_dtype *weights, const gable_dtype *activations,
                                  const gable_dtype *kv, const gable_model **out, gable_err *err)
{
    gable_model *copy;

    GABLE_TRY(gable_arena_take(arena, 1, sizeof *copy, &copy, err));
    *copy = *model;
    for (int i = 0; i < GABLE_N_MODULES; i++) {
        bool kept = i == GABLE_MODULE_EMBED || i == GABLE_MODULE_HEAD || i == GABLE_MODULE_ROUTER;
        if (weights && !kept) {
            copy->dtypes[i].weights = *weights;
            copy->dtypes[i].activations = gable_model_natural_activations(*weights);
        }
        if (activations && !kept)
            copy->dtypes[i].activations = *activations;
    }
    copy->kv_dtype = kv ? *kv : copy->kv_dtype;
    *out = copy;
    return GABLE_OK;
}
