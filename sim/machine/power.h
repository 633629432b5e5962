/* machine/power: what a device draws: constants of a generation, fitted to readings of its boards
 * (hw/power, written by `gable calibrate power`), as they hold on one device.
 * Watts while an operator runs (engine/energy.h): what the board draws with its clocks up, what its
 * SMs draw beside that while a kernel is resident, and joules of each FLOP and byte.
 * Room: machine. Uses: base. Which readings, and how far off: hw/power/README.md. */
#ifndef GABLE_MACHINE_POWER_H
#define GABLE_MACHINE_POWER_H
#include "machine/constants.h"

struct gable_machine;

/* X(member, key, dim, prior, spread of its logarithm, least, most, help). All above 0. */
#define GABLE_POWER_LIST(X)                                                                        \
    X(idle_w, "idle", WATTS, 235.0, 0.03, 1.0, 5e3,                                                \
      "Drawn with clocks up and a process loaded, while no kernel runs, W.")                       \
    X(active_w, "active", WATTS, 150.0, 0.3, 0.1, 5e3,                                             \
      "Drawn beside that while a kernel is resident, whatever it does, W.")                        \
    X(flop_j, "flop", JOULES, 0.6e-12, 0.3, 1e-15, 1e-9, "A FLOP on 16-bit operands, J.")          \
    X(width_exponent, "width_exponent", NONE, 1.0, 0.1, 0.01, 4.0,                                 \
      "The energy of a FLOP goes with the width of its operands to this power.")                   \
    X(softmax_w, "softmax", WATTS, 200.0, 0.5, 0.1, 5e3,                                           \
      "Drawn beside that by attention of many queries: exponentials between its products, W.")     \
    X(hbm_byte_j, "hbm_byte", JOULES, 70e-12, 0.1, 1e-13, 1e-8,                                    \
      "A byte between device memory and SMs, J.")                                                  \
    X(l2_byte_j, "l2_byte", JOULES, 5e-12, 0.5, 1e-14, 1e-8,                                       \
      "A byte that SMs ask of L2, with 128 x 128 tiles, J.")                                       \
    X(alike_frac, "alike_frac", NONE, 0.65, 0.1, 0.05, 2.0,                                        \
      "Energy of products whose operands hold one value, over that on others: benchmarks alone.")  \
    X(cap_frac, "cap_frac", NONE, 0.98, 0.003, 0.5, 1.0,                                           \
      "Part of its power limit at which a board is held.")                                         \
    X(before_frac, "before_frac", NONE, 0.1, 0.5, 1e-3, 0.9,                                       \
      "Part of its rise that a meter has from what ran before: benchmarks alone.")

typedef struct gable_power {
#define GABLE_POWER_MEMBER(member, key, dim, prior, spread, least, most, help) double member;
    GABLE_POWER_LIST(GABLE_POWER_MEMBER)
#undef GABLE_POWER_MEMBER
    double wire_byte_j; /* a byte on the device's scale-up links; assumed */
    double sigma_ln;    /* spread of ln(reading / predicted) on rows that were held out */
    double limit_w;     /* design power of the device; 0: not published, nothing can be said */
    gable_provenance provenance;
    const char *from; /* "b200-sxm gb200, 3447 rows, …" */
} gable_power;

/* How a benchmark's meter reads (hw/power/README.md): runs that are short against the time that the
 * meter averages over read lower than what a kernel draws. One entry of a framework, operator and
 * format; factors of hosts are entries of a device. */
typedef struct gable_power_meter {
    const char *framework, *op, *dtype;
    double settle_s; /* latency at which a reading has risen by 1 - 1/e of the way */
} gable_power_meter;

typedef struct gable_power_host {
    const char *device;
    double settle_frac; /* of the settle times above */
    double idle_frac;   /* of idle_w, what this board draws */
} gable_power_host;

enum { GABLE_POWER_METERS_CAP = 32, GABLE_POWER_HOSTS_CAP = 16 };

/* One file of hw/power. Lists live in the arena of the load. */
typedef struct gable_power_file {
    const char *name;      /* the generation */
    const char *reference; /* device whose datasheet the constants are scaled from */
    const char *date;      /* of the fit; may be NULL */
    gable_power power;
    int n_train, n_test;
    double median_frac, p90_frac, bias_frac; /* of readings, on the rows that were held out */
    int n_meters, n_hosts;
    gable_power_meter *meters;
    gable_power_host *hosts;
    const char **sources;
} gable_power_file;

extern const gable_schema gable_power_schema, gable_power_meter_schema, gable_power_host_schema;

/* Constants for `accelerator`: of its generation's file (fitted on the devices listed there, else
 * transferred), else of the nearest generation that has one, scaled so that equal shares of the
 * datasheet's peaks draw equal shares of the design power (assumed). A device whose design power is
 * not published has limit_w 0. Refuses with GABLE_INPUT a file that is malformed. */
gable_status gable_power_load(gable_arena *arena, const char *hw,
                              const struct gable_accelerator *accelerator, gable_power *out,
                              gable_err *err);

/* The same into machine->power, for those who price many steps. */
gable_status gable_power_attach(gable_arena *arena, const char *hw, struct gable_machine *machine,
                                gable_err *err);

/* The file that gable_power_load takes the constants from; *out is NULL when there is none. */
gable_status gable_power_file_load(gable_arena *arena, const char *hw,
                                   const struct gable_accelerator *accelerator,
                                   const gable_power_file **out, gable_err *err);

/* Priors of the list, unscaled. */
gable_power gable_power_priors(void);

/* The constants of `file` as they hold on a device of another datasheet. */
gable_status gable_power_scale(gable_arena *arena, const char *hw, const gable_power_file *file,
                               const struct gable_accelerator *accelerator, gable_power *out,
                               gable_err *err);

#endif
