/* What was fitted and what software adds: a generation, a stack, a calibration or the constants of
 * serving, in the place of one of the tree. Refused with a place in the text, or a device of that
 * generation prices a step. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"
#include "machine/calibration.h"
#include "machine/serving.h"

/* A data folder like that of the tree, but with the few entries of a seed as its only calibration:
 * reading all of them would leave seven inputs a second. */
static char hw[] = "/tmp/gable-fuzz-XXXXXX";
static const char *const linked[] = {"accelerators", "cpus",   "generations", "links",
                                     "serving",      "stacks", "systems"};
enum { N_LINKED = sizeof linked / sizeof linked[0] };

static const char *below_hw(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", hw, name);
    return path;
}

static void remove_tree(void)
{
    for (size_t i = 0; i < N_LINKED; i++)
        unlink(below_hw(linked[i]));
    unlink(below_hw("calibration/h100-sxm.json"));
    rmdir(below_hw("calibration"));
    rmdir(hw);
}

static void build_tree(void)
{
    char here[4096], from[4200];
    MUST(getcwd(here, sizeof here) && mkdtemp(hw) && atexit(remove_tree) == 0);
    for (size_t i = 0; i < N_LINKED; i++) {
        snprintf(from, sizeof from, "%s/hw/%s", here, linked[i]);
        MUST(symlink(from, below_hw(linked[i])) == 0);
    }
    snprintf(from, sizeof from, "%s/tests/fuzz/corpus/constants/calibration-00", here);
    MUST(mkdir(below_hw("calibration"), 0700) == 0);
    MUST(symlink(from, below_hw("calibration/h100-sxm.json")) == 0);
}

/* The file of the tree that the text stands in for, by the schema it says it has. */
static const char *place_of(const char *text)
{
    static const char *const places[][2] = {
        {"gable.generation/1", "generations/hopper.json"},
        {"gable.stack/1", "stacks/vllm.json"},
        {"gable.serving/1", "serving/vllm.json"},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strstr(text, places[i][0]))
            return below_hw(places[i][1]);
    return below_hw("calibration/h100-sxm.json");
}

/* A name that the files point at but that is not there is refused without a line. */
static void refused(const input *in, const char *place)
{
    bool elsewhere = strncmp(in->err.text, place, strlen(place)) != 0;
    input_refused(in, elsewhere ? NULL : place);
}

static void check_serving(input *in, const gable_accelerator *accelerator, const char *place)
{
    gable_serving_constants constants;
    gable_serving_rules rules;
    in->err = (gable_err){0};
    if (gable_serving_load(in->arena, hw, accelerator, "vllm", &constants, &rules, &in->err) !=
        GABLE_OK) {
        refused(in, place);
        return;
    }
    MUST(isfinite(constants.step_scale) && constants.step_scale > 0.0);
    MUST(isfinite(constants.first_s) && isfinite(constants.tpot_sigma_ln));
    MUST(isfinite(rules.memory_frac) && rules.memory_frac > 0.0);
}

/* What is written of a calibration is what was read. */
static void check_calibration(input *in, const char *place)
{
    gable_calibration *calibration;
    gable_text first = {0}, second = {0};
    in->err = (gable_err){0};
    if (gable_calibration_load(in->arena, hw, place, &calibration, &in->err) != GABLE_OK) {
        refused(in, place);
        return;
    }
    gable_calibration_write(&first, calibration);
    MUST(!first.failed);
    input_stands_in(in, place, first.text, first.length_bytes);
    gable_status status = gable_calibration_load(in->arena, hw, place, &calibration, &in->err);
    if (status != GABLE_OK)
        fprintf(stderr, "%s\n%s", in->err.text, first.text);
    MUST(status == GABLE_OK);
    gable_calibration_write(&second, calibration);
    MUST(strcmp(first.text, second.text) == 0);
    gable_text_free(&first);
    gable_text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_model *model;
    static const gable_machine *tree;
    if (!model) {
        model = input_tree_model("llama-3.1-8b");
        tree = input_tree_machine("h100-sxm");
        build_tree();
    }
    input in = input_open(data, size);
    gable_machine machine = *tree;
    const char *place = place_of(in.text);
    input_stands_in(&in, place, in.text, size);
    if (gable_constants_load(in.arena, hw, tree->accelerator, "vllm", &machine.constants,
                             &in.err) != GABLE_OK)
        refused(&in, place);
    else
        input_priced(&in, model, &machine);
    check_serving(&in, tree->accelerator, place);
    if (strstr(place, "calibration"))
        check_calibration(&in, place);
    input_close(&in);
    return 0;
}
