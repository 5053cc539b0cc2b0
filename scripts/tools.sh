#!/bin/sh
# tools.sh NAME... - makes sure that the named tools are there. Installs what is missing from the
# distribution's packages when it may; otherwise prints the command and fails.
set -eu

missing=""
for tool in "$@"; do
    case $tool in
        pip) python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip" ;;
        venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv" ;;
        g++) command -v g++ >/dev/null || missing="$missing g++" ;;
        abidiff) command -v abidiff >/dev/null || missing="$missing abigail-tools" ;;
        ninja) command -v ninja >/dev/null || missing="$missing ninja-build" ;;
        pkg-config) command -v pkg-config >/dev/null || missing="$missing pkgconf" ;;
        clang++) command -v clang++ >/dev/null || missing="$missing clang" ;;
        cc | gcc) command -v "$tool" >/dev/null || missing="$missing gcc libc6-dev" ;;
        *) command -v "$tool" >/dev/null || missing="$missing $tool" ;;
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
