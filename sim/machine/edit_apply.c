/* machine/edit_apply: "PATH=VALUE" of a command line or a file of configs/whatif. */
#include <stdio.h>
#include <string.h>

#include "machine/edit.h"

static gable_edited *find_done(gable_edited_list *done, int index)
{
    for (int i = 0; i < done->n; i++)
        if (done->item[i].field.index == index)
            return &done->item[i];
    return NULL;
}

static gable_status set_one(gable_edit *edit, const gable_edit_field *field, const char *text,
                            gable_edited_list *done, gable_err *err)
{
    double value = 0.0, before = gable_edit_get(edit, field);
    GABLE_TRY(gable_edit_parse(edit, field, text, &value, err));
    GABLE_TRY(gable_edit_check(edit, field, value, err));
    gable_edit_set(edit, field, value);
    gable_edited *mine = find_done(done, field->index);
    if (mine)
        mine->after = value;
    if (mine || value == before) /* what is as it was is no edit */
        return GABLE_OK;
    if (done->n == GABLE_EDITED_CAP)
        return gable_fail(err, GABLE_INPUT, "more than %d fields are edited", GABLE_EDITED_CAP);
    done->item[done->n++] = (gable_edited){*field, before, value};
    return GABLE_OK;
}

/* The factor of a figure that is not published is none; a path with '*' goes past it. */
static bool skips(const gable_edit *edit, const gable_edit_field *field, const char *text)
{
    bool relative = *text == 'x' || *text == '*' || *text == '+' || *text == '-';
    bool none = field->part == GABLE_EDIT_HOST && !edit->base.system->host;
    return none || (relative && gable_edit_get(edit, field) == 0.0);
}

static gable_status apply(gable_edit *edit, const char *assignment, gable_edited_list *done,
                          int *n_set, gable_err *err)
{
    gable_edit_field found[GABLE_EDIT_FIELDS_CAP];
    char path[2 * GABLE_EDIT_PATH_CAP];
    const char *equals = strchr(assignment, '=');
    int n = 1;
    if (!equals)
        return gable_fail(
            err, GABLE_INPUT,
            "\"%.80s\": expected FIELD=VALUE, such as accelerator.hbm.bandwidth=8TB/s", assignment);
    snprintf(path, sizeof path, "%.*s", (int)(equals - assignment), assignment);
    bool many = strchr(path, '*') != NULL;
    if (many)
        GABLE_TRY(gable_edit_find_all(path, found, GABLE_EDIT_FIELDS_CAP, &n, err));
    else
        GABLE_TRY(gable_edit_find(path, found, err));
    for (int i = 0; i < n; i++) {
        if (many && skips(edit, &found[i], equals + 1))
            continue;
        GABLE_TRY(set_one(edit, &found[i], equals + 1, done, err));
        ++*n_set;
    }
    return GABLE_OK;
}

gable_status gable_edit_apply(gable_edit *edit, const char *assignment, gable_edited_list *done,
                              gable_err *err)
{
    int n_set = 0;
    GABLE_TRY(apply(edit, assignment, done, &n_set, err));
    return n_set > 0 ? GABLE_OK
                     : gable_fail(err, GABLE_INPUT, "%.80s: none of these is published for %s",
                                  assignment, edit->base.system->name);
}

gable_status gable_edit_apply_known(gable_edit *edit, const char *assignment,
                                    gable_edited_list *done, gable_err *err)
{
    int n_set = 0;
    return apply(edit, assignment, done, &n_set, err);
}
