/* cli: the program `gable`: subcommands, options, messages, exit codes. The only room that reads
 * the environment, writes to stderr and exits. One file per subcommand (cmd_NAME.c) with one table
 * of options; a subcommand is added by its file and one row of commands.def.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_H
#define GABLE_CLI_H
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

typedef enum gable_option_type {
    GABLE_OPTION_FLAG,     /* bool member; no argument */
    GABLE_OPTION_TEXT,     /* const char * member */
    GABLE_OPTION_QUANTITY, /* double member; parsed as `dim`, bare numbers in base units */
    GABLE_OPTION_INT,      /* int member; COUNT quantity that must be whole */
    GABLE_OPTION_CHOICE,   /* int member; index into `choices` */
    GABLE_OPTION_DTYPE,    /* int member; gable_dtype, -1 when absent */
    GABLE_OPTION_TEXTS     /* gable_texts member; may be given several times */
} gable_option_type;

enum { GABLE_TEXTS_CAP = 16 };
typedef struct gable_texts {
    int n;
    const char *text[GABLE_TEXTS_CAP];
} gable_texts;

/* One row of a subcommand's table. Help, errors, near misses (and later man pages and completion)
 * read it. */
typedef struct gable_option {
    const char *name; /* "batch" for --batch */
    char letter;      /* 'o' for -o; 0: none */
    gable_option_type type;
    gable_dim dim;
    size_t offset;        /* member of the subcommand's options struct */
    const char *argument; /* "N", "FILE"; NULL for flags */
    const char
        *default_text; /* parsed like a given argument; NULL: 0 / NULL / false / -1 for dtypes */
    double min, max;   /* for QUANTITY and INT; both 0: >= 0 */
    const char *const *choices; /* NULL-terminated */
    const char *help;
    const char *hint; /* said where a value cannot be read; NULL: nothing */
    /* Words by blanks, of an option that is given or of a choice that holds (its default too):
     * "rate", "arrivals=closed". Without one of the first (at most two), and with any of the
     * others, this option has no effect, and is refused; NULL: no such words. */
    const char *needs, *never;
} gable_option;

/* What a subcommand gets, and where it puts its answer. */
typedef struct gable_cli {
    const char *hw, *workloads, *configs, *plots; /* data folders, found by main */
    gable_arena arena;                            /* freed by main */
    gable_text out; /* the answer: written to standard output by main, whole, only on success (or
                       DIFFERS) */
    gable_err err;
    int n_arguments; /* positional arguments after the subcommand's name */
    const char *const *arguments;
    int width;  /* columns of the terminal, 80 when unknown */
    bool color; /* stdout is a terminal and NO_COLOR is unset */
} gable_cli;

typedef struct gable_command {
    const char *name;
    const char *summary;   /* one line */
    const char *arguments; /* "list | show NAME | check FILE…"; "" when there are none */
    const gable_option *options;
    size_t n_options;
    size_t options_bytes; /* sizeof the options struct; main zeroes it, then sets the defaults */
    const char *draws;    /* endings of pictures for -o, ".svg .png"; NULL: it writes text alone */
    bool needs_no_data; /* it runs where no data folder is found: hw … of gable_cli are NULL then */
    const char *examples; /* lines that can be pasted, "gable cost …\n" */
    /* Fills cli->out; returns GABLE_OK, GABLE_DIFFERS (the answer is still printed), or an error
     * recorded in cli->err (nothing is printed on stdout then). */
    gable_status (*run)(gable_cli *cli, const void *options);
} gable_command;

/* Message on stderr ("gable: text"), for warnings and progress. */
void gable_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* gable_file_write, unless the arena ran full on the way: the text may lack something then. */
gable_status gable_cli_write(gable_cli *cli, const char *path, const char *text,
                             size_t length_bytes);

/* The names of `list` ("a,b", blanks around them left out) in the arena of `cli`: at most `most` of
 * them, at least one; else a usage error of --`option`. */
gable_status gable_cli_names(gable_cli *cli, const char *option, const char *list, int most,
                             const char **names, int *n);

/* Usage error naming the nearest of `candidates`: "unknown model "x"; did you mean "y"?". */
gable_status gable_cli_unknown(gable_cli *cli, const char *what, const char *given,
                               const char *const *candidates, size_t count);

/* `path`; where there is no such file, the one of that name below the folder that holds the data,
 * if there is one: "configs/ci" of the examples is found wherever the program runs. */
const char *gable_cli_path(gable_cli *cli, const char *path);

/* All subcommands, NULL-terminated (from commands.def). */
extern const gable_command *const gable_commands[];

#endif
