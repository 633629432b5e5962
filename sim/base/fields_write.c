/* base/fields: JSON Schemas and listings out of the rows that the reader reads by. */
#include <stdio.h>
#include <string.h>

#include "base/fields.h"
#include "base/fields_path.h"

static void add_string(gable_text *out, const char *key, const char *value)
{
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_string(out, value);
}

static void add_choices(gable_text *out, const gable_field *field)
{
    gable_text_add(out, "\"enum\": [");
    for (size_t i = 0; field->choices[i]; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_string(out, field->choices[i]);
    }
    gable_text_add(out, ", null]");
}

static void add_type(gable_text *out, const gable_field *field, bool bare)
{
    static const char *const types[] = {[GABLE_FIELD_NUMBER] = "number",
                                        [GABLE_FIELD_INT] = "integer",
                                        [GABLE_FIELD_BOOL] = "boolean",
                                        [GABLE_FIELD_TEXT] = "string",
                                        [GABLE_FIELD_NAME] = "string"};
    if (field->type == GABLE_FIELD_CHOICE) {
        add_choices(out, field);
        return;
    }
    bool quantity = field->type == GABLE_FIELD_NUMBER && *gable_dim_ending(field->dim) && !bare;
    bool count = field->type == GABLE_FIELD_NUMBER && field->dim == GABLE_DIM_COUNT;
    const char *type = count ? types[GABLE_FIELD_INT] : types[field->type];
    gable_text_addf(out, "\"type\": [\"%s\", \"null\"]", quantity ? "string" : type);
    if (quantity)
        gable_text_addf(out, ", \"pattern\": \"^-?[0-9].*$\", \"examples\": [\"%s\"]",
                        gable_dim_example(field->dim));
    if (!quantity && (field->min != 0.0 || field->max != 0.0) && field->type <= GABLE_FIELD_INT) {
        gable_text_add(out, ", \"minimum\": ");
        gable_text_add_json_number(out, field->min);
        gable_text_add(out, ", \"maximum\": ");
        gable_text_add_json_number(out, field->max);
    }
}

static void add_property(gable_text *out, const gable_field *field, bool bare, bool sourced)
{
    gable_text_addf(out, "\"%s%s\": {", field->key, bare ? gable_dim_ending(field->dim) : "");
    bool number = field->type == GABLE_FIELD_NUMBER || field->type == GABLE_FIELD_INT;
    if (number && sourced) {
        gable_text_add(out, "\"oneOf\": [{");
        add_type(out, field, bare);
        gable_text_add(out, "}, {\"type\": \"object\", \"required\": [\"value\"], "
                            "\"additionalProperties\": false, \"properties\": {\"value\": {");
        add_type(out, field, bare);
        gable_text_add(out, "}, \"source\": {\"type\": \"string\"}, "
                            "\"note\": {\"type\": \"string\"}}}]");
    } else {
        add_type(out, field, bare);
    }
    add_string(out, "description", field->help);
    gable_text_add(out, "}");
}

/* True when an earlier row already opened the step that `row`'s block takes below `block`. */
static bool step_seen(const gable_schema *schema, size_t row, const char *block, const char *step)
{
    char other[80];
    for (size_t i = 0; i < row; i++)
        if (gable_path_step(schema->fields[i].block, block, other, sizeof other) &&
            strcmp(other, step) == 0)
            return true;
    return false;
}

static void add_required(gable_text *out, const gable_schema *schema, const char *block)
{
    const char *comma = "";
    gable_text_add(out, ", \"required\": [");
    if (*block == '\0' && schema->id) {
        gable_text_add(out, "\"schema\"");
        comma = ", ";
    }
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        bool two = field->type == GABLE_FIELD_NUMBER && *gable_dim_ending(field->dim);
        if (strcmp(field->block, block) != 0 || !(field->flags & GABLE_FIELD_REQUIRED) || two)
            continue;
        gable_text_addf(out, "%s\"%s\"", comma, field->key);
        comma = ", ";
    }
    gable_text_add(out, "]");
}

/* Blocks nest as deep as the rows' paths do: two levels today. */
static void add_block(gable_text *out, const gable_schema *schema, const char *block, int indent)
{
    const char *comma = "";
    gable_text_add(out, "\"type\": \"object\", \"additionalProperties\": false,\n");
    gable_text_addf(out, "%*s\"patternProperties\": {\"^(x-|_)\": true},\n%*s\"properties\": {",
                    indent, "", indent, "");
    if (*block == '\0' && schema->id) {
        gable_text_addf(out, "\n%*s\"schema\": {\"const\": \"%s\"}", indent + 2, "", schema->id);
        gable_text_addf(out, ",\n%*s\"sources\": {\"type\": \"object\"}", indent + 2, "");
        comma = ",";
    }
    gable_text_addf(out, "%s\n%*s\"source\": {\"type\": \"string\"},", comma, indent + 2, "");
    gable_text_addf(out, "\n%*s\"note\": {\"type\": \"string\"}", indent + 2, "");
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        char step[80], deeper[160];
        if (strcmp(field->block, block) == 0) {
            gable_text_addf(out, ",\n%*s", indent + 2, "");
            add_property(out, field, false, schema->sourced);
            if (field->type == GABLE_FIELD_NUMBER && *gable_dim_ending(field->dim)) {
                gable_text_addf(out, ",\n%*s", indent + 2, "");
                add_property(out, field, true, schema->sourced);
            }
        } else if (gable_path_step(field->block, block, step, sizeof step) &&
                   !step_seen(schema, i, block, step)) {
            snprintf(deeper, sizeof deeper, "%s%s%s", block, *block ? "." : "", step);
            gable_text_addf(out, ",\n%*s\"%s\": {", indent + 2, "", step);
            add_block(out, schema, deeper, indent + 4);
            gable_text_add(out, "}");
        }
    }
    for (size_t i = 0; i < schema->n_extra_keys; i++)
        if (gable_path_parent_is(schema->extra_keys[i], block))
            gable_text_addf(out, ",\n%*s\"%s\": true", indent + 2, "",
                            gable_path_last(schema->extra_keys[i]));
    gable_text_add(out, "}");
    add_required(out, schema, block);
}

void gable_fields_write_schema(gable_text *out, const gable_schema *schema)
{
    gable_text_add(out,
                   "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n \"title\": ");
    gable_text_add_json_string(out, schema->title);
    gable_text_add(out, ",\n ");
    add_block(out, schema, "", 1);
    gable_text_add(out, "}\n");
}

static void print_value(gable_text *out, const gable_field *field, const void *object)
{
    const char *member = (const char *)object + field->offset;
    char text[GABLE_UNITS_TEXT_CAP];
    switch (field->type) {
    case GABLE_FIELD_NUMBER:
        gable_text_add(
            out, gable_units_print(*(const double *)(const void *)member, field->dim, 6, text));
        break;
    case GABLE_FIELD_INT:
        gable_text_addf(out, "%d", *(const int *)(const void *)member);
        break;
    case GABLE_FIELD_BOOL:
        gable_text_add(out, *(const bool *)(const void *)member ? "yes" : "no");
        break;
    case GABLE_FIELD_TEXT:
    case GABLE_FIELD_NAME:
        gable_text_add_safe(out, *(const char *const *)(const void *)member);
        break;
    case GABLE_FIELD_CHOICE:
        gable_text_add(out, field->choices[*(const int *)(const void *)member]);
        break;
    }
}

static bool is_set(const gable_field *field, const void *object)
{
    const char *member = (const char *)object + field->offset;
    switch (field->type) {
    case GABLE_FIELD_NUMBER:
        return *(const double *)(const void *)member != 0.0;
    case GABLE_FIELD_INT:
        return *(const int *)(const void *)member != 0;
    case GABLE_FIELD_BOOL:
    case GABLE_FIELD_CHOICE:
        return true;
    case GABLE_FIELD_TEXT:
    case GABLE_FIELD_NAME:
        return *(const char *const *)(const void *)member != NULL;
    }
    return false;
}

void gable_fields_print(gable_text *out, const gable_schema *schema, const void *object,
                        const char *const *sources)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        char path[160];
        if (!is_set(field, object))
            continue;
        snprintf(path, sizeof path, "%s%s%s", field->block, *field->block ? "." : "", field->key);
        gable_text_addf(out, "  %-34s ", path);
        print_value(out, field, object);
        if (sources && sources[i])
            gable_text_addf(out, "  [%s]", sources[i]);
        gable_text_add(out, "\n");
    }
}
