/* machine/direction: see direction.h. */
#include "machine/direction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "machine/find.h"

static const char schema_id[] = "gable.direction/1";

static gable_status read_text(const gable_json *root, const char *key, const char **out,
                              gable_err *err)
{
    const gable_json *node = gable_json_get(root, key);
    if (!node)
        return gable_json_fail(root, err, "missing key \"%s\"", key);
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    *out = node->string;
    return GABLE_OK;
}

static gable_status read_number(const gable_json *root, const char *key, double low, double high,
                                double *out, gable_err *err)
{
    const gable_json *node = gable_json_get(root, key);
    if (!node)
        return GABLE_OK;
    if (node->type != GABLE_JSON_NUMBER || node->number < low || node->number > high)
        return gable_json_fail(node, err, "expected a number from %g to %g", low, high);
    *out = node->number;
    return GABLE_OK;
}

/* {"FIELD": "VALUE", …} as "FIELD=VALUE" strings. */
static gable_status read_edits(gable_arena *arena, const gable_json *root, const char *key,
                               const char **edits, int *n, gable_err *err)
{
    const gable_json *object = gable_json_get(root, key);
    if (!object)
        return GABLE_OK;
    if (object->type != GABLE_JSON_OBJECT)
        return gable_json_fail(object, err, "expected an object of fields, got %s",
                               gable_json_type_text(object->type));
    for (const gable_json *edit = object->child; edit; edit = edit->next) {
        char text[256];
        gable_edit_field field[GABLE_EDIT_FIELDS_CAP];
        gable_err path = {0};
        int n_found;
        if (edit->type != GABLE_JSON_STRING)
            return gable_json_fail(edit, err, "expected a value such as \"x2\" or \"8 TB/s\"");
        if (*n == GABLE_DIRECTION_EDITS_CAP)
            return gable_json_fail(edit, err, "more than %d edits", GABLE_DIRECTION_EDITS_CAP);
        if (gable_edit_find_all(edit->key, field, GABLE_EDIT_FIELDS_CAP, &n_found, &path) !=
            GABLE_OK)
            return gable_json_fail_key(edit, err, "%s", path.text);
        int length = snprintf(text, sizeof text, "%s=%s", edit->key, edit->string);
        if (length < 0 || (size_t)length >= sizeof text)
            return gable_json_fail(edit, err, "longer than any value");
        edits[*n] = gable_arena_copy(arena, text, (size_t)length);
        if (!edits[(*n)++])
            return gable_fail(err, GABLE_INTERNAL, "arena full");
    }
    return GABLE_OK;
}

static gable_status read_direction(gable_arena *arena, const gable_json *root, gable_direction *out,
                                   gable_err *err)
{
    static const char *const keys[] = {"schema", "name", "title",       "text",
                                       "assume", "set",  "every_years", "until_year"};
    const char *id;
    if (root->type != GABLE_JSON_OBJECT)
        return gable_json_fail(root, err, "expected an object, got %s",
                               gable_json_type_text(root->type));
    GABLE_TRY(gable_json_check_keys(root, keys, sizeof keys / sizeof keys[0], err));
    GABLE_TRY(read_text(root, "schema", &id, err));
    if (strcmp(id, schema_id) != 0)
        return gable_json_fail(gable_json_get(root, "schema"), err, "expected \"%s\"", schema_id);
    GABLE_TRY(read_text(root, "name", &out->name, err));
    GABLE_TRY(read_text(root, "title", &out->title, err));
    GABLE_TRY(read_text(root, "text", &out->text, err));
    GABLE_TRY(read_edits(arena, root, "assume", out->assume, &out->n_assume, err));
    GABLE_TRY(read_edits(arena, root, "set", out->set, &out->n_set, err));
    GABLE_TRY(read_number(root, "every_years", 0.1, 100.0, &out->every_years, err));
    GABLE_TRY(read_number(root, "until_year", 2000.0, 2100.0, &out->until_year, err));
    return out->n_set > 0 ? GABLE_OK
                          : gable_json_fail(root, err, "no \"set\": nothing would change");
}

gable_status gable_direction_names(gable_arena *arena, const char *folder,
                                   const char *const **names, size_t *n, gable_err *err)
{
    return gable_find_names(arena, folder, ".", names, n, err);
}

gable_status gable_direction_load(gable_arena *arena, const char *folder, const char *name,
                                  const gable_direction **out, gable_err *err)
{
    const gable_json *root;
    gable_direction *direction;
    const char *path = name;
    if (!gable_find_is_path(name))
        GABLE_TRY(gable_find_file(arena, folder, ".", "direction", name, &path, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *direction, &direction, err));
    GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_STRICT, &root, err));
    GABLE_TRY(read_direction(arena, root, direction, err));
    *out = direction;
    return GABLE_OK;
}

gable_status gable_direction_assume(const gable_direction *direction, gable_edit *edit,
                                    gable_edited_list *done, gable_err *err)
{
    for (int i = 0; i < direction->n_assume; i++) {
        char path[2 * GABLE_EDIT_PATH_CAP];
        gable_edit_field field;
        const char *text = direction->assume[i];
        snprintf(path, sizeof path, "%.*s", (int)strcspn(text, "="), text);
        GABLE_TRY(gable_edit_find(path, &field, err));
        if (gable_edit_get(edit, &field) == 0.0)
            GABLE_TRY(gable_edit_apply_known(edit, text, done, err));
    }
    return GABLE_OK;
}

/* "PATH=x3" over `power` periods. */
static gable_status grow(gable_arena *arena, const char *text, double power, const char **out,
                         gable_err *err)
{
    char grown[256], *end;
    const char *value = strchr(text, '=') + 1;
    double factor = *value == 'x' ? strtod(value + 1, &end) : 0.0;
    if (*value != 'x' || *end != '\0' || factor <= 0.0)
        return gable_fail(err, GABLE_INPUT, "%.80s: a trend needs factors, such as x1.6", text);
    int n =
        snprintf(grown, sizeof grown, "%.*sx%.17g", (int)(value - text), text, pow(factor, power));
    *out = gable_arena_copy(arena, grown, (size_t)n);
    return *out ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

gable_status gable_direction_apply(gable_arena *arena, const gable_direction *direction,
                                   double year, gable_edit *edit, gable_edited_list *done,
                                   gable_err *err)
{
    double from = edit->base.accelerator->year;
    double until = year > 0.0 ? year : direction->until_year;
    if (direction->every_years > 0.0 && until < from)
        return gable_fail(err, GABLE_INPUT, "%s is of %.0f, after %.0f: nothing to project",
                          edit->base.accelerator->name, from, until);
    for (int i = 0; i < direction->n_set; i++) {
        const char *text = direction->set[i];
        if (direction->every_years > 0.0)
            GABLE_TRY(grow(arena, text, (until - from) / direction->every_years, &text, err));
        GABLE_TRY(gable_edit_apply_known(edit, text, done, err));
    }
    return GABLE_OK;
}
