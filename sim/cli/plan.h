/* cli/plan: `gable plan`: its options, what it found, and how that is written.
 * Room: cli. Uses: engine, report. */
#ifndef GABLE_CLI_PLAN_H
#define GABLE_CLI_PLAN_H
#include "cli/energy_options.h"
#include "cli/scenario_options.h"
#include "engine/planner.h"

typedef struct gable_plan_options {
    const char *model, *systems, *stack, *checkpoint, *output;
    double isl, osl, length_ratio;
    const char *ttft, *tpot, *e2e; /* "2s", "2s@p99" */
    double rate, budget, power, skew;
    int gpus, top, most_stages, objective, overlap;
    int weights, activations, kv, format;
    bool disagg, emit;
    gable_texts set;
    gable_energy_words energy;
} gable_plan_options;

typedef struct gable_plan_answer {
    const gable_plan_options *options;
    gable_offer offers[GABLE_OFFERS_CAP];
    int n_offers;
    gable_goal goal;
    gable_planned planned;
} gable_plan_answer;

/* The answer in one of gable_formats. */
gable_status gable_plan_write(gable_cli *cli, gable_plan_answer *answer);

/* Command lines that start the engines of the best layout (hw/stacks/launch.csv). */
gable_status gable_plan_launch(gable_cli *cli, const gable_plan_answer *answer);

/* "tp 2, ep 8, attn-dp 8": what is not 1. */
void gable_plan_layout(gable_text *out, const gable_serving_request *layout);

/* Why a candidate is not the best, in a few words. */
void gable_plan_reason(gable_text *out, const gable_plan_answer *answer,
                       const gable_candidate *candidate);

#endif
