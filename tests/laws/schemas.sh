#!/bin/bash
# The published JSON Schemas against every description of the tree and against answers. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
PATH=$PWD/${BIN:-build}:$PATH
for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema' 2>/dev/null && break
    python=
done
if [ -z "$python" ]; then
    printf '1..1\nok 1 - schemas hold # SKIP no python3-jsonschema\n'
    exit 0
fi

for kind in accelerator cpu link system generation stack calibration serving model scenario sweep; do
    gable help json $kind --format json >"$work/$kind.schema.json"
done
{
    for kind in accelerator cpu link system generation stack; do echo "$kind hw/${kind}s/*.json"; done
    echo "calibration hw/calibration/*.json"
    echo "serving hw/serving/*.json"
    echo "model workloads/models/*.json"
    echo "scenario configs/ci/*.json"
    echo "sweep configs/sweeps/*.json"
} >"$work/list"

answer() { # NAME COMMAND…
    gable help json "$1" --format json >"$work/$1.schema.json"
    gable "${@:2}" --format json >"$work/$1.answer"
    echo "$1 $work/$1.answer" >>"$work/list"
}
answer cost cost --model deepseek-v3 --system hgx-h200-8 --tp 8 --decoding mtp --acceptance-rate 0.8
answer explain explain --model llama-3.1-8b --system h100-sxm
answer serve serve --model llama-3.1-8b --system h100-sxm
answer check check configs/ci
answer diff diff configs/ci/dense-decode-h100.json configs/ci/dense-decode-a100.json

"$python" - "$work" <<'END'
import glob, json, os, sys
import jsonschema

work = sys.argv[1]
n = 0
for row in open(os.path.join(work, "list")):
    kind, pattern = row.split()
    schema = json.load(open(os.path.join(work, kind + ".schema.json")))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted(glob.glob(pattern))
    wrong = []
    for file in files:
        for error in validator.iter_errors(json.load(open(file))):
            wrong.append(f"# {os.path.basename(file)}: {'.'.join(map(str, error.path))}: {error.message[:120]}")
    n += 1
    good = files and not wrong
    print(f"{'ok' if good else 'not ok'} {n} - {kind}: {len(files)} files")
    print("\n".join(wrong[:10]), end="\n" if wrong else "")
    # A key that nobody knows must not pass either, where the schema is of something that is read.
    if kind not in ("cost", "explain", "serve", "check", "diff"):
        document = json.load(open(files[0]))
        document["no_such_key"] = 1
        n += 1
        print(f"{'not ok' if validator.is_valid(document) else 'ok'} {n} - {kind}: an unknown key is refused")
print(f"1..{n}")
END
