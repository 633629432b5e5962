/* engine/check: the text of a recorded scenario with the figures of now. Values are replaced where
 * they stand, so that notes, order and layout of a file survive, and a diff shows what moved and
 * nothing else. */
#include <inttypes.h>
#include <string.h>

#include "engine/check.h"

/* text[from, to) becomes `with`. */
typedef struct splice {
    size_t from, to;
    gable_text with; /* owned */
} splice;

enum { SPLICES_CAP = GABLE_N_CHECK_METRICS + 5 };

typedef struct splices {
    const gable_check *check;
    size_t n;
    splice list[SPLICES_CAP];
} splices;

static size_t value_end(const gable_json *node)
{
    size_t length_bytes;
    gable_json_raw(node, &length_bytes);
    return node->offset_bytes + length_bytes;
}

/* A place for a new text, kept in the order of the file. NULL nodes are no places. */
static gable_text *splice_at(splices *s, size_t from, size_t to)
{
    size_t at = s->n++;
    for (; at > 0 && s->list[at - 1].from > from; at--)
        s->list[at] = s->list[at - 1];
    s->list[at] = (splice){.from = from, .to = to};
    return &s->list[at].with;
}

static gable_text *splice_value(splices *s, const gable_json *node)
{
    return splice_at(s, node->offset_bytes, value_end(node));
}

static void add_bound(gable_text *out, int bound)
{
    gable_text_add_json_string(out, gable_bound_name((gable_bound)bound));
}

static void add_metrics(gable_text *out, const gable_check_figures *now)
{
    gable_text_add(out, "{");
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        gable_text_addf(out, "%s\n      \"%s\": {\"value\": ", i ? "," : "",
                        gable_check_metric_keys[i]);
        gable_text_add_json_number(out, now->metric[i]);
        gable_text_add(out, ", \"tolerance\": ");
        gable_text_add_json_number(out, gable_check_tolerance);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "\n    }");
}

static void add_operators(gable_text *out, const gable_check_figures *now)
{
    gable_text_add(out, "{");
    for (int i = 0; i < now->n_operators; i++) {
        gable_text_add(out, i ? ",\n      " : "\n      ");
        gable_text_add_json_string(out, now->operators[i].name);
        gable_text_add(out, ": {\"bound\": ");
        add_bound(out, now->operators[i].bound);
        gable_text_add(out, ", \"time_s\": ");
        gable_text_add_json_number(out, now->operators[i].time_s);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "\n    }");
}

static void add_recorded(gable_text *out, const gable_check_figures *now)
{
    gable_text_add(out, "{\n    \"program\": ");
    gable_text_add_json_string(out, now->program);
    gable_text_add(out, ",\n    \"data\": {");
    const char *between = "\n";
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        if (!now->hash[i])
            continue;
        gable_text_addf(out, "%s      \"%s\": \"%016" PRIx64 "\"", between,
                        gable_check_data_keys[i], now->hash[i]);
        between = ",\n";
    }
    gable_text_add(out, "\n    }\n  }");
}

static void add_expect(gable_text *out, const gable_check_figures *now)
{
    gable_text_add(out, "{\n    \"bound\": ");
    add_bound(out, now->bound);
    gable_text_addf(out, ",\n    \"fits\": %s,\n    \"metrics\": ", now->fits ? "true" : "false");
    add_metrics(out, now);
    gable_text_add(out, ",\n    \"operators\": ");
    add_operators(out, now);
    gable_text_add(out, "\n  }");
}

static void refresh(splices *s, const gable_json *expect)
{
    const gable_check_figures *now = &s->check->now;
    const gable_json *bound = gable_json_get(expect, "bound");
    const gable_json *fits = gable_json_get(expect, "fits");
    const gable_json *metrics = gable_json_get(expect, "metrics");
    const gable_json *operators = gable_json_get(expect, "operators");
    if (bound)
        add_bound(splice_value(s, bound), now->bound);
    if (fits)
        gable_text_add(splice_value(s, fits), now->fits ? "true" : "false");
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        const gable_json *metric = gable_json_get(metrics, gable_check_metric_keys[i]);
        const gable_json *value = gable_json_get(metric, "value");
        if (value)
            gable_text_add_json_number(splice_value(s, value), now->metric[i]);
    }
    if (operators)
        add_operators(splice_value(s, operators), now);
}

static void collect(splices *s)
{
    const gable_check *check = s->check;
    const gable_json *expect = gable_json_get(check->root, "expect");
    const gable_json *recorded = gable_json_get(check->root, "recorded");
    const gable_json *last = check->root->child;
    if (expect)
        refresh(s, expect);
    if (recorded)
        add_recorded(splice_value(s, recorded), &check->now);
    if (expect && recorded)
        return;
    while (last->next)
        last = last->next;
    size_t end = value_end(last);
    gable_text *more = splice_at(s, end, end);
    if (!expect) {
        gable_text_add(more, ",\n  \"expect\": ");
        add_expect(more, &check->now);
    }
    if (!recorded) {
        gable_text_add(more, ",\n  \"recorded\": ");
        add_recorded(more, &check->now);
    }
}

gable_status gable_check_rewrite(gable_arena *arena, const gable_check *check, gable_text *out,
                                 gable_err *err)
{
    splices *s;
    size_t done = 0;
    bool failed = false;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *s, &s, err));
    s->check = check;
    collect(s);
    for (size_t i = 0; i < s->n; i++) {
        splice *next = &s->list[i];
        gable_text_add_n(out, check->text + done, next->from - done);
        gable_text_add(out, next->with.text ? next->with.text : "");
        done = next->to;
        failed = failed || next->with.failed;
        gable_text_free(&next->with);
    }
    gable_text_add_n(out, check->text + done, check->length_bytes - done);
    return failed || out->failed ? gable_fail(err, GABLE_INTERNAL, "out of memory") : GABLE_OK;
}
