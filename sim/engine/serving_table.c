/* engine/serving_table: see serving_table.h. */
#include "engine/serving_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/check.h"

/* X(symbol, column, needed). attn_dp is 1 in every table that there is; other values are
 * unsupported. */
#define COLUMN_LIST(X)                                                                             \
    X(DEVICE, "device", 1)                                                                         \
    X(SYSTEM, "system", 1)                                                                         \
    X(FRAMEWORK, "framework", 1)                                                                   \
    X(MODEL, "model", 1)                                                                           \
    X(PRECISION, "precision", 1)                                                                   \
    X(TP, "tp", 1)                                                                                 \
    X(EP, "ep", 1)                                                                                 \
    X(ATTN_DP, "attn_dp", 0)                                                                       \
    X(ISL, "isl", 1)                                                                               \
    X(OSL, "osl", 1)                                                                               \
    X(RATIO, "length_ratio", 0)                                                                    \
    X(WAVES, "waves", 0)                                                                           \
    X(CONCURRENCY, "concurrency", 1)                                                               \
    X(MEASURED, "measured", 0)                                                                     \
    X(STEP_TOKENS, "step_tokens", 0)                                                               \
    X(GRAPH, "graph_tokens", 0)                                                                    \
    X(POLL, "poll_steps", 0)                                                                       \
    X(WAIT, "wait_steps", 0)                                                                       \
    X(WAIT_FRAC, "wait_frac", 0)                                                                   \
    X(CLEAN, "ttft_clean", 0)                                                                      \
    X(TTFT, "ttft_ms", 2)                                                                          \
    X(TPOT, "tpot_ms", 2)
enum {
#define COLUMN_ENUM(symbol, name, needed) COLUMN_##symbol,
    COLUMN_LIST(COLUMN_ENUM)
#undef COLUMN_ENUM
        N_COLUMNS
};
static const struct {
    const char *name;
    int needed; /* 0: may be absent; 1: needed; 2: needed to validate */
} columns[N_COLUMNS] = {
#define COLUMN_ROW(symbol, name, needed) {name, needed},
    COLUMN_LIST(COLUMN_ROW)
#undef COLUMN_ROW
};

enum { MACHINES_CAP = 64, MODELS_CAP = 64 };

/* What rows share, loaded once. */
typedef struct loaded_machine {
    const char *system, *stack;
    gable_machine machine;
    gable_serving_constants constants;
    gable_serving_rules rules;
} loaded_machine;

typedef struct loaded_model {
    const char *name, *precision;
    bool narrow; /* the device has a 4-bit unit */
    bool kv_fp8;
    const gable_model *model;
} loaded_model;

typedef struct reader {
    gable_arena *arena;
    const char *hw, *workloads, *checkpoints;
    const gable_csv *csv;
    size_t column[N_COLUMNS];
    loaded_machine machines[MACHINES_CAP];
    int n_machines;
    loaded_model models[MODELS_CAP];
    int n_models;
    gable_err *err;
} reader;

static const char *cell(const reader *r, size_t row, int column)
{
    return r->column[column] < r->csv->n_columns
               ? r->csv->cells[row * r->csv->n_columns + r->column[column]]
               : "";
}

/* An empty cell is `fallback`. */
static gable_status number(const reader *r, size_t row, int column, double fallback, double *out)
{
    const char *text = cell(r, row, column);
    *out = fallback;
    if (!*text || (gable_num_parse(text, out) && *out >= 0.0 && isfinite(*out)))
        return GABLE_OK;
    return gable_csv_fail(r->csv, row, r->column[column], r->err,
                          "expected a number of at least 0, got \"%.40s\"", text);
}

static gable_status find_columns(reader *r, bool measured)
{
    for (int i = 0; i < N_COLUMNS; i++) {
        r->column[i] = gable_csv_column(r->csv, columns[i].name);
        if (columns[i].needed == 1 || (columns[i].needed == 2 && measured))
            GABLE_TRY(gable_csv_need(r->csv, columns[i].name, &r->column[i], r->err));
    }
    return GABLE_OK;
}

/* ---- machines ---- */

static gable_status find_machine(reader *r, const char *system, const char *stack,
                                 loaded_machine **out)
{
    for (int i = 0; i < r->n_machines; i++)
        if (strcmp(r->machines[i].system, system) == 0 &&
            strcmp(r->machines[i].stack, stack) == 0) {
            *out = &r->machines[i];
            return GABLE_OK;
        }
    if (r->n_machines == MACHINES_CAP)
        return gable_fail(r->err, GABLE_INPUT, "%s: more than %d pairs of system and framework",
                          r->csv->file, MACHINES_CAP);
    loaded_machine *m = &r->machines[r->n_machines++];
    *m = (loaded_machine){.system = system, .stack = stack};
    GABLE_TRY(gable_machine_load(r->arena, r->hw, system, stack, &m->machine, r->err));
    *out = m;
    return gable_serving_load(r->arena, r->hw, m->machine.accelerator, stack, &m->constants,
                              &m->rules, r->err);
}

/* ---- models ---- */

/* Names of checkpoints end in the format; on devices with a 4-bit unit 8-bit activations meet 4-bit
 * weights. */
static const struct {
    const char *precision, *ending;
    bool narrow_only;
} endings[] = {
    {"fp4", "w4a8", true}, {"fp4", "nvfp4", false}, {"fp8", "fp8", false}, {"int4", "int4", false}};

static bool lists(const gable_csv *checkpoints, const char *name)
{
    for (size_t i = 0; i < checkpoints->n_rows; i++)
        if (strcmp(checkpoints->cells[i * checkpoints->n_columns], name) == 0)
            return true;
    return false;
}

static gable_status take_checkpoint(const reader *r, const loaded_model *want,
                                    const gable_model **model, bool *found)
{
    gable_csv checkpoints;
    *found = false;
    GABLE_TRY(gable_csv_read(r->arena, r->checkpoints, &checkpoints, r->err));
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !*found; i++) {
        char name[160];
        if (strcmp(endings[i].precision, want->precision) != 0 ||
            (endings[i].narrow_only && !want->narrow))
            continue;
        snprintf(name, sizeof name, "%.120s-%s", want->name, endings[i].ending);
        if (!lists(&checkpoints, name))
            continue;
        *found = true;
        GABLE_TRY(gable_model_checkpoint(r->arena, r->checkpoints, name, *model, model, r->err));
    }
    return GABLE_OK;
}

/* The model as its file has it when that is the precision already; else all weights in it. */
static gable_status take_override(const reader *r, const loaded_model *want,
                                  const gable_model **model)
{
    static const struct {
        const char *precision;
        double bits;
        gable_dtype dtype;
    } generic[] = {{"bf16", 16, GABLE_DTYPE_BF16},
                   {"fp8", 8, GABLE_DTYPE_FP8_BLOCK},
                   {"int8", 8, GABLE_DTYPE_INT8},
                   {"fp4", 4, GABLE_DTYPE_NVFP4},
                   {"int4", 4, GABLE_DTYPE_INT4}};
    const gable_model *m = *model;
    bool routed = m->kinds[m->n_kinds - 1].ffn.n_experts > 0;
    double bits = 8.0 * gable_dtype_bytes(
                            m->dtypes[routed ? GABLE_MODULE_ROUTED : GABLE_MODULE_DENSE].weights);
    for (size_t i = 0; i < sizeof generic / sizeof generic[0]; i++)
        if (strcmp(generic[i].precision, want->precision) == 0) {
            if (fabs(bits - generic[i].bits) < 1.0)
                return GABLE_OK;
            return gable_model_override(r->arena, m, &generic[i].dtype, &generic[i].dtype, NULL,
                                        model, r->err);
        }
    return gable_fail(r->err, GABLE_INPUT, "unknown precision \"%s\"", want->precision);
}

static gable_status load_model(const reader *r, loaded_model *want)
{
    bool found;
    const gable_model *model;
    static const gable_dtype fp8 = GABLE_DTYPE_FP8;
    GABLE_TRY(gable_model_load(r->arena, r->workloads, want->name, &model, r->err));
    GABLE_TRY(take_checkpoint(r, want, &model, &found));
    if (!found)
        GABLE_TRY(take_override(r, want, &model));
    want->model = model;
    if (want->kv_fp8 && model->kv_dtype == GABLE_DTYPE_BF16)
        return gable_model_override(r->arena, model, NULL, NULL, &fp8, &want->model, r->err);
    return GABLE_OK;
}

static gable_status find_model(reader *r, const loaded_model *want, const gable_model **out)
{
    for (int i = 0; i < r->n_models; i++) {
        loaded_model *m = &r->models[i];
        if (strcmp(m->name, want->name) == 0 && strcmp(m->precision, want->precision) == 0 &&
            m->narrow == want->narrow && m->kv_fp8 == want->kv_fp8) {
            *out = m->model;
            return GABLE_OK;
        }
    }
    if (r->n_models == MODELS_CAP)
        return gable_fail(r->err, GABLE_INPUT, "%s: more than %d models", r->csv->file, MODELS_CAP);
    loaded_model *m = &r->models[r->n_models++];
    *m = *want;
    GABLE_TRY(load_model(r, m));
    *out = m->model;
    return GABLE_OK;
}

/* ---- rows ---- */

/* Runs of one configuration stay together: the split goes by all but the concurrency. */
static bool trains(const reader *r, size_t row)
{
    static const int shape[] = {COLUMN_DEVICE, COLUMN_FRAMEWORK, COLUMN_MODEL, COLUMN_PRECISION,
                                COLUMN_TP,     COLUMN_EP,        COLUMN_ISL,   COLUMN_OSL};
    char text[512];
    size_t n = 0;
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.50s;", cell(r, row, shape[i]));
    uint64_t hash = gable_check_hash(text, n);
    hash ^= hash >> 32; /* the low bit alone depends on little of the text */
    hash *= 0x9e3779b97f4a7c15u;
    return (hash >> 63) == 0;
}

/* What the run's recipe says of how its engine takes requests in. */
static gable_status read_intake(const reader *r, size_t row, gable_serving_intake *out)
{
    double poll, wait;
    GABLE_TRY(number(r, row, COLUMN_STEP_TOKENS, 0.0, &out->step_tokens));
    GABLE_TRY(number(r, row, COLUMN_GRAPH, 0.0, &out->graph_tokens));
    GABLE_TRY(number(r, row, COLUMN_POLL, 0.0, &poll));
    GABLE_TRY(number(r, row, COLUMN_WAIT, 0.0, &wait));
    GABLE_TRY(number(r, row, COLUMN_WAIT_FRAC, 0.0, &out->wait_frac));
    out->poll_steps = (int)fmin(poll, 1e6);
    out->wait_steps = (int)fmin(wait, 1e6);
    return GABLE_OK;
}

static gable_status read_request(const reader *r, size_t row, gable_serving_run *run)
{
    double tp, ep, attn_dp, ttft, tpot, clean;
    gable_serving_request *q = &run->request;
    GABLE_TRY(number(r, row, COLUMN_TP, 1.0, &tp));
    GABLE_TRY(number(r, row, COLUMN_EP, 1.0, &ep));
    GABLE_TRY(number(r, row, COLUMN_ATTN_DP, 1.0, &attn_dp));
    GABLE_TRY(number(r, row, COLUMN_ISL, 0.0, &q->isl));
    GABLE_TRY(number(r, row, COLUMN_OSL, 0.0, &q->osl));
    GABLE_TRY(number(r, row, COLUMN_RATIO, 0.0, &q->length_ratio));
    GABLE_TRY(number(r, row, COLUMN_WAVES, 0.0, &q->waves));
    GABLE_TRY(number(r, row, COLUMN_CONCURRENCY, 1.0, &q->concurrency));
    GABLE_TRY(number(r, row, COLUMN_TTFT, 0.0, &ttft));
    GABLE_TRY(number(r, row, COLUMN_TPOT, 0.0, &tpot));
    GABLE_TRY(number(r, row, COLUMN_CLEAN, 1.0, &clean));
    GABLE_TRY(read_intake(r, row, &q->intake));
    /* Engines count the ranks of all groups as tp (facts/serving.md 1.1: TP n, EP n on n devices);
     * here tp is of one group. */
    if (attn_dp > 1.0 && tp >= attn_dp)
        tp = floor(tp / attn_dp);
    q->tp = (int)fmin(tp, 1024.0);
    q->ep = (int)fmin(ep, 1024.0);
    q->attn_dp = (int)fmin(attn_dp, 1024.0);
    run->ttft_s = 1e-3 * ttft;
    run->tpot_s = 1e-3 * tpot;
    run->ttft_clean = clean > 0.0 && ttft > 0.0;
    if (q->isl < 1.0 || q->osl < 1.0 || q->concurrency < 1.0 || q->tp < 1 || q->ep < 1 ||
        q->attn_dp < 1)
        run->unsupported = "a size below 1";
    return GABLE_OK;
}

gable_status gable_serving_run_wait(gable_arena *arena, gable_serving_run *run,
                                    const gable_serving_constants *constants,
                                    gable_serving_wait *out, gable_err *err)
{
    *out = (gable_serving_wait){run->parts.isl,
                                gable_serving_queue_s(&run->parts, constants, &run->request)};
    return run->loop.simulated ? gable_serving_loop_run(arena, &run->loop, constants, out, err)
                               : GABLE_OK;
}

static gable_status finish_run(const reader *r, const gable_model *model,
                               const loaded_machine *machine, gable_serving_run *run)
{
    gable_serving_wait wait;
    gable_served served = {.model = model,
                           .machine = &machine->machine,
                           .rules = &machine->rules,
                           .request = &run->request,
                           .parts = &run->parts};
    GABLE_TRY(gable_serving_loop_init(r->arena, &served, &run->loop, r->err));
    GABLE_TRY(gable_serving_run_wait(r->arena, run, &run->constants, &wait, r->err));
    gable_serving_finish(&run->parts, &run->constants, &run->request, &machine->machine, &wait,
                         &run->serving);
    return GABLE_OK;
}

static gable_status price_run(reader *r, size_t row, gable_serving_run *run)
{
    loaded_machine *m;
    const gable_model *model;
    gable_err local = {0};
    GABLE_TRY(find_machine(r, cell(r, row, COLUMN_SYSTEM), run->stack, &m));
    const gable_accelerator *device = m->machine.accelerator;
    loaded_model want = {.name = run->model,
                         .precision = run->precision,
                         .narrow = device->matrix_flops_per_s[GABLE_MMA_FP4] > 0.0,
                         .kv_fp8 = m->rules.kv_fp8};
    GABLE_TRY(find_model(r, &want, &model));
    run->constants = m->constants;
    run->generation = device->generation;
    if (run->unsupported)
        return GABLE_OK;
    gable_status status = gable_serving_price(r->arena, model, &m->machine, &m->rules,
                                              &run->request, &run->parts, &local);
    if (status != GABLE_OK && status != GABLE_INPUT)
        return gable_fail(r->err, status, "%s", local.text);
    if (status != GABLE_OK) {
        run->unsupported = gable_arena_copy(r->arena, local.text, strlen(local.text));
        return run->unsupported ? GABLE_OK : gable_fail(r->err, GABLE_INTERNAL, "arena full");
    }
    if (run->parts.fits)
        return finish_run(r, model, m, run);
    run->unsupported = "no sequence fits";
    return GABLE_OK;
}

gable_status gable_serving_runs_read(gable_arena *arena, const char *hw, const char *workloads,
                                     const gable_csv *csv, const gable_recipes *recipes,
                                     bool measured, gable_serving_runs *out, gable_err *err)
{
    reader *r;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *r, &r, err));
    *r = (reader){.arena = arena, .hw = hw, .workloads = workloads, .csv = csv, .err = err};
    r->checkpoints = gable_file_join(arena, workloads, "checkpoints.csv");
    if (!r->checkpoints)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    out->csv = csv;
    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof *out->run, &out->run, err));
    GABLE_TRY(find_columns(r, measured));
    for (size_t i = 0; i < csv->n_rows; i++) {
        gable_serving_run *run = &out->run[i];
        *run = (gable_serving_run){.device = cell(r, i, COLUMN_DEVICE),
                                   .model = cell(r, i, COLUMN_MODEL),
                                   .precision = cell(r, i, COLUMN_PRECISION),
                                   .train = trains(r, i)};
        const char *framework = cell(r, i, COLUMN_FRAMEWORK);
        bool library;
        if (i > 0 && strcmp(framework, cell(r, i - 1, COLUMN_FRAMEWORK)) == 0)
            run->stack = run[-1].stack;
        else
            GABLE_TRY(gable_stack_of_framework(arena, hw, framework, &run->stack, &library, err));
        if (!run->stack)
            run->unsupported = "no stack stands for its framework";
        GABLE_TRY(read_request(r, i, run));
        gable_recipe_key key = {framework, run->device, run->model, run->precision,
                                cell(r, i, COLUMN_MEASURED)};
        if (recipes)
            gable_recipes_apply(recipes, &key, &run->request);
        if (run->stack)
            GABLE_TRY(price_run(r, i, run));
    }
    return GABLE_OK;
}
