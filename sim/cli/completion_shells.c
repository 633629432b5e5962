/* cli/completion: scripts of bash, zsh and fish. Names that data files hold are asked of the
 * program when they are needed (`gable completion words`), so that a script never offers
 * yesterday's. */
#include <string.h>

#include "cli/completion.h"
#include "gable.h"

static const char no_words[] = "";

static void add_fixed(gable_text *out, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        gable_text_addf(out, "%s%s", i ? " " : no_words, words[i]);
}

static void add_verbs(gable_text *out, const gable_command *command)
{
    char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP];
    int n = gable_verbs(command, verbs);
    for (int i = 0; i < n; i++)
        gable_text_addf(out, "%s%s", i ? " " : no_words, verbs[i]);
}

/* `text` inside single quotes of a shell, with `special` characters behind a backslash. */
static void add_quoted(gable_text *out, const char *text, const char *special)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            gable_text_add(out, "'\\''");
        else if (strchr(special, *c))
            gable_text_addf(out, "\\%c", *c);
        else
            gable_text_add_n(out, c, 1);
    }
}

/* ---- bash ---- */

static void bash_value(gable_text *out, const gable_value *value)
{
    switch (value->kind) {
    case GABLE_VALUE_NOTHING:
        gable_text_add(out, "return");
        break;
    case GABLE_VALUE_FIXED:
        gable_text_add(out, "words='");
        add_fixed(out, value->fixed);
        gable_text_add(out, "'");
        break;
    case GABLE_VALUE_WORDS:
        gable_text_addf(out, "words=$(_gable_words %s)", gable_words_names[value->words]);
        break;
    case GABLE_VALUE_FILES:
    case GABLE_VALUE_FOLDERS:
        gable_text_addf(out, "files=%s", value->kind == GABLE_VALUE_FILES ? "files" : "folders");
        break;
    }
}

static void bash_option(gable_text *out, const gable_option *option)
{
    gable_value value = gable_value_of_option(option);
    if (option->type == GABLE_OPTION_FLAG)
        return;
    gable_text_add(out, "        ");
    if (option->letter)
        gable_text_addf(out, "-%c | ", option->letter);
    gable_text_addf(out, "--%s) ", option->name);
    bash_value(out, &value);
    gable_text_add(out, " ;;\n");
}

static void bash_first(gable_text *out, const gable_command *command)
{
    gable_value value = gable_value_of_verb(command, "");
    char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP];
    bool has_verbs = gable_verbs(command, verbs) > 0;
    gable_text_add(out, "            if ((COMP_CWORD == 2)); then\n                ");
    if (value.kind == GABLE_VALUE_WORDS || !has_verbs)
        bash_value(out, &value);
    if (value.kind == GABLE_VALUE_WORDS && has_verbs)
        gable_text_add(out, "\n                words+=' ");
    else if (has_verbs)
        gable_text_add(out, "words='");
    add_verbs(out, command);
    gable_text_add(out, has_verbs ? "'\n" : "\n");
}

static void bash_rest(gable_text *out, const gable_command *command)
{
    char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP];
    int n = gable_verbs(command, verbs);
    gable_text_add(out, "            else\n                case ${COMP_WORDS[2]} in\n");
    for (int i = 0; i < n; i++) {
        gable_value value = gable_value_of_verb(command, verbs[i]);
        if (value.kind != GABLE_VALUE_WORDS)
            continue;
        gable_text_addf(out, "                %s) ", verbs[i]);
        bash_value(out, &value);
        gable_text_add(out, " ;;\n");
    }
    gable_text_add(out,
                   "                *) files=files ;;\n                esac\n            fi\n");
}

static void bash_command(gable_text *out, const gable_command *command)
{
    gable_text_addf(out, "    %s)\n        case $prev in\n", command->name);
    for (size_t i = 0; i < command->n_options; i++)
        bash_option(out, &command->options[i]);
    gable_text_add(out, "        *)\n            options='--help");
    for (size_t i = 0; i < command->n_options; i++) {
        if (command->options[i].letter)
            gable_text_addf(out, " -%c", command->options[i].letter);
        gable_text_addf(out, " --%s", command->options[i].name);
    }
    gable_text_add(out, "'\n");
    if (*command->arguments) {
        bash_first(out, command);
        bash_rest(out, command);
    }
    gable_text_add(out, "            ;;\n        esac\n        ;;\n");
}

void gable_completion_bash(gable_text *out)
{
    gable_text_addf(out,
                    "# bash completion of gable %s, made by `gable completion bash`\n"
                    "_gable_words() { gable completion words \"$1\" 2>/dev/null; }\n"
                    "_gable() {\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                    "    local words='' options='' files=''\n"
                    "    COMPREPLY=()\n"
                    "    # --option=value comes as three words\n"
                    "    [[ $cur != = ]] || cur=''\n"
                    "    [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                    "    if ((COMP_CWORD < 2)); then\n"
                    "        mapfile -t COMPREPLY < <(compgen -W \"$(_gable_words commands) --help "
                    "--version\" -- \"$cur\")\n"
                    "        return\n"
                    "    fi\n"
                    "    case ${COMP_WORDS[1]} in\n",
                    gable_version());
    for (size_t i = 0; gable_commands[i]; i++)
        bash_command(out, gable_commands[i]);
    gable_text_add(out, "    esac\n"
                        "    [[ $cur != -* || -z $options ]] || words=$options files=''\n"
                        "    case $files in\n"
                        "    files) compopt -o default 2>/dev/null ;;\n"
                        "    folders) compopt -o dirnames 2>/dev/null ;;\n"
                        "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
                        "    esac\n"
                        "}\n"
                        "complete -F _gable gable\n");
}

/* ---- zsh ---- */

static void zsh_value(gable_text *out, const gable_value *value)
{
    switch (value->kind) {
    case GABLE_VALUE_NOTHING:
        gable_text_add(out, " ");
        break;
    case GABLE_VALUE_FIXED:
        gable_text_add(out, "(");
        add_fixed(out, value->fixed);
        gable_text_add(out, ")");
        break;
    case GABLE_VALUE_WORDS:
        gable_text_addf(out, "{_gable_words %s}", gable_words_names[value->words]);
        break;
    case GABLE_VALUE_FILES:
        gable_text_add(out, "_files");
        break;
    case GABLE_VALUE_FOLDERS:
        gable_text_add(out, "_files -/");
        break;
    }
}

static void zsh_option(gable_text *out, const gable_option *option)
{
    gable_value value = gable_value_of_option(option);
    gable_text_add(out, " \\\n            ");
    if (option->letter)
        gable_text_addf(out, "'(-%c --%s)'{-%c,--%s}'[", option->letter, option->name,
                        option->letter, option->name);
    else
        gable_text_addf(out, "'--%s[", option->name);
    add_quoted(out, option->help, "[]:\\");
    gable_text_add(out, "]");
    if (option->type != GABLE_OPTION_FLAG) {
        gable_text_add(out, ":");
        add_quoted(out, option->argument ? option->argument : "VALUE", "[]:\\");
        gable_text_add(out, ":");
        zsh_value(out, &value);
    }
    gable_text_add(out, "'");
}

static void zsh_arguments(gable_text *out, const gable_command *command)
{
    char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP];
    int n = gable_verbs(command, verbs);
    gable_value first = gable_value_of_verb(command, ""), rest = {.kind = GABLE_VALUE_FILES};
    for (int i = 0; i < n; i++) {
        gable_value value = gable_value_of_verb(command, verbs[i]);
        if (value.kind == GABLE_VALUE_WORDS)
            rest = value;
    }
    gable_text_add(out, " \\\n            '1: :");
    if (n && first.kind == GABLE_VALUE_FILES) {
        gable_text_add(out, "(");
        add_verbs(out, command);
        gable_text_add(out, ")");
    } else {
        zsh_value(out, &first);
    }
    gable_text_add(out, "' \\\n            '*: :");
    zsh_value(out, &rest);
    gable_text_add(out, "'");
}

void gable_completion_zsh(gable_text *out)
{
    gable_text_addf(out,
                    "#compdef gable\n"
                    "# zsh completion of gable %s, made by `gable completion zsh`\n"
                    "_gable_words() {\n"
                    "    local -a found\n"
                    "    found=(${(f)\"$(gable completion words $1 2>/dev/null)\"})\n"
                    "    compadd -a found || _files\n"
                    "}\n"
                    "_gable() {\n"
                    "    if (( CURRENT == 2 )); then\n"
                    "        local -a commands=(\n",
                    gable_version());
    for (size_t i = 0; gable_commands[i]; i++) {
        gable_text_addf(out, "            '%s:", gable_commands[i]->name);
        add_quoted(out, gable_commands[i]->summary, ":\\");
        gable_text_add(out, "'\n");
    }
    gable_text_add(out, "        )\n"
                        "        _describe command commands\n"
                        "        return\n"
                        "    fi\n"
                        "    local name=$words[2]\n"
                        "    shift words\n"
                        "    (( CURRENT-- ))\n"
                        "    case $name in\n");
    for (size_t i = 0; gable_commands[i]; i++) {
        const gable_command *command = gable_commands[i];
        gable_text_addf(out, "    %s)\n        _arguments '--help[explain this command]'",
                        command->name);
        for (size_t k = 0; k < command->n_options; k++)
            zsh_option(out, &command->options[k]);
        if (*command->arguments)
            zsh_arguments(out, command);
        gable_text_add(out, "\n        ;;\n");
    }
    gable_text_add(out, "    esac\n"
                        "}\n"
                        "if [[ $funcstack[1] == _gable ]]; then _gable \"$@\"; else compdef _gable "
                        "gable; fi\n");
}

/* ---- fish ---- */

static void fish_value(gable_text *out, const gable_value *value)
{
    switch (value->kind) {
    case GABLE_VALUE_NOTHING:
        gable_text_add(out, " -x");
        break;
    case GABLE_VALUE_FIXED:
        gable_text_add(out, " -x -a '");
        add_fixed(out, value->fixed);
        gable_text_add(out, "'");
        break;
    case GABLE_VALUE_WORDS:
        gable_text_addf(out, " -x -a '(__gable_words %s)'", gable_words_names[value->words]);
        break;
    case GABLE_VALUE_FILES:
    case GABLE_VALUE_FOLDERS:
        gable_text_add(out, value->kind == GABLE_VALUE_FILES
                                ? " -r -F"
                                : " -x -a '(__fish_complete_directories)'");
        break;
    }
}

static void fish_option(gable_text *out, const gable_command *command, const gable_option *option)
{
    gable_value value = gable_value_of_option(option);
    gable_text_addf(out, "complete -c gable -n '__gable_is %s' -l %s", command->name, option->name);
    if (option->letter)
        gable_text_addf(out, " -s %c", option->letter);
    if (option->type != GABLE_OPTION_FLAG)
        fish_value(out, &value);
    gable_text_add(out, " -d '");
    for (const char *c = option->help; *c; c++)
        gable_text_addf(out, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
    gable_text_add(out, "'\n");
}

static void fish_arguments(gable_text *out, const gable_command *command)
{
    char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP];
    int n = gable_verbs(command, verbs);
    gable_value first = gable_value_of_verb(command, "");
    if (n) {
        gable_text_addf(out, "complete -c gable -n '__gable_is %s; and __gable_at 2' -a '",
                        command->name);
        add_verbs(out, command);
        gable_text_add(out, "'\n");
    }
    if (first.kind == GABLE_VALUE_WORDS)
        gable_text_addf(out,
                        "complete -c gable -n '__gable_is %s; and __gable_at 2' -a "
                        "'(__gable_words %s)'\n",
                        command->name, gable_words_names[first.words]);
    else
        gable_text_addf(out, "complete -c gable -n '__gable_is %s' -F\n", command->name);
    for (int i = 0; i < n; i++) {
        gable_value value = gable_value_of_verb(command, verbs[i]);
        if (value.kind == GABLE_VALUE_WORDS)
            gable_text_addf(out,
                            "complete -c gable -n '__gable_is %s %s' -a '(__gable_words %s)'\n",
                            command->name, verbs[i], gable_words_names[value.words]);
    }
}

void gable_completion_fish(gable_text *out)
{
    gable_text_addf(
        out,
        "# fish completion of gable %s, made by `gable completion fish`\n"
        "function __gable_words; gable completion words $argv[1] 2>/dev/null; end\n"
        "function __gable_at; test (count (commandline -opc)) -eq $argv[1]; end\n"
        "function __gable_is\n"
        "    set -l words (commandline -opc)\n"
        "    test (count $words) -gt (count $argv); or return 1\n"
        "    for i in (seq (count $argv)); test $words[(math $i + 1)] = $argv[$i]; or return 1; "
        "end\n"
        "end\n"
        "complete -c gable -f\n",
        gable_version());
    for (size_t i = 0; gable_commands[i]; i++) {
        const gable_command *command = gable_commands[i];
        gable_text_addf(out, "complete -c gable -n '__gable_at 1' -a %s -d '", command->name);
        for (const char *c = command->summary; *c; c++)
            gable_text_addf(out, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
        gable_text_add(out, "'\n");
        for (size_t k = 0; k < command->n_options; k++)
            fish_option(out, command, &command->options[k]);
        if (*command->arguments)
            fish_arguments(out, command);
    }
}
