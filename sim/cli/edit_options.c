/* cli/edit_options: see edit_options.h. */
#include "cli/edit_options.h"

gable_status gable_edit_machine(gable_cli *cli, const gable_texts *set, gable_machine *machine,
                                const gable_edited_list **done)
{
    gable_edit *edit;
    gable_edited_list *list;
    *done = NULL;
    if (set->n == 0)
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *edit, &edit, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *list, &list, &cli->err));
    GABLE_TRY(gable_edit_open(&cli->arena, machine, edit, &cli->err));
    for (int i = 0; i < set->n; i++)
        GABLE_TRY(gable_edit_apply(edit, set->text[i], list, &cli->err));
    GABLE_TRY(gable_edit_check_whole(edit, &cli->err));
    *machine = edit->machine;
    *done = list;
    return GABLE_OK;
}
