/* net/flows: ends of flows by hand, refusals at the door, and every scenario file whose ends are
 * known. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/flows.h"
#include "rows.h"
#include "scratch.h"
#include "shared.h"

#define LINK(name, rate) "{\"name\":\"" name "\",\"bandwidth_Bps\":" rate ",\"latency_s\":1e-6}"
#define FLOW(id, bytes, rest) "{\"id\":\"" id "\",\"bytes\":" bytes "," rest "}"
#define CASE(links, flows) "{\"links\":[" links "],\"flows\":[" flows "]}"

static gable_status run(const char *text, gable_flows *flows, gable_flows_end *end, gable_err *err)
{
    const gable_json *root;
    GABLE_TRY(gable_json_parse(scratch_arena(), "f", text, strlen(text), 0, &root, err));
    GABLE_TRY(gable_flows_parse(scratch_arena(), root, flows, err));
    return gable_flows_run(scratch_arena(), flows, end, err);
}

/* Links of 100 GB/s and 1 us unless they say otherwise; the ends are sums that fit on a line. */
static const struct {
    const char *what, *text;
    double end_s[4];
} known[] = {
    {"two equal flows halve a link",
     CASE(LINK("L", "1e11"),
          FLOW("a", "1e9", "\"path\":[\"L\"]") "," FLOW("b", "1e9", "\"path\":[\"L\"]")),
     {0.020001, 0.020001}},
    {"1 GB and 3 GB: half speed until the small one ends, then alone",
     CASE(LINK("L", "1e11"),
          FLOW("a", "1e9", "\"path\":[\"L\"]") "," FLOW("b", "3e9", "\"path\":[\"L\"]")),
     {0.020001, 0.040001}},
    {"the long way is held to 30 GB/s by the middle link; what it leaves others take",
     CASE(LINK("A", "1e11") "," LINK("B", "6e10"),
          FLOW("long", "6e8", "\"path\":[\"A\",\"B\"]") "," FLOW(
              "a", "7e8", "\"path\":[\"A\"]") "," FLOW("b", "6e8", "\"path\":[\"B\"]")),
     /* b joins 1 us before long: 60 kB at 60 GB/s; then 30 each: long 6e8/3e10 = 20 ms less what b
      * has had. b ends at 1 us + 1 us + (6e8 - 6e4)/3e10; long has 6e4 left, at 60 GB/s. a: 1 us at
      * 100, then 70 until it ends. */
     {2e-6 + (6e8 - 6e4) / 3e10 + 6e4 / 6e10, 2e-6 + (7e8 - 1e5) / 7e10,
      2e-6 + (6e8 - 6e4) / 3e10}},
    {"a fatpipe caps each flow and is not shared",
     CASE("{\"name\":\"cap\",\"bandwidth_Bps\":3e10,\"kind\":\"fatpipe\"}," LINK("L", "1e11"),
          FLOW("a", "3e8", "\"path\":[\"cap\",\"L\"]") "," FLOW(
              "b", "3e8", "\"path\":[\"cap\",\"L\"]") "," FLOW("c", "4e8", "\"path\":[\"L\"]")),
     {0.010001, 0.010001, 0.010001}},
    {"start counts from the end of what a flow waits for",
     CASE(LINK("L", "1e11"),
          FLOW("b", "1e9", "\"path\":[\"L\"],\"deps\":[\"a\"],\"start\":0.5") "," FLOW(
              "a", "1e9", "\"path\":[\"L\"],\"start\":0.25")),
     {0.25 + 0.010001 + 0.5 + 0.010001, 0.260001}},
    {"no bytes: latency alone; no path: at once",
     CASE(LINK("L", "1e11"),
          FLOW("a", "0", "\"path\":[\"L\",\"L\"]") "," FLOW("b", "1e9", "\"path\":[]")),
     {2e-6, 0.0}},
    {"crossing a link twice takes two shares",
     CASE(LINK("L", "9e10"), FLOW("a", "3e8", "\"path\":[\"L\",\"L\"]") "," FLOW("b", "3e8",
                                                                                 "\"path\":[\"L\"],"
                                                                                 "\"start\":1e-6")),
     {0.010002, 0.010002}},
    {"quantities may carry units",
     CASE("{\"name\":\"L\",\"bandwidth_Bps\":\"100 GB/s\",\"latency_s\":\"1us\"}",
          FLOW("a", "\"1 GB\"", "\"path\":[\"L\"]")),
     {0.010001}},
    {"one flow takes one of two alike links, not both: 1 GB at 100 GB/s; two such rows neither",
     CASE(
         "{\"name\":\"L\",\"bandwidth_Bps\":1e11,\"count\":4}",
         FLOW("a", "1e9", "\"path\":[\"L\"]") "," FLOW("b", "1e9", "\"path\":[\"L\"],\"count\":2")),
     {0.01, 0.01}},
    {"what people write beside a flow is let through, however much",
     CASE(LINK("L", "1e11"),
          FLOW("a", "1e9",
               "\"path\":[\"L\"],\"expected_a\":1,\"expected_b\":1,\"expected_c\":1,"
               "\"expected_d\":1,\"expected_e\":1,\"expected_f\":1,\"expected_g\":1,"
               "\"expected_h\":1,\"expected_i\":1,\"expected_j\":1")),
     {0.010001}},
    {"a million flows by symmetry: 1000 senders, each to 999 others, 1 MB each at 1 GB/s",
     CASE("{\"name\":\"up\",\"bandwidth_Bps\":1e9,\"count\":1000},"
          "{\"name\":\"down\",\"bandwidth_Bps\":1e9,\"count\":1000}",
          "{\"id\":\"all\",\"bytes\":1e6,\"count\":999000,\"path\":[\"up\",\"down\"]}"),
     {0.999}},
};

START_TEST(ends_by_hand)
{
    gable_err err = {0};
    gable_flows flows;
    gable_flows_end end;
    ck_assert_msg(run(known[_i].text, &flows, &end, &err) == GABLE_OK, "%s", err.text);
    for (size_t i = 0; i < flows.n_flows; i++)
        ck_assert_double_eq_tol(end.end_s[i], known[_i].end_s[i], 1e-12);
    ck_assert_double_le(end.bound_s, end.makespan_s * (1.0 + 1e-12));
}
END_TEST

static const struct {
    const char *text, *says;
} refused[] = {
    {"[]", "f:1:1: (root): expected an object"},
    {"{\"link\":[],\"flows\":[]}", "did you mean \"links\"?"},
    {"{\"links\":[]}", "missing key \"flows\""},
    {CASE("{\"name\":\"L\"}", ""), "links[0]: missing key \"bandwidth_Bps\""},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":0}", ""), "expected a number from 0.001"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":1,\"latncy_s\":0}", ""), "did you mean \"latency_s\""},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":1,\"wide\":1}", ""),
     "links[0].wide: unknown key; expected one of name, bandwidth_Bps, latency_s, kind, count"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":true}", ""),
     "links[0].bandwidth_Bps: expected a number, got true or false"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":\"1 apple\"}", ""),
     "links[0].bandwidth_Bps: unknown unit in \"1 apple\", expected a quantity such as"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":1e9,\"latency_s\":-1}", ""),
     "links[0].latency_s: expected a number from 0"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":1e9,\"count\":1.5}", ""),
     "links[0].count: expected a whole number"},
    {CASE(LINK("L", "1"), "{\"id\":\"a\",\"bytes\":1,\"path\":[],\"count\":2.5}"),
     "flows[0].count: expected a whole number"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":[]") "," FLOW("a", "1", "\"path\":[]")),
     "flows[1]: flow \"a\" is there twice"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":\"L\"")),
     "flows[0].path: expected an array, got a string"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":[],\"deps\":[\"bb\"]")),
     "flows[0].deps[0]: no flow \"bb\""},
    {CASE(LINK("L", "1"), "{\"id\":\"a\",\"path\":[]}"), "flows[0]: missing key \"bytes\""},
    {CASE(LINK("L", "1"), "{\"id\":7,\"path\":[]}"), "flows[0].id: expected \"id\", a name"},
    {CASE(LINK("L", "1"), "\"a\""), "flows[0]: expected an object"},
    {CASE("\"L\"", ""), "links[0]: expected an object"},
    {CASE("{\"name\":\"L\",\"bandwidth_Bps\":1,\"kind\":\"wide\"}", ""),
     "\"shared\" or \"fatpipe\""},
    {CASE(LINK("L", "1") "," LINK("L", "1"), ""), "links[1]: link \"L\" is there twice"},
    {CASE(LINK("leaf", "1"), FLOW("a", "1", "\"path\":[\"laef\"]")),
     "no link \"laef\"; did you mean \"leaf\"?"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"deps\":[]")), "flows[0]: missing key \"path\""},
    {CASE(LINK("L", "1"), FLOW("a", "-1", "\"path\":[]")), "flows[0].bytes: expected a number"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":[],\"deps\":[\"b\"]") "," FLOW(
                              "b", "1", "\"path\":[],\"deps\":[\"a\"]")),
     "flows wait for each other"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":[],\"deps\":[\"a\"]")), "wait for each other"},
    {CASE(LINK("L", "1"), FLOW("a", "1", "\"path\":[3]")), "expected the name of a link"},
};

START_TEST(refuses)
{
    gable_err err = {0};
    gable_flows flows;
    gable_flows_end end;
    ck_assert_int_eq(run(refused[_i].text, &flows, &end, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
    ck_assert_msg(strncmp(err.text, "f:1:", 4) == 0, "%s", err.text);
}
END_TEST

/* The members that the reader lets through and this test knows. */
static void check_scenario(const char *path)
{
    const gable_json *root;
    gable_err err = {0};
    gable_flows flows;
    gable_flows_end end;
    ck_assert_msg(gable_json_read(scratch_arena(), path, 0, &root, &err) == GABLE_OK, "%s",
                  err.text);
    ck_assert_msg(gable_flows_parse(scratch_arena(), root, &flows, &err) == GABLE_OK, "%s",
                  err.text);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &flows, &end, &err), GABLE_OK);
    size_t i = 0;
    for (const gable_json *f = gable_json_get(root, "flows")->child; f; f = f->next, i++) {
        double expected = gable_json_get(f, "expected_end_s")->number;
        ck_assert_msg(fabs(end.end_s[i] / expected - 1.0) <= 1e-6, "%s %s: %.17g, expected %.17g",
                      path, flows.flow_id[i], end.end_s[i], expected);
    }
    ck_assert_uint_gt(i, 0);
}

static const char scenarios[] = "scenarios/flows";

START_TEST(scenarios_end_as_known)
{
    const char *folder =
        gable_arena_copy(scratch_arena(), shared_path(scenarios), strlen(shared_path(scenarios)));
    const char *const *names;
    size_t n;
    gable_err err = {0};
    ck_assert_int_eq(gable_file_list(scratch_arena(), folder, ".json", &names, &n, &err), GABLE_OK);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        check_scenario(gable_file_join(scratch_arena(), folder, names[i]));
}
END_TEST

/* The same traffic, flow by flow and as one row: 72 devices, all to all. */
START_TEST(symmetry_is_enumeration)
{
    static char text[1 << 20];
    enum { N = 72 };
    size_t n = (size_t)snprintf(text, sizeof text, "{\"links\":[");
    for (int g = 0; g < 2 * N; g++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s{\"name\":\"%d\",\"bandwidth_Bps\":9e11}", g ? "," : "", g);
    n += (size_t)snprintf(text + n, sizeof text - n, "],\"flows\":[");
    for (int i = 0; i < N * N; i++)
        if (i / N != i % N)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "%s{\"id\":\"%d\",\"bytes\":1e6,\"path\":[\"%d\",\"%d\"]}",
                                  i > 1 ? "," : "", i, i / N, N + i % N);
    snprintf(text + n, sizeof text - n, "]}");
    gable_err err = {0};
    gable_flows flows;
    gable_flows_end each, one;
    ck_assert_msg(run(text, &flows, &each, &err) == GABLE_OK, "%s", err.text);
    ck_assert_uint_eq(flows.n_flows, 5112);
    ck_assert_uint_eq(each.n_fillings, 1);
    static const char symmetric[] =
        CASE("{\"name\":\"up\",\"bandwidth_Bps\":9e11,\"count\":72},"
             "{\"name\":\"down\",\"bandwidth_Bps\":9e11,\"count\":72}",
             "{\"id\":\"a\",\"bytes\":1e6,\"count\":5112,\"path\":[\"up\",\"down\"]}");
    ck_assert_int_eq(run(symmetric, &flows, &one, &err), GABLE_OK);
    ck_assert_double_eq_tol(one.makespan_s / each.makespan_s, 1.0, 1e-12);
    ck_assert_double_eq_tol(each.makespan_s, 71e6 / 9e11, 1e-15);
}
END_TEST

Suite *gable_suite_flows(void);
Suite *gable_suite_flows(void)
{
    Suite *suite = suite_create("flows");
    TCase *t = tcase_create("flows");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    ADD_ROWS(t, ends_by_hand, known);
    ADD_ROWS(t, refuses, refused);
    tcase_add_test(t, symmetry_is_enumeration);
    if (shared_is_here(scenarios, "flow scenarios"))
        tcase_add_test(t, scenarios_end_as_known);
    suite_add_tcase(suite, t);
    return suite;
}
