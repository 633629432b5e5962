/* machine/part_fields: the rows of hw/cpus, hw/links and hw/systems. Ranges are sanity bands. */
#include "machine/machine.h"

const char *const gable_link_kinds[] = {"pcie", "nvlink", "c2c",    "infiniband", "ethernet", "efa",
                                        "ici",  "xgmi",   "ualink", "neuronlink", "nvme",     NULL};
const char *const gable_fabrics[] = {"none", "switch", "mesh", "pcie", "torus", NULL};
const char *const gable_topologies[] = {"none",  "rail_fat_tree", "fat_tree",
                                        "torus", "dragonfly",     NULL};

#define TEXT_ROW(struct_, block_, key_, type_, member, flags_, help_)                              \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_##type_,                             \
        .offset = offsetof(struct_, member), .flags = (flags_), .help = (help_)                    \
    }
#define NUMBER_ROW(struct_, block_, key_, type_, dim_, member, min_, max_, flags_, help_)          \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_##type_, .dim = GABLE_DIM_##dim_,    \
        .offset = offsetof(struct_, member), .min = (min_), .max = (max_), .flags = (flags_),      \
        .help = (help_)                                                                            \
    }
#define CHOICE_ROW(struct_, block_, key_, member, choices_, flags_, help_)                         \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_CHOICE,                              \
        .offset = offsetof(struct_, member), .flags = (flags_), .choices = (choices_),             \
        .help = (help_)                                                                            \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { REQUIRED = GABLE_FIELD_REQUIRED };

#define CPU_TEXT(...) TEXT_ROW(gable_cpu, __VA_ARGS__)
#define CPU_NUMBER(...) NUMBER_ROW(gable_cpu, __VA_ARGS__)

static const gable_field cpu_rows[] = {
    CPU_TEXT("", "name", NAME, name, REQUIRED, "Name that systems use; the file is called so."),
    CPU_TEXT("", "title", TEXT, title, REQUIRED, "What people call it, one line."),
    CPU_TEXT("", "vendor", TEXT, vendor, REQUIRED, "Who sells it."),
    CPU_NUMBER("", "year", INT, NONE, year, 2006, 2040, 0, "Year of first shipment."),
    CPU_TEXT("", "remark", TEXT, remark, 0,
             "Contradictions among the sources, and what was chosen."),
    CPU_NUMBER("", "cores", NUMBER, COUNT, n_cores, 1, 4096, REQUIRED, "Cores of one socket."),
    CPU_NUMBER("memory", "capacity", NUMBER, BYTES, memory_capacity_bytes, 1e9, 1e14, 0,
               "Memory of one socket, B."),
    CPU_NUMBER("memory", "bandwidth", NUMBER, BYTES_PER_S, memory_bandwidth_bytes_per_s, 1e9, 1e13,
               REQUIRED, "Memory bandwidth of one socket, B/s."),
    CPU_NUMBER("cache", "l3_capacity", NUMBER, BYTES, l3_bytes, 1e5, 1e11, 0,
               "L3 of one socket, B."),
    CPU_NUMBER("links", "c2c_bandwidth", NUMBER, BYTES_PER_S, c2c_bytes_per_s, 1e9, 1e13, 0,
               "Coherent link to the accelerators of this socket, per direction, B/s."),
    CPU_NUMBER("links", "pcie_bandwidth", NUMBER, BYTES_PER_S, pcie_bytes_per_s, 1e9, 1e13, 0,
               "One slot of 16 lanes, per direction, usable, B/s."),
    CPU_NUMBER("power", "tdp", NUMBER, WATTS, tdp_w, 1, 1e4, 0, "Design power of one socket, W."),
};

const gable_schema gable_cpu_schema = {
    .id = "gable.cpu/1",
    .title = "One host processor: memory, and links to accelerators per direction",
    .fields = cpu_rows,
    .n_fields = COUNT_OF(cpu_rows),
    .sourced = true,
};

#define LINK_TEXT(...) TEXT_ROW(gable_link, __VA_ARGS__)
#define LINK_NUMBER(...) NUMBER_ROW(gable_link, __VA_ARGS__)

static const gable_field link_rows[] = {
    LINK_TEXT("", "name", NAME, name, REQUIRED, "Name that devices and systems use."),
    LINK_TEXT("", "title", TEXT, title, REQUIRED, "What people call it, one line."),
    CHOICE_ROW(gable_link, "", "kind", kind, gable_link_kinds, REQUIRED, "Technology."),
    LINK_NUMBER("", "year", INT, NONE, year, 2000, 2040, 0, "Year of first shipment."),
    LINK_TEXT("", "remark", TEXT, remark, 0,
              "Contradictions among the sources, and what was chosen."),
    LINK_NUMBER("bandwidth", "lane", NUMBER, BYTES_PER_S, lane_bytes_per_s, 1e7, 1e13, 0,
                "One lane, or one link of a bundle, per direction, usable, B/s."),
    LINK_NUMBER("bandwidth", "port", NUMBER, BYTES_PER_S, port_bytes_per_s, 1e8, 1e14, REQUIRED,
                "What is sold as one port or slot, or all links of a device, per direction, B/s."),
    LINK_NUMBER("bandwidth", "raw_bidirectional", NUMBER, BYTES_PER_S, raw_bytes_per_s, 1e8, 1e14,
                0,
                "Marketing figure, both directions, before encoding, B/s; never used in a price."),
    LINK_NUMBER("latency", "hop", NUMBER, SECONDS, latency_s, 1e-9, 1e-2, 0,
                "One hop, switch included, s."),
    LINK_NUMBER("switch", "ports", NUMBER, COUNT, n_switch_ports, 2, 1e5, 0,
                "Ports of the usual switch, at the rate of the port."),
};

const gable_schema gable_link_schema = {
    .id = "gable.link/1",
    .title = "One kind of link: rates per direction, usable",
    .fields = link_rows,
    .n_fields = COUNT_OF(link_rows),
    .sourced = true,
};

#define SYSTEM_TEXT(...) TEXT_ROW(gable_system, __VA_ARGS__)
#define SYSTEM_NUMBER(...) NUMBER_ROW(gable_system, __VA_ARGS__)
#define SYSTEM_CHOICE(...) CHOICE_ROW(gable_system, __VA_ARGS__)
#define SYSTEM_BOOL(block_, key_, member, help_)                                                   \
    TEXT_ROW(gable_system, block_, key_, BOOL, member, 0, help_)

static const gable_field system_rows[] = {
    SYSTEM_TEXT("", "name", NAME, name, REQUIRED,
                "Name on the command line; the file is called so."),
    SYSTEM_TEXT("", "title", TEXT, title, REQUIRED, "What people call it, one line."),
    SYSTEM_TEXT("", "remark", TEXT, remark, 0,
                "Contradictions among the sources, and what was chosen."),
    SYSTEM_TEXT("devices", "accelerator", NAME, accelerator_name, REQUIRED,
                "A file of hw/accelerators."),
    SYSTEM_NUMBER("devices", "count", INT, NONE, n_accelerators, 1, 65536, REQUIRED,
                  "Accelerators in one scale-up domain."),
    SYSTEM_BOOL("devices", "reference", reference,
                "Whether tables of measurements of the device were taken on this system."),
    SYSTEM_TEXT("host", "cpu", NAME, host_name, 0, "A file of hw/cpus."),
    SYSTEM_NUMBER("host", "count", INT, NONE, n_hosts, 1, 65536, 0,
                  "Sockets in one scale-up domain."),
    SYSTEM_TEXT("storage", "link", NAME, storage_link, 0, "One SSD: a file of hw/links."),
    SYSTEM_NUMBER("storage", "count", INT, NONE, n_storage, 1, 65536, 0,
                  "SSDs for data in one scale-up domain."),
    SYSTEM_CHOICE("scale_up", "fabric", fabric, gable_fabrics, REQUIRED,
                  "How the accelerators of one domain reach each other."),
    SYSTEM_TEXT("scale_up", "link", NAME, scale_up_link, 0, "A file of hw/links."),
    SYSTEM_NUMBER("scale_up", "bandwidth", NUMBER, BYTES_PER_S, scale_up_bytes_per_s, 1e8, 1e14, 0,
                  "Per accelerator and direction, B/s; null takes the accelerator's figure."),
    SYSTEM_NUMBER("scale_up", "axes", INT, NONE, n_torus_axes, 1, 3, 0,
                  "Torus: axes, of equal length."),
    SYSTEM_BOOL("scale_up", "in_network_reduction", in_network_reduction,
                "Whether the switch reduces and multicasts."),
    SYSTEM_BOOL("scale_up", "p2p", p2p,
                "PCIe: whether devices reach each other without a copy in host memory."),
    SYSTEM_TEXT("scale_out", "link", NAME, scale_out_link, 0, "A file of hw/links."),
    SYSTEM_NUMBER("scale_out", "bandwidth", NUMBER, BYTES_PER_S, scale_out_bytes_per_s, 1e8, 1e14,
                  0, "Per accelerator and direction, B/s."),
    SYSTEM_CHOICE("scale_out", "topology", scale_out_topology, gable_topologies, 0,
                  "How domains are joined."),
    SYSTEM_NUMBER("scale_out", "oversubscription", NUMBER, NONE, scale_out_oversubscription, 1, 100,
                  0, "Leaf bandwidth over uplink bandwidth; null is priced as 1."),
    SYSTEM_NUMBER("scale_out", "max_nodes", INT, NONE, max_nodes, 1, 1048576, 0,
                  "Domains that the fabric joins."),
    SYSTEM_BOOL("scale_out", "in_network_reduction", scale_out_reduction,
                "Whether the switches between nodes reduce."),
    SYSTEM_NUMBER("power", "tdp", NUMBER, WATTS, power_w, 1, 1e7, 0,
                  "Design power of one node or rack, W."),
    SYSTEM_NUMBER("measured", "host_bounce_bandwidth", NUMBER, BYTES_PER_S, host_bounce_bytes_per_s,
                  1e8, 1e13, 0,
                  "PCIe without p2p: what all devices share through host memory, B/s."),
    SYSTEM_NUMBER("measured", "root_bandwidth", NUMBER, BYTES_PER_S, root_bytes_per_s, 1e8, 1e13, 0,
                  "PCIe: what a device reaches through the root of the tree, B/s."),
    SYSTEM_NUMBER("measured", "socket_bandwidth", NUMBER, BYTES_PER_S, socket_bytes_per_s, 1e8,
                  1e13, 0, "PCIe: what crosses between the sockets in one direction, B/s."),
};

const gable_schema gable_system_schema = {
    .id = "gable.system/1",
    .title = "Accelerators, hosts and fabrics of one node or rack",
    .fields = system_rows,
    .n_fields = COUNT_OF(system_rows),
    .sourced = true,
};
