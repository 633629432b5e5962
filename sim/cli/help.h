/* cli/help: what `gable help` prints besides the help of a command. Man pages are made of the
 * tables of the commands, so they say what the program does.
 * Room: cli. Uses: cli/cli.h. */
#ifndef GABLE_CLI_HELP_H
#define GABLE_CLI_HELP_H
#include "cli/cli.h"

/* A question of a planner and the command that answers it (questions.def). */
typedef struct gable_question {
    const char *text;
    const char *command; /* one line that can be pasted, with its newline */
} gable_question;
extern const gable_question gable_questions[];
extern const size_t gable_n_questions;

/* man page of the program, section 1, and of one command. roff with the macros of man(7). */
void gable_man_program(gable_text *out);
void gable_man_command(gable_text *out, const gable_command *command);

/* Exit codes, environment and files: rows that help and man pages share. */
typedef struct gable_help_row {
    const char *name, *text;
} gable_help_row;
extern const gable_help_row gable_help_environment[], gable_help_files[]; /* end with NULL names */

/* `text` as roff: no line of it is a request, quotes and dashes stay what they are. */
void gable_roff_add(gable_text *out, const char *text);

#endif
