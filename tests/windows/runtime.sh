# shellcheck shell=bash
# Part of ci/windows.sh: which onnxruntime.dll is loaded, and what it draws.

NAMED="$WORK/Ordner é モデル mit Leerzeichen"

windows_path() {
    winepath -w "$1" | tr -d '\r'
}

# A library that pretends to be ONNX Runtime; see tests/c/fake_runtime.c.
fake() {
    # shellcheck disable=SC2086
    $CC -std=c11 -O1 $WARNINGS -shared "-D$1" tests/c/fake_runtime.c -o "$2"
}

# refused NAME WORD [STATUS]: that file in runtime_path is refused with the word and its own name, and
# the real one loads afterwards.
refused() {
    local bad word
    bad=$(windows_path "$CASES/$1")
    for word in "$2" "$bad"; do
        expect "ok runtime" "$APP/runtime.exe" "$MODEL" option "$bad" "${3:-NCSN_ERR_RUNTIME_MISSING}" \
            "$word" "$GOOD"
    done
    pass "runtime_path: $1: '$2'"
}

runtime_cases() {
    CASES="$WORK/cases é モデル"
    rm -rf "$CASES" && mkdir -p "$CASES/folder"
    cp tests/models/gauss_sigma.onnx "$CASES/モデル é.onnx"
    cp "$RUNTIME" "$CASES/good.dll"
    MODEL=$(windows_path "$CASES/モデル é.onnx")
    GOOD=$(windows_path "$CASES/good.dll")
    compile tests/c/runtime.c "$APP/runtime.exe"

    echo "no library" >"$CASES/text.dll"
    : >"$CASES/empty.dll"
    head -c 6000000 "$RUNTIME" >"$CASES/cut.dll"
    cp "$BUILT/ncsn.dll" "$CASES/other.dll"
    cp "$APP/happy.exe" "$CASES/program.dll"
    printf '\177ELF and what follows' >"$CASES/linux.dll"
    echo 'int gone(void); int gone(void) { return 1; }' >"$CASES/gone.c"
    echo 'int gone(void); int needs(void); int needs(void) { return gone(); }' >"$CASES/needs.c"
    $CC -shared "$CASES/gone.c" -o "$CASES/gone.dll"
    $CC -shared "$CASES/needs.c" "$CASES/gone.dll" -o "$CASES/needs.dll"
    rm "$CASES/gone.dll"
    refused missing.dll "os error 2"
    refused folder "folder"
    refused text.dll "no PE header"
    refused empty.dll "0 bytes"
    refused cut.dll "cut short"
    refused linux.dll "Linux"
    refused program.dll "program"
    refused other.dll "OrtGetApiBase"
    refused needs.dll "Redistributable"
    fake 'VERSION="1.19.2"' "$CASES/old.dll"
    fake 'VERSION="2.0.0"' "$CASES/next.dll"
    fake 'NO_BASE=1' "$CASES/baseless.dll"
    refused old.dll "1.19.2" NCSN_ERR_RUNTIME_VERSION
    refused next.dll "2.0.0" NCSN_ERR_RUNTIME_VERSION
    refused baseless.dll "OrtGetApiBase" NCSN_ERR_RUNTIME_VERSION

    NCSN_ORT_PATH=$GOOD expect "ok runtime" "$APP/runtime.exe" "$MODEL" works "$GOOD"
    NCSN_ORT_PATH='' ORT_DYLIB_PATH=$GOOD expect "ok runtime" "$APP/runtime.exe" "$MODEL" works "$GOOD"
    NCSN_ORT_PATH='C:\nowhere.dll' expect "ok runtime" "$APP/runtime.exe" "$MODEL" search \
        NCSN_ERR_RUNTIME_MISSING NCSN_ORT_PATH "$GOOD"
    pass "environment variables"

    # A system with an ONNX Runtime of its own, as Windows is: old, and in every program's search path.
    local system=$WINEPREFIX/drive_c/windows/system32/onnxruntime.dll
    fake 'VERSION="1.10.0"' "$system"
    [ "$(windows_path "$system")" = 'C:\windows\system32\onnxruntime.dll' ] || fail "$system"
    # The program in one folder, the library in another with nothing beside it.
    local alone="$WORK/allein é" host=$WORK/host folder
    application "$alone"
    rm -rf "$host" && mkdir -p "$host"
    cp "$APP/runtime.exe" "$WORK/bcryptprimitives.dll" "$host/"
    folder=$(windows_path "$alone")
    local word
    for word in "$folder" "onnxruntime.dll" "NCSN_ORT_PATH" "runtime_path"; do
        WINEPATH=$folder expect "ok runtime" "$host/runtime.exe" "$MODEL" search \
            NCSN_ERR_RUNTIME_MISSING "$word" "$GOOD"
    done
    pass "none beside the library: the text names the folder, and System32's is not taken"

    # Beside the library, and the program elsewhere.
    application "$NAMED"
    cp "$RUNTIME" "$NAMED/"
    WINEPATH=$(windows_path "$NAMED") expect "ok runtime" "$host/runtime.exe" "$MODEL" works \
        "$(windows_path "$NAMED/onnxruntime.dll")"
    pass "beside the library, not beside the program, not in System32"
}

# draw_both MODEL SAMPLER EVALUATIONS SAMPLES: the same seed on Windows and on Linux.
draw_both() {
    local printed expected
    cp "$1" "$NAMED/Netz ü.onnx"
    local began=$SECONDS
    printed=$(NCSN_TEST_PRELOAD=${PRELOAD:-} under_wine "$NAMED/draw.exe" \
        "$(windows_path "$NAMED/Netz ü.onnx")" 'target\windows\windows.f32' "$2" "$3" "$4") ||
        fail "$1: $printed"
    expected=$(printf '%s\n%s' "$ORT_VERSION" "$(windows_path "$NAMED/onnxruntime.dll")")
    [ "$printed" = "$expected" ] || fail "$1: printed '$printed', not '$expected'"
    "$WORK/draw-linux" "$1" "$WORK/linux.f32" "$2" "$3" "$4" >/dev/null
    python3 - "$WORK/windows.f32" "$WORK/linux.f32" <<'PY' || fail "$1: the samples differ"
import array, sys
windows, linux = (array.array("f", open(path, "rb").read()) for path in sys.argv[1:])
assert len(windows) == len(linux) > 0, (len(windows), len(linux))
scale = max(map(abs, linux))
worst = max(abs(a - b) for a, b in zip(windows, linux)) / scale
same = sum(a == b for a, b in zip(windows, linux))
print(f"   {len(linux)} floats, {same} the same bits, the others within {worst:.1e} of the largest")
assert 0 < scale < 1e6 and worst < 1e-4, worst
PY
    pass "$1: $4 samples as on Linux, $((SECONDS - began)) s"
}

sampling() {
    local folder=$PWD/target/release
    if [ -n "${NCSN_PREFIX:-}" ]; then
        folder=$NCSN_PREFIX/lib
    else
        make build onnxruntime "ORT_VERSION=$ORT_VERSION"
    fi
    gcc -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -Iinclude -Itests/c tests/windows/draw.c \
        -o "$WORK/draw-linux" "$folder/libncsn.so" -Wl,-rpath,"$folder"
    compile tests/windows/draw.c "$NAMED/draw.exe" -Itests/c
    draw_both models/mixture.onnx 2 0 64
    draw_both models/digits.onnx 14 10 4
    # A host that has loaded the system's before.
    PRELOAD='C:\windows\system32\onnxruntime.dll' draw_both models/mixture.onnx 5 0 16
    pass "another onnxruntime.dll in the process already"
}
