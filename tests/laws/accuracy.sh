#!/bin/sh
# tests/laws/accuracy.sh [--update]: errors against silicon may only shrink. tests/validation/limits.csv holds the
# median and p90 of |predicted / measured - 1| for every KIND, device, format, framework and regime with at least 20
# open rows; a group that is worse than its limit fails alone, so no bad regime hides in a mean.
#   --update   lowers limits that have been beaten and adds groups that are new; raising one is an edit by hand
set -u
cd "$(dirname "$0")/../.." || exit 70
gable=${BIN:-build}/gable
rows=../shared/measurements
limits=tests/validation/limits.csv
kinds='gemm attention_context attention_generation attention_encoder moe moe_wideep linear_attention mhc quantize mla_kernel mla_bmm mla_module sparse_attention msa comm moe_a2a'

if [ ! -d "$rows" ]; then
    echo "ok 1 - accuracy against measured kernels # SKIP no measurements in $rows"
    echo 1..1
    exit 0
fi
now=$(mktemp)
trap 'rm -f "$now" "$now.limits"' EXIT

# kind,device,dtype,framework,regime,n,median_frac,p90_frac of today
for kind in $kinds; do
    "$gable" validate "$kind" "$rows/$kind.csv" --format csv | awk -F, -v kind="$kind" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["device"] != "all" && $at["n"] >= 20 {
            printf "%s,%s,%s,%s,%s,%s,%.4f,%.4f\n", kind, $at["device"], $at["dtype"], $at["framework"],
                   $at["regime"], $at["n"], $at["median_frac"], $at["p90_frac"]
        }' || exit 70
done >"$now"
# Readings of boards: kind,device,dtype,framework,operator,n,median_frac,p90_frac
"$gable" validate power "$rows/power.csv" --format csv | awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["device"] != "all" && $at["n"] >= 20 {
        printf "power,%s,%s,%s,%s,%s,%.4f,%.4f\n", $at["device"], $at["dtype"], $at["framework"], $at["op"], $at["n"],
               $at["median_frac"], $at["p90_frac"]
    }' >>"$now" || exit 70

if [ "${1:-}" = --update ]; then
    mkdir -p tests/validation
    [ -f "$limits" ] || : >"$limits"
    awk -F, -v OFS=, '
        FILENAME == ARGV[1] { if (FNR > 1) { median[$1, $2, $3, $4, $5] = $7; p90[$1, $2, $3, $4, $5] = $8 }; next }
        FNR == 1 { print "kind,device,dtype,framework,regime,n,median_frac,p90_frac" }
        {
            key = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4 SUBSEP $5
            if (key in median && median[key] < $7) $7 = median[key]
            if (key in p90 && p90[key] < $8) $8 = p90[key]
            print
        }' "$limits" "$now" >"$now.limits"
    cat "$now.limits" >"$limits"
    exit 0
fi

awk -F, '
    FILENAME == ARGV[1] { if (FNR > 1) { n_limits++; key[n_limits] = $1 "," $2 "," $3 "," $4 "," $5; median[n_limits] = $7; p90[n_limits] = $8 }; next }
    { got = $1 "," $2 "," $3 "," $4 "," $5; now_median[got] = $7; now_p90[got] = $8 }
    END {
        for (i = 1; i <= n_limits; i++) {
            k = key[i]
            # one unit of the last digit: constants are written with four
            bad = !(k in now_median) || now_median[k] > median[i] + 0.0002 || now_p90[k] > p90[i] + 0.0002
            printf "%s %d - %s\n", bad ? "not ok" : "ok", i, k
            if (bad && !(k in now_median)) print "# no rows are covered any more"
            else if (bad) printf "# median %s, limit %s; p90 %s, limit %s\n", now_median[k], median[i], now_p90[k], p90[i]
        }
        exit n_limits == 0
    }' "$limits" "$now" || echo "not ok 1 - $limits has no limits"
echo "1..$(($(wc -l <"$limits") - 1))"
