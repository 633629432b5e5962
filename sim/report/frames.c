/* report/frames: rooflines one after another, with the same axes: in a GIF, in one SVG, in
 * characters. */
#include <string.h>

#include "report/internal.h"
#include "report/plot.h"

static gable_status same_axes(gable_arena *arena, gable_roofline_request *frames, size_t n_frames,
                              gable_err *err)
{
    gable_axes *axes;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *axes, &axes, err));
    for (size_t i = 0; i < n_frames; i++) {
        size_t mark = gable_arena_mark(arena);
        GABLE_TRY(gable_roofline_axes(arena, &frames[i], axes, err));
        gable_arena_release(arena, mark);
    }
    for (size_t i = 0; i < n_frames; i++)
        frames[i].axes = axes;
    return GABLE_OK;
}

/* One script: setting the terminal again would begin a new film. */
static gable_status draw_gif(gable_arena *arena, const gable_roofline_request *frames,
                             size_t n_frames, const gable_gnuplot *gnuplot, gable_text *out,
                             gable_err *err)
{
    static const char terminal[] = "set terminal gif";
    gable_text script = {0};
    gable_status status = GABLE_OK;
    for (size_t i = 0; i < n_frames && status == GABLE_OK; i++) {
        gable_text frame = {0};
        status = gable_roofline_script(arena, &frames[i], &frame, err);
        const char *text = frame.text ? frame.text : "";
        if (i > 0 && strncmp(text, terminal, sizeof terminal - 1) == 0) {
            text += strcspn(text, "\n");
            gable_text_add(&script, "\nreset\n");
        }
        gable_text_add(&script, text);
        gable_text_free(&frame);
    }
    if (status == GABLE_OK)
        status = gable_gnuplot_run(gnuplot, &script, out, err);
    gable_text_free(&script);
    return status;
}

/* The element alone, without what stands before the root of a document. */
static const char *svg_element(const gable_text *picture)
{
    const char *at = picture->text ? strstr(picture->text, "<svg") : NULL;
    return at ? at : "";
}

/* A group that shows for its share of the time; the first one also where nothing moves. */
static void open_group(gable_text *out, size_t i, size_t n)
{
    double from = (double)i / (double)n, to = (double)(i + 1) / (double)n;
    gable_text_addf(out,
                    "<g visibility=\"%s\"><animate attributeName=\"visibility\" "
                    "calcMode=\"discrete\" dur=\"%zums\" repeatCount=\"indefinite\" ",
                    i ? "hidden" : "visible", n * GABLE_FRAME_MS);
    if (i == 0)
        gable_text_addf(out, "values=\"visible;hidden\" keyTimes=\"0;%.6f\"/>\n", to);
    else if (i + 1 == n)
        gable_text_addf(out, "values=\"hidden;visible\" keyTimes=\"0;%.6f\"/>\n", from);
    else
        gable_text_addf(out, "values=\"hidden;visible;hidden\" keyTimes=\"0;%.6f;%.6f\"/>\n", from,
                        to);
}

static gable_status draw_svg(gable_arena *arena, const gable_roofline_request *frames,
                             size_t n_frames, const gable_gnuplot *gnuplot, gable_text *out,
                             gable_err *err)
{
    gable_text_add(out, "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>\n"
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1000 640\" "
                        "width=\"1000\" height=\"640\">\n");
    for (size_t i = 0; i < n_frames; i++) {
        gable_text picture = {0};
        gable_status status = gable_roofline_draw(arena, &frames[i], gnuplot, &picture, err);
        if (status == GABLE_OK) {
            if (n_frames > 1)
                open_group(out, i, n_frames);
            gable_text_add(out, svg_element(&picture));
            gable_text_add(out, n_frames > 1 ? "</g>\n" : "");
        }
        gable_text_free(&picture);
        GABLE_TRY(status);
    }
    gable_text_add(out, "</svg>\n");
    return gable_report_done(out, err);
}

static gable_status draw_characters(gable_arena *arena, const gable_roofline_request *frames,
                                    size_t n_frames, const gable_gnuplot *gnuplot,
                                    const char *between, gable_text *out, gable_err *err)
{
    for (size_t i = 0; i < n_frames; i++) {
        gable_text_add(out, i ? between : "");
        GABLE_TRY(gable_roofline_draw(arena, &frames[i], gnuplot, out, err));
    }
    return gable_report_done(out, err);
}

gable_status gable_frames_draw(gable_arena *arena, gable_roofline_request *frames, size_t n_frames,
                               const gable_gnuplot *gnuplot, const char *between, gable_text *out,
                               gable_err *err)
{
    GABLE_TRY(same_axes(arena, frames, n_frames, err));
    if (frames[0].canvas == GABLE_CANVAS_GIF)
        return draw_gif(arena, frames, n_frames, gnuplot, out, err);
    if (frames[0].canvas == GABLE_CANVAS_SVG)
        return draw_svg(arena, frames, n_frames, gnuplot, out, err);
    return draw_characters(arena, frames, n_frames, gnuplot, between, out, err);
}
