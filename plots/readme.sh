#!/bin/sh
# Rewrites the generated parts of README.md (between "<!-- NAME:begin -->" and "<!-- NAME:end -->") and the picture that it
# shows: what the program says today, and how far it is from measured kernels. `make docs` runs it; without the
# measurements the accuracy table stays as it is.
#   plots/readme.sh [MEASUREMENTS]
set -eu
cd "$(dirname "$0")/.."
gable=${GABLE:-build/gable}
rows=${1:-../shared/measurements}
scenario='--model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4096'
part=$(mktemp)
trap 'rm -f "$part"' EXIT

replace() { # NAME: puts $part between the marks of NAME
    awk -v name="$1" -v part="$part" '
        $0 == "<!-- " name ":end -->" { while ((getline line < part) > 0) print line; inside = 0 }
        !inside { print }
        $0 == "<!-- " name ":begin -->" { inside = 1 }' README.md >README.md.new
    mv README.md.new README.md
}

{
    echo '```'
    echo "\$ gable cost $scenario"
    COLUMNS=100 "$gable" cost $scenario
    echo '```'
} >"$part"
replace cost

"$gable" roofline $scenario -o plots/llama-3.1-70b-hgx-h100-8.svg

[ -d "$rows" ] || exit 0
{
    echo '| kernels | held-out rows | median error % | p90 % | bias % | inside p10-p90 % | datasheet roofline, median % |'
    echo '|---|--:|--:|--:|--:|--:|--:|'
    for kind in "$rows"/*.csv; do
        kind=$(basename "$kind" .csv)
        "$gable" validate "$kind" "$rows/$kind.csv" --half test --format csv 2>/dev/null |
            awk -F, -v kind="$kind" '$1 == "all" && $4 == "all" && $5 > 0 {
                printf "| %s | %d | %.1f | %.0f | %+.1f | %.0f | %.0f |\n", kind, $5, 100 * $7, 100 * $8,
                    100 * $9, 100 * $11, 100 * $10 }'
    done
} >"$part"
replace accuracy
