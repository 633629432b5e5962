#!/bin/sh
# tests/faults/input.sh: files that are not what they should be: devices, pipes, folders, sizes, and names that would run
# as commands if gnuplot or a shell saw them. Exit 3 and one line; a canary stays unborn.
set -u
. "$(dirname "$0")/tap.sh"

# ---- what is no file ----
mkfifo fifo empty
before=$(files)
for path in /dev/zero /dev/tty . /nowhere.json; do
    run "$gable" hw check "$path"
    ok "hw check $path" [ "$status" = 3 ] && one_line
    run "$gable" cost --model "$path" --system h100-sxm
    ok "cost --model $path" [ "$status" = 3 ] && one_line
done
: >empty.json
head -c 5000000 /dev/zero | tr '\0' ' ' >large.json
printf '{"a":\0}' >nul.json
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "[" }' >deep.json
ln -s loop.json loop.json
before=$(files)
for file in empty large nul deep loop; do
    run "$gable" hw check $file.json
    ok "hw check $file.json" refused 3
    run "$gable" model show ./$file.json
    ok "model show $file.json" refused 3
    run "$gable" predict gemm $file.json
    ok "predict gemm $file.json" refused 3
    run "$gable" check $file.json
    ok "check $file.json" refused 3
    run "$gable" net flows $file.json
    ok "net flows $file.json" refused 3
done
run timeout 10 sh -c "sleep 0.3 >fifo & exec '$gable' hw check fifo"
ok "a pipe in the place of a file" [ "$status" = 3 ] && one_line
run timeout 10 sh -c "'$gable' hw check - <empty & sleep 0.3 >empty; wait \$!"
ok "an empty pipe" [ "$status" = 3 ] && one_line
run timeout 10 sh -c "yes '{' | '$gable' hw check -"
ok "a pipe without an end" [ "$status" = 3 ] && one_line

# ---- names that would run ----
no_canary() {
    [ -z "$(find "$work" "$HOME" -maxdepth 3 -name 'canary*' 2>/dev/null)" ] && [ "$status" -lt 5 ]
}
i=0
while IFS= read -r hostile; do
    i=$((i + 1))
    jq --arg title "$hostile" '.title = $title | .name = "x"' "$data/workloads/models/llama-3.1-8b.json" >m.json
    jq --arg title "$hostile" '.title = $title | .name = "x"' "$data/hw/systems/hgx-h100-8.json" >s.json
    # A file name may hold all of it but '/'.
    cp m.json "$hostile.json" 2>/dev/null || cp m.json other.json
    run "$gable" roofline --model m.json --system s.json --tp 8 -o p.svg
    ok "roofline of titles $i" no_canary
    run "$gable" roofline --model "./$hostile.json" --system s.json --tp 8
    ok "roofline of a path $i" no_canary
    run "$gable" roofline --model m.json --system s.json --tp 8 -o "./$hostile.svg"
    ok "roofline to a path $i" no_canary
    run "$gable" curve cache --model "m.json,./$hostile.json" -o p.svg
    ok "curve $i" no_canary
    run "$gable" net show s.json -o p.svg
    ok "net show $i" no_canary
    run "$gable" whatif --model m.json --system s.json --tp 8 --set hbm.bandwidth=x2 -o p.svg
    ok "whatif $i" no_canary
    awk -v dtype="$(printf %s "$hostile" | tr -d ',"\\')" -F, 'BEGIN { OFS = "," } NR > 1 { $4 = dtype } { print }' measured.csv >h.csv
    run "$gable" validate gemm h.csv -o p.svg
    ok "validate $i" no_canary
    rm -f "./$hostile.json" "./$hostile.svg"
done <<'END'
'; system('touch canary'); '
`touch canary`
"; system("touch canary"); "
$(touch canary)
\'; system('touch canary') #
|touch canary
<touch canary
it's''a''' `touch canary`
END
finish
