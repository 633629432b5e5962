#!/bin/sh
# Refits every constant of hw/calibration, hw/serving and hw/power from the open measurements; the same rows give the same bytes.
#   hw/calibrate.sh [--check] [--half] [MEASUREMENTS]
# --half ships the constants of the half that they were not tested on, to measure honestly with.
# --check writes nothing and fails when a file would change. GABLE names the program.
set -eu
cd "$(dirname "$0")/.."
gable=${GABLE:-build/gable}
day=2026-11-22 # of the fits: no clock is read, or every run would differ
check=
half=
if [ "${1:-}" = --check ]; then check=1; shift; fi
if [ "${1:-}" = --half ]; then half=--half; shift; fi
rows=${1:-../shared/measurements}
devices='a100-sxm-80gb l40s h100-sxm b200-sxm gb200'
kinds='gemm attention_context attention_generation attention_encoder moe moe_wideep linear_attention mhc quantize mla_kernel mla_bmm mla_module sparse_attention msa comm moe_a2a'

if [ ! -d "$rows" ]; then
    echo "calibrate: no measurements in $rows, nothing to refit" >&2
    exit 0
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
refit() { # DEVICE: all kinds, one after the other, into one file
    for kind in $kinds; do
        # Not every device was measured for every kind (an older stack's encoders, exchanges without NVLink).
        grep -q "^$1," "$rows/$kind.csv" || continue
        echo "== $1 $kind"
        "$gable" calibrate "$kind" "$rows/$kind.csv" --device "$1" --date "$day" $half \
            -o "$new/$1.json" || exit
    done
}

for device in $devices; do # side by side; each keeps its report together
    (refit "$device" >"$new/$device.log" 2>&1 || echo failed >"$new/$device.failed") &
done
wait
changed=0
for device in $devices; do
    cat "$new/$device.log"
    [ ! -e "$new/$device.failed" ] || exit 1
    if cmp -s "$new/$device.json" "hw/calibration/$device.json"; then continue; fi
    changed=1
    if [ -n "$check" ]; then
        echo "hw/calibration/$device.json differs from a refit" >&2
    else
        mkdir -p hw/calibration
        cp "$new/$device.json" "hw/calibration/$device.json"
    fi
done
# Engines stand on the kernels: their runs are priced with what was just fitted.
[ -f "$rows/serving.csv" ] && for stack in trtllm vllm sglang; do
    "$gable" calibrate serving "$rows/serving.csv" --recipes workloads/recipes.csv --stack "$stack" --date "$day" $half \
        -o "$new/$stack.json"
    if cmp -s "$new/$stack.json" "hw/serving/$stack.json"; then continue; fi
    changed=1
    if [ -n "$check" ]; then
        echo "hw/serving/$stack.json differs from a refit" >&2
    else
        mkdir -p hw/serving
        cp "$new/$stack.json" "hw/serving/$stack.json"
    fi
done
# What boards draw: with the times of the kernels, for what part of a call a kernel is resident.
if [ -f "$rows/power.csv" ]; then
    "$gable" calibrate power "$rows/power.csv" --device b200-sxm --date "$day" $half -o "$new/power.json"
    if ! cmp -s "$new/power.json" hw/power/blackwell.json; then
        changed=1
        if [ -n "$check" ]; then
            echo "hw/power/blackwell.json differs from a refit" >&2
        else
            mkdir -p hw/power
            cp "$new/power.json" hw/power/blackwell.json
        fi
    fi
fi
[ -z "$check" ] || exit "$changed"
