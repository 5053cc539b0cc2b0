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

# Of the exit code's bits 4 says that something differs, 8 that it is incompatible, the others that nothing was compared.
code=0
abidiff --headers-dir1 "$older/include" --headers-dir2 include \
    "$into/older/release/libncsn.so" "$into/this/release/libncsn.so" || code=$?
case $code in
0) echo "abi.sh: nothing differs" ;;
4) echo "abi.sh: compatible" ;;
*) echo "abi.sh: abidiff says $code" >&2; exit 1 ;;
esac
