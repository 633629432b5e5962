/* cli/demo_stops_machines: the stops about machines: several chips and the wire between them, and
 * what a faster memory or more FLOP/s would change. */
#include <stdio.h>
#include <string.h>

#include "cli/demo.h"
#include "machine/edit.h"

static const char teaching_model[] = "dense-30b";

/* One step as demo_price makes it, on `tp` devices of a machine. */
static gable_status price_on(demo *d, const gable_model *model, const gable_machine *machine,
                             const gable_scenario *scenario, demo_step *out)
{
    gable_cli *cli = d->cli;
    GABLE_TRY(gable_layout_plan(&cli->arena, model, scenario, &out->plan, &cli->err));
    GABLE_TRY(gable_step_init(&cli->arena, &out->plan, &out->step, &cli->err));
    gable_engine_price(&out->plan, machine, &out->step);
    out->priced = (gable_priced){.plan = &out->plan, .machine = machine, .step = &out->step};
    return GABLE_OK;
}

/* The machine with its fields edited; lives in the arena. */
static gable_status edited(demo *d, const gable_machine *machine, const char *const *assignments,
                           int n, const gable_machine **out)
{
    gable_cli *cli = d->cli;
    gable_edit *edit;
    gable_edited_list *done;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *edit, &edit, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *done, &done, &cli->err));
    GABLE_TRY(gable_edit_open(&cli->arena, machine, edit, &cli->err));
    for (int i = 0; i < n; i++)
        GABLE_TRY(gable_edit_apply(edit, assignments[i], done, &cli->err));
    *out = &edit->machine;
    return GABLE_OK;
}

/* ---- 6: several chips ---- */

static const char wire_system[] = "hgx-h100-8", narrow_link[] = "pcie-5";
static const double wire_batch = 64.0, wire_prompt = 2048.0;
enum { N_CHIPS = 3, N_WIRES = 2 }; /* 2, 4 and 8 chips; the wide wire and the narrow one */

static double wire_s(const demo_step *s)
{
    double seconds = 0.0;
    for (int i = 0; i < s->plan.n_rows; i++)
        if (s->plan.kind[i] == GABLE_ROW_COLLECTIVE)
            seconds += s->step.time_s[i];
    return seconds;
}

typedef struct wire {
    const char *name;
    const gable_machine *machine;
} wire;

static const gable_scenario wire_steps[] = {
    {.phase = GABLE_PHASE_DECODE, .batch = wire_batch, .n_new = 1.0, .ep = 1},
    {.phase = GABLE_PHASE_PREFILL, .batch = 1.0, .n_new = wire_prompt, .ep = 1},
};

static gable_status wire_line(demo *d, const demo_scene *scene, const wire *w, int tp)
{
    static const double s_per_mark[] = {1e-3, 4e-3};
    char parts[2][80];
    for (int i = 0; i < 2; i++) {
        demo_step s;
        gable_scenario scenario = wire_steps[i];
        scenario.tp = tp;
        GABLE_TRY(price_on(d, scene->model, w->machine, &scenario, &s));
        double on_wire = wire_s(&s), total = s.step.time_s_total;
        snprintf(parts[i], sizeof parts[i], "%6.3g ms  %s", 1e3 * total,
                 demo_bar(d, total - on_wire, on_wire, s_per_mark[i]));
    }
    demo_line(d, "  %d  %-7s %-27s %s", tp, w->name, parts[0], parts[1]);
    return GABLE_OK;
}

static gable_status wire_table(demo *d, const demo_scene *scene, const wire wires[N_WIRES])
{
    char jobs_text[2][40];
    snprintf(jobs_text[0], sizeof jobs_text[0], "decode, batch %.0f", wire_batch);
    snprintf(jobs_text[1], sizeof jobs_text[1], "prompt of %.0f tokens", wire_prompt);
    demo_line(d, "  # chip     %-27s %s", jobs_text[0], jobs_text[1]);
    demo_line(d, "  = wire     %-27s %s", "one mark is 1 ms", "one mark is 4 ms");
    for (int tp = 2; tp <= 8; tp *= 2)
        for (int i = 0; i < N_WIRES; i++)
            GABLE_TRY(wire_line(d, scene, &wires[i], tp));
    demo_gap(d);
    return GABLE_OK;
}

static gable_status wire_sums(demo *d, const demo_scene *scene, const wire wires[N_WIRES])
{
    static const char *const asked[N_WIRES][2] = {
        {"How long does the prompt spend on the wide wire?", "What share of its step is that?"},
        {"And on the narrow one?", "What share of its step is that?"}};
    const gable_model *model = scene->model;
    gable_scenario scenario = wire_steps[1];
    scenario.tp = 8;
    double sum_bytes = wire_prompt * model->hidden * 2.0;
    demo_sum(d, "one sum", demo_number(d, sum_bytes, GABLE_DIM_BYTES, ""),
             "%.0f tokens x %d numbers x 2 B", wire_prompt, model->hidden);
    for (int i = 0; i < N_WIRES; i++) {
        demo_step s;
        GABLE_TRY(price_on(d, model, wires[i].machine, &scenario, &s));
        double seconds = wire_s(&s);
        const char *time = demo_key(d, seconds, GABLE_DIM_SECONDS, "ms", asked[i][0]);
        demo_sum(d, wires[i].name, time, "%s sent / %s",
                 demo_number(d, s.step.wire_bytes_total, GABLE_DIM_BYTES, ""),
                 demo_number(d, wires[i].machine->system->scale_up_bytes_per_s,
                             GABLE_DIM_BYTES_PER_S, ""));
        demo_sum(
            d, "",
            demo_key(d, 100.0 * seconds / s.step.time_s_total, GABLE_DIM_NONE, "%", asked[i][1]),
            "%s / %s", time, demo_number(d, s.step.time_s_total, GABLE_DIM_SECONDS, "ms"));
    }
    demo_gap(d);
    return GABLE_OK;
}

gable_status demo_wire(demo *d)
{
    gable_cli *cli = d->cli;
    demo_scene scene;
    const gable_link *link;
    char rate[80];
    GABLE_TRY(demo_load(d, teaching_model, wire_system, &scene));
    GABLE_TRY(gable_link_load(&cli->arena, cli->hw, narrow_link, &link, &cli->err));
    snprintf(rate, sizeof rate, "system.scale_up.bandwidth=%.17g", link->port_bytes_per_s);
    const char *const narrow[] = {"system.scale_up.fabric=pcie",
                                  "system.scale_up.in_network_reduction=false", rate};
    wire wires[N_WIRES] = {{"NVLink", &scene.machine}, {"PCIe", NULL}};
    GABLE_TRY(edited(d, &scene.machine, narrow, 3, &wires[1].machine));
    demo_say(d,
             "Two chips hold half of the weights each and read them in half of the time; eight, an "
             "eighth. But twice in every layer they have to add up what each has found, and that "
             "sum goes over the wire. Here are the same chips on two wires: NVLink through a "
             "switch that adds up on the way, and PCIe, where the sum goes round a ring.");
    GABLE_TRY(wire_table(d, &scene, wires));
    demo_say(d, "On eight chips, for the prompt, with %d such sums in %d layers:",
             2 * scene.model->n_layers, scene.model->n_layers);
    GABLE_TRY(wire_sums(d, &scene, wires));
    demo_say(
        d, "Decode sends little for each token, but it sends in every step, and each of those sums "
           "waits for the latency of the wire as well, which this page leaves out: gable cost "
           "--stack trtllm counts it. Prefill sends megabytes, and on the narrow wire more chips "
           "soon help nothing. Then it is better to cut the model by layers (--pp), or to send "
           "fewer bytes.");
    return GABLE_OK;
}

/* ---- 7: other machines ---- */

static const char base_system[] = "h100-sxm";

/* A machine that does not exist. */
typedef struct wish {
    const char *name;
    char letter;
    int n;
    const char *const assignments[2];
} wish;

static const wish wishes[] = {
    {"as it is", 'A', 0, {NULL}},
    {"memory x2", 'M', 1, {"accelerator.hbm.bandwidth=x2"}},
    {"FLOP/s x2", 'F', 1, {"accelerator.compute.matrix.*=x2"}},
    {"both x2", 'B', 2, {"accelerator.hbm.bandwidth=x2", "accelerator.compute.matrix.*=x2"}},
};
enum { N_WISHES = sizeof wishes / sizeof wishes[0], N_JOBS = 4 };

static const struct {
    const char *name;
    gable_scenario scenario;
} jobs[N_JOBS] = {
    {"1 user",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 1.0,
      .n_cached = 2048.0,
      .n_new = 1.0,
      .tp = 1,
      .ep = 1}},
    {"64 users",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 64.0,
      .n_cached = 2048.0,
      .n_new = 1.0,
      .tp = 1,
      .ep = 1}},
    {"512 users",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 512.0,
      .n_cached = 128.0,
      .n_new = 1.0,
      .tp = 1,
      .ep = 1}},
    {"prompt", {.phase = GABLE_PHASE_PREFILL, .batch = 1.0, .n_new = 2048.0, .tp = 1, .ep = 1}},
};

typedef struct wish_table {
    demo_scene scene;
    double time_s[N_WISHES][N_JOBS], ridge[N_WISHES];
    demo_mark marks[2 * N_JOBS];
} wish_table;

static gable_status price_wishes(demo *d, wish_table *t)
{
    GABLE_TRY(demo_load(d, teaching_model, base_system, &t->scene));
    for (int w = 0; w < N_WISHES; w++) {
        const gable_machine *machine;
        GABLE_TRY(edited(d, &t->scene.machine, wishes[w].assignments, wishes[w].n, &machine));
        t->ridge[w] = gable_accelerator_ridge(machine->accelerator, GABLE_MMA_BF16);
        for (int j = 0; j < N_JOBS; j++) {
            demo_step s;
            GABLE_TRY(price_on(d, t->scene.model, machine, &jobs[j].scenario, &s));
            t->time_s[w][j] = s.step.time_s_total;
            if (w == 0 || wishes[w].letter == 'M')
                t->marks[(w > 0) * N_JOBS + j] =
                    (demo_mark){s.step.intensity_flops_per_byte, s.step.flops / s.step.time_s_total,
                                wishes[w].letter};
        }
    }
    return GABLE_OK;
}

static void number_or_blank(bool blank, double value, char out[16])
{
    if (blank)
        snprintf(out, 16, "?");
    else
        snprintf(out, 16, "%.3g", value);
}

/* A row of the table; in a quiz without what is asked for below. */
static void wish_line(demo *d, const wish_table *t, int w)
{
    char line[DEMO_WIDTH + 40], ridge[16], faster[16];
    bool asked = d->quiz && wishes[w].n == 1;
    number_or_blank(asked, t->ridge[w], ridge);
    int n = snprintf(line, sizeof line, "  %-11s %7s", wishes[w].name, ridge);
    for (int j = 0; j < N_JOBS; j++) {
        number_or_blank(asked, t->time_s[0][j] / t->time_s[w][j], faster);
        n += snprintf(line + n, sizeof line - (size_t)n, "  %6.3g x%-4s", 1e3 * t->time_s[w][j],
                      faster);
    }
    while (n > 0 && line[n - 1] == ' ')
        line[--n] = '\0';
    demo_line(d, "%s", line);
}

static void wish_lines(demo *d, const wish_table *t)
{
    demo_line(d, "                ridge     1 user       64 users      512 users       prompt");
    for (int w = 0; w < N_WISHES; w++)
        wish_line(d, t, w);
    demo_line(d, "              FLOP/byte   ms, and how many times faster");
    demo_gap(d);
}

static void wish_picture(demo *d, const wish_table *t)
{
    double slope = t->scene.bandwidth_bytes_per_s, peak = t->scene.peak_flops_per_s;
    demo_chart chart = {.x_title = "FLOP per byte of memory",
                        .y_title = "FLOP/s (A: as it is, M: memory x2, its slope dotted)",
                        .x_min = 0.3,
                        .x_max = 3e3,
                        .y_min = 1e12,
                        .y_max = 3e15,
                        .roof_slope = slope,
                        .roof_peak = peak,
                        .other_slope = 2.0 * slope,
                        .marks = t->marks,
                        .n_marks = sizeof t->marks / sizeof t->marks[0]};
    demo_chart_draw(&d->page, &chart);
    demo_gap(d);
}

gable_status demo_wishes(demo *d)
{
    wish_table t = {0};
    GABLE_TRY(price_wishes(d, &t));
    demo_say(d,
             "If you could double one thing of this chip, %s, what would it be? Here are four "
             "jobs: users who each have 2048 tokens in their cache (512 users only 128, or their "
             "caches would not leave room), and a prompt of 2048 tokens.",
             t.scene.machine.accelerator->title);
    wish_lines(d, &t);
    wish_picture(d, &t);
    enum { AS_IS, MEMORY, COMPUTE, ALONE = 0, PROMPT = 3 };
    const char *memory = demo_key(d, t.ridge[MEMORY], GABLE_DIM_NONE, "FLOP/byte",
                                  "Where is the ridge with twice the memory bandwidth?");
    const char *compute = demo_key(d, t.ridge[COMPUTE], GABLE_DIM_NONE, "FLOP/byte",
                                   "Where is it with twice the FLOP/s?");
    demo_sum(d, "memory x2", memory, "%s / 2",
             demo_number(d, t.ridge[AS_IS], GABLE_DIM_NONE, "FLOP/byte"));
    demo_sum(d, "FLOP/s x2", compute, "%s x 2",
             demo_number(d, t.ridge[AS_IS], GABLE_DIM_NONE, "FLOP/byte"));
    demo_sum(d, "one user",
             demo_key(d, t.time_s[AS_IS][ALONE] / t.time_s[COMPUTE][ALONE], GABLE_DIM_NONE, "times",
                      "How many times faster is one user with twice the FLOP/s?"),
             "with twice the FLOP/s");
    demo_sum(d, "the prompt",
             demo_key(d, t.time_s[AS_IS][PROMPT] / t.time_s[COMPUTE][PROMPT], GABLE_DIM_NONE,
                      "times", "And the prompt?"),
             "with twice the FLOP/s");
    demo_gap(d);
    demo_say(d,
             "A faster memory helps whoever stands left of the ridge, and moves the ridge towards "
             "them; more FLOP/s help whoever stands right of it, and push it away. Doubling both "
             "moves nothing but the clock. gable whatif --set hbm.bandwidth=x2 asks this of any "
             "model and machine.");
    demo_say(d, "That was the tour. gable cost, explain, roofline, whatif and solve answer the "
                "same questions for your own model and machine; gable report makes a page of them "
                "that moves with sliders; gable help examples shows how.");
    return GABLE_OK;
}
