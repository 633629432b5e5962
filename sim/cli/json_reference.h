/* cli/json_reference: every key of the JSON that the program reads and writes. What it reads is
 * told by the field tables of the loaders; what it writes by json_answers.def (which keys) and
 * json_keys.def (what a key means). Reference, man page and JSON Schemas are made of these.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_JSON_REFERENCE_H
#define GABLE_CLI_JSON_REFERENCE_H
#include "cli/cli.h"

/* One row of json_answers.def: the head of an answer (schema, command, title) or a key of it (path,
 * type). */
typedef struct gable_json_row {
    const char *schema, *command, *title;
    const char *path, *type;
} gable_json_row;
extern const gable_json_row gable_json_rows[];
extern const size_t gable_n_json_rows;

/* Index of the head of the answer called `name` ("cost", "net collective") or schema
 * ("gable.cost/1"), or of no answer: gable_n_json_rows. */
size_t gable_json_answer(const char *name);

/* What the key at `path` of an answer of `command` means; NULL when no row says. */
const char *gable_json_meaning(const char *command, const char *path);

/* Rows of json_keys.def, for the test that all of them are needed. */
size_t gable_json_n_meanings(void);
const char *gable_json_meaning_at(size_t i);

/* Whether `path` stands directly in `parent` ("" is the root): "operators[]" in "operators". */
bool gable_json_stands_in(const char *path, const char *parent);

/* A description that the program reads. */
typedef struct gable_json_document {
    const char *name;
    const gable_schema *schema;
    /* Objects inside it with tables of their own: NULL-terminated names, and their schemas. */
    const char *parts[4];
    const gable_schema *part_schemas[3];
} gable_json_document;
extern const gable_json_document gable_json_documents[];
extern const size_t gable_n_json_documents;

typedef enum gable_json_form { GABLE_JSON_TEXT, GABLE_JSON_MD, GABLE_JSON_MAN } gable_json_form;

/* All names, for `gable help json`. */
void gable_json_list(gable_text *out);

/* The keys of one, by name; false when there is none of that name. */
bool gable_json_reference(gable_text *out, const char *name, gable_json_form form, int width);

/* Its JSON Schema (draft 2020-12); false when there is none of that name. */
bool gable_json_schema(gable_text *out, const char *name);

/* gable-json(5). */
void gable_json_page(gable_text *out);

#endif
