/* cli/commands: the table of the commands, in the order of commands.def. */
#include "cli/commands.h"

const gable_command *const gable_commands[] = {
#define COMMAND(name) &gable_command_##name,
#include "cli/commands.def"
#undef COMMAND
    NULL};
