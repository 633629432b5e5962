/* One command in this process, as main runs it: for suites that look at its answer and its error.
 * Use: tear_down of the suite is command_close. */
#ifndef GABLE_TESTS_COMMAND_H
#define GABLE_TESTS_COMMAND_H
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "scratch.h"

/* The last command's answer and error. */
static gable_cli cli;

/* Runs `gable COMMAND LINE`; words are parted by blanks, %s is `file`. `folders` gives where data
 * is, and the width. */
static gable_status command_run(const gable_command *command, const gable_cli *folders,
                                const char *line, const char *file)
{
    static char words_of[600];
    static double options[160]; /* aligned for any member, larger than any table's struct */
    static const char *arguments[24];
    const char *words[24], *hole = strstr(line, "%s");
    int n = 0;
    if (hole)
        snprintf(words_of, sizeof words_of, "%.*s%s%s", (int)(hole - line), line, file, hole + 2);
    else
        snprintf(words_of, sizeof words_of, "%s", line);
    for (char *at = words_of; *at && n < 24;) {
        words[n++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = *folders;
    cli.arguments = arguments;
    ck_assert_int_eq(gable_arena_init(&cli.arena, (size_t)64 << 20, &cli.err), GABLE_OK);
    ck_assert_uint_le(command->options_bytes, sizeof options);
    memset(options, 0, sizeof options); /* as main does: without fork the last test's are there */
    gable_status status =
        gable_options_read(command, words, n, options, arguments, &cli.n_arguments, &cli.err);
    if (status == GABLE_OK)
        status = command->run(&cli, options);
    ck_assert(!cli.out.failed);
    return status;
}

static void command_close(void)
{
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = (gable_cli){0};
    scratch_close();
}

#endif
