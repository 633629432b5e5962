/* The whole tree as test material: every accelerator, every model, every system. Run from the top
 * folder. */
#ifndef GABLE_TESTS_TREE_H
#define GABLE_TESTS_TREE_H
#include <check.h>

#include "engine/engine.h"

/* Names (file names without ".json") in a data folder; they live in the scratch arena. */
size_t tree_names(const char *folder, const char *const **names);

/* The model, the machine; a failure to load fails the test. */
const gable_model *tree_model(const char *name);
gable_machine tree_machine(const char *system, const char *stack);

/* Scenarios that stand for each phase: short and long, one sequence and many. */
typedef struct tree_phase {
    const char *name;
    gable_scenario scenario;
} tree_phase;
extern const tree_phase tree_phases[];
extern const int n_tree_phases;

/* Lays out; a refusal fails the test. */
gable_plan tree_plan(const gable_model *model, const gable_scenario *scenario);

/* Each model in each phase; returns how many plans that is, at most `cap`. */
int tree_plans(const char *const *models, size_t n_models, gable_plan *plans, int cap);

/* What must hold of a plan on a machine. Check's own assertions write a record each, which takes
 * longer than what they assert: these hold millions of times. */
#define ck_law(condition, plan, machine)                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s, %g x %g new, %g cached, on %s: " #condition, (plan)->model->name,    \
                         (plan)->scenario.batch, (plan)->scenario.n_new,                           \
                         (plan)->scenario.n_cached, (machine)->system->name);                      \
    } while (0)

#endif
