#!/bin/sh
# make reproducible: the same bytes from two builds that share nothing but the sources: other folder, locale, time zone,
# umask, number of jobs; no compiler cache.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CCACHE_DISABLE=1
export CCACHE_DISABLE
for tree in "$work/a" "$work/another/and longer"; do
    mkdir -p "$tree"
    cp -R Makefile sim plots "$tree"
    mkdir "$tree/tests"
done
build() { make -s -C "$1" -j"$2" all man; }
(umask 022 && LC_ALL=C TZ=UTC && export LC_ALL TZ && build "$work/a" "$(nproc)")
(umask 027 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo && export LC_ALL TZ && build "$work/another/and longer" 1)
failed=0
for file in gable libgable.a libgable.so page.html; do
    [ $file != page.html ] || [ -f "$work/a/build/$file" ] || continue # no compiler for WebAssembly here
    if cmp "$work/a/build/$file" "$work/another/and longer/build/$file"; then
        echo "same bytes: $file $(sha256sum <"$work/a/build/$file" | cut -c 1-16)"
    else
        failed=1
    fi
done
diff -r "$work/a/build/man" "$work/another/and longer/build/man" && echo "same bytes: man pages" || failed=1
exit $failed
