/* report/explain: the builder of explain trees. Private to report.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_EXPLAIN_H
#define GABLE_REPORT_EXPLAIN_H
#include "report/internal.h"

/* A tree that is being built. When the arena is full nodes go to `sink` and the error is recorded.
 */
typedef struct gable_tree {
    gable_arena *arena;
    gable_err *err;
    const gable_priced *priced;
    gable_node sink;
} gable_tree;

/* Appends a child to `parent` (NULL: a root). `label` lives as long as the tree. Never NULL. */
gable_node *gable_explain_add(gable_tree *tree, gable_node *parent, const char *label, double value,
                              gable_dim dim);

/* Appends a factor above or below the line of the node's formula. */
void gable_explain_times(gable_node *node, const char *symbol, double value, gable_dim dim,
                         const char *unit);
void gable_explain_over(gable_node *node, const char *symbol, double value, gable_dim dim,
                        const char *unit);

/* Takes the factors away when their product is not the node's value. */
void gable_explain_keep_true(gable_node *node);

/* "spec H100T": source of a member of the accelerator. */
const char *gable_explain_spec(gable_tree *tree, size_t offset);

/* One row of the plan: its work, its ceiling, its expected time. */
void gable_explain_row(gable_tree *tree, gable_node *parent, int row);

#endif
