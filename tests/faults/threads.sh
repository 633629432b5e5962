#!/bin/sh
# tests/faults/threads.sh: what runs in threads, under ThreadSanitizer: `make tsan` runs it on a build of its own, and
# elsewhere there is nothing to see. A race ends the run with its report.
set -u
cd "$(dirname "$0")/../.." || exit 70
if [ "${BIN:-build}" != build/tsan ]; then
    echo "ok 1 - threads # SKIP only under ThreadSanitizer"
    echo 1..1
    exit 0
fi
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66 halt_on_error=1"
export TSAN_OPTIONS
n=0 failed=0
clean() { # TITLE COMMAND…
    title=$1
    shift
    n=$((n + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $n - $title"
    else
        failed=$((failed + 1))
        echo "not ok $n - $title"
        tail -40 "$work/out" | sed 's/^/# /'
    fi
}
for suite in sweep sweep_run; do
    clean "suite $suite" env CK_FORK=no CK_RUN_SUITE=$suite build/tsan/test/unit
done
for threads in 2 4; do
    clean "a sweep in $threads threads" env GABLE_DATA="$PWD" \
        build/tsan/gable sweep configs/sweeps/next-memory.json --threads $threads -o "$work/sweep-$threads"
done
clean "the answer does not depend on the threads" cmp "$work/sweep-2" "$work/sweep-4"
echo "1..$n"
[ $failed = 0 ]
