/* cli/json_reference: see json_reference.h. Tables, and looking things up in them. */
#include "cli/json_reference.h"

#include <stdio.h>
#include <string.h>

#include "engine/check.h"
#include "engine/sweep.h"
#include "machine/calibration.h"
#include "machine/generation.h"
#include "machine/power.h"
#include "machine/serving.h"
#include "model/describe.h"

const gable_json_row gable_json_rows[] = {
#define ANSWER(schema_, command_, title_)                                                          \
    {.schema = (schema_), .command = (command_), .title = (title_)},
#define ROW(path_, type_) {.path = (path_), .type = (type_)},
#include "cli/json_answers.def"
#undef ANSWER
#undef ROW
};
const size_t gable_n_json_rows = sizeof gable_json_rows / sizeof gable_json_rows[0];

static const struct {
    const char *path, *meaning;
} meanings[] = {
#define KEY(path_, meaning_) {path_, meaning_},
#include "cli/json_keys.def"
#undef KEY
};

const gable_json_document gable_json_documents[] = {
    {.name = "accelerator", .schema = &gable_accelerator_schema},
    {.name = "cpu", .schema = &gable_cpu_schema},
    {.name = "link", .schema = &gable_link_schema},
    {.name = "system", .schema = &gable_system_schema},
    {.name = "generation",
     .schema = &gable_generation_schema,
     .parts = {"odd[]"},
     .part_schemas = {&gable_oddity_schema}},
    {.name = "stack",
     .schema = &gable_stack_schema,
     .parts = {"gaps[]", "stands_in[]"},
     .part_schemas = {&gable_gap_schema, &gable_stand_in_schema}},
    {.name = "calibration",
     .schema = &gable_calibration_schema,
     .parts = {"kernels[]"},
     .part_schemas = {&gable_calibrated_schema}},
    {.name = "serving",
     .schema = &gable_serving_schema,
     .parts = {"engines[]"},
     .part_schemas = {&gable_serving_entry_schema}},
    {.name = "power",
     .schema = &gable_power_schema,
     .parts = {"hosts[]", "meters[]"},
     .part_schemas = {&gable_power_host_schema, &gable_power_meter_schema}},
    {.name = "model",
     .schema = &gable_model_schema,
     .parts = {"layers[].mixer", "layers[].ffn"},
     .part_schemas = {&gable_mixer_schema, &gable_ffn_schema}},
    {.name = "scenario",
     .schema = &gable_check_schema,
     .parts = {"expect.metrics.NAME", "expect.operators.NAME"},
     .part_schemas = {&gable_check_expectation_schema, &gable_check_operator_schema}},
    {.name = "sweep", .schema = &gable_sweep_schema},
};
const size_t gable_n_json_documents = sizeof gable_json_documents / sizeof gable_json_documents[0];

size_t gable_json_answer(const char *name)
{
    for (size_t i = 0; i < gable_n_json_rows; i++) {
        const gable_json_row *row = &gable_json_rows[i];
        if (row->schema && (strcmp(row->command, name) == 0 || strcmp(row->schema, name) == 0))
            return i;
    }
    return gable_n_json_rows;
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), n_end = strlen(end);
    return n >= n_end && strcmp(path + n - n_end, end) == 0 &&
           (n == n_end || path[n - n_end - 1] == '.');
}

static size_t find_meaning(const char *command, const char *path)
{
    char whole[GABLE_JSON_PATH_CAP];
    size_t best = sizeof meanings / sizeof meanings[0], longest = 0;
    snprintf(whole, sizeof whole, "%.*s.%s", (int)strcspn(command, " "), command, path);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        size_t n = strlen(meanings[i].path);
        if (n > longest && ends_with(whole, meanings[i].path)) {
            best = i;
            longest = n;
        }
    }
    return best;
}

const char *gable_json_meaning(const char *command, const char *path)
{
    size_t i = find_meaning(command, path);
    return i < sizeof meanings / sizeof meanings[0] ? meanings[i].meaning : NULL;
}

size_t gable_json_n_meanings(void)
{
    return sizeof meanings / sizeof meanings[0];
}

const char *gable_json_meaning_at(size_t i)
{
    return meanings[i].meaning;
}

bool gable_json_stands_in(const char *path, const char *parent)
{
    size_t n = strlen(parent);
    if (strncmp(path, parent, n) != 0)
        return false;
    const char *rest = path + n;
    if (strcmp(rest, "[]") == 0)
        return true;
    if (n > 0 && *rest++ != '.')
        return false;
    return *rest && !strchr(rest, '.') && !strchr(rest, '[');
}
