/* cli/demo_stops_bytes: two stops: which bytes a step reads beside, or instead of, all
 * weights. */
#include <math.h>
#include <stdio.h>

#include "cli/demo.h"

static const double kilo = 1024.0;

/* ---- 4 ---- */

static const char cache_model[] = "dense-30b", cache_system[] = "h200-sxm";
static const double cache_batch = 8.0;

/* Where the bytes per token come from; the model has one kind of layer. */
static const char *cache_sum(demo *d, const gable_model *model)
{
    const gable_mixer *mixer = &model->kinds[0].mixer;
    char text[80];
    snprintf(text, sizeof text, "%d layers x (K, V) x %d heads x %d x 2 B", model->n_layers,
             mixer->n_kv_heads, mixer->head_dim);
    return demo_keep(d, text);
}

static gable_status cache_table(demo *d, const demo_scene *scene)
{
    static const double bytes_per_mark = 6e9;
    demo_line(d, "  context     cache       step   # weights, = cache, one mark is %s",
              demo_number(d, bytes_per_mark, GABLE_DIM_BYTES, ""));
    for (double context = kilo; context <= 64.0 * kilo; context *= 2.0) {
        demo_step s;
        GABLE_TRY(demo_price(d, scene, cache_batch, context, 1.0, &s));
        double cache = demo_cache_bytes(&s);
        demo_line(d, "  %6.0fk  %8s  %6.3g ms   %s%s", context / kilo,
                  demo_number(d, cache, GABLE_DIM_BYTES, ""), 1e3 * s.step.time_s_total,
                  demo_bar(d, demo_weight_bytes(&s), cache, bytes_per_mark),
                  s.step.fits ? "" : "  does not fit");
    }
    demo_gap(d);
    return GABLE_OK;
}

gable_status demo_cache(demo *d)
{
    demo_scene scene;
    demo_step at;
    double context, per_token, per_sequence;
    const gable_scenario unknown = {
        .phase = GABLE_PHASE_DECODE, .batch = cache_batch, .n_new = 1.0, .tp = 1, .ep = 1};
    GABLE_TRY(demo_load(d, cache_model, cache_system, &scene));
    gable_model_cache(scene.model, &per_token, &per_sequence);
    GABLE_TRY(demo_solve(d, &scene, &unknown, GABLE_SOLVE_KV_CONTEXT, &context));
    GABLE_TRY(demo_price(d, &scene, cache_batch, floor(context), 1.0, &at));
    demo_say(d,
             "To write the next token, a model looks back at all tokens before it. Their keys and "
             "values are kept in the cache, and read in every step. Nothing of it is shared: every "
             "user has a cache of his own. Here %s serves %.0f users on one %s.",
             scene.model->name, cache_batch, scene.machine.accelerator->title);
    demo_sum(d, "per token", demo_number(d, per_token, GABLE_DIM_BYTES, ""), "%s",
             cache_sum(d, scene.model));
    demo_gap(d);
    GABLE_TRY(cache_table(d, &scene));
    const char *meet = demo_key(d, context, GABLE_DIM_NONE, "tokens",
                                "At which context is the cache read as long as the weights?");
    demo_sum(d, "they meet", meet, "%s / (%.0f users x %s)",
             demo_number(d, demo_weight_bytes(&at), GABLE_DIM_BYTES, ""), cache_batch,
             demo_number(d, per_token, GABLE_DIM_BYTES, ""));
    double both_bytes = demo_weight_bytes(&at) + demo_cache_bytes(&at);
    demo_sum(d, "a step then",
             demo_key(d, both_bytes / scene.bandwidth_bytes_per_s, GABLE_DIM_SECONDS, "ms",
                      "How long does it take to read both?"),
             "%s / %s", demo_number(d, both_bytes, GABLE_DIM_BYTES, ""),
             demo_number(d, scene.bandwidth_bytes_per_s, GABLE_DIM_BYTES_PER_S, ""));
    demo_gap(d);
    demo_say(d,
             "More users do not help against the cache: they bring theirs along, so the FLOP per "
             "byte stop growing, and the batch of stop 2 moves out of reach. A smaller cache "
             "does: fewer key and value heads, fewer bytes per number, latent attention, "
             "windows, or a state that does not grow at all.");
    return GABLE_OK;
}

/* ---- 5 ---- */

/* A column of the table and a curve of the picture. */
typedef struct diet {
    const char *model, *what;
    char letter;
} diet;

static const diet diets[] = {
    {"dense-30b", "dense", 'D'},
    {"qwen3-30b-a3b", "mixture of experts, as large", 'M'},
    {"latentmoe-95bt-8ba-standard", "mixture of experts", 'S'},
    {"latentmoe-95bt-8ba-eff", "the same with latent experts", 'L'},
};
enum { N_DIETS = sizeof diets / sizeof diets[0], N_SIZES = 10 };

static const char diet_system[] = "b300-sxm";

typedef struct diet_table {
    demo_scene scene[N_DIETS];
    double per_token[N_DIETS][N_SIZES]; /* bytes of weights read per token */
    double distinct[N_DIETS][N_SIZES], experts[N_DIETS];
} diet_table;

static gable_status price_diets(demo *d, diet_table *t)
{
    for (int i = 0; i < N_DIETS; i++) {
        GABLE_TRY(demo_load(d, diets[i].model, diet_system, &t->scene[i]));
        for (int k = 0; k < N_SIZES; k++) {
            demo_step s;
            double batch = (double)(1 << k);
            GABLE_TRY(demo_price(d, &t->scene[i], batch, 0.0, 1.0, &s));
            t->per_token[i][k] = demo_weight_bytes(&s) / batch;
            t->distinct[i][k] = demo_distinct_experts(&s, &t->experts[i]);
        }
    }
    return GABLE_OK;
}

static void diet_lines(demo *d, const diet_table *t)
{
    for (int i = 0; i < N_DIETS; i++) {
        gable_params params;
        gable_model_params(t->scene[i].model, &params);
        demo_line(d, "  %c  %-28s %5.3g billion parameters, %4.3g active", diets[i].letter,
                  diets[i].model, params.total / 1e9, params.active_total / 1e9);
        demo_line(d, "     %s", diets[i].what);
    }
    demo_line(d, "\n  GB of weights read per token, and distinct experts that a layer reads:\n");
    demo_line(d, "  batch        D           M              S              L");
    for (int k = 0; k < N_SIZES; k++)
        demo_line(d, "  %5d   %6.3g   %6.3g  %3.0f/%.0f   %6.3g  %3.0f/%.0f   %6.3g  %3.0f/%.0f",
                  1 << k, t->per_token[0][k] / 1e9, t->per_token[1][k] / 1e9, t->distinct[1][k],
                  t->experts[1], t->per_token[2][k] / 1e9, t->distinct[2][k], t->experts[2],
                  t->per_token[3][k] / 1e9, t->distinct[3][k], t->experts[3]);
    demo_gap(d);
}

static void diet_picture(demo *d, const diet_table *t)
{
    demo_mark marks[N_DIETS * N_SIZES];
    size_t n = 0;
    for (int i = 0; i < N_DIETS; i++)
        for (int k = 0; k < N_SIZES; k++)
            marks[n++] = (demo_mark){(double)(1 << k), t->per_token[i][k] / 1e9, diets[i].letter};
    demo_chart chart = {.x_title = "batch",
                        .y_title = "GB of weights per token",
                        .x_min = 0.9,
                        .x_max = 600.0,
                        .y_min = 0.05,
                        .y_max = 100.0,
                        .marks = marks,
                        .n_marks = n};
    demo_chart_draw(&d->page, &chart);
    demo_gap(d);
}

gable_status demo_experts(demo *d)
{
    diet_table t = {0};
    enum { SMALL = 4 }; /* batch 16 */
    GABLE_TRY(price_diets(d, &t));
    demo_say(
        d, "A mixture of experts has many small feed-forward parts and sends each token to a few. "
           "One token reads a few; a batch reads all that any of its tokens chose. With E experts, "
           "K per token and T tokens that is E (1 - (1 - K/E)^T) distinct ones.");
    diet_lines(d, &t);
    diet_picture(d, &t);
    const char *alone = demo_key(d, t.per_token[0][0] / t.per_token[1][0], GABLE_DIM_NONE, "",
                                 "Batch 1: how many times fewer bytes than D does M read?");
    const char *many = demo_key(d, t.per_token[0][SMALL] / t.per_token[1][SMALL], GABLE_DIM_NONE,
                                "", "Batch 16: how many times fewer bytes than D does M read?");
    const char *latent = demo_key(d, t.per_token[2][SMALL] / t.per_token[3][SMALL], GABLE_DIM_NONE,
                                  "", "Batch 16: how many times fewer bytes than S does L read?");
    demo_say(d,
             "Alone, M reads %s times fewer bytes than D, which is as large. At a batch of %d its "
             "tokens have chosen %.0f of %.0f experts, and the lead is down to %s; at %d every "
             "expert is read. What stays is less arithmetic, which counts only where a step is "
             "compute-bound.",
             alone, 1 << SMALL, t.distinct[1][SMALL], t.experts[1], many, 1 << (N_SIZES - 1));
    demo_say(d,
             "L is as large as S and sends a token to as many experts, but they work on a "
             "narrower vector, %d wide instead of %d, and there are %s times more of them. At a "
             "batch of %d it reads %s times fewer bytes; or it could use more experts per token "
             "for the same bytes.",
             t.scene[3].model->kinds[0].ffn.latent_dim, t.scene[3].model->hidden,
             demo_number(d, t.experts[3] / t.experts[2], GABLE_DIM_NONE, ""), 1 << SMALL, latent);
    return GABLE_OK;
}
