/* gable serve: a model served to clients, or to requests as they arrive: time to the first token,
 * time per output token, throughput, and what waits. */
#include "cli/option_rows.h"
#include "cli/serve.h"

/* Rows of the table below. */
#define OWNER gable_serve_options
#define TEXT(...) GABLE_TEXT_ROW(OWNER, __VA_ARGS__)
#define NUMBER(...) GABLE_NUMBER_ROW(OWNER, __VA_ARGS__)
#define COUNT(member_, name_, default_, min_, max_, ...)                                           \
    GABLE_NUMBER_ROW(OWNER, member_, name_, COUNT, "N", default_, min_, max_, __VA_ARGS__)
#define INT(...) GABLE_INT_ROW(OWNER, __VA_ARGS__)
#define CHOICE(...) GABLE_CHOICE_ROW(OWNER, __VA_ARGS__)
#define FLAG(...) GABLE_FLAG_ROW(OWNER, __VA_ARGS__)
#define LIMIT(member_, name_, help_)                                                               \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_SECONDS, .argument = "S",   \
        .max = 1e6, .offset = offsetof(OWNER, member_), .help = help_,                             \
        .hint = "the share of requests that must keep it is --attain 0.99"                         \
    }

static const gable_option options[] = {
    GABLE_SERVED_OPTIONS(OWNER),
    TEXT(system, "system", "NAME|PATH", "system or device: a name of `gable hw list`"),
    GABLE_LENGTH_OPTIONS(OWNER),
    COUNT(concurrency, "concurrency", "1", 1.0, 1048576.0,
          "clients that ask again as soon as they are answered", .needs = "arrivals=closed",
          .never = "trace"),
    COUNT(waves, "waves", "10", 1.0, 1e9, "requests of each client; all clients start at once",
          .needs = "arrivals=closed", .never = "trace"),
    COUNT(warmup, "warmup", "0", 0.0, 1e9,
          "of those, the first that the figures leave out; plan leaves out 1"),
    GABLE_LAYOUT_OPTIONS(OWNER),
    CHOICE(arrivals, "arrivals", "KIND", gable_arrivals_names, "closed",
           "--concurrency clients in a closed loop, at random or in clumps at --rate, as in "
           "--trace"),
    LIMIT(ttft_limit_s, "ttft", "limit: a request's first token within so long"),
    LIMIT(tpot_limit_s, "tpot", "limit: its other tokens within so long each, on average"),
    NUMBER(attain, "attain", NONE, "F", "0.9", 0.0, 1.0,
           "share of requests that must keep the limits", .needs = "ttft tpot"),
    FLAG(strict, "strict", "exit with 1 where the limits are missed, or nothing fits"),
    NUMBER(rate, "rate", NONE, "R", NULL, 0.0, 1e9,
           "requests per second that arrive on average; without it the most that keep --ttft, "
           "--tpot"),
    NUMBER(burstiness, "burstiness", NONE, "S", "0.25", 1e-3, 1e3,
           "of bursty arrivals: gamma shape of the gaps between them; 1 is poisson, less clumps",
           .needs = "arrivals=bursty"),
    COUNT(requests, "requests", NULL, 0.0, 0.0,
          "requests to simulate (closed: all waves; trace: all; else 2000)"),
    TEXT(trace, "trace", "FILE", "recorded requests: CSV or JSON lines, workloads/traffic"),
    COUNT(prefix_cache, "prefix-cache", NULL, 0.0, 0.0,
          "tokens of earlier prompts that are kept for later ones (traces with hash_ids)"),
    INT(seed, "seed", "1", 0.0, 1e9, "of random lengths and arrivals"),
    INT(prefill_engines, "prefill-engines", "0", 0.0, 1024.0,
        "engines that compute prompts for those, and hand the cache over"),
    INT(prefill_tp, "prefill-tp", "0", 0.0, 1024.0,
        "tensor-parallel ranks of each of those (0: as --tp)"),
    COUNT(chunk, "chunk", NULL, 0.0, 0.0,
          "tokens of one step, prompts and answers together (the stack's default)"),
    COUNT(max_sequences, "max-sequences", NULL, 0.0, 0.0,
          "sequences that run in an engine at a time (what its cache holds)"),
    INT(block, "block", "0", 0.0, 1024.0, "tokens of a block of the cache (0: the stack's)"),
    FLAG(reserve, "reserve", "start a request only when the cache has room for its whole answer"),
    INT(poll, "poll", "0", 0.0, 1e6, "steps between two looks for arrivals, while others run"),
    INT(wait, "wait", "0", 0.0, 1e6,
        "steps that a prompt waits at most for others to share its step"),
    NUMBER(wait_fill, "wait-fill", NONE, "F", "1", 0.0, 1.0,
           "share of the step's tokens that ends --wait early"),
    GABLE_ENERGY_OPTIONS(OWNER),
    CHOICE(format, "format", "FORMAT", gable_formats, "text",
           "form of the answer; csv and md: the requests of the simulation"),
    GABLE_OUTPUT_ROW(OWNER, "write the answer to FILE, whole or not at all"),
};

static gable_status run(gable_cli *cli, const void *given)
{
    gable_serve_options o = *(const gable_serve_options *)given;
    gable_serve_answer answer;
    if (o.trace && o.arrivals == GABLE_ARRIVALS_CLOSED)
        o.arrivals = GABLE_ARRIVALS_TRACE;
    GABLE_TRY(gable_serve_price(cli, &o, &answer));
    if (o.osl < 2.0 && o.arrivals == GABLE_ARRIVALS_CLOSED)
        gable_cli_note("--osl 1: answers of 2 tokens are priced, one has no time per token");
    gable_serve_write(cli, &o, &answer);
    GABLE_TRY(gable_scenario_deliver(cli, o.output));
    bool missed = !answer.serving.parts.fits || answer.within_frac < o.attain;
    return o.strict && missed ? GABLE_DIFFERS : GABLE_OK;
}

const gable_command gable_command_serve = {
    .name = "serve",
    .summary = "a model served to clients: time to first token, per token, throughput",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(gable_serve_options),
    .examples = "gable serve --model llama-3.1-70b --checkpoint llama-3.1-70b-fp8 "
                "--system hgx-h100-8 --tp 4 --isl 1k --osl 1k --concurrency 32\n"
                "gable serve --model gpt-oss-120b --system hgx-h200-8 --tp 2 --stack trtllm "
                "--concurrency 64 --format json\n"
                "gable serve --model llama-3.1-8b --system h100-sxm --arrivals poisson --rate 8\n"
                "gable serve --model llama-3.1-8b --system h100-sxm --arrivals poisson --ttft "
                "500ms --tpot 20ms\n"
                "gable serve --model llama-3.1-8b --system hgx-h100-8 --dp 6 "
                "--prefill-engines 2 "
                "--trace workloads/traffic/conversation.jsonl --prefix-cache 1M\n",
    .run = run,
};
