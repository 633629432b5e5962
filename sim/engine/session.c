/* engine: the public library of gable.h on top of the rooms. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/decoding_words.h"
#include "engine/engine.h"
#include "gable.h"

/* Descriptions of one session; a page is touched only when it is used. */
static const size_t session_bytes = (size_t)256 * 1024 * 1024;

struct gable_session {
    gable_arena arena;
    gable_err err;
    const char *hw, *workloads;
    size_t paths_end;  /* arena mark behind the folders: model and machine come after it */
    size_t loaded_end; /* arena mark behind model and machine: the plan comes after it */
    char key[3][256];  /* model, system, stack that are loaded */
    const gable_model *model;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    gable_decoding decoding; /* method PLAIN: tokens come one after another */
    bool planned;
};

int gable_open(const char *data_folder, gable_session **out)
{
    *out = NULL;
    gable_session *s = calloc(1, sizeof *s);
    if (!s)
        return GABLE_INTERNAL;
    if (gable_arena_init(&s->arena, session_bytes, &s->err) == GABLE_OK) {
        s->hw = gable_file_join(&s->arena, data_folder, "hw");
        s->workloads = gable_file_join(&s->arena, data_folder, "workloads");
        s->paths_end = gable_arena_mark(&s->arena);
        *out = s;
    }
    if (!*out || !s->hw || !s->workloads) {
        gable_close(s);
        *out = NULL;
        return GABLE_INTERNAL;
    }
    return GABLE_OK;
}

void gable_close(gable_session *session)
{
    if (session)
        gable_arena_free(&session->arena);
    free(session);
}

const char *gable_message(const gable_session *session)
{
    return session->err.text;
}

const char *gable_version(void)
{
    return GABLE_VERSION;
}

enum { KEY_CAP = sizeof((gable_session *)0)->key[0] };

static bool same_key(const char *key, const char *text)
{
    return strcmp(key, text) == 0;
}

/* A name too long to remember is never equal to one that is remembered. */
static void keep_key(char *key, const char *text)
{
    size_t n = strlen(text);
    memset(key, 0, KEY_CAP);
    if (n < KEY_CAP)
        memcpy(key, text, n);
}

/* Loads what the query names unless it is what is there already; drops the last plan either way. */
static gable_status load(gable_session *s, const gable_query *q)
{
    s->planned = false;
    if (s->model && same_key(s->key[0], q->model) && same_key(s->key[1], q->system) &&
        same_key(s->key[2], q->stack)) {
        gable_arena_release(&s->arena, s->loaded_end);
        return GABLE_OK;
    }
    const gable_model *model;
    s->model = NULL;
    gable_arena_release(&s->arena, s->paths_end);
    GABLE_TRY(gable_model_load(&s->arena, s->workloads, q->model, &model, &s->err));
    GABLE_TRY(gable_machine_load(&s->arena, s->hw, q->system, q->stack, &s->machine, &s->err));
    keep_key(s->key[0], q->model);
    keep_key(s->key[1], q->system);
    keep_key(s->key[2], q->stack);
    s->loaded_end = gable_arena_mark(&s->arena);
    s->model = model;
    return GABLE_OK;
}

static gable_status find_dtype(const char *name, gable_dtype *dtype, const gable_dtype **out,
                               gable_err *err)
{
    *out = NULL;
    if (!name)
        return GABLE_OK;
    if (!gable_dtype_find(name, dtype))
        return gable_fail(err, GABLE_INPUT, "unknown dtype \"%.60s\"", name);
    *out = dtype;
    return GABLE_OK;
}

static gable_status override(gable_session *s, const gable_query *q, const gable_model **model)
{
    gable_dtype dtype[3];
    const gable_dtype *chosen[3];
    GABLE_TRY(find_dtype(q->weights, &dtype[0], &chosen[0], &s->err));
    GABLE_TRY(find_dtype(q->activations, &dtype[1], &chosen[1], &s->err));
    GABLE_TRY(find_dtype(q->kv, &dtype[2], &chosen[2], &s->err));
    *model = s->model;
    if (q->checkpoint) {
        const char *path = gable_file_join(&s->arena, s->workloads, "checkpoints.csv");
        if (!path)
            return gable_fail(&s->err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(gable_model_checkpoint(&s->arena, path, q->checkpoint, s->model, model, &s->err));
    }
    if (!q->weights && !q->activations && !q->kv)
        return GABLE_OK;
    return gable_model_override(&s->arena, *model, chosen[0], chosen[1], chosen[2], model, &s->err);
}

static gable_status find_phase(const char *name, gable_phase *phase, gable_err *err)
{
    for (int i = 0; gable_phases[i]; i++)
        if (strcmp(gable_phases[i], name) == 0) {
            *phase = (gable_phase)i;
            return GABLE_OK;
        }
    return gable_fail(err, GABLE_INPUT, "unknown phase \"%.60s\", expected prefill or decode",
                      name);
}

static gable_status read_words(const gable_query *q, gable_decoding_words *out, gable_err *err)
{
    *out = (gable_decoding_words){.draft_tokens = q->draft_tokens,
                                  .draft = q->draft,
                                  .acceptance_rate = q->acceptance_rate,
                                  .accepted_length = q->accepted_length,
                                  .acceptance_table = q->acceptance_table,
                                  .denoise_steps = q->denoise_steps};
    for (int i = 0; q->decoding && gable_decoding_choices[i]; i++)
        if (strcmp(gable_decoding_choices[i], q->decoding) == 0) {
            out->method = i;
            return GABLE_OK;
        }
    return q->decoding
               ? gable_fail(err, GABLE_INPUT,
                            "unknown decoding \"%.60s\", expected plain, mtp, draft, block or "
                            "parallel",
                            q->decoding)
               : GABLE_OK;
}

/* Index of `name` in a NULL-terminated list; 0 when it is not given. */
static gable_status find_place(const char *what, const char *name, const char *const *places,
                               int *out, gable_err *err)
{
    *out = 0;
    for (int i = 0; name && places[i]; i++)
        if (strcmp(places[i], name) == 0) {
            *out = i;
            return GABLE_OK;
        }
    return name ? gable_fail(err, GABLE_INPUT, "%s: no place \"%.60s\"", what, name) : GABLE_OK;
}

static gable_status read_places(const gable_query *q, gable_scenario *scenario, gable_err *err)
{
    static const char *const offload_places[] = {"host", "storage", NULL};
    int place, to;
    GABLE_TRY(find_place("memory", q->memory, gable_memory_places, &place, err));
    GABLE_TRY(find_place("offload_to", q->offload_to, offload_places, &to, err));
    scenario->memory_place = (gable_memory_place)place;
    scenario->offload_weights = q->offload_weights;
    scenario->offload_kv = q->offload_kv;
    scenario->offload_to_storage = to == 1;
    return GABLE_OK;
}

static gable_status read_layout(const gable_query *q, gable_scenario *scenario, gable_err *err)
{
    int overlap, exchange, context;
    GABLE_TRY(find_place("overlap", q->overlap, gable_overlaps, &overlap, err));
    GABLE_TRY(find_place("exchange", q->exchange, gable_token_exchanges, &exchange, err));
    GABLE_TRY(find_place("context_exchange", q->context_exchange, gable_context_exchanges, &context,
                         err));
    GABLE_RANKS_COPY(scenario, q);
    scenario->overlap = (gable_overlap)overlap;
    scenario->exchange = (gable_token_exchange)exchange;
    scenario->context_exchange = (gable_context_exchange)context;
    scenario->micro_batches = q->micro_batches;
    scenario->redundant_experts = q->redundant_experts;
    return GABLE_OK;
}

/* One step, or the iteration that it is part of. */
static gable_status price(gable_session *s, const gable_query *q, const gable_model *model,
                          const gable_scenario *scenario)
{
    gable_decoding_words words;
    gable_decoding_options options;
    bool asked;
    GABLE_TRY(read_words(q, &words, &s->err));
    GABLE_TRY(gable_decoding_asked(&words, model, scenario->phase, &asked, &s->err));
    s->decoding = (gable_decoding){.method = GABLE_DECODING_PLAIN};
    if (asked) {
        GABLE_TRY(gable_decoding_read(&s->arena, s->workloads, &words, model, &options, &s->err));
        return gable_engine_decode(&s->arena, model, &s->machine, scenario, &options, &s->plan,
                                   &s->step, &s->decoding, &s->err);
    }
    return gable_engine_lay(&s->arena, model, &s->machine, scenario, &s->plan, &s->step, &s->err);
}

static gable_status plan_and_price(gable_session *s, const gable_query *q)
{
    const gable_model *model;
    if (!q->model || !q->system || !q->stack || !q->phase)
        return gable_fail(&s->err, GABLE_INPUT, "model, system, stack and phase must be given");
    gable_scenario scenario = {
        .batch = q->batch, .n_cached = q->context, .n_new = q->new_tokens, .skew = q->experts_skew};
    GABLE_TRY(find_phase(q->phase, &scenario.phase, &s->err));
    GABLE_TRY(read_places(q, &scenario, &s->err));
    GABLE_TRY(read_layout(q, &scenario, &s->err));
    GABLE_TRY(load(s, q));
    s->machine.n_nodes = q->nodes;
    GABLE_TRY(override(s, q, &model));
    GABLE_TRY(price(s, q, model, &scenario));
    s->planned = true;
    return GABLE_OK;
}

static void answer(const gable_session *session, gable_answer *out)
{
    const gable_plan *plan = &session->plan;
    const gable_step *step = &session->step;
    const gable_decoding *decoding = &session->decoding;
    bool plain = decoding->method == GABLE_DECODING_PLAIN;
    *out = (gable_answer){
        .time_s = step->time_s_total,
        .p10_s = step->p10_s,
        .p90_s = step->p90_s,
        .ceiling_s = step->ceiling_s_total,
        .bound = gable_bound_name(step->bound),
        .flops = step->flops,
        .hbm_bytes = step->hbm_bytes,
        .wire_bytes = step->wire_bytes_total,
        .intensity_flops_per_byte = step->intensity_flops_per_byte,
        .ridge_flops_per_byte = step->ridge_flops_per_byte,
        .tokens_per_s = step->tokens_per_s,
        .weights_bytes = plan->weights_bytes,
        .kv_bytes = plan->kv_bytes,
        .state_bytes = plan->state_bytes,
        .activation_bytes = plan->activation_bytes,
        .total_bytes = step->total_bytes,
        .capacity_bytes = step->capacity_bytes,
        .fits = step->fits,
        .source = gable_provenance_name(step->provenance),
        .n_operators = plan->n_rows,
        .iteration_s = plain ? step->time_s_total : decoding->time_s,
        .accepted_tokens = plain ? plan->scenario.n_new : decoding->accepted_tokens,
        .speedup = plain ? 1.0 : decoding->speedup,
        .host_bytes = plan->host.stored_bytes,
    };
}

int gable_cost(gable_session *session, const gable_query *query, gable_answer *out)
{
    session->err = (gable_err){0};
    *out = (gable_answer){0};
    gable_status status = plan_and_price(session, query);
    if (status == GABLE_OK)
        answer(session, out);
    return (int)(status == GABLE_USAGE ? GABLE_INPUT : status); /* there is no command line */
}

int gable_operator_at(gable_session *session, int index, gable_operator *out)
{
    const gable_plan *plan = &session->plan;
    const gable_step *step = &session->step;
    *out = (gable_operator){0};
    session->err = (gable_err){0};
    if (!session->planned || index < 0 || index >= plan->n_rows)
        return (int)gable_fail(&session->err, GABLE_INPUT, "no operator %d in the last step",
                               index);
    bool op = plan->kind[index] == GABLE_ROW_OP;
    *out = (gable_operator){
        .name = plan->name[index],
        .kind = gable_plan_kind_name(plan, index),
        .layers = plan->layers[index],
        .calls = plan->calls[index],
        .flops = op ? plan->work[index].flops * plan->calls[index] : 0.0,
        .hbm_bytes = op ? plan->work[index].hbm_bytes * plan->calls[index] : 0.0,
        .wire_bytes = step->wire_bytes[index],
        .ceiling_s = step->ceiling_s[index],
        .time_s = step->time_s[index],
        .share_frac = step->time_s_total > 0.0
                          ? (step->time_s[index] - step->hidden_s[index]) / step->time_s_total
                          : 0.0,
        .hidden_s = step->hidden_s[index],
        .bound = gable_bound_name(step->row[index].bound),
        .source = gable_provenance_name(step->row[index].provenance),
    };
    return GABLE_OK;
}

double gable_reprice(gable_session *session, long times)
{
    if (!session->planned)
        return -1.0;
    for (long i = 0; i < times; i++)
        gable_engine_price(&session->plan, &session->machine, &session->step);
    return session->step.time_s_total;
}
