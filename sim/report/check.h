/* report/check: what `gable check` found, for people and for CI systems.
 * Room: report. Uses: every room below. How to add a format: one row of GABLE_CHECK_FORMAT_LIST and
 * one writer. */
#ifndef GABLE_REPORT_CHECK_H
#define GABLE_REPORT_CHECK_H
#include "engine/check.h"
#include "report/report.h"

/* X(symbol, name) */
#define GABLE_CHECK_FORMAT_LIST(X)                                                                 \
    X(TEXT, "text")                                                                                \
    X(JSON, "json")                                                                                \
    X(TAP, "tap")                                                                                  \
    X(JUNIT, "junit")                                                                              \
    X(GITHUB, "github")                                                                            \
    X(MD, "md")

typedef enum gable_check_format {
#define GABLE_CHECK_FORMAT_ENUM(symbol, name) GABLE_CHECK_FORMAT_##symbol,
    GABLE_CHECK_FORMAT_LIST(GABLE_CHECK_FORMAT_ENUM)
#undef GABLE_CHECK_FORMAT_ENUM
        GABLE_N_CHECK_FORMATS
} gable_check_format;

/* Choices of --format, NULL-terminated. */
extern const char *const gable_check_formats[];

/* Scenarios in the order in which they were given, all compared. Owns nothing. */
typedef struct gable_check_report {
    const gable_check *checks;
    size_t n;
} gable_check_report;

/* How many scenarios ended like this. */
size_t gable_check_count(const gable_check_report *report, gable_check_outcome outcome);

/* Whether the scenario makes the command say no. */
bool gable_check_failed(const gable_check *check);

/* Appends the report. Fails with GABLE_INTERNAL when memory runs out. */
gable_status gable_report_check(gable_arena *arena, const gable_check_report *report,
                                gable_check_format format, gable_text *out, gable_err *err);

/* ---- shared by the writers ---- */

/* GitHub shows ten annotations of a step, whatever is sent. */
enum { GABLE_CHECK_ANNOTATIONS_CAP = 10, GABLE_CHECK_VALUE_CAP = 64 };

typedef void gable_check_writer(gable_arena *arena, const gable_check_report *report,
                                gable_text *out);
gable_check_writer gable_check_write_tap, gable_check_write_junit, gable_check_write_github;

/* "14.3 ms", "memory": one side of a change, with as many digits as it takes to see it. */
void gable_check_print_value(const gable_check_change *change, bool now,
                             char out[GABLE_CHECK_VALUE_CAP]);

/* "+5.6 %"; "" for regimes. */
void gable_check_print_relative(double relative_frac, bool is_regime,
                                char out[GABLE_CHECK_VALUE_CAP]);

/* "time_s 14.3 ms -> 15.1 ms, +5.6 %", no line end. */
void gable_check_add_change(gable_text *out, const gable_check_change *change);

/* Indices of the scenarios, those that moved most first; n of them, in the arena (NULL when it is
 * full). */
size_t *gable_check_worst_first(gable_arena *arena, const gable_check_report *report);

/* `text` inside a GitHub workflow command, as data or as a property. */
void gable_check_add_github(gable_text *out, const char *text, bool is_property);

/* `text` inside XML, as text or in a quoted attribute; what XML 1.0 cannot hold becomes '?'. */
void gable_check_add_xml(gable_text *out, const char *text);

#endif
