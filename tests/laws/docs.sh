#!/bin/bash
# The parts of the READMEs that `make docs` writes, and their pictures, are what the program says today. The accuracy tables
# take a refit; tests/laws/accuracy.sh watches those figures. A picture drawn by another gnuplot than ours has its strokes in
# another order: then what it says is compared. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
GABLE=${BIN:-build}/gable plots/readme.sh --into "$work" 2>"$work/err" || { cat "$work/err" >&2; exit 70; }

drawn_by() {
    sed -n 's/^<desc>\(.*\)<\/desc>.*/\1/p' "$1"
}
said() { # every word and number of a picture
    sed -n 's/.*<text[^>]*>\(.*\)<\/text>.*/\1/p' "$1" | sed 's/<[^>]*>//g' | sort
}
same() { # FILE NEW
    if [ "$(drawn_by "$1")" = "$(drawn_by "$2")" ]; then
        diff "$1" "$2"
    else
        diff <(said "$1") <(said "$2")
    fi
}

n=0
for file in README.md workloads/README.md configs/whatif/README.md $(cd "$work" && ls plots/*.svg); do
    n=$((n + 1))
    if same "$file" "$work/$file" >"$work/differs"; then
        echo "ok $n - $file is what make docs writes"
    else
        echo "not ok $n - $file is what make docs writes"
        sed -n '1,8s/^/# /p' "$work/differs" | cut -c 1-160
    fi
done
echo "1..$n"
