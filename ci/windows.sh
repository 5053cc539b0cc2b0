#!/usr/bin/env bash
# Builds ncsn.dll for x86_64 Windows and runs it under Wine, with the C and C++ programs of tests/ and
# with the ONNX Runtime that is made for Windows.
#
#     ci/windows.sh            from a clean clone; NCSN_PREFIX names an installed Linux tree to
#                              compare samples with, otherwise `make build onnxruntime` makes one
#
# Debian 12's own Rust has the sources of the standard library, so it can build for a target that no
# package brings ready-made. All that is written lies in target/.
set -euo pipefail
cd "$(dirname "$0")/.."

ORT_VERSION=1.28.0
TARGET=x86_64-pc-windows-gnu
BUILT=target/$TARGET/release
WORK=$PWD/target/windows
CC=x86_64-w64-mingw32-gcc-posix
CXX=x86_64-w64-mingw32-g++-posix
WARNINGS="-Wall -Wextra -Wpedantic -Werror"
# What Rust's standard library needs of Windows; `--print native-static-libs` says so.
SYSTEM_LIBRARIES="-lkernel32 -lntdll -luserenv -lws2_32 -ldbghelp"

passed=0
pass() {
    passed=$((passed + 1))
    echo "ok $*"
}
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

tools() {
    local packages="rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix wine64 wine doctest-dev"
    local missing="" package
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    local install="apt-get install -y --no-install-recommends$missing"
    [ "$(id -u)" = 0 ] || fail "install as root: apt-get update && $install"
    echo "installing$missing (2 GB)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $install -qq -o DPkg::Lock::Timeout=300 >/dev/null
    apt-get clean
}

build() {
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=target \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$CC \
        /usr/bin/cargo build --release --lib --locked ${JOBS:+-j "$JOBS"} \
        -Zbuild-std=std,panic_unwind --target $TARGET
}

# ONNX Runtime for Windows, from the wheel that pip would install there.
runtime() {
    local stage=$WORK/onnxruntime-$ORT_VERSION
    if [ ! -f "$stage/onnxruntime.dll" ]; then
        mkdir -p "$stage"
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
            --platform win_amd64 --python-version 3.11 --dest "$stage" "onnxruntime==$ORT_VERSION"
        python3 - "$stage" <<'PY'
import pathlib, sys, zipfile
stage = pathlib.Path(sys.argv[1])
(wheel,) = stage.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (stage / "onnxruntime.dll").write_bytes(archive.read("onnxruntime/capi/onnxruntime.dll"))
wheel.unlink()
PY
    fi
    RUNTIME=$stage/onnxruntime.dll
}

# A folder as an application's: the library, what it needs, and nothing else.
application() {
    rm -rf "$1"
    mkdir -p "$1"
    cp "$BUILT/ncsn.dll" "$WORK/bcryptprimitives.dll" "$1/"
}

# compile SOURCE EXE [FLAG...]: a C program against the import library.
compile() {
    local source=$1 exe=$2
    shift 2
    # shellcheck disable=SC2086 # one word per flag
    $CC -std=c11 -D_POSIX_C_SOURCE=200809L -D__USE_MINGW_ANSI_STDIO=1 -O1 -pthread $WARNINGS \
        -Iinclude -Itests/windows "$@" "$source" -o "$exe" "${IMPORT:-$BUILT/libncsn.dll.a}" -static -lpsapi \
        ${LIBRARIES:-}
}

# What a program prints, with the line ends of here. ONNX Runtime looks for graphics cards and says
# on stderr that Wine has none.
under_wine() {
    timeout 600 wine "$@" 2>"$WORK/stderr" | tr -d '\r'
    local status=${PIPESTATUS[0]}
    if grep -v -e '^Failed to create DXGI factory' "$WORK/stderr" | grep . >&2; then
        return 1
    fi
    return "$status"
}

# expect WORDS COMMAND...: it succeeds and prints that line last.
expect() {
    local line=$1 printed
    shift
    printed=$(under_wine "$@") || fail "$*: $printed"
    [ "$(tail -n 1 <<<"$printed")" = "$line" ] || fail "$*: printed '$printed', not '$line'"
}

face() {
    x86_64-w64-mingw32-objdump -p "$BUILT/ncsn.dll" >"$WORK/objdump"
    sed -n '/\[Ordinal\/Name Pointer\] Table/,/^$/s/^\t\[ *[0-9]*\] \(+base\[ *[0-9]*\] *[0-9a-f]* \)\?//p' \
        "$WORK/objdump" | sort >"$WORK/exports"
    diff "$WORK/exports" tests/abi/symbols.txt || fail "the exports are not tests/abi/symbols.txt"
    pass "exports: $(wc -l <"$WORK/exports")"

    # Nothing but what every Windows has: no compiler's runtime library beside it.
    local own
    own=$(sed -n 's/^\tDLL Name: //p' "$WORK/objdump" | tr '[:upper:]' '[:lower:]' |
        grep -v -x -e 'kernel32.dll' -e 'msvcrt.dll' -e 'ntdll.dll' -e 'userenv.dll' -e 'ws2_32.dll' \
            -e 'bcryptprimitives.dll' -e 'api-ms-win-.*' || true)
    [ -z "$own" ] || fail "ncsn.dll needs $own"
    pass "imports"

    # The layouts that were recorded on Linux.
    {
        echo '#include <stddef.h>'
        echo '#include "ncsn.h"'
        awk '/^ncsn_/ { type = $1; print "_Static_assert(sizeof(" $1 ") == " $2 ", \"" $1 "\");" }
             /^ / { print "_Static_assert(offsetof(" type ", " $2 ") == " $1 ", \"" type "." $2 "\");" }' \
            tests/abi/layout.txt
    } >"$WORK/layout.c"
    [ "$(grep -c sizeof "$WORK/layout.c")" -gt 8 ] || fail "tests/abi/layout.txt has no structs"
    # shellcheck disable=SC2086
    $CC -std=c11 $WARNINGS -Iinclude -c "$WORK/layout.c" -o "$WORK/layout.o"
    pass "layouts: $(grep -c sizeof "$WORK/layout.c") structs"
}

# For a linker that wants a .lib: the list of exports from which its own tool makes one.
definition() {
    { echo "LIBRARY ncsn"; echo "EXPORTS"; sed 's/^/    /' tests/abi/symbols.txt; } >"$WORK/ncsn.def"
    x86_64-w64-mingw32-dlltool -d "$WORK/ncsn.def" -l "$WORK/ncsn.lib"
    IMPORT=$WORK/ncsn.lib compile tests/c/noise.c "$APP/noise-def.exe"
    expect "ok noise" "$APP/noise-def.exe"
    pass "import library of ncsn.def"
}

programs() {
    local name case
    for name in happy contract load_errors argument_errors param_errors runs hooks score_failures cancel \
        threads log samplers sampler_errors sampler_noise noise diagnose background; do
        compile tests/c/$name.c "$APP/$name.exe"
        expect "ok $name" "$APP/$name.exe"
        pass "tests/c/$name.c"
    done
    compile tests/c/lifecycle.c "$APP/lifecycle.exe"
    for case in growth two_models nested_calls exit_without_free exit_while_going \
        exit_from_a_stuck_callback destroy_at_exit destroy_at_thread_exit; do
        expect "ok lifecycle" "$APP/lifecycle.exe" $case
        pass "tests/c/lifecycle.c $case"
    done
    # It is linked with nothing of the library, and opens the DLL.
    # shellcheck disable=SC2086
    $CC -std=c11 -D__USE_MINGW_ANSI_STDIO=1 -O1 $WARNINGS -Iinclude -Itests/windows tests/c/dlopen.c -o "$APP/dlopen.exe" -static
    expect "ok dlopen" "$APP/dlopen.exe" "$(winepath -w "$APP/ncsn.dll")"
    pass "tests/c/dlopen.c: closed twenty times, and still mapped"
}

static_library() {
    local folder=$WORK/static
    rm -rf "$folder" && mkdir -p "$folder"
    cp "$WORK/bcryptprimitives.dll" "$RUNTIME" "$folder/"
    IMPORT=$BUILT/libncsn.a LIBRARIES=$SYSTEM_LIBRARIES compile tests/c/happy.c "$folder/happy.exe"
    expect "ok happy" "$folder/happy.exe"
    pass "tests/c/happy.c with libncsn.a"
}

# The wrapper ncsn.hpp, with exceptions and, as game engines build, without.
cpp() {
    local name model
    model=$(windows_path models/mixture.onnx | tr '\\' /)
    mkdir -p "$WORK/include"
    ln -sfn /usr/include/doctest "$WORK/include/doctest"
    for name in main hooks runs values; do
        # shellcheck disable=SC2086
        $CXX -std=c++17 -O1 -pthread $WARNINGS -Iinclude -isystem "$WORK/include" \
            "-DMODEL=\"$model\"" -c tests/cpp/$name.cpp -o "$WORK/$name.o"
    done
    $CXX "$WORK"/{main,hooks,runs,values}.o -o "$APP/cases.exe" "$BUILT/libncsn.dll.a" -static
    local printed
    # They write files where they are.
    printed=$(cd "$APP" && under_wine cases.exe) || fail "tests/cpp: $printed"
    grep -q 'Status: SUCCESS!' <<<"$printed" || fail "tests/cpp: $printed"
    pass "tests/cpp: $(grep -o 'test cases: *[0-9]*' <<<"$printed")"
    # shellcheck disable=SC2086
    $CXX -std=c++20 -fno-exceptions -fno-rtti -O1 -pthread $WARNINGS -Iinclude tests/cpp/results.cpp \
        -o "$APP/results.exe" "$BUILT/libncsn.dll.a" -static
    expect "ok results" "$APP/results.exe" models/mixture.onnx
    pass "tests/cpp/results.cpp without exceptions"
}

. tests/windows/runtime.sh

mkdir -p "$WORK"
tools
build
runtime
# shellcheck disable=SC2086
$CC -O1 $WARNINGS -shared tests/windows/bcryptprimitives.c -ladvapi32 -o "$WORK/bcryptprimitives.dll"

# Programs find what the tests put beside them: nothing in the environment, no folder but their own.
unset NCSN_ORT_PATH ORT_DYLIB_PATH WINEPATH DISPLAY
export LC_ALL=C.UTF-8 WINEPREFIX=$WORK/prefix WINEDEBUG=-all
mkdir -p "$WINEPREFIX"
wineserver -p # one start of Windows for all programs
wineboot --init >/dev/null 2>&1
trap 'wineserver -k || true' EXIT

APP=$WORK/application
application "$APP"
cp "$RUNTIME" "$APP/"

face
definition
programs
static_library
cpp
runtime_cases
sampling
echo "windows: $passed checks passed"
