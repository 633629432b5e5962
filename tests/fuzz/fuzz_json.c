/* Any bytes: the gate refuses them with a position inside the text, or the tree that it lets
 * through is finite, bounded, and reads the same when it is written and read again. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "input.h"

static void write_value(gable_text *out, const gable_json *node);

static void write_children(gable_text *out, const gable_json *node)
{
    size_t n = 0;
    for (const gable_json *child = node->child; child; child = child->next) {
        MUST(child->parent == node && child->index == n);
        gable_text_add(out, n++ ? "," : "");
        if (node->type == GABLE_JSON_OBJECT) {
            MUST(child->key && gable_json_get(node, child->key) == child);
            gable_text_add_json_string(out, child->key);
            gable_text_add(out, ":");
        }
        write_value(out, child);
    }
    MUST(n == node->n_children);
}

static void write_value(gable_text *out, const gable_json *node)
{
    switch (node->type) {
    case GABLE_JSON_NULL:
        gable_text_add(out, "null");
        break;
    case GABLE_JSON_BOOL:
        gable_text_add(out, node->boolean ? "true" : "false");
        break;
    case GABLE_JSON_NUMBER:
        MUST(isfinite(node->number));
        gable_text_add_json_number(out, node->number);
        break;
    case GABLE_JSON_STRING:
        for (const char *at = node->string; *at; at += gable_text_utf8_bytes(at))
            MUST(gable_text_utf8_bytes(at) > 0);
        gable_text_add_json_string(out, node->string);
        break;
    case GABLE_JSON_ARRAY:
    case GABLE_JSON_OBJECT:
        gable_text_add(out, node->type == GABLE_JSON_ARRAY ? "[" : "{");
        write_children(out, node);
        gable_text_add(out, node->type == GABLE_JSON_ARRAY ? "]" : "}");
        break;
    }
}

static void check_refusal(const gable_err *err, size_t size)
{
    size_t line, column;
    MUST(err->status == GABLE_INPUT || err->status == GABLE_INTERNAL);
    if (err->status == GABLE_INTERNAL)
        return; /* the arena is full */
    MUST(sscanf(err->text, "f:%zu:%zu: ", &line, &column) == 2);
    MUST(line >= 1 && line <= size + 1 && column >= 1 && column <= size + 1);
}

static void check_flags(gable_arena *arena, const char *text, size_t size, unsigned flags)
{
    const gable_json *root = NULL, *again = NULL;
    gable_err err = {0};
    if (gable_json_parse(arena, "f", text, size, flags, &root, &err) != GABLE_OK) {
        MUST(!root);
        check_refusal(&err, size);
        return;
    }
    gable_text first = {0}, second = {0};
    write_value(&first, root);
    MUST(gable_json_parse(arena, "f", first.text, first.length_bytes, 0, &again, &err) == GABLE_OK);
    write_value(&second, again);
    MUST(strcmp(first.text, second.text) == 0);
    gable_text_free(&first);
    gable_text_free(&second);
}

static void check(gable_arena *arena, const char *text, size_t size)
{
    check_flags(arena, text, size, GABLE_JSON_STRICT);
    gable_arena_release(arena, 0);
    check_flags(arena, text, size, GABLE_JSON_PYTHON);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return input_text(data, size, (size_t)1 << 20, 1000, check);
}
