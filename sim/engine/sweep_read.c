/* engine/sweep: reading a file of a sweep, and loading the models and machines that it names. */
#include <math.h>
#include <string.h>

#include "engine/check.h"
#include "engine/sweep_axes.h"
#include "engine/sweep_goals.h"
#include "gable.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* 2^50: an index stays exact in a double, and so in JSON. */
static const double points_cap = 1125899906842624.0;

static const char *const more_keys[] = {"axes", "sample", "where", "pareto", "histogram"};

/* What the rows read. */
typedef struct words {
    const char *name, *why, *objective;
    int top;
} words;

#define FIELD(key_, type_, member_, ...)                                                           \
    {                                                                                              \
        .block = "", .key = key_, .type = GABLE_FIELD_##type_, .offset = offsetof(words, member_), \
        __VA_ARGS__                                                                                \
    }
static const gable_field rows[] = {
    FIELD("name", NAME, name, .flags = GABLE_FIELD_REQUIRED, .help = "name of the sweep"),
    FIELD("why", TEXT, why, .help = "what it is to find out"),
    FIELD("objective", TEXT, objective,
          .help = "metric to find the best of; \"min \" or \"max \" before it turns it round"),
    FIELD("top", INT, top, .min = 1.0, .max = GABLE_SWEEP_TOP_CAP, .help = "points to keep"),
};
#undef FIELD

const gable_schema gable_sweep_schema = {.id = "gable.sweep/1",
                                         .title = "a sweep",
                                         .fields = rows,
                                         .n_fields = COUNT_OF(rows),
                                         .extra_keys = more_keys,
                                         .n_extra_keys = COUNT_OF(more_keys)};

/* ---- axes ---- */

/* The axis of the layout that goes fastest: the first of these that has several values. */
static int fastest(const gable_sweep *sweep)
{
    static const char *const wanted[] = {"context", "batch", "new_tokens"};
    for (size_t k = 0; k < COUNT_OF(wanted); k++)
        for (int i = 0; i < sweep->n_axes; i++)
            if (sweep->axis[i].n > 1 && strcmp(sweep->axis[i].key, wanted[k]) == 0)
                return i;
    return -1;
}

/* Places among the digits: by part, then as in the table, fields last, as in the file. */
static int place_of(const gable_sweep_axis *axis)
{
    int row = axis->row ? (int)(axis->row - gable_sweep_rows) : gable_sweep_n_rows;
    return (int)axis->part * 64 + row;
}

static void order_axes(gable_sweep *sweep)
{
    int run = sweep->sampled ? -1 : fastest(sweep);
    if (run >= 0)
        sweep->axis[run].part = GABLE_SWEEP_RUN;
    for (int i = 1; i < sweep->n_axes; i++) {
        gable_sweep_axis moved = sweep->axis[i];
        int j = i;
        for (; j > 0 && place_of(&sweep->axis[j - 1]) > place_of(&moved); j--)
            sweep->axis[j] = sweep->axis[j - 1];
        sweep->axis[j] = moved;
    }
}

static gable_status read_sample(const gable_json *node, gable_sweep *out, gable_err *err)
{
    static const char *const keys[] = {"points", "kind"};
    double points = 0.0;
    if (!node)
        return GABLE_OK;
    GABLE_TRY(gable_sweep_expect(node, GABLE_JSON_OBJECT, err));
    GABLE_TRY(gable_json_check_keys(node, keys, COUNT_OF(keys), err));
    const gable_json *kind = gable_json_get(node, "kind");
    if (kind && (kind->type != GABLE_JSON_STRING || strcmp(kind->string, "sobol") != 0))
        return gable_json_fail(kind, err, "expected \"sobol\"");
    GABLE_TRY(gable_sweep_quantity(node, "points", GABLE_DIM_COUNT, &points, err));
    if (!(points >= 1.0 && points <= points_cap) || floor(points) < points)
        return gable_json_fail(node, err, "\"points\": expected a whole number from 1");
    out->sampled = true;
    out->total = (uint64_t)points;
    return GABLE_OK;
}

static gable_status read_axes(gable_arena *arena, const gable_json *root, gable_sweep *out,
                              gable_err *err)
{
    const gable_json *node = gable_json_get(root, "axes");
    double total = 1.0;
    if (!node)
        return gable_json_fail(root, err, "\"axes\" is missing");
    GABLE_TRY(gable_sweep_expect(node, GABLE_JSON_OBJECT, err));
    if (node->n_children > GABLE_SWEEP_AXES_CAP)
        return gable_json_fail(node, err, "%zu axes, at most %d", node->n_children,
                               GABLE_SWEEP_AXES_CAP);
    for (const gable_json *axis = node->child; axis; axis = axis->next)
        GABLE_TRY(gable_sweep_axis_read(arena, axis, out->sampled, &out->axis[out->n_axes++], err));
    for (int i = 0; i < out->n_axes; i++)
        total *= out->axis[i].n;
    if (!out->sampled && total > points_cap)
        return gable_json_fail(node, err, "%.3g points, at most %.3g", total, points_cap);
    order_axes(out);
    out->n_slow = out->n_machines = out->n_run = 1;
    for (int i = 0; i < out->n_axes; i++) {
        uint64_t n = (uint64_t)out->axis[i].n;
        if (out->axis[i].part == GABLE_SWEEP_RUN)
            out->n_run *= n;
        else if (out->axis[i].part == GABLE_SWEEP_MACHINE)
            out->n_machines *= n;
        else
            out->n_slow *= n;
    }
    if (!out->sampled)
        out->total = out->n_slow * out->n_machines * out->n_run;
    return GABLE_OK;
}

/* ---- models and machines ---- */

enum { VARIANTS_CAP = 4096, BASES_CAP = 256 };

/* Words of the digits of one kind of object: value `which` of the mixed radix of its axes. */
static void words_at(const gable_sweep *sweep, bool machines, int which, gable_sweep_words *out)
{
    *out = gable_sweep_defaults;
    for (int i = sweep->n_axes - 1; i >= 0; i--) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (machines ? !gable_sweep_loads(axis) : axis->part != GABLE_SWEEP_MODEL)
            continue;
        int at = which % axis->n;
        which /= axis->n;
        gable_sweep_set_word(axis, at, axis->value[at], out);
    }
}

static const gable_json *node_of(const gable_sweep *sweep, const char *key, const gable_json *root)
{
    for (int i = 0; i < sweep->n_axes; i++)
        if (strcmp(sweep->axis[i].key, key) == 0)
            return sweep->axis[i].node;
    return root;
}

static gable_status load_variant(gable_arena *arena, const gable_sweep_request *request,
                                 const gable_sweep_words *w, const gable_model **out,
                                 gable_err *err)
{
    gable_dtype dtype[3];
    const double given[3] = {w->weights, w->activations, w->kv};
    const gable_dtype *chosen[3];
    for (int i = 0; i < 3; i++) {
        dtype[i] = given[i] < 0.0 ? GABLE_DTYPE_BF16 : (gable_dtype)given[i];
        chosen[i] = given[i] < 0.0 ? NULL : &dtype[i];
    }
    GABLE_TRY(gable_model_load(arena, request->workloads, w->model, out, err));
    if (w->checkpoint) {
        const char *path = gable_file_join(arena, request->workloads, "checkpoints.csv");
        if (!path)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(gable_model_checkpoint(arena, path, w->checkpoint, *out, out, err));
    }
    if (!chosen[0] && !chosen[1] && !chosen[2])
        return GABLE_OK;
    return gable_model_override(arena, *out, chosen[0], chosen[1], chosen[2], out, err);
}

static gable_status load_base(gable_arena *arena, const gable_sweep_request *request,
                              const gable_sweep_words *w, gable_machine *out, gable_err *err)
{
    gable_constants *copy;
    GABLE_TRY(gable_machine_load(arena, request->hw, w->system, w->stack, out, err));
    if (!(w->clocks > 0.0))
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *copy, &copy, err));
    *copy = *out->constants;
    copy->sustained = true;
    out->constants = copy;
    return GABLE_OK;
}

static int count_of(const gable_sweep *sweep, bool machines, int cap)
{
    double n = 1.0;
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (machines ? gable_sweep_loads(axis) : axis->part == GABLE_SWEEP_MODEL)
            n *= axis->n;
    }
    return n > cap ? cap + 1 : (int)n;
}

static gable_status load_all(gable_arena *arena, const gable_sweep_request *request,
                             const gable_json *root, gable_sweep *out, gable_err *err)
{
    gable_sweep_words w;
    gable_err why = {0};
    out->n_variants = count_of(out, false, VARIANTS_CAP);
    out->n_bases = count_of(out, true, BASES_CAP);
    if (out->n_variants > VARIANTS_CAP || out->n_bases > BASES_CAP)
        return gable_json_fail(root, err, "more than %d models or %d machines", VARIANTS_CAP,
                               BASES_CAP);
    GABLE_TRY(
        gable_arena_take(arena, (size_t)out->n_variants, sizeof *out->variant, &out->variant, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)out->n_bases, sizeof *out->base, &out->base, err));
    for (int i = 0; i < out->n_variants; i++) {
        words_at(out, false, i, &w);
        if (!w.model)
            return gable_json_fail(gable_json_get(root, "axes"), err, "\"model\" is missing");
        if (load_variant(arena, request, &w, &out->variant[i], &why) != GABLE_OK)
            return gable_json_fail(node_of(out, "model", root), err, "%s", why.text);
    }
    for (int i = 0; i < out->n_bases; i++) {
        words_at(out, true, i, &w);
        if (!w.system)
            return gable_json_fail(gable_json_get(root, "axes"), err, "\"system\" is missing");
        if (load_base(arena, request, &w, &out->base[i].machine, &why) != GABLE_OK)
            return gable_json_fail(node_of(out, "system", root), err, "%s", why.text);
    }
    return GABLE_OK;
}

/* Values of fields on each machine: factors are of its own. */
static gable_status read_fields(gable_arena *arena, gable_sweep *out, gable_err *err)
{
    for (int i = 0; i < out->n_axes; i++) {
        gable_sweep_axis *axis = &out->axis[i];
        size_t n = (size_t)(axis->n * out->n_bases) + 1;
        if (!axis->row)
            GABLE_TRY(gable_arena_take(arena, n, sizeof(double), &axis->base_value, err));
    }
    for (int b = 0; b < out->n_bases; b++) {
        gable_edit edit;
        size_t mark = gable_arena_mark(arena);
        GABLE_TRY(gable_edit_open(arena, &out->base[b].machine, &edit, err));
        for (int i = 0; i < out->n_axes; i++) {
            const gable_sweep_axis *axis = &out->axis[i];
            if (!axis->row)
                GABLE_TRY(gable_sweep_field_read(
                    axis, &edit, &axis->base_value[(size_t)b * (size_t)axis->n], err));
        }
        gable_arena_release(arena, mark);
    }
    return GABLE_OK;
}

/* ---- the whole ---- */

/* What is asked of a point decides how much of it is added up. */
static bool wants_sums(const gable_sweep *sweep)
{
    bool sums = gable_metrics[sweep->objective.metric].sums;
    for (int i = 0; i < 2 && sweep->has_front; i++)
        sums |= gable_metrics[sweep->front[i].metric].sums;
    for (int i = 0; i < sweep->n_where; i++)
        sums |= gable_metrics[sweep->where[i].metric].sums;
    return sums || (sweep->histogram.wanted && gable_metrics[sweep->histogram.metric].sums);
}

static uint64_t add_number(uint64_t hash, int number)
{
    return (hash ^ (uint64_t)number) * 0x100000001b3u;
}

static uint64_t add_goal(uint64_t hash, const gable_sweep_goal *goal)
{
    return add_number(add_number(hash, (int)goal->metric), goal->least);
}

/* What makes two sweeps different, but for what points cost (gable_sweep_fingerprint). */
static uint64_t hash_of(const gable_sweep *sweep, const char *text, size_t length_bytes)
{
    uint64_t hash = add_number(gable_check_hash(text, length_bytes), sweep->top);
    for (const char *c = GABLE_VERSION; *c; c++)
        hash = add_number(hash, *c);
    if (!sweep->has_front)
        return hash;
    return add_goal(add_goal(hash, &sweep->front[0]), &sweep->front[1]);
}

/* A grid keeps what it laid out for all machines; each point of a sample is laid out afresh. */
enum { GRID_BLOCK = 131072, SAMPLE_BLOCK = 8192, TOP_DEFAULT = 10 };

gable_status gable_sweep_read(gable_arena *arena, const gable_sweep_request *request,
                              gable_sweep *out, gable_err *err)
{
    words w = {.top = TOP_DEFAULT};
    const char *text;
    size_t length_bytes;
    const gable_json *root;
    gable_err why = {0};
    *out = (gable_sweep){.path = request->path};
    GABLE_TRY(gable_file_read(arena, request->path, GABLE_FILE_CAP_JSON_BYTES, &text, &length_bytes,
                              err));
    GABLE_TRY(
        gable_json_parse(arena, request->path, text, length_bytes, GABLE_JSON_STRICT, &root, err));
    GABLE_TRY(gable_fields_read(arena, root, &gable_sweep_schema, &w, NULL, err));
    out->name = w.name;
    out->why = w.why;
    out->top = request->top > 0 ? request->top : w.top;
    if (gable_sweep_goal_read(w.objective ? w.objective : "tokens_per_s_per_gpu", &out->objective,
                              &why) != GABLE_OK)
        return gable_json_fail(gable_json_get(root, "objective"), err, "%s", why.text);
    GABLE_TRY(read_sample(gable_json_get(root, "sample"), out, err));
    GABLE_TRY(gable_sweep_where_read(arena, gable_json_get(root, "where"), out, err));
    GABLE_TRY(gable_sweep_front_read(gable_json_get(root, "pareto"), out, err));
    GABLE_TRY(gable_sweep_front_words(arena, request->pareto, out, err));
    GABLE_TRY(gable_sweep_histogram_read(gable_json_get(root, "histogram"), &out->histogram, err));
    GABLE_TRY(read_axes(arena, root, out, err));
    GABLE_TRY(load_all(arena, request, root, out, err));
    GABLE_TRY(read_fields(arena, out, err));
    out->block = out->sampled ? SAMPLE_BLOCK : GRID_BLOCK;
    out->sums = wants_sums(out);
    out->hash = hash_of(out, text, length_bytes);
    return gable_sweep_fingerprint(arena, out, err);
}
