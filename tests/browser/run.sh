#!/bin/sh
# tests/browser/run.sh [--ready]: the page of `gable report` in headless Chromium, and its engine against the program.
# Prints TAP; pictures go to build/browser. --ready says in one line what is missing, and fails when something is.
set -u
cd "$(dirname "$0")/../.." || exit 70
BIN=${BIN:-build}
work=build/browser

missing() {
    echo "make browser: skipped: $1"
    exit 1
}

if [ "${1:-}" = --ready ]; then
    [ -f build/page.html ] || missing "no build/page.html: clang, lld, wasi-libc and libclang-rt-dev-wasm32 make it"
    command -v node >/dev/null 2>&1 || missing "no node"
    command -v chromium >/dev/null 2>&1 || missing "no chromium"
    mkdir -p "$work"
    if [ ! -d "$work/node_modules/playwright-core" ] || ! cmp -s tests/browser/package.json "$work/package.json"; then
        cp tests/browser/package.json "$work/" || exit 70
        (cd "$work" && npm install --silent --no-audit --no-fund --ignore-scripts >npm.log 2>&1) ||
            missing "npm cannot fetch playwright-core (see $work/npm.log)"
    fi
    exit 0
fi

cp tests/browser/*.mjs "$work/" || exit 70 # modules are looked for beside the file that asks for them
for test in page hostile; do
    GABLE=$BIN/gable WORK=$work node "$work/$test.mjs" || [ $? = 1 ] || echo "not ok 1 - $test ended early"
done
