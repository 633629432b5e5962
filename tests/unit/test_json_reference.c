/* The reference of JSON keys against what commands answer: every key that an answer has is a row
 * with its type, every row is met, and every row has a meaning. `make answers` rewrites the rows; a
 * new command needs its ANSWER by hand, and each new key its KEY. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/json_reference.h"
#include "command.h"

static const gable_cli data = {
    .hw = "hw", .workloads = "workloads", .configs = "configs", .plots = "plots", .width = 80};

static gable_err err;

static void set_up(void)
{
    scratch_open();
    err = (gable_err){0};
}

/* ---- files that commands read ---- */

/* Rows that a calibration can be fitted to: a floor and a slope. */
static const char *measured_file(void)
{
    gable_text text = {0};
    gable_text_add(&text, "device,framework,version,kernel,op,tokens,hidden,hc_mult,latency_us\n");
    for (int i = 0; i < 64; i++)
        gable_text_addf(&text, "b200-sxm,sglang,0.5.14,sglang_tilelang_mhc_%s,%s,%d,%d,4,%g\n",
                        i % 2 ? "post" : "pre", i % 2 ? "post" : "pre", 1 << (i / 6), 2048 + 64 * i,
                        8.0 + 0.002 * (1 << (i / 6)));
    const char *path = scratch_file("measured.csv", text.text, text.length_bytes);
    gable_text_free(&text);
    return path;
}

static const char runs[] = "device,system,framework,model,precision,tp,ep,isl,osl,concurrency,"
                           "ttft_clean,tpot_ms,ttft_ms\nh100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp8,"
                           "4,1,1024,1024,16,1,13,100\nh100-sxm,hgx-h100-8,trtllm,llama-3.1-70b,"
                           "fp8,4,1,1024,1024,16,0,13,100\nh100-sxm,hgx-h100-8,nobody,"
                           "llama-3.1-70b,fp8,4,1,1024,1024,16,0,13,100\n";

static const char attention[] =
    "device,framework,version,kernel,attn_dtype,kv_dtype,batch,isl,heads,kv_heads,head_dim,window,"
    "latency_us\nh100-sxm,trtllm,1.3.0rc20,torch_flow,bf16,bf16,1,1024,8,8,128,0,50\n";

static const char readings[] =
    "device,framework,version,op,dtype,shape,flops,bytes,latency_us,power_w,power_limit_w\n"
    "b200-sxm,trtllm,1.3.0rc15,gemm,bf16,m=1793;n=512;k=16384,3e10,8e7,40,967,1000\n";

static const char flows[] =
    "{\"links\": [{\"name\": \"l\", \"bandwidth_Bps\": 1e9, \"latency_s\": 0, \"kind\": "
    "\"shared\"}], \"flows\": [{\"id\": \"f\", \"src\": \"a\", \"dst\": \"b\", \"start\": 0, "
    "\"bytes\": 1e6, \"deps\": [], \"path\": [\"l\"]}]}\n";

/* A recorded scenario of which a regime, a figure and the time of an operator are not so. */
static const char moved[] =
    "{\"schema\": \"gable.check/1\", \"name\": \"n\", \"why\": \"w\", \"scenario\": {\"model\": "
    "\"dense-30b\", \"system\": \"h100-sxm\", \"stack\": \"ideal\", \"phase\": \"decode\", "
    "\"batch\": 1, \"context\": 0, \"new_tokens\": 1}, \"expect\": {\"bound\": \"compute\", "
    "\"metrics\": {\"time_s\": {\"value\": 1}, \"wire_bytes\": {\"value\": 1}}, \"operators\": "
    "{\"lm_head\": {\"bound\": \"memory\", \"time_s\": 1}}}, \"recorded\": {\"program\": \"0\", "
    "\"data\": {\"model\": \"0123456789abcdef\"}}}\n";

static const char sweep[] =
    "{\"schema\": \"gable.sweep/1\", \"name\": \"s\", \"axes\": {\"model\": \"llama-3.1-8b\", "
    "\"phase\": \"decode\", \"system\": [\"h100-sxm\"], \"batch\": [1, 2, 100000], \"tp\": [1, "
    "3], \"context\": 1024}, \"objective\": \"max tokens_per_s_per_gpu\", \"where\": [\"fits\"], "
    "\"top\": 2, \"histogram\": {\"metric\": \"time_s\", \"from\": 0, \"to\": 1, \"bins\": 4}}\n";

static const char small_sweep[] =
    "{\"schema\": \"gable.sweep/1\", \"name\": \"s\", \"why\": \"w\", \"axes\": {\"model\": "
    "\"llama-3.1-8b\", \"system\": \"h100-sxm\", \"batch\": [1, 2]}, \"objective\": "
    "\"time_s\"}\n";

static const char *file_of(char kind);

/* The only part of a sweep. */
static const char *part_file(void)
{
    char line[300];
    snprintf(line, sizeof line, "%s --shard 1/1", file_of('w'));
    gable_status status = command_run(&gable_command_sweep, &data, line, "");
    ck_assert_msg(status == GABLE_OK, "%s", cli.err.text);
    return scratch_file("part.json", cli.out.text, cli.out.length_bytes);
}

static const char *file_of(char kind)
{
    switch (kind) {
    case 'w':
        return scratch_file("sweep.json", sweep, sizeof sweep - 1);
    case 'v':
        return scratch_file("small.json", small_sweep, sizeof small_sweep - 1);
    case 'p':
        return part_file();
    case 'm':
        return measured_file();
    case 'r':
        return scratch_file("runs.csv", runs, sizeof runs - 1);
    case 'a':
        return scratch_file("attention.csv", attention, sizeof attention - 1);
    case 'o':
        return scratch_file("readings.csv", readings, sizeof readings - 1);
    case 'f':
        return scratch_file("flows.json", flows, sizeof flows - 1);
    case 's':
        return scratch_file("moved.json", moved, sizeof moved - 1);
    default:
        return "";
    }
}

/* ---- what is asked ---- */

#define M " --model llama-3.1-8b --system h100-sxm"
static const struct {
    const char *command, *line;
    char file;
} questions[] = {
    {"cost", M, 0},
    {"cost", "--model deepseek-v3 --system hgx-h200-8 --tp 8 --decoding mtp --acceptance-rate 0.8",
     0},
    {"cost", "--model diffusiongemma-26b-a4b --system h100-sxm", 0},
    {"cost", "--model llama-3.1-70b --system gb200-nvl72 --offload-weights 0.5", 0},
    {"cost", "--phase prefill --new-tokens 8k --compress 4 --compressor qwen3-0.6b" M, 0},
    {"cost", "--set hbm.bandwidth=4TB/s" M, 0},
    {"cost",
     "--model deepseek-v3 --system hgx-h100-8 --nodes 2 --attn-dp 16 --ep 16 --batch 512 "
     "--overlap two-batch",
     0},
    {"cost", "--interval" M, 0},
    {"cost", "--model qwen3-0.6b --system rubin --interval", 0},
    {"explain", M, 0},
    {"roofline", M, 0},
    {"roofline", "--model qwen3-30b-a3b --system h100-sxm", 0},
    {"roofline", "--model qwen3-30b-a3b --system h200-sxm", 0},
    {"roofline", "--along batch=1..4" M, 0},
    {"curve", "cache --model llama-3.1-8b", 0},
    {"curve", "flops --model llama-3.1-8b", 0},
    {"curve", "roofline" M, 0},
    {"curve", "step" M, 0},
    {"curve", "throughput" M, 0},
    {"hw", "list", 0},
    {"hw", "show h100-sxm", 0},
    {"hw", "show hgx-h100-8", 0},
    {"hw", "check", 0},
    {"model", "list", 0},
    {"model", "show deepseek-v3", 0},
    {"model", "show gemma-3-4b", 0},
    {"model", "show llama-3.1-8b", 0},
    {"model", "regimes --systems h100-sxm", 0},
    {"net", "collective --system hgx-h100-8 --bytes 1MiB", 0},
    {"net", "collective --system hgx-h100-8 --bytes 512..1Mi", 0},
    {"net", "collective --system hgx-h100-8 --bytes 0", 0},
    {"net", "collective --system hgx-h100-8 --bytes 1..2 --ranks 1", 0},
    {"net", "compare hgx-h100-8 hgx-b200-8 --bytes 1Mi..4Mi", 0},
    {"net", "show hgx-h100-8 --nodes 4", 0},
    {"net", "traffic --system hgx-h100-8 --nodes 2 --pattern ring --bytes 1MiB", 0},
    {"net", "flows %s", 'f'},
    {"serve", "--model llama-3.1-70b --system hgx-h100-8 --tp 8 --usd-per-gpu-hour 2", 0},
    {"serve", M, 0},
    {"serve", "--arrivals poisson --rate 4 --requests 20" M, 0},
    {"serve", "--model llama-3.1-8b --system hgx-h100-8 --prefill-engines 1 --requests 8", 0},
    {"serve", "--arrivals trace --trace workloads/traffic/conversation.jsonl --prefix-cache 100k" M,
     0},
    {"serve", "--model llama-3.1-405b --system hgx-h100-8 --tp 2", 0},
    {"plan", "--model llama-3.1-70b --system hgx-h100-8 --top 2", 0},
    {"plan", "--model llama-3.1-70b --system hgx-h100-8", 0},
    {"plan", "--model llama-3.1-8b --system l40s-pcie-8,hgx-rubin-nvl8 --rate 2", 0},
    {"plan", "--model llama-3.1-70b --system l40s-pcie-8 --top 2 --tpot 1us", 0},
    {"plan", "--model llama-3.1-70b --system hgx-h100-8 --top 2 --ttft 1s@p99", 0},
    {"plan", "--model llama-3.1-70b --system hgx-h200-8 --rate 2 --objective gpus --disagg", 0},
    {"sensitivity", M, 0},
    {"sensitivity", "--set hbm.bandwidth=x2" M, 0},
    {"whatif", "--list", 0},
    {"whatif", "--fields --system hgx-h100-8", 0},
    {"whatif", "--model qwen3-32b --system h100-sxm --set hbm.bandwidth=x2", 0},
    {"whatif", "--model qwen3-32b --system rubin --with batch=2 --interval", 0},
    {"whatif", "--model qwen3-32b --system hgx-h100-8 --direction hbf --with tp=2 --interval", 0},
    {"whatif", "--model qwen3-32b --system hgx-h100-8 --tp 2 --with tp=1", 0},
    {"whatif", "--model qwen3-32b --system h100-sxm --direction pnm --phase both", 0},
    {"solve", "batch" M, 0},
    {"solve", "batch --model llama-3.1-8b --system h100-sxm,b200-sxm", 0},
    {"solve", "batch-kv --model llama-3.1-8b --system h100-sxm,b200-sxm", 0},
    {"solve", "batch-kv --model bitnet-b1.58-2b-4t --system h100-sxm --context 4k", 0},
    {"solve", "expert-tokens --model qwen3-30b-a3b --system hgx-h100-8", 0},
    {"solve", "hbm.bandwidth --for time=5ms" M, 0},
    {"solve", "hbm.bandwidth --for time=1ns" M, 0},
    {"solve", "tp --for fits --model llama-3.1-405b --system gb200-nvl72 --context 1M", 0},
    {"load", "--model llama-3.1-70b --system gb300-nvl72 --tp 8", 0},
    {"load", "--model llama-3.1-70b --system gb200-nvl72 --from host", 0},
    {"validate", "mhc %s", 'm'},
    {"validate", "serving %s", 'r'},
    {"validate", "attention_context %s", 'a'},
    {"validate", "power %s", 'o'},
    {"calibrate", "mhc %s --device b200-sxm", 'm'},
    {"calibrate", "mhc %s --device b200-sxm --show constants", 'm'},
    {"calibrate", "mhc %s --device b200-sxm --show curve", 'm'},
    {"sweep", "%s", 'w'},
    {"sweep", "%s", 'v'},
    {"sweep", "%s --shard 1/2", 'w'},
    {"sweep", "%s --pareto time_s,tokens_per_s", 'w'},
    {"merge", "%s", 'p'},
    {"check", "%s", 's'},
    {"diff", "%s configs/ci/dense-decode-h100.json", 's'},
    {"diff", "%s --data-before .", 's'},
    {"diff", "configs/ci/canvas-decode-h100.json", 0},
    {"diff", "configs/ci/chunked-moe-decode-gh200.json configs/ci/ring-prefill-b200.json", 0},
};
enum { N_QUESTIONS = sizeof questions / sizeof questions[0] };

static const gable_command *find_command(const char *name)
{
    for (size_t i = 0; gable_commands[i]; i++)
        if (strcmp(gable_commands[i]->name, name) == 0)
            return gable_commands[i];
    return NULL;
}

static const gable_json *ask(size_t i)
{
    char line[300];
    const gable_json *root;
    const gable_command *command = find_command(questions[i].command);
    ck_assert_msg(command != NULL, "no command %s", questions[i].command);
    snprintf(line, sizeof line, "%s --format json",
             questions[i].line + (*questions[i].line == ' '));
    gable_status status = command_run(command, &data, line, file_of(questions[i].file));
    ck_assert_msg(status == GABLE_OK || status == GABLE_DIFFERS, "%s %s: %s", questions[i].command,
                  line, cli.err.text);
    ck_assert_msg(gable_json_parse(scratch_arena(), questions[i].command, cli.out.text,
                                   cli.out.length_bytes, 0, &root, &err) == GABLE_OK,
                  "%s", err.text);
    return root;
}

/* ---- rows, as answers show them ---- */

static const char *const type_names[] = {
    [GABLE_JSON_NUMBER] = "number", [GABLE_JSON_STRING] = "string", [GABLE_JSON_BOOL] = "boolean",
    [GABLE_JSON_OBJECT] = "object", [GABLE_JSON_ARRAY] = "array",   [GABLE_JSON_NULL] = "null"};
enum { N_TYPES = sizeof type_names / sizeof type_names[0], KEYS_CAP = 2000 };

/* A key of an answer, and how often it was met; the root is a key without a path. */
typedef struct key {
    size_t head;
    const char *path;
    bool types[N_TYPES];
    int n, n_objects;
} key;
static key keys[KEYS_CAP];
static size_t n_keys;

static const gable_json_row *find_row(size_t head, const char *path)
{
    for (size_t i = head + 1; i < gable_n_json_rows && gable_json_rows[i].path; i++)
        if (strcmp(gable_json_rows[i].path, path) == 0)
            return &gable_json_rows[i];
    return NULL;
}

static key *find_key(size_t head, const char *path)
{
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].head == head && strcmp(keys[i].path, path) == 0)
            return &keys[i];
    ck_assert_uint_lt(n_keys, KEYS_CAP);
    keys[n_keys] =
        (key){.head = head, .path = gable_arena_copy(scratch_arena(), path, strlen(path))};
    return &keys[n_keys++];
}

/* Counts the keys of an answer, down to those that the rows call "any". */
static void look(size_t head, const gable_json *node, const char *path)
{
    char inner[GABLE_JSON_PATH_CAP];
    const gable_json_row *row = find_row(head, path);
    key *is = find_key(head, path);
    is->n++;
    is->types[node->type] = true;
    is->n_objects += node->type == GABLE_JSON_OBJECT;
    for (const gable_json *child = node->child; child; child = child->next) {
        if (row && strncmp(row->type, "any", 3) == 0)
            return;
        if (node->type == GABLE_JSON_ARRAY)
            snprintf(inner, sizeof inner, "%s[]", path);
        else
            snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", child->key);
        if (strcmp(inner, "schema") != 0)
            look(head, child, inner);
    }
}

/* The type of a key: what the table says already, and what was met beside it. */
static void add_type(gable_text *out, const key *is, const char *parent)
{
    const gable_json_row *row = find_row(is->head, is->path);
    const char *between = "", *old = row ? row->type : "";
    bool item = is->path[strlen(is->path) - 1] == ']';
    bool optional = strchr(old, '?') || (!item && find_key(is->head, parent)->n_objects > is->n);
    for (int i = 0; strncmp(old, "any", 3) != 0 && i < (int)N_TYPES; i++) {
        int type = (i + 1) % (int)N_TYPES; /* null last */
        if (!is->types[type] && !strstr(old, type_names[type]))
            continue;
        gable_text_addf(out, "%s%s", between, type_names[type]);
        between = "|";
    }
    gable_text_add(out, strncmp(old, "any", 3) == 0 ? "any" : "");
    gable_text_add(out, optional ? "?" : "");
}

static void add_rows(gable_text *out, size_t head, const char *parent)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].head != head || !*keys[i].path || !gable_json_stands_in(keys[i].path, parent))
            continue;
        gable_text_addf(out, "ROW(\"%s\", \"", keys[i].path);
        add_type(out, &keys[i], parent);
        gable_text_add(out, "\")\n");
        add_rows(out, head, keys[i].path);
    }
}

/* Every line of `text` that `other` lacks, after `sign`. */
static void print_lacking(const char *text, const char *other, char sign)
{
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        char row[400];
        snprintf(row, sizeof row, "%.*s\n", (int)strcspn(at, "\n"), at);
        if (!strstr(other, row))
            fprintf(stderr, "%c %s", sign, row);
    }
}

/* With GABLE_ANSWERS=FILE in the environment the rows that answers show are written there. */
static void compare_rows(gable_text *now)
{
    gable_text old = {0};
    const char *file = getenv("GABLE_ANSWERS");
    for (size_t i = 0; i < gable_n_json_rows; i++) {
        const gable_json_row *row = &gable_json_rows[i];
        if (row->schema) {
            gable_text_addf(&old, "ANSWER(\"%s\", \"%s\", \"%s\")\n", row->schema, row->command,
                            row->title);
            gable_text_addf(now, "ANSWER(\"%s\", \"%s\", \"%s\")\n", row->schema, row->command,
                            row->title);
            add_rows(now, i, "");
        } else {
            gable_text_addf(&old, "ROW(\"%s\", \"%s\")\n", row->path, row->type);
        }
    }
    print_lacking(old.text, now->text, '-');
    print_lacking(now->text, old.text, '+');
    bool same = strcmp(old.text, now->text) == 0;
    gable_text_free(&old);
    if (file)
        ck_assert_int_eq(gable_file_write(file, now->text, now->length_bytes, &err), GABLE_OK);
    ck_assert_msg(same, "json_answers.def is not what commands answer; `make answers` rewrites it");
}

START_TEST(answers_have_the_rows_and_no_others)
{
    gable_text now = {0};
    n_keys = 0;
    for (size_t i = 0; i < N_QUESTIONS; i++) {
        const gable_json *root = ask(i);
        const gable_json *schema = gable_json_get(root, "schema");
        size_t head = schema ? gable_json_answer(schema->string) : gable_n_json_rows;
        ck_assert_msg(head < gable_n_json_rows, "%s %s: no ANSWER for its schema",
                      questions[i].command, questions[i].line);
        look(head, root, "");
    }
    compare_rows(&now);
    gable_text_free(&now);
}
END_TEST

/* ---- the tables ---- */

START_TEST(every_command_that_answers_in_json_is_there)
{
    for (size_t i = 0; gable_commands[i]; i++) {
        const gable_command *command = gable_commands[i];
        bool answers = false, told = false;
        for (size_t k = 0; k < command->n_options; k++)
            for (size_t c = 0;
                 command->options[k].type == GABLE_OPTION_CHOICE && command->options[k].choices[c];
                 c++)
                answers = answers || strcmp(command->options[k].choices[c], "json") == 0;
        for (size_t k = 0; k < N_QUESTIONS; k++)
            told = told || strcmp(questions[k].command, command->name) == 0;
        if (answers && strcmp(command->name, "help") != 0)
            ck_assert_msg(told, "gable %s --format json is not asked here", command->name);
    }
}
END_TEST

/* Keys of a description, or of part `p` of it, that no table of fields holds. */
static void use_extras(const gable_json_document *document, int p, bool *used)
{
    const gable_schema *schema = p < 0 ? document->schema : document->part_schemas[p];
    for (size_t i = 0; i < schema->n_extra_keys; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s.%s%s%s", document->name, p < 0 ? "" : document->parts[p],
                 p < 0 ? "" : ".", schema->extra_keys[i]);
        const char *meaning = gable_json_meaning("read", path);
        ck_assert_msg(meaning != NULL, "%s: no KEY in json_keys.def", path);
        for (size_t k = 0; k < gable_json_n_meanings(); k++)
            used[k] = used[k] || gable_json_meaning_at(k) == meaning;
    }
}

START_TEST(every_row_has_a_meaning_and_every_meaning_a_row)
{
    const char *command = "";
    bool *used = calloc(gable_json_n_meanings(), sizeof *used);
    ck_assert_ptr_nonnull(used);
    for (size_t i = 0; i < gable_n_json_rows; i++) {
        const gable_json_row *row = &gable_json_rows[i];
        command = row->command ? row->command : command;
        const char *meaning = row->path ? gable_json_meaning(command, row->path) : "";
        ck_assert_msg(meaning != NULL, "%s: no KEY in json_keys.def", row->path);
        for (size_t k = 0; k < gable_json_n_meanings(); k++)
            used[k] = used[k] || gable_json_meaning_at(k) == meaning;
    }
    for (size_t i = 0; i < gable_n_json_documents; i++)
        for (int p = -1; p < 0 || gable_json_documents[i].parts[p]; p++)
            use_extras(&gable_json_documents[i], p, used);
    for (size_t k = 0; k < gable_json_n_meanings(); k++)
        ck_assert_msg(used[k], "no row has the KEY that means: %s", gable_json_meaning_at(k));
    free(used);
}
END_TEST

/* Schemas are JSON, and say what the rows say. */
START_TEST(schemas_parse)
{
    for (size_t i = 0; i < gable_n_json_rows + gable_n_json_documents; i++) {
        const gable_json *root;
        gable_text out = {0};
        const char *name = i < gable_n_json_rows ? gable_json_rows[i].command
                                                 : gable_json_documents[i - gable_n_json_rows].name;
        if (!name)
            continue;
        ck_assert(gable_json_schema(&out, name));
        ck_assert_msg(gable_json_parse(scratch_arena(), name, out.text, out.length_bytes, 0, &root,
                                       &err) == GABLE_OK,
                      "%s", err.text);
        gable_text_free(&out);
    }
}
END_TEST

static const struct {
    const char *path, *parent;
    bool stands;
} places[] = {
    {"a", "", true},        {"a.b", "", false},    {"a[]", "", false},         {"a[]", "a", true},
    {"a[].b", "a[]", true}, {"a[].b", "a", false}, {"a.b", "a", true},         {"ab", "a", false},
    {"a.b.c", "a.b", true}, {"a.b[]", "a", false}, {"a[].b[]", "a[].b", true},
};

START_TEST(places_of_paths)
{
    ck_assert_int_eq(gable_json_stands_in(places[_i].path, places[_i].parent), places[_i].stands);
}
END_TEST

Suite *gable_suite_json_reference(void);

Suite *gable_suite_json_reference(void)
{
    Suite *suite = suite_create("json_reference");
    TCase *answers = tcase_create("answers");
    tcase_set_timeout(answers, 240);
    tcase_set_tags(answers, "slow");
    tcase_add_checked_fixture(answers, set_up, command_close);
    tcase_add_test(answers, answers_have_the_rows_and_no_others);
    suite_add_tcase(suite, answers);
    TCase *tcase = tcase_create("json_reference");
    tcase_add_checked_fixture(tcase, set_up, command_close);
    tcase_add_test(tcase, every_command_that_answers_in_json_is_there);
    tcase_add_test(tcase, every_row_has_a_meaning_and_every_meaning_a_row);
    tcase_add_test(tcase, schemas_parse);
    tcase_add_loop_test(tcase, places_of_paths, 0, sizeof places / sizeof places[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
