#!/bin/sh
# Rewrites the generated parts of configs/whatif/README.md and the pictures that they show: each direction on a step that it is
# made for. `make docs` runs it by plots/readme.sh; alone it takes some seconds.
#   plots/whatif.sh [--into FOLDER]     FOLDER: into copies of the files there (tests/laws/docs.sh)
set -eu
cd "$(dirname "$0")/.."
gable=${GABLE:-build/gable}
to=.
[ "${1:-}" = --into ] && to=$2
readme=$to/configs/whatif/README.md
mkdir -p "$to/configs/whatif" "$to/plots"
[ -f "$readme" ] || cp configs/whatif/README.md "$readme"
part=$(mktemp)
trap 'rm -f "$part"' EXIT

replace() { # NAME: puts $part between the marks of NAME
    awk -v name="$1" -v part="$part" '
        $0 == "<!-- " name ":end -->" { while ((getline line < part) > 0) print line; inside = 0 }
        !inside { print }
        $0 == "<!-- " name ":begin -->" { inside = 1 }' "$readme" >"$readme.new"
    mv "$readme.new" "$readme"
}

field() { # KEY FILE: a string of a direction
    sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p" "$2"
}

# NAME|step: decode, unless the picture is of another phase
cat >"$part.steps" <<'STEPS'
hbf|--model llama-3.1-405b --system hgx-b200-8 --tp 2 --batch 16 --context 32k
pnm|--model llama-3.1-8b --system h100-sxm --batch 64 --context 4k
stack-3d|--model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k
low-latency|--model llama-3.1-70b --system hgx-h100-8 --nodes 2 --tp 16 --batch 16 --context 4k
memory-wall|--model llama-3.1-70b --system gb200-nvl72 --tp 4 --batch 64 --context 4k
STEPS

while IFS='|' read -r name step; do
    file=configs/whatif/$name.json
    "$gable" whatif $step --direction "$name" -o "$to/plots/whatif-$name.svg"
    printf '### %s: %s\n\n%s\n\n```\n' "$name" "$(field title "$file")" "$(field text "$file")"
    phase=
    [ "$name" = memory-wall ] && phase=' --phase both'
    printf '$ gable whatif %s --direction %s%s\n' "$step" "$name" "$phase"
    COLUMNS=100 "$gable" whatif $step --direction "$name" $phase |
        grep -E '^(decode|prefill):|^  (expected|ceiling|tokens/s|HBM energy|bound|memory) '
    printf '```\n\n![%s](../../plots/whatif-%s.svg)\n\n' "$(field title "$file")" "$name"
done <"$part.steps" >"$part"
rm -f "$part.steps"
replace directions

{
    "$gable" solve batch --model llama-3.1-8b --stack ideal --format md \
        --system t4,a100-sxm-80gb,h100-sxm,b200-sxm,rubin
    printf '\nWeights and activations in fp8 where the device has it:\n\n'
    "$gable" solve batch --model llama-3.1-8b --stack ideal --weights fp8 --activations fp8 --format md \
        --system t4,a100-sxm-80gb,h100-sxm,b200-sxm,rubin
} >"$part"
replace crossover

"$gable" sensitivity --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k -o "$to/plots/sensitivity-decode-h100.svg"
