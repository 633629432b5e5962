/* gable plan: the answer as text, JSON, CSV and Markdown. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/serve.h"
#include "report/memory.h"
#include "report/report.h"

/* One layout as people and scripts see it. */
typedef struct line {
    const char *system, *layout, *verdict, *why;
    int tp, ep, pp, cp, attn_dp;
    double replicas, prompt_replicas, gpus, clients;
    double ttft_s, tpot_s, e2e_s;
    gable_spread ttft, tpot, e2e; /* NaN: not simulated */
    double tokens_per_s, tokens_per_s_per_gpu, tokens_per_s_per_user, requests_per_s;
    double usd_per_million, usd_per_h, joules_per_token;
    double power_w, power_p90_w, device_power_w, systems, system_power_w;
} line;

static const char *const verdicts[GABLE_N_VERDICTS] = {"best",   "behind", "illegal",      "memory",
                                                       "tpot",   "ttft",   "e2e",          "rate",
                                                       "budget", "power",  "not_simulated"};

#define COLUMN(key_, member_, header_, type_, dim_, drop_)                                         \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,   \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }
static const gable_column columns[] = {
    COLUMN("system", system, "system", TEXT, NONE, 0),
    COLUMN("layout", layout, "layout", TEXT, NONE, 0),
    COLUMN("tp", tp, "tp", INT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("ep", ep, "ep", INT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("pp", pp, "pp", INT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("cp", cp, "cp", INT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("attn_dp", attn_dp, "attn-dp", INT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("dp", replicas, "dp", NUMBER, NONE, 7),
    COLUMN("prefill_engines", prompt_replicas, "for prompts", NUMBER, NONE, GABLE_COLUMN_NEVER),
    COLUMN("gpus", gpus, "gpus", NUMBER, NONE, 0),
    COLUMN("clients", clients, "clients", NUMBER, NONE, 0),
    COLUMN("ttft_s", ttft_s, "TTFT", NUMBER, SECONDS, 0),
    COLUMN("tpot_s", tpot_s, "TPOT", NUMBER, SECONDS, 0),
    COLUMN("e2e_s", e2e_s, "E2E", NUMBER, SECONDS, 8),
    COLUMN("tokens_per_s", tokens_per_s, "tokens/s", NUMBER, NONE, 6),
    COLUMN("tokens_per_s_per_gpu", tokens_per_s_per_gpu, "/gpu", NUMBER, NONE, 0),
    COLUMN("tokens_per_s_per_user", tokens_per_s_per_user, "/user", NUMBER, NONE, 3),
    COLUMN("requests_per_s", requests_per_s, "requests/s", NUMBER, NONE, GABLE_COLUMN_NEVER),
    COLUMN("usd_per_million_output_tokens", usd_per_million, "USD/M", NUMBER, NONE, 2),
    COLUMN("usd_per_hour", usd_per_h, "USD/h", NUMBER, NONE, 9),
    COLUMN("joules_per_output_token", joules_per_token, "J/token", NUMBER, NONE, 5),
    COLUMN("power_w", power_w, "W", NUMBER, WATTS, 10),
    COLUMN("power_p90_w", power_p90_w, "", NUMBER, WATTS, GABLE_COLUMN_NEVER),
    COLUMN("device_power_w", device_power_w, "", NUMBER, WATTS, GABLE_COLUMN_NEVER),
    COLUMN("systems", systems, "", NUMBER, NONE, GABLE_COLUMN_NEVER),
    COLUMN("system_power_w", system_power_w, "", NUMBER, WATTS, GABLE_COLUMN_NEVER),
#define SPREAD_COLUMNS(figure)                                                                     \
    COLUMN(#figure "_p50_s", figure.p50, "", NUMBER, SECONDS, GABLE_COLUMN_NEVER),                 \
        COLUMN(#figure "_p90_s", figure.p90, "", NUMBER, SECONDS, GABLE_COLUMN_NEVER),             \
        COLUMN(#figure "_p99_s", figure.p99, "", NUMBER, SECONDS, GABLE_COLUMN_NEVER)
    SPREAD_COLUMNS(ttft),
    SPREAD_COLUMNS(tpot),
    SPREAD_COLUMNS(e2e),
    COLUMN("verdict", verdict, "verdict", TEXT, NONE, GABLE_COLUMN_NEVER),
    COLUMN("why", why, "why not", TEXT, NONE, GABLE_COLUMN_NEVER),
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* Of what was simulated, for people. */
static const gable_column tail_columns[] = {
    COLUMN("system", system, "system", TEXT, NONE, 1),
    COLUMN("layout", layout, "layout", TEXT, NONE, 0),
    COLUMN("clients", clients, "clients", NUMBER, NONE, 0),
    COLUMN("ttft_p50_s", ttft.p50, "TTFT p50", NUMBER, SECONDS, 0),
    COLUMN("ttft_p99_s", ttft.p99, "TTFT p99", NUMBER, SECONDS, 0),
    COLUMN("tpot_p50_s", tpot.p50, "TPOT p50", NUMBER, SECONDS, 0),
    COLUMN("tpot_p99_s", tpot.p99, "TPOT p99", NUMBER, SECONDS, 0),
    COLUMN("e2e_p50_s", e2e.p50, "E2E p50", NUMBER, SECONDS, 3),
    COLUMN("e2e_p99_s", e2e.p99, "E2E p99", NUMBER, SECONDS, 2),
};

void gable_plan_layout(gable_text *out, const gable_serving_request *layout)
{
    const struct {
        const char *name;
        int n;
    } ranks[] = {
#define RANK_ROW(member, name, help) {name, layout->member},
        GABLE_RANK_LIST(RANK_ROW)
#undef RANK_ROW
    };
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
        if (i == 0 || ranks[i].n > 1)
            gable_text_addf(out, "%s%s %d", i ? " " : "", ranks[i].name,
                            ranks[i].n > 1 ? ranks[i].n : 1);
}

/* What of its step a layout spends more on than the best one. */
static void add_difference(gable_text *out, const gable_candidate *best, const gable_candidate *c)
{
    double total = 0.0, best_total = 0.0, most = 0.0;
    int bound = -1;
    for (int b = 0; b < GABLE_N_BOUNDS; b++) {
        total += c->serving.parts.bound_s[b];
        best_total += best->serving.parts.bound_s[b];
    }
    for (int b = 0; b < GABLE_N_BOUNDS && total > 0.0 && best_total > 0.0; b++) {
        double more =
            c->serving.parts.bound_s[b] / total - best->serving.parts.bound_s[b] / best_total;
        if (more > most) {
            most = more;
            bound = b;
        }
    }
    if (bound >= 0 && most > 0.03)
        gable_text_addf(out, ": %s %.0f %% of a step (best %.0f %%)",
                        gable_bound_name((gable_bound)bound),
                        100.0 * c->serving.parts.bound_s[bound] / total,
                        100.0 * best->serving.parts.bound_s[bound] / best_total);
}

static void add_behind(gable_text *out, const gable_plan_answer *a, const gable_candidate *c)
{
    static const char *const more[] = {
        [GABLE_OBJECTIVE_THROUGHPUT] = "fewer tokens/s of a device",
        [GABLE_OBJECTIVE_COST] = "dearer",
        [GABLE_OBJECTIVE_ENERGY] = "more energy",
        [GABLE_OBJECTIVE_GPUS] = "more devices",
        [GABLE_OBJECTIVE_LATENCY] = "slower",
    };
    gable_objective objective = a->goal.objective;
    double best = gable_planner_score(&a->planned.best[0], objective);
    double own = gable_planner_score(c, objective);
    double by = best < 0.0 ? 1.0 - own / best : own / best - 1.0;
    if (!isfinite(by)) {
        gable_text_add(out, "no price is known");
        return;
    }
    gable_text_addf(out, "%.3g %% %s", 100.0 * by, more[objective]);
    add_difference(out, &a->planned.best[0], c);
}

/* "p99 " of the limit that a simulated layout misses. */
static const char *statistic_of(const gable_goal *g, const gable_candidate *c)
{
    gable_statistic of = c->verdict == GABLE_VERDICT_TTFT   ? g->ttft.of
                         : c->verdict == GABLE_VERDICT_TPOT ? g->tpot.of
                                                            : g->e2e.of;
    return gable_statistics[of];
}

/* A limit that is missed with one client is missed; else it takes more clients to be as good as
 * what stands above, and those it is missed with. */
static void add_clients(gable_text *out, const gable_candidate *c)
{
    if (!(c->layout.concurrency > 1.0))
        gable_text_add(out, " with one client");
    else
        gable_text_addf(out, " with %s%.0f clients a replica%s", c->simulated ? "the " : "",
                        c->layout.concurrency, c->simulated ? " that it takes to be as good" : "");
}

void gable_plan_reason(gable_text *out, const gable_plan_answer *a, const gable_candidate *c)
{
    static const struct {
        const char *what;
        gable_dim dim;
        const char *unit;
    } limits[GABLE_N_VERDICTS] = {
        [GABLE_VERDICT_TPOT] = {"TPOT", GABLE_DIM_SECONDS, ""},
        [GABLE_VERDICT_TTFT] = {"TTFT", GABLE_DIM_SECONDS, ""},
        [GABLE_VERDICT_E2E] = {"a whole answer", GABLE_DIM_SECONDS, ""},
        [GABLE_VERDICT_RATE] = {"the rate takes", GABLE_DIM_NONE, " devices"},
        [GABLE_VERDICT_BUDGET] = {"costs", GABLE_DIM_NONE, " USD/h"},
        [GABLE_VERDICT_POWER] = {"draws", GABLE_DIM_WATTS, ""},
    };
    char asked[GABLE_UNITS_TEXT_CAP], limit[GABLE_UNITS_TEXT_CAP];
    if (c->verdict == GABLE_VERDICT_UNSIMULATED)
        gable_text_add(out, "by the closed form alone, not simulated: ");
    if (c->verdict == GABLE_VERDICT_BEHIND || c->verdict == GABLE_VERDICT_UNSIMULATED)
        add_behind(out, a, c);
    if (c->verdict == GABLE_VERDICT_ILLEGAL)
        gable_text_add_safe(out, c->why);
    if (c->verdict == GABLE_VERDICT_MEMORY) {
        gable_units_print(c->asked, GABLE_DIM_BYTES, 4, asked);
        gable_units_print(c->limit, GABLE_DIM_BYTES, 4, limit);
        gable_text_addf(out, "%s of weights and one sequence do not fit in %s", asked, limit);
    }
    if (!limits[c->verdict].what)
        return;
    gable_units_print(c->asked, limits[c->verdict].dim, 4, asked);
    gable_units_print(c->limit, limits[c->verdict].dim, 4, limit);
    gable_text_addf(out, "%s %s%s%s%s", limits[c->verdict].what,
                    c->simulated ? statistic_of(&a->goal, c) : "", c->simulated ? " " : "", asked,
                    limits[c->verdict].unit);
    add_clients(out, c);
    gable_text_addf(out, ", limit %s", limit);
}

static gable_status keep(gable_cli *cli, gable_text *text, const char **out)
{
    *out = text->failed
               ? NULL
               : gable_arena_copy(&cli->arena, text->text ? text->text : "", text->length_bytes);
    gable_text_free(text);
    *text = (gable_text){0};
    return *out ? GABLE_OK : gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
}

static double known(double value)
{
    return value > 0.0 ? value : (double)NAN;
}

static gable_spread times_of(const gable_candidate *c, const gable_spread *of)
{
    double none = (double)NAN;
    return c->simulated ? *of : (gable_spread){none, none, none, none};
}

static gable_status fill(gable_cli *cli, const gable_plan_answer *a, const gable_candidate *c,
                         line *out)
{
    gable_text layout = {0}, why = {0};
    bool priced = c->serving.tpot_s > 0.0;
    if (c->replicas > 1.0)
        gable_text_addf(&layout, "%.0f x ", c->replicas);
    gable_plan_layout(&layout, &c->layout);
    if (c->prompt_replicas > 0.0) {
        gable_text_addf(&layout, " + %.0f x ", c->prompt_replicas);
        gable_plan_layout(&layout, &c->prompt_layout);
        gable_text_add(&layout, " for prompts");
    }
    gable_plan_reason(&why, a, c);
    *out = (line){
        .system = a->offers[c->offer].machine.system->name,
        .verdict = verdicts[c->verdict],
        .tp = c->layout.tp,
        .ep = c->layout.ep,
        .pp = c->layout.pp,
        .cp = c->layout.cp,
        .attn_dp = c->layout.attn_dp,
        .replicas = known(c->replicas),
        .prompt_replicas = c->prompt_replicas,
        .gpus = known(c->gpus),
        .clients = priced ? c->layout.concurrency * c->replicas : (double)NAN,
        .ttft_s = priced ? c->serving.ttft_s + c->transfer_s : (double)NAN,
        .tpot_s = known(c->serving.tpot_s),
        .e2e_s = known(c->e2e_s),
        .ttft = times_of(c, &c->times.ttft),
        .tpot = times_of(c, &c->times.tpot),
        .e2e = times_of(c, &c->times.e2e),
        .tokens_per_s = known(c->tokens_per_s),
        .tokens_per_s_per_gpu = known(c->tokens_per_s_per_gpu),
        .tokens_per_s_per_user = known(c->tokens_per_s_per_user),
        .requests_per_s = known(c->requests_per_s),
        .usd_per_million = known(c->usd_per_million_tokens),
        .usd_per_h = known(c->usd_per_h),
        .joules_per_token = known(c->joules_per_token),
        .power_w = known(c->power_w),
        .power_p90_w = known(c->serving.energy.all_p90_w),
        .device_power_w = known(c->serving.energy.power_w),
        .systems = known(c->serving.energy.n_systems),
        .system_power_w = known(c->serving.energy.system_w),
    };
    gable_status status = keep(cli, &layout, &out->layout);
    if (status == GABLE_OK)
        status = keep(cli, &why, &out->why);
    gable_text_free(&why);
    return status;
}

static gable_status lines_of(gable_cli *cli, const gable_plan_answer *a, gable_candidate *c, int n,
                             gable_table *out)
{
    line *lines;
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n + 1, sizeof *lines, &lines, &cli->err));
    for (int i = 0; i < n; i++) {
        GABLE_TRY(gable_planner_draw(&cli->arena, &a->offers[c[i].offer], &c[i], &cli->err));
        GABLE_TRY(fill(cli, a, &c[i], &lines[i]));
    }
    *out = (gable_table){.columns = columns,
                         .n_columns = N_COLUMNS,
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = (size_t)n};
    return GABLE_OK;
}

static void add_limit(gable_text *out, const char *what, double value, gable_dim dim)
{
    char text[GABLE_UNITS_TEXT_CAP];
    if (value > 0.0)
        gable_text_addf(out, "; %s %s", what, gable_units_print(value, dim, 4, text));
}

static void add_latency(gable_text *out, const char *what, const gable_latency_limit *l)
{
    char text[GABLE_UNITS_TEXT_CAP];
    if (l->s > 0.0)
        gable_text_addf(out, "; %s%s%s at most %s", what, l->of ? " " : "",
                        l->of ? gable_statistics[l->of] : "",
                        gable_units_print(l->s, GABLE_DIM_SECONDS, 4, text));
}

static void write_head(gable_text *out, const gable_plan_answer *a)
{
    const gable_goal *g = &a->goal;
    gable_text_add_safe(out, a->offers[0].model->name);
    gable_text_addf(out, ", prompts of %.10g and answers of %.10g token%s, stack %s", g->isl,
                    g->osl, g->osl == 1.0 ? "" : "s", a->offers[0].machine.constants->stack);
    add_latency(out, "TTFT", &g->ttft);
    add_latency(out, "TPOT", &g->tpot);
    add_latency(out, "an answer", &g->e2e);
    add_limit(out, "requests/s", g->rate_per_s, GABLE_DIM_NONE);
    add_limit(out, "USD/h at most", g->usd_per_h, GABLE_DIM_NONE);
    add_limit(out, "power at most", g->power_w, GABLE_DIM_WATTS);
    gable_text_addf(out, "\nbest by %s; TTFT and TPOT are means over requests\n",
                    gable_objectives[g->objective]);
}

static void write_counts(gable_text *out, const gable_planned *p)
{
    int n[GABLE_N_VERDICTS] = {0};
    const char *between = ": ";
    for (int i = 0; i < p->n_best; i++)
        n[p->best[i].verdict]++;
    gable_text_addf(out, "%d layout%s, %d of them within the limits", p->n_best,
                    p->n_best == 1 ? "" : "s", p->n_feasible);
    for (int v = GABLE_VERDICT_ILLEGAL; v < GABLE_VERDICT_UNSIMULATED; v++) {
        if (n[v] == 0)
            continue;
        gable_text_addf(out, "%s%d miss%s %s", between, n[v], n[v] == 1 ? "es" : "",
                        v == GABLE_VERDICT_ILLEGAL  ? "divisors or ranks"
                        : v == GABLE_VERDICT_MEMORY ? "memory"
                                                    : verdicts[v]);
        between = ", ";
    }
    if (n[GABLE_VERDICT_UNSIMULATED])
        gable_text_addf(out, "%s%d are behind whatever their percentiles", between,
                        n[GABLE_VERDICT_UNSIMULATED]);
    gable_text_addf(out, "; %d loads priced", p->n_priced);
    if (p->n_simulated)
        gable_text_addf(out, ", %d simulated", p->n_simulated);
    gable_text_add(out, "\n");
}

/* Percentiles of the rows that were simulated. */
static void write_tails(gable_cli *cli, const gable_planned *p, const gable_table *all)
{
    gable_table table = {.columns = tail_columns,
                         .n_columns = sizeof tail_columns / sizeof tail_columns[0],
                         .rows = all->rows,
                         .row_bytes = all->row_bytes};
    while (table.n_rows < all->n_rows && p->best[table.n_rows].simulated)
        table.n_rows++;
    if (table.n_rows == 0)
        return;
    gable_text_add(
        &cli->out,
        "\nSimulated: ten requests of each client; the first ones, all at once, are left "
        "out\nhere (the means above count them)\n");
    gable_table_write(&cli->out, &table, GABLE_FORMAT_TEXT, cli->width);
}

/* Reasons are too long for a column. */
static void write_reasons(gable_text *out, const gable_table *table, bool several_systems)
{
    const line *lines = table->rows;
    const char *title = "\nWhy not\n";
    for (size_t i = 0; i < table->n_rows; i++) {
        char name[120];
        if (!*lines[i].why)
            continue;
        snprintf(name, sizeof name, "%s%s%s", several_systems ? lines[i].system : "",
                 several_systems ? "  " : "", lines[i].layout);
        gable_text_addf(out, "%s  %-*s %s\n", title, several_systems ? 44 : 32, name, lines[i].why);
        title = "";
    }
}

static gable_status write_text(gable_cli *cli, gable_plan_answer *a, gable_format format)
{
    const gable_planned *p = &a->planned;
    gable_table table;
    int n = p->n_best < a->options->top ? p->n_best : a->options->top;
    bool text = format == GABLE_FORMAT_TEXT;
    if (text)
        write_head(&cli->out, a);
    GABLE_TRY(lines_of(cli, a, p->best, n, &table));
    gable_table_write(&cli->out, &table, format, cli->width);
    if (!text)
        return GABLE_OK;
    if (n > 0 && p->best[0].serving.parts.memory.capacity_bytes > 0.0) {
        gable_text_add(&cli->out, "\nMemory of the first\n");
        gable_report_memory(&cli->out, &p->best[0].serving.parts);
        gable_text_addf(&cli->out, "            %.0f tokens: %.4g sequences of this length\n",
                        floor(p->best[0].serving.parts.kv_tokens),
                        p->best[0].serving.parts.capacity);
    }
    write_counts(&cli->out, p);
    write_tails(cli, p, &table);
    if (p->n_feasible > 0) {
        gable_text_add(&cli->out, "\nThe best draws\n");
        gable_serve_write_power(&cli->out, &p->best[0].serving,
                                &a->offers[p->best[0].offer].machine);
    }
    write_reasons(&cli->out, &table, a->n_offers > 1);
    if (p->n_feasible == 0) {
        gable_text_add(&cli->out,
                       "Nothing is within the limits; the nearest layouts stand above.\n");
        return GABLE_OK;
    }
    n = p->n_front < a->options->top ? p->n_front : a->options->top;
    gable_text_addf(&cli->out, "\nPareto front, %d of %d: nothing gives a user and a device more\n",
                    n, p->n_front);
    GABLE_TRY(lines_of(cli, a, p->front, n, &table));
    gable_table_write(&cli->out, &table, format, cli->width);
    return GABLE_OK;
}

static gable_status write_json(gable_cli *cli, gable_plan_answer *a)
{
    const gable_planned *p = &a->planned;
    static const gable_serving_parts none;
    gable_table table;
    int n = p->n_best < a->options->top ? p->n_best : a->options->top;
    gable_text *out = &cli->out;
    gable_text_addf(
        out,
        "{\n  \"schema\": \"gable.plan/1\",\n  \"objective\": \"%s\",\n  \"layouts\": %d,\n"
        "  \"feasible\": %d,\n  \"illegal\": %d,\n  \"priced\": %d,\n"
        "  \"simulated\": %d,\n  \"best\": ",
        gable_objectives[a->goal.objective], p->n_layouts, p->n_feasible, p->n_illegal, p->n_priced,
        p->n_simulated);
    GABLE_TRY(lines_of(cli, a, p->best, n, &table));
    gable_table_write(out, &table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, ",\n  ");
    gable_report_memory_json(out, p->n_best > 0 ? &p->best[0].serving.parts : &none, "  ");
    gable_text_add(out, ",\n  \"front\": ");
    GABLE_TRY(lines_of(cli, a, p->front, p->n_front, &table));
    gable_table_write(out, &table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, "\n}\n");
    return GABLE_OK;
}

gable_status gable_plan_write(gable_cli *cli, gable_plan_answer *answer)
{
    gable_format format = (gable_format)answer->options->format;
    return format == GABLE_FORMAT_JSON ? write_json(cli, answer) : write_text(cli, answer, format);
}
