#!/bin/bash
# The parts of the READMEs that `make docs` writes, and their pictures, are what the program says today. The accuracy tables
# take a refit; tests/laws/accuracy.sh watches those figures. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
GABLE=${BIN:-build}/gable plots/readme.sh --into "$work" 2>"$work/err" || { cat "$work/err" >&2; exit 70; }
n=0
for file in README.md workloads/README.md configs/whatif/README.md $(cd "$work" && ls plots/*.svg); do
    n=$((n + 1))
    if cmp -s "$file" "$work/$file"; then
        echo "ok $n - $file is what make docs writes"
    else
        echo "not ok $n - $file is what make docs writes"
        diff "$file" "$work/$file" | sed -n '1,8s/^/# /p' | cut -c 1-160
    fi
done
echo "1..$n"
