#!/bin/sh
# make setup: installs the Debian packages named as arguments that are not there yet. Touches neither the
# network nor the package database when nothing is missing.
set -eu

missing=
for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

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
echo "make setup: installing$missing"
apt update
# shellcheck disable=SC2086  # a list of package names
apt install -y --no-install-recommends $missing
