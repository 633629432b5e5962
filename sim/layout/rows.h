/* layout/rows: appending rows to a plan. Private to layout.
 * Room: layout. Uses: layout/layout.h. */
#ifndef GABLE_LAYOUT_ROWS_H
#define GABLE_LAYOUT_ROWS_H
#include "layout/layout.h"

/* A plan being laid out. Row appenders record the first error in `err` and do nothing after it, so
 * that the layers read as a list of operators. */
typedef struct gable_laying {
    gable_plan *plan;
    gable_arena *arena;
    gable_err *err;
    const gable_model *model;
    const gable_layer
        *layer;    /* the run of equal layers that is being laid out; NULL for embedding and head */
    double tokens; /* of one rank in one pass: local batch * n_new */
    double tp, ep; /* of plan->ranks */
    double ffn_tp; /* likewise */
    double stage_frac; /* of the layers of a run, on one stage; the vision tower has no stages */
    bool turns;        /* two halves of the step take turns: all rows of layers overlap */
    gable_overlap_group group; /* of rows that are appended; gable_rows_within */
    gable_lane lane;
} gable_laying;

/* An operator that is called once in each layer of the run (once per step outside layers). `stored`
 * is the bytes of weights that one call keeps on the rank. */
void gable_rows_op(gable_laying *l, const char *name, const gable_op *op, double stored_bytes);

/* GEMM of all tokens (m), n outputs, k inputs, with the formats of a module class. Keeps its
 * weights. */
void gable_rows_gemm(gable_laying *l, const char *name, gable_module module, double m, double n,
                     double k, double groups);

/* Streaming kernel: bf16 elements read and written per token; `stored` parameters (norm weights).
 */
void gable_rows_stream(gable_laying *l, const char *name, double read_elements,
                       double write_elements, double flops_per_token, double stored_elements);

/* Norm before a mixer or feed-forward part, with the residual's addition in the same kernel; where
 * there are several residual streams their mixing kernels do the addition, see
 * gable_rows_hyper. */
void gable_rows_norm(gable_laying *l, const char *name);

/* The kernel that mixes residual streams into the input of a part of the layer (pre), or its output
 * into the streams; nothing for models with one stream (facts/models.md 4.7). Every rank mixes all
 * tokens. */
void gable_rows_hyper(gable_laying *l, bool pre);

/* Keeps `bytes_per_token` for each of min(window, context) tokens (window 0: all), and
 * `state_bytes` however long the context is; per sequence, each layer of the run. */
void gable_rows_keep(gable_laying *l, double bytes_per_token, double window);
void gable_rows_keep_state(gable_laying *l, double state_bytes);

/* Collective over the tp ranks, or n_ranks neighbours, of `elements` bf16 elements in the full
 * buffer; nothing for one rank. */
void gable_rows_collective(gable_laying *l, const char *name, gable_collective_kind kind,
                           double elements);
void gable_rows_over(gable_laying *l, const char *name, gable_collective_kind kind, double elements,
                     double n_ranks);
/* Any collective, in the group and lane that gable_rows_within set; its row, -1 when there is none.
 */
int gable_rows_exchange(gable_laying *l, const char *name, const gable_collective *collective);

/* Rows that follow may run beside others of the group. */
void gable_rows_within(gable_laying *l, gable_overlap_group group, gable_lane lane);

/* Partial attention over parts of the cache becomes whole; decode with cp > 1. */
void gable_rows_context_join(gable_laying *l, double elements_per_token);

/* What a stage waits for the others. */
void gable_rows_bubble(gable_laying *l);

/* One engine gap per layer of the model. */
void gable_rows_gap(gable_laying *l);

/* The row of what is fetched from beyond the device's memory. */
void gable_rows_host(gable_laying *l);

/* Rows of the vision tower, when the scenario has images. */
void gable_layout_vision(gable_laying *l);
/* Keys that a patch sees with whole tiles of neighbourhood attention; 0: all. */
double gable_layout_neighbourhood(const gable_vision *vision, const gable_image *image);
gable_status gable_layout_check_vision(const gable_model *model, const gable_scenario *scenario,
                                       gable_err *err);

/* Moves entries of compressed sparse attention to the host, as the scenario says; after all rows.
 */
void gable_layout_residency(gable_laying *l);
gable_status gable_layout_check_residency(const gable_model *model, const gable_scenario *scenario,
                                          gable_err *err);

/* Mixers and feed-forward parts: one function each, called for a run of equal layers. */
void gable_layout_gqa(gable_laying *l);
void gable_layout_mla(gable_laying *l);
void gable_layout_sparse(gable_laying *l); /* dsa, csa, hca, msa */
void gable_layout_mamba2(gable_laying *l);
void gable_layout_gdn(gable_laying *l);
void gable_layout_kda(gable_laying *l);
void gable_layout_linear_mixer(gable_laying *l);
void gable_layout_dense(gable_laying *l);
void gable_layout_moe(gable_laying *l);
void gable_layout_linear_ffn(gable_laying *l);

/* Fills plan->ranks, local, passes, stage_frac, bubble_frac. Refuses with GABLE_INPUT what cannot
 * be dealt to that many ranks. */
gable_status gable_layout_deal(const gable_model *model, gable_plan *plan, gable_err *err);
/* Heads, experts, widths and ranges. */
gable_status gable_layout_check(const gable_model *model, const gable_scenario *scenario,
                                gable_err *err);

/* What enters before the first layer: the projection of a multi-token-prediction module, and hashed
 * memory tables. */
void gable_layout_inputs(gable_laying *l);

/* A decode step of a model with a canvas denoises it: each of its tokens sees all of them
 * (facts/models.md 4.16). Once all rows are there. */
void gable_layout_canvas(gable_plan *plan);

/* Takes what lives beyond the device's memory out of the plan's bytes, and adds the row that
 * fetches it. Once all other rows and the plan's bytes are there. */
void gable_layout_host(gable_laying *l);

/* What a way of decoding cannot do, refused with GABLE_INPUT. */
gable_status gable_layout_check_decoding(const gable_model *model, const gable_scenario *scenario,
                                         gable_err *err);

/* Whether new tokens of this scenario should run MLA absorbed: fewer FLOPs than expanding the
 * latents of the whole context (facts/models.md 4.3: expanded wins beyond about 171 new tokens per
 * chunk on V3). */
bool gable_layout_mla_absorbs(const gable_mixer *mixer, const gable_scenario *scenario);

#endif
