#!/bin/sh
# plots/page/build.sh OUT WASM PAGE.html PAGE.css SCRIPT.js…: one file out of the parts. The policy of the page names the
# one style and the one script that it holds by their hashes, so that nothing else that looks like a script ever runs.
set -eu
out=$1 wasm=$2 html=$3 css=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hash_of() {
    printf 'sha256-%s' "$(sha256sum "$1" | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64 -w0)"
}

# The hash is of all that stands between the tags, the line ends beside them included.
{ echo; cat "$css"; } >"$work/css"
{ echo; echo "'use strict';"; cat "$@"; } >"$work/js"
base64 -w0 "$wasm" >"$work/wasm"
sed -e "s|@script-hash@|$(hash_of "$work/js")|" -e "s|@style-hash@|$(hash_of "$work/css")|" "$html" |
    awk -v css="$work/css" -v js="$work/js" -v wasm="$work/wasm" '
        function paste(file, line) { while ((getline line < file) > 0) print line; close(file) }
        function whole(file, line) { while ((getline line < file) > 0) printf "%s", line; close(file) }
        $0 == "@style@" { printf "<style>"; paste(css); print "</style>"; next }
        $0 == "@script@" { printf "<script>"; paste(js); print "</script>"; next }
        $0 == "@engine@" { printf "<script type=\"application/wasm+base64\" id=\"engine\">"; whole(wasm); print "</script>"; next }
        { print }' >"$work/page"
mv "$work/page" "$out"
