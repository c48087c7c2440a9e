#!/usr/bin/env bash
# Makes a Debian package of a built odn (`make deb` builds one that needs no Swift toolchain):
#
#   Launch/packaging/debian.sh PROGRAM DIRECTORY
#
# writes DIRECTORY/odn_VERSION_ARCHITECTURE.deb and prints its path. The libraries that it depends on are those that the
# program is linked to, in the versions whose symbols it uses. SHLIBDEPS_OPTIONS are options for dpkg-shlibdeps.
set -euo pipefail

[ $# = 2 ] || { echo "usage: ${0##*/} PROGRAM DIRECTORY" >&2 && exit 64; }
program=$(realpath "$1")
mkdir -p "$2"
directory=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for tool in dpkg-deb dpkg-shlibdeps; do
  command -v "$tool" > /dev/null ||
    { echo "${0##*/}: there is no '$tool' on the PATH; install the package dpkg-dev" >&2 && exit 1; }
done

version=$("$program" --version)
architecture=$(dpkg --print-architecture)
maintainer=$(git log -1 --format='%an <%ae>' 2> /dev/null || true)
date=$(date --rfc-email ${SOURCE_DATE_EPOCH:+--date="@$SOURCE_DATE_EPOCH"})
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

make --no-print-directory install-files PROGRAM="$program" DESTDIR="$root" PREFIX=/usr > /dev/null

# dpkg-shlibdeps only works beside a debian/control.
mkdir "$work/debian"
printf 'Source: odn\n\nPackage: odn\nArchitecture: any\n' > "$work/debian/control"
read -ra options <<< "${SHLIBDEPS_OPTIONS:-}"
libraries=$(cd "$work" && dpkg-shlibdeps "${options[@]}" -O "$root/usr/bin/odn" | sed -n 's/^shlibs:Depends=//p')

doc=$root/usr/share/doc/odn
install -D -m 644 LICENSE "$doc/copyright"
install -D -m 644 README.md "$doc/README.md"
gzip -9n "$root/usr/share/man/man1/odn.1"
{
  printf 'odn (%s) unstable; urgency=medium\n\n  * Version %s.\n\n' "$version" "$version"
  printf ' -- %s  %s\n' "${maintainer:-odn <odn@localhost>}" "$date"
} | gzip -9n > "$doc/changelog.gz"

mkdir "$root/DEBIAN"
cat > "$root/DEBIAN/control" << EOF
Package: odn
Version: $version
Architecture: $architecture
Maintainer: ${maintainer:-odn <odn@localhost>}
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: openmpi-bin, $libraries
Suggests: curl, dataset-fashion-mnist, openssh-client
Section: science
Priority: optional
Description: find how deep a residual network has to be for a data set
 odn trains a shallow ResNet first, adds a block at a time for as long as the
 target accuracy is missed, and extracts the first network that meets it.
 Training is data-parallel over MPI, from the cores of a laptop to the nodes of
 a cluster.
EOF

chmod -R u=rwX,go=rX "$root"
package=$directory/odn_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" > /dev/null
echo "$package"
