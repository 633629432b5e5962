#!/bin/bash
# Completion offers what the help of a command says, and what the data folders hold. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
PATH=$PWD/${BIN:-build}:$PATH
n=0

is() { # NAME EXPECTED GOT
    n=$((n + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $n - $1"
    else
        printf 'not ok %d - %s\n# expected: %s\n# got: %s\n' "$n" "$1" "${2//$'\n'/ }" "${3//$'\n'/ }"
    fi
}

skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

sorted() { tr ' ' '\n' | LC_ALL=C sort -u; }

# Long and short options of a command, as its help lists them.
options_of() {
    { COLUMNS=200 gable help "$1" | grep -E '^  (-[a-z], )?--[a-z]' | grep -oE '^  (-[a-z], )?--[a-z0-9-]+' | tr -d ,
      echo --help; } | tr -s ' ' '\n' | grep . | sorted
}

offers() { # WORDS…: what bash offers for the last one
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _gable
    printf '%s\n' "${COMPREPLY[@]}" | grep . | sorted
}

gable completion bash >"$work/gable.bash" && bash -n "$work/gable.bash"
is "the script of bash is one" 0 $?
# shellcheck source=/dev/null
. "$work/gable.bash"

commands=$(gable completion words commands)
is "bash offers the commands" "$(printf '%s\n' "$commands" --help --version | sorted)" "$(offers gable "")"
for command in $commands; do
    is "bash offers the options of $command" "$(options_of "$command")" "$(offers gable "$command" -)"
done
models=$(for f in workloads/models/*.json; do basename "$f" .json; done | sorted)
is "bash offers the models" "$models" "$(offers gable cost --model "")"
is "bash completes --model=NAME" qwen3-0.6b "$(offers gable cost --model = qwen3-0)"
is "bash offers systems and devices" h100-sxm "$(offers gable cost --batch 4 --system h100-s)"
is "bash offers choices" prefill "$(offers gable cost --phase p)"
is "bash offers nothing for a number" "" "$(offers gable cost --batch "")"
is "bash offers verbs" "list" "$(offers gable hw l)"
is "bash offers what a verb shows" "llama-3.1-405b" "$(offers gable model show llama-3.1-4)"
is "bash offers commands to help" "examples explain" "$(offers gable help ex | tr '\n' ' ' | sed 's/ $//')"

gable completion zsh >"$work/_gable"
gable completion fish >"$work/gable.fish"
if command -v zsh >/dev/null; then
    zsh -n "$work/_gable"
    is "the script of zsh is one" 0 $?
else
    skip "the script of zsh is one" "no zsh"
fi
if command -v fish >/dev/null; then
    for command in $commands; do
        got=$(HOME=$work fish -c "source $work/gable.fish; complete -C 'gable $command -'" | cut -f 1 | sorted)
        is "fish offers the options of $command" "$(options_of "$command" | grep -vx -e --help)" "$got"
    done
    got=$(HOME=$work fish -c "source $work/gable.fish; complete -C 'gable cost --model llama-3.1-4'" | cut -f 1)
    is "fish offers the models" llama-3.1-405b "$got"
else
    skip "fish offers options and models" "no fish"
fi
echo "1..$n"
