/* cli/demo_chart: pictures made of characters, for points that gnuplot's terminal would draw over
 * each other. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "cli/demo.h"

enum { CHART_COLUMNS = 66, CHART_ROWS = 15, AXIS_COLUMNS = CHART_COLUMNS + 3 };

typedef struct canvas {
    char cells[CHART_ROWS][CHART_COLUMNS + 1];
} canvas;

/* Share of the way from low to high on a log axis. */
static double along(double value, double low, double high)
{
    return log(value / low) / log(high / low);
}

static int cell_at(double share, int n)
{
    double cell = floor(share * (n - 1) + 0.5);
    return cell < 0.0 ? -1 : (cell > n - 1 ? n : (int)cell);
}

/* Letters of two curves in one place: a star. */
static void put(canvas *c, double along_x, double along_y, char letter)
{
    int column = cell_at(along_x, CHART_COLUMNS), row = cell_at(along_y, CHART_ROWS);
    if (column >= 0 && column < CHART_COLUMNS && row >= 0 && row < CHART_ROWS) {
        char *cell = &c->cells[CHART_ROWS - 1 - row][column];
        bool taken = isalpha((unsigned char)*cell) && *cell != letter;
        *cell = taken ? '*' : letter;
    }
}

static void draw_roof(canvas *c, const demo_chart *chart)
{
    for (int i = 0; i < CHART_COLUMNS && chart->roof_peak > 0.0; i++) {
        double share = (double)i / (CHART_COLUMNS - 1);
        double x = chart->x_min * pow(chart->x_max / chart->x_min, share);
        if (chart->other_slope > 0.0 && chart->other_slope * x < chart->roof_peak)
            put(c, share, along(chart->other_slope * x, chart->y_min, chart->y_max), '.');
        bool slope = chart->roof_slope * x < chart->roof_peak;
        double y = slope ? chart->roof_slope * x : chart->roof_peak;
        put(c, share, along(y, chart->y_min, chart->y_max), slope ? '/' : '-');
    }
}

/* The decade that starts in a row, or 0. */
static double decade_in(const demo_chart *chart, int row)
{
    for (double decade = pow(10.0, ceil(log10(chart->y_min) - 1e-9));
         decade <= chart->y_max * 1.0000001; decade *= 10.0)
        if (cell_at(along(decade, chart->y_min, chart->y_max), CHART_ROWS) == CHART_ROWS - 1 - row)
            return decade;
    return 0.0;
}

static void add_x_axis(gable_text *out, const demo_chart *chart)
{
    char line[AXIS_COLUMNS];
    memset(line, ' ', sizeof line);
    int end = 0;
    for (double tick = pow(10.0, ceil(log10(chart->x_min) - 1e-9));
         tick <= chart->x_max * 1.0000001; tick *= 10.0) {
        char number[GABLE_NUM_TEXT_CAP];
        int at = cell_at(along(tick, chart->x_min, chart->x_max), CHART_COLUMNS);
        gable_num_print(tick, number);
        size_t n = strlen(number);
        if (at < 0 || n > AXIS_COLUMNS)
            continue;
        if ((size_t)at + n > AXIS_COLUMNS)
            at = AXIS_COLUMNS - (int)n;
        memcpy(line + at, number, n);
        end = at + (int)n;
    }
    gable_text_addf(out, "%10s %.*s\n", "", end, line);
    gable_text_addf(out, "%10s %*s\n", "", (CHART_COLUMNS + (int)strlen(chart->x_title)) / 2,
                    chart->x_title);
}

void demo_chart_draw(gable_text *out, const demo_chart *chart)
{
    canvas c = {0};
    for (int row = 0; row < CHART_ROWS; row++) {
        memset(c.cells[row], ' ', CHART_COLUMNS);
        c.cells[row][CHART_COLUMNS] = '\0';
    }
    draw_roof(&c, chart);
    for (size_t i = chart->n_marks; i-- > 0;)
        put(&c, along(chart->marks[i].x, chart->x_min, chart->x_max),
            along(chart->marks[i].y, chart->y_min, chart->y_max), chart->marks[i].letter);
    gable_text_addf(out, "  %s\n", chart->y_title);
    for (int row = 0; row < CHART_ROWS; row++) {
        char label[GABLE_UNITS_TEXT_CAP + 8] = "";
        double decade = decade_in(chart, row);
        if (decade > 0.0)
            gable_units_print(decade, decade >= 1.0 ? GABLE_DIM_FLOPS : GABLE_DIM_NONE, 3, label);
        size_t n = strlen(label); /* the unit is the chart's own: cut that of the printer */
        if (n > 4 && strcmp(label + n - 4, "FLOP") == 0)
            label[n - 4] = '\0';
        size_t used = CHART_COLUMNS;
        while (used > 0 && c.cells[row][used - 1] == ' ')
            used--;
        gable_text_addf(out, "%9s |%.*s\n", label, (int)used, c.cells[row]);
    }
    gable_text_addf(out, "%10s+", "");
    for (int i = 0; i < CHART_COLUMNS; i++)
        gable_text_add(out, "-");
    gable_text_add(out, "\n");
    add_x_axis(out, chart);
}

const char *demo_bar(demo *d, double first, double second, double unit)
{
    char bar[DEMO_WIDTH + 1];
    int n_first = (int)floor(first / unit + 0.5), n_second = (int)floor(second / unit + 0.5);
    if (n_second == 0 && second > 0.0)
        n_second = 1;
    int n = 0;
    for (int i = 0; i < n_first && n < DEMO_WIDTH; i++)
        bar[n++] = '#';
    for (int i = 0; i < n_second && n < DEMO_WIDTH; i++)
        bar[n++] = '=';
    bar[n] = '\0';
    return demo_keep(d, bar);
}
