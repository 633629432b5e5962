/* layout: vision towers, neighbourhood attention and compressed caches that live in host memory, by
 * hand (facts/models.md 4.6, 4.9). */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "layout/rows.h"
#include "rows.h"

static const gable_model *load(const char *name)
{
    const gable_model *model;
    gable_err err = {0};
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

static int find(const gable_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (strcmp(plan->name[i], name) == 0)
            return i;
    ck_abort_msg("no row %s", name);
    return -1;
}

/* Two prompts of 3 images of 1000 x 700 pixels. Sides become whole groups of 2 x 14 pixels: 36 x 25
 * of them, 72 x 50 patches. */
static const gable_scenario prompt = {.phase = GABLE_PHASE_PREFILL,
                                      .batch = 2,
                                      .n_new = 4096,
                                      .tp = 1,
                                      .ep = 1,
                                      .images = 3,
                                      .image_width = 1000,
                                      .image_height = 700};

START_TEST(image_becomes_tokens)
{
    const gable_model *model = load("kimi-k2.5");
    gable_image image = gable_layout_image(&model->vision, &prompt);
    ck_assert_double_eq(image.columns, 72);
    ck_assert_double_eq(image.rows, 50);
    ck_assert_double_eq(image.patches, 3600);
    ck_assert_double_eq(image.tokens, 900);
    /* 27 x (4 x 1152^2 + 2 x 1152 x 4304 + norms), patches 588 x 1152, 4608^2 + 4608 x 7168 */
    check_close(gable_model_vision_params(model),
                27.0 * (4 * 1327104.0 + 9916416.0 + 2304) + 677376 + 21233664 + 33030144, 1e-12);
    ck_assert_double_eq(gable_model_vision_params(load("llama-3.1-8b")), 0);
    /* averaged, so one matrix: 27 layers as above, 768 x 1152, 1152 x 5376 */
    check_close(gable_model_vision_params(load("gemma-4-31b")),
                27.0 * (4 * 1327104.0 + 9916416.0 + 2304) + 884736 + 6193152, 1e-12);
    /* 12 heads of 128 are wider than the tower: 4 x 1024 x 1536 + 2 x 1024 x 4096 + norms */
    check_close(gable_model_vision_params(load("kimi-k3")),
                27.0 * (6291456.0 + 8388608 + 2048) + 602112 + 16777216 + 29360128, 1e-12);
}
END_TEST

static const struct {
    const char *model, *row;
    int tp;
    double calls, flops;
} rows[] = {
    {"kimi-k2.5", "vision_patches", 1, 1, 2.0 * 21600 * 1152 * 588},
    {"kimi-k2.5", "vision_qkv", 1, 27, 2.0 * 21600 * 1152 * 3456},
    {"kimi-k2.5", "vision_attention", 1, 27, 4.0 * 6 * 1152 * 3600 * 3600}, /* both ways: no half */
    {"kimi-k2.5", "vision_attention", 4, 27, 1.0 * 6 * 1152 * 3600 * 3600},
    {"kimi-k2.5", "vision_down", 4, 27, 2.0 * 21600 * 1152 * 1076},
    {"kimi-k2.5", "vision_down", 32, 27,
     2.0 * 21600 * 1152 * 4304}, /* 16 heads: every rank for itself */
    {"kimi-k2.5", "vision_merge", 1, 1, 2.0 * 5400 * 4608 * 4608},
    {"kimi-k2.5", "vision_proj", 1, 1, 2.0 * 5400 * 4608 * 7168},
    /* averaged: groups of 3 x 3 patches of 16 pixels, 21 x 15 of them an image; heads of 72 */
    {"gemma-4-31b", "vision_proj", 1, 1, 2.0 * 1890 * 1152 * 5376},
    {"kimi-k3", "vision_qkv", 1, 27, 2.0 * 21600 * 1024 * (3 * 12 * 128)},
};

START_TEST(row_of_the_tower)
{
    gable_plan plan;
    gable_err err = {0};
    gable_scenario s = prompt;
    s.tp = rows[_i].tp;
    ck_assert_msg(gable_layout_plan(scratch_arena(), load(rows[_i].model), &s, &plan, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    int row = find(&plan, rows[_i].row);
    ck_assert_double_eq(plan.calls[row], rows[_i].calls);
    check_close(plan.work[row].flops, rows[_i].flops, 1e-12);
}
END_TEST

/* The tower's weights are in memory when there are images to encode. */
static const char *const towers[] = {"kimi-k2.5", "kimi-k3", "gemma-4-31b", "qwen3.5-122b-a10b"};

START_TEST(tower_is_stored)
{
    gable_plan with, without;
    gable_err err = {0};
    gable_scenario text = prompt;
    const gable_model *model = load(towers[_i]);
    text.images = 0;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &prompt, &with, &err), GABLE_OK);
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &text, &without, &err), GABLE_OK);
    check_close(with.weights_bytes - without.weights_bytes, 2.0 * gable_model_vision_params(model),
                1e-6);
}
END_TEST

/* 64 x 64 patches that see 32 x 32 around them. Tiles are 8 x 16: steps of 16 keep neighbourhoods
 * on them, and the whole saving of 4 is real; steps of 1 cover 40 x 48 keys for 32 x 32. */
static const struct {
    int window, stride;
    double keys;
} neighbourhoods[] = {{32, 16, 32 * 32}, {32, 1, 40 * 48},  {32, 8, 32 * 48},
                      {64, 16, 64 * 64}, {200, 1, 64 * 64}, {0, 0, 0}};

START_TEST(neighbourhood)
{
    gable_vision v = {.window = neighbourhoods[_i].window, .stride = neighbourhoods[_i].stride};
    gable_image image = {.rows = 64, .columns = 64};
    ck_assert_double_eq(gable_layout_neighbourhood(&v, &image), neighbourhoods[_i].keys);
}
END_TEST

START_TEST(neighbourhood_saves_flops)
{
    gable_model model = *load("kimi-k2.5");
    gable_scenario s = prompt;
    gable_plan all, near;
    gable_err err = {0};
    s.image_width = s.image_height = 64 * 14; /* 64 x 64 patches */
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), &model, &s, &all, &err), GABLE_OK);
    model.vision.window = 32;
    model.vision.stride = 16;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), &model, &s, &near, &err), GABLE_OK);
    int row = find(&all, "vision_attention");
    check_close(all.work[row].flops, 4 * near.work[row].flops, 1e-12);
}
END_TEST

/* ---- FlashMemory: V4-Flash at 500,000 tokens, a tenth of the compressed cache in the device ----
 */

START_TEST(resident_part)
{
    const gable_model *model = load("deepseek-v4-flash");
    gable_scenario s = {
        .phase = GABLE_PHASE_DECODE, .batch = 2, .n_cached = 499999, .n_new = 1, .tp = 1, .ep = 1};
    gable_plan all, part;
    gable_err err = {0};
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, &all, &err), GABLE_OK);
    s.resident_kv = 0.1;
    s.index_every = 64;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, &part, &err), GABLE_OK);
    double pool = 2.0 * 21 * 125000 * (584 + 68); /* 21 layers, an entry for 4 tokens */
    check_close(all.kv_bytes - part.kv_bytes, 0.9 * pool, 1e-9);
    check_close(part.host.stored_bytes, 0.9 * pool, 1e-9);
    check_close(part.host.ahead_bytes, 0.1 * pool / 64, 1e-9);
    int row = find(&part, "indexer");
    check_close(part.calls[row], 21.0 / 64, 1e-12);
    ck_assert_double_lt(part.kv_bytes, 0.14 * all.kv_bytes);
}
END_TEST

static const struct {
    const char *model;
    gable_scenario scenario;
    const char *says;
} refused[] = {
    {"llama-3.1-8b",
     {.phase = GABLE_PHASE_PREFILL, .batch = 1, .n_new = 9, .tp = 1, .ep = 1, .images = 1},
     "llama-3.1-8b has no vision tower"},
    {"kimi-k2.5",
     {.phase = GABLE_PHASE_DECODE, .batch = 1, .n_new = 1, .tp = 1, .ep = 1, .images = 1},
     "encoded in prefill, not in decode"},
    {"kimi-k2.5",
     {.phase = GABLE_PHASE_PREFILL,
      .batch = 1,
      .n_new = 99,
      .tp = 1,
      .ep = 1,
      .images = 1,
      .image_width = 280,
      .image_height = 280},
     "1 images of 280x280 pixels are 100 tokens already"},
    {"kimi-k2.5",
     {.phase = GABLE_PHASE_PREFILL,
      .batch = 1,
      .n_new = 99,
      .tp = 1,
      .ep = 1,
      .images = 1,
      .image_width = NAN,
      .image_height = 280},
     "is out of range"},
    {"llama-3.1-8b",
     {.phase = GABLE_PHASE_DECODE, .batch = 1, .n_new = 1, .tp = 1, .ep = 1, .resident_kv = 0.5},
     "compressed sparse attention, which llama-3.1-8b does not have"},
    {"deepseek-v4-pro",
     {.phase = GABLE_PHASE_DECODE, .batch = 1, .n_new = 1, .tp = 1, .ep = 1, .resident_kv = 1.5},
     "--resident-kv 1.5 is out of range"},
};

START_TEST(refusal)
{
    gable_plan plan;
    gable_err err = {0};
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), load(refused[_i].model),
                                       &refused[_i].scenario, &plan, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

Suite *gable_suite_vision(void);

Suite *gable_suite_vision(void)
{
    Suite *suite = suite_create("vision");
    TCase *all = tcase_create("towers");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, image_becomes_tokens);
    ADD_ROWS(all, row_of_the_tower, rows);
    ADD_ROWS(all, tower_is_stored, towers);
    ADD_ROWS(all, neighbourhood, neighbourhoods);
    tcase_add_test(all, neighbourhood_saves_flops);
    tcase_add_test(all, resident_part);
    ADD_ROWS(all, refusal, refused);
    suite_add_tcase(suite, all);
    return suite;
}
