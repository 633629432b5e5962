/* report/page: questions of the page, answered; see page.h. */
#include "report/page.h"

#include <string.h>

#include "engine/decoding_words.h"
#include "engine/energy.h"
#include "engine/rent.h"
#include "report/internal.h"

typedef struct question {
    const char *model, *system, *stack;
    int phase;
    double batch, context, new_tokens, skew;
    GABLE_RANK_MEMBERS
    int nodes, micro_batches, redundant_experts;
    int overlap, exchange, context_exchange; /* gable_overlap … of layout/layout.h */
    const char *checkpoint, *weights, *activations, *kv;
} question;

#define FIELD(key_, type_, member_, ...)                                                           \
    {                                                                                              \
        .block = "", .key = key_, .type = GABLE_FIELD_##type_,                                     \
        .offset = offsetof(question, member_), __VA_ARGS__                                         \
    }
#define NEEDED .flags = GABLE_FIELD_REQUIRED
#define RANKS(member_, help_)                                                                      \
    FIELD(#member_, INT, member_, .min = 1.0, .max = 4096.0, .help = help_)

static const gable_field question_fields[] = {
    FIELD("model", TEXT, model, NEEDED, .help = "as --model"),
    FIELD("system", TEXT, system, NEEDED, .help = "as --system"),
    FIELD("stack", TEXT, stack, NEEDED, .help = "as --stack"),
    FIELD("phase", CHOICE, phase, NEEDED, .choices = gable_phases, .help = "prefill or decode"),
    FIELD("batch", NUMBER, batch, NEEDED, .dim = GABLE_DIM_COUNT, .min = 1.0, .max = 1048576.0,
          .help = "sequences in the step"),
    FIELD("context", NUMBER, context, NEEDED, .dim = GABLE_DIM_COUNT, .help = "tokens cached"),
    FIELD("new_tokens", NUMBER, new_tokens, .dim = GABLE_DIM_COUNT, .min = 1.0, .max = 1073741824.0,
          .help = "tokens that each sequence adds; decode: one, or the canvas of the model"),
    FIELD("experts_skew", NUMBER, skew, .max = 8.0, .help = "Zipf exponent of the experts"),
    RANKS(tp, "tensor-parallel ranks"),
    RANKS(ep, "ranks that experts are split over"),
    RANKS(pp, "pipeline stages"),
    RANKS(cp, "ranks that share the context"),
    RANKS(dp, "replicas"),
    RANKS(attn_dp, "groups of ranks with sequences of their own"),
    RANKS(nodes, "systems"),
    FIELD("micro_batches", INT, micro_batches, .max = 65536.0, .help = "parts of a step"),
    FIELD("redundant_experts", INT, redundant_experts, .max = 65536.0, .help = "copies of experts"),
    FIELD("overlap", CHOICE, overlap, .choices = gable_overlaps, .help = "what runs together"),
    FIELD("exchange", CHOICE, exchange, .choices = gable_token_exchanges,
          .help = "tokens to experts of other groups"),
    FIELD("context_exchange", CHOICE, context_exchange, .choices = gable_context_exchanges,
          .help = "keys and values of cp in prefill"),
    FIELD("checkpoint", TEXT, checkpoint, .help = "a row of workloads/checkpoints.csv"),
    FIELD("weights", TEXT, weights, .help = "format of the weights"),
    FIELD("activations", TEXT, activations, .help = "format of the activations"),
    FIELD("kv", TEXT, kv, .help = "format of the cache"),
};
#undef FIELD

const gable_schema gable_page_schema = {
    .id = "gable.page/1",
    .title = "what a page asks",
    .fields = question_fields,
    .n_fields = COUNT_OF(question_fields),
};

/* ---- loading ---- */

static bool same(const gable_page *page, const char *const names[3])
{
    for (int i = 0; i < 3; i++)
        if (strcmp(page->key[i], names[i]) != 0)
            return false;
    return page->model != NULL;
}

/* A name too long to remember is never equal to one that is remembered. */
static void remember(gable_page *page, const char *const names[3])
{
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(names[i]);
        memset(page->key[i], 0, sizeof page->key[i]);
        if (n < sizeof page->key[i])
            memcpy(page->key[i], names[i], n);
    }
}

/* The question stands at the arena's end and goes with it: names are copied before. */
static gable_status load(gable_page *page, const question *q, gable_err *err)
{
    char model[256], system[256], stack[64];
    char *const copy[3] = {model, system, stack};
    const size_t room[3] = {sizeof model, sizeof system, sizeof stack};
    const char *const given[3] = {q->model, q->system, q->stack};
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(given[i]);
        if (n >= room[i])
            return gable_fail(err, GABLE_INPUT, "a name of %zu bytes", n);
        memcpy(copy[i], given[i], n + 1);
    }
    page->model = NULL;
    gable_arena_release(page->arena, page->start_bytes);
    const gable_model *loaded;
    GABLE_TRY(gable_model_load(page->arena, page->workloads, model, &loaded, err));
    GABLE_TRY(gable_machine_load(page->arena, page->hw, system, stack, &page->machine, err));
    GABLE_TRY(
        gable_power_load(page->arena, page->hw, page->machine.accelerator, &page->power, err));
    remember(page, (const char *const *)copy);
    page->model = loaded;
    page->loaded_bytes = gable_arena_mark(page->arena);
    return GABLE_OK;
}

static gable_status read_question(gable_page *page, const char *text, size_t length_bytes,
                                  question *q, gable_err *err)
{
    const gable_json *root;
    *q = (question){.tp = 1, .ep = 1, .pp = 1, .cp = 1, .dp = 1, .attn_dp = 1, .nodes = 1};
    GABLE_TRY(gable_json_parse(page->arena, "question", text, length_bytes, GABLE_JSON_STRICT,
                               &root, err));
    return gable_fields_read(page->arena, root, &gable_page_schema, q, NULL, err);
}

static gable_status load_for(gable_page *page, const char *text, size_t length_bytes, question *q,
                             gable_err *err)
{
    if (page->start_bytes == 0)
        page->start_bytes = page->loaded_bytes = gable_arena_mark(page->arena);
    gable_arena_release(page->arena, page->loaded_bytes);
    GABLE_TRY(read_question(page, text, length_bytes, q, err));
    if (same(page, (const char *const[3]){q->model, q->system, q->stack}))
        return GABLE_OK;
    page->loaded_bytes = page->start_bytes;
    GABLE_TRY(load(page, q, err));
    return read_question(page, text, length_bytes, q, err);
}

/* ---- pricing ---- */

static gable_status find_dtype(const char *name, gable_dtype *dtype, const gable_dtype **out,
                               gable_err *err)
{
    *out = NULL;
    if (!name)
        return GABLE_OK;
    if (!gable_dtype_find(name, dtype))
        return gable_fail(err, GABLE_INPUT, "unknown format \"%.60s\"", name);
    *out = dtype;
    return GABLE_OK;
}

static gable_status in_formats(gable_page *page, const question *q, const gable_model **model,
                               gable_err *err)
{
    gable_dtype dtype[3];
    const gable_dtype *chosen[3];
    GABLE_TRY(find_dtype(q->weights, &dtype[0], &chosen[0], err));
    GABLE_TRY(find_dtype(q->activations, &dtype[1], &chosen[1], err));
    GABLE_TRY(find_dtype(q->kv, &dtype[2], &chosen[2], err));
    *model = page->model;
    if (q->checkpoint) {
        const char *path = gable_file_join(page->arena, page->workloads, "checkpoints.csv");
        if (!path)
            return gable_fail(err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(
            gable_model_checkpoint(page->arena, path, q->checkpoint, page->model, model, err));
    }
    if (!chosen[0] && !chosen[1] && !chosen[2])
        return GABLE_OK;
    return gable_model_override(page->arena, *model, chosen[0], chosen[1], chosen[2], model, err);
}

typedef struct priced_step {
    gable_plan plan;
    gable_step step;
    gable_decoding decoding;
    gable_energy energy;
    gable_rent rent;
    gable_priced priced;
} priced_step;

/* One step, or the denoising of a block where that is how the model decodes: as `gable cost` does.
 */
static gable_status price(gable_page *page, const gable_model *model,
                          const gable_scenario *scenario, priced_step *all, gable_err *err)
{
    gable_priced *out = &all->priced;
    gable_plan *plan = &all->plan;
    gable_step *step = &all->step;
    const gable_decoding_words words = {0};
    gable_decoding_options how;
    bool asked;
    *out = (gable_priced){.plan = plan, .machine = &page->machine, .step = step};
    GABLE_TRY(gable_decoding_asked(&words, model, scenario->phase, &asked, err));
    if (!asked)
        return gable_engine_lay(page->arena, model, &page->machine, scenario, plan, step, err);
    out->decoding = &all->decoding;
    GABLE_TRY(gable_decoding_read(page->arena, page->workloads, &words, model, &how, err));
    return gable_engine_decode(page->arena, model, &page->machine, scenario, &how, plan, step,
                               &all->decoding, err);
}

/* What it draws and what its devices cost, as `gable cost` says without being told more. */
static gable_status add_bill(gable_page *page, priced_step *all, gable_err *err)
{
    const gable_power_limits limits = {0};
    GABLE_TRY(gable_energy_of_step(page->arena, &all->plan, &page->machine, &page->power, &limits,
                                   &all->step, &all->energy, err));
    gable_rent_of(page->machine.accelerator, 0.0, &all->rent);
    all->priced.energy = &all->energy;
    all->priced.rent = &all->rent;
    return GABLE_OK;
}

static gable_status write_answer(gable_page *page, const gable_priced *priced, gable_text *out,
                                 gable_err *err)
{
    const gable_roofline_request request = {.steps = priced, .n_steps = 1};
    gable_text verdict = {0};
    gable_report_verdict(&verdict, priced);
    gable_text_add(out, "{\"verdict\": ");
    gable_text_add_json_string(out, verdict.text ? verdict.text : "");
    out->failed = out->failed || verdict.failed;
    gable_text_free(&verdict);
    gable_text_add(out, ",\n\"cost\": ");
    GABLE_TRY(gable_report_cost(page->arena, priced, GABLE_FORMAT_JSON, 0, out, err));
    gable_text_add(out, ",\n\"roofline\": ");
    GABLE_TRY(gable_roofline_write(page->arena, &request, GABLE_FORMAT_JSON, out, err));
    gable_text_add(out, "}\n");
    return gable_report_done(out, err);
}

gable_status gable_page_ask(gable_page *page, const char *text, size_t length_bytes,
                            gable_text *out, gable_err *err)
{
    question q;
    const gable_model *model;
    priced_step all;
    GABLE_TRY(load_for(page, text, length_bytes, &q, err));
    GABLE_TRY(in_formats(page, &q, &model, err));
    gable_scenario scenario = {.phase = (gable_phase)q.phase,
                               .batch = q.batch,
                               .n_cached = q.context,
                               .n_new = q.new_tokens,
                               .micro_batches = q.micro_batches,
                               .overlap = (gable_overlap)q.overlap,
                               .exchange = (gable_token_exchange)q.exchange,
                               .context_exchange = (gable_context_exchange)q.context_exchange,
                               .skew = q.skew,
                               .redundant_experts = q.redundant_experts};
    GABLE_RANKS_COPY(&scenario, &q);
    if (q.new_tokens <= 0.0)
        scenario.n_new = q.phase == GABLE_PHASE_DECODE && model->canvas > 0 ? model->canvas : 1.0;
    page->machine.n_nodes = q.nodes;
    GABLE_TRY(price(page, model, &scenario, &all, err));
    GABLE_TRY(add_bill(page, &all, err));
    return write_answer(page, &all.priced, out, err);
}
