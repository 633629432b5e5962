/* engine/serving: a model served to C clients in a closed loop: time to the first token, time per
 * output token, and what the machine yields. Closed form (facts/serving.md 2): steps are sums of
 * operators, prompts join decode steps, the cache caps the batch; what waits is simulated where
 * that is affordable.
 * Room: engine. Uses: layout, machine, cost. */
#ifndef GABLE_ENGINE_SERVING_H
#define GABLE_ENGINE_SERVING_H
#include "engine/engine.h"
#include "engine/memory.h"
#include "machine/serving.h"

/* How an engine takes requests in: settings of a recipe, not of the hardware. 0: as the stack has
 * it, or off. */
typedef struct gable_serving_intake {
    double step_tokens;    /* budget of one step, prompts and decoding sequences together */
    double graph_tokens;   /* of the largest step with prompts that is a graph */
    double most_sequences; /* that run at a time */
    double block_tokens;   /* of the cache */
    bool reserve;          /* a request starts when its whole answer has room in the cache */
    int poll_steps;        /* arrivals are looked for every so many steps */
    int wait_steps;        /* a prompt waits so many steps for others to share its step … */
    double wait_frac;      /* … unless tokens fill this share of the budget */
} gable_serving_intake;

typedef struct gable_serving_request {
    double isl, osl;     /* tokens of prompt and answer; the most, with a length_ratio */
    double length_ratio; /* mean length / most, 0 < r <= 1; 0: lengths vary around isl and osl */
    double concurrency;  /* clients that ask again as soon as they are answered, >= 1 */
    double waves;        /* requests of each client in the run; 0: in the long run */
    GABLE_RANK_MEMBERS   /* of the deployment; replicas share the clients evenly */
        gable_overlap overlap;
    gable_token_exchange exchange;
    double skew;           /* Zipf exponent of the experts' popularity */
    int redundant_experts; /* copies of popular experts */
    gable_serving_intake intake;
} gable_serving_request;

/* What the kernels and the memory say, before the engine's constants. Seconds of one device. */
typedef struct gable_serving_parts {
    double isl, osl; /* mean tokens */
    double batch;    /* sequences that run on a replica: clients, or what the cache holds */
    double decode_s, decode_ceiling_s;   /* one step of them at mean context */
    double prefill_s, prefill_ceiling_s; /* one prompt alone */
    double held_frac;                    /* of prefill_s, before the next prompt can follow */
    double decode_j, prompt_j; /* beyond idle, all devices of a replica: of that step, of one
                                  prompt; 0: not asked for */
    /* Of both, how long exchanges take a device's links: gable_engine_links. */
    double decode_links_s[2], prefill_links_s[2];
    /* What the machine's power limit makes of the kernels of that step, and of a prompt: times as
     * long; 1: no limit, or none that is met. */
    double decode_slower, prompt_slower;
    double launches;     /* kernels that the host launches for a step with prompts; 0: a graph */
    double launch_steps; /* decode steps meanwhile: the one before, and the one that it joins */
    double groups;       /* prompts that such a step carries, one of each */
    double burst;        /* prompts of each that its budget holds, when so many wait */
    double joined_s;     /* what one prompt adds to a decode step */
    double pass_batch;   /* other sequences that a rank decodes in one pass */
    double n_layers;     /* that a step passes one after another */
    double kv_tokens;    /* of one replica that fit beside the weights */
    double capacity;     /* sequences likewise */
    gable_memory memory; /* of a rank */
    double free_bytes;   /* of it, for the cache; 0 and more */
    double weights_bytes, token_bytes; /* of a rank; of one token in its cache */
    double bound_s[GABLE_N_BOUNDS];    /* decode_s and gaps by what they were spent on */
    bool fits;                         /* at least one sequence fits */
} gable_serving_parts;

/* What all devices draw; all 0 where no design power is published. Not modelled: at their limit. */
typedef struct gable_serving_energy {
    bool modelled; /* false: machine->power was not there, and all devices count at their limit */
    double joules_per_token;      /* of an output token, prompts included */
    double most_joules_per_token; /* all devices at their limit all the time */
    double power_w;               /* mean of one device, over all the time */
    double power_p10_w, power_p90_w;
    double limit_w;   /* of one device: the machine's limit, or its design power */
    double idle_frac; /* of the energy, what idle devices would draw */
    /* Nodes or racks, with hosts, switches and fans: as many as the devices fill. 0: what a system
     * draws beside its devices is not published, and all_w is of the devices alone. */
    double n_systems, system_w, system_limit_w;
    double all_w, all_p90_w; /* of the deployment */
    gable_provenance provenance;
} gable_serving_energy;

typedef struct gable_serving {
    gable_serving_parts parts;
    double ttft_s, ttft_service_s, tpot_s; /* means */
    double ttft_p10_s, ttft_p90_s, tpot_p10_s, tpot_p90_s;
    double tpot_ceiling_s; /* a step at datasheet peaks, without prompts or an engine */
    double requests_per_s, tokens_per_s, tokens_per_s_per_gpu, tokens_per_s_per_user;
    double n_gpus;
    double joules_per_token; /* energy.joules_per_token */
    gable_serving_energy energy;
    gable_provenance provenance;
    const char *from;
} gable_serving;

/* Energy at a rate of output tokens; n_devices serve it. */
void gable_serving_energy_of(const gable_serving_parts *parts, const gable_machine *machine,
                             double n_devices, double tokens_per_s, gable_serving_energy *out);

/* A step held to the machine's power limit. */
typedef struct gable_serving_draw {
    double beyond_idle_j; /* of all its devices; 0 without machine->power */
    double slower;        /* than without the limit: times as long */
} gable_serving_draw;
gable_status gable_serving_hold(gable_arena *arena, const gable_plan *plan,
                                const gable_machine *machine, gable_step *step,
                                gable_serving_draw *out, gable_err *err);

/* Part of the devices' busy seconds that prompts take: what splits a bill between tokens in and
 * tokens out. */
double gable_serving_prompt_frac(const gable_serving_parts *parts);

/* How the request splits the model, as a scenario without sizes. */
gable_scenario gable_serving_ranks(const gable_serving_request *request);

/* One layout for any number of clients: what does not change with them is priced once. */
typedef struct gable_serving_layout {
    gable_arena *arena;
    size_t mark;
    const gable_model *model;
    const gable_machine *machine;
    const gable_serving_rules *rules;
    gable_serving_request request;
    gable_plan prompts;      /* one of each group */
    const int *prompts_like; /* gable_step.like of it */
    double prefill_s, prefill_ceiling_s, held_frac, prefill_links_s[2];
    gable_serving_draw prompt;
    double alone_s; /* a step of prompts alone */
    double launches;
} gable_serving_layout;

/* Lays out and prices a prompt under the request's layout; its clients do not matter. The layout
 * keeps what it needs in the arena until closed (also when opening failed). */
gable_status gable_serving_open(gable_arena *arena, const gable_model *model,
                                const gable_machine *machine, const gable_serving_rules *rules,
                                const gable_serving_request *request, gable_serving_layout *out,
                                gable_err *err);
gable_status gable_serving_at(gable_serving_layout *layout, double concurrency,
                              gable_serving_parts *out, gable_err *err);
void gable_serving_close(gable_serving_layout *layout);

/* Prices decode and prefill steps of the run. `arena` is released to where it was. Refuses with
 * GABLE_INPUT what gable_layout_plan refuses. */
gable_status gable_serving_price(gable_arena *arena, const gable_model *model,
                                 const gable_machine *machine, const gable_serving_rules *rules,
                                 const gable_serving_request *request, gable_serving_parts *out,
                                 gable_err *err);

/* One step that decodes, a step of one prompt alone, and what a prompt adds to the steps of
 * others, with the engine's share. */
double gable_serving_step_s(const gable_serving_parts *parts,
                            const gable_serving_constants *constants);
double gable_serving_prompt_s(const gable_serving_parts *parts,
                              const gable_serving_constants *constants);
double gable_serving_joined_s(const gable_serving_parts *parts,
                              const gable_serving_constants *constants);

/* Mean time per output token: each of the other sequences is refilled once in the life of an
 * answer, and its prompt lengthens a step. */
double gable_serving_tpot(const gable_serving_parts *parts,
                          const gable_serving_constants *constants);

/* Prompts that join a step on average. The closed form of TPOT takes each for alone in its step, or
 * its group's: it is in its range up to one, as many as measured runs have (facts/serving.md 2.4).
 */
double gable_serving_refills(const gable_serving_parts *parts);
bool gable_serving_in_range(const gable_serving_parts *parts);

/* Mean seconds from arrival to the end of the step that gives the first token, in closed form:
 * service alone, and with waiting. The simulation of the same loop (engine/serving_sim) is what
 * they stand for. */
double gable_serving_service_s(const gable_serving_parts *parts,
                               const gable_serving_constants *constants);
double gable_serving_queue_s(const gable_serving_parts *parts,
                             const gable_serving_constants *constants,
                             const gable_serving_request *request);

/* What requests came to before the engine adds its own: means. */
typedef struct gable_serving_wait {
    double prompt;  /* tokens */
    double queue_s; /* arrival to the end of the step that gives the first token */
} gable_serving_wait;

/* TTFT of such requests: what the engine adds around their steps. `present` are there at a time. */
double gable_serving_ttft(const gable_serving_constants *constants, const gable_serving_wait *wait,
                          double present);

/* All figures, with intervals and what follows from them.
 *   wait   of a simulation; NULL: closed form */
void gable_serving_finish(const gable_serving_parts *parts,
                          const gable_serving_constants *constants,
                          const gable_serving_request *request, const gable_machine *machine,
                          const gable_serving_wait *wait, gable_serving *out);

#endif
