/* engine/check: reading recorded scenarios. Comparing is in check_price.c, writing in
 * check_rewrite.c. */
#include "engine/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *const gable_check_metric_keys[GABLE_N_CHECK_METRICS] = {
#define METRIC_KEY(symbol, key, dim, where) [GABLE_CHECK_##symbol] = (key),
    GABLE_CHECK_METRIC_LIST(METRIC_KEY)
#undef METRIC_KEY
};

const gable_dim gable_check_metric_dims[GABLE_N_CHECK_METRICS] = {
#define METRIC_DIM(symbol, key, dim, where) [GABLE_CHECK_##symbol] = GABLE_DIM_##dim,
    GABLE_CHECK_METRIC_LIST(METRIC_DIM)
#undef METRIC_DIM
};

const char *const gable_check_data_keys[GABLE_N_CHECK_DATA] = {
#define DATA_KEY(symbol, key) [GABLE_CHECK_DATA_##symbol] = (key),
    GABLE_CHECK_DATA_LIST(DATA_KEY)
#undef DATA_KEY
};

const char *const gable_check_outcome_keys[GABLE_N_CHECK_OUTCOMES] = {
#define OUTCOME_KEY(symbol, key) [GABLE_CHECK_##symbol] = (key),
    GABLE_CHECK_OUTCOME_LIST(OUTCOME_KEY)
#undef OUTCOME_KEY
};

const double gable_check_tolerance = 1e-9;

static const char *const bound_choices[] = {
#define BOUND_CHOICE(symbol, name) [GABLE_BOUND_##symbol] = (name),
    GABLE_BOUND_LIST(BOUND_CHOICE)
#undef BOUND_CHOICE
        NULL};

/* ---- the rows of a file ---- */

#define FIELD(block_, key_, type_, member_, ...)                                                   \
    {                                                                                              \
        .block = block_, .key = key_, .type = GABLE_FIELD_##type_,                                 \
        .offset = offsetof(gable_check, member_), __VA_ARGS__                                      \
    }
#define NEEDED .flags = GABLE_FIELD_REQUIRED

static const gable_field scenario_fields[] = {
    FIELD("", "name", NAME, name, NEEDED, .help = "name of the scenario, as reports print it"),
    FIELD("", "why", TEXT, why, NEEDED, .help = "what the scenario is there to notice"),
    FIELD("scenario", "model", TEXT, model, NEEDED, .help = "as --model"),
    FIELD("scenario", "system", TEXT, system, NEEDED, .help = "as --system"),
    FIELD("scenario", "stack", TEXT, stack, NEEDED, .help = "as --stack"),
    FIELD("scenario", "phase", CHOICE, phase, NEEDED, .choices = gable_phases,
          .help = "prefill or decode"),
    FIELD("scenario", "batch", NUMBER, batch, NEEDED, .dim = GABLE_DIM_COUNT, .min = 1.0,
          .max = 1048576.0, .help = "sequences in the step"),
    FIELD("scenario", "context", NUMBER, n_cached, NEEDED, .dim = GABLE_DIM_COUNT,
          .help = "tokens of each sequence already in the cache"),
    FIELD("scenario", "new_tokens", NUMBER, n_new, NEEDED, .dim = GABLE_DIM_COUNT, .min = 1.0,
          .max = 1073741824.0, .help = "tokens that each sequence adds"),
#define RANK_FIELD(member, name, help_)                                                            \
    FIELD("scenario", #member, INT, member, .min = 1.0, .max = 1024.0, .help = help_),
    GABLE_RANK_LIST(RANK_FIELD)
#undef RANK_FIELD
        FIELD("scenario", "nodes", INT, nodes, .min = 1.0, .max = 65536.0,
              .help = "systems, connected by their scale-out links"),
    FIELD("scenario", "micro_batches", INT, micro_batches, .max = 65536.0,
          .help = "parts of a step through the stages; 0: as many as stages"),
    FIELD("scenario", "redundant_experts", INT, redundant_experts, .max = 65536.0,
          .help = "copies of the most popular experts"),
    FIELD("scenario", "overlap", CHOICE, overlap, .choices = gable_overlaps,
          .help = "what runs at the same time"),
    FIELD("scenario", "exchange", CHOICE, exchange, .choices = gable_token_exchanges,
          .help = "tokens to experts of other groups"),
    FIELD("scenario", "context_exchange", CHOICE, context_exchange,
          .choices = gable_context_exchanges, .help = "keys and values of cp in prefill"),
    FIELD("scenario", "experts_skew", NUMBER, skew, .max = 8.0,
          .help = "Zipf exponent of the experts' popularity"),
    FIELD("scenario", "checkpoint", TEXT, checkpoint,
          .help = "formats of a published checkpoint: a row of workloads/checkpoints.csv"),
    FIELD("scenario", "weights", TEXT, weights, .help = "format of the weights"),
    FIELD("scenario", "activations", TEXT, activations, .help = "format of the activations"),
    FIELD("scenario", "kv", TEXT, kv, .help = "format of the cache"),
};
#undef FIELD

static const char *const root_extra_keys[] = {"expect", "recorded"};

const gable_schema gable_check_schema = {
    .id = "gable.check/1",
    .title = "a recorded scenario",
    .fields = scenario_fields,
    .n_fields = COUNT_OF(scenario_fields),
    .extra_keys = root_extra_keys,
    .n_extra_keys = COUNT_OF(root_extra_keys),
};

typedef struct expectation {
    double value, tolerance;
} expectation;

static const gable_field expectation_fields[] = {
    {.block = "",
     .key = "value",
     .type = GABLE_FIELD_NUMBER,
     NEEDED,
     .offset = offsetof(expectation, value),
     .help = "the figure, in base units"},
    {.block = "",
     .key = "tolerance",
     .type = GABLE_FIELD_NUMBER,
     .min = 0.0,
     .max = 10.0,
     .offset = offsetof(expectation, tolerance),
     .help = "relative: 0.01 allows 1 % either way"},
};
const gable_schema gable_check_expectation_schema = {.id = "",
                                                     .title = "an expected figure",
                                                     .fields = expectation_fields,
                                                     .n_fields = COUNT_OF(expectation_fields)};

static const gable_field operator_fields[] = {
    {.block = "",
     .key = "bound",
     .type = GABLE_FIELD_CHOICE,
     NEEDED,
     .choices = bound_choices,
     .offset = offsetof(gable_check_operator, bound),
     .help = "compared exactly"},
    {.block = "",
     .key = "time_s",
     .type = GABLE_FIELD_NUMBER,
     .offset = offsetof(gable_check_operator, time_s),
     .help = "says what moved, not compared"},
};
const gable_schema gable_check_operator_schema = {.id = "",
                                                  .title = "an expected operator",
                                                  .fields = operator_fields,
                                                  .n_fields = COUNT_OF(operator_fields)};

/* ---- reading ---- */

static const double unknown_s = -1.0; /* of an operator whose file does not say */

static gable_status need_object(const gable_json *node, gable_err *err)
{
    if (!node || node->type == GABLE_JSON_OBJECT)
        return GABLE_OK;
    return gable_json_fail(node, err, "expected an object, got %s",
                           gable_json_type_text(node->type));
}

static gable_status check_dtype(const gable_json *scenario, const char *key, gable_err *err)
{
    const gable_json *node = gable_json_get(scenario, key);
    const char *const *names = gable_dtype_names();
    gable_dtype dtype;
    size_t n = 0;
    if (!node || node->type != GABLE_JSON_STRING || gable_dtype_find(node->string, &dtype))
        return GABLE_OK;
    while (names[n])
        n++;
    const char *near = gable_text_nearest(node->string, names, n);
    return gable_json_fail(node, err, "unknown format \"%.60s\"%s%s%s", node->string,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static gable_status read_metrics(gable_arena *arena, const gable_json *metrics, gable_check *out,
                                 gable_err *err)
{
    GABLE_TRY(need_object(metrics, err));
    if (!metrics)
        return GABLE_OK;
    GABLE_TRY(gable_json_check_keys(metrics, gable_check_metric_keys, GABLE_N_CHECK_METRICS, err));
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        const gable_json *node = gable_json_get(metrics, gable_check_metric_keys[i]);
        expectation expected = {0.0, gable_check_tolerance};
        if (!node)
            continue;
        GABLE_TRY(
            gable_fields_read_object(arena, node, &gable_check_expectation_schema, &expected, err));
        out->expects[i] = true;
        out->recorded.metric[i] = expected.value;
        out->tolerance[i] = expected.tolerance;
    }
    return GABLE_OK;
}

static gable_status read_operators(gable_arena *arena, const gable_json *operators,
                                   gable_check *out, gable_err *err)
{
    gable_check_figures *recorded = &out->recorded;
    GABLE_TRY(need_object(operators, err));
    if (!operators)
        return GABLE_OK;
    out->expects_operators = true;
    GABLE_TRY(gable_arena_take(arena, operators->n_children + 1, sizeof *recorded->operators,
                               &recorded->operators, err));
    for (const gable_json *node = operators->child; node; node = node->next) {
        gable_check_operator *is = &recorded->operators[recorded->n_operators++];
        if (!gable_text_is_name(node->key)) /* it could drive the log of a CI */
            return gable_json_fail_key(node, err, "not the name of an operator");
        is->name = node->key;
        is->time_s = unknown_s;
        GABLE_TRY(gable_fields_read_object(arena, node, &gable_check_operator_schema, is, err));
    }
    return GABLE_OK;
}

static gable_status read_expect(gable_arena *arena, const gable_json *expect, gable_check *out,
                                gable_err *err)
{
    static const char *const keys[] = {"bound", "fits", "metrics", "operators"};
    static const gable_field rows[] = {
        {.block = "",
         .key = "bound",
         .type = GABLE_FIELD_CHOICE,
         .choices = bound_choices,
         .offset = offsetof(gable_check_figures, bound),
         .help = "of the step, compared exactly"},
    };
    static const gable_schema schema = {.id = "",
                                        .title = "what is expected",
                                        .fields = rows,
                                        .n_fields = 1,
                                        .extra_keys = keys + 1,
                                        .n_extra_keys = 3};
    GABLE_TRY(need_object(expect, err));
    if (!expect)
        return GABLE_OK;
    GABLE_TRY(gable_fields_read_object(arena, expect, &schema, &out->recorded, err));
    const gable_json *fits = gable_json_get(expect, "fits");
    if (fits && fits->type != GABLE_JSON_BOOL)
        return gable_json_fail(fits, err, "expected true or false, got %s",
                               gable_json_type_text(fits->type));
    if (fits)
        out->recorded.fits = fits->boolean;
    GABLE_TRY(read_metrics(arena, gable_json_get(expect, "metrics"), out, err));
    return read_operators(arena, gable_json_get(expect, "operators"), out, err);
}

static gable_status read_hash(const gable_json *node, uint64_t *hash, gable_err *err)
{
    const char *digits = node->type == GABLE_JSON_STRING ? node->string : "";
    if (strlen(digits) != 16 || strspn(digits, "0123456789abcdef") != 16)
        return gable_json_fail(node, err, "expected 16 hexadecimal digits");
    *hash = strtoull(digits, NULL, 16);
    return GABLE_OK;
}

static gable_status read_recorded(const gable_json *recorded, gable_check *out, gable_err *err)
{
    static const char *const keys[] = {"program", "data"};
    GABLE_TRY(need_object(recorded, err));
    if (!recorded)
        return GABLE_OK;
    GABLE_TRY(gable_json_check_keys(recorded, keys, COUNT_OF(keys), err));
    const gable_json *program = gable_json_get(recorded, "program");
    if (program && program->type != GABLE_JSON_STRING)
        return gable_json_fail(program, err, "expected a string, got %s",
                               gable_json_type_text(program->type));
    out->recorded.program = program ? program->string : NULL;
    const gable_json *data = gable_json_get(recorded, "data");
    GABLE_TRY(need_object(data, err));
    if (data)
        GABLE_TRY(gable_json_check_keys(data, gable_check_data_keys, GABLE_N_CHECK_DATA, err));
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        const gable_json *node = gable_json_get(data, gable_check_data_keys[i]);
        if (node)
            GABLE_TRY(read_hash(node, &out->recorded.hash[i], err));
    }
    return GABLE_OK;
}

void gable_check_set_layout(gable_check *out)
{
#define RANK_ONE(member, name, help) out->member = 1;
    GABLE_RANK_LIST(RANK_ONE)
#undef RANK_ONE
    out->nodes = 1;
    out->exchange = GABLE_EXCHANGE_AUTO;
}

gable_status gable_check_read(gable_arena *arena, const char *path, gable_check *out,
                              gable_err *err)
{
    static const char *const formats[] = {"weights", "activations", "kv"};
    *out = (gable_check){.path = path};
    gable_check_set_layout(out);
    out->recorded.bound = out->recorded.fits = -1;
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_JSON_BYTES, &out->text,
                              &out->length_bytes, err));
    GABLE_TRY(gable_json_parse(arena, path, out->text, out->length_bytes, GABLE_JSON_STRICT,
                               &out->root, err));
    GABLE_TRY(gable_fields_read(arena, out->root, &gable_check_schema, out, NULL, err));
    const gable_json *scenario = gable_json_get(out->root, "scenario");
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        GABLE_TRY(check_dtype(scenario, formats[i], err));
    GABLE_TRY(read_expect(arena, gable_json_get(out->root, "expect"), out, err));
    return read_recorded(gable_json_get(out->root, "recorded"), out, err);
}
