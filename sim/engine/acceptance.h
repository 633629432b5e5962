/* engine/acceptance: how many tokens one speculative step keeps, as a function of how many were
 * drafted: measured tables, a given length, or a rate (facts/models.md 4.15).
 * Room: engine. Uses: base. */
#ifndef GABLE_ENGINE_ACCEPTANCE_H
#define GABLE_ENGINE_ACCEPTANCE_H
#include "base/base.h"

enum { GABLE_DRAFT_CAP = 64 };

/* length[k]: tokens that a step with k drafted ones yields on average, the one that the model adds
 * itself included: 1 <= length[k] <= k + 1. */
typedef struct gable_acceptance {
    int n_known; /* length[0 … n_known] are set */
    double length[GABLE_DRAFT_CAP + 1];
    const char *source; /* where they come from, for people */
} gable_acceptance;

/* n_drafted is at most GABLE_DRAFT_CAP in all that follows. Each drafted token is kept with
 * probability `rate` (0 … 1) if those before it were: (1 - a^(k+1)) / (1 - a). */
void gable_acceptance_of_rate(double rate, int n_drafted, gable_acceptance *out);

/* `length` tokens when n_drafted are drafted; fewer drafted ones by the rate that gives it. Refuses
 * with GABLE_USAGE a length outside 1 … n_drafted + 1. */
gable_status gable_acceptance_of_length(double length, int n_drafted, gable_acceptance *out,
                                        gable_err *err);

/* The rate at which length[n_drafted] would come out. */
double gable_acceptance_rate(const gable_acceptance *acceptance, int n_drafted);

/* A row of a table (workloads/acceptance.csv): the one called `name`, or, with name NULL, the first
 * of `model` and `method`. The strings live in the arena. Refuses with GABLE_INPUT what is not
 * there, with the nearest name, and tables that are not what they should be. */
gable_status gable_acceptance_read(gable_arena *arena, const char *path, const char *name,
                                   const char *model, const char *method, gable_acceptance *out,
                                   gable_err *err);

#endif
