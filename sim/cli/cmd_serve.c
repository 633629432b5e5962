/* gable serve: a model served to clients, or to requests as they arrive: time to the first token,
 * time per output token, throughput, and what waits. */
#include "cli/serve.h"

#define COUNT_ROW(name_, default_, min_, max_, member, help_)                                      \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_COUNT, .argument = "N",     \
        .default_text = default_, .min = min_, .max = max_,                                        \
        .offset = offsetof(gable_serve_options, member), .help = help_                             \
    }
#define TEXT_ROW(name_, argument_, member, help_)                                                  \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_TEXT, .argument = argument_,                           \
        .offset = offsetof(gable_serve_options, member), .help = help_                             \
    }
#define DTYPE_ROW(name_, member, help_)                                                            \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_DTYPE, .argument = "DTYPE",                            \
        .offset = offsetof(gable_serve_options, member), .help = help_                             \
    }
#define SECONDS_ROW(name_, member, help_)                                                          \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_SECONDS, .argument = "S",   \
        .min = 0.0, .max = 1e6, .offset = offsetof(gable_serve_options, member), .help = help_     \
    }
#define INT_ROW(name_, default_, min_, max_, member, help_)                                        \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",          \
        .default_text = default_, .min = min_, .max = max_,                                        \
        .offset = offsetof(gable_serve_options, member), .help = help_                             \
    }
static const gable_option options[] = {
    TEXT_ROW("model", "NAME|PATH", model, "model: a name of `gable model list`, or a config.json"),
    TEXT_ROW("checkpoint", "NAME", checkpoint,
             "formats of a published checkpoint: a row of workloads/checkpoints.csv"),
    TEXT_ROW("system", "NAME|PATH", system, "system or device: a name of `gable hw list`"),
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .default_text = "vllm",
     .offset = offsetof(gable_serve_options, stack),
     .help = "engine that serves; ideal: no software cost"},
    COUNT_ROW("isl", "1024", 1.0, 1e9, isl, "tokens of a prompt"),
    COUNT_ROW("osl", "1024", 1.0, 1e9, osl, "tokens of an answer"),
    {.name = "length-ratio",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "R",
     .default_text = "0",
     .min = 0.0,
     .max = 1.0,
     .offset = offsetof(gable_serve_options, length_ratio),
     .help = "mean length / --isl and --osl, where those are the most; 1: all alike; "
             "0: a tenth around them"},
    COUNT_ROW("concurrency", "1", 1.0, 1048576.0, concurrency,
              "clients that ask again as soon as they are answered"),
    COUNT_ROW("waves", "10", 1.0, 1e9, waves, "requests of each client; all clients start at once"),
    GABLE_LAYOUT_OPTIONS(gable_serve_options),
    GABLE_EDIT_OPTION(gable_serve_options, set),
    {.name = "arrivals",
     .type = GABLE_OPTION_CHOICE,
     .argument = "KIND",
     .choices = gable_arrivals_names,
     .default_text = "closed",
     .offset = offsetof(gable_serve_options, arrivals),
     .help =
         "--concurrency clients in a closed loop, at random or in clumps at --rate, as in --trace"},
    SECONDS_ROW("ttft", ttft_limit_s, "limit: a request's first token within so long"),
    SECONDS_ROW("tpot", tpot_limit_s, "limit: its other tokens within so long each, on average"),
    {.name = "attain",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "F",
     .default_text = "0.9",
     .min = 0.0,
     .max = 1.0,
     .offset = offsetof(gable_serve_options, attain),
     .help = "share of requests that must keep the limits"},
    {.name = "strict",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(gable_serve_options, strict),
     .help = "exit with 1 where the limits are missed, or nothing fits"},
    {.name = "rate",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "R",
     .min = 0.0,
     .max = 1e9,
     .offset = offsetof(gable_serve_options, rate),
     .help = "requests per second that arrive on average; without it the most that keep --ttft, "
             "--tpot"},
    {.name = "burstiness",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "S",
     .default_text = "0.25",
     .min = 1e-3,
     .max = 1e3,
     .offset = offsetof(gable_serve_options, burstiness),
     .help = "of bursty arrivals: gamma shape of the gaps between them; 1 is poisson, less clumps"},
    COUNT_ROW("requests", NULL, 0.0, 0.0, requests,
              "requests to simulate (closed: all waves; trace: all; else 2000)"),
    TEXT_ROW("trace", "FILE", trace, "recorded requests: CSV or JSON lines, workloads/traffic"),
    COUNT_ROW("prefix-cache", NULL, 0.0, 0.0, prefix_cache,
              "tokens of earlier prompts that are kept for later ones (traces with hash_ids)"),
    INT_ROW("seed", "1", 0.0, 1e9, seed, "of random lengths and arrivals"),
    INT_ROW("prefill-engines", "0", 0.0, 1024.0, prefill_engines,
            "engines that compute prompts for those, and hand the cache over"),
    INT_ROW("prefill-tp", "0", 0.0, 1024.0, prefill_tp,
            "tensor-parallel ranks of each of those (0: as --tp)"),
    COUNT_ROW("chunk", NULL, 0.0, 0.0, chunk,
              "tokens of one step, prompts and answers together (the stack's default)"),
    COUNT_ROW("max-sequences", NULL, 0.0, 0.0, max_sequences,
              "sequences that run in an engine at a time (what its cache holds)"),
    INT_ROW("block", "0", 0.0, 1024.0, block, "tokens of a block of the cache (0: the stack's)"),
    {.name = "reserve",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(gable_serve_options, reserve),
     .help = "start a request only when the cache has room for its whole answer"},
    INT_ROW("poll", "0", 0.0, 1e6, poll, "steps between two looks for arrivals, while others run"),
    INT_ROW("wait", "0", 0.0, 1e6, wait,
            "steps that a prompt waits at most for others to share its step"),
    {.name = "wait-fill",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "F",
     .default_text = "1",
     .min = 0.0,
     .max = 1.0,
     .offset = offsetof(gable_serve_options, wait_fill),
     .help = "share of the step's tokens that ends --wait early"},
    DTYPE_ROW("weights", weights, "format of the weights instead of the model's"),
    DTYPE_ROW("activations", activations, "format of the activations instead of the model's"),
    DTYPE_ROW("kv", kv, "format of the cache instead of the engine's default"),
    {.name = "usd-per-gpu-hour",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "USD",
     .min = 0.0,
     .max = 1e6,
     .offset = offsetof(gable_serve_options, usd_per_gpu_hour),
     .help = "price of a device, for the cost of tokens"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(gable_serve_options, format),
     .help = "form of the answer; csv and md: the requests of the simulation"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(gable_serve_options, output),
     .help = "write the answer to FILE, whole or not at all"},
};
#undef COUNT_ROW
#undef TEXT_ROW
#undef DTYPE_ROW
#undef INT_ROW
#undef SECONDS_ROW

static gable_status run(gable_cli *cli, const void *given)
{
    gable_serve_options o = *(const gable_serve_options *)given;
    gable_serve_answer answer;
    if (o.trace && o.arrivals == GABLE_ARRIVALS_CLOSED)
        o.arrivals = GABLE_ARRIVALS_TRACE;
    GABLE_TRY(gable_serve_price(cli, &o, &answer));
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
