#!/bin/sh
# tests/fuzz/run.sh FOLDER TARGET…: runs the libFuzzer programs FOLDER/TARGET for FUZZ_SECONDS each, as many at a time
# as there are processors, from the kept corpus on. What they learn stays in build/fuzz/corpus; what fails is written
# to build/fuzz/found-TARGET-… : make it a seed in tests/fuzz/corpus once it is understood. `make fuzz` calls this.
set -u
cd "$(dirname "$0")/../.." || exit 70
seconds=${FUZZ_SECONDS:-60}

# Words of the seeds: keys and values that mutations put in as a whole.
dictionary() {
    cat tests/fuzz/corpus/"$1"/* | LC_ALL=C tr -c 'A-Za-z0-9_./"%*+=-' '\n' | tr -d '\\"' |
        LC_ALL=C grep -x '..\{1,39\}' | sort -u | head -1500 | sed 's/.*/"&"/'
}

fuzz_one() {
    name=$2
    target=${name#fuzz_}
    learned=build/fuzz/corpus/$target
    mkdir -p "$learned"
    dictionary "$target" >"build/fuzz/$target.dict"
    "$1/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 -print_final_stats=1 -max_len=16384 \
        -dict="build/fuzz/$target.dict" -artifact_prefix="build/fuzz/found-$target-" -use_value_profile=1 \
        "$learned" "tests/fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1
    status=$?
    tried=$(sed -n 's/stat::number_of_executed_units: //p' "build/fuzz/$target.log")
    if [ $status = 0 ]; then
        echo "$name: $seconds s, ${tried:-?} inputs"
        return 0
    fi
    echo "$name: failed (exit $status), see build/fuzz/$target.log"
    grep -E 'does not hold|ERROR|runtime error|SUMMARY|Test unit written' "build/fuzz/$target.log" | head -8
    return 1
}

if [ "$1" = --one ]; then
    shift
    fuzz_one "$@"
    exit
fi
programs=$1
shift
mkdir -p build/fuzz
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh tests/fuzz/run.sh --one "$programs" '{}'
