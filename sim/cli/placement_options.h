/* cli/placement_options: options of `gable cost` that say where weights, cache and context are: in
 * host memory, in a prefix cache, compressed.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_PLACEMENT_OPTIONS_H
#define GABLE_CLI_PLACEMENT_OPTIONS_H
#include "cli/cli.h"
#include "engine/compress.h"
#include "layout/layout.h"

typedef struct gable_placement_words {
    int memory; /* gable_memory_place */
    double offload_weights, offload_kv;
    int offload_to; /* index into gable_offload_places */
    double prefix_hit;
    double compress; /* 0: not given */
    const char *compressor;
    double resident_kv, index_every;
    double images;
    const char *image_size; /* "1024x768" */
} gable_placement_words;

extern const char *const gable_offload_places[]; /* "host" "storage" NULL */

/* Rows of an option table; `owner_` is an options struct with the member `placement`. */
#define GABLE_PLACEMENT_OPTIONS(owner_)                                                            \
    {.name = "memory",                                                                             \
     .type = GABLE_OPTION_CHOICE,                                                                  \
     .argument = "PLACE",                                                                          \
     .choices = gable_memory_places,                                                               \
     .default_text = "hbm",                                                                        \
     .offset = offsetof(owner_, placement.memory),                                                 \
     .help = "where the model's hashed memory table lives"},                                       \
        GABLE_PLACEMENT_FRACTION(owner_, "offload-weights", offload_weights,                       \
                                 "part of the weights that lives outside the device"),             \
        GABLE_PLACEMENT_FRACTION(owner_, "offload-kv", offload_kv,                                 \
                                 "part of the cache that lives outside the device"),               \
        GABLE_PLACEMENT_FRACTION(owner_, "resident-kv", resident_kv,                               \
                                 "part of the compressed sparse cache that is in the device; "     \
                                 "0: all"),                                                        \
        {.name = "index-every",                                                                    \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_COUNT,                                                                   \
         .argument = "N",                                                                          \
         .default_text = "1",                                                                      \
         .min = 1.0,                                                                               \
         .max = 1e6,                                                                               \
         .offset = offsetof(owner_, placement.index_every),                                        \
         .help = "steps after which that part is chosen anew"},                                    \
        {.name = "images",                                                                         \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_COUNT,                                                                   \
         .argument = "N",                                                                          \
         .default_text = "0",                                                                      \
         .min = 0.0,                                                                               \
         .max = 65536.0,                                                                           \
         .offset = offsetof(owner_, placement.images),                                             \
         .help = "images in each prompt, among its new tokens; prefill"},                          \
        {.name = "image-size",                                                                     \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "WxH",                                                                        \
         .default_text = "1024x1024",                                                              \
         .needs = "images",                                                                        \
         .offset = offsetof(owner_, placement.image_size),                                         \
         .help = "pixels of each image"},                                                          \
        {.name = "offload-to",                                                                     \
         .type = GABLE_OPTION_CHOICE,                                                              \
         .argument = "PLACE",                                                                      \
         .choices = gable_offload_places,                                                          \
         .default_text = "host",                                                                   \
         .offset = offsetof(owner_, placement.offload_to),                                         \
         .help = "where that is: host memory or SSDs"},                                            \
        GABLE_PLACEMENT_FRACTION(owner_, "prefix-hit", prefix_hit,                                 \
                                 "part of the prompt that is in the prefix cache"),                \
        {.name = "compress",                                                                       \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_NONE,                                                                    \
         .argument = "R",                                                                          \
         .min = 1.0,                                                                               \
         .max = 1e6,                                                                               \
         .offset = offsetof(owner_, placement.compress),                                           \
         .help = "tokens of the context for each one that is left after compression"},             \
    {                                                                                              \
        .name = "compressor", .type = GABLE_OPTION_TEXT, .argument = "NAME|PATH",                  \
        .offset = offsetof(owner_, placement.compressor),                                          \
        .help = "model that compresses the prompt"                                                 \
    }

#define GABLE_PLACEMENT_FRACTION(owner_, name_, member_, help_)                                    \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_NONE, .argument = "FRAC",   \
        .default_text = "0", .min = 0.0, .max = 1.0,                                               \
        .offset = offsetof(owner_, placement.member_), .help = help_                               \
    }

/* Writes places, prefix and compression into the scenario. Refuses with GABLE_USAGE words that do
 * not belong to its phase. */
gable_status gable_placement_apply(gable_cli *cli, const gable_placement_words *words,
                                   gable_scenario *scenario);

#endif
