/* Any bytes: refused with a place in the text, or flows that all end, no sooner than they start and
 * no sooner than the bound allows. */
#include <math.h>
#include <string.h>

#include "input.h"
#include "net/flows.h"

static void check(gable_arena *arena, const char *text, size_t size)
{
    const gable_json *root;
    gable_err err = {0};
    gable_flows flows;
    gable_flows_end end;
    if (gable_json_parse(arena, "f", text, size, 0, &root, &err) != GABLE_OK)
        return;
    if (gable_flows_parse(arena, root, &flows, &err) != GABLE_OK) {
        size_t line;
        MUST(err.status == GABLE_INTERNAL || sscanf(err.text, "f:%zu:", &line) == 1);
        return;
    }
    if (gable_flows_run(arena, &flows, &end, &err) != GABLE_OK) {
        MUST(err.status == GABLE_INTERNAL);
        return;
    }
    for (size_t i = 0; i < flows.n_flows; i++) {
        MUST(isfinite(end.end_s[i]) && end.end_s[i] >= flows.flow_start_s[i] * (1.0 - 1e-9));
        for (size_t a = flows.after_at[i]; a < flows.after_at[i + 1]; a++)
            MUST(end.end_s[i] >= end.end_s[flows.after[a]] * (1.0 - 1e-9));
    }
    MUST(end.makespan_s >= end.bound_s * (1.0 - 1e-6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return input_text(data, size, (size_t)1 << 22, 400, check);
}
