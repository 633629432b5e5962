/* report/page: a page out of its template and the data files; see page.h. */
#include <string.h>

#include "report/internal.h"
#include "report/page.h"

static const char marker[] = "<!-- data -->";

void gable_page_add_data(gable_text *out, const char *json, size_t length_bytes)
{
    bool inside = false;
    size_t from = 0;
    for (size_t i = 0; i < length_bytes; i++) {
        char c = json[i];
        bool blank = !inside && strchr(" \t\r\n", c);
        bool quote = c == '"';
        if (inside && c == '\\') {
            i++;
            continue;
        }
        inside = inside != quote;
        if (!blank && c != '<')
            continue;
        gable_text_add_n(out, json + from, i - from);
        if (!blank)
            gable_text_add(out, "\\u003c");
        from = i + 1;
    }
    gable_text_add_n(out, json + from, length_bytes - from);
}

/* An HTML attribute in double quotes. */
static void add_attribute(gable_text *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&<>\"'", *text))
            gable_text_addf(out, "&#%d;", (int)(unsigned char)*text);
        else
            gable_text_add_n(out, text, 1);
    }
}

/* The file at `path` as one element; the page's rooms find it as `name`. */
static gable_status add_file(gable_arena *arena, const char *path, const char *name,
                             gable_text *out, gable_err *err)
{
    const char *text;
    size_t length_bytes, mark = gable_arena_mark(arena);
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length_bytes, err));
    gable_text_add(out, "<script type=\"application/json\" data-file=\"");
    add_attribute(out, name);
    gable_text_add(out, "\">");
    gable_page_add_data(out, text, length_bytes);
    gable_text_add(out, "</script>\n");
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

/* All descriptions of a folder of the data, as "top/folder/name.json". */
static gable_status add_folder(gable_arena *arena, const char *root, const char *top,
                               const char *folder, gable_text *out, gable_err *err)
{
    const char *const *names;
    size_t count, mark = gable_arena_mark(arena);
    const char *path = gable_file_join(arena, root, folder);
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(arena, path, ".json", &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *name = gable_report_format(arena, "%s/%s/%s", top, folder, names[i]);
        const char *file = gable_file_join(arena, path, names[i]);
        if (!file || !*name) /* "" when the arena is full */
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(add_file(arena, file, name, out, err));
    }
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

/* A table, as one JSON string. */
static gable_status add_table(gable_arena *arena, const gable_page_request *request,
                              const char *file, gable_text *out, gable_err *err)
{
    const char *text, *path = gable_file_join(arena, request->workloads, file);
    size_t length_bytes;
    gable_text string = {0};
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length_bytes, err));
    gable_text_add_json_string(&string, text);
    gable_text_addf(out, "<script type=\"application/json\" data-text data-file=\"workloads/%s\">",
                    file);
    if (string.text)
        gable_page_add_data(out, string.text, string.length_bytes);
    gable_text_add(out, "</script>\n");
    out->failed = out->failed || string.failed;
    gable_text_free(&string);
    return GABLE_OK;
}

static gable_status add_folders(gable_arena *arena, const gable_page_request *request,
                                gable_text *out, gable_err *err)
{
    static const char *const hardware[] = {"accelerators", "cpus",   "links",       "systems",
                                           "generations",  "stacks", "calibration", "power"};
    for (size_t i = 0; i < COUNT_OF(hardware); i++)
        GABLE_TRY(add_folder(arena, request->hw, "hw", hardware[i], out, err));
    GABLE_TRY(add_table(arena, request, "checkpoints.csv", out, err));
    return add_folder(arena, request->workloads, "workloads", "models", out, err);
}

/* ---- files that are given by their path ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), n_ending = strlen(ending);
    return n >= n_ending && strcmp(text + n - n_ending, ending) == 0;
}

/* What the page calls a file: its name, with its folder where the name says nothing. No more of the
 * path goes into the page. */
static const char *given_name(gable_arena *arena, const char *path)
{
    const char *name = last_part(path);
    if (strcmp(name, "config.json") == 0 && name > path + 1) {
        name--;
        while (name > path && name[-1] != '/')
            name--;
    }
    return gable_report_format(arena, "given/%s", name);
}

/* The precision map beside a Hugging Face config goes with it (model.h). */
static gable_status add_companion(gable_arena *arena, const char *path, const char *name,
                                  gable_text *out, gable_err *err)
{
    bool folder = ends_with(path, "/config.json") || strcmp(path, "config.json") == 0;
    int cut = folder ? (int)strlen("config.json") : (int)strlen(".json");
    const char *ending = folder ? "hf_quant_config.json" : ".hf_quant.json";
    if (!ends_with(path, ".json"))
        return GABLE_OK;
    path = gable_report_format(arena, "%.*s%s", (int)strlen(path) - cut, path, ending);
    name = gable_report_format(arena, "%.*s%s", (int)strlen(name) - cut, name, ending);
    if (!*path || !*name)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    return gable_file_exists(path) ? add_file(arena, path, name, out, err) : GABLE_OK;
}

/* A name of the data folders stays; a file goes into the page and gets a name there. */
static gable_status add_given(gable_arena *arena, const char *folder, const char **name,
                              gable_text *out, gable_err *err)
{
    const char *path = *name, *known = gable_report_format(arena, "%s/%s.json", folder, path);
    if (!*known)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    if (gable_text_is_name(path) && gable_file_exists(known))
        return GABLE_OK;
    if (gable_file_is_folder(path))
        path = gable_file_join(arena, path, "config.json");
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    if (!gable_file_exists(path)) /* a device by its name */
        return GABLE_OK;
    *name = given_name(arena, path);
    if (!**name)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(add_file(arena, path, *name, out, err));
    return add_companion(arena, path, *name, out, err);
}

/* ---- the page ---- */

static void add_format(gable_text *out, const char *key, const char *name)
{
    if (!name)
        return;
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_string(out, name);
}

static void write_question(const gable_page_request *request, const char *model, const char *system,
                           gable_text *out)
{
    const gable_scenario *s = request->scenario;
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"batch", s->batch},
                   {"context", s->n_cached},
                   {"new_tokens", s->n_new},
                   {"experts_skew", s->skew},
                   {"tp", s->tp},
                   {"ep", s->ep},
                   {"pp", s->pp},
                   {"cp", s->cp},
                   {"dp", s->dp},
                   {"attn_dp", s->attn_dp},
                   {"nodes", request->n_nodes}};
    gable_text_addf(out, "{\"schema\": \"%s\", \"model\": ", gable_page_schema.id);
    gable_text_add_json_string(out, model);
    add_format(out, "system", system);
    add_format(out, "stack", request->stack);
    add_format(out, "phase", gable_phases[s->phase]);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (strcmp(numbers[i].key, "new_tokens") == 0 && s->n_new <= 0.0)
            continue; /* the model knows */
        gable_text_addf(out, ", \"%s\": ", numbers[i].key);
        gable_text_add_json_number(out, numbers[i].value);
    }
    add_format(out, "checkpoint", request->checkpoint);
    add_format(out, "weights", request->weights);
    add_format(out, "activations", request->activations);
    add_format(out, "kv", request->kv);
    gable_text_add(out, "}");
}

/* What the page will compute first, computed here: bad input is refused before anything is written.
 */
static gable_status try_question(gable_arena *arena, const gable_page_request *request,
                                 gable_err *err)
{
    gable_text question = {0}, answer = {0};
    gable_page page = {.arena = arena, .hw = request->hw, .workloads = request->workloads};
    write_question(request, request->model, request->system, &question);
    gable_status status = gable_report_done(&question, err);
    if (status == GABLE_OK)
        status = gable_page_ask(&page, question.text, question.length_bytes, &answer, err);
    gable_text_free(&question);
    gable_text_free(&answer);
    return status;
}

static gable_status read_template(gable_arena *arena, const char *path, const char **head,
                                  const char **tail, gable_err *err)
{
    static const size_t cap_bytes = (size_t)8 * 1024 * 1024;
    const char *text;
    size_t length_bytes;
    if (!gable_file_exists(path))
        return gable_fail(err, GABLE_OUTPUT,
                          "the page was not built into this program: `make setup all` makes "
                          "it, with clang, lld, wasi-libc and libclang-rt-dev-wasm32");
    GABLE_TRY(gable_file_read(arena, path, cap_bytes, &text, &length_bytes, err));
    char *cut = strstr(text, marker);
    if (!cut)
        return gable_fail(err, GABLE_INPUT, "%s: holds no %s", path, marker);
    *cut = '\0';
    *head = text;
    *tail = cut + sizeof marker - 1;
    return GABLE_OK;
}

gable_status gable_page_write(gable_arena *arena, const gable_page_request *request,
                              gable_text *out, gable_err *err)
{
    const char *head, *tail, *model = request->model, *system = request->system;
    gable_text question = {0};
    GABLE_TRY(try_question(arena, request, err));
    GABLE_TRY(read_template(arena, request->template_path, &head, &tail, err));
    gable_text_add(out, head);
    GABLE_TRY(add_folders(arena, request, out, err));
    GABLE_TRY(
        add_given(arena, gable_file_join(arena, request->workloads, "models"), &model, out, err));
    GABLE_TRY(add_given(arena, gable_file_join(arena, request->hw, "systems"), &system, out, err));
    write_question(request, model, system, &question);
    gable_text_add(out, "<script type=\"application/json\" id=\"start\">");
    if (question.text)
        gable_page_add_data(out, question.text, question.length_bytes);
    gable_text_add(out, "</script>\n");
    gable_text_add(out, tail);
    out->failed = out->failed || question.failed;
    gable_text_free(&question);
    return gable_report_done(out, err);
}
