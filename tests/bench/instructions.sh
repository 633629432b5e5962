#!/bin/sh
# tests/bench/instructions.sh [--update]: counts instructions of what `make bench` times, under callgrind: no clock, so
# that a CI on a busy machine can tell. Each count is a ratio to that of the bare roofline in the same program, and must
# not be above what instructions.csv records by more than 3 % (15 % with another compiler than it was recorded with).
# --update records what is counted now.
set -u
cd "$(dirname "$0")/../.." || exit 70
BIN=${BIN:-build} table=tests/bench/instructions.csv
compiler=$(${CC:-gcc} -dumpversion)
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT

# Instructions inside function $1 and what it calls.
inside() {
    callgrind_annotate --auto=no --inclusive=yes --threshold=100 "$work/out" |
        awk -v name=":$1 " '$1 ~ /^[0-9,]+$/ && index($0, name) { gsub(",", "", $1); print $1; exit }'
}

# ratio PROGRAM FUNCTION ARGUMENTS…
ratio() {
    program=$1 function=$2
    shift 2
    OMP_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect="$function" \
        --toggle-collect=bare_roofline "$BIN/bench/$program" "$@" >"$work/title" 2>"$work/err" || {
        tail -5 "$work/err" >&2
        exit 70
    }
    awk -v title="$(head -1 "$work/title")" -v own="$(inside "$function")" -v bare="$(inside bare_roofline)" \
        'BEGIN { printf "\"%s\",%.2f\n", title, own / bare }'
}

{
    for i in 0 1 2 3; do ratio bench_price gable_engine_price --count $i; done
    ratio bench_sweep gable_sweep_run --count
} >"$work/now" || exit

if [ "${1:-}" = --update ]; then
    { echo "subject,times_a_bare_roofline,compiler $compiler" && cat "$work/now"; } >"$table"
    cat "$table"
    exit 0
fi
recorded=$(sed -n '1s/.*compiler //p' "$table")
awk -F'",' -v most="$([ "$recorded" = "$compiler" ] && echo 1.03 || echo 1.15)" '
    FNR == NR { if (FNR > 1) was[$1] = $2; next }
    {
        slow = !($1 in was) || $2 > was[$1] * most
        printf "%-34s %8.2f x a bare roofline, recorded %8.2f%s\n", substr($1, 2), $2, was[$1], slow ? "  SLOWER" : ""
        bad += slow
    }
    END { if (bad) print "slower than recorded: make it faster, or say why and run tests/bench/instructions.sh --update"; exit bad > 0 }
' "$table" "$work/now"
