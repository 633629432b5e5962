/* machine/accelerator_fields: the rows of hw/accelerators/NAME.json. Blocks stand together, in the
 * order in which the files have them. Ranges are sanity bands: a slip of a factor of a thousand
 * falls outside. */
#include "machine/machine.h"

const char *const gable_accelerator_statuses[] = {"shipping", "preliminary", "announced",
                                                  "not-produced", NULL};

#define AT(member) offsetof(gable_accelerator, member)
#define TEXT_ROW(block_, key_, type_, member, flags_, help_)                                       \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_##type_, .offset = AT(member),       \
        .flags = (flags_), .help = (help_)                                                         \
    }
#define NUMBER_ROW(block_, key_, dim_, member, min_, max_, flags_, help_)                          \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_NUMBER, .dim = GABLE_DIM_##dim_,     \
        .offset = AT(member), .min = (min_), .max = (max_), .flags = (flags_), .help = (help_)     \
    }
#define MATRIX_ROW(symbol, key_)                                                                   \
    NUMBER_ROW("compute.matrix", key_, FLOPS_PER_S, matrix_flops_per_s[GABLE_MMA_##symbol], 1e11,  \
               1e19, 0, "Dense peak of the matrix units for " key_ " operands, FLOP/s."),

enum { REQUIRED = GABLE_FIELD_REQUIRED };

static const gable_field rows[] = {
    TEXT_ROW("", "name", NAME, name, REQUIRED, "Name on the command line; the file is called so."),
    TEXT_ROW("", "title", TEXT, title, REQUIRED, "What people call it, one line."),
    TEXT_ROW("", "vendor", TEXT, vendor, REQUIRED, "Who sells it."),
    TEXT_ROW("", "generation", NAME, generation, REQUIRED,
             "Architecture: devices of one generation share kernel constants."),
    {.block = "",
     .key = "status",
     .type = GABLE_FIELD_CHOICE,
     .offset = AT(status),
     .flags = REQUIRED,
     .choices = gable_accelerator_statuses,
     .help = "How firm the figures are."},
    {.block = "",
     .key = "year",
     .type = GABLE_FIELD_INT,
     .offset = AT(year),
     .min = 2006,
     .max = 2040,
     .flags = REQUIRED,
     .help = "Year of first shipment, or the announced one."},
    TEXT_ROW("", "remark", TEXT, remark, 0,
             "Contradictions among the sources, and what was chosen."),

    NUMBER_ROW("compute", "sm_count", COUNT, n_sm, 1, 1e6, 0,
               "Enabled multiprocessors, compute units or cores."),
    NUMBER_ROW("compute", "tensor_clock", HERTZ, tensor_clock_hz, 1e8, 1e10, 0,
               "Clock at which the matrix peaks hold, Hz."),
    NUMBER_ROW("compute", "vector_clock", HERTZ, vector_clock_hz, 1e8, 1e10, 0,
               "Clock at which the vector peaks hold, Hz."),
    NUMBER_ROW("compute", "exp", OPS_PER_S, exp_per_s, 1e9, 1e16, 0,
               "Exponentials of the special-function units, op/s."),
    GABLE_MMA_LIST(MATRIX_ROW) NUMBER_ROW(
        "compute.matrix", "fp4_effective", FLOPS_PER_S, fp4_effective_flops_per_s, 1e11, 1e19, 0,
        "Marketing figure with compression or sparsity, FLOP/s; never used in a price."),
    NUMBER_ROW("compute.vector", "fp32", FLOPS_PER_S, vector_fp32_flops_per_s, 1e11, 1e17, 0,
               "Peak of the vector units in fp32, FLOP/s."),
    NUMBER_ROW("compute.vector", "fp64", FLOPS_PER_S, vector_fp64_flops_per_s, 1e10, 1e17, 0,
               "Peak of the vector units in fp64, FLOP/s."),

    TEXT_ROW("hbm", "kind", NAME, hbm_kind, REQUIRED, "Technology of the device memory."),
    NUMBER_ROW("hbm", "capacity", BYTES, hbm_capacity_bytes, 1e8, 1e14, REQUIRED,
               "Device memory as the vendor prints it, B."),
    NUMBER_ROW("hbm", "usable", BYTES, hbm_usable_bytes, 1e8, 1e14, 0,
               "Device memory as the driver reports it, B."),
    NUMBER_ROW("hbm", "bandwidth", BYTES_PER_S, hbm_bandwidth_bytes_per_s, 1e10, 1e16, REQUIRED,
               "Nameplate bandwidth of the device memory, B/s."),
    NUMBER_ROW("hbm", "energy", JOULES_PER_BIT, hbm_j_per_bit, 1e-14, 1e-10, 0,
               "Energy of a bit that moves between the device memory and the SMs, J/bit."),

    NUMBER_ROW("flash", "capacity", BYTES, flash_capacity_bytes, 1e9, 1e15, 0,
               "High-bandwidth flash of the device, B: holds weights and what seldom changes."),
    NUMBER_ROW("flash", "read_bandwidth", BYTES_PER_S, flash_bytes_per_s, 1e9, 1e15, 0,
               "What all its stacks read together, beside the device memory, B/s."),
    NUMBER_ROW("flash", "latency", SECONDS, flash_latency_s, 1e-7, 1e-3, 0,
               "Until the first bytes of a page arrive, s: shows where a router chooses weights."),
    NUMBER_ROW("flash", "context", NONE, flash_context_frac, 0, 1, 0,
               "Part of the cache that changes so seldom that flash holds it."),

    NUMBER_ROW("near_memory", "bandwidth", BYTES_PER_S, near_bytes_per_s, 1e10, 1e17, 0,
               "What units inside the memory read of it together, B/s."),
    NUMBER_ROW("near_memory", "compute", FLOPS_PER_S, near_flops_per_s, 1e10, 1e18, 0,
               "Peak of those units together, FLOP/s."),

    NUMBER_ROW("cache", "l2_capacity", BYTES, l2_capacity_bytes, 1e5, 1e11, 0,
               "L2 of the whole device, B."),
    NUMBER_ROW("cache", "llc_capacity", BYTES, llc_capacity_bytes, 1e5, 1e12, 0,
               "Last-level cache behind the L2, B."),
    NUMBER_ROW("cache", "l1_per_sm", BYTES, l1_bytes, 1e3, 1e9, 0,
               "L1 and shared memory of one multiprocessor, together, B."),
    NUMBER_ROW("cache", "smem_per_sm", BYTES, smem_bytes, 1e3, 1e9, 0,
               "Shared memory that one multiprocessor can give to kernels, B."),
    NUMBER_ROW("cache", "registers_per_sm", BYTES, registers_bytes, 1e3, 1e9, 0,
               "Register file of one multiprocessor, B."),
    NUMBER_ROW("cache", "tmem_per_sm", BYTES, tmem_bytes, 1e3, 1e9, 0,
               "Tensor memory of one multiprocessor, B."),

    TEXT_ROW("links", "scale_up", NAME, scale_up_link, 0, "Link to peers: a file of hw/links."),
    NUMBER_ROW("links", "scale_up_count", COUNT, scale_up_n_links, 1, 1024, 0,
               "Links of this kind on one device."),
    NUMBER_ROW("links", "scale_up_bandwidth", BYTES_PER_S, scale_up_bytes_per_s, 1e9, 1e14, 0,
               "All links of the device together, per direction, B/s."),
    TEXT_ROW("links", "host", NAME, host_link, 0, "Link to the host: a file of hw/links."),
    NUMBER_ROW("links", "host_bandwidth", BYTES_PER_S, host_bytes_per_s, 1e9, 1e13, 0,
               "Host link, per direction, usable, B/s."),
    NUMBER_ROW("links", "c2c_bandwidth", BYTES_PER_S, c2c_bytes_per_s, 1e9, 1e13, 0,
               "This device's share of a coherent chip-to-chip link, per direction, B/s."),

    NUMBER_ROW("power", "tdp", WATTS, tdp_w, 1, 1e5, 0, "Design power of the device, W."),

    NUMBER_ROW("price", "low", USD_PER_H, price_low_usd_per_h, 0.01, 1e4, 0,
               "Low end of rental prices, $ per device and hour."),
    NUMBER_ROW("price", "typical", USD_PER_H, price_usd_per_h, 0.01, 1e4, 0,
               "Typical rental price, $ per device and hour."),
    NUMBER_ROW("price", "high", USD_PER_H, price_high_usd_per_h, 0.01, 1e4, 0,
               "List price of large clouds, $ per device and hour."),
    TEXT_ROW("price", "date", TEXT, price_date, 0, "Month of the typical price: prices move."),

    NUMBER_ROW("measured", "hbm_latency", SECONDS, hbm_latency_s, 1e-9, 1e-4, 0,
               "Latency of device memory by pointer chase, s."),
    NUMBER_ROW("measured", "l2_bandwidth", BYTES_PER_S, l2_bandwidth_bytes_per_s, 1e10, 1e16, 0,
               "Read bandwidth of the L2, B/s."),
};

const gable_schema gable_accelerator_schema = {
    .id = "gable.accelerator/1",
    .title = "One accelerator as its datasheet says: dense peaks, bandwidths per direction",
    .fields = rows,
    .n_fields = sizeof rows / sizeof rows[0],
    .sourced = true,
};
