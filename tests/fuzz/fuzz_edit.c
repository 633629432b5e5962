/* Hardware that does not exist: lines "PATH=VALUE", or a direction of configs/whatif. Refused in
 * words, or the machine has what was set, prices a step, and is itself again after a reset. */
#include <math.h>
#include <string.h>

#include "input.h"
#include "machine/direction.h"

static const char path[] = "fuzzed.json";

static void check_fields(const gable_edit *edit)
{
    gable_edit_field field;
    for (int i = 0; i < gable_edit_count(); i++) {
        gable_edit_at(i, &field);
        MUST(isfinite(gable_edit_get(edit, &field)));
    }
}

static bool apply_lines(input *in, gable_edit *edit, gable_edited_list *done)
{
    char *line = in->text;
    while (line) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        if (gable_edit_apply(edit, line, done, &in->err) != GABLE_OK) {
            input_refused(in, NULL);
            return false;
        }
        line = end ? end + 1 : NULL;
    }
    return true;
}

static bool apply_direction(input *in, gable_edit *edit, gable_edited_list *done)
{
    const gable_direction *direction;
    input_stands_in(in, path, in->text, in->length_bytes);
    if (gable_direction_load(in->arena, ".", path, &direction, &in->err) != GABLE_OK) {
        input_refused(in, path);
        return false;
    }
    if (gable_direction_assume(direction, edit, done, &in->err) == GABLE_OK &&
        gable_direction_apply(in->arena, direction, 0.0, edit, done, &in->err) == GABLE_OK)
        return true;
    input_refused(in, NULL);
    return false;
}

static void check_same(const gable_edit *edit)
{
    gable_edit_field field;
    for (int i = 0; i < gable_edit_count(); i++) {
        gable_edit_at(i, &field);
        MUST(gable_edit_get(edit, &field) == gable_edit_get_base(edit, &field));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_model *model;
    static const gable_machine *machine;
    if (!model) {
        model = input_tree_model("llama-3.1-8b");
        machine = input_tree_machine("hgx-h100-8");
    }
    input in = input_open(data, size);
    gable_edit *edit = gable_arena_alloc(in.arena, 1, sizeof *edit);
    gable_edited_list *done = gable_arena_alloc(in.arena, 1, sizeof *done);
    MUST(edit && done);
    MUST(gable_edit_open(in.arena, machine, edit, &in.err) == GABLE_OK);
    if (*in.text == '{' ? apply_direction(&in, edit, done) : apply_lines(&in, edit, done)) {
        check_fields(edit);
        if (gable_edit_check_whole(edit, &in.err) == GABLE_OK)
            input_priced(&in, model, &edit->machine);
        else
            input_refused(&in, NULL);
    }
    gable_edit_reset(edit);
    check_same(edit);
    input_close(&in);
    return 0;
}
