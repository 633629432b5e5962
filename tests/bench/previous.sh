#!/bin/sh
# tests/bench/previous.sh [COMMIT]: the benches beside those of another commit (the one before; of a changed working
# tree, the last one), run in turns on the same machine: medians, and how much faster this one is.
set -u
cd "$(dirname "$0")/../.." || exit 70
BIN=${BIN:-build} rounds=${ROUNDS:-3}
git rev-parse HEAD >/dev/null 2>&1 || { echo "bench: no git history, nothing to compare with" >&2; exit 0; }
parent=HEAD
git diff --quiet HEAD -- sim tests/bench configs/sweeps && parent=HEAD^
commit=$(git rev-parse --verify "${1:-$parent}^{commit}") || exit 3
old=$BIN/previous/$commit
if [ ! -x "$old/build/bench/bench_price" ]; then
    rm -rf "$BIN/previous"
    mkdir -p "$old"
    git archive "$commit" | tar -x -C "$old" || exit 70
    benches=$(cd "$old" && for b in tests/bench/bench_*.c; do b=${b##*/}; echo "build/bench/${b%.c}"; done)
    # shellcheck disable=SC2086  # a list of words
    make -C "$old" $benches >"$old/log" 2>&1 || { tail -5 "$old/log" >&2; exit 70; }
fi

out=$(mktemp) || exit 70
trap 'rm -f "$out"' EXIT
i=0
while [ $i -lt "$rounds" ]; do
    for bench in price sweep; do
        "$BIN/bench/bench_$bench" | sed 's/^/now|/' >>"$out"
        [ ! -x "$old/build/bench/bench_$bench" ] || (cd "$old" && "build/bench/bench_$bench") | sed 's/^/old|/' >>"$out"
    done
    i=$((i + 1))
done

echo "beside $(git log -1 --format='%h %s' "$commit" | cut -c1-60), medians of $rounds runs in turns"
awk '
    function key(line) { sub(/^...[|]/, "", line); sub(/ +[0-9.]+ (ns a step|M points).*/, "", line); sub(/ +[0-9]+ rows$/, "", line); return line }
    function middle(who, k,   n, i, j, t, x) {
        n = count[who, k]
        for (i = 1; i <= n; i++) x[i] = value[who, k, i]
        for (i = 2; i <= n; i++) for (j = i; j > 1 && x[j - 1] > x[j]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
        return n ? x[int((n + 1) / 2)] : 0
    }
    {
        who = substr($0, 1, 3); k = key($0)
        if (match($0, /[0-9.]+ (ns a step|M points)/) == 0) next
        split(substr($0, RSTART, RLENGTH), part, " ")
        rate[k] = part[2] == "M"
        value[who, k, ++count[who, k]] = part[1]
        if (!(k in seen)) { seen[k] = 1; order[++n_keys] = k }
    }
    END {
        for (i = 1; i <= n_keys; i++) {
            k = order[i]; now = middle("now", k); old = middle("old", k)
            if (!old) { printf "%-36s %10s   was not there\n", k, now; continue }
            printf "%-36s %10s %s, was %s: x%.2f\n", k, now, rate[k] ? "M points/s" : "ns", old, rate[k] ? now / old : old / now
        }
    }' "$out"
