/* report/edited: which fields of the hardware were edited, beside every figure that follows. */
#include "report/internal.h"

void gable_report_edited(gable_text *out, const gable_edited_list *edited)
{
    for (int i = 0; edited && i < edited->n; i++) {
        const gable_edited *one = &edited->item[i];
        gable_text_addf(out, "  edited    %s ", one->field.path);
        gable_edit_print(&one->field, one->after, out);
        gable_text_add(out, " (was ");
        gable_edit_print(&one->field, one->before, out);
        gable_text_add(out, ")\n");
    }
}

static void add_value(gable_text *out, const gable_edit_field *field, double value)
{
    if (field->row->type == GABLE_FIELD_BOOL)
        gable_text_add(out, value > 0.0 ? "true" : "false");
    else if (field->row->type == GABLE_FIELD_CHOICE)
        gable_text_add_json_string(out, field->row->choices[(int)value]);
    else if (value == 0.0 && gable_edit_unpublished(field))
        gable_text_add(out, "null");
    else
        gable_text_add_json_number(out, value);
}

void gable_report_edited_json(gable_text *out, const gable_edited_list *edited)
{
    gable_text_add(out, "[");
    for (int i = 0; edited && i < edited->n; i++) {
        const gable_edited *one = &edited->item[i];
        gable_text_addf(out, "%s\n    {\"field\": ", i ? "," : "");
        gable_text_add_json_string(out, one->field.path);
        gable_text_add(out, ", \"unit\": ");
        gable_text_add_json_string(out, gable_dim_unit(one->field.row->dim));
        gable_text_add(out, ", \"before\": ");
        add_value(out, &one->field, one->before);
        gable_text_add(out, ", \"after\": ");
        add_value(out, &one->field, one->after);
        gable_text_add(out, "}");
    }
    gable_text_add(out, edited && edited->n ? "\n  ]" : "]");
}
