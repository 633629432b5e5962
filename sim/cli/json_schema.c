/* cli/json_reference: JSON Schemas. Those of descriptions are written by the rooms that read them;
 * those of answers out of the rows of json_answers.def. */
#include <stdio.h>
#include <string.h>

#include "cli/json_reference.h"
#include "model/describe.h"

/* Rows of one answer. */
typedef struct answer {
    const char *command;
    const gable_json_row *rows;
    size_t n;
} answer;

static bool is_optional(const gable_json_row *row)
{
    return strchr(row->type, '?') != NULL;
}

static void add_meaning(gable_text *out, const answer *a, const gable_json_row *row)
{
    const char *meaning = gable_json_meaning(a->command, row->path);
    gable_text_add(out, "{\"description\": ");
    gable_text_add_json_string(out, meaning ? meaning : "");
}

/* "number|null?" as "type": ["number", "null"]. */
static void add_types(gable_text *out, const char *type)
{
    size_t n = strcspn(type, "?");
    gable_text_add(out, ", \"type\": [");
    for (size_t at = 0; at < n;) {
        size_t length = strcspn(type + at, "|?");
        gable_text_addf(out, "%s\"%.*s\"", at ? ", " : "", (int)length, type + at);
        at += length + 1;
    }
    gable_text_add(out, "]");
}

static void add_value(gable_text *out, const answer *a, const gable_json_row *row, int depth);

static void add_members(gable_text *out, const answer *a, const char *parent, int depth)
{
    const char *between = "";
    gable_text_addf(out, ", \"properties\": {");
    if (!*parent)
        between = ",";
    if (!*parent)
        gable_text_addf(out, "\n%*s\"schema\": {\"const\": \"%s\"}", depth, "", a->rows[-1].schema);
    for (size_t i = 0; i < a->n; i++) {
        const gable_json_row *row = &a->rows[i];
        if (!gable_json_stands_in(row->path, parent) || row->path[strlen(row->path) - 1] == ']')
            continue;
        const char *dot = strrchr(row->path, '.');
        gable_text_addf(out, "%s\n%*s\"%s\": ", between, depth, "", dot ? dot + 1 : row->path);
        add_value(out, a, row, depth + 1);
        between = ",";
    }
    gable_text_add(out, "}, \"required\": [");
    between = "";
    if (!*parent) {
        gable_text_add(out, "\"schema\"");
        between = ", ";
    }
    for (size_t i = 0; i < a->n; i++) {
        const gable_json_row *row = &a->rows[i];
        if (is_optional(row) || !gable_json_stands_in(row->path, parent))
            continue;
        const char *dot = strrchr(row->path, '.');
        gable_text_addf(out, "%s\"%s\"", between, dot ? dot + 1 : row->path);
        between = ", ";
    }
    gable_text_add(out, "]");
}

static void add_value(gable_text *out, const answer *a, const gable_json_row *row, int depth)
{
    char item[GABLE_JSON_PATH_CAP];
    add_meaning(out, a, row);
    if (strncmp(row->type, "any", 3) == 0) {
        gable_text_add(out, "}");
        return;
    }
    add_types(out, row->type);
    if (strncmp(row->type, "object", 6) == 0)
        add_members(out, a, row->path, depth);
    snprintf(item, sizeof item, "%s[]", row->path);
    for (size_t i = 0; strncmp(row->type, "array", 5) == 0 && i < a->n; i++)
        if (strcmp(a->rows[i].path, item) == 0) {
            gable_text_add(out, ", \"items\": ");
            add_value(out, a, &a->rows[i], depth);
        }
    gable_text_add(out, "}");
}

static void add_answer(gable_text *out, size_t head)
{
    answer a = {.command = gable_json_rows[head].command, .rows = &gable_json_rows[head + 1]};
    while (head + 1 + a.n < gable_n_json_rows && gable_json_rows[head + 1 + a.n].path)
        a.n++;
    gable_text_add(out,
                   "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n \"title\": ");
    gable_text_add_json_string(out, gable_json_rows[head].title);
    gable_text_add(out, ",\n \"type\": \"object\"");
    add_members(out, &a, "", 1);
    gable_text_add(out, "}\n");
}

bool gable_json_schema(gable_text *out, const char *name)
{
    size_t head = gable_json_answer(name);
    for (size_t i = 0; i < gable_n_json_documents; i++) {
        const gable_json_document *document = &gable_json_documents[i];
        if (strcmp(document->name, name) != 0)
            continue;
        if (document->schema == &gable_model_schema)
            gable_model_write_schema(out);
        else
            gable_fields_write_schema(out, document->schema);
        return true;
    }
    if (head < gable_n_json_rows)
        add_answer(out, head);
    return head < gable_n_json_rows;
}
