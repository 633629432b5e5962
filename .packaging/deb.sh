#!/bin/sh
# make deb: Debian packages of this tree in build/deb, checked with lintian. Needs debhelper and lintian (make setup-dev).
set -eu
cd "$(dirname "$0")/.."
for tool in dpkg-buildpackage dh lintian; do
    command -v $tool >/dev/null || { echo "make deb: no $tool; make setup-dev installs it" >&2; exit 4; }
done
value() { sed -n "s/.*$1 \"\(.*\)\".*/\1/p" sim/gable.h; }
version=$(value GABLE_VERSION) released=$(value GABLE_RELEASED)
SOURCE_DATE_EPOCH=$(date -u -d "$released" +%s)
export SOURCE_DATE_EPOCH LC_ALL=C

out=build/deb tree=build/deb/gable-$version
rm -rf $out
mkdir -p "$tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tree"
else
    cp -R Makefile LICENSE README.md sim hw workloads plots tests configs .packaging "$tree"
fi
cp -R .packaging/debian "$tree/debian"
mkdir "$tree/debian/source" && echo '3.0 (native)' >"$tree/debian/source/format"
cat >"$tree/debian/changelog" <<END
gable ($version) unstable; urgency=medium

  * Release $version; see README.md.

 -- Gable developers <gable@packages.debian.org>  $(date -u -R -d "$released")
END
{
    soname=${version%%.*}
    echo "libgable.so.$soname libgable$soname #MINVER#"
    echo "* Build-Depends-Package: libgable-dev"
    echo " GABLE_$soname@GABLE_$soname $version"
    sed -n 's/^[a-z].*[ *]\(gable_[a-z_]*\)(.*/\1/p' sim/gable.h | sort | sed "s/.*/ &@GABLE_$soname $version/"
} >"$tree/debian/libgable0.symbols"

(cd "$tree" && dpkg-buildpackage -us -uc -b >../build.log 2>&1) || { tail -n 40 $out/build.log; exit 1; }
ls $out/*.deb
lintian --allow-root --fail-on error,warning $out/*.changes
