#!/bin/sh
# make reproducible: the same bytes from two builds that share nothing but the sources: other folder, locale, time zone,
# umask, number of jobs; no compiler cache. Where there is dpkg-buildpackage, the Debian packages as well.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CCACHE_DISABLE=1
export CCACHE_DISABLE
lay_out() { # a tree of the sources
    mkdir -p "$1"
    cp -R Makefile LICENSE README.md sim plots hw workloads configs tests .packaging "$1"
}
lay_out "$work/a"
lay_out "$work/another/and longer"
lay_out "$work/elsewhere" # packages alone: dpkg-buildflags stands no blank in a path
packages=$(command -v dpkg-buildpackage || true)
build() { make -s -C "$1" -j"$2" all man; }
package() {
    [ -n "$packages" ] || return 0
    make -s -C "$1" deb >"$1/deb.log" 2>&1 || { tail -n 20 "$1/deb.log"; exit 1; }
}
(umask 022 && LC_ALL=C TZ=UTC && export LC_ALL TZ && build "$work/a" "$(nproc)" && package "$work/a") &
beside=$!
(umask 027 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo && export LC_ALL TZ && build "$work/another/and longer" 1 &&
    package "$work/elsewhere")
wait $beside
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
if [ -n "$packages" ]; then
    for file in "$work"/a/build/deb/*.deb; do
        if cmp "$file" "$work/elsewhere/build/deb/${file##*/}"; then
            echo "same bytes: ${file##*/} $(sha256sum <"$file" | cut -c 1-16)"
        else
            failed=1
        fi
    done
fi
exit $failed
