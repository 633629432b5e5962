/* cli/commands: declarations of every row of commands.def. Room: cli. */
#ifndef GABLE_CLI_COMMANDS_H
#define GABLE_CLI_COMMANDS_H
#include "cli/cli.h"

#define COMMAND(name) extern const gable_command gable_command_##name;
#include "cli/commands.def"
#undef COMMAND

#endif
