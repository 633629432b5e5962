/* report, pictures: what user text can do to gnuplot (nothing), exact vertices of roofs, and a
 * helper program that is missing, slow, broken or rude. Tests that need gnuplot itself pass over it
 * where it is not installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/plot.h"
#include "rows.h"
#include "scratch.h"

/* ---- gable_gp_quote ---- */
static const struct {
    const char *text, *quoted; /* NULL: refused */
} quote_rows[] = {
    {"", "''"},
    {"plain", "'plain'"},
    {"it's", "'it''s'"},
    {"''", "' '' '''"}, /* gnuplot takes two quotes at the start for an empty string */
    {"'x", "' ''x'"},
    {"\\'", "'\\'''"}, /* a backslash escapes nothing */
    {"a\"b`c`$d@e%f\\n", "'a\"b`c`$d@e%f\\n'"},
    {"\xc3\xa9", "'\xc3\xa9'"},
    {"a\nb", NULL},
    {"a\rb", NULL},
    {"a\tb", NULL},
    {"a\033b", NULL},
    {"a\177b", NULL},
};

START_TEST(quote)
{
    gable_text out = {0};
    gable_err err = {0};
    gable_status status = gable_gp_quote(&out, quote_rows[_i].text, &err);
    if (quote_rows[_i].quoted) {
        ck_assert_int_eq(status, GABLE_OK);
        ck_assert_str_eq(out.text, quote_rows[_i].quoted);
    } else {
        ck_assert_int_eq(status, GABLE_INPUT);
        ck_assert_uint_eq(out.length_bytes, 0);
    }
    gable_text_free(&out);
}
END_TEST

START_TEST(quote_length)
{
    char text[GABLE_GP_TEXT_CAP + 2];
    gable_text out = {0};
    gable_err err = {0};
    memset(text, 'x', sizeof text);
    text[GABLE_GP_TEXT_CAP] = '\0';
    ck_assert_int_eq(gable_gp_quote(&out, text, &err), GABLE_OK);
    ck_assert_uint_eq(out.length_bytes, GABLE_GP_TEXT_CAP + 2);
    text[GABLE_GP_TEXT_CAP] = 'x';
    text[GABLE_GP_TEXT_CAP + 1] = '\0';
    ck_assert_int_eq(gable_gp_quote(&out, text, &err), GABLE_INPUT);
    gable_text_free(&out);
}
END_TEST

/* ---- pictures of a real step ---- */
static const double timeout_s = 20.0;

static bool have_gnuplot(void)
{
    return access("/usr/bin/gnuplot", X_OK) == 0;
}

typedef struct drawn {
    gable_model model;
    gable_system system;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    gable_priced priced;
    gable_roofline_request request;
} drawn;

/* A step whose model and system carry any name. */
static void prepare(drawn *d, const char *stack, const char *name, gable_canvas canvas)
{
    const gable_scenario scenario = {
        .phase = GABLE_PHASE_DECODE, .batch = 8, .n_cached = 1024, .n_new = 1, .tp = 8, .ep = 1};
    gable_arena *arena = scratch_arena();
    const gable_model *model = NULL;
    gable_err err = {0};
    ck_assert_msg(!gable_model_load(arena, "workloads", "llama-3.1-8b", &model, &err) &&
                      !gable_machine_load(arena, "hw", "hgx-h100-8", stack, &d->machine, &err),
                  "%s", err.text);
    d->model = *model;
    d->system = *d->machine.system;
    if (name)
        d->model.name = d->system.name = name;
    d->machine.system = &d->system;
    ck_assert_msg(!gable_layout_plan(arena, &d->model, &scenario, &d->plan, &err) &&
                      !gable_step_init(arena, &d->plan, &d->step, &err),
                  "%s", err.text);
    gable_engine_price(&d->plan, &d->machine, &d->step);
    d->priced = (gable_priced){.plan = &d->plan, .machine = &d->machine, .step = &d->step};
    d->request = (gable_roofline_request){
        .steps = &d->priced, .n_steps = 1, .canvas = canvas, .width = 80, .plots = "plots"};
}

/* Every construct of facts/interface.md 6.4 that ran, with CANARY for a file that must not appear.
 */
static const char *const hostile[] = {
    "`touch CANARY`",
    "\"`touch CANARY`\"",
    "'; system('touch CANARY'); '",
    "''; system('touch CANARY'); ''",
    "\\'; system('touch CANARY'); \\'",
    "\\\\'; !touch CANARY",
    "x\nsystem('touch CANARY')",
    "x\n!touch CANARY\n",
    "# x\nsystem('touch CANARY')",
    "x\r!touch CANARY",
    "<touch CANARY",
    "|touch CANARY",
    "@touch CANARY",
    "$(touch CANARY)",
    "END_OF_BLOCK\nsystem('touch CANARY')",
    "EOD",
    "e",
    "%s%n%d {/=100 x} ^_{}",
    "'.system('touch CANARY').'",
    "' noenhanced; set output '|touch CANARY",
};

static const char *armed(const char *text, const char *canary, char out[2048])
{
    const char *mark = strstr(text, "CANARY");
    if (!mark)
        snprintf(out, 2048, "%s", text);
    else
        snprintf(out, 2048, "%.*s%s%s", (int)(mark - text), text, canary, mark + 6);
    return out;
}

/* Hostile names either are refused or are drawn; they never run. */
START_TEST(hostile_names_do_not_run)
{
    char name[2048];
    const char *canary = scratch_path("canary");
    drawn d;
    for (int canvas = 0; canvas < GABLE_N_CANVASES; canvas++) {
        gable_text script = {0}, picture = {0};
        gable_err err = {0};
        prepare(&d, "ideal", armed(hostile[_i], canary, name), (gable_canvas)canvas);
        gable_status status = gable_roofline_script(scratch_arena(), &d.request, &script, &err);
        if (status == GABLE_OK && have_gnuplot()) {
            const gable_gnuplot gnuplot = {"/usr/bin", timeout_s};
            status = gable_gnuplot_run(&gnuplot, &script, &picture, &err);
            ck_assert_msg(status == GABLE_OK, "%s", err.text);
        } else if (status != GABLE_OK) {
            ck_assert_int_eq(status, GABLE_INPUT);
        }
        ck_assert_msg(access(canary, F_OK) != 0, "%s ran", name);
        gable_text_free(&script);
        gable_text_free(&picture);
    }
}
END_TEST

/* The canary does sing where quoting is left out: the test can fail. */
START_TEST(canary_sings)
{
    char line[2048];
    const char *canary = scratch_path("canary");
    const gable_gnuplot gnuplot = {"/usr/bin", timeout_s};
    gable_text script = {0}, out = {0};
    gable_err err = {0};
    if (!have_gnuplot())
        return;
    gable_text_addf(&script, "set title \"%s\"\nprint 1\n", armed(hostile[0], canary, line));
    gable_gnuplot_run(&gnuplot, &script, &out, &err);
    ck_assert_int_eq(access(canary, F_OK), 0);
    gable_text_free(&script);
    gable_text_free(&out);
}
END_TEST

/* The corner of the roof is a vertex to the last digit: 989.4e12 / 3.35e12. */
START_TEST(exact_ridge)
{
    char vertex[2 * GABLE_NUM_TEXT_CAP + 4];
    drawn d;
    gable_text script = {0}, again = {0};
    gable_err err = {0};
    prepare(&d, "ideal", NULL, GABLE_CANVAS_SVG);
    ck_assert_int_eq(gable_roofline_script(scratch_arena(), &d.request, &script, &err), GABLE_OK);
    ck_assert_int_eq(gable_roofline_script(scratch_arena(), &d.request, &again, &err), GABLE_OK);
    ck_assert_str_eq(script.text, again.text);
    const gable_accelerator *device = d.machine.accelerator;
    double peak = device->matrix_flops_per_s[GABLE_MMA_BF16];
    char x[GABLE_NUM_TEXT_CAP], y[GABLE_NUM_TEXT_CAP];
    gable_num_print(peak / device->hbm_bandwidth_bytes_per_s, x);
    gable_num_print(peak, y);
    snprintf(vertex, sizeof vertex, "\n%s %s\n", x, y);
    const char *spec = strstr(script.text, "$spec << "), *end = strstr(spec, "\nEND_OF_BLOCK");
    const char *found = strstr(spec, vertex);
    ck_assert_msg(found && found < end, "no vertex %s", vertex);
    gable_text_free(&script);
    gable_text_free(&again);
}
END_TEST

START_TEST(draws)
{
    static const char *const starts[GABLE_N_CANVASES] = {
        [GABLE_CANVAS_TERMINAL] = " ",  [GABLE_CANVAS_SVG] = "<?xml", [GABLE_CANVAS_GIF] = "GIF89a",
        [GABLE_CANVAS_PNG] = "\x89PNG", [GABLE_CANVAS_PDF] = "%PDF",
    };
    const gable_gnuplot gnuplot = {"/nowhere:/usr/bin", timeout_s};
    drawn d;
    gable_text picture = {0};
    gable_err err = {0};
    prepare(&d, "trtllm", NULL, (gable_canvas)_i);
    if (have_gnuplot()) {
        ck_assert_msg(!gable_roofline_draw(scratch_arena(), &d.request, &gnuplot, &picture, &err),
                      "%s", err.text);
        ck_assert_int_eq(strncmp(picture.text, starts[_i], strlen(starts[_i])), 0);
    }
    gable_text_free(&picture);
}
END_TEST

static int occurrences(const char *text, const char *of)
{
    int n = 0;
    for (; (text = strstr(text, of)); text += strlen(of))
        n++;
    return n;
}

/* Three batches: one file with three frames, the same axes in all of them. */
START_TEST(frames)
{
    static const struct {
        gable_canvas canvas;
        const char *each; /* stands in the file once for each frame */
    } films[] = {{GABLE_CANVAS_SVG, "<animate "}, {GABLE_CANVAS_TERMINAL, "A-Z decode"}};
    const gable_gnuplot gnuplot = {"/usr/bin", timeout_s};
    const char *axis = "set xrange [x_min:x_max]";
    drawn d[3];
    gable_roofline_request requests[3];
    gable_axes axes = {0}, alone = {0};
    gable_text film = {0}, script = {0};
    gable_err err = {0};
    for (int i = 0; i < 3; i++) {
        prepare(&d[i], "ideal", NULL, films[_i].canvas);
        requests[i] = d[i].request;
    }
    ck_assert_int_eq(gable_roofline_axes(scratch_arena(), &requests[0], &alone, &err), GABLE_OK);
    axes = (gable_axes){alone.x_min / 10.0, alone.x_max, alone.y_min, alone.y_max * 10.0};
    ck_assert_int_eq(gable_roofline_axes(scratch_arena(), &requests[0], &axes, &err), GABLE_OK);
    ck_assert_double_eq(axes.x_min, alone.x_min / 10.0); /* the wider end of each */
    ck_assert_double_eq(axes.x_max, alone.x_max);
    ck_assert_double_eq(axes.y_max, alone.y_max * 10.0);
    ck_assert_int_eq(gable_roofline_script(scratch_arena(), &requests[0], &script, &err), GABLE_OK);
    ck_assert_int_eq(occurrences(script.text, axis), 1);
    if (have_gnuplot()) {
        ck_assert_msg(
            !gable_frames_draw(scratch_arena(), requests, 3, &gnuplot, "\f\n", &film, &err), "%s",
            err.text);
        ck_assert_int_eq(occurrences(film.text, films[_i].each), 3);
        ck_assert_int_eq(occurrences(film.text, "<?xml"), films[_i].canvas == GABLE_CANVAS_SVG);
    }
    gable_text_free(&film);
    gable_text_free(&script);
}
END_TEST

START_TEST(figures)
{
    drawn d;
    gable_text json = {0};
    gable_err err = {0};
    const gable_json *root = NULL;
    prepare(&d, "ideal", NULL, GABLE_CANVAS_SVG);
    ck_assert_int_eq(
        gable_roofline_write(scratch_arena(), &d.request, GABLE_FORMAT_JSON, &json, &err),
        GABLE_OK);
    ck_assert_msg(!gable_json_parse(scratch_arena(), "out", json.text, json.length_bytes,
                                    GABLE_JSON_STRICT, &root, &err),
                  "%s", err.text);
    ck_assert_str_eq(gable_json_get(root, "schema")->string, "gable.roofline/1");
    /* with an ideal stack every operator lies on its roof */
    for (const gable_json *p = gable_json_get(root, "points")->child; p; p = p->next)
        ck_assert_double_eq_tol(gable_json_get(p, "roof_frac")->number, 1.0, 1e-12);
    gable_text_free(&json);
}
END_TEST

static const struct {
    const char *path;
    gable_canvas canvas;
} suffix_rows[] = {
    {"a.svg", GABLE_CANVAS_SVG},      {"a/b.png", GABLE_CANVAS_PNG}, {"x.pdf", GABLE_CANVAS_PDF},
    {"x.txt", GABLE_CANVAS_TERMINAL}, {".svg", GABLE_N_CANVASES},    {"svg", GABLE_N_CANVASES},
    {"a.gif", GABLE_CANVAS_GIF},      {"", GABLE_N_CANVASES},        {"a.svg.x", GABLE_N_CANVASES},
};

START_TEST(suffix)
{
    ck_assert_int_eq(gable_canvas_of(suffix_rows[_i].path), suffix_rows[_i].canvas);
}
END_TEST

/* ---- a helper that misbehaves ---- */
static const struct {
    const char *program; /* NULL: there is none */
    const char *said;
} helper_rows[] = {
    {NULL, "not on PATH"},
    {"#!/bin/sh\nexec sleep 30\n", "took longer"},
    {"#!/bin/sh\ncat >/dev/null; exec sleep 30 >&- 2>&-\n",
     "signal 9"}, /* closes its output and stays */
    {"#!/bin/sh\necho oh dear >&2; exit 3\n",
     "exit 3): oh dear"}, /* reads nothing: no SIGPIPE for us */
    {"#!/bin/sh\necho '  line 3: warning: Skipping' >&2; echo '  line 9: bad' >&2; exit 1\n",
     "exit 1): line 9: bad"}, /* a warning is not why */
    {"#!/bin/sh\nexit 0\n", "drew nothing"},
    {"#!/bin/sh\nkill -SEGV $$\n", "signal 11"},
    {"not a program", "gnuplot"},
};

START_TEST(helper)
{
    const char *program = helper_rows[_i].program;
    const char *path =
        scratch_file("gnuplot", program ? program : "", program ? strlen(program) : 0);
    char folder[1024];
    gable_text script = {0}, out = {0};
    gable_err err = {0};
    snprintf(folder, sizeof folder, ":relative:%.*s", (int)(strrchr(path, '/') - path), path);
    ck_assert_int_eq(chmod(path, program ? 0700 : 0600), 0);
    for (int i = 0; i < 20000; i++) /* more than a pipe holds */
        gable_text_add(&script, "# gnuplot script\n");
    const gable_gnuplot gnuplot = {folder, 0.5};
    ck_assert_int_eq(gable_gnuplot_run(&gnuplot, &script, &out, &err), GABLE_OUTPUT);
    ck_assert_msg(strstr(err.text, helper_rows[_i].said), "%s", err.text);
    gable_text_free(&script);
    gable_text_free(&out);
}
END_TEST

/* What the child sees: nothing of ours, and our end of the script. */
START_TEST(helper_environment)
{
    static const char program[] = "#!/bin/sh\ncat\nenv\necho $@\n";
    const char *path = scratch_file("gnuplot", program, sizeof program - 1);
    char folder[1024];
    gable_text script = {0}, out = {0};
    gable_err err = {0};
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    ck_assert_int_eq(chmod(path, 0700), 0);
    setenv("GNUTERM", "x11", 1);
    setenv("GNUPLOT_DRIVER_DIR", "/x", 1);
    gable_text_add(&script, "plot x\n");
    const gable_gnuplot gnuplot = {folder, timeout_s};
    ck_assert_msg(!gable_gnuplot_run(&gnuplot, &script, &out, &err), "%s", err.text);
    ck_assert_int_eq(strncmp(out.text, "plot x\n", 7), 0);
    ck_assert_ptr_nonnull(strstr(out.text, "-d -\n"));
    ck_assert_ptr_null(strstr(out.text, "GNUTERM"));
    ck_assert_ptr_null(strstr(out.text, "GNUPLOT_"));
    ck_assert_ptr_null(strstr(out.text, "HOME="));
    gable_text_free(&script);
    gable_text_free(&out);
}
END_TEST

Suite *gable_suite_plots(void);
Suite *gable_suite_plots(void)
{
    Suite *suite = suite_create("plots");
    TCase *quotes = tcase_create("gp_quote"), *pictures = tcase_create("pictures");
    TCase *helpers = tcase_create("helper");
    tcase_add_checked_fixture(pictures, scratch_open, scratch_close);
    tcase_add_checked_fixture(helpers, scratch_open, scratch_close);
    tcase_set_timeout(pictures, 60);
    tcase_set_timeout(helpers, 30);
    ADD_ROWS(quotes, quote, quote_rows);
    tcase_add_test(quotes, quote_length);
    ADD_ROWS(quotes, suffix, suffix_rows);
    ADD_ROWS(pictures, hostile_names_do_not_run, hostile);
    tcase_add_test(pictures, canary_sings);
    tcase_add_test(pictures, exact_ridge);
    tcase_add_loop_test(pictures, draws, 0, GABLE_N_CANVASES);
    tcase_add_loop_test(pictures, frames, 0, 2);
    tcase_add_test(pictures, figures);
    ADD_ROWS(helpers, helper, helper_rows);
    tcase_add_test(helpers, helper_environment);
    suite_add_tcase(suite, quotes);
    suite_add_tcase(suite, pictures);
    suite_add_tcase(suite, helpers);
    return suite;
}
