/* base/fields: see fields.h. Reading only; writing is in fields_write.c. */
#include "base/fields.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fields_path.h"

enum { KEYS_CAP = 128 };

typedef struct reading {
    gable_arena *arena;
    const gable_schema *schema;
    const gable_json *sources; /* the root's "sources"; NULL when there is none */
    const char *root_source;   /* the root's "source"; NULL when there is none */
    char *out;
    const char **source_of; /* parallel to the rows; may be NULL */
    gable_err *err;
} reading;

static gable_status resolve_source(const reading *r, const gable_json *node, const char **id)
{
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, r->err, "expected the id of a source, got %s",
                               gable_json_type_text(node->type));
    if (gable_json_get(r->sources, node->string)) {
        *id = node->string;
        return GABLE_OK;
    }
    const char *ids[KEYS_CAP];
    size_t n = 0;
    for (const gable_json *s = r->sources ? r->sources->child : NULL; s && n < KEYS_CAP;
         s = s->next)
        ids[n++] = s->key;
    const char *near = gable_text_nearest(node->string, ids, n);
    return gable_json_fail(node, r->err, "source \"%s\" is not in \"sources\"%s%s%s", node->string,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Keys that `block` may hold: its fields in both spellings, deeper blocks, what the caller reads.
 */
static size_t block_keys(const gable_schema *schema, const char *block, const char **keys,
                         char (*spellings)[80])
{
    size_t n = 0;
    for (size_t i = 0; i < schema->n_fields && n + 2 < KEYS_CAP; i++) {
        const gable_field *field = &schema->fields[i];
        if (strcmp(field->block, block) == 0) {
            keys[n++] = field->key;
            const char *ending = gable_dim_ending(field->dim);
            if (field->type == GABLE_FIELD_NUMBER && *ending) {
                snprintf(spellings[n], sizeof spellings[n], "%s%s", field->key, ending);
                keys[n] = spellings[n];
                n++;
            }
        } else if (gable_path_step(field->block, block, spellings[n], sizeof spellings[n])) {
            keys[n] = spellings[n];
            n++;
        }
    }
    return n;
}

/* "hbm" is a step of "hbm.bandwidth" below "". */
static bool is_step(const char *path, const char *block, const char *key)
{
    size_t n = strlen(block);
    if (n > 0 && (strncmp(path, block, n) != 0 || path[n] != '.'))
        return false;
    const char *rest = path + n + (n > 0);
    size_t length = strlen(key);
    return rest[0] == key[0] && strncmp(rest, key, length) == 0 &&
           (rest[length] == '.' || rest[length] == '\0') && length > 0;
}

static bool is_spelling(const gable_field *field, const char *key)
{
    size_t n = strlen(field->key);
    return field->type == GABLE_FIELD_NUMBER && strncmp(key, field->key, n) == 0 &&
           strcmp(key + n, gable_dim_ending(field->dim)) == 0;
}

/* What the caller reads itself, and what every description may hold. */
static bool is_extra(const gable_schema *schema, const char *block, const char *key)
{
    bool root = *block == '\0';
    if (strcmp(key, "source") == 0 ||
        (root && (strcmp(key, "schema") == 0 || strcmp(key, "sources") == 0)))
        return true;
    for (size_t i = 0; i < schema->n_extra_keys; i++)
        if (gable_path_parent_is(schema->extra_keys[i], block) &&
            strcmp(gable_path_last(schema->extra_keys[i]), key) == 0)
            return true;
    return false;
}

/* Whether a field of `block` is called so, or a block below it: no list need be made then. */
static bool is_known(const gable_schema *schema, const char *block, const char *key)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        bool here = field->block[0] == block[0] && strcmp(field->block, block) == 0;
        if (here ? field->key[0] == key[0] &&
                       (strcmp(field->key, key) == 0 || is_spelling(field, key))
                 : is_step(field->block, block, key))
            return true;
    }
    return false;
}

static bool all_known(const reading *r, const gable_json *object, const char *block)
{
    for (const gable_json *child = object->child; child; child = child->next)
        if (!is_known(r->schema, block, child->key) && !is_extra(r->schema, block, child->key))
            return false;
    return true;
}

static gable_status check_block_keys(const reading *r, const gable_json *object, const char *block)
{
    if (all_known(r, object, block))
        return GABLE_OK;
    const char *keys[KEYS_CAP + 8] = {0};
    char spellings[KEYS_CAP][80];
    size_t n = block_keys(r->schema, block, keys, spellings);
    for (size_t i = 0; i < r->schema->n_extra_keys && n < KEYS_CAP; i++)
        if (gable_path_parent_is(r->schema->extra_keys[i], block))
            keys[n++] = gable_path_last(r->schema->extra_keys[i]);
    keys[n++] = "source";
    if (*block == '\0') {
        keys[n++] = "schema";
        keys[n++] = "sources";
    }
    return gable_json_check_keys(object, keys, n, r->err);
}

static gable_status check_range(const reading *r, const gable_field *field, const gable_json *node,
                                double value)
{
    bool open = field->min == 0.0 && field->max == 0.0;
    char low[GABLE_UNITS_TEXT_CAP], high[GABLE_UNITS_TEXT_CAP];
    /* A product with a decimal prefix, "8.03 G", may be an ulp off. */
    if (field->dim == GABLE_DIM_COUNT && fabs(value - rint(value)) > 1e-12 * fabs(value))
        return gable_json_fail(node, r->err, "expected a whole number, got %.6g", value);
    if (value >= field->min && (open || value <= field->max))
        return GABLE_OK;
    gable_units_print(field->min, field->dim, 6, low);
    if (open)
        return gable_json_fail(node, r->err, "out of range, expected at least %s", low);
    gable_units_print(field->max, field->dim, 6, high);
    return gable_json_fail(node, r->err, "out of range, expected %s to %s", low, high);
}

/* A number in either spelling. `bare_ok`: the key's ending gives the unit. */
static gable_status take_number(const reading *r, const gable_field *field, const gable_json *node,
                                bool bare_ok, double *value)
{
    bool unitless = *gable_dim_ending(field->dim) == '\0';
    if (node->type == GABLE_JSON_STRING && !bare_ok) {
        char why[256];
        gable_units_result result = gable_units_parse(node->string, field->dim, false, value);
        if (result == GABLE_UNITS_OK)
            return check_range(r, field, node, *value);
        gable_units_explain(result, node->string, field->dim, why, sizeof why);
        return gable_json_fail(node, r->err, "%s", why);
    }
    if (node->type != GABLE_JSON_NUMBER)
        return gable_json_fail(node, r->err, "expected %s, got %s",
                               unitless || bare_ok ? "a number" : "a quantity with its unit",
                               gable_json_type_text(node->type));
    if (!bare_ok && !unitless)
        return gable_json_fail(
            node, r->err, "a number without unit, expected \"%s\", or the key \"%s%s\"",
            gable_dim_example(field->dim), field->key, gable_dim_ending(field->dim));
    *value = node->number;
    return check_range(r, field, node, *value);
}

static gable_status take_int(const reading *r, const gable_field *field, const gable_json *node,
                             int *value)
{
    double number;
    GABLE_TRY(take_number(r, field, node, false, &number));
    if (number != floor(number) || fabs(number) > INT_MAX)
        return gable_json_fail(node, r->err, "expected a whole number");
    *value = (int)number;
    return GABLE_OK;
}

static gable_status take_choice(const reading *r, const gable_field *field, const gable_json *node,
                                int *value)
{
    size_t n = 0;
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, r->err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    for (; field->choices[n]; n++)
        if (strcmp(field->choices[n], node->string) == 0) {
            *value = (int)n;
            return GABLE_OK;
        }
    const char *near = gable_text_nearest(node->string, field->choices, n);
    char list[256] = "";
    size_t listed = 0;
    for (; listed < n && strlen(list) < 180; listed++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", listed ? ", " : "",
                 field->choices[listed]);
    if (listed < n)
        snprintf(list + strlen(list), sizeof list - strlen(list), " and %zu more", n - listed);
    return gable_json_fail(node, r->err, "\"%s\" is not one of %s%s%s%s", node->string, list,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static gable_status take_text(const reading *r, const gable_field *field, const gable_json *node,
                              const char **value)
{
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, r->err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    if (field->type == GABLE_FIELD_NAME && !gable_text_is_name(node->string))
        return gable_json_fail(node, r->err, "not a name, expected 1 to 64 of A-Z a-z 0-9 . _ + -");
    *value = node->string;
    return GABLE_OK;
}

static gable_status take_value(const reading *r, const gable_field *field, const gable_json *node,
                               bool bare_ok)
{
    char *member = r->out + field->offset;
    switch (field->type) {
    case GABLE_FIELD_NUMBER:
        return take_number(r, field, node, bare_ok, (double *)(void *)member);
    case GABLE_FIELD_INT:
        return take_int(r, field, node, (int *)(void *)member);
    case GABLE_FIELD_BOOL:
        if (node->type != GABLE_JSON_BOOL)
            return gable_json_fail(node, r->err, "expected true or false, got %s",
                                   gable_json_type_text(node->type));
        *(bool *)(void *)member = node->boolean;
        return GABLE_OK;
    case GABLE_FIELD_TEXT:
    case GABLE_FIELD_NAME:
        return take_text(r, field, node, (const char **)(void *)member);
    case GABLE_FIELD_CHOICE:
        return take_choice(r, field, node, (int *)(void *)member);
    }
    return GABLE_INTERNAL;
}

/* The value itself, out of {"value": …, "source": …, "note": …} when it is written so. */
static gable_status unwrap(const reading *r, const gable_json **node, const gable_json **source)
{
    static const char *const allowed[] = {"value", "source"};
    if ((*node)->type != GABLE_JSON_OBJECT)
        return GABLE_OK;
    GABLE_TRY(gable_json_check_keys(*node, allowed, 2, r->err));
    const gable_json *value = gable_json_get(*node, "value");
    if (!value)
        return gable_json_fail(*node, r->err, "expected a \"value\"");
    const gable_json *own = gable_json_get(*node, "source");
    *source = own ? own : *source;
    *node = value;
    return GABLE_OK;
}

static gable_status find_field(const reading *r, const gable_field *field, const gable_json *object,
                               const gable_json **node, bool *bare_ok)
{
    *node = gable_json_get(object, field->key);
    *bare_ok = false;
    bool two = field->type == GABLE_FIELD_NUMBER && *gable_dim_ending(field->dim);
    const gable_json *other = two ? object->child : NULL;
    while (other && !is_spelling(field, other->key))
        other = other->next;
    if (*node && other)
        return gable_json_fail_key(other, r->err, "given twice, also as \"%s\"", field->key);
    if (other) {
        *node = other;
        *bare_ok = true;
    }
    return GABLE_OK;
}

static gable_status read_field(const reading *r, size_t row, const gable_json *object)
{
    const gable_field *field = &r->schema->fields[row];
    const gable_json *node, *source = gable_json_get(object, "source");
    bool bare_ok;
    GABLE_TRY(find_field(r, field, object, &node, &bare_ok));
    bool required = (field->flags & GABLE_FIELD_REQUIRED) != 0;
    if (!node && required)
        return gable_json_fail(object, r->err, "missing key \"%s\": %s", field->key, field->help);
    if (!node)
        return GABLE_OK;
    GABLE_TRY(unwrap(r, &node, &source));
    if (node->type == GABLE_JSON_NULL) {
        if (required)
            return gable_json_fail(node, r->err, "null, expected a value: %s", field->help);
        return GABLE_OK;
    }
    GABLE_TRY(take_value(r, field, node, bare_ok));
    bool number = field->type == GABLE_FIELD_NUMBER || field->type == GABLE_FIELD_INT;
    if (!number || !r->schema->sourced)
        return GABLE_OK;
    const char *id = r->root_source;
    if (source)
        GABLE_TRY(resolve_source(r, source, &id));
    if (!id)
        return gable_json_fail(node, r->err,
                               "number without source, expected a \"source\" here or in its block");
    if (r->source_of)
        r->source_of[row] = id;
    return GABLE_OK;
}

/* The object of a block by its dotted path; NULL when the file has none. */
static gable_status find_block(const reading *r, const gable_json *root, const char *block,
                               const gable_json **object)
{
    char step[80];
    size_t done_bytes = 0;
    *object = root;
    while (*object && strlen(block) > done_bytes) {
        size_t from = done_bytes ? done_bytes + 1 : 0;
        size_t n = strcspn(block + from, ".");
        snprintf(step, sizeof step, "%.*s", (int)n, block + from);
        *object = gable_json_get(*object, step);
        done_bytes = from + n;
    }
    if (*object && (*object)->type != GABLE_JSON_OBJECT) {
        if ((*object)->type != GABLE_JSON_NULL)
            return gable_json_fail(*object, r->err, "expected an object, got %s",
                                   gable_json_type_text((*object)->type));
        *object = NULL;
    }
    return GABLE_OK;
}

static gable_status check_schema_id(const reading *r, const gable_json *root)
{
    const gable_json *id = gable_json_get(root, "schema");
    if (root->type != GABLE_JSON_OBJECT)
        return gable_json_fail(root, r->err, "expected an object, got %s",
                               gable_json_type_text(root->type));
    if (!id)
        return gable_json_fail(root, r->err, "missing key \"schema\", expected \"%s\"",
                               r->schema->id);
    if (id->type != GABLE_JSON_STRING || strcmp(id->string, r->schema->id) != 0)
        return gable_json_fail(id, r->err, "expected \"%s\"", r->schema->id);
    return GABLE_OK;
}

static gable_status start_sources(reading *r, const gable_json *root)
{
    r->sources = gable_json_get(root, "sources");
    if (r->sources && r->sources->type != GABLE_JSON_OBJECT)
        return gable_json_fail(r->sources, r->err, "expected an object of sources by id");
    const gable_json *source = gable_json_get(root, "source");
    if (source && r->schema->sourced)
        GABLE_TRY(resolve_source(r, source, &r->root_source));
    return GABLE_OK;
}

/* Checks the keys of the objects on the way to `block`, which may have no rows of their own, and
 * its own. */
static gable_status check_blocks_to(const reading *r, const gable_json *root, const char *block)
{
    char above[160];
    const gable_json *object;
    size_t length = strlen(block);
    for (size_t n = 0; n <= length; n++) {
        if (n > 0 && n < length && block[n] != '.')
            continue;
        snprintf(above, sizeof above, "%.*s", (int)n, block);
        GABLE_TRY(find_block(r, root, above, &object));
        if (object)
            GABLE_TRY(check_block_keys(r, object, above));
    }
    return GABLE_OK;
}

/* Blocks are visited where they first appear in the rows; each is checked for unknown keys once. */
static gable_status read_rows(const reading *r, const gable_json *root)
{
    const gable_json *object = NULL;
    for (size_t i = 0; i < r->schema->n_fields; i++) {
        const char *block = r->schema->fields[i].block;
        bool first = i == 0 || strcmp(r->schema->fields[i - 1].block, block) != 0;
        if (first) {
            GABLE_TRY(check_blocks_to(r, root, block));
            GABLE_TRY(find_block(r, root, block, &object));
        }
        if (object)
            GABLE_TRY(read_field(r, i, object));
        else if (r->schema->fields[i].flags & GABLE_FIELD_REQUIRED)
            return gable_json_fail(root, r->err, "missing block \"%s\" with \"%s\"", block,
                                   r->schema->fields[i].key);
    }
    return GABLE_OK;
}

gable_status gable_fields_read(gable_arena *arena, const gable_json *root,
                               const gable_schema *schema, void *out, const char **sources,
                               gable_err *err)
{
    reading r = {.arena = arena, .schema = schema, .out = out, .source_of = sources, .err = err};
    GABLE_TRY(check_schema_id(&r, root));
    GABLE_TRY(start_sources(&r, root));
    return read_rows(&r, root);
}

gable_status gable_fields_read_object(gable_arena *arena, const gable_json *object,
                                      const gable_schema *schema, void *out, gable_err *err)
{
    reading r = {.arena = arena, .schema = schema, .out = out, .err = err};
    if (object->type != GABLE_JSON_OBJECT)
        return gable_json_fail(object, err, "expected an object, got %s",
                               gable_json_type_text(object->type));
    return read_rows(&r, object);
}
