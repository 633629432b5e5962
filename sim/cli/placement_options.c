/* cli/placement_options: see placement_options.h. */
#include "cli/placement_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const gable_offload_places[] = {"host", "storage", NULL};

/* What was hit is read from the cache; at least one token is new, or there would be no step. */
static gable_status hit_prefix(gable_cli *cli, double frac, gable_scenario *scenario)
{
    if (frac <= 0.0)
        return GABLE_OK;
    if (scenario->phase != GABLE_PHASE_PREFILL)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--prefix-hit is for --phase prefill: a decode step reads its whole "
                          "context from the cache");
    double hit = fmin(floor(frac * scenario->n_new), scenario->n_new - 1.0);
    scenario->n_cached += hit;
    scenario->n_new -= hit;
    return GABLE_OK;
}

/* "1024x768" */
static gable_status read_size(gable_cli *cli, const char *text, gable_scenario *scenario)
{
    static const char digits[] = "0123456789";
    size_t width = strspn(text, digits),
           height = strspn(text + width + (text[width] == 'x'), digits);
    if (width == 0 || height == 0 || width > 5 || height > 5 || strlen(text) != width + 1 + height)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--image-size %.40s: expected width x height, as in 1024x768", text);
    scenario->image_width = strtod(text, NULL);
    scenario->image_height = strtod(text + width + 1, NULL);
    return GABLE_OK;
}

gable_status gable_placement_apply(gable_cli *cli, const gable_placement_words *w,
                                   gable_scenario *scenario)
{
    scenario->memory_place = (gable_memory_place)w->memory;
    scenario->offload_weights = w->offload_weights;
    scenario->offload_kv = w->offload_kv;
    scenario->offload_to_storage = w->offload_to == 1;
    scenario->resident_kv = w->resident_kv;
    scenario->index_every = w->index_every;
    scenario->images = w->images;
    GABLE_TRY(read_size(cli, w->image_size, scenario));
    if (scenario->offload_to_storage && w->offload_weights + w->offload_kv <= 0.0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--offload-to says where to, not what; add --offload-weights or "
                          "--offload-kv");
    if (w->compressor && w->compress <= 0.0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--compressor needs --compress: how much shorter is the context?");
    return hit_prefix(cli, w->prefix_hit, scenario);
}
