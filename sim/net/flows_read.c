/* net/flows_read: the input of `gable net flows` -> columns, refused at the door where it is wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/flows.h"

/* Wider than any machine, narrow enough that no sum overflows. */
static const double number_cap = 1e18;

/* A name and the row that it stands for; sorted, because a document names thousands. */
typedef struct named {
    const char *name;
    size_t row;
} named;

typedef struct reader {
    gable_arena *arena;
    gable_flows *out;
    named *links, *flows;
    const gable_json **flow_node;
    gable_err *err;
} reader;

/* ---- names ---- */

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static const named *find(const named *names, size_t n, const char *name)
{
    named wanted = {name, 0};
    return n ? bsearch(&wanted, names, n, sizeof *names, compare_named) : NULL;
}

static gable_status unknown(const reader *r, const gable_json *node, const char *what,
                            const named *names, size_t n)
{
    const char **candidates;
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *candidates, &candidates, r->err));
    for (size_t i = 0; i < n; i++)
        candidates[i] = names[i].name;
    const char *near = gable_text_nearest(node->string, candidates, n);
    return gable_json_fail(node, r->err, "no %s \"%.100s\"%s%.100s%s", what, node->string,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* ---- members ---- */

static gable_status text_of(const gable_json *object, const char *key, const char **out,
                            gable_err *err)
{
    const gable_json *node = gable_json_get(object, key);
    if (!node || node->type != GABLE_JSON_STRING || !*node->string)
        return gable_json_fail(node ? node : object, err, "expected \"%s\", a name", key);
    *out = node->string;
    return GABLE_OK;
}

/* A number in base units, or a string with a unit. A missing one keeps *out; below `least` is
 * refused. */
static gable_status number_of(const gable_json *object, const char *key, gable_dim dim,
                              double least, double *out, gable_err *err)
{
    const gable_json *node = gable_json_get(object, key);
    if (!node)
        return GABLE_OK;
    if (node->type == GABLE_JSON_STRING) {
        char why[300];
        gable_units_result result = gable_units_parse(node->string, dim, true, out);
        gable_units_explain(result, node->string, dim, why, sizeof why);
        if (result != GABLE_UNITS_OK)
            return gable_json_fail(node, err, "%s", why);
    } else if (node->type == GABLE_JSON_NUMBER) {
        *out = node->number;
    } else {
        return gable_json_fail(node, err, "expected a number, got %s",
                               gable_json_type_text(node->type));
    }
    if (*out < least || *out > number_cap)
        return gable_json_fail(node, err, "expected a number from %g to %g", least, number_cap);
    return GABLE_OK;
}

/* Alike links or flows that one row stands for; one when nothing says it. */
static gable_status count_of(const gable_json *object, double *out, gable_err *err)
{
    *out = 1.0;
    GABLE_TRY(number_of(object, "count", GABLE_DIM_COUNT, 1.0, out, err));
    return floor(*out) < *out
               ? gable_json_fail(gable_json_get(object, "count"), err, "expected a whole number")
               : GABLE_OK;
}

static gable_status need(const gable_json *object, const char *key, gable_err *err)
{
    return gable_json_get(object, key) ? GABLE_OK
                                       : gable_json_fail(object, err, "missing key \"%s\"", key);
}

/* Members that a scenario may carry for whoever checks the answer are let through. */
static gable_status check_keys(const reader *r, const gable_json *object,
                               const char *const *allowed, size_t n)
{
    static const char expected[] = "expected_";
    const char **keys;
    size_t mark = gable_arena_mark(r->arena);
    GABLE_TRY(gable_arena_take(r->arena, n + object->n_children, sizeof *keys, &keys, r->err));
    memcpy(keys, allowed, n * sizeof *keys);
    for (const gable_json *k = object->child; k; k = k->next)
        if (strncmp(k->key, expected, sizeof expected - 1) == 0)
            keys[n++] = k->key;
    GABLE_TRY(gable_json_check_keys(object, keys, n, r->err));
    gable_arena_release(r->arena, mark);
    return GABLE_OK;
}

static gable_status list_of(const gable_json *object, const char *key, bool required,
                            const gable_json **out, gable_err *err)
{
    *out = gable_json_get(object, key);
    if (!*out && !required)
        return GABLE_OK;
    if (!*out)
        return gable_json_fail(object, err, "missing key \"%s\"", key);
    if ((*out)->type != GABLE_JSON_ARRAY)
        return gable_json_fail(*out, err, "expected an array, got %s",
                               gable_json_type_text((*out)->type));
    return GABLE_OK;
}

/* ---- links ---- */

static gable_status kind_of(const gable_json *link, bool *fatpipe, gable_err *err)
{
    const char *kind;
    if (!gable_json_get(link, "kind"))
        return GABLE_OK;
    GABLE_TRY(text_of(link, "kind", &kind, err));
    *fatpipe = strcmp(kind, "fatpipe") == 0;
    return *fatpipe || strcmp(kind, "shared") == 0
               ? GABLE_OK
               : gable_json_fail(gable_json_get(link, "kind"), err,
                                 "expected \"shared\" or \"fatpipe\", got \"%.40s\"", kind);
}

static gable_status read_link(reader *r, const gable_json *link, size_t i)
{
    static const char *const keys[] = {"name", "bandwidth_Bps", "latency_s", "kind", "count"};
    gable_flows *f = r->out;
    if (link->type != GABLE_JSON_OBJECT)
        return gable_json_fail(link, r->err, "expected an object with %s", "\"name\"");
    GABLE_TRY(check_keys(r, link, keys, sizeof keys / sizeof keys[0]));
    GABLE_TRY(text_of(link, "name", &f->link_name[i], r->err));
    GABLE_TRY(need(link, "bandwidth_Bps", r->err));
    GABLE_TRY(number_of(link, "bandwidth_Bps", GABLE_DIM_BYTES_PER_S, 1e-3, &f->link_bytes_per_s[i],
                        r->err));
    GABLE_TRY(number_of(link, "latency_s", GABLE_DIM_SECONDS, 0.0, &f->link_latency_s[i], r->err));
    GABLE_TRY(count_of(link, &f->link_count[i], r->err));
    r->links[i] = (named){f->link_name[i], i};
    return kind_of(link, &f->link_fatpipe[i], r->err);
}

static gable_status take_links(reader *r, size_t n)
{
    gable_flows *f = r->out;
    f->n_links = n;
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->link_name, &f->link_name, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->link_bytes_per_s, &f->link_bytes_per_s,
                               r->err));
    GABLE_TRY(
        gable_arena_take(r->arena, n + 1, sizeof *f->link_latency_s, &f->link_latency_s, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->link_count, &f->link_count, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->link_fatpipe, &f->link_fatpipe, r->err));
    return gable_arena_take(r->arena, n + 1, sizeof *r->links, &r->links, r->err);
}

/* Sorts, and refuses a name that is there twice. */
static gable_status sort_names(const reader *r, const gable_json *list, const char *what,
                               named *names, size_t n)
{
    qsort(names, n, sizeof *names, compare_named);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1].name, names[i].name) == 0) {
            size_t row = names[i].row > names[i - 1].row ? names[i].row : names[i - 1].row;
            const gable_json *twice = list->child;
            while (twice && twice->index < row)
                twice = twice->next;
            return gable_json_fail(twice ? twice : list, r->err, "%s \"%.100s\" is there twice",
                                   what, names[i].name);
        }
    return GABLE_OK;
}

static gable_status read_links(reader *r, const gable_json *root)
{
    const gable_json *list = NULL;
    size_t i = 0;
    GABLE_TRY(list_of(root, "links", true, &list, r->err));
    GABLE_TRY(take_links(r, list->n_children));
    for (const gable_json *link = list->child; link; link = link->next)
        GABLE_TRY(read_link(r, link, i++));
    return sort_names(r, list, "link", r->links, r->out->n_links);
}

/* ---- flows ---- */

static gable_status read_flow(reader *r, const gable_json *flow, size_t i)
{
    static const char *const keys[] = {"id",    "src",  "dst",  "start",
                                       "bytes", "deps", "path", "count"};
    gable_flows *f = r->out;
    if (flow->type != GABLE_JSON_OBJECT)
        return gable_json_fail(flow, r->err, "expected an object with %s", "\"id\"");
    GABLE_TRY(check_keys(r, flow, keys, sizeof keys / sizeof keys[0]));
    GABLE_TRY(text_of(flow, "id", &f->flow_id[i], r->err));
    GABLE_TRY(need(flow, "bytes", r->err));
    GABLE_TRY(number_of(flow, "bytes", GABLE_DIM_BYTES, 0.0, &f->flow_bytes[i], r->err));
    GABLE_TRY(number_of(flow, "start", GABLE_DIM_SECONDS, 0.0, &f->flow_start_s[i], r->err));
    GABLE_TRY(count_of(flow, &f->flow_count[i], r->err));
    r->flows[i] = (named){f->flow_id[i], i};
    r->flow_node[i] = flow;
    return GABLE_OK;
}

/* Rows that the members of flow.`key` name, appended at *n. */
static gable_status read_names(reader *r, size_t i, const char *key, bool required,
                               const char *what, const named *names, size_t n_names, size_t *to,
                               size_t *n)
{
    const gable_json *list = NULL;
    GABLE_TRY(list_of(r->flow_node[i], key, required, &list, r->err));
    for (const gable_json *e = list ? list->child : NULL; e; e = e->next) {
        if (e->type != GABLE_JSON_STRING)
            return gable_json_fail(e, r->err, "expected the name of a %s", what);
        const named *found = find(names, n_names, e->string);
        if (!found)
            return unknown(r, e, what, names, n_names);
        to[(*n)++] = found->row;
    }
    return GABLE_OK;
}

static size_t count_children(const reader *r, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < r->out->n_flows; i++) {
        const gable_json *list = gable_json_get(r->flow_node[i], key);
        n += list ? list->n_children : 0;
    }
    return n;
}

static gable_status connect_flows(reader *r)
{
    gable_flows *f = r->out;
    size_t n_path = 0, n_after = 0;
    GABLE_TRY(gable_arena_take(r->arena, count_children(r, "path") + 1, sizeof *f->path, &f->path,
                               r->err));
    GABLE_TRY(gable_arena_take(r->arena, count_children(r, "deps") + 1, sizeof *f->after, &f->after,
                               r->err));
    for (size_t i = 0; i < f->n_flows; i++) {
        f->path_at[i] = n_path;
        f->after_at[i] = n_after;
        GABLE_TRY(read_names(r, i, "path", true, "link", r->links, f->n_links, f->path, &n_path));
        GABLE_TRY(
            read_names(r, i, "deps", false, "flow", r->flows, f->n_flows, f->after, &n_after));
    }
    f->path_at[f->n_flows] = n_path;
    f->after_at[f->n_flows] = n_after;
    return GABLE_OK;
}

/* A flow of the circle, found by walking back from any flow that never comes to its turn. */
static gable_status check_order(const reader *r)
{
    const gable_flows *f = r->out;
    enum { NEW, OPEN, DONE };
    unsigned char *state;
    size_t *stack, *next;
    GABLE_TRY(gable_arena_take(r->arena, f->n_flows + 1, sizeof *state, &state, r->err));
    GABLE_TRY(gable_arena_take(r->arena, f->n_flows + 1, sizeof *stack, &stack, r->err));
    GABLE_TRY(gable_arena_take(r->arena, f->n_flows + 1, sizeof *next, &next, r->err));
    memcpy(next, f->after_at, f->n_flows * sizeof *next);
    for (size_t i = 0, n = 0; i < f->n_flows; i++) {
        if (state[i] == NEW)
            stack[n++] = i;
        while (n) {
            size_t at = stack[n - 1];
            state[at] = OPEN;
            if (next[at] == f->after_at[at + 1]) {
                state[at] = DONE;
                n--;
                continue;
            }
            size_t before = f->after[next[at]++];
            if (state[before] == OPEN)
                return gable_json_fail(gable_json_get(r->flow_node[at], "deps"), r->err,
                                       "flows wait for each other: \"%.80s\" and \"%.80s\"",
                                       f->flow_id[at], f->flow_id[before]);
            if (state[before] == NEW)
                stack[n++] = before;
        }
    }
    return GABLE_OK;
}

static gable_status read_flows(reader *r, const gable_json *root)
{
    const gable_json *list = NULL;
    gable_flows *f = r->out;
    size_t i = 0;
    GABLE_TRY(list_of(root, "flows", true, &list, r->err));
    size_t n = f->n_flows = list->n_children;
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->flow_id, &f->flow_id, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->flow_start_s, &f->flow_start_s, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->flow_bytes, &f->flow_bytes, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->flow_count, &f->flow_count, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->path_at, &f->path_at, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *f->after_at, &f->after_at, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *r->flows, &r->flows, r->err));
    GABLE_TRY(gable_arena_take(r->arena, n + 1, sizeof *r->flow_node, &r->flow_node, r->err));
    for (const gable_json *flow = list->child; flow; flow = flow->next)
        GABLE_TRY(read_flow(r, flow, i++));
    GABLE_TRY(sort_names(r, list, "flow", r->flows, n));
    GABLE_TRY(connect_flows(r));
    return check_order(r);
}

/* The root may hold what people write about a scenario, but not a misspelt "links". */
static gable_status check_root(const gable_json *root, gable_err *err)
{
    static const char *const keys[] = {"links", "flows"};
    if (root->type != GABLE_JSON_OBJECT)
        return gable_json_fail(root, err, "expected an object with \"links\" and \"flows\"");
    for (const gable_json *k = root->child; k; k = k->next) {
        const char *near = gable_text_nearest(k->key, keys, 2);
        if (near && strcmp(near, k->key) != 0 && !gable_json_get(root, near))
            return gable_json_fail_key(k, err, "unknown key; did you mean \"%s\"?", near);
    }
    return GABLE_OK;
}

gable_status gable_flows_parse(gable_arena *arena, const gable_json *root, gable_flows *out,
                               gable_err *err)
{
    reader r = {.arena = arena, .out = out, .err = err};
    *out = (gable_flows){0};
    GABLE_TRY(check_root(root, err));
    GABLE_TRY(read_links(&r, root));
    return read_flows(&r, root);
}

gable_status gable_flows_read(gable_arena *arena, const char *path, gable_flows *out,
                              gable_err *err)
{
    const gable_json *root = NULL;
    GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_STRICT, &root, err));
    return gable_flows_parse(arena, root, out, err);
}
