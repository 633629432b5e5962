/* base/json: see json.h. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_gate.h"
#include "base/text.h"

typedef struct gable_json_doc {
    const char *file;
    const char *text;
    size_t lines_before; /* of the file that the text is a line of */
} gable_json_doc;

enum { RECENT_CAP = 128 };

typedef struct builder {
    gable_arena *arena;
    gable_err *err;
    const gable_json_doc *doc;
    const gable_json_place *places;
    gable_json *nodes;
    size_t n_nodes, n_places;
    const char *recent[RECENT_CAP]; /* strings that were kept, by a hash */
} builder;

const char *gable_json_type_text(gable_json_type type)
{
    static const char *const texts[] = {
        [GABLE_JSON_NULL] = "null",       [GABLE_JSON_BOOL] = "true or false",
        [GABLE_JSON_NUMBER] = "a number", [GABLE_JSON_STRING] = "a string",
        [GABLE_JSON_ARRAY] = "an array",  [GABLE_JSON_OBJECT] = "an object"};
    return texts[type];
}

/* Path of a node, root last; written from the end of `out` backwards. Returns its start. */
static const char *path_of(const gable_json *node, char *out, size_t out_bytes)
{
    size_t at = out_bytes - 1;
    out[at] = '\0';
    for (; node->parent; node = node->parent) {
        char step[160];
        bool in_array = node->parent->type == GABLE_JSON_ARRAY;
        bool first = !node->parent->parent;
        int n = in_array ? snprintf(step, sizeof step, "[%zu]", node->index)
                         : snprintf(step, sizeof step, "%s%.120s", first ? "" : ".", node->key);
        size_t length = n < 0 ? 0 : (size_t)n;
        if (length > at)
            break;
        at -= length;
        memcpy(out + at, step, length);
    }
    return out[at] ? out + at : "(root)";
}

const char *gable_json_path(const gable_json *node, char out[GABLE_JSON_PATH_CAP])
{
    char path[GABLE_JSON_PATH_CAP];
    snprintf(out, GABLE_JSON_PATH_CAP, "%s", path_of(node, path, sizeof path));
    return out;
}

static size_t string_end(const char *text, size_t at)
{
    for (at++; text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at + 1;
}

const char *gable_json_raw(const gable_json *node, size_t *length_bytes)
{
    const char *text = node->doc->text + node->offset_bytes;
    size_t at = 0, depth = 0; /* the text was parsed, so the value does end */
    do {
        char c = text[at];
        if (c == '"') {
            at = string_end(text, at);
        } else if (strchr("{}[]", c)) {
            depth = c == '{' || c == '[' ? depth + 1 : depth - 1;
            at++;
        } else {
            at += depth ? 1 : strcspn(text + at, " \t\r\n,}]");
        }
    } while (depth > 0);
    *length_bytes = at;
    return text;
}

static gable_status fail_at(const gable_json *node, size_t offset, gable_err *err,
                            const char *format, va_list arguments)
{
    char path[512], text[512];
    size_t line, column;
    vsnprintf(text, sizeof text, format, arguments);
    gable_json_gate_position(node->doc->text, offset, &line, &column);
    return gable_fail(err, GABLE_INPUT, "%s:%zu:%zu: %s: %s", node->doc->file,
                      node->doc->lines_before + line, column, path_of(node, path, sizeof path),
                      text);
}

gable_status(gable_json_fail)(const gable_json *node, gable_err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    gable_status status = fail_at(node, node->offset_bytes, err, format, arguments);
    va_end(arguments);
    return status;
}

gable_status(gable_json_fail_key)(const gable_json *node, gable_err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t offset = node->key ? node->key_offset_bytes : node->offset_bytes;
    gable_status status = fail_at(node, offset, err, format, arguments);
    va_end(arguments);
    return status;
}

static gable_json_type type_of(const cJSON *item)
{
    if (cJSON_IsObject(item))
        return GABLE_JSON_OBJECT;
    if (cJSON_IsArray(item))
        return GABLE_JSON_ARRAY;
    if (cJSON_IsString(item))
        return GABLE_JSON_STRING;
    if (cJSON_IsNumber(item))
        return GABLE_JSON_NUMBER;
    return cJSON_IsBool(item) ? GABLE_JSON_BOOL : GABLE_JSON_NULL;
}

/* Rows of a table say the same keys and names again and again: one copy serves them. */
static const char *keep(builder *b, const char *text)
{
    size_t n = strlen(text);
    size_t first = (unsigned char)text[0], middle = (unsigned char)text[n / 2];
    size_t last = (unsigned char)text[n ? n - 1 : 0];
    size_t hash = 131 * n + 31 * first + 7 * middle + last;
    const char **recent = &b->recent[hash % RECENT_CAP];
    if (!*recent || strcmp(*recent, text) != 0)
        *recent = gable_arena_copy(b->arena, text, n);
    return *recent;
}

/* Depth is bounded by the gate, so this recursion is too. Nodes and places are both in document
 * order. */
static gable_status build(builder *b, const cJSON *item, const gable_json *parent,
                          const gable_json **out)
{
    if (b->n_nodes >= b->n_places)
        return gable_fail(b->err, GABLE_INTERNAL, "%s: the gate and cJSON disagree", b->doc->file);
    gable_json *node = &b->nodes[b->n_nodes];
    const gable_json_place *place = &b->places[b->n_nodes++];
    node->type = place->is_null ? GABLE_JSON_NULL : type_of(item);
    node->boolean = cJSON_IsTrue(item);
    node->number = cJSON_IsNumber(item) ? item->valuedouble : 0.0;
    node->string = cJSON_IsString(item) ? keep(b, item->valuestring) : NULL;
    bool needs_key = parent && parent->type == GABLE_JSON_OBJECT;
    node->key = needs_key ? keep(b, item->string) : NULL;
    node->parent = parent;
    node->offset_bytes = place->offset_bytes;
    node->key_offset_bytes = place->key_offset_bytes;
    node->doc = b->doc;
    if ((needs_key && !node->key) || (cJSON_IsString(item) && !node->string))
        return gable_fail(b->err, GABLE_INTERNAL, "arena full");
    const gable_json **link = &node->child;
    size_t index = 0;
    for (const cJSON *child = item->child; child; child = child->next, index++) {
        gable_json *made = &b->nodes[b->n_nodes];
        if (b->n_nodes < b->n_places && b->places[b->n_nodes].left_out) {
            b->n_nodes++;
            continue;
        }
        GABLE_TRY(build(b, child, node, link));
        made->index = index;
        node->n_children++;
        link = &made->next;
    }
    *out = node;
    return GABLE_OK;
}

static int by_key(const void *a, const void *b)
{
    const gable_json *x = *(const gable_json *const *)a, *y = *(const gable_json *const *)b;
    int order = strcmp(x->key, y->key);
    if (order != 0)
        return order;
    return x->offset_bytes < y->offset_bytes ? -1 : 1;
}

static gable_status check_few(const builder *b, const gable_json *object)
{
    for (const gable_json *child = object->child; child; child = child->next)
        for (const gable_json *other = object->child; other != child; other = other->next)
            if (child->key[0] == other->key[0] && strcmp(child->key, other->key) == 0)
                return gable_json_fail_key(child, b->err, "duplicate key");
    return GABLE_OK;
}

/* Sorting keeps this n log n for the object of a million keys. */
static gable_status check_duplicates(builder *b, const gable_json *object)
{
    enum { FEW = 32 };
    if (object->n_children <= FEW)
        return check_few(b, object);
    size_t mark = gable_arena_mark(b->arena);
    const gable_json **sorted;
    GABLE_TRY(gable_arena_take(b->arena, object->n_children, sizeof *sorted, &sorted, b->err));
    size_t n = 0;
    for (const gable_json *child = object->child; child; child = child->next)
        sorted[n++] = child;
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return gable_json_fail_key(sorted[i], b->err, "duplicate key");
    gable_arena_release(b->arena, mark);
    return GABLE_OK;
}

static gable_status build_tree(builder *b, const char *text, size_t length_bytes,
                               const gable_json **root)
{
    const gable_json *made = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text, length_bytes + 1, NULL, 1);
    if (!tree) /* the gate let it pass */
        return gable_fail(b->err, GABLE_INTERNAL, "%s: out of memory", b->doc->file);
    gable_status status = build(b, tree, NULL, &made);
    cJSON_Delete(tree);
    for (size_t i = 0; status == GABLE_OK && i < b->n_nodes; i++)
        if (b->nodes[i].type == GABLE_JSON_OBJECT)
            status = check_duplicates(b, &b->nodes[i]);
    if (status == GABLE_OK)
        *root = made;
    return status;
}

/* The text with nulls for what is left out: cJSON need not read it. The nodes' places are those of
 * the text itself. */
static gable_status shorten(const gable_json_gate *gate, char **out, size_t *length_bytes,
                            gable_err *err)
{
    char *at;
    size_t from = 0;
    GABLE_TRY(gable_arena_take(gate->arena, gate->length_bytes + 1, 1, &at, err));
    *out = at;
    for (size_t i = 0; i < gate->n_places; i++) {
        const gable_json_place *place = &gate->places[i];
        if (!place->left_out)
            continue;
        memcpy(at, gate->text + from, place->offset_bytes - from);
        at += place->offset_bytes - from;
        memcpy(at, "null", 4);
        at += 4;
        from = place->end_bytes;
    }
    memcpy(at, gate->text + from, gate->length_bytes - from);
    *length_bytes = (size_t)(at - *out) + gate->length_bytes - from;
    return GABLE_OK;
}

/* `text`, with its NUL, lives in the arena and may be written to. */
static gable_status parse_own(gable_arena *arena, const char *file, size_t lines_before, char *text,
                              size_t length_bytes, gable_json_gate *gate, const gable_json **root,
                              gable_err *err)
{
    gable_json_doc *doc;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *doc, &doc, err));
    doc->file = gable_arena_copy(arena, file, strlen(file));
    if (!text || !doc->file)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    doc->text = text;
    doc->lines_before = lines_before;
    gate->file = doc->file;
    gate->text = text;
    gate->length_bytes = length_bytes;
    gate->lines_before = lines_before;
    gate->arena = arena;
    GABLE_TRY(gable_json_gate_scan(gate, err));
    builder b = {
        .arena = arena, .err = err, .doc = doc, .places = gate->places, .n_places = gate->n_places};
    GABLE_TRY(gable_arena_take(arena, b.n_places, sizeof *b.nodes, &b.nodes, err));
    if (gate->n_left_out == 0)
        return build_tree(&b, text, length_bytes, root);
    GABLE_TRY(shorten(gate, &text, &length_bytes, err));
    return build_tree(&b, text, length_bytes, root);
}

gable_status gable_json_parse(gable_arena *arena, const char *file, const char *text,
                              size_t length_bytes, unsigned flags, const gable_json **root,
                              gable_err *err)
{
    gable_json_gate gate = {.python = (flags & GABLE_JSON_PYTHON) != 0};
    char *copy = gable_arena_copy(arena, text, length_bytes);
    return parse_own(arena, file, 0, copy, length_bytes, &gate, root, err);
}

gable_status gable_json_parse_line(gable_arena *arena, const char *file, size_t lines_before,
                                   const char *text, size_t length_bytes, const gable_json **root,
                                   gable_err *err)
{
    gable_json_gate gate = {0};
    char *copy = gable_arena_copy(arena, text, length_bytes);
    return parse_own(arena, file, lines_before, copy, length_bytes, &gate, root, err);
}

gable_status gable_json_read_picked(gable_arena *arena, const char *path, unsigned flags,
                                    const gable_json_pick *pick, const gable_json **root,
                                    gable_err *err)
{
    gable_json_gate gate = {.python = (flags & GABLE_JSON_PYTHON) != 0, .pick = pick};
    char *text;
    size_t length_bytes;
    GABLE_TRY(
        gable_file_read_own(arena, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length_bytes, err));
    return parse_own(arena, path, 0, text, length_bytes, &gate, root, err);
}

gable_status gable_json_read(gable_arena *arena, const char *path, unsigned flags,
                             const gable_json **root, gable_err *err)
{
    return gable_json_read_picked(arena, path, flags, NULL, root, err);
}

const gable_json *gable_json_get(const gable_json *object, const char *key)
{
    if (!object || object->type != GABLE_JSON_OBJECT)
        return NULL;
    for (const gable_json *child = object->child; child; child = child->next)
        if (child->key[0] == key[0] && strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

static bool free_key(const char *key)
{
    return strncmp(key, "x-", 2) == 0 || key[0] == '_' || strcmp(key, "note") == 0;
}

/* The nearest of the allowed keys, or all when they are few; neither: nothing to suggest. */
static gable_status unknown_key(const gable_json *child, const char *const *allowed, size_t count,
                                gable_err *err)
{
    enum { LISTED = 12 };
    char list[400] = "";
    const char *near = gable_text_nearest(child->key, allowed, count);

    if (near)
        return gable_json_fail_key(child, err, "unknown key; did you mean \"%s\"?", near);
    for (size_t i = 0; i < count && count <= LISTED; i++) {
        size_t used = strlen(list);
        if (allowed[i])
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "; expected one of ",
                     allowed[i]);
    }
    return gable_json_fail_key(child, err, "unknown key%s", list);
}

gable_status gable_json_check_keys(const gable_json *object, const char *const *allowed,
                                   size_t count, gable_err *err)
{
    for (const gable_json *child = object->child; child; child = child->next) {
        bool known = free_key(child->key);
        for (size_t i = 0; i < count && !known; i++)
            known = allowed[i] && strcmp(child->key, allowed[i]) == 0;
        if (!known)
            return unknown_key(child, allowed, count, err);
    }
    return GABLE_OK;
}
