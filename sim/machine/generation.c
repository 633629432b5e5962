/* machine/generation: see generation.h. */
#include "machine/generation.h"

#include <string.h>

#include "machine/find.h"
#include "machine/read.h"

const gable_kind gable_kind_generation = {
    .folder = "generations",
    .what = "generation",
    .schema = &gable_generation_schema,
    .struct_bytes = sizeof(gable_generation),
    .name_offset = offsetof(gable_generation, name),
    .sources_offset = offsetof(gable_generation, sources),
};
static const gable_kind kind_stack = {
    .folder = "stacks",
    .what = "stack",
    .schema = &gable_stack_schema,
    .struct_bytes = sizeof(gable_stack),
    .name_offset = offsetof(gable_stack, name),
    .sources_offset = offsetof(gable_stack, sources),
};

/* ---- lists ---- */

static gable_status find_list(const gable_json *root, const char *key, const gable_json **list,
                              gable_err *err)
{
    *list = gable_json_get(root, key);
    if (*list && (*list)->type != GABLE_JSON_ARRAY)
        return gable_json_fail(*list, err, "expected an array, got %s",
                               gable_json_type_text((*list)->type));
    return GABLE_OK;
}

/* The source of an element must resolve, as that of a block does (base/fields.h). */
static gable_status check_source(const gable_json *root, const gable_json *element, gable_err *err)
{
    const gable_json *source = gable_json_get(element, "source");
    if (!source || source->type != GABLE_JSON_STRING)
        return gable_json_fail(source ? source : element, err,
                               "expected a \"source\" that is in \"sources\"");
    if (!gable_json_get(gable_json_get(root, "sources"), source->string))
        return gable_json_fail(source, err, "source \"%s\" is not in \"sources\"", source->string);
    return GABLE_OK;
}

gable_status gable_list_read(gable_arena *arena, const gable_json *root, const char *key,
                             const gable_schema *schema, size_t bytes, void *out, int *n,
                             gable_err *err)
{
    const gable_json *list;
    char *elements;
    GABLE_TRY(find_list(root, key, &list, err));
    size_t count = list ? list->n_children : 0;
    GABLE_TRY(gable_arena_take(arena, count + 1, bytes, &elements, err));
    memcpy(out, &elements, sizeof elements);
    *n = (int)count;
    char *at = elements;
    for (const gable_json *e = list ? list->child : NULL; e; e = e->next, at += bytes) {
        GABLE_TRY(gable_fields_read_object(arena, e, schema, at, err));
        GABLE_TRY(check_source(root, e, err));
    }
    return GABLE_OK;
}

/* root.`key`: names; when `folder` is given each must be a file of hw/`folder`. */
static gable_status read_names(gable_arena *arena, const char *hw, const gable_json *root,
                               const char *key, const char *folder, gable_names *out,
                               gable_err *err)
{
    const gable_json *list;
    const char **names;
    GABLE_TRY(find_list(root, key, &list, err));
    out->n = list ? (int)list->n_children : 0;
    GABLE_TRY(gable_arena_take(arena, (size_t)out->n + 1, sizeof *names, &names, err));
    out->name = names;
    for (const gable_json *e = list ? list->child : NULL; e; e = e->next) {
        if (e->type != GABLE_JSON_STRING || !gable_text_is_name(e->string))
            return gable_json_fail(e, err, "expected a name");
        if (folder && !gable_find_exists(hw, folder, e->string)) {
            char clause[400];
            GABLE_TRY(
                gable_find_suggest(arena, hw, folder, NULL, e->string, clause, sizeof clause, err));
            return gable_json_fail(e, err, "no file \"%s\" in hw/%s%s", e->string, folder, clause);
        }
        *names++ = e->string;
    }
    return GABLE_OK;
}

/* ---- generations ---- */

gable_status gable_generation_load(gable_arena *arena, const char *hw, const char *name,
                                   const gable_generation **out, gable_err *err)
{
    const gable_json *root;
    gable_generation *g;
    GABLE_TRY(gable_read_root(arena, hw, &gable_kind_generation, name, &root, err));
    GABLE_TRY(gable_read_struct(arena, &gable_kind_generation, root, &g, err));
    GABLE_TRY(read_names(arena, hw, root, "devices", "accelerators", &g->devices, err));
    GABLE_TRY(read_names(arena, hw, root, "nearest", "generations", &g->nearest, err));
    GABLE_TRY(gable_list_read(arena, root, "odd", &gable_oddity_schema, sizeof *g->odd, &g->odd,
                              &g->n_odd, err));
    *out = g;
    return GABLE_OK;
}

/* ---- stacks ---- */

static gable_status check_stack(const gable_json *root, const gable_stack *stack, gable_err *err)
{
    if (stack->ideal)
        return GABLE_OK;
    if (stack->elementwise_memory_frac <= 0.0)
        return gable_json_fail(root, err, "missing \"elementwise\" with \"memory_frac\"");
    if (stack->n_gaps == 0)
        return gable_json_fail(root, err, "expected at least one of \"gaps\"");
    for (int i = 0; i < stack->fused_quantisation.n; i++) {
        gable_dtype ignored;
        if (!gable_dtype_find(stack->fused_quantisation.name[i], &ignored))
            return gable_json_fail(gable_json_get(root, "fused_quantisation"), err,
                                   "unknown format \"%s\"", stack->fused_quantisation.name[i]);
    }
    return GABLE_OK;
}

gable_status gable_stack_load(gable_arena *arena, const char *hw, const char *name,
                              const gable_stack **out, gable_err *err)
{
    const gable_json *root;
    gable_stack *stack;
    GABLE_TRY(gable_read_root(arena, hw, &kind_stack, name, &root, err));
    GABLE_TRY(gable_read_struct(arena, &kind_stack, root, &stack, err));
    GABLE_TRY(read_names(arena, hw, root, "frameworks", NULL, &stack->frameworks, err));
    GABLE_TRY(read_names(arena, hw, root, "libraries", NULL, &stack->libraries, err));
    GABLE_TRY(read_names(arena, hw, root, "fallback", "stacks", &stack->fallback, err));
    GABLE_TRY(gable_list_read(arena, root, "gaps", &gable_gap_schema, sizeof *stack->gaps,
                              &stack->gaps, &stack->n_gaps, err));
    GABLE_TRY(gable_list_read(arena, root, "stands_in", &gable_stand_in_schema,
                              sizeof *stack->stand_ins, &stack->stand_ins, &stack->n_stand_ins,
                              err));
    GABLE_TRY(
        read_names(arena, hw, root, "fused_quantisation", NULL, &stack->fused_quantisation, err));
    GABLE_TRY(read_names(arena, hw, root, "kv_fp8", "generations", &stack->kv_fp8, err));
    GABLE_TRY(check_stack(root, stack, err));
    *out = stack;
    return GABLE_OK;
}

static bool lists(const gable_names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

gable_status gable_stack_of_framework(gable_arena *arena, const char *hw, const char *framework,
                                      const char **stack, bool *library, gable_err *err)
{
    const char *const *names;
    size_t count;
    *stack = NULL;
    *library = false;
    GABLE_TRY(gable_find_names(arena, hw, kind_stack.folder, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const gable_stack *one;
        GABLE_TRY(gable_stack_load(arena, hw, names[i], &one, err));
        *library = lists(&one->libraries, framework);
        if (*library || lists(&one->frameworks, framework)) {
            *stack = *library ? framework : one->name;
            return GABLE_OK;
        }
    }
    return GABLE_OK;
}
