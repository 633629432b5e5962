#include "input.h"

#include <math.h>
#include <string.h>

static const size_t arena_bytes = (size_t)96 << 20;
static gable_arena arena, kept;

char *input_copy(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

int input_text(const uint8_t *data, size_t size, size_t fixed_bytes, size_t per_byte,
               input_check *check)
{
    gable_arena own;
    char *text = input_copy(data, size);
    if (gable_arena_init(&own, fixed_bytes + per_byte * size, NULL) != GABLE_OK)
        abort();
    check(&own, text, size);
    gable_arena_free(&own);
    free(text);
    return 0;
}

input input_open(const uint8_t *data, size_t size)
{
    if (!arena.base && gable_arena_init(&arena, arena_bytes, NULL) != GABLE_OK)
        abort();
    gable_arena_release(&arena, 0);
    arena.overlay = NULL;
    return (input){.arena = &arena, .text = input_copy(data, size), .length_bytes = size};
}

void input_close(input *in)
{
    arena.overlay = NULL;
    free(in->text);
}

void input_stands_in(input *in, const char *path, const char *text, size_t length_bytes)
{
    in->overlay = (gable_file_overlay){path, text, length_bytes};
    in->arena->overlay = &in->overlay;
}

void input_refused(const input *in, const char *path)
{
    const char *text = in->err.text;
    size_t line, column, n = path ? strlen(path) : 0;
    MUST(in->err.status == GABLE_INPUT || in->err.status == GABLE_USAGE);
    MUST(*text && strlen(text) < GABLE_ERR_CAP);
    for (const char *at = text; *at; at += gable_text_utf8_bytes(at)) {
        MUST(gable_text_utf8_bytes(at) > 0);
        MUST((unsigned char)*at >= ' ' && *at != 0x7f);
    }
    if (!path)
        return;
    MUST(strncmp(text, path, n) == 0);
    MUST(sscanf(text + n, ":%zu:%zu: ", &line, &column) == 2);
    MUST(line >= 1 && line <= in->length_bytes + 1);
    MUST(column >= 1 && column <= in->length_bytes + 1);
}

static void check_step(const gable_plan *plan, const gable_step *step)
{
    double sum_s = 0.0;
    for (int i = 0; i < step->n_rows; i++) {
        const gable_time *row = &step->row[i];
        MUST(isfinite(row->time_s) && isfinite(row->ceiling_s));
        MUST(row->ceiling_s >= 0.0 && row->time_s >= row->ceiling_s);
        sum_s += step->time_s[i] - step->hidden_s[i];
    }
    MUST(fabs(sum_s - step->time_s_total) <= 1e-9 * sum_s);
    MUST(step->time_s_total > 0.0 && step->time_s_total >= step->ceiling_s_total);
    MUST(step->p10_s <= step->time_s_total && step->time_s_total <= step->p90_s);
    MUST(isfinite(step->p90_s) && isfinite(step->tokens_per_s));
    MUST(isfinite(step->intensity_flops_per_byte) && isfinite(step->ridge_flops_per_byte));
    MUST(isfinite(step->total_bytes) && isfinite(plan->weights_bytes));
}

void input_priced(input *in, const gable_model *model, const gable_machine *machine)
{
    static const gable_scenario scenarios[] = {
        {.phase = GABLE_PHASE_DECODE, .batch = 8, .n_cached = 1000, .n_new = 1},
        {.phase = GABLE_PHASE_PREFILL, .batch = 1, .n_cached = 0, .n_new = 512},
    };
    gable_plan plan;
    gable_step step;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        gable_scenario scenario = scenarios[i];
        if (model->canvas && scenario.phase == GABLE_PHASE_DECODE)
            scenario.n_new = model->canvas;
        in->err = (gable_err){0};
        if (gable_engine_lay(in->arena, model, machine, &scenario, &plan, &step, &in->err) ==
            GABLE_OK)
            check_step(&plan, &step);
        else
            input_refused(in, NULL);
    }
}

/* ---- the tree ---- */

static gable_arena *lasting(void)
{
    if (!kept.base && gable_arena_init(&kept, arena_bytes, NULL) != GABLE_OK)
        abort();
    return &kept;
}

const gable_model *input_tree_model(const char *name)
{
    const gable_model *model;
    gable_err err = {0};
    if (gable_model_load(lasting(), "workloads", name, &model, &err) != GABLE_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return model;
}

const gable_machine *input_tree_machine(const char *name)
{
    gable_machine *machine = gable_arena_alloc(lasting(), 1, sizeof *machine);
    gable_err err = {0};
    if (!machine || gable_machine_load(lasting(), "hw", name, "ideal", machine, &err) != GABLE_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return machine;
}
