/* gable.h: the library. Load a model and a machine, plan a step, price it, read the answer, free.
 *
 *   gable_session *s;
 *   if (gable_open("/usr/share/gable", &s) != 0) …
 *   gable_query q = {.model = "llama-3.1-70b", .system = "hgx-h100-8", .stack = "trtllm",
 *                    .phase = "decode", .batch = 64, .context = 4096, .new_tokens = 1,
 *                    .tp = 8, .ep = 1};
 *   gable_answer a;
 *   if (gable_cost(s, &q, &a) != 0) puts(gable_message(s));
 *   printf("%g s, %s-bound\n", a.time_s, a.bound);
 *   gable_close(s);
 *
 * No global state: sessions are independent, and one session serves one thread at a time. The
 * library reads only the files under the data folder and the paths it is given; it writes nothing,
 * prints nothing and does not exit. Status values are the exit codes of the program: 0 ok, 3 input
 * refused, 70 out of memory or a defect. */
#ifndef GABLE_H
#define GABLE_H
#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; owns everything that it hands out. */
typedef struct gable_session gable_session;

/* Opens a session on a data folder that holds hw/ and workloads/. *out is NULL when memory runs out
 * (70). */
int gable_open(const char *data_folder, gable_session **out);

/* Frees the session and all that came from it. NULL is fine. */
void gable_close(gable_session *session);

/* One line that says why the last call failed; "" after a success. Owned by the session. */
const char *gable_message(const gable_session *session);

/* Version of the library that is linked; GABLE_VERSION is that of this header. */
#define GABLE_VERSION "0.1.0"
#define GABLE_RELEASED "2026-11-22" /* its day: man pages and packages carry it, never a clock */
const char *gable_version(void);

/* One step of one model on one system. Strings are read during the call only. */
typedef struct gable_query {
    const char *model;   /* name in workloads/models, or the path of a description or config.json */
    const char *system;  /* name in hw/systems or hw/accelerators, or a path */
    const char *stack;   /* "trtllm" "vllm" "sglang" "ideal" */
    const char *phase;   /* "prefill" "decode" */
    double batch;        /* sequences in the step, >= 1 */
    double context;      /* tokens already in the cache of each sequence, >= 0 */
    double new_tokens;   /* tokens that each sequence adds, >= 1 */
    int tp, ep;          /* tensor-parallel ranks; those over which experts are split; >= 1 */
    double experts_skew; /* Zipf exponent of the experts' popularity; 0: uniform */
    const char *weights, *activations, *kv; /* dtype overrides; NULL: as the checkpoint has them */
    const char *checkpoint; /* a row of workloads/checkpoints.csv; NULL: the model's own formats */
    /* Speculation: who drafts, "mtp" "draft" "block" "parallel"; NULL or "plain": nobody.
     * draft_tokens of them a step (0: 3), by the model `draft` where it is not the model itself;
     * kept at acceptance_rate, or accepted_length of them a step, or by a table of
     * workloads/acceptance.csv (all 0 and NULL: that of the model). Models that denoise blocks do
     * it in denoise_steps (0: 16) and need new_tokens: those of a block. */
    const char *decoding, *draft, *acceptance_table;
    int draft_tokens, denoise_steps;
    double acceptance_rate, accepted_length;
    /* What lives beyond the device's memory: the model's hashed table, "hbm" (or NULL) "host"
     * "pool"; parts of the weights and of the cache (0 … 1), on "host" (or NULL) or "storage". */
    const char *memory, *offload_to;
    double offload_weights, offload_kv;
    /* Beyond tp and ep (0 counts as 1): pipeline stages, ranks of a context, replicas, groups of tp
     * ranks with sequences of their own; systems that scale-out links connect. micro_batches 0: as
     * many as stages. Words as the options of `gable cost` have them; NULL: none, auto, ring. */
    int pp, cp, dp, attn_dp, nodes, micro_batches, redundant_experts;
    const char *overlap, *exchange, *context_exchange;
} gable_query;

/* The step. Seconds are of the whole step; bytes and FLOPs those of one device. */
typedef struct gable_answer {
    double time_s, p10_s, p90_s; /* expected, with the 10th and 90th percentile of its error */
    double ceiling_s;            /* speed of light; <= time_s */
    const char *bound;           /* "compute" "memory" "network" "overhead"; static */
    double flops, hbm_bytes, wire_bytes;
    double intensity_flops_per_byte, ridge_flops_per_byte;
    double tokens_per_s;
    double weights_bytes, kv_bytes, state_bytes, activation_bytes, total_bytes, capacity_bytes;
    int fits; /* 1 when total_bytes <= capacity_bytes */
    const char
        *source; /* worst provenance among the operators: "spec" "fitted" "transferred" "assumed" */
    int n_operators;
    /* The iteration that the step is part of, draft or all denoising included, and the tokens that
     * each sequence gains by it; of a plain step, its time and new_tokens. speedup: over plain
     * decode; 1 for plain steps. tokens_per_s above counts gained tokens. */
    double iteration_s, accepted_tokens, speedup;
    double host_bytes; /* of one device, that live beyond its memory */
} gable_answer;

/* Loads, plans and prices. A model and a system that were used before are loaded once per session.
 */
int gable_cost(gable_session *session, const gable_query *query, gable_answer *out);

/* One operator of the last gable_cost of the session, all its calls in the step together. */
typedef struct gable_operator {
    const char *name,
        *kind;  /* "qkv_proj", "gemm"; owned by the session until the next gable_cost */
    int layers; /* layers that hold it; 0: once per step */
    double calls;
    double flops, hbm_bytes, wire_bytes;
    double ceiling_s, time_s, share_frac;
    const char *bound, *source;
    double hidden_s; /* of time_s, what operators beside it hide; below 0: how they slow it */
} gable_operator;

/* Operator `index` in 0 … n_operators - 1; 3 when the index is outside. */
int gable_operator_at(gable_session *session, int index, gable_operator *out);

/* Re-prices the last plan of the session `times` times and returns the seconds of the last one: no
 * allocation, for benchmarks and sweeps. Negative when there is no plan. */
double gable_reprice(gable_session *session, long times);

#ifdef __cplusplus
}
#endif
#endif
