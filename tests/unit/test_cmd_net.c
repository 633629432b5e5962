/* cli, `gable net`: every verb in every format, JSON that the strict reader takes back, what is
 * refused, pictures and scenarios that are written whole. */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "rows.h"

extern const gable_command gable_command_net;

/* Runs `gable net LINE`; %s is a file of the scratch folder. */
static gable_status run(const char *line, const char *file)
{
    static const gable_cli folders = {.hw = "hw", .plots = "plots", .width = 100};
    return command_run(&gable_command_net, &folders, line, file);
}

static const struct {
    const char *line, *holds;
} answers[] = {
    {"collective --system hgx-h100-8 --bytes 64KiB", "one-shot"},
    {"collective --system hgx-h100-8 --bytes 1GiB --library nccl", "in-switch"},
    {"collective --system hgx-h100-8 --bytes 1MiB --algorithm halving-doubling",
     "halving-doubling"},
    {"collective --system hgx-h100-8 --bytes 1GiB --nodes 4 --algorithm sharp", "sharp"},
    {"collective --system hgx-h100-8 --bytes 512..4Ki --format csv",
     "bytes,time_s,p10_s,p90_s,ceiling_s,algbw_bytes_per_s,busbw_bytes_per_s,algorithm,steps,"},
    {"collective --system hgx-h100-8 --bytes 512..4Ki --format md", "| 4 KiB"},
    {"collective --system hgx-h100-8 --bytes 8MiB --stack ideal", "ideal"},
    {"collective --system l40s-pcie-8 --op all_gather --bytes 8MiB", "ring"},
    {"collective --system hgx-a100-4 --op p2p --bytes 8MiB", "direct"},
    {"collective --system gb200-nvl72 --op moe_combine --ranks 32 --tokens 64 --hidden 7168",
     "dealt"},
    {"collective --system hgx-h100-8 --op moe_dispatch --ranks 16 --tokens 64 --hidden 7168 "
     "--library deepep_ht --sms 20",
     "deduplicated"},
    {"collective --system hgx-h100-8 --op all_to_all --bytes 8MiB --library deepep_ll", "messages"},
    {"collective --system hgx-h100-8 --op all_to_all --bytes 8MiB --nodes 4 --library deepep_ht",
     "messages"},
    {"compare hgx-h100-8 hgx-b200-8 --bytes 1MiB..8MiB", "A hgx-h100-8, 8 ranks"},
    {"show gb200-nvl72 --nodes 100", "infiniband-ndr"},
    {"traffic --system hgx-h100-8 --bytes 1GB", "56 flows end after"},
    {"traffic --system hgx-h100-8 --bytes 1GB --pattern moe --skew 1", "d0.down"},
};

START_TEST(verbs_answer)
{
    ck_assert_msg(run(answers[_i].line, "") == GABLE_OK, "%s", cli.err.text);
    ck_assert_msg(strstr(cli.out.text, answers[_i].holds) != NULL, "%s", cli.out.text);
}
END_TEST

static const char *const json[] = {
    "collective --system hgx-h100-8 --bytes 64KiB --format json",
    "collective --system hgx-h100-8 --bytes 64KiB --ranks 1 --format json",
    "collective --system hgx-h100-8 --bytes 64KiB..1MiB --format json",
    "collective --system hgx-b200-8 --op moe_dispatch --tokens 64 --hidden 4096 --format json",
    "compare hgx-h100-8 gb200-nvl72 --op all_to_all --bytes 1MiB --format json",
    "show hgx-h100-8 --nodes 200 --format json",
    "traffic --system hgx-h100-8 --bytes 1GB --pattern incast --format json",
};

START_TEST(json_reads_back)
{
    const gable_json *root;
    gable_err err = {0};
    ck_assert_msg(run(json[_i], "") == GABLE_OK, "%s", cli.err.text);
    ck_assert_msg(gable_json_parse(&cli.arena, "answer", cli.out.text, cli.out.length_bytes, 0,
                                   &root, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_ptr_nonnull(gable_json_get(root, "schema"));
}
END_TEST

/* The keys of CONTRACT 6. */
START_TEST(collective_keeps_its_keys)
{
    static const char *const keys[] = {"time_s",           "algorithm",         "ceiling_s",
                                       "wire_bytes",       "algbw_bytes_per_s", "steps",
                                       "busbw_bytes_per_s"};
    const gable_json *root;
    gable_err err = {0};
    ck_assert_int_eq(run(json[0], ""), GABLE_OK);
    ck_assert_int_eq(
        gable_json_parse(&cli.arena, "answer", cli.out.text, cli.out.length_bytes, 0, &root, &err),
        GABLE_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(gable_json_get(root, keys[i]) != NULL, "no %s", keys[i]);
    double s = gable_json_get(root, "time_s")->number;
    ck_assert_double_eq_tol(gable_json_get(root, "algbw_bytes_per_s")->number * s, 65536, 1e-6);
    ck_assert_double_eq_tol(gable_json_get(root, "busbw_bytes_per_s")->number * s, 65536 * 1.75,
                            1e-6);
}
END_TEST

static const struct {
    const char *line;
    gable_status status;
    const char *says;
} refused[] = {
    {"", GABLE_USAGE, "one of collective, compare, flows, show, traffic"},
    {"colective", GABLE_USAGE, "did you mean \"collective\"?"},
    {"collective --bytes 1", GABLE_USAGE, "--system"},
    {"collective --system hgx-h100-8", GABLE_USAGE, "--bytes"},
    {"collective --system hgx-h100-9 --bytes 1", GABLE_INPUT, "did you mean"},
    {"collective hgx-h100-8 --bytes 1", GABLE_USAGE, "no name beside --system"},
    {"collective --system hgx-h100-8 --bytes 8..4", GABLE_USAGE, "upwards"},
    {"collective --system hgx-h100-8 --bytes 0..4", GABLE_USAGE, "upwards"},
    {"collective --system hgx-h100-8 --bytes 2PB", GABLE_USAGE, "0 to 1 PB"},
    {"collective --system hgx-h100-8 --bytes 8 --stack ideal --algorithm ring", GABLE_USAGE,
     "no algorithms to choose from"},
    {"collective --system hgx-h100-8 --op moe_dispatch --tokens 8 --hidden 8 --top-k 9 "
     "--experts 8",
     GABLE_USAGE, "--top-k 9 of --experts 8"},
    {"collective --system hgx-h100-8 --bytes 8MX", GABLE_USAGE, "--bytes"},
    {"collective --system hgx-h100-8 --bytes 1 --algorithm rnig", GABLE_USAGE, "\"ring\""},
    {"collective --system hgx-a100-8 --bytes 1 --algorithm in-switch", GABLE_INPUT, "cannot run"},
    {"collective --system hgx-h100-8 --bytes 1 --ranks 13", GABLE_INPUT, "whole number"},
    {"collective --system h100-sxm --bytes 1 --ranks 4", GABLE_INPUT, "no scale-out link"},
    {"collective --system dgx-superpod-h100 --bytes 1 --nodes 128", GABLE_INPUT, "at most 127"},
    {"collective --system hgx-h100-8 --bytes 1 --op all_gather --library vllm_custom_ar",
     GABLE_USAGE, "does no all_gather"},
    {"collective --system hgx-h100-8 --op moe_dispatch", GABLE_USAGE, "--tokens"},
    {"collective --system hgx-h100-8 --bytes 8 -o %s", GABLE_USAGE, ".svg"},
    {"compare hgx-h100-8 --bytes 8", GABLE_USAGE, "two systems"},
    {"compare hgx-h100-8 l4 --bytes 8 -o %s", GABLE_USAGE, "net compare prints its answer"},
    {"show", GABLE_USAGE, "one system"},
    {"show hgx-h100-8 -o %s", GABLE_USAGE, "expected .svg"},
    {"show dgx-superpod-h100 --nodes 128", GABLE_INPUT, "at most 127"},
    {"show h100-sxm --nodes 2", GABLE_INPUT, "no scale-out link"},
    {"flows", GABLE_USAGE, "FILE.json"},
    {"flows %s", GABLE_INPUT, "cannot open"},
    {"traffic --system hgx-h100-8 --bytes 1 --format csv -o %s", GABLE_USAGE, "text or json"},
    {"traffic --system hgx-h100-8 --bytes 1..8", GABLE_USAGE, "one size"},
    {"traffic --system hgx-h100-8 --nodes 9000 --pattern moe --bytes 1", GABLE_INPUT, "at most"},
};

START_TEST(refuses)
{
    gable_status status = run(refused[_i].line, scratch_path("none"));
    ck_assert_msg(status == refused[_i].status, "%d %s", (int)status, cli.err.text);
    ck_assert_msg(strstr(cli.err.text, refused[_i].says) != NULL, "%s", cli.err.text);
}
END_TEST

/* What traffic writes, flows reads: the same end. */
START_TEST(traffic_feeds_flows)
{
    const char *path = scratch_path("ring.json");
    ck_assert_msg(run("traffic --system hgx-h100-8 --pattern ring --bytes 8GB -o %s", path) ==
                      GABLE_OK,
                  "%s", cli.err.text);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "112 flows end after 31.1111 ms"));
    ck_assert_msg(run("flows %s", path) == GABLE_OK, "%s", cli.err.text);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "end after 31.1111 ms"));
    ck_assert_int_eq(run("flows %s --format json", path), GABLE_OK);
    ck_assert_ptr_nonnull(
        strstr(cli.out.text, "{\"schema\": \"gable.flows/1\", \"makespan_s\": 0.0311"));
}
END_TEST

START_TEST(show_draws)
{
    const char *path = scratch_path("fabric.svg"), *text;
    size_t length;
    ck_assert_msg(run("show hgx-h100-8 --nodes 128 -o %s", path) == GABLE_OK, "%s", cli.err.text);
    ck_assert_int_eq(
        gable_file_read(&cli.arena, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length, &cli.err),
        GABLE_OK);
    ck_assert_ptr_nonnull(strstr(text, "node, 1 of 128, 8 devices: 450 GB/s"));
    ck_assert_ptr_nonnull(strstr(text, "</svg>"));
}
END_TEST

Suite *gable_suite_cmd_net(void);
Suite *gable_suite_cmd_net(void)
{
    Suite *suite = suite_create("cmd_net");
    TCase *t = tcase_create("net");
    tcase_add_checked_fixture(t, scratch_open, command_close);
    ADD_ROWS(t, verbs_answer, answers);
    ADD_ROWS(t, json_reads_back, json);
    tcase_add_test(t, collective_keeps_its_keys);
    ADD_ROWS(t, refuses, refused);
    tcase_add_test(t, traffic_feeds_flows);
    tcase_add_test(t, show_draws);
    suite_add_tcase(suite, t);
    return suite;
}
