#!/bin/sh
# tests/faults/inject.sh [WORD]: every example of every subcommand with each call that can fail failing once; see
# faults.c. WORD takes the lines that hold it; GABLE_FAULTS=all tries each way to each call;
# GABLE_SHARE=2/4 every fourth line.
set -u
cd "$(dirname "$0")/../.." || exit 70
program=$PWD/${BIN:-build}/test/faults
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
sh tests/faults/fixture.sh "$work" && exec_in=$work/run
# Read when the program starts: a child of one that has threads could not open its own.
OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1
export OMP_NUM_THREADS OMP_THREAD_LIMIT
"$program" "$PWD" "$exec_in" "$@"
