/* engine/diff: what made two steps differ. Fields of the scenario are exchanged one after another,
 * each field of a data file alone, and the step is priced with it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/diff.h"

enum { CAUSES_CAP = 512, LEAVES_CAP = 256, TEXT_SHOWN = 60 };

typedef struct search {
    const gable_diff_request *request;
    gable_diff *diff;
    gable_check_figures base; /* before, priced now */
    gable_check_figures here; /* what the next effect is measured from */
    const char *why_not;      /* effects cannot be measured; NULL: they can */
    bool full;                /* the arena was, and a text is missing */
    gable_err *err;
} search;

static const char *keep_text(search *s, const char *text)
{
    const char *copy = gable_arena_copy(s->request->keep, text, strlen(text));
    s->full = s->full || !copy;
    return copy ? copy : "";
}

/* ---- one cause ---- */

static gable_status add_cause(search *s, const gable_diff_cause *cause)
{
    gable_diff *diff = s->diff;
    if (diff->n_causes == CAUSES_CAP)
        return GABLE_OK; /* the text of thousands helps nobody; the rest says what they left */
    int at = diff->n_causes++;
    for (; at > 0 && fabs(diff->causes[at - 1].effect_s) < fabs(cause->effect_s); at--)
        diff->causes[at] = diff->causes[at - 1];
    diff->causes[at] = *cause;
    return GABLE_OK;
}

static bool same(double a, double b)
{
    return gable_check_within(a, b, 1e-12);
}

/* Which operators are not as in `base`; false when no figure at all moved. */
static bool weigh(const gable_check_figures *base, const gable_check_figures *now,
                  gable_diff_cause *cause)
{
    double most_s = 0.0;
    bool moved = base->bound != now->bound || base->fits != now->fits;
    cause->effect_s = now->metric[GABLE_CHECK_TIME] - base->metric[GABLE_CHECK_TIME];
    for (int i = 0; i < now->n_operators; i++) {
        double was_s = 0.0, is_s = now->operators[i].time_s;
        for (int k = 0; k < base->n_operators; k++)
            if (strcmp(base->operators[k].name, now->operators[i].name) == 0)
                was_s = base->operators[k].time_s;
        if (was_s < 0.0 || same(was_s, is_s))
            continue;
        cause->n_operators++;
        if (fabs(is_s - was_s) > most_s) {
            most_s = fabs(is_s - was_s);
            cause->most = now->operators[i].name;
        }
    }
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        if (same(base->metric[i], now->metric[i]))
            continue;
        moved = true;
        if (!cause->most)
            cause->most = gable_check_metric_keys[i];
    }
    return moved || cause->n_operators;
}

/* Prices `check` with the data of before and says what that moves from s->here. */
static gable_status try_out(search *s, const gable_check *check, gable_diff_cause *cause,
                            gable_check_figures *now, bool *moved)
{
    gable_diff_side *before = &s->diff->before;
    gable_check_source source = {before->hw, before->workloads, s->request->keep,
                                 s->request->scratch, NULL};
    gable_err why = {0};
    *moved = true;
    if (s->why_not) {
        cause->reason = s->why_not;
        return GABLE_OK;
    }
    gable_status status = gable_check_figure(&source, check, false, now, &why);
    if (status == GABLE_OK) {
        *moved = weigh(&s->here, now, cause);
        return GABLE_OK;
    }
    if (status != GABLE_INPUT || why.by_system)
        return gable_fail(s->err, status, "%s", why.text);
    cause->reason = keep_text(s, why.text);
    return GABLE_OK;
}

/* ---- fields of the scenario ---- */

static const char *value_text(search *s, const gable_field *field, const gable_check *check)
{
    char text[GABLE_NUM_TEXT_CAP];
    const void *member = (const char *)check + field->offset;
    switch (field->type) {
    case GABLE_FIELD_NUMBER:
        gable_num_print(*(const double *)member, text);
        break;
    case GABLE_FIELD_INT:
        snprintf(text, sizeof text, "%d", *(const int *)member);
        break;
    case GABLE_FIELD_CHOICE:
        return field->choices[*(const int *)member];
    case GABLE_FIELD_TEXT:
    case GABLE_FIELD_NAME:
        return *(const char *const *)member ? *(const char *const *)member : "absent";
    case GABLE_FIELD_BOOL:
        return *(const bool *)member ? "true" : "false";
    }
    return keep_text(s, text);
}

static size_t member_bytes(gable_field_type type)
{
    static const size_t bytes[] = {
        [GABLE_FIELD_NUMBER] = sizeof(double),     [GABLE_FIELD_INT] = sizeof(int),
        [GABLE_FIELD_BOOL] = sizeof(bool),         [GABLE_FIELD_TEXT] = sizeof(const char *),
        [GABLE_FIELD_NAME] = sizeof(const char *), [GABLE_FIELD_CHOICE] = sizeof(int)};
    return bytes[type];
}

/* Fields that could not be priced without one another: "system, tp". */
static const char *join(search *s, const char *first, const char *second)
{
    char text[400];
    if (!first)
        return second;
    snprintf(text, sizeof text, "%s, %s", first, second);
    return keep_text(s, text);
}

/* Applies one field of after to `mixed`; false when both have the same. */
static bool apply(search *s, const gable_field *field, gable_check *mixed, gable_diff_cause *cause)
{
    const gable_check *b = &s->diff->after.check;
    const char *was = value_text(s, field, mixed), *is = value_text(s, field, b);
    if (strcmp(field->block, "scenario") != 0 || strcmp(was, is) == 0)
        return false;
    cause->field = join(s, cause->field, field->key);
    cause->old_text = join(s, cause->old_text, was);
    cause->now_text = join(s, cause->now_text, is);
    memcpy((char *)mixed + field->offset, (const char *)b + field->offset,
           member_bytes(field->type));
    return true;
}

/* `mixed` becomes `next` when that can be priced; then its part is a cause. */
static gable_status step_to(search *s, const gable_check *next, gable_diff_cause *cause,
                            gable_check *mixed, bool *done)
{
    gable_check_figures now = {0};
    bool moved;
    GABLE_TRY(try_out(s, next, cause, &now, &moved));
    *done = !cause->reason;
    if (!*done)
        return GABLE_OK;
    *mixed = *next;
    s->here = now;
    s->diff->n_idle += !moved;
    return moved ? add_cause(s, cause) : GABLE_OK;
}

/* One field after another, in the order of the file: their effects add up. A field that cannot be
 * priced yet (a layout that the machine lacks) waits for the others; what never can goes together.
 */
static gable_status try_scenario(search *s)
{
    const gable_diff_cause none = {.kind = GABLE_DIFF_SCENARIO};
    gable_check mixed = s->diff->before.check;
    bool done, progress = true;
    while (progress) {
        progress = false;
        for (size_t i = 0; i < gable_check_schema.n_fields; i++) {
            gable_check next = mixed;
            gable_diff_cause cause = none;
            if (!apply(s, &gable_check_schema.fields[i], &next, &cause))
                continue;
            GABLE_TRY(step_to(s, &next, &cause, &mixed, &done));
            progress = progress || done;
        }
    }
    gable_check next = mixed;
    gable_diff_cause cause = none;
    for (size_t i = 0; i < gable_check_schema.n_fields; i++)
        apply(s, &gable_check_schema.fields[i], &next, &cause);
    if (!cause.field)
        return GABLE_OK;
    GABLE_TRY(step_to(s, &next, &cause, &mixed, &done));
    return done ? GABLE_OK : add_cause(s, &cause);
}

/* ---- fields of data files ---- */

/* A file that both sides have, with different bytes. */
typedef struct pair {
    const char *name;   /* "hw/accelerators/x.json" */
    const char *path_a; /* as the loaders spell it */
    const char *text_a, *text_b;
    size_t n_a, n_b;
    const gable_json *root_a, *root_b;
} pair;

static gable_status try_text(search *s, const pair *p, const char *text, size_t length_bytes,
                             gable_diff_cause *cause, bool *moved)
{
    gable_file_overlay overlay = {p->path_a, text, length_bytes};
    gable_check_figures now;
    s->request->scratch->overlay = &overlay;
    gable_status status = try_out(s, &s->diff->after.check, cause, &now, moved);
    s->request->scratch->overlay = NULL;
    return status;
}

/* The value as it is written, cut where it is long. */
static const char *leaf_text(search *s, const gable_json *node)
{
    size_t length_bytes;
    char text[TEXT_SHOWN + 8];
    if (!node)
        return "absent";
    const char *raw = gable_json_raw(node, &length_bytes);
    int n = length_bytes > TEXT_SHOWN ? TEXT_SHOWN : (int)length_bytes;
    snprintf(text, sizeof text, "%.*s%s", n, raw, length_bytes > TEXT_SHOWN ? "..." : "");
    return keep_text(s, text);
}

static gable_status try_leaf(search *s, const pair *p, const gable_diff_leaf *leaf)
{
    char path[GABLE_JSON_PATH_CAP];
    gable_text patched = {0};
    bool moved;
    gable_json_path(leaf->a ? leaf->a : leaf->b, path);
    gable_diff_cause cause = {.kind = GABLE_DIFF_DATA,
                              .file = p->name,
                              .field = keep_text(s, path),
                              .old_text = leaf_text(s, leaf->a),
                              .now_text = leaf_text(s, leaf->b)};
    gable_diff_patch(p->text_a, p->n_a, leaf, &patched);
    gable_status status = GABLE_INTERNAL;
    if (patched.failed)
        gable_fail(s->err, GABLE_INTERNAL, "out of memory");
    else
        status = try_text(s, p, patched.text, patched.length_bytes, &cause, &moved);
    gable_text_free(&patched);
    GABLE_TRY(status);
    if (moved)
        return add_cause(s, &cause);
    s->diff->n_idle++;
    return GABLE_OK;
}

/* The whole file first: most files of the folder have no part in this step. */
static gable_status try_file(search *s, const pair *p)
{
    gable_diff_leaf *leaves;
    gable_diff_cause whole = {.kind = GABLE_DIFF_DATA, .file = p->name};
    bool moved;
    GABLE_TRY(gable_arena_take(s->request->keep, LEAVES_CAP, sizeof *leaves, &leaves, s->err));
    size_t n = gable_diff_leaves(p->root_a, p->root_b, leaves, LEAVES_CAP);
    GABLE_TRY(try_text(s, p, p->text_b, p->n_b, &whole, &moved));
    if (!moved) {
        s->diff->n_idle += (int)n;
        return GABLE_OK;
    }
    if (n > LEAVES_CAP || n == 0) {
        whole.old_text = whole.now_text = "many fields";
        return add_cause(s, &whole);
    }
    for (size_t i = 0; i < n; i++)
        GABLE_TRY(try_leaf(s, p, &leaves[i]));
    return GABLE_OK;
}

/* Whether both sides have the file and it is not the same; then both texts are parsed. */
static gable_status read_pair(search *s, const char *folder_a, const char *folder_b,
                              const char *file, pair *p, bool *differs)
{
    gable_arena *keep = s->request->keep;
    gable_json_flags flags = GABLE_JSON_PYTHON; /* of published configs; the loaders are stricter */
    p->path_a = gable_file_join(keep, folder_a, file);
    const char *path_b = gable_file_join(keep, folder_b, file);
    if (!p->path_a || !path_b)
        return gable_fail(s->err, GABLE_INTERNAL, "arena full");
    *differs = false;
    if (!gable_file_exists(path_b))
        return GABLE_OK;
    GABLE_TRY(
        gable_file_read(keep, p->path_a, GABLE_FILE_CAP_JSON_BYTES, &p->text_a, &p->n_a, s->err));
    GABLE_TRY(
        gable_file_read(keep, path_b, GABLE_FILE_CAP_JSON_BYTES, &p->text_b, &p->n_b, s->err));
    *differs = p->n_a != p->n_b || memcmp(p->text_a, p->text_b, p->n_a) != 0;
    if (!*differs)
        return GABLE_OK;
    GABLE_TRY(gable_json_parse(keep, p->path_a, p->text_a, p->n_a, flags, &p->root_a, s->err));
    return gable_json_parse(keep, path_b, p->text_b, p->n_b, flags, &p->root_b, s->err);
}

static gable_status try_folder(search *s, const char *room, const char *a, const char *b,
                               const char *name)
{
    gable_arena *keep = s->request->keep;
    const char *const *files;
    size_t n;
    char label[300];
    const char *folder_a = gable_file_join(keep, a, name);
    const char *folder_b = gable_file_join(keep, b, name);
    if (!folder_a || !folder_b)
        return gable_fail(s->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(keep, folder_a, ".json", &files, &n, s->err));
    for (size_t i = 0; i < n; i++) {
        pair p = {0};
        bool differs;
        size_t mark = gable_arena_mark(keep);
        snprintf(label, sizeof label, "%s/%s/%s", room, name, files[i]);
        p.name = keep_text(s, label);
        GABLE_TRY(read_pair(s, folder_a, folder_b, files[i], &p, &differs));
        if (differs)
            GABLE_TRY(try_file(s, &p));
        else
            gable_arena_release(keep, mark);
    }
    return GABLE_OK;
}

/* Folders whose files a step is priced from. */
static gable_status try_data(search *s)
{
    static const char *const folders[] = {"accelerators", "calibration", "cpus",   "generations",
                                          "links",        "stacks",      "systems"};
    const gable_diff_side *a = &s->diff->before, *b = &s->diff->after;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        GABLE_TRY(try_folder(s, "hw", a->hw, b->hw, folders[i]));
    return try_folder(s, "workloads", a->workloads, b->workloads, "models");
}

/* ---- what has no field: hashes, the program ---- */

/* Files are compared only where both scenarios name the same one. */
static void compare_hashes(gable_diff *diff)
{
    const gable_check *a = &diff->before.check, *b = &diff->after.check;
    bool same_model = strcmp(a->model, b->model) == 0, same_stack = strcmp(a->stack, b->stack) == 0;
    bool same_system = strcmp(a->system, b->system) == 0;
    const bool comparable[GABLE_N_CHECK_DATA] = {
        [GABLE_CHECK_DATA_MODEL] = same_model,        [GABLE_CHECK_DATA_SYSTEM] = same_system,
        [GABLE_CHECK_DATA_ACCELERATOR] = same_system, [GABLE_CHECK_DATA_GENERATION] = same_system,
        [GABLE_CHECK_DATA_STACK] = same_stack,        [GABLE_CHECK_DATA_CALIBRATION] = true,
        [GABLE_CHECK_DATA_CHECKPOINTS] = true};
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        uint64_t was = diff->before.figures.hash[i], is = diff->after.figures.hash[i];
        diff->data_moved[i] = comparable[i] && was && is && was != is;
    }
}

static bool any_data_moved(const gable_diff *diff)
{
    bool any = false;
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++)
        any = any || diff->data_moved[i];
    return any;
}

/* Files of before that are not those it was recorded with: "accelerator, stack"; NULL: all are. */
static const char *other_data(search *s)
{
    const char *list = NULL;
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        uint64_t was = s->diff->before.figures.hash[i], is = s->base.hash[i];
        if (was && is && was != is)
            list = join(s, list, gable_check_data_keys[i]);
    }
    return list;
}

/* What the program does otherwise with the same scenario and the same data: where those are known
 * to be the same. */
static gable_status try_program(search *s)
{
    const gable_diff *diff = s->diff;
    const gable_check_figures *was = &diff->before.figures, *now = &s->base;
    gable_diff_cause cause = {.kind = GABLE_DIFF_PROGRAM,
                              .old_text = was->program ? was->program : "unknown",
                              .now_text = diff->after.figures.program};
    if (!diff->before.has[GABLE_CHECK_TIME] || diff->before.is_priced)
        return GABLE_OK;
    if (!diff->data_known && (any_data_moved(diff) || !was->program))
        return GABLE_OK;
    if (!diff->after.is_priced && !diff->data_known) {
        if (diff->n_causes) /* both recorded: known only when nothing else differs */
            return GABLE_OK;
        now = &diff->after.figures;
    } else if (s->why_not) {
        return GABLE_OK;
    }
    cause.now_text = cause.now_text ? cause.now_text : "unknown";
    cause.field = other_data(s);
    weigh(was, now, &cause);
    return gable_check_within(was->metric[GABLE_CHECK_TIME], now->metric[GABLE_CHECK_TIME],
                              gable_check_tolerance)
               ? GABLE_OK
               : add_cause(s, &cause);
}

/* ---- all of it ---- */

/* Before, priced now: effects are measured from it. */
static gable_status price_base(search *s)
{
    gable_diff_side *before = &s->diff->before;
    gable_check_source source = {before->hw, before->workloads, s->request->keep,
                                 s->request->scratch, NULL};
    gable_err why = {0};
    gable_status status = gable_check_figure(&source, &before->check, true, &s->base, &why);
    double was_s = before->figures.metric[GABLE_CHECK_TIME];
    if (status != GABLE_OK && (status != GABLE_INPUT || why.by_system))
        return gable_fail(s->err, status, "%s", why.text);
    if (status == GABLE_INPUT) {
        s->why_not = keep_text(s, why.text);
        return GABLE_OK;
    }
    s->here = s->base;
    s->diff->base_s = s->base.metric[GABLE_CHECK_TIME];
    if (before->answers && !gable_check_within(was_s, s->diff->base_s, gable_check_tolerance)) {
        s->diff->base_s = (double)NAN;
        s->why_not = "priced from what the answer says of its scenario, it takes another time";
    }
    return GABLE_OK;
}

gable_status gable_diff_find_causes(const gable_diff_request *request, gable_diff *diff,
                                    gable_err *err)
{
    search s = {.request = request, .diff = diff, .err = err};
    const gable_check_figures *was = &diff->before.figures, *is = &diff->after.figures;
    GABLE_TRY(
        gable_arena_take(request->keep, CAUSES_CAP, sizeof *diff->causes, &diff->causes, err));
    diff->data_known = request->data_before != NULL;
    compare_hashes(diff);
    GABLE_TRY(price_base(&s));
    GABLE_TRY(try_scenario(&s));
    if (diff->data_known)
        GABLE_TRY(try_data(&s));
    GABLE_TRY(try_program(&s));
    if (s.full)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    diff->rest_s = is->metric[GABLE_CHECK_TIME] - was->metric[GABLE_CHECK_TIME];
    for (int i = 0; i < diff->n_causes; i++)
        diff->rest_s -= diff->causes[i].effect_s;
    if (fabs(diff->rest_s) <= gable_check_tolerance * fabs(is->metric[GABLE_CHECK_TIME]))
        diff->rest_s = 0.0;
    return GABLE_OK;
}
