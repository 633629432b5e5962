/* cli/completion: what a shell may offer after a word of a command line, and scripts for three
 * shells that are made of it. All of it comes from the tables of the commands.
 * Room: cli. Uses: cli/cli.h. */
#ifndef GABLE_CLI_COMPLETION_H
#define GABLE_CLI_COMPLETION_H
#include "cli/cli.h"

/* X(symbol, name): words that only a running program knows; `gable completion words NAME`. */
#define GABLE_WORDS_LIST(X)                                                                        \
    X(COMMANDS, "commands")                                                                        \
    X(MODELS, "models")                                                                            \
    X(SYSTEMS, "systems") /* and devices, as --system takes them */                                \
    X(DEVICES, "devices")                                                                          \
    X(STACKS, "stacks")                                                                            \
    X(CHECKPOINTS, "checkpoints")                                                                  \
    X(TABLES, "tables") /* of accepted lengths */                                                  \
    X(KINDS, "kinds")   /* of tables of kernels */

typedef enum gable_words {
#define GABLE_WORDS_ENUM(symbol, name) GABLE_WORDS_##symbol,
    GABLE_WORDS_LIST(GABLE_WORDS_ENUM)
#undef GABLE_WORDS_ENUM
        GABLE_N_WORDS
} gable_words;
extern const char *const gable_words_names[GABLE_N_WORDS + 1];

/* One word a line, sorted as the data are. */
gable_status gable_words_write(gable_cli *cli, gable_words words, gable_text *out);

/* What follows an option or a verb. */
typedef enum gable_value_kind {
    GABLE_VALUE_NOTHING, /* a number or free text: nothing to offer */
    GABLE_VALUE_FIXED,   /* `fixed` */
    GABLE_VALUE_WORDS,   /* `words` */
    GABLE_VALUE_FILES,
    GABLE_VALUE_FOLDERS
} gable_value_kind;

typedef struct gable_value {
    gable_value_kind kind;
    const char *const *fixed; /* NULL-terminated */
    gable_words words;
} gable_value;

/* What an option takes; flags: NOTHING. */
gable_value gable_value_of_option(const gable_option *option);

enum { GABLE_VERBS_CAP = 16, GABLE_VERB_CAP = 24 };

/* Literal words that may stand first after a command: "list", "show" of "list | show NAME". */
int gable_verbs(const gable_command *command, char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP]);

/* What may follow `verb` ("" for commands without verbs); files where no table says otherwise. */
gable_value gable_value_of_verb(const gable_command *command, const char *verb);

/* The script of a shell. */
typedef void gable_completion_writer(gable_text *out);
gable_completion_writer gable_completion_bash, gable_completion_zsh, gable_completion_fish;

#endif
