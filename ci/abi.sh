#!/bin/sh
# abi.sh OLDER - compares the library of an older source tree with this one's, by their debugging information: which functions
# are exported, and the layout of everything that they take. Additions are listed; what breaks a program is an error.
set -eu
[ $# = 1 ] && [ -f "$1/include/ncsn.h" ] || { echo "usage: abi.sh FOLDER, a source tree of libncsn" >&2; exit 2; }
older=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
sh scripts/tools.sh abidiff
into=${CARGO_TARGET_DIR:-$PWD/target}/abi

# Whole types need debugging information that link-time optimisation, slow in itself, would take apart.
build() {
    (cd "$1" && CARGO_PROFILE_RELEASE_DEBUG=2 CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_TARGET_DIR="$into/$2" cargo build --release --lib)
}
build "$older" older
build . this

# abidiff's exit code says that something differs (4), that functions are gone or changed (8), or that it could not compare
# (1, 2). A struct that grows and one whose fields move are both 4: its words tell them apart.
code=0
said=$(abidiff "$into/older/release/libncsn.so" "$into/this/release/libncsn.so") || code=$?
printf '%s\n' "$said"
case $code in 0 | 4) ;; *) echo "abi.sh: programs of the older tree break (abidiff: $code)" >&2; exit 1 ;; esac
if printf '%s\n' "$said" | grep -Eq 'data member (change|deletion)s?:|parameter [0-9]+ of type .* changed:'; then
    echo "abi.sh: programs of the older tree break: a field or a parameter is gone, moved or of another type" >&2
    exit 1
fi
echo "abi.sh: programs of the older tree go on: no function is gone or changed, structs grew at their ends only"
