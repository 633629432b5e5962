/* cli/json_reference: the keys as lines, as Markdown and as a man page. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/json_reference.h"
#include "gable.h"
#include "report/paragraph.h"

/* A key, wherever its row came from. */
typedef struct line {
    const char *path, *type, *meaning;
} line;

static void add_line_text(gable_text *out, const line *l, int width)
{
    gable_text_addf(out, "  %s  (%s)\n", l->path, l->type);
    gable_paragraph(out, l->meaning, 6, width);
}

static void add_cell(gable_text *out, const char *text)
{
    for (const char *c = text; *c; c++)
        gable_text_addf(out, *c == '|' ? "\\%c" : "%c", *c);
}

static void add_line_md(gable_text *out, const line *l, int width)
{
    (void)width;
    gable_text_addf(out, "| `%s` | ", l->path);
    add_cell(out, l->type);
    gable_text_add(out, " | ");
    add_cell(out, l->meaning);
    gable_text_add(out, " |\n");
}

static void add_line_man(gable_text *out, const line *l, int width)
{
    (void)width;
    gable_text_add(out, ".TP\n.B ");
    gable_roff_add(out, l->path);
    gable_text_add(out, "\n(");
    gable_roff_add(out, l->type);
    gable_text_add(out, ") ");
    gable_roff_add(out, l->meaning);
    gable_text_add(out, "\n");
}

static void (*const line_writers[])(gable_text *out, const line *l, int width) = {
    [GABLE_JSON_TEXT] = add_line_text,
    [GABLE_JSON_MD] = add_line_md,
    [GABLE_JSON_MAN] = add_line_man,
};

static void add_heading(gable_text *out, gable_json_form form, const char *id, const char *title)
{
    if (form == GABLE_JSON_MAN) {
        gable_text_add(out, ".SS ");
        gable_roff_add(out, id);
        gable_text_add(out, "\n");
        gable_roff_add(out, title);
        gable_text_add(out, "\n");
    } else if (form == GABLE_JSON_MD) {
        gable_text_addf(out, "### %s\n\n%s\n\n| key | type | |\n|---|---|---|\n", id, title);
    } else {
        gable_text_addf(out, "%s - %s\n\n", id, title);
    }
}

/* ---- descriptions ---- */

static void field_type(const gable_field *field, char *out, size_t out_bytes)
{
    static const char *const types[] = {
        [GABLE_FIELD_NUMBER] = "number",      [GABLE_FIELD_INT] = "whole number",
        [GABLE_FIELD_BOOL] = "true or false", [GABLE_FIELD_TEXT] = "text",
        [GABLE_FIELD_NAME] = "name",          [GABLE_FIELD_CHOICE] = "one of"};
    const char *needed = field->flags & GABLE_FIELD_REQUIRED ? ", needed" : "";
    bool quantity = field->type == GABLE_FIELD_NUMBER && *gable_dim_ending(field->dim);
    if (quantity)
        snprintf(out, out_bytes, "\"%s\"%s", gable_dim_example(field->dim), needed);
    else
        snprintf(out, out_bytes, "%s%s", types[field->type],
                 field->type == GABLE_FIELD_CHOICE ? ":" : needed);
    for (size_t i = 0; field->type == GABLE_FIELD_CHOICE && field->choices[i]; i++) {
        size_t n = strlen(out);
        if (n + strlen(field->choices[i]) + 2 < out_bytes)
            snprintf(out + n, out_bytes - n, " %s", field->choices[i]);
    }
    size_t used = strlen(out);
    if (field->type == GABLE_FIELD_CHOICE)
        snprintf(out + used, out_bytes - used, "%s", needed);
}

static void add_fields(gable_text *out, const gable_schema *schema, const char *part,
                       gable_json_form form, int width)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        char path[200], type[400];
        snprintf(path, sizeof path, "%s%s%s%s%s", part, *part ? "." : "", field->block,
                 *field->block ? "." : "", field->key);
        field_type(field, type, sizeof type);
        const line l = {path, type, field->help ? field->help : ""};
        line_writers[form](out, &l, width);
    }
}

/* Keys that no table of fields holds: lists, and objects whose keys are names. */
static void add_extras(gable_text *out, const char *name, const gable_schema *schema,
                       const char *part, gable_json_form form, int width)
{
    for (size_t i = 0; i < schema->n_extra_keys; i++) {
        char path[200], whole[260];
        snprintf(path, sizeof path, "%s%s%s", part, *part ? "." : "", schema->extra_keys[i]);
        snprintf(whole, sizeof whole, "%s.%s", name, path);
        const char *meaning = gable_json_meaning("read", whole);
        const line l = {path, "list or object", meaning ? meaning : ""};
        line_writers[form](out, &l, width);
    }
}

static void add_document(gable_text *out, const gable_json_document *document, gable_json_form form,
                         int width)
{
    add_heading(out, form, document->schema->id, document->schema->title);
    add_fields(out, document->schema, "", form, width);
    add_extras(out, document->name, document->schema, "", form, width);
    for (int i = 0; document->parts[i]; i++) {
        add_fields(out, document->part_schemas[i], document->parts[i], form, width);
        add_extras(out, document->name, document->part_schemas[i], document->parts[i], form, width);
    }
}

/* ---- answers ---- */

static void add_answer(gable_text *out, size_t head, gable_json_form form, int width)
{
    const gable_json_row *answer = &gable_json_rows[head];
    char id[120];
    snprintf(id, sizeof id, "gable %s: %s", answer->command, answer->schema);
    add_heading(out, form, id, answer->title);
    for (size_t i = head + 1; i < gable_n_json_rows && gable_json_rows[i].path; i++) {
        const gable_json_row *row = &gable_json_rows[i];
        const char *meaning = gable_json_meaning(answer->command, row->path);
        char type[80];
        size_t n = strcspn(row->type, "?");
        snprintf(type, sizeof type, "%.*s%s", (int)n, row->type, row->type[n] ? ", optional" : "");
        const line l = {row->path, type, meaning ? meaning : ""};
        line_writers[form](out, &l, width);
    }
}

/* ---- all of them ---- */

/* What asks for answer `i`: its command, where that asks for nothing before it, else its schema. */
static const char *name_of(size_t i)
{
    const gable_json_row *row = &gable_json_rows[i];
    for (size_t k = 0; k < gable_n_json_documents; k++)
        if (strcmp(gable_json_documents[k].name, row->command) == 0)
            return row->schema;
    return gable_json_answer(row->command) == i ? row->command : row->schema;
}

void gable_json_list(gable_text *out)
{
    gable_text_add(out, "JSON that gable reads:\n");
    for (size_t i = 0; i < gable_n_json_documents; i++)
        gable_text_addf(out, "  %-22s %s\n", gable_json_documents[i].name,
                        gable_json_documents[i].schema->title);
    gable_text_add(out, "\nJSON that gable writes, by --format json of:\n");
    for (size_t i = 0; i < gable_n_json_rows; i++)
        if (gable_json_rows[i].schema)
            gable_text_addf(out, "  %-22s %s\n", name_of(i), gable_json_rows[i].title);
    gable_text_add(out,
                   "\ngable help json NAME lists the keys of one; with --format json it prints "
                   "its JSON Schema.\n");
}

bool gable_json_reference(gable_text *out, const char *name, gable_json_form form, int width)
{
    size_t head = gable_json_answer(name);
    for (size_t i = 0; i < gable_n_json_documents; i++)
        if (strcmp(gable_json_documents[i].name, name) == 0) {
            add_document(out, &gable_json_documents[i], form, width);
            return true;
        }
    if (head < gable_n_json_rows)
        add_answer(out, head, form, width);
    return head < gable_n_json_rows;
}

void gable_json_page(gable_text *out)
{
    gable_text_addf(out, ".TH GABLE\\-JSON 5 %s \"gable %s\" \"File Formats\"\n.ad l\n",
                    GABLE_RELEASED, gable_version());
    gable_text_add(
        out,
        ".SH NAME\ngable\\-json \\- JSON that gable reads and writes\n.SH DESCRIPTION\n"
        "A quantity of a description is a string with its unit, such as \"3.35 TB/s\", or a "
        "number in base units under a key that ends in the unit, such as "
        "bandwidth_bytes_per_s; null says that it is not published. Keys that begin with x\\- "
        "or _, and note, are never read.\n.PP\n"
        "Answers are one object, with \"schema\" and keys in a fixed order, in base units that "
        "the endings of the keys name. JSON Schemas of all of them are printed by\n"
        ".B gable help json\n.IR NAME\n.BR \"\\-\\-format json\" .\n.SH DESCRIPTIONS\n");
    for (size_t i = 0; i < gable_n_json_documents; i++)
        add_document(out, &gable_json_documents[i], GABLE_JSON_MAN, 0);
    gable_text_add(out, ".SH ANSWERS\n");
    for (size_t i = 0; i < gable_n_json_rows; i++)
        if (gable_json_rows[i].schema)
            add_answer(out, i, GABLE_JSON_MAN, 0);
    gable_text_add(out, ".SH SEE ALSO\n.BR gable (1)\n");
}
