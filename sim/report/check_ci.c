/* report/check: what CI systems read: TAP, JUnit, GitHub workflow commands. Names come from files
 * that a stranger may have written: every format escapes them its own way. */
#include <string.h>

#include "report/check.h"
#include "report/internal.h"

/* ---- TAP ---- */

/* '#' would start a directive. */
static void add_tap(gable_text *out, const char *text)
{
    gable_text safe = {0};
    gable_text_add_safe(&safe, text);
    for (const char *c = safe.text; c && *c; c++)
        gable_text_addf(out, *c == '#' || *c == '\\' ? "\\%c" : "%c", *c);
    out->failed = out->failed || safe.failed;
    gable_text_free(&safe);
}

static void add_tap_change(gable_text *out, const gable_check_change *change)
{
    gable_text line = {0};
    gable_check_add_change(&line, change);
    gable_text_add(out, "    - ");
    gable_text_add_json_string(out, line.text ? line.text : "");
    gable_text_add(out, "\n");
    out->failed = out->failed || line.failed;
    gable_text_free(&line);
}

void gable_check_write_tap(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    (void)arena;
    gable_text_addf(out, "1..%zu\n", report->n);
    for (size_t i = 0; i < report->n; i++) {
        const gable_check *check = &report->checks[i];
        bool failed = gable_check_failed(check);
        gable_text_addf(out, "%sok %zu - ", failed ? "not " : "", i + 1);
        add_tap(out, check->name);
        gable_text_add(out, "\n");
        if (!failed)
            continue;
        gable_text_add(out, "  ---\n  file: ");
        gable_text_add_json_string(out, check->path);
        gable_text_addf(out, "\n  outcome: %s\n", gable_check_outcome_keys[check->outcome]);
        gable_text_add(out, check->n_changes ? "  changes:\n" : "");
        for (int k = 0; k < check->n_changes; k++)
            add_tap_change(out, &check->changes[k]);
        gable_text_add(out, "  ...\n");
    }
}

/* ---- JUnit ---- */

void gable_check_add_xml(gable_text *out, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
    gable_text safe = {0};
    gable_text_add_safe(&safe, text);
    for (const char *c = safe.text; c && *c; c++) {
        size_t i = 0;
        while (i < COUNT_OF(entities) && entities[i].character != *c)
            i++;
        if (i < COUNT_OF(entities))
            gable_text_add(out, entities[i].entity);
        else
            gable_text_add_n(out, c, 1);
    }
    out->failed = out->failed || safe.failed;
    gable_text_free(&safe);
}

static void add_junit_change(gable_text *out, const gable_check_change *change)
{
    gable_text line = {0};
    gable_check_add_change(&line, change);
    gable_check_add_xml(out, line.text ? line.text : "");
    out->failed = out->failed || line.failed;
    gable_text_free(&line);
}

static void add_junit_failure(gable_text *out, const gable_check *check)
{
    gable_text_addf(out, ">\n      <failure type=\"%s\" message=\"",
                    gable_check_outcome_keys[check->outcome]);
    if (check->n_changes)
        add_junit_change(out, &check->changes[0]);
    else
        gable_text_add(out, "nothing is expected yet; gable check --update records it");
    gable_text_add(out, "\">why: ");
    gable_check_add_xml(out, check->why);
    for (int i = 0; i < check->n_changes; i++) {
        gable_text_add(out, "\n");
        add_junit_change(out, &check->changes[i]);
    }
    gable_text_add(out, "</failure>\n    </testcase>\n");
}

void gable_check_write_junit(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    (void)arena;
    size_t n_failed = gable_check_count(report, GABLE_CHECK_DIFFERS) +
                      gable_check_count(report, GABLE_CHECK_UNRECORDED);
    gable_text_addf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites tests=\"%zu\" failures=\"%zu\">\n"
        "  <testsuite name=\"gable check\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n",
        report->n, n_failed, report->n, n_failed);
    for (size_t i = 0; i < report->n; i++) {
        const gable_check *check = &report->checks[i];
        gable_text_add(out, "    <testcase classname=\"gable.check\" name=\"");
        gable_check_add_xml(out, check->name);
        gable_text_add(out, "\" file=\"");
        gable_check_add_xml(out, check->path);
        gable_text_add(out, "\"");
        if (gable_check_failed(check))
            add_junit_failure(out, check);
        else
            gable_text_add(out, "/>\n");
    }
    gable_text_add(out, "  </testsuite>\n</testsuites>\n");
}

/* ---- GitHub ---- */

void gable_check_add_github(gable_text *out, const char *text, bool is_property)
{
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        bool reserved = *c == '%' || *c == '\r' || *c == '\n';
        if (reserved || (is_property && (*c == ':' || *c == ',')))
            gable_text_addf(out, "%%%02X", byte);
        else
            gable_text_addf(out, "%c", byte < 0x20 || byte == 0x7f ? '?' : *c);
    }
}

/* Where the worst change stands in its file. */
static void add_annotation(gable_text *out, const gable_check *check)
{
    gable_text message = {0};
    const gable_check_change *worst = check->n_changes ? &check->changes[0] : NULL;
    gable_text_add(out, "::error file=");
    gable_check_add_github(out, check->path, true);
    if (worst && worst->line)
        gable_text_addf(out, ",line=%zu,col=%zu", worst->line, worst->column);
    gable_text_add(out, ",title=");
    gable_check_add_github(out, check->name, true);
    gable_text_add(out, "::");
    if (!worst)
        gable_text_add(&message, "nothing is expected yet; gable check --update records it");
    for (int i = 0; i < check->n_changes; i++) {
        gable_text_add(&message, i ? "\n" : "");
        gable_check_add_change(&message, &check->changes[i]);
    }
    gable_check_add_github(out, message.text ? message.text : "", false);
    gable_text_add(out, "\n");
    out->failed = out->failed || message.failed;
    gable_text_free(&message);
}

void gable_check_write_github(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    size_t n_failed = 0, *order = gable_check_worst_first(arena, report);
    out->failed = out->failed || !order;
    for (size_t i = 0; order && i < report->n; i++) {
        const gable_check *check = &report->checks[order[i]];
        if (gable_check_failed(check) && n_failed++ < GABLE_CHECK_ANNOTATIONS_CAP)
            add_annotation(out, check);
    }
    if (n_failed > GABLE_CHECK_ANNOTATIONS_CAP)
        gable_text_addf(out, "%zu more scenarios differ, by less\n",
                        n_failed - GABLE_CHECK_ANNOTATIONS_CAP);
    gable_text_addf(out, "gable check: %zu of %zu scenarios as recorded\n", report->n - n_failed,
                    report->n);
}
