/* cli/edit_options: --set FIELD=VALUE, hardware that does not exist.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_EDIT_OPTIONS_H
#define GABLE_CLI_EDIT_OPTIONS_H
#include "cli/cli.h"
#include "machine/edit.h"

/* A row of an option table; `member_` of `owner_` is a gable_texts. */
#define GABLE_EDIT_OPTION(owner_, member_)                                                         \
    {                                                                                              \
        .name = "set", .type = GABLE_OPTION_TEXTS, .argument = "FIELD=VALUE",                      \
        .offset = offsetof(owner_, member_),                                                       \
        .help = "edit the hardware, may be repeated: hbm.bandwidth=8TB/s, compute.matrix.*=x2"     \
    }

/* Applies the assignments to a copy of *machine in cli->arena, and points *machine at it; nothing
 * happens when there are none.
 *   done   what was edited; in cli->arena, NULL when nothing was */
gable_status gable_edit_machine(gable_cli *cli, const gable_texts *set, gable_machine *machine,
                                const gable_edited_list **done);

#endif
