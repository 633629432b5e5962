#!/bin/bash
# What `make install` puts down, used as a newcomer would: from another folder, without the sources. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
BIN=${BIN:-build}
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
prefix=/opt/gable at=$work/root/opt/gable n=0

ok() { # NAME STATUS [GOT]
    n=$((n + 1))
    if [ "$2" = 0 ]; then echo "ok $n - $1"; else printf 'not ok %d - %s\n# %s\n' "$n" "$1" "${3//$'\n'/$'\n'# }"; fi
}
same() { # NAME EXPECTED GOT
    [ "$2" = "$3" ]
    ok "$1" $? "expected $2, got $3"
}
skip() { n=$((n + 1)) && echo "ok $n - $1 # SKIP $2"; }

# Neither the jobs nor the variables of a make around this one.
unset MAKEFLAGS MAKELEVEL MFLAGS GABLE_DATA
variant=gcc
[ "$BIN" = build ] || variant=${BIN#build/}
make_here() { make -s VARIANT="$variant" CC="$variant" DESTDIR="$work/root" PREFIX=$prefix "$@"; }

log=$(make_here install 2>&1)
ok "make install" $? "$log"
log=$(cd / && env -i "$at/bin/gable" check configs/ci 2>&1)
ok "the program finds its data" $? "$log"
ln -s "$at/bin/gable" "$work/link"
log=$(cd / && env -i "$work/link" cost --model llama-3.1-8b --system l4 2>&1)
ok "and does through a link" $? "$log"
log=$(cd / && env -i GABLE_DATA="$work" "$at/bin/gable" cost --model llama-3.1-8b --system l4 2>&1)
same "GABLE_DATA decides, and is named where it holds nothing" "gable: GABLE_DATA is $work, which has no folder hw" "$log"
mkdir "$work/alone" && cp "$at/bin/gable" "$work/alone"
log=$(cd / && env -i "$work/alone/gable" help cost 2>&1)
ok "help needs no data" $? "$log"
log=$(cd / && env -i "$work/alone/gable" cost 2>&1)
same "what needs data says so" "gable: no data folder (hw, workloads) beside the program; set GABLE_DATA" "$log"
missing=$(for c in $("$at/bin/gable" completion words commands); do
    [ -s "$at/share/man/man1/gable-$c.1" ] || echo "$c"
done)
same "a man page for each command" "" "$missing"
for file in share/bash-completion/completions/gable share/zsh/site-functions/_gable \
    share/fish/vendor_completions.d/gable.fish share/man/man1/gable.1 share/man/man5/gable-json.5 \
    share/gable/schemas/model.schema.json include/gable.h share/gable/configs/examples/step.c; do
    [ -s "$at/$file" ] || echo "$file"
done >"$work/missing"
same "completion, header, examples" "" "$(cat "$work/missing")"
same "no program of the developers among the data" "" "$(find "$at/share/gable" -name '*.sh')"
same "nothing there knows where it was built" "" \
    "$(grep -rlF -e "$PWD/" "$at/bin" "$at/lib" "$at/include" "$at/share")"

declared=$(sed -n 's/^[a-z].*[ *]\(gable_[a-z_]*\)(.*/\1@@GABLE_0/p' sim/gable.h | sort)
exported=$(nm -D --defined-only "$at/lib/libgable.so" | awk '$2 != "A" { print $3 }' | sort)
same "the shared library exports what gable.h declares, with a version" "$declared" "$exported"
same "its name is versioned" libgable.so.0 "$(objdump -p "$at/lib/libgable.so" | awk '/SONAME/ { print $2 }')"

# ---- the library, by way of pkg-config ----
export PKG_CONFIG_PATH=$at/lib/pkgconfig
flags() { pkg-config --define-variable=prefix="$at" "$@" gable; }
expected=$("$at/bin/gable" cost --model llama-3.1-8b --system h100-sxm --batch 16 --context 4096 --format json |
    sed -n 's/^  "time_s": \(.*\),$/\1/p')
compile() { # OUT FLAGS…
    # shellcheck disable=SC2046
    "$variant" -Wall -Wextra -Werror -pedantic -std=c99 -o "$work/$1" "$at/share/gable/configs/examples/step.c" \
        $(flags --cflags) "${@:2}"
}
# shellcheck disable=SC2046
log=$(compile shared $(flags --libs) -Wl,-rpath,"$at/lib" 2>&1)
ok "a program links with the shared library" $? "$log"
number() { awk '{ printf "%.17g", $1 }'; }
same "and prices as the command does" "$(echo "$expected" | number)" "$("$work/shared" "$(flags --variable=datadir)" | number)"
# shellcheck disable=SC2046
log=$(compile static "$at/lib/libgable.a" $(pkg-config --libs gsl libcjson) $(sed -n 's/^Libs.private: //p' "$PKG_CONFIG_PATH/gable.pc") 2>&1)
ok "a program links with the static library" $? "$log"
same "and prices as the command does" "$(echo "$expected" | number)" "$("$work/static" "$at/share/gable" | number)"
if command -v g++ >/dev/null; then
    log=$(echo '#include <gable.h>' | g++ -x c++ -Wall -Wextra -Werror -pedantic -fsyntax-only -I"$at/include" - 2>&1)
    ok "the header is C++ as well" $? "$log"
else
    skip "the header is C++ as well" "no g++"
fi
if command -v python3 >/dev/null && python3 -c 'import ctypes' 2>/dev/null; then
    log=$(GABLE_LIBRARY=$at/lib/libgable.so.0 GABLE_DATA=$at/share/gable \
        python3 "$at/share/gable/configs/examples/gable_ctypes.py" llama-3.1-8b h100-sxm 1 2>&1 | grep '^16,')
    printf '#include <gable.h>\n#include <stdio.h>\nint main(void) { printf("%%zu %%zu\\n", sizeof(gable_query), sizeof(gable_answer)); return 0; }\n' \
        >"$work/sizes.c"
    "$variant" -I"$at/include" -o "$work/sizes" "$work/sizes.c"
    same "its structs are those of gable.h" "$("$work/sizes")" "$(cd "$at/share/gable/configs/examples" && PYTHONDONTWRITEBYTECODE=1 \
        python3 -c 'import ctypes, gable_ctypes as g; print(ctypes.sizeof(g.Query), ctypes.sizeof(g.Answer))')"
    same "Python prices as the command does" "$(echo "$expected" | number)" "$(echo "$log" | cut -d , -f 2 | number)"
else
    skip "its structs are those of gable.h" "no python3"
    skip "Python prices as the command does" "no python3"
fi

log=$(make_here uninstall 2>&1)
ok "make uninstall" $? "$log"
same "nothing is left" "" "$(find "$work/root" ! -type d)"
echo "1..$n"
