/* machine/edit: see edit.h. Paths, copies and members; values as text are in edit_text.c, what
 * follows from a field in edit_follow.c. */
#include "machine/edit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "machine/edit_follow.h"

/* ---- the fields ---- */

#define KNOB(block_, key_, dim_, member, max_, help_)                                              \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_NUMBER, .dim = GABLE_DIM_##dim_,     \
        .offset = offsetof(gable_edit_knobs, member), .max = (max_), .help = (help_)               \
    }

static const gable_field knob_rows[] = {
    KNOB("kernels", "gap", SECONDS, gap_s_per_layer, 1e-2, "Between the kernels of one layer, s."),
    KNOB("scale_up", "step", NONE, scale_up_step_frac, 1e3,
         "Latency of a collective's step and of each further rank, of what was fitted."),
    KNOB("scale_out", "step", NONE, scale_out_step_frac, 1e3,
         "Latency of a collective's step between nodes, of what was fitted."),
    KNOB("collectives", "base", NONE, collective_base_frac, 1e3,
         "What a collective costs before it sends, of what was fitted."),
};
static const gable_schema knob_schema = {.fields = knob_rows,
                                         .n_fields = sizeof knob_rows / sizeof knob_rows[0]};

static const struct {
    const char *name;
    const gable_schema *schema;
} parts[GABLE_EDIT_N_PARTS] = {
    [GABLE_EDIT_ACCELERATOR] = {"accelerator", &gable_accelerator_schema},
    [GABLE_EDIT_SYSTEM] = {"system", &gable_system_schema},
    [GABLE_EDIT_HOST] = {"host", &gable_cpu_schema},
    [GABLE_EDIT_CONSTANTS] = {"constants", &knob_schema},
};

/* Names, and what a description says of itself, are nothing to edit. */
static bool editable(const gable_field *row)
{
    bool text = row->type == GABLE_FIELD_TEXT || row->type == GABLE_FIELD_NAME;
    return !text && *row->block != '\0' && strcmp(row->key, "reference") != 0;
}

/* Calls `visit` with each field in turn until it says that it has seen enough. */
typedef bool visit_field(const gable_edit_field *field, void *context);

static void visit(visit_field *each, void *context)
{
    gable_edit_field field = {.index = 0};
    for (int part = 0; part < GABLE_EDIT_N_PARTS; part++)
        for (size_t i = 0; i < parts[part].schema->n_fields; i++) {
            const gable_field *row = &parts[part].schema->fields[i];
            if (!editable(row))
                continue;
            field.part = (gable_edit_part)part;
            field.row = row;
            snprintf(field.path, sizeof field.path, "%s.%s.%s", parts[part].name, row->block,
                     row->key);
            if (each(&field, context))
                return;
            field.index++;
        }
}

static bool count_one(const gable_edit_field *field, void *context)
{
    *(int *)context = field->index + 1;
    return false;
}

int gable_edit_count(void)
{
    int n = 0;
    visit(count_one, &n);
    return n;
}

typedef struct wanted {
    const char *pattern;
    bool short_form; /* the part is left out */
    gable_edit_field *out;
    int cap, n, index;
} wanted;

static bool take_index(const gable_edit_field *field, void *context)
{
    wanted *w = context;
    if (field->index != w->index)
        return false;
    *w->out = *field;
    return true;
}

void gable_edit_at(int index, gable_edit_field *out)
{
    wanted w = {.out = out, .index = index};
    visit(take_index, &w);
}

/* '*' stands for any run of characters. Only the last one is tried anew: what fits behind an
 * earlier one fits as well behind it when it took less, so time is of length x length at most. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *taken = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            taken = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++taken;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool take_match(const gable_edit_field *field, void *context)
{
    wanted *w = context;
    const char *path = field->path + (w->short_form ? strcspn(field->path, ".") + 1 : 0);
    if (!matches(w->pattern, path))
        return false;
    if (w->n < w->cap)
        w->out[w->n] = *field;
    w->n++;
    return false;
}

/* ---- near misses ---- */

typedef struct near_miss {
    char path[GABLE_EDIT_FIELDS_CAP][GABLE_EDIT_PATH_CAP];
    const char *list[2 * GABLE_EDIT_FIELDS_CAP]; /* in full, and without their parts */
    int n;
    const char *last; /* step of the path that was asked for */
    const char *same; /* the first field that ends in it */
} near_miss;

static bool add_candidate(const gable_edit_field *field, void *context)
{
    near_miss *m = context;
    char *copy = m->path[m->n];
    snprintf(copy, GABLE_EDIT_PATH_CAP, "%s", field->path);
    const char **pair = &m->list[2 * (size_t)m->n];
    pair[0] = copy;
    pair[1] = copy + strcspn(copy, ".") + 1;
    if (!m->same && strcmp(field->row->key, m->last) == 0)
        m->same = copy;
    return ++m->n == GABLE_EDIT_FIELDS_CAP;
}

static gable_status refuse_path(const char *path, gable_err *err)
{
    near_miss m = {.n = 0};
    const char *dot = strrchr(path, '.');
    m.last = dot ? dot + 1 : path;
    visit(add_candidate, &m);
    const char *near = gable_text_nearest(path, m.list, 2 * (size_t)m.n);
    if (!near)
        near = m.same;
    if (near)
        return gable_fail(err, GABLE_INPUT, "unknown field \"%.80s\"; did you mean \"%s\"?", path,
                          near);
    return gable_fail(err, GABLE_INPUT,
                      "unknown field \"%.80s\", expected a path such as accelerator.hbm.bandwidth; "
                      "`gable whatif --fields` lists them",
                      path);
}

static gable_status refuse_ambiguous(const char *path, const gable_edit_field *found,
                                     gable_err *err)
{
    return gable_fail(err, GABLE_INPUT, "field \"%.80s\" is in several parts, expected %s or %s",
                      path, found[0].path, found[1].path);
}

gable_status gable_edit_find_all(const char *pattern, gable_edit_field *out, int cap, int *n,
                                 gable_err *err)
{
    wanted w = {.pattern = pattern, .out = out, .cap = cap};
    visit(take_match, &w);
    if (w.n == 0) {
        w.short_form = true;
        visit(take_match, &w);
    }
    *n = w.n < cap ? w.n : cap;
    return w.n > 0 ? GABLE_OK : refuse_path(pattern, err);
}

gable_status gable_edit_find(const char *path, gable_edit_field *out, gable_err *err)
{
    gable_edit_field found[2];
    int n;
    if (strchr(path, '*'))
        return refuse_path(path, err);
    GABLE_TRY(gable_edit_find_all(path, found, 2, &n, err));
    if (n > 1)
        return refuse_ambiguous(path, found, err);
    *out = found[0];
    return GABLE_OK;
}

/* ---- the copy ---- */

/* Collectives' kernels, one copy of each that columns share. */
static gable_status copy_kernels(gable_arena *arena, gable_edit *e, gable_err *err)
{
    enum { CAP = 512 };
    gable_family *family;
    GABLE_TRY(gable_arena_take(arena, CAP, sizeof *e->kernel, &e->kernel, err));
    GABLE_TRY(gable_arena_take(arena, CAP, sizeof *e->fitted, &e->fitted, err));
    GABLE_TRY(gable_arena_take(arena, CAP, sizeof *family, &family, err));
    e->family = family;
    for (int f = GABLE_FAMILY_ALL_REDUCE; f <= GABLE_FAMILY_MOE_PREPARE; f++)
        for (int d = 0; d < GABLE_N_DTYPES; d++)
            for (int u = 0; u < GABLE_N_MMA; u++) {
                const gable_kernel_constants **at = &e->constants->kernel[f][d][u];
                int k = e->n_kernels - 1;
                while (k >= 0 && (e->fitted[k] != *at || (int)family[k] != f))
                    k--;
                if (k < 0 && *at && e->n_kernels < CAP) {
                    k = e->n_kernels++;
                    e->fitted[k] = *at;
                    e->kernel[k] = **at;
                    family[k] = (gable_family)f;
                }
                if (k >= 0)
                    *at = &e->kernel[k];
            }
    return GABLE_OK;
}

/* Each part's sources, where it has any. */
static const char *const *base_sources(const gable_edit *e, int part)
{
    const gable_system *system = e->base.system;
    const char *const *const of[GABLE_EDIT_CONSTANTS] = {
        e->base.accelerator->sources, system->sources, system->host ? system->host->sources : NULL};
    return of[part];
}

static gable_status take_sources(gable_arena *arena, gable_edit *e, gable_err *err)
{
    for (int part = 0; part < GABLE_EDIT_CONSTANTS; part++)
        if (base_sources(e, part))
            GABLE_TRY(gable_arena_take(arena, parts[part].schema->n_fields, sizeof(const char *),
                                       &e->sources[part], err));
    return GABLE_OK;
}

static void copy_sources(gable_edit *e)
{
    for (int part = 0; part < GABLE_EDIT_CONSTANTS; part++)
        if (e->sources[part])
            memcpy(e->sources[part], base_sources(e, part),
                   parts[part].schema->n_fields * sizeof(const char *));
    e->accelerator.sources = e->sources[GABLE_EDIT_ACCELERATOR];
    e->system.sources = e->sources[GABLE_EDIT_SYSTEM];
    e->host.sources = e->sources[GABLE_EDIT_HOST];
}

static void copy_values(gable_edit *e)
{
    e->accelerator = *e->base.accelerator;
    e->system = *e->base.system;
    if (e->base.system->host)
        e->host = *e->base.system->host;
    e->system.accelerator = &e->accelerator;
    e->system.host = e->base.system->host ? &e->host : NULL;
    e->knobs = e->base_knobs;
    copy_sources(e);
    e->own_usable = e->own_scale_up = e->own_power = false;
}

gable_status gable_edit_open(gable_arena *arena, const gable_machine *base, gable_edit *out,
                             gable_err *err)
{
    *out = (gable_edit){.base = *base};
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *out->constants, &out->constants, err));
    *out->constants = *base->constants;
    out->base_knobs = (gable_edit_knobs){.gap_s_per_layer = base->constants->gap_s_per_layer,
                                         .scale_up_step_frac = 1.0,
                                         .scale_out_step_frac = 1.0,
                                         .collective_base_frac = 1.0};
    GABLE_TRY(copy_kernels(arena, out, err));
    GABLE_TRY(take_sources(arena, out, err));
    copy_values(out);
    out->machine = (gable_machine){.system = &out->system,
                                   .accelerator = &out->accelerator,
                                   .constants = out->constants,
                                   .n_nodes = base->n_nodes};
    return GABLE_OK;
}

/* ---- values ---- */

static void *part_of(gable_edit *e, gable_edit_part part)
{
    void *const at[GABLE_EDIT_N_PARTS] = {&e->accelerator, &e->system, &e->host, &e->knobs};
    return at[part];
}

static const void *base_of(const gable_edit *e, gable_edit_part part)
{
    const void *const at[GABLE_EDIT_N_PARTS] = {e->base.accelerator, e->base.system,
                                                e->base.system->host, &e->base_knobs};
    return at[part];
}

static double read_member(const void *object, const gable_field *row)
{
    const char *member = (const char *)object + row->offset;
    if (row->type == GABLE_FIELD_NUMBER)
        return *(const double *)(const void *)member;
    return row->type == GABLE_FIELD_BOOL ? *(const bool *)(const void *)member
                                         : *(const int *)(const void *)member;
}

static void write_member(void *object, const gable_field *row, double value)
{
    char *member = (char *)object + row->offset;
    if (row->type == GABLE_FIELD_NUMBER)
        *(double *)(void *)member = value;
    else if (row->type == GABLE_FIELD_BOOL)
        *(bool *)(void *)member = value > 0.0;
    else
        *(int *)(void *)member = (int)value;
}

double gable_edit_get_base(const gable_edit *edit, const gable_edit_field *field)
{
    const void *object = base_of(edit, field->part);
    return object ? read_member(object, field->row) : 0.0;
}

double gable_edit_get(const gable_edit *edit, const gable_edit_field *field)
{
    const void *const at[GABLE_EDIT_N_PARTS] = {&edit->accelerator, &edit->system, &edit->host,
                                                &edit->knobs};
    return read_member(at[field->part], field->row);
}

void gable_edit_set(gable_edit *edit, const gable_edit_field *field, double value)
{
    write_member(part_of(edit, field->part), field->row, value);
    if (field->part < GABLE_EDIT_CONSTANTS && edit->sources[field->part])
        edit->sources[field->part][field->row - parts[field->part].schema->fields] = "edit";
    gable_edit_follow(edit, field);
}

void gable_edit_reset(gable_edit *edit)
{
    copy_values(edit);
    gable_edit_follow(edit, NULL);
}

/* ---- checks ---- */

/* A what-if goes beyond what exists: how far the bands of the files are widened. */
static const double beyond = 1e3;

static gable_status check_range(const gable_edit_field *field, double value, gable_err *err)
{
    const gable_field *row = field->row;
    char low[GABLE_UNITS_TEXT_CAP], high[GABLE_UNITS_TEXT_CAP];
    bool wide = row->type == GABLE_FIELD_NUMBER && row->dim != GABLE_DIM_NONE;
    double least = wide ? row->min / beyond : row->min;
    double most = wide ? row->max * beyond : row->max;
    bool open = row->min == 0.0 && row->max == 0.0;
    if (isfinite(value) && value >= least && (open || value <= most))
        return GABLE_OK;
    return gable_fail(err, GABLE_INPUT, "%s: out of range, expected %s to %s", field->path,
                      gable_units_print(least, row->dim, 6, low),
                      gable_units_print(open ? 1e30 : most, row->dim, 6, high));
}

gable_status gable_edit_check(const gable_edit *edit, const gable_edit_field *field, double value,
                              gable_err *err)
{
    const gable_system *system = edit->base.system;
    if (field->part == GABLE_EDIT_HOST && !system->host)
        return gable_fail(err, GABLE_INPUT, "%s: %s has no host", field->path, system->name);
    if (field->row->type == GABLE_FIELD_BOOL || field->row->type == GABLE_FIELD_CHOICE)
        return GABLE_OK;
    if (field->row->type == GABLE_FIELD_INT && value != floor(value))
        return gable_fail(err, GABLE_INPUT, "%s: expected a whole number", field->path);
    return check_range(field, value, err);
}

gable_status gable_edit_check_whole(const gable_edit *edit, gable_err *err)
{
    const gable_system *s = &edit->system;
    bool alone = s->fabric == GABLE_FABRIC_NONE;
    if (alone != (s->n_accelerators == 1))
        return gable_fail(err, GABLE_INPUT,
                          "system.scale_up.fabric \"%s\" with system.devices.count %d",
                          gable_fabrics[s->fabric], s->n_accelerators);
    if (!alone && s->scale_up_bytes_per_s <= 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s: no rate between devices, expected system.scale_up.bandwidth too",
                          s->name);
    return GABLE_OK;
}
