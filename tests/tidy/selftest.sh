#!/bin/sh
# Proof that every gate can fail: plants one violation in a small clean tree and expects the rule, and no other
# one, to say no.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
ROOT=$work/tree
export ROOT
n=0 failed=0

clean_tree() {
    rm -rf "$ROOT"
    for folder in sim hw workloads plots tests configs; do
        mkdir -p "$ROOT/$folder"
        echo "What belongs here." >"$ROOT/$folder/README.md"
    done
    echo "Read me." >"$ROOT/README.md"
    for room in base cost engine cli; do
        mkdir "$ROOT/sim/$room"
        printf '/* %s: sprintf, float and h100 may be named in comments. */\nint gable_%s(void);\n' $room $room \
            >"$ROOT/sim/$room/$room.h"
        printf '#include "%s/%s.h"\n\nint gable_%s(void)\n{\n    return 0;\n}\n' $room $room $room \
            >"$ROOT/sim/$room/$room.c"
    done
    printf '#include <gsl/gsl_math.h>\n#include "cost/cost.h"\n#include "base/base.h"\n' >"$ROOT/sim/engine/fit.c"
    printf 'const char *const help = "gable cost --system hgx-h100-8";\nint main(void)\n{\n    exit(0);\n}\n' \
        >"$ROOT/sim/cli/main.c"
}

verdict() {
    n=$((n + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $n - $1"
    else
        failed=$((failed + 1))
        printf 'not ok %s - %s\n# expected: %s\n# got: %s\n' "$n" "$1" "$3" "$2"
    fi
}

broken_rules() {
    sed -n 's/^not ok [0-9]* - //p' "$work/tap" | tr '\n' ';'
}

# catches GATE RULE FILE TEXT: TEXT is appended to FILE (printf format), and RULE must be the one that breaks.
catches() {
    clean_tree
    mkdir -p "$ROOT/$(dirname "$3")"
    # shellcheck disable=SC2059  # the text is a format
    printf "$4" >>"$ROOT/$3"
    "$here/$1.sh" --tap >"$work/tap" && echo "not ok 0 - exit status 0;" >>"$work/tap"
    verdict "$1 sees: $2 ($3)" "$(broken_rules)" "$2;"
}

clean_tree
for gate in layers tidy; do
    "$here/$gate.sh" --tap >"$work/tap" || echo "not ok 0 - exit status" >>"$work/tap"
    verdict "$gate passes a clean tree" "$(broken_rules)" ""
done

homeless="every file of sim is in a room"
catches layers "$homeless" sim/attic/old.c 'int x;\n'
catches layers "$homeless" sim/base/deep/down.c 'int x;\n'
catches layers "$homeless" sim/base/notes.txt 'notes\n'
up="no include goes up"
catches layers "$up" sim/base/base.c '#include "cost/cost.h"\n'
catches layers "$up" sim/cost/cost.c '  #  include "gable.h"\n'
catches layers "$up" sim/cost/cost.c '#include "cost.h"\n'
catches layers "$up" sim/gable.h '#include "base/base.h"\n'
catches layers "GSL only in engine" sim/cost/cost.c '#include <gsl/gsl_roots.h>\n'
catches layers "cJSON only in base" sim/engine/fit.c '#include <cjson/cJSON.h>\n'

lines() { # N LINE
    awk -v n="$1" -v line="$2" 'BEGIN { while (n-- > 0) printf "%s\\n", line }'
}
catches tidy "function of at most 70 lines" sim/base/base.c "int long_one(void)\n{\n$(lines 69 '    x();')}\n"
if command -v pmccabe >/dev/null 2>&1; then
    catches tidy "complexity of at most 15" sim/base/base.c \
        "int branchy(int x)\n{\n$(lines 15 '    if (x) x--;')    return x;\n}\n"
fi
size="file of at most 500 lines, header of at most 200"
catches tidy "$size" sim/base/long.c "$(lines 501 'extern int x;')"
catches tidy "$size" sim/base/long.h "$(lines 201 'extern int x;')"
form="100 columns, no tabs, no trailing blanks"
catches tidy "$form" sim/base/base.c "/* $(lines 100 x | tr -d '\\n') */\n"
catches tidy "$form" sim/base/base.c '\tint x;\n'
catches tidy "$form" tests/unit/test_x.c 'int x; \n'
catches tidy "no banned call" sim/base/base.c 'void f(void) { sprintf(b, "x"); }\n'
catches tidy "no banned call" sim/cli/cli.c 'void f(void) { return system ("x"); }\n'
exits="exit only in cli/main.c"
catches tidy "$exits" sim/cli/cli.c 'void f(void) { exit(1); }\n'
catches tidy "cJSON look-ups mind the case" sim/base/base.c 'void f(void) { cJSON_GetObjectItem(a, "b"); }\n'
catches tidy "double, never float" sim/cost/cost.c 'static float x;\n'
streams="streams and environment only in cli"
catches tidy "$streams" sim/engine/fit.c 'void f(void) { printf("x"); }\n'
catches tidy "$streams" sim/base/base.c 'static FILE *x;\n'
catches tidy "$streams" sim/cost/cost.c 'const char *f(void) { return getenv("X"); }\n'
names="no product name in code"
catches tidy "$names" sim/cost/cost.c 'static const char *x = "h100-sxm";\n'
catches tidy "$names" sim/engine/fit.c 'enum { BLACKWELL_SMS = 148 };\n'
catches tidy "$names" sim/engine/fit.c 'static const char *x = "Llama-3";\n'
catches tidy "$names" sim/cli/cli.c 'int hopper_sms;\n'
clean_tree
rm "$ROOT/hw/README.md"
"$here/tidy.sh" --tap >"$work/tap"
verdict "tidy sees a missing README" "$(broken_rules)" "every top folder has a README.md;"

echo "1..$n"
[ $failed = 0 ]
