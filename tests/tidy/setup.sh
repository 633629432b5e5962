#!/bin/sh
# make setup: installs the Debian packages named as arguments that are not there yet. Touches neither the
# network nor the package database when nothing is missing. "NAME?" is installed where the distribution has it.
set -eu

missing= extra=
for package in "$@"; do
    name=${package%\?}
    dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed && continue
    if [ "$name" = "$package" ]; then missing="$missing $name"; else extra="$extra $name"; fi
done
[ -n "$missing$extra" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "make setup: no apt-get here; install by hand what these Debian packages hold:$missing" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "make setup: needs root or sudo for: apt-get install$missing" >&2
    exit 1
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q "$@"
}
echo "make setup: installing$missing$extra"
apt update
# shellcheck disable=SC2086  # a list of package names
[ -z "$missing" ] || apt install -y --no-install-recommends $missing
for name in $extra; do
    apt install -y --no-install-recommends "$name" || echo "make setup: no $name here; what needs it is skipped" >&2
done
