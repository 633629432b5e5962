#!/bin/sh
# Sweeps that are cut off: killed, asked to stop, torn journals. What was done is not done again, and the answer is
# the same to the byte. With GNU parallel: a shard that was killed is redone by the script that --emit prints.
set -u
cd "$(dirname "$0")/../.." || exit 70
GABLE=$PWD/${BIN:-build}/gable
export GABLE
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
n=0 failed=0

verdict() { # NAME STATUS
    n=$((n + 1))
    if [ "$2" = 0 ]; then echo "ok $n - $1"; else failed=$((failed + 1)) && echo "not ok $n - $1"; fi
}
skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

# Many blocks: four for each layout, each with work for a while.
sed 's/"count": 25}/"count": 60}/' configs/sweeps/bench.json >"$work/sweep.json"
"$GABLE" sweep "$work/sweep.json" --threads 1 -o "$work/whole" 2>"$work/err"
verdict "a sweep in one piece" $?

# Starts a sweep into $work/cut and sends it signal $1 once its journal holds a few blocks.
cut_off() {
    # A shell has what it starts in the background ignore SIGINT.
    env --default-signal=INT "$GABLE" sweep "$work/sweep.json" --threads 2 -o "$work/cut" 2>"$work/err" &
    pid=$!
    i=0
    while [ "$(wc -l 2>/dev/null <"$work/cut.journal" || echo 0)" -lt 8 ] && [ $i -lt 500 ]; do
        sleep 0.02
        i=$((i + 1))
    done
    kill -"$1" $pid 2>/dev/null
    wait $pid
    status=$?
}

for signal in KILL INT TERM; do
    rm -f "$work"/cut*
    cut_off $signal 2>/dev/null
    if [ -e "$work/cut" ]; then
        skip "sig$signal: resumed, the same bytes" "it was faster than the signal"
        continue
    fi
    [ -s "$work/cut.journal" ]
    verdict "sig$signal leaves a journal and no answer" $?
    [ $signal = KILL ] || { grep -q 'with --resume goes on' "$work/err" && [ $status -gt 128 ]; }
    verdict "sig$signal: says how to go on, and ends by the signal ($status)" $?
    [ $signal = TERM ] && printf '0123456789abcdef {"block": 3, "poi' >>"$work/cut.journal"
    "$GABLE" sweep "$work/sweep.json" --threads 1 --resume --stats -o "$work/cut" 2>"$work/stats"
    cmp -s "$work/whole" "$work/cut"
    verdict "sig$signal: resumed, the same bytes" $?
    points=$(sed 's/.*"points": \([0-9]*\).*/\1/' "$work/stats")
    [ "$points" -lt 24000000 ] && [ ! -e "$work/cut.journal" ]
    verdict "sig$signal: what was done is not done again ($points points), the journal is gone" $?
done

# A program that kills the third shard once.
cat >"$work/gable" <<EOF
#!/bin/sh
case "\$*" in *"--shard 3/"*) [ -e "$work/killed" ] || { : >"$work/killed"; kill -KILL \$\$; } ;; esac
exec "$GABLE" "\$@"
EOF
chmod +x "$work/gable"
"$GABLE" sweep configs/sweeps/batch-context.json >"$work/expected"

redone="a killed shard is redone, the merged bytes are those of one piece"
if command -v parallel >/dev/null 2>&1; then
    "$GABLE" sweep configs/sweeps/batch-context.json --emit parallel --shards 5 >"$work/launch"
    GABLE=$work/gable PARTS=$work/parts sh "$work/launch" >"$work/got" 2>"$work/err"
    cmp -s "$work/expected" "$work/got" && [ -e "$work/killed" ]
    verdict "GNU parallel: $redone" $?
else
    skip "GNU parallel: $redone" "no parallel"
fi

# On a cluster that is up; a job that is requeued waits for two minutes there.
if sinfo >/dev/null 2>&1; then
    rm -rf "$work/killed" "$work/parts"
    "$GABLE" sweep configs/sweeps/batch-context.json --emit slurm --shards 4 >"$work/job"
    job=$(GABLE=$work/gable PARTS=$work/parts sbatch --parsable --output=/dev/null "$work/job")
    i=0
    while [ -n "$(squeue -h -j "$job" 2>/dev/null)" ] && [ $i -lt 200 ]; do
        sleep 2
        i=$((i + 1))
    done
    "$GABLE" merge "$work"/parts/*.json | cmp -s "$work/expected" - && [ -e "$work/killed" ]
    verdict "Slurm: $redone" $?
else
    skip "Slurm: $redone" "no cluster"
fi

echo "1..$n"
[ $failed = 0 ]
