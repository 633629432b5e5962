/* report/roofline: the figures of a picture as tables: the legend below a terminal's picture, JSON,
 * CSV, Markdown. */
#include <math.h>
#include <string.h>

#include "report/script.h"

/* ---- points of all steps, one a row ---- */

typedef struct point_row {
    const char *phase, *name;
    double intensity_flops_per_byte, flops_per_s, roof_frac, share_frac;
    double l2_intensity_flops_per_byte; /* NaN: not known */
} point_row;

#define COLUMN(key_, header_, type_, dim_, unit_)                                                  \
    {                                                                                              \
        .key = #key_, .header = header_, .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,      \
        .unit = unit_, .offset = offsetof(point_row, key_)                                         \
    }

static const gable_column point_columns[] = {
    COLUMN(phase, "phase", TEXT, NONE, NULL),
    COLUMN(name, "operator", TEXT, NONE, NULL),
    COLUMN(intensity_flops_per_byte, "intensity", NUMBER, NONE, "FLOP/B"),
    COLUMN(flops_per_s, "reached", NUMBER, FLOPS_PER_S, NULL),
    COLUMN(roof_frac, "of roof", SHARE, NONE, NULL),
    COLUMN(share_frac, "of time", SHARE, NONE, NULL),
    COLUMN(l2_intensity_flops_per_byte, "at L2", NUMBER, NONE, "FLOP/B"),
};
#undef COLUMN

static gable_status point_rows(gable_arena *arena, const gable_picture *picture, point_row **rows,
                               gable_err *err)
{
    GABLE_TRY(gable_arena_take(arena, (size_t)picture->n_points + 1, sizeof **rows, rows, err));
    for (int i = 0; i < picture->n_points; i++) {
        const gable_point *point = &picture->points[i];
        const gable_scenario *scenario = &picture->request->steps[point->i_step].plan->scenario;
        (*rows)[i] =
            (point_row){gable_phases[scenario->phase],
                        point->name,
                        point->x_flops_per_byte,
                        point->y_flops_per_s,
                        point->roof_frac,
                        point->share_frac,
                        point->l2_flops_per_byte > 0.0 ? point->l2_flops_per_byte : (double)NAN};
    }
    return GABLE_OK;
}

/* ---- roofs, one a row ---- */

typedef struct roof_row {
    const char *name, *kind;
    double rate, expected, ridge_flops_per_byte;
} roof_row;

#define COLUMN(key_, member_, type_)                                                               \
    {                                                                                              \
        .key = key_, .header = key_, .type = GABLE_CELL_##type_,                                   \
        .offset = offsetof(roof_row, member_)                                                      \
    }

static const gable_column flat_columns[] = {
    COLUMN("name", name, TEXT),
    COLUMN("ceiling_flops_per_s", rate, NUMBER),
    COLUMN("expected_flops_per_s", expected, NUMBER),
    COLUMN("ridge_flops_per_byte", ridge_flops_per_byte, NUMBER),
};

static const gable_column slope_columns[] = {
    COLUMN("name", name, TEXT),
    COLUMN("ceiling_bytes_per_s", rate, NUMBER),
    COLUMN("expected_bytes_per_s", expected, NUMBER),
};
#undef COLUMN

enum { N_SLOPES = 3 };

static size_t slope_rows(const gable_picture *p, roof_row rows[N_SLOPES])
{
    const roof_row all[N_SLOPES] = {
        {"hbm", NULL, p->hbm_bytes_per_s, p->hbm_expected_bytes_per_s, (double)NAN},
        {"l2", NULL, p->l2_bytes_per_s, (double)NAN, (double)NAN},
        {"link", NULL, p->link_bytes_per_s, (double)NAN, (double)NAN},
    };
    size_t n = 0;
    for (size_t i = 0; i < N_SLOPES; i++)
        if (all[i].rate > 0.0)
            rows[n++] = all[i];
    return n;
}

static void write_json(const gable_picture *p, const gable_table *points, gable_text *out)
{
    const gable_priced *first = &p->request->steps[0];
    roof_row flats[GABLE_N_MMA], slopes[N_SLOPES];
    for (int i = 0; i < p->n_flats; i++)
        flats[i] = (roof_row){gable_mma_key(p->flats[i].mma), NULL, p->flats[i].spec_flops_per_s,
                              p->flats[i].expected_flops_per_s,
                              p->flats[i].spec_flops_per_s / p->hbm_bytes_per_s};
    gable_table flat_table = {flat_columns,  COUNT_OF(flat_columns), flats,
                              sizeof *flats, (size_t)p->n_flats,     NULL};
    gable_table slope_table = {slope_columns,  COUNT_OF(slope_columns), slopes,
                               sizeof *slopes, slope_rows(p, slopes),   NULL};
    gable_text_add(out, "{\n  \"schema\": \"gable.roofline/1\",\n  \"model\": ");
    gable_text_add_json_string(out, first->plan->model->name);
    gable_text_add(out, ",\n  \"system\": ");
    gable_text_add_json_string(out, first->machine->system->name);
    gable_text_add(out, ",\n  \"slopes\": ");
    gable_table_write(out, &slope_table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, ",\n  \"flats\": ");
    gable_table_write(out, &flat_table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, ",\n  \"points\": ");
    gable_table_write(out, points, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, "\n}\n");
}

gable_status gable_roofline_write(gable_arena *arena, const gable_roofline_request *request,
                                  gable_format format, gable_text *out, gable_err *err)
{
    gable_picture picture;
    point_row *rows = NULL;
    GABLE_TRY(gable_picture_make(arena, request, &picture, err));
    GABLE_TRY(point_rows(arena, &picture, &rows, err));
    gable_table points = {
        point_columns, COUNT_OF(point_columns), rows, sizeof *rows, (size_t)picture.n_points, NULL,
    };
    if (format == GABLE_FORMAT_JSON)
        write_json(&picture, &points, out);
    else
        gable_table_write(out, &points, format, request->width);
    return gable_report_done(out, err);
}

/* ---- the legend in a terminal: one operator a row, a column group a step ---- */

typedef struct legend_row {
    char letters[8];
    const char *letters_text, *name;
    double intensity[2], reached[2], share[2];
} legend_row;

#define COLUMN(header_, type_, dim_, unit_, member_)                                               \
    {                                                                                              \
        .key = "", .header = header_, .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,         \
        .unit = unit_, .offset = offsetof(legend_row, member_)                                     \
    }

static const gable_column legend_columns[] = {
    COLUMN("", TEXT, NONE, NULL, letters_text),
    COLUMN("operator", TEXT, NONE, NULL, name),
    COLUMN("A-Z FLOP/B", NUMBER, NONE, NULL, intensity[0]),
    COLUMN("reached", NUMBER, FLOPS_PER_S, NULL, reached[0]),
    COLUMN("time", SHARE, NONE, NULL, share[0]),
    COLUMN("a-z FLOP/B", NUMBER, NONE, NULL, intensity[1]),
    COLUMN("reached", NUMBER, FLOPS_PER_S, NULL, reached[1]),
    COLUMN("time", SHARE, NONE, NULL, share[1]),
};
#undef COLUMN

enum { COLUMNS_OF_ONE_STEP = 5 };

static int fill_legend(const gable_picture *p, legend_row *rows)
{
    int n_rows = 0;
    for (int i = 0; i < p->n_points; i++) {
        const gable_point *point = &p->points[i];
        legend_row *row = &rows[point->i_name];
        if (point->i_name >= n_rows) {
            n_rows = point->i_name + 1;
            row->name = point->name;
            for (int j = 0; j < 2; j++)
                row->intensity[j] = row->reached[j] = row->share[j] = (double)NAN;
        }
        row->letters_text = row->letters;
        if (point->i_step > 1)
            continue;
        if (!row->letters[0])
            memcpy(row->letters, "  ", 3);
        row->letters[point->i_step] = gable_point_letter(point);
        row->intensity[point->i_step] = point->x_flops_per_byte;
        row->reached[point->i_step] = point->y_flops_per_s;
        row->share[point->i_step] = point->share_frac;
    }
    return n_rows;
}

static void add_roof_lines(const gable_picture *p, gable_text *out)
{
    char rate[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out, "memory %s",
                    gable_units_print(p->hbm_bytes_per_s, GABLE_DIM_BYTES_PER_S, 4, rate));
    for (int i = 0; i < p->n_flats; i++)
        gable_text_addf(
            out, "; %s dense %s, ridge %.4g FLOP/B", gable_mma_key(p->flats[i].mma),
            gable_units_print(p->flats[i].spec_flops_per_s, GABLE_DIM_FLOPS_PER_S, 4, rate),
            p->flats[i].spec_flops_per_s / p->hbm_bytes_per_s);
    gable_text_add(out, "\n");
}

gable_status gable_roofline_legend(gable_arena *arena, const gable_roofline_request *request,
                                   gable_text *out, gable_err *err)
{
    gable_picture picture;
    legend_row *rows = NULL;
    GABLE_TRY(gable_picture_make(arena, request, &picture, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)picture.n_points + 1, sizeof *rows, &rows, err));
    int n_rows = fill_legend(&picture, rows);
    gable_report_subject(out, &request->steps[0]);
    gable_text_add(out, "\n");
    add_roof_lines(&picture, out);
    for (size_t i = 0; i < request->n_steps; i++) {
        const gable_scenario *scenario = &request->steps[i].plan->scenario;
        gable_text_addf(out, "%s %s: %.10g x %.10g new tokens, %.10g cached\n      ",
                        i ? "a-z" : "A-Z", gable_phases[scenario->phase], scenario->batch,
                        scenario->n_new, scenario->n_cached);
        gable_report_verdict(out, &request->steps[i]);
        gable_text_add(out, "\n");
    }
    gable_table table = {
        legend_columns, request->n_steps > 1 ? COUNT_OF(legend_columns) : COLUMNS_OF_ONE_STEP,
        rows,           sizeof *rows,
        (size_t)n_rows, NULL,
    };
    gable_text_add(out, "\n");
    gable_table_write(out, &table, GABLE_FORMAT_TEXT, request->width);
    if (picture.n_small > 0)
        gable_text_addf(out, "%d operators with less than 0.05 %% of the time are left out.\n",
                        picture.n_small);
    return gable_report_done(out, err);
}

void gable_characters_add(gable_text *out, const gable_text *picture)
{
    const char *at = picture->text + strspn(picture->text, "\f");
    bool started = false;
    while (*at) {
        size_t length = strcspn(at, "\n"), kept = length;
        while (kept > 0 && at[kept - 1] == ' ')
            kept--;
        started = started || kept > 0;
        gable_text_add_n(out, at, kept);
        gable_text_add(out, started ? "\n" : "");
        at += length + (at[length] == '\n');
    }
}

gable_status gable_roofline_draw(gable_arena *arena, const gable_roofline_request *request,
                                 const gable_gnuplot *gnuplot, gable_text *out, gable_err *err)
{
    gable_text script = {0}, picture = {0};
    gable_status status = gable_roofline_script(arena, request, &script, err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(gnuplot, &script, &picture, err);
    gable_text_free(&script);
    if (status == GABLE_OK) {
        if (request->canvas == GABLE_CANVAS_TERMINAL)
            gable_characters_add(out, &picture);
        else
            gable_text_add_n(out, picture.text, picture.length_bytes);
    }
    gable_text_free(&picture);
    if (status == GABLE_OK && request->canvas == GABLE_CANVAS_TERMINAL)
        status = gable_roofline_legend(arena, request, out, err);
    return status == GABLE_OK ? gable_report_done(out, err) : status;
}
