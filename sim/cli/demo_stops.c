/* cli/demo_stops: the first three stops: why decode is memory-bound, and what changes that. */
#include <math.h>

#include "cli/demo.h"

static const char teaching_model[] = "dense-30b", teaching_system[] = "h100-sxm";

const demo_stop demo_stops[] = {
    {"One user: memory is the clock", demo_one_user,
     "Halve the bytes of every weight. How much faster is one user served?",
     "gable cost --model dense-30b --system h100-sxm --stack ideal --context 0 --weights fp8"},
    {"More users: the same bytes, more use", demo_more_users,
     "With weights of one byte, is the ridge met at a smaller batch?",
     "gable roofline --model dense-30b --system h100-sxm --stack ideal --context 0 --weights fp8 "
     "--along batch=1..512"},
    {"The prompt: prefill beside decode", demo_prompt,
     "How short must a prompt be before reading it is bound by memory?",
     "gable roofline --model dense-30b --system h100-sxm --stack ideal --phase prefill --along "
     "new-tokens=16..2048"},
    {"Long conversations: the cache takes over", demo_cache,
     "Where do cache and weights meet when the cache has one byte a number?",
     "gable solve context --model dense-30b --system h200-sxm --batch 8 --kv fp8"},
    {"Experts: a big model that reads a little", demo_experts,
     "Does a mixture of experts need more users than a dense model to be bound by compute?",
     "gable roofline --model qwen3-30b-a3b --system b300-sxm --stack ideal --context 0 --along "
     "batch=1..16k"},
    {"Many chips: the wire between them", demo_wire,
     "From how many chips on does a real step of one user wait for something other than its "
     "memory?",
     "gable roofline --model dense-30b --system hgx-h100-8 --along tp=2..8 --level network"},
    {"Wishes: a faster memory, or more FLOP/s", demo_wishes,
     "Which tenth is worth most to 64 users: of bandwidth, of FLOP/s, of capacity?",
     "gable sensitivity --model dense-30b --system h100-sxm --batch 64"},
};
const size_t demo_n_stops = sizeof demo_stops / sizeof demo_stops[0];

/* ---- 1 ---- */

static void one_user_sums(demo *d, const demo_scene *scene, const demo_step *s)
{
    double weights = s->plan.weights_bytes, flops = s->step.flops;
    double compute_s = flops / scene->peak_flops_per_s;
    gable_params params;
    gable_model_params(scene->model, &params);
    const char *bytes = demo_number(d, weights, GABLE_DIM_BYTES, "");
    const char *sum = demo_number(d, flops, GABLE_DIM_FLOPS, "");
    const char *read = demo_key(d, weights / scene->bandwidth_bytes_per_s, GABLE_DIM_SECONDS, "ms",
                                "How long does it take to read all weights once?");
    const char *compute = demo_key(d, compute_s, GABLE_DIM_SECONDS, "ms",
                                   "How long would the arithmetic alone take?");
    const char *rate = demo_key(d, s->step.tokens_per_s, GABLE_DIM_NONE, "tokens/s",
                                "How many tokens a second does the one user get?");
    const char *busy = demo_key(d, 100.0 * compute_s / s->step.time_s_total, GABLE_DIM_NONE, "%",
                                "What share of the time do the matrix units work?");
    demo_sum(d, "weights", bytes, "%s parameters x 2 B",
             demo_number(d, params.total / 1e9, GABLE_DIM_NONE, "billion"));
    demo_sum(d, "reading", read, "%s / %s", bytes,
             demo_number(d, scene->bandwidth_bytes_per_s, GABLE_DIM_BYTES_PER_S, ""));
    demo_sum(d, "arithmetic", compute, "%s / %s", sum,
             demo_number(d, scene->peak_flops_per_s, GABLE_DIM_FLOPS_PER_S, ""));
    demo_sum(d, "one token", read, "both at once, so the longer of the two");
    demo_sum(d, "speed", rate, "1 / %s", read);
    demo_sum(d, "busy", busy, "%s / %s", compute, read);
    demo_gap(d);
}

gable_status demo_one_user(demo *d)
{
    demo_scene scene;
    demo_step s;
    GABLE_TRY(demo_load(d, teaching_model, teaching_system, &scene));
    GABLE_TRY(demo_price(d, &scene, 1.0, 0.0, 1.0, &s));
    demo_say(d,
             "A dense model, %s, writes one token after another for one user, on one %s. For "
             "every token the chip must fetch every weight from its memory, and use each for one "
             "multiplication and one addition: 2 FLOP for 2 bytes.",
             scene.model->name, scene.machine.accelerator->title);
    one_user_sums(d, &scene, &s);
    GABLE_TRY(demo_roofline(d, &s.priced, 1));
    demo_gap(d);
    demo_say(d,
             "The roof is the best that the chip can do with so many FLOP per byte: the slope is "
             "its memory, the flat its matrix units. Our step, A, stands at %s FLOP per byte, far "
             "down the slope. The corner, called the ridge, is at %s.",
             demo_number(d, s.step.intensity_flops_per_byte, GABLE_DIM_NONE, ""),
             demo_number(d, s.step.ridge_flops_per_byte, GABLE_DIM_NONE, ""));
    demo_say(d, "Faster arithmetic would change nothing here. Faster memory would, or fewer bytes "
                "per weight, or more work per byte. More work per byte is the next stop.");
    return GABLE_OK;
}

/* ---- 2 ---- */

enum { N_BATCHES = 10 };

static void batch_line(demo *d, const demo_scene *scene, const demo_step *s, char letter)
{
    double batch = s->plan.scenario.batch, rate = s->step.tokens_per_s;
    double compute_s = s->step.flops / scene->peak_flops_per_s;
    demo_line(d, "  %c  %5.0f  %9s  %9s  %9s  %9s   %3.0f %%   %s", letter, batch,
              demo_number(d, s->step.time_s_total, GABLE_DIM_SECONDS, "ms"),
              demo_number(d, rate, GABLE_DIM_NONE, ""),
              demo_number(d, rate / batch, GABLE_DIM_NONE, ""),
              demo_number(d, s->step.intensity_flops_per_byte, GABLE_DIM_NONE, ""),
              100.0 * compute_s / s->step.time_s_total, gable_bound_name(s->step.bound));
}

static gable_status batch_table(demo *d, const demo_scene *scene, demo_mark *marks)
{
    demo_line(d, "     batch       step   tokens/s   per user  FLOP/byte    busy   bound by");
    for (int i = 0; i < N_BATCHES; i++) {
        demo_step s;
        char letter = (char)('a' + i);
        GABLE_TRY(demo_price(d, scene, (double)(1 << i), 0.0, 1.0, &s));
        marks[i] = (demo_mark){s.step.intensity_flops_per_byte, s.step.flops / s.step.time_s_total,
                               letter};
        batch_line(d, scene, &s, letter);
    }
    demo_gap(d);
    return GABLE_OK;
}

static void batch_picture(demo *d, const demo_scene *scene, const demo_mark *marks)
{
    demo_chart chart = {.x_title = "FLOP per byte of memory",
                        .y_title = "FLOP/s that the batches of the table reach",
                        .x_min = 0.3,
                        .x_max = 3e3,
                        .y_min = 1e12,
                        .y_max = 3e15,
                        .roof_slope = scene->bandwidth_bytes_per_s,
                        .roof_peak = scene->peak_flops_per_s,
                        .marks = marks,
                        .n_marks = N_BATCHES};
    demo_chart_draw(&d->page, &chart);
    demo_gap(d);
}

gable_status demo_more_users(demo *d)
{
    demo_scene scene;
    demo_mark marks[N_BATCHES];
    double ridge_batch;
    const gable_scenario unknown = {
        .phase = GABLE_PHASE_DECODE, .batch = 1.0, .n_new = 1.0, .tp = 1, .ep = 1};
    GABLE_TRY(demo_load(d, teaching_model, teaching_system, &scene));
    GABLE_TRY(demo_solve(d, &scene, &unknown, GABLE_SOLVE_COMPUTE_BOUND_BATCH, &ridge_batch));
    demo_say(d, "Now the chip serves several users in the same step. The weights are read once for "
                "all of them, so one user more costs arithmetic, which was idle, and hardly a "
                "byte.");
    GABLE_TRY(batch_table(d, &scene, marks));
    batch_picture(d, &scene, marks);
    double peak = scene.peak_flops_per_s, bandwidth = scene.bandwidth_bytes_per_s;
    const char *ridge = demo_key(d, peak / bandwidth, GABLE_DIM_NONE, "FLOP/byte",
                                 "What is the ridge of this chip?");
    const char *batch =
        demo_key(d, ridge_batch, GABLE_DIM_NONE, "users",
                 "At which batch does the arithmetic take as long as reading the weights?");
    demo_sum(d, "ridge", ridge, "%s / %s", demo_number(d, peak, GABLE_DIM_FLOPS_PER_S, ""),
             demo_number(d, bandwidth, GABLE_DIM_BYTES_PER_S, ""));
    demo_sum(d, "batch", batch, "ridge x 2 B per weight / 2 FLOP per weight");
    demo_gap(d);
    demo_say(d,
             "Up to a batch of %s a step takes almost the same time, and more tokens are almost "
             "free: the batches climb the slope. Beyond it they walk along the flat, and every "
             "user more makes all the others wait.",
             batch);
    demo_say(d, "One price is left out here: each user brings a cache. That is stop 4.");
    return GABLE_OK;
}

/* ---- 3 ---- */

static const double prompt_tokens = 2048.0;

static void phase_line(demo *d, const char *phase, const demo_step *s)
{
    demo_line(d, "  %-8s %6.0f  %12s  %10s  %10s  %9s   %s", phase, s->plan.tokens,
              demo_number(d, s->step.flops, GABLE_DIM_FLOPS, ""),
              demo_number(d, s->step.hbm_bytes, GABLE_DIM_BYTES, ""),
              demo_number(d, s->step.intensity_flops_per_byte, GABLE_DIM_NONE, ""),
              demo_number(d, s->step.time_s_total, GABLE_DIM_SECONDS, "ms"),
              gable_bound_name(s->step.bound));
}

gable_status demo_prompt(demo *d)
{
    demo_scene scene;
    demo_step decode, prefill;
    gable_priced both[2];
    GABLE_TRY(demo_load(d, teaching_model, teaching_system, &scene));
    GABLE_TRY(demo_price(d, &scene, 1.0, prompt_tokens, 1.0, &decode));
    GABLE_TRY(demo_price(d, &scene, 1.0, 0.0, prompt_tokens, &prefill));
    const char *tokens = demo_number(d, prompt_tokens, GABLE_DIM_NONE, "");
    demo_say(d,
             "Before the first token can be written, the prompt must be read. Its %s tokens are "
             "all known, so they go through the model together, in one step: for the weights that "
             "is a batch of %s.",
             tokens, tokens);
    demo_line(d, "  phase    tokens    arithmetic      memory   FLOP/byte       time   bound by");
    phase_line(d, "decode", &decode);
    phase_line(d, "prefill", &prefill);
    demo_gap(d);
    both[0] = decode.priced;
    both[1] = prefill.priced;
    GABLE_TRY(demo_roofline(d, both, 2));
    demo_gap(d);
    double one_by_one_s = prompt_tokens * decode.step.time_s_total;
    const char *apart =
        demo_key(d, one_by_one_s, GABLE_DIM_SECONDS, "",
                 "How long would the prompt take token by token, as decode does it?");
    const char *times = demo_key(d, one_by_one_s / prefill.step.time_s_total, GABLE_DIM_NONE,
                                 "times faster", "How many times faster is it read together?");
    const char *together = demo_number(d, prefill.step.time_s_total, GABLE_DIM_SECONDS, "ms");
    demo_sum(d, "one by one", apart, "%s tokens x %s", tokens,
             demo_number(d, decode.step.time_s_total, GABLE_DIM_SECONDS, "ms"));
    demo_sum(d, "together", times, "%s / %s", apart, together);
    demo_gap(d);
    demo_say(d,
             "The same weights on the same chip, and two different trades: prefill wants FLOP/s, "
             "decode wants bytes per second. That is why servers cut prompts into chunks and mix "
             "them with decode, or give each phase chips of its own.");
    return GABLE_OK;
}
