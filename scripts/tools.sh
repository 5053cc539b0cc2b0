#!/bin/sh
# tools.sh NAME... - makes sure that the named tools are there. Installs what is missing from the
# distribution's packages when it may; otherwise prints the command and fails.
set -eu

missing=""
# need PACKAGES COMMAND... - PACKAGES are missing if the command fails.
need() {
    packages=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $packages"
}

for tool in "$@"; do
    case $tool in
        pip) need python3-pip python3 -m pip --version ;;
        venv) need python3-venv python3 -c 'import ensurepip, venv' ;;
        abidiff) need abigail-tools command -v abidiff ;;
        clang++) need clang command -v clang++ ;;
        cc | gcc) need "gcc libc6-dev" command -v "$tool" ;;
        doctest) need doctest-dev test -e /usr/include/doctest/doctest.h ;;
        javac) need default-jdk-headless command -v javac ;;
        jna) need libjna-java test -e /usr/share/java/jna.jar ;;
        mcs) need "mono-mcs mono-runtime" command -v mcs ;;
        mesa) need libgl1-mesa-dri test -n "$(find /usr/lib -name swrast_dri.so -print -quit)" ;;
        ninja) need ninja-build command -v ninja ;;
        pkg-config) need pkgconf command -v pkg-config ;;
        sdl2-config) need libsdl2-dev command -v sdl2-config ;;
        xvfb-run) need "xvfb xauth" command -v xvfb-run ;;
        *) need "$tool" command -v "$tool" ;;
    esac
done
[ -n "$missing" ] || exit 0

install="apt-get update && apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "missing:$missing - install them with this system's package manager" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "missing:$missing - install them as root: $install" >&2
    exit 1
fi
echo "installing$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word per package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
