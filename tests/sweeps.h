/* Sweeps made of a few axes, for suites that read or run them. Use: set_up before, scratch_close
 * after each test. */
#ifndef GABLE_TESTS_SWEEPS_H
#define GABLE_TESTS_SWEEPS_H
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "engine/sweep_run.h"
#include "scratch.h"

static gable_err err;

static void set_up(void)
{
    scratch_open();
    err = (gable_err){0};
}

/* A file with these axes and whatever else is asked. */
static const char *file_of(const char *axes, const char *more)
{
    static char text[4096];
    int n = snprintf(text, sizeof text,
                     "{\"schema\": \"gable.sweep/1\", \"name\": \"case\",\n\"axes\": {%s}%s%s}\n",
                     axes, *more ? ",\n" : "", more);
    return scratch_file("case.json", text, (size_t)n);
}

static gable_status try_read(const char *axes, const char *more, gable_sweep *out)
{
    gable_sweep_request request = {
        .path = file_of(axes, more), .hw = "hw", .workloads = "workloads"};
    err = (gable_err){0};
    return gable_sweep_read(scratch_arena(), &request, out, &err);
}

static gable_sweep *read_sweep(const char *axes, const char *more)
{
    gable_sweep *sweep;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *sweep, &sweep, &err), GABLE_OK);
    ck_assert_msg(try_read(axes, more, sweep) == GABLE_OK, "%s", err.text);
    return sweep;
}

static void *take(size_t bytes)
{
    void *out;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, bytes, &out, &err), GABLE_OK);
    return out;
}

#endif
