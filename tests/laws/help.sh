#!/bin/bash
# Help, man pages, examples and README against the tables of the commands. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
PATH=$PWD/${BIN:-build}:$PATH
export COLUMNS=200
n=0
shopt -s lastpipe # a check at the end of a pipe counts here

# A check reads what is wrong, one a line, on standard input: none is a pass.
holds() { # NAME
    n=$((n + 1))
    wrong=$(cat)
    if [ -n "$wrong" ]; then
        echo "not ok $n - $1"
        echo "# ${wrong//$'\n'/$'\n'# }"
    else
        echo "ok $n - $1"
    fi
}

commands=$(gable completion words commands)
for command in $commands; do
    gable help "$command" >"$work/$command.txt"
    gable help --format man "$command" >"$work/gable-$command.1"
done
gable help --format man >"$work/gable.1"
gable help json --format man >"$work/gable-json.5"

# The words of a command line that begin with -- and are no option of its command.
unknown_options() {
    while read -r line; do
        line=${line#"${line%%gable *}"}
        read -r _ command rest <<<"${line%%[|>;]*}"
        case $command in -*) continue ;; esac
        [ -f "$work/$command.txt" ] || { echo "$command is no command: $line"; continue; }
        for word in $rest; do
            case $word in
            --help | --) ;;
            --*) grep -qE -e "^  (-[a-z], )?${word%%=*}( |\$)" "$work/$command.txt" || echo "$word: $line" ;;
            esac
        done
    done
}

for command in $commands; do
    grep -oE '^  (-[a-z], )?--[a-z0-9-]+' "$work/$command.txt" | grep -oE -e '--[a-z0-9-]+' | while read -r option; do
        grep -q -F -e "${option//-/\\-}" "$work/gable-$command.1" || echo "$option"
    done | holds "the page of $command has its options"
done
for command in $commands; do
    grep -q -F "gable\\-$command (1)" "$work/gable.1" || echo "$command"
done | holds "the page of gable names every command"

{ gable help examples | grep '^gable ' | unknown_options; } | holds "examples use options that there are"
{ awk '/^```/ { inside = !inside } inside' README.md configs/README.md hw/README.md workloads/README.md plots/README.md |
    grep -E '^(\$ )?gable ' | unknown_options; } | holds "READMEs use options that there are"

gable help examples | grep -oE '(configs|hw|workloads)/[A-Za-z0-9_./-]+' | sort -u | while read -r path; do
    [ -e "$path" ] || [ -n "${path##*.json}" ] || [ "${path#hw/calibration/}" != "$path" ] || echo "$path"
done | holds "files of this tree that examples name are there"

# Files that an example names may be missing (3); that the command line itself is refused (2) is a stale example.
root=$PWD
(
    cd "$work" && export GABLE_DATA=$root
    gable help examples | grep '^gable ' | sed 's/[|<>].*//' | grep -v '^gable demo' | sort -u |
        while read -r line; do
            sh -c "$line" </dev/null >/dev/null 2>err
            status=$?
            [ $status -lt 2 ] || [ $status = 3 ] || echo "exit $status: $line: $(head -1 err)"
        done
) | holds "no example is refused"

sed -n '/^# Questions/,/^# Examples/s/^gable /$ gable /p' < <(gable help examples) | while read -r line; do
    grep -qxF -e "$line" tests/golden/questions.txt || echo "$line"
done | holds "every question has a transcript"
grep '^\$ ' tests/golden/questions.txt | sed 's/^\$ //' | while read -r line; do
    gable help examples | grep -qxF -e "$line" || echo "$line"
done | holds "every transcript is of a question"

if command -v mandoc >/dev/null; then
    for page in "$work"/*.[15]; do
        mandoc -T lint -W warning "$page"
    done | sed "s|$work/||" | holds "mandoc finds nothing in the pages"
else
    n=$((n + 1)) && echo "ok $n - mandoc finds nothing in the pages # SKIP no mandoc"
fi
if command -v groff >/dev/null; then
    for page in "$work"/*.[15]; do
        groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null
    done | holds "groff warns of nothing in the pages"
else
    n=$((n + 1)) && echo "ok $n - groff warns of nothing in the pages # SKIP no groff"
fi
echo "1..$n"
