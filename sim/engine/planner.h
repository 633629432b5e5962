/* engine/planner: which machine, how many devices, which layout, how many clients: all legal
 * layouts of a model, each at the batches that its limits allow, in closed form (engine/serving).
 * Where a percentile of the requests is limited, the closed form only prunes: what may be the best
 * is simulated (engine/simulate), the most promising first.
 * Room: engine. Uses: layout, machine, cost. */
#ifndef GABLE_ENGINE_PLANNER_H
#define GABLE_ENGINE_PLANNER_H
#include "engine/serving_sim.h"

/* What is best. X(symbol, name, help) */
#define GABLE_OBJECTIVE_LIST(X)                                                                    \
    X(THROUGHPUT, "throughput", "output tokens/s of a device")                                     \
    X(COST, "cost", "USD of an output token")                                                      \
    X(ENERGY, "energy", "joules of an output token")                                               \
    X(GPUS, "gpus", "fewest devices for the request rate")                                         \
    X(LATENCY, "latency", "time per output token")
typedef enum gable_objective {
#define GABLE_OBJECTIVE_ENUM(symbol, name, help) GABLE_OBJECTIVE_##symbol,
    GABLE_OBJECTIVE_LIST(GABLE_OBJECTIVE_ENUM)
#undef GABLE_OBJECTIVE_ENUM
        GABLE_N_OBJECTIVES
} gable_objective;
extern const char *const gable_objectives[]; /* NULL-terminated */

/* A machine that can be had, under one engine. `model` is the model in the formats that the engine
 * serves it in there. */
typedef struct gable_offer {
    const gable_model *model;
    gable_machine machine;
    gable_serving_rules rules;
    gable_serving_constants constants;
    double usd_per_gpu_h; /* 0: not known */
    double n_gpus;        /* of one deployment, at most; > 0 */
    double most_gpus;     /* for a request rate, at most; 0: n_gpus */
} gable_offer;

/* What of all requests is limited. Percentiles are those of the closed loop of `gable serve`, its
 * start left out. X(symbol, name, member of gable_spread) */
#define GABLE_STATISTIC_LIST(X)                                                                    \
    X(MEAN, "mean", mean)                                                                          \
    X(P50, "p50", p50)                                                                             \
    X(P90, "p90", p90)                                                                             \
    X(P99, "p99", p99)
typedef enum gable_statistic {
#define GABLE_STATISTIC_ENUM(symbol, name, member) GABLE_STATISTIC_##symbol,
    GABLE_STATISTIC_LIST(GABLE_STATISTIC_ENUM)
#undef GABLE_STATISTIC_ENUM
        GABLE_N_STATISTICS
} gable_statistic;
extern const char *const gable_statistics[]; /* NULL-terminated */

/* At most; 0: no limit. */
typedef struct gable_latency_limit {
    double s;
    gable_statistic of;
} gable_latency_limit;

/* Limits are 0 where there are none. */
typedef struct gable_goal {
    double isl, osl, length_ratio;
    gable_latency_limit ttft, tpot, e2e;
    double rate_per_s;         /* requests that must be served */
    double usd_per_h, power_w; /* of the deployment, at most; power: gable_serving_energy.all_w */
    gable_objective objective;
    gable_overlap overlap;
    double skew;
    bool all_gpus;   /* devices that a layout leaves idle count */
    bool disagg;     /* prompts and answers on devices of their own, too */
    int most_stages; /* pipeline stages, at most; 0: any */
    int n_ranked;    /* with percentiles: so many of the best are known in order; 0: the best */
} gable_goal;

/* Why a layout is not the best. */
typedef enum gable_verdict {
    GABLE_VERDICT_BEST,
    GABLE_VERDICT_BEHIND,  /* within the limits, but another is better */
    GABLE_VERDICT_ILLEGAL, /* `why` says it */
    GABLE_VERDICT_MEMORY,  /* weights, and one sequence, do not fit */
    GABLE_VERDICT_TPOT,    /* a limit is missed with a single client */
    GABLE_VERDICT_TTFT,
    GABLE_VERDICT_E2E,
    GABLE_VERDICT_RATE, /* the request rate takes more devices than there are */
    GABLE_VERDICT_BUDGET,
    GABLE_VERDICT_POWER,
    GABLE_VERDICT_UNSIMULATED, /* behind even in closed form, so that its percentiles are not known
                                */
    GABLE_N_VERDICTS
} gable_verdict;

/* One layout at one number of clients. */
typedef struct gable_candidate {
    int offer;                    /* index */
    int id;                       /* of its layout; -1: engines apart */
    gable_serving_request layout; /* of a replica, dp 1; concurrency: its clients */
    gable_serving serving;        /* of a replica */
    double replicas, gpus;        /* that run, and that count */
    double e2e_s;
    double tokens_per_s, requests_per_s, tokens_per_s_per_gpu, tokens_per_s_per_user;
    double usd_per_million_tokens, usd_per_h, joules_per_token, power_w; /* 0: not known */
    /* Engines apart: prompts are computed by prompt_replicas of prompt_layout. 0: together. */
    double prompt_replicas, transfer_s;
    gable_serving_request prompt_layout;
    bool simulated;            /* false: known in closed form only */
    gable_request_times times; /* of the simulation */
    gable_verdict verdict;
    double asked, limit; /* of the verdict: seconds, bytes, devices, USD or W */
    double score;        /* gable_planner_score, once all are ranked */
    const char *why;     /* ILLEGAL; in the arena */
    bool front;          /* nothing else has more tokens/s for a user and for a device */
} gable_candidate;

/* Candidates, the best of each layout first by the objective, then those that fell out. */
typedef struct gable_planned {
    gable_candidate *best; /* one for each layout of each offer, best first */
    int n_best, n_feasible;
    gable_candidate *front; /* Pareto set, most tokens/s of a user first */
    int n_front;
    int n_layouts, n_illegal, n_priced; /* layouts looked at, refused; steps priced */
    int n_simulated;                    /* loads */
} gable_planned;

enum { GABLE_OFFERS_CAP = 16, GABLE_LAYOUTS_CAP = 8192, GABLE_FRONT_CAP = 512 };

/* Looks at every layout of every offer. That nothing is feasible is an answer (n_feasible 0), not
 * an error. Fails with GABLE_INPUT for goals out of range,
 * with GABLE_USAGE for the fewest devices without a rate. */
gable_status gable_planner_search(gable_arena *arena, const gable_offer *offers, int n_offers,
                                  const gable_goal *goal, gable_planned *out, gable_err *err);

/* What a candidate draws, by the model of machine->power: its joules and watts. The search counts
 * devices at their limit unless the goal or a power limit asks for watts, so that it is fast. */
gable_status gable_planner_draw(gable_arena *arena, const gable_offer *offer,
                                gable_candidate *candidate, gable_err *err);

/* Whether a percentile is limited. */
bool gable_goal_simulates(const gable_goal *goal);

/* What the objective ranks by; smaller is better. */
double gable_planner_score(const gable_candidate *candidate, gable_objective objective);

#endif
