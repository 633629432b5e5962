/* machine/edit_text: values of fields as people write and read them: see edit.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/edit.h"

static gable_status refuse_change(const gable_edit_field *field, const char *text, gable_err *err)
{
    return gable_fail(err, GABLE_INPUT,
                      "%s: \"%.60s\" is no change, expected such as x2, +10%% or x10 hbm.capacity",
                      field->path, text);
}

/* The field whose value a factor takes: behind a blank, else the field itself. */
static gable_status find_operand(const gable_edit_field *field, const char *rest,
                                 gable_edit_field *of, gable_err *err)
{
    *of = *field;
    if (*rest != ' ')
        return GABLE_OK;
    GABLE_TRY(gable_edit_find(rest + 1, of, err));
    if (of->row->dim != field->row->dim || of->row->type == GABLE_FIELD_CHOICE)
        return gable_fail(err, GABLE_INPUT, "%s and %s are of different dimensions", field->path,
                          of->path);
    return GABLE_OK;
}

/* "x1.6", "x10 hbm.capacity" or "+10%" as a factor by / over; false when it is no change at all. */
static bool read_factor(const char *text, double *by, double *over, const char **rest)
{
    char *end;
    bool factor = *text == 'x' || *text == '*';
    double given = strtod(text + factor, &end);
    if (end == text + factor || !isfinite(given))
        return false;
    *rest = end;
    *over = factor ? 1.0 : 100.0; /* +10 % of 10 is 11, to the last digit */
    if (factor) {
        *by = given;
        return given >= 0.0 && (*end == '\0' || *end == ' ');
    }
    *by = 100.0 + given;
    return *by >= 0.0 && strcmp(end, "%") == 0;
}

static bool is_relative(const char *text)
{
    size_t n = strlen(text);
    bool percent = (*text == '+' || *text == '-') && n > 2 && text[n - 1] == '%';
    return *text == 'x' || *text == '*' || percent;
}

static gable_status parse_relative(const gable_edit *edit, const gable_edit_field *field,
                                   const char *text, double *value, gable_err *err)
{
    double by, over;
    const char *rest = "";
    gable_edit_field of;
    if (!read_factor(text, &by, &over, &rest))
        return refuse_change(field, text, err);
    GABLE_TRY(find_operand(field, rest, &of, err));
    double now = gable_edit_get(edit, &of);
    if (now == 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s is not published for %s, expected a value, not a change", of.path,
                          edit->base.system->name);
    *value = now * by / over;
    return GABLE_OK;
}

static gable_status parse_choice(const gable_edit_field *field, const char *const *choices,
                                 const char *text, double *value, gable_err *err)
{
    char list[200] = "";
    size_t n = 0;
    for (; choices[n]; n++) {
        size_t used = strlen(list);
        if (strcmp(choices[n], text) == 0) {
            *value = (double)n;
            return GABLE_OK;
        }
        snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", choices[n]);
    }
    return gable_fail(err, GABLE_INPUT, "%s: \"%.40s\" is not one of %s", field->path, text, list);
}

gable_status gable_edit_parse(const gable_edit *edit, const gable_edit_field *field,
                              const char *text, double *value, gable_err *err)
{
    static const char *const booleans[] = {"false", "true", NULL};
    const gable_field *row = field->row;
    char why[256];
    if (row->type == GABLE_FIELD_BOOL)
        return parse_choice(field, booleans, text, value, err);
    if (row->type == GABLE_FIELD_CHOICE)
        return parse_choice(field, row->choices, text, value, err);
    if (is_relative(text))
        return parse_relative(edit, field, text, value, err);
    gable_units_result result = gable_units_parse(text, row->dim, true, value);
    if (result == GABLE_UNITS_OK)
        return GABLE_OK;
    gable_units_explain(result, text, row->dim, why, sizeof why);
    return gable_fail(err, GABLE_INPUT, "%s: %s", field->path, why);
}

bool gable_edit_unpublished(const gable_edit_field *field)
{
    return field->part != GABLE_EDIT_CONSTANTS && field->row->min > 0.0;
}

void gable_edit_print(const gable_edit_field *field, double value, gable_text *out)
{
    char text[GABLE_UNITS_TEXT_CAP];
    if (field->row->type == GABLE_FIELD_BOOL)
        gable_text_add(out, value > 0.0 ? "true" : "false");
    else if (field->row->type == GABLE_FIELD_CHOICE)
        gable_text_add(out, field->row->choices[(int)value]);
    else if (value == 0.0 && gable_edit_unpublished(field))
        gable_text_add(out, "not published");
    else
        gable_text_add(out, gable_units_print(value, field->row->dim, 4, text));
}
