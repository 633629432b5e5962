/* A recorded scenario: refused with a place in the text, or priced and compared; and when it is
 * rewritten with the figures of now it agrees with them. */
#include <string.h>

#include "engine/check.h"
#include "input.h"

static const char path[] = "fuzzed.json";

static bool outcome(input *in, gable_arena *scratch, gable_check *check)
{
    const gable_check_source source = {"hw", "workloads", in->arena, scratch, NULL};
    if (gable_check_read(in->arena, path, check, &in->err) == GABLE_OK &&
        gable_check_price(&source, check, &in->err) == GABLE_OK)
        return true;
    input_refused(in, path);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gable_arena scratch;
    if (!scratch.base && gable_arena_init(&scratch, (size_t)96 << 20, NULL) != GABLE_OK)
        abort();
    input in = input_open(data, size);
    gable_check check = {0}, again = {0};
    gable_text out = {0};
    input_stands_in(&in, path, in.text, size);
    if (outcome(&in, &scratch, &check)) {
        MUST(gable_check_rewrite(in.arena, &check, &out, &in.err) == GABLE_OK && !out.failed);
        input_stands_in(&in, path, out.text, out.length_bytes);
        bool good = outcome(&in, &scratch, &again);
        if (!good)
            fprintf(stderr, "%s\n%s", in.err.text, out.text);
        MUST(good && again.outcome == GABLE_CHECK_OK);
    }
    gable_text_free(&out);
    input_close(&in);
    return 0;
}
