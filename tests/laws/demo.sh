#!/bin/sh
# The tour: every stop ends with a question, and the command below it answers (it runs). Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
PATH=$PWD/${BIN:-build}:$PATH
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
n=0
for stop in $(gable demo --list | cut -d' ' -f1); do
    n=$((n + 1))
    gable demo --stop "$stop" >"$work/page" 2>/dev/null
    # What is indented below the question, in one line.
    command=$(awk '/^Question: / { on = 1 } on && /^  gable/ { take = 1 } take && /^ / { printf "%s ", $0 }' "$work/page")
    if [ -n "$command" ] && sh -c "$command" >"$work/answer" 2>&1 </dev/null; then
        echo "ok $n - stop $stop:$(echo "$command" | tr -s ' ')"
    else
        echo "not ok $n - stop $stop: ${command:-no command below its question}"
        sed 's/^/# /' "$work/answer" 2>/dev/null
    fi
done
echo "1..$n"
