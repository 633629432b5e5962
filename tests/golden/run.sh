#!/bin/sh
# tests/golden/run.sh [--update] [FILE…]: transcripts. A file holds `$ gable …` lines, each followed by what the
# command prints (stdout and stderr together) and by `[exit N]` when N is not 0. Lines before the first `$` are
# comments. Commands run in the repository's root, by sh, with a fresh folder in $TMP; its path is
# written as $TMP in the transcript. --update rewrites the files from what the program prints now.
set -u
cd "$(dirname "$0")/../.." || exit 70
BIN=${BIN:-build} update=
[ "${1:-}" = --update ] && update=1 && shift
[ $# -gt 0 ] || set -- tests/golden/*.txt

work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/bin"
ln -s "$PWD/$BIN/gable" "$work/bin/gable"
PATH=$work/bin:$PATH LC_ALL=C COLUMNS=80 NO_COLOR=1 TERM=dumb
export PATH LC_ALL COLUMNS NO_COLOR TERM

# The transcript $1 with every answer replaced by the one of today.
transcribe() {
    TMP=$work/tmp
    export TMP
    rm -rf "$TMP" && mkdir "$TMP"
    awk '/^\$ / { exit } { print }' "$1"
    grep '^\$ ' "$1" | while IFS= read -r line; do
        printf '%s\n' "$line"
        sh -c "${line#??}" </dev/null >"$work/answer" 2>&1
        status=$?
        sed "s|$TMP|\$TMP|g; s|$PWD/||g" "$work/answer"
        [ -z "$(tail -c 1 "$work/answer")" ] || echo
        [ $status = 0 ] || echo "[exit $status]"
    done
}

# Cuts transcript $1 into one file a command, $2/1, $2/2 …
cut_up() {
    rm -rf "$2" && mkdir "$2"
    awk -v to="$2" '/^\$ / { n++ } n { print > (to "/" n) }' "$1"
}

n=0 failed=0
for file in "$@"; do
    [ -f "$file" ] || continue
    transcribe "$file" >"$work/now"
    if [ -n "$update" ]; then
        cmp -s "$work/now" "$file" || { cat "$work/now" >"$file" && echo "rewrote $file"; }
        continue
    fi
    cut_up "$file" "$work/expected"
    cut_up "$work/now" "$work/got"
    i=1
    while [ -f "$work/expected/$i" ]; do
        n=$((n + 1))
        title="$file: $(sed -n '1s/^\$ //p' "$work/expected/$i" | tr '#' ' ')"
        if cmp -s "$work/expected/$i" "$work/got/$i"; then
            echo "ok $n - $title"
        else
            failed=$((failed + 1))
            echo "not ok $n - $title"
            diff -u "$work/expected/$i" "$work/got/$i" | sed -n '3,40s/^/# /p'
        fi
        i=$((i + 1))
    done
done
[ -n "$update" ] || echo "1..$n"
[ $failed = 0 ]
