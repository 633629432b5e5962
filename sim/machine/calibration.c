/* machine/calibration: see calibration.h. */
#include "machine/calibration.h"

#include <stdlib.h>
#include <string.h>

#include "machine/find.h"
#include "machine/generation.h"
#include "machine/read.h"

static const gable_kind kind_calibration = {
    .folder = "calibration",
    .what = "calibration",
    .schema = &gable_calibration_schema,
    .struct_bytes = sizeof(gable_calibration),
    .name_offset = offsetof(gable_calibration, name),
    .sources_offset = offsetof(gable_calibration, sources),
};

/* ---- reading ---- */

static gable_status read_notes(gable_arena *arena, const gable_json *root, gable_calibration *out,
                               gable_err *err)
{
    const gable_json *sources = gable_json_get(root, "sources");
    size_t count = sources ? sources->n_children : 0;
    GABLE_TRY(gable_arena_take(arena, count + 1, sizeof *out->notes, &out->notes, err));
    for (const gable_json *s = sources ? sources->child : NULL; s; s = s->next) {
        const gable_json *title = gable_json_get(s, "title"), *where = gable_json_get(s, "where");
        if (!title || !where || title->type != GABLE_JSON_STRING ||
            where->type != GABLE_JSON_STRING)
            return gable_json_fail(s, err, "expected a source with \"title\" and \"where\"");
        out->notes[out->n_notes++] = (gable_source){s->key, title->string, where->string};
    }
    return GABLE_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const gable_calibrated *x = (const gable_calibrated *)a, *y = (const gable_calibrated *)b;
    int stacks = strcmp(x->stack, y->stack);
    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    if (stacks)
        return stacks;
    if (x->weights != y->weights)
        return x->weights < y->weights ? -1 : 1;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return strcmp(x->kernel, y->kernel);
}

static int compare_notes(const void *a, const void *b)
{
    return strcmp(((const gable_source *)a)->id, ((const gable_source *)b)->id);
}

/* "constants": {"t0_us": 2.7, …}: exactly those of the family's form, each in its range. */
static gable_status read_constants(const gable_json *entry, gable_calibrated *out, gable_err *err)
{
    const gable_form *form = &gable_forms[gable_family_form((gable_family)out->family)];
    const gable_json *constants = gable_json_get(entry, "constants");
    const char *names[GABLE_PARAMETERS_CAP];
    if (!constants || constants->type != GABLE_JSON_OBJECT)
        return gable_json_fail(constants ? constants : entry, err,
                               "expected \"constants\", an object of those of the form \"%s\"",
                               form->name);
    for (int i = 0; i < form->n_parameters; i++)
        names[i] = form->parameters[i].name;
    GABLE_TRY(gable_json_check_keys(constants, names, (size_t)form->n_parameters, err));
    for (int i = 0; i < form->n_parameters; i++) {
        const gable_json *node = gable_json_get(constants, names[i]);
        if (!node || node->type != GABLE_JSON_NUMBER)
            return gable_json_fail(node ? node : constants, err, "expected a number \"%s\": %s",
                                   names[i], form->parameters[i].help);
        if (!gable_form_allows(&form->parameters[i], node->number))
            return gable_json_fail(node, err, "out of range for \"%s\": %s", names[i],
                                   form->parameters[i].help);
        out->value[i] = node->number;
    }
    return GABLE_OK;
}

static gable_status read_all_constants(const gable_json *root, gable_calibration *c, gable_err *err)
{
    const gable_json *list = gable_json_get(root, "kernels");
    int i = 0;
    for (const gable_json *entry = list ? list->child : NULL; entry; entry = entry->next, i++) {
        c->entries[i].kernel = c->entries[i].kernel ? c->entries[i].kernel : "";
        GABLE_TRY(read_constants(entry, &c->entries[i], err));
    }
    return GABLE_OK;
}

/* Two rows of one key would make the result depend on their order. */
static gable_status check_twice(const gable_json *root, const gable_calibration *c, gable_err *err)
{
    const gable_json *list = gable_json_get(root, "kernels");
    for (int i = 1; i < c->n_entries; i++)
        if (compare_entries(&c->entries[i - 1], &c->entries[i]) == 0)
            return gable_json_fail(list, err, "%s %s %s is there twice",
                                   gable_family_key((gable_family)c->entries[i].family),
                                   c->entries[i].stack,
                                   gable_dtype_name((gable_dtype)c->entries[i].weights));
    return GABLE_OK;
}

/* A key that names no family is wanted: reading refuses it. */
static bool wants_family(const void *with, const char *key, size_t n)
{
    const gable_families *families = with;
    for (int f = 0; f < GABLE_N_FAMILIES; f++) {
        const char *known = gable_family_key((gable_family)f);
        if (strncmp(known, key, n) == 0 && known[n] == '\0')
            return gable_families_have(*families, (gable_family)f);
    }
    return true;
}

gable_status gable_calibration_load(gable_arena *arena, const char *hw, const char *device,
                                    gable_calibration **out, gable_err *err)
{
    return gable_calibration_load_families(arena, hw, device, GABLE_ALL_FAMILIES, out, err);
}

gable_status gable_calibration_load_families(gable_arena *arena, const char *hw, const char *device,
                                             gable_families families, gable_calibration **out,
                                             gable_err *err)
{
    const gable_json_pick pick = {"kernels", "family", wants_family, &families};
    bool all = families == GABLE_ALL_FAMILIES;
    const gable_json *root;
    gable_calibration *c;
    *out = NULL;
    if (!gable_find_is_path(device) && !gable_find_exists(hw, "calibration", device))
        return GABLE_OK;
    GABLE_TRY(
        gable_read_picked(arena, hw, &kind_calibration, device, all ? NULL : &pick, &root, err));
    GABLE_TRY(gable_read_struct(arena, &kind_calibration, root, &c, err));
    GABLE_TRY(read_notes(arena, root, c, err));
    GABLE_TRY(gable_list_read(arena, root, "kernels", &gable_calibrated_schema, sizeof *c->entries,
                              &c->entries, &c->n_entries, err));
    GABLE_TRY(read_all_constants(root, c, err));
    qsort(c->entries, (size_t)c->n_entries, sizeof *c->entries, compare_entries);
    GABLE_TRY(check_twice(root, c, err));
    *out = c;
    return GABLE_OK;
}

/* ---- merging ---- */

static void put_entry(gable_calibration *c, const gable_calibrated *entry)
{
    for (int i = 0; i < c->n_entries; i++)
        if (compare_entries(&c->entries[i], entry) == 0) {
            c->entries[i] = *entry;
            return;
        }
    c->entries[c->n_entries++] = *entry;
}

static void put_note(gable_calibration *c, const gable_source *note)
{
    for (int i = 0; i < c->n_notes; i++)
        if (compare_notes(&c->notes[i], note) == 0) {
            c->notes[i] = *note;
            return;
        }
    c->notes[c->n_notes++] = *note;
}

gable_status gable_calibration_merge(gable_arena *arena, const gable_calibration *old,
                                     const gable_calibration *more, gable_calibration *out,
                                     gable_err *err)
{
    static const gable_calibration none;
    const gable_calibration *parts[] = {old ? old : &none, more};
    *out = (gable_calibration){.name = more->name};
    size_t n = (size_t)(parts[0]->n_entries + more->n_entries) + 1;
    size_t n_notes = (size_t)(parts[0]->n_notes + more->n_notes) + 1;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->entries, &out->entries, err));
    GABLE_TRY(gable_arena_take(arena, n_notes, sizeof *out->notes, &out->notes, err));
    for (int p = 0; p < 2; p++) {
        for (int i = 0; i < parts[p]->n_entries; i++)
            put_entry(out, &parts[p]->entries[i]);
        for (int i = 0; i < parts[p]->n_notes; i++)
            put_note(out, &parts[p]->notes[i]);
    }
    qsort(out->entries, (size_t)out->n_entries, sizeof *out->entries, compare_entries);
    qsort(out->notes, (size_t)out->n_notes, sizeof *out->notes, compare_notes);
    return GABLE_OK;
}

/* ---- writing ---- */

static void write_text(gable_text *out, const char *key, const char *value)
{
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_string(out, value);
}

static void write_entry(gable_text *out, const gable_calibrated *e)
{
    gable_text_addf(out, "    { \"family\": \"%s\"", gable_family_key((gable_family)e->family));
    write_text(out, "stack", e->stack);
    write_text(out, "version", e->version);
    write_text(out, "weights", gable_dtype_name((gable_dtype)e->weights));
    write_text(out, "unit", gable_mma_key((gable_mma)e->unit));
    if (*e->kernel)
        write_text(out, "kernel", e->kernel);
    gable_text_add(out, ",\n      \"constants\": {");
    const gable_form *form = &gable_forms[gable_family_form((gable_family)e->family)];
    for (int i = 0; i < form->n_parameters; i++)
        gable_text_addf(out, "%s\"%s\": %.4g", i ? ", " : "", form->parameters[i].name,
                        e->value[i]);
    gable_text_addf(out, "},\n      \"sigma_ln\": %.4g", e->sigma_ln);
    gable_text_addf(out,
                    ", \"n_train\": %d, \"n_test\": %d, \"median_frac\": %.3g"
                    ", \"p90_frac\": %.3g, \"bias_frac\": %.3g",
                    e->n_train, e->n_test, e->median_frac, e->p90_frac, e->bias_frac);
    write_text(out, "source", e->source);
    if (e->date)
        write_text(out, "date", e->date);
    gable_text_add(out, " }");
}

void gable_calibration_write(gable_text *out, const gable_calibration *calibration)
{
    gable_text_add(out, "{\n  \"schema\": \"gable.calibration/1\",\n  \"name\": ");
    gable_text_add_json_string(out, calibration->name);
    gable_text_add(out, ",\n  \"kernels\": [");
    for (int i = 0; i < calibration->n_entries; i++) {
        gable_text_add(out, i ? ",\n" : "\n");
        write_entry(out, &calibration->entries[i]);
    }
    gable_text_add(out, "\n  ],\n  \"sources\": {");
    for (int i = 0; i < calibration->n_notes; i++) {
        const gable_source *note = &calibration->notes[i];
        gable_text_add(out, i ? ",\n    " : "\n    ");
        gable_text_add_json_string(out, note->id);
        gable_text_add(out, ": { \"title\": ");
        gable_text_add_json_string(out, note->title);
        write_text(out, "where", note->where);
        gable_text_add(out, " }");
    }
    gable_text_add(out, "\n  }\n}\n");
}
