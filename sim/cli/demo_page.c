/* cli/demo_page: from a model and a machine to words, numbers and pictures. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/demo.h"
#include "report/paragraph.h"
#include "report/plot.h"

/* ---- pricing ---- */

gable_status demo_load(demo *d, const char *model, const char *system, demo_scene *out)
{
    gable_cli *cli = d->cli;
    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, model, &out->model, &cli->err));
    GABLE_TRY(gable_machine_load(&cli->arena, cli->hw, system, "ideal", &out->machine, &cli->err));
    const gable_accelerator *device = out->machine.accelerator;
    out->bandwidth_bytes_per_s = device->hbm_bandwidth_bytes_per_s;
    out->peak_flops_per_s = gable_accelerator_peak(device, GABLE_MMA_BF16, NULL);
    return GABLE_OK;
}

gable_status demo_price(demo *d, const demo_scene *scene, double batch, double n_cached,
                        double n_new, demo_step *out)
{
    gable_cli *cli = d->cli;
    gable_scenario scenario = {.phase = n_new > 1.0 ? GABLE_PHASE_PREFILL : GABLE_PHASE_DECODE,
                               .batch = batch,
                               .n_cached = n_cached,
                               .n_new = n_new,
                               .tp = 1,
                               .ep = 1};
    GABLE_TRY(gable_layout_plan(&cli->arena, scene->model, &scenario, &out->plan, &cli->err));
    GABLE_TRY(gable_step_init(&cli->arena, &out->plan, &out->step, &cli->err));
    gable_engine_price(&out->plan, &scene->machine, &out->step);
    out->priced =
        (gable_priced){.plan = &out->plan, .machine = &scene->machine, .step = &out->step};
    return GABLE_OK;
}

double demo_weight_bytes(const demo_step *s)
{
    double bytes = 0.0;
    for (int i = 0; i < s->plan.n_rows; i++)
        if (s->plan.kind[i] == GABLE_ROW_OP)
            bytes += s->plan.work[i].weight_bytes * s->plan.calls[i];
    return bytes;
}

double demo_cache_bytes(const demo_step *s)
{
    double bytes = 0.0;
    for (int i = 0; i < s->plan.n_rows; i++)
        if (s->plan.kind[i] == GABLE_ROW_OP)
            bytes += s->plan.work[i].cache_bytes * s->plan.calls[i];
    return bytes;
}

double demo_distinct_experts(const demo_step *s, double *experts)
{
    *experts = 0.0;
    for (int i = 0; i < s->plan.n_rows; i++) {
        const gable_op *op = &s->plan.op[i];
        if (s->plan.kind[i] != GABLE_ROW_OP || op->kind != GABLE_OP_MOE)
            continue;
        *experts = op->moe.experts;
        return gable_cost_moe_load(&op->moe).distinct;
    }
    return 0.0;
}

gable_status demo_solve(demo *d, const demo_scene *scene, const gable_scenario *scenario,
                        gable_solve_kind kind, double *value)
{
    gable_solution solution;
    GABLE_TRY(gable_engine_solve(scene->model, &scene->machine, scenario, kind, false, &solution,
                                 &d->cli->err));
    if (!solution.found)
        return gable_fail(&d->cli->err, GABLE_INTERNAL, "demo: %s", solution.reason);
    *value = solution.value;
    return GABLE_OK;
}

/* ---- words and numbers ---- */

enum { TEXT_CAP = 1200 };

void demo_gap(demo *d)
{
    gable_text_add(&d->page, "\n");
}

void demo_say(demo *d, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gable_paragraph(&d->page, text, 0, DEMO_WIDTH);
    demo_gap(d);
}

void demo_line(demo *d, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gable_text_addf(&d->page, "%s\n", text);
}

void demo_sum(demo *d, const char *label, const char *result, const char *format, ...)
{
    char terms[TEXT_CAP];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(terms, sizeof terms, format, arguments);
    va_end(arguments);
    gable_text_addf(&d->page, "  %-12s%-42s = %s\n", label, terms, result);
}

enum { DIGITS = 3 };

static void print_number(double value, gable_dim dim, const char *unit, char out[DEMO_NUMBER_CAP])
{
    char number[GABLE_UNITS_TEXT_CAP];
    bool in_ms = dim == GABLE_DIM_SECONDS && strcmp(unit, "ms") == 0;
    gable_units_print(in_ms ? 1e3 * value : value, in_ms ? GABLE_DIM_NONE : dim, DIGITS, number);
    snprintf(out, DEMO_NUMBER_CAP, "%s%s%s", number, *unit ? " " : "", unit);
}

const char *demo_keep(demo *d, const char *text)
{
    const char *copy = gable_arena_copy(&d->cli->arena, text, strlen(text));
    if (!copy)
        d->status = gable_fail(&d->cli->err, GABLE_INTERNAL, "arena full");
    return copy ? copy : "";
}

const char *demo_number(demo *d, double value, gable_dim dim, const char *unit)
{
    char text[DEMO_NUMBER_CAP];
    print_number(value, dim, unit, text);
    return demo_keep(d, text);
}

const char *demo_key(demo *d, double value, gable_dim dim, const char *unit, const char *question)
{
    char blank[DEMO_NUMBER_CAP];
    if (!d->quiz || d->n_questions == DEMO_QUESTIONS_CAP)
        return demo_number(d, value, dim, unit);
    demo_question *q = &d->questions[d->n_questions++];
    *q = (demo_question){.text = question, .value = value, .dim = dim, .unit = unit};
    print_number(value, dim, unit, q->shown);
    snprintf(blank, sizeof blank, "[%d]", d->n_questions);
    return demo_keep(d, blank);
}

/* ---- the roofline ---- */

/* gnuplot draws one in 0.1 s. */
static const double timeout_s = 30.0;

/* The same picture from what is at hand: one letter a step. */
static void sketch_roofline(demo *d, const gable_priced *steps, size_t n_steps)
{
    demo_mark marks[GABLE_ROOFLINE_STEPS_CAP];
    const gable_accelerator *device = steps[0].machine->accelerator;
    double peak = gable_accelerator_peak(device, GABLE_MMA_BF16, NULL);
    for (size_t i = 0; i < n_steps; i++) {
        const gable_step *step = steps[i].step;
        marks[i] = (demo_mark){step->intensity_flops_per_byte, step->flops / step->time_s_total,
                               i ? 'a' : 'A'};
    }
    demo_chart chart = {.x_title = "FLOP per byte of memory",
                        .y_title =
                            n_steps > 1 ? "FLOP/s (A: decode, a: prefill)" : "FLOP/s (A: decode)",
                        .x_min = 0.1,
                        .x_max = 1e4,
                        .y_min = 1e11,
                        .y_max = 1e16,
                        .roof_slope = device->hbm_bandwidth_bytes_per_s,
                        .roof_peak = peak,
                        .marks = marks,
                        .n_marks = n_steps};
    while (chart.y_max > 10.0 * peak)
        chart.y_max /= 10.0;
    demo_chart_draw(&d->page, &chart);
}

/* Columns of a line that show something: escape sequences and trailing blanks do not. */
static bool shows_something(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\033')
            i += strcspn(line + i, "m");
        else if (line[i] != ' ')
            return true;
    }
    return false;
}

/* Empty lines and blanks at the ends of lines are gnuplot's paper. */
static void add_trimmed(gable_text *out, const char *picture, bool color)
{
    while (*picture) {
        size_t n = strcspn(picture, "\n\f"), used = n;
        while (used > 0 && picture[used - 1] == ' ')
            used--;
        if (shows_something(picture, n)) {
            gable_text_add_n(out, picture, used);
            gable_text_add(out, "\n");
        }
        picture += n + (picture[n] != '\0');
    }
    gable_text_add(out, color ? "\033[0m" : "");
}

gable_status demo_roofline(demo *d, const gable_priced *steps, size_t n_steps)
{
    gable_cli *cli = d->cli;
    const gable_gnuplot gnuplot = {d->search_path, timeout_s};
    const gable_roofline_request request = {.steps = steps,
                                            .n_steps = n_steps,
                                            .canvas = GABLE_CANVAS_TERMINAL,
                                            .width = DEMO_WIDTH + 2,
                                            .color = cli->color,
                                            .plots = cli->plots};
    gable_text script = {0}, picture = {0};
    gable_err why = {0};
    gable_status status = gable_roofline_script(&cli->arena, &request, &script, &cli->err);
    if (status == GABLE_OK && gable_gnuplot_run(&gnuplot, &script, &picture, &why) == GABLE_OK) {
        add_trimmed(&d->page, picture.text ? picture.text : "", cli->color);
        if (n_steps > 1)
            demo_line(d, "   capitals: operators of decode, small letters: the same of prefill");
    } else if (status == GABLE_OK) {
        d->sketched = true;
        sketch_roofline(d, steps, n_steps);
    }
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}
