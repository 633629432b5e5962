/* report/fabric: see fabric.h. */
#include "report/fabric.h"

#include <math.h>
#include <stdio.h>

enum { DEVICES_DRAWN = 18, STEP_PX = 54, WIDTH_PX = 760 };

static void add_escaped(gable_text *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            gable_text_add(out, "&lt;");
            break;
        case '&':
            gable_text_add(out, "&amp;");
            break;
        default:
            gable_text_add_n(out, text, 1);
        }
}

static void add_label(gable_text *out, double x, double y, const gable_level *level)
{
    char rate[GABLE_UNITS_TEXT_CAP], cut[GABLE_UNITS_TEXT_CAP];
    gable_units_print(level->device_bytes_per_s, GABLE_DIM_BYTES_PER_S, 4, rate);
    gable_units_print(level->bisection_bytes_per_s, GABLE_DIM_BYTES_PER_S, 4, cut);
    gable_text_addf(out, "<text x=\"%.0f\" y=\"%.0f\">", x, y);
    add_escaped(out, level->name);
    if (level->n_units > 1.0)
        gable_text_addf(out, ", 1 of %.0f", level->n_units);
    gable_text_addf(out, ", %.0f devices: %s each way a device, bisection %s (", level->n_devices,
                    rate, cut);
    add_escaped(out, level->how);
    if (level->link)
        gable_text_add(out, ", ");
    if (level->link)
        add_escaped(out, level->link);
    gable_text_add(out, ")</text>\n");
}

static void add_devices(gable_text *out, double x, double y, double width, double n)
{
    int drawn = n > DEVICES_DRAWN ? DEVICES_DRAWN : (int)n;
    double step = fmin(width / drawn, 48.0);
    for (int i = 0; i < drawn; i++)
        gable_text_addf(out,
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"24\" rx=\"3\" "
                        "fill=\"#0072B2\"/>\n",
                        x + step * i, y, step - 6.0);
    if (n > drawn)
        gable_text_addf(out, "<text x=\"%.0f\" y=\"%.0f\">… %.0f in all</text>\n", x, y + 40.0, n);
}

void gable_fabric_svg(gable_text *out, const char *title, const gable_level *levels, int n_levels)
{
    static const char *const fills[] = {"#f4f4f4", "#e8eef4", "#dde8e0", "#f4eadd"};
    double height = 60.0 + 2.0 * STEP_PX * n_levels + 40.0;
    gable_text_addf(out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
                    "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n",
                    (int)WIDTH_PX + 40, height);
    gable_text_add(out, "<text x=\"20\" y=\"26\" font-size=\"16\">");
    add_escaped(out, title);
    gable_text_add(out, "</text>\n");
    for (int i = n_levels - 1, depth = 0; i >= 0; i--, depth++) {
        double inset = 14.0 * depth, top = 44.0 + STEP_PX * depth;
        gable_text_addf(out,
                        "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"6\" "
                        "fill=\"%s\" stroke=\"#888888\"/>\n",
                        20.0 + inset, top, WIDTH_PX - 2.0 * inset,
                        height - top - 20.0 - 14.0 * depth, fills[depth % 4]);
        add_label(out, 32.0 + inset, top + 22.0, &levels[i]);
    }
    double inset = 14.0 * (n_levels - 1);
    add_devices(out, 32.0 + inset, 44.0 + STEP_PX * (n_levels - 1) + 36.0,
                WIDTH_PX - 2.0 * inset - 24.0, levels[0].n_devices);
    gable_text_add(out, "</svg>\n");
}
