# tests/faults/tap.sh: sourced by the scripts here. A scratch folder $work, laid out by fixture.sh, is the current one;
# $gable is the program; ok and skip print TAP.
cd "$(dirname "$0")/../.." || exit 70
data=$PWD
gable=$data/${BIN:-build}/gable
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
sh tests/faults/fixture.sh "$work" >/dev/null || exit 70
cd "$work/run" || exit 70
GABLE_DATA=$data LC_ALL=C COLUMNS=80 TERM=dumb
export GABLE_DATA LC_ALL COLUMNS TERM
cost="cost --model llama-3.1-8b --system h100-sxm --stack ideal"
n=0 failed=0

ok() { # TITLE COMMAND…: passes when the command does
    title=$1
    shift
    n=$((n + 1))
    if "$@"; then
        echo "ok $n - $title"
    else
        failed=$((failed + 1))
        echo "not ok $n - $title"
        echo "# exit $status: $(head -3 "$work/err" | tr '\n' '|')"
    fi
}

skip() { # TITLE WHY
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

finish() {
    echo "1..$n"
    [ $failed = 0 ]
}

# Runs a command; its exit status is in $status, what it prints in $work/out and $work/err.
run() {
    "$@" </dev/null >"$work/out" 2>"$work/err"
    status=$?
}

# One line on stderr, from the program.
one_line() {
    [ "$(wc -l <"$work/err")" = 1 ] && grep -q '^gable: ' "$work/err"
}

# Refused with this status and one line; the files here are those of before.
refused() { # STATUS
    [ "$status" = "$1" ] && one_line && [ "$(files)" = "$before" ]
}

files() {
    find . -type f -exec cksum {} + | sort
}
before=$(files)
