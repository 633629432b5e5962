#!/bin/sh
# make lint: three analysers over sim, and no mutable data in what they compiled. CFLAGS comes from the Makefile.
set -u
cd "$(dirname "$0")/../.." || exit 70
sources=$(find sim -name '*.c' | sort)
status=0

say() {
    echo "lint: $1"
}

say clang-tidy
# shellcheck disable=SC2086  # lists of words
echo $sources | tr ' ' '\n' | xargs -P "$(nproc)" -n 4 sh -c \
    'flags=$1; shift; clang-tidy --quiet "$@" -- $(echo "$flags" | sed "s/-fno-semantic-interposition//") 2>&1 |
        grep -vE "^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter"' sh "$CFLAGS" >build/clang-tidy.txt
if grep -qE '(warning|error):' build/clang-tidy.txt; then
    grep -E '(warning|error):' build/clang-tidy.txt
    status=1
fi

say cppcheck
cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=legacyUninitvar --suppress=syntaxError:*.def --error-exitcode=1 -j "$(nproc)" \
    -D_POSIX_C_SOURCE=200809L '-DGABLE_VERSION="x"' -Isim sim || status=1

say 'gcc -fanalyzer (base)'
echo sim/base/*.c | tr ' ' '\n' | xargs -P "$(nproc)" -I '{}' sh -c \
    'gcc $1 -O1 -fanalyzer -Werror -c -o /dev/null "$2"' sh "$CFLAGS" '{}' || status=1

say 'no mutable data'
# A variable with a life of its own makes results depend on what ran before, and threads on each other.
for object in build/obj-gcc/sim/*/*.o; do
    objdump -t "$object" | awk -v o="$object" '$0 ~ / O / && ($0 ~ /[ \t]\.(data|bss|tdata|tbss)([ \t]|\.[^r])/) {
        sub(/^build\/obj-gcc\//, "", o); print o ": mutable " $NF }'
done >build/mutable.txt
if [ -s build/mutable.txt ]; then
    cat build/mutable.txt
    status=1
fi
exit $status
