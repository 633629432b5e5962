/* cli, `gable whatif`, `solve --for`, `sensitivity` and --set: what they answer, JSON that the
 * strict reader takes back, what is refused and what is suggested. */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "cli/commands.h"
#include "rows.h"

static gable_status run(const gable_command *command, const char *line)
{
    static const gable_cli folders = {
        .hw = "hw", .workloads = "workloads", .configs = "configs", .plots = "plots", .width = 100};
    return command_run(command, &folders, line, "");
}

#define STEP "--model llama-3.1-8b --system hgx-h100-8 "

static const struct {
    const gable_command *command;
    const char *line, *holds;
} answers[] = {
    {&gable_command_cost, STEP "--set hbm.bandwidth=8TB/s", "8 TB/s (was 3.35 TB/s)"},
    {&gable_command_cost, STEP "--set hbm.bandwidth=x2 --set hbm.capacity=+50%",
     "accelerator.hbm.capacity 120 GB"},
    {&gable_command_cost, STEP "--interval", "variance of the time: "},
    {&gable_command_explain, STEP "--set hbm.bandwidth=8TB/s", "8 TB/s bandwidth [spec edit]"},
    {&gable_command_serve, STEP "--set hbm.bandwidth=8TB/s", "tokens/s"},
    {&gable_command_whatif, STEP, "nothing is changed"},
    {&gable_command_whatif, STEP "--set compute.matrix.*=x2", "compute.matrix.bf16 1.979 PFLOP/s"},
    {&gable_command_whatif, STEP "--set compute.matrix.fp64=x2", "none of this moves the step"},
    {&gable_command_whatif, STEP "--set *.bandwidth=x2", "system.scale_out.bandwidth 100 GB/s"},
    {&gable_command_whatif, STEP "--direction stack-3d", "assumed   accelerator.hbm.energy"},
    {&gable_command_whatif, STEP "--direction pnm --batch 64 --context 16k --format csv",
     "phase,name,before_s,after_s,saved_s,speedup,"},
    {&gable_command_whatif, STEP "--project 2024 --phase both", "prefill: "},
    {&gable_command_whatif, STEP "--with tp=8 --interval", "of the draws"},
    {&gable_command_whatif, STEP "--with system=h200-sxm --interval", "errors drawn apart"},
    {&gable_command_whatif, "--list", "memory-wall"},
    {&gable_command_whatif, "--fields --system t4", "accelerator.hbm.bandwidth"},
    {&gable_command_solve, STEP "hbm.bandwidth --for time=5ms", "TB/s, x"},
    {&gable_command_solve, STEP "batch --for time=20ms", "batch"},
    {&gable_command_solve, STEP "batch", "295.343 sequences"},
    {&gable_command_solve, STEP "tp --for fits --context 1M", "tp"},
    {&gable_command_solve, STEP "devices.count --for fits", "1, x0.125 of 8"},
    {&gable_command_sensitivity, STEP, "Rates together: "},
    {&gable_command_sensitivity, STEP "--format csv", "field,base,unit,elasticity,"},
    {&gable_command_sensitivity, STEP "--format md", "| accelerator.hbm.bandwidth"},
};

START_TEST(they_answer)
{
    ck_assert_msg(run(answers[_i].command, answers[_i].line) == GABLE_OK, "%s", cli.err.text);
    ck_assert_msg(strstr(cli.out.text, answers[_i].holds) != NULL, "%s", cli.out.text);
}
END_TEST

static const struct {
    const gable_command *command;
    const char *line, *schema;
} json[] = {
    {&gable_command_cost, STEP "--set hbm.bandwidth=8TB/s --interval --format json",
     "gable.cost/1"},
    {&gable_command_whatif, STEP "--direction hbf --interval --phase both --format json",
     "gable.whatif/1"},
    {&gable_command_whatif, STEP "--set system.scale_up.in_network_reduction=false --format json",
     "gable.whatif/1"},
    {&gable_command_whatif, "--list --format json", "gable.whatif/1"},
    {&gable_command_whatif, "--fields --system gb200-nvl72 --format json", "gable.whatif/1"},
    {&gable_command_solve, STEP "hbm.bandwidth --for time=5ms --format json", "gable.solve/1"},
    {&gable_command_sensitivity, STEP "--format json", "gable.sensitivity/1"},
};

START_TEST(json_is_json)
{
    const gable_json *root;
    gable_err err = {0};
    ck_assert_msg(run(json[_i].command, json[_i].line) == GABLE_OK, "%s", cli.err.text);
    gable_arena arena;
    ck_assert_int_eq(gable_arena_init(&arena, (size_t)16 << 20, &err), GABLE_OK);
    ck_assert_msg(gable_json_parse(&arena, "answer", cli.out.text, cli.out.length_bytes,
                                   GABLE_JSON_STRICT, &root, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_str_eq(gable_json_get(root, "schema")->string, json[_i].schema);
    gable_arena_free(&arena);
}
END_TEST

static const struct {
    const gable_command *command;
    const char *line;
    gable_status status;
    const char *says;
} refusals[] = {
    {&gable_command_cost, STEP "--set hbm.bandwith=8TB/s", GABLE_INPUT,
     "did you mean \"hbm.bandwidth\"?"},
    {&gable_command_cost, STEP "--set hbm.bandwidth", GABLE_INPUT, "expected FIELD=VALUE"},
    {&gable_command_cost, STEP "--set hbm.bandwidth=8", GABLE_INPUT, "out of range"},
    {&gable_command_cost, STEP "--set devices.count=1", GABLE_INPUT, "scale_up.fabric"},
    {&gable_command_cost, STEP "--set compute.matrix.fp4=x2", GABLE_INPUT, "not published"},
    {&gable_command_cost,
     "--model deepseek-v3 --system hgx-h200-8 --tp 8 --decoding mtp --acceptance-rate 0.8 "
     "--interval",
     GABLE_USAGE, "plain steps"},
    {&gable_command_whatif, STEP "--direction hbm", GABLE_INPUT, "did you mean \"hbf\"?"},
    {&gable_command_whatif, STEP "--with tpp=4", GABLE_USAGE, "unknown option --tpp"},
    {&gable_command_whatif, STEP "--with tp", GABLE_USAGE, "expected OPTION=VALUE"},
    {&gable_command_whatif, STEP "--project 2020", GABLE_INPUT, "nothing to project"},
    {&gable_command_whatif, "--fields", GABLE_USAGE, "--system is needed"},
    {&gable_command_whatif, STEP "--phase both -o /tmp/x.svg", GABLE_USAGE, "one phase"},
    {&gable_command_solve, STEP "hbm.bandwith --for time=5ms", GABLE_INPUT, "did you mean"},
    {&gable_command_solve, STEP "hbm.bandwidth --for tim=5ms", GABLE_USAGE, "did you mean"},
    {&gable_command_solve, STEP "--for time=5ms", GABLE_USAGE, "needs one unknown"},
    {&gable_command_solve, STEP "hbm.bandwidth --for equal", GABLE_USAGE, "needs --with"},
    {&gable_command_solve, STEP "hbm.bandwidth --for time=5ms --with tp=4", GABLE_USAGE,
     "is for --for equal"},
    {&gable_command_solve, STEP "hbm.bandwidth --for time=5ms --low 5ms", GABLE_USAGE, "--low"},
    {&gable_command_solve, STEP "hbm.bandwidth --for time=5ms --low 9TB/s --high 8TB/s",
     GABLE_USAGE, "is not below"},
    {&gable_command_solve, STEP "system.scale_up.p2p --for time=5ms", GABLE_USAGE, "is no number"},
    {&gable_command_solve, STEP "flash.context --for time=5ms", GABLE_USAGE, "--low is needed"},
    {&gable_command_solve, STEP "bacht", GABLE_USAGE, "did you mean"},
    {&gable_command_sensitivity, STEP "extra", GABLE_USAGE, "unexpected argument"},
};

START_TEST(wrong_is_refused)
{
    ck_assert_int_eq(run(refusals[_i].command, refusals[_i].line), refusals[_i].status);
    ck_assert_msg(strstr(cli.err.text, refusals[_i].says) != NULL, "%s", cli.err.text);
}
END_TEST

static const struct {
    const char *line, *says;
} unsolved[] = {
    {STEP "hbm.bandwidth --for time=0.1ms", "met nowhere: at 3.35 GB/s time is"},
    {STEP "hbm.bandwidth --for time=1h", "met everywhere"},
    {STEP "batch --for fits --low 100k --high 1Mi", "at 100000 it takes"},
    {STEP "batch --for bound=compute --context 100k", "compute takes"},
    {"--model llama-3.1-405b --system t4 batch --for fits", "met nowhere"},
};

START_TEST(no_solution_says_why)
{
    ck_assert_int_eq(run(&gable_command_solve, unsolved[_i].line), GABLE_DIFFERS);
    ck_assert_msg(strstr(cli.out.text, "no solution in range") != NULL, "%s", cli.out.text);
    ck_assert_msg(strstr(cli.out.text, unsolved[_i].says) != NULL, "%s", cli.out.text);
}
END_TEST

Suite *gable_suite_cmd_whatif(void);
Suite *gable_suite_cmd_whatif(void)
{
    Suite *suite = suite_create("cmd_whatif");
    TCase *tcase = tcase_create("commands");
    tcase_add_checked_fixture(tcase, scratch_open, command_close);
    tcase_set_timeout(tcase, 60);
    ADD_ROWS(tcase, they_answer, answers);
    ADD_ROWS(tcase, json_is_json, json);
    ADD_ROWS(tcase, wrong_is_refused, refusals);
    ADD_ROWS(tcase, no_solution_says_why, unsolved);
    suite_add_tcase(suite, tcase);
    return suite;
}
