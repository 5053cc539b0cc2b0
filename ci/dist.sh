#!/bin/sh
# dist.sh [SUITE...] - unpacks the archive of `make dist` in a minimal Debian, where nothing can be borrowed from the
# build machine, and builds and runs the C example there, as ci/dist_inside.sh says.
#
# As root, for debootstrap and chroot. SUITE: bullseye (glibc 2.31, the default), bookworm, trixie, ...
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "dist.sh: run it as root, debootstrap and chroot need that" >&2; exit 1; }
sh scripts/tools.sh debootstrap make

make dist
archive=$(ls dist/ncsn-*-linux-x86_64.tar.gz)
name=$(basename "$archive" .tar.gz)
scratch=$(mktemp -d)
root=$scratch/root
log=$scratch/log
leave() {
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    rm -rf --one-file-system "$scratch"
}
trap leave EXIT
chmod 755 "$scratch"

said() {
    "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}

for suite in "${@:-bullseye}"; do
    rm -rf --one-file-system "$root"
    mkdir "$root"
    said debootstrap --variant=minbase --include=gcc,libc6-dev,pkgconf "$suite" "$root"
    tar -xzf "$archive" -C "$root/srv"
    cp ci/dist_inside.sh "$root/srv"
    # $ORIGIN in an rpath is read from /proc.
    mount -t proc proc "$root/proc"
    # No environment, and an account that owns nothing.
    said chroot --userspec=65534:65534 "$root" /usr/bin/env -i PATH=/usr/bin:/bin sh /srv/dist_inside.sh "/srv/$name"
    umount "$root/proc"
    glibc=$(chroot "$root" dpkg-query -f '${Version}' -W libc6)
    echo "dist.sh: $name works on $suite (glibc $glibc): shared, copied, static"
done
