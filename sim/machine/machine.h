/* machine: hardware descriptions -> immutable structs. hw/accelerators (datasheets), hw/cpus,
 * hw/links, hw/systems; hw/generations and hw/stacks and hw/calibration are in machine/constants.h.
 * Everything a load returns lives in the caller's arena. A number that is not published is 0.
 * Room: machine. Uses: base. Formats: hw/README.md. */
#ifndef GABLE_MACHINE_H
#define GABLE_MACHINE_H
#include <stdbool.h>

#include "base/base.h"
#include "machine/catalog.h"
#include "machine/constants.h"
#include "machine/derive.h"

/* One accelerator, as its datasheet says: dense peaks, bandwidths per direction. */
typedef struct gable_accelerator {
    const char *name, *title, *vendor;
    const char *generation; /* name of a file in hw/generations: "hopper" */
    int status;             /* index into gable_accelerator_statuses */
    int year;
    const char *remark; /* contradictions and how they were resolved; NULL when there is none */

    double n_sm;            /* streaming multiprocessors, compute units, cores */
    double tensor_clock_hz; /* at which the matrix peaks hold */
    double vector_clock_hz;
    double matrix_flops_per_s[GABLE_N_MMA]; /* dense; 0: the hardware has no such unit */
    double
        fp4_effective_flops_per_s; /* marketing figure with compression or sparsity, never used */
    double vector_fp32_flops_per_s, vector_fp64_flops_per_s;
    double exp_per_s; /* special-function unit, exponentials */

    const char *hbm_kind;
    double hbm_capacity_bytes; /* as the vendor prints it */
    double hbm_usable_bytes;   /* as the driver reports it; 0: take the capacity */
    double hbm_bandwidth_bytes_per_s;
    double hbm_latency_s; /* measured, pointer chase */
    double hbm_j_per_bit; /* of what moves between memory and SMs */
    /* Flash beside that memory, and units inside it (cost/tiers.h). 0: none. */
    double flash_capacity_bytes, flash_bytes_per_s, flash_latency_s, flash_context_frac;
    double near_bytes_per_s, near_flops_per_s;
    double l2_capacity_bytes;
    double l2_bandwidth_bytes_per_s; /* measured, read */
    double llc_capacity_bytes;       /* last-level cache behind the L2, where there is one */
    double l1_bytes, smem_bytes, registers_bytes, tmem_bytes; /* per SM */

    const char *scale_up_link;                     /* name of a file in hw/links, or NULL */
    double scale_up_n_links, scale_up_bytes_per_s; /* all links of the device, per direction */
    const char *host_link;
    double host_bytes_per_s, c2c_bytes_per_s; /* per direction */

    double tdp_w;
    double price_low_usd_per_h, price_usd_per_h, price_high_usd_per_h;
    const char *price_date;

    const char *const
        *sources; /* one per row of gable_accelerator_schema; NULL where nothing was read */
} gable_accelerator;

typedef struct gable_cpu {
    const char *name, *title, *vendor;
    int year;
    double n_cores, memory_capacity_bytes, memory_bandwidth_bytes_per_s, l3_bytes;
    double c2c_bytes_per_s, pcie_bytes_per_s, tdp_w; /* rates per direction */
    const char *remark;
    const char *const *sources; /* one per row of gable_cpu_schema; NULL where nothing was read */
} gable_cpu;

typedef struct gable_link {
    const char *name, *title;
    int kind; /* index into gable_link_kinds */
    int year;
    double lane_bytes_per_s; /* per lane or per link, per direction, usable */
    double port_bytes_per_s; /* x16 slot, or the port that is sold, per direction, usable */
    double raw_bytes_per_s;  /* marketing figure, both directions; never used in a price */
    double latency_s;        /* one hop, switch included; 0: not published */
    double n_switch_ports;   /* of the usual switch, at the port's rate; 0: not known */
    const char *remark;
    const char *const *sources; /* one per row of gable_link_schema; NULL where nothing was read */
} gable_link;

/* How the accelerators of one scale-up domain reach each other. */
typedef enum gable_fabric {
    GABLE_FABRIC_NONE,   /* one device */
    GABLE_FABRIC_SWITCH, /* non-blocking: any pair at the full rate of a device (NVSwitch) */
    GABLE_FABRIC_MESH,   /* direct links: a pair gets rate / (n - 1) */
    GABLE_FABRIC_PCIE,   /* PCIe tree: pairs share the root; `p2p` says whether the host is in the
                            path */
    GABLE_FABRIC_TORUS   /* direct links to neighbours on each axis */
} gable_fabric;

typedef struct gable_system {
    const char *name, *title;
    const char *accelerator_name, *host_name; /* as the file says; host_name may be NULL */
    const gable_accelerator *accelerator;
    int n_accelerators;    /* in one scale-up domain (the node, or the rack) */
    const gable_cpu *host; /* may be NULL */
    int n_hosts;
    const char *storage_link;   /* what one SSD is, a file of hw/links; NULL: none described */
    int n_storage;              /* SSDs in one scale-up domain */
    double storage_bytes_per_s; /* all of them, read; 0: not known */

    int fabric; /* gable_fabric */
    const char *scale_up_link;
    double scale_up_bytes_per_s; /* per accelerator, per direction; the file's, else the
                                    accelerator's */
    int n_torus_axes;            /* torus: 2 or 3, of equal length; 0: 3 */
    bool in_network_reduction;   /* the switch can reduce and multicast (NVLS) */
    bool p2p;                    /* PCIe: devices reach each other without a copy in host memory */
    /* PCIe trees, as reached: without p2p, what all devices share through the memory of a host;
     * what devices of different switches get through the root; what crosses between sockets, one
     * direction. 0: no narrower than the links. */
    double host_bounce_bytes_per_s, root_bytes_per_s, socket_bytes_per_s;
    bool reference; /* tables of measurements of this device were taken on this system */

    const char *scale_out_link;   /* NULL: none described */
    double scale_out_bytes_per_s; /* per accelerator, per direction */
    int scale_out_topology; /* index into gable_topologies: none, rail_fat_tree, fat_tree, torus,
                               dragonfly */
    double scale_out_oversubscription; /* 1: none, also where the file says nothing */
    int max_nodes;                     /* 0: no limit is stated */
    bool scale_out_reduction;          /* switches between nodes reduce (SHARP) */
    double power_w;                    /* of the node or rack */
    const char *remark;
    const char *const
        *sources; /* one per row of gable_system_schema; NULL where nothing was read */
} gable_system;

/* A loaded system with the constants that price it. */
typedef struct gable_machine {
    const gable_system *system;
    const gable_accelerator *accelerator; /* == system->accelerator */
    const gable_constants *constants;     /* of this accelerator under one software stack */
    int n_nodes; /* systems, connected by their scale-out links; 0 counts as 1 */
    const struct gable_power *power; /* what its devices draw; NULL: not asked for */
    double power_limit_w;            /* they are held to; 0: their own */
} gable_machine;

/* shipping preliminary announced not-produced; pcie nvlink c2c infiniband ethernet efa ici xgmi …
 */
extern const char *const gable_accelerator_statuses[], *const gable_link_kinds[];
extern const char *const gable_fabrics[]; /* none switch mesh pcie torus */
extern const char *const gable_topologies[];

extern const gable_schema gable_accelerator_schema, gable_cpu_schema, gable_link_schema,
    gable_system_schema;

/* Each reads one file. `hw` is the folder that holds accelerators/, systems/ …; `name` is a name
 * there, or a path when it holds '/' or ends in ".json". Errors: GABLE_INPUT with file, line,
 * column and path; an unknown name, here or inside the file, is refused with the nearest one. */
gable_status gable_accelerator_load(gable_arena *arena, const char *hw, const char *name,
                                    const gable_accelerator **out, gable_err *err);
gable_status gable_cpu_load(gable_arena *arena, const char *hw, const char *name,
                            const gable_cpu **out, gable_err *err);
gable_status gable_link_load(gable_arena *arena, const char *hw, const char *name,
                             const gable_link **out, gable_err *err);

/* A system by name or path; the name of a device gives a system of one accelerator without a
 * fabric. */
gable_status gable_system_load(gable_arena *arena, const char *hw, const char *name,
                               const gable_system **out, gable_err *err);

/* The system whose file says that tables of this accelerator were measured on it ("reference"),
 * else the first by name that is built of it; *out is NULL when there is none. */
gable_status gable_system_of_device(gable_arena *arena, const char *hw, const char *device,
                                    const gable_system **out, gable_err *err);

/* gable_system_load and gable_constants_load for `stack` ("trtllm", "vllm", "sglang", "ideal"). */
gable_status gable_machine_load(gable_arena *arena, const char *hw, const char *system,
                                const char *stack, gable_machine *out, gable_err *err);

/* The same with the constants of these families of kernels alone (gable_layout_families says which
 * a model can ask for). */
gable_status gable_machine_load_families(gable_arena *arena, const char *hw, const char *system,
                                         const char *stack, gable_families families,
                                         gable_machine *out, gable_err *err);

/* What one accelerator gets on the way from beyond its own memory, B/s per direction; 0: not
 * published. Accelerators share the memory of their hosts, and their SSDs, evenly. */
typedef struct gable_host_path {
    const char *link;           /* "c2c" or "host link": whichever there is */
    double link_bytes_per_s;    /* to the host */
    double memory_bytes_per_s;  /* share of the hosts' memory */
    double storage_bytes_per_s; /* share of the SSDs */
    double pool_bytes_per_s;    /* of the network: memory of others */
} gable_host_path;
gable_host_path gable_system_host_path(const gable_system *system);

/* Rate of the matrix unit that `mma` runs on, dense FLOP/s. Where the device lacks the unit the
 * next wider one that it has is used (fp8 runs as bf16, bf16 as fp16 where only that exists), at
 * last the vector units; a device that publishes none of these runs on the unit nearest in width,
 * slower in proportion when that is narrower. used   what it runs on; may be NULL. Vector units
 * count as GABLE_MMA_FP32. > 0: a file without any peak is refused at the door. */
double gable_accelerator_peak(const gable_accelerator *accelerator, gable_mma mma, gable_mma *used);

/* Bytes of device memory that software sees: usable where known, else the capacity; with flash. */
double gable_accelerator_memory_bytes(const gable_accelerator *accelerator);

/* Whether a device holds these: weights and seldom changed cache on flash where there is any. */
bool gable_accelerator_holds(const gable_accelerator *accelerator, double weights_bytes,
                             double cache_bytes, double other_bytes);

/* Arithmetic intensity at which memory and the matrix unit of `mma` meet, FLOP per byte. */
double gable_accelerator_ridge(const gable_accelerator *accelerator, gable_mma mma);

/* Source id of the member of `accelerator` that starts at `offset`; "" when unknown. */
const char *gable_accelerator_source(const gable_accelerator *accelerator, size_t offset);
#endif
