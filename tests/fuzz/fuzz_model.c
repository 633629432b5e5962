/* A model, ours or a Hugging Face config with its precision map behind a byte 0x1e: refused with a
 * place in the text, or a model with finite counts that prices, and that reads the same when it is
 * written in our own format. */
#include <math.h>
#include <string.h>

#include "input.h"
#include "model/describe.h"
#include "model/internal.h"

static const char path[] = "fuzzed.json", companion_path[] = "companion";

static bool read_model(input *in, gable_model *model)
{
    const char *parted = memchr(in->text, 0x1e, in->length_bytes);
    size_t length = parted ? (size_t)(parted - in->text) : in->length_bytes;
    const gable_json *root, *companion = NULL;
    char *first = gable_arena_copy(in->arena, in->text, length);
    MUST(first);
    gable_status status =
        gable_json_parse(in->arena, path, first, length, GABLE_JSON_PYTHON, &root, &in->err);
    if (status == GABLE_OK && parted)
        status =
            gable_json_parse(in->arena, companion_path, parted + 1, in->length_bytes - length - 1,
                             GABLE_JSON_PYTHON, &companion, &in->err);
    if (status == GABLE_OK)
        status = gable_json_get(root, "schema")
                     ? gable_model_read(in->arena, root, model, &in->err)
                     : gable_hf_read(in->arena, root, companion, "fuzzed", model, &in->err);
    if (status != GABLE_OK)
        input_refused(in, in->err.text[0] == 'c' ? companion_path : path);
    return status == GABLE_OK;
}

static void check_counts(const gable_model *model)
{
    gable_params params;
    double per_token, kept;
    gable_model_params(model, &params);
    gable_model_cache(model, &per_token, &kept);
    MUST(isfinite(params.total) && params.total > 0.0);
    MUST(isfinite(params.active_total) && params.active_total > 0.0);
    MUST(params.active_total <= params.total * (1.0 + 1e-12) + params.embedding);
    MUST(isfinite(per_token) && per_token >= 0.0 && isfinite(kept) && kept >= 0.0);
    int layers = 0;
    for (int i = 0; i < model->n_kinds; i++)
        layers += model->kinds[i].count;
    MUST(layers == model->n_layers);
}

/* Written, read, written: the same text, and so the same model. */
static void check_written(input *in, const gable_model *model)
{
    const gable_json *root;
    gable_model again = {0};
    gable_text first = {0}, second = {0};
    in->err = (gable_err){0};
    gable_model_write(&first, model, "fuzzed", NULL);
    MUST(!first.failed);
    if (gable_json_parse(in->arena, "w", first.text, first.length_bytes, 0, &root, &in->err) !=
            GABLE_OK ||
        gable_model_read(in->arena, root, &again, &in->err) != GABLE_OK) {
        fprintf(stderr, "%s\n%s", in->err.text, first.text);
        abort();
    }
    gable_model_write(&second, &again, "fuzzed", NULL);
    MUST(!second.failed && strcmp(first.text, second.text) == 0);
    gable_text_free(&first);
    gable_text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_machine *machine;
    if (!machine)
        machine = input_tree_machine("h100-sxm");
    input in = input_open(data, size);
    gable_model model = {0};
    if (read_model(&in, &model)) {
        check_counts(&model);
        check_written(&in, &model);
        input_priced(&in, &model, machine);
    }
    input_close(&in);
    return 0;
}
