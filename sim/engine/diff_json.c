/* engine/diff: values in which two documents differ, and a document with one of them exchanged. The
 * text around the value stays as it is, so that lines and columns of errors still mean something.
 */
#include <math.h>
#include <string.h>

#include "engine/diff.h"

typedef struct walk {
    gable_diff_leaf *leaves;
    size_t n, cap;
} walk;

static void add_leaf(walk *w, const gable_json *a, const gable_json *b, const gable_json *parent)
{
    if (w->n < w->cap)
        w->leaves[w->n] = (gable_diff_leaf){a, b, parent};
    w->n++;
}

/* People's own words, which no loader reads. */
static bool is_note(const char *key)
{
    return strcmp(key, "note") == 0 || key[0] == '_' || strncmp(key, "x-", 2) == 0;
}

static bool same_scalar(const gable_json *a, const gable_json *b)
{
    switch (a->type) {
    case GABLE_JSON_NULL:
        return true;
    case GABLE_JSON_BOOL:
        return a->boolean == b->boolean;
    case GABLE_JSON_NUMBER:
        return !islessgreater(a->number, b->number);
    case GABLE_JSON_STRING:
        return strcmp(a->string, b->string) == 0;
    case GABLE_JSON_ARRAY:
    case GABLE_JSON_OBJECT:
        return false;
    }
    return false;
}

static void compare(walk *w, const gable_json *a, const gable_json *b);

static void compare_objects(walk *w, const gable_json *a, const gable_json *b)
{
    for (const gable_json *is = a->child; is; is = is->next) {
        const gable_json *other = gable_json_get(b, is->key);
        if (is_note(is->key))
            continue;
        if (other)
            compare(w, is, other);
        else
            add_leaf(w, is, NULL, NULL);
    }
    for (const gable_json *is = b->child; is; is = is->next)
        if (!is_note(is->key) && !gable_json_get(a, is->key))
            add_leaf(w, NULL, is, a);
}

/* Depth is bounded by the gate of base/json, so this recursion is too. */
static void compare(walk *w, const gable_json *a, const gable_json *b)
{
    if (a->type == b->type && a->type == GABLE_JSON_OBJECT) {
        compare_objects(w, a, b);
    } else if (a->type == b->type && a->type == GABLE_JSON_ARRAY &&
               a->n_children == b->n_children) {
        const gable_json *other = b->child;
        for (const gable_json *is = a->child; is; is = is->next, other = other->next)
            compare(w, is, other);
    } else if (a->type != b->type || !same_scalar(a, b)) {
        add_leaf(w, a, b, NULL);
    }
}

size_t gable_diff_leaves(const gable_json *a, const gable_json *b, gable_diff_leaf *leaves,
                         size_t cap)
{
    walk w = {leaves, 0, cap};
    compare(&w, a, b);
    return w.n;
}

static size_t end_of(const gable_json *node)
{
    size_t length_bytes;
    gable_json_raw(node, &length_bytes);
    return node->offset_bytes + length_bytes;
}

static const gable_json *child_before(const gable_json *node)
{
    const gable_json *before = NULL;
    for (const gable_json *is = node->parent->child; is != node; is = is->next)
        before = is;
    return before;
}

/* A member goes with the comma before it, or with the one after it when it is the first. */
static void cut_member(const gable_json *node, size_t *from, size_t *to)
{
    const gable_json *before = child_before(node);
    *from = before ? end_of(before) : node->key_offset_bytes;
    *to = !before && node->next ? node->next->key_offset_bytes : end_of(node);
}

static void add_raw(gable_text *out, const gable_json *node)
{
    size_t length_bytes;
    const char *raw = gable_json_raw(node, &length_bytes);
    gable_text_add_n(out, raw, length_bytes);
}

void gable_diff_patch(const char *text, size_t length_bytes, const gable_diff_leaf *leaf,
                      gable_text *out)
{
    size_t from, to;
    if (!leaf->a) {
        from = to = leaf->parent->offset_bytes + 1;
    } else if (!leaf->b) {
        cut_member(leaf->a, &from, &to);
    } else {
        from = leaf->a->offset_bytes;
        to = end_of(leaf->a);
    }
    gable_text_add_n(out, text, from);
    if (!leaf->a) { /* the first member of its object */
        gable_text_add_json_string(out, leaf->b->key);
        gable_text_add(out, ": ");
        add_raw(out, leaf->b);
        gable_text_add(out, leaf->parent->n_children ? ", " : "");
    } else if (leaf->b) {
        add_raw(out, leaf->b);
    }
    gable_text_add_n(out, text + to, length_bytes - to);
}
