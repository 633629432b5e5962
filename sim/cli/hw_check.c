/* cli/hw_check: see hw_check.h. */
#include "cli/hw_check.h"

#include <stdio.h>
#include <string.h>

#include "machine/machine.h"

enum { ENTRIES_CAP = 1024 };

typedef struct checked {
    gable_hw_entry *entries;
    size_t n_entries;
    const gable_accelerator **accelerators; /* those among the entries */
    const gable_accelerator **all;          /* siblings: those of hw/ besides */
    size_t n_accelerators, n_all;
    size_t n_refused;
} checked;

static gable_status start(gable_cli *cli, checked *c)
{
    GABLE_TRY(
        gable_arena_take(&cli->arena, ENTRIES_CAP, sizeof *c->entries, &c->entries, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, ENTRIES_CAP, sizeof *c->accelerators, &c->accelerators,
                               &cli->err));
    return gable_arena_take(&cli->arena, (size_t)2 * ENTRIES_CAP, sizeof *c->all, &c->all,
                            &cli->err);
}

/* Keeps what was loaded; notes what was refused and remembers the first refusal. */
static void keep(gable_cli *cli, checked *c, const gable_hw_entry *entry, const gable_err *err)
{
    if (err->status != GABLE_OK) {
        c->n_refused++;
        if (cli->err.status != GABLE_OK)
            gable_cli_note("%s", err->text);
        gable_fail(&cli->err, err->status, "%s", err->text);
        return;
    }
    if (c->n_entries == ENTRIES_CAP)
        return;
    c->entries[c->n_entries++] = *entry;
    if (entry->kind == GABLE_HW_ACCELERATOR) {
        c->accelerators[c->n_accelerators++] = entry->object;
        c->all[c->n_all++] = entry->object;
    }
}

static gable_status check_folder(gable_cli *cli, checked *c)
{
    for (int kind = 0; kind < GABLE_N_HW_KINDS; kind++) {
        const char *const *names;
        size_t count;
        GABLE_TRY(
            gable_hw_names(&cli->arena, cli->hw, (gable_hw_kind)kind, &names, &count, &cli->err));
        for (size_t i = 0; i < count; i++) {
            gable_hw_entry entry;
            gable_err err = {0};
            gable_hw_load(&cli->arena, cli->hw, (gable_hw_kind)kind, names[i], &entry, &err);
            keep(cli, c, &entry, &err);
        }
    }
    if (c->n_entries + c->n_refused == 0)
        return gable_fail(&cli->err, GABLE_INPUT, "%s: no descriptions there", cli->hw);
    return GABLE_OK;
}

/* Given files are compared with the devices of hw/; one that is broken there is no matter here. */
static gable_status add_siblings(gable_cli *cli, checked *c)
{
    const char *const *names;
    size_t count;
    GABLE_TRY(
        gable_hw_names(&cli->arena, cli->hw, GABLE_HW_ACCELERATOR, &names, &count, &cli->err));
    for (size_t i = 0; i < count && i < ENTRIES_CAP; i++) {
        gable_err ignored = {0};
        const gable_accelerator *sibling;
        if (gable_accelerator_load(&cli->arena, cli->hw, names[i], &sibling, &ignored) == GABLE_OK)
            c->all[c->n_all++] = sibling;
    }
    return GABLE_OK;
}

static gable_status check_files(gable_cli *cli, checked *c)
{
    for (int i = 1; i < cli->n_arguments && c->n_entries < ENTRIES_CAP; i++) {
        gable_hw_entry entry;
        gable_err err = {0};
        gable_hw_find(&cli->arena, cli->hw, cli->arguments[i], &entry, &err);
        keep(cli, c, &entry, &err);
    }
    return add_siblings(cli, c);
}

static gable_dim ratio_dim(gable_ratio ratio)
{
    switch (ratio) {
    case GABLE_RATIO_HBM_PER_SM:
        return GABLE_DIM_BYTES_PER_S;
    case GABLE_RATIO_READ_ALL:
        return GABLE_DIM_SECONDS;
    case GABLE_RATIO_RIDGE_16:
    case GABLE_RATIO_RIDGE_8:
    case GABLE_RATIO_RIDGE_4:
    case GABLE_RATIO_BYTES_PER_FLOP:
    case GABLE_RATIO_WIDTH_16:
    case GABLE_RATIO_WIDTH_8:
    case GABLE_RATIO_WIDTH_4:
    case GABLE_RATIO_WIDTH_VECTOR:
    case GABLE_RATIO_INT8_OVER_16:
    case GABLE_RATIO_LINK_OVER_HBM:
    case GABLE_N_RATIOS:
        break;
    }
    return GABLE_DIM_NONE;
}

/* What a terminal has no room for. */
static bool is_hidden(gable_ratio ratio)
{
    return ratio == GABLE_RATIO_BYTES_PER_FLOP || ratio == GABLE_RATIO_INT8_OVER_16 ||
           ratio == GABLE_RATIO_WIDTH_4 || ratio == GABLE_RATIO_READ_ALL;
}

/* Keys carry their units already, so numbers print bare in JSON and CSV. */
static void set_columns(hw_column columns[1 + GABLE_N_RATIOS], hw_format format)
{
    bool people = format == HW_TEXT || format == HW_MD;
    columns[0] = (hw_column){.key = "name", .heading = "name", .is_text = true};
    for (int i = 0; i < GABLE_N_RATIOS; i++) {
        gable_ratio ratio = (gable_ratio)i;
        columns[1 + i] = (hw_column){.key = gable_ratio_key(ratio),
                                     .heading = gable_ratio_heading(ratio),
                                     .dim = people ? ratio_dim(ratio) : GABLE_DIM_NONE,
                                     .hidden = is_hidden(ratio)};
    }
}

/* One line for each ratio that stands out: among its siblings, or by itself. */
static void add_outliers(gable_text *out, const checked *c, hw_format format)
{
    double ratios[GABLE_N_RATIOS];
    size_t n = 0;
    for (size_t i = 0; i < c->n_accelerators; i++) {
        const gable_accelerator *a = c->accelerators[i];
        gable_derive_ratios(a, ratios);
        for (int r = 0; r < GABLE_N_RATIOS; r++) {
            gable_ratio ratio = (gable_ratio)r;
            double median = gable_derive_sibling_median(a, c->all, c->n_all, ratio);
            if (ratio == GABLE_RATIO_BYTES_PER_FLOP || /* the inverse of a ridge */
                !gable_derive_stands_out(ratio, ratios[r], median))
                continue;
            if (format == HW_JSON) {
                gable_text_addf(out, "%s\n  {\"name\": \"%s\", \"ratio\": \"%s\", \"value\": ",
                                n ? "," : "", a->name, gable_ratio_key(ratio));
                gable_text_add_json_number(out, ratios[r]);
                gable_text_add(out, ", \"sibling_median\": ");
                gable_text_add(out, median > 0.0 ? "" : "null");
                if (median > 0.0)
                    gable_text_add_json_number(out, median);
                gable_text_add(out, "}");
            } else if (median > 0.0) {
                gable_text_addf(out, "outlier: %s %s %.4g, siblings %.4g\n", a->name,
                                gable_ratio_heading(ratio), ratios[r], median);
            } else {
                gable_text_addf(out, "outlier: %s %s %.4g, no power of two\n", a->name,
                                gable_ratio_heading(ratio), ratios[r]);
            }
            n++;
        }
    }
}

static void add_legend(gable_text *out)
{
    gable_text_add(out, "\n");
    for (int i = 0; i < GABLE_N_RATIOS; i++)
        gable_text_addf(out, "%-8s  %s\n", gable_ratio_heading((gable_ratio)i),
                        gable_ratio_help((gable_ratio)i));
}

static gable_status report(gable_cli *cli, const checked *c, hw_format format)
{
    hw_column columns[1 + GABLE_N_RATIOS];
    hw_cell *cells;
    size_t n_columns = 1 + GABLE_N_RATIOS;
    set_columns(columns, format);
    GABLE_TRY(gable_arena_take(&cli->arena, c->n_accelerators * n_columns + 1, sizeof *cells,
                               &cells, &cli->err));
    for (size_t i = 0; i < c->n_accelerators; i++) {
        double ratios[GABLE_N_RATIOS];
        gable_derive_ratios(c->accelerators[i], ratios);
        cells[i * n_columns].text = c->accelerators[i]->name;
        for (size_t r = 0; r < GABLE_N_RATIOS; r++)
            cells[i * n_columns + 1 + r].number = ratios[r];
    }
    hw_table table = {
        .columns = columns, .n_columns = n_columns, .n_rows = c->n_accelerators, .cells = cells};
    if (format == HW_JSON)
        gable_text_addf(
            &cli->out,
            "{\"schema\": \"gable.hw/1\", \"n_files\": %zu, \"accelerators\": ", c->n_entries);
    if (c->n_accelerators > 0 || format == HW_JSON)
        hw_table_add(&cli->out, &table, format);
    if (format == HW_JSON) {
        gable_text_add(&cli->out, ",\n \"outliers\": [");
        add_outliers(&cli->out, c, format);
        gable_text_add(&cli->out, "]}\n");
    } else if (format != HW_CSV) {
        if (c->n_accelerators > 0)
            add_legend(&cli->out);
        gable_text_add(&cli->out, "\n");
        add_outliers(&cli->out, c, format);
        gable_text_addf(&cli->out, "%zu read, none refused\n", c->n_entries);
    }
    return GABLE_OK;
}

gable_status hw_check_run(gable_cli *cli, hw_format format)
{
    checked c = {0};
    GABLE_TRY(start(cli, &c));
    GABLE_TRY(cli->n_arguments > 1 ? check_files(cli, &c) : check_folder(cli, &c));
    if (c.n_refused > 1)
        gable_cli_note("%zu descriptions refused, %zu accepted", c.n_refused, c.n_entries);
    if (c.n_refused > 0)
        return cli->err.status;
    return report(cli, &c, format);
}
