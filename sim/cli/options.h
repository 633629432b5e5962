/* cli/options: reading a command line by a subcommand's table, and printing the table as help.
 * Private to cli.
 * Room: cli. Uses: base. getopt_long would accept abbreviations and cannot suggest: scripts must
 * not break when an option is added (facts/interface.md 1.3), so spellings are exact here. */
#ifndef GABLE_CLI_OPTIONS_H
#define GABLE_CLI_OPTIONS_H
#include "cli/cli.h"

/* Sets the defaults of `command` in `options`, then reads `count` words: options by the table
 * ("--name value",
 * "--name=value", "-o value"), the rest into `arguments` (capacity count) and *n_arguments; "--"
 * ends the options. Fails with GABLE_USAGE, naming the option and the nearest spelling, and where
 * the command takes no arguments. */
gable_status gable_options_read(const gable_command *command, const char *const *words, int count,
                                void *options, const char **arguments, int *n_arguments,
                                gable_err *err);

/* Sets one more option from "name=value"; `assignment` must live as long as the options. Same
 * errors.
 */
gable_status gable_options_set(const gable_command *command, const char *assignment, void *options,
                               gable_err *err);

/* Usage, options with their units and defaults, and examples of a command.
 *   width   columns of the terminal; lines of options are broken there, examples never */
void gable_options_help(gable_text *out, const gable_command *command, int width);

/* "-o, --output FILE". */
enum { GABLE_OPTION_SPELLING_CAP = 96 };
void gable_option_spelling(const gable_option *option, char out[GABLE_OPTION_SPELLING_CAP]);

/* What it says, its choices, its default and what it goes with: "form of the answer: text|json
 * (default text)". */
void gable_option_meaning(const gable_command *command, const gable_option *option,
                          gable_text *out);

#endif
