/* engine/check: pricing a recorded scenario again, and what is not as it was. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/check.h"
#include "gable.h"

bool gable_check_within(double old, double now, double tolerance)
{
    return fabs(now - old) <= tolerance * fabs(old);
}

/* ---- where the data come from ---- */

static const uint64_t fnv_start = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

static uint64_t add_hash(uint64_t hash, const char *text, size_t length_bytes)
{
    bool inside = false;
    for (size_t i = 0; i < length_bytes; i++) {
        char c = text[i];
        if (!inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        if (c == '"')
            inside = !inside;
        hash = (hash ^ (unsigned char)c) * fnv_prime;
        if (inside && c == '\\' && i + 1 < length_bytes)
            hash = (hash ^ (unsigned char)text[++i]) * fnv_prime;
    }
    return hash;
}

uint64_t gable_check_hash(const char *text, size_t length_bytes)
{
    uint64_t hash = add_hash(fnv_start, text, length_bytes);
    return hash ? hash : 1; /* 0 says that there is no file */
}

/* Adds the file at `path` to `hash`; a file that is not there, and "", add nothing. */
static gable_status hash_file(gable_arena *scratch, const char *path, uint64_t *hash,
                              gable_err *err)
{
    const char *text;
    size_t length_bytes, mark = gable_arena_mark(scratch);
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    if (!gable_file_exists(path))
        return GABLE_OK;
    GABLE_TRY(gable_file_read(scratch, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length_bytes, err));
    *hash = add_hash(*hash ? *hash : fnv_start, text, length_bytes);
    gable_arena_release(scratch, mark);
    return GABLE_OK;
}

/* hw/folder/name.json, or `name` itself when it is a path. */
static const char *file_of(gable_arena *scratch, const char *hw, const char *folder,
                           const char *name)
{
    char file[300];
    size_t n = strlen(name);
    if (strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".json") == 0))
        return name;
    snprintf(file, sizeof file, "%s/%s.json", folder, name);
    return gable_file_join(scratch, hw, file);
}

static gable_status hash_folder(gable_arena *scratch, const char *folder, uint64_t *hash,
                                gable_err *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (!folder)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(scratch, folder, ".json", &names, &count, err));
    for (size_t i = 0; i < count; i++)
        GABLE_TRY(hash_file(scratch, gable_file_join(scratch, folder, names[i]), hash, err));
    return GABLE_OK;
}

static gable_status hash_data(const gable_check_source *source, const gable_check *check,
                              const gable_model *model, const gable_machine *machine,
                              uint64_t hash[GABLE_N_CHECK_DATA], gable_err *err)
{
    gable_arena *scratch = source->scratch;
    const gable_accelerator *device = machine->accelerator;
    const char *paths[GABLE_N_CHECK_DATA] = {
        [GABLE_CHECK_DATA_MODEL] = model->path,
        [GABLE_CHECK_DATA_SYSTEM] = file_of(scratch, source->hw, "systems", check->system),
        [GABLE_CHECK_DATA_ACCELERATOR] = file_of(scratch, source->hw, "accelerators", device->name),
        [GABLE_CHECK_DATA_GENERATION] =
            device->generation ? file_of(scratch, source->hw, "generations", device->generation)
                               : "",
        [GABLE_CHECK_DATA_CALIBRATION] = "", /* a folder, below */
        [GABLE_CHECK_DATA_STACK] = file_of(scratch, source->hw, "stacks", check->stack),
        [GABLE_CHECK_DATA_CHECKPOINTS] =
            check->checkpoint ? gable_file_join(scratch, source->workloads, "checkpoints.csv") : "",
    };
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++)
        GABLE_TRY(hash_file(scratch, paths[i], &hash[i], err));
    if (machine->constants->ideal)
        return GABLE_OK;
    uint64_t *known = source->held ? &source->held->calibration_hash : NULL;
    const char *folder = gable_file_join(scratch, source->hw, "calibration");
    if (known && *known)
        hash[GABLE_CHECK_DATA_CALIBRATION] = *known;
    else
        GABLE_TRY(hash_folder(scratch, folder, &hash[GABLE_CHECK_DATA_CALIBRATION], err));
    if (known)
        *known = hash[GABLE_CHECK_DATA_CALIBRATION];
    return GABLE_OK;
}

/* ---- pricing ---- */

/* The failure of a stage, moved to the place in the file that asked for it. */
static gable_status blame(const gable_check *check, const char *key, const gable_err *why,
                          gable_err *err)
{
    const gable_json *scenario = gable_json_get(check->root, "scenario");
    const gable_json *node = key ? gable_json_get(scenario, key) : scenario;
    if (why->by_system)
        err->by_system = true;
    if (why->status != GABLE_INPUT || why->by_system || !node)
        return gable_fail(err, why->status, "%s: %s", check->path, why->text);
    return gable_json_fail(node, err, "%s", why->text);
}

static const gable_dtype *chosen(const char *name, gable_dtype *dtype)
{
    return name && gable_dtype_find(name, dtype) ? dtype : NULL;
}

static gable_status load_machine(const gable_check_source *source, const gable_check *check,
                                 gable_machine *machine, gable_err *err)
{
    gable_err why = {0}, again = {0};
    const gable_system *system;
    if (gable_machine_load(source->scratch, source->hw, check->system, check->stack, machine,
                           &why) == GABLE_OK)
        return GABLE_OK;
    bool found =
        gable_system_load(source->scratch, source->hw, check->system, &system, &again) == GABLE_OK;
    return blame(check, found ? "stack" : "system", &why, err);
}

/* The held machine becomes that of the scenario. */
static gable_status hold(const gable_check_source *source, const gable_check *check, gable_err *err)
{
    gable_check_held *held = source->held;
    if (held->system && strcmp(held->system, check->system) == 0 &&
        strcmp(held->stack, check->stack) == 0)
        return GABLE_OK;
    if (held->system)
        gable_arena_release(source->scratch, held->mark);
    held->system = NULL;
    held->mark = gable_arena_mark(source->scratch);
    GABLE_TRY(load_machine(source, check, &held->machine, err));
    held->system = check->system;
    held->stack = check->stack;
    return GABLE_OK;
}

static gable_status load(const gable_check_source *source, const gable_check *check,
                         const gable_model **model, gable_machine *machine, gable_err *err)
{
    gable_err why = {0};
    gable_dtype dtype[3];
    if (gable_model_load(source->scratch, source->workloads, check->model, model, &why))
        return blame(check, "model", &why, err);
    if (source->held)
        *machine = source->held->machine;
    else
        GABLE_TRY(load_machine(source, check, machine, err));
    machine->n_nodes = check->nodes;
    if (check->checkpoint) {
        const char *path = gable_file_join(source->scratch, source->workloads, "checkpoints.csv");
        if (!path)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        if (gable_model_checkpoint(source->scratch, path, check->checkpoint, *model, model, &why))
            return blame(check, "checkpoint", &why, err);
    }
    const gable_dtype *formats[3] = {chosen(check->weights, &dtype[0]),
                                     chosen(check->activations, &dtype[1]),
                                     chosen(check->kv, &dtype[2])};
    if (!formats[0] && !formats[1] && !formats[2])
        return GABLE_OK;
    if (gable_model_override(source->scratch, *model, formats[0], formats[1], formats[2], model,
                             &why))
        return blame(check, NULL, &why, err);
    return GABLE_OK;
}

static gable_status keep_figures(gable_arena *keep, const gable_plan *plan, const gable_step *step,
                                 gable_check_figures *now, gable_err *err)
{
#define METRIC_VALUE(symbol, key, dim, where) now->metric[GABLE_CHECK_##symbol] = (where);
    GABLE_CHECK_METRIC_LIST(METRIC_VALUE)
#undef METRIC_VALUE
    now->bound = (int)step->bound;
    now->fits = step->fits;
    now->program = gable_version();
    GABLE_TRY(gable_arena_take(keep, (size_t)plan->n_rows + 1, sizeof *now->operators,
                               &now->operators, err));
    for (int i = 0; i < plan->n_rows; i++) {
        const char *name = gable_arena_copy(keep, plan->name[i], strlen(plan->name[i]));
        if (!name)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        now->operators[i] = (gable_check_operator){name, (int)step->row[i].bound, step->time_s[i]};
    }
    now->n_operators = plan->n_rows;
    return GABLE_OK;
}

static gable_status price(const gable_check_source *source, const gable_check *check, bool hashed,
                          gable_check_figures *now, gable_err *err)
{
    const gable_model *model;
    gable_machine machine = {0};
    gable_plan plan;
    gable_step step;
    gable_err why = {0};
    gable_scenario scenario = {.phase = (gable_phase)check->phase,
                               .batch = check->batch,
                               .n_cached = check->n_cached,
                               .n_new = check->n_new,
                               .micro_batches = check->micro_batches,
                               .overlap = (gable_overlap)check->overlap,
                               .exchange = (gable_token_exchange)check->exchange,
                               .context_exchange = (gable_context_exchange)check->context_exchange,
                               .skew = check->skew,
                               .redundant_experts = check->redundant_experts};
    GABLE_RANKS_COPY(&scenario, check);
    GABLE_TRY(load(source, check, &model, &machine, err));
    if (gable_engine_lay(source->scratch, model, &machine, &scenario, &plan, &step, &why))
        return blame(check, NULL, &why, err);
    if (hashed)
        GABLE_TRY(hash_data(source, check, model, &machine, now->hash, err));
    return keep_figures(source->keep, &plan, &step, now, err);
}

gable_status gable_check_figure(const gable_check_source *source, const gable_check *check,
                                bool hashed, gable_check_figures *now, gable_err *err)
{
    *now = (gable_check_figures){0};
    if (source->held)
        GABLE_TRY(hold(source, check, err));
    size_t mark = gable_arena_mark(source->scratch);
    gable_status status = price(source, check, hashed, now, err);
    if (status == GABLE_OK && (source->scratch->full || source->keep->full))
        status = gable_fail(err, GABLE_INTERNAL, "%s: arena full", check->path);
    gable_arena_release(source->scratch, mark);
    return status;
}

/* ---- comparing ---- */

static void place_of(const gable_check *check, const gable_json *node, gable_check_change *change)
{
    if (!node)
        return;
    change->line = change->column = 1;
    for (size_t i = 0; i < node->offset_bytes; i++) {
        change->column++;
        if (check->text[i] == '\n') {
            change->line++;
            change->column = 1;
        }
    }
}

static void add_regime(gable_check *check, const char *name, const char *old_text,
                       const char *now_text, const gable_json *node)
{
    gable_check_change *change = &check->changes[check->n_changes++];
    *change = (gable_check_change){.name = name,
                                   .is_regime = true,
                                   .old_text = old_text,
                                   .now_text = now_text,
                                   .relative_frac = (double)INFINITY};
    place_of(check, node, change);
}

static const gable_check_operator *find_operator(const gable_check_figures *figures,
                                                 const char *name)
{
    for (int i = 0; i < figures->n_operators; i++)
        if (strcmp(figures->operators[i].name, name) == 0)
            return &figures->operators[i];
    return NULL;
}

static const char *bound_text(const gable_check_operator *operator)
{
    return operator? gable_bound_name((gable_bound) operator->bound) : "absent";
}

static void compare_regimes(gable_check *check, const gable_json *expect)
{
    static const char *const fits[] = {"false", "true"};
    const gable_check_figures *old = &check->recorded, *now = &check->now;
    const gable_json *operators = gable_json_get(expect, "operators");
    if (old->bound >= 0 && old->bound != now->bound)
        add_regime(check, "bound", gable_bound_name((gable_bound)old->bound),
                   gable_bound_name((gable_bound)now->bound), gable_json_get(expect, "bound"));
    if (old->fits >= 0 && old->fits != now->fits)
        add_regime(check, "fits", fits[old->fits], fits[now->fits], gable_json_get(expect, "fits"));
    for (int i = 0; i < old->n_operators; i++) {
        const gable_check_operator *was = &old->operators[i], *is = find_operator(now, was->name);
        if (!is || is->bound != was->bound)
            add_regime(check, was->name, bound_text(was), bound_text(is),
                       gable_json_get(operators, was->name));
    }
    for (int i = 0; check->expects_operators && i < now->n_operators; i++)
        if (!find_operator(old, now->operators[i].name))
            add_regime(check, now->operators[i].name, "absent", bound_text(&now->operators[i]),
                       operators);
}

static void compare_metrics(gable_check *check, const gable_json *expect)
{
    const gable_json *metrics = gable_json_get(expect, "metrics");
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        double old = check->recorded.metric[i], now = check->now.metric[i];
        if (!check->expects[i] || gable_check_within(old, now, check->tolerance[i]))
            continue;
        double relative = fabs(old) > 0.0 ? now / old - 1.0 : (double)INFINITY;
        gable_check_change change = {.name = gable_check_metric_keys[i],
                                     .dim = gable_check_metric_dims[i],
                                     .old = old,
                                     .now = now,
                                     .tolerance = check->tolerance[i],
                                     .relative_frac = relative};
        const gable_json *node = gable_json_get(metrics, change.name);
        place_of(check, gable_json_get(node, "value"), &change);
        /* Insertion keeps the order of the list among equals. */
        int at = check->n_changes++;
        for (; at > 0 && !check->changes[at - 1].is_regime &&
               fabs(check->changes[at - 1].relative_frac) < fabs(relative);
             at--)
            check->changes[at] = check->changes[at - 1];
        check->changes[at] = change;
    }
}

static void add_move(gable_check *check, const char *name, double old_s, double now_s)
{
    double tolerance = check->expects[GABLE_CHECK_TIME] ? check->tolerance[GABLE_CHECK_TIME]
                                                        : gable_check_tolerance;
    if (old_s < 0.0 || gable_check_within(old_s, now_s, tolerance))
        return;
    int at = check->n_moves++;
    for (; at > 0 &&
           fabs(check->moves[at - 1].now_s - check->moves[at - 1].old_s) < fabs(now_s - old_s);
         at--)
        check->moves[at] = check->moves[at - 1];
    check->moves[at] = (gable_check_move){name, old_s, now_s};
}

static void compare_operators(gable_check *check)
{
    const gable_check_figures *old = &check->recorded, *now = &check->now;
    for (int i = 0; i < old->n_operators; i++) {
        const gable_check_operator *is = find_operator(now, old->operators[i].name);
        add_move(check, old->operators[i].name, old->operators[i].time_s, is ? is->time_s : 0.0);
    }
    for (int i = 0; check->expects_operators && i < now->n_operators; i++)
        if (!find_operator(old, now->operators[i].name))
            add_move(check, now->operators[i].name, 0.0, now->operators[i].time_s);
}

gable_status gable_check_compare(gable_arena *keep, gable_check *check, gable_err *err)
{
    const gable_json *expect = gable_json_get(check->root, "expect");
    size_t n = (size_t)check->recorded.n_operators + (size_t)check->now.n_operators;
    GABLE_TRY(gable_arena_take(keep, n + GABLE_N_CHECK_METRICS + 2, sizeof *check->changes,
                               &check->changes, err));
    GABLE_TRY(gable_arena_take(keep, n + 1, sizeof *check->moves, &check->moves, err));
    check->n_changes = check->n_moves = 0;
    compare_regimes(check, expect);
    compare_metrics(check, expect);
    check->outcome = check->n_changes ? GABLE_CHECK_DIFFERS : GABLE_CHECK_OK;
    if (check->n_changes)
        compare_operators(check);
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++)
        check->data_moved[i] =
            check->recorded.hash[i] && check->recorded.hash[i] != check->now.hash[i];
    return GABLE_OK;
}

gable_status gable_check_price(const gable_check_source *source, gable_check *check, gable_err *err)
{
    GABLE_TRY(gable_check_figure(source, check, true, &check->now, err));
    if (gable_json_get(check->root, "expect"))
        return gable_check_compare(source->keep, check, err);
    check->n_changes = check->n_moves = 0;
    check->outcome = GABLE_CHECK_UNRECORDED;
    return GABLE_OK;
}
