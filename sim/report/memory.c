/* report/memory: see memory.h. */
#include "report/memory.h"

#include <stdio.h>

#include "report/internal.h"

typedef char quantity[GABLE_UNITS_TEXT_CAP];

typedef struct part {
    const char *name;
    double bytes;
} part;

static const char *bytes_text(double bytes, quantity out)
{
    return gable_units_print(bytes, GABLE_DIM_BYTES, 4, out);
}

/* "a 1 GB, b 2 GB": those that are there. */
static void add_parts(gable_text *out, const part *parts, size_t n)
{
    const char *between = "";
    quantity text;
    for (size_t i = 0; i < n; i++) {
        if (!(parts[i].bytes > 0.0))
            continue;
        gable_text_addf(out, "%s%s %s", between, parts[i].name, bytes_text(parts[i].bytes, text));
        between = ", ";
    }
}

static void add_framework(gable_text *out, const gable_memory *m)
{
    const part framework[] = {
        {"context", m->context_bytes}, {"kernels", m->runtime_bytes}, {"graphs", m->graph_bytes}};
    double sum = m->context_bytes + m->runtime_bytes + m->graph_bytes;
    quantity text;
    if (!(sum > 0.0))
        return;
    gable_text_addf(out, "            framework %s: ", bytes_text(sum, text));
    add_parts(out, framework, COUNT_OF(framework));
    gable_text_add(out, "\n");
}

void gable_report_memory(gable_text *out, const gable_serving_parts *p)
{
    const gable_memory *m = &p->memory;
    const part parts[] = {{"weights", m->weights_bytes},
                          {"cache", m->cache_bytes},
                          {"activations", m->activation_bytes},
                          {"communication", m->communication_bytes}};
    quantity text;
    gable_text_addf(out, "  memory    %s of each device\n            ",
                    bytes_text(m->capacity_bytes, text));
    add_parts(out, parts, COUNT_OF(parts));
    gable_text_add(out, "\n");
    add_framework(out, m);
    if (m->left_bytes < 0.0)
        gable_text_addf(out, "            %s more than there is%s\n",
                        bytes_text(-m->left_bytes, text),
                        m->cache_bytes > 0.0 ? ": take less for the cache" : "");
    else if (m->cache_bytes < 0.0)
        gable_text_addf(out, "            %s more than the engine's share of it\n",
                        bytes_text(-m->cache_bytes, text));
    else
        gable_text_addf(out, "            left %s\n", bytes_text(m->left_bytes, text));
}

#define MEMBER(key_, member_)                                                                      \
    {                                                                                              \
        .key = key_, .type = GABLE_CELL_NUMBER, .offset = offsetof(gable_serving_parts, member_)   \
    }
static const gable_column columns[] = {
    MEMBER("capacity_bytes", memory.capacity_bytes),
    MEMBER("weights_bytes", memory.weights_bytes),
    MEMBER("cache_bytes", free_bytes),
    MEMBER("activation_bytes", memory.activation_bytes),
    MEMBER("communication_bytes", memory.communication_bytes),
    MEMBER("context_bytes", memory.context_bytes),
    MEMBER("runtime_bytes", memory.runtime_bytes),
    MEMBER("graph_bytes", memory.graph_bytes),
    MEMBER("left_bytes", memory.left_bytes),
    MEMBER("token_bytes", token_bytes),
    MEMBER("kv_tokens", kv_tokens),
    MEMBER("sequences", capacity),
};

void gable_report_memory_json(gable_text *out, const gable_serving_parts *parts, const char *indent)
{
    char separator[16];
    snprintf(separator, sizeof separator, ",\n%s  ", indent);
    gable_text_addf(out, "\"memory\": {\n%s  ", indent);
    gable_report_members(out, columns, COUNT_OF(columns), parts, separator);
    gable_text_addf(out, "\n%s}", indent);
}
