#!/bin/sh
# Rewrites the generated parts of README.md and workloads/README.md (between "<!-- NAME:begin -->" and "<!-- NAME:end -->")
# and the pictures that they show: what the program says today, and how far it is from measured kernels. `make docs` runs it; without the
# measurements the accuracy table stays as it is.
#   plots/readme.sh [MEASUREMENTS]
#   plots/readme.sh --into FOLDER     all but the accuracy tables, into copies of the files in FOLDER (tests/laws/docs.sh)
set -eu
cd "$(dirname "$0")/.."
gable=${GABLE:-build/gable}
to=.
if [ "${1:-}" = --into ]; then
    to=$2
    mkdir -p "$to/workloads" "$to/plots"
    cp README.md "$to" && cp workloads/README.md "$to/workloads"
    set -- /no/measurements
fi
rows=${1:-../shared/measurements}
scenario='--model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4096'
part=$(mktemp)
trap 'rm -f "$part"' EXIT

replace() { # NAME [FILE]: puts $part between the marks of NAME
    file=$to/${2:-README.md}
    awk -v name="$1" -v part="$part" '
        $0 == "<!-- " name ":end -->" { while ((getline line < part) > 0) print line; inside = 0 }
        !inside { print }
        $0 == "<!-- " name ":begin -->" { inside = 1 }' "$file" >"$file.new"
    mv "$file.new" "$file"
}

{
    echo '```'
    echo "\$ gable cost $scenario"
    COLUMNS=100 "$gable" cost $scenario
    echo '```'
} >"$part"
replace cost

"$gable" roofline $scenario -o "$to"/plots/llama-3.1-70b-hgx-h100-8.svg

"$gable" model regimes --format md >"$part"
replace regimes workloads/README.md

"$gable" curve roofline --system gb200-nvl72 --tp 4 --model llama-3.1-70b,qwen3-235b-a22b,nemotron-3-super-120b-a12b \
    --title 'Decode of a dense, a MoE and a latent-MoE model on 4 GB200, batch 1 to 4096' -o "$to"/plots/decode-roofs-gb200.svg
"$gable" curve cache --title 'Cache per token: eight kinds of attention' -o "$to"/plots/cache-per-token.svg \
    --model llama-3.1-70b,gemma-3-27b,deepseek-v3,deepseek-v3.2,deepseek-v4-pro,minimax-m3,qwen3-next-80b-a3b,nemotron-3-super-120b-a12b
"$gable" curve flops --model deepseek-v3.2,deepseek-v4-pro,deepseek-v4-flash \
    --title 'FLOPs of one new token: V4 against V3.2' -o "$to"/plots/flops-per-token.svg

GABLE=$gable plots/whatif.sh --into "$to"

[ -d "$rows" ] || exit 0
rows=$(cd "$rows" && pwd)

# The constants that ship are fitted to all rows; these are fitted to one half of the shapes and tested on the other.
half=$(mktemp -d)
trap 'rm -rf "$part" "$half"' EXIT
cp -R hw workloads "$half/"
rm -f "$half"/hw/calibration/*.json
case $gable in /*) ;; *) gable=$PWD/$gable ;; esac
GABLE_DATA=$half GABLE=$gable "$half/hw/calibrate.sh" --half "$rows" >"$half/log" 2>&1
{
    echo '| kernels | held-out rows | median / p90 error | bias | measured inside p10-p90 | three constants per device and format: median / p90 | speed of light alone: median |'
    echo '|---|--:|--:|--:|--:|--:|--:|'
    for file in "$rows"/*.csv; do
        kind=$(basename "$file" .csv)
        GABLE_DATA=$half "$gable" validate "$kind" "$file" --half test --format csv 2>/dev/null |
            awk -F, -v kind="$kind" '
                NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
                $1 == "all" && $at["regime"] == "all" && $at["coverage_frac"] > 0 {
                    three = $at["three_median_frac"] == "" ? "-" : sprintf("%.0f / %.0f %%", 100 * $at["three_median_frac"], 100 * $at["three_p90_frac"])
                    printf "| %s | %d | **%.1f / %.0f %%** | %+.1f %% | %.0f %% | %s | %.0f %% |\n", kind, $at["n"],
                        100 * $at["median_frac"], 100 * $at["p90_frac"], 100 * $at["bias_frac"], 100 * $at["inside_frac"],
                        three, 100 * $at["ceiling_median_frac"] }'
    done
} >"$part"
replace accuracy

[ -f "$rows/serving.csv" ] || exit 0
{
    echo '| runs | n | TPOT | TTFT | measured inside p10-p90 (TPOT) |'
    echo '|---|--:|--:|--:|--:|'
    for recipes in '' '--recipes none'; do
        GABLE_DATA=$half "$gable" validate serving "$rows/serving.csv" --half test --format csv $recipes |
            awk -F, -v how="${recipes:+, \`$recipes\`}" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
                $1 == "all" { printf "| held-out configurations%s | %d | **%.1f / %.0f %%** | %.0f / %.0f %% (%d runs) | %.0f %% |\n", how, $at["n"],
                    100 * $at["tpot_median_frac"], 100 * $at["tpot_p90_frac"], 100 * $at["ttft_median_frac"],
                    100 * $at["ttft_p90_frac"], $at["n_ttft"], 100 * $at["tpot_inside_frac"] }'
    done
} >"$part"
replace serving
